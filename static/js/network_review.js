// The map of a review ([data-review]): roads in use, the new ones dashed over them, the item under the pointer or in focus.
// Settings stand in #map-settings (JSON): both networks and the lines of the items. Without scripts the list is whole.
import { createMap, readContext, setData } from "./map/canvas.js";
import { tokens } from "./map/symbols.js";

const root = document.querySelector("[data-review]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const map = await createMap(root.querySelector("[data-map]"), settings, root.dataset.symbols, { hash: false });
readContext(map).catch(() => {});

for (const layer of map.getStyle().layers) {
  if (layer.source === "network" && !layer.id.startsWith("roads")) map.setLayoutProperty(layer.id, "visibility", "none");
}
const [minzoom, maxzoom] = settings.zooms;
map.addSource("next", { type: "vector", tiles: [`${location.origin}/tiles/${settings.next}/{z}/{x}/{y}.mvt`], minzoom, maxzoom });
const colours = () => ({ next: tokens()("accent"), item: tokens()("a") });
map.addLayer({ id: "next", type: "line", source: "next", "source-layer": "segments", paint: { "line-color": colours().next, "line-width": ["interpolate", ["linear"], ["zoom"], 6, 0.8, 12, 1.6, 15, 3], "line-dasharray": [3, 2] } });
map.addSource("item", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
map.addLayer({ id: "item", type: "line", source: "item", layout: { "line-cap": "round" }, paint: { "line-color": colours().item, "line-width": 6, "line-opacity": ["match", ["get", "side"], "old", 0.45, 0.9] } }, "next");
document.addEventListener("themechange", () => {
  map.setPaintProperty("next", "line-color", colours().next);
  map.setPaintProperty("item", "line-color", colours().item);
});

function show(article) {
  const lines = settings.lines[article.dataset.item];
  for (const other of root.querySelectorAll("[data-chosen]")) other.removeAttribute("data-chosen");
  article.setAttribute("data-chosen", "");
  if (!lines) return;
  const features = ["old", "new"].map((side) => ({ type: "Feature", properties: { side }, geometry: { type: "MultiLineString", coordinates: lines[side] } }));
  setData(map, "item", features);
  const points = [...lines.old, ...lines.new].flat();
  if (!points.length) return;
  const [lons, lats] = [points.map((p) => p[0]), points.map((p) => p[1])];
  map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 70, maxZoom: 15, duration: 240 });
}

for (const article of root.querySelectorAll("[data-item]")) {
  article.addEventListener("click", () => show(article));
  article.addEventListener("focusin", () => show(article));
}
// [data-place] takes the next click on the map as the place of its item, for the field of that id.
const frame = root.querySelector("[data-map]"), buttons = [...root.querySelectorAll("[data-place]")];
let placing = null;
function place(button) {
  placing = button === placing ? null : button;
  for (const other of buttons) other.setAttribute("aria-pressed", String(other === placing));
  frame.classList.toggle("picking", placing !== null);
  if (placing) frame.scrollIntoView({ block: "nearest", behavior: "smooth" });
}
for (const button of buttons) {
  button.hidden = false;
  button.addEventListener("click", () => place(button));
}
map.on("click", ({ lngLat }) => {
  if (!placing) return;
  const field = root.querySelector(`#${placing.dataset.place}`);
  field.value = `${lngLat.lng.toFixed(6)}, ${lngLat.lat.toFixed(6)}`;
  setData(map, "draft", [{ type: "Feature", geometry: { type: "Point", coordinates: [lngLat.lng, lngLat.lat] }, properties: {} }]);
  place(placing);
  field.focus();
});
root.dataset.ready = "true";
