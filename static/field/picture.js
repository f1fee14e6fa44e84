// The last picture, for use without a network: its age first, then the map, what lies ahead, and until when it holds.
import { areaBlock } from "./area.js";
import { ageOf, dayHour, dateTimeGroup, isPast, now } from "./clock.js";
import { link } from "./contact.js";
import { FieldMap } from "./canvas.js";
import { bearing, distance, onRoutes } from "./geo.js";
import { gps, here, turnOn } from "./gps.js";
import { formatGrid } from "./position.js";
import { isWithin, onRoad, readRoads } from "./roads.js";
import { kept } from "./store.js";
import { button, chip, el, fill, ltr } from "./ui.js";
import { causeWords, hazardWords, longDuration, metres, restrictionWords, stateWord, t } from "./words.js";

const TAP_PX = 28, LISTED = 6;
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

// The state of a carried road now: the worse of its directions.
export function roadState(bundle, road) {
  const states = road.states.filter((state) => state !== "-").map((state, i) => stateNow(bundle, { state, until: road.until[i] }));
  return states.reduce((a, b) => (RANK[b] > RANK[a] ? b : a), states[0] ?? "?");
}

// Whether hazards at a position are on this phone: those of the area, and those on key routes.
export const isCarried = (bundle, point) => !bundle.area || isWithin(point, bundle.area.outline);

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
    return { bundle: () => renderPicture(view, { onleave }), link: () => renderPicture(view, { onleave }) };
  }
  const stamp = el("span", { class: "stamp" }, ltr(dayHour(Date.parse(bundle.as_of))));
  const here_told = el("div", { role: "status" });
  const map = new FieldMap({ above: [stamp], ontap: (at, resolution) => { map.pins = [{ at }]; map.draw(); fill(here_told, tapped(current, roads, at, Math.max(30, TAP_PX * resolution))); } }), band = el("div"), list = el("div", { class: "pad tight" });
  const locate = button(t("show_me"), () => { turnOn(); const fix = here(); if (fix) map.focus(fix.at, 6000); }, { class: "locate" });
  map.node.append(locate);
  fill(view, band, map.node, here_told, list);
  let current = bundle, roads = await readRoads(bundle), shown = "";
  const update = async (changed = false) => {
    if (changed) { current = (await readBundle()) ?? current; roads = await readRoads(current); }
    const age = ageOf(current.as_of);
    fill(band, ageBand(current));
    map.node.classList.toggle("is-old", band.firstChild.classList.contains("agebar"));
    map.canvas.dataset.drained = age.ms >= GREY_MS || isPast(current.expires) ? "3" : age.ms >= 3600000 ? "2" : age.ms >= FRESH_MS ? "1" : "0";
    map.fix = here();
    map.show(current, (line) => stateNow(current, line), roads.list, (road) => roadState(current, road));
    const parts = [...told(current), await areaBlock(current), ...lists(current)], key = parts.map((part) => part.outerHTML).join("");
    if (key !== shown) { shown = key; fill(list, ...parts); }
  };
  await update();
  if (here()) map.focus(here().at, 20000);
  else if (bundle.area) map.fit(bundle.area.box);
  const timer = setInterval(() => update(), 30000);
  onleave(() => clearInterval(timer));
  return { gps: () => update(), link: () => update(), bundle: () => update(true) };
}

function told(bundle) {
  const fix = here(), next = fix && ahead(bundle, fix, gps.before);
  const routes = [...bundle.routes].map((route) => ({ route, ...worst(bundle, route) })).sort((a, b) => RANK[b.state] - RANK[a.state]);
  const isOver = isPast(bundle.expires);
  return [
    next ? aheadBlock(bundle, next) : null,
    fix && !isCarried(bundle, fix.at) ? el("p", { class: "notice" }, t("outside_area")) : null,
    el("ul", { class: "routes" }, ...routes.map(({ route, state, until }) => el("li", {}, chip(state), el("span", {}, el("b", {}, ltr(route.code)), " ", el("bdi", {}, route.name)), el("em", {}, state === "O" && until ? t("open_until", { moment: dayHour(until) }) : stateWord(state))))),
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
  return el("div", { class: "ahead" }, el("div", { class: "rowx" }, el("span", { class: "plate" }, ltr(route.code)), el("b", { class: `word-${next.state === "?" ? "unknown" : next.state}` }, words), inside ? null : el("span", { class: "muted end" }, towards ? t("in_distance", { m: metres(next.metres) }) : t("away_distance", { m: metres(next.metres) }))), why ? el("p", {}, t("hazard_told", { text: hazardWords(why), m: metres(why.u_m) })) : route.worst && next.state !== "?" ? el("p", {}, causeWords(route)) : null);
}

const lists = (bundle) => [...pointList(t("carried_hazards"), bundle.hazards, hazardWords, here()), ...pointList(t("carried_restrictions"), bundle.restrictions ?? [], restrictionWords, here())].filter(Boolean);

// Hazards or restrictions as a list, the nearest first where the phone knows where it is; a long one ends with its count.
function pointList(title, points, words, fix) {
  if (!points.length) return [];
  const away = (point) => (fix ? distance(fix.at, [point.lon, point.lat]) : null);
  const sorted = fix ? [...points].sort((a, b) => away(a) - away(b)) : points;
  const where = (point) => (fix ? t("distance_from_you", { m: metres(away(point)), deg: String(Math.round(bearing(fix.at, [point.lon, point.lat]))).padStart(3, "0") }) : point.route ? el("bdi", {}, `${point.route} ${t("km")} ${point.km.toFixed(0)}`) : ltr(formatGrid(point.lon, point.lat)));
  return [el("h2", { class: "overline" }, `${title} · ${points.length}`), el("ul", { class: "routes" }, ...sorted.slice(0, LISTED).map((point) => el("li", {}, el("span", {}, el("b", {}, words(point)), ` ± ${metres(point.u_m)}`), el("em", {}, where(point))))), points.length > LISTED ? el("p", { class: "help" }, t("and_more", { n: points.length - LISTED })) : null];
}

// What is known of the place that was tapped: the road under it, and what lies beside it.
function tapped(bundle, roads, at, reach) {
  const [route] = onRoutes(at, bundle.routes), road = onRoad(at, roads, reach), near = (points) => points.filter((point) => distance(at, [point.lon, point.lat]) <= reach + point.u_m);
  const lines = [];
  if (route && route.off <= reach) lines.push([stateNow(bundle, route.line), el("span", {}, el("b", {}, ltr(route.route.code)), " ", t("at_km", { km: route.km.toFixed(1) }))]);
  else if (road) lines.push([roadState(bundle, road.road), el("span", {}, t(road.road.rank < 5 ? "a_road" : road.road.rank < 6 ? "a_street" : "a_track"))]);
  const rows = lines.map(([state, words]) => el("p", { class: "rowx" }, chip(state), words, el("b", { class: "end" }, stateWord(state))));
  const points = [...near(bundle.hazards).map((hazard) => [hazardWords(hazard), hazard]), ...near(bundle.restrictions ?? []).map((one) => [restrictionWords(one), one])];
  rows.push(...points.map(([words, point]) => el("p", {}, el("b", {}, words), ` ± ${metres(point.u_m)}`)));
  return el("div", { class: "pad tight tapped" }, ...(rows.length ? rows : [el("p", { class: "muted" }, t(isCarried(bundle, at) ? "nothing_carried_here" : "outside_area_tap"))]));
}
