/* The search itself: which rate was tried when, and how what is not known became less. */

import { Chart } from "./chart.js";
import { describeTrial } from "./curves.js";
import { element } from "./dom.js";
import { elapsed, onAxis } from "./format.js";

/* A greater ratio of the highest and the lowest rate needs a logarithmic axis. */
const RATIO = 6;

function plan(search) {
  const { trials, capacity } = search;
  if (!trials.length) return null;
  const tried = trials.map(({ rate }) => rate);
  const [low, high] = [Math.min(...tried), Math.max(...tried)];
  const log = high / low > RATIO;
  const from = log ? low / 1.25 : Math.max(0, low - (high - low) * 0.2 - low * 0.05);
  const to = high * (log ? 1.25 : 1.1);
  const end = Math.max(search.progress?.elapsed_s ?? 0, trials.at(-1).end);
  const sides = trials.flatMap((trial, at) => {
    const until = trials[at + 1]?.end ?? end;
    const side = [trial.bracket.low ?? from, trial.bracket.high ?? to];
    return [
      [trial.end, ...side],
      [until, ...side],
    ];
  });
  const starts = trials.filter((trial, at) => trial.phase !== trials[at - 1]?.phase);
  const under = search.progress?.now;
  const now = under?.is_aside ? null : under;
  return {
    x: { from: 0, to: end * 1.02, name: "time of the search", format: elapsed },
    y: { from, to, log, name: `tried, ${search.level.name}`, format: (value) => onAxis(value, "1/s") },
    areas: [{ points: sides, name: "bracket" }],
    verticals: starts.map(({ start, phase }) => ({ at: start, name: "phase", label: phase })),
    horizontals: capacity ? [{ at: capacity.value, name: "capacity", label: "" }] : [],
    segments: [
      ...trials.map(({ start, end: until, rate, verdict }) => ({
        from: start,
        to: until,
        y: rate,
        name: verdict.replace(" ", "-"),
      })),
      ...(now ? [{ from: trials.at(-1).end, to: end, y: now.rate, name: "now" }] : []),
    ],
    marks: trials.map(({ end: x, rate: y, verdict }, trial) => ({ x, y, verdict, trial })),
    summary: "The rates that were tried, by the time of the search",
  };
}

export function course() {
  const chart = new Chart({
    id: "course",
    title: "How the search went",
    note: "Each trial is a stroke that ends in its verdict. The shaded part is between the highest rate known to be kept and the lowest known not to be.",
    plan,
    describe: describeTrial,
    wide: true,
  });
  chart.element.append(
    element(
      "details",
      {},
      element("summary", {}, "What the phases are for"),
      element(
        "dl",
        { class: "phases" },
        PHASES.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]),
      ),
    ),
  );
  return chart;
}

const PHASES = [
  ["bracket", "Short trials, each at twice the rate, until one keeps the objectives and one does not."],
  ["narrow", "Short trials halve what is between; an unclear one is repeated for longer."],
  ["confirm", "Long trials at both sides of the answer, in mixed order: most must agree."],
  ["hold", "What it is like at 50, 80 and 100 % of the capacity."],
  ["overload", "More than it can take: 120 %."],
  ["recover", "Back to 90 %: does it keep its objectives again after the overload?"],
];
