// The columns of a run: fetched, chosen, and how their values are written.
import { get } from "./api.js";
import { button, make } from "./element.js";

const usual = ["defocus_A", "astigmatism_A", "fit_resolution_A", "score"];
const groups = { number: "Estimate", time: "Times", criterion: "Criteria" };
let known = [];

export async function loadColumns() {
  known = (await get("columns")).filter((column) => column.kind !== "text");
  return known;
}

export function columnOf(name) {
  return known.find((column) => column.name === name);
}

export function columnsKnown() {
  return known;
}

export function shownColumns() {
  const chosen = JSON.parse(localStorage.getItem("columns") ?? "null") ?? usual;
  return known.filter((column) => chosen.includes(column.name));
}

export function written(column, value) {
  if (value === null || value === undefined) return "–";
  if (column.kind === "time") return new Date(1000 * value).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return value.toLocaleString([], { maximumFractionDigits: 0 });
  if (size < 0.001) return value.toExponential(1);
  return value.toLocaleString([], { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
}

export function headed(column) {
  return column.unit ? `${column.title} (${column.unit})` : column.title;
}

// A dialog with a box for every column; `changed` is called with each click.
export function openChooser(changed) {
  const shown = new Set(shownColumns().map((column) => column.name));
  const keep = () => { localStorage.setItem("columns", JSON.stringify([...shown])); changed(); };
  const boxes = Object.entries(groups).map(([kind, title]) => make("fieldset", {}, make("legend", {}, title),
    ...known.filter((column) => column.kind === kind).map((column) => {
      const box = make("input", { type: "checkbox", checked: shown.has(column.name), name: column.name });
      box.onchange = () => { if (box.checked) shown.add(column.name); else shown.delete(column.name); keep(); };
      return make("label", { title: column.about }, box, ` ${headed(column)}`);
    })));
  const reset = () => { localStorage.removeItem("columns"); dialog.close(); changed(); };
  const dialog = make("dialog", { className: "chooser", ariaLabelledby: "chooser-title" },
    make("h2", { id: "chooser-title" }, "Columns"), make("div", { className: "chooser-boxes" }, ...boxes),
    make("p", { className: "buttons" }, button("Done", () => dialog.close(), { className: "first" }), button("The usual ones", reset)));
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}
