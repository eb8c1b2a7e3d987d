/* Thresholds, checks, URLs, events: what is better read than drawn. */

import { ICONS, element, icon, refresh } from "./dom.js";
import { amount, clock, count, elapsed, milliseconds, percent } from "./format.js";
import { colorOf, said } from "./marks.js";
import { isSeveral, placeOf, shownRuns } from "./store.js";
import { inTurn } from "./theme.js";

/* Metrics whose values are no milliseconds, by the words in their names. */
const UNITS = [
  [/_bytes|^data_/, "bytes"],
  [/^(process|cgroup)_.*utilization$/, "cores"],
  [/utilization|_share$|pressure|^host_cpu_/, "share"],
  [/duration|time|lateness|latency|blocked|connecting|handshaking|sending|waiting|receiving/, "ms"],
];

/* A threshold's value in its unit: by the method it is judged by, then by its metric's name. */
function thresholdValue({ key, expression, value }) {
  if (value == null) return "–";
  const method = expression.trim().split(/[<>=!\s]/)[0];
  if (method === "rate" && /failed|checks|rate/.test(key)) return percent(value);
  if (method === "count") return count(value);
  if (method === "rate") return amount(value, "1/s");
  const metric = key.split("{")[0];
  const unit = UNITS.find(([pattern]) => pattern.test(metric))?.[1] ?? "count";
  return amount(value, unit);
}

const STATES = {
  ok: ["ok", "holds", ICONS.ok],
  bad: ["bad", "crossed", ICONS.bad],
  none: ["none", "no value yet", "M7 12h10"],
};

function stateOf(threshold) {
  return STATES[threshold.ok === true ? "ok" : threshold.ok === false ? "bad" : "none"];
}

/* A box with a title; hidden when there is nothing for it. */
export function box(id, title, note) {
  const body = element("div", { class: "body" });
  const host = element(
    "section",
    { class: "panel box", id, "aria-labelledby": `${id}-title`, hidden: true },
    element("div", { class: "head" }, element("h3", { id: `${id}-title` }, title, note && element("small", {}, note))),
    body,
  );
  return { host, body };
}

const tag = (run) =>
  isSeveral()
    ? element("i", { class: "dot", style: `background:var(${inTurn(placeOf(run))})`, title: run.label })
    : null;

/* Rows of all runs by what they are about: [{ run, row }, ...] each. */
function grouped(pick, keyOf) {
  const groups = new Map();
  for (const run of shownRuns()) {
    for (const row of pick(run) ?? []) {
      const key = keyOf(row);
      groups.set(key, [...(groups.get(key) ?? []), { run, row }]);
    }
  }
  return [...groups.values()];
}

const keyOfRows = (groups) =>
  JSON.stringify([isSeveral(), groups.map((group) => group.map(({ run, row }) => [run.id, row]))]);

/* The worst of the states of one row's runs. */
const worst = (states) => (states.includes("bad") ? "bad" : states.includes("ok") ? "ok" : "none");

const sign = (state, word) =>
  element("span", { class: "sign", title: word }, icon(STATES[state][2]), element("span", { class: "hidden" }, word));

export function updateThresholds({ host, body }) {
  const groups = grouped(
    (run) => run.thresholds,
    ({ key, expression }) => `${key} ${expression}`,
  );
  host.hidden = groups.length === 0;
  refresh(body, keyOfRows(groups), () =>
    element(
      "ul",
      { class: "thresholds" },
      groups.map((group) => {
        const { key, expression } = group[0].row;
        const state = worst(group.map(({ row }) => stateOf(row)[0]));
        return element(
          "li",
          { class: state },
          sign(state, STATES[state][1]),
          element(
            "span",
            { class: "what" },
            element("code", {}, key),
            " ",
            element("code", { class: "rule" }, expression),
          ),
          group.map(({ run, row }) => element("b", { class: stateOf(row)[0] }, tag(run), thresholdValue(row))),
        );
      }),
    ),
  );
}

