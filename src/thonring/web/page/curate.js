// Curation: limits set with sliders and their effect at once, applied to this run or saved as a profile for the next.
import { get, post, postForText } from "./api.js";
import { makeCard } from "./curate_card.js";
import { Counts, loadValues } from "./curate_counts.js";
import { makeScatter } from "./curate_scatter.js";
import { canDecide, disableIfReadOnly, sendAsReviewer, undo } from "./decisions.js";
import { button, element, micrographCount, openDialog } from "./dom.js";
import { bindShortcuts } from "./shortcuts.js";
import { showToast, withErrorToast } from "./toast.js";

// Large runs are reloaded only so often: all their values come each time.
const largeRun = 20000;
const reloadInterval_ms = 20000;
// Kept while other views are shown: limits by criterion {on, atLeast, atMost}, and the profile they came from.
const state = { limits: new Map(), profile: "this run" };
let parts = null;
let options = null;
let counts = null;
let paintRequested = false;
let loadedAt = 0;
let reloadTimer = null;
let unbind = null;

function setLimits(profile) {
  state.profile = profile.name;
  const limits = new Map(profile.limits.map((limit) => [limit.criterion, limit]));
  for (const { name } of options.criteria) {
    const limit = limits.get(name);
    Object.assign(limitOf(name), {
      on: limit !== undefined,
      atLeast: limit?.at_least ?? -Infinity,
      atMost: limit?.at_most ?? Infinity,
    });
  }
}

function limitOf(name) {
  if (!state.limits.has(name)) state.limits.set(name, { on: false, atLeast: -Infinity, atMost: Infinity });
  return state.limits.get(name);
}

function currentProfile() {
  return options.profiles.find((profile) => profile.name === state.profile) ?? options.profiles[0];
}

// Limits of the profile on criteria that this run did not measure: they are kept in a saved profile.
function unmeasuredLimits() {
  const measured = new Set(options.criteria.map((criterion) => criterion.name));
  return currentProfile().limits.filter((limit) => !measured.has(limit.criterion));
}

function activeLimits() {
  const bound = (value) => (Number.isFinite(value) ? value : null);
  return options.criteria
    .filter(({ name }) => limitOf(name).on)
    .map(({ name }) => ({
      criterion: name,
      at_least: bound(limitOf(name).atLeast),
      at_most: bound(limitOf(name).atMost),
    }));
}

function recount(names) {
  for (const name of names) {
    const limit = limitOf(name);
    counts.set(name, limit.on ? limit : null);
  }
  if (paintRequested) return;
  paintRequested = true;
  requestAnimationFrame(() => {
    paintRequested = false;
    if (parts) paint();
  });
}

function paint() {
  for (const card of parts.cards) card.paint(counts);
  for (const scatter of parts.scatters) scatter.show(counts, state.limits);
  const totals = counts.totals();
  const percentage = totals.fitted ? (100 * totals.kept) / totals.fitted : 0;
  parts.keptCount.textContent = totals.kept.toLocaleString();
  parts.rejectedCount.textContent = (totals.fitted - totals.kept).toLocaleString();
  const unfitted = totals.all - totals.fitted;
  const unaffected = unfitted ? `; ${unfitted.toLocaleString()} without a fit not affected` : "";
  parts.share.textContent = `${percentage.toFixed(1)} % of ${micrographCount(totals.fitted)} with a fit${unaffected}`;
  parts.bar.style.width = `${percentage}%`;
  paintApply(totals);
  const unmeasured = unmeasuredLimits();
  parts.unmeasured.hidden = !unmeasured.length;
  parts.unmeasured.textContent = unmeasured.length
    ? `Not measured in this run and therefore not counted: ${unmeasured.map((limit) => limit.criterion).join(", ")}.`
    : "";
}

function paintApply(totals) {
  const overwrite = parts.overwrite.checked;
  const accept = totals.accept - (overwrite ? 0 : totals.manualAccept);
  const reject = totals.reject - (overwrite ? 0 : totals.manualReject);
  const unchanged = overwrite ? 0 : totals.manualAccept + totals.manualReject;
  const unchangedText = unchanged ? ` Manual verdicts left unchanged: ${unchanged.toLocaleString()}.` : "";
  parts.change.textContent =
    accept || reject
      ? `Apply would accept ${accept.toLocaleString()} and reject ${reject.toLocaleString()}.${unchangedText}`
      : `No verdict would change.${unchangedText}`;
  parts.apply.disabled = !(accept || reject) || !activeLimits().length;
  parts.save.disabled = !activeLimits().length;
  for (const control of [parts.apply, parts.save, parts.undo]) disableIfReadOnly(control);
}

function startFrom(name) {
  setLimits(options.profiles.find((profile) => profile.name === name));
  for (const card of parts.cards) card.setData(counts);
  recount(options.criteria.map((criterion) => criterion.name));
}

async function apply() {
  let spared = 0;
  await sendAsReviewer(
    async (who) => {
      const result = await post("curate/apply", { limits: activeLimits(), who, overwrite: parts.overwrite.checked });
      ({ spared } = result);
      loadedAt = 0;
      return result.action ?? { micrographs: 0 };
    },
    (action) => {
      if (!action.micrographs) return "No verdict changed.";
      const unchanged = spared ? `, ${spared.toLocaleString()} manual verdicts left unchanged` : "";
      return `${micrographCount(action.micrographs)} decided${unchanged}. Press u to undo.`;
    },
  );
}

function undoAndReload() {
  loadedAt = 0;
  return undo();
}

