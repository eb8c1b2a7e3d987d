/* Puts the page together and keeps it up to date. */

import { chooseTrial, chosenTrial, nearOnly, onChoice, setNear } from "./choosing.js";
import { course } from "./course.js";
import { curves, describeTrial } from "./curves.js";
import { byId, choice, element, refresh } from "./dom.js";
import { sign } from "./picture.js";
import { startShortcuts } from "./shortcuts.js";
import { Resources } from "./resources.js";
import { search, startSource } from "./source.js";
import { Trials, conditions, lists, reasons } from "./table.js";
import { nextTheme, startTheme } from "./theme.js";
import { updateHead, updateProgress, updateTiles, updateVerdict } from "./verdict.js";

const VERDICTS = [
  ["kept", "the objectives were kept"],
  ["not kept", "they were not"],
  ["unclear", "too near to tell"],
  ["invalid", "the load generator was the limit: does not count"],
];

const verdict = element("div", { id: "verdict", class: "verdicts", tabindex: "-1" });
const progress = element("dl", { id: "progress", class: "panel progress" });
const tiles = element("dl", { class: "tiles few", id: "figures" });
const key = element("ul", { class: "verdict-key", "aria-label": "Verdicts of trials" });
const span = element("span", { class: "choice small", role: "group", "aria-label": "How much is shown" });
const evidence = element("div", { class: "grid lists" });
const others = element("div", { class: "grid small lists" });
const host = element("section", { class: "panel", id: "conditions" });
const resources = new Resources();
const trials = new Trials();
const line = curves();
const way = course();
const charts = [...line, way];
const lines = element("div", { class: "grid lines" }, line.map((chart) => chart.element));
let isBuilt = false;

function reading(isRate) {
  const sent = isRate
    ? "Plimsoll sent requests to a service at fixed rates, whether or not earlier ones had been answered, as independent users do. Each stretch at one rate is a trial."
    : "Plimsoll raised how many users or connections a service has. Each stretch with one number of them is a trial.";
  return element(
    "details",
    { class: "panel reading-help" },
    element("summary", {}, "How to read this"),
    element(
      "p",
      {},
      sent,
      " A trial is kept when the response times and errors were within the objectives. The capacity is the most that was kept again and again; it is not the highest throughput, which an overloaded service may reach with useless response times.",
    ),
    element(
      "p",
      {},
      "Beside the load, resources of the service were watched. What is used up just where the capacity is, is the first to give. A trial in which the load generator itself was the limit is invalid and never counts.",
    ),
  );
}

function heading(text, note, ...more) {
  return element("div", { class: "group-head" }, element("h2", {}, text, element("small", {}, note)), more);
}

function build() {
  isBuilt = true;
  byId("waiting")?.remove();
  key.replaceChildren(
    ...VERDICTS.map(([name, text]) => element("li", {}, sign(name), element("b", {}, name), ` ${text}`)),
  );
  choice(
    span,
    [
      ["all", "All"],
      ["near", "Around the capacity"],
    ],
    nearOnly() ? "near" : "all",
    (value) => setNear(value === "near"),
  );
  byId("main").append(
    verdict,
    progress,
    tiles,
    reading(search().level.is_rate),
    element(
      "section",
      { id: "load-line", class: "group" },
      heading("Load line", "what the service does with more and more load", span),
      key,
      lines,
    ),
    element(
      "section",
      { id: "bottleneck", class: "group" },
      heading("What gives first", "what was watched beside the load"),
      element("div", { class: "grid" }, resources.element, evidence),
      others,
    ),
    element(
      "section",
      { id: "search", class: "group" },
      heading("The search", "what was tried, one stretch of load after the other"),
      way.element,
    ),
    trials.element,
    host,
  );
}

const SECTIONS = [
  ["verdict", "Verdict"],
  ["load-line", "Load line"],
  ["bottleneck", "What gives first"],
  ["search", "The search"],
  ["trials", "Trials"],
  ["conditions", "Done with"],
];

function update() {
  const known = search();
  if (!known) {
    byId("waiting").textContent = "plimsoll does not answer";
    return;
  }
  updateHead(known);
  if (!isBuilt) build();
  updateVerdict(verdict, known);
  updateProgress(progress, known);
  updateTiles(tiles, known);
  resources.update(known);
  const { first, not_identified: why, ruled_out: out, cautions, not_watched: missing, notes } = known;
  refresh(evidence, JSON.stringify([first, why]), () => reasons(known));
  refresh(others, JSON.stringify([out, cautions, missing, notes]), () => lists(known));
  byId("load-line").hidden = known.trials.length === 0;
  byId("search").hidden = known.trials.length === 0;
  byId("bottleneck").hidden = known.resources.length + evidence.children.length + others.children.length === 0;
  span.hidden = !known.capacity;
  for (const chart of charts) chart.update(known);
  lines.dataset.count = line.filter((chart) => !chart.element.hidden).length;
  trials.update(known);
  conditions(host, known);
  const links = SECTIONS.filter(([id]) => !byId(id).hidden);
  refresh(byId("sections"), JSON.stringify(links), () =>
    links.map(([id, title]) => element("a", { href: `#${id}` }, title)),
  );
}

/* Only what changes with each second. */
function advance() {
  updateHead(search());
  updateProgress(progress, search());
}

function emphasize() {
  for (const chart of [...charts, resources.chart]) chart.emphasize();
  trials.emphasize();
}

let near = nearOnly();

onChoice(() => {
  if (near !== nearOnly()) {
    near = nearOnly();
    update();
  } else emphasize();
});

function step(by) {
  const { length } = search()?.trials ?? [];
  if (!length) return;
  const at = chosenTrial();
  const next = at == null ? (by > 0 ? 0 : length - 1) : Math.min(Math.max(at + by, 0), length - 1);
  chooseTrial(next);
  const { title, pairs } = describeTrial(search(), next);
  byId("said").textContent = [title, ...pairs.map((pair) => pair.join(" "))].join(", ");
}

function toRow() {
  byId(`trial-${chosenTrial() + 1}`)?.scrollIntoView({ block: "center" });
}

const KEYS = [
  ["?", "this table", () => byId("help").showModal()],
  ["t", "theme: as the system, light, dark", nextTheme],
  ["ArrowLeft", "trial before", () => step(-1)],
  ["ArrowRight", "next trial", () => step(1)],
  ["Enter", "to the chosen trial in the table", toRow],
  ["n", "what is around the capacity, or all", () => span.querySelector('[aria-pressed="false"]')?.click()],
  ["Escape", "no trial", () => chooseTrial(null)],
];

let shown = null;

startTheme();
startShortcuts(KEYS);
addEventListener("beforeprint", () => {
  for (const chart of [...charts, resources.chart]) chart.draw();
});
setInterval(() => search()?.progress && updateHead(search()), 1000);
startSource(() => {
  const known = search();
  if (known && known === shown) advance();
  else update();
  shown = known;
});
