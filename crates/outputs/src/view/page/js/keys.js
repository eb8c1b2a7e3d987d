/* What keys do. */

import { byId } from "./dom.js";
import { frame } from "./lines.js";
import { KINDS, kindOf, setKind, setLog, view } from "./load.js";
import { visiblePanels } from "./panel.js";
import { startShortcuts } from "./shortcuts.js";
import { shownRuns } from "./store.js";
import { nextTheme } from "./theme.js";
import { pan, range, unzoom, zoomBy } from "./timeline.js";

let cursor = null;

function step(by) {
  const { x } = frame();
  const [from, to] = range();
  const inside = x.filter((time) => time >= from && time <= to);
  if (!inside.length) return;
  const at = cursor == null ? (by > 0 ? -1 : inside.length) : inside.findLastIndex((time) => time <= cursor);
  cursor = inside[Math.min(Math.max(at + by, 0), inside.length - 1)];
  // The others follow through uPlot's own synchronization.
  visiblePanels()[0]?.point(cursor);
}

function nextKind() {
  const run = shownRuns()[0];
  if (run) setKind(KINDS[(KINDS.indexOf(kindOf(run)) + 1) % KINDS.length]);
}

function toSection(by) {
  const sections = [...document.querySelectorAll("#sections a")]
    .map((link) => document.querySelector(link.getAttribute("href")))
    .filter(Boolean);
  const top = byId("top").offsetHeight + 24;
  const tops = sections.map((section) => section.getBoundingClientRect().top - top);
  const at = by > 0 ? tops.findIndex((place) => place > 4) : tops.findLastIndex((place) => place < -4);
  sections[at]?.scrollIntoView();
}

function escape() {
  if (cursor != null) visiblePanels()[0]?.point(null);
  cursor = null;
  unzoom();
}

/* Key, what it does in words, and the act. */
const KEYS = [
  ["?", "this table", () => byId("help").showModal()],
  ["t", "theme: as the system, light, dark", nextTheme],
  ["k", "latency: service, response, lateness", nextKind],
  ["l", "latency: logarithmic or linear", () => setLog(!view.isLog)],
  ["ArrowLeft", "cursor to the point before", () => step(-1)],
  ["ArrowRight", "cursor to the next point", () => step(1)],
  ["+", "zoom in", () => zoomBy(0.5, cursor ?? undefined)],
  ["-", "zoom out", () => zoomBy(2, cursor ?? undefined)],
  ["<", "earlier", () => pan(-0.25)],
  [">", "later", () => pan(0.25)],
  ["Escape", "whole time, no cursor", escape],
  ["[", "section before", () => toSection(-1)],
  ["]", "next section", () => toSection(1)],
];

export function startKeys() {
  startShortcuts(KEYS);
  byId("unzoom").addEventListener("click", escape);
}
