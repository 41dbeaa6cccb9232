// The filters of the table. The query they form is kept for the session: the micrograph view steps through the same list.
import { availableColumns, columnOf, titleWithUnit } from "./table_columns.js";
import { button, element } from "./dom.js";

const statuses = ["accepted", "rejected", "failed"];

export function query() {
  return new URLSearchParams(sessionStorage.getItem("query") ?? "");
}

export function setQuery(parameters) {
  sessionStorage.setItem("query", parameters.toString());
}

// The browser may remember a query from another run: drops what this run has no column for.
export function dropUnknownFilters() {
  const parameters = query();
  const names = new Set([
    ...availableColumns().map((column) => column.name),
    "file",
    "number",
    "status",
    "decided",
    "by_hand",
  ]);
  for (const parameter of [...parameters.keys()]) {
    const column = /^(?:low|high)\.(.*)$/.exec(parameter)?.[1];
    if (column !== undefined && !names.has(column)) parameters.delete(parameter);
  }
  if (!names.has((parameters.get("sort") ?? "number").replace(/^-/, ""))) parameters.delete("sort");
  if (parameters.get("failing") && !names.has(parameters.get("failing"))) parameters.delete("failing");
  setQuery(parameters);
}

export function makeFilters({ onChange, openColumns, openShortcuts }) {
  const container = element("section", { class: "filters", "aria-label": "Filters" });
  const rangeFilters = element("div", { class: "range-filters" });
  const counts = {};
  let typingTimer = null;

  function changeQuery(change) {
    const parameters = query();
    change(parameters);
    setQuery(parameters);
    paint();
    onChange();
  }

  const search = element("input", {
    type: "search",
    id: "search",
    placeholder: "Search file names",
    "aria-label": "Search file names",
    maxlength: 200,
  });
  search.oninput = () => {
    clearTimeout(typingTimer);
    typingTimer = setTimeout(() => changeQuery((parameters) => put(parameters, "search", search.value)), 200);
  };
  const chips = statuses.map((status) => {
    counts[status] = element("span", { class: "count" });
    return button("", () => changeQuery((parameters) => toggle(parameters, "status", status)), {
      class: `chip ${status}`,
      "data-status": status,
    });
  });
  chips.forEach((chip, index) => chip.append(statuses[index], " ", counts[statuses[index]]));
  const decided = button("manual verdict", () => changeQuery((parameters) => toggle(parameters, "decided", "true")), {
    class: "chip",
    title: "Accepted or rejected manually",
  });
  const byHand = button("manual estimate", () => changeQuery((parameters) => toggle(parameters, "by_hand", "true")), {
    class: "chip",
    title: "Defocus estimated manually",
  });
  const failing = element("select", { "aria-label": "Failed criterion" });
  failing.onchange = () => changeQuery((parameters) => put(parameters, "failing", failing.value));
  const addFilter = element("select", { "aria-label": "Add a filter on a column" });
  addFilter.onchange = () => {
    const name = addFilter.value;
    addFilter.value = "";
    changeQuery((parameters) => parameters.set(`low.${name}`, ""));
    rangeFilters.querySelector(`[name="low.${CSS.escape(name)}"]`)?.focus();
  };
  const reset = button(
    "Clear filters",
    () => {
      search.value = "";
      changeQuery((parameters) =>
        [...parameters.keys()]
          .filter((parameter) => parameter !== "sort")
          .forEach((parameter) => parameters.delete(parameter)),
      );
    },
    { class: "quiet" },
  );
  container.append(
    search,
    element("div", { class: "chips", role: "group", "aria-label": "Status" }, ...chips, decided, byHand),
    failing,
    addFilter,
    reset,
    element("span", { class: "spacer" }),
    element(
      "span",
      { class: "table-tools" },
      button("Columns", openColumns),
      button("Shortcuts", openShortcuts, { title: "Keyboard shortcuts (?)" }),
    ),
    rangeFilters,
  );

  function options(select, first, columns) {
    const value = select.value;
    select.replaceChildren(
      element("option", { value: "" }, first),
      ...columns.map((column) => element("option", { value: column.name }, column.title)),
    );
    select.value = value;
  }

  function rangeFilter(name) {
    const column = columnOf(name);
    const field = (side, title) => {
      const input = element("input", {
        type: "number",
        step: "any",
        name: `${side}.${name}`,
        placeholder: title,
        "aria-label": `${column.title}, ${title}`,
        value: query().get(`${side}.${name}`) ?? "",
      });
      input.onchange = () => changeQuery((parameters) => parameters.set(`${side}.${name}`, input.value));
      return input;
    };
    return element(
      "span",
      { class: "range-filter" },
      titleWithUnit(column),
      field("low", "minimum"),
      "–",
      field("high", "maximum"),
      button(
        "×",
        () =>
          changeQuery((parameters) => {
            parameters.delete(`low.${name}`);
            parameters.delete(`high.${name}`);
          }),
        { class: "quiet", "aria-label": `Remove the filter on ${column.title}` },
      ),
    );
  }

  function paint() {
    const parameters = query();
    if (document.activeElement !== search) search.value = parameters.get("search") ?? "";
    for (const chip of chips)
      chip.setAttribute("aria-pressed", parameters.getAll("status").includes(chip.dataset.status));
    decided.setAttribute("aria-pressed", parameters.get("decided") === "true");
    byHand.setAttribute("aria-pressed", parameters.get("by_hand") === "true");
    options(
      failing,
      "Failed criterion",
      availableColumns().filter((column) => column.kind === "criterion"),
    );
    failing.value = parameters.get("failing") ?? "";
    options(
      addFilter,
      "Add filter…",
      availableColumns().filter((column) => column.kind !== "time"),
    );
    reset.hidden = ![...parameters].some(([parameter, value]) => parameter !== "sort" && value);
    if (rangeFilters.contains(document.activeElement)) return;
    const names = new Set(
      [...parameters.keys()].map((parameter) => /^(?:low|high)\.(.*)$/.exec(parameter)?.[1]).filter(Boolean),
    );
    rangeFilters.replaceChildren(...[...names].filter(columnOf).map(rangeFilter));
  }

  function showCounts(state) {
    for (const status of statuses) counts[status].textContent = state[status].toLocaleString();
  }

  return { container, paint, showCounts, focus: () => search.select() };
}

function put(parameters, name, value) {
  if (value) parameters.set(name, value);
  else parameters.delete(name);
}

function toggle(parameters, name, value) {
  const others = parameters.getAll(name).filter((other) => other !== value);
  const had = parameters.getAll(name).length > others.length;
  parameters.delete(name);
  for (const item of had ? others : [...others, value]) parameters.append(name, item);
}
