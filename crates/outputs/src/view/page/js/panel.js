/* A chart in its frame: title, what its lines are, the same as a table, and room to grow. */

import { Chart } from "./chart.js";
import { ICONS, element, icon } from "./dom.js";
import { amount, elapsed } from "./format.js";
import { frame, greatest, last } from "./lines.js";
import { onTheme } from "./theme.js";
import { onWindow, range } from "./timeline.js";

/* Rows of a chart's table; the times between are left out. */
const TABLE_ROWS = 60;
const TABLE_COLUMNS = 16;

/* Pixels of a chart that does not say how high it is. */
const HEIGHT = 190;

const panels = new Map();

/* Charts that nobody sees are not drawn. A margin lets them be ready when they come. */
const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) panels.get(entry.target)?.setVisible(entry.isIntersecting);
  },
  { rootMargin: "300px 0px" },
);

const sizes = new ResizeObserver((entries) => {
  for (const entry of entries) panels.get(entry.target)?.resize();
});

export function updatePanels() {
  for (const panel of panels.values()) panel.update();
}

export function visiblePanels() {
  return [...panels.values()].filter((panel) => panel.isVisible);
}

/* All are drawn, seen or not: for paper. */
export function drawAll() {
  for (const panel of panels.values()) panel.setVisible(true);
}

onTheme(() => {
  for (const panel of panels.values()) panel.redraw();
});
onWindow(() => {
  for (const panel of panels.values()) panel.rescale();
});

export class Panel {
  #spec;
  #chart;
  #host = element("div", { class: "chart" });
  #key = element("div", { class: "key" });
  #note = element("small");
  #table = element("div", { class: "scroll numbers", hidden: true });
  #hidden = new Set();
  #isDirty = true;
  #values = [];
  isVisible = false;

  /* `spec`: `id`, `title`, `note`, `controls` (an element), `height`, `isWanted()` where it may have
     no place, and `build(frame)`, which gives a chart's model, or `{ empty: why }`. */
  constructor(spec) {
    this.#spec = spec;
    this.#chart = new Chart(
      this.#host,
      (index) => this.#told(index),
      () => this.#drawn(),
    );
    this.#note.textContent = spec.note ?? "";
    const title = element("h3", { id: `${spec.id}-title` }, spec.title, this.#note);
    const tools = element(
      "span",
      { class: "panel-tools" },
      spec.controls,
      button("Table", "The numbers as a table", ICONS.table, (pressed) => this.#showTable(pressed)),
      button("Wide", "Over the whole width", ICONS.wide, (pressed) => this.#widen(pressed)),
    );
    this.#reserve();
    this.element = element(
      "section",
      { class: "panel", id: spec.id, "aria-labelledby": `${spec.id}-title` },
      element("div", { class: "head" }, title, tools),
      this.#host,
      this.#key,
      this.#table,
    );
    panels.set(this.element, this);
    seen.observe(this.element);
    sizes.observe(this.element);
  }

  remove() {
    this.#chart.destroy();
    panels.delete(this.element);
    seen.unobserve(this.element);
    sizes.unobserve(this.element);
    this.element.remove();
  }

  note(text) {
    if (this.#note.textContent !== text) this.#note.textContent = text;
  }

  setVisible(isVisible) {
    this.isVisible = isVisible;
    if (isVisible && this.#isDirty) this.#draw();
  }

  update() {
    this.#isDirty = true;
    this.element.hidden = this.#spec.isWanted?.() === false;
    if (this.isVisible) this.#draw();
  }

  /* Anew, as for other colours. */
  redraw() {
    this.#chart.destroy();
    this.update();
  }

  rescale() {
    if (this.isVisible && !this.#isDirty) this.#chart.rescale();
    else this.#isDirty = true;
  }

  resize() {
    this.#chart.resize();
  }

  point(time) {
    this.#chart.point(time);
  }

  #draw() {
    this.#isDirty = false;
    const model = this.#spec.build(frame());
    if (model.empty) {
      this.#chart.destroy();
      this.#host.replaceChildren(element("p", { class: "empty" }, model.empty));
      this.#key.replaceChildren();
      this.#values = [];
      return;
    }
    if (!this.#chart.isDrawn) this.#host.replaceChildren();
    const lines = model.lines.filter(({ key }) => !this.#hidden.has(key));
    this.#chart.draw({ height: this.#height(), limits: [], ...model, lines });
    this.#describe(model);
    this.#drawKey(model);
    if (!this.#table.hidden) this.#fillTable();
  }

  #height() {
    const height = this.#spec.height ?? HEIGHT;
    return this.element?.classList.contains("wide") ? Math.round(height * 1.7) : height;
  }

  /* Room for what is not drawn yet: else the page would grow under whoever goes to a section. */
  #reserve() {
    this.#host.style.minHeight = `${this.#height()}px`;
  }

  #describe(model) {
    const canvas = this.#host.querySelector("canvas");
    const told = model.lines
      .slice(0, 8)
      .map(
        (line) =>
          `${line.label}: last ${amount(last(line.values), model.unit)}, highest ${amount(greatest(line.values), model.unit)}`,
      );
    canvas?.setAttribute("role", "img");
    canvas?.setAttribute(
      "aria-label",
      `${this.#spec.title} over time. ${told.join("; ") || "The button Table has its numbers."}`,
    );
  }

  /* The lines' names with their values under the cursor, or the last ones. */
  #drawKey(model) {
    const key = model.lines.map((line) => [line.key, line.color, this.#hidden.has(line.key)].join("|")).join("\n");
    if (this.#key.dataset.key !== key && !model.heat) {
      this.#key.dataset.key = key;
      this.#values = model.lines.map((line) => {
        const value = element("b");
        const entry = element(
          "button",
          {
            type: "button",
            class: "entry",
            "aria-pressed": String(!this.#hidden.has(line.key)),
            title: "Hide or show; with Shift only this one",
            onclick: ({ shiftKey }) => this.#toggle(line, model.lines, shiftKey),
          },
          swatch(line),
          line.label,
          value,
        );
        return { line: line.key, axis: line.axis, value, entry };
      });
      this.#key.replaceChildren(...this.#values.map(({ entry }) => entry));
    }
    this.#told(null);
  }

  #toggle(line, all, isOnly) {
    const others = all.filter(({ key }) => key !== line.key);
    if (isOnly) {
      const areOff = others.every(({ key }) => this.#hidden.has(key)) && !this.#hidden.has(line.key);
      this.#hidden = new Set(areOff ? [] : others.map(({ key }) => key));
    } else if (!this.#hidden.delete(line.key)) {
      this.#hidden.add(line.key);
    }
    delete this.#key.dataset.key;
    this.update();
  }

  #told(index) {
    const { model } = this.#chart;
    if (!model || !this.isVisible) return;
    const known = new Map(model.lines.map((line) => [line.key, line]));
    for (const { line, axis, value } of this.#values) {
      const values = known.get(line)?.values;
      const shown = values && (index == null ? last(values) : values[index]);
      value.textContent = shown == null ? "" : amount(shown, axis === "y2" ? model.unit2 : model.unit);
    }
  }

  /* What the colours mean is known when all cells are counted. */
  #drawn() {
    const { heat } = this.#chart.model;
    if (heat) this.#key.replaceChildren(heat.key());
  }

  #widen(isWide) {
    this.element.classList.toggle("wide", isWide);
    this.#reserve();
    this.redraw();
  }

  #showTable(isShown) {
    this.#table.hidden = !isShown;
    if (isShown) this.#fillTable();
  }

