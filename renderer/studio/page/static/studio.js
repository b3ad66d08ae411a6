// The page keeps itself up to date: the stream sends marks of what has changed. If a mark that this page watches differs
// from the marks that the page was made with, the page fetches itself again and replaces only what differs.
"use strict";

const page = () => document.getElementById("page");
let latest = null;      // the last marks of the stream
let fetching = false;
let dragging = false;
let focus = "";         // the id of the element that keeps the focus when it moves

function differs() {
  const own = JSON.parse(page().dataset.marks);
  return latest !== null && page().dataset.watches.split(" ").some((name) => own[name] !== latest[name]);
}

const announce = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

async function refresh(isSure = differs()) {
  if (fetching || dragging || !isSure) return;
  fetching = true;
  const before = latest;
  failed = "";
  try {
    await htmx.ajax("GET", location.pathname + location.search, { target: "#page", select: "#page", swap: "outerMorph", source: "#page" });
  } finally {
    fetching = false;
  }
  showConnection(failed);
  if (failed) return;    // the next beat tries again
  document.title = page().dataset.title;
  if (focus) document.getElementById(focus)?.focus();
  focus = "";
  makeSortable();
  announce("studio:drawn");
  if (latest !== before) refresh();  // something has changed meanwhile
}

// --- a press ends before the page changes below it ---

const LONGEST_PRESS_MS = 10000;  // a browser can lose the end of a press
let pressedAt = 0;

const press = () => { pressedAt = Date.now(); };
const release = () => setTimeout(() => { pressedAt = 0; }, 50);  // after the click that ends the press
addEventListener("pointerdown", press, true);
addEventListener("pointerup", release, true);
addEventListener("pointercancel", release, true);
addEventListener("keydown", (event) => { if (event.key === " ") press(); }, true);  // a button obeys when the key is released
addEventListener("keyup", release, true);
addEventListener("blur", release);

async function released() {
  while (Date.now() - pressedAt < LONGEST_PRESS_MS) await new Promise((done) => setTimeout(done, 20));
}

async function fetchBetweenPresses(address, request) {
  const answer = await fetch(address, request), text = await answer.text();
  await released();
  return new Response(text, { status: answer.status, headers: answer.headers });
}

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (isRead(ctx)) ctx.fetch = fetchBetweenPresses;
});

// --- the stream ---

let source, receivedAt = 0, failed = "";
const NO_ANSWER = "The server does not answer. When it does, check whether this was done.";
const NOT_CONNECTED = "not connected; trying again", NOT_UP_TO_DATE = "not up to date; trying again";
const REFUSALS = { 401: "this session has ended; open the link again", 404: "this job was removed from the list" };

function showConnection(wrong) {
  const text = wrong || "live";
  const shown = document.getElementById("connection");
  if (shown.textContent !== text) shown.textContent = text;
  shown.className = wrong ? "connection lost" : "connection live";
}

function received() {
  receivedAt = Date.now();
  if (differs()) refresh(); else showConnection("");
}

function listen() {
  source?.close();
  receivedAt = Date.now();
  source = new EventSource("/events");
  source.addEventListener("marks", (event) => { latest = JSON.parse(event.data); received(); });
  source.addEventListener("plots", (event) => announce("studio:plots", JSON.parse(event.data)));
  source.addEventListener("beat", received);
  source.addEventListener("lost", () => { receivedAt = Date.now(); showConnection(NOT_UP_TO_DATE); });  // the database does not answer
  source.onerror = () => showConnection(NOT_CONNECTED);
}

setInterval(() => {
  // A browser gives up after a wrong answer; a connection can also be dead without an event
  if (source.readyState === EventSource.CLOSED) { refresh(true); listen(); }
  else if (Date.now() - receivedAt > 15000) { showConnection(NOT_CONNECTED); listen(); }
}, 2000);
document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - receivedAt > 6000) listen(); });
addEventListener("pageshow", (event) => { if (event.persisted) listen(); });

// --- the picture of a camera, every two seconds ---

setInterval(() => {
  for (const image of document.querySelectorAll("[data-camera]")) {
    if (!document.hidden && image.complete) image.src = `${image.src.split("?")[0]}?${Date.now()}`;
  }
}, 2000);

// --- messages: what was done, and what went wrong ---

