// States meet our vector tiles in the browser: a tile is fetched as it is (geometry, kept for ever) and each segment gets
// its state `s` as one more property before the map reads it. Where states move, the tiles that hold the segments are
// joined anew: a layer reads only the segments of its state, which a feature state could not decide.
import * as maplibregl from "../../vendor/maplibre/maplibre-gl.mjs";
import { visibleTiles } from "./canvas.js";

let made = 0; // each map has a scheme of its own
const UNKNOWN = 2; // what a segment without `s` shows
const AT = { source: "network", sourceLayer: "segments" };
const MANY = 20000; // more moves than this at once: all tiles are joined anew
const KEPT = 256; // tiles whose segments are remembered; the map itself keeps fewer
const LAYER = 0x1a, FEATURE = 0x12, KEY = 0x1a; // (field number << 3) | 2
const KEYS_BEFORE = 3; // the encoder (fom/maps/mvt.py) always writes the keys h, n, r and, first of all values, 0 … 6

function varint(bytes, at) {
  let value = 0, scale = 1;
  for (;;) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at];
    scale *= 128;
  }
}

function putVarint(bytes, at, value) {
  while (value > 0x7f) {
    bytes[at++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  bytes[at++] = value;
  return at;
}

function varintSize(value) {
  let size = 1;
  while (value > 0x7f) {
    value = Math.floor(value / 128);
    size++;
  }
  return size;
}

// One feature: id first, then its tags (one length byte), then the rest; two more tag bytes are the key and the state.
function putFeature(out, to, bytes, at, end, stateOf) {
  const [id, afterId] = varint(bytes, at + 1);
  const state = stateOf(id);
  const isPlain = state === UNKNOWN;
  out[to++] = FEATURE;
  to = putVarint(out, to, end - at + (isPlain ? 0 : 2));
  if (isPlain) {
    out.set(bytes.subarray(at, end), to);
    return to + end - at;
  }
  const tags = bytes[afterId + 1], rest = afterId + 2 + tags;
  out.set(bytes.subarray(at, afterId + 1), to);
  to += afterId + 1 - at;
  out[to++] = tags + 2;
  out.set(bytes.subarray(afterId + 2, rest), to);
  to += tags;
  out[to++] = KEYS_BEFORE;
  out[to++] = state;
  out.set(bytes.subarray(rest, end), to);
  return to + end - rest;
}

// The numbers of the segments of a tile, ascending, as the encoder writes them.
export function numbersIn(bytes) {
  const numbers = [];
  if (bytes.length === 0) return numbers;
  let [size, at] = varint(bytes, 1);
  const end = at + size;
  while (at < end) {
    const tag = bytes[at];
    const [length, first] = varint(bytes, at + 1);
    if (tag === FEATURE) numbers.push(varint(bytes, first + 1)[0]);
    at = (tag & 7) === 0 ? first : first + length;
  }
  return numbers;
}

function holdsAny(numbers, wanted) {
  return numbers.length < wanted.size ? numbers.some((number) => wanted.has(number)) : [...wanted].some((number) => holds(numbers, number));
}

function holds(numbers, wanted) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return numbers[low] === wanted;
}

// The tile with the property `s` of every segment whose state is known; `stateOf(number)` is 0 … 4.
export function withStates(bytes, stateOf) {
  if (bytes.length === 0) return bytes;
  if (bytes[0] !== LAYER) throw new Error("not a tile of ours");
  const [size, begin] = varint(bytes, 1);
  const out = new Uint8Array(size * 2 + 64); // three bytes more of a feature that has twelve or more
  let at = begin, to = 0, keys = 0;
  const end = begin + size;
  while (at < end) {
    const tag = bytes[at];
    if ((tag & 7) === 0) {
      const next = varint(bytes, at + 1)[1];
      out.set(bytes.subarray(at, next), to);
      to += next - at;
      at = next;
      continue;
    }
    const [length, first] = varint(bytes, at + 1);
    const next = first + length;
    if (tag === FEATURE) to = putFeature(out, to, bytes, first, next, stateOf);
    else {
      out.set(bytes.subarray(at, next), to);
      to += next - at;
      if (tag === KEY && ++keys === KEYS_BEFORE) {
        out.set([KEY, 1, 0x73], to); // the key "s"
        to += 3;
      }
    }
    at = next;
  }
  const tile = new Uint8Array(1 + varintSize(to) + to);
  tile[0] = LAYER;
  tile.set(out.subarray(0, to), putVarint(tile, 1, to));
  return tile;
}

// Joins states to the tiles of one map. `stateOf(number)` answers for now; call `paint` when the answers are other ones.
export class StateTiles {
  constructor(map, stateOf) {
    this.map = map;
    this.stateOf = stateOf;
    this.scheme = `states${++made}`;
    const { tiles, minzoom, maxzoom } = map.getStyle().sources[AT.source]; // the source itself learns them later
    this.plain = tiles[0];
    this.zooms = [minzoom, maxzoom];
    this.tiles = new Map(); // "z/x/y" -> numbers of its segments
    this.stale = new Set(); // "z/x/y" of those joined before the last move
    this.asked = new Set(); // "z/x/y" of those asked for again because they had not been joined
    maplibregl.addProtocol(this.scheme, async ({ url }, abort) => {
      const answer = await fetch(url.replace(`${this.scheme}:`, location.protocol), { signal: abort.signal });
      if (!answer.ok) throw new Error(`tile: ${answer.status}`);
      const plain = new Uint8Array(await answer.arrayBuffer());
      this.#note(url, plain);
      return { data: withStates(plain, this.stateOf).buffer };
    });
    map.on("idle", () => {
      this.#findLacking();
      this.#refresh(); // also one that was being read when its states moved
    });
  }

  // Repaints the segments that moved, or (null) all. Tiles show what they showed until they are ready.
  paint(numbers) {
    if (numbers === null || !this.isJoined) return this.#joinAll();
    if (numbers.length === 0) return;
    const moved = new Set(numbers);
    for (const [key, held] of this.tiles) if (numbers.length > MANY || holdsAny(held, moved)) this.stale.add(key);
    this.#refresh();
  }

  #joinAll() {
    this.isJoined = true;
    for (const some of [this.stale, this.asked, this.tiles]) some.clear();
    this.#show();
    this.map.getSource(AT.source).setTiles([this.plain.replace(/^https?:/, `${this.scheme}:`)]);
    this.#unsettle();
  }

  // From now on until the next idle frame the map does not show what it should.
  #unsettle() {
    this.map.getContainer().removeAttribute("data-still");
    this.map.triggerRepaint();
  }

  // Layers of states are shown with the first tiles that have states; the tiles before were read without them.
  #show() {
    for (const { id, source, layout } of this.map.getStyle().layers) {
      if (source === AT.source && layout?.visibility === "none") this.map.setLayoutProperty(id, "visibility", "visible");
    }
  }

  #note(url, plain) {
    const key = url.match(/(\d+\/\d+\/\d+)\.mvt/)[1];
    this.stale.delete(key);
    this.tiles.delete(key);
    this.tiles.set(key, Uint32Array.from(numbersIn(plain)));
    if (this.tiles.size > KEPT) this.tiles.delete(this.tiles.keys().next().value);
  }

  // A tile that the map was reading when the address changed is read again from what it has: it was never joined.
  #findLacking() {
    if (!this.isJoined) return;
    const inView = visibleTiles(this.map, this.zooms).map((tile) => tile.join("/"));
    const lacking = inView.filter((key) => !this.tiles.has(key) && !this.asked.has(key));
    if (lacking.length === 0) return;
    for (const key of lacking) this.asked.add(key); // once: where there is no tile none will come
    this.#readAgain(lacking);
  }

  #readAgain(keys) {
    this.map.refreshTiles(AT.source, keys.map((key) => key.split("/").map(Number)).map(([z, x, y]) => ({ z, x, y })));
    this.#unsettle();
  }

  // Tiles in view are read one by one. One that the map keeps for later can only be forgotten together with all others.
  #refresh() {
    if (this.stale.size === 0) return;
    const inView = new Set(visibleTiles(this.map, this.zooms).map((tile) => tile.join("/")));
    const stale = [...this.stale];
    if (!stale.every((key) => inView.has(key))) {
      for (const key of stale) if (!inView.has(key)) this.tiles.delete(key) && this.stale.delete(key);
      this.map.refreshTiles(AT.source);
      return this.#unsettle();
    }
    this.#readAgain(stale);
  }
}
