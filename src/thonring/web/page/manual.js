// The manual estimate: the ring of a CTF zero and the search band are dragged on the spectrum; the server answers with
// defocus, zeros, score and profile; the values are fitted from there, kept, or discarded.
import { get, post } from "./api.js";
import { canDecide, sendAsReviewer } from "./decisions.js";
import { button, element, formatNumber, setAttributes, setChildren } from "./dom.js";
import { draw } from "./figures.js";
import { comparisonTable } from "./fit_tables.js";
import { RingEditor } from "./manual_ring.js";
import { profileFigure } from "./profile.js";
import { SpectrumPicture, legend } from "./spectrum.js";
import { withErrorToast } from "./toast.js";

const ordinals = ["first", "second", "third", "fourth", "fifth"];
const defocusSteps_A = { ArrowUp: 100, ArrowDown: -100, ArrowRight: 10, ArrowLeft: -10 };
const angleSteps_deg = { "[": -1, "]": 1, "{": -10, "}": 10 };
const fractionDigits = { angle_deg: 1, phase_shift_deg: 1, low_A: 2, high_A: 2 };
// The ring may not be dragged onto the centre, where its defocus would be infinite.
const leastRadius_per_A = 0.004;
// At first the visible part of the spectrum has this many times the radius of the ring.
const initialRadii = 4;

export async function showManualEstimate(container, data, signal) {
  const manual = new ManualEstimate(container, data, signal);
  await manual.start();
  return manual;
}

function formatField(name, value) {
  return value === null || value === undefined ? "" : Number(value.toFixed(fractionDigits[name] ?? 0));
}

function usesPhaseShift(data) {
  return data.phase_shift || data.phase_shift_deg || data.attempts.some(({ fit }) => fit?.phase_shift_deg);
}

