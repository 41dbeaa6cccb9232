// Limits found by looking: sliders, and at once what they keep; then verdicts for this run, or a profile for the next.
import { get, post, postForText } from "./api.js";
import { makeCard } from "./curate_card.js";
import { Counts, loadValues } from "./curate_counts.js";
import { makeScatter } from "./curate_scatter.js";
import { allow, counted, mayChange, named, undo } from "./decide.js";
import { button, make } from "./element.js";
import { listen } from "./keys.js";
import { tell, trying } from "./told.js";

const large = 20000;
const patience = 20000;
// What stays while other views are shown: limits by criterion {on, atLeast, atMost}, and the profile they came from.
const kept = { limits: new Map(), from: "this run" };
let parts = null;
let start = null;
let counts = null;
let drawing = false;
let loadedAt = 0;
let later = null;
let deaf = null;

function begin(profile) {
  kept.from = profile.name;
  const given = new Map(profile.limits.map((limit) => [limit.criterion, limit]));
  for (const { name } of start.criteria) {
    const limit = given.get(name);
    Object.assign(limitOf(name), { on: limit !== undefined, atLeast: limit?.at_least ?? -Infinity, atMost: limit?.at_most ?? Infinity });
  }
}

function limitOf(name) {
  if (!kept.limits.has(name)) kept.limits.set(name, { on: false, atLeast: -Infinity, atMost: Infinity });
  return kept.limits.get(name);
}

function profile() {
  return start.profiles.find((one) => one.name === kept.from) ?? start.profiles[0];
}

// Limits of the profile on what this run did not measure go along into a saved profile.
function unmeasured() {
  const measured = new Set(start.criteria.map((criterion) => criterion.name));
  return profile().limits.filter((limit) => !measured.has(limit.criterion));
}

function chosen() {
  const bound = (value) => (Number.isFinite(value) ? value : null);
  return start.criteria.filter(({ name }) => limitOf(name).on).map(({ name }) => ({ criterion: name, at_least: bound(limitOf(name).atLeast), at_most: bound(limitOf(name).atMost) }));
}

function recount(names) {
  for (const name of names) {
    const limit = limitOf(name);
    counts.set(name, limit.on ? limit : null);
  }
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; if (parts) paint(); });
}

function paint() {
  for (const card of parts.cards) card.paint(counts);
  for (const scatter of parts.scatters) scatter.show(counts, kept.limits);
  const totals = counts.totals();
  const share = totals.fitted ? (100 * totals.kept) / totals.fitted : 0;
  parts.keptCount.textContent = totals.kept.toLocaleString();
  parts.lostCount.textContent = (totals.fitted - totals.kept).toLocaleString();
  parts.share.textContent = `${share.toFixed(1)} % of ${counted(totals.fitted)} with a fit${totals.all > totals.fitted ? `; ${(totals.all - totals.fitted).toLocaleString()} without one stay as they are` : ""}`;
  parts.bar.style.width = `${share}%`;
  paintApply(totals);
  const missing = unmeasured();
  parts.missing.hidden = !missing.length;
  parts.missing.textContent = missing.length ? `Not measured in this run, and so not counted here: ${missing.map((limit) => limit.criterion).join(", ")}.` : "";
}

function paintApply(totals) {
  const all = parts.overwrite.checked;
  const accept = totals.accept - (all ? 0 : totals.judgedAccept);
  const reject = totals.reject - (all ? 0 : totals.judgedReject);
  const stay = all ? 0 : totals.judgedAccept + totals.judgedReject;
  const staying = stay ? ` ${counted(stay)} judged one by one ${stay === 1 ? "stays" : "stay"}.` : "";
  parts.change.textContent = accept || reject ? `Applied, ${accept.toLocaleString()} would become accepted and ${reject.toLocaleString()} rejected.${staying}` : `The run is as these limits have it.${staying}`;
  parts.apply.disabled = !(accept || reject) || !chosen().length;
  parts.save.disabled = !chosen().length;
  for (const one of [parts.apply, parts.save, parts.undo]) allow(one);
}

function startFrom(name) {
  begin(start.profiles.find((one) => one.name === name));
  for (const card of parts.cards) card.fill(counts);
  recount(start.criteria.map((criterion) => criterion.name));
}

async function apply() {
  let spared = 0;
  await named(async (who) => {
    const applied = await post("curate/apply", { limits: chosen(), who, overwrite: parts.overwrite.checked });
    ({ spared } = applied);
    loadedAt = 0;
    return applied.action ?? { micrographs: 0 };
  }, (action) => (action.micrographs ? `${counted(action.micrographs)} decided${spared ? `, ${spared.toLocaleString()} left as people judged` : ""}. Press u to undo.` : "Nothing to change."));
}

function takeBack() {
  loadedAt = 0;
  return undo();
}

