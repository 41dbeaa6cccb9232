// The preview of the current micrograph: spectrum, status, reasons, main results, latest decisions.
import { get } from "./api.js";
import { actionVerbs } from "./decisions.js";
import { element } from "./dom.js";
import { columnOf, formatValue } from "./table_columns.js";

const summaryColumns = ["defocus_A", "astigmatism_A", "fit_resolution_A", "score"];
// No requests for the rows that are only passed on the way with the arrow keys.
const delay_ms = 80;

export function makePreview() {
  const image = element("img", { alt: "", hidden: true });
  image.onload = () => {
    image.hidden = false;
  };
  image.onerror = () => {
    image.hidden = true;
  };
  const details = element("div", { class: "preview-details" });
  const container = element(
    "section",
    { class: "card preview", tabindex: 0, role: "region", "aria-label": "Current micrograph" },
    image,
    details,
  );
  let shown = null;
  let timer = null;

  function show(row) {
    clearTimeout(timer);
    container.hidden = !row;
    if (!row) {
      shown = null;
      return;
    }
    const history = element("ul", { class: "soft history" });
    details.replaceChildren(
      element("h2", { title: row.file }, row.file.split("/").at(-1)),
      element(
        "p",
        {},
        element("span", { class: `badge ${row.status}` }, row.status),
        row.by_hand ? " estimated manually" : "",
      ),
      row.reasons.length
        ? element("ul", { class: "reasons" }, ...row.reasons.map((reason) => element("li", {}, reason)))
        : "",
      element(
        "dl",
        {},
        ...summaryColumns
          .map(columnOf)
          .filter((column) => column && row.values[column.name] !== null)
          .flatMap((column) => [
            element("dt", {}, column.title),
            element("dd", {}, `${formatValue(column, row.values[column.name])} ${column.unit}`),
          ]),
      ),
      history,
      element("p", { class: "soft path" }, row.file),
    );
    if (row.number !== shown) image.hidden = true;
    shown = row.number;
    timer = setTimeout(() => load(row, history), delay_ms);
  }

  async function load(row, history) {
    image.alt = `Spectrum of ${row.file.split("/").at(-1)} and its fit`;
    const url = `/api/micrographs/${row.number}/spectrum.png`;
    if (image.getAttribute("src") !== url) image.src = url;
    else image.hidden = !image.naturalWidth;
    const actions = await get("decisions", { micrograph: row.number, most: 3 }).catch(() => []);
    history.replaceChildren(
      ...actions.map(({ kind, who, at }) => {
        const date = new Date(at).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
        return element("li", {}, `${date} ${who} ${actionVerbs[kind] ?? kind}`);
      }),
    );
  }

  return { container, show };
}
