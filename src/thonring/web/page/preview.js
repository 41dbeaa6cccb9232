// What one sees of the current micrograph without opening it: its picture, why, and who decided.
import { get } from "./api.js";
import { columnOf, written } from "./columns.js";
import { make } from "./element.js";

const said = ["defocus_A", "astigmatism_A", "fit_resolution_A", "score"];
const kinds = { accept: "accepted", reject: "rejected", automatic: "left to the criteria", estimate: "estimated", curate: "curated", undo: "taken back", ended: "ended, since the file or its optics are others now," };

export function makePreview() {
  const picture = make("img", { alt: "", hidden: true });
  picture.onload = () => { picture.hidden = false; };
  picture.onerror = () => { picture.hidden = true; };
  const words = make("div", { className: "preview-words" });
  const place = make("section", { className: "card preview", tabIndex: 0, role: "region", ariaLabel: "The current micrograph" }, picture, words);
  let shown = null;
  let waiting = null;

  function show(row) {
    clearTimeout(waiting);
    place.hidden = !row;
    if (!row) { shown = null; return; }
    const history = make("ul", { className: "soft history" });
    words.replaceChildren(
      make("h2", { title: row.file }, row.file.split("/").at(-1)),
      make("p", {}, make("span", { className: `badge ${row.status}` }, row.status), row.by_hand ? " estimated by hand" : ""),
      row.reasons.length ? make("ul", { className: "reasons" }, ...row.reasons.map((reason) => make("li", {}, reason))) : "",
      make("dl", {}, ...said.map(columnOf).filter((column) => column && row.values[column.name] !== null).flatMap((column) => [make("dt", {}, column.title), make("dd", {}, `${written(column, row.values[column.name])} ${column.unit}`)])),
      history, make("p", { className: "soft path" }, row.file));
    if (row.number !== shown) picture.hidden = true;
    shown = row.number;
    waiting = setTimeout(() => look(row, history), 80);
  }

  async function look(row, history) {
    picture.alt = `Spectrum of ${row.file.split("/").at(-1)} and its fit`;
    const address = `/api/micrographs/${row.number}/spectrum.png`;
    if (picture.getAttribute("src") !== address) picture.src = address;
    else picture.hidden = !picture.naturalWidth;
    const actions = await get("decisions", { micrograph: row.number, most: 3 }).catch(() => []);
    history.replaceChildren(...actions.map((action) => make("li", {}, `${kinds[action.kind] ?? action.kind} by ${action.who}, ${new Date(action.at).toLocaleString([], { dateStyle: "short", timeStyle: "short" })}`)));
  }

  return { place, show };
}
