// A spectrum's picture with curves over it, in 1/Å from its centre, y downwards; it zooms about the pointer and pans.
import { draws, make, set } from "./parts.js";

const closest = 24;
const size = 1000;

export class SpectrumPicture {
  // `label` names the picture for those who do not see it.
  constructor(label) {
    this.image = draws("image", { x: 0, y: 0, width: size, height: size, preserveAspectRatio: "none" });
    this.quadrant = draws("image", { x: 0, y: 0, width: size / 2, height: size / 2, preserveAspectRatio: "none", hidden: true });
    this.circles = draws("g", { class: "resolutions" });
    this.curves = draws("g", { class: "curves" });
    this.hand = draws("g", { class: "hand" });
    this.svg = draws("svg", { class: "spectrum", viewBox: `0 0 ${size} ${size}`, role: "group", "aria-label": label, tabindex: 0 },
      this.image, this.quadrant, this.circles, this.curves, this.hand);
    const zoomed = (factor) => () => this.zoom(factor);
    this.frame = make("div", { class: "spectrum-frame" }, this.svg, make("p", { class: "zooming" },
      make("button", { type: "button", "aria-label": "Zoom in", title: "Zoom in (+)", onclick: zoomed(1.5) }, "+"),
      make("button", { type: "button", "aria-label": "Zoom out", title: "Zoom out (−)", onclick: zoomed(1 / 1.5) }, "−"),
      make("button", { type: "button", "aria-label": "Show all of it", title: "Show all of it (0)", onclick: () => this.showAll() }, "⤢")));
    this.moved = () => {};
    this.nyquist_per_A = 1;
    this.pixels = 512;
    this.box = { x: 0, y: 0, side: size };
    this.#listen();
  }

  // The lie of the picture: zero frequency is at the middle of pixel n/2, so half a pixel right and below of the centre.
  lie(nyquist_per_A, pixels, resolutions_A) {
    Object.assign(this, { nyquist_per_A, pixels, resolutions_A });
    this.#circle();
  }

  picture(address) {
    this.image.setAttribute("href", address);
  }

  get scale() {
    return size / (2 * this.nyquist_per_A);
  }

  place(x_per_A, y_per_A) {
    const centre = size / 2 + size / (2 * this.pixels);
    return [centre + x_per_A * this.scale, centre + y_per_A * this.scale];
  }

  // Where an event is, in 1/Å from the centre.
  at(event) {
    const area = this.svg.getBoundingClientRect();
    const [x0, y0] = this.place(0, 0);
    const x = this.box.x + ((event.clientX - area.left) / area.width) * this.box.side;
    const y = this.box.y + ((event.clientY - area.top) / area.height) * this.box.side;
    return [(x - x0) / this.scale, (y - y0) / this.scale];
  }

  // Lengths of the drawing for one of the screen.
  get pixel() {
    return this.box.side / (this.svg.getBoundingClientRect().width || size);
  }

  path(xs, ys) {
    let pen = "M";
    return xs.map((x, index) => {
      if (x === null || ys[index] === null) { pen = "M"; return ""; }
      const [px, py] = this.place(x, ys[index]);
      const step = `${pen}${px.toFixed(2)},${py.toFixed(2)}`;
      pen = "L";
      return step;
    }).join("");
  }

  zoom(factor, about = [size / 2, size / 2]) {
    const side = Math.min(size, Math.max(size / closest, this.box.side / factor));
    const kept = side / this.box.side;
    this.#look(about[0] - (about[0] - this.box.x) * kept, about[1] - (about[1] - this.box.y) * kept, side);
  }

  showAll() {
    this.#look(0, 0, size);
  }

  #look(x, y, side) {
    const within = (value) => Math.min(size - side, Math.max(0, value));
    this.box = { x: within(x), y: within(y), side };
    this.svg.setAttribute("viewBox", `${this.box.x} ${this.box.y} ${side} ${side}`);
    this.svg.classList.toggle("near", side < size / 2);
    this.#circle();
    this.moved();
  }

  #circle() {
    const side = this.pixel;
    const [x, y] = this.place(0, 0);
    this.circles.replaceChildren(...(this.resolutions_A ?? []).flatMap((resolution_A) => {
      const radius = this.scale / resolution_A;
      const label = draws("text", { x: x + radius * Math.SQRT1_2, y: y - radius * Math.SQRT1_2, "font-size": 12.5 * side, "stroke-width": 3 * side });
      label.textContent = `${resolution_A} Å`;
      return [draws("circle", { cx: x, cy: y, r: radius }), label];
    }));
  }

  #listen() {
    this.svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const area = this.svg.getBoundingClientRect();
      const about = [this.box.x + ((event.clientX - area.left) / area.width) * this.box.side, this.box.y + ((event.clientY - area.top) / area.height) * this.box.side];
      this.zoom(Math.exp(-event.deltaY / 400), about);
    }, { passive: false });
    this.svg.addEventListener("dblclick", () => this.showAll());
    this.svg.addEventListener("keydown", (event) => {
      const asked = { "+": () => this.zoom(1.25), "=": () => this.zoom(1.25), "-": () => this.zoom(0.8), 0: () => this.showAll() }[event.key];
      if (!asked || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      asked();
    });
    new ResizeObserver(() => { this.#circle(); this.moved(); }).observe(this.svg);
    dragged(this.svg, (event) => {
      if (event.target.closest("[data-grip]")) return null;
      const from = { ...this.box, px: event.clientX, py: event.clientY };
      return (now) => this.#look(from.x - (now.clientX - from.px) * this.pixel, from.y - (now.clientY - from.py) * this.pixel, from.side);
    });
  }
}

// Pointer drags: `begin` gives what to do at each move, or null; `end` is called at the end of a drag.
export function dragged(element, begin, end = () => {}) {
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const move = begin(event);
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    element.setPointerCapture(event.pointerId);
    element.classList.add("dragged");
    const stop = () => {
      element.removeEventListener("pointermove", move);
      element.classList.remove("dragged");
      for (const name of ["pointerup", "pointercancel"]) element.removeEventListener(name, stop);
      end();
    };
    element.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, stop);
  });
}

export function ringPath(picture, ring) {
  const turns = Array.from({ length: 121 }, (_, index) => (index * Math.PI) / 60);
  const [c, s] = [Math.cos((ring.angle_deg * Math.PI) / 180), Math.sin((ring.angle_deg * Math.PI) / 180)];
  const points = turns.map((turn) => [ring.along_per_A * Math.cos(turn), ring.across_per_A * Math.sin(turn)]);
  return picture.path(points.map(([u, v]) => u * c - v * s), points.map(([u, v]) => u * s + v * c));
}

export function legend(...entries) {
  return make("p", { class: "legend" }, ...entries.map(([kind, text]) => make("span", {}, set(make("i", { "aria-hidden": "true" }), { class: kind }), text)));
}
