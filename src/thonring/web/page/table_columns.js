// The columns of a run: which there are, which are shown, and how their values are formatted.
import { get } from "./api.js";
import { button, element, openDialog } from "./dom.js";

const defaultColumns = ["defocus_A", "astigmatism_A", "fit_resolution_A", "score"];
const groups = { number: "Estimates", time: "Times", criterion: "Criteria" };
let columns = [];

export async function loadColumns() {
  columns = (await get("columns")).filter((column) => column.kind !== "text");
  return columns;
}

export function columnOf(name) {
  return columns.find((column) => column.name === name);
}

export function availableColumns() {
  return columns;
}

export function visibleColumns() {
  const chosen = JSON.parse(localStorage.getItem("columns") ?? "null") ?? defaultColumns;
  return columns.filter((column) => chosen.includes(column.name));
}

export function formatValue(column, value) {
  if (value === null || value === undefined) return "–";
  if (column.kind === "time")
    return new Date(1000 * value).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return value.toLocaleString([], { maximumFractionDigits: 0 });
  if (size < 0.001) return value.toExponential(1);
  return value.toLocaleString([], { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
}

export function titleWithUnit(column) {
  return column.unit ? `${column.title} (${column.unit})` : column.title;
}

// A dialog with a checkbox for every column; `onChange` is called whenever one is ticked or unticked.
export function openColumnDialog(onChange) {
  const shown = new Set(visibleColumns().map((column) => column.name));
  const save = () => {
    localStorage.setItem("columns", JSON.stringify([...shown]));
    onChange();
  };
  const boxes = Object.entries(groups).map(([kind, title]) =>
    element(
      "fieldset",
      {},
      element("legend", {}, title),
      ...columns
        .filter((column) => column.kind === kind)
        .map((column) => {
          const box = element("input", { type: "checkbox", checked: shown.has(column.name), name: column.name });
          box.onchange = () => {
            if (box.checked) shown.add(column.name);
            else shown.delete(column.name);
            save();
          };
          return element("label", { title: column.about }, box, ` ${titleWithUnit(column)}`);
        }),
    ),
  );
  const reset = () => {
    localStorage.removeItem("columns");
    dialog.close();
    onChange();
  };
  const dialog = openDialog(
    "Columns",
    element("div", { class: "column-groups" }, ...boxes),
    element(
      "p",
      { class: "buttons" },
      button("Done", () => dialog.close(), { class: "primary" }),
      button("Restore defaults", reset),
    ),
  );
  dialog.classList.add("column-dialog");
}
