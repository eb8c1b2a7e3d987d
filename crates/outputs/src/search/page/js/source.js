/* Where the search comes from: out of the page itself, or from the program that serves it. */

import { byId } from "./dom.js";
import { count } from "./format.js";

/* Seconds without news after which a search that goes on is called silent. A trial drains for up to 15. */
const SILENT_AFTER = 25;

const RETRY_MS = 1000;

let known = null;
let link = "whole";
let heard = 0;
let onNews = () => {};

export function search() {
  return known;
}

/* A level of what the search raises: 1,840/s, 500 VUs. */
export function level(value) {
  return `${count(value)}${known.level.suffix}`;
}

/* `whole`: there is nothing to wait for; `live`; `silent`; `lost`: the program does not answer. */
export function linkState() {
  if (link === "live" && performance.now() - heard > SILENT_AFTER * 1000) return "silent";
  return link;
}

function told(state) {
  link = state;
  heard = performance.now();
  onNews();
}

export async function startSource(whenNew) {
  onNews = whenNew;
  const embedded = byId("data").textContent.trim();
  if (embedded) {
    known = JSON.parse(embedded);
    onNews();
    return;
  }
  try {
    const answer = await fetch("api/search");
    if (!answer.ok) throw new Error(`${answer.status}`);
    known = await answer.json();
  } catch {
    told("lost");
    setTimeout(() => startSource(whenNew), RETRY_MS);
    return;
  }
  if (known.progress) follow();
  else told("whole");
}

function follow() {
  const events = new EventSource("events");
  events.addEventListener("open", () => told("live"));
  events.addEventListener("search", ({ data }) => {
    known = JSON.parse(data);
    if (!known.progress) events.close();
    told(known.progress ? "live" : "whole");
  });
  events.addEventListener("progress", ({ data }) => {
    known.progress = JSON.parse(data);
    told("live");
  });
  events.addEventListener("error", () => {
    told("lost");
    // A new connection starts with the whole. The browser tries again by itself, but not after a refusal.
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, RETRY_MS);
  });
}
