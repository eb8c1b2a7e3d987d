/* Several runs in one table: figures by row, runs by column, each beside the first. */

import { element, refresh } from "./dom.js";
import { amount, count, day, duration, milliseconds, percent } from "./format.js";
import { figures, isLimited, verdict } from "./figures.js";
import { greatest } from "./lines.js";
import { allRuns, isShown, placeOf, show } from "./store.js";
import { inTurn } from "./theme.js";
import { keyOf, things } from "./watched.js";
import { wordsOf } from "./words.js";

/* A smaller change is noise to the eye. */
const CHANGE_LEAST = 0.005;

/* Title, value, how it is written, and whether more is better (1), worse (-1) or neither (0). */
function rows(runs) {
  const told = new Map(runs.map((run) => [run, figures(run)]));
  const words = wordsOf(...runs);
  const of = (pick) => (run) => pick(told.get(run));
  const kinds = [...new Set(runs.map((run) => told.get(run).kind))].join(" or ");
  const latency = (name) => [
    `${kinds[0].toUpperCase()}${kinds.slice(1)} time, ${name}`,
    of((known) => known.latency?.[name]),
    (value) => milliseconds(value),
    -1,
  ];
  return [
    ["Duration", of((known) => known.length), duration, 0],
    ["Requests", of((known) => known.requests), count, 0],
    ["Rate", of((known) => known.rate), (value) => amount(value, "1/s"), 1],
    ["Failed", of((known) => known.errorShare), percent, -1],
    ...["mean", "p50", "p90", "p95", "p99", "max"].map((name) => latency(name)),
    [words.dropped, of((known) => known.dropped), count, -1],
    [`${words.users}, most`, of((known) => known.vus), count, 0],
    ...watchedRows(),
  ];
}

function watchedRows() {
  return things()
    .flatMap(({ key, name }) => {
      const most = (pattern) => (run) => {
        const thing = (run.watched ?? []).find((one) => keyOf(one) === key);
        return greatest(thing?.signals.find(({ metric }) => pattern.test(metric))?.values);
      };
      return [
        [
          `${name}: CPU, most`,
          most(/_cpu_utilization$/),
          (value) => amount(value, key.startsWith("host") ? "share" : "cores"),
          -1,
        ],
        [`${name}: memory, most`, most(/_memory_(used_)?bytes$/), (value) => amount(value, "bytes"), -1],
      ];
    })
    .filter(([, pick]) => allRuns().some((run) => pick(run) != null));
}

function change(value, base, better) {
  if (value == null || base == null || base === 0 || value === base) return null;
  const share = value / base - 1;
  if (Math.abs(share) < CHANGE_LEAST) return null;
  const kind = better === 0 ? "" : share * better > 0 ? "better" : "worse";
  const size =
    Math.abs(share) >= 10 ? `×${count(value / base)}` : `${share > 0 ? "+" : "−"}${percent(Math.abs(share), 2)}`;
  return element("small", { class: kind, title: kind && `${kind} than ${allRuns()[0].label}` }, size);
}

export function updateCompare({ host, body }) {
  const runs = allRuns();
  host.hidden = runs.length < 2;
  if (host.hidden) return;
  const lines = rows(runs).map(([title, pick, write, better]) => ({ title, write, better, values: runs.map(pick) }));
  const key = JSON.stringify([
    lines.map(({ title, values }) => [title, values]),
    runs.map((run) => [run.id, verdict(run), isShown(run)]),
  ]);
  refresh(body, key, () =>
    element(
      "div",
      { class: "scroll" },
      element(
        "table",
        { class: "compare" },
        element("thead", {}, element("tr", {}, element("td"), runs.map(runHead))),
        element(
          "tbody",
          {},
          verdicts(runs),
          lines.map(({ title, write, better, values }) =>
            element(
              "tr",
              {},
              element("th", { scope: "row" }, title),
              values.map((value, at) => element("td", {}, write(value), at > 0 && change(value, values[0], better))),
            ),
          ),
        ),
      ),
    ),
  );
}

function runHead(run) {
  const box = element("input", {
    type: "checkbox",
    checked: isShown(run),
    onchange: ({ target }) => show(run, target.checked),
  });
  return element(
    "th",
    { scope: "col", style: `--run:var(${inTurn(placeOf(run))})` },
    element("label", {}, box, element("span", {}, run.label)),
    element("small", {}, day(run.started)),
  );
}

function verdicts(runs) {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, "Verdict"),
    runs.map((run) => {
      const { state, title, text } = verdict(run);
      return element(
        "td",
        { title: text },
        element("span", { class: `pill ${state}` }, title),
        isLimited(run) && element("span", { class: "pill warn" }, "generator-limited"),
      );
    }),
  );
}
