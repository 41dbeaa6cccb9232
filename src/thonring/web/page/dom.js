// HTML and SVG elements in one line, dialogs, style sheets on demand, and numbers as text.
const svgNamespace = "http://www.w3.org/2000/svg";
// Set as properties: as attributes they would give an initial value only, or mean "true" whatever their text.
const properties = new Set(["value", "checked", "disabled", "hidden", "textContent"]);

// `attributes` are HTML attributes, event listeners ("onclick") and the properties above; null and false remove one.
export function element(tag, attributes = {}, ...children) {
  return setChildren(setAttributes(document.createElement(tag), attributes), ...children);
}

export function svgElement(tag, attributes = {}, ...children) {
  return setChildren(setAttributes(document.createElementNS(svgNamespace, tag), attributes), ...children);
}

export function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, text);
}

export function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) target.addEventListener(name.slice(2), value);
    else if (properties.has(name) && !(target instanceof SVGElement)) target[name] = value ?? "";
    else if (value === undefined || value === null || value === false) target.removeAttribute(name);
    else target.setAttribute(name, value === true ? "" : value);
  }
  return target;
}

// Replaces the children; null, undefined and false are left out, so that a child may be conditional.
export function setChildren(target, ...children) {
  target.replaceChildren(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return target;
}

// A modal dialog that removes itself from the page when it closes.
export function openDialog(title, ...children) {
  const dialog = element(
    "dialog",
    { "aria-labelledby": "dialog-title" },
    element("h2", { id: "dialog-title" }, title),
    ...children,
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Loads a style sheet once; resolves when it applies, so that nothing is laid out without it.
export function loadStylesheet(href) {
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    document.head.append(element("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  });
}

// A number with grouped thousands and a typographic minus; a dash for a missing one.
export function formatNumber(value, digits = 0, unit = "") {
  if (value === null || value === undefined) return "–";
  const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text.replace("-", "−")}${unit ? ` ${unit}` : ""}`;
}

// A number of any magnitude to four significant digits.
export function formatSignificant(value, unit = "") {
  if (value === null || value === undefined) return "–";
  const text = Math.abs(value) >= 1000 ? formatNumber(value) : String(Number(value.toPrecision(4))).replace("-", "−");
  return `${text}${unit ? ` ${unit}` : ""}`;
}

// "1 micrograph", "1,234 micrographs".
export function micrographCount(count) {
  return `${count.toLocaleString()} micrograph${count === 1 ? "" : "s"}`;
}
