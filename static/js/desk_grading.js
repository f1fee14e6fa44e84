// The grid of grades ([data-grading]): [data-outlook] holds what each would do, shown in [data-preview] before it is set.
// The words are the page's (#page-words).
import { figureOf, keyOf } from "./keys.js";
import { element, said as words, stateChip, stateWord } from "./words.js";

const say = (key, values) => words(key, "", values);

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
      element("b", {}, stateChip(road.letter, "s16"), ` ${say(road.stays ? "road.stays" : "road.becomes", { state: stateWord(road.letter) })}`)));
    const wait = said.waits ? ` ${say("judge.waits")}` : "";
    find("preview").replaceChildren(element("h2", {}, say("judge.if_you_set", { grade })), ...(roads.length ? roads : [element("p", {}, say("judge.touches_none"))]),
      element("p", { class: "muted" }, `${say("judge.confidence", { confidence: said.confidence, level: say(`level.${said.level}`) })}${wait}`));
    find("source-word").textContent = say("judge.source", { letter: grade[0], words: say(`source.${grade[0]}`) });
    find("information-word").textContent = say("judge.information", { figure: grade[1], words: say(`information.${grade[1]}`) });
    const set = find("set"), accept = find("accept");
    if (set) set.textContent = say("judge.set", { grade });
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
    const letter = keyOf(event).toUpperCase(), figure = figureOf(event);
    let next = null;
    if (down || right) next = "ABCDEF"[Math.min(5, Math.max(0, row + down))] + "123456"[Math.min(5, Math.max(0, column + right))];
    else if ("ABCDEF".includes(letter) && letter.length === 1) next = letter + grade[1];
    else if (figure && "123456".includes(figure)) next = grade[0] + figure;
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    choose(next);
  });
  find("accept")?.addEventListener("click", accept);
  show();
  return { accept, focus: () => (chosen() ?? cells[0])?.focus() };
}
