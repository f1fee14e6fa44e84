// Items of the desk as fragments of the page: asked for once, kept for a moment, so that the next one is there before it is wanted.
const KEPT_MS = 60000;

export class Items {
  constructor(address) {
    this.address = address;
    this.kept = new Map();
  }

  // What changed meanwhile must be asked for anew.
  forget() {
    this.kept.clear();
  }

  // Returns a promise of a function that makes the item and its judgement as elements.
  ask(search) {
    const known = this.kept.get(search);
    if (known && performance.now() - known.at < KEPT_MS) return known.parts;
    const parts = this.#fetch(search);
    this.kept.set(search, { at: performance.now(), parts });
    parts.catch(() => this.kept.get(search)?.parts === parts && this.kept.delete(search));
    return parts;
  }

  async #fetch(search) {
    const answer = await fetch(this.address + search, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return () => ["[data-item]", "[data-judge]"].map((name) => document.importNode(page.querySelector(name), true));
  }
}
