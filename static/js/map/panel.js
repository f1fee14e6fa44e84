// The reasons panel: opened by a click or by the address (?segment=ID), closed by Esc; what comes from reports is textContent.
import { meaningOf } from "./time_words.js";
import { age, dateTimeGroup, element, kilometres, plain, stateChip, stateWord } from "../words.js";
import { formatDegreesMinutes, formatMgrs } from "../mgrs.js";
import { consentSections } from "./consent.js";

const LETTER = { GREEN: "O", AMBER: "C", GREY: "?", RED: "R", BLACK: "X" };
const letterOf = (state) => LETTER[state] ?? state ?? "-";
const wordClass = (letter) => `word-${letter === "?" ? "unknown" : letter}`;
const COMPONENT = { explosive: "Explosive", physical: "Physical", control: "Control", risk: "Incident risk", manual: "JOC's own hand", verification: "Verification" };

export class Panel {
  constructor(box, feed, settings, select) {
    Object.assign(this, { box, feed, settings, select, routes: null, shown: null, direction: 0 });
    addEventListener("keydown", (event) => event.key === "Escape" && !box.hidden && this.close());
  }

  openFromAddress() {
    const id = new URLSearchParams(location.search).get("segment");
    if (id) this.#load(addressOf(id), { fly: true });
    else if (!this.box.hidden) this.#hide();
  }

  openNumber(number, { fly = false } = {}) {
    return this.#load(`/map/segments/${this.settings.network}/${number}`, { fly, push: true });
  }

  // The question or the state changed: read the shown segment again.
  refresh(moves) {
    if (!this.shown || (moves && !moves.some(([number]) => number === this.shown.number))) return;
    this.#load(addressOf(this.shown.segment_id), { keepsPlace: true });
  }

  close() {
    this.#hide();
    this.#address(null, true);
  }

