/* The runs as they came, and what comes after them. */

import { clock } from "./format.js";

const runs = [];
const hidden = new Set();
const listeners = [];
let version = 0;

export function allRuns() {
  return runs;
}

/* Those that are drawn. */
export function shownRuns() {
  return runs.filter((run) => !hidden.has(run.id));
}

export function isShown(run) {
  return !hidden.has(run.id);
}

/* Runs are told apart by colour, by their place among all of them. */
export function placeOf(run) {
  return runs.indexOf(run);
}

export function isSeveral() {
  return runs.length > 1;
}

/* Grows with each change. */
export function versionOf() {
  return version;
}

export function onChange(listener) {
  listeners.push(listener);
}

function changed() {
  version += 1;
  for (const listener of listeners) listener();
}

export function show(run, isShown) {
  if (isShown) hidden.delete(run.id);
  else hidden.add(run.id);
  changed();
}

/* A whole run, new or in place of the one with its id. */
export function put(run) {
  const at = runs.findIndex((known) => known.id === run.id);
  if (at < 0) runs.push(run);
  else runs[at] = run;
  tellApart();
  changed();
}

/* Runs of one script have one name: `label` adds when each started. */
function tellApart() {
  for (const run of runs) {
    const isOnly = runs.every((other) => other === run || other.name !== run.name);
    run.label = isOnly ? run.name : `${run.name} ${clock(run.started)}`;
  }
}

/* What came since the last time: columns with only the new points, all else whole. */
export function append(part) {
  const run = runs.find((known) => known.id === part.id);
  if (!run) return false;
  const before = run.t.length;
  const more = part.t.length;
  extendAll(run, "load", part.load, before, more, null);
  extendAll(run, "errors", part.errors, before, more, 0);
  for (const [kind, columns] of Object.entries(part.latency ?? {}))
    extendAll(run.latency, kind, columns, before, more, null);
  run.heat = { ...part.heat, rows: extended(run.heat?.rows, part.heat?.rows, before, more, []) };
  for (const kind of Object.keys(run.latency))
    if (!part.latency?.[kind]) extendAll(run.latency, kind, {}, before, more, null);
  extendWatched(run, part.watched ?? [], before, more);
  run.t.push(...part.t);
  for (const [key, value] of Object.entries(part)) {
    if (!["t", "load", "latency", "heat", "errors", "watched"].includes(key)) run[key] = value;
  }
  changed();
  return true;
}

/* A column with the new points; what either side lacks is filled. */
function extended(column, points, before, more, filling) {
  const whole = column ?? new Array(before).fill(filling);
  for (let at = 0; at < more; at += 1) whole.push(points?.[at] ?? filling);
  return whole;
}

function extendAll(owner, key, columns, before, more, filling) {
  const known = (owner[key] ??= {});
  for (const name of new Set([...Object.keys(known), ...Object.keys(columns ?? {})])) {
    known[name] = extended(known[name], columns?.[name], before, more, filling);
  }
}

function extendWatched(run, things, before, more) {
  run.watched ??= [];
  for (const thing of things) {
    if (!run.watched.some((known) => known.id === thing.id)) run.watched.push({ ...thing, signals: [] });
  }
  for (const thing of run.watched) {
    const news = new Map(
      (things.find((one) => one.id === thing.id)?.signals ?? []).map((signal) => [signal.id, signal]),
    );
    for (const signal of thing.signals) {
      const fresh = news.get(signal.id);
      news.delete(signal.id);
      signal.values = extended(signal.values, fresh?.values, before, more, null);
      if (signal.max_column || fresh?.max_column)
        signal.max_column = extended(signal.max_column, fresh?.max_column, before, more, null);
      if (fresh?.limit != null) signal.limit = fresh.limit;
    }
    for (const signal of news.values()) {
      signal.values = extended(undefined, signal.values, before, more, null);
      if (signal.max_column) signal.max_column = extended(undefined, signal.max_column, before, more, null);
      thing.signals.push(signal);
    }
  }
}