  #fillTable() {
    const { model } = this.#chart;
    if (!model) return;
    const [from, to] = range();
    const inside = model.x.flatMap((time, at) => (time >= from && time <= to ? [at] : []));
    const step = Math.max(1, Math.ceil(inside.length / TABLE_ROWS));
    const rows = inside.filter((_, at) => at % step === 0);
    const lines = (model.heat?.table() ?? model.lines).slice(0, TABLE_COLUMNS);
    const unit = (line) => line.unit ?? (line.axis === "y2" ? model.unit2 : model.unit);
    this.#table.replaceChildren(
      element(
        "table",
        {},
        element("caption", {}, step > 1 ? `Every ${step}th point of what is shown` : "All points of what is shown"),
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            element("th", { scope: "col" }, "Time"),
            lines.map(({ label }) => element("th", { scope: "col" }, label)),
          ),
        ),
        element(
          "tbody",
          {},
          rows.map((at) =>
            element(
              "tr",
              {},
              element("th", { scope: "row" }, elapsed(model.x[at])),
              lines.map((line) => element("td", {}, amount(line.values[at], unit(line)))),
            ),
          ),
        ),
      ),
    );
  }
}

function button(name, title, path, onPress) {
  const made = element(
    "button",
    { type: "button", class: "icon small", title, "aria-label": name, "aria-pressed": "false" },
    icon(path),
  );
  made.addEventListener("click", () => {
    const isPressed = made.getAttribute("aria-pressed") !== "true";
    made.setAttribute("aria-pressed", String(isPressed));
    onPress(isPressed);
  });
  return made;
}

function swatch(line) {
  const style = line.dash?.length ? (line.dash[0] > 3 ? "dashed" : "dotted") : "solid";
  return element("i", { style: `color:var(${line.color});border-top-style:${style}` });
}