  #hide() {
    this.box.hidden = true;
    this.shown = null;
    this.select(null, false);
  }

  #address(id, push) {
    const url = new URL(location.href);
    if (id) url.searchParams.set("segment", id);
    else url.searchParams.delete("segment");
    if (url.href !== location.href) history[push ? "pushState" : "replaceState"](null, "", url);
  }

  async #load(path, { fly = false, push = false, keepsPlace = false } = {}) {
    if (!keepsPlace) this.#show(element("section", { class: "muted" }, "Reading reasons."));
    let answer;
    try {
      answer = await fetch(`${path}?${this.feed.question ?? ""}`, { headers: { Accept: "application/json" } });
    } catch {
      return this.#show(this.#head(), element("section", {}, "No answer from the server; the reasons could not be read."));
    }
    if (!answer.ok) return this.#show(this.#head(), element("section", {}, answer.status === 404 ? "This stretch is not on the network in force." : `The server refused (${answer.status}).`));
    const segment = await answer.json();
    const isSame = this.shown?.segment_id === segment.segment_id;
    this.shown = segment;
    if (!isSame) this.direction = worstDirection(segment.directions);
    if (push) this.#address(segment.segment_id, true);
    this.select(segment.geometry, fly);
    this.#render();
    if (!keepsPlace) this.box.focus({ preventScroll: true });
  }

  #show(...sections) {
    this.box.hidden = false;
    const { moment } = this.feed;
    const told = moment && element("p", { class: "then-note" }, `Not live: ${dateTimeGroup(moment.at)}, ${meaningOf(moment, this.feed.clock)}`);
    this.box.replaceChildren(...(told ? [told] : []), ...sections);
  }

  #head(...before) {
    return element("div", { class: "panel-top pad" }, ...before, element("span", { class: "spring" }), element("button", { class: "plain", "aria-label": "Close reasons", onclick: () => this.close() }, "✕"));
  }

  #render() {
    const { shown } = this;
    const row = shown.directions[Math.min(this.direction, shown.directions.length - 1)];
    const routes = (shown.routes ?? []).map((route) => element("a", { class: "plate", href: `/routes/${encodeURIComponent(route.id ?? route.code ?? route)}` }, route.code ?? route));
    this.#show(
      element("section", {}, element("div", { class: "panel-top" }, ...routes, element("span", {}, shown.ref ?? plain(shown.highway)), element("span", { class: "spring" }), element("button", { class: "plain", "aria-label": "Close reasons", onclick: () => this.close() }, "✕")), element("h2", {}, shown.name || shown.ref || `Unnamed ${plain(shown.highway)} road`), ...this.#verdict(row), this.#directions()),
      element("section", {}, element("h3", {}, "Reasons, worst first"), ...row.reasons.map((reason) => this.#reason(reason))),
      this.#lastDays(row),
      this.#road(),
    );
  }

  #verdict(row) {
    const letter = letterOf(row.state);
    const style = this.settings.style.states.find((s) => s.letter === letter);
    const since = row.verified_at ? `last verified ${dateTimeGroup(Date.parse(row.verified_at))}, ${age(this.feed.now - Date.parse(row.verified_at))} ago` : "never verified";
    const next = row.next_change ? `${dateTimeGroup(Date.parse(row.next_change.at))}: turns ${stateWord(letterOf(row.next_change.state))}` : "None within 60 days, with what is known now";
    const opener = letter === "O" ? null : row.reasons[0]?.what_would_change_it;
    return [
      element("div", { class: "verdict" }, stateChip(letter, "s30"), element("div", {}, element("b", { class: wordClass(letter) }, capital(stateWord(letter))), element("span", { class: "muted" }, since))),
      element("p", {}, style?.meaning ?? ""),
      row.override ? element("p", { class: "muted" }, `Set by hand: ${row.override}`) : null,
      element("div", { class: "two" }, element("div", {}, element("h3", {}, "Next change by itself"), element("p", { class: "muted" }, next)), opener ? element("div", {}, element("h3", {}, "What would open it"), element("p", { class: "muted" }, opener)) : null),
    ].filter(Boolean);
  }

  // What was shown day by day: a box each in colour and pattern; the words say the same to those who hear the page.
  #lastDays(row) {
    const box = element("section", {}, element("h3", {}, "Shown on the last 30 days, at this time of day"));
    const { shown } = this;
    fetch(`${addressOf(shown.segment_id)}/days?${this.feed.question ?? ""}`).then((answer) => (answer.ok ? answer.json() : null)).then((days) => {
      const states = days?.directions.find(({ direction }) => direction === row.direction)?.states;
      if (!states) return box.append(element("p", { class: "muted" }, "Could not be read."));
      const letters = states.map(letterOf);
      const spoken = runsOf(letters).map(([letter, count]) => `${stateWord(letter)} ${count} d`).join(", ");
      const first = Date.parse(days.at) - (letters.length - 1) * 86400000;
      box.append(
        element("div", { class: "days", role: "img", "aria-label": spoken }, ...letters.map((letter) => element("i", { class: `day day-${letter === "?" ? "unknown" : letter}` }))),
        element("div", { class: "days-ends muted small" }, element("span", {}, dateTimeGroup(first)), element("span", {}, this.feed.moment ? dateTimeGroup(this.feed.moment.at) : "now")));
    }, () => box.append(element("p", { class: "muted" }, "Could not be read.")));
    return box;
  }

  #directions() {
    const { directions } = this.shown;
    if (directions.length < 2) return element("p", { class: "muted" }, "One way.");
    const [ahead, back] = headings(this.shown.geometry);
    return element("div", { class: "directions", role: "group", "aria-label": "Direction" }, ...directions.map((row, i) => element("button", { type: "button", "aria-pressed": String(i === this.direction), onclick: () => { this.direction = i; this.#render(); } }, stateChip(letterOf(row.state), "s16"), `Towards ${i === 0 ? ahead : back}`)));
  }

  #reason(reason) {
    const letter = letterOf(reason.state);
    const grade = reason.grade ? `Grade ${reason.grade}` : reason.confidence != null ? `Confidence ${reason.confidence.toFixed(2)}` : "Recorded";
    const all = reason.fact_ids ?? [];
    const ids = all.length > 2 ? `${all[0]} and ${all.length - 1} more` : all.join(", ");
    const flags = (reason.flags ?? []).map(plain).join(", ");
    return element("div", { class: "reason" }, stateChip(letter), element("b", {}, COMPONENT[reason.component] ?? plain(reason.component)), element("span", { class: "muted" }, reason.age_h != null ? `age ${age(reason.age_h * 3600000)}` : reason.as_of ? `age ${age(this.feed.now - Date.parse(reason.as_of))}` : "standing"), element("div", {}, reason.text ?? plain(reason.rule)), element("div", { class: "foot" }, element("span", {}, flags ? `${grade} · ${flags}` : grade), element("span", { class: "mono", title: all.join("\n") }, ids)), reason.what_would_change_it ? element("div", { class: "muted" }, `→ ${reason.what_would_change_it}`) : null);
  }

  #road() {
    const { shown } = this;
    const middle = middleOf(shown.geometry);
    const rows = [
      ["Length", `${kilometres(shown.length_m, 2)} km of ${plain(shown.highway)} road`],
      ["Surface", [shown.surface && plain(shown.surface), shown.road_type && `type ${shown.road_type}`].filter(Boolean).join(", ") || "not recorded"],
      ...(shown.assets ?? []).map((asset) => [capital(plain(asset.type ?? "asset")), assetWords(asset)]),
      ...(middle ? [["Middle", `${formatMgrs(...middle)}\n${formatDegreesMinutes(...middle)}`]] : []),
      ["Segment", shown.segment_id],
    ];
    return element("section", {}, element("h3", {}, "The road itself"), element("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", { class: name === "Middle" || name === "Segment" ? "mono" : null }, ...String(value).split("\n").flatMap((line, i) => (i ? [element("br"), line] : [line])))])));
  }

  // A symbol on the map: hazard, restriction, air head, …
  openThing(feature) {
    if (feature.source === "consent") return this.#openConsent(feature.properties);
    const p = feature.properties;
    this.shown = null;
    this.select(null, false);
    this.#address(null, false);
    const [lon, lat] = feature.geometry.coordinates;
    const rows = [
      ["Known as", p.kind ? capital(plain(p.kind)) : null], ["Status", p.status ? plain(p.status) : null], ["Grade", p.grade],
      ["Doubt", p.radius_m ? `± ${Math.round(p.radius_m)} m` : null],
      ["Since", p.at ? `${dateTimeGroup(Date.parse(p.at))}, age ${age(this.feed.now - Date.parse(p.at))}` : null],
      ["Place", formatMgrs(lon, lat)], ["", formatDegreesMinutes(lon, lat)], [p.href ? null : "Record", p.href ? null : p.id],
    ].filter(([, value]) => value);
    const chip = p.state ? stateChip(p.state, "s30") : null;
    this.#show(element("section", {}, element("div", { class: "panel-top" }, element("span", {}, capital(feature.source.replaceAll("-", " "))), element("span", { class: "spring" }), element("button", { class: "plain", "aria-label": "Close", onclick: () => this.close() }, "✕")), element("h2", {}, p.label ?? plain(p.kind)), chip ? element("div", { class: "verdict" }, chip, element("b", {}, capital(stateWord(p.state)))) : null, p.text ? element("p", {}, p.text) : null, p.href ? element("p", {}, element("a", { class: "button", href: p.href }, "Open")) : null, element("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", { class: ["Place", "", "Record"].includes(name) ? "mono" : null }, String(value))]))));
    this.box.focus({ preventScroll: true });
  }

  #openConsent(said) {
    this.shown = null;
    this.select(null, false);
    this.#address(null, false);
    const close = element("button", { class: "plain", "aria-label": "Close", onclick: () => this.close() }, "✕");
    this.#show(...consentSections(said, close));
    this.box.focus({ preventScroll: true });
  }
}

