// The estimate by hand: a ring and a band on the spectrum; defocus, rings and profile follow; fitted from there, kept, forgotten.
import { get, post } from "./api.js";
import { mayChange, named } from "./decide.js";
import { draw } from "./draw.js";
import { draws, fill, make, set, shown } from "./parts.js";
import { profileFigure } from "./profile.js";
import { SpectrumPicture, dragged, legend, ringPath } from "./spectrum.js";
import { trying } from "./shell.js";

const names = ["first", "second", "third", "fourth", "fifth"];
const steps = { ArrowUp: 100, ArrowDown: -100, ArrowRight: 10, ArrowLeft: -10 };
const turns = { "[": -1, "]": 1, "{": -10, "}": 10 };
const radians = Math.PI / 180;
const leastApart = 9;
const ringsAtFirst = 4;

export async function showManual(place, one, signal) {
  const manual = new Manual(place, one, signal);
  await manual.start();
  return manual;
}

class Manual {
  constructor(place, one, signal) {
    Object.assign(this, { place, one, signal, path: `micrographs/${one.number}/manual`, ring: null, answer: null, busy: false, pending: false, dragging: false, withModel: false, fitted: null });
    this.picture = new SpectrumPicture("Spectrum. Arrow keys: defocus by 100 or 10 ångström. With shift: astigmatism. Square brackets: angle. Plus and minus: zoom.");
    this.picture.svg.setAttribute("role", "application");
    this.told = make("p", { class: "told-here soft", role: "status" });
    this.parts();
    this.layout();
    this.listen();
  }

  async start() {
    const fit = (this.one.attempts.find(({ number }) => number === this.one.kept) ?? this.one.attempts.at(-1))?.fit ?? null;
    const [low_A, high_A] = fit?.resolution_range_A ?? this.one.resolution_range_A;
    this.automatic = await this.startingDefocus(fit);
    this.state = { ...this.automatic, zero: 1, phase_shift_deg: fit?.phase_shift_deg ?? this.one.phase_shift_deg, low_A, high_A };
    this.first = { ...this.state };
    const sampling_A = this.one.attempts.find(({ number }) => number === this.one.kept)?.sampling_A ?? this.one.samplings_A[0];
    await this.sample(sampling_A);
    this.picture.svg.focus({ preventScroll: true });
  }

  // From the fit that is kept, or from what the network says, or from the middle of the range.
  async startingDefocus(fit) {
    if (fit) return { defocus_u_A: fit.defocus_u_A, defocus_v_A: fit.defocus_v_A, angle_deg: fit.angle_deg };
    const said = await trying(() => get(`micrographs/${this.one.number}/network`));
    const [low_A, high_A] = this.one.defocus_range_A;
    const mean_A = said?.defocus_A ?? Math.sqrt(Math.max(low_A, 500) * high_A);
    return { defocus_u_A: mean_A, defocus_v_A: mean_A, angle_deg: 0 };
  }

  parts() {
    const grip = (kind, label, extra = {}) => draws("circle", { class: `grip ${kind}`, "data-grip": kind, role: "slider", tabindex: 0, "aria-label": label, ...extra });
    this.ringUnder = draws("path", { class: "ring-under" });
    this.ringLine = draws("path", { class: "ring" });
    this.ringCatch = draws("path", { class: "catch", "data-grip": "ring" });
    this.axes = draws("path", { class: "axis" });
    this.bands = ["low_A", "high_A"].map((name) => ({
      name, line: draws("circle", { class: "band" }), catch: draws("circle", { class: "catch", "data-grip": name }),
      grip: grip("band-grip", name === "low_A" ? "Inner circle of the search band" : "Outer circle of the search band"),
    }));
    this.grips = { along: grip("along", "Ring along U, where the defocus is highest"), across: grip("across", "Ring along V, where the defocus is lowest"), turn: grip("turn-grip", "Angle of U") };
    const { picture } = this;
    picture.curves.append((this.others = draws("path", { class: "other" })));
    picture.hand.append(...this.bands.flatMap((band) => [band.line, band.catch]), this.ringCatch, this.axes, this.ringUnder, this.ringLine, ...this.bands.map((band) => band.grip), ...Object.values(this.grips));
    picture.moved = () => this.place_();
  }

