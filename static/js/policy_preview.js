// The map of a policy draft ([data-policy-map]): every road that would change, left line as it is now, right line as it
// would be; what would get better has a bright edge. [data-arcs] is the address of one byte per direction: 8 × now + draft.
// Links with [data-at] (lon,lat) lead to their place on the map.
import { createMap, readContext, setData } from "./map/canvas.js";
import { stateLayers } from "./map/map_style.js";
import { tokens } from "./map/symbols.js";

const root = document.querySelector("[data-policy-map]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const map = await createMap(root.querySelector("[data-map]"), settings, root.dataset.symbols, { hash: false });
readContext(map).catch(() => {});

const STAYS = 255;
const tiles = { source: "network", "source-layer": "segments" };
const widths = (factor) => ["interpolate", ["linear"], ["zoom"], ...settings.style.route_width.flatMap(([zoom, px]) => [zoom, px * factor])];

function changedLayers(token) {
  const side = (name, key, offset) => {
    const shows = { filter: () => true, opacity: (number, opacity) => ["case", ["==", ["coalesce", ["feature-state", key], -1], number], opacity, 0] };
    return stateLayers(name, tiles, settings.style, token, 0.7, shows, {})
      .filter(({ id }) => !/open-(half|soon)$/.test(id))
      .map(({ filter, ...layer }) => ({ ...layer, paint: { ...layer.paint, "line-offset": widths(offset) } }));
  };
  const better = ["==", ["coalesce", ["feature-state", "better"], false], true];
  return [
    { id: "better-edge", type: "line", ...tiles, paint: { "line-color": token("accent"), "line-width": widths(4), "line-opacity": ["case", better, 0.8, 0] } },
    ...side("now", "o", -0.6),
    ...side("draft", "n", 0.6),
  ];
}

// Roads that stay as they are are drawn without any state: this map is about what would move.
for (const { id } of map.getStyle().layers) if (/^(major|other)-/.test(id)) map.setLayoutProperty(id, "visibility", "none");
for (const layer of changedLayers(tokens())) map.addLayer(layer, "letters");
map.addSource("changed", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
map.addLayer({ id: "changed-plates", type: "symbol", source: "changed", layout: { "icon-image": ["get", "plate"], "icon-padding": 6, "symbol-sort-key": ["get", "rank"] } });
document.addEventListener("themechange", () => {
  for (const layer of changedLayers(tokens())) {
    for (const [name, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, name, value);
  }
});

const letters = "OC?RX";
const worst = (pair) => letters[Math.max(...[...pair].map((letter) => letters.indexOf(letter)))];
const points = settings.rows.map(({ position, old, new: after }, rank) => ({ type: "Feature", geometry: { type: "Point", coordinates: position }, properties: { plate: `plate:was ${worst(old)}:${worst(after)}`, rank } }));
setData(map, "changed", points);

function goTo(link) {
  const [lon, lat] = link.dataset.at.split(",").map(Number);
  setData(map, "draft", [{ type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties: {} }]);
  map.easeTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 12), duration: 240 });
}
for (const link of document.querySelectorAll("[data-at]")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    root.scrollIntoView({ block: "nearest" });
    goTo(link);
  });
}
if (points.length) {
  const [lons, lats] = [0, 1].map((axis) => settings.rows.map(({ position }) => position[axis]));
  map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 50, maxZoom: 12, duration: 0 });
}

const answer = await fetch(`${root.dataset.arcs}?${new URLSearchParams(settings.question)}`);
if (answer.ok && answer.headers.get("X-Fom-Network") === settings.network) {
  const codes = new Uint8Array(await answer.arrayBuffer());
  for (let arc = 0; arc < codes.length; arc += 2) {
    const ways = [codes[arc], codes[arc + 1]].filter((code) => code !== STAYS);
    if (!ways.length) continue;
    const gain = (code) => (code >> 3) - (code & 7);
    const leading = ways.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    map.setFeatureState({ source: "network", sourceLayer: "segments", id: arc / 2 }, { o: leading >> 3, n: leading & 7, better: gain(leading) > 0 });
  }
  root.dataset.changed = String(codes.filter((code) => code !== STAYS).length);
} else {
  root.append(Object.assign(document.createElement("p"), { className: "banner stale", textContent: "The map could not be filled; the list has everything." }));
}
root.dataset.ready = "true";
