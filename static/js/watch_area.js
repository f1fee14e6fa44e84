// The area of a subscription ([data-watch-area]): points at an area of the register (#areas), draws corners, or sets the
// middle of a circle, by a click or tap on the map; fields and map always say the same. Without scripts it is typed.
import { createMap, readContext, setData } from "./map/canvas.js";
import { tokens } from "./map/symbols.js";

const root = document.querySelector("[data-watch-area]");
const part = (name) => root.querySelector(`[data-${name}]`);
const field = (id) => root.querySelector(`#${id}`);
const read = (id) => JSON.parse(root.querySelector(`#${id}`)?.textContent ?? "null");
const areas = read("areas"), kept = read("kept-area");
const way = () => root.querySelector("[name=area]:checked")?.value ?? "none";
const SAID = {
  registered: "Point at an area.", drawn: "Each click or tap sets a corner, in order round the area.",
  round: "Point at the middle, then say how far.", kept: "", none: "",
};
let map = null;

const plain = (line) => line.split(/[,;]\s*/).map(Number);
const isPair = (pair) => pair.length === 2 && pair.every(Number.isFinite);
const corners = () => field("corners").value.split("\n").map(plain).filter(isPair);
const written = ({ lng, lat }) => `${lng.toFixed(6)}, ${lat.toFixed(6)}`;

// A place by its name in the list, or as two plain numbers; the server reads every other notation.
function middle() {
  const typed = field("place").value.trim();
  const named = [...root.querySelectorAll("#places option")].find((option) => option.value.toLowerCase() === typed.toLowerCase());
  const pair = plain(named ? named.dataset.at : typed);
  return isPair(pair) ? pair : null;
}

function circle([lon, lat], km) {
  const north = km / 111.2, east = north / Math.max(0.01, Math.cos((lat * Math.PI) / 180));
  const turn = (step) => (2 * Math.PI * step) / 64;
  return Array.from({ length: 65 }, (_, step) => [lon + east * Math.cos(turn(step)), lat + north * Math.sin(turn(step))]);
}

const shape = (geometry, properties = {}) => ({ type: "Feature", geometry, properties });
const points = (places) => places.map((at) => shape({ type: "Point", coordinates: at }));
const ring = (places) => shape(places.length > 2 ? { type: "Polygon", coordinates: [[...places, places[0]]] } : { type: "LineString", coordinates: places });

function chosen() {
  if (way() === "registered") return areas.filter((area) => area.properties.id === field("area_id").value);
  if (way() === "kept") return kept ? [shape(kept)] : [];
  if (way() === "drawn") {
    const places = corners();
    return [...(places.length > 1 ? [ring(places)] : []), ...points(places)];
  }
  const at = way() === "round" ? middle() : null, km = Number(field("radius_km").value.replace(",", "."));
  if (!at) return [];
  return [...(km > 0 && km <= 300 ? [shape({ type: "Polygon", coordinates: [circle(at, km)] })] : []), ...points([at])];
}

function show() {
  root.dataset.way = way();
  part("board").hidden = way() === "none";
  part("told").textContent = SAID[way()];
  for (const name of ["undo", "clear"]) part(name).hidden = way() !== "drawn";
  if (!map) return;
  map.resize();
  setData(map, "watched", chosen());
  map.setLayoutProperty("register-areas-line", "visibility", way() === "registered" ? "visible" : "none");
  map.setLayoutProperty("register-areas-fill", "visibility", way() === "registered" ? "visible" : "none");
}

function look() {
  const flat = chosen().flatMap((one) => one.geometry.coordinates.flat(Infinity));
  if (flat.length < 6) return;
  const lons = flat.filter((_, i) => i % 2 === 0), lats = flat.filter((_, i) => i % 2 === 1);
  map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 30, maxZoom: 12, duration: 0 });
}

const layers = (token) => [
  { id: "register-areas-fill", type: "fill", source: "register-areas", paint: { "fill-color": token("ink"), "fill-opacity": 0.06 } },
  { id: "register-areas-line", type: "line", source: "register-areas", paint: { "line-color": token("ink-2"), "line-width": 1, "line-dasharray": [2, 2] } },
  { id: "watched-fill", type: "fill", source: "watched", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": token("accent"), "fill-opacity": 0.16 } },
  { id: "watched-line", type: "line", source: "watched", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": token("accent"), "line-width": 2.5 } },
  { id: "watched-point", type: "circle", source: "watched", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 5, "circle-color": token("m-halo"), "circle-stroke-color": token("accent"), "circle-stroke-width": 2 } },
];

function tapped({ lngLat, point }) {
  if (way() === "drawn") field("corners").value = [...field("corners").value.split("\n").filter((line) => line.trim()), written(lngLat)].join("\n");
  if (way() === "round") field("place").value = written(lngLat);
  if (way() === "registered") {
    const [hit] = map.queryRenderedFeatures(point, { layers: ["register-areas-fill"] });
    if (hit) field("area_id").value = hit.properties.id;
  }
  show();
}

async function begin() {
  part("board").hidden = false;
  map = await createMap(part("map"), read("map-settings"), root.dataset.symbols, { hash: false });
  readContext(map).catch(() => {});
  map.addSource("register-areas", { type: "geojson", data: { type: "FeatureCollection", features: areas } });
  map.addSource("watched", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  for (const layer of layers(tokens())) map.addLayer(layer);
  document.addEventListener("themechange", () => {
    for (const layer of layers(tokens())) for (const [name, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, name, value);
  });
  map.on("click", tapped);
  show();
  look();
  root.dataset.ready = "";
}

let begun = null;
function changed() {
  show();
  if (way() !== "none") begun ??= begin();
}

root.addEventListener("input", changed);
root.addEventListener("change", (event) => {
  changed();
  if (map && event.target.id !== "corners") look();
});
part("undo").addEventListener("click", () => {
  field("corners").value = field("corners").value.trimEnd().split("\n").slice(0, -1).join("\n");
  show();
});
part("clear").addEventListener("click", () => {
  field("corners").value = "";
  show();
});
changed();
