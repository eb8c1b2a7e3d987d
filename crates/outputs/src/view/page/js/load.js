/* The load's own charts: rate, latency, heat map, errors, virtual users, checks, data. */

import { choice, element } from "./dom.js";
import { Heat } from "./heat.js";
import { hasNumbers, isAbove, line, sum } from "./lines.js";
import { Panel } from "./panel.js";
import { allRuns, isSeveral, shownRuns } from "./store.js";
import { inTurn } from "./theme.js";
import { wordsOf } from "./words.js";

export const KINDS = ["service", "response", "lateness"];

const KIND_NOTES = {
  service: ["from when sent", "From the start of sending to the end of the response"],
  response: ["from when due", "From when it was due to the end of the response"],
  lateness: ["from due to start", "From when it was due to its start: the generator's own health"],
  iteration: ["of an iteration", "From its start to its end"],
};

const LEVELS = [
  ["p50", "--level1"],
  ["p90", "--level2"],
  ["p95", "--level3"],
  ["p99", "--level4"],
  ["max", "--soft"],
];

/* Runs that have a heat map. */
const HEATS_LIMIT = 4;

const NOTHING = { empty: "No data yet" };

/* Which latency is shown and on what scale, for the charts and the keys. */
export const view = { kind: null, isLog: true };

let pressKind = () => {};
let pressScale = () => {};
let latency;
let heats = [];

/* The kind that says most of a run: with a schedule, what was due counts; without requests, iterations. */
export function kindOf(run) {
  if (view.kind) return view.kind;
  if (run.model === "open" && run.latency.response) return "response";
  return run.latency.iteration && !run.latency.service ? "iteration" : "service";
}

export function setKind(kind) {
  view.kind = kind;
  pressKind(kind);
  latency.update();
}

export function setLog(isLog) {
  view.isLog = isLog;
  pressScale(isLog ? "log" : "linear");
  latency.update();
  heats.forEach((panel) => panel.update());
}

/* Whether an iteration is one request, so that both rates are one. */
export function isOneRequest(run) {
  const [requests, iterations] = [sum(run.load.done), sum(run.load.iterations)];
  return iterations === 0 || Math.abs(requests - iterations) <= 0.02 * requests;
}

function rates(within) {
  const lines = within.runs.flatMap((run) => {
    const { asked, done, failed } = run.load;
    return [
      hasNumbers(done) && line(within, run, "achieved", done, { color: "--blue", fill: 0.14, width: 2, role: 0 }),
      hasNumbers(asked) &&
        isOneRequest(run) &&
        line(within, run, "asked", asked, { color: "--ink", dash: [7, 4], width: 1.2, role: 1 }),
      hasNumbers(failed) && line(within, run, "failed", failed, { color: "--bad", fill: 0.2, role: 2 }),
    ].filter(Boolean);
  });
  return lines.length ? { x: within.x, lines, unit: "1/s" } : NOTHING;
}

function iterations(within) {
  const lines = within.runs.flatMap((run) => {
    const { asked, started, iterations: finished } = run.load;
    return [
      hasNumbers(asked) && line(within, run, "asked", asked, { color: "--ink", dash: [7, 4], width: 1.2, role: 1 }),
      hasNumbers(started) && line(within, run, "started", started, { color: "--teal", role: 2 }),
      hasNumbers(finished) &&
        line(within, run, "finished", finished, { color: "--blue", fill: 0.14, width: 2, role: 0 }),
    ].filter(Boolean);
  });
  return lines.length ? { x: within.x, lines, unit: "1/s" } : NOTHING;
}

function latencies(within) {
  const missing = within.runs.map((run) => whyMissing(run, kindOf(run))).filter(Boolean);
  const several = within.runs.length > 1;
  const lines = within.runs.flatMap((run) => {
    const columns = run.latency[kindOf(run)] ?? {};
    // Of several runs only the ends that are compared: the rest would hide them.
    const levels = several ? LEVELS.filter(([name]) => name === "p50" || name === "p99") : LEVELS;
    return levels
      .filter(([name]) => hasNumbers(columns[name]))
      .map(([name, color], role) =>
        line(within, run, name, columns[name], {
          color,
          role: several ? 1 - role : role,
          width: name === "max" ? 1 : 1.8,
          dash: name === "max" ? [2, 3] : [],
          fill: name === "p50" ? 0.1 : 0,
        }),
      );
  });
  if (lines.length) return { x: within.x, lines, unit: "ms", log: view.isLog };
  return missing.length ? { empty: missing[0] } : NOTHING;
}

function whyMissing(run, kind) {
  if (run.latency[kind]) return null;
  if (run.model === "closed" && kind !== "service")
    return `Closed model: nothing is due at a time of its own, so there is no ${kind === "response" ? "response time" : "lateness"}`;
  return null;
}

function heatMap(run) {
  const drawn = heatOf(run);
  if (drawn.isEmpty) return NOTHING;
  return { x: run.t, lines: [], unit: "ms", log: view.isLog, heat: drawn };
}

const counted = new WeakMap();

