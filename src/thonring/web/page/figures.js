// Plotly figures in the colours of the theme: drawn when they scroll into view, redrawn when data or theme change.
const colourNames = [
  "series-1",
  "series-2",
  "series-3",
  "series-4",
  "accepted",
  "rejected",
  "failed",
  "limit",
  "text",
  "soft",
  "grid",
  "card",
  "shade",
];

// `figure` is Plotly's data and layout, with names such as "series-1" in place of colours: see style.css.
export function draw(container, figure) {
  const colours = readColours();
  const layout = withColours(figure.layout ?? {}, colours);
  const axis = { gridcolor: colours.grid, zerolinecolor: colours.grid, linecolor: colours.soft, automargin: true };
  const axes = Object.fromEntries(["xaxis", "yaxis"].map((name) => [name, { ...axis, ...layout[name] }]));
  const defaults = {
    margin: { l: 56, r: 16, t: 16, b: 48 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colours.text, family: getComputedStyle(document.body).fontFamily, size: 12 },
    hoverlabel: { bgcolor: colours.card, font: { color: colours.text } },
  };
  const options = { responsive: true, displaylogo: false, displayModeBar: false };
  return Plotly.react(container, withColours(figure.data, colours), { ...defaults, ...layout, ...axes }, options);
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(colourNames.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function withColours(value, colours) {
  if (Array.isArray(value))
    return value.length && typeof value[0] === "number" ? value : value.map((item) => withColours(item, colours));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withColours(item, colours)]));
  return typeof value === "string" ? colourOf(value, colours) : value;
}

// "accepted@40" is a colour with its opacity as two hexadecimal digits.
function colourOf(text, colours) {
  const [name, opacity = ""] = text.split("@");
  return Object.hasOwn(colours, name) && (text === name || /^[0-9a-f]{2}$/.test(opacity))
    ? colours[name] + opacity
    : text;
}

const figures = new Map();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const entry = figures.get(target);
      if (!entry) continue;
      entry.visible = isIntersecting;
      drawIfNeeded(target, entry);
    }
  },
  { rootMargin: "300px" },
);

// `onPointClick` gets the customdata of a point.
export function showFigure(container, figure, onPointClick) {
  const previous = figures.get(container);
  figures.set(container, { figure, onPointClick, visible: previous?.visible ?? false, stale: true });
  if (previous) drawIfNeeded(container, figures.get(container));
  else observer.observe(container);
}

export function repaintFigures() {
  for (const [container, entry] of figures) {
    entry.stale = true;
    drawIfNeeded(container, entry);
  }
}

export function removeFigures() {
  observer.disconnect();
  for (const container of figures.keys()) Plotly.purge(container);
  figures.clear();
}

async function drawIfNeeded(container, entry) {
  if (!entry.visible || !entry.stale) return;
  entry.stale = false;
  await draw(container, entry.figure);
  if (!entry.onPointClick || !figures.has(container)) return;
  container.removeAllListeners("plotly_click");
  container.on(
    "plotly_click",
    ({ points }) => points[0]?.customdata !== undefined && entry.onPointClick(points[0].customdata),
  );
}
