// A scatter plot of two quantities, kept and rejected micrographs apart; large runs are thinned out to stay fluent.
import { draw } from "./figures.js";
import { element } from "./dom.js";

const mostPoints = 3000;

export function makeScatter(quantities, first, second) {
  const choice = (name, title) =>
    element(
      "select",
      { "aria-label": title },
      ...quantities.map((quantity) =>
        element("option", { value: quantity.name, selected: quantity.name === name }, quantity.title),
      ),
    );
  const vertical = choice(second, "Vertical axis");
  const horizontal = choice(first, "Horizontal axis");
  const figure = element("div", { class: "figure" });
  const container = element(
    "section",
    { class: "card scatter", "aria-label": "Scatter plot" },
    element("div", { class: "scatter-axes" }, vertical, element("span", { class: "soft" }, "against"), horizontal),
    figure,
  );
  let counts = null;
  let limits = null;
  let timer = null;
  const schedulePaint = () => {
    clearTimeout(timer);
    timer = setTimeout(paint, 120);
  };
  vertical.onchange = schedulePaint;
  horizontal.onchange = schedulePaint;

  function paint() {
    if (!counts || !figure.isConnected) return;
    const { data } = counts;
    const stride = Math.max(1, Math.ceil(data.count / mostPoints));
    const [x, y] = [horizontal, vertical].map((select) => ({
      ...quantities.find((quantity) => quantity.name === select.value),
      column: data.values[select.value],
    }));
    const value = (quantity, row) =>
      quantity.time ? new Date(1000 * quantity.column[row]).toLocaleString("sv-SE") : quantity.column[row];
    const traces = [
      ["Rejected", "rejected", "x-thin-open"],
      ["Kept", "accepted", "circle"],
    ].map(([name, color, symbol]) => ({
      name,
      type: "scatter",
      mode: "markers",
      x: [],
      y: [],
      customdata: [],
      marker: { color, symbol, size: name === "Kept" ? 4 : 6, opacity: 0.75, line: { width: name === "Kept" ? 0 : 1 } },
      hovertemplate: "%{x}, %{y}<extra></extra>",
    }));
    for (let row = 0; row < data.count; row += stride) {
      if (!data.fitted[row] || Number.isNaN(x.column[row]) || Number.isNaN(y.column[row])) continue;
      const trace = traces[counts.faults[row] === 0 ? 1 : 0];
      trace.x.push(value(x, row));
      trace.y.push(value(y, row));
      trace.customdata.push(data.numbers[row]);
    }
    const axis = (quantity) => ({
      title: { text: quantity.unit ? `${quantity.title} (${quantity.unit})` : quantity.title, standoff: 8 },
      type: quantity.time ? "date" : "linear",
      zeroline: false,
    });
    draw(figure, {
      data: traces,
      layout: {
        xaxis: axis(x),
        yaxis: axis(y),
        shapes: [...limitLines(x, "x"), ...limitLines(y, "y")],
        legend: { orientation: "h", x: 1, xanchor: "right", y: 1.12 },
        margin: { l: 56, r: 12, t: 28, b: 48 },
      },
    });
    figure.removeAllListeners?.("plotly_click");
    figure.on?.("plotly_click", ({ points: [point] }) => {
      location.hash = `#/micrograph/${point.customdata}`;
    });
  }

  function limitLines(quantity, axis) {
    const limit = limits.get(quantity.name);
    if (!limit?.on) return [];
    const other = axis === "x" ? "y" : "x";
    return [limit.atLeast, limit.atMost].filter(Number.isFinite).map((at) => ({
      type: "line",
      [`${axis}0`]: at,
      [`${axis}1`]: at,
      [`${other}0`]: 0,
      [`${other}1`]: 1,
      [`${other}ref`]: "paper",
      line: { color: "limit", width: 1.5, dash: "dot" },
    }));
  }

  return {
    container,
    paint,
    show(newCounts, newLimits) {
      counts = newCounts;
      limits = newLimits;
      schedulePaint();
    },
  };
}
