// The map of one item ([data-desk-map]): states of all roads, the stretch it touches with a halo, the item itself.
import { createMap, readContext, setData } from "./map/canvas.js";
import { StatesMap } from "./map/states_map.js";

const box = document.querySelector("[data-desk-map]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const QUESTION = "profile=P3&user_class=mission_military";
const CLOSEST = 14;

async function start() {
  const holder = box.appendChild(document.createElement("div"));
  holder.className = "map-box";
  const map = await createMap(holder, settings, box.dataset.symbols, { hash: false });
  if (settings.view) {
    const [west, south, east, north] = settings.view;
    const side = Math.min(280, box.clientWidth / 3);
    map.fitBounds([[west, south], [east, north]], { padding: { top: 60, bottom: 60, left: 60, right: 60 + side }, maxZoom: CLOSEST - 2, duration: 0 });
  }
  if (settings.centre) setData(map, "draft", [{ type: "Feature", geometry: { type: "Point", coordinates: settings.centre }, properties: {} }]);
  readContext(map).catch(() => {});
  const states = new StatesMap(map, settings);
  const answer = await fetch(`/api/v1/states?${QUESTION}`, { headers: { Accept: "application/octet-stream" } });
  const routes = await (await fetch(`/api/v1/layers/routes?${QUESTION}`)).json();
  if (!answer.ok) throw new Error(String(answer.status));
  states.at = Date.parse(answer.headers.get("X-Fom-At"));
  states.show(new Uint8Array(await answer.arrayBuffer()), routes, settings.touched);
  for (const name of ["hazards", "restrictions", "incidents", "sites"]) {
    fetch(`/api/v1/layers/${name}?${QUESTION}`).then((got) => got.json()).then(({ features }) => setData(map, name, features), () => {});
  }
  box.dataset.ready = "";
}

start().catch((failed) => {
  console.warn(String(failed));
  box.append(Object.assign(document.createElement("p"), { className: "empty", textContent: "The map could not be drawn here. The drawing at true scale still holds." }));
});
