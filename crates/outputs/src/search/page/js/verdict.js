/* The answer: in a sentence, in figures, and while the search goes on how far it is. */

import { ICONS, byId, element, icon } from "./dom.js";
import { amount, count, duration, milliseconds, percent } from "./format.js";
import { svg } from "./picture.js";
import { level, linkState } from "./source.js";

const SIGNS = { ok: ICONS.ok, bad: ICONS.bad, warn: ICONS.warn, going: ICONS.both };

const perSecond = (rate) => amount(rate, "1/s");

export function updateHead(search) {
  byId("name").textContent = `Capacity of ${search.target}`;
  const wanted = search.objectives.map(({ text }) => text).join(" and ");
  const highest = search.level.is_rate ? "rate" : `number of ${search.level.name}`;
  const are = search.objectives.length > 1 ? "are" : "is";
  byId("about").textContent = `the highest ${highest} at which ${wanted} ${are} kept`;
  const { tone, label } = search.answer;
  const state = linkState();
  const [shown, text] =
    state === "lost"
      ? ["lost", "plimsoll does not answer"]
      : state === "silent"
        ? ["lost", "no news"]
        : [search.progress ? "going" : tone, label];
  const host = byId("state");
  host.className = `state ${shown}`;
  host.replaceChildren(element("i", { "aria-hidden": "true" }), text);
  document.title = `${label}: ${search.target}`;
}

/* What gives first and next, and whether the generator did, as sentences. */
function causes({ first, not_identified: why, next, generator, progress, capacity }) {
  // Where the generator was the limit, the first sentence says so.
  if (!capacity) return [];
  if (progress) return generator ? [generator[0]] : [];
  const pieces = first && [...first.evidence, first.demand && `${first.demand} per request`].filter(Boolean);
  const named = first
    ? [element("b", {}, `First to give: ${first.words}`), `: ${pieces.join(", ")}.`]
    : why && [element("b", {}, "First to give: not identified."), ` ${why}.`];
  const name = first ? "Next" : "Nearest known limit";
  const then = next && `${name}: ${next.words}, at about ${perSecond(next.limit.value)}.`;
  return [named, then, generator?.[0]].filter(Boolean);
}

export function updateVerdict(host, search) {
  const { tone, headline, details } = search.answer;
  host.replaceChildren(
    element(
      "div",
      { class: `verdict ${tone}` },
      element("span", { class: "sign" }, icon(SIGNS[tone] ?? ICONS.warn)),
      element(
        "div",
        {},
        element("p", { class: "headline" }, element("strong", {}, headline)),
        [...details, ...causes(search)].map((text) => element("p", {}, text)),
      ),
    ),
  );
}

function tile(name, tone, value, ...below) {
  return element(
    "div",
    { class: `tile ${tone ?? ""}` },
    element("dt", {}, name),
    element("dd", {}, value),
    below.filter(Boolean).map((text) => element("dd", { class: "below" }, text)),
  );
}

function capacityTile({ capacity, noun, progress, answer, level: levelled }) {
  if (!capacity) {
    const isInvalid = answer.label === "invalid";
    const why = isInvalid ? "not known: the load generator was the limit" : "no rate was kept for sure";
    return tile("Capacity", null, "–", progress ? "not known yet" : why);
  }
  const [kept, of] = capacity.confirmations;
  const range = capacity.interval?.map((side) => count(side)).join(" to ");
  return tile(
    progress ? "Capacity so far" : "Capacity",
    null,
    level(capacity.value),
    levelled.is_rate && `${noun} per second`,
    range && `95 % sure: ${range}`,
    of > 0 ? `kept in ${kept} of ${of} confirmations` : progress ? "not confirmed yet" : "not confirmed",
  );
}

function goalTile({ goal, capacity }) {
  if (!goal) return null;
  const tone = goal.reached == null ? null : goal.reached ? "ok" : "bad";
  const word = goal.reached == null ? "not decided" : goal.reached ? "reached" : "missed";
  const by = capacity && capacity.value / goal.rate - 1;
  const sign = by >= 0 ? "above" : "below";
  const distance = by == null ? null : `the capacity is ${percent(Math.abs(by), 2)} ${sign} it`;
  return tile(`Goal of ${level(goal.rate)}`, tone, word, distance);
}

