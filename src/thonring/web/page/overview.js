// The run at a glance, live: counts, reasons, figures, and the micrographs most worth a look.
import { get } from "./api.js";
import { forgetFigures, repaintFigures, showFigure } from "./figures.js";
import { trying } from "./told.js";

const marks = { accepted: "✓", rejected: "✗", failed: "–" };
const legend = [["accepted", "●", "accepted"], ["rejected", "×", "rejected"], ["failed", "▪", "failed"],
  ["median", "—", "median and middle 68 % of the accepted, where there are many"], ["limit", "- -", "limit"]];
let shown = null;

export const overview = {
  title: "Overview",
  async show(place) {
    await sheetOfStyle();
    shown = { tiles: made("ul", "tiles"), figures: made("div", "figures"), sheets: made("div"), soft: made("p", "told-of"), places: new Map() };
    const key = made("ul", "legend");
    key.append(...legend.map(([name, mark, words]) => line(made("span", name, mark), words)));
    key.setAttribute("aria-label", "What the marks mean");
    place.append(made("h1", "", "Overview"), shown.soft, shown.tiles, made("h2", "", "Figures"), key, shown.figures, shown.sheets);
    await renew();
  },
  renew,
  paint: repaintFigures,
  leave() { forgetFigures(); shown = null; },
};

async function renew() {
  const seen = await trying(() => get("overview"));
  if (!seen || !shown) return;
  shown.soft.textContent = lately(seen);
  shown.tiles.replaceChildren(...tiles(seen.counts));
  showFigures(seen);
  const sheets = JSON.stringify(seen.sheets);
  if (sheets === shown.sheetsText) return;
  shown.sheetsText = sheets;
  shown.sheets.replaceChildren(...seen.sheets.filter((sheet) => sheet.micrographs.length).flatMap(sheetOf));
}

function lately({ counts, rates }) {
  if (!counts.total) return "No micrograph is finished yet. They appear here by themselves.";
  const words = [`${counts.total.toLocaleString()} micrographs`];
  if (rates.finished_at) words.push(`the last one finished ${new Date(1000 * rates.finished_at).toLocaleString()}`);
  if (rates.per_hour) words.push(`${Math.round(rates.per_hour).toLocaleString()} an hour in the last hour of work`);
  return words.join(" · ");
}

function tiles(counts) {
  const part = (count) => (counts.total ? ` · ${(100 * count / counts.total).toFixed(1)} %` : "");
  const all = [
    ["accepted", counts.accepted, `accepted${part(counts.accepted)}`, { status: "accepted" }],
    ["rejected", counts.rejected, `rejected${part(counts.rejected)}`, { status: "rejected" }],
    ["failed", counts.failed, `failed${part(counts.failed)}`, { status: "failed" }],
    ["", counts.decided, counts.by_hand ? `decided by a person, ${counts.by_hand.toLocaleString()} estimated` : "decided by a person", { decided: "true" }],
  ];
  return all.map(([name, count, words, query]) => {
    const tile = toTable(made("a", `tile ${name}`), query);
    tile.append(made("strong", "", count.toLocaleString()), made("span", "", words));
    return line(tile);
  });
}

function showFigures({ figures, rejected_by: reasons }) {
  const names = figures.map((figure) => figure.name).join();
  if (names !== shown.names) {
    forgetFigures();
    shown.names = names;
    shown.places = new Map(figures.map((figure) => [figure.name, placeOf(figure)]));
    shown.figures.replaceChildren(...[...shown.places.values()].map(({ card }) => card));
  }
  for (const figure of figures) {
    const { told, place, more } = shown.places.get(figure.name);
    told.textContent = figure.told;
    place.setAttribute("aria-label", `${figure.title}. ${figure.told}`);
    showFigure(place, figure, figure.name === "reasons" ? openReason : openMicrograph);
    if (figure.name === "reasons") more.replaceChildren(reasonTable(reasons));
  }
}

function placeOf(figure) {
  const card = made("section", "card");
  const told = made("p", "told-of");
  const place = made("div", "figure");
  const more = made("details");
  place.setAttribute("role", "img");
  card.append(made("h3", "", figure.title), told, place);
  if (figure.name === "reasons") card.append(more);
  return { card, told, place, more };
}

function reasonTable(reasons) {
  const table = made("table");
  table.createTHead().insertRow().append(...["Reason", "Rejected", "For it alone"].map((word, column) => heading(word, column)));
  const body = table.createTBody();
  for (const { criterion, description, micrographs, alone } of reasons) {
    const row = body.insertRow();
    row.insertCell().append(toTable(made("a", "", description), reasonQuery(criterion)));
    for (const count of [micrographs, alone]) Object.assign(row.insertCell(), { className: "number", textContent: count.toLocaleString() });
  }
  const box = document.createDocumentFragment();
  box.append(made("summary", "", "As a table"), table);
  return box;
}

function heading(word, column) {
  return Object.assign(made("th", column ? "number" : "", word), { scope: "col" });
}

function sheetOf({ title, told, micrographs }) {
  const list = made("ul", "sheet");
  list.append(...micrographs.map(card));
  return [made("h2", "", title), made("p", "told-of", told), list];
}

function card({ number, file, status, told }) {
  const link = made("a");
  const picture = made("img");
  const words = made("span", "words");
  const name = file.split("/").pop();
  link.href = `#/micrograph/${number}`;
  Object.assign(picture, { src: `/api/micrographs/${number}/spectrum.png`, alt: `Spectrum of ${name}, the model in a part of it`, loading: "lazy", width: 256, height: 256 });
  picture.addEventListener("error", () => picture.replaceWith(made("span", "nothing", "no picture")), { once: true });
  words.append(made("b", "", name), made("span", status, `${marks[status]} ${status}`), `: ${told}`);
  link.append(picture, words);
  return line(link);
}

function openMicrograph(number) {
  location.hash = `#/micrograph/${number}`;
}

function openReason(criterion) {
  sessionStorage.setItem("query", new URLSearchParams(reasonQuery(criterion)).toString());
  location.hash = "#/table";
}

// What no criterion rejected was rejected by a person.
function reasonQuery(criterion) {
  return criterion === "decision by hand" ? { status: "rejected", decided: "true" } : { status: "rejected", failing: criterion };
}

function toTable(link, query) {
  link.href = "#/table";
  link.addEventListener("click", () => sessionStorage.setItem("query", new URLSearchParams(query).toString()));
  return link;
}

function line(...content) {
  const item = made("li");
  item.append(...content);
  return item;
}

function made(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function sheetOfStyle() {
  if (document.getElementById("overview-style")) return undefined;
  const link = Object.assign(document.createElement("link"), { id: "overview-style", rel: "stylesheet", href: "/page/overview.css" });
  return new Promise((done) => {
    link.onload = link.onerror = done;
    document.head.append(link);
  });
}
