// A criterion: its histogram, what it loses, and the sliders and boxes of its limits.
import { binned, heights, makeAxis, steps } from "./curate_axis.js";
import { make } from "./element.js";

const [width, height] = [300, 90];

function drawn(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// Square roots, so that the few in the tails, about which one decides, are seen.
function bars(counts, most) {
  const wide = width / counts.length;
  let path = "";
  counts.forEach((count, index) => {
    if (count) path += `M${(index * wide).toFixed(1)} ${height}v${(-(height - 4) * Math.sqrt(count / most)).toFixed(1)}h${(wide - 0.7).toFixed(1)}V${height}z`;
  });
  return path;
}

// `limit` is {on, atLeast, atMost}, changed here; `moved` is called while a slider moves.
export function makeCard(criterion, limit, usual, moved) {
  let axis = null;
  let places = null;
  let most = 1;
  const all = drawn("path", { class: "bars-lost" });
  const kept = drawn("path", { class: "bars-kept" });
  const [before, after] = [drawn("rect", { class: "beyond", y: 0, height }), drawn("rect", { class: "beyond", y: 0, height })];
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", class: "histogram", role: "img", "aria-label": `Histogram of ${criterion.title}` });
  picture.append(all, kept, before, after);
  const ends = make("div", { className: "ends soft", ariaHidden: "true" });
  const lost = make("p", { className: "lost" });
  const use = make("input", { type: "checkbox", checked: limit.on, ariaLabel: `Use ${criterion.title}` });
  const sides = ["atLeast", "atMost"].filter((side) => (side === "atLeast" ? criterion.below : criterion.above) || Number.isFinite(limit[side]) || Number.isFinite(usual[side]));
  const sliders = Object.fromEntries(sides.map((side) => [side, make("input", { type: "range", min: 0, max: steps, step: 1, className: side, ariaLabel: `${criterion.title}, ${words(side)}` })]));
  const boxes = Object.fromEntries(sides.map((side) => [side, make("input", { type: "number", step: "any", placeholder: "no limit", ariaLabel: `${criterion.title}, ${words(side)}, as a number` })]));
  const place = make("section", { className: "card criterion", ariaLabel: criterion.title },
    make("div", { className: "criterion-head" }, make("label", { title: criterion.about }, use, " ", make("strong", {}, criterion.title), criterion.unit ? ` (${criterion.unit})` : ""), lost),
    picture, make("div", { className: "sliders" }, ...Object.values(sliders)), ends,
    make("div", { className: "boxes" }, ...sides.map((side) => make("label", {}, `${words(side)} `, boxes[side]))));

  use.onchange = () => { limit.on = use.checked; change(); };
  for (const side of sides) {
    sliders[side].oninput = () => { slide(side); change(); };
    boxes[side].onchange = () => {
      const value = boxes[side].value === "" ? none(side) : Number(boxes[side].value);
      limit[side] = side === "atLeast" ? Math.min(value, limit.atMost) : Math.max(value, limit.atLeast);
      change();
    };
  }

  // The ends of a slider are no limit.
  function slide(side) {
    const step = Number(sliders[side].value);
    const free = step === (side === "atLeast" ? 0 : steps);
    const value = free ? none(side) : axis.value(step / steps);
    limit[side] = side === "atLeast" ? Math.min(value, limit.atMost) : Math.max(value, limit.atLeast);
  }

  function change() {
    paintLimit();
    moved(criterion.name);
  }

  function paintLimit() {
    use.checked = limit.on;
    place.classList.toggle("unused", !limit.on);
    for (const side of sides) {
      const value = limit[side];
      const free = !Number.isFinite(value);
      sliders[side].value = free ? (side === "atLeast" ? 0 : steps) : Math.min(steps - 1, Math.max(1, Math.round(steps * axis.share(value))));
      sliders[side].disabled = !limit.on;
      boxes[side].disabled = !limit.on;
      sliders[side].setAttribute("aria-valuetext", free ? "no limit" : `${value} ${criterion.unit}`);
      if (document.activeElement !== boxes[side]) boxes[side].value = free ? "" : value;
    }
    const low = limit.on && Number.isFinite(limit.atLeast) ? width * axis.share(limit.atLeast) : 0;
    const high = limit.on && Number.isFinite(limit.atMost) ? width * axis.share(limit.atMost) : width;
    before.setAttribute("width", low);
    after.setAttribute("x", high);
    after.setAttribute("width", width - high);
  }

  return {
    place,
    // New values: the axis begins anew.
    fill(counts) {
      const { fitted, values } = counts.data;
      const column = values[criterion.name];
      axis = makeAxis(column, fitted, [limit, usual]);
      places = binned(axis, column, fitted);
      const there = heights(places, () => true);
      most = Math.max(1, ...there);
      all.setAttribute("d", bars(there, most));
      ends.replaceChildren(...axis.ends.map((value) => make("span", {}, Number(value.toPrecision(2)).toLocaleString([], { maximumSignificantDigits: 2 }))));
      paintLimit();
    },
    paint(counts) {
      kept.setAttribute("d", bars(heights(places, (row) => counts.faults[row] === 0), most));
      const { lost: many, alone } = counts.lost(criterion.name);
      lost.textContent = !limit.on ? "not used" : many ? `loses ${many.toLocaleString()} (${alone.toLocaleString()} alone)` : "loses none";
      lost.title = "In brackets: those that no other criterion loses";
    },
    paintLimit,
  };
}

function none(side) {
  return side === "atLeast" ? -Infinity : Infinity;
}

function words(side) {
  return side === "atLeast" ? "at least" : "at most";
}
