// Calls the person at this browser when a machine asks: a sound and a notification, each only if that person wants it.
"use strict";

const CALLED = "studio-calls";                    // what this browser does: "sound", "notification", both, or neither
const wanted = () => new Set((localStorage.getItem(CALLED) ?? "").split(" ").filter(Boolean));
let asked = null;                                 // the jobs that asked when the page was last drawn

function beep() {
  const sound = new AudioContext(), tone = sound.createOscillator(), volume = sound.createGain();
  volume.gain.setValueAtTime(0.2, sound.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.6);
  tone.frequency.value = 660;
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 0.6);
  tone.onended = () => sound.close();
}

function callForNew() {
  const now = new Map(JSON.parse(page().dataset.asking));
  const fresh = asked === null ? [] : [...now].filter(([job, question]) => asked.get(job) !== question);
  asked = now;
  if (!fresh.length) return;
  document.dispatchEvent(new CustomEvent("studio:called", { detail: fresh }));
  if (wanted().has("sound")) beep();
  if (wanted().has("notification") && "Notification" in window && Notification.permission === "granted") {
    new Notification("Render studio", { body: fresh.map(([, question]) => question).join("\n"), tag: "studio" });
  }
}

document.addEventListener("change", async (event) => {
  const what = event.target.dataset?.calls;
  if (!what) return;
  let isOn = event.target.checked;
  if (isOn && what === "notification") {
    isOn = "Notification" in window && await Notification.requestPermission() === "granted";
    event.target.checked = isOn;
    if (!isOn) say("This browser does not allow notifications of this page.", true);
  }
  if (isOn && what === "sound") beep();
  const chosen = wanted();
  if (isOn) chosen.add(what); else chosen.delete(what);
  localStorage.setItem(CALLED, [...chosen].join(" "));
});

function showWanted() {
  for (const box of document.querySelectorAll("[data-calls]")) box.checked = wanted().has(box.dataset.calls);
}

document.addEventListener("studio:drawn", callForNew);
document.addEventListener("DOMContentLoaded", () => { showWanted(); callForNew(); });
