// The frame of every view: where one is, what the run counts, who decides, light or dark.
import { get } from "./api.js";
import { make } from "./element.js";
import { openExports } from "./exports.js";
import { overview } from "./overview.js";
import { table } from "./table.js";
import { curate } from "./curate.js";
import { micrograph } from "./micrograph.js";
import { follow } from "./news.js";
import { askName, showWho } from "./person.js";
import { tell, trying } from "./told.js";

const views = { overview, table, curate, micrograph };
const at = (id) => document.getElementById(id);
let shown = null;
let revision = null;

async function open() {
  const [name, ...parameters] = location.hash.replace(/^#\//, "").split("/");
  const view = views[name] ?? overview;
  await shown?.leave?.();
  shown = view;
  for (const link of at("views").children) {
    if (views[link.dataset.view] === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${view.title} – Thonring`;
  const place = document.createElement("div");
  at("main").replaceChildren(place);
  await trying(() => view.show(place, parameters.map(decodeURIComponent)));
}

async function look() {
  try {
    const state = await get("state");
    at("run").textContent = state.run;
    at("counts").replaceChildren(...["accepted", "rejected", "failed"].map((status) => counted(status, state[status])));
    document.documentElement.dataset.mayChange = state.may_change;
    at("read-only").hidden = state.may_change;
    if (revision !== null && state.revision !== revision) await shown?.renew?.(state);
    if (at("told").dataset.lost) { delete at("told").dataset.lost; tell(""); }
    revision = state.revision;
  } catch (problem) {
    at("told").dataset.lost = "yes";
    tell(problem.message, { error: true });
  }
}

function counted(status, micrographs) {
  const word = make("span", { className: "word" }, ` ${status}`);
  return make("span", { className: `badge ${status}`, title: status }, micrographs.toLocaleString(), word);
}

function changeTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
  shown?.paint?.();
}

at("views").replaceChildren(...Object.entries(views).filter(([, view]) => view.inBar !== false).map(([name, view]) => {
  const link = document.createElement("a");
  Object.assign(link, { href: `#/${name}`, textContent: view.title });
  link.dataset.view = name;
  return link;
}));
new ResizeObserver(([bar]) => document.documentElement.style.setProperty("--bar-height", `${bar.borderBoxSize[0].blockSize}px`)).observe(document.querySelector(".bar"));
at("export").addEventListener("click", openExports);
at("theme").textContent = "◐";
at("theme").addEventListener("click", changeTheme);
at("who").addEventListener("click", askName);
showWho();
addEventListener("hashchange", open);
await follow(look);
await open();
