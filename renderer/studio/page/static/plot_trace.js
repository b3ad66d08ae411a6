// A plot as it grows: the strokes are fetched once, and the stream says how many are drawn. Each change draws only the new ones.
// stroke_trace.py describes the format of the strokes.
"use strict";

const LONG = 30;            // points of a stroke that is drawn as it grows; others appear when they are finished
const traces = new Map();   // by the element that shows the trace
let plots = {};             // how far each plot is, by job

async function strokesOf(number) {
  const answer = await fetch(`/pieces/${number}/strokes`);
  if (!answer.ok) throw new Error(`strokes of ${number}: ${answer.status}`);
  const content = await answer.arrayBuffer(), bytes = new Uint8Array(content);
  const begins = bytes.indexOf(10) + 1;
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, begins)));
  const numbers = new Uint16Array(content, begins);
  const first = new Uint32Array(head.strokes + 1);
  for (let n = 0; n < head.strokes; n++) first[n + 1] = first[n] + numbers[n];
  const places = new Float32Array(2 * first[head.strokes]);
  const [left, bottom, , top] = head.area_mm;
  for (let n = 0, x = 0, y = 0, at = head.strokes; n < places.length; n += 2) {
    x = (x + numbers[at++]) & 65535;
    y = (y + numbers[at++]) & 65535;
    places[n] = x * head.step_mm;
    places[n + 1] = top - bottom - y * head.step_mm;   // down, as on a screen
  }
  const ends = [];
  head.pens.forEach((pen, n) => ends.push((ends[n - 1] ?? 0) + pen.strokes));
  return { ...head, left, top, first, places, ends };
}

class Trace {
  constructor(host, strokes) {
    const [left, bottom, right, top] = strokes.area_mm;
    Object.assign(this, { host, strokes, width: right - left, height: top - bottom, done: 0, part: 0, skipped: "" });
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "The drawing so far, as it lies on the machine");
    this.pen = document.createElement("i");
    this.pen.className = "pen-at";
    this.pen.hidden = true;
    host.replaceChildren(this.canvas, this.pen);
    host.style.aspectRatio = `${this.width} / ${this.height}`;
    host.style.setProperty("--ratio", this.width / this.height);
    new ResizeObserver(() => this.resize()).observe(host);
  }

  resize() {
    const wide = Math.round(this.host.clientWidth * Math.min(devicePixelRatio, 2));
    if (!wide || wide === this.canvas.width) return;
    this.canvas.width = wide;
    this.canvas.height = Math.round(wide * this.height / this.width);
    this.paint();
  }

  // The sheet, all strokes as a hint, and those that are drawn
  paint() {
    const c = this.context = this.canvas.getContext("2d"), scale = this.canvas.width / this.width;
    const [left, bottom, right, top] = this.strokes.sheet_mm;
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, this.width, this.height);
    c.lineCap = c.lineJoin = "round";
    c.fillStyle = "#fffdf8";
    c.fillRect(left - this.strokes.left, this.strokes.top - top, right - left, top - bottom);
    c.globalAlpha = 0.13;
    this.draw(0, this.strokes.strokes);
    c.globalAlpha = 1;
    this.done = 0;
    this.part = 0;
    this.show();
  }

  penOf(stroke) {
    return this.strokes.ends.findIndex((end) => stroke < end);
  }

  // Strokes from one number to before another; a path for each pen, since a stroke of a path costs more than its points
  draw(from, to) {
    const c = this.context, { first, places, pens } = this.strokes;
    const skipped = this.far?.skipped ?? [];
    for (let n = from; n < to;) {
      const pen = Math.max(this.penOf(n), 0), end = Math.min(to, this.strokes.ends[pen] ?? to, n + 500);
      if (!skipped.includes(pen) || c.globalAlpha < 1) {
        c.strokeStyle = pens[pen]?.colour ?? "#000";
        c.lineWidth = pens[pen]?.nib_mm ?? 0.5;
        c.beginPath();
        for (; n < end; n++) this.path(places, first[n], first[n + 1]);
        c.stroke();
      }
      n = end;
    }
  }

  path(places, from, to) {
    const c = this.context;
    c.moveTo(places[2 * from], places[2 * from + 1]);
    if (to - from === 1) c.lineTo(places[2 * from] + 0.001, places[2 * from + 1]);   // a dot
    for (let p = from + 1; p < to; p++) c.lineTo(places[2 * p], places[2 * p + 1]);
  }

  // The points of the stroke at work that the pen has passed: those up to the nearest to where it is now
  grow() {
    const { first, places, pens } = this.strokes, n = this.done;
    if (n >= this.strokes.strokes || first[n + 1] - first[n] < LONG) return;
    const [x, y] = this.penPlace();
    let nearest = -1, best = 9;   // mm squared: a pen that is farther away does not draw this stroke
    for (let p = first[n] + this.part; p < first[n + 1]; p++) {
      const far = (places[2 * p] - x) ** 2 + (places[2 * p + 1] - y) ** 2;
      if (far < best) { best = far; nearest = p - first[n]; }
    }
    if (nearest <= this.part) return;
    const c = this.context, pen = pens[Math.max(this.penOf(n), 0)];
    c.strokeStyle = pen?.colour ?? "#000";
    c.lineWidth = pen?.nib_mm ?? 0.5;
    c.beginPath();
    this.path(places, first[n] + this.part, first[n] + nearest + 1);
    c.stroke();
    this.part = nearest;
  }

  penPlace() {
    return [this.far.x_mm - this.strokes.left, this.strokes.top - this.far.y_mm];
  }

  show(far = this.far) {
    this.far = far;
    if (!far || !this.context) return;
    const skipped = String(far.skipped);
    if (far.stroke < this.done || skipped !== this.skipped) {   // a pen draws again, or is skipped
      this.skipped = skipped;
      this.paint();
      return;
    }
    if (far.stroke > this.done) this.part = 0;
    this.draw(this.done, far.stroke);
    this.done = far.stroke;
    this.grow();
    const [x, y] = this.penPlace();
    this.pen.hidden = false;
    this.pen.style.left = `${100 * Math.min(Math.max(x / this.width, 0), 1)}%`;
    this.pen.style.top = `${100 * Math.min(Math.max(y / this.height, 0), 1)}%`;
    this.canvas.dataset.drawn = far.stroke;
  }
}

async function showTraces() {
  for (const [host] of traces) if (!host.isConnected) traces.delete(host);
  for (const host of document.querySelectorAll("[data-trace]")) {
    if (!traces.has(host)) {
      traces.set(host, null);
      try {
        traces.set(host, new Trace(host, await strokesOf(host.dataset.trace)));
      } catch {
        traces.delete(host);   // the preview stays
        continue;
      }
    }
    const known = document.querySelector(`[data-far="${host.dataset.trace}"]`)?.dataset.values;
    traces.get(host)?.show(plots[host.dataset.trace] ?? (known && JSON.parse(known)));
  }
}

function showPlots() {
  for (const element of document.querySelectorAll("[data-live]")) {
    const far = plots[element.dataset.live], what = element.dataset.shows;
    if (far === undefined) continue;
    const percent = `${Math.round(100 * far.share)} %`;
    if (element.matches("progress")) element.value = far.share;
    const text = what === "share" ? percent : what === "drawn_m" ? far.drawn_m.toFixed(1) : String(far[what]);
    if (element.textContent !== text) element.textContent = text;
  }
  showTraces();
}

document.addEventListener("studio:plots", (event) => { plots = event.detail; showPlots(); });
document.addEventListener("studio:drawn", showPlots);
document.addEventListener("DOMContentLoaded", showTraces);
