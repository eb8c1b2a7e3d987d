/* The keyboard: the table of keys, and what each does. */

import { byId, element } from "./dom.js";

const NAMES = { ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };

/* Each of `keys` is a key, what it does in words, and the act. */
export function startShortcuts(keys) {
  byId("keys").replaceChildren(
    ...keys.map(([key, text]) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, element("kbd", {}, NAMES[key] ?? key)),
        element("td", {}, text),
      ),
    ),
  );
  byId("help-open").addEventListener("click", () => byId("help").showModal());
  addEventListener("keydown", (event) => {
    const isTaken = event.target.closest?.("input, textarea, select, dialog");
    if (isTaken || event.ctrlKey || event.metaKey || event.altKey) return;
    // Buttons and links are pressed by it.
    if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
    const found = keys.find(([key]) => key === event.key);
    if (!found) return;
    event.preventDefault();
    found[2]();
  });
}
