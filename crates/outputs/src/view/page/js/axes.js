/* The axes of charts: what is written at them, and where grid lines are. */

import { elapsed, onAxis } from "./format.js";
import { color } from "./theme.js";

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

const axis = (more) => ({
  stroke: color("--soft"),
  font: FONT,
  grid: { stroke: color("--grid"), width: 1 },
  ticks: { show: false },
  ...more,
});

/* Pixels of height for a label. */
const LABEL_ROOM = 28;

/* Steps that are whole in minutes and hours. */
const STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  14400, 21600, 43200, 86400,
];

export function timeAxis() {
  const label = (value, step) =>
    step < 1 ? `${elapsed(value)}.${value.toFixed(3).split(".")[1].replace(/0+$/, "") || "0"}` : elapsed(value);
  return axis({
    size: 27,
    gap: 7,
    space: 64,
    incrs: STEPS,
    values: (_, splits, __, ___, step) => splits.map((value) => label(value, step)),
  });
}

/* What is round in bytes. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

export function valueAxis(model, scale) {
  const unit = scale === "y2" ? model.unit2 : model.unit;
  const isLog = model.log && scale === "y";
  // Of each decade 1, 2 and 5 have labels where there is room for them.
  const isWide = (chart) => Math.log10(chart.scales.y.max / chart.scales.y.min) * 3 > model.height / LABEL_ROOM;
  // The axis may begin anywhere, and what is not round has no label.
  const labelled = (chart, value) =>
    (isWide(chart) ? [1] : [1, 2, 5]).some(
      (round) => value.toExponential(9) === (round * 10 ** Math.floor(Math.log10(value) + 1e-9)).toExponential(9),
    );
  return axis({
    scale,
    side: scale === "y2" ? 1 : 3,
    size: scale === "y2" ? 44 : 62,
    gap: 6,
    space: 34,
    values: (chart, splits) =>
      splits.map((value) => (value == null || (isLog && !labelled(chart, value)) ? "" : onAxis(value, unit))),
    ...(unit === "bytes" ? { incrs: BINARY_STEPS } : {}),
    ...(scale === "y2" ? { grid: { show: false } } : {}),
    ...(isLog
      ? {
          grid: {
            stroke: color("--grid"),
            width: 1,
            filter: (chart, splits) => splits.map((value) => (value != null && labelled(chart, value) ? value : null)),
          },
        }
      : {}),
  });
}
