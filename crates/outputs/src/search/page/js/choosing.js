/* The trial that all charts and the table point at, and which rates are shown. */

const listeners = [];
let chosen = null;
let isNear = false;

export function onChoice(listener) {
  listeners.push(listener);
}

function changed() {
  for (const listener of listeners) listener();
}

/* The place of the trial, from 0, or null. */
export function chosenTrial() {
  return chosen;
}

export function chooseTrial(at) {
  if (chosen === at) return;
  chosen = at;
  changed();
}

/* Whether only rates around the capacity are shown. */
export function nearOnly() {
  return isNear;
}

export function setNear(near) {
  isNear = near;
  changed();
}

/* Shares of the capacity that count as around it. */
const NEAR = [0.6, 1.4];

/* The rates that charts show. */
export function rates(search) {
  const { capacity, first_failing: failing, goal, trials } = search;
  const edge = capacity?.value ?? failing;
  const all = trials.map((trial) => trial.rate);
  if (isNear && edge) {
    const inside = all.filter((rate) => rate > edge * NEAR[0] && rate < edge * NEAR[1]);
    const width = Math.max(edge * 0.05, ...inside.map((rate) => Math.abs(rate - edge) * 1.12));
    return [edge - width, edge + width];
  }
  const now = search.progress?.now;
  const shown = [...all, capacity?.interval?.[1] ?? 0, goal?.rate ?? 0, now && !now.is_aside ? now.rate : 0];
  return [0, Math.max(1, ...shown) * 1.06];
}
