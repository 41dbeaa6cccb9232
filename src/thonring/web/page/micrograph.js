// One micrograph: its spectrum, its profile, every attempt with its reasons, what the search and the network saw, who decided what.
import { get } from "./api.js";
import { decide, mayChange, undo } from "./decide.js";
import { draw } from "./draw.js";
import { compact, fill, make, sheet, shown } from "./parts.js";
import { showManual } from "./manual.js";
import { profileFigure, signalFigures } from "./profile.js";
import { SpectrumPicture, legend } from "./spectrum.js";
import { trying } from "./told.js";

const patience = 250;
let now = null;

export const micrograph = {
  title: "Micrograph",
  inBar: false,
  async show(place, [number, mode]) {
    sheet("/page/micrograph.css");
    now = { place, number, paints: [], left: new AbortController() };
    const mine = now;
    const one = await get(`micrographs/${number}`);
    if (mine !== now) return;
    if (mode === "manual") now.manual = await showManual(place, one, now.left.signal);
    else await showMicrograph(mine, one);
  },
  async renew() {
    const mine = now;
    const one = await trying(() => get(`micrographs/${mine.number}`));
    if (!one || mine !== now) return;
    if (mine.manual) mine.manual.renew(one);
    else if (JSON.stringify(one) !== mine.was) await showMicrograph(mine, one);
  },
  paint() {
    now?.manual?.paint();
    for (const paint of now?.paints ?? []) paint();
  },
  leave() {
    now?.left.abort();
    now = null;
  },
};

async function showMicrograph(mine, one) {
  mine.was = JSON.stringify(one);
  mine.paints = [];
  mine.chosen = one.attempts.some((attempt) => attempt.number === mine.chosen) ? mine.chosen : one.kept;
  const attempt = one.attempts.find(({ number }) => number === mine.chosen);
  const seen = { ...mine, one, attempt };
  fill(mine.place,
    await heading(seen),
    reasons(one),
    make("div", { class: "micrograph" },
      make("div", { class: "column" }, spectrumCard(seen), thumbnailCard(seen), knownCard(seen), historyCard(one)),
      make("div", { class: "column" }, profileCard(seen), attemptCard(seen, mine), signalsCard(seen))),
  );
  if (!mine.listening) {
    mine.listening = true;
    document.addEventListener("keydown", (event) => keys(event, mine), { signal: mine.left.signal });
  }
  setTimeout(() => { if (now === mine && mine.was === JSON.stringify(one)) for (const look of seen.later) look(); }, patience);
}

async function heading(seen) {
  const { one } = seen;
  const { previous = null, next = null, position, matched } = await neighbours(one.number);
  seen.later = [];
  now.neighbours = { previous, next };
  const turn = (to, key, sign, label) => make("a", { class: "turn", href: to === null ? null : `#/micrograph/${to}`, "aria-label": label, title: `${label} (${key})`, "aria-disabled": to === null ? "true" : null }, sign);
  const named = [["accepted", "Accept", "a"], ["rejected", "Reject", "r"]];
  const buttons = named.map(([verdict, text, key]) => make("button", { type: "button", title: `Key ${key}`, "aria-pressed": String(one.verdict_by_hand === verdict), disabled: !mayChange() || (verdict === "accepted" && !one.attempts.some((attempt) => attempt.number === one.kept && attempt.fit)), onclick: () => decide([one.number], verdict) }, text));
  return make("header", { class: "micrograph-head" },
    turn(previous, "k", "‹", "Previous micrograph"), turn(next, "j", "›", "Next micrograph"),
    make("div", {}, make("h1", {}, one.name, " ", make("span", { class: `status ${one.status}` }, one.status)),
      make("p", { class: "soft path" }, matched && position ? `${position} of ${matched.toLocaleString()} · ` : "", one.file)),
    make("p", { class: "buttons" }, ...buttons,
      make("button", { type: "button", title: "Key c", disabled: !mayChange() || !one.decided, onclick: () => decide([one.number], null) }, "As the criteria say"),
      make("button", { type: "button", title: "Take back the last decision (u)", disabled: !mayChange(), onclick: undo }, "Undo"),
      make("a", { class: "button first", href: `#/micrograph/${one.number}/manual`, title: "Key m" }, "Estimate by hand")));
}

