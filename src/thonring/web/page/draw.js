// Figures come as plotly's data and layout without colours; "series-1" and the like are taken from the sheet.
const names = ["series-1", "series-2", "series-3", "series-4", "accepted", "rejected", "failed", "limit", "text", "soft", "grid", "card", "shade"];

export function draw(place, figure) {
  const colours = palette();
  const layout = painted(figure.layout ?? {}, colours);
  const axis = { gridcolor: colours.grid, zerolinecolor: colours.grid, linecolor: colours.soft, automargin: true };
  const axes = Object.fromEntries(["xaxis", "yaxis"].map((name) => [name, { ...axis, ...layout[name] }]));
  return Plotly.react(place, painted(figure.data, colours), {
    margin: { l: 56, r: 16, t: 16, b: 48 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colours.text, family: getComputedStyle(document.body).fontFamily, size: 12 },
    hoverlabel: { bgcolor: colours.card, font: { color: colours.text } }, ...layout, ...axes,
  }, { responsive: true, displaylogo: false, displayModeBar: false });
}

export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function painted(value, colours) {
  if (Array.isArray(value)) return value.length && typeof value[0] === "number" ? value : value.map((item) => painted(item, colours));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item, colours)]));
  return typeof value === "string" ? colour(value, colours) : value;
}

// "accepted@40" is the colour seen through, its opacity as two hexadecimal digits.
function colour(text, colours) {
  const [name, opacity = ""] = text.split("@");
  return Object.hasOwn(colours, name) && (text === name || /^[0-9a-f]{2}$/.test(opacity)) ? colours[name] + opacity : text;
}
