// From a picture to a work. A changed value becomes the address of the view, which is fetched again; each draft is
// fetched when its address has changed, and the older one stays, dimmed, until the new one is there.
"use strict";

const drawing = new Map();   // id of a draft -> the request for it

async function draw(place) {
  const address = place.dataset.draft;
  if (drawing.get(place.id)?.address === address) return;
  drawing.get(place.id)?.stop.abort();
  const mine = { address, stop: new AbortController() };
  drawing.set(place.id, mine);
  place.classList.add("waiting");
  let text, isWrong = false;
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: mine.stop.signal });
    text = await answer.text();
    if (answer.status === 409 || drawing.get(place.id) !== mine) return;  // a newer one comes
    isWrong = !answer.ok;
  } catch {
    if (drawing.get(place.id) !== mine) return;
    [text, isWrong] = ["The server does not answer; change a value to try again.", true];
  }
  const shown = document.getElementById(place.id), made = shown?.querySelector(".made");
  if (!made) return;
  if (isWrong) {
    const why = document.createElement("p");
    why.className = "bad";
    why.textContent = text;
    made.replaceChildren(why);
    drawing.delete(place.id);
  } else made.innerHTML = text;
  const picture = made.querySelector("img");
  if (picture && !picture.complete) await picture.decode().catch(() => {});
  shown.classList.remove("waiting");
}

const drawAll = () => document.querySelectorAll("[data-draft]").forEach(draw);

let newest = 0;
async function show(query) {
  history.replaceState(null, "", query);
  const mine = ++newest;
  while (fetching) await new Promise((done) => setTimeout(done, 30));
  if (mine !== newest) return;
  await refresh(true);
  drawAll();
}

const settled = (form) => "?" + new URLSearchParams(new FormData(form));

document.addEventListener("change", (event) => {
  const form = event.target.closest("#choosing");
  if (!form || !form.reportValidity()) return;
  if (event.target.name === "rack") form.querySelectorAll("[name=pen]").forEach((pen) => { pen.checked = false; });
  show(settled(form));
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("#choosing")) return;
  event.preventDefault();
  show(settled(event.target));
});

// --- pictures that are dropped or taken ---

async function bring(file) {
  const state = document.getElementById("bringing-state");
  state.textContent = `${file.name} is being checked …`;
  try {
    const answer = await fetch(`/uploads/${encodeURIComponent(file.name)}`, { method: "PUT", body: file });
    const text = (await answer.text()).trim();
    if (!answer.ok) { state.textContent = ""; say(`${file.name}: ${text}`, true); return; }
    const saved = encodeURIComponent(text.split("\n")[0].split("/").pop());
    location.href = /\.svg$/.test(text) ? `/drawings/${saved}` : `/photos/${saved}`;
  } catch {
    state.textContent = "";
    say(`${file.name}: the server did not accept it; it can have 20 MB`, true);
  }
}

document.addEventListener("change", (event) => {
  if (event.target.closest("#bringing") && event.target.files?.[0]) bring(event.target.files[0]);
});
for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, (event) => {
  const zone = document.getElementById("bringing");
  if (!zone) return;
  event.preventDefault();
  zone.classList.toggle("over", name === "dragover");
  if (name === "drop" && event.dataTransfer.files[0]) bring(event.dataTransfer.files[0]);
});

// --- the editor of a spec ---

let checking = 0, timer;

async function check(area) {
  const mine = ++checking;
  const answer = await fetch(area.dataset.check, { method: "POST", body: new URLSearchParams({ text: area.value }), headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer || mine !== checking) return;
  const list = document.getElementById("faults");
  if (answer.ok) list.innerHTML = await answer.text();
}

document.addEventListener("input", (event) => {
  if (event.target.id !== "spec-text") return;
  clearTimeout(timer);
  timer = setTimeout(check, 250, event.target);
});
document.addEventListener("click", (event) => {
  const line = event.target.closest("#faults [data-line]")?.dataset.line, area = document.getElementById("spec-text");
  if (!line || !area) return;
  const before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  const end = area.value.indexOf("\n", before);
  area.focus();
  area.setSelectionRange(before, end < 0 ? area.value.length : end);
});

document.addEventListener("htmx:after:request", (event) => {
  if (event.detail.ctx.sourceElement?.matches(".saving")) setTimeout(() => refresh(true).then(drawAll), 50);
});
document.addEventListener("DOMContentLoaded", drawAll);
