/* The page's head, the verdict, and the big figures. */

import { ICONS, byId, element, icon, refresh } from "./dom.js";
import { amount, count, day, duration, elapsed, milliseconds, percent, plural } from "./format.js";
import { JUDGED_FROM, LATENESS_LIMIT_MS, doubts, figures, isLimited, now, seconds, verdict } from "./figures.js";
import { hasNumbers, last } from "./lines.js";
import { isOneRequest } from "./load.js";
import { linkState } from "./source.js";
import { allRuns, isSeveral, shownRuns } from "./store.js";
import { wordsOf } from "./words.js";

/* Points of a figure's small picture. */
const SPARK_POINTS = 60;

const SIGNS = { ok: ICONS.ok, bad: ICONS.bad, warn: ICONS.warn, going: "M8 5.5l10 6.5-10 6.5z", none: "M6 12h12" };

export function updateHead() {
  const runs = allRuns();
  if (runs.length === 0) {
    stateLine("lost", "waiting for the program");
    return;
  }
  const [run] = runs;
  const name = isSeveral() ? `${runs.length} runs` : run.name;
  byId("name").textContent = name;
  byId("about").textContent = isSeveral()
    ? runs.map((one) => one.label).join(", ")
    : [day(run.started), `${run.model} model`, run.tool].filter(Boolean).join(" · ");
  const { state, title } = verdict(run);
  const limited = runs.some(isLimited);
  document.title = isSeveral()
    ? `${name} · Plimsoll`
    : `${title}${limited ? " (generator-limited)" : ""}: ${name} · Plimsoll`;
  if (isSeveral()) stateLine("none", "compared");
  else headState(run, state, title);
  // The line above changes every second, which nobody wants read out.
  if (byId("said").textContent !== title) byId("said").textContent = title;
}

function headState(run, state, title) {
  if (!run.live) {
    stateLine(state, `${title} · ${duration(seconds(run))}`);
    return;
  }
  const link = linkState();
  if (link === "lost") stateLine("warn", `connection lost at ${elapsed(seconds(run))}, trying again`);
  else if (link === "silent") stateLine("warn", `no news since ${elapsed(seconds(run))}`);
  else stateLine(state === "bad" ? "bad" : "going", `${title} · ${elapsed(seconds(run))}`);
}

function stateLine(state, text) {
  const host = byId("state");
  host.className = `state ${state}`;
  if (host.textContent !== text) host.replaceChildren(element("i"), text);
}

/* The verdict and what speaks against the numbers. */
export function updateVerdict(host) {
  const runs = shownRuns();
  const run = runs[0];
  if (isSeveral() || !run) {
    const told = runs.flatMap((one) => doubts(one).map((text) => `${one.label}: ${text}`));
    refresh(host, JSON.stringify(told), () => told.map((one) => doubt(one, false)));
    return;
  }
  const { state, title, text } = verdict(run);
  const told = doubts(run);
  refresh(host, JSON.stringify([state, title, text, told, run.live]), () =>
    [
      element(
        "div",
        { class: `verdict ${state}` },
        element("span", { class: "sign" }, icon(SIGNS[state])),
        element(
          "p",
          {},
          element("strong", {}, title),
          ` ${text}`,
          !told.length && !run.live && element("small", {}, generatorWords(run)),
        ),
      ),
      told.map((one) => doubt(one, run.live)),
    ].flat(),
  );
}

/* What is known of the generator when nothing speaks against it. */
function generatorWords(run) {
  if (!run.end || seconds(run) < JUDGED_FROM)
    return "The run is too short to tell whether the load generator was the limit.";
  return "The load generator was not found to be the limit.";
}

function doubt(text, isLive) {
  const isLimit = text.startsWith("generator-limited");
  const words = isLimit ? text.slice("generator-limited".length).replace(/^[:\s]+/, "") : text;
  return element(
    "div",
    { class: "verdict warn" },
    element("span", { class: "sign" }, icon(ICONS.warn)),
    element(
      "p",
      {},
      element("strong", {}, isLimit ? `The generator ${isLive ? "is" : "was"} the limit` : "Note"),
      ` ${words}`,
    ),
  );
}

