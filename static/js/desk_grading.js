// The grid of grades ([data-grading]): [data-outlook] holds what each would do, shown in [data-preview] before it is set.
import { element, stateChip } from "./words.js";

const SOURCES = { A: "A completely reliable", B: "B usually reliable", C: "C fairly reliable", D: "D not usually reliable", E: "E unreliable", F: "F reliability cannot be judged" };
const INFORMATION = { 1: "1 confirmed", 2: "2 probably true", 3: "3 possibly true", 4: "4 doubtfully true", 5: "5 improbable", 6: "6 truth cannot be judged" };

// Returns what keys may do with the grid of the item in sight, null where nothing is graded.
export function startGrading(desk) {
  const find = (name) => desk.querySelector(`[data-${name}]`);
  const grading = find("grading");
  if (!grading) return null;
  const outlook = JSON.parse(find("outlook")?.textContent ?? "{}");
  const cells = [...grading.querySelectorAll("input[name=grade]")];
  const chosen = () => cells.find((cell) => cell.checked);

  function show() {
    const grade = chosen()?.value, said = outlook[grade];
    if (!said) return;
    const roads = said.roads.map((road) => element("div", { class: "would" },
      element("span", {}, road.label),
      element("b", {}, stateChip(road.letter, "s16"), ` ${road.stays ? "stays" : "becomes"} ${road.word}`)));
    const wait = said.waits ? " It lowers the confidence, so it waits for a second person." : "";
    find("preview").replaceChildren(element("h2", {}, `If you set ${grade}`), ...(roads.length ? roads : [element("p", {}, "It touches no road.")]),
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

  // Choosing and setting are two presses: no single key opens a road.
  function accept() {
    const proposed = grading.querySelector(".proposed input");
    if (!proposed) return;
    choose(proposed.value);
    find("set")?.focus();
  }

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
  find("accept")?.addEventListener("click", accept);
  show();
  return { accept, focus: () => (chosen() ?? cells[0])?.focus() };
}
