// What is kept now, what the hand set and what was fitted from there, beside each other.
import { mayChange } from "./decide.js";
import { make, shown } from "./parts.js";

// `one` is the micrograph; `act`: `keep()` keeps the fit, `move(fit)` sets the ring to it.
export function comparison(one, { fitted, hand }, act) {
  const kept = one.attempts.find(({ number }) => number === one.kept);
  const columns = [["Kept now", kept], ["By hand", hand.attempt], ["Fit from here", fitted.attempt]];
  const sigma = (value, error, digits_ = 0) => `${shown(value, digits_)}${error ? ` ± ${shown(error, digits_)}` : ""}`;
  const rows = [
    ["Mean defocus (Å)", (fit) => sigma(fit.defocus_A, fit.defocus_sigma_A)], ["Defocus U, V (Å)", (fit) => `${shown(fit.defocus_u_A)}, ${shown(fit.defocus_v_A)}`],
    ["Astigmatism (Å)", (fit) => sigma(fit.astigmatism_A, fit.astigmatism_sigma_A)], ["Angle of U (°)", (fit) => sigma(fit.angle_deg, fit.astigmatism_sigma_A && fit.angle_sigma_deg, 1)],
    ...(one.phase_shift || one.phase_shift_deg ? [["Phase shift (°)", (fit) => sigma(fit.phase_shift_deg, fit.phase_shift_sigma_deg, 1)]] : []),
    ["Score", (fit) => shown(fit.score, 3)], ["Agrees to (Å)", (fit) => shown(fit.fit_resolution_A, 2)],
  ].map(([title, text]) => make("tr", {}, make("th", { scope: "row" }, title), ...columns.map(([, attempt]) => make("td", { class: "number" }, attempt?.fit ? text(attempt.fit) : "–"))));
  const verdict = (attempt) => make("td", { class: `number ${attempt ? (attempt.accepted ? "accepted" : "rejected") : ""}` }, attempt ? (attempt.accepted ? "✓ all hold" : `✗ ${attempt.criteria.filter(({ passed }) => !passed).length} fail`) : "–");
  const moved = `The fit moved by ${shown(Math.abs(fitted.moved_A))} Å (${shown((100 * Math.abs(fitted.moved_A)) / (fitted.attempt.fit.defocus_A - fitted.moved_A), 1)} %) from the hand.`;
  const keeping = { disabled: !mayChange() };
  return [
    make("h2", {}, "Before, by hand, and fitted"),
    make("p", { class: `ran-away${fitted.ran_away ? " bad" : ""}`, role: fitted.ran_away ? "alert" : null }, fitted.ran_away ? `${moved} It ran away: it may be on other rings than those you meant. Look at both before you keep it.` : moved),
    make("table", { class: "comparison" }, make("thead", {}, make("tr", {}, make("td"), ...columns.map(([title]) => make("th", { scope: "col", class: "number" }, title)))),
      make("tbody", {}, ...rows, make("tr", {}, make("th", { scope: "row" }, "Criteria"), ...columns.map(([, attempt]) => verdict(attempt))))),
    fitted.attempt.reasons.length ? make("ul", { class: "notes" }, ...fitted.attempt.reasons.map((text) => make("li", {}, text))) : null,
    make("p", { class: "buttons" }, make("button", { type: "button", class: "first", ...keeping, onclick: () => act.keep() }, "Keep the fit"),
      make("button", { type: "button", onclick: () => act.move(fitted.attempt.fit) }, "Move the ring to the fit")),
  ];
}
