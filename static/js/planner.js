// The planner's map ([data-planner]): ways found, states of key routes beneath, ends by a click.
// The plan itself is made by the server; without scripts the page lists it in full. Whoever chooses a way says so by the
// event "way" on the planner, with the key of its card.
import { createMap, readContext, setData } from "./map/canvas.js";
import { Feed } from "./map/feed.js";
import { KeyRoutes } from "./map/routes.js";
import { StateTiles } from "./map/state_tiles.js";

const root = document.querySelector("[data-planner]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const map = await createMap(root.querySelector("[data-map]"), settings, root.dataset.symbols, { hash: false });
readContext(map).catch(() => {});

function showWays(chosen) {
  const features = settings.plans.map(({ key, geometry }) => ({ type: "Feature", geometry, properties: { chosen: key === chosen, verified: key !== "unverified" } }));
  features.sort((a, b) => a.properties.chosen - b.properties.chosen);
  setData(map, "plans", features);
  for (const way of root.querySelectorAll("[data-way]")) way.classList.toggle("chosen", way.dataset.way === chosen);
}

root.addEventListener("way", ({ detail }) => showWays(detail));
for (const way of root.querySelectorAll("[data-way]")) {
  const choose = () => root.dispatchEvent(new CustomEvent("way", { detail: way.dataset.way }));
  way.addEventListener("click", choose);
  way.addEventListener("keydown", (event) => event.key === "Enter" && choose());
}
if (settings.plans.length) {
  showWays(settings.plans[0].key);
  const points = settings.plans.flatMap(({ geometry }) => geometry.coordinates);
  const [lons, lats] = [points.map((p) => p[0]), points.map((p) => p[1])];
  map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 60, maxZoom: 13, duration: 0 });
}
const marks = (ends) => setData(map, "draft", ends.map((coordinates) => ({ type: "Feature", geometry: { type: "Point", coordinates }, properties: {} })));
marks(settings.ends);

let picking = null;
for (const button of root.querySelectorAll("[data-pick]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    picking = picking === button ? null : button;
    for (const other of root.querySelectorAll("[data-pick]")) other.setAttribute("aria-pressed", String(other === picking));
    root.querySelector("[data-map]").classList.toggle("picking", picking !== null);
  });
}
map.on("click", ({ lngLat }) => {
  if (!picking) return;
  root.querySelector(`#${picking.dataset.pick}`).value = `${lngLat.lng.toFixed(5)}, ${lngLat.lat.toFixed(5)}`;
  marks([[lngLat.lng, lngLat.lat]]);
  picking.click();
});

// States as of now, read once: this page is about the plan; the live map is where the picture moves.
const feed = new Feed(settings.network);
feed.question = new URLSearchParams(settings.question);
feed.held = [];
await feed.refresh();
const answer = await fetch(`/api/v1/layers/routes?${feed.question}`);
if (answer.ok) {
  const routes = new KeyRoutes(await answer.json(), settings.style);
  setData(map, "runs", KeyRoutes.collection(routes.runs(feed)).features);
  const paint = () => setData(map, "plates", routes.marks(routes.current, map.getZoom(), map.getCenter().lat, settings.style).plates.features);
  map.on("zoomend", paint);
  paint();
}
new StateTiles(map, (number) => feed.stateOf(number)).paint(null);
root.dataset.ready = "true";
