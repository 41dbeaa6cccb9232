// The ring of one CTF zero and the search band drawn on a spectrum, with handles for mouse and keyboard.
import { setAttributes, svgElement } from "./dom.js";
import { makeDraggable, ringPath } from "./spectrum.js";

// Zeros closer than this on the screen are not drawn.
const leastDistance_px = 9;
const radians = Math.PI / 180;

export class RingEditor {
  // `callbacks`: `onDragStart()`, `onDragEnd()`, `onRing(ring)` during a drag, `onChange({ low_A })` or `high_A` for the band.
  constructor(picture, callbacks) {
    Object.assign(this, { picture, callbacks, shown: { ring: null, state: null, answer: null } });
    const handle = (kind, label, extra = {}) =>
      svgElement("circle", {
        class: `handle ${kind}`,
        "data-handle": kind,
        role: "slider",
        tabindex: 0,
        "aria-label": label,
        ...extra,
      });
    this.ringOutline = svgElement("path", { class: "ring-outline" });
    this.ringLine = svgElement("path", { class: "ring" });
    this.ringHitArea = svgElement("path", { class: "hit-area", "data-handle": "ring" });
    this.axes = svgElement("path", { class: "axis" });
    this.bands = ["low_A", "high_A"].map((name) => ({
      name,
      line: svgElement("circle", { class: "band" }),
      hitArea: svgElement("circle", { class: "hit-area", "data-handle": name }),
      handle: handle(
        "band-handle",
        name === "low_A" ? "Inner circle of the search band" : "Outer circle of the search band",
      ),
    }));
    this.handles = {
      along: handle("along", "Ring along U, the direction of highest defocus"),
      across: handle("across", "Ring along V, the direction of lowest defocus"),
      turn: handle("rotate-handle", "Angle of U"),
    };
    picture.curves.append((this.others = svgElement("path", { class: "other-zeros" })));
    picture.handles.append(
      ...this.bands.flatMap((band) => [band.line, band.hitArea]),
      this.ringHitArea,
      this.axes,
      this.ringOutline,
      this.ringLine,
      ...this.bands.map((band) => band.handle),
      ...Object.values(this.handles),
    );
    picture.onViewChange = () => this.show(this.shown);
    this.#bindDrags();
  }

  // `shown`: {ring, state, answer}; no ring if the defocus has no such zero, no answer before the first one of the server.
  show(shown) {
    this.shown = shown;
    const { ring, state, answer } = shown;
    if (!state) return;
    if (answer) this.#drawOtherZeros(shown);
    const { picture } = this;
    const radius = 7 * picture.unitsPerPixel;
    for (const element of [
      this.ringOutline,
      this.ringLine,
      this.ringHitArea,
      this.axes,
      ...Object.values(this.handles),
    ])
      setAttributes(element, { hidden: !ring });
    if (ring) {
      const d = `${ringPath(picture, ring)}Z`;
      for (const path of [this.ringOutline, this.ringLine, this.ringHitArea]) path.setAttribute("d", d);
      const point = (length_per_A, direction_deg) =>
        picture.toPicture(
          length_per_A * Math.cos(direction_deg * radians),
          length_per_A * Math.sin(direction_deg * radians),
        );
      const outside_per_A =
        Math.max(ring.along_per_A, ring.across_per_A) + (38 * picture.unitsPerPixel) / picture.scale;
      const ends = [
        point(ring.along_per_A, ring.angle_deg),
        point(ring.across_per_A, ring.angle_deg + 90),
        point(outside_per_A, ring.angle_deg),
      ];
      Object.values(this.handles).forEach((handle, index) =>
        setAttributes(handle, { cx: ends[index][0], cy: ends[index][1], r: radius }),
      );
      const [x, y] = picture.toPicture(0, 0);
      this.axes.setAttribute("d", `M${x},${y}L${ends[2]}M${x},${y}L${ends[1]}`);
    }
    for (const { name, line, hitArea, handle } of this.bands) {
      const [cx, cy] = picture.toPicture(0, 0);
      const r = picture.scale / state[name];
      for (const circle of [line, hitArea]) setAttributes(circle, { cx, cy, r });
      const handleRadius = Math.min(r, 0.97 * picture.scale * picture.nyquist_per_A);
      setAttributes(handle, {
        cx: cx + handleRadius * Math.cos(-0.6),
        cy: cy + handleRadius * Math.sin(-0.6),
        r: 0.8 * radius,
        "aria-valuenow": state[name].toFixed(2),
        "aria-valuetext": `${state[name].toFixed(2)} Å`,
      });
    }
    const values = {
      along: [state.defocus_u_A, "Å"],
      across: [state.defocus_v_A, "Å"],
      turn: [state.angle_deg, "degrees"],
    };
    for (const [name, [value, unit]] of Object.entries(values))
      setAttributes(this.handles[name], {
        "aria-valuenow": value.toFixed(1),
        "aria-valuetext": `${value.toFixed(1)} ${unit}`,
      });
  }

