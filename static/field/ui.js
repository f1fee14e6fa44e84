// Elements by hand, never from HTML text: what people wrote is only ever text.
import { t, stateWord } from "./words.js";

export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  return add(node, ...children);
}

// Appends what is there: null, undefined and false are nothing.
export function add(node, ...children) {
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, ...children);
}

const SVG = "http://www.w3.org/2000/svg", DRAWN = { tick: "M5 12l5 5L20 6", obs: "M3 17h18M6 17V9h12v8M9 9V6h6v3" };

// A symbol of `static/symbols.svg`, kept with the app; the two line drawings are drawn here.
export function symbol(id, size = 30) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ class: "sym", width: size, height: size, viewBox: "0 0 24 24", "aria-hidden": "true" })) svg.setAttribute(name, value);
  const part = document.createElementNS(SVG, DRAWN[id] ? "path" : "use");
  if (DRAWN[id]) for (const [name, value] of Object.entries({ d: DRAWN[id], fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" })) part.setAttribute(name, value);
  else part.setAttribute("href", `/static/symbols.svg#${id}`);
  svg.append(part);
  return svg;
}

export function chip(letter, size = "") {
  return el("i", { class: `state ${size}`, dataset: { state: letter } }, el("span", { "aria-hidden": "true" }, letter), el("span", { class: "visually-hidden" }, stateWord(letter)));
}

// Grid references, date-time groups and kilometres keep their direction in any language.
export const ltr = (text, name = "") => el("bdi", { dir: "ltr", class: name }, text);
export const button = (words, onclick, more = {}) => el("button", { type: "button", onclick, ...more }, words);
export const go = (hash) => { if (location.hash === hash) dispatchEvent(new HashChangeEvent("hashchange")); else location.hash = hash; };

// The two forms in which a place is said back.
export function readBack(forms, below, title = t("we_read")) {
  return el("div", { class: "readback", role: "status" }, el("p", { class: "overline" }, title), ...forms.map((form) => el("b", { class: "mono" }, ltr(form))), below ? el("span", {}, below) : null);
}

export function warningBand(words) {
  const sentences = words.split(/(?<=[.!؟])\s+/u);
  return el("div", { class: "banner danger", role: "note" }, el("strong", {}, sentences.slice(0, 2).join(" ")), el("span", {}, sentences.slice(2).join(" ")));
}

export function confirmStep(words, yes, onyes) {
  const dialog = el("dialog", { class: "asked" }, el("p", {}, words), el("div", { class: "pair" }, button(t("no_back"), () => dialog.close()), button(yes, () => { dialog.close(); onyes(); }, { class: "main" })));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
