/* Where runs come from: out of the page itself, or from the program that serves it. */

import { byId } from "./dom.js";
import { allRuns, append, put } from "./store.js";

/* Seconds without news after which a run that goes on is called silent: one point may be late. */
const SILENT_AFTER = 5;

const RETRY_MS = 1000;

let link = "whole";
let heard = 0;
let onLink = () => {};

/* `whole`: there is nothing to wait for; `live`; `silent`; `lost`: the program does not answer. */
export function linkState() {
  if (link === "live" && performance.now() - heard > SILENT_AFTER * 1000) return "silent";
  return link;
}

function setLink(state) {
  link = state;
  heard = performance.now();
  onLink();
}

export async function startSource(whenLinkChanges) {
  onLink = whenLinkChanges;
  const embedded = byId("data").textContent.trim();
  if (embedded) {
    for (const run of JSON.parse(embedded).runs) put(run);
    return;
  }
  try {
    const answer = await fetch("api/runs");
    if (!answer.ok) throw new Error(`${answer.status}`);
    for (const run of (await answer.json()).runs) put(run);
  } catch {
    setLink("lost");
    setTimeout(() => startSource(whenLinkChanges), RETRY_MS);
    return;
  }
  if (allRuns().length === 0 || allRuns().some((run) => run.live)) follow();
}

function follow() {
  const events = new EventSource("events");
  const over = () => {
    if (allRuns().some((run) => run.live)) return;
    events.close();
    setLink("whole");
  };
  events.addEventListener("open", () => setLink("live"));
  events.addEventListener("run", ({ data }) => {
    setLink("live");
    put(JSON.parse(data));
    over();
  });
  events.addEventListener("append", ({ data }) => {
    setLink("live");
    append(JSON.parse(data));
    over();
  });
  events.addEventListener("error", () => {
    setLink("lost");
    // A new connection starts with the whole run. The browser tries again by itself, but not after a refusal.
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, RETRY_MS);
  });
}
