// The live map ([data-live-map]). Puts the parts together: feed -> states -> runs, marks, rail, panel, ticker.
// Settings stand in #map-settings (JSON); addresses of segments are `?segment=ID`.
import { createMap, readContext, setData, visibleTiles } from "./canvas.js";
import { Feed } from "./feed.js";
import { Panel } from "./panel.js";
import { followPointer } from "./pointer.js";
import { Rail } from "./rail.js";
import { KeyRoutes } from "./routes.js";
import { StateTiles } from "./state_tiles.js";
import { Ticker } from "./ticker.js";
import { TimeBar } from "./time_bar.js";
import { Watch } from "./watch.js";

const root = document.querySelector("[data-live-map]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const find = (name) => root.querySelector(`[data-${name}]`) ?? document.querySelector(`[data-${name}]`);

const feed = new Feed(settings.network);
const rail = new Rail(root, feed, settings.style);
const map = await createMap(find("map"), settings, root.dataset.symbols);
const tiles = new StateTiles(map, (number) => feed.stateOf(number));
const ticker = new Ticker(find("ticker"), (number) => panel.openNumber(number));
const panel = new Panel(find("panel"), feed, settings, (line, fly) => showSelected(line, fly));
new Watch(root, find("bands"), feed);
const timeBar = new TimeBar(root, feed, settings.style);
followPointer(map, find("pointer"));

const SYMBOL_LAYERS = [...settings.layers.filter((l) => l !== "areas").map((l) => `${l}-symbols`), "restrictions-damage", "hazards-released"];
let routes = null;
let marksDue = null;

function showSelected(line, fly) {
  setData(map, "selected", line ? [{ type: "Feature", geometry: line, properties: {} }] : []);
  if (!line || !fly) return;
  const points = line.type === "LineString" ? line.coordinates : line.coordinates.flat();
  const longitudes = points.map((p) => p[0]), latitudes = points.map((p) => p[1]);
  map.fitBounds([Math.min(...longitudes), Math.min(...latitudes), Math.max(...longitudes), Math.max(...latitudes)], { padding: 120, maxZoom: 12, duration: 240 });
}

function paintRuns() {
  if (!routes) return;
  setData(map, "runs", KeyRoutes.collection(routes.runs(feed)).features);
  paintMarks();
}

function paintMarks() {
  if (!routes?.current) return;
  const marks = routes.marks(routes.current, map.getZoom(), map.getCenter().lat, settings.style);
  setData(map, "letters", marks.letters.features);
  setData(map, "plates", marks.plates.features);
}

async function readRoutes() {
  const { question } = feed;
  const answer = await fetch(`/api/v1/layers/routes?${question}`);
  if (!answer.ok || question !== feed.question) return;
  const collection = await answer.json();
  routes = new KeyRoutes(collection, settings.style);
  rail.showRoutes(routes.routes);
  panel.routes = routes;
  paintRuns();
}

// A layer that is switched off is read when it is switched on.
async function readLayer(name) {
  const { question } = feed;
  if (!question || !rail.isOn(name)) return;
  const answer = await fetch(`/api/v1/layers/${name}?${question}`);
  if (!answer.ok || question !== feed.question) return;
  const { features } = await answer.json();
  setData(map, name, features);
  rail.countLayer(name, features.filter((f) => f.properties.part === "point").length);
}

// Causes and ages are read again a little later, each map at its own moment, so that many maps do not ask at once.
let routesDue = null;
function readRoutesSoon() {
  routesDue ??= setTimeout(() => {
    routesDue = null;
    readRoutes();
  }, 1000 + Math.random() * 4000);
}

// Movements go on by their schedules although nothing is reported.
setInterval(() => !feed.moment && !document.hidden && readLayer("movements"), 60_000);

// Another road network: its tiles are fetched into the browser's cache first, so that roads never vanish between the two.
feed.goOver = async (network, segments) => {
  const url = (z, x, y) => `${location.origin}/tiles/${network}/${z}/${x}/${y}.mvt`;
  await Promise.allSettled(visibleTiles(map, settings.zooms).map(([z, x, y]) => fetch(url(z, x, y))));
  Object.assign(settings, { network, segments });
  tiles.plain = url("{z}", "{x}", "{y}"); // read with the states that come next
  panel.close();
};
feed.addEventListener("picture", ({ detail }) => {
  tiles.paint(detail.numbers);
  if (detail.numbers && routes) {
    routes.update(feed);
    rail.showRoutes(routes.routes);
    paintRuns();
  }
  readRoutes();
  settings.layers.forEach(readLayer);
});
feed.addEventListener("moment", () => panel.refresh(null));
feed.addEventListener("missed", ({ detail }) => ticker.add(detail, routes));
feed.addEventListener("moves", ({ detail }) => {
  tiles.paint(detail.moves.map(([number]) => number));
  routes?.update(feed);
  if (routes) rail.showRoutes(routes.routes);
  paintRuns();
  readRoutesSoon();
  ticker.add(detail, routes);
  panel.refresh(detail.moves);
  if (detail.cause === "policy") settings.layers.forEach(readLayer); // grades and doubt circles follow the policy
  root.dataset.version = detail.version;
});
feed.addEventListener("layer", ({ detail }) => {
  if (feed.moment) return; // what was shown then stays
  if (detail.layer === "routes") readRoutesSoon();
  else if (settings.layers.includes(detail.layer)) readLayer(detail.layer);
});

map.on("zoom", () => {
  clearTimeout(marksDue);
  marksDue = setTimeout(paintMarks, 150);
});
map.on("click", (event) => {
  const box = [[event.point.x - 5, event.point.y - 5], [event.point.x + 5, event.point.y + 5]];
  const symbol = map.queryRenderedFeatures(box, { layers: SYMBOL_LAYERS })[0];
  if (symbol) return panel.openThing(symbol);
  const run = map.queryRenderedFeatures(box, { layers: ["run-open", "run-caution-case", "run-unknown-case", "run-restricted-case", "run-closed-case"] })[0];
  const nearest = run && routes?.nearest([event.lngLat.lng, event.lngLat.lat], run.properties.code);
  if (nearest) return panel.openNumber(nearest.number);
  const road = map.queryRenderedFeatures(box, { layers: ["hit"] })[0];
  return road ? panel.openNumber(road.id) : panel.close();
});
map.on("mousemove", (event) => {
  map.getCanvas().style.cursor = map.queryRenderedFeatures(event.point, { layers: ["hit", "run-open-case", "run-caution-case", "run-unknown-case", "run-restricted-case", "run-closed-case"] }).length ? "pointer" : "";
});

rail.onQuestion = () => {
  feed.ask(rail.profile, rail.userClass).catch(() => {});
  panel.refresh(null);
  timeBar.readMarks();
};
rail.onLayer = (name, isOn) => {
  if (isOn) readLayer(name);
  for (const layer of map.getStyle().layers) {
    if (layer.source === name) map.setLayoutProperty(layer.id, "visibility", isOn ? "visible" : "none");
  }
};
rail.onRoute = (route) => showSelected({ type: "LineString", coordinates: route.coordinates }, true);
rail.restore();
readContext(map).catch(() => {});
await feed.ask(rail.profile, rail.userClass).catch(() => feed.dispatchEvent(new CustomEvent("refused", { detail: { status: "no answer" } })));
await timeBar.start();
panel.openFromAddress();
addEventListener("popstate", () => panel.openFromAddress());
root.dataset.ready = "true";
