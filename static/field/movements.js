// The movements of this person's unit, and saying where they are: one press, a kilometre of the way, or another position.
// A check-in is an item of the outbox like any report; what it says is fixed, with its hour, when it is put in line.
import { ageOf, dayHour, now } from "./clock.js";
import { onRoutes } from "./geo.js";
import { gps, nextFix } from "./gps.js";
import { discard, list, queueCheckIn, saveDraft, startDraft } from "./outbox.js";
import { readBundle, stateNow } from "./picture.js";
import { placeStep } from "./place.js";
import { add, button, chip, el, fill, go, ltr } from "./ui.js";
import { causeWords, duration, metres, refusalWords, stateWord, t } from "./words.js";

const NOW_MS = 2 * 3600000, ON_WAY_M = 500;

// The movements carried, those that run or leave within two hours apart from the others.
export async function movementsOf(bundle) {
  const items = (await list()).filter((item) => item.movement);
  const all = (bundle?.movements ?? []).map((movement) => ({ movement, said: items.filter((item) => item.movement.id === movement.id && item.state !== "draft") }));
  const isNow = ({ movement, said }) => movement.actual_start || said.length || Date.parse(movement.planned_start) - now() < NOW_MS;
  return { near: all.filter(isNow), later: all.filter((one) => !isNow(one)) };
}

// The way of a movement as a key route is carried, so that kilometres of both are read alike.
const wayOf = ({ code, way }) => (way ? { id: "way", code, length_km: way.length_km, lines: way.lines } : null);

// What a movement is told as: code, ends, window, way with its age, what was said last; and how to say where it is.
export function movementCard({ movement, said }, bundle) {
  const { code, planned_start, planned_end, from_name, to_name, way } = movement, told = el("p", { class: "error", role: "alert", hidden: true });
  const hasLeft = Boolean(movement.actual_start || said.some((item) => item.left && item.state !== "needs"));
  const press = button(t(hasLeft ? "check_in_here" : "check_in_left"), async () => {
    press.disabled = true;
    press.textContent = t("gps_asking");
    const fix = await nextFix();
    if (fix) {
      const place = { lon: fix.at[0], lat: fix.at[1], source: "gps", accuracy_m: Math.max(1, Math.round(fix.accuracy)) };
      const queued = await queueCheckIn({ ...(await startCheckIn(movement, hasLeft)), answers: { place }, said: fix.ms });
      return go(`#sent/${queued.id}`);
    }
    press.disabled = false;
    press.textContent = t(hasLeft ? "check_in_here" : "check_in_left");
    told.hidden = false;
    told.textContent = t("gps_none");
  }, { class: "main wide", dataset: { checkIn: "" } });
  const other = button(t("check_in_other"), async () => { const item = await startCheckIn(movement, hasLeft); await saveDraft(item); go(`#checkin/${item.id}`); }, { class: "wide" });
  return el("section", { class: "sheet movement", dataset: { movement: movement.id }, "aria-label": `${t("your_movement")} ${code}` },
    el("p", { class: "rowx" }, el("span", { class: "plate" }, ltr(code)), el("b", {}, from_name && to_name ? t("from_to", { from: from_name, to: to_name }) : t("your_movement")), el("span", { class: "end muted" }, ltr([planned_start, planned_end].filter(Boolean).map((moment) => dayHour(Date.parse(moment))).join("–")))),
    way ? wayTold(way, bundle) : null, lastTold(movement, said), press, other, told);
}

// The state of the way in short, as of the picture: never without its age.
function wayTold(way, bundle) {
  const state = stateNow(bundle, { state: way.state }), age = duration(ageOf(bundle.as_of).ms), cause = state === way.state && way.worst ? causeWords(way) : null;
  return el("p", { class: "way-state" }, chip(state), el("span", {}, el("b", {}, t("way_state", { state: stateWord(state) })), cause ? [" ", el("bdi", {}, cause)] : null, " · ", el("span", { class: "muted" }, t("told_before", { age }))));
}

function lastTold({ seen }, said) {
  const [last] = said.filter((item) => item.state !== "needs");
  if (last && !(seen && Date.parse(seen.at) > last.at)) return el("p", { class: "muted" }, t("check_in_last", { moment: dayHour(last.at), state: t(last.state === "accepted" ? "joc_has_it" : "waits_here") }));
  if (!seen) return null;
  return el("p", { class: "muted" }, t(seen.km === null ? "seen_off_way" : "seen_at_km", { moment: dayHour(Date.parse(seen.at)), km: seen.km }));
}

async function startCheckIn({ id, code }, hasLeft) {
  return startDraft("check_in", {}, { movement: { id, code }, left: !hasLeft });
}

// A check-in that is not from the receiver: a kilometre of the way first, then every other way of saying where.
export async function renderCheckIn(view, item) {
  const bundle = await readBundle(), movement = (bundle?.movements ?? []).find((one) => one.id === item.movement.id);
  const body = el("div", { class: "pad form-step" }, el("p", { class: "overline" }, t("your_movement"), " ", ltr(item.movement.code)), el("h1", {}, t("where_are_you")), el("p", { class: "help" }, t("check_in_now_told")));
  const send = button(t(item.left ? "check_in_left" : "check_in_here"), async () => { send.disabled = true; const queued = await queueCheckIn(item); go(`#sent/${queued.id}`); }, { class: "main", disabled: !item.answers.place });
  const leave = button(t("leave"), async () => { if (!item.answers.place) await discard(item.id); go("#report"); });
  fill(view, body, el("div", { class: "send-bar" }, leave, send));
  await placeStep(body, { value: item.answers.place, way: movement && wayOf(movement), say: (place) => { Object.assign(item, { answers: place ? { place } : {}, said: place?.source === "gps" ? gps.fix?.ms ?? Date.now() : null }); send.disabled = place?.lon === undefined; saveDraft(item); } });
  for (const error of item.problem?.errors ?? []) add(body, el("p", { class: "error" }, refusalWords(error)));
}

// Where a position lies on the way of a movement, in words; nothing where it is off it or none is carried.
export function onWay(bundle, item) {
  const movement = (bundle?.movements ?? []).find((one) => one.id === item.movement.id), place = item.answers.place;
  if (!movement?.way || place?.lon === undefined) return null;
  const [on] = onRoutes([place.lon, place.lat], [wayOf(movement)]);
  return on && on.off <= ON_WAY_M ? t("km_of_way", { km: on.km.toFixed(1) }) : t("off_way", { m: metres(on?.off ?? 0) });
}
