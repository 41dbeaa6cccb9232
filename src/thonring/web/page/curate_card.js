// The card of a criterion: histogram, number of rejections, and the limits as sliders and as numbers.
import { binRows, heights, makeAxis, steps } from "./curate_histogram.js";
import { element, svgElement } from "./dom.js";

const [width, height] = [300, 90];

// Heights are square roots, so that the few values in the tails, where limits are set, stay visible.
function bars(counts, tallest) {
  const barWidth = width / counts.length;
  let path = "";
  counts.forEach((count, index) => {
    if (count)
      path += `M${(index * barWidth).toFixed(1)} ${height}v${(-(height - 4) * Math.sqrt(count / tallest)).toFixed(1)}h${(barWidth - 0.7).toFixed(1)}V${height}z`;
  });
  return path;
}

// `limit` is {on, atLeast, atMost} and is changed here; `onChange(name)` is called while a slider moves.
export function makeCard(criterion, limit, defaultLimit, onChange) {
  let axis = null;
  let binOfRow = null;
  let tallest = 1;
  const all = svgElement("path", { class: "bars-all" });
  const kept = svgElement("path", { class: "bars-kept" });
  const [before, after] = [
    svgElement("rect", { class: "excluded", y: 0, height }),
    svgElement("rect", { class: "excluded", y: 0, height }),
  ];
  const histogram = svgElement("svg", {
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: "none",
    class: "histogram",
    role: "img",
    "aria-label": `Histogram of ${criterion.title}`,
  });
  histogram.append(all, kept, before, after);
  const axisLabels = element("div", { class: "axis-labels soft", "aria-hidden": "true" });
  const rejections = element("p", { class: "rejections" });
  const use = element("input", { type: "checkbox", checked: limit.on, "aria-label": `Use ${criterion.title}` });
  const sides = ["atLeast", "atMost"].filter(
    (side) =>
      (side === "atLeast" ? criterion.below : criterion.above) ||
      Number.isFinite(limit[side]) ||
      Number.isFinite(defaultLimit[side]),
  );
  const sliders = Object.fromEntries(
    sides.map((side) => [
      side,
      element("input", {
        type: "range",
        min: 0,
        max: steps,
        step: 1,
        class: side,
        "aria-label": `${criterion.title}, ${sideLabel(side)}`,
      }),
    ]),
  );
  const fields = Object.fromEntries(
    sides.map((side) => [
      side,
      element("input", {
        type: "number",
        step: "any",
        placeholder: "no limit",
        "aria-label": `${criterion.title}, ${sideLabel(side)}, as a number`,
      }),
    ]),
  );
  const container = element(
    "section",
    { class: "card criterion", "aria-label": criterion.title },
    element(
      "div",
      { class: "criterion-head" },
      element(
        "label",
        { title: criterion.about },
        use,
        " ",
        element("strong", {}, criterion.title),
        criterion.unit ? ` (${criterion.unit})` : "",
      ),
      rejections,
    ),
    histogram,
    element("div", { class: "sliders" }, ...Object.values(sliders)),
    axisLabels,
    element(
      "div",
      { class: "limit-fields" },
      ...sides.map((side) => element("label", {}, `${sideLabel(side)} `, fields[side])),
    ),
  );

  use.onchange = () => {
    limit.on = use.checked;
    change();
  };
  for (const side of sides) {
    sliders[side].oninput = () => {
      readSlider(side);
      change();
    };
    fields[side].onchange = () => {
      const value = fields[side].value === "" ? noLimit(side) : Number(fields[side].value);
      limit[side] = side === "atLeast" ? Math.min(value, limit.atMost) : Math.max(value, limit.atLeast);
      change();
    };
  }

  // At its end a slider means no limit.
  function readSlider(side) {
    const step = Number(sliders[side].value);
    const unlimited = step === (side === "atLeast" ? 0 : steps);
    const value = unlimited ? noLimit(side) : axis.value(step / steps);
    limit[side] = side === "atLeast" ? Math.min(value, limit.atMost) : Math.max(value, limit.atLeast);
  }

  function change() {
    paintLimit();
    onChange(criterion.name);
  }

  function paintLimit() {
    use.checked = limit.on;
    container.classList.toggle("unused", !limit.on);
    for (const side of sides) {
      const value = limit[side];
      const unlimited = !Number.isFinite(value);
      sliders[side].value = unlimited
        ? side === "atLeast"
          ? 0
          : steps
        : Math.min(steps - 1, Math.max(1, Math.round(steps * axis.share(value))));
      sliders[side].disabled = !limit.on;
      fields[side].disabled = !limit.on;
      sliders[side].setAttribute("aria-valuetext", unlimited ? "no limit" : `${value} ${criterion.unit}`);
      if (document.activeElement !== fields[side]) fields[side].value = unlimited ? "" : value;
    }
    const low = limit.on && Number.isFinite(limit.atLeast) ? width * axis.share(limit.atLeast) : 0;
    const high = limit.on && Number.isFinite(limit.atMost) ? width * axis.share(limit.atMost) : width;
    before.setAttribute("width", low);
    after.setAttribute("x", high);
    after.setAttribute("width", width - high);
  }

  return {
    container,
    // New values get a new axis.
    setData(counts) {
      const { fitted, values } = counts.data;
      const column = values[criterion.name];
      axis = makeAxis(column, fitted, [limit, defaultLimit]);
      binOfRow = binRows(axis, column, fitted);
      const allCounts = heights(binOfRow, () => true);
      tallest = Math.max(1, ...allCounts);
      all.setAttribute("d", bars(allCounts, tallest));
      axisLabels.replaceChildren(
        ...axis.ends.map((value) =>
          element("span", {}, Number(value.toPrecision(2)).toLocaleString([], { maximumSignificantDigits: 2 })),
        ),
      );
      paintLimit();
    },
    paint(counts) {
      kept.setAttribute(
        "d",
        bars(
          heights(binOfRow, (row) => counts.faults[row] === 0),
          tallest,
        ),
      );
      const { total, alone } = counts.rejections(criterion.name);
      rejections.textContent = !limit.on
        ? "not used"
        : total
          ? `rejects ${total.toLocaleString()} (${alone.toLocaleString()} on its own)`
          : "rejects none";
      rejections.title = "In brackets: micrographs that fail no other criterion";
    },
  };
}

function noLimit(side) {
  return side === "atLeast" ? -Infinity : Infinity;
}

function sideLabel(side) {
  return side === "atLeast" ? "at least" : "at most";
}
