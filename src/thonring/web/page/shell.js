// The frame around every view: navigation, status counts, export, the reviewer's name, and the theme.
import { get } from "./api.js";
import { element } from "./dom.js";
import { openExportDialog } from "./export_dialog.js";
import { overview } from "./overview.js";
import { table } from "./table.js";
import { curate } from "./curate.js";
import { micrograph } from "./micrograph.js";
import { startPolling } from "./poll.js";
import { promptForName, showReviewer } from "./reviewer.js";
import { hideToast, showToast, withErrorToast } from "./toast.js";

const views = { overview, table, curate, micrograph };
const byId = (id) => document.getElementById(id);
let currentView = null;
let revision = null;
let disconnected = false;

async function openView() {
  const [name, ...parameters] = location.hash.replace(/^#\//, "").split("/");
  const view = views[name] ?? overview;
  await currentView?.leave?.();
  currentView = view;
  for (const link of byId("views").children) {
    if (views[link.dataset.view] === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${view.title} – Thonring`;
  const container = element("div");
  byId("main").replaceChildren(container);
  await withErrorToast(() => view.show(container, parameters.map(decodeURIComponent)));
}

async function checkForChanges() {
  try {
    const state = await get("state");
    byId("run").textContent = state.run;
    byId("counts").replaceChildren(
      ...["accepted", "rejected", "failed"].map((status) => statusBadge(status, state[status])),
    );
    document.documentElement.dataset.canDecide = state.may_change;
    byId("read-only").hidden = state.may_change;
    if (revision !== null && state.revision !== revision) await currentView?.update?.(state);
    if (disconnected) hideToast();
    disconnected = false;
    revision = state.revision;
  } catch (error) {
    disconnected = true;
    showToast(error.message, { error: true });
  }
}

function statusBadge(status, count) {
  const label = element("span", { class: "label" }, ` ${status}`);
  return element("span", { class: `badge ${status}`, title: status }, count.toLocaleString(), label);
}

function toggleTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const current = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  const next = current === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
  currentView?.paint?.();
}

byId("views").replaceChildren(
  ...Object.entries(views)
    .filter(([, view]) => view.inNavigation !== false)
    .map(([name, view]) => element("a", { href: `#/${name}`, "data-view": name }, view.title)),
);
// Sticky parts of a view stop below the header, whose height depends on how its content wraps.
new ResizeObserver(([header]) =>
  document.documentElement.style.setProperty("--header-height", `${header.borderBoxSize[0].blockSize}px`),
).observe(document.querySelector(".header"));
byId("export").addEventListener("click", openExportDialog);
byId("theme").textContent = "◐";
byId("theme").addEventListener("click", toggleTheme);
byId("reviewer").addEventListener("click", promptForName);
showReviewer();
addEventListener("hashchange", openView);
await startPolling(checkForChanges);
await openView();
