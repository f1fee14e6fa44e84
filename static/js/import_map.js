// The map of an import ([data-import]): rows as points, tracks with what they cover, gaps and parts off the road.
// Settings and features stand in #map-settings (JSON); a [data-row] and its mark are chosen together.
import { createMap, readContext } from "./map/canvas.js";
import { tokens } from "./map/symbols.js";

const root = document.querySelector("[data-import]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const map = await createMap(root.querySelector("[data-map]"), settings, root.dataset.symbols, { hash: false });
readContext(map).catch(() => {});

const of = (...kinds) => ["in", ["get", "kind"], ["literal", kinds]];
const isPoint = ["==", ["geometry-type"], "Point"];
const isNew = ["==", ["get", "fate"], "ready"];

function layers(token) {
  const line = (id, filter, paint, cap = "butt") => ({ id, type: "line", source: "rows", filter, layout: { "line-join": "round", "line-cap": cap }, paint });
  return [
    line("row-covered", of("covered", "mouth"), { "line-color": token("accent"), "line-width": ["match", ["get", "kind"], "mouth", 4, 8], "line-opacity": 0.55 }, "round"),
    line("row-track", of("track"), { "line-color": token("ink"), "line-width": 1.6 }),
    line("row-gap", of("gaps"), { "line-color": token("ink"), "line-width": 2.4, "line-dasharray": [0.6, 2] }),
    line("row-off", of("off_road"), { "line-color": token("ink"), "line-width": 5, "line-dasharray": [1.6, 1] }),
    { id: "row-points", type: "circle", source: "rows", filter: isPoint, paint: { "circle-radius": 6, "circle-color": ["case", isNew, token("accent"), token("s-1")], "circle-stroke-color": ["case", isNew, token("bg"), token("accent")], "circle-stroke-width": 2 } },
    { id: "row-chosen", type: "circle", source: "rows", filter: ["all", isPoint, ["==", ["get", "row"], ""]], paint: { "circle-radius": 12, "circle-opacity": 0, "circle-stroke-color": token("ink"), "circle-stroke-width": 3 } },
  ];
}

map.addSource("rows", { type: "geojson", data: { type: "FeatureCollection", features: settings.features } });
for (const layer of layers(tokens())) map.addLayer(layer);
document.addEventListener("themechange", () => {
  for (const layer of layers(tokens())) for (const [name, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, name, value);
});

const corners = ({ type, coordinates }) => (type === "Point" ? [coordinates] : type === "LineString" ? coordinates : coordinates.flat());
function fit(features, maxZoom) {
  const points = features.flatMap((feature) => corners(feature.geometry));
  if (!points.length) return;
  const [lons, lats] = [points.map((p) => p[0]), points.map((p) => p[1])];
  map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 50, maxZoom, duration: 0 });
}
fit(settings.features, 14);

const rows = new Map([...root.querySelectorAll("[data-row]")].map((row) => [row.dataset.row, row]));
function choose(number, { moves }) {
  for (const [other, row] of rows) row.toggleAttribute("data-chosen", other === number);
  map.setFilter("row-chosen", ["all", isPoint, ["==", ["get", "row"], number]]);
  if (moves) return fit(settings.features.filter((feature) => feature.properties.row === number), 14);
  rows.get(number)?.scrollIntoView({ block: "nearest" });
}
for (const [number, row] of rows) {
  row.addEventListener("click", (event) => event.target.closest("a, summary") ?? choose(number, { moves: true }));
  row.addEventListener("keydown", (event) => event.key === "Enter" && event.target === row && choose(number, { moves: true }));
}
map.on("click", "row-points", ({ features }) => choose(features[0].properties.row, { moves: false }));
root.dataset.ready = "true";
