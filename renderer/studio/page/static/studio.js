// The page keeps itself up to date: the stream tells marks of what has changed; where one that this page watches differs
// from those that it was made with, it fetches itself again, and only what differs is put in place.
"use strict";

const page = () => document.getElementById("page");
let told = null;        // the last marks of the stream
let fetching = false;
let dragging = false;
let focus = "";         // the id of what has to keep the focus when it moves

function differs() {
  const own = JSON.parse(page().dataset.marks);
  return told !== null && page().dataset.watches.split(" ").some((name) => own[name] !== told[name]);
}

async function refresh() {
  if (fetching || dragging || !differs()) return;
  fetching = true;
  const before = told;
  try {
    await htmx.ajax("GET", location.pathname + location.search, { target: "#page", select: "#page", swap: "outerMorph", source: "#page" });
    document.title = page().dataset.title;
    if (focus) document.getElementById(focus)?.focus();
    focus = "";
    arrange();
  } finally {
    fetching = false;
  }
  if (told !== before) refresh();  // more has happened meanwhile
}

// --- the stream ---

let source, heard = 0;

function line(isLive) {
  const text = isLive ? "live" : "not connected; trying again";
  const shown = document.getElementById("line");
  if (shown.textContent !== text) shown.textContent = text;
  shown.className = isLive ? "line live" : "line lost";
}

function listen() {
  source?.close();
  heard = Date.now();
  source = new EventSource("/events");
  source.addEventListener("marks", (event) => {
    heard = Date.now();
    line(true);
    told = JSON.parse(event.data);
    refresh();
  });
  source.addEventListener("beat", () => { heard = Date.now(); line(true); });
  source.onerror = () => line(false);
}

setInterval(() => {
  // A browser gives up on a server that answers wrongly; a line can also be dead without telling
  if (source.readyState === EventSource.CLOSED || Date.now() - heard > 15000) { line(false); listen(); }
}, 2000);
document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - heard > 6000) listen(); });

// --- what was done, and what went wrong ---

function say(text, isWrong) {
  const toast = document.createElement("div");
  toast.className = isWrong ? "toast wrong" : "toast";
  toast.textContent = text.trim();
  const close = document.createElement("button");
  close.textContent = "✕";
  close.setAttribute("aria-label", "Close");
  close.onclick = () => toast.remove();
  toast.prepend(close);
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), isWrong ? 20000 : 5000);
}

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (!ctx.request?.method || ctx.request.method.toUpperCase() === "GET") {
    if (ctx.response.status === 401) say("This session is over; open the link again.", true);
    return;
  }
  say(ctx.text, ctx.response.status >= 400);
  if (ctx.response.status < 400) document.querySelector("#adding:has(#spec:focus)")?.reset();
});
document.addEventListener("htmx:error", () => say("The studio does not answer; nothing was changed. Trying to reach it.", true));

async function send(address, fields) {
  try {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), headers: { "HX-Request": "true" } });
    say(await answer.text(), !answer.ok);
    return answer.ok;
  } catch {
    say("The studio does not answer; nothing was changed.", true);
    return false;
  }
}

// --- the order of the queue ---

function arrange() {
  const list = document.querySelector("[data-sorts]");
  if (!list || list.sorts) return;
  list.sorts = Sortable.create(list, {
    handle: ".grip", animation: 120, delayOnTouchOnly: true, delay: 80, forceFallback: true,  // the same on a tablet
    onStart: () => { dragging = true; },
    onEnd: (event) => {
      dragging = false;
      if (event.oldIndex !== event.newIndex) put(event.item);
      refresh();
    },
  });
}

function put(row) {
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
  await put(row);
});

// --- uploads ---

async function upload(files) {
  for (const file of files) {
    try {
      const answer = await fetch(`/uploads/${encodeURIComponent(file.name)}`, { method: "PUT", body: file });
      const text = await answer.text();
      say(answer.ok ? `${file.name}: kept as ${text}` : `${file.name}: ${text}`, !answer.ok);
      if (answer.ok && /\.ya?ml$/.test(text)) {
        document.getElementById("spec").value = text;
        document.getElementById("specs").append(new Option("", text));
      }
    } catch {
      say(`${file.name}: the studio did not take it`, true);
    }
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("#uploading input[type=file]")) {
    upload([...event.target.files]).then(() => { event.target.value = ""; });
  }
});

document.addEventListener("DOMContentLoaded", () => { document.title = page().dataset.title; arrange(); listen(); });
