// The place step: seven ways to say where, one way to say it back. Nothing is taken before "Yes, this is the place".
import { FieldMap } from "./canvas.js";
import { NoAnswer, findPlaces, link } from "./contact.js";
import { atKilometre, bearing, destination, distance, isInside, onRoutes, outsideBy } from "./geo.js";
import { here, nextFix } from "./gps.js";
import { nearestFirst } from "./offered.js";
import { readBundle, roadState, stateNow } from "./picture.js";
import { Refused, formatGrid, latinFigures, meanings, twoForms } from "./position.js";
import { onRoad, readRoads } from "./roads.js";
import { add, button, el, fill, ltr, readBack } from "./ui.js";
import { listed, metres, stateWord, t } from "./words.js";

const TAP_PX = 10, TAP_LEAST_M = 15, SNAP_PX = 40, SNAP_LEAST_M = 100, EYE_SHARE = 0.1, KM_DOUBT_M = 250, ASSET_DOUBT_M = 25, DATUM_M = 300, NEAR_ROUTE_M = 500, MATCHES = 12;

// What is said under the two forms: doubt, and where that is on a key route.
export function whereWords(bundle, place) {
  const parts = [];
  const doubt = (place.radius_m ?? place.accuracy_m ?? 0) + (place.datum === "unknown" ? DATUM_M : 0);
  if (doubt) parts.push(`± ${metres(doubt)}`);
  const [on] = bundle ? onRoutes([place.lon, place.lat], bundle.routes) : [];
  if (on && on.off <= NEAR_ROUTE_M) parts.push(t("off_route", { m: metres(on.off), code: on.route.code, km: on.km.toFixed(1) }));
  else if (on && on.off < 20000) parts.push(t("far_route", { m: metres(on.off), code: on.route.code }));
  return parts.join(" · ");
}

export function whereAmI(bundle, fix) {
  const [on] = bundle ? onRoutes(fix.at, bundle.routes) : [];
  if (!on || on.off > 1000) return null;
  return listed([t("route_km", { code: on.route.code, km: on.km.toFixed(1) }), stateWord(stateNow(bundle, on.line))]);
}

const round = (value) => Number(value.toFixed(6));

// Draws the step into `slot`. `say(place)` is called with each place that was read, null while none is; what it is
// called with carries `confirmed` only where nothing more is asked.
export async function placeStep(slot, { value, say, onnone = null, isHazard = false, withAssets = false, way = null }) {
  const bundle = await readBundle(), box = bundle?.box ?? null;
  const methods = [
    ["gps", t("by_gps"), here() ? `± ${metres(here().accuracy)}` : ""],
    ["bearing", t("by_bearing"), ""],
    ["map", t("by_map"), ""],
    ["typed", t("by_typing"), t("by_typing_what")],
    ["way", t("by_way_km"), ""],
    ["asset", t("by_asset"), ""],
    ["km", t("by_km"), ""],
    ["name", t("by_name"), t("by_name_doubt")],
  ].filter(([code]) => (code === "way" ? way : code === "asset" ? withAssets && bundle?.assets?.length : bundle || !["map", "km"].includes(code)));
  if (way) methods.unshift(methods.splice(methods.findIndex(([code]) => code === "way"), 1)[0]);
  if (isHazard) methods.unshift(methods.splice(1, 1)[0]);
  const options = el("div", { class: "options" }), panel = el("div", { class: "method" }), back = el("div", {});
  add(slot, options, panel, back);

  // Shows a place in its two forms; beside it what must be confirmed first, as buttons that say what they mean.
  const propose = (place, ask = null) => {
    if (!place) { back.replaceChildren(); return say(null); }
    const clean = Object.fromEntries(Object.entries(place).filter(([, part]) => part !== null && part !== undefined && part !== ""));
    if (clean.lon === undefined) {
      fill(back, el("div", { class: "readback" }, el("p", { class: "overline" }, t("we_read")), el("b", {}, clean.text), el("span", {}, t("name_only"))));
      return say(clean);
    }
    clean.lon = round(clean.lon);
    clean.lat = round(clean.lat);
    const isOut = box && !isInside([clean.lon, clean.lat], box);
    const asks = [ask, isOut ? t("ask_outside", { m: metres(outsideBy([clean.lon, clean.lat], box)) }) : null].filter(Boolean);
    fill(back, readBack(twoForms(clean.lon, clean.lat), whereWords(bundle, clean)), ...asks.map((words) => askedBox(words)));
    const boxes = [...back.querySelectorAll("input[type=checkbox]")];
    const settle = () => say(boxes.every((one) => one.checked) ? clean : null);
    for (const one of boxes) one.addEventListener("change", settle);
    settle();
  };
  const refuse = (words) => { fill(back, el("p", { class: "error", role: "alert" }, words)); say(null); };

  const choose = async (code) => {
    press(options, code);
    panel.replaceChildren();
    propose(null);
    await PANELS[code]({ panel, propose, refuse, bundle, box, way });
    panel.querySelector("input, select")?.focus({ preventScroll: true });
  };
  add(options, ...methods.map(([code, words, aside]) => el("button", { type: "button", class: "option", "aria-pressed": "false", dataset: { method: code }, onclick: () => choose(code) }, el("b", {}, words), el("span", {}, aside))));
  if (onnone) add(options, button(t("by_none"), () => { choose("none").then(onnone); }, { class: "option quiet", dataset: { method: "none" } }));
  if (value) {
    const pressed = value.way_km !== undefined ? "way" : ({ mgrs: "typed" }[value.source] ?? value.source);
    press(options, pressed);
    propose(value);
  }
}