  // The other zeros, as long as they are far enough apart on the screen to be distinguished.
  #drawOtherZeros({ answer, state }) {
    const { picture } = this;
    const radius = (index) =>
      Math.min(
        ...answer.curves_x_per_A[index].map((x, point) =>
          x === null ? Infinity : Math.hypot(x, answer.curves_y_per_A[index][point]),
        ),
      );
    const radii = answer.curves_x_per_A.map((_, index) => radius(index));
    const apart = (index) =>
      ((radii[index] - (radii[index - 1] ?? 0)) * picture.scale) / picture.unitsPerPixel >= leastDistance_px;
    this.others.setAttribute(
      "d",
      answer.curves_x_per_A
        .map((x, index) =>
          index + 1 !== state.zero && apart(index) ? picture.path(x, answer.curves_y_per_A[index]) : "",
        )
        .join(""),
    );
  }

  #bindDrags() {
    const { picture } = this;
    const start = (begin) => (event) => {
      this.callbacks.onDragStart();
      return begin(picture.frequencyAt(event));
    };
    const end = () => this.callbacks.onDragEnd();
    const drag = (target, begin) => makeDraggable(target, start(begin), end);
    drag(this.ringHitArea, ([x, y]) => {
      const from = { ...this.shown.ring };
      const startDistance = distance(from, x, y);
      return (event) => {
        const ratio = distance(from, ...picture.frequencyAt(event)) / startDistance;
        this.callbacks.onRing({
          ...from,
          along_per_A: from.along_per_A * ratio,
          across_per_A: from.across_per_A * ratio,
        });
      };
    });
    for (const [name, offset] of [
      ["along", 0],
      ["across", 90],
    ]) {
      drag(this.handles[name], () => {
        const from = { ...this.shown.ring };
        const direction = (from.angle_deg + offset) * radians;
        return (event) => {
          const [x, y] = picture.frequencyAt(event);
          this.callbacks.onRing({
            ...from,
            [`${name}_per_A`]: Math.abs(x * Math.cos(direction) + y * Math.sin(direction)),
          });
        };
      });
    }
    drag(this.handles.turn, () => (event) => {
      const [x, y] = picture.frequencyAt(event);
      this.callbacks.onRing({ ...this.shown.ring, angle_deg: Math.atan2(y, x) / radians });
    });
    for (const band of this.bands) {
      for (const element of [band.hitArea, band.handle])
        drag(
          element,
          () => (event) => this.callbacks.onChange({ [band.name]: 1 / Math.hypot(...picture.frequencyAt(event)) }),
        );
      band.handle.addEventListener("keydown", (event) => this.#onBandKey(event, band.name));
    }
  }

  #onBandKey(event, name) {
    const step = { ArrowUp: 1.02, ArrowRight: 1.02, ArrowDown: 1 / 1.02, ArrowLeft: 1 / 1.02 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    this.callbacks.onChange({ [name]: this.shown.state[name] / step });
  }
}

// Distance of a point from the centre, in units of the ring's radius in that direction.
function distance(ring, x, y) {
  const [c, s] = [Math.cos(ring.angle_deg * radians), Math.sin(ring.angle_deg * radians)];
  return Math.hypot((x * c + y * s) / ring.along_per_A, (y * c - x * s) / ring.across_per_A);
}
