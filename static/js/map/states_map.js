// A map that shows one array of states: roads by their tiles, key routes as runs with letters and plates, a halo on what differs.
import { setData } from "./canvas.js";
import { KeyRoutes } from "./routes.js";
import { StateTiles } from "./state_tiles.js";
import { tokens } from "./symbols.js";
import { differing } from "./then.js";

const SOURCE = { source: "network", sourceLayer: "segments" };

export class StatesMap {
  constructor(map, settings) {
    Object.assign(this, { map, settings, states: null, routes: null, halo: [] });
    this.tiles = new StateTiles(map, (number) => this.stateOf(number));
    map.addLayer({
      id: "differs", type: "line", source: "network", "source-layer": "segments",
      paint: { "line-color": tokens()("accent"), "line-width": ["interpolate", ["linear"], ["zoom"], 5, 7, 14, 18], "line-opacity": ["case", ["boolean", ["feature-state", "d"], false], 0.55, 0] },
    }, "major-open-case"); // beneath the states
    document.addEventListener("themechange", () => map.setPaintProperty("differs", "line-color", tokens()("accent")));
    map.on("zoomend", () => this.#marks());
  }

  // What KeyRoutes asks of a feed.
  get now() {
    return this.at ?? Date.now();
  }

  stateOf(number) {
    const [forward, backward] = [this.states[2 * number], this.states[2 * number + 1]];
    return Math.max(forward > 4 ? 0 : forward, backward > 4 ? 0 : backward);
  }

  show(states, routes, moved = []) {
    const before = this.states;
    this.states = states;
    this.routes = new KeyRoutes(routes, this.settings.style);
    this.routes.update(this);
    this.tiles.paint(before ? differing(before, states) : null);
    this.mark(moved);
    setData(this.map, "runs", KeyRoutes.collection(this.routes.runs(this)).features);
    this.#marks();
  }

  // The halo goes to other segments.
  mark(ids) {
    for (const id of this.halo) this.map.setFeatureState({ ...SOURCE, id }, { d: false });
    this.halo = ids;
    for (const id of ids) this.map.setFeatureState({ ...SOURCE, id }, { d: true });
  }

  #marks() {
    if (!this.routes?.current) return;
    const marks = this.routes.marks(this.routes.current, this.map.getZoom(), this.map.getCenter().lat, this.settings.style);
    setData(this.map, "letters", marks.letters.features);
    setData(this.map, "plates", marks.plates.features);
  }
}

// States with the moves of a difference applied.
export function moved(states, moves) {
  const copy = states.slice();
  const code = (letter) => ("OC?RX".indexOf(letter) < 0 ? 255 : "OC?RX".indexOf(letter));
  for (const [number, , , forward, backward] of moves) {
    copy[2 * number] = code(forward);
    copy[2 * number + 1] = code(backward);
  }
  return copy;
}

// Two maps that always show the same view, the first's to begin with.
export function join(a, b) {
  b.jumpTo({ center: a.getCenter(), zoom: a.getZoom() });
  let isLed = false;
  const lead = (from, to) => from.on("move", () => {
    if (isLed) return;
    isLed = true;
    to.jumpTo({ center: from.getCenter(), zoom: from.getZoom() });
    isLed = false;
  });
  lead(a, b);
  lead(b, a);
}
