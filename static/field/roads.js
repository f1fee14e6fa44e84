// The roads of the carried area: unpacked once, found near a finger, and the way along them between two places.
// What the phone finds is a proposal: the service matches it again.
import { distance, project } from "./geo.js";
import { kept } from "./store.js";

const CELL_DEG = 0.01, MIN_MS = 60000;
const FARTHEST = 4, DETOUR_M = 3000;
// A way along roads longer than so many times the straight line is not what was drawn.
export const STRETCHES_MAX = 250;
// Each costs some fifty of the 20 kB of a report.

// The positions [lon, lat] of an encoded polyline (precision 5, latitude first).
export function decodeLine(text) {
  const line = [];
  let lat = 0, lon = 0, isLat = true;
  for (let i = 0; i < text.length;) {
    let value = 0, shift = 0, five;
    do { five = text.charCodeAt(i++) - 63; value |= (five & 31) << shift; shift += 5; } while (five >= 32);
    const step = value & 1 ? ~(value >> 1) : value >> 1;
    if (isLat) lat += step; else { lon += step; line.push([lon / 1e5, lat / 1e5]); }
    isLat = !isLat;
  }
  return line;
}

const EMPTY = { list: [], cells: new Map(), nodes: new Map() };
let known = EMPTY, of = null;

// The roads of a bundle; none where they do not belong to it.
export async function readRoads(bundle) {
  if (!bundle?.area) return EMPTY;
  const mark = `${bundle.network} ${bundle.as_of} ${JSON.stringify(bundle.area.middle)} ${bundle.area.radius_km}`;
  if (of === mark) return known;
  const packed = await kept("roads");
  known = packed?.as_of === bundle.as_of ? unpackRoads(packed, Date.parse(bundle.as_of)) : EMPTY;
  of = mark;
  return known;
}

export function unpackRoads({ ids, lines, lengths_m, ranks, states, turns }, asOf) {
  const list = ids.map((id, i) => {
    const line = decodeLine(lines[i]), lons = line.map(([lon]) => lon), lats = line.map(([, lat]) => lat);
    const until = [turns[2 * i], turns[2 * i + 1]].map((minutes) => (minutes === undefined ? null : new Date(asOf + minutes * MIN_MS).toISOString()));
    return { id, line, length: lengths_m[i], rank: Number(ranks[i]), states: [states[2 * i], states[2 * i + 1]], until, box: [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)] };
  });
  const cells = new Map(), nodes = new Map();
  const put = (map, key, value) => { const had = map.get(key); if (had) had.push(value); else map.set(key, [value]); };
  for (const road of list) {
    const [west, south, east, north] = road.box.map((edge) => Math.floor(edge / CELL_DEG));
    for (let x = west; x <= east; x++) for (let y = south; y <= north; y++) put(cells, `${x} ${y}`, road);
    road.nodes = [road.line[0], road.line.at(-1)].map(String);
    for (const node of new Set(road.nodes)) put(nodes, node, road);
  }
  return { list, cells, nodes };
}

// Where a position lies on the nearest road within `reach` metres: {road, at, off, share}; null where there is none.
export function onRoad(point, roads, reach) {
  const found = roadsNear(point, roads, reach).map((road) => {
    const { off, along, length, at } = project(point, road.line);
    return { road, at, off, share: length ? along / length : 0 };
  }).filter(({ off }) => off <= reach);
  return found.length ? found.reduce((a, b) => (b.off < a.off || (b.off === a.off && b.road.id < a.road.id) ? b : a)) : null;
}

function roadsNear([lon, lat], { cells }, reach) {
  const step = reach / 111000, wide = step / Math.max(0.05, Math.cos((lat * Math.PI) / 180)), found = new Set();
  for (let x = Math.floor((lon - wide) / CELL_DEG); x <= Math.floor((lon + wide) / CELL_DEG); x++) {
    for (let y = Math.floor((lat - step) / CELL_DEG); y <= Math.floor((lat + step) / CELL_DEG); y++) for (const road of cells.get(`${x} ${y}`) ?? []) found.add(road);
  }
  return [...found];
}