function heatOf(run) {
  const known = counted.get(run);
  if (known && known.length === run.t.length) return known.heat;
  const made = new Heat(run);
  counted.set(run, { heat: made, length: run.t.length });
  return made;
}

function errors(within) {
  const several = within.runs.length > 1;
  const lines = within.runs.flatMap((run) => {
    const classes = Object.entries(run.errors ?? {}).filter(([, column]) => isAbove(column));
    return classes.map(([name, column], at) =>
      line(within, run, name, column, {
        color: ["--bad", "--amber", "--violet", "--pink", "--teal", "--olive"][at] ?? inTurn(at),
        stack: !several,
        role: at,
      }),
    );
  });
  if (lines.length) return { x: within.x, lines, unit: "1/s" };
  return { empty: within.x.length ? "No request has failed" : "No data yet" };
}

function users(within) {
  const lines = within.runs.flatMap((run) => {
    const { vus, vus_max: most, dropped } = run.load;
    return [
      hasNumbers(vus) && line(within, run, wordsOf(run).users, vus, { color: "--violet", fill: 0.14, width: 2, role: 0 }),
      hasNumbers(most) && line(within, run, "allocated", most, { color: "--soft", dash: [7, 4], role: 1 }),
      isAbove(dropped) &&
        line(within, run, wordsOf(run).dropped.toLowerCase(), dropped, { color: "--bad", fill: 0.3, axis: "y2", role: 2 }),
    ].filter(Boolean);
  });
  const isDropping = lines.some(({ axis }) => axis === "y2");
  return lines.length ? { x: within.x, lines, unit: "count", ...(isDropping ? { unit2: "1/s" } : {}) } : NOTHING;
}

function checks(within) {
  const lines = within.runs
    .filter((run) => isAbove(run.load.checks_failed))
    .map((run) => line(within, run, "failed checks", run.load.checks_failed, { color: "--bad", fill: 0.25, role: 0 }));
  return lines.length ? { x: within.x, lines, unit: "1/s" } : { empty: "No check has failed" };
}

function data(within) {
  const lines = within.runs.flatMap((run) =>
    [
      hasNumbers(run.load.data_received) &&
        line(within, run, "received", run.load.data_received, { color: "--green", fill: 0.12, role: 0 }),
      hasNumbers(run.load.data_sent) && line(within, run, "sent", run.load.data_sent, { color: "--amber", role: 1 }),
    ].filter(Boolean),
  );
  return lines.length ? { x: within.x, lines, unit: "bytes/s" } : NOTHING;
}

/* What a kind means, in the panel's head. */
function kindNote() {
  const kinds = [...new Set(shownRuns().map(kindOf))];
  return kinds.length === 1 ? KIND_NOTES[kinds[0]][0] : "";
}

function latencyControls() {
  const kind = element("span", { class: "choice small", role: "group", "aria-label": "Which latency" });
  pressKind = choice(
    kind,
    KINDS.map((name) => [name, name[0].toUpperCase() + name.slice(1), `${KIND_NOTES[name][1]} (k)`]),
    null,
    setKind,
  );
  const scale = element("span", { class: "choice small", role: "group", "aria-label": "Vertical scale" });
  pressScale = choice(
    scale,
    [
      ["log", "Log", "Logarithmic (l)"],
      ["linear", "Linear", "From zero (l)"],
    ],
    "log",
    (value) => setLog(value === "log"),
  );
  return element("span", { class: "controls" }, kind, scale);
}

/* Colours of two runs on one place would say nothing, so each has a map of its own. */
function heatPanel({ id, label }, at) {
  const note = isSeveral() ? `of ${label}` : "how many took so long";
  return new Panel({
    id: at ? `heat-${at}` : "heat",
    title: "Latency heat map",
    note,
    height: 260,
    build: (within) => {
      const run = within.runs.find((one) => one.id === id);
      return run ? heatMap(run) : { empty: "This run is hidden" };
    },
  });
}

export function loadPanels() {
  const runs = allRuns();
  const words = wordsOf(...runs);
  latency = new Panel({
    id: "latency",
    title: "Latency",
    height: 260,
    controls: latencyControls(),
    build: (within) => {
      const kinds = [...new Set(within.runs.map(kindOf))];
      pressKind(kinds.length === 1 ? kinds[0] : null);
      latency.note(kindNote());
      return latencies(within);
    },
  });
  heats = runs.slice(0, HEATS_LIMIT).map(heatPanel);
  return [
    new Panel({ id: "rate", title: "Requests per second", height: 260, build: rates }),
    latency,
    ...heats,
    new Panel({ id: "errors", title: "Errors per second", note: "by class", height: 260, build: errors }),
    new Panel({
      id: "iterations",
      title: "Iterations per second",
      build: iterations,
      isWanted: () => !runs.every(isOneRequest),
    }),
    new Panel({
      id: "vus",
      title: words.usersAtLength,
      note: `and ${words.iterations} dropped for want of one`,
      build: users,
    }),
    new Panel({
      id: "checks-failed",
      title: "Failed checks per second",
      build: checks,
      isWanted: () => runs.some((run) => run.checks?.length),
    }),
    new Panel({ id: "traffic", title: "Data", build: data }),
  ];
}