function openSave() {
  const name = make("input", { required: true, maxLength: 80, value: "facility", name: "profile" });
  const extending = make("select", {}, make("option", { value: "" }, "none"), ...start.profiles.slice(1).map((one) => make("option", { selected: one.name === profile().extends }, one.name)));
  const form = make("form", { method: "dialog" }, make("h2", { id: "save-title" }, "Save as profile"), make("p", {}, "A file of limits for ", make("code", {}, "thonring estimate --profile FILE"), "; it has what differs from the profile that it extends."),
    make("p", {}, make("label", {}, "Name ", name)), make("p", {}, make("label", {}, "Extends ", extending)),
    make("p", { className: "buttons" }, make("button", { type: "submit", value: "save", className: "first" }, "Save"), make("button", { value: "cancel", formNoValidate: true }, "Cancel")));
  const dialog = make("dialog", { ariaLabelledby: "save-title" }, form);
  dialog.onclose = () => { dialog.remove(); if (dialog.returnValue === "save") trying(() => save(name.value, extending.value || null)); };
  document.body.append(dialog);
  dialog.showModal();
  name.select();
}

async function save(name, extending) {
  const text = await postForText("curate/profile", { name, extends: extending, limits: [...chosen(), ...unmeasured()] });
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/toml" })), download: `${name.replace(/[^\w-]+/g, "-") || "profile"}.toml` });
  link.click();
  URL.revokeObjectURL(link.href);
  tell(`${link.download} is saved where this browser keeps downloads.`);
}

function build(place) {
  const cards = start.criteria.map((criterion) => makeCard(criterion, limitOf(criterion.name), usualOf(criterion.name), (name) => recount([name])));
  const beside = [{ name: "defocus_A", title: "Defocus", unit: "Å" }, { name: "recorded_at", title: "Recorded", unit: "", time: true }];
  const quantities = [...beside, ...start.criteria];
  const has = (name, otherwise) => (quantities.some((one) => one.name === name) ? name : otherwise);
  const last = start.criteria[0]?.name ?? "defocus_A";
  const scatters = [makeScatter(quantities, "defocus_A", has("fit_resolution", last)), makeScatter(quantities, "recorded_at", has("ring_significance", last))];
  const from = make("select", { onchange: () => startFrom(from.value), ariaLabel: "Limits to start from" }, ...start.profiles.map((one) => make("option", { value: one.name, selected: one.name === kept.from }, one.name)));
  const overwrite = make("input", { type: "checkbox", onchange: () => paintApply(counts.totals()) });
  const made = {
    cards, scatters, overwrite, keptCount: make("strong", { className: "big accepted", id: "kept" }), lostCount: make("strong", { className: "big rejected", id: "lost" }), share: make("span", { className: "soft" }),
    bar: make("div", { className: "share-kept" }), change: make("p", { id: "change" }), missing: make("p", { className: "soft", hidden: true }),
    apply: button("Apply", apply, { className: "first" }), save: button("Save as profile", openSave), undo: button("Undo", takeBack, { title: "Undo the last decision (u)" }),
  };
  place.className = "curate";
  place.append(make("h1", { className: "unseen" }, "Curate"),
    make("section", { className: "card curate-summary", ariaLabel: "What is kept" },
      make("div", { className: "curate-line", ariaLive: "polite" }, made.keptCount, " kept", made.lostCount, " lost", made.share),
      make("div", { className: "share", ariaHidden: "true" }, made.bar),
      make("div", { className: "curate-line" }, make("label", {}, "Start from ", from), button("Start anew", () => startFrom(from.value), { className: "quiet" }), make("span", { className: "spring" }),
        made.change, make("label", { title: "Else what people judged one by one stays as it is" }, overwrite, " people's verdicts, too"), made.apply, made.undo, made.save), made.missing),
    make("div", { className: "criteria" }, ...cards.map((card) => card.place)), make("div", { className: "scatters" }, ...scatters.map((scatter) => scatter.place)));
  return made;
}

function usualOf(name) {
  const limit = start.profiles[0]?.limits.find((one) => one.criterion === name);
  return { atLeast: limit?.at_least ?? -Infinity, atMost: limit?.at_most ?? Infinity };
}

async function fill() {
  const data = await loadValues();
  loadedAt = Date.now();
  if (!parts) return;
  counts = new Counts(data, start.criteria);
  for (const card of parts.cards) card.fill(counts);
  recount(start.criteria.map((criterion) => criterion.name));
}

export const curate = {
  title: "Curate",
  async show(place) {
    start = await get("curate");
    if (!start.criteria.length) { place.append(make("p", { className: "soft" }, "No micrograph is judged yet.")); return; }
    if (!kept.limits.size) begin(start.profiles[0]);
    parts = build(place);
    deaf = listen([{ keys: "u", does: "undo", act: () => mayChange() && takeBack() }]);
    await fill();
  },
  leave() {
    clearTimeout(later);
    deaf?.();
    parts = null;
    counts = null;
  },
  // Large runs are looked at anew now and then only.
  async renew() {
    if (!parts) return;
    const wait = counts?.data.count > large ? loadedAt + patience - Date.now() : 0;
    clearTimeout(later);
    if (wait > 0) later = setTimeout(() => trying(fill), wait);
    else await fill();
  },
  paint() {
    for (const scatter of parts?.scatters ?? []) scatter.paint();
  },
};
