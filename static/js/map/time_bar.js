// The time slider ([data-time]) under the map: seven days back, seven ahead, any other moment by its date. L returns to live.
// While another moment is shown, the page says so: [data-then-band] over the map, data-then on the root, the address (?at, ?known).
import { dateTimeGroup, element, hoursMinutes } from "../words.js";
import { drawMarks, readMarks } from "./time_marks.js";
import { meaningOf } from "./time_words.js";

const MINUTE = 60000, HOUR = 3600000, DAY = 86400000;
const BACK = 7 * DAY, AHEAD = 7 * DAY, STEP = 15 * MINUTE, PLAY_STEP = HOUR, PLAY_MS = 900, SETTLE_MS = 120;

export class TimeBar {
  constructor(root, feed, rules) {
    const box = root.querySelector("[data-time]");
    Object.assign(this, { root, box, feed, rules, marks: [], base: null, missed: 0, playing: null });
    const find = (name) => box.querySelector(`[data-time-${name}]`);
    this.range = find("range");
    this.date = find("date");
    this.track = find("track");
    this.ahead = find("ahead");
    this.playButton = find("play");
    this.liveButton = find("live");
    this.differences = find("differences");
    this.band = root.querySelector("[data-then-band]");
    this.range.max = AHEAD / MINUTE;
    this.range.min = -BACK / MINUTE;
    this.range.step = STEP / MINUTE;
    this.range.addEventListener("input", () => this.#pause() || this.#go(this.base + this.range.valueAsNumber * MINUTE, SETTLE_MS));
    this.range.addEventListener("keydown", (event) => this.#jump(event));
    this.date.addEventListener("change", () => this.date.value && this.#go(Date.parse(`${this.date.value}Z`)));
    for (const radio of box.querySelectorAll("[name=known]")) radio.addEventListener("change", () => this.wanted !== null && this.#go(this.wanted));
    this.playButton.addEventListener("click", () => (this.playing ? this.#pause() : this.#play()));
    this.liveButton.addEventListener("click", () => this.live());
    addEventListener("keydown", (event) => {
      const isTyping = event.target.closest?.("input:not([type=range], [type=radio], [type=checkbox]), select, textarea");
      if (event.key.toLowerCase() === "l" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping) this.live();
    });
    addEventListener("popstate", () => this.#fromAddress());
    feed.addEventListener("missed", () => this.#count());
    feed.addEventListener("moment", () => this.#say());
    feed.addEventListener("beat", () => this.#anchor());
    this.differences.addEventListener("click", () => this.#compare());
    new ResizeObserver(() => this.#draw()).observe(this.track);
    this.wanted = null;
  }

  get isAsKnownThen() {
    return this.box.querySelector("[name=known]:checked").value === "then";
  }

  async start() {
    this.#anchor();
    await this.#fromAddress();
  }

  // The slider's middle is now; it is moved on each quarter of an hour, not under the hand of somebody who looks elsewhere.
  #anchor() {
    const now = Math.floor(this.feed.clock / STEP) * STEP;
    if (this.base === now || (this.base !== null && this.wanted !== null)) return;
    this.base = now;
    this.range.value = 0;
    this.#voice();
    this.readMarks();
  }

  async readMarks() {
    const hour = Math.floor(this.base / HOUR) * HOUR;
    const read = await readMarks(this.feed.asked, hour - BACK, hour + AHEAD).catch(() => null);
    if (read) {
      this.marks = read.marks;
      this.ahead.textContent = read.now - read.aheadAsOf > MINUTE ? ` as of ${hoursMinutes(read.aheadAsOf)} Z` : "";
    }
    this.#draw();
  }

  #draw() {
    if (this.base !== null) drawMarks(this.track, this.marks, this.base - BACK, this.base + AHEAD, this.feed.clock);
  }

  // [ and ] lead to the change before and after.
  #jump(event) {
    const here = this.wanted ?? this.feed.clock;
    const times = this.marks.map((mark) => mark.at);
    const target = event.key === "[" ? times.filter((at) => at < here - 1000).at(-1) : event.key === "]" ? times.find((at) => at > here + 1000) : undefined;
    if (target !== undefined) this.#go(target);
  }

  #momentOf(at) {
    const now = this.feed.clock;
    return { at, knownAt: at <= now && this.isAsKnownThen ? at : null };
  }

  #go(at, wait = 0) {
    if (!Number.isFinite(at)) return;
    const isNow = Math.abs(at - this.base) < MINUTE && wait > 0;
    if (isNow) return this.live();
    this.wanted = at;
    this.range.value = Math.round((at - this.base) / MINUTE);
    this.date.value = new Date(at).toISOString().slice(0, 16);
    this.#voice();
    this.#sayReading();
    clearTimeout(this.due);
    const shown = new Promise((resolve) => {
      this.due = setTimeout(() => resolve(this.#show(this.#momentOf(at))), wait);
    });
    return shown;
  }

  async #show(moment) {
    try {
      await this.feed.show(moment);
    } catch (failed) {
      if (moment && this.wanted === moment.at) this.#sayFailed(failed);
    }
  }

  live() {
    this.#pause();
    clearTimeout(this.due);
    this.wanted = null;
    this.missed = 0;
    this.range.value = 0;
    this.date.value = "";
    this.base = null;
    this.#anchor();
    return this.#show(null);
  }

  #play() {
    if (this.wanted === null) this.#go(this.base - BACK);
    this.playing = { until: this.wanted > this.feed.clock ? this.base + AHEAD : this.base };
    this.playButton.textContent = "Pause";
    this.playButton.setAttribute("aria-pressed", "true");
    this.#step();
  }

  #step() {
    const playing = this.playing;
    setTimeout(async () => {
      if (playing !== this.playing) return;
      const next = this.wanted + PLAY_STEP;
      if (next >= playing.until) return playing.until === this.base ? this.live() : this.#pause();
      await this.#go(next);
      if (playing === this.playing) this.#step();
    }, PLAY_MS);
    this.feed.prefetch(this.#momentOf(this.wanted + PLAY_STEP));
  }

  #pause() {
    this.playing = null;
    this.playButton.textContent = "Play";
    this.playButton.setAttribute("aria-pressed", "false");
  }

  #count() {
    this.missed += 1;
    this.#say();
  }

  // The band names the moment of what is drawn, never the one still being read.
  #say() {
    const { moment } = this.feed;
    this.root.toggleAttribute("data-then", moment !== null);
    this.root.removeAttribute("data-reading");
    this.liveButton.hidden = moment === null;
    this.#address(moment);
    if (!moment) return this.band.replaceChildren();
    const missed = this.missed ? `${this.missed} ${this.missed === 1 ? "change" : "changes"} since you left now` : "";
    this.root.style.setProperty("--then-words", JSON.stringify(`NOT LIVE · ${dateTimeGroup(moment.at)}`));
    this.band.replaceChildren(element("p", { class: "banner then", role: "status" },
      element("strong", {}, `NOT LIVE: ${dateTimeGroup(moment.at)} ${meaningOf(moment, this.feed.clock)}`),
      element("span", {}, missed), element("span", { class: "spring" }),
      element("button", { type: "button", onclick: () => this.live() }, "Back to live (L)")));
  }

  #sayReading() {
    this.root.toggleAttribute("data-reading", true);
    this.liveButton.hidden = false;
  }

  #sayFailed(failed) {
    this.root.removeAttribute("data-reading");
    this.band.replaceChildren(element("p", { class: "banner stale", role: "alert" }, element("span", {}, `The picture of ${dateTimeGroup(this.wanted)} could not be read (${failed.message}). The map shows ${this.feed.moment ? dateTimeGroup(this.feed.moment.at) : "now"}.`), element("span", { class: "spring" }), element("button", { type: "button", onclick: () => this.live() }, "Back to live (L)")));
  }

  #voice() {
    const words = this.wanted === null ? `now, ${hoursMinutes(this.feed.clock)} Z` : `${dateTimeGroup(this.wanted)}, ${meaningOf(this.#momentOf(this.wanted), this.feed.clock)}`;
    this.range.setAttribute("aria-valuetext", words);
  }

  // From the moment shown, or from yesterday, to now.
  #compare() {
    const { moment, clock, asked } = this.feed;
    const query = new URLSearchParams(asked);
    query.set("before_at", new Date(moment?.at ?? clock - DAY).toISOString().slice(0, 19));
    if (moment && moment.at > clock) query.set("after_at", query.get("before_at")), query.set("before_at", new Date(clock).toISOString().slice(0, 19));
    if (!this.isAsKnownThen) query.set("known", "today");
    this.differences.href = `/differences?${query}`;
  }

  #address(moment) {
    const url = new URL(location.href);
    for (const name of ["at", "known"]) url.searchParams.delete(name);
    if (moment) url.searchParams.set("at", new Date(moment.at).toISOString().replace(".000", ""));
    if (moment && moment.knownAt === null) url.searchParams.set("known", "today");
    if (url.href !== location.href) history.replaceState(null, "", url);
  }

  async #fromAddress() {
    const asked = new URLSearchParams(location.search);
    const at = Date.parse(asked.get("at") ?? "");
    if (!Number.isFinite(at)) return this.wanted === null ? undefined : this.live();
    this.box.querySelector(`[name=known][value=${asked.get("known") === "today" ? "today" : "then"}]`).checked = true;
    if (this.wanted !== at) await this.#go(at);
  }
}
