// The MapLibre map itself: start, tools, images, themes. Nothing here knows where data come from.
import * as maplibregl from "../../vendor/maplibre/maplibre-gl.mjs";
import { element, said } from "../words.js";
import { buildStyle, groundColour, repaint } from "./map_style.js";
import { addImages, addPlate, tokens } from "./symbols.js";

// The view of the whole area, beside or above an open legend, whichever shows it larger.
function wholeArea(map, bounds) {
  const edge = Math.min(40, map.getContainer().clientWidth / 24);
  const even = { top: edge, right: edge, bottom: edge, left: edge };
  const legend = map.getContainer().parentElement.querySelector("[data-legend][open]");
  const cover = legend ? { left: legend.offsetLeft + legend.offsetWidth, bottom: legend.offsetHeight + edge } : {};
  const views = Object.keys(cover).map((side) => map.cameraForBounds(bounds, { padding: { ...even, [side]: cover[side] } }));
  return views.filter(Boolean).sort((a, b) => b.zoom - a.zoom)[0] ?? map.cameraForBounds(bounds, { padding: even });
}

class Tools {
  constructor(bounds) {
    this.bounds = bounds;
  }
  onAdd(map) {
    const tool = (sign, words, act) => element("button", { type: "button", class: "map-tool", title: words, "aria-label": words, onclick: act }, sign);
    this.box = element("div", { class: "maplibregl-ctrl maplibregl-ctrl-group" },
      tool("+", said("map.closer", "Closer"), () => map.zoomIn({ duration: 90 })),
      tool("−", said("map.farther", "Farther"), () => map.zoomOut({ duration: 90 })),
      tool("⤢", said("map.whole", "Show the whole mission area"), () => map.easeTo({ ...wholeArea(map, this.bounds), duration: 240 })));
    return this.box;
  }
  onRemove() {
    this.box.remove();
  }
}

// Whose data the map shows: their licences ask that this stands on it.
class Credit {
  constructor(words) {
    this.words = words;
  }
  onAdd() {
    this.box = element("div", { class: "maplibregl-ctrl map-credit" }, this.words);
    return this.box;
  }
  onRemove() {
    this.box.remove();
  }
}

export async function createMap(container, settings, symbolsUrl, options = {}) {
  const hasView = /[#&]view=/.test(location.hash);
  const map = new maplibregl.Map({
    container,
    style: buildStyle(settings, tokens()),
    bounds: settings.bounds,
    hash: "view",
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: 0,
    maxZoom: 17,
    minZoom: 3,
    ...options,
  });
  const unsettle = () => container.removeAttribute("data-still"); // [data-still]: drawn in full, nothing is awaited
  map.on("render", unsettle);
  map.on("movestart", unsettle); // a frame may be long in coming
  map.on("idle", () => container.setAttribute("data-still", ""));
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new Tools(settings.bounds), "top-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 110, unit: "metric" }), "bottom-right");
  if (settings.credit) map.addControl(new Credit(settings.credit), "bottom-right");
  const { states } = settings.style;
  map.setMissingStyleImageResolver((id) => {
    if (id.startsWith("plate:")) addPlate(map, id, states);
  });
  await new Promise((resolve) => map.once("style.load", resolve));
  map.resize(); // the page may have been laid out since
  if (!hasView) map.jumpTo(wholeArea(map, settings.bounds));
  await addImages(map, symbolsUrl, states);
  document.addEventListener("themechange", async () => {
    repaint(map, settings, tokens(), map.hasContext);
    await addImages(map, symbolsUrl, states);
    for (const name of map.listImages()) if (name.startsWith("plate:")) addPlate(map, name, states);
  });
  return map;
}

// The tiles [z, x, y] that the map shows now, at the zoom at which they are asked for.
export function visibleTiles(map, [minzoom, maxzoom]) {
  const z = Math.max(minzoom, Math.min(maxzoom, Math.floor(map.getZoom()))), n = 2 ** z;
  const bounds = map.getBounds();
  const column = (lng) => Math.floor(((lng + 180) / 360) * n);
  const row = (lat) => Math.floor(((1 - Math.asinh(Math.tan((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180)) / Math.PI) / 2) * n);
  const tiles = [];
  for (let x = column(bounds.getWest()); x <= column(bounds.getEast()); x++) {
    for (let y = row(bounds.getNorth()); y <= row(bounds.getSouth()); y++) tiles.push([z, ((x % n) + n) % n, y]);
  }
  return tiles.slice(0, 64);
}

// The quiet background of the mission area, when there is one.
export async function readContext(map) {
  const { features } = await (await fetch("/map/context")).json();
  setData(map, "context", features);
  map.hasContext = features.some((feature) => feature.properties.kind === "land");
  map.setPaintProperty("ground", "background-color", groundColour(tokens(), map.hasContext));
}

export function setData(map, source, features) {
  map.getSource(source).setData({ type: "FeatureCollection", features });
}
