/* How many requests or iterations took how long, second by second: each cell's colour is its count. */

import { element } from "./dom.js";
import { count, milliseconds } from "./format.js";
import { isDark } from "./theme.js";
import { measured } from "./words.js";

/* Ramps of even perceived steps, from few to many: away from the paper's lightness. */
const LIGHT = ["#e4eefb", "#bcd9f2", "#83bde6", "#4a97d2", "#2a6fb5", "#2b4a90", "#2a2a63"];
const DARK = ["#1c2340", "#2b3f7e", "#2f66ad", "#2f93bd", "#45bfb0", "#9bdf8d", "#f4f59b"];

const SHADES = 256;

function channels(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

/* 256 shades, as [r, g, b] each. */
function ramp(stops) {
  const parts = stops.map(channels);
  return Array.from({ length: SHADES }, (_, shade) => {
    const at = (shade / (SHADES - 1)) * (parts.length - 1);
    const low = Math.min(Math.floor(at), parts.length - 2);
    return parts[low].map((value, channel) => Math.round(value + (parts[low + 1][channel] - value) * (at - low)));
  });
}

const RAMPS = { light: ramp(LIGHT), dark: ramp(DARK) };

export class Heat {
  #run;
  #lowest = Infinity;
  #highest = -1;
  #image = null;
  #imageKey = "";
  most = 0;

  constructor(run) {
    this.#run = run;
    for (const row of run.heat.rows) {
      for (let at = 0; at + 1 < row.length; at += 2) {
        this.#lowest = Math.min(this.#lowest, row[at]);
        this.#highest = Math.max(this.#highest, row[at]);
      }
    }
  }

  get #noun() {
    return measured(this.#run, this.#run.heat.of);
  }

  get isEmpty() {
    return this.#highest < 0;
  }

  /* Least and greatest value of a bucket. */
  #sides(bucket) {
    const { bounds } = this.#run.heat;
    const high = bounds[bucket + 1] ?? bounds.at(-1);
    // The first bucket begins at nothing, where a logarithmic axis has no place.
    return [bounds[bucket] || high / 2, high];
  }

  range(isLog) {
    if (this.isEmpty) return [1, 1000];
    const [low] = this.#sides(this.#lowest);
    const [, high] = this.#sides(this.#highest);
    return isLog ? [low / 1.15, high * 1.15] : [0, high * 1.05];
  }

  draw(chart) {
    if (this.isEmpty) return;
    const { ctx, bbox } = chart;
    const image = this.#painted(chart);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.imageSmoothingEnabled = false;
    for (let bucket = this.#lowest; bucket <= this.#highest; bucket += 1) {
      const [low, high] = this.#sides(bucket);
      const bottom = Math.round(chart.valToPos(Math.max(low, chart.scales.y.min || low), "y", true));
      const top = Math.round(chart.valToPos(high, "y", true));
      ctx.drawImage(
        image,
        0,
        bucket - this.#lowest,
        image.width,
        1,
        bbox.left,
        top,
        bbox.width,
        Math.max(1, bottom - top),
      );
    }
    ctx.restore();
  }

  /* A picture with a row for each bucket and a column for each pixel of time. */
  #painted(chart) {
    const { min, max } = chart.scales.x;
    const width = Math.max(1, Math.round(chart.bbox.width));
    const key = [min, max, width, isDark(), this.#run.t.length].join(" ");
    if (key === this.#imageKey) return this.#image;
    this.#imageKey = key;
    const rows = this.#highest - this.#lowest + 1;
    const cells = this.#gathered(min, max, width, rows);
    this.most = cells.reduce((most, cell) => Math.max(most, cell), 0);
    const shades = RAMPS[isDark() ? "dark" : "light"];
    const pixels = new ImageData(width, rows);
    // Counts differ by powers of ten, and one slow request must be seen.
    const full = Math.log1p(this.most);
    cells.forEach((cell, at) => {
      if (!cell) return;
      const [r, g, b] = shades[Math.round((Math.log1p(cell) / full) * (SHADES - 1))];
      pixels.data.set([r, g, b, 255], at * 4);
    });
    this.#image = document.createElement("canvas");
    this.#image.width = width;
    this.#image.height = rows;
    this.#image.getContext("2d").putImageData(pixels, 0, 0);
    return this.#image;
  }

  /* Counts by bucket and pixel: what shares a pixel is added up. */
  #gathered(min, max, width, rows) {
    const { t, interval, heat } = this.#run;
    const cells = new Float64Array(width * rows);
    const column = (time) => Math.floor(((time - min) / (max - min)) * width);
    heat.rows.forEach((row, index) => {
      // A point may be somewhat longer than the others, the last one above all.
      const before = t[index - 1] ?? 0;
      const from = t[index] - before < 1.7 * interval ? before : t[index] - interval;
      if (t[index] <= min || from >= max) return;
      const first = Math.max(0, column(from));
      const last = Math.min(width - 1, Math.max(first, column(t[index]) - 1));
      for (let at = 0; at + 1 < row.length && first <= last; at += 2) {
        const base = (row[at] - this.#lowest) * width;
        for (let x = first; x <= last; x += 1) cells[base + x] += row[at + 1];
      }
    });
    return cells;
  }

  /* For the tooltip: the cell under the mouse and the whole second. */
  rows(chart) {
    const { idx, top } = chart.cursor;
    const row = this.#run.heat.rows[idx] ?? [];
    const value = chart.posToVal(top, "y");
    let whole = 0;
    let here = 0;
    let span = "";
    for (let at = 0; at + 1 < row.length; at += 2) {
      const [low, high] = this.#sides(row[at]);
      whole += row[at + 1];
      if (value > low && value <= high) {
        here = row[at + 1];
        span = `${milliseconds(low)} to ${milliseconds(high)}`;
      }
    }
    const told = [[null, "all", count(whole)]];
    if (here) told.unshift([null, span, count(here)]);
    return told;
  }

  /* The same in numbers, as lines for a table. */
  table() {
    const rows = this.#run.heat.rows.map((row) => {
      let [count, common, commonCount] = [0, null, 0];
      for (let at = 0; at + 1 < row.length; at += 2) {
        count += row[at + 1];
        if (row[at + 1] > commonCount) [common, commonCount] = [row[at], row[at + 1]];
      }
      const upTo = (bucket) => (bucket == null ? null : this.#sides(bucket)[1]);
      return { count, fastest: upTo(row[0]), common: upTo(common), slowest: upTo(row.at(-2)) };
    });
    const line = (label, unit, pick) => ({ label, unit, values: rows.map(pick) });
    return [
      line(this.#noun, "count", (row) => row.count),
      line("fastest, up to", "ms", (row) => row.fastest),
      line("most common, up to", "ms", (row) => row.common),
      line("slowest, up to", "ms", (row) => row.slowest),
    ];
  }

  /* What the colours mean. */
  key() {
    const stops = isDark() ? DARK : LIGHT;
    return element(
      "span",
      { class: "ramp" },
      "1 ",
      element("i", { style: `background:linear-gradient(90deg,${stops.join(",")})` }),
      ` ${count(this.most)} ${this.#noun}`,
    );
  }
}
