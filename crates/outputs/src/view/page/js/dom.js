/* Elements. Text is always set as text, never as HTML: it comes from scripts and servers. */

/* An element with attributes and children; `on...` attributes are listeners, null ones are left out. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/* A picture from the `d` of one stroked path in a 24 x 24 box. */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  ok: "M5 12.5l4.5 4.5L19 7.5",
  bad: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  warn: "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.3",
  wide: "M14 4h6v6M10 20H4v-6M20 4l-7 7M4 20l7-7",
  table: "M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14",
  sun: "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3L19 19M19 5l-1.7 1.7M6.7 17.3L5 19",
  moon: "M20 14.5A8.5 8.5 0 019.5 4a8.5 8.5 0 1010.5 10.5z",
  both: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 3v18M15 4.5v15M18 6.5v11",
};

/* Buttons of which one is pressed. `options` are [value, text, title]; returns how to press one. */
export function choice(host, options, chosen, onChoose) {
  const press = (value) => {
    for (const button of host.children) button.setAttribute("aria-pressed", String(button.dataset.value === value));
  };
  host.replaceChildren(
    ...options.map(([value, text, title]) =>
      element(
        "button",
        {
          type: "button",
          "data-value": value,
          title,
          onclick: () => {
            press(value);
            onChoose(value);
          },
        },
        text,
      ),
    ),
  );
  press(chosen);
  return press;
}

/* Replaces the children only when the text that they stand for has changed: what has focus or is being
   selected stays. */
export function refresh(host, key, make) {
  if (host.dataset.key === key) return;
  host.dataset.key = key;
  const children = make();
  host.replaceChildren(...(Array.isArray(children) ? children : [children]).flat().filter(Boolean));
}
