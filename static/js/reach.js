// The reach page's map ([data-reach]): bands found, and the place by a click ([data-pick] fills the field of that id).
// The answer itself is made by the server; without scripts the page lists it in full.
// A band is told by the dashes of its edge and by its minutes, the nearest also by the deepest fill.
import { createMap, readContext, setData } from "./map/canvas.js";
import { StatesMap } from "./map/states_map.js";
import { tokens } from "./map/symbols.js";

const root = document.querySelector("[data-reach]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const map = await createMap(root.querySelector("[data-map]"), settings, root.dataset.symbols, { hash: false });
readContext(map).catch(() => {});

const DASHES = [null, [4, 1.3], [2.2, 1.3], [1.2, 1.2], [4, 1.3, 1.2, 1.3], [0.6, 1.8]]; // as in css/reach.css
const BELOW = "selected-halo"; // states and symbols stay on top
const empty = (bands) => ({ type: "FeatureCollection", features: bands });

function bandLayers(token) {
  const layers = [];
  for (const [index, band] of [...settings.bands.entries()].reverse()) {
    const { minutes, is_verified: verified } = band.properties;
    const number = settings.bands.filter((b, i) => i < index && b.properties.is_verified === verified).length;
    const colour = token(verified ? "accent" : "u-t");
    const source = `band-${index}`;
    const dash = DASHES[number] ? { "line-dasharray": DASHES[number] } : {};
    layers.push({ id: `${source}-fill`, type: "fill", source, paint: { "fill-color": colour, "fill-opacity": verified ? 0.11 : 0.05 } });
    layers.push({ id: `${source}-edge`, type: "line", source, layout: { "line-join": "round" }, paint: { "line-color": colour, "line-width": 2, ...dash } });
    layers.push({
      id: `${source}-minutes`, type: "symbol", source,
      layout: { "symbol-placement": "line", "symbol-spacing": 320, "text-field": verified ? `${minutes} min` : `${minutes} min, unverified`, "text-font": ["IBM Plex Sans Condensed"], "text-size": 12 },
      paint: { "text-color": colour, "text-halo-color": token("m-halo"), "text-halo-width": 1.6 },
    });
  }
  return layers;
}

for (const [index, band] of settings.bands.entries()) map.addSource(`band-${index}`, { type: "geojson", data: empty([band]) });
for (const layer of bandLayers(tokens())) map.addLayer(layer, layer.type === "symbol" ? undefined : BELOW);
document.addEventListener("themechange", () => {
  for (const layer of bandLayers(tokens())) for (const [name, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, name, value);
});

const corners = settings.bands.flatMap(({ geometry }) => geometry.coordinates.flat(geometry.type === "MultiPolygon" ? 2 : 1));
if (corners.length) {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of corners) [west, south, east, north] = [Math.min(west, lon), Math.min(south, lat), Math.max(east, lon), Math.max(north, lat)];
  map.fitBounds([west, south, east, north], { padding: 40, maxZoom: 13, duration: 0 });
}
const mark = (at) => setData(map, "draft", at ? [{ type: "Feature", geometry: { type: "Point", coordinates: at }, properties: {} }] : []);
mark(settings.start);

const button = root.querySelector("[data-pick]");
const frame = root.querySelector("[data-map]");
button.hidden = false;
const setPicking = (on) => {
  button.setAttribute("aria-pressed", String(on));
  frame.classList.toggle("picking", on);
};
button.addEventListener("click", () => setPicking(button.getAttribute("aria-pressed") !== "true"));
map.on("click", ({ lngLat }) => {
  if (button.getAttribute("aria-pressed") !== "true") return;
  root.querySelector(`#${button.dataset.pick}`).value = `${lngLat.lng.toFixed(5)}, ${lngLat.lat.toFixed(5)}`;
  mark([lngLat.lng, lngLat.lat]);
  setPicking(false);
});
// Beneath the bands: the states by which the answer was judged.
async function showStates(question) {
  const query = new URLSearchParams(question);
  const [states, routes] = await Promise.all([
    fetch(`/api/v1/states?${query}`, { headers: { Accept: "application/octet-stream" } }),
    fetch(`/api/v1/layers/routes?${query}`),
  ]);
  if (!states.ok || !routes.ok) return;
  const shown = new StatesMap(map, settings);
  shown.at = Date.parse(question.at);
  shown.show(new Uint8Array(await states.arrayBuffer()), await routes.json());
}

if (settings.question.at) await showStates(settings.question).catch(() => {});
root.dataset.ready = "true";
