/* One chart: lines over time, drawn by uPlot, with the cursor and the zoom of all the others. */

import { timeAxis, valueAxis } from "./axes.js";
import { drawMarks } from "./marks.js";
import { color, faded } from "./theme.js";
import { range, setZoom, unzoom } from "./timeline.js";
import { tooltip } from "./tooltip.js";

const SYNC = "time";
/* Points per pixel. */
const DENSE_FROM = 2;
/* Pixels that a drag must have, so that a click is none. */
const DRAG_LEAST = 5;

export class Chart {
  #host;
  #chart = null;
  #signature = "";
  #onCursor;
  #onDrawn;
  model = null;

  /* `onCursor(index)` tells where in the times the cursor is, or null. */
  constructor(host, onCursor, onDrawn) {
    this.#host = host;
    this.#onCursor = onCursor;
    this.#onDrawn = onDrawn;
  }

  /* Draws `model`: `x`, `lines` ({key, label, values, color, dash, width, fill, stack, axis}), `unit`,
     perhaps `unit2` of a second axis, `log`, `limits` ({label, value}), `heat`, `height`. */
  draw(model) {
    this.model = model;
    const data = [model.x, ...heights(model.lines), ...(model.heat ? [model.x.map(() => null)] : [])];
    const signature = JSON.stringify([
      model.unit,
      model.unit2,
      model.log,
      model.height,
      Boolean(model.heat),
      devicePixelRatio,
      this.#isDense(),
      model.lines.map(({ key, color: name, dash, width, fill, stack, axis }) => [
        key,
        name,
        dash,
        width,
        fill,
        stack,
        axis,
      ]),
    ]);
    if (this.#chart && signature === this.#signature) {
      this.#chart.batch(() => {
        this.#chart.setData(data, false);
        this.rescale();
      });
      return;
    }
    this.destroy();
    this.#signature = signature;
    this.#chart = new uPlot(this.#options(), data, this.#host);
    this.rescale();
  }

  destroy() {
    this.#chart?.destroy();
    this.#chart = null;
  }

  get isDrawn() {
    return this.#chart !== null;
  }

  rescale() {
    const [min, max] = range();
    this.#chart?.setScale("x", { min, max });
  }

  resize() {
    const width = this.#host.clientWidth;
    if (this.#chart && width > 0 && width !== this.#chart.width)
      this.#chart.setSize({ width, height: this.model.height });
  }

  /* Puts the cursor at a time, on this chart and so on all. */
  point(time) {
    if (!this.#chart) return;
    if (time === null) this.#chart.setCursor({ left: -10, top: -10 });
    else this.#chart.setCursor({ left: this.#chart.valToPos(time, "x"), top: this.#chart.over.clientHeight / 2 });
  }

  /* Whether there are more points than pixels: then lines are thin, or they would be blots. */
  #isDense() {
    return this.model.x.length > this.#host.clientWidth * DENSE_FROM;
  }

  #options() {
    const { model } = this;
    const host = this.#host;
    const tip = tooltip(() => this.model);
    return {
      width: host.clientWidth || 400,
      height: model.height,
      padding: [8, model.unit2 ? 0 : 18, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: !model.heat, size: 7 },
        sync: { key: SYNC, setSeries: false, scales: ["x", null] },
        drag: { x: true, y: false, setScale: false, dist: DRAG_LEAST },
        bind: {
          dblclick: () => () => {
            unzoom();
            return null;
          },
        },
      },
      scales: { x: { time: false }, y: this.#scale(), ...(model.unit2 ? { y2: { range: fromZero } } : {}) },
      axes: [timeAxis(), valueAxis(model, "y"), ...(model.unit2 ? [valueAxis(model, "y2")] : [])],
      series: [
        {},
        ...model.lines.map((line) => series(line, this.#isDense())),
        ...(model.heat ? [{ scale: "y", paths: () => null, points: { show: false } }] : []),
      ],
      bands: bands(model.lines),
      hooks: {
        init: [tip.init],
        setCursor: [tip.move, (chart) => this.#onCursor(chart.cursor.left >= 0 ? chart.cursor.idx : null)],
        setSelect: [select],
        drawAxes: [(chart) => this.model.heat?.draw(chart)],
        draw: [(chart) => drawLimits(chart, this.model), drawMarks, () => this.#onDrawn()],
      },
    };
  }

  #scale() {
    const { model } = this;
    if (model.heat) return { distr: model.log ? 3 : 1, log: 10, range: () => this.model.heat.range(this.model.log) };
    const limits = () => (this.model.limits ?? []).map(({ value }) => value);
    if (model.log) {
      return {
        distr: 3,
        log: 10,
        range: (_, min, max) =>
          min == null ? [1, 1000] : [Math.max(min, 1e-4) / 1.25, Math.max(max, ...limits(), 1e-3) * 1.25],
      };
    }
    if (model.unit === "share") {
      return {
        range: (_, __, max) => [0, max == null ? 1 : max > 0.5 ? Math.max(1, max * 1.05) : Math.max(max * 1.25, 0.05)],
      };
    }
    // A limit far above what is used would press the line flat.
    return {
      range: (_, min, max) =>
        fromZero(_, min, Math.max(max ?? 0, ...limits().filter((value) => value < (max ?? 0) * 3))),
    };
  }
}

function fromZero(_, __, max) {
  return [0, max > 0 ? max * 1.1 : 1];
}

/* What is drawn of each line: stacked ones stand on those before them. */
function heights(lines) {
  let below = null;
  return lines.map((line) => {
    if (!line.stack) return line.values;
    const ground = below;
    below = line.values.map((value, at) => (value ?? 0) + (ground?.[at] ?? 0));
    return below;
  });
}

/* Of stacked lines each is filled down to the one before it. */
function bands(lines) {
  const stacked = lines.flatMap((line, at) => (line.stack ? [at + 1] : []));
  return stacked.slice(1).map((at, before) => ({ series: [at, stacked[before]] }));
}

function series(line, isDense) {
  const stroke = color(line.color);
  const fill = line.stack ? 0.45 : (line.fill ?? 0);
  return {
    label: line.label,
    scale: line.axis ?? "y",
    stroke,
    width: isDense ? 1 : (line.width ?? (line.stack ? 1 : 1.6)),
    // Of points closer than pixels dashes would be noise, and slow.
    dash: line.dash?.length && !isDense ? line.dash : undefined,
    fill: fill ? faded(stroke, fill) : undefined,
    spanGaps: false,
    points: { show: false, size: 6, width: 0, fill: stroke, filter: lonely },
  };
}

/* Points without neighbours, which no line would show. */
function lonely(chart, at, _, gaps) {
  const values = chart.data[at];
  const [first, last] = chart.series[0].idxs ?? [0, values.length - 1];
  if (!gaps?.length && last - first > 0) return null;
  const found = [];
  for (let index = first; index <= last; index += 1) {
    if (values[index] != null && values[index - 1] == null && values[index + 1] == null) found.push(index);
  }
  return found.length ? found : null;
}

function select(chart) {
  const { left, width } = chart.select;
  if (width < DRAG_LEAST) return;
  chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  setZoom(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
}

/* Limits are dashed across the chart, with their names. */
function drawLimits(chart, model) {
  const { ctx, bbox } = chart;
  for (const { label, value } of model.limits ?? []) {
    const y = chart.valToPos(value, "y", true);
    if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = color("--bad");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `${10.5 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = "right";
    // Where there is no room above the line it stands below.
    const below = y - bbox.top < 15 * devicePixelRatio;
    const place = [bbox.left + bbox.width - 4 * devicePixelRatio, y + (below ? 12 : -4) * devicePixelRatio];
    ctx.setLineDash([]);
    ctx.strokeStyle = color("--card");
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.strokeText(label, ...place);
    ctx.fillText(label, ...place);
    ctx.restore();
  }
}
