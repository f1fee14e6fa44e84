// The way of a passage: the recorded track, a part of a key route, a line drawn on the map, or two ends.
import { FieldMap } from "./canvas.js";
import { hour } from "./clock.js";
import { between, distance, onRoutes } from "./geo.js";
import { here } from "./gps.js";
import { readBundle, roadState, stateNow } from "./picture.js";
import { labelled, number, placeStep, press, whereWords } from "./place.js";
import { formatGrid, twoForms } from "./position.js";
import { STRETCHES_MAX, onRoad, readRoads, wayAlong } from "./roads.js";
import { length, parts, trip } from "./track.js";
import { add, el, fill, ltr, readBack } from "./ui.js";
import { metres, t } from "./words.js";

const SNAP_PX = 28, SNAP_LEAST_M = 150, DRAW_DOUBT_PX = 10;

export const hasTrack = () => trip.points.length > 1 && parts().length > 0;

export function wayWords(way) {
  if (way.parts) return t("way_parts", { km: way.parts.reduce((sum, part) => sum + part.km, 0).toFixed(1), n: way.parts.length });
  if (way.track) return t("way_track", { n: way.track.length });
  if (way.stretches) return t("way_drawn", { km: way.km.toFixed(1), n: way.stretches.length });
  if (way.route) return t("route_km", { code: way.code ?? t("key_route"), km: `${way.from_km ?? 0}–${way.to_km ?? ""}` });
  const name = (end) => end.text ?? (end.lon === undefined ? "" : formatGrid(end.lon, end.lat));
  return `${name(way.start)} – ${name(way.end)}`;
}

export async function wayStep(slot, { value, say }) {
  const bundle = await readBundle();
  const methods = [
    hasTrack() || value?.parts ? ["track", t("way_by_track"), `${metres(length())}${trip.since ? ` · ${t("since", { moment: hour(trip.since) })}` : ""}`] : null,
    bundle?.routes.length ? ["route", t("way_by_route"), ""] : null,
    bundle?.routes.length || bundle?.area ? ["draw", t("way_by_drawing"), ""] : null,
    ["ends", t("way_by_ends"), ""],
  ].filter(Boolean);
  const options = el("div", { class: "options" }), panel = el("div", { class: "method" }), back = el("div");
  add(slot, options, panel, back);
  const choose = async (code, known = null) => {
    press(options, code);
    panel.replaceChildren();
    back.replaceChildren();
    say(null);
    await PANELS[code]({ panel, back, say, bundle, known });
  };
  add(options, ...methods.map(([code, words, aside]) => el("button", { type: "button", class: "option", "aria-pressed": "false", dataset: { method: code }, onclick: () => choose(code) }, el("b", {}, words), el("span", {}, aside))));
  if (!value && hasTrack()) await choose("track");
  else if (value?.parts) await choose("track", value);
  else if (value?.route) await choose("route", value);
  else if (value?.start || value?.stretches) { fill(back, el("p", { class: "readback" }, wayWords(value))); say(value); }
}

