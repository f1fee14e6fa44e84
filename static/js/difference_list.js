// A difference in words: kilometres by change, key routes, people, air heads, and what made it so.
import { element, kilometres, plain, stateChip } from "./words.js";

// `sides` names both: the record and the hypothesis, or two of them.
export function differenceList(difference, show, sides = ["Before", "If so"]) {
  const arrow = (row) => [stateChip(row.before, "s16"), "→", stateChip(row.after, "s16")];
  const { people, air_heads: air } = difference;
  const rows = (list, make) => (list.length ? element("ul", { class: "difference" }, ...list.map((row) => element("li", {}, ...make(row)))) : element("p", { class: "muted" }, "None."));
  const why = (text) => (text ? element("div", { class: "muted" }, text) : null);
  const told = (before, after) => (before === after ? [why(before)] : [before && element("div", { class: "muted" }, element("b", {}, `${sides[0]}: `), before), after && element("div", { class: "muted" }, element("b", {}, `${sides[1]}: `), after)]);
  const reach = people.reaching_after - people.reaching_before;
  return [
    element("h2", {}, "What would differ"),
    element("p", { class: "small muted" }, `${difference.moves.length} segments`),
    element("h3", {}, "Roads"),
    rows(difference.changed_m, (row) => [...arrow(row), element("b", {}, ` ${kilometres(row.length_m, 1)} km`), element("span", { class: "muted" }, ` ${row.segments} segments`)]),
    element("h3", {}, "Key routes"),
    rows(difference.routes, (row) => [...arrow(row), element("b", {}, ` ${row.code}`), ...told(row.before_cause ?? "open", row.after_cause ?? "open")]),
    element("h3", {}, `People: ${signed(reach)} reach a hub`),
    rows([...people.cut_off.map((row) => ({ ...row, is: "cut off" })), ...people.regained.map((row) => ({ ...row, is: "regain a hub" }))],
      (row) => [element("b", {}, row.name), ` ${row.population ?? "?"} people ${row.is}`, why(row.reason)]),
    element("h3", {}, `Air heads: ${air.after} in reach, before ${air.before}`),
    rows([...air.lost.map((row) => ({ ...row, is: "out of reach" })), ...air.gained.map((row) => ({ ...row, is: "back in reach" }))],
      (row) => [element("b", {}, row.code), ` ${row.name}: ${row.is}`, why(row.reason)]),
    element("h3", {}, "Why"),
    rows(difference.groups, (row) => [...arrow(row), element("a", { href: "#", onclick: (event) => { event.preventDefault(); show(row.numbers[0]); } }, ` ${row.component ? plain(row.component) : "others"}`), ` ${kilometres(row.length_m, 1)} km`, ...(row.before_text ? told(row.before_text, row.after_text) : [why(row.text)])]),
    ...planRows(difference.plan),
  ];
}

function planRows(plan) {
  if (!plan) return [];
  const told = (one) => (one.best ? `${kilometres(one.best.distance_m ?? one.best.length_m, 1)} km, ${Math.round(one.best.duration_s / 60)} min` : plain(one.outcome));
  return [element("h3", {}, "Plan"), element("ul", { class: "difference" }, element("li", {}, "Before: ", element("b", {}, told(plan.before))), element("li", {}, "If so: ", element("b", {}, told(plan.after))))];
}

const signed = (count) => (count > 0 ? `+${count}` : count < 0 ? `−${-count}` : "as many");
