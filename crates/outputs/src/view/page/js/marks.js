/* Events: lines across every chart, and what they say under the mouse. */

import { placeOf, shownRuns } from "./store.js";
import { color, inTurn } from "./theme.js";

/* Pixels beside a line at which the mouse is still on it. */
const NEAR = 6;

/* By the event's kind; any other has the neutral colour. */
const COLORS = {
  invalid: "--bad",
  abort: "--bad",
  threshold: "--bad",
  warning: "--warn",
  probe: "--warn",
  fault: "--violet",
  heal: "--green",
};

export function colorOf(event) {
  return COLORS[event.kind] ?? "--soft";
}

/* What an event says, without the word that its kind says too. */
export function said({ text }) {
  return text.replace(/^INVALID: /, "");
}

function* marks() {
  const runs = shownRuns();
  for (const run of runs) {
    for (const event of run.events ?? []) {
      yield { ...event, run, tint: runs.length > 1 ? inTurn(placeOf(run)) : colorOf(event) };
    }
  }
}

export function drawMarks(chart) {
  const { ctx, bbox } = chart;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = scale;
  ctx.globalAlpha = 0.75;
  for (const { t, tint } of marks()) {
    const x = Math.round(chart.valToPos(t, "x", true)) + 0.5;
    if (!(x >= bbox.left && x <= bbox.left + bbox.width)) continue;
    ctx.strokeStyle = ctx.fillStyle = color(tint);
    ctx.setLineDash([3 * scale, 3 * scale]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 4 * scale, bbox.top - 6 * scale);
    ctx.lineTo(x + 4 * scale, bbox.top - 6 * scale);
    ctx.lineTo(x, bbox.top);
    ctx.fill();
  }
  ctx.restore();
}

/* Events at the mouse. */
export function marksNear(chart, left) {
  return [...marks()].filter(({ t }) => Math.abs(chart.valToPos(t, "x") - left) <= NEAR);
}
