// A what-if ([data-what-if]): the record on the left map, the hypothesis on the right, what differs beside them.
// Settings in #map-settings: `kept` (a kept what-if, or null), `is_copy`, `pair` (two kept ones to compare, or null).
import { createMap, readContext, setData } from "./map/canvas.js";
import { moved, StatesMap, join } from "./map/states_map.js";
import { differenceList } from "./difference_list.js";
import { dateTimeGroup, element, plain } from "./words.js";

const root = document.querySelector("[data-what-if]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const find = (name) => root.querySelector(`[data-${name}]`);
const { kept, pair } = settings;
const isEditable = !pair && (!kept || settings.is_copy);
const first = pair?.[0] ?? kept;
const question = new URLSearchParams({ profile: first?.profile ?? "P3", user_class: first?.user_class ?? "mission_military" });
for (const name of ["at", "known_at"]) if (first?.[name]) question.set(name, first[name]);

const box = find("difference"), refusal = find("refusal");
const maps = await Promise.all(["map-left", "map-right"].map((name, i) => createMap(find(name), settings, root.dataset.symbols, { hash: i ? false : "view" })));
join(...maps);
maps.forEach((map) => readContext(map).catch(() => {}));
const [left, right] = maps.map((map) => new StatesMap(map, settings));
const base = {};

async function read(path, options) {
  const answer = await fetch(path, options);
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Error((problem.errors ?? []).map((e) => `${e.field}: ${e.came}; expected ${e.expected}`).join("\n") || problem.detail || `The server refused (${answer.status}).`);
}

const send = (path, method, body) => read(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content } });

async function readBase() {
  const answer = await read(`/api/v1/states?${question}`, { headers: { Accept: "application/octet-stream" } });
  base.states = new Uint8Array(await answer.arrayBuffer());
  base.at = Date.parse(answer.headers.get("X-Fom-At"));
  base.routes = await (await read(`/api/v1/layers/routes?${question}`)).json();
  for (const name of settings.layers) {
    read(`/api/v1/layers/${name}?${question}`).then((got) => got.json()).then(({ features }) => maps.forEach((map) => setData(map, name, features)), () => {});
  }
  left.at = right.at = base.at;
  find("when").textContent = dateTimeGroup(base.at);
  left.show(base.states, base.routes);
}

function showRefusal(failed) {
  refusal.hidden = !failed;
  refusal.textContent = failed?.message ?? "";
}

function showDifference(difference, from = base.states) {
  right.show(moved(from, difference.moves), base.routes, difference.moves.map(([number]) => number));
  box.replaceChildren(...differenceList(difference, flyTo, pair ? ["Left", "Right"] : undefined));
  root.dataset.version = difference.version;
}

async function segment(number) {
  return (await read(`/map/segments/${settings.network}/${number}?${question}`, { headers: { Accept: "application/json" } })).json();
}

async function flyTo(number) {
  const { geometry } = await segment(number);
  const points = geometry.type === "LineString" ? geometry.coordinates : geometry.coordinates.flat();
  maps[1].easeTo({ center: points[Math.floor(points.length / 2)], zoom: Math.max(11, maps[1].getZoom()), duration: 240 });
}

// The hypothesis being built: a list of {words, member, value}.
const changes = [];

function bodyOf() {
  const body = { add: kept?.hypothesis.add ?? [], remove: [], close: [], clear: [], profile: question.get("profile"), user_class: question.get("user_class") };
  for (const { member, value } of changes) body[member].push(value);
  const instead = find("instead")?.value;
  if (instead) body.instead = { profile: instead };
  const policy = find("policy")?.value.trim();
  if (policy) body.policy = JSON.parse(policy);
  for (const name of ["at", "known_at"]) if (question.has(name)) body[name] = question.get(name);
  return body;
}

const isEmpty = (body) => !(body.add.length || changes.length || body.instead || body.policy);

let asked = 0;
async function ask(extra = {}) {
  const mine = (asked += 1);
  showRefusal(null);
  try {
    const body = { ...bodyOf(), ...extra };
    if (isEmpty(body)) {
      right.show(base.states, base.routes);
      return box.replaceChildren(element("p", { class: "muted" }, "Nothing is supposed yet. Click a hazard or a road on the right map."));
    }
    root.toggleAttribute("data-reading", true);
    const difference = await (await send("/api/v1/what-ifs", "POST", body)).json();
    if (mine === asked) showDifference(difference);
  } catch (failed) {
    if (mine === asked) showRefusal(failed);
  } finally {
    if (mine === asked) root.removeAttribute("data-reading");
  }
}

function listChanges() {
  find("changes")?.replaceChildren(...changes.map((change, i) => element("li", {}, element("span", {}, change.words), isEditable ? element("button", { type: "button", class: "plain", "aria-label": `Take back: ${change.words}`, onclick: () => { changes.splice(i, 1); listChanges(); ask(); } }, "✕") : null)));
}

function suppose(words, member, value) {
  changes.push({ words, member, value });
  choose();
  listChanges();
  ask();
}

// What was clicked, and what may be supposed of it.
function choose(title, ...choices) {
  const chosen = find("chosen");
  chosen.hidden = !title;
  chosen.replaceChildren(...(title ? [element("p", {}, element("b", {}, title)), ...choices.map(([words, member, value, says]) => element("button", { type: "button", onclick: () => suppose(says, member, value) }, words))] : []));
}

