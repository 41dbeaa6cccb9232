// The table of micrographs: the server sorts, filters and pages it; it updates with the run without losing the place.
import { get } from "./api.js";
import { canDecide, decide, disableIfReadOnly, readOnlyMessage, undo } from "./decisions.js";
import { button, element } from "./dom.js";
import { bindShortcuts, showShortcuts } from "./shortcuts.js";
import { loadColumns, openColumnDialog } from "./table_columns.js";
import { dropUnknownFilters, makeFilters, query, setQuery } from "./table_filters.js";
import { makePreview } from "./table_preview.js";
import { makeHeader, makePager, makeRow } from "./table_rows.js";
import { showToast, withErrorToast } from "./toast.js";

// Kept while other views are shown; `anchor` is where a range selection with Shift starts.
const state = {
  offset: 0,
  limit: Number(localStorage.getItem("rows") ?? 100),
  cursor: null,
  selected: new Set(),
  anchor: null,
};
let parts = null;
let page = { rows: [], matched: 0, total: 0 };
let requests = 0;

addEventListener("hashchange", () => {
  const opened = /^#\/micrograph\/(\d+)/.exec(location.hash);
  if (opened) state.cursor = Number(opened[1]);
});

const rowOf = (number) => page.rows.findIndex((row) => row.number === number);

// Loads the current page; with `place` = {number, index} the page on which that micrograph is row `index`.
async function load(place) {
  const request = ++requests;
  await withErrorToast(async () => {
    if (place) {
      const near = await get(`micrographs?${query()}&around=${place.number}`).catch(() => null);
      if (near?.position) state.offset = Math.max(0, near.position - 1 - place.index);
    }
    let found = await get(`micrographs?${query()}&offset=${state.offset}&limit=${state.limit}`);
    if (!found.rows.length && found.matched && state.offset) {
      state.offset = Math.floor((found.matched - 1) / state.limit) * state.limit;
      found = await get(`micrographs?${query()}&offset=${state.offset}&limit=${state.limit}`);
    }
    if (request !== requests || !parts) return;
    page = found;
    paint();
  });
}

function loadFirstPage() {
  state.offset = 0;
  parts?.scroll.scrollTo(0, 0);
  return load();
}

function paint() {
  const hadFocus = parts.table.contains(document.activeElement) || document.activeElement === document.body;
  parts.head.replaceChildren(makeHeader(query().get("sort") ?? "number", sortBy, selectPage));
  parts.body.replaceChildren(
    ...page.rows.map((row) =>
      makeRow(row, { current: row.number === state.cursor, selected: state.selected.has(row.number) }),
    ),
  );
  parts.empty.hidden = page.rows.length > 0;
  parts.pager.paint(state.offset, state.limit, page);
  if (hadFocus) focusRow();
  showSelection();
  parts.preview.show(page.rows[rowOf(state.cursor)]);
}

function focusRow() {
  parts.body.querySelector("tr.current a")?.focus({ preventScroll: true });
}

function showSelection() {
  const selected = state.selected.size;
  const onPage = page.rows.filter((row) => state.selected.has(row.number)).length;
  const all = parts.head.querySelector(".all");
  all.checked = onPage > 0 && onPage === page.rows.length;
  all.indeterminate = onPage > 0 && onPage < page.rows.length;
  parts.count.textContent = selected
    ? `${selected.toLocaleString()} selected`
    : `${page.matched.toLocaleString()} of ${page.total.toLocaleString()}`;
  parts.all.hidden = selected >= page.matched;
  parts.all.textContent = `Select all ${page.matched.toLocaleString()}`;
  parts.none.hidden = !selected;
  const nothing = !selected && rowOf(state.cursor) < 0;
  for (const verdictButton of parts.verdictButtons) {
    verdictButton.disabled = nothing;
    disableIfReadOnly(verdictButton);
  }
}

function sortBy(name) {
  const parameters = query();
  if (name === "number") parameters.delete("sort");
  else parameters.set("sort", name);
  setQuery(parameters);
  loadFirstPage();
}