const PANELS = {
  async track({ panel, back, say, bundle, known }) {
    const found = known?.parts ?? parts();
    const from = found[0].track[0], to = found.at(-1).track.at(-1);
    const end = (words, [lon, lat]) => readBack(twoForms(lon, lat), whereWords(bundle, { lon, lat }), words);
    fill(back, end(`${t("from")} · ${hour(Date.parse(found[0].began))}`, from), end(`${t("to")} · ${hour(Date.parse(found.at(-1).ended))}`, to), el("p", { class: "help" }, t("track_told", { km: found.reduce((sum, part) => sum + part.km, 0).toFixed(1), n: found.reduce((sum, part) => sum + part.track.length, 0) })), found.length > 1 ? el("p", { class: "notice" }, t("track_gaps", { n: found.length })) : null);
    panel.replaceChildren();
    if (bundle) {
      const map = new FieldMap({});
      add(panel, map.node);
      const all = found.flatMap((part) => part.track), lons = all.map((p) => p[0]), lats = all.map((p) => p[1]), pad = 0.01;
      map.line = all;
      map.fit([Math.min(...lons) - pad, Math.min(...lats) - pad, Math.max(...lons) + pad, Math.max(...lats) + pad]);
      map.show(bundle, (line) => stateNow(bundle, line));
    }
    say({ parts: found });
  },

  async route({ panel, back, say, bundle, known }) {
    const on = here() ? onRoutes(here().at, bundle.routes)[0] : null;
    const route = el("select", {}, ...bundle.routes.map((one) => el("option", { value: one.id }, `${one.code} · ${one.name}`)));
    route.value = known?.route ?? (on && on.off < 1000 ? on.route.id : bundle.routes[0].id);
    const from = el("input", { inputmode: "decimal", name: "from_km", value: known?.from_km ?? "" }), to = el("input", { inputmode: "decimal", name: "to_km", value: known?.to_km ?? "" }), help = el("p", { class: "help" });
    fill(panel, labelled(t("key_route"), route), el("div", { class: "pair" }, labelled(t("from_km"), from, "km"), labelled(t("to_km"), to, "km")), help);
    const read = () => {
      const chosen = bundle.routes.find((one) => one.id === route.value);
      help.textContent = t("km_range", { km: chosen.length_km });
      const [low, high] = [from.value.trim() ? number(from.value) : 0, to.value.trim() ? number(to.value) : chosen.length_km];
      if (low === null || high === null || Math.min(low, high) < 0 || Math.max(low, high) > chosen.length_km + 0.05 || low === high) {
        fill(back, el("p", { class: "error", role: "alert" }, t("bad_km", { km: chosen.length_km })));
        return say(null);
      }
      showStretch(back, bundle, chosen, Math.min(low, high), Math.max(low, high), say);
    };
    for (const input of [route, from, to]) input.addEventListener(input === route ? "change" : "input", read);
    read();
  },

  // Points tapped one after the other; each is put on the nearest key route or carried road. A line that stays on one key
  // route becomes its kilometres, one along carried roads their stretches, any other is said by its two ends, and the
  // service finds the way between them.
  async draw({ panel, back, say, bundle }) {
    const roads = await readRoads(bundle);
    let tapped = [];
    const undo = el("button", { type: "button", onclick: () => { tapped.pop(); show(); } }, t("undo"));
    const map = new FieldMap({
      label: t("map_tap"),
      ontap: (at, resolution) => {
        const reach = Math.max(SNAP_LEAST_M, SNAP_PX * resolution), road = onRoad(at, roads, reach), [route] = onRoutes(at, bundle.routes);
        const near = [road, route].filter((found) => found && found.off <= reach).sort((a, b) => a.off - b.off)[0] ?? null;
        tapped.push({ at: near?.at ?? at, off: near?.off ?? null, road, raw: at, reach, doubt: Math.max(15, Math.round(DRAW_DOUBT_PX * resolution)) });
        show();
      },
    });
    const far = el("p", { class: "help", role: "status" });
    fill(panel, el("p", { class: "help" }, t("draw_help")), map.node, far, undo);
    map.fix = here();
    map.show(bundle, (line) => stateNow(bundle, line), roads.list, (road) => roadState(bundle, road));
    if (here()) map.focus(here().at, 20000);
    else if (bundle.area) map.fit(bundle.area.box);
    const show = () => {
      map.pins = tapped.map(({ at }) => ({ at }));
      const last = tapped.at(-1);
      far.textContent = !last ? "" : last.off === null ? t("draw_no_road", { m: metres(last.reach) }) : t("draw_off", { m: metres(last.off), most: metres(Math.max(...tapped.map(({ off }) => off ?? 0))) });
      const common = tapped.length > 1 ? bundle.routes.map((route) => ({ route, found: tapped.map(({ raw, reach }) => { const [on] = onRoutes(raw, [route]); return on && on.off <= reach ? on : null; }) })).find(({ found }) => found.every(Boolean)) : null;
      const found = !common && tapped.length > 1 && tapped.every(({ road }) => road) ? wayAlong(tapped.map(({ road }) => road), roads) : null;
      const along = found && found.stretches.length && found.stretches.length <= STRETCHES_MAX ? found : null;
      if (common) {
        const kms = common.found.map((on) => on.km), low = Math.min(...kms), high = Math.max(...kms);
        map.line = between(common.route, low, high);
        showStretch(back, bundle, common.route, Number(low.toFixed(1)), Number(high.toFixed(1)), say);
      } else if (along) {
        map.line = along.line;
        const end = (words, [lon, lat]) => readBack(twoForms(lon, lat), whereWords(bundle, { lon, lat }), words), km = Number((along.metres / 1000).toFixed(1));
        fill(back, el("p", {}, t("way_drawn", { km: km.toFixed(1), n: along.stretches.length })), end(t("from"), along.line[0]), end(t("to"), along.line.at(-1)), el("p", { class: "help" }, t("draw_told")));
        say({ stretches: along.stretches, km });
      } else {
        map.line = tapped.map(({ at }) => at);
        back.replaceChildren();
        say(null);
        if (tapped.length > 1 && distance(tapped[0].at, tapped.at(-1).at) > 20) {
          const place = ({ at, doubt }) => ({ lon: Number(at[0].toFixed(6)), lat: Number(at[1].toFixed(6)), source: "map", accuracy_m: doubt });
          const [start, end] = [place(tapped[0]), place(tapped.at(-1))];
          fill(back, ...[[t("from"), start], [t("to"), end]].map(([words, at]) => readBack(twoForms(at.lon, at.lat), whereWords(bundle, at), words)), el("p", { class: "notice" }, t("draw_not_on_route")));
          say({ start, end });
        }
      }
      map.draw();
    };
  },

  async ends({ panel, say }) {
    const ends = { start: null, end: null };
    for (const name of ["start", "end"]) {
      const part = el("section", { class: "way-end" }, el("h2", {}, t(name === "start" ? "from" : "to")));
      add(panel, part);
      await placeStep(part, { say: (place) => { ends[name] = place && place.lon !== undefined ? place : null; say(ends.start && ends.end ? { ...ends } : null); } });
    }
  },
};

function showStretch(back, bundle, route, low, high, say) {
  const line = between(route, low, high);
  const end = (words, [lon, lat], km) => readBack(twoForms(lon, lat), t("route_km", { code: route.code, km }), words);
  fill(back, el("p", {}, el("span", { class: "plate" }, ltr(route.code)), " ", ltr(`km ${low}–${high}`)), end(t("from"), line[0], low), end(t("to"), line.at(-1), high));
  say({ route: route.id, from_km: low, to_km: high, code: route.code });
}
