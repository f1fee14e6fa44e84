// What changed ([data-differences]): the picture before on one map, after on the other, a halo on what moved. The lists are
// the page's own; a reason leads to its road by [data-segment]. Settings in #map-settings: `sides`, both questions.
import { createMap, readContext, setData } from "./map/canvas.js";
import { join, StatesMap } from "./map/states_map.js";
import { differing } from "./map/then.js";
import { element } from "./words.js";

const root = document.querySelector("[data-differences]");
const settings = JSON.parse(document.querySelector("#map-settings").textContent);
const maps = await Promise.all(["before", "after"].map((side, i) => createMap(root.querySelector(`[data-map-${side}]`), settings, root.dataset.symbols, { hash: i ? false : "view" })));
join(...maps);
maps.forEach((map) => readContext(map).catch(() => {}));

async function read(path, headers = {}) {
  const answer = await fetch(path, { headers });
  if (!answer.ok) throw new Error(`The server refused (${answer.status}).`);
  return answer;
}

const queries = settings.sides.map(({ at, known_at, profile, user_class }) => new URLSearchParams({ at, known_at, profile, user_class }));

async function readSide(map, query) {
  for (const name of settings.layers) {
    read(`/api/v1/layers/${name}?${query}`).then((got) => got.json()).then(({ features }) => setData(map, name, features), () => {});
  }
  const [states, routes] = await Promise.all([
    read(`/api/v1/states?${query}`, { Accept: "application/octet-stream" }).then((got) => got.arrayBuffer()),
    read(`/api/v1/layers/routes?${query}`).then((got) => got.json()),
  ]);
  return { states: new Uint8Array(states), routes };
}

async function flyTo(number) {
  const answer = await read(`/map/segments/${settings.network}/${number}?${queries[1]}`, { Accept: "application/json" });
  const { geometry } = await answer.json();
  const points = geometry.type === "LineString" ? geometry.coordinates : geometry.coordinates.flat();
  maps[1].easeTo({ center: points[Math.floor(points.length / 2)], zoom: Math.max(11, maps[1].getZoom()), duration: 240 });
}

root.addEventListener("click", ({ target }) => {
  const link = target.closest("[data-segment]");
  if (link) flyTo(link.dataset.segment).catch(refuse);
});

function refuse(failed) {
  root.querySelector(".pair-maps").prepend(element("p", { class: "banner stale", role: "alert" }, `The maps could not be drawn: ${failed.message}`));
}

try {
  const sides = await Promise.all(maps.map((map, i) => readSide(map, queries[i])));
  const moved = differing(sides[0].states, sides[1].states);
  sides.forEach(({ states, routes }, i) => {
    const shown = new StatesMap(maps[i], settings);
    shown.at = Date.parse(settings.sides[i].at);
    shown.show(states, routes, moved);
  });
} catch (failed) {
  refuse(failed);
}
root.dataset.ready = "true";