function goTo(number) {
  state.cursor = number;
  for (const row of parts.body.rows) {
    const current = Number(row.dataset.number) === number;
    row.classList.toggle("current", current);
    if (current) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    for (const focusable of row.querySelectorAll("a, input")) focusable.tabIndex = current ? 0 : -1;
    if (current) row.scrollIntoView({ block: "nearest" });
  }
  focusRow();
  showSelection();
  parts.preview.show(page.rows[rowOf(number)]);
}

// Moves the current row by one, across the ends of pages; `extend` selects on the way.
async function step(by, extend = false) {
  const from = rowOf(state.cursor);
  if (extend && from >= 0) select([state.cursor], true);
  let to = from < 0 ? (by > 0 ? 0 : page.rows.length - 1) : from + by;
  if (to >= page.rows.length && state.offset + page.rows.length < page.matched) {
    state.offset += page.rows.length;
    await load();
    parts?.scroll.scrollTo(0, 0);
    to = 0;
  } else if (to < 0 && state.offset > 0) {
    const before = Math.min(state.limit, state.offset);
    state.offset -= before;
    await load();
    to = before - 1;
  }
  const row = page.rows[Math.min(Math.max(to, 0), page.rows.length - 1)];
  if (!row || !parts) return;
  goTo(row.number);
  if (extend) select([row.number], true);
}

function select(numbers, on) {
  for (const number of numbers) {
    if (on) state.selected.add(number);
    else state.selected.delete(number);
  }
  for (const row of parts.body.rows) {
    const selected = state.selected.has(Number(row.dataset.number));
    row.classList.toggle("selected", selected);
    row.querySelector("input").checked = selected;
  }
  showSelection();
}

function selectPage(on) {
  select(
    page.rows.map((row) => row.number),
    on,
  );
}

function selectNone() {
  select([...state.selected], false);
}

async function selectAll() {
  await withErrorToast(async () => {
    const { numbers } = await get(`selection?${query()}`);
    select(numbers, true);
  });
}

function onClick(event) {
  const row = event.target.closest("tr[data-number]");
  if (!row || event.target.closest("a")) return;
  const number = Number(row.dataset.number);
  if (event.shiftKey && rowOf(state.anchor) >= 0) {
    const [first, last] = [rowOf(state.anchor), rowOf(number)].sort((a, b) => a - b);
    select(
      page.rows.slice(first, last + 1).map((between) => between.number),
      true,
    );
    getSelection().removeAllRanges();
  } else if (event.target.matches("input") || event.ctrlKey || event.metaKey) {
    select([number], !state.selected.has(number));
    state.anchor = number;
  } else {
    state.anchor = number;
  }
  goTo(number);
}

// Decides the selected micrographs, or the current one and moves on, so that one key per micrograph goes through a run.
async function applyVerdict(verdict) {
  const selected = [...state.selected];
  const numbers = selected.length ? selected : rowOf(state.cursor) >= 0 ? [state.cursor] : [];
  if (!numbers.length) return showToast("Select a micrograph first: press j or k, or click a row.");
  if (!canDecide()) return showToast(readOnlyMessage, { error: true });
  const previous = state.cursor;
  if (!selected.length) await step(1);
  const action = await decide(numbers, verdict);
  if (action) selectNone();
  else if (!selected.length && parts && rowOf(previous) >= 0) goTo(previous);
  return action;
}

function turnPages(pages) {
  const last = Math.max(0, Math.floor((page.matched - 1) / state.limit) * state.limit);
  state.offset = Math.min(Math.max(state.offset + pages * state.limit, 0), last);
  parts.scroll.scrollTo(0, 0);
  return load();
}