// Marks the way chosen and puts the others aside, so that what was read stands in sight; one press brings them back.
export function press(options, code) {
  for (const one of options.querySelectorAll("[data-method]")) one.setAttribute("aria-pressed", String(one.dataset.method === code));
  options.classList.add("chosen");
  options.querySelector(".others") ?? add(options, button(t("another_way"), () => options.classList.remove("chosen"), { class: "others plain" }));
}

const askedBox = (words) => el("label", { class: "asked-box" }, el("input", { type: "checkbox" }), el("span", {}, words));
const labelled = (words, input, unit = null, help = null) => el("div", { class: "field" }, el("label", {}, words, el("div", { class: unit ? "unit" : "" }, input, unit ? el("span", {}, unit) : null)), help ? el("p", { class: "help" }, help) : null);
export const number = (text) => { const value = Number(latinFigures(text).trim().replace(",", ".")); return latinFigures(text).trim() && Number.isFinite(value) ? value : null; };
export { labelled };

// A kilometre of one of some routes; `more` says what else the place carries.
function kilometre({ panel, propose, refuse }, routes, more = () => ({})) {
  const route = el("select", {}, ...routes.map((one) => el("option", { value: one.id }, `${one.code} · ${one.name}`)));
  const km = el("input", { inputmode: "decimal", name: "km", autocomplete: "off" }), length = el("p", { class: "help" });
  fill(panel, routes.length === 1 && !routes[0].name ? null : labelled(t("key_route"), route), labelled(t("kilometre"), km, "km"), length);
  const read = () => {
    const chosen = routes.find((one) => one.id === route.value);
    length.textContent = chosen ? t("km_range", { km: chosen.length_km }) : t("no_routes");
    if (!km.value.trim() || !chosen) return propose(null);
    const value = number(km.value), at = value === null ? null : atKilometre(chosen, value);
    if (!at) return refuse(t("bad_km", { km: chosen.length_km }));
    propose({ lon: at[0], lat: at[1], source: "km", accuracy_m: KM_DOUBT_M, text: `${chosen.code} km ${value}`, ...more(value) });
  };
  route.addEventListener("change", read);
  km.addEventListener("input", read);
  read();
}