class ManualEstimate {
  // `data` is the micrograph as the server describes it; `signal` is aborted when the view is left.
  constructor(container, data, signal) {
    Object.assign(this, {
      container,
      data,
      signal,
      path: `micrographs/${data.number}/manual`,
      ring: null, // in 1/Å and degrees, as dragged or as the server answered
      source: "defocus", // whether the ring or the defocus is what was changed last
      answer: null,
      busy: false,
      pending: false,
      dragging: false,
      withModel: false,
      comparison: null,
    });
    this.picture = new SpectrumPicture(
      "Power spectrum. Arrow keys change the defocus by 100 or 10 ångström, with Shift the astigmatism, square brackets the angle; plus and minus zoom.",
    );
    this.picture.svg.setAttribute("role", "application");
    this.editor = new RingEditor(this.picture, {
      onDragStart: () => {
        this.dragging = true;
      },
      onDragEnd: () => {
        this.dragging = false;
        this.refresh();
      },
      onRing: (ring) => this.changeRing(ring),
      onChange: (values) => this.change(values),
    });
    this.build();
    document.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  get keptAttempt() {
    return this.data.attempts.find(({ number }) => number === this.data.kept);
  }

  async start() {
    const fit = (this.keptAttempt ?? this.data.attempts.at(-1))?.fit ?? null;
    const [low_A, high_A] = fit?.resolution_range_A ?? this.data.resolution_range_A;
    const phase_shift_deg = fit?.phase_shift_deg ?? this.data.phase_shift_deg;
    this.state = { ...(await this.initialDefocus(fit)), zero: 1, phase_shift_deg, low_A, high_A };
    this.initialState = { ...this.state };
    await this.setSampling(this.keptAttempt?.sampling_A ?? this.data.samplings_A[0]);
    this.picture.svg.focus({ preventScroll: true });
  }

  // From the kept fit, else from the network's prediction, else the geometric mean of the search range.
  async initialDefocus(fit) {
    if (fit) return { defocus_u_A: fit.defocus_u_A, defocus_v_A: fit.defocus_v_A, angle_deg: fit.angle_deg };
    const prediction = await withErrorToast(() => get(`micrographs/${this.data.number}/network`));
    const [low_A, high_A] = this.data.defocus_range_A;
    const mean_A = prediction?.defocus_A ?? Math.sqrt(Math.max(low_A, 500) * high_A);
    return { defocus_u_A: mean_A, defocus_v_A: mean_A, angle_deg: 0 };
  }

  build() {
    const { data } = this;
    this.message = element("p", { class: "message soft", role: "status" });
    this.liveValues = element("p", { class: "live-values", "aria-live": "off" });
    this.plot = element("div", {
      class: "live-profile",
      role: "img",
      "aria-label": "Power, Thon rings and agreement against resolution",
    });
    this.comparisonBody = element("div");
    this.outdatedNote = element("p", { class: "soft", hidden: true }, "The values have changed since this fit.");
    this.comparisonCard = element(
      "section",
      { class: "card", "aria-label": "Comparison", hidden: true },
      this.comparisonBody,
      this.outdatedNote,
    );
    this.buttons = this.makeButtons();
    const backLink = { class: "arrow", href: `#/micrograph/${data.number}`, title: "Back (Esc)" };
    setChildren(
      this.container,
      element(
        "header",
        { class: "micrograph-header" },
        element("a", { ...backLink, "aria-label": "Back to the micrograph" }, "‹"),
        element(
          "div",
          {},
          element("h1", {}, `${data.name}: manual estimate`),
          element("p", { class: "soft path" }, data.file),
        ),
      ),
      element(
        "div",
        { class: "manual" },
        element(
          "div",
          { class: "column" },
          element("div", {}, this.picture.frame, legend(["ring", "ring and zeros"], ["band", "search band"]), help()),
        ),
        element(
          "div",
          { class: "column" },
          element(
            "section",
            { class: "card", "aria-label": "Ring and band" },
            this.liveValues,
            this.makeFields(),
            this.makeChecks(),
            element("p", { class: "buttons" }, ...Object.values(this.buttons)),
            this.message,
          ),
          this.comparisonCard,
          element(
            "section",
            { class: "card", "aria-label": "Profile and model" },
            element("h2", {}, "Profile and model"),
            this.plot,
          ),
        ),
      ),
    );
  }

  makeButtons() {
    const action = (text, title, act, attributes = {}) =>
      button(text, () => withErrorToast(act), { title, ...attributes });
    return {
      fit: action("Fit from here", "Fit, starting from these values (f)", () => this.fit(), { class: "primary" }),
      keep: action("Keep these values", "Keep these values without fitting them", () => this.keep("hand"), {
        disabled: !canDecide(),
      }),
      reset: action("Reset", "Return to the initial values", () => this.change(this.initialState)),
      discard: action("Discard", "Discard the manual estimate and return to the automatic one", () => this.discard(), {
        disabled: !canDecide() || !this.data.by_hand,
      }),
    };
  }

  makeFields() {
    const { data } = this;
    this.fields = {};
    const number = (name, label) => {
      const field = element("input", { type: "number", step: "any", onchange: () => this.onField(name, field) });
      this.fields[name] = field;
      return element("label", {}, label, field);
    };
    const choice = (label, options, selected, change) => {
      const items = options.map(([value, text]) => element("option", { value, selected: value === selected }, text));
      const select = element("select", { onchange: () => change(Number(select.value)) }, ...items);
      return element("label", {}, label, select);
    };
    const zeros = ordinals.map((ordinal, index) => [index + 1, `${ordinal} zero`]);
    const samplings = [...new Set([...data.attempts.map(({ sampling_A }) => sampling_A), ...data.samplings_A])].map(
      (sampling_A) => [sampling_A, `${formatNumber(sampling_A, 2)} Å/px`],
    );
    return element(
      "div",
      { class: "controls" },
      choice("Ring drawn at the", zeros, 1, (zero) => this.change({ zero })),
      number("defocus_u_A", "Defocus U (Å)"),
      number("defocus_v_A", "Defocus V (Å)"),
      number("angle_deg", "Angle of U (°)"),
      usesPhaseShift(data) ? number("phase_shift_deg", "Phase shift (°)") : null,
      number("low_A", "Band from (Å)"),
      number("high_A", "Band to (Å)"),
      choice("Sampling", samplings, this.keptAttempt?.sampling_A, (sampling_A) =>
        withErrorToast(() => this.setSampling(sampling_A)),
      ),
    );
  }

  makeChecks() {
    const check = (text, checked, change) => {
      const box = element("input", { type: "checkbox", checked, onchange: () => change(box.checked) });
      return element("label", {}, box, text);
    };
    return element(
      "p",
      { class: "checks" },
      check("Other zeros", true, (on) => setAttributes(this.editor.others, { hidden: !on })),
      check("Model in the upper left", false, (on) => {
        this.withModel = on;
        this.refresh();
      }),
    );
  }

  onKey(event) {
    if (!this.state || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog, .js-plotly-plot")) return;
    const { key, shiftKey } = event;
    const { defocus_u_A, defocus_v_A, angle_deg } = this.state;
    if (key === "Escape") {
      location.hash = `#/micrograph/${this.data.number}`;
    } else if (key === "f") {
      withErrorToast(() => this.fit());
    } else if (/^[1-5]$/.test(key)) {
      this.container.querySelector("select").value = key;
      this.change({ zero: Number(key) });
    } else if (key in angleSteps_deg) {
      this.change({ angle_deg: angle_deg + angleSteps_deg[key] });
    } else if (key in defocusSteps_A && !event.target.closest("button, a")) {
      // With Shift the mean stays and U − V changes by the step.
      const step_A = shiftKey ? 0.5 * defocusSteps_A[key] : defocusSteps_A[key];
      this.change({ defocus_u_A: defocus_u_A + step_A, defocus_v_A: defocus_v_A + (shiftKey ? -step_A : step_A) });
    } else {
      return;
    }
    event.preventDefault();
  }

  onField(name, field) {
    if (Number.isFinite(field.valueAsNumber)) {
      this.change({ [name]: field.valueAsNumber });
    } else {
      this.message.textContent = "Not a number.";
      field.value = formatField(name, this.state[name]);
    }
  }

  // A dragged ring is drawn at once; the rest follows with the server's answer.
  changeRing(ring) {
    this.ring = {
      ...ring,
      zero: this.state.zero,
      along_per_A: Math.max(leastRadius_per_A, ring.along_per_A),
      across_per_A: Math.max(leastRadius_per_A, ring.across_per_A),
    };
    this.source = "ring";
    this.editor.show(this);
    this.refresh();
  }

  change(values) {
    Object.assign(this.state, values);
    if (!("low_A" in values || "high_A" in values)) this.source = "defocus";
    this.editor.show(this);
    this.refresh();
  }

  async setSampling(sampling_A) {
    const plane = await get(`${this.path}/plane`, { sampling_A });
    if (this.signal.aborted) return;
    this.sampling_A = plane.sampling_A;
    this.picture.setScale(plane.nyquist_per_A, plane.pixels, plane.resolutions_A);
    this.picture.setImage(`/api/${this.path}/spectrum.png?sampling_A=${plane.sampling_A}`);
    await this.refresh();
    if (!this.zoomed && this.ring) {
      this.zoomed = true;
      this.picture.zoom(Math.max(1, plane.nyquist_per_A / (initialRadii * this.ring.across_per_A)));
    }
  }

  // The values as the server takes them: the ring while it is dragged, else the defocus.
  get request() {
    const { defocus_u_A, defocus_v_A, angle_deg, phase_shift_deg, low_A, high_A } = this.state;
    const estimate =
      this.source === "ring" ? { ring: this.ring } : { defocus: { defocus_u_A, defocus_v_A, angle_deg } };
    return { ...estimate, phase_shift_deg, resolution_range_A: [low_A, high_A] };
  }

  // Asks the server for the model of the current values. One request at a time: changes meanwhile go into the next one.
  async refresh() {
    this.pending = true;
    if (this.busy) return;
    this.busy = true;
    setAttributes(this.liveValues, { "aria-busy": "true" });
    try {
      while (this.pending && !this.signal.aborted) {
        this.pending = false;
        const { request, sampling_A, withModel } = this;
        const body = { ...request, zero: this.state.zero, sampling_A, quadrant: withModel };
        const answer = await post(`${this.path}/model`, body);
        if (!this.signal.aborted) this.showAnswer(answer);
      }
    } catch (error) {
      this.message.textContent = error.message;
    } finally {
      this.busy = false;
    }
    if (this.pending && !this.signal.aborted) this.refresh();
    else setAttributes(this.liveValues, { "aria-busy": "false" });
  }

  showAnswer(answer) {
    this.answer = answer;
    const { defocus_u_A, defocus_v_A, angle_deg } = answer;
    if (!this.pending || this.source === "ring") Object.assign(this.state, { defocus_u_A, defocus_v_A, angle_deg });
    if (!this.pending && !this.dragging) {
      this.ring = answer.ring;
      this.source = "defocus";
    }
    const noRing = answer.ring ? "" : `This defocus has no ${ordinals[this.state.zero - 1]} zero.`;
    this.message.textContent = answer.profile_told || noRing;
    const item = (title, text) => element("span", {}, `${title} `, element("strong", {}, text));
    setChildren(
      this.liveValues,
      item("Defocus", formatNumber(answer.defocus_A, 0, "Å")),
      item("astigmatism", formatNumber(answer.astigmatism_A, 0, "Å")),
      item("angle", `${formatNumber(angle_deg, 1)}°`),
      item("score", formatNumber(answer.score, 3)),
      item("fit resolution", formatNumber(answer.fit_resolution_A, 1, "Å")),
    );
    for (const [name, field] of Object.entries(this.fields))
      if (document.activeElement !== field) field.value = formatField(name, this.state[name]);
    if (answer.quadrant) this.picture.quadrant.setAttribute("href", answer.quadrant);
    setAttributes(this.picture.quadrant, { hidden: !answer.quadrant });
    this.editor.show(this);
    this.markOutdated();
    this.paint();
  }

  paint() {
    if (this.answer?.profile) draw(this.plot, profileFigure(this.answer.profile, this.answer.fit_resolution_A));
  }

  async fit() {
    const { request } = this;
    this.message.textContent = "Fitting…";
    this.buttons.fit.disabled = true;
    try {
      const fitted = await post(`${this.path}/fit`, request);
      const manual = await post(`${this.path}/judge`, request);
      if (this.signal.aborted) return;
      this.comparison = { request, fitted, manual };
      this.markOutdated();
      this.message.textContent = "";
      this.showComparison();
    } catch (error) {
      this.message.textContent = error.message;
    } finally {
      this.buttons.fit.disabled = false;
    }
  }

  markOutdated() {
    if (!this.comparison) return;
    this.outdatedNote.hidden = JSON.stringify(this.comparison.request) === JSON.stringify(this.request);
  }

  showComparison() {
    this.comparisonCard.hidden = false;
    const keepFit = () => withErrorToast(() => this.keep("fit"));
    const moveRing = ({ defocus_u_A, defocus_v_A, angle_deg, phase_shift_deg }) =>
      this.change({ defocus_u_A, defocus_v_A, angle_deg, phase_shift_deg });
    setChildren(this.comparisonBody, ...comparisonTable(this.data, this.comparison, { keepFit, moveRing }));
  }

  // `way` is "fit", or "hand" for the values without a fit.
  async keep(way) {
    const request = way === "fit" ? this.comparison.request : this.request;
    const values = way === "fit" ? "The fit" : "The manual estimate";
    await sendAsReviewer(
      (who) => post(`${this.path}/keep`, { ...request, way, who }),
      () => `${values} was kept; tables and exports use it. To undo, press u in the micrograph view.`,
    );
    await this.reload();
  }

  async discard() {
    const send = (who) => post(`${this.path}/forget`, { who });
    await sendAsReviewer(send, () => "The manual estimate was discarded; the automatic one is used again.");
    await this.reload();
  }

  async reload() {
    const data = await withErrorToast(() => get(`micrographs/${this.data.number}`));
    if (data && !this.signal.aborted) this.update(data);
  }

  update(data) {
    this.data = data;
    this.buttons.discard.disabled = !canDecide() || !data.by_hand;
    if (this.comparison) this.showComparison();
  }
}

function help() {
  const key = (text) => element("kbd", {}, text);
  const keys = (...texts) => texts.flatMap((text) => [key(text), " "]);
  return element(
    "p",
    { class: "help soft" },
    "Drag the ring, its handles, or the circles of the band. ",
    ...keys("↑", "↓"),
    "defocus by 100 Å, ",
    ...keys("←", "→"),
    "by 10 Å, with ",
    key("Shift"),
    " astigmatism; ",
    ...keys("[", "]"),
    "angle; ",
    key("1"),
    "–",
    key("5"),
    " zero of the ring; ",
    key("f"),
    " fit from here; mouse wheel, ",
    ...keys("+", "−", "0"),
    "zoom.",
  );
}
