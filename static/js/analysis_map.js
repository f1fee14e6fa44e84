// The map of an analysis ([data-analysis]): what the list names; a row with [data-row] and its mark are chosen together.
import { createMap, readContext } from "./map/canvas.js";
import { tokens } from "./map/symbols.js";

const root = document.querySelector("[data-analysis]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const map = await createMap(root.querySelector("[data-map]"), settings, root.dataset.symbols, { hash: false });
readContext(map).catch(() => {});

const strong = ["get", "strong"];
const isKind = (kind) => ["==", ["get", "kind"], kind];

// Cut roads are solid, detours dashed; the first of a list are thick.
function layers(token) {
  const line = (id, filter, extra) => ({ id, type: "line", source: "found", filter, layout: { "line-join": "round" }, paint: { "line-color": token("accent"), "line-width": ["case", strong, 6, 3], ...extra } });
  const chosen = ["==", ["get", "key"], ""];
  return [
    line("found-case", ["in", ["get", "kind"], ["literal", ["cut", "detour"]]], { "line-color": token("bg"), "line-width": ["case", strong, 9, 6], "line-opacity": 0.7 }),
    line("found-detour", isKind("detour"), { "line-dasharray": [1.6, 1] }),
    line("found-cut", isKind("cut"), {}),
    { id: "found-chosen-line", type: "line", source: "found", filter: chosen, layout: { "line-cap": "round" }, paint: { "line-color": token("ink"), "line-width": 10, "line-opacity": 0.6 } },
    { id: "found-places", type: "circle", source: "found", filter: isKind("place"), paint: { "circle-radius": ["case", strong, 8, 5.5], "circle-color": ["case", strong, token("accent"), token("s-1")], "circle-stroke-color": token("accent"), "circle-stroke-width": 2.5 } },
    { id: "found-chosen", type: "circle", source: "found", filter: chosen, paint: { "circle-radius": 13, "circle-opacity": 0, "circle-stroke-color": token("ink"), "circle-stroke-width": 3 } },
  ];
}

map.addSource("found", { type: "geojson", data: { type: "FeatureCollection", features: settings.features } });
for (const layer of layers(tokens())) map.addLayer(layer);
document.addEventListener("themechange", () => {
  for (const layer of layers(tokens())) for (const [name, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, name, value);
});

const rows = new Map([...root.querySelectorAll("[data-row]")].map((row) => [row.dataset.row, row]));
const corners = (geometry) => (geometry.type === "Point" ? [geometry.coordinates] : geometry.coordinates.flat());

function choose(key, { moves }) {
  for (const [other, row] of rows) row.toggleAttribute("aria-selected", other === key);
  for (const id of ["found-chosen", "found-chosen-line"]) map.setFilter(id, ["all", ["==", ["get", "key"], key], [id === "found-chosen" ? "==" : "!=", ["geometry-type"], "Point"]]);
  if (!moves) return rows.get(key)?.scrollIntoView({ block: "nearest" });
  const points = settings.features.filter((f) => f.properties.key === key).flatMap((f) => corners(f.geometry));
  if (!points.length) return;
  const [lons, lats] = [points.map((p) => p[0]), points.map((p) => p[1])];
  map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 120, maxZoom: 10, duration: 240 });
}

for (const [key, row] of rows) {
  row.addEventListener("click", (event) => event.target.closest("a") ?? choose(key, { moves: true }));
  row.addEventListener("keydown", (event) => event.key === "Enter" && choose(key, { moves: true }));
}
for (const id of ["found-places", "found-cut", "found-detour"]) map.on("click", id, ({ features }) => choose(features[0].properties.key, { moves: false }));
root.dataset.ready = "true";
