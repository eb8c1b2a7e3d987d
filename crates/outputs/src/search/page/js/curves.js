/* The load line: what comes out, how long it takes and what is in flight, by what was asked for. */

import { rates } from "./choosing.js";
import { Chart } from "./chart.js";
import { amount, count, duration, milliseconds, onAxis, percent } from "./format.js";
import { logRange } from "./scale.js";
import { level } from "./source.js";

/* Rates nearer than this are one. */
const SAME_RATE = 0.01;

const LATENCIES = [
  ["p50", "--level1", ({ percentiles_ms: all }) => all?.[0]],
  ["p90", "--level2", ({ percentiles_ms: all }) => all?.[1]],
  ["p99", "--level4", ({ percentiles_ms: all }) => all?.[3]],
];
const MEAN = ["mean", "--level1", ({ mean_ms: mean }) => mean];

const perSecond = (rate) => amount(rate, "1/s");

/* What is said of a trial wherever it is drawn. */
export function describeTrial(search, at) {
  const trial = search.trials[at];
  const [p50, , , p99] = trial.percentiles_ms ?? [];
  const pairs = [
    ["verdict", trial.verdict],
    ["ended", trial.throughput == null ? null : perSecond(trial.throughput)],
    ["p50", p50 == null ? null : milliseconds(p50)],
    ["p99", p99 == null ? null : milliseconds(p99)],
    ["mean", trial.mean_ms == null ? null : milliseconds(trial.mean_ms)],
    ["errors", trial.errors == null ? null : percent(trial.errors)],
    ["in flight", trial.in_flight == null ? null : count(trial.in_flight)],
    ["lasted", duration(trial.end - trial.start)],
  ].filter(([, value]) => value != null);
  return { title: `${at + 1}: ${trial.phase} at ${level(trial.rate)}`, pairs };
}

/* Whether a trial is a point of the load line: what comes after an overload is about that. */
function counts({ verdict, phase }) {
  return verdict !== "invalid" && phase !== "recover";
}

/* Medians by rate, of trials that count. */
export function medians(trials, value) {
  const known = trials
    .map((trial) => [trial.rate, counts(trial) ? value(trial) : null])
    .filter(([, one]) => one != null && Number.isFinite(one))
    .sort((a, b) => a[0] - b[0]);
  const groups = [];
  for (const [rate, one] of known) {
    const last = groups.at(-1);
    if (last && rate <= last.rate * (1 + SAME_RATE)) last.values.push(one);
    else groups.push({ rate, values: [one] });
  }
  const middle = (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
  };
  return groups.map(({ rate, values }) => [rate, middle(values)]);
}

/* The axis of rates with what is known on it: the interval as a band, capacity and goal as lines. */
export function rateAxis(search) {
  const [from, to] = rates(search);
  const { capacity, goal } = search;
  const interval = capacity?.interval;
  return {
    x: { from, to, name: `asked for, ${search.level.name}`, format: (value) => onAxis(value, "1/s") },
    bands: interval ? [{ from: interval[0], to: interval[1], name: "interval" }] : [],
    verticals: [
      ...(capacity ? [{ at: capacity.value, name: "capacity", label: `capacity ${count(capacity.value)}` }] : []),
      ...(goal ? [{ at: goal.rate, name: "goal", label: `goal ${count(goal.rate)}` }] : []),
    ],
  };
}

export function marksAt(trials, value) {
  return trials.map((trial, at) => ({ x: trial.rate, y: value(trial), verdict: trial.verdict, trial: at }));
}

/* The values of trials that the axis shows. */
export function visible(search, value) {
  const [from, to] = rates(search);
  const shown = search.trials.filter(({ rate }) => rate >= from && rate <= to);
  return shown.map(value).filter((one) => one != null && Number.isFinite(one));
}

