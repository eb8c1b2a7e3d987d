/* Puts the page together and keeps it up to date. */

import { updateCompare } from "./compare.js";
import { byId, choice, element, refresh } from "./dom.js";
import { startKeys } from "./keys.js";
import { loadPanels } from "./load.js";
import { updateHead, updateTiles, updateVerdict } from "./overview.js";
import { drawAll, updatePanels } from "./panel.js";
import { startSource } from "./source.js";
import { allRuns, onChange } from "./store.js";
import { box, updateChecks, updateEvents, updateThresholds, updateUrls } from "./tables.js";
import { startTheme } from "./theme.js";
import { end, isZoomed, onWindow, setSpan } from "./timeline.js";
import { Section, things } from "./watched.js";

/* Seconds of a run from which on a part of it can be chosen. */
const SPAN_LEAST = 60;
const SPANS = [
  ["all", "All", "The whole run"],
  ["900", "15 min"],
  ["300", "5 min"],
  ["60", "1 min"],
];

const verdict = element("div", { id: "verdict", class: "verdicts", tabindex: "-1" });
const tiles = element("dl", { class: "tiles", id: "figures" });
const compare = box("compare", "Runs compared", "changes are against the first; the lines of a run have its colour");
const thresholds = box("thresholds", "Thresholds");
const checks = box("checks", "Checks");
const urls = box("urls", "URLs", "service time; click a heading to sort");
const events = box("events", "Events");
const charts = element("div", { class: "grid", id: "load" });
const watched = element("div", { id: "watched" });
const tip = element(
  "p",
  { class: "empty hint", hidden: true },
  "Nothing is watched beside the load: add ",
  element("code", {}, "--watch port:8080"),
  " to see what it does to the service.",
);

let sections = [];
let isBuilt = false;

function build() {
  isBuilt = true;
  byId("waiting")?.remove();
  charts.replaceChildren(...loadPanels().map((panel) => panel.element));
  byId("main").append(
    verdict,
    tiles,
    element("div", { class: "grid boxes" }, compare.host, thresholds.host, checks.host),
    charts,
    urls.host,
    events.host,
    watched,
    tip,
  );
}

function updateSections() {
  const wanted = things();
  sections.filter(({ thing }) => !wanted.some(({ key }) => key === thing.key)).forEach((section) => section.remove());
  sections = wanted.map((thing) => sections.find((section) => section.thing.key === thing.key) ?? new Section(thing));
  const elements = sections.map((section) => section.element);
  if (elements.some((one, at) => watched.children[at] !== one)) watched.replaceChildren(...elements);
  sections.forEach((section) => section.update());
  tip.hidden = wanted.some(({ kind }) => kind !== "generator");
}

function updateNavigation() {
  const links = [
    ["verdict", "Overview"],
    ["load", "Load"],
    ...(urls.host.hidden ? [] : [["urls", "URLs"]]),
    ...(events.host.hidden ? [] : [["events", "Events"]]),
    ...sections.map(({ id, title }) => [id, title]),
  ];
  refresh(byId("sections"), JSON.stringify(links), () =>
    links.map(([id, title]) => element("a", { href: `#${id}` }, title)),
  );
}

function update() {
  updateHead();
  if (allRuns().length === 0) return;
  if (!isBuilt) build();
  byId("span").hidden = end() <= SPAN_LEAST || !allRuns().some((run) => run.live);
  updateVerdict(verdict);
  updateTiles(tiles);
  updateCompare(compare);
  updateThresholds(thresholds);
  updateChecks(checks);
  updateUrls(urls);
  updateEvents(events);
  updatePanels();
  updateSections();
  updateNavigation();
}

let isAsked = false;

/* Once for all that came since the last picture. */
function updateSoon() {
  if (isAsked) return;
  isAsked = true;
  const go = () => {
    isAsked = false;
    update();
  };
  // A page in the background gets no pictures, but its title should tell the truth.
  if (document.hidden) setTimeout(go, 0);
  else requestAnimationFrame(go);
}

startTheme();
startKeys();
choice(byId("span"), SPANS, "all", (value) => setSpan(value === "all" ? null : Number(value)));
onWindow(() => {
  byId("unzoom").disabled = !isZoomed();
});
onChange(updateSoon);
addEventListener("beforeprint", drawAll);
setInterval(updateHead, 1000);
startSource(updateHead);