const PANELS = {
  async none({ panel, propose }) {
    fill(panel, el("p", { class: "help" }, t("no_place_told")));
    propose(null);
  },

  async gps({ panel, propose, refuse }) {
    fill(panel, el("p", { role: "status" }, t("gps_asking")));
    const fix = await nextFix();
    if (!panel.isConnected) return;
    fill(panel, button(t("gps_again"), () => PANELS.gps({ panel, propose, refuse })));
    if (!fix) return refuse(t("gps_none"));
    propose({ lon: fix.at[0], lat: fix.at[1], source: "gps", accuracy_m: Math.max(1, Math.round(fix.accuracy)) });
  },

  async bearing({ panel, propose, refuse }) {
    const far = el("input", { inputmode: "decimal", name: "distance", autocomplete: "off" }), to = el("input", { inputmode: "decimal", name: "bearing", autocomplete: "off" });
    const from = el("p", { class: "help", role: "status" }, t("gps_asking"));
    fill(panel, el("div", { class: "pair" }, labelled(t("distance"), far, "m"), labelled(t("bearing"), to, "°")), from);
    const fix = await nextFix();
    if (!panel.isConnected) return;
    if (!fix) return refuse(t("gps_none"));
    fill(from, t("from_here"), " ", ltr(formatGrid(...fix.at)), ` ± ${metres(fix.accuracy)}`);
    const read = () => {
      const [length, angle] = [number(far.value), number(to.value)];
      if (!far.value || !to.value) return propose(null);
      if (length === null || length <= 0 || length > 20000) return refuse(t("bad_distance"));
      if (angle === null || angle < 0 || angle > 360) return refuse(t("bad_bearing"));
      const [lon, lat] = destination(fix.at, length, angle);
      propose({ lon, lat, source: "bearing", accuracy_m: Math.round(Math.hypot(fix.accuracy, length * EYE_SHARE)), text: `${Math.round(length)} m · ${String(Math.round(angle)).padStart(3, "0")}°` });
    };
    far.addEventListener("input", read);
    to.addEventListener("input", read);
  },

  // A tap stays where it was made; whoever means the road beside it says so, and is told how far that is.
  async map({ panel, propose, bundle }) {
    const roads = await readRoads(bundle), beside = el("div");
    const mark = ([lon, lat], accuracy) => {
      map.pins = [{ at: [lon, lat], accuracy }];
      map.draw();
      propose({ lon, lat, source: "map", accuracy_m: accuracy });
    };
    const map = new FieldMap({
      label: t("map_tap"),
      ontap: (at, resolution) => {
        const accuracy = Math.max(TAP_LEAST_M, Math.round(TAP_PX * resolution)), reach = Math.max(SNAP_LEAST_M, SNAP_PX * resolution);
        const road = onRoad(at, roads, reach), [route] = onRoutes(at, bundle.routes);
        const near = [road, route].filter((found) => found && found.off <= reach).sort((a, b) => a.off - b.off)[0];
        mark(at, accuracy);
        fill(beside, near && near.off >= 1 ? button(t("put_on_road", { m: metres(near.off) }), () => { mark(near.at, accuracy); beside.replaceChildren(); }, { class: "wide" }) : null);
      },
    });
    fill(panel, el("p", { class: "help" }, t("map_closer")), map.node, beside);
    map.fix = here();
    map.show(bundle, (line) => stateNow(bundle, line), roads.list, (road) => roadState(bundle, road));
    if (here()) map.focus(here().at, 8000);
    else if (bundle.area) map.fit(bundle.area.box);
  },

  async typed({ panel, propose, refuse, box }) {
    const text = el("input", { class: "mono", autocapitalize: "characters", autocomplete: "off", spellcheck: "false", dir: "ltr", name: "position", placeholder: box ? formatGrid((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) : "36N VL 345 678" });
    const paper = el("input", { type: "checkbox" }), datum = el("div", { class: "options", hidden: true }), which = el("div", { class: "options" });
    let chosen = null;
    const datums = ["wgs84", "unknown"].map((code) => el("button", { type: "button", class: "option", "aria-pressed": "false", dataset: { datum: code }, onclick: () => { chosen = code; for (const one of datums) one.setAttribute("aria-pressed", String(one.dataset.datum === code)); read(); } }, t(`datum_${code}`)));
    add(datum, el("p", {}, t("datum_ask")), ...datums);
    fill(panel, labelled(t("position"), text, null, t("position_help")), el("label", { class: "asked-box" }, paper, el("span", {}, t("from_paper"))), datum, which);
    const take = (place, ask) => {
      if (paper.checked && !chosen) return refuse(t("datum_first"));
      propose({ lon: place.lon, lat: place.lat, source: place.kind === "mgrs" ? "mgrs" : "typed", accuracy_m: place.kind === "mgrs" ? null : place.accuracy, text: place.text, datum: chosen === "unknown" ? "unknown" : null }, ask);
    };
    const read = () => {
      which.replaceChildren();
      if (!text.value.trim()) return propose(null);
      let meant;
      try {
        meant = meanings(text.value, box);
      } catch (problem) {
        if (!(problem instanceof Refused)) throw problem;
        return refuse(t(`refused_${problem.code}`, problem.values));
      }
      const asks = { swap: "ask_swap", zone: "ask_zone" };
      if (meant.places.length === 1) return take(meant.places[0], meant.ask in asks ? t(asks[meant.ask], { grid: formatGrid(meant.places[0].lon, meant.places[0].lat).slice(0, 3) }) : null);
      propose(null);
      add(which, el("p", {}, t(meant.ask === "zone" ? "which_zone" : "which_reading")), ...meant.places.map((place) => el("button", { type: "button", class: "option", onclick: (event) => { for (const one of which.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === event.currentTarget)); take(place, null); } }, el("span", { class: "mono" }, ...twoForms(place.lon, place.lat).map((form) => el("span", { class: "block" }, ltr(form)))))));
    };
    text.addEventListener("input", read);
    paper.addEventListener("change", () => { datum.hidden = !paper.checked; if (!paper.checked) chosen = null; read(); });
  },

  async km({ bundle, ...parts }) {
    kilometre(parts, bundle.routes);
  },

  async way({ way, ...parts }) {
    kilometre(parts, [way], (value) => ({ way_km: value }));
  },

  // A bridge, culvert, ford or ferry that is recorded: its place, by which the service knows it.
  async asset({ panel, propose, bundle }) {
    const rows = nearestFirst(bundle.assets.map((one) => ({ ...one, words: [t(`asset_${one.type}`), one.name].filter(Boolean).join(" ") })));
    const find = el("input", { type: "search", "aria-label": t("search"), placeholder: t("search") }), hits = el("div", { class: "options" });
    fill(panel, rows.length > 8 ? find : null, hits);
    const onRouteWords = ({ lon, lat }) => { const [on] = onRoutes([lon, lat], bundle.routes); return on && on.off <= NEAR_ROUTE_M ? t("route_km", { code: on.route.code, km: on.km.toFixed(1) }) : null; };
    const show = () => fill(hits, ...rows.filter((one) => one.words.toLowerCase().includes(find.value.trim().toLowerCase())).slice(0, MATCHES).map((one) => el("button", { type: "button", class: "option", onclick: (event) => { for (const each of hits.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === event.currentTarget)); propose({ lon: one.lon, lat: one.lat, source: "map", accuracy_m: ASSET_DOUBT_M, text: [one.type, one.name].filter(Boolean).join(" ") }); } }, el("b", {}, one.words), el("span", {}, listed([onRouteWords(one), one.away === null ? null : t("away_distance", { m: metres(one.away) })]) || ltr(formatGrid(one.lon, one.lat))))));
    find.addEventListener("input", show);
    show();
  },

  async name({ panel, propose, bundle }) {
    const text = el("input", { autocomplete: "off", name: "place", type: "search" }), hits = el("div", { class: "options" });
    fill(panel, labelled(t("place_name"), text, null, t("place_name_help")), hits);
    const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    let asked = 0;
    const show = (found, typed) => {
      const fix = here();
      fill(hits, ...found.map((place) => el("button", { type: "button", class: "option", onclick: (event) => { for (const one of hits.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === event.currentTarget)); propose({ lon: place.lon, lat: place.lat, source: "name", radius_m: place.radius_m, text: place.name }); } }, el("b", {}, place.name), el("span", {}, [place.admin, fix ? t("distance_from_you", { m: metres(distance(fix.at, [place.lon, place.lat])), deg: String(Math.round(bearing(fix.at, [place.lon, place.lat]))).padStart(3, "0") }) : formatGrid(place.lon, place.lat)].filter(Boolean).join(" · ")))), el("button", { type: "button", class: "option quiet", onclick: () => propose({ text: typed.slice(0, 200), source: "name" }) }, t("only_name", { name: typed })));
    };
    const read = async () => {
      const typed = text.value.trim(), turn = ++asked;
      propose(null);
      if (typed.length < 2) return hits.replaceChildren();
      const wanted = plain(typed), rank = (place) => { const name = plain(place.name); return name === wanted ? 0 : name.startsWith(wanted) ? 1 : name.includes(wanted) ? 2 : 9; };
      const found = (bundle?.places ?? []).filter((place) => rank(place) < 9).sort((a, b) => rank(a) - rank(b)).slice(0, MATCHES);
      show(found, typed);
      if (found.length || link.state === "none") return;
      const more = await findPlaces(typed).catch((problem) => { if (problem instanceof NoAnswer) return []; throw problem; });
      if (turn === asked && more.length) show(more.slice(0, MATCHES), typed);
    };
    text.addEventListener("input", read);
  },
};
