// Figures drawn when they come near the screen, and again when the theme or the data change.
import { draw } from "./draw.js";

const drawn = new Map();
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const entry = drawn.get(target);
    if (!entry) continue;
    entry.near = isIntersecting;
    refresh(target, entry);
  }
}, { rootMargin: "300px" });

export function showFigure(place, figure, pick) {
  const known = drawn.get(place);
  drawn.set(place, { figure, pick, near: known?.near ?? false, stale: true });
  if (known) refresh(place, drawn.get(place));
  else near.observe(place);
}

export function repaintFigures() {
  for (const [place, entry] of drawn) {
    entry.stale = true;
    refresh(place, entry);
  }
}

export function forgetFigures() {
  near.disconnect();
  for (const place of drawn.keys()) Plotly.purge(place);
  drawn.clear();
}

async function refresh(place, entry) {
  if (!entry.near || !entry.stale) return;
  entry.stale = false;
  await draw(place, entry.figure);
  if (!entry.pick || !drawn.has(place)) return;
  place.removeAllListeners("plotly_click");
  place.on("plotly_click", ({ points }) => points[0]?.customdata !== undefined && entry.pick(points[0].customdata));
}
