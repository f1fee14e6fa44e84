// What changed lately, newest first: time, old letter, new letter, where, why. Pauses by nature: nothing moves by itself.
import { element, hoursMinutes, stateChip } from "../words.js";

const KEPT = 30;
const rank = (letter) => "OC?RX".indexOf(letter);
const worse = (a, b) => (rank(a) > rank(b) ? a : b);

export class Ticker {
  constructor(root, open) {
    this.list = root.querySelector("[data-ticker-list]");
    this.count = root.querySelector("[data-ticker-count]");
    this.open = open;
    this.fresh = 0;
    this.count.textContent = "No change since this map was opened";
    root.addEventListener("pointerenter", () => this.#seen());
    root.addEventListener("focusin", () => this.#seen());
  }

  #seen() {
    this.fresh = 0;
    if (this.list.childElementCount) this.count.textContent = "Latest";
  }

  add({ at, moves, cause }, keyRoutes) {
    const rows = this.#rows(moves, keyRoutes);
    for (const row of rows) {
      const item = element("li", { dataset: { fresh: "" } }, element("span", { class: "muted" }, `${hoursMinutes(Date.parse(at))}Z`), stateChip(row.old), "→", stateChip(row.new), element("a", { href: "#", onclick: (event) => { event.preventDefault(); this.open(row.number); } }, row.name), element("span", { class: "muted" }, cause ?? ""));
      this.list.prepend(item);
    }
    while (this.list.childElementCount > KEPT) this.list.lastElementChild.remove();
    this.fresh += rows.length;
    this.count.textContent = `${this.fresh} new`;
  }

  // One row per (key route, old, new); moves off the key routes are counted in one row each kind.
  #rows(moves, keyRoutes) {
    const groups = new Map();
    const codeOf = new Map();
    for (const route of keyRoutes?.routes ?? []) for (const segment of route.segments) if (!codeOf.has(segment[0])) codeOf.set(segment[0], route.code);
    for (const [number, oldForward, oldBackward, newForward, newBackward] of moves) {
      const before = worse(oldForward, oldBackward), after = worse(newForward, newBackward);
      if (before === after) continue;
      const code = codeOf.get(number) ?? null;
      const key = `${code}|${before}|${after}`;
      if (!groups.has(key)) groups.set(key, { code, old: before, new: after, number, count: 0 });
      groups.get(key).count += 1;
    }
    const rows = [...groups.values()].sort((a, b) => (a.code === null) - (b.code === null) || rank(b.new) - rank(a.new));
    return rows.slice(0, 6).reverse().map((g) => ({ ...g, name: g.code ? `${g.code}, ${g.count} ${g.count === 1 ? "stretch" : "stretches"}` : `${g.count} other ${g.count === 1 ? "stretch" : "stretches"}` }));
  }
}
