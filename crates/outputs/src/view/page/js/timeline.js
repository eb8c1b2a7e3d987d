/* One axis of time for every chart: what part of it is shown. */

import { allRuns, shownRuns } from "./store.js";

/* Seconds that the axis of a very young run has; of one that is over, the least there may be. */
const LEAST_LIVE = 10;
const LEAST = 0.1;

const listeners = [];
let zoom = null;
let span = null;

export function onWindow(listener) {
  listeners.push(listener);
}

function changed() {
  for (const listener of listeners) listener();
}

export function isZoomed() {
  return zoom !== null;
}

/* Where the longest of the runs that are shown ends. */
export function end() {
  const runs = shownRuns().length ? shownRuns() : allRuns();
  const least = runs.some((run) => run.live) ? LEAST_LIVE : LEAST;
  return Math.max(least, ...runs.map((run) => run.t.at(-1) ?? 0));
}

/* The part that is shown, [from, to] in seconds since the start. */
export function range() {
  if (zoom) return zoom;
  return span === null ? [0, end()] : [Math.max(0, end() - span), end()];
}

export function setZoom(from, to) {
  const [first, last] = [Math.max(0, Math.min(from, to)), Math.min(end(), Math.max(from, to))];
  if (last - first < 1e-3) return;
  zoom = [first, last];
  changed();
}

export function unzoom() {
  if (!zoom) return;
  zoom = null;
  changed();
}

/* The last `seconds` of a run that goes on; null is all of it. */
export function setSpan(seconds) {
  span = seconds;
  zoom = null;
  changed();
}

/* Makes the part shown `factor` times as long, around its middle or `around`. */
export function zoomBy(factor, around) {
  const [from, to] = range();
  const middle = around ?? (from + to) / 2;
  const [first, last] = [middle - (middle - from) * factor, middle + (to - middle) * factor];
  if (first <= 0 && last >= end()) unzoom();
  else setZoom(first, last);
}

/* Moves the part shown by a share of its length. */
export function pan(share) {
  const [from, to] = range();
  const by = Math.min(Math.max((to - from) * share, -from), end() - to);
  if (by !== 0) setZoom(from + by, to + by);
}