function openSaveDialog() {
  const name = element("input", { required: true, maxlength: 80, value: "facility", name: "profile" });
  const base = element(
    "select",
    {},
    element("option", { value: "" }, "none"),
    ...options.profiles
      .slice(1)
      .map((profile) => element("option", { selected: profile.name === currentProfile().extends }, profile.name)),
  );
  const form = element(
    "form",
    { method: "dialog" },
    element(
      "p",
      {},
      "A file of limits for ",
      element("code", {}, "thonring estimate --profile FILE"),
      ". It holds what differs from the profile that it extends.",
    ),
    element("p", {}, element("label", {}, "Name ", name)),
    element("p", {}, element("label", {}, "Extends ", base)),
    element(
      "p",
      { class: "buttons" },
      element("button", { type: "submit", value: "save", class: "primary" }, "Save"),
      element("button", { value: "cancel", formnovalidate: true }, "Cancel"),
    ),
  );
  const dialog = openDialog("Save as profile", form);
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "save") withErrorToast(() => save(name.value, base.value || null));
  });
  name.select();
}

async function save(name, base) {
  const text = await postForText("curate/profile", {
    name,
    extends: base,
    limits: [...activeLimits(), ...unmeasuredLimits()],
  });
  const link = element("a", {
    href: URL.createObjectURL(new Blob([text], { type: "application/toml" })),
    download: `${name.replace(/[^\w-]+/g, "-") || "profile"}.toml`,
  });
  link.click();
  URL.revokeObjectURL(link.href);
  showToast(`${link.download} was saved to the browser's download folder.`);
}

function build(container) {
  const cards = options.criteria.map((criterion) =>
    makeCard(criterion, limitOf(criterion.name), defaultLimit(criterion.name), (name) => recount([name])),
  );
  const otherQuantities = [
    { name: "defocus_A", title: "Defocus", unit: "Å" },
    { name: "recorded_at", title: "Acquisition time", unit: "", time: true },
  ];
  const quantities = [...otherQuantities, ...options.criteria];
  const fallback = options.criteria[0]?.name ?? "defocus_A";
  const orFallback = (name) => (quantities.some((quantity) => quantity.name === name) ? name : fallback);
  const scatters = [
    makeScatter(quantities, "defocus_A", orFallback("fit_resolution")),
    makeScatter(quantities, "recorded_at", orFallback("ring_significance")),
  ];
  const from = element(
    "select",
    { onchange: () => startFrom(from.value), "aria-label": "Limits to start from" },
    ...options.profiles.map((profile) =>
      element("option", { value: profile.name, selected: profile.name === state.profile }, profile.name),
    ),
  );
  const overwrite = element("input", { type: "checkbox", onchange: () => paintApply(counts.totals()) });
  const built = {
    cards,
    scatters,
    overwrite,
    keptCount: element("strong", { class: "total accepted", id: "kept-count" }),
    rejectedCount: element("strong", { class: "total rejected", id: "rejected-count" }),
    share: element("span", { class: "soft" }),
    bar: element("div", { class: "kept-part" }),
    change: element("p", { id: "change" }),
    unmeasured: element("p", { class: "soft", hidden: true }),
    apply: button("Apply", apply, { class: "primary" }),
    save: button("Save as profile", openSaveDialog),
    undo: button("Undo", undoAndReload, { title: "Undo the last decision (u)" }),
  };
  container.className = "curate";
  container.append(
    element("h1", { class: "visually-hidden" }, "Curate"),
    element(
      "section",
      { class: "card curate-summary", "aria-label": "Effect of the limits" },
      element(
        "div",
        { class: "curate-line", "aria-live": "polite" },
        built.keptCount,
        " kept",
        built.rejectedCount,
        " rejected",
        built.share,
      ),
      element("div", { class: "kept-bar", "aria-hidden": "true" }, built.bar),
      element(
        "div",
        { class: "curate-line" },
        element("label", {}, "Start from ", from),
        button("Reset limits", () => startFrom(from.value), { class: "quiet" }),
        element("span", { class: "spacer" }),
        built.change,
        element(
          "label",
          { title: "Otherwise micrographs that were decided one by one keep their verdicts" },
          overwrite,
          " override manual verdicts",
        ),
        built.apply,
        built.undo,
        built.save,
      ),
      built.unmeasured,
    ),
    element("div", { class: "criteria" }, ...cards.map((card) => card.container)),
    element("div", { class: "scatters" }, ...scatters.map((scatter) => scatter.container)),
  );
  return built;
}

function defaultLimit(name) {
  const found = options.profiles[0]?.limits.find((limit) => limit.criterion === name);
  return { atLeast: found?.at_least ?? -Infinity, atMost: found?.at_most ?? Infinity };
}

async function loadCounts() {
  const data = await loadValues();
  loadedAt = Date.now();
  if (!parts) return;
  counts = new Counts(data, options.criteria);
  for (const card of parts.cards) card.setData(counts);
  recount(options.criteria.map((criterion) => criterion.name));
}

export const curate = {
  title: "Curate",
  async show(container) {
    options = await get("curate");
    if (!options.criteria.length) {
      container.append(element("p", { class: "soft" }, "No micrograph has been graded yet."));
      return;
    }
    if (!state.limits.size) setLimits(options.profiles[0]);
    parts = build(container);
    unbind = bindShortcuts([{ keys: "u", description: "undo", act: () => canDecide() && undoAndReload() }]);
    await loadCounts();
  },
  leave() {
    clearTimeout(reloadTimer);
    unbind?.();
    parts = null;
    counts = null;
  },
  async update() {
    if (!parts) return;
    const wait = counts?.data.count > largeRun ? loadedAt + reloadInterval_ms - Date.now() : 0;
    clearTimeout(reloadTimer);
    if (wait > 0) reloadTimer = setTimeout(() => withErrorToast(loadCounts), wait);
    else await loadCounts();
  },
  paint() {
    for (const scatter of parts?.scatters ?? []) scatter.paint();
  },
};