const shortcuts = [
  {
    keys: "j ArrowDown",
    description: "next micrograph; with Shift, extend the selection",
    act: (event) => step(1, event.shiftKey),
  },
  {
    keys: "k ArrowUp",
    description: "previous micrograph; with Shift, extend the selection",
    act: (event) => step(-1, event.shiftKey),
  },
  {
    keys: "a",
    description: "accept the selected micrographs, or the current one and move on",
    act: () => applyVerdict("accepted"),
  },
  { keys: "r", description: "reject, in the same way", act: () => applyVerdict("rejected") },
  { keys: "c", description: "reset to the verdict of the criteria", act: () => applyVerdict(null) },
  { keys: "u", description: "undo the last decision", act: () => canDecide() && undo() },
  {
    keys: "x",
    description: "select or deselect the current micrograph",
    act: () => state.cursor !== null && select([state.cursor], !state.selected.has(state.cursor)),
  },
  { keys: "Escape", description: "clear the selection", act: selectNone },
  {
    keys: "Enter",
    description: "open the micrograph",
    act: () => {
      if (rowOf(state.cursor) >= 0) location.hash = `#/micrograph/${state.cursor}`;
    },
  },
  { keys: "[", description: "previous page", act: () => turnPages(-1) },
  { keys: "]", description: "next page", act: () => turnPages(1) },
  { keys: "/", description: "search file names", act: () => parts.filters.focus() },
  { keys: "?", description: "show this list", act: () => showShortcuts(shortcuts) },
];

function build(container) {
  const filters = makeFilters({
    onChange: loadFirstPage,
    openColumns: () => openColumnDialog(paint),
    openShortcuts: () => showShortcuts(shortcuts),
  });
  const preview = makePreview();
  const pager = makePager({
    turnPages,
    setPageSize: (rows) => {
      state.limit = rows;
      localStorage.setItem("rows", rows);
      load();
    },
  });
  const verdictButtons = [
    button("Accept", () => applyVerdict("accepted"), { title: "Accept (a)" }),
    button("Reject", () => applyVerdict("rejected"), { title: "Reject (r)" }),
    button("Reset verdict", () => applyVerdict(null), { title: "Reset to the verdict of the criteria (c)" }),
  ];
  const undoing = button("Undo", () => undo(), { title: "Undo the last decision (u)" });
  const count = element("strong", { class: "selection-count", "aria-live": "polite" });
  const all = button("", selectAll, { class: "quiet" });
  const none = button("Clear selection", selectNone, { class: "quiet" });
  const head = element("thead");
  const body = element("tbody", {
    onclick: onClick,
    ondblclick: (event) => {
      const row = event.target.closest("tr");
      if (row) location.hash = `#/micrograph/${row.dataset.number}`;
    },
  });
  const table = element("table", { class: "micrographs", "aria-label": "Micrographs" }, head, body);
  const empty = element("p", { class: "soft empty", hidden: true }, "No micrograph matches these filters.");
  const scroll = element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Micrographs, scrollable" },
    table,
    empty,
  );
  disableIfReadOnly(undoing);
  container.className = "table-view";
  container.append(
    element("h1", { class: "visually-hidden" }, "Table"),
    filters.container,
    element(
      "div",
      { class: "table-and-preview" },
      element(
        "div",
        { class: "card table-side" },
        element(
          "div",
          { class: "selection" },
          count,
          all,
          none,
          element("span", { class: "spacer" }),
          ...verdictButtons,
          undoing,
        ),
        scroll,
        pager.container,
      ),
      preview.container,
    ),
  );
  return { filters, preview, pager, verdictButtons, count, all, none, head, body, table, empty, scroll };
}

let unbind = null;

export const table = {
  title: "Table",
  async show(container) {
    parts = build(container);
    unbind = bindShortcuts(shortcuts);
    await loadColumns();
    dropUnknownFilters();
    parts.filters.paint();
    parts.filters.showCounts(await get("state"));
    await load(state.cursor === null ? undefined : { number: state.cursor, index: Math.max(0, rowOf(state.cursor)) });
    if (state.cursor !== null && parts) goTo(state.cursor);
  },
  leave() {
    unbind?.();
    parts = null;
  },
  async update(runState) {
    if (!parts) return;
    await loadColumns();
    parts.filters.showCounts(runState);
    const atTop = state.offset === 0 && parts.scroll.scrollTop === 0;
    const number = rowOf(state.cursor) >= 0 ? state.cursor : page.rows[0]?.number;
    await load(atTop || number === undefined ? undefined : { number, index: rowOf(number) });
  },
};
