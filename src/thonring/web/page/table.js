// The table: sorted and filtered by the server, a page at a time; decided by keys; it follows the run and keeps its place.
import { get } from "./api.js";
import { loadColumns, openChooser } from "./columns.js";
import { allow, counted, decide, mayChange, undo } from "./decide.js";
import { button, make } from "./element.js";
import { ask, forget, makeFilters, query } from "./filters.js";
import { listen, tellKeys } from "./keys.js";
import { makePager } from "./pager.js";
import { makePreview } from "./preview.js";
import { drawHead, drawRow } from "./rows.js";
import { tell, trying } from "./told.js";

// What stays while other views are shown.
const kept = { offset: 0, limit: Number(localStorage.getItem("rows") ?? 100), cursor: null, selected: new Set(), from: null };
let parts = null;
let page = { rows: [], matched: 0, total: 0 };
let asked = 0;

addEventListener("hashchange", () => {
  const opened = /^#\/micrograph\/(\d+)/.exec(location.hash);
  if (opened) kept.cursor = Number(opened[1]);
});

const rowOf = (number) => page.rows.findIndex((row) => row.number === number);

// The page with the rows now on screen; `place` {number, index}: that micrograph stays that far from the top.
async function load(place) {
  const mine = ++asked;
  await trying(async () => {
    if (place) {
      const near = await get(`micrographs?${query()}&around=${place.number}`).catch(() => null);
      if (near?.position) kept.offset = Math.max(0, near.position - 1 - place.index);
    }
    let found = await get(`micrographs?${query()}&offset=${kept.offset}&limit=${kept.limit}`);
    if (!found.rows.length && found.matched && kept.offset) {
      kept.offset = Math.floor((found.matched - 1) / kept.limit) * kept.limit;
      found = await get(`micrographs?${query()}&offset=${kept.offset}&limit=${kept.limit}`);
    }
    if (mine !== asked || !parts) return;
    page = found;
    draw();
  });
}

function anew() {
  kept.offset = 0;
  parts?.scroll.scrollTo(0, 0);
  return load();
}

function draw() {
  const hadFocus = parts.table.contains(document.activeElement) || document.activeElement === document.body;
  parts.head.replaceChildren(drawHead(query().get("sort") ?? "number", sortBy, selectPage));
  parts.body.replaceChildren(...page.rows.map((row) => drawRow(row, { current: row.number === kept.cursor, selected: kept.selected.has(row.number) })));
  parts.empty.hidden = page.rows.length > 0;
  parts.pager.paint(kept.offset, kept.limit, page);
  if (hadFocus) focusRow();
  showSelection();
  parts.preview.show(page.rows[rowOf(kept.cursor)]);
}

function focusRow() {
  parts.body.querySelector("tr.current a")?.focus({ preventScroll: true });
}

function showSelection() {
  const many = kept.selected.size;
  const here = page.rows.filter((row) => kept.selected.has(row.number)).length;
  const all = parts.head.querySelector(".all");
  all.checked = here > 0 && here === page.rows.length;
  all.indeterminate = here > 0 && here < page.rows.length;
  parts.chosen.textContent = many ? `${many.toLocaleString()} selected` : `${page.matched.toLocaleString()} of ${page.total.toLocaleString()}`;
  parts.all.hidden = many >= page.matched;
  parts.all.textContent = `Select all ${page.matched.toLocaleString()}`;
  parts.none.hidden = !many;
  const nothing = !many && rowOf(kept.cursor) < 0;
  for (const judging of parts.judging) {
    judging.disabled = nothing;
    allow(judging);
  }
}

function sortBy(name) {
  const words = query();
  if (name === "number") words.delete("sort");
  else words.set("sort", name);
  ask(words);
  anew();
}

function goTo(number) {
  kept.cursor = number;
  for (const row of parts.body.rows) {
    const current = Number(row.dataset.number) === number;
    row.classList.toggle("current", current);
    if (current) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    for (const reached of row.querySelectorAll("a, input")) reached.tabIndex = current ? 0 : -1;
    if (current) row.scrollIntoView({ block: "nearest" });
  }
  focusRow();
  showSelection();
  parts.preview.show(page.rows[rowOf(number)]);
}

// One row on or back, over the ends of pages.
async function step(by, extend = false) {
  const at = rowOf(kept.cursor);
  if (extend && at >= 0) select([kept.cursor], true);
  let to = at < 0 ? (by > 0 ? 0 : page.rows.length - 1) : at + by;
  if (to >= page.rows.length && kept.offset + page.rows.length < page.matched) {
    kept.offset += page.rows.length;
    await load();
    parts?.scroll.scrollTo(0, 0);
    to = 0;
  } else if (to < 0 && kept.offset > 0) {
    const before = Math.min(kept.limit, kept.offset);
    kept.offset -= before;
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
    if (on) kept.selected.add(number);
    else kept.selected.delete(number);
  }
  for (const row of parts.body.rows) {
    const selected = kept.selected.has(Number(row.dataset.number));
    row.classList.toggle("selected", selected);
    row.querySelector("input").checked = selected;
  }
  showSelection();
}

function selectPage(on) {
  select(page.rows.map((row) => row.number), on);
}

function selectNone() {
  select([...kept.selected], false);
}

async function selectAll() {
  await trying(async () => {
    const { numbers } = await get(`selection?${query()}`);
    select(numbers, true);
  });
}

