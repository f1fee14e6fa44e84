// The last picture, for use without a network: its age first, then the map, what lies ahead, and until when it holds.
import { ageOf, dayHour, dateTimeGroup, isPast, now } from "./clock.js";
import { link } from "./contact.js";
import { FieldMap } from "./canvas.js";
import { onRoutes } from "./geo.js";
import { gps, here, turnOn } from "./gps.js";
import { kept } from "./store.js";
import { button, chip, el, fill, ltr } from "./ui.js";
import { hazardWords, longDuration, metres, stateWord, t } from "./words.js";

const FRESH_MS = 10 * 60000, GREY_MS = 6 * 3600000, NEAR_M = 1000;
const RANK = { O: 0, C: 1, "?": 2, R: 3, X: 4, "-": 2 };

export const readBundle = () => kept("bundle");

// The state of a carried line now: one whose time has run out, or of an expired picture, is unknown, never better.
export function stateNow(bundle, line) {
  const isOver = isPast(bundle.expires) || (line.until && isPast(line.until));
  return isOver && RANK[line.state] < RANK["?"] ? "?" : line.state;
}

// {route, km, towards (+1, −1, 0 = not known), next: {line, state, metres}} of the key route on which a fix lies.
export function ahead(bundle, fix, before) {
  const [on] = onRoutes(fix.at, bundle.routes);
  if (!on || on.off > NEAR_M) return null;
  const was = before && onRoutes(before.at, [on.route])[0];
  const towards = was ? Math.sign(Math.round((on.km - was.km) * 1000)) : 0;
  const worse = on.route.lines.map((line) => {
    const gap = on.km < line.from_km ? line.from_km - on.km : on.km > line.to_km ? line.to_km - on.km : 0;
    return { line, state: stateNow(bundle, line), gap, metres: Math.abs(gap) * 1000 };
  }).filter((found) => RANK[found.state] >= RANK["?"] && (!towards || !found.gap || Math.sign(found.gap) === towards));
  return { ...on, towards, next: worse.sort((a, b) => a.metres - b.metres)[0] ?? null };
}

export function ageBand(bundle) {
  const age = ageOf(bundle.as_of), isOver = isPast(bundle.expires);
  const isFresh = age.ms < FRESH_MS && link.state !== "none" && !age.isAtLeast && !isOver;
  if (isFresh) return el("p", { class: "asof" }, t("picture_of"), " ", ltr(dayHour(Date.parse(bundle.as_of))));
  const words = isOver ? t("picture_over") : t(age.isAtLeast ? "picture_old_at_least" : "picture_old", { age: longDuration(age.ms) });
  return el("div", { class: "agebar", role: "status" }, el("b", {}, words), el("span", {}, isOver ? t("treat_unknown") : t("may_have_changed", { moment: dayHour(Date.parse(bundle.as_of)) })));
}

export async function renderPicture(view, { onleave }) {
  const bundle = await readBundle();
  if (!bundle) {
    fill(view, el("div", { class: "pad" }, el("h1", {}, t("tab_picture")), el("p", { class: "empty" }, link.isSignedOut ? t("no_picture_signed_out") : t("no_picture"))));
    return {};
  }
  const stamp = el("span", { class: "stamp" }, ltr(dayHour(Date.parse(bundle.as_of))));
  const map = new FieldMap({ above: [stamp] }), band = el("div"), list = el("div", { class: "pad tight" });
  const locate = button(t("show_me"), () => { turnOn(); const fix = here(); if (fix) map.focus(fix.at, 6000); }, { class: "locate" });
  map.node.append(locate);
  fill(view, band, map.node, list);
  const update = (current = bundle) => {
    const age = ageOf(current.as_of);
    fill(band, ageBand(current));
    map.node.classList.toggle("is-old", band.firstChild.classList.contains("agebar"));
    map.canvas.dataset.drained = age.ms >= GREY_MS || isPast(current.expires) ? "3" : age.ms >= 3600000 ? "2" : age.ms >= FRESH_MS ? "1" : "0";
    map.fix = here();
    map.show(current, (line) => stateNow(current, line));
    fill(list, ...told(current));
  };
  update();
  if (here()) map.focus(here().at, 20000);
  const timer = setInterval(update, 30000);
  onleave(() => clearInterval(timer));
  return { gps: () => update(), link: () => update(), bundle: async () => update(await readBundle()) };
}

function told(bundle) {
  const fix = here(), next = fix && ahead(bundle, fix, gps.before);
  const routes = [...bundle.routes].map((route) => ({ route, ...worst(bundle, route) })).sort((a, b) => RANK[b.state] - RANK[a.state]);
  const isOver = isPast(bundle.expires);
  return [
    next ? aheadBlock(bundle, next) : null,
    el("ul", { class: "routes" }, ...routes.map(({ route, state, until }) => el("li", {}, chip(state), el("span", {}, el("b", {}, ltr(route.code)), " ", route.name), el("em", {}, state === "O" && until ? t("open_until", { moment: dayHour(until) }) : stateWord(state))))),
    el("p", {}, isOver ? t("expired_at", { moment: dateTimeGroup(Date.parse(bundle.expires)) }) : t("expires_at", { moment: dayHour(Date.parse(bundle.expires)) }), " ", t("after_that_unknown")),
  ].filter(Boolean);
}

function worst(bundle, route) {
  const states = route.lines.map((line) => stateNow(bundle, line));
  const state = states.reduce((a, b) => (RANK[b] > RANK[a] ? b : a), states[0] ?? "?");
  const ends = route.lines.map((line) => line.until && Date.parse(line.until)).filter((ms) => ms > now());
  return { state, until: ends.length ? Math.min(...ends) : null };
}

function aheadBlock(bundle, { route, km, next, towards }) {
  const where = el("p", { class: "muted" }, el("span", { class: "plate" }, ltr(route.code)), " ", t("at_km", { km: km.toFixed(1) }));
  if (!next) return el("div", { class: "ahead" }, where, el("p", {}, t("nothing_worse_known")));
  const inside = !next.gap, border = towards < 0 ? next.line.to_km : next.line.from_km;
  const why = bundle.hazards.filter((hazard) => hazard.route === route.code && hazard.km >= next.line.from_km - 2 && hazard.km <= next.line.to_km + 2)[0];
  const words = inside ? t("you_are_in", { state: stateWord(next.state) }) : t("state_at_km", { state: stateWord(next.state), km: border.toFixed(0) });
  return el("div", { class: "ahead" }, el("div", { class: "rowx" }, el("span", { class: "plate" }, ltr(route.code)), el("b", { class: `word-${next.state === "?" ? "unknown" : next.state}` }, words), inside ? null : el("span", { class: "muted end" }, towards ? t("in_distance", { m: metres(next.metres) }) : t("away_distance", { m: metres(next.metres) }))), why ? el("p", {}, t("hazard_told", { text: hazardWords(why), m: metres(why.u_m) })) : route.worst_text && next.state !== "?" ? el("p", {}, route.worst_text) : null);
}
