// Says how old the picture is. From the first missed heartbeat the top bar shows the age; after two minutes the map greys
// and says so across itself. A refused or empty picture is a banner, never a blank map.
// Source: doctrine, section 9.1.
import { age, dateTimeGroup, element, hoursMinutes } from "../words.js";

const BEAT_MS = 15000, GRACE_MS = 4000, LOST_MS = 120000;
const REFUSALS = {
  401: "The session has ended. The map no longer updates.",
  403: "This account may not see the picture.",
  503: "The server has no picture now.",
  empty: "The server sent no states at all. This is a fault, not an empty country.",
  network: "The road network has been replaced. The map must be opened again.",
  "no answer": "No answer from the server.",
};

export class Watch {
  constructor(root, bands, feed) {
    Object.assign(this, { root, bands, feed, refusal: null });
    this.mark = document.querySelector("[data-feed-mark]");
    this.mark.hidden = false;
    this.dtg = document.querySelector("[data-dtg]");
    this.asof = document.querySelector("[data-asof]");
    feed.addEventListener("picture", () => this.#refused(null));
    feed.addEventListener("refused", ({ detail }) => this.#refused(detail.status));
    feed.addEventListener("beat", () => this.#show());
    feed.addEventListener("moment", () => this.#show());
    setInterval(() => this.#show(), 1000);
    this.started = Date.now();
    this.#show();
  }

  #refused(status) {
    this.refusal = status;
    this.#show();
  }

  #show() {
    const silence = Date.now() - (this.feed.heard ?? this.started);
    const isLate = silence > BEAT_MS + GRACE_MS;
    const isLost = silence > LOST_MS || this.refusal !== null;
    const madeAt = this.feed.heard === null ? null : this.feed.heard + this.feed.offset;
    const { moment } = this.feed;
    this.mark.dataset.feed = isLate || isLost || moment ? "late" : "live";
    this.mark.firstElementChild.textContent = moment ? "Map not live" : isLate ? `No word for ${Math.round(silence / 1000)} s` : this.feed.heard === null ? "Connecting" : `Live, ${Math.round(silence / 1000)} s`;
    this.dtg.textContent = dateTimeGroup(isLate && madeAt !== null ? madeAt : this.feed.clock);
    this.asof.textContent = moment ? `map shows ${dateTimeGroup(moment.at)}` : isLate ? "picture as of then" : `as of now · ${hoursMinutes(this.feed.clock)}Z`;
    if (isLost === this.root.hasAttribute("data-stale") && !isLost) return;
    this.root.toggleAttribute("data-stale", isLost);
    if (!isLost) return this.bands.replaceChildren();
    const shown = madeAt === null ? "Nothing has been received." : `The map shows ${dateTimeGroup(madeAt)}. Anything may have changed since.`;
    const why = this.refusal !== null ? REFUSALS[this.refusal] ?? `The server refused (${this.refusal}).` : `Feed lost ${age(silence)} ago.`;
    const text = `${why} ${shown}`;
    if (this.bands.textContent.startsWith(text)) return;
    this.bands.replaceChildren(element("p", { class: "banner stale", role: "alert" }, element("span", {}, text), element("span", { class: "spring" }), element("a", { href: "" }, this.refusal === 401 ? "Sign in again" : "Load again")));
  }
}