export function updateChecks({ host, body }) {
  const groups = grouped(
    (run) => run.checks,
    ({ name }) => name,
  );
  host.hidden = groups.length === 0;
  refresh(body, keyOfRows(groups), () =>
    element(
      "ul",
      { class: "checks" },
      groups.map((group) => {
        const passes = group.reduce((sum, { row }) => sum + row.passes, 0);
        const fails = group.reduce((sum, { row }) => sum + row.fails, 0);
        const share = passes + fails > 0 ? passes / (passes + fails) : 1;
        // However few failed, it shows.
        const width = fails ? Math.min(share * 100, 96) : 100;
        return element(
          "li",
          { class: fails ? "bad" : "ok" },
          sign(fails ? "bad" : "ok", fails ? "failed" : "passed"),
          element("span", { class: "what" }, group[0].row.name),
          !isSeveral() &&
            element("span", { class: "meter", "aria-hidden": "true" }, element("i", { style: `width:${width}%` })),
          group.map(({ run, row }) =>
            element(
              "b",
              { class: row.fails ? "bad" : "ok", title: `${count(row.passes)} passed, ${count(row.fails)} failed` },
              tag(run),
              percent(row.passes + row.fails > 0 ? row.passes / (row.passes + row.fails) : null),
            ),
          ),
        );
      }),
    ),
  );
}

export function updateEvents({ host, body }) {
  const rows = shownRuns()
    .flatMap((run) => (run.events ?? []).map((event) => ({ run, ...event })))
    .sort((a, b) => a.t - b.t);
  host.hidden = rows.length === 0;
  refresh(body, JSON.stringify([isSeveral(), rows.map(({ run, t, kind, text }) => [run.id, t, kind, text])]), () =>
    element(
      "ul",
      { class: "events" },
      rows.map(({ run, t, kind, text }) =>
        element(
          "li",
          {},
          element("time", { title: clock(run.started + t * 1000) }, elapsed(t)),
          element("span", { class: "kind", style: `color:var(${colorOf({ kind })})` }, kind),
          element("span", { class: "what" }, tag(run), said({ text })),
        ),
      ),
    ),
  );
}

const URL_COLUMNS = [
  ["name", "URL", null],
  ["count", "Requests", count],
  ["rate", "Rate", (value) => amount(value, "1/s")],
  ["failed", "Failed", (value, row) => (row.count ? percent(value / row.count) : "–")],
  ...["mean", "p50", "p95", "p99", "max"].map((key) => [
    key,
    key[0] === "m" ? key[0].toUpperCase() + key.slice(1) : key,
    (value) => milliseconds(value),
  ]),
];

const order = { by: "count", isDown: true };

export function updateUrls(urls) {
  const { host, body } = urls;
  const rows = shownRuns().flatMap((run) => (run.urls ?? []).map((row) => ({ run, ...row })));
  host.hidden = rows.length === 0;
  refresh(body, JSON.stringify([order, isSeveral(), rows.map(({ run, ...row }) => [run.id, row])]), () =>
    urlTable(rows, () => updateUrls(urls)),
  );
}

function urlTable(rows, again) {
  const value = (row) => (order.by === "failed" ? row.failed / (row.count || 1) : (row[order.by] ?? -Infinity));
  const sorted = rows.toSorted((a, b) => {
    const [one, other] = [value(a), value(b)];
    const by = typeof one === "string" ? one.localeCompare(other) : one - other;
    return order.isDown ? -by : by;
  });
  const most = rows.reduce((found, row) => Math.max(found, row.p99 ?? 0), 0);
  const head = URL_COLUMNS.map(([key, title]) =>
    element(
      "th",
      { scope: "col", "aria-sort": key === order.by ? (order.isDown ? "descending" : "ascending") : null },
      element(
        "button",
        {
          type: "button",
          "data-sort": key,
          onclick: () => {
            Object.assign(order, { by: key, isDown: key === order.by ? !order.isDown : key !== "name" });
            again();
            document.querySelector(`[data-sort="${key}"]`)?.focus();
          },
        },
        title,
      ),
    ),
  );
  const cells = (row) =>
    URL_COLUMNS.slice(1).map(([key, , format]) =>
      element(
        "td",
        {
          class: key === "failed" && row.failed > 0 ? "bad" : null,
          style: key === "p99" && most ? `--share:${((row.p99 ?? 0) / most) * 100}%` : null,
          "data-bar": key === "p99",
        },
        format(row[key], row),
      ),
    );
  return element(
    "div",
    { class: "scroll" },
    element(
      "table",
      { class: "urls" },
      element("thead", {}, element("tr", {}, head)),
      element(
        "tbody",
        {},
        sorted.map((row) =>
          element(
            "tr",
            {},
            element(
              "th",
              { scope: "row", title: row.name },
              tag(row.run),
              row.method && element("span", { class: "method" }, row.method),
              row.name,
            ),
            cells(row),
          ),
        ),
      ),
    ),
  );
}
