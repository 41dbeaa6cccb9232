// What is asked of the table: kept for the session, as words of an address, which the micrograph's page uses too.
import { columnOf, columnsKnown, headed } from "./columns.js";
import { button, make } from "./element.js";

const statuses = ["accepted", "rejected", "failed"];

export function query() {
  return new URLSearchParams(sessionStorage.getItem("query") ?? "");
}

export function ask(words) {
  sessionStorage.setItem("query", words.toString());
}

// Words that this run does not know are left out: they may be of another run.
export function forget() {
  const words = query();
  const names = new Set([...columnsKnown().map((column) => column.name), "file", "number", "status", "decided", "by_hand"]);
  for (const word of [...words.keys()]) {
    const bounded = /^(?:low|high)\.(.*)$/.exec(word)?.[1];
    if (bounded !== undefined && !names.has(bounded)) words.delete(word);
  }
  if (!names.has((words.get("sort") ?? "number").replace(/^-/, ""))) words.delete("sort");
  if (words.get("failing") && !names.has(words.get("failing"))) words.delete("failing");
  ask(words);
}

export function makeFilters({ changed, chooseColumns, showKeys }) {
  const place = make("section", { className: "filters", ariaLabel: "Filters" });
  const bounds = make("div", { className: "bounds" });
  const counts = {};
  let typing = null;

  function set(change) {
    const words = query();
    change(words);
    ask(words);
    paint();
    changed();
  }

  const search = make("input", { type: "search", id: "search", placeholder: "Search in file names", ariaLabel: "Search in file names", maxLength: 200 });
  search.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(() => set((words) => put(words, "search", search.value)), 200);
  };
  const chips = statuses.map((status) => {
    counts[status] = make("span", { className: "count" });
    return button("", () => set((words) => toggle(words, "status", status)), { className: `chip ${status}`, dataset: { status } });
  });
  chips.forEach((chip, index) => chip.append(statuses[index], " ", counts[statuses[index]]));
  const decided = button("decided", () => set((words) => toggle(words, "decided", "true")), { className: "chip", title: "Decided by people" });
  const byHand = button("by hand", () => set((words) => toggle(words, "by_hand", "true")), { className: "chip", title: "Estimated by hand" });
  const failing = make("select", { ariaLabel: "Criterion that failed" });
  failing.onchange = () => set((words) => put(words, "failing", failing.value));
  const adding = make("select", { ariaLabel: "Filter by the values of a column" });
  adding.onchange = () => { const name = adding.value; adding.value = ""; set((words) => words.set(`low.${name}`, "")); bounds.querySelector(`[name="low.${CSS.escape(name)}"]`)?.focus(); };
  const reset = button("Show all", () => { search.value = ""; set((words) => [...words.keys()].filter((word) => word !== "sort").forEach((word) => words.delete(word))); }, { className: "quiet", title: "Take all filters away" });
  place.append(search, make("div", { className: "chips", role: "group", ariaLabel: "Status" }, ...chips, decided, byHand), failing, adding, reset,
    make("span", { className: "spring" }), button("Columns", chooseColumns), button("Keys", showKeys, { title: "Keys (?)" }), bounds);

  function options(select, first, columns) {
    const value = select.value;
    select.replaceChildren(make("option", { value: "" }, first), ...columns.map((column) => make("option", { value: column.name }, column.title)));
    select.value = value;
  }

  function bound(name) {
    const words = query();
    const column = columnOf(name);
    const box = (side, title) => {
      const input = make("input", { type: "number", step: "any", name: `${side}.${name}`, placeholder: title, ariaLabel: `${column.title}, ${title}`, value: words.get(`${side}.${name}`) ?? "" });
      input.onchange = () => set((changing) => changing.set(`${side}.${name}`, input.value));
      return input;
    };
    return make("span", { className: "bound" }, headed(column), box("low", "at least"), "to", box("high", "at most"),
      button("×", () => set((changing) => { changing.delete(`low.${name}`); changing.delete(`high.${name}`); }), { className: "quiet", ariaLabel: `Remove the filter on ${column.title}` }));
  }

  function paint() {
    const words = query();
    if (document.activeElement !== search) search.value = words.get("search") ?? "";
    for (const chip of chips) chip.setAttribute("aria-pressed", words.getAll("status").includes(chip.dataset.status));
    decided.setAttribute("aria-pressed", words.get("decided") === "true");
    byHand.setAttribute("aria-pressed", words.get("by_hand") === "true");
    options(failing, "Any reason", columnsKnown().filter((column) => column.kind === "criterion"));
    failing.value = words.get("failing") ?? "";
    options(adding, "Filter by value…", columnsKnown().filter((column) => column.kind !== "time"));
    reset.hidden = ![...words].some(([word, value]) => word !== "sort" && value);
    if (bounds.contains(document.activeElement)) return;
    const names = new Set([...words.keys()].map((word) => /^(?:low|high)\.(.*)$/.exec(word)?.[1]).filter(Boolean));
    bounds.replaceChildren(...[...names].filter(columnOf).map(bound));
  }

  function count(state) {
    for (const status of statuses) counts[status].textContent = state[status].toLocaleString();
  }

  return { place, paint, count, focus: () => search.select() };
}

function put(words, name, value) {
  if (value) words.set(name, value);
  else words.delete(name);
}

function toggle(words, name, value) {
  const others = words.getAll(name).filter((one) => one !== value);
  const had = words.getAll(name).length > others.length;
  words.delete(name);
  for (const one of had ? others : [...others, value]) words.append(name, one);
}
