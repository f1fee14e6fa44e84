// The desk ([data-desk]) by keyboard: J K next and previous, A accept, G grade, L link, T task, C correct, X choose, Q ask, ? help.
// [data-grading]: the grid of grades; #outlook holds what each would do, shown in [data-preview] before it is set.
import { element, stateChip } from "./words.js";

const desk = document.querySelector("[data-desk]");
const find = (name) => desk.querySelector(`[data-${name}]`);
const grading = find("grading");
const outlook = JSON.parse(document.querySelector("#outlook")?.textContent ?? "{}");
const SOURCES = { A: "A completely reliable", B: "B usually reliable", C: "C fairly reliable", D: "D not usually reliable", E: "E unreliable", F: "F reliability cannot be judged" };
const INFORMATION = { 1: "1 confirmed", 2: "2 probably true", 3: "3 possibly true", 4: "4 doubtfully true", 5: "5 improbable", 6: "6 truth cannot be judged" };

if (find("keys")) find("keys").hidden = false;
for (const button of desk.querySelectorAll(".no-script")) button.hidden = true;

const cells = grading ? [...grading.querySelectorAll("input[name=grade]")] : [];
const chosen = () => cells.find((cell) => cell.checked);

function show() {
  const grade = chosen()?.value, said = outlook[grade];
  if (!said) return;
  const box = find("preview");
  const roads = said.roads.map((road) => element("div", { class: "would" },
    element("span", {}, road.label),
    element("b", {}, stateChip(road.letter, "s16"), ` ${road.stays ? "stays" : "becomes"} ${road.word}`)));
  const wait = said.waits ? " It lowers the confidence, so it waits for a second person." : "";
  box.replaceChildren(element("h2", {}, `If you set ${grade}`), ...(roads.length ? roads : [element("p", {}, "It touches no road.")]),
    element("p", { class: "muted" }, `${said.confidence} is ${said.level}.${wait}`));
  find("source-word").textContent = `${SOURCES[grade[0]]}.`;
  find("information-word").textContent = `${INFORMATION[grade[1]]}.`;
  const set = find("set"), accept = find("accept");
  if (set) set.textContent = `Set ${grade}`;
  if (accept) accept.hidden = Boolean(grading.querySelector(".proposed input")?.checked);
}

function choose(grade) {
  const cell = cells.find((one) => one.value === grade);
  if (!cell || cell.disabled) return;
  cell.checked = true;
  cell.focus();
  show();
}

if (grading) {
  grading.addEventListener("change", show);
  grading.addEventListener("keydown", (event) => {
    const grade = chosen()?.value;
    if (!event.target.matches("input[name=grade]") || !grade || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = "ABCDEF".indexOf(grade[0]), column = "123456".indexOf(grade[1]);
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    const letter = event.key.toUpperCase();
    let next = null;
    if (down || right) next = "ABCDEF"[Math.min(5, Math.max(0, row + down))] + "123456"[Math.min(5, Math.max(0, column + right))];
    else if ("ABCDEF".includes(letter) && letter.length === 1) next = letter + grade[1];
    else if ("123456".includes(event.key) && event.key.length === 1) next = grade[0] + event.key;
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    choose(next);
  });
  const accept = find("accept");
  accept?.addEventListener("click", acceptProposed);
  show();
}

// Choosing and setting are two presses: no single key opens a road.
function acceptProposed() {
  const proposed = grading?.querySelector(".proposed input");
  if (!proposed) return;
  choose(proposed.value);
  find("set")?.focus();
}

function move(step) {
  const links = [...desk.querySelectorAll("[data-queue] a")];
  const at = links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[at < 0 ? 0 : at + step];
  if (next) location.assign(next.href);
}

const ACTS = {
  j: () => move(1),
  k: () => move(-1),
  g: () => chosen()?.focus() ?? cells[0]?.focus(),
  a: acceptProposed,
  l: () => { const first = desk.querySelector("[data-suggestions] button"); first ? first.focus() : find("suggestions")?.scrollIntoView({ block: "nearest" }); },
  t: () => find("task-first")?.focus(),
  c: () => find("correct") && location.assign(find("correct").href),
  q: () => desk.querySelector("#ask")?.focus(),
  x: () => { const box = desk.querySelector(".here input[name=item]"); if (box) box.checked = !box.checked; },
  "?": () => find("help").showModal(),
};

find("help-open")?.addEventListener("click", () => find("help").showModal());
addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("textarea, select, input:not([type=radio]):not([type=checkbox])");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || find("help").open) return;
  const act = ACTS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// What comes while an officer reads is told, not slipped under his eyes: the order of the queue moves only when he asks.
const stream = new EventSource("/api/v1/stream?profile=P3&user_class=mission_military");
stream.addEventListener("record", () => { find("fresh").hidden = false; });
addEventListener("pagehide", () => stream.close());

desk.querySelector("[data-queue] [aria-current]")?.scrollIntoView({ block: "nearest" });
desk.dataset.ready = "";
