/* The box beside the mouse: the time, the value of each line there, and events. */

import { element } from "./dom.js";
import { amount, clock, elapsed } from "./format.js";
import { marksNear, said } from "./marks.js";
import { shownRuns } from "./store.js";

/* Lines that are told; a machine may have a hundred cores. */
const ROWS = 12;

export function tooltip(modelOf) {
  let box;
  let isOver = false;
  const init = (chart) => {
    box = element("div", { class: "tip", hidden: true });
    chart.over.append(box);
    chart.over.addEventListener("mouseenter", () => {
      isOver = true;
    });
    chart.over.addEventListener("mouseleave", () => {
      isOver = false;
      box.hidden = true;
    });
  };
  const move = (chart) => {
    const { left, top, idx } = chart.cursor;
    // The other charts follow with their cursor alone.
    if (!isOver || left < 0 || idx == null) {
      box.hidden = true;
      return;
    }
    const model = modelOf();
    const rows = model.heat ? model.heat.rows(chart) : linesAt(model, idx);
    const marks = marksNear(chart, left);
    box.hidden = rows.length === 0 && marks.length === 0;
    if (box.hidden) return;
    box.replaceChildren(
      element("b", {}, timeText(model.x[idx])),
      ...(rows.length ? [table(rows)] : []),
      ...marks.map(mark),
    );
    place(chart, box, left, top);
  };
  return { init, move };
}

function timeText(time) {
  const runs = shownRuns();
  return runs.length === 1 ? `${elapsed(time)} · ${clock(runs[0].started + time * 1000)}` : elapsed(time);
}

/* [colour, label, value] of each line at a time; of many the greatest. */
function linesAt(model, index) {
  const rows = model.lines.map((line) => ({ line, value: line.values[index] })).filter(({ value }) => value != null);
  const shown = rows.length > ROWS ? rows.toSorted((a, b) => b.value - a.value).slice(0, ROWS) : rows;
  const told = shown.map(({ line, value }) => [
    line.color,
    line.label,
    amount(value, line.axis === "y2" ? model.unit2 : model.unit),
  ]);
  if (rows.length > ROWS) told.push([null, `and ${rows.length - ROWS} more`, ""]);
  return told;
}

function table(rows) {
  return element(
    "table",
    {},
    rows.map(([tint, label, value]) =>
      element(
        "tr",
        {},
        element("td", {}, tint && element("i", { style: `background:var(${tint})` }), label),
        element("td", {}, value),
      ),
    ),
  );
}

function mark(event) {
  const { t, kind, run, tint } = event;
  const who = shownRuns().length > 1 ? `${run.label}: ` : "";
  return element(
    "p",
    { class: "event" },
    element("i", { style: `background:var(${tint})` }),
    `${who}${elapsed(t)} ${kind}: ${said(event)}`,
  );
}

function place(chart, box, left, top) {
  const { clientWidth, clientHeight } = chart.over;
  const { offsetWidth, offsetHeight } = box;
  const right = left + 14;
  box.style.left = `${right + offsetWidth > clientWidth ? Math.max(-50, left - offsetWidth - 14) : right}px`;
  box.style.top = `${Math.max(-10, Math.min(top - 10, clientHeight - offsetHeight))}px`;
}
