/* From the runs' columns to lines on one axis of time. */

import { placeOf, shownRuns, versionOf } from "./store.js";
import { inTurn } from "./theme.js";

/* How lines of one run are told apart when the colour tells the run. */
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 4], [1, 3]];

let cached;

/* The runs that are shown, their common times, and how a column of one of them is put there: with
   `undefined` where only another run has a point, which is no gap. */
export function frame() {
  const key = `${versionOf()}`;
  if (cached?.key === key) return cached;
  const runs = shownRuns();
  cached = { key, runs, ...(runs.length === 1 ? alone(runs[0]) : together(runs)) };
  return cached;
}

function alone(run) {
  return { x: run.t, place: (_, column) => column };
}

function together(runs) {
  const x = [...new Set(runs.flatMap((run) => run.t))].sort((a, b) => a - b);
  const at = new Map(x.map((time, index) => [time, index]));
  const places = new Map(runs.map((run) => [run, run.t.map((time) => at.get(time))]));
  const place = (run, column) => {
    const placed = new Array(x.length);
    places.get(run).forEach((index, from) => {
      placed[index] = column[from];
    });
    return placed;
  };
  return { x, place };
}

/* A line for a column of `run`. `role` is which of the run's lines it is, for its dashes. */
export function line(within, run, label, column, look = {}) {
  const several = within.runs.length > 1;
  return {
    key: `${run.id} ${label}`,
    label: several ? `${run.label} ${label}`.trim() : label,
    values: within.place(run, column),
    ...look,
    ...(several
      ? { color: inTurn(placeOf(run)), dash: DASHES[(look.role ?? 0) % DASHES.length], fill: 0, stack: false }
      : {}),
  };
}

export function hasNumbers(column) {
  return column?.some((value) => value != null) ?? false;
}

export function isAbove(column, least = 0) {
  return column?.some((value) => value > least) ?? false;
}

export function sum(column) {
  return (column ?? []).reduce((total, value) => total + (value ?? 0), 0);
}

/* Math.max(...) of a long column would overflow the stack. */
export function greatest(column) {
  return (column ?? []).reduce(
    (most, value) => (value != null && (most === null || value > most) ? value : most),
    null,
  );
}

export function last(column) {
  for (let at = (column?.length ?? 0) - 1; at >= 0; at -= 1) if (column[at] != null) return column[at];
  return null;
}

export function mean(column) {
  const known = (column ?? []).filter((value) => value != null);
  return known.length ? sum(known) / known.length : null;
}
