/* Trials one by one, what was ruled out, and what the search was done with. */

import { chooseTrial, chosenTrial } from "./choosing.js";
import { element, refresh } from "./dom.js";
import { amount, count, duration, elapsed, milliseconds, percent } from "./format.js";
import { sign } from "./picture.js";
import { level } from "./source.js";

const missing = (value, write) => (value == null ? "–" : write(value));

const COLUMNS = [
  ["Trial", (_, at) => String(at + 1)],
  ["At", ({ start }) => elapsed(start)],
  ["Phase", ({ phase }) => phase],
  ["Asked for", ({ rate }) => level(rate)],
  ["For", ({ start, end }) => duration(Math.round(end - start))],
  ["Verdict", ({ verdict }) => [sign(verdict), verdict]],
  ["Ended", ({ throughput }) => missing(throughput, (one) => amount(one, "1/s"))],
  ["p50", ({ percentiles_ms: all }) => missing(all?.[0], milliseconds)],
  ["p99", ({ percentiles_ms: all }) => missing(all?.[3], milliseconds)],
  ["Errors", ({ errors }) => missing(errors, percent)],
  ["In flight", ({ in_flight: number }) => missing(number, count)],
  ["Generator", ({ generator_cpu: share }) => missing(share, (one) => percent(one, 2))],
  ["Why", ({ words }) => words],
];

/* Which columns are text. */
const TEXTS = ["Phase", "Verdict", "Why"];

function row(trial, at, isAside) {
  const choosing = { onpointerenter: () => chooseTrial(at), onpointerleave: () => chooseTrial(null) };
  return element(
    "tr",
    // In the charts there are those of the search only.
    { id: `trial-${at + 1}`, class: isAside ? "aside" : null, ...(isAside ? {} : choosing) },
    COLUMNS.map(([name, write], place) =>
      element(
        place ? "td" : "th",
        { class: TEXTS.includes(name) ? "text" : null, scope: place ? null : "row" },
        write(trial, at),
      ),
    ),
  );
}

/* Of a service that was another one meanwhile. */
function asides({ intervention, trials }) {
  if (!intervention?.trials.length) return [];
  const head = element(
    "tr",
    { class: "aside aside-head" },
    element(
      "th",
      { colspan: COLUMNS.length, scope: "rowgroup", class: "text" },
      element("b", {}, "Intervention"),
      ` with ${intervention.words}: none of these is in the charts`,
    ),
  );
  return [head, ...intervention.trials.map((trial, at) => row(trial, trials.length + at, true))];
}

export class Trials {
  constructor() {
    this.body = element("tbody", {});
    const head = COLUMNS.map(([name]) =>
      element("th", { scope: "col", class: TEXTS.includes(name) ? "text" : null }, name),
    );
    this.element = element(
      "section",
      { class: "panel", id: "trials", "aria-label": "Trials" },
      element(
        "div",
        { class: "head" },
        element("h3", {}, "Trials", element("small", {}, "one stretch of load each")),
      ),
      element(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Trials" },
        element("table", { class: "trials" }, element("thead", {}, element("tr", {}, head)), this.body),
      ),
    );
  }

  update(search) {
    const { trials, intervention } = search;
    this.element.hidden = trials.length === 0;
    refresh(this.body, JSON.stringify([trials, intervention]), () => [
      ...trials.map((trial, at) => row(trial, at)),
      ...asides(search),
    ]);
    this.emphasize();
  }

  emphasize() {
    [...this.body.children].forEach((one, at) => one.classList.toggle("chosen", at === chosenTrial()));
  }
}

function list(title, note, texts) {
  if (!texts.length) return null;
  return element(
    "section",
    { class: "panel" },
    element("div", { class: "head" }, element("h3", {}, title)),
    element("p", { class: "reading" }, note),
    element(
      "ul",
      { class: "plain" },
      texts.map((text) => element("li", {}, text)),
    ),
  );
}

const range = ({ low, high }) => `${count(low)} to ${count(high)}`;

function evidence({ first, not_identified: why, progress }) {
  if (!first) {
    if (!why) return null;
    if (progress) return list("First to give: not known yet", "So far:", [why]);
    return list("First to give: not identified", "What nothing explains gets no name.", [why]);
  }
  const pieces = [
    ...first.evidence,
    first.demand && `${first.demand} per request`,
    first.limit &&
      `predicted limit ${amount(first.limit.value, "1/s")} (95 %: ${range(first.limit)})`,
    { high: "all of this fits together", medium: "fairly sure", low: "not sure" }[first.confidence],
  ];
  return list(`First to give: ${first.words}`, "What speaks for it:", pieces.filter(Boolean));
}

/* What speaks for the verdict, alone. */
export function reasons(search) {
  return [evidence(search)].filter(Boolean);
}

export function lists(search) {
  return [
    list("Checked", "What was done so that the answer can be trusted.", search.notes),
    list("Ruled out", "Watched too, and not the limit.", search.ruled_out),
    list("To keep in mind", "What may weaken the verdict.", search.cautions),
    list("Not watched", "Nothing can be said of these.", search.not_watched),
  ].filter(Boolean);
}

export function conditions(host, { conditions: pairs }) {
  host.hidden = pairs.length === 0;
  refresh(host, JSON.stringify(pairs), () => [
    element("div", { class: "head" }, element("h3", {}, "Done with")),
    element(
      "dl",
      { class: "conditions" },
      pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    ),
  ]);
}