// The shortest way along carried roads through places found by `onRoad`: {stretches: [{id, from_m, to_m}], line, metres};
// null where no carried roads join them, or only by far.
export function wayAlong(places, roads) {
  const pieces = [];
  for (let i = 0; i + 1 < places.length; i++) {
    const leg = between(places[i], places[i + 1], roads);
    if (!leg) return null;
    pieces.push(...leg);
  }
  const stretches = [], line = [];
  for (const { road, from, to } of pieces) {
    if (from === to) continue;
    const part = cut(road.line, from, to);
    line.push(...(line.length && String(line.at(-1)) === String(part[0]) ? part.slice(1) : part));
    const [low, high] = [Math.min(from, to) * road.length, Math.max(from, to) * road.length], last = stretches.at(-1);
    if (last?.id === road.id && low <= last.to_m + 1 && high >= last.from_m - 1) Object.assign(last, { from_m: Math.min(last.from_m, low), to_m: Math.max(last.to_m, high) });
    else stretches.push({ id: road.id, from_m: low, to_m: high });
  }
  const metres = pieces.reduce((sum, { road, from, to }) => sum + Math.abs(to - from) * road.length, 0);
  return { stretches: stretches.map(({ id, from_m, to_m }) => ({ id, from_m: Math.floor(from_m), to_m: Math.floor(to_m) })).filter(({ from_m, to_m }) => to_m > from_m), line, metres };
}

// Pieces {road, from, to} (shares of the road) of the shortest way, by Dijkstra's algorithm over the ends of roads.
function between(start, end, { nodes }) {
  const limit = FARTHEST * distance(start.at, end.at) + DETOUR_M;
  const straight = start.road === end.road ? Math.abs(end.share - start.share) * start.road.length : Infinity;
  const best = new Map(), queue = [], settled = new Set();
  const offer = (node, metres, before, piece) => {
    if (metres > limit || metres >= (best.get(node)?.metres ?? Infinity)) return;
    best.set(node, { metres, before, piece });
    queue.push([metres, node]);
  };
  for (const side of [0, 1]) offer(start.road.nodes[side], Math.abs(side - start.share) * start.road.length, null, { road: start.road, from: start.share, to: side });
  let last = straight <= limit ? { metres: straight, pieces: [{ road: start.road, from: start.share, to: end.share }] } : null;
  while (queue.length) {
    const next = queue.reduce((least, entry, i) => (entry[0] < queue[least][0] ? i : least), 0), [[metres, node]] = queue.splice(next, 1);
    if (settled.has(node)) continue;
    if (last && metres >= last.metres) break;
    settled.add(node);
    for (const side of [0, 1]) {
      if (end.road.nodes[side] !== node) continue;
      const whole = metres + Math.abs(side - end.share) * end.road.length;
      if (whole < (last?.metres ?? Infinity) && whole <= limit) last = { metres: whole, node, piece: { road: end.road, from: side, to: end.share } };
    }
    for (const road of nodes.get(node) ?? []) {
      if (road.nodes[0] === node) offer(road.nodes[1], metres + road.length, node, { road, from: 0, to: 1 });
      if (road.nodes[1] === node) offer(road.nodes[0], metres + road.length, node, { road, from: 1, to: 0 });
    }
  }
  if (!last || last.pieces) return last?.pieces ?? null;
  const pieces = [last.piece];
  for (let at = last.node; at !== null;) { const { piece, before } = best.get(at); pieces.unshift(piece); at = before; }
  return pieces;
}

// The points of a line between two shares of its length, in the order asked.
function cut(line, from, to) {
  const lengths = line.slice(1).map((point, i) => distance(line[i], point)), whole = lengths.reduce((a, b) => a + b, 0);
  const at = (share) => {
    let rest = share * whole;
    for (let i = 0; i < lengths.length; i++) {
      if (rest <= lengths[i] && lengths[i]) return { i, point: line[i].map((value, axis) => value + (rest / lengths[i]) * (line[i + 1][axis] - value)) };
      rest -= lengths[i];
    }
    return { i: lengths.length - 1, point: line.at(-1) };
  };
  const [low, high] = [at(Math.min(from, to)), at(Math.max(from, to))], points = [low.point, ...line.slice(low.i + 1, high.i + 1), high.point];
  return from > to ? points.reverse() : points;
}

// Whether a position lies inside an area's rings (holes and parts by the even-odd rule).
export function isWithin([lon, lat], rings) {
  let isIn = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [[ax, ay], [bx, by]] = [ring[i], ring[j]];
      if ((ay > lat) !== (by > lat) && lon < ((bx - ax) * (lat - ay)) / (by - ay) + ax) isIn = !isIn;
    }
  }
  return isIn;
}