async function neighbours(number) {
  try {
    return await get(`micrographs?${sessionStorage.getItem("query") ?? ""}&around=${number}`);
  } catch {
    return {};
  }
}

function keys(event, mine) {
  if (mine !== now || mine.manual || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog, .js-plotly-plot")) return;
  const go = (to) => { if (to !== null && to !== undefined) location.hash = `#/micrograph/${to}`; };
  const number = Number(mine.number);
  const asked = {
    j: () => go(now.neighbours?.next), k: () => go(now.neighbours?.previous), m: () => go(`${number}/manual`),
    a: () => mayChange() && decide([number], "accepted"), r: () => mayChange() && decide([number], "rejected"),
    c: () => mayChange() && decide([number], null), u: () => mayChange() && undo(),
  }[event.key];
  if (!asked) return;
  event.preventDefault();
  asked();
}

function reasons(one) {
  const told = [];
  if (one.verdict_by_hand) told.push(`${one.verdict_by_hand} by ${one.who}; the criteria say ${one.automatic_status}.`);
  if (one.by_hand) told.push(`The estimate that is kept is ${one.who}’s.`);
  if (one.file_now !== "as estimated") told.push(one.file_now === "gone" ? "The file is no longer there: shown is what the run has of it." : "The file has changed since it was estimated: shown is what the run has of it.");
  const sentences = [...told, ...one.reasons];
  return make("ul", { class: "reasons", hidden: !sentences.length }, ...sentences.map((text) => make("li", {}, text)));
}

function card(title, ...children) {
  return make("section", { class: "card", "aria-label": title }, make("h2", {}, title), ...children);
}

function spectrumCard({ one, attempt }) {
  if (!attempt) return card("Spectrum", make("p", { class: "soft" }, "The file could not be read: there is no spectrum."));
  const picture = new SpectrumPicture(`Spectrum of ${one.name}, the model in the upper left quadrant`);
  const overlay = one.overlays[attempt.number];
  picture.lie(overlay.nyquist_per_A, 512, overlay.resolutions_A);
  picture.picture(`/api/micrographs/${one.number}/spectrum.png?attempt=${attempt.number}`);
  const missing = make("p", { class: "soft", hidden: true }, "The picture of this spectrum cannot be shown: its file is gone or cannot be read.");
  picture.image.addEventListener("error", () => { missing.hidden = false; });
  const zeros = picture.path(overlay.first_zeros_x_per_A, overlay.first_zeros_y_per_A);
  const under = (className, path) => [["under", path], [className, path]].map(([kind, d]) => curve(kind, d));
  picture.curves.replaceChildren(...(zeros ? under("zeros", `${zeros}Z`) : []), ...(attempt.fit?.fit_resolution_A ? under("reach", circle(picture, 1 / attempt.fit.fit_resolution_A)) : []));
  const entries = attempt.fit ? [["zeros", "first zeros"], ["reach", `fit to ${shown(attempt.fit.fit_resolution_A, 1)} Å`]] : [];
  return card("Spectrum", picture.frame, missing, legend(...entries), make("p", { class: "soft" }, attempt.fit ? "Upper left: the model. " : "Nothing was fitted. ", `At ${shown(attempt.sampling_A, 2)} Å per pixel, edge at ${shown(2 * attempt.sampling_A, 2)} Å.`));
}

function curve(kind, d) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("class", kind);
  path.setAttribute("d", d);
  return path;
}

function circle(picture, radius_per_A) {
  const turns = Array.from({ length: 121 }, (_, index) => (index * Math.PI) / 60);
  return `${picture.path(turns.map((turn) => radius_per_A * Math.cos(turn)), turns.map((turn) => radius_per_A * Math.sin(turn)))}Z`;
}

function thumbnailCard(seen) {
  const { one } = seen;
  if (one.spectrum_kind || !one.rows) return null;
  const image = make("img", { class: "thumbnail", alt: `Micrograph ${one.name}`, hidden: true });
  const told = waiting();
  seen.later.push(async () => {
    if (one.file_now !== "as estimated") { told.textContent = "The file is not the one that was estimated."; return; }
    image.addEventListener("load", () => { image.hidden = false; told.remove(); });
    image.addEventListener("error", () => { told.textContent = "The file cannot be read."; });
    image.src = `/api/micrographs/${one.number}/thumbnail.png`;
  });
  const across_A = one.columns * (one.pixel_A ?? 0);
  return card("Micrograph", image, told, make("p", { class: "soft" }, `${one.columns.toLocaleString()} × ${one.rows.toLocaleString()} pixels of ${shown(one.pixel_A, 3)} Å: ${shown(across_A / 1e4, 2)} µm across.`));
}

