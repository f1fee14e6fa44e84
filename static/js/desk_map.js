// The map of the item in sight ([data-desk-map]): states of all roads, the stretch it touches with a halo, the item itself,
// and land that a closing act would release ([data-place]). One map goes from item to item.
import { createMap, readContext, setData } from "./map/canvas.js";
import { StatesMap } from "./map/states_map.js";
import { tokens } from "./map/symbols.js";
import { said } from "./words.js";

const desk = document.querySelector("[data-desk]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const QUESTION = "profile=P3&user_class=mission_military";
const CLOSEST = 14;
let map = null, states = null, routes = null;

const box = () => desk.querySelector("[data-desk-map]");
const place = () => JSON.parse(desk.querySelector("[data-place]")?.textContent ?? "{}");
const feature = (geometry) => ({ type: "Feature", geometry, properties: {} });

function look() {
  const { centre, view, touched = [], released = [] } = place();
  if (view) {
    const [west, south, east, north] = view;
    const inset = Math.min(280, box().clientWidth / 3), far = getComputedStyle(box()).direction === "rtl" ? "left" : "right"; // where the drawing lies
    const padding = { top: 60, bottom: 60, left: 60, right: 60 };
    padding[far] += inset;
    map.fitBounds([[west, south], [east, north]], { padding, maxZoom: CLOSEST - 2, duration: 0 });
  }
  setData(map, "draft", centre ? [feature({ type: "Point", coordinates: centre })] : []);
  setData(map, "released", released.map(feature));
  if (states.states) states.mark(touched);
}

async function read() {
  const answer = await fetch(`/api/v1/states?${QUESTION}`, { headers: { Accept: "application/octet-stream" }, cache: "no-cache" });
  if (!answer.ok) throw new Error(String(answer.status));
  routes ??= await (await fetch(`/api/v1/layers/routes?${QUESTION}`)).json();
  states.at = Date.parse(answer.headers.get("X-Fom-At"));
  states.show(new Uint8Array(await answer.arrayBuffer()), routes, place().touched);
}

async function readSigns() {
  await Promise.all(["hazards", "restrictions", "incidents", "sites"].map(async (name) => {
    const { features } = await (await fetch(`/api/v1/layers/${name}?${QUESTION}`)).json();
    setData(map, name, features);
  }));
}

async function start() {
  const holder = box().appendChild(document.createElement("div"));
  holder.className = "map-box";
  map = await createMap(holder, settings, box().dataset.symbols, { hash: false });
  map.addSource("released", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({ id: "released-fill", type: "fill", source: "released", paint: { "fill-color": tokens()("accent"), "fill-opacity": 0.14 } });
  map.addLayer({ id: "released-edge", type: "line", source: "released", paint: { "line-color": tokens()("accent"), "line-width": 2, "line-dasharray": [3, 2] } });
  states = new StatesMap(map, settings);
  look();
  readContext(map).catch(() => {});
  await read();
  readSigns().catch(() => {});
  box().dataset.ready = "";
}

function refused(failed) {
  console.warn(String(failed));
  box()?.append(Object.assign(document.createElement("p"), { className: "empty", textContent: said("map.failed", "") }));
}

if (box()) {
  const started = start();
  started.catch(refused);
  desk.addEventListener("itemshown", () => started.then(async () => {
    map.resize();
    look();
    await read();
    box().dataset.ready = "";
  }).catch(() => {}));
}