function firstTile({ first, not_identified: why, progress }) {
  if (!first && !why) return tile("First to give", null, "–", progress ? "not known yet" : "not known");
  if (!first) return tile("First to give", null, progress ? "not known yet" : "not identified", why);
  const sure = { high: "sure", medium: "fairly sure", low: "not sure" }[first.confidence];
  const limit = first.limit && `its limit: about ${perSecond(first.limit.value)}`;
  return tile("First to give", "first", first.words, limit, sure);
}

function nextTile({ next, first }) {
  if (!next) return null;
  const name = first ? "Would give next" : "Nearest known limit";
  return tile(name, "words", next.words, `at about ${perSecond(next.limit.value)}`);
}

function generatorTile(search) {
  const { generator } = search;
  if (!generator) return null;
  const [words, share] = generator;
  const isLimit = search.answer.label === "invalid";
  const below = isLimit ? words : "of its CPU at most: it was not the limit";
  return tile("Load generator", isLimit ? "bad" : null, percent(share, 2), below);
}

export function updateTiles(host, search) {
  const tiles = [capacityTile, goalTile, firstTile, nextTile, generatorTile].map((make) => make(search));
  host.replaceChildren(...tiles.filter(Boolean));
}

/* One line through some seconds, as tall as a line of text. */
function spark(values) {
  const most = Math.max(...values, 1e-9);
  const step = 100 / Math.max(values.length - 1, 1);
  const points = values.map((value, at) => `${at * step},${22 - (value / most) * 20}`).join(" ");
  return element(
    "span",
    { class: "now-spark", "aria-hidden": "true" },
    svg("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none" }, svg("polyline", { points })),
  );
}

function meter(share, label) {
  return element(
    "span",
    { class: "meter-bar", role: "img", "aria-label": label },
    element("i", { style: `width: ${Math.min(100, share * 100)}%` }),
  );
}

/* What has no trial by which to see that it goes on, says for how long it does. */
function doing({ phase, phase_s: seconds, now }) {
  return now || seconds < 2 ? phase : `${phase} (${duration(Math.round(seconds))})`;
}

/* What goes on right now. */
export function updateProgress(host, search) {
  const { progress, trials, intervention } = search;
  host.hidden = !progress;
  if (!progress) return;
  const left = Math.max(0, progress.budget_s - progress.elapsed_s);
  const side = trials.at(-1)?.bracket ?? {};
  const between =
    side.low != null || side.high != null
      ? `between ${side.low == null ? "?" : level(side.low)} and ${side.high == null ? "?" : level(side.high)}`
      : "not known yet";
  const all = trials.length + (intervention?.trials.length ?? 0);
  const parts = [
    element("div", {}, element("dt", {}, "Phase"), element("dd", {}, doing(progress))),
    element("div", {}, element("dt", {}, "The limit is"), element("dd", {}, between)),
    element("div", {}, element("dt", {}, "Trials"), element("dd", {}, String(all))),
    element(
      "div",
      {},
      element("dt", {}, "Time"),
      element(
        "dd",
        {},
        meter(progress.elapsed_s / (progress.budget_s || 1), "share of the budget that is used"),
        ` ${duration(Math.round(left))} left of ${duration(progress.budget_s)}`,
      ),
    ),
  ];
  const { now } = progress;
  if (now) {
    const last = now.seconds.at(-1);
    const figures = last
      ? `p99 ${milliseconds(last.p99_ms)}, ${count(last.in_flight)} in flight`
      : "just begun";
    const what = now.phase === "calibrate" ? "Against a target that answers at once" : "Trial under way";
    parts.push(
      element(
        "div",
        { class: "now" },
        element("dt", {}, `${what}: ${level(now.rate)}, ${now.seconds.length} of ${duration(now.length_s)}`),
        element("dd", {}, spark(now.seconds.map(({ p99_ms: value }) => value)), ` ${figures}`),
      ),
    );
  }
  host.replaceChildren(...parts);
}
