/* A chart in its panel: drawn anew for each width, with the trials on it to be pointed at. */

import { chooseTrial, chosenTrial } from "./choosing.js";
import { element } from "./dom.js";
import { Picture, svg } from "./picture.js";

/* Pixels from a mark within which it is meant. */
const REACH = 26;

/* A panel whose picture `plan` describes; null says that there is nothing to see, and hides it. `describe` tells
   of one trial, as pairs. */
export class Chart {
  constructor({ id, title, note, plan, describe, wide }) {
    this.plan = plan;
    this.describe = describe;
    this.marks = [];
    this.note = element("small", {});
    this.host = element("div", {
      class: "plot",
      tabindex: "0",
      role: "group",
      "aria-label": `${title}: arrow keys go from trial to trial`,
    });
    this.tip = element("div", { class: "tip", hidden: true });
    this.below = element("p", { class: "reading" }, note ?? "");
    this.element = element(
      "figure",
      { class: wide ? "panel wide" : "panel", id },
      element("div", { class: "head" }, element("h3", {}, title, this.note)),
      element("div", { class: "chart" }, this.host, this.tip),
      this.below,
    );
    this.host.addEventListener("pointermove", (event) => this.point(event));
    this.host.addEventListener("pointerleave", () => this.leave());
    this.host.addEventListener("focus", () => this.showTip());
    this.host.addEventListener("blur", () => {
      this.tip.hidden = true;
    });
    this.host.addEventListener("click", () => this.toRow());
    new ResizeObserver(() => this.draw()).observe(this.host);
  }

  update(search) {
    this.search = search;
    this.draw();
  }

  draw() {
    const planned = this.search && this.plan(this.search);
    this.element.hidden = !planned;
    if (!planned) return;
    this.note.textContent = planned.note ?? "";
    if (planned.reading) this.below.textContent = planned.reading;
    const width = this.host.clientWidth;
    if (width < 40) return;
    const picture = new Picture(planned, width);
    this.marks = picture.marks;
    this.host.replaceChildren(picture.root);
    this.emphasize();
  }

  /* Rings the chosen trial. */
  emphasize() {
    const svgRoot = this.host.firstChild;
    if (!svgRoot) return;
    svgRoot.querySelectorAll(".ring").forEach((ring) => ring.remove());
    for (const { x, y } of this.marks.filter(({ trial }) => trial === chosenTrial()))
      svgRoot.append(svg("circle", { class: "ring", cx: x, cy: y, r: 9 }));
    if (this.host === document.activeElement) this.showTip();
  }

  point(event) {
    const box = this.host.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const distance = (mark) => Math.hypot(mark.x - x, mark.y - y);
    const near = this.marks.reduce((best, mark) => (!best || distance(mark) < distance(best) ? mark : best), null);
    if (!near || distance(near) > REACH) return this.leave();
    chooseTrial(near.trial);
    this.showTip(near);
  }

  leave() {
    this.tip.hidden = true;
    chooseTrial(null);
  }

  showTip(mark = this.marks.find(({ trial }) => trial === chosenTrial())) {
    this.tip.hidden = !mark;
    if (!mark) return;
    const { title, pairs } = this.describe(this.search, mark.trial);
    this.tip.replaceChildren(
      element("b", {}, title),
      element(
        "table",
        {},
        pairs.map(([name, value]) => element("tr", {}, element("td", {}, name), element("td", {}, value))),
      ),
    );
    const width = this.host.clientWidth;
    const [wide, high] = [this.tip.offsetWidth, this.tip.offsetHeight];
    const left = mark.x + 14 + wide > width ? mark.x - 14 - wide : mark.x + 14;
    this.tip.style.left = `${Math.max(0, Math.min(left, width - wide))}px`;
    this.tip.style.top = `${Math.max(0, mark.y - high / 2)}px`;
  }

  toRow() {
    const at = chosenTrial();
    if (at != null) document.getElementById(`trial-${at + 1}`)?.scrollIntoView({ block: "center" });
  }
}
