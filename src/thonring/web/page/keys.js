// Keys of a view: which do what, and a dialog that tells them.
import { button, make } from "./element.js";

// `bindings`: { keys: "j ArrowDown", does: "next", act(event) }; ends with the function that is given back.
export function listen(bindings) {
  const acts = new Map(bindings.flatMap((binding) => binding.keys.split(" ").map((key) => [key, binding.act])));
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const { target } = event;
    if (target.matches("input:not([type=checkbox]), select, textarea")) return;
    if (target.matches("a, button, input") && [" ", "Enter"].includes(event.key)) return;
    const act = acts.get(event.key) ?? (event.shiftKey ? acts.get(event.key.toLowerCase()) : undefined);
    if (!act) return;
    event.preventDefault();
    act(event);
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

export function tellKeys(bindings) {
  const names = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };
  const rows = bindings.map(({ keys, does }) => make("tr", {}, make("th", { scope: "row" }, ...keys.split(" ").flatMap((key) => [make("kbd", {}, names[key] ?? key), " "])), make("td", {}, does)));
  const dialog = make("dialog", { ariaLabelledby: "keys-title" }, make("h2", { id: "keys-title" }, "Keys"),
    make("table", { className: "keys" }, make("tbody", {}, ...rows)), make("p", { className: "buttons" }, button("Close", () => dialog.close(), { className: "first" })));
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}
