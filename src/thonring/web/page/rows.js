// The table itself: heads that sort, rows that are chosen.
import { headed, shownColumns, written } from "./columns.js";
import { button, make } from "./element.js";

// Names of a session begin alike: where there is no room, their middle is left out.
const tail = 18;

export function drawHead(sorted, sortBy, selectPage) {
  const descending = sorted.startsWith("-");
  const name = sorted.replace(/^-/, "");
  const head = (title, column, given = {}) => {
    const here = column === name;
    const cell = make("th", { scope: "col", className: given.className ?? "", ariaSort: here ? (descending ? "descending" : "ascending") : "none" });
    const next = !here ? column : descending ? "number" : `-${column}`;
    cell.append(button(title, () => sortBy(next), { className: "sort", title: given.about || `Sort by ${title}`, dataset: { sort: column } }));
    return cell;
  };
  const all = make("input", { type: "checkbox", ariaLabel: "Select all of this page", className: "all" });
  all.onchange = () => selectPage(all.checked);
  return make("tr", {}, make("th", { scope: "col", className: "tick" }, all), head("№", "number", { className: "number" }), head("File", "file"), head("Status", "status"),
    ...shownColumns().map((column) => head(headed(column), column.name, { className: "number", about: column.about })),
    make("th", { scope: "col", className: "why" }, "Reasons"));
}

export function drawRow(row, { current, selected }) {
  const name = row.file.split("/").at(-1);
  const tick = make("input", { type: "checkbox", checked: selected, ariaLabel: `Select ${name}`, tabIndex: current ? 0 : -1 });
  const link = make("a", { href: `#/micrograph/${row.number}`, title: row.file, ariaLabel: name, tabIndex: current ? 0 : -1 }, make("span", { className: "start" }, name.slice(0, -tail)), make("span", {}, name.slice(-tail)));
  const marks = [row.decided ? make("span", { className: "mark", title: "Decided by a person" }, "✓", hidden(" decided by a person")) : null,
    row.by_hand ? make("span", { className: "mark", title: "Estimated by hand" }, "✎", hidden(" estimated by hand")) : null];
  const reasons = row.reasons.join(" ");
  return make("tr", { className: `${current ? "current" : ""} ${selected ? "selected" : ""}`, ariaCurrent: current ? "true" : null, dataset: { number: row.number } },
    make("td", { className: "tick" }, tick), make("td", { className: "number soft" }, row.number.toLocaleString()), make("td", { className: "file" }, link),
    make("td", {}, make("span", { className: `badge ${row.status}` }, row.status), ...marks),
    ...shownColumns().map((column) => make("td", { className: "number" }, written(column, row.values[column.name]))),
    make("td", { className: "why", title: reasons }, reasons));
}

function hidden(text) {
  return make("span", { className: "unseen" }, text);
}
