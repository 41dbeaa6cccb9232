// The overview of a run, updated while it grows: counts, reasons for rejection, figures, and contact sheets.
import { get } from "./api.js";
import { element, loadStylesheet } from "./dom.js";
import { removeFigures, repaintFigures, showFigure } from "./figures.js";
import { withErrorToast } from "./toast.js";

const marks = { accepted: "✓", rejected: "✗", failed: "–" };
const legend = [
  ["accepted", "●", "accepted"],
  ["rejected", "×", "rejected"],
  ["failed", "▪", "failed"],
  ["median", "—", "median and central 68 % of the accepted, in long runs"],
  ["limit", "- -", "limit"],
];
let parts = null;

export const overview = {
  title: "Overview",
  async show(container) {
    await loadStylesheet("/page/overview.css");
    parts = {
      summary: element("p", { class: "description" }),
      tiles: element("ul", { class: "tiles" }),
      figures: element("div", { class: "figures" }),
      sheets: element("div"),
      cards: new Map(),
    };
    const legendItems = legend.map(([name, mark, label]) =>
      element("li", {}, element("span", { class: name }, mark), label),
    );
    container.append(
      element("h1", {}, "Overview"),
      parts.summary,
      parts.tiles,
      element("h2", {}, "Figures"),
      element("ul", { class: "figure-legend", "aria-label": "Legend" }, ...legendItems),
      parts.figures,
      parts.sheets,
    );
    await update();
  },
  update,
  paint: repaintFigures,
  leave() {
    removeFigures();
    parts = null;
  },
};

async function update() {
  const data = await withErrorToast(() => get("overview"));
  if (!data || !parts) return;
  parts.summary.textContent = summary(data);
  parts.tiles.replaceChildren(...tiles(data.counts));
  updateFigures(data);
  const sheets = JSON.stringify(data.sheets);
  if (sheets === parts.sheetsShown) return;
  parts.sheetsShown = sheets;
  parts.sheets.replaceChildren(...data.sheets.filter(({ micrographs }) => micrographs.length).flatMap(contactSheet));
}

function summary({ counts, rates }) {
  if (!counts.total) return "No micrograph has been processed yet. Results appear here as they arrive.";
  const phrases = [`${counts.total.toLocaleString()} micrographs`];
  if (rates.finished_at) phrases.push(`latest result ${new Date(1000 * rates.finished_at).toLocaleString()}`);
  if (rates.per_hour) phrases.push(`${Math.round(rates.per_hour).toLocaleString()}/h in the last hour of processing`);
  return phrases.join(" · ");
}

function tiles(counts) {
  const label = (status) => {
    const percentage = counts.total ? ` · ${((100 * counts[status]) / counts.total).toFixed(1)} %` : "";
    return `${status}${percentage}`;
  };
  const manual = counts.by_hand
    ? `decided manually, ${counts.by_hand.toLocaleString()} estimated manually`
    : "decided manually";
  const rows = [
    ...["accepted", "rejected", "failed"].map((status) => [status, counts[status], label(status), { status }]),
    ["", counts.decided, manual, { decided: "true" }],
  ];
  return rows.map(([status, count, text, query]) => {
    const content = [element("strong", {}, count.toLocaleString()), element("span", {}, text)];
    return element("li", {}, tableLink(query, { class: `tile ${status}` }, ...content));
  });
}

function updateFigures({ figures, rejected_by: reasons }) {
  const names = figures.map((figure) => figure.name).join();
  if (names !== parts.names) {
    removeFigures();
    parts.names = names;
    parts.cards = new Map(figures.map((figure) => [figure.name, figureCard(figure)]));
    parts.figures.replaceChildren(...[...parts.cards.values()].map(({ card }) => card));
  }
  for (const figure of figures) {
    const { description, plot, details } = parts.cards.get(figure.name);
    description.textContent = figure.told;
    plot.setAttribute("aria-label", `${figure.title}. ${figure.told}`);
    showFigure(plot, figure, figure.name === "reasons" ? openReason : openMicrograph);
    if (figure.name === "reasons") details.replaceChildren(element("summary", {}, "As a table"), reasonTable(reasons));
  }
}

function figureCard(figure) {
  const description = element("p", { class: "description" });
  const plot = element("div", { class: "figure", role: "img" });
  const details = element("details");
  const card = element(
    "section",
    { class: "card" },
    element("h3", {}, figure.title),
    description,
    plot,
    figure.name === "reasons" && details,
  );
  return { card, description, plot, details };
}

function reasonTable(reasons) {
  const heading = (text, index) => element("th", { scope: "col", class: index ? "number" : "" }, text);
  const number = (count) => element("td", { class: "number" }, count.toLocaleString());
  const rows = reasons.map(({ criterion, description, micrographs, alone }) => {
    const link = tableLink(reasonQuery(criterion), {}, description);
    return element("tr", {}, element("td", {}, link), number(micrographs), number(alone));
  });
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...["Reason", "Rejected", "Only reason"].map(heading))),
    element("tbody", {}, ...rows),
  );
}

function contactSheet({ title, told, micrographs }) {
  return [
    element("h2", {}, title),
    element("p", { class: "description" }, told),
    element("ul", { class: "contact-sheet" }, ...micrographs.map(thumbnail)),
  ];
}

function thumbnail({ number, file, status, told }) {
  const name = file.split("/").pop();
  const image = element("img", {
    src: `/api/micrographs/${number}/spectrum.png`,
    alt: `Power spectrum of ${name}, with the model in the upper left quadrant`,
    loading: "lazy",
    width: 256,
    height: 256,
    onerror: () => image.replaceWith(element("span", { class: "no-picture" }, "no picture")),
  });
  const caption = element(
    "span",
    { class: "caption" },
    element("b", {}, name),
    element("span", { class: status }, `${marks[status]} ${status}`),
    `: ${told}`,
  );
  return element("li", {}, element("a", { href: `#/micrograph/${number}` }, image, caption));
}

function openMicrograph(number) {
  location.hash = `#/micrograph/${number}`;
}

function openReason(criterion) {
  filterTable(reasonQuery(criterion));
  location.hash = "#/table";
}

// Micrographs that passed every criterion were rejected manually.
function reasonQuery(criterion) {
  return criterion === "decision by hand"
    ? { status: "rejected", decided: "true" }
    : { status: "rejected", failing: criterion };
}

function tableLink(query, attributes, ...children) {
  return element("a", { href: "#/table", onclick: () => filterTable(query), ...attributes }, ...children);
}

function filterTable(query) {
  sessionStorage.setItem("query", new URLSearchParams(query).toString());
}