function say(text, isWrong) {
  const toast = document.createElement("div"), toasts = document.getElementById("toasts");
  toast.className = isWrong ? "toast error" : "toast";
  toast.textContent = text.trim();
  const close = document.createElement("button");
  close.textContent = "✕";
  close.setAttribute("aria-label", "Close");
  close.onclick = () => toast.remove();
  toast.prepend(close);
  for (const other of toasts.children) if (other.textContent === toast.textContent) other.remove();
  toasts.append(toast);
  setTimeout(() => toast.remove(), isWrong ? 20000 : 5000);
}

const isRead = (ctx) => !ctx?.request?.method || ctx.request.method.toUpperCase() === "GET";

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail, { status } = ctx.response;
  if (isRead(ctx)) {
    if (status >= 400) { event.preventDefault(); failed = REFUSALS[status] ?? NOT_UP_TO_DATE; }  // keep what is shown
    return;
  }
  say(ctx.text, status >= 400);
  const form = ctx.sourceElement;
  if (status >= 400 || !form?.matches("form")) return;
  if (form.id === "adding") form.reset();
  form.closest("details")?.removeAttribute("open");
});
document.addEventListener("htmx:error", (event) => {
  if (isRead(event.detail.ctx)) failed = NOT_UP_TO_DATE;
  else say(NO_ANSWER, true);
});

// Two quick presses of a button count as one. A redraw can turn a form into another one, whose press counts
let sent = { what: "", at: 0 };

document.addEventListener("submit", (event) => {
  const form = event.target, now = Date.now();
  const what = `${form.getAttribute("action")} ${new URLSearchParams(new FormData(form))}`;
  if (what === sent.what && (form.matches(".htmx-request") || now - sent.at < 700)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else sent = { what, at: now };
}, true);

async function send(address, fields) {
  try {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), headers: { "HX-Request": "true" } });
    say(await answer.text(), !answer.ok);
    return answer.ok;
  } catch {
    say(NO_ANSWER, true);
    return false;
  }
}

// --- the order of the queue ---

function makeSortable() {
  const list = document.querySelector("[data-sorts]");
  if (!list || list.sorts) return;
  list.sorts = Sortable.create(list, {
    handle: ".grip", animation: 120, delayOnTouchOnly: true, delay: 80, forceFallback: true,  // as on a tablet
    onStart: () => { dragging = true; },
    onEnd: (event) => {
      dragging = false;
      if (event.oldIndex !== event.newIndex) sendPlace(event.item);
      refresh();
    },
  });
}

function sendPlace(row) {
  const next = row.nextElementSibling, previous = row.previousElementSibling;
  const fields = next ? { where: "before", other: next.dataset.job } : previous ? { where: "after", other: previous.dataset.job } : null;
  return fields && send(`/pieces/${row.dataset.job}/move`, fields);
}

document.addEventListener("keydown", async (event) => {
  const grip = event.target.closest?.(".grip");
  if (!grip) return;
  const row = grip.closest("[data-job]"), list = row.parentElement;
  const places = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling?.nextElementSibling ?? null, Home: list.firstElementChild, End: null };
  if (!(event.key in places)) return;
  event.preventDefault();
  const before = places[event.key];
  if (before === row || (event.key === "ArrowUp" && !before) || (before === null && row === list.lastElementChild)) return;
  list.insertBefore(row, before);
  grip.focus();
  focus = grip.id;
  await sendPlace(row);
});

// --- uploads ---

async function upload(files) {
  for (const file of files) {
    try {
      const answer = await fetch(`/uploads/${encodeURIComponent(file.name)}`, { method: "PUT", body: file });
      const [text, ...faults] = (await answer.text()).split("\n");
      const wrong = faults.join("\n").trim();
      say(answer.ok ? `${file.name}: saved as ${text}${wrong ? `, and has faults:\n${wrong}` : ""}` : `${file.name}: ${text}\n${wrong}`, !answer.ok || wrong);
      if (answer.ok && /\.ya?ml$/.test(text)) {
        document.getElementById("spec").value = text;
        document.getElementById("specs").append(new Option("", text));
      }
    } catch {
      say(`${file.name}: the server did not accept it`, true);
    }
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("#uploading input[type=file]")) {
    upload([...event.target.files]).then(() => { event.target.value = ""; });
  }
});

document.addEventListener("DOMContentLoaded", () => { document.title = page().dataset.title; makeSortable(); listen(); });