  layout() {
    const { one } = this;
    const number = (name, label, more = {}) => {
      const field = make("input", { type: "number", step: "any", ...more, onchange: () => this.typed(name, field) });
      this.fields[name] = field;
      return make("label", {}, label, field);
    };
    const choice = (label, options, chosen, change) => make("label", {}, label, make("select", { onchange: (event) => change(Number(event.target.value)) }, ...options.map(([value, text]) => make("option", { value, selected: value === chosen }, text))));
    this.fields = {};
    const samplings = [...new Set([...one.attempts.map(({ sampling_A }) => sampling_A), ...one.samplings_A])];
    const check = (text, on, change) => make("label", {}, make("input", { type: "checkbox", checked: on, onchange: (event) => change(event.target.checked) }), text);
    const button = (text, title, act, extra = {}) => make("button", { type: "button", title, onclick: () => trying(act), ...extra }, text);
    this.live = make("p", { class: "live", "aria-live": "off" });
    this.plot = make("div", { class: "live-profile", role: "img", "aria-label": "Power, rings and agreement against resolution" });
    this.compare = make("div");
    this.hasMoved = make("p", { class: "soft", hidden: true }, "The hand has moved since this fit.");
    this.buttons = {
      fit: button("Fit from here", "Key f", () => this.fit(), { class: "first" }),
      hand: button("Keep as it is", "Keep the hand's values without a fit", () => this.keep("hand"), { disabled: !mayChange() }),
      reset: button("Start again", "Back to where the ring was at first", () => this.reset()),
      forget: button("Forget", "Let the automatic estimate stand again", () => this.forget(), { disabled: !mayChange() || !one.by_hand }),
    };
    this.place.replaceChildren(
      make("header", { class: "micrograph-head" }, make("a", { class: "turn", href: `#/micrograph/${one.number}`, "aria-label": "Back to the micrograph", title: "Back (Esc)" }, "‹"),
        make("div", {}, make("h1", {}, `${one.name}: estimate by hand`), make("p", { class: "soft path" }, one.file))),
      make("div", { class: "by-hand" },
        make("div", { class: "column" }, make("div", {}, this.picture.frame, legend(["held", "ring and zeros"], ["band", "search band"]), this.keys())),
        make("div", { class: "column" },
          make("section", { class: "card", "aria-label": "Ring and band" }, this.live,
            make("div", { class: "controls" },
              choice("The ring is the", names.map((name, index) => [index + 1, `${name} zero`]), 1, (zero) => this.change({ zero })),
              number("defocus_u_A", "Defocus U (Å)"), number("defocus_v_A", "Defocus V (Å)"), number("angle_deg", "Angle of U (°)"),
              one.phase_shift || one.phase_shift_deg ? number("phase_shift_deg", "Phase shift (°)") : null,
              number("low_A", "Band from (Å)"), number("high_A", "to (Å)"),
              choice("Shown at", samplings.map((sampling_A) => [sampling_A, `${shown(sampling_A, 2)} Å/px`]), one.attempts.find(({ number: each }) => each === one.kept)?.sampling_A, (sampling_A) => trying(() => this.sample(sampling_A)))),
            make("p", { class: "checks" }, check("Other zeros", true, (on) => set(this.others, { hidden: !on })), check("Model in the upper left", false, (on) => { this.withModel = on; this.follow(); })),
            make("p", { class: "buttons" }, ...Object.values(this.buttons)), this.told),
          make("section", { class: "card", "aria-label": "Comparison", hidden: true }, this.compare, this.hasMoved),
          make("section", { class: "card", "aria-label": "Profile against the model" }, make("h2", {}, "Profile against the model"), this.plot))),
    );
  }