const SYMBOLS = ["hazards-symbols", "restrictions-symbols", "restrictions-damage", "incidents-symbols"];
async function clicked(event, map) {
  if (find("circle").getAttribute("aria-pressed") === "true") return drawCircle(event.lngLat);
  const around = [[event.point.x - 6, event.point.y - 6], [event.point.x + 6, event.point.y + 6]];
  const symbol = map.queryRenderedFeatures(around, { layers: SYMBOLS })[0];
  if (symbol?.properties.id) {
    const { id, label, kind } = symbol.properties, name = label ?? plain(kind);
    return choose(name, ["If cleared", "clear", id, `Cleared: ${name}`], ["If it had never been", "remove", id, `Never there: ${name}`]);
  }
  const road = map.queryRenderedFeatures(around, { layers: ["hit"] })[0] ?? nearestRun(event);
  if (!road) return choose();
  const found = await segment(road.id);
  const name = found.name || found.ref || plain(found.highway);
  choose(`${name}, ${found.segment_id}`, ["If closed", "close", { segments: [{ id: found.segment_id }] }, `Closed: ${name}, ${found.segment_id}`]);
}

function nearestRun(event) {
  const found = right.routes?.nearest([event.lngLat.lng, event.lngLat.lat]);
  return found && found.distance * 2 ** maps[1].getZoom() * (512 / 360) < 9 ? { id: found.number } : null;
}

function drawCircle({ lng, lat }) {
  const radius = find("radius").valueAsNumber || 2000, points = [];
  for (let i = 0; i <= 48; i++) {
    const turn = (i / 48) * 2 * Math.PI;
    points.push([lng + (radius / (111320 * Math.cos((lat * Math.PI) / 180))) * Math.cos(turn), lat + (radius / 110574) * Math.sin(turn)]);
  }
  points[48] = points[0];
  find("circle").setAttribute("aria-pressed", "false");
  suppose(`Closed: a circle of ${radius} m at ${lat.toFixed(3)}, ${lng.toFixed(3)}`, "close", { geometry: { type: "Polygon", coordinates: [points] }, reason: "circle" });
}

function describe(hypothesis) {
  const list = [];
  for (const value of hypothesis.close ?? []) list.push({ member: "close", value, words: `Closed: ${value.segments?.map((s) => s.id).join(", ") ?? value.reason ?? "an area"}` });
  for (const value of hypothesis.clear ?? []) list.push({ member: "clear", value, words: `Cleared: ${value}` });
  for (const value of hypothesis.remove ?? []) list.push({ member: "remove", value, words: `Never there: ${value}` });
  return list;
}

function showKept() {
  changes.push(...describe(kept.hypothesis));
  listChanges();
  if (isEditable) {
    find("instead").value = kept.hypothesis.profile ?? "";
    find("policy").value = kept.hypothesis.policy ? JSON.stringify(kept.hypothesis.policy) : "";
    return;
  }
  const told = [kept.hypothesis.profile && `Vehicle ${kept.hypothesis.profile}`, kept.hypothesis.policy && `Rules ${JSON.stringify(kept.hypothesis.policy)}`, kept.hypothesis.add?.length && `${kept.hypothesis.add.length} records come`];
  find("changes").append(...told.filter(Boolean).map((words) => element("li", {}, words)));
}

function listen() {
  maps[1].on("click", (event) => clicked(event, maps[1]).catch(showRefusal));
  find("circle").addEventListener("click", ({ currentTarget }) => currentTarget.setAttribute("aria-pressed", String(currentTarget.getAttribute("aria-pressed") !== "true")));
  find("instead").addEventListener("change", () => ask());
  find("policy").addEventListener("change", () => ask());
  find("profile").addEventListener("change", async ({ target }) => {
    question.set("profile", target.value);
    await readBase();
    ask();
  });
  find("plan").addEventListener("click", () => ask({ plan: { from: find("from").value, to: find("to").value } }));
  find("hypothesis").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const id = crypto.randomUUID();
      await send(`/api/v1/what-ifs/${id}`, "PUT", { ...bodyOf(), title: find("title").value, ...(kept ? { based_on: kept.id } : {}) });
      location.assign(`/what-ifs/${id}${location.hash}`);
    } catch (failed) {
      showRefusal(failed);
    }
  });
}

async function showPair() {
  const sides = pair.map(({ id, at, known_at, profile, user_class }) => ({ what_if: id, profile, user_class, ...(at ? { at } : {}), ...(known_at ? { known_at } : {}) }));
  const alone = Object.fromEntries(Object.entries(sides[0]).filter(([name]) => name !== "what_if"));
  const [toLeft, between] = await Promise.all([[alone, sides[0]], sides].map(async ([before, after]) => (await send("/api/v1/differences", "POST", { before, after })).json()));
  const states = moved(base.states, toLeft.moves);
  left.show(states, base.routes, toLeft.moves.map(([number]) => number));
  showDifference(between, states);
}

try {
  await readBase();
  if (pair) await showPair();
  else {
    if (kept) showKept();
    if (isEditable) listen();
    if (kept && !isEditable) showDifference(await (await read(`/api/v1/what-ifs/${kept.id}/difference`)).json());
    else await ask();
  }
} catch (failed) {
  showRefusal(failed);
}
root.dataset.ready = "true";