const addressOf = (id) => `/api/v1/segments/${id.split("/").map(encodeURIComponent).join("/")}`;
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function runsOf(letters) {
  const runs = [];
  for (const letter of letters) {
    if (runs.at(-1)?.[0] === letter) runs.at(-1)[1] += 1;
    else runs.push([letter, 1]);
  }
  return runs;
}

function worstDirection(rows) {
  const rank = (row) => "OC?RX".indexOf(letterOf(row.state));
  return rows.length > 1 && rank(rows[1]) > rank(rows[0]) ? 1 : 0;
}

function lineOf(geometry) {
  return geometry?.type === "LineString" ? geometry.coordinates : (geometry?.coordinates ?? [])[0] ?? [];
}

function middleOf(geometry) {
  const line = lineOf(geometry);
  return line[Math.floor(line.length / 2)] ?? null;
}

function headings(geometry) {
  const line = lineOf(geometry);
  if (line.length < 2) return ["its end", "its start"];
  const [[ax, ay], [bx, by]] = [line[0], line.at(-1)];
  const names = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
  const eighth = Math.round((Math.atan2((bx - ax) * Math.cos((ay * Math.PI) / 180), by - ay) * 4) / Math.PI);
  return [names[(eighth + 8) % 8], names[(eighth + 12) % 8]];
}

function assetWords(asset) {
  const limits = Object.entries(asset.limits ?? {}).filter(([, value]) => value !== null);
  const words = { mlc: "class", mass_t: "mass t", axle_t: "axle t", width_m: "width m", height_m: "height m", depth_m: "depth m" };
  const text = limits.map(([name, value]) => `${words[name] ?? name} ${value}`).join(", ");
  return [asset.name, text || "limits not recorded", asset.asset_id ?? asset.id].filter(Boolean).join(" · ");
}
