// Parts of the table: header with sort buttons, rows, and the pager.
import { button, element } from "./dom.js";
import { formatValue, titleWithUnit, visibleColumns } from "./table_columns.js";

const pageSizes = [50, 100, 250, 500];
// File names of a session share their beginning, so the end stays visible where a name is shortened.
const visibleTail = 18;

export function makeHeader(sortKey, sortBy, selectPage) {
  const descending = sortKey.startsWith("-");
  const name = sortKey.replace(/^-/, "");
  const headerCell = (title, column, { className = "", description = "" } = {}) => {
    const active = column === name;
    const cell = element("th", {
      scope: "col",
      class: className,
      "aria-sort": active ? (descending ? "descending" : "ascending") : "none",
    });
    // Ascending, then descending, then back to the order of the run.
    const next = !active ? column : descending ? "number" : `-${column}`;
    cell.append(
      button(title, () => sortBy(next), {
        class: "sort",
        title: description || `Sort by ${title}`,
        "data-sort": column,
      }),
    );
    return cell;
  };
  const all = element("input", { type: "checkbox", "aria-label": "Select all on this page", class: "all" });
  all.onchange = () => selectPage(all.checked);
  return element(
    "tr",
    {},
    element("th", { scope: "col", class: "checkbox" }, all),
    headerCell("№", "number", { className: "number" }),
    headerCell("File", "file"),
    headerCell("Status", "status"),
    ...visibleColumns().map((column) =>
      headerCell(titleWithUnit(column), column.name, { className: "number", description: column.about }),
    ),
    element("th", { scope: "col", class: "reason" }, "Reasons"),
  );
}

export function makeRow(row, { current, selected }) {
  const name = row.file.split("/").at(-1);
  const checkbox = element("input", {
    type: "checkbox",
    checked: selected,
    "aria-label": `Select ${name}`,
    tabindex: current ? 0 : -1,
  });
  const link = element(
    "a",
    { href: `#/micrograph/${row.number}`, title: row.file, "aria-label": name, tabindex: current ? 0 : -1 },
    element("span", { class: "start" }, name.slice(0, -visibleTail)),
    element("span", {}, name.slice(-visibleTail)),
  );
  const marks = [
    row.decided
      ? element("span", { class: "mark", title: "Decided manually" }, "✓", screenReaderText(" decided manually"))
      : null,
    row.by_hand
      ? element("span", { class: "mark", title: "Estimated manually" }, "✎", screenReaderText(" estimated manually"))
      : null,
  ];
  const reasons = row.reasons.join(" ");
  return element(
    "tr",
    {
      class: `${current ? "current" : ""} ${selected ? "selected" : ""}`,
      "aria-current": current ? "true" : null,
      "data-number": row.number,
    },
    element("td", { class: "checkbox" }, checkbox),
    element("td", { class: "number soft" }, row.number.toLocaleString()),
    element("td", { class: "file" }, link),
    element("td", {}, element("span", { class: `badge ${row.status}` }, row.status), ...marks),
    ...visibleColumns().map((column) =>
      element("td", { class: "number" }, formatValue(column, row.values[column.name])),
    ),
    element("td", { class: "reason", title: reasons }, reasons),
  );
}

function screenReaderText(text) {
  return element("span", { class: "visually-hidden" }, text);
}

export function makePager({ turnPages, setPageSize }) {
  const range = element("span", { "aria-live": "polite" });
  const back = [
    button("«", () => turnPages(-Infinity), { "aria-label": "First page" }),
    button("‹", () => turnPages(-1), { "aria-label": "Previous page", title: "Previous page ([)" }),
  ];
  const forward = [
    button("›", () => turnPages(1), { "aria-label": "Next page", title: "Next page (])" }),
    button("»", () => turnPages(Infinity), { "aria-label": "Last page" }),
  ];
  const size = element(
    "select",
    { "aria-label": "Rows per page" },
    ...pageSizes.map((rows) => element("option", { value: rows }, `${rows} rows`)),
  );
  size.onchange = () => setPageSize(Number(size.value));
  const container = element(
    "div",
    { class: "pager" },
    range,
    element("span", { class: "spacer" }),
    size,
    ...back,
    ...forward,
  );

  function paint(offset, limit, page) {
    const last = offset + page.rows.length;
    range.textContent = page.rows.length
      ? `${(offset + 1).toLocaleString()}–${last.toLocaleString()} of ${page.matched.toLocaleString()}`
      : "";
    size.value = limit;
    for (const control of back) control.disabled = offset === 0;
    for (const control of forward) control.disabled = last >= page.matched;
  }

  return { container, paint };
}
