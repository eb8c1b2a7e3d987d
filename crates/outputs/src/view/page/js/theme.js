/* Light, dark or as the system wants it, and the colours as canvases need them. */

import { ICONS, byId, element, icon } from "./dom.js";

const root = document.documentElement;
const KEY = "plimsoll-theme";
const NAMES = ["system", "light", "dark"];
const listeners = [];
let known = new Map();

export function onTheme(listener) {
  listeners.push(listener);
}

/* A custom property's colour, resolved for the theme that shows. */
export function color(name) {
  let value = known.get(name);
  if (value === undefined) {
    const probe = element("span", { hidden: true });
    probe.style.color = `var(${name})`;
    root.append(probe);
    value = getComputedStyle(probe).color;
    probe.remove();
    known.set(name, value);
  }
  return value;
}

export function isDark() {
  const chosen = root.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/* With an alpha between 0 and 1. */
export function faded(rgb, alpha) {
  return rgb.replace(
    /^rgba?\(([^)]+)\)$/,
    (_, parts) =>
      `rgba(${parts
        .split(/[ ,/]+/)
        .slice(0, 3)
        .join(",")},${alpha})`,
  );
}

/* Colours of series by name, and in turn for those without meaning. */
const TURN = ["blue", "amber", "teal", "violet", "green", "pink", "olive", "red"].map((name) => `--${name}`);

export function inTurn(at) {
  return TURN[at % TURN.length];
}

function apply(name) {
  if (name === "system") delete root.dataset.theme;
  else root.dataset.theme = name;
  byId("theme").replaceChildren(icon(name === "system" ? ICONS.both : name === "light" ? ICONS.sun : ICONS.moon));
  byId("theme").title = `Theme: ${name} (t)`;
  changed();
}

function changed() {
  known = new Map();
  for (const listener of listeners) listener();
}

export function nextTheme() {
  const now = root.dataset.theme ?? "system";
  const next = NAMES[(NAMES.indexOf(now) + 1) % NAMES.length];
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A page opened from a file may have no storage; then the choice lasts as long as the page.
  }
  apply(next);
}

export function startTheme() {
  let stored = null;
  try {
    stored = localStorage.getItem(KEY);
  } catch {
    // As above.
  }
  apply(NAMES.includes(stored) ? stored : "system");
  byId("theme").addEventListener("click", nextTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  // Paper is white.
  let before;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    changed();
  });
  addEventListener("afterprint", () => {
    if (before) root.dataset.theme = before;
    else delete root.dataset.theme;
    changed();
  });
}
