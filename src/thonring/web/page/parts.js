// Elements made in one line: attributes, listeners ("on…"), properties that are no attributes, and children.
const space = "http://www.w3.org/2000/svg";
const properties = new Set(["value", "checked", "disabled", "hidden", "textContent", "className"]);

export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function draws(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(space, tag), attributes, children);
}

export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (properties.has(name) && !(element instanceof SVGElement)) element[name] = value ?? "";
    else if (value === undefined || value === null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
  return element;
}

// Puts children in the place of those that were there; those that are nothing are left out.
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function filled(element, attributes, children) {
  return fill(set(element, attributes), ...children);
}

// Numbers as people read them: a thin minus, thousands apart, a dash where there is none.
export function shown(value, digits = 0, unit = "") {
  if (value === null || value === undefined) return "–";
  const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text.replace("-", "−")}${unit ? ` ${unit}` : ""}`;
}

// A value of any size to four digits.
export function compact(value, unit = "") {
  if (value === null || value === undefined) return "–";
  const text = Math.abs(value) >= 1000 ? shown(value) : String(Number(value.toPrecision(4))).replace("-", "−");
  return `${text}${unit ? ` ${unit}` : ""}`;
}

export function sheet(address) {
  if (document.querySelector(`link[href="${address}"]`)) return;
  document.head.append(make("link", { rel: "stylesheet", href: address }));
}