function onClick(event) {
  const row = event.target.closest("tr[data-number]");
  if (!row || event.target.closest("a")) return;
  const number = Number(row.dataset.number);
  if (event.shiftKey && rowOf(kept.from) >= 0) {
    const [first, last] = [rowOf(kept.from), rowOf(number)].sort((one, other) => one - other);
    select(page.rows.slice(first, last + 1).map((one) => one.number), true);
    getSelection().removeAllRanges();
  } else if (event.target.matches("input") || event.ctrlKey || event.metaKey) {
    select([number], !kept.selected.has(number));
    kept.from = number;
  } else {
    kept.from = number;
  }
  goTo(number);
}

// The selected ones, or else the current one; then on to the next, so that a run is gone through key by key.
async function judge(verdict) {
  const many = [...kept.selected];
  const numbers = many.length ? many : rowOf(kept.cursor) >= 0 ? [kept.cursor] : [];
  if (!numbers.length) return tell("Choose a micrograph first: j and k, or a click.");
  if (!mayChange()) return tell("To decide, open the address that `thonring serve` printed, which has the token.", { error: true });
  const stays = kept.cursor;
  if (!many.length) await step(1);
  const action = await decide(numbers, verdict);
  if (action) selectNone();
  else if (!many.length && parts && rowOf(stays) >= 0) goTo(stays);
  return action;
}

function turn(pages) {
  const last = Math.max(0, Math.floor((page.matched - 1) / kept.limit) * kept.limit);
  kept.offset = Math.min(Math.max(kept.offset + pages * kept.limit, 0), last);
  parts.scroll.scrollTo(0, 0);
  return load();
}

const bindings = [
  { keys: "j ArrowDown", does: "next; with Shift: select on the way", act: (event) => step(1, event.shiftKey) },
  { keys: "k ArrowUp", does: "previous; with Shift: select on the way", act: (event) => step(-1, event.shiftKey) },
  { keys: "a", does: "accept the selected ones, or the current one and go on", act: () => judge("accepted") },
  { keys: "r", does: "reject likewise", act: () => judge("rejected") },
  { keys: "c", does: "let the criteria decide again", act: () => judge(null) },
  { keys: "u", does: "undo the last decision", act: () => mayChange() && undo() },
  { keys: "x", does: "select the current one, or not", act: () => kept.cursor !== null && select([kept.cursor], !kept.selected.has(kept.cursor)) },
  { keys: "Escape", does: "select none", act: selectNone },
  { keys: "Enter", does: "open the micrograph", act: () => { if (rowOf(kept.cursor) >= 0) location.hash = `#/micrograph/${kept.cursor}`; } },
  { keys: "[", does: "page before", act: () => turn(-1) },
  { keys: "]", does: "page after", act: () => turn(1) },
  { keys: "/", does: "search", act: () => parts.filters.focus() },
  { keys: "?", does: "show these keys", act: () => tellKeys(bindings) },
];

function build(place) {
  const filters = makeFilters({ changed: anew, chooseColumns: () => openChooser(draw), showKeys: () => tellKeys(bindings) });
  const preview = makePreview();
  const pager = makePager({ turn, resize: (rows) => { kept.limit = rows; localStorage.setItem("rows", rows); load(); } });
  const judging = [button("Accept", () => judge("accepted"), { title: "Accept (a)" }), button("Reject", () => judge("rejected"), { title: "Reject (r)" }),
    button("Criteria decide", () => judge(null), { title: "Let the criteria decide again (c)" })];
  const undoing = button("Undo", () => undo(), { title: "Undo the last decision (u)" });
  const chosen = make("strong", { className: "chosen", ariaLive: "polite" });
  const all = button("", selectAll, { className: "quiet" });
  const none = button("Select none", selectNone, { className: "quiet" });
  const head = make("thead");
  const body = make("tbody", { onclick: onClick, ondblclick: (event) => { const row = event.target.closest("tr"); if (row) location.hash = `#/micrograph/${row.dataset.number}`; } });
  const table = make("table", { className: "micrographs", ariaLabel: "Micrographs" }, head, body);
  const empty = make("p", { className: "soft empty", hidden: true }, "No micrograph is like that.");
  const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Micrographs, to scroll" }, table, empty);
  allow(undoing);
  place.className = "table-view";
  place.append(make("h1", { className: "unseen" }, "Table"), filters.place,
    make("div", { className: "table-and-preview" },
      make("div", { className: "card table-side" }, make("div", { className: "selection" }, chosen, all, none, make("span", { className: "spring" }), ...judging, undoing), scroll, pager.place),
      preview.place));
  return { filters, preview, pager, judging, chosen, all, none, head, body, table, empty, scroll };
}

let deaf = null;

export const table = {
  title: "Table",
  async show(place) {
    parts = build(place);
    deaf = listen(bindings);
    await loadColumns();
    forget();
    parts.filters.paint();
    parts.filters.count(await get("state"));
    await load(kept.cursor === null ? undefined : { number: kept.cursor, index: Math.max(0, rowOf(kept.cursor)) });
    if (kept.cursor !== null && parts) goTo(kept.cursor);
  },
  leave() {
    deaf?.();
    parts = null;
  },
  async renew(state) {
    if (!parts) return;
    await loadColumns();
    parts.filters.count(state);
    const atTop = kept.offset === 0 && parts.scroll.scrollTop === 0;
    const number = rowOf(kept.cursor) >= 0 ? kept.cursor : page.rows[0]?.number;
    await load(atTop || number === undefined ? undefined : { number, index: rowOf(number) });
  },
};
