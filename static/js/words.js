// Moments, ages and distances as people read them; the same words as the templates' filters.
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const two = (n) => String(n).padStart(2, "0");

export function dateTimeGroup(ms) {
  const d = new Date(ms);
  return `${two(d.getUTCDate())}${hoursMinutes(ms)}Z ${MONTHS[d.getUTCMonth()]} ${two(d.getUTCFullYear() % 100)}`;
}

export function hoursMinutes(ms) {
  const d = new Date(ms);
  return two(d.getUTCHours()) + two(d.getUTCMinutes());
}

export function age(ms) {
  const minutes = Math.max(0, Math.round(ms / 60000));
  if (minutes < 60) return `${minutes} min`;
  return minutes < 72 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

export function kilometres(metres, digits = 0) {
  return (metres / 1000).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replaceAll(",", " ");
}

export function plain(code) {
  return String(code ?? "–").replaceAll("_", " ");
}

// Words of a page that speaks several languages (#page-words), English elsewhere; {name} is filled in. What is filled in turns nothing around it.
const told = JSON.parse(document.querySelector("#page-words")?.textContent ?? "{}");
const isolated = (value) => (document.documentElement.dir === "rtl" ? `${/\p{L}/u.test(value) ? "\u2068" : "\u2066"}${value}\u2069` : value);
export const said = (key, english, values = {}) => (told[key] ?? english).replace(/\{(\w+)\}/g, (_, name) => isolated(values[name] ?? ""));

const WORDS = { O: "open", C: "caution", "?": "unknown", R: "restricted", X: "closed", "-": "no such direction" };
export const stateWord = (letter) => told[`state.${letter}`] ?? WORDS[letter] ?? WORDS["-"];

// DOM by hand, never by HTML text: what comes from reports is only ever textContent.
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function stateChip(letter, size = "") {
  const chip = element("i", { class: `state ${size}`, dataset: { state: letter }, title: stateWord(letter) });
  const mark = element("span", { "aria-hidden": "true" }, letter === "-" ? "–" : letter);
  chip.append(mark, element("span", { class: "visually-hidden" }, stateWord(letter)));
  return chip;
}

const SVG = "http://www.w3.org/2000/svg";
export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// How much of a verification's life is used: full bar, outline when it ends soon, dashes in caution, dots when unknown.
export function fuse(letter, share) {
  const box = svg("svg", { class: "fuse", viewBox: "0 0 34 7", "aria-hidden": "true" });
  if (letter === "O" && share !== null) {
    box.append(svg("rect", { class: "rest", width: 34, height: 7, rx: 3.5 }));
    if (share < 0.5) box.append(svg("rect", { class: "full", width: 34 * (1 - share), height: 7, rx: 3.5 }));
    else box.append(svg("rect", { class: "soon", x: 0.7, y: 0.7, width: Math.max(5, 34 * (1 - share)), height: 5.6, rx: 2.8 }));
  } else if (letter === "C" && share !== null && share < 2) {
    box.append(svg("path", { class: "dash", d: `M0 3.5h${share > 1 ? Math.max(5, 34 * (2 - share)) : 34}` }));
  } else box.append(svg("path", { class: "dots", d: "M2 3.5h31" }));
  return box;
}
