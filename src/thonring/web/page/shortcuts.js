// Keyboard shortcuts of a view, and the dialog that lists them.
import { button, element, openDialog } from "./dom.js";

const symbols = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };

// `shortcuts`: { keys: "j ArrowDown", description, act(event) }. Returns the function that unbinds them.
export function bindShortcuts(shortcuts) {
  const actions = new Map(shortcuts.flatMap(({ keys, act }) => keys.split(" ").map((key) => [key, act])));
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const { target } = event;
    if (target.matches("input:not([type=checkbox]), select, textarea")) return;
    if (target.matches("a, button, input") && [" ", "Enter"].includes(event.key)) return;
    const act = actions.get(event.key) ?? (event.shiftKey ? actions.get(event.key.toLowerCase()) : undefined);
    if (!act) return;
    event.preventDefault();
    act(event);
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

export function showShortcuts(shortcuts) {
  const keyCaps = (keys) => keys.split(" ").flatMap((key) => [element("kbd", {}, symbols[key] ?? key), " "]);
  const row = ({ keys, description }) =>
    element("tr", {}, element("th", { scope: "row" }, ...keyCaps(keys)), element("td", {}, description));
  const dialog = openDialog(
    "Keyboard shortcuts",
    element("table", { class: "shortcuts" }, element("tbody", {}, ...shortcuts.map(row))),
    element(
      "p",
      { class: "buttons" },
      button("Close", () => dialog.close(), { class: "primary" }),
    ),
  );
}
