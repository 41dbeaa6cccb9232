// Which rows are on screen, and the way to others.
import { button, make } from "./element.js";

const sizes = [50, 100, 250, 500];

export function makePager({ turn, resize }) {
  const told = make("span", { ariaLive: "polite" });
  const back = [button("«", () => turn(-Infinity), { ariaLabel: "First page" }), button("‹", () => turn(-1), { ariaLabel: "Page before", title: "Page before ([)" })];
  const on = [button("›", () => turn(1), { ariaLabel: "Page after", title: "Page after (])" }), button("»", () => turn(Infinity), { ariaLabel: "Last page" })];
  const size = make("select", { ariaLabel: "Rows of a page" }, ...sizes.map((rows) => make("option", { value: rows }, `${rows} rows`)));
  size.onchange = () => resize(Number(size.value));
  const place = make("div", { className: "pager" }, told, make("span", { className: "spring" }), size, ...back, ...on);

  function paint(offset, limit, page) {
    const last = offset + page.rows.length;
    told.textContent = page.rows.length ? `${(offset + 1).toLocaleString()} to ${last.toLocaleString()} of ${page.matched.toLocaleString()}` : "";
    size.value = limit;
    for (const one of back) one.disabled = offset === 0;
    for (const one of on) one.disabled = last >= page.matched;
  }

  return { place, paint };
}