function throughput(search) {
  const value = ({ throughput: ended }) => ended;
  if (!search.trials.some((trial) => value(trial) != null)) return null;
  const axis = rateAxis(search);
  const { from, to } = axis.x;
  const { is_rate: isRate } = search.level;
  const shown = visible(search, value);
  const low = from > 0 ? Math.min(...(isRate ? [from] : []), ...shown) * 0.97 : 0;
  const high = isRate ? to : Math.max(1, ...shown) * 1.1;
  return {
    ...axis,
    y: { from: low, to: high, name: `ended, ${search.noun}/s`, format: (one) => onAxis(one, "1/s") },
    lines: [
      ...(isRate ? [{ points: [[from, from], [to, to]], name: "ideal" }] : []),
      { points: medians(search.trials, value), color: "--blue" },
    ],
    marks: marksAt(search.trials, value),
    reading: isRate
      ? "While the service keeps up, as much ends as is asked for: the dotted line. Where it bends away, requests pile up."
      : "More of them bring more, until something is used up; from there on they only wait longer.",
    summary: "What ended per second by what was asked for",
  };
}

function latency(search) {
  const { trials, objectives } = search;
  const hasPercentiles = trials.some(({ percentiles_ms: all }) => all);
  const limited = objectives.find(({ unit }) => unit === "ms");
  const kinds = hasPercentiles ? LATENCIES : [MEAN];
  const objectiveAt = objectives.indexOf(limited);
  const decisive = limited ? (trial) => trial.figures[objectiveAt]?.value : kinds.at(-1)[2];
  const values = kinds.flatMap(([, , value]) => visible(search, value)).concat(visible(search, decisive));
  if (!values.length) return null;
  const limits = objectives.filter(({ unit }) => unit === "ms");
  const range = logRange([...values, ...limits.map(({ limit }) => limit)], 1e-3);
  return {
    ...rateAxis(search),
    note: limited ? `points are ${limited.name}` : "points are p99",
    y: { ...range, name: "response time", format: (one) => milliseconds(one) },
    horizontals: limits.map(({ limit, text }) => ({ at: limit, name: "objective", label: text })),
    lines: kinds.map(([label, color, value]) => ({ points: medians(trials, value), color, label })),
    marks: marksAt(trials, decisive),
    reading: `${search.level.is_rate ? "From when each request was due. " : ""}Lines are medians of the trials that asked for the same. The scale is logarithmic.`,
    summary: "Percentiles of the response time by what was asked for",
  };
}

function errors(search) {
  const { objectives, trials } = search;
  const at = objectives.findIndex(({ unit }) => unit === "share");
  const value = at >= 0 ? (trial) => trial.figures[at]?.value : (trial) => trial.errors;
  const values = visible(search, value);
  if (!values.length || Math.max(...values) === 0) return null;
  const limit = objectives[at];
  return {
    ...rateAxis(search),
    y: {
      from: 0,
      to: Math.max(...values, (limit?.limit ?? 0) * 1.5) * 1.1,
      name: "errors",
      format: (one) => onAxis(one, "share"),
    },
    horizontals: limit ? [{ at: limit.limit, name: "objective", label: limit.text }] : [],
    lines: [{ points: medians(trials, value), color: "--red" }],
    marks: marksAt(trials, value),
    summary: "Share of errors by what was asked for",
  };
}

/* What is in flight is what comes per second times how long it stays. */
function little({ throughput: ended, mean_ms: mean }) {
  return ended == null || mean == null ? null : (ended * mean) / 1000;
}

function inFlight(search) {
  const measured = ({ in_flight: number }) => number;
  const values = visible(search, measured);
  if (!values.length) return null;
  return {
    ...rateAxis(search),
    y: {
      ...logRange([...values, ...visible(search, little)], 0.01),
      name: "in flight",
      format: (one) => onAxis(one, "count"),
    },
    lines: [{ points: medians(search.trials, little), color: "--violet", label: "by law" }],
    marks: marksAt(search.trials, measured),
    summary: "Requests in flight by what was asked for",
  };
}

const chart = (id, title, plan, note) => new Chart({ id, title, plan, note, describe: describeTrial });

export function curves() {
  return [
    chart("throughput", "What comes out", throughput),
    chart("latency", "How long it takes", latency),
    chart("errors", "Errors", errors, "The share of requests that failed."),
    chart(
      "in-flight",
      "Requests in flight",
      inFlight,
      "Points are measured; the line is what Little's law says: rate × mean time. Where they part, the service was not in a steady state.",
    ),
  ];
}
