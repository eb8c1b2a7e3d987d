/* Drawings of charts as SVG: their colours are the style's, so a change of theme and paper need no new ones. */

import { scale, ticks } from "./scale.js";

const SPACE = "http://www.w3.org/2000/svg";

/* Least distance of two labels above each other. */
const LABEL_HEIGHT = 13;

const HEIGHT = 280;

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) if (value != null) made.setAttribute(key, value);
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

/* Each verdict has a shape of its own, so that it needs no colour. */
const SHAPES = {
  kept: (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  "not kept": (r) => `M${-r} ${-r}L${r} ${r}M${r} ${-r}L${-r} ${r}`,
  unclear: (r) => `M0 ${-r * 1.3}L${r * 1.3} 0L0 ${r * 1.3}L${-r * 1.3} 0z`,
  invalid: (r) => `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}zM${-r} ${r}L${r} ${-r}`,
};

export function markPath(verdict, radius = 4) {
  return (SHAPES[verdict] ?? SHAPES.unclear)(radius);
}

export function markClass(verdict) {
  return `trial-mark ${verdict.replace(" ", "-")}`;
}

/* A mark as it stands in text. */
export function sign(verdict) {
  return svg(
    "svg",
    { viewBox: "-8 -8 16 16", class: "shape", "aria-hidden": "true" },
    svg("path", { class: markClass(verdict), d: markPath(verdict, 4.5) }),
  );
}

/* Names what each drawing is cut by. */
let drawings = 0;

/* One drawing of a plan at a width. */
export class Picture {
  constructor(plan, width) {
    const { x, y } = plan;
    const labels = (plan.lines ?? []).map(({ label }) => label?.length ?? 0);
    this.left = 54;
    this.right = width - Math.max(14, Math.min(Math.max(0, ...labels) * 6.6 + 12, width * 0.3));
    this.top = 36;
    this.bottom = HEIGHT - 38;
    this.plan = plan;
    this.x = scale(x, this.left, this.right);
    this.y = scale(y, this.bottom, this.top);
    this.marks = [];
    this.root = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img" });
    this.root.setAttribute("aria-label", plan.summary ?? "");
    const clip = `clip-${(drawings += 1)}`;
    const frame = {
      x: this.left,
      y: this.top - 6,
      width: this.right - this.left + 8,
      height: this.bottom - this.top + 12,
    };
    this.inside = svg("g", { "clip-path": `url(#${clip})` });
    this.root.append(svg("clipPath", { id: clip }, svg("rect", frame)));
    this.bands();
    this.axes(width);
    this.root.append(this.inside);
    this.rules();
    this.lines();
    this.points();
  }

  bands() {
    for (const { from, to, name } of this.plan.bands ?? []) {
      const [left, right] = [this.x.at(from), this.x.at(to)].map((at) => this.within(at));
      const wide = Math.max(right - left, 2);
      this.root.append(
        svg("rect", { class: `band ${name}`, x: left, y: this.top, width: wide, height: this.bottom - this.top }),
      );
    }
  }

  within(at) {
    return Math.min(Math.max(at, this.left), this.right);
  }

  axes(width) {
    const { x, y } = this.plan;
    for (const value of ticks(y, 5)) {
      const at = this.y.at(value);
      this.root.append(
        svg("line", { class: "grid-line", x1: this.left, x2: this.right, y1: at, y2: at }),
        svg("text", { class: "tick", x: this.left - 7, y: at + 4, "text-anchor": "end" }, y.format(value)),
      );
    }
    for (const value of ticks(x, Math.max(4, Math.floor((this.right - this.left) / 80)))) {
      const at = this.x.at(value);
      this.root.append(
        svg("line", { class: "grid-line", x1: at, x2: at, y1: this.bottom, y2: this.bottom + 4 }),
        svg("text", { class: "tick", x: at, y: this.bottom + 17, "text-anchor": "middle" }, x.format(value)),
      );
    }
    this.root.append(
      svg("line", { class: "axis", x1: this.left, x2: this.right, y1: this.bottom, y2: this.bottom }),
      svg(
        "text",
        { class: "axis-name", x: (this.left + this.right) / 2, y: HEIGHT - 4, "text-anchor": "middle" },
        x.name,
      ),
      svg("text", { class: "axis-name", x: Math.min(8, width), y: 11 }, y.name),
    );
  }

  /* Lines across with their names: verticals above the plot, the first ones first, horizontals in it. */
  rules() {
    const taken = [];
    for (const { at, name, label } of (this.plan.verticals ?? []).filter(({ at }) => this.x.holds(at))) {
      const x = this.x.at(at);
      this.root.append(svg("line", { class: `rule ${name}`, x1: x, x2: x, y1: this.top, y2: this.bottom }));
      if (!label) continue;
      const half = label.length * 3.3;
      const place = Math.min(Math.max(x, this.left + half), this.right - half);
      if (taken.every((other) => Math.abs(other.place - place) > other.half + half + 6)) {
        taken.push({ place, half });
        this.root.append(svg("text", { class: `rule-name ${name}`, x: place, y: 28, "text-anchor": "middle" }, label));
      } else {
        // Beside its line, when there is no room above.
        const isRight = x + 2 * half + 6 < this.right;
        const side = { x: x + (isRight ? 5 : -5), "text-anchor": isRight ? "start" : "end" };
        this.root.append(svg("text", { class: `rule-name ${name}`, y: this.bottom - 7, ...side }, label));
      }
    }
    for (const { at, name, label } of (this.plan.horizontals ?? []).filter(({ at }) => this.y.holds(at))) {
      const y = this.y.at(at);
      this.root.append(
        svg("line", { class: `rule ${name}`, x1: this.left, x2: this.right, y1: y, y2: y }),
        svg("text", { class: `rule-name ${name}`, x: this.left + 6, y: y - 5 }, label),
      );
    }
  }

  lines() {
    for (const { points, name } of this.plan.areas ?? []) {
      const path = (side) => points.map((point) => `${this.x.at(point[0])},${this.y.at(point[side])}`);
      this.inside.append(
        svg("polygon", { class: `area ${name}`, points: [...path(1), ...path(2).reverse()].join(" ") }),
      );
    }
    for (const { from, to, y, name } of this.plan.segments ?? []) {
      const at = this.y.at(y);
      this.inside.append(
        svg("line", { class: `segment ${name}`, x1: this.x.at(from), x2: this.x.at(to), y1: at, y2: at }),
      );
    }
    const ends = [];
    for (const { points, name, color, label } of this.plan.lines ?? []) {
      const path = points.map(([x, y]) => `${this.x.at(x)},${this.y.at(y)}`).join(" ");
      const style = color && `color: var(${color})`;
      this.inside.append(svg("polyline", { class: `line ${name ?? ""}`, style, points: path }));
      const inside = points.filter(([x, y]) => this.x.holds(x) && this.y.holds(y));
      const last = inside.at(-1);
      if (label && last) ends.push({ y: this.y.at(last[1]), x: this.x.at(last[0]), style, label, name });
    }
    this.names(ends);
  }

  /* The names of lines at their ends, apart from each other. */
  names(ends) {
    ends.sort((a, b) => a.y - b.y);
    let least = this.top - 4;
    const places = ends.map((end) => (least = Math.max(end.y, least + LABEL_HEIGHT)));
    const over = (places.at(-1) ?? 0) - this.bottom;
    if (over > 0) {
      let most = this.bottom;
      for (let at = places.length - 1; at >= 0; at -= 1) {
        places[at] = Math.min(places[at], most);
        most = places[at] - LABEL_HEIGHT;
      }
    }
    ends.forEach(({ x, y, style, label, name }, at) => {
      const edge = this.right + 8;
      if (edge - x > 12 || Math.abs(places[at] - y) > 3)
        this.root.append(svg("line", { class: "leader", style, x1: x + 3, x2: edge - 1, y1: y, y2: places[at] }));
      this.root.append(svg("text", { class: `line-name ${name ?? ""}`, style, x: edge + 2, y: places[at] + 4 }, label));
    });
  }

  points() {
    for (const { x, y, color, name } of this.plan.dots ?? []) {
      if (!this.x.holds(x) || !this.y.holds(y)) continue;
      const style = color && `color: var(${color})`;
      const at = { cx: this.x.at(x), cy: this.y.at(y), r: 3 };
      this.root.append(svg("circle", { class: `dot-mark ${name ?? ""}`, style, ...at }));
    }
    for (const { x, y, verdict, trial } of this.plan.marks ?? []) {
      if (!this.x.holds(x) || y == null || !this.y.holds(y)) continue;
      const [left, top] = [this.x.at(x), this.y.at(y)];
      this.marks.push({ x: left, y: top, trial });
      this.root.append(
        svg("path", { class: markClass(verdict), d: markPath(verdict), transform: `translate(${left} ${top})` }),
      );
    }
  }
}
