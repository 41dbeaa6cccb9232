// The estimate by hand: a ring and a band on the spectrum; defocus, rings and profile follow; fitted from there, kept, forgotten.
import { get, post } from "./api.js";
import { comparison } from "./comparison.js";
import { mayChange, named } from "./decide.js";
import { draw } from "./draw.js";
import { fill, make, set, shown } from "./parts.js";
import { profileFigure } from "./profile.js";
import { RingOnSpectrum } from "./ring.js";
import { SpectrumPicture, legend } from "./spectrum.js";
import { trying } from "./told.js";

const names = ["first", "second", "third", "fourth", "fifth"];
const steps = { ArrowUp: 100, ArrowDown: -100, ArrowRight: 10, ArrowLeft: -10 };
const turns = { "[": -1, "]": 1, "{": -10, "}": 10 };
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
    this.hand = new RingOnSpectrum(this.picture, {
      begin: () => { this.dragging = true; }, end: () => { this.dragging = false; this.follow(); },
      pull: (ring) => this.pull(ring), change: (values) => this.change(values),
    });
    this.layout();
    document.addEventListener("keydown", (event) => this.key(event), { signal });
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
              one.phase_shift || one.phase_shift_deg || one.attempts.some(({ fit }) => fit?.phase_shift_deg) ? number("phase_shift_deg", "Phase shift (°)") : null,
              number("low_A", "Band from (Å)"), number("high_A", "to (Å)"),
              choice("Shown at", samplings.map((sampling_A) => [sampling_A, `${shown(sampling_A, 2)} Å/px`]), one.attempts.find(({ number: each }) => each === one.kept)?.sampling_A, (sampling_A) => trying(() => this.sample(sampling_A)))),
            make("p", { class: "checks" }, check("Other zeros", true, (on) => set(this.hand.others, { hidden: !on })), check("Model in the upper left", false, (on) => { this.withModel = on; this.follow(); })),
            make("p", { class: "buttons" }, ...Object.values(this.buttons)), this.told),
          make("section", { class: "card", "aria-label": "Comparison", hidden: true }, this.compare, this.hasMoved),
          make("section", { class: "card", "aria-label": "Profile against the model" }, make("h2", {}, "Profile against the model"), this.plot))),
    );
  }

  keys() {
    const key = (text) => make("kbd", {}, text);
    return make("p", { class: "keys soft" }, "Drag the ring, its handles, or the circles of the band. ", key("↑"), " ", key("↓"), " defocus by 100 Å, ", key("←"), " ", key("→"), " by 10 Å, with ", key("Shift"), " astigmatism, ", key("["), " ", key("]"), " angle, ", key("1"), "–", key("5"), " which zero, ", key("f"), " fit from here; wheel, ", key("+"), " ", key("−"), " ", key("0"), " zoom.");
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
    this.hand.show(this);
    this.follow();
  }

  change(values) {
    Object.assign(this.state, values);
    if (!("low_A" in values || "high_A" in values)) this.held = "defocus";
    this.hand.show(this);
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
    this.hand.show(this);
    this.stale();
    this.paint();
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
    this.compare.closest("section").hidden = false;
    const move = ({ defocus_u_A, defocus_v_A, angle_deg, phase_shift_deg }) => this.change({ defocus_u_A, defocus_v_A, angle_deg, phase_shift_deg });
    fill(this.compare, ...comparison(this.one, this.fitted, { keep: () => trying(() => this.keep("fit")), move }));
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
