// The marks on the time slider: past changes as lettered discs in the colour of the worst new state, those ahead as broken rings.
import { dateTimeGroup, stateWord, svg } from "../words.js";

const DAY = 86400000, GAP_PX = 15, HEIGHT = 46, LINE_Y = 28;
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const ORDER = "OC?RX";

export async function readMarks(question, from, to) {
  const query = new URLSearchParams(question);
  query.set("from", new Date(from).toISOString());
  query.set("to", new Date(to).toISOString());
  const answer = await fetch(`/api/v1/moments?${query}`);
  if (!answer.ok) return null;
  const { marks, now, ahead_as_of: aheadAsOf } = await answer.json();
  const found = marks.map((mark) => ({ ...mark, isAhead: mark.at > now, at: Date.parse(mark.at) + 1 })); // milliseconds cut off what comes after them
  return { marks: found, now: Date.parse(now), aheadAsOf: Date.parse(aheadAsOf) };
}

export function drawMarks(track, marks, from, to, now) {
  const width = track.clientWidth;
  if (!width) return;
  const x = (at) => ((at - from) / (to - from)) * width;
  const box = svg("svg", { width, height: HEIGHT, "aria-hidden": "true" });
  box.append(
    svg("path", { class: "time-past", d: `M0 ${LINE_Y}H${x(now)}` }),
    svg("path", { class: "time-ahead", d: `M${x(now)} ${LINE_Y}H${width}`, "stroke-dasharray": "2 4" }),
    ...days(from, to, x, x(now)),
    ...together(marks, x).map((mark) => disc(mark, x)),
    svg("path", { class: "time-now", d: `M${x(now)} 2V${LINE_Y + 6}` }),
    svg("text", { class: "time-now-word", x: x(now) + 5, y: HEIGHT - 3 }, "NOW"),
  );
  track.replaceChildren(box);
}

// A day's name gives way to the word NOW.
function* days(from, to, x, now) {
  for (let day = Math.ceil(from / DAY) * DAY; day < to; day += DAY) {
    const date = new Date(day);
    yield svg("path", { class: "time-day", d: `M${x(day)} ${LINE_Y - 4}v8` });
    const middle = x(day + DAY / 2), isFree = middle < now - 22 || middle > now + 56;
    if (isFree && x(day + DAY) - x(day) > 40 && day + DAY <= to) yield svg("text", { class: "time-day-word", x: middle, y: HEIGHT - 3 }, `${DAYS[date.getUTCDay()]} ${date.getUTCDate()}`);
  }
}

// Marks nearer to each other than a disc is wide become one: of the worst new state, counting all.
function together(marks, x) {
  const found = [];
  for (const mark of marks) {
    const last = found.at(-1);
    if (last && last.isAhead === mark.isAhead && x(mark.at) - x(last.at) < GAP_PX) {
      for (const [letter, count] of Object.entries(mark.to)) last.to[letter] = (last.to[letter] ?? 0) + count;
    } else found.push({ ...mark, to: { ...mark.to } });
  }
  return found;
}

function disc(mark, x) {
  const letter = Object.keys(mark.to).sort((a, b) => ORDER.indexOf(b) - ORDER.indexOf(a))[0];
  const told = Object.entries(mark.to).map(([state, count]) => `${count} turn${count === 1 ? "s" : ""} ${stateWord(state)}`).join(", ");
  const { isAhead } = mark;
  const group = svg("g", { class: isAhead ? "time-mark ahead" : "time-mark", "data-state": letter }, svg("title", {}, `${dateTimeGroup(mark.at)}: ${told}`));
  group.append(svg("circle", { cx: x(mark.at), cy: 12, r: 6.5, ...(isAhead ? { "stroke-dasharray": "2.5 1.8" } : {}) }), svg("text", { x: x(mark.at), y: 15.6 }, letter));
  return group;
}
