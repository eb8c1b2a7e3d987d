/* What was busy at which rate, and where each line ends. */

import { Chart } from "./chart.js";
import { describeTrial, medians, rateAxis } from "./curves.js";
import { rates } from "./choosing.js";
import { element } from "./dom.js";
import { amount, onAxis, percent } from "./format.js";

/* Others than what gives first and next that are drawn. */
const OTHERS = 5;

/* What has a role has its colour. */
const NAMED = { first: "--red", next: "--amber" };
const COLORS = ["--teal", "--violet", "--olive", "--pink", "--green"];

function shown(search) {
  const rest = search.resources.filter(({ role }) => role === "other").slice(0, OTHERS);
  const named = search.resources.filter(({ role }) => role !== "other");
  return [...named, ...rest].map((resource, at) => ({
    ...resource,
    letter: String.fromCharCode(65 + at),
    color: NAMED[resource.role] ?? COLORS[at % COLORS.length],
  }));
}

function points(search, { shares }) {
  const at = new Map(search.trials.map((trial, index) => [trial, shares[index]]));
  return medians(search.trials, (trial) => at.get(trial));
}

function plan(search) {
  const resources = shown(search);
  if (!resources.length) return null;
  const axis = rateAxis(search);
  const lines = resources.map((resource) => ({
    points: points(search, resource).map(([rate, share]) => [rate, Math.min(share, 1.3)]),
    color: resource.color,
    name: resource.role,
    label: resource.letter,
  }));
  // Limits are rates: on an axis of something else they have no place.
  const limits = resources.filter(({ limit }) => limit && search.level.is_rate);
  const inside = limits.filter(({ limit }) => limit.value >= axis.x.from && limit.value <= axis.x.to);
  const first = resources.find(({ role }) => role === "first");
  const marked = first ?? resources[0];
  return {
    ...axis,
    y: { from: 0, to: 1.15, name: "in use", format: (value) => onAxis(value, "share") },
    horizontals: [{ at: 1, name: "full", label: "all of it" }],
    lines: lines.reverse(),
    segments: inside.map(({ limit, role }) => ({ from: limit.low, to: limit.high, y: 1, name: `limit ${role}` })),
    dots: inside.map(({ limit, color, role }) => ({ x: limit.value, y: 1, color, name: `limit ${role}` })),
    marks: search.trials.map(({ rate, verdict }, trial) => ({ x: rate, y: marked.shares[trial], verdict, trial })),
    summary: "Share in use of each resource by what was asked for",
  };
}

/* The letters of the chart, in words. */
function key(search) {
  const [, to] = rates(search);
  return shown(search).map(({ letter, words, limit, role, color, shares }) => {
    const highest = Math.max(0, ...shares.filter((share) => share != null));
    const beyond = limit && search.level.is_rate && limit.value > to ? " (beyond the picture)" : "";
    return element(
      "li",
      { class: role },
      element("b", { class: "letter", style: `color: var(${color})` }, letter),
      element(
        "span",
        { class: "what" },
        words,
        element(
          "small",
          {},
          [
            { first: "gives first", next: search.first ? "gives next" : "nearest limit" }[role],
            `${percent(highest, 2)} at most`,
            limit && `limit at about ${amount(limit.value, "1/s")}${beyond}`,
          ]
            .filter(Boolean)
            .join(", "),
        ),
      ),
    );
  });
}

/* The chart with its key beside it. */
export class Resources {
  constructor() {
    this.chart = new Chart({
      id: "resources",
      title: "What was busy",
      note: "A resource is a limit where its line reaches 100 %. Dots at the top are predicted limits, with their 95 % intervals. Points are the trials, on the line of the first.",
      plan,
      describe: describeTrial,
    });
    this.key = element("ul", { class: "letters" });
    this.chart.below.before(this.key);
    this.element = this.chart.element;
  }

  update(search) {
    this.chart.update(search);
    this.key.replaceChildren(...key(search));
  }
}
