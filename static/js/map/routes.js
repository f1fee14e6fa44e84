// Key routes as runs: consecutive segments of one state and one age become one line, so that dashes go on across segments.
// A segment that two routes share is drawn once; its state is its own, so no better line can cover a worse one.
const EARTH_M_PER_PX_Z0 = 78271.517; // at the equator, zoom 0, 512 px tiles

export class KeyRoutes {
  constructor(collection, rules) {
    this.rules = rules;
    this.routes = collection.features.map((feature) => ({
      ...feature.properties,
      coordinates: feature.geometry.coordinates,
    }));
  }

  // Share of a verification's life that is used, null without one.
  static shareUsed([, , , , verified, expires], now) {
    return verified === null || expires === null || expires <= verified ? null : (now - verified) / (expires - verified);
  }

  #ageOf(segment, now) {
    const share = KeyRoutes.shareUsed(segment, now);
    if (share === null) return 0;
    const hoursLeft = (segment[5] - now) / 3600000;
    if (share > this.rules.nearly_used || hoursLeft < this.rules.ends_soon_h) return 2;
    return share > this.rules.half_used ? 1 : 0;
  }

  // State and kilometres by state of each route from the states held here, so that the list moves with the map.
  // What the server alone can say (the cause) is left out until it is read again.
  update(feed) {
    for (const route of this.routes) {
      const sums = { O: 0, C: 0, "?": 0, R: 0, X: 0 };
      let worst = 0;
      for (const [number, direction, , , , , metres] of route.segments) {
        const state = feed.states[2 * number + direction] ?? 2;
        if (state > 4) continue;
        sums["OC?RX"[state]] += metres;
        worst = Math.max(worst, state);
      }
      const letter = "OC?RX"[worst];
      if (letter !== route.state) route.cause = null;
      Object.assign(route, { state: letter, by_state_m: sums });
    }
  }

  runs(feed) {
    const drawn = new Set();
    const runs = [];
    for (const route of this.routes) {
      let run = null;
      for (const segment of route.segments) {
        const [number, , first, last] = segment;
        const key = `${number}`;
        if (drawn.has(key)) {
          run = null;
          continue;
        }
        drawn.add(key);
        const state = feed.stateOf(number);
        const ageClass = state === 0 ? this.#ageOf(segment, feed.now) : 0;
        if (run && run.state === state && run.age === ageClass && run.last === first) run.last = last;
        else runs.push((run = { route, state, age: ageClass, first, last }));
      }
    }
    this.current = runs;
    return runs;
  }

  static collection(runs) {
    return {
      type: "FeatureCollection",
      features: runs.map((run) => ({
        type: "Feature",
        geometry: { type: "LineString", coordinates: run.route.coordinates.slice(run.first, run.last + 1) },
        properties: { s: run.state, age: run.age, code: run.route.code },
      })),
    };
  }

  // Letter discs on every stretch that is not open, once per `letter_every_px`; plates once per `plate_every_px`.
  marks(runs, zoom, latitude, style) {
    const metresPerPx = (EARTH_M_PER_PX_Z0 * Math.cos((latitude * Math.PI) / 180)) / 2 ** zoom;
    const letters = [], plates = [];
    for (const run of runs) {
      if (!style.states[run.state].has_letters) continue;
      const line = measure(run.route.coordinates, run.first, run.last);
      const count = Math.max(1, Math.round(line.length / metresPerPx / style.letter_every_px));
      for (let i = 0; i < count; i++) letters.push(point(line.at((i + 0.5) / count), { s: run.state, rank: -run.state }));
    }
    for (const route of this.routes) {
      const line = measure(route.coordinates, 0, route.coordinates.length - 1);
      const count = Math.max(1, Math.round(line.length / metresPerPx / (2 * style.plate_every_px)));
      for (let i = 0; i < count; i++) {
        const key = `plate:${route.code}:${route.state}`;
        plates.push(point(line.at((i + 0.5) / count + (count === 1 ? 0.07 : 0)), { plate: key, rank: "OC?RX".indexOf(route.state) * -1 }));
      }
    }
    const collect = (features) => ({ type: "FeatureCollection", features });
    return { letters: collect(letters), plates: collect(plates) };
  }

  // The segment of a route that lies nearest to a position: its number and the distance in degrees.
  nearest([lon, lat], code) {
    let best = null;
    const squeeze = Math.cos((lat * Math.PI) / 180);
    for (const route of this.routes) {
      if (code && route.code !== code) continue;
      for (const segment of route.segments) {
        for (let i = segment[2]; i < segment[3]; i++) {
          const d = distance([lon, lat], route.coordinates[i], route.coordinates[i + 1], squeeze);
          if (!best || d < best.distance) best = { distance: d, number: segment[0], route };
        }
      }
    }
    return best;
  }

  coordinatesOf(number) {
    for (const route of this.routes) {
      const found = route.segments.find((segment) => segment[0] === number);
      if (found) return route.coordinates.slice(found[2], found[3] + 1);
    }
    return null;
  }
}

function point(coordinates, properties) {
  return { type: "Feature", geometry: { type: "Point", coordinates }, properties };
}

function distance([px, py], [ax, ay], [bx, by], squeeze) {
  const dx = (bx - ax) * squeeze, dy = by - ay, ex = (px - ax) * squeeze, ey = py - ay;
  const t = Math.min(1, Math.max(0, (ex * dx + ey * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(ex - t * dx, ey - t * dy);
}

function measure(coordinates, first, last) {
  const ends = [0];
  for (let i = first; i < last; i++) {
    const [ax, ay] = coordinates[i], [bx, by] = coordinates[i + 1];
    ends.push(ends.at(-1) + 111195 * Math.hypot((bx - ax) * Math.cos((ay * Math.PI) / 180), by - ay));
  }
  const length = ends.at(-1);
  const at = (share) => {
    const wanted = Math.min(0.999, Math.max(0.001, share)) * length;
    let i = 0;
    while (i < ends.length - 2 && ends[i + 1] < wanted) i++;
    const t = (wanted - ends[i]) / (ends[i + 1] - ends[i] || 1);
    const a = coordinates[first + i], b = coordinates[first + i + 1] ?? a;
    return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
  };
  return { length, at };
}
