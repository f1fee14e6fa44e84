// The page on which the carried area is chosen: by place, by key route, by an area of the mission, or all of it in outline.
import { dayHour } from "./clock.js";
import { findPlaces, link, NoAnswer, refreshBundle } from "./contact.js";
import { here, turnOn } from "./gps.js";
import { readBundle } from "./picture.js";
import { twoForms } from "./position.js";
import { readRoads } from "./roads.js";
import { kept } from "./store.js";
import { button, el, fill, go, ltr } from "./ui.js";
import { kilometres, t } from "./words.js";
import { RADII_KM, USUAL_KM, keepWish, readWish } from "./wish.js";

const MATCHES = 8;

// What a bundle carries, and what was wished for where that is another thing.
export async function areaWords(bundle) {
  const wish = await readWish();
  const name = bundle?.area?.name ?? (bundle?.area?.kind === "around" ? (wish?.kind !== "place" ? t("area_round_phone") : wish.name ?? twoForms(...bundle.area.middle)[0]) : null);
  const about = !bundle ? null : !bundle.area ? t("area_mission_told") : t(bundle.area.radius_km ? "area_told_radius" : "area_told", { name: name ?? "", km: kilometres(bundle.area.radius_km) });
  return { about, isWaiting: Boolean(await kept("area-waits")), isGone: Boolean(await kept("area-gone")) };
}

// How many roads are carried, and up to where all of them.
export async function roadsWords(bundle) {
  if (!bundle?.area) return null;
  const count = (await readRoads(bundle)).list.length;
  if (bundle.all_within_km === null) return t("roads_all", { n: count });
  return t(bundle.area.kind === "route" ? "roads_cut_route" : "roads_cut", { n: count, km: kilometres(bundle.all_within_km) });
}

