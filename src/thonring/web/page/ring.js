// The ring of a zero and the search band on a spectrum, with handles for mouse and keys; what they do is told to `act`.
import { draws, set } from "./parts.js";
import { dragged, ringPath } from "./spectrum.js";

const leastApart = 9;
const radians = Math.PI / 180;

export class RingOnSpectrum {
  // `act`: `begin()` and `end()` of a drag, `pull(ring)` as it goes, `change({ low_A })` or `high_A` for the band.
  constructor(picture, act) {
    Object.assign(this, { picture, act, shown: { ring: null, state: null, answer: null } });
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
    picture.curves.append((this.others = draws("path", { class: "other" })));
    picture.hand.append(...this.bands.flatMap((band) => [band.line, band.catch]), this.ringCatch, this.axes, this.ringUnder, this.ringLine, ...this.bands.map((band) => band.grip), ...Object.values(this.grips));
    picture.moved = () => this.show(this.shown);
    this.#listen();
  }

  // `ring` null: there is none to hold; `answer` null: the server has not answered yet.
  show(shown) {
    this.shown = shown;
    const { ring, state, answer } = shown;
    if (!state) return;
    if (answer) this.#placeZeros(shown);
    const { picture } = this;
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

  // The other zeros, as far as they lie far enough apart on the screen to be told from each other.
  #placeZeros({ answer, state }) {
    const { picture } = this;
    const radius = (index) => Math.min(...answer.curves_x_per_A[index].map((x, one) => (x === null ? Infinity : Math.hypot(x, answer.curves_y_per_A[index][one]))));
    const radii = answer.curves_x_per_A.map((_, index) => radius(index));
    const apart = (index) => ((radii[index] - (radii[index - 1] ?? 0)) * picture.scale) / picture.pixel >= leastApart;
    this.others.setAttribute("d", answer.curves_x_per_A.map((x, index) => (index + 1 !== state.zero && apart(index) ? picture.path(x, answer.curves_y_per_A[index]) : "")).join(""));
  }

  #listen() {
    const { picture } = this;
    const moving = (begin) => (event) => { this.act.begin(); return begin(picture.at(event)); };
    const ended = () => this.act.end();
    const hand = (element, begin) => dragged(element, moving(begin), ended);
    hand(this.ringCatch, ([x, y]) => {
      const from = { ...this.shown.ring };
      const start = distance(from, x, y);
      return (event) => { const ratio = distance(from, ...picture.at(event)) / start; this.act.pull({ ...from, along_per_A: from.along_per_A * ratio, across_per_A: from.across_per_A * ratio }); };
    });
    for (const [name, offset] of [["along", 0], ["across", 90]]) {
      hand(this.grips[name], () => {
        const from = { ...this.shown.ring };
        const direction = (from.angle_deg + offset) * radians;
        return (event) => { const [x, y] = picture.at(event); this.act.pull({ ...from, [`${name}_per_A`]: Math.abs(x * Math.cos(direction) + y * Math.sin(direction)) }); };
      });
    }
    hand(this.grips.turn, () => (event) => { const [x, y] = picture.at(event); this.act.pull({ ...this.shown.ring, angle_deg: Math.atan2(y, x) / radians }); });
    for (const band of this.bands) {
      for (const element of [band.catch, band.grip]) hand(element, () => (event) => this.act.change({ [band.name]: 1 / Math.hypot(...picture.at(event)) }));
      band.grip.addEventListener("keydown", (event) => this.#bandKey(event, band.name));
    }
  }

  #bandKey(event, name) {
    const step = { ArrowUp: 1.02, ArrowRight: 1.02, ArrowDown: 1 / 1.02, ArrowLeft: 1 / 1.02 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    this.act.change({ [name]: this.shown.state[name] / step });
  }
}

// How far a point is from the centre, in radii of the ring in its direction.
function distance(ring, x, y) {
  const [c, s] = [Math.cos(ring.angle_deg * radians), Math.sin(ring.angle_deg * radians)];
  return Math.hypot((x * c + y * s) / ring.along_per_A, (y * c - x * s) / ring.across_per_A);
}