function waiting() {
  return make("p", { class: "soft waiting", role: "status" }, "Made again from the micrograph’s file …");
}

// A card whose content is asked for when the micrograph has been looked at for a moment.
function asked(seen, title, path, show) {
  const told = waiting();
  const body = make("div");
  seen.later.push(async () => {
    try {
      const answer = await get(path);
      told.remove();
      await show(body, answer);
    } catch (problem) {
      told.textContent = problem.message;
    }
  });
  return card(title, told, body);
}

function profileCard(seen) {
  const { one, attempt } = seen;
  if (!attempt) return null;
  if (!attempt.fit) return card("Radial profile", make("p", { class: "soft" }, "Nothing was fitted in this attempt. To see the profile, ", make("a", { href: `#/micrograph/${one.number}/manual` }, "estimate it by hand"), "."));
  return asked(seen, "Radial profile", `micrographs/${one.number}/profile?attempt=${attempt.number}`, (body, answer) => {
    const plot = make("div", { class: "profile", role: "img", "aria-label": "Power, rings and agreement against resolution" });
    body.append(plot);
    const paint = () => draw(plot, profileFigure(answer, attempt.fit.fit_resolution_A));
    now?.paints.push(paint);
    return paint();
  });
}

function signalsCard(seen) {
  const { one, attempt } = seen;
  if (!attempt) return null;
  return asked(seen, "The Fourier search", `micrographs/${one.number}/signals?attempt=${attempt.number}`, (body, answer) => {
    body.className = "signals";
    const figures = signalFigures(answer);
    const plots = figures.map(({ title }) => make("div", { class: "signal", role: "img", "aria-label": title }));
    body.append(...plots.map((plot, index) => make("figure", {}, make("figcaption", { class: "soft" }, figures[index].title), plot)));
    const paint = () => plots.forEach((plot, index) => draw(plot, { ...figures[index], layout: { margin: { l: 44, r: 8, t: 6, b: 40 }, ...figures[index].layout } }));
    now?.paints.push(paint);
    paint();
  });
}

function attemptCard(seen, mine) {
  const { one, attempt } = seen;
  if (!attempt) return null;
  const name = ({ number, by_hand, sampling_A }) => (by_hand ? `by hand ${-number}` : `${shown(sampling_A, 2)} Å/px`);
  const tabs = make("p", { class: "tabs", role: "group", "aria-label": "Attempts" }, ...one.attempts.map((each) => make("button", {
    type: "button", "aria-pressed": String(each.number === attempt.number),
    onclick: () => { mine.chosen = each.number; trying(() => showMicrograph(mine, one)); },
  }, make("span", { class: each.accepted ? "accepted" : "rejected" }, each.accepted ? "✓ " : "✗ "), `${name(each)}${each.number === one.kept ? " · kept" : ""}`)));
  return card("Attempts", tabs, attempt.fit ? fitTable(attempt.fit) : make("p", { class: "soft" }, "Nothing was fitted: the spectrum alone was refused."), criteriaTable(attempt));
}

export function fitTable(fit) {
  const error = (value, digits, unit) => (value === null ? "" : value === 0 ? " held" : ` ± ${shown(value, digits)}${unit}`);
  const rows = [
    ["Mean defocus", `${shown(fit.defocus_A)}${error(fit.defocus_sigma_A, 0, "")} Å`],
    ["Defocus U, V", `${shown(fit.defocus_u_A)}, ${shown(fit.defocus_v_A)} Å`],
    ["Astigmatism", `${shown(fit.astigmatism_A)}${error(fit.astigmatism_sigma_A, 0, "")} Å`],
    ["Angle of U", `${shown(fit.angle_deg, 1)}${fit.astigmatism_sigma_A ? ` ± ${shown(fit.angle_sigma_deg, 1)}` : ""}°`],
    ["Phase shift", fit.phase_shift_deg || fit.phase_shift_sigma_deg ? `${shown(fit.phase_shift_deg, 1)}${error(fit.phase_shift_sigma_deg, 1, "")}°` : null],
    ["Score", shown(fit.score, 3)],
    ["Agrees to", shown(fit.fit_resolution_A, 2, "Å")],
    ["Next best defocus", fit.runner_up_A === null ? null : `${shown(fit.runner_up_A)} Å, gap ${compact(fit.runner_up_gap)}`],
  ].filter(([, text]) => text !== null);
  return make("dl", { class: "values" }, ...rows.map(([title, text]) => make("div", {}, make("dt", {}, title), make("dd", {}, text))));
}

