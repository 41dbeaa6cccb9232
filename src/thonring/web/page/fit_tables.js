// Tables of a fit: its parameters, its criteria, and the comparison of the kept, the manual and the fitted values.
import { canDecide } from "./decisions.js";
import { button, element, formatNumber, formatSignificant } from "./dom.js";

function withError(value, sigma, digits = 0) {
  return `${formatNumber(value, digits)}${sigma ? ` ± ${formatNumber(sigma, digits)}` : ""}`;
}

export function fitTable(fit) {
  // A standard error of zero marks a value that was not fitted.
  const fixed = (sigma) => (sigma === 0 ? " (fixed)" : "");
  const rows = [
    ["Mean defocus", `${withError(fit.defocus_A, fit.defocus_sigma_A)} Å${fixed(fit.defocus_sigma_A)}`],
    ["Defocus U, V", `${formatNumber(fit.defocus_u_A)}, ${formatNumber(fit.defocus_v_A)} Å`],
    ["Astigmatism", `${withError(fit.astigmatism_A, fit.astigmatism_sigma_A)} Å${fixed(fit.astigmatism_sigma_A)}`],
    ["Angle of U", `${withError(fit.angle_deg, fit.astigmatism_sigma_A && fit.angle_sigma_deg, 1)}°`],
    ["Score", formatNumber(fit.score, 3)],
    ["Fit resolution", formatNumber(fit.fit_resolution_A, 2, "Å")],
  ];
  if (fit.phase_shift_deg || fit.phase_shift_sigma_deg) {
    const phase = withError(fit.phase_shift_deg, fit.phase_shift_sigma_deg, 1);
    rows.splice(4, 0, ["Phase shift", `${phase}°${fixed(fit.phase_shift_sigma_deg)}`]);
  }
  if (fit.runner_up_A !== null) {
    const gap = formatSignificant(fit.runner_up_gap);
    rows.push(["Next best defocus", `${formatNumber(fit.runner_up_A)} Å, gap ${gap}`]);
  }
  const item = ([title, text]) => element("div", {}, element("dt", {}, title), element("dd", {}, text));
  return element("dl", { class: "values" }, ...rows.map(item));
}

export function criteriaTable(attempt) {
  const limit = ({ at_least, at_most }) => {
    const bounds = [];
    if (at_least !== null) bounds.push(`≥ ${formatSignificant(at_least)}`);
    if (at_most !== null) bounds.push(`≤ ${formatSignificant(at_most)}`);
    return bounds.join(", ");
  };
  const row = (criterion) => {
    const { passed } = criterion;
    const mark = element(
      "span",
      { class: passed ? "accepted" : "rejected", "aria-hidden": "true" },
      passed ? "✓ " : "✗ ",
    );
    const title = criterion.title[0].toUpperCase() + criterion.title.slice(1);
    return element(
      "tr",
      { class: passed ? "" : "failing" },
      element("td", {}, mark, title, element("span", { class: "visually-hidden" }, passed ? ", passed" : ", failed")),
      element("td", { class: "number" }, formatSignificant(criterion.value, criterion.unit)),
      element("td", { class: "number soft" }, limit(criterion)),
    );
  };
  const header = element(
    "tr",
    {},
    element("th", { scope: "col" }, `Criteria (${attempt.profile})`),
    element("th", { scope: "col", class: "number" }, "value"),
    element("th", { scope: "col", class: "number" }, "limit"),
  );
  return element(
    "table",
    { class: "criteria" },
    element("caption", { class: "visually-hidden" }, `Criteria of profile ${attempt.profile}`),
    element("thead", {}, header),
    element("tbody", {}, ...attempt.criteria.map(row)),
  );
}

// `fitted` and `manual` are the server's answers; `keepFit()` keeps the fit, `moveRing(fit)` sets the ring to it.
export function comparisonTable(micrograph, { fitted, manual }, { keepFit, moveRing }) {
  const kept = micrograph.attempts.find(({ number }) => number === micrograph.kept);
  const columns = [
    ["Kept", kept],
    ["Manual", manual.attempt],
    ["Fitted", fitted.attempt],
  ];
  const hasPhaseShift = micrograph.phase_shift || micrograph.phase_shift_deg;
  const quantities = [
    ["Mean defocus (Å)", (fit) => withError(fit.defocus_A, fit.defocus_sigma_A)],
    ["Defocus U, V (Å)", (fit) => `${formatNumber(fit.defocus_u_A)}, ${formatNumber(fit.defocus_v_A)}`],
    ["Astigmatism (Å)", (fit) => withError(fit.astigmatism_A, fit.astigmatism_sigma_A)],
    ["Angle of U (°)", (fit) => withError(fit.angle_deg, fit.astigmatism_sigma_A && fit.angle_sigma_deg, 1)],
    hasPhaseShift && ["Phase shift (°)", (fit) => withError(fit.phase_shift_deg, fit.phase_shift_sigma_deg, 1)],
    ["Score", (fit) => formatNumber(fit.score, 3)],
    ["Fit resolution (Å)", (fit) => formatNumber(fit.fit_resolution_A, 2)],
  ].filter(Boolean);
  const number = (text, verdict = "") => element("td", { class: `number ${verdict}` }, text);
  const row = (title, cells) => element("tr", {}, element("th", { scope: "row" }, title), ...cells);
  const verdict = (attempt) => {
    if (!attempt) return number("–");
    if (attempt.accepted) return number("✓ all pass", "accepted");
    return number(`✗ ${attempt.criteria.filter(({ passed }) => !passed).length} fail`, "rejected");
  };
  const rows = quantities.map(([title, text]) =>
    row(
      title,
      columns.map(([, attempt]) => number(attempt?.fit ? text(attempt.fit) : "–")),
    ),
  );
  rows.push(
    row(
      "Criteria",
      columns.map(([, attempt]) => verdict(attempt)),
    ),
  );
  const titles = columns.map(([title]) => element("th", { scope: "col", class: "number" }, title));
  const { reasons, fit } = fitted.attempt;
  return [
    element("h2", {}, "Kept, manual and fitted values"),
    fitShift(fitted),
    element(
      "table",
      { class: "comparison" },
      element("thead", {}, element("tr", {}, element("td"), ...titles)),
      element("tbody", {}, ...rows),
    ),
    reasons.length > 0 && element("ul", { class: "notes" }, ...reasons.map((text) => element("li", {}, text))),
    element(
      "p",
      { class: "buttons" },
      button("Keep the fit", keepFit, { class: "primary", disabled: !canDecide() }),
      button("Move the ring to the fit", () => moveRing(fit)),
    ),
  ];
}

// How far the fit moved from the manual values, with a warning where it may have locked onto other rings.
function fitShift({ attempt, moved_A, ran_away: movedFar }) {
  const shift_A = Math.abs(moved_A);
  const percentage = (100 * shift_A) / (attempt.fit.defocus_A - moved_A);
  const moved = `The fit moved ${formatNumber(shift_A)} Å (${formatNumber(percentage, 1)} %) from your values.`;
  const warning = " That is far: it may have locked onto other rings than you meant. Compare both before you keep it.";
  return movedFar
    ? element("p", { class: "fit-shift far", role: "alert" }, moved, warning)
    : element("p", { class: "fit-shift" }, moved);
}