  keys() {
    const key = (text) => make("kbd", {}, text);
    return make("p", { class: "keys soft" }, "Drag the ring, its handles, or the circles of the band. ", key("↑"), " ", key("↓"), " defocus by 100 Å, ", key("←"), " ", key("→"), " by 10 Å, with ", key("Shift"), " astigmatism, ", key("["), " ", key("]"), " angle, ", key("1"), "–", key("5"), " which zero, ", key("f"), " fit from here; wheel, ", key("+"), " ", key("−"), " ", key("0"), " zoom.");
  }

  listen() {
    const { picture } = this;
    const moving = (begin) => (event) => { this.dragging = true; return begin(picture.at(event)); };
    const ended = () => { this.dragging = false; this.follow(); };
    const hand = (element, begin) => dragged(element, moving(begin), ended);
    hand(this.ringCatch, ([x, y]) => {
      const from = { ...this.ring };
      const start = distance(from, x, y);
      return (event) => { const ratio = distance(from, ...picture.at(event)) / start; this.pull({ ...from, along_per_A: from.along_per_A * ratio, across_per_A: from.across_per_A * ratio }); };
    });
    for (const [name, offset] of [["along", 0], ["across", 90]]) {
      hand(this.grips[name], () => {
        const from = { ...this.ring };
        const direction = (from.angle_deg + offset) * radians;
        return (event) => { const [x, y] = picture.at(event); this.pull({ ...from, [`${name}_per_A`]: Math.abs(x * Math.cos(direction) + y * Math.sin(direction)) }); };
      });
    }
    hand(this.grips.turn, () => (event) => { const [x, y] = picture.at(event); this.pull({ ...this.ring, angle_deg: Math.atan2(y, x) / radians }); });
    for (const band of this.bands) {
      for (const element of [band.catch, band.grip]) hand(element, () => (event) => this.change({ [band.name]: 1 / Math.hypot(...picture.at(event)) }));
      band.grip.addEventListener("keydown", (event) => this.bandKey(event, band.name));
    }
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.signal });
  }

  bandKey(event, name) {
    const step = { ArrowUp: 1.02, ArrowRight: 1.02, ArrowDown: 1 / 1.02, ArrowLeft: 1 / 1.02 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    this.change({ [name]: this.state[name] / step });
  }

  key(event) {
    if (!this.state || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog, .js-plotly-plot")) return;
    const { state } = this;
    if (event.key === "Escape") location.hash = `#/micrograph/${this.one.number}`;
    else if (event.key === "f") trying(() => this.fit());
    else if (/^[1-5]$/.test(event.key)) { this.place.querySelector("select").value = event.key; this.change({ zero: Number(event.key) }); }
    else if (event.key in turns) this.change({ angle_deg: state.angle_deg + turns[event.key] });
    else if (event.key in steps) {
      if (event.target.closest("button, a")) return;
      const half = event.shiftKey ? 0.5 * steps[event.key] : steps[event.key];
      this.change({ defocus_u_A: state.defocus_u_A + half, defocus_v_A: state.defocus_v_A + (event.shiftKey ? -half : half) });
    } else return;
    event.preventDefault();
  }

  typed(name, field) {
    if (!field.value || !Number.isFinite(field.valueAsNumber)) { this.told.textContent = "That is no number."; field.value = digits(name, this.state[name]); return; }
    this.change({ [name]: field.valueAsNumber });
  }

  // The hand moved the ring: it follows at once, the rest when the server answers.
  pull(ring) {
    const least = 0.004;
    this.ring = { ...ring, zero: this.state.zero, along_per_A: Math.max(least, ring.along_per_A), across_per_A: Math.max(least, ring.across_per_A) };
    this.held = "ring";
    this.place_();
    this.follow();
  }

  change(values) {
    Object.assign(this.state, values);
    if (!("low_A" in values || "high_A" in values)) this.held = "defocus";
    this.place_();
    this.follow();
  }

  reset() {
    this.change(this.first);
  }

  async sample(sampling_A) {
    const plane = await get(`${this.path}/plane`, { sampling_A });
    if (this.signal.aborted) return;
    this.sampling_A = plane.sampling_A;
    this.picture.lie(plane.nyquist_per_A, plane.pixels, plane.resolutions_A);
    this.picture.picture(`/api/${this.path}/spectrum.png?sampling_A=${plane.sampling_A}`);
    await this.follow();
    if (!this.looked && this.ring) {
      this.looked = true;
      this.picture.zoom(Math.max(1, plane.nyquist_per_A / (ringsAtFirst * this.ring.across_per_A)));
    }
  }

  asked() {
    const { state } = this;
    const defocus = { defocus_u_A: state.defocus_u_A, defocus_v_A: state.defocus_v_A, angle_deg: state.angle_deg };
    const set_ = this.held === "ring" ? { ring: this.ring } : { defocus };
    return { ...set_, phase_shift_deg: state.phase_shift_deg, resolution_range_A: [state.low_A, state.high_A] };
  }

  // One question at a time; what moved meanwhile is asked next.
  async follow() {
    this.pending = true;
    if (this.busy) return;
    this.busy = true;
    set(this.live, { "aria-busy": "true" });
    try {
      while (this.pending && !this.signal.aborted) {
        this.pending = false;
        const answer = await post(`${this.path}/model`, { ...this.asked(), zero: this.state.zero, sampling_A: this.sampling_A, quadrant: this.withModel });
        if (!this.signal.aborted) this.show(answer);
      }
    } catch (problem) {
      this.told.textContent = problem.message;
    } finally {
      this.busy = false;
    }
    if (this.pending && !this.signal.aborted) this.follow();
    else set(this.live, { "aria-busy": "false" });
  }

  show(answer) {
    this.answer = answer;
    const { defocus_u_A, defocus_v_A, angle_deg } = answer;
    if (!this.pending || this.held === "ring") Object.assign(this.state, { defocus_u_A, defocus_v_A, angle_deg });
    if (!this.pending && !this.dragging) { this.ring = answer.ring; this.held = "defocus"; }
    this.told.textContent = answer.profile_told || (answer.ring ? "" : `This defocus has no ${names[this.state.zero - 1]} zero.`);
    const item = (title, text) => make("span", {}, `${title} `, make("strong", {}, text));
    this.live.replaceChildren(item("Defocus", shown(answer.defocus_A, 0, "Å")), item("astigmatism", shown(answer.astigmatism_A, 0, "Å")), item("at", `${shown(angle_deg, 1)}°`), item("score", shown(answer.score, 3)), item("agrees to", shown(answer.fit_resolution_A, 1, "Å")));
    for (const [name, field] of Object.entries(this.fields)) if (document.activeElement !== field) field.value = digits(name, this.state[name]);
    if (answer.quadrant) this.picture.quadrant.setAttribute("href", answer.quadrant);
    set(this.picture.quadrant, { hidden: !answer.quadrant });
    this.place_();
    this.stale();
    this.paint();
  }

  // The other zeros, as far as they lie far enough apart on the screen to be told from each other.
  placeZeros() {
    const { picture, answer } = this;
    const radius = (index) => Math.min(...answer.curves_x_per_A[index].map((x, one) => (x === null ? Infinity : Math.hypot(x, answer.curves_y_per_A[index][one]))));
    const radii = answer.curves_x_per_A.map((_, index) => radius(index));
    const apart = (index) => ((radii[index] - (radii[index - 1] ?? 0)) * picture.scale) / picture.pixel >= leastApart;
    this.others.setAttribute("d", answer.curves_x_per_A.map((x, index) => (index + 1 !== this.state.zero && apart(index) ? picture.path(x, answer.curves_y_per_A[index]) : "")).join(""));
  }

  place_() {
    if (!this.state) return;
    if (this.answer) this.placeZeros();
    const { picture, ring, state } = this;
    const radius = 7 * picture.pixel;
    for (const element of [this.ringUnder, this.ringLine, this.ringCatch, this.axes, ...Object.values(this.grips)]) set(element, { hidden: !ring });
    if (ring) {
      const d = `${ringPath(picture, ring)}Z`;
      for (const path of [this.ringUnder, this.ringLine, this.ringCatch]) path.setAttribute("d", d);
      const point = (length_per_A, direction_deg) => picture.place(length_per_A * Math.cos(direction_deg * radians), length_per_A * Math.sin(direction_deg * radians));
      const beyond = Math.max(ring.along_per_A, ring.across_per_A) + (38 * picture.pixel) / picture.scale;
      const ends = [point(ring.along_per_A, ring.angle_deg), point(ring.across_per_A, ring.angle_deg + 90), point(beyond, ring.angle_deg)];
      Object.values(this.grips).forEach((grip, index) => set(grip, { cx: ends[index][0], cy: ends[index][1], r: radius }));
      const [x, y] = picture.place(0, 0);
      this.axes.setAttribute("d", `M${x},${y}L${ends[2]}M${x},${y}L${ends[1]}`);
    }
    for (const { name, line, catch: wide, grip } of this.bands) {
      const [cx, cy] = picture.place(0, 0);
      const r = picture.scale / state[name];
      for (const circle of [line, wide]) set(circle, { cx, cy, r });
      const within = Math.min(r, 0.97 * picture.scale * picture.nyquist_per_A);
      set(grip, { cx: cx + within * Math.cos(-0.6), cy: cy + within * Math.sin(-0.6), r: 0.8 * radius, "aria-valuenow": state[name].toFixed(2), "aria-valuetext": `${state[name].toFixed(2)} Å` });
    }
    const said = { along: [state.defocus_u_A, "Å"], across: [state.defocus_v_A, "Å"], turn: [state.angle_deg, "degrees"] };
    for (const [name, [value, unit]] of Object.entries(said)) set(this.grips[name], { "aria-valuenow": value.toFixed(1), "aria-valuetext": `${value.toFixed(1)} ${unit}` });
  }

  paint() {
    if (this.answer?.profile) draw(this.plot, profileFigure(this.answer.profile, this.answer.fit_resolution_A));
  }

  async fit() {
    const asked = this.asked();
    this.told.textContent = "Fitting …";
    this.buttons.fit.disabled = true;
    try {
      const fitted = await post(`${this.path}/fit`, asked);
      const hand = await post(`${this.path}/judge`, asked);
      if (this.signal.aborted) return;
      this.fitted = { asked, fitted, hand, at: JSON.stringify(asked) };
      this.stale();
      this.told.textContent = "";
      this.showComparison();
    } catch (problem) {
      this.told.textContent = problem.message;
    } finally {
      this.buttons.fit.disabled = false;
    }
  }

  stale() {
    if (this.fitted) this.hasMoved.hidden = this.fitted.at === JSON.stringify(this.asked());
  }

  showComparison() {
    const { fitted, hand } = this.fitted;
    const kept = this.one.attempts.find(({ number }) => number === this.one.kept);
    const columns = [["Kept now", kept], ["By hand", hand.attempt], ["Fit from here", fitted.attempt]];
    const sigma = (value, error, digits_ = 0) => `${shown(value, digits_)}${error ? ` ± ${shown(error, digits_)}` : ""}`;
    const rows = [
      ["Mean defocus (Å)", (fit) => sigma(fit.defocus_A, fit.defocus_sigma_A)], ["Defocus U, V (Å)", (fit) => `${shown(fit.defocus_u_A)}, ${shown(fit.defocus_v_A)}`],
      ["Astigmatism (Å)", (fit) => sigma(fit.astigmatism_A, fit.astigmatism_sigma_A)], ["Angle of U (°)", (fit) => sigma(fit.angle_deg, fit.astigmatism_sigma_A && fit.angle_sigma_deg, 1)],
      ...(this.one.phase_shift || this.one.phase_shift_deg ? [["Phase shift (°)", (fit) => sigma(fit.phase_shift_deg, fit.phase_shift_sigma_deg, 1)]] : []),
      ["Score", (fit) => shown(fit.score, 3)], ["Agrees to (Å)", (fit) => shown(fit.fit_resolution_A, 2)],
    ].map(([title, text]) => make("tr", {}, make("th", { scope: "row" }, title), ...columns.map(([, attempt]) => make("td", { class: "number" }, attempt?.fit ? text(attempt.fit) : "–"))));
    const verdict = (attempt) => make("td", { class: `number ${attempt ? (attempt.accepted ? "accepted" : "rejected") : ""}` }, attempt ? (attempt.accepted ? "✓ all hold" : `✗ ${attempt.criteria.filter(({ passed }) => !passed).length} fail`) : "–");
    const moved = `The fit moved by ${shown(Math.abs(fitted.moved_A))} Å (${shown((100 * Math.abs(fitted.moved_A)) / (fitted.attempt.fit.defocus_A - fitted.moved_A), 1)} %) from the hand.`;
    const keeping = { disabled: !mayChange() };
    this.compare.closest("section").hidden = false;
    fill(this.compare,
      make("h2", {}, "Before, by hand, and fitted"),
      make("p", { class: `ran-away${fitted.ran_away ? " bad" : ""}`, role: fitted.ran_away ? "alert" : null }, fitted.ran_away ? `${moved} It ran away: it may be on other rings than those you meant. Look at both before you keep it.` : moved),
      make("table", { class: "comparison" }, make("thead", {}, make("tr", {}, make("td"), ...columns.map(([title]) => make("th", { scope: "col", class: "number" }, title)))),
        make("tbody", {}, ...rows, make("tr", {}, make("th", { scope: "row" }, "Criteria"), ...columns.map(([, attempt]) => verdict(attempt))))),
      fitted.attempt.reasons.length ? make("ul", { class: "notes" }, ...fitted.attempt.reasons.map((text) => make("li", {}, text))) : null,
      make("p", { class: "buttons" }, make("button", { type: "button", class: "first", ...keeping, onclick: () => trying(() => this.keep("fit")) }, "Keep the fit"),
        make("button", { type: "button", onclick: () => { const { fit } = fitted.attempt; this.change({ defocus_u_A: fit.defocus_u_A, defocus_v_A: fit.defocus_v_A, angle_deg: fit.angle_deg, phase_shift_deg: fit.phase_shift_deg }); } }, "Move the ring to the fit")),
    );
  }

  async keep(way) {
    const asked = way === "fit" ? this.fitted.asked : this.asked();
    await named((who) => post(`${this.path}/keep`, { ...asked, way, who }), () => `Kept ${way === "fit" ? "the fit" : "what the hand set"}; tables and exports use it. Undo with u on the micrograph's page.`);
    await this.again();
  }

  async forget() {
    await named((who) => post(`${this.path}/forget`, { who }), () => "The automatic estimate stands again.");
    await this.again();
  }

  async again() {
    const one = await trying(() => get(`micrographs/${this.one.number}`));
    if (one && !this.signal.aborted) this.renew(one);
  }

  renew(one) {
    this.one = one;
    this.buttons.forget.disabled = !mayChange() || !one.by_hand;
    if (this.fitted) this.showComparison();
  }
}

function digits(name, value) {
  return value === null || value === undefined ? "" : Number(value.toFixed({ angle_deg: 1, phase_shift_deg: 1, low_A: 2, high_A: 2 }[name] ?? 0));
}

// How far a point is from the centre, in radii of the ring in its direction.
function distance(ring, x, y) {
  const [c, s] = [Math.cos(ring.angle_deg * radians), Math.sin(ring.angle_deg * radians)];
  return Math.hypot((x * c + y * s) / ring.along_per_A, (y * c - x * s) / ring.across_per_A);
}
