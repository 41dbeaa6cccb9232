// Two quantities against each other, what is kept and what is lost; as many points as a browser draws at ease.
import { draw } from "./draw.js";
import { make } from "./element.js";

const points = 3000;

export function makeScatter(quantities, first, second) {
  const choice = (name, title) => make("select", { ariaLabel: title }, ...quantities.map((one) => make("option", { value: one.name, selected: one.name === name }, one.title)));
  const down = choice(second, "Down the page");
  const across = choice(first, "Across the page");
  const figure = make("div", { className: "figure" });
  const place = make("section", { className: "card scatter", ariaLabel: "Scatter plot" }, make("div", { className: "scatter-head" }, down, make("span", { className: "soft" }, "against"), across), figure);
  let counts = null;
  let limits = null;
  let waiting = null;
  const again = () => { clearTimeout(waiting); waiting = setTimeout(paint, 120); };
  down.onchange = again;
  across.onchange = again;

  function paint() {
    if (!counts || !figure.isConnected) return;
    const { data } = counts;
    const stride = Math.max(1, Math.ceil(data.count / points));
    const [x, y] = [across, down].map((select) => ({ ...quantities.find((one) => one.name === select.value), column: data.values[select.value] }));
    const value = (one, row) => (one.time ? new Date(1000 * one.column[row]).toLocaleString("sv-SE") : one.column[row]);
    const traces = [["lost", "rejected", "x-thin-open"], ["kept", "accepted", "circle"]].map(([name, color, symbol]) => ({ name, type: "scatter", mode: "markers", x: [], y: [], customdata: [], marker: { color, symbol, size: name === "kept" ? 4 : 6, opacity: 0.75, line: { width: name === "kept" ? 0 : 1 } }, hovertemplate: "%{x}, %{y}<extra></extra>" }));
    for (let row = 0; row < data.count; row += stride) {
      if (!data.fitted[row] || Number.isNaN(x.column[row]) || Number.isNaN(y.column[row])) continue;
      const trace = traces[counts.faults[row] === 0 ? 1 : 0];
      trace.x.push(value(x, row));
      trace.y.push(value(y, row));
      trace.customdata.push(data.numbers[row]);
    }
    const axis = (one) => ({ title: { text: one.unit ? `${one.title} (${one.unit})` : one.title, standoff: 8 }, type: one.time ? "date" : "linear", zeroline: false });
    draw(figure, { data: traces, layout: { xaxis: axis(x), yaxis: axis(y), shapes: [...lines(x, "x"), ...lines(y, "y")], legend: { orientation: "h", x: 1, xanchor: "right", y: 1.12 }, margin: { l: 56, r: 12, t: 28, b: 48 } } });
    figure.removeAllListeners?.("plotly_click");
    figure.on?.("plotly_click", ({ points: [point] }) => { location.hash = `#/micrograph/${point.customdata}`; });
  }

  function lines(one, axis) {
    const limit = limits.get(one.name);
    if (!limit?.on) return [];
    const other = axis === "x" ? "y" : "x";
    return [limit.atLeast, limit.atMost].filter(Number.isFinite).map((at) => ({ type: "line", [`${axis}0`]: at, [`${axis}1`]: at, [`${other}0`]: 0, [`${other}1`]: 1, [`${other}ref`]: "paper", line: { color: "limit", width: 1.5, dash: "dot" } }));
  }

  return { place, paint, show(now, by) { counts = now; limits = by; again(); } };
}
