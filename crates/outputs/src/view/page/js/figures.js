/* What a run says as a whole: its totals, its verdict, whether it is valid. */

import { elapsed, plural } from "./format.js";
import { greatest, last, mean, sum } from "./lines.js";
import { kindOf } from "./load.js";

/* As the program's own rule has it: lateness at the 99th percentile above which the generator was the limit. */
export const LATENESS_LIMIT_MS = 10;
/* Seconds: a shorter run is mostly start-up, and not judged. */
export const JUDGED_FROM = 5;
/* Points of a run that goes on over which the generator is judged. */
const LATELY = 10;

/* Seconds that the run has taken. */
export function seconds(run) {
  return run.end ? run.end.duration_ms / 1000 : (run.t.at(-1) ?? 0);
}

/* Each point's rate over its own length, so the sum of rates times the length is the count. */
function total(run, column) {
  return sum(column) * (run.interval ?? 1);
}

export function figures(run) {
  const { load, totals } = run;
  const requests = totals?.requests ?? total(run, load.done);
  const failed = totals?.failed ?? total(run, load.failed);
  const length = seconds(run);
  const kind = kindOf(run);
  return {
    requests,
    failed,
    errorShare: requests > 0 ? failed / requests : null,
    rate: length > 0 ? requests / length : null,
    asked: mean(load.asked),
    iterations: totals?.iterations ?? total(run, load.iterations),
    dropped: totals?.dropped ?? total(run, load.dropped),
    vus: greatest(load.vus),
    received: totals?.data_received ?? total(run, load.data_received),
    sent: totals?.data_sent ?? total(run, load.data_sent),
    kind,
    latency: totals?.latency?.[kind] ?? null,
    lateness: totals?.latency?.lateness ?? null,
    length,
  };
}

/* Why the numbers are not the service's, in sentences; empty when nothing is known against them. */
export function doubts(run) {
  const told = [
    ...(run.events ?? []).filter(({ kind }) => kind === "invalid").map(({ text }) => text),
    ...(run.warnings ?? []),
  ];
  const late = (run.latency.lateness?.p99 ?? []).slice(-LATELY).filter((value) => value != null);
  if (run.live && late.length >= JUDGED_FROM && Math.min(...late) > LATENESS_LIMIT_MS) {
    told.push(
      `generator-limited: for the last ${plural(late.length, "point")} what was due started late (p99 above ${LATENESS_LIMIT_MS} ms)`,
    );
  }
  return [...new Set(told.map((text) => text.replace(/^INVALID: /, "")))];
}

export function isLimited(run) {
  return doubts(run).some((text) => text.startsWith("generator-limited"));
}

/* How the run stands: `state` is ok, bad, warn, going or none. */
export function verdict(run) {
  const all = run.thresholds ?? [];
  const failed = all.filter(({ ok }) => ok === false);
  if (run.live) {
    if (failed.length)
      return {
        state: "bad",
        title: "Failing",
        text: `${failed.length} of ${plural(all.length, "threshold")} ${failed.length === 1 ? "does" : "do"} not hold so far`,
      };
    const holds = all.length === 1 ? "the threshold holds so far" : `all ${all.length} thresholds hold so far`;
    return { state: "going", title: "Running", text: all.length ? holds : "no thresholds are set" };
  }
  const held = all.length === 1 ? "the threshold held" : `all ${all.length} thresholds held`;
  if (!run.end) return { state: "warn", title: "Unfinished", text: `the record ends after ${elapsed(seconds(run))}` };
  const stopped = run.end.reason !== "finished" ? `; stopped early: ${run.end.reason}` : "";
  if (failed.length)
    return {
      state: "bad",
      title: "Failed",
      text: `${failed.length} of ${plural(all.length, "threshold")} ${failed.length === 1 ? "was" : "were"} crossed${stopped}`,
    };
  if (stopped)
    return {
      state: "warn",
      title: "Stopped early",
      text: all.length ? `${run.end.reason}; ${held}` : run.end.reason,
    };
  if (!all.length) return { state: "none", title: "Finished", text: "no thresholds were set, so nothing was judged" };
  return {
    state: "ok",
    title: "Passed",
    text: held,
  };
}

/* The last known value of a column, for a run that goes on. */
export function now(run, column) {
  return run.live ? last(column) : null;
}
