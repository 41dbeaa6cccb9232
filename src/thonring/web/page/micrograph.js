// The view of one micrograph: header with verdict buttons, reasons, and the cards; or its manual estimate.
import { get } from "./api.js";
import { canDecide, decide, undo } from "./decisions.js";
import { button, element, loadStylesheet, setChildren } from "./dom.js";
import { showManualEstimate } from "./manual.js";
import * as cards from "./micrograph_cards.js";
import { withErrorToast } from "./toast.js";

// Nothing is computed for micrographs that are only passed on the way.
const delay_ms = 250;
let view = null;

export const micrograph = {
  title: "Micrograph",
  inNavigation: false,
  async show(container, [number, mode]) {
    view = { container, number: Number(number), figures: [], closed: new AbortController() };
    const current = view;
    await loadStylesheet("/page/micrograph.css");
    const data = await get(`micrographs/${number}`);
    if (current !== view) return;
    if (mode === "manual") {
      view.manual = await showManualEstimate(container, data, view.closed.signal);
    } else {
      document.addEventListener("keydown", onKey, { signal: view.closed.signal });
      await showMicrograph(current, data);
    }
  },
  async update() {
    const current = view;
    const data = await withErrorToast(() => get(`micrographs/${current.number}`));
    if (!data || current !== view) return;
    if (current.manual) current.manual.update(data);
    else if (JSON.stringify(data) !== current.dataShown) await showMicrograph(current, data);
  },
  paint() {
    view?.manual?.paint();
    for (const draw of view?.figures ?? []) draw();
  },
  leave() {
    view?.closed.abort();
    view = null;
  },
};

async function showMicrograph(current, data) {
  current.dataShown = JSON.stringify(data);
  const selected = data.attempts.some(({ number }) => number === current.attempt) ? current.attempt : data.kept;
  const attempt = data.attempts.find(({ number }) => number === selected);
  const neighbours = await findNeighbours(data.number);
  if (current !== view) return;
  current.neighbours = neighbours;
  current.figures = [];
  // What the cards add once the micrograph has been in view for a moment; their figures are redrawn with the theme.
  const deferred = [];
  const context = {
    data,
    attempt,
    defer: (load) => deferred.push(load),
    addFigure: (draw) => current.figures.push(draw),
  };
  const selectAttempt = (number) => {
    current.attempt = number;
    withErrorToast(() => showMicrograph(current, data));
  };
  setChildren(
    current.container,
    header(data, neighbours),
    reasonList(data),
    element(
      "div",
      { class: "micrograph" },
      element(
        "div",
        { class: "column" },
        cards.spectrumCard(context),
        cards.thumbnailCard(context),
        cards.parametersCard(context),
        cards.historyCard(context),
      ),
      element(
        "div",
        { class: "column" },
        cards.profileCard(context),
        cards.attemptsCard(context, selectAttempt),
        cards.searchCard(context),
      ),
    ),
  );
  const shown = current.dataShown;
  setTimeout(() => {
    if (view === current && current.dataShown === shown) for (const load of deferred) load();
  }, delay_ms);
}

function header(data, { previous = null, next = null, position, matched }) {
  const arrow = (number, key, sign, label) =>
    element(
      "a",
      {
        class: "arrow",
        href: number === null ? null : `#/micrograph/${number}`,
        "aria-label": label,
        title: `${label} (${key})`,
        "aria-disabled": number === null ? "true" : null,
      },
      sign,
    );
  const hasFit = data.attempts.some((attempt) => attempt.number === data.kept && attempt.fit);
  const verdictButton = (text, verdict, key, enabled) =>
    button(text, () => decide([data.number], verdict), {
      title: `${text} (${key})`,
      "aria-pressed": String(data.verdict_by_hand === verdict),
      disabled: !canDecide() || !enabled,
    });
  const location = matched && position ? `${position.toLocaleString()} of ${matched.toLocaleString()} · ` : "";
  return element(
    "header",
    { class: "micrograph-header" },
    arrow(previous, "k", "‹", "Previous micrograph"),
    arrow(next, "j", "›", "Next micrograph"),
    element(
      "div",
      {},
      element("h1", {}, data.name, " ", element("span", { class: `status ${data.status}` }, data.status)),
      element("p", { class: "soft path" }, location, data.file),
    ),
    element(
      "p",
      { class: "buttons" },
      verdictButton("Accept", "accepted", "a", hasFit),
      verdictButton("Reject", "rejected", "r", true),
      button("Reset verdict", () => decide([data.number], null), {
        title: "Reset to the verdict of the criteria (c)",
        disabled: !canDecide() || !data.decided,
      }),
      button("Undo", undo, { title: "Undo the last decision (u)", disabled: !canDecide() }),
      element(
        "a",
        { class: "button primary", href: `#/micrograph/${data.number}/manual`, title: "Estimate manually (m)" },
        "Estimate manually",
      ),
    ),
  );
}

// Previous and next in the order and with the filters of the table.
async function findNeighbours(number) {
  try {
    return await get(`micrographs?${sessionStorage.getItem("query") ?? ""}&around=${number}`);
  } catch {
    return {};
  }
}

function onKey(event) {
  if (view.manual || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, dialog, .js-plotly-plot")) return;
  const { number, neighbours } = view;
  const open = (target) => {
    if (target !== null && target !== undefined) location.hash = `#/micrograph/${target}`;
  };
  const action = {
    j: () => open(neighbours?.next),
    k: () => open(neighbours?.previous),
    m: () => open(`${number}/manual`),
    a: () => canDecide() && decide([number], "accepted"),
    r: () => canDecide() && decide([number], "rejected"),
    c: () => canDecide() && decide([number], null),
    u: () => canDecide() && undo(),
  }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function reasonList(data) {
  const sentences = [];
  if (data.by_hand) sentences.push(`The kept estimate was made manually by ${data.who}.`);
  if (data.file_now === "gone") sentences.push("The file no longer exists; the results stored in the run are shown.");
  else if (data.file_now !== "as estimated")
    sentences.push("The file has changed since it was estimated; the results stored in the run are shown.");
  if (data.verdict_by_hand === "accepted") sentences.push(`Accepted by ${data.who}.`);
  sentences.push(...data.reasons);
  if (data.verdict_by_hand) sentences.push(`The verdict of the criteria is ${data.automatic_status}.`);
  const items = sentences.map((text) => element("li", {}, text[0].toUpperCase() + text.slice(1)));
  return element("ul", { class: "reasons", hidden: !items.length }, ...items);
}