export async function renderArea(view) {
  const bundle = await readBundle(), wish = await readWish();
  let kind = wish?.kind ?? (bundle?.area ? { around: "phone", route: "route", area: "area" }[bundle.area.kind] : "mission");
  let chosen = wish && wish.kind === kind ? { ...wish } : null;
  const kinds = [
    ["phone", t("area_by_phone"), t("area_by_phone_help")], ["place", t("area_by_place"), ""],
    bundle?.routes.length ? ["route", t("area_by_route"), ""] : null, bundle?.areas?.length ? ["area", t("area_by_area"), ""] : null,
    ["mission", t("area_by_mission"), t("area_by_mission_help")],
  ].filter(Boolean);
  const options = el("div", { class: "options", role: "group", "aria-label": t("area_title") }), panel = el("div"), note = el("p", { class: "help", role: "status" });
  const take = button(t("area_take"), save, { class: "main wide" });
  fill(view, el("div", { class: "pad" }, el("h1", {}, t("area_title")), el("p", { class: "help" }, t("area_help")), options, panel, el("div", { class: "stack" }, take, button(t("back"), () => go("#picture"), { class: "wide" })), note));

  function show() {
    fill(options, ...kinds.map(([code, words, aside]) => el("button", { type: "button", class: "option", "aria-pressed": String(code === kind), dataset: { kind: code }, onclick: () => { kind = code; chosen = wish?.kind === code ? { ...wish } : null; show(); } }, el("b", {}, words), aside ? el("span", {}, aside) : null)));
    fill(panel, PANELS[kind]?.() ?? null, RADII_KM[kind] ? radii() : null);
    settle();
  }
  const settle = () => { take.disabled = !(kind === "mission" || kind === "phone" || chosen?.id || chosen?.lon !== undefined); };
  const radius = () => chosen?.radius_km ?? USUAL_KM[kind];
  const radii = () => el("fieldset", { class: "field" }, el("legend", {}, t(kind === "route" ? "area_beside" : "area_radius")), el("div", { class: "pieces" }, ...RADII_KM[kind].map((km) => button(kilometres(km), () => { chosen = { ...chosen, radius_km: km }; show(); }, { "aria-pressed": String(km === radius()) }))));

  const PANELS = {
    phone: () => (here() ? null : el("p", { class: "notice" }, el("span", {}, t("area_needs_gps")), button(t("show_me"), turnOn))),
    place() {
      const text = el("input", { type: "search", autocomplete: "off", value: chosen?.name ?? "", "aria-label": t("place_name") }), hits = el("div", { class: "options" });
      const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
      const list = (found) => fill(hits, ...found.map((place) => el("button", { type: "button", class: "option", "aria-pressed": "false", onclick: () => { chosen = { ...chosen, name: place.name, lon: place.lon, lat: place.lat }; show(); } }, el("b", {}, place.name), place.admin ? el("span", {}, place.admin) : null)));
      text.addEventListener("input", async () => {
        const typed = plain(text.value.trim());
        chosen = { radius_km: chosen?.radius_km };
        settle();
        if (typed.length < 2) return hits.replaceChildren();
        const found = (bundle?.places ?? []).filter((place) => plain(place.name).includes(typed)).slice(0, MATCHES);
        list(found);
        if (found.length || link.state === "none") return;
        const more = await findPlaces(typed).catch((problem) => { if (problem instanceof NoAnswer) return []; throw problem; });
        if (plain(text.value.trim()) === typed) list(more.slice(0, MATCHES));
      });
      return el("div", { class: "field" }, el("label", {}, t("place_name"), text), hits);
    },
    route() {
      chosen ??= {};
      chosen.id ??= bundle.routes[0].id;
      const route = el("select", { onchange: () => { chosen.id = route.value; } }, ...bundle.routes.map((one) => el("option", { value: one.id }, `${one.code} · ${one.name}`)));
      route.value = chosen.id;
      return el("div", { class: "field" }, el("label", {}, t("key_route"), route));
    },
    area: () => el("div", { class: "options" }, ...bundle.areas.map((area) => el("button", { type: "button", class: "option", "aria-pressed": String(area.id === chosen?.id), onclick: () => { chosen = { id: area.id, name: area.name }; show(); } }, el("b", {}, area.name)))),
  };

  async function save() {
    await keepWish({ ...chosen, kind, ...(RADII_KM[kind] ? { radius_km: radius() } : {}) });
    take.disabled = true;
    note.textContent = t("loading_picture");
    const isHere = await refreshBundle({ isNew: true }).catch((problem) => { if (problem instanceof NoAnswer) return false; throw problem; });
    if (isHere) return go("#picture");
    note.textContent = (await kept("area-gone")) ? t("area_gone") : t("area_later");
    take.disabled = false;
  }

  show();
  return { gps: () => { if (kind === "phone") show(); } };
}

// What the picture page says of its area, with the way to another one, and to a smaller one where not all roads fit.
export async function areaBlock(bundle) {
  const { about, isWaiting, isGone } = await areaWords(bundle), roads = await roadsWords(bundle), wish = await readWish();
  const smaller = bundle.area && bundle.all_within_km !== null && bundle.all_within_km >= 1 ? async () => {
    const radius_km = Math.floor(bundle.all_within_km * 10) / 10, [lon, lat] = bundle.area.middle;
    await keepWish(bundle.area.kind === "route" ? { kind: "route", id: bundle.area.id, radius_km } : { ...(wish?.kind === "phone" ? wish : { kind: "place", name: bundle.area.name ?? wish?.name, lon, lat }), radius_km });
    await refreshBundle({ isNew: true }).catch((problem) => { if (!(problem instanceof NoAnswer)) throw problem; });
  } : null;
  return el("div", { class: "sheet pad area" }, el("h2", {}, t("carried_area")), el("p", {}, about), roads ? el("p", {}, roads) : null,
    isGone ? el("p", { class: "error" }, t("area_gone")) : isWaiting ? el("p", { class: "help" }, t("area_later")) : null,
    el("p", { class: "help" }, t("picture_of"), " ", ltr(dayHour(Date.parse(bundle.as_of)))),
    el("div", { class: "rowx" }, el("a", { class: "button", href: "#area" }, t("area_change")), smaller ? button(t("area_smaller", { km: kilometres(bundle.all_within_km) }), smaller) : null));
}