/* A figure: name, value, a line below it, and its column as a small picture. */
function tiles(run) {
  const known = figures(run);
  const words = wordsOf(run);
  const { load } = run;
  const column = run.latency[known.kind] ?? {};
  const value = (name) => (run.live ? last(column[name]) : (known.latency?.[name] ?? null));
  const asked = run.live ? last(load.asked) : known.asked;
  const rate = run.live ? last(load.done) : known.rate;
  const whole = known.latency && run.live ? `whole run ${milliseconds(known.latency.p50)}` : `${known.kind} time`;
  const failing =
    run.live && last(load.failed) != null
      ? `${amount(last(load.failed), "1/s")} now`
      : `${count(known.failed)} of ${count(known.requests)}`;
  return [
    [
      "Rate",
      rate == null ? "–" : `${count(rate)}`,
      hasNumbers(load.asked) && isOneRequest(run) ? `per second, asked ${count(asked)}` : "requests per second",
      load.done,
      "--blue",
    ],
    [
      "Requests",
      count(known.requests),
      `in ${duration(known.length)}, ${amount(known.received, "bytes")} received`,
      running(load.done),
      "--teal",
    ],
    ["p50", milliseconds(value("p50")), whole, column.p50, "--level1"],
    [
      "p99",
      milliseconds(value("p99")),
      known.latency
        ? run.live
          ? `whole run ${milliseconds(known.latency.p99)}`
          : `highest ${milliseconds(known.latency.max)}`
        : `${known.kind} time`,
      column.p99,
      "--level4",
    ],
    [
      "Errors",
      known.errorShare == null ? "–" : percent(known.errorShare),
      failing,
      load.failed,
      "--bad",
      known.failed > 0 ? "bad" : "",
    ],
    [
      words.users,
      count(now(run, load.vus) ?? known.vus),
      run.live ? `of ${count(last(load.vus_max))} allocated` : "at most",
      load.vus,
      "--violet",
    ],
    [
      "Dropped",
      count(known.dropped),
      known.dropped > 0 ? `${words.iterations} that found no ${words.user}` : `no ${words.iteration}`,
      known.dropped > 0 ? load.dropped : null,
      "--bad",
      known.dropped > 0 ? "warn" : "",
    ],
    generatorTile(run, known),
  ];
}

/* A column's sum up to each point. */
function running(column) {
  let total = 0;
  return column.map((value) => (total += value ?? 0));
}

function generatorTile(run, known) {
  const generator = (run.watched ?? []).find(({ kind }) => kind === "generator");
  const cpu = generator?.signals.find(({ metric }) => metric === "process_cpu_utilization");
  const late = run.live ? last(run.latency.lateness?.p99) : known.lateness?.p99;
  const told = [
    cpu && `CPU ${amount(last(cpu.values), "cores")}`,
    late != null && `late p99 ${milliseconds(late)}`,
  ].filter(Boolean);
  const limited = isLimited(run);
  const isLate = late > LATENESS_LIMIT_MS;
  return [
    "Generator",
    limited ? "Limit" : isLate ? "Late" : "Fine",
    told.join(", ") || plural(run.t.length, "point"),
    cpu?.values,
    limited || isLate ? "--warn" : "--green",
    limited || isLate ? "warn" : "ok",
  ];
}

/* The figures of one run; several are in the table that compares them. */
export function updateTiles(host) {
  const run = shownRuns()[0];
  host.hidden = isSeveral() || !run;
  if (host.hidden) return;
  host.replaceChildren(
    ...tiles(run).map(([name, value, below, column, tint, state]) =>
      element(
        "div",
        { class: `tile ${state ?? ""}` },
        element("dt", {}, name),
        element("dd", {}, value),
        element("dd", { class: "below" }, below),
        spark(column, tint),
      ),
    ),
  );
}

/* A column as a line in a box of 100 x 24, thinned by its highest points. */
function spark(column, tint) {
  const values = thinned(column ?? []);
  const most = Math.max(0, ...values.filter((value) => value != null));
  if (values.length < 2 || most === 0) return null;
  const points = values.flatMap((value, at) =>
    value == null ? [] : [`${((at / (values.length - 1)) * 100).toFixed(1)},${(23 - (value / most) * 21).toFixed(1)}`],
  );
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [name, text] of [
    ["viewBox", "0 0 100 24"],
    ["preserveAspectRatio", "none"],
    ["aria-hidden", "true"],
    ["class", "spark"],
    ["style", `color:var(${tint})`],
  ])
    svg.setAttribute(name, text);
  const [area, line] = ["polygon", "polyline"].map((shape) => document.createElementNS(space, shape));
  area.setAttribute("points", `${points[0].split(",")[0]},24 ${points.join(" ")} ${points.at(-1).split(",")[0]},24`);
  line.setAttribute("points", points.join(" "));
  svg.append(area, line);
  return svg;
}

function thinned(column) {
  if (column.length <= SPARK_POINTS) return column;
  const step = column.length / SPARK_POINTS;
  return Array.from({ length: SPARK_POINTS }, (_, at) => {
    const part = column.slice(Math.floor(at * step), Math.floor((at + 1) * step)).filter((value) => value != null);
    return part.length ? Math.max(...part) : null;
  });
}
