// The map of a register page ([data-register-map]): shows the feature of #map-feature; where the page has a list of
// positions ([data-positions], one "longitude, latitude" per line) a click adds one, and the list is drawn as typed.
// The value of data-register-map says how: view, line or polygon. Without scripts the list is typed.
import { createMap, readContext, setData } from "./map/canvas.js";
import { tokens } from "./map/symbols.js";

const root = document.querySelector("[data-register-map]");
const read = (id) => JSON.parse(document.querySelector(id).textContent);
const feature = read("#map-feature");
const shape = root.dataset.registerMap;
const list = document.querySelector("[data-positions]");
const map = await createMap(root.querySelector("[data-map]"), read("#map-settings"), root.dataset.symbols, { hash: false });
readContext(map).catch(() => {});

const empty = { type: "FeatureCollection", features: [] };
for (const id of ["course", "typed"]) map.addSource(id, { type: "geojson", data: empty });
const layers = (token) => [
  { id: "course-fill", type: "fill", source: "course", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": token("accent"), "fill-opacity": 0.14 } },
  { id: "course-line", type: "line", source: "course", layout: { "line-join": "round" }, paint: { "line-color": token("accent"), "line-width": 3.5 } },
  { id: "course-point", type: "circle", source: "course", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 7, "circle-color": token("accent"), "circle-stroke-color": token("m-halo"), "circle-stroke-width": 2 } },
  { id: "typed-line", type: "line", source: "typed", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": token("ink"), "line-width": 1.5, "line-dasharray": [2, 2] } },
  { id: "typed-point", type: "circle", source: "typed", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 6, "circle-color": token("m-halo"), "circle-stroke-color": token("ink"), "circle-stroke-width": 2 } },
];
for (const layer of layers(tokens())) map.addLayer(layer);
document.addEventListener("themechange", () => {
  for (const layer of layers(tokens())) for (const [name, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, name, value);
});

// What a person typed may be in another notation; only plain pairs are drawn, the server reads the rest.
const typed = () => (list?.value ?? "").split("\n").map((line) => line.split(/[,;]\s*/).map(Number)).filter((pair) => pair.length === 2 && pair.every(Number.isFinite));

function draw() {
  const points = typed();
  const ring = shape === "polygon" && points.length > 2 ? [...points, points[0]] : points;
  const line = ring.length > 1 ? [{ type: "Feature", geometry: { type: "LineString", coordinates: ring }, properties: {} }] : [];
  setData(map, "typed", [...line, ...points.map((at) => ({ type: "Feature", geometry: { type: "Point", coordinates: at }, properties: {} }))]);
}

setData(map, "course", feature ? [feature] : []);
draw();
if (list) {
  root.classList.add("drawing");
  list.addEventListener("input", draw);
  map.on("click", ({ lngLat }) => {
    list.value = `${list.value.trimEnd()}${list.value.trim() ? "\n" : ""}${lngLat.lng.toFixed(6)}, ${lngLat.lat.toFixed(6)}\n`;
    draw();
  });
}

const corners = feature ? feature.geometry.coordinates.flat(Infinity) : typed().flat();
if (corners.length > 1) {
  const lons = corners.filter((_, i) => i % 2 === 0), lats = corners.filter((_, i) => i % 2 === 1);
  map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 40, maxZoom: 12, duration: 0 });
}
root.dataset.ready = "";