export function criteriaTable(attempt) {
  const limit = ({ at_least, at_most }) => [at_least === null ? "" : `≥ ${compact(at_least)}`, at_most === null ? "" : `≤ ${compact(at_most)}`].filter(Boolean).join(", ");
  const rows = attempt.criteria.map((one) => make("tr", { class: one.passed ? "" : "failing" },
    make("td", {}, make("span", { class: one.passed ? "accepted" : "rejected", "aria-hidden": "true" }, one.passed ? "✓ " : "✗ "), one.title[0].toUpperCase() + one.title.slice(1), make("span", { class: "unseen" }, one.passed ? ", holds" : ", does not hold")),
    make("td", { class: "number" }, compact(one.value, one.unit)), make("td", { class: "number soft" }, limit(one))));
  return make("table", { class: "criteria" }, make("caption", { class: "unseen" }, `Criteria of profile ${attempt.profile}`),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, `Criteria (${attempt.profile})`), make("th", { scope: "col", class: "number" }, "value"), make("th", { scope: "col", class: "number" }, "limit"))),
    make("tbody", {}, ...rows));
}

function knownCard(seen) {
  const { one, attempt } = seen;
  const optics = one.optics;
  const rows = [
    ["Voltage", optics && `${compact(optics.voltage_kV)} kV`], ["Spherical aberration", optics && `${compact(optics.cs_mm)} mm`],
    ["Amplitude contrast", optics && compact(optics.amplitude_contrast)], ["Pixel", one.pixel_A && `${compact(one.pixel_A)} Å`],
    ["Took", one.cpu_seconds && `${compact(one.cpu_seconds)} s of CPU`], ["Made by", `Thonring ${one.thonring}`],
  ].filter(([, text]) => text);
  const said = make("dd", {}, "…");
  if (attempt) seen.later.push(async () => {
    try {
      const network = await get(`micrographs/${one.number}/network`);
      const apart = attempt.fit && network.defocus_A !== null ? Math.abs(network.defocus_A - attempt.fit.defocus_A) / Math.hypot(network.sigma_A, attempt.fit.defocus_sigma_A ?? 0) : null;
      said.replaceChildren(`${shown(network.defocus_A)} ± ${shown(network.sigma_A)} Å`, apart === null ? "" : ` · ${shown(apart, 1)} σ from the fit`, ...network.notes.map((text) => make("span", { class: "note" }, text)));
    } catch (problem) {
      said.replaceChildren(make("span", { class: "note" }, problem.message));
    }
  });
  return card("What is known", make("dl", { class: "values" }, attempt && make("div", { class: "wide" }, make("dt", {}, "The network says"), said), ...rows.map(([title, text]) => make("div", {}, make("dt", {}, title), make("dd", {}, text)))),
    one.notes.length ? make("ul", { class: "notes" }, ...one.notes.map((text) => make("li", {}, text))) : null);
}

function historyCard(one) {
  if (!one.history.length) return null;
  const done = { accept: "accepted", reject: "rejected", automatic: "left to the criteria", estimate: "estimated by hand", undo: "took back", ended: "ended what stood: the file or its optics are others now" };
  return card("Decisions", make("ol", { class: "history" }, ...one.history.map(({ at, who, kind, undoes, micrographs }) => make("li", {},
    make("time", { datetime: at, class: "soft" }, new Date(at).toLocaleString()), ` ${who} ${done[kind] ?? kind}${undoes ? ` (no. ${undoes})` : ""}${micrographs > 1 ? `, with ${(micrographs - 1).toLocaleString()} others` : ""}`))));
}
