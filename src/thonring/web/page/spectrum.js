// A picture of a power spectrum with curves on top, which zooms and pans. Frequencies are in 1/Å from the centre, y down.
import { button, element, setAttributes, svgElement } from "./dom.js";

const mostZoom = 24;
const size = 1000;

export class SpectrumPicture {
  // `label` describes the picture to screen readers.
  constructor(label) {
    this.image = svgElement("image", { x: 0, y: 0, width: size, height: size, preserveAspectRatio: "none" });
    this.quadrant = svgElement("image", {
      x: 0,
      y: 0,
      width: size / 2,
      height: size / 2,
      preserveAspectRatio: "none",
      hidden: true,
    });
    this.circles = svgElement("g", { class: "resolutions" });
    this.curves = svgElement("g", { class: "curves" });
    this.handles = svgElement("g", { class: "manual-overlay" });
    this.svg = svgElement(
      "svg",
      { class: "spectrum", viewBox: `0 0 ${size} ${size}`, role: "group", "aria-label": label, tabindex: 0 },
      this.image,
      this.quadrant,
      this.circles,
      this.curves,
      this.handles,
    );
    const control = (sign, name, key, act) => button(sign, act, { "aria-label": name, title: `${name} (${key})` });
    this.frame = element(
      "div",
      { class: "spectrum-frame" },
      this.svg,
      element(
        "p",
        { class: "zoom-buttons" },
        control("+", "Zoom in", "+", () => this.zoom(1.5)),
        control("−", "Zoom out", "−", () => this.zoom(1 / 1.5)),
        control("⤢", "Show the whole spectrum", "0", () => this.showAll()),
      ),
    );
    // Called when the visible part or its size on the screen has changed.
    this.onViewChange = () => {};
    this.nyquist_per_A = 1;
    this.pixels = 512;
    this.view = { x: 0, y: 0, side: size };
    this.#bindEvents();
  }

  // Zero frequency is at the centre of pixel n/2, which is half a pixel right of and below the centre of the picture.
  setScale(nyquist_per_A, pixels, resolutions_A) {
    Object.assign(this, { nyquist_per_A, pixels, resolutions_A });
    this.#drawResolutions();
  }

  setImage(url) {
    this.image.setAttribute("href", url);
  }

  get scale() {
    return size / (2 * this.nyquist_per_A);
  }

  toPicture(x_per_A, y_per_A) {
    const centre = size / 2 + size / (2 * this.pixels);
    return [centre + x_per_A * this.scale, centre + y_per_A * this.scale];
  }

  // The frequency under the pointer, in 1/Å from the centre.
  frequencyAt(event) {
    const area = this.svg.getBoundingClientRect();
    const [x0, y0] = this.toPicture(0, 0);
    const x = this.view.x + ((event.clientX - area.left) / area.width) * this.view.side;
    const y = this.view.y + ((event.clientY - area.top) / area.height) * this.view.side;
    return [(x - x0) / this.scale, (y - y0) / this.scale];
  }

  // Picture units per pixel of the screen.
  get unitsPerPixel() {
    return this.view.side / (this.svg.getBoundingClientRect().width || size);
  }

  path(xs, ys) {
    let command = "M";
    return xs
      .map((x, index) => {
        if (x === null || ys[index] === null) {
          command = "M";
          return "";
        }
        const [px, py] = this.toPicture(x, ys[index]);
        const step = `${command}${px.toFixed(2)},${py.toFixed(2)}`;
        command = "L";
        return step;
      })
      .join("");
  }

  zoom(factor, about = [size / 2, size / 2]) {
    const side = Math.min(size, Math.max(size / mostZoom, this.view.side / factor));
    const ratio = side / this.view.side;
    this.#setView(about[0] - (about[0] - this.view.x) * ratio, about[1] - (about[1] - this.view.y) * ratio, side);
  }

  showAll() {
    this.#setView(0, 0, size);
  }

  #setView(x, y, side) {
    const within = (value) => Math.min(size - side, Math.max(0, value));
    this.view = { x: within(x), y: within(y), side };
    this.svg.setAttribute("viewBox", `${this.view.x} ${this.view.y} ${side} ${side}`);
    this.svg.classList.toggle("zoomed", side < size / 2);
    this.#drawResolutions();
    this.onViewChange();
  }

  #drawResolutions() {
    const side = this.unitsPerPixel;
    const [x, y] = this.toPicture(0, 0);
    this.circles.replaceChildren(
      ...(this.resolutions_A ?? []).flatMap((resolution_A) => {
        const radius = this.scale / resolution_A;
        const label = svgElement("text", {
          x: x + radius * Math.SQRT1_2,
          y: y - radius * Math.SQRT1_2,
          "font-size": 12.5 * side,
          "stroke-width": 3 * side,
        });
        label.textContent = `${resolution_A} Å`;
        return [svgElement("circle", { cx: x, cy: y, r: radius }), label];
      }),
    );
  }

  #bindEvents() {
    this.svg.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const area = this.svg.getBoundingClientRect();
        const about = [
          this.view.x + ((event.clientX - area.left) / area.width) * this.view.side,
          this.view.y + ((event.clientY - area.top) / area.height) * this.view.side,
        ];
        this.zoom(Math.exp(-event.deltaY / 400), about);
      },
      { passive: false },
    );
    this.svg.addEventListener("dblclick", () => this.showAll());
    this.svg.addEventListener("keydown", (event) => {
      const action = {
        "+": () => this.zoom(1.25),
        "=": () => this.zoom(1.25),
        "-": () => this.zoom(0.8),
        0: () => this.showAll(),
      }[event.key];
      if (!action || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      action();
    });
    new ResizeObserver(() => {
      this.#drawResolutions();
      this.onViewChange();
    }).observe(this.svg);
    makeDraggable(this.svg, (event) => {
      if (event.target.closest("[data-handle]")) return null;
      const from = { ...this.view, px: event.clientX, py: event.clientY };
      return (now) =>
        this.#setView(
          from.x - (now.clientX - from.px) * this.unitsPerPixel,
          from.y - (now.clientY - from.py) * this.unitsPerPixel,
          from.side,
        );
    });
  }
}

// Dragging: `begin(event)` returns the function for each move, or null for no drag; `end()` follows the last move.
export function makeDraggable(target, begin, end = () => {}) {
  target.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const move = begin(event);
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    target.setPointerCapture(event.pointerId);
    target.classList.add("dragging");
    const stop = () => {
      target.removeEventListener("pointermove", move);
      target.classList.remove("dragging");
      for (const name of ["pointerup", "pointercancel"]) target.removeEventListener(name, stop);
      end();
    };
    target.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) target.addEventListener(name, stop);
  });
}

export function ringPath(picture, ring) {
  const angles = Array.from({ length: 121 }, (_, index) => (index * Math.PI) / 60);
  const [c, s] = [Math.cos((ring.angle_deg * Math.PI) / 180), Math.sin((ring.angle_deg * Math.PI) / 180)];
  const points = angles.map((angle) => [ring.along_per_A * Math.cos(angle), ring.across_per_A * Math.sin(angle)]);
  return picture.path(
    points.map(([u, v]) => u * c - v * s),
    points.map(([u, v]) => u * s + v * c),
  );
}

export function legend(...entries) {
  return element(
    "p",
    { class: "legend" },
    ...entries.map(([kind, text]) =>
      element("span", {}, setAttributes(element("i", { "aria-hidden": "true" }), { class: kind }), text),
    ),
  );
}
