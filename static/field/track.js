// The track of this trip. Points are on the disk as they come, so that neither a reload nor an empty battery loses them.
// Where nothing was recorded for a while nothing is claimed: the track falls into parts there.
import { isoOf, now } from "./clock.js";
import { bus, tell } from "./contact.js";
import { distance, lineLength, thinned } from "./geo.js";
import { gps, turnOn } from "./gps.js";
import { all, clear, keep, kept, put } from "./store.js";

const WORST_M = 50, STEP_M = 10, STEP_MS = 20000, FASTEST_MS = 55;
export const GAP_M = 300;
const GAP_MS = 60000, SHORTEST_M = 200;
export const BYTES_MAX = 12000;
// Of a report of at most 20 kB; the rest is for its other answers and words, the later ones too.
export const trip = { isOn: false, since: null, points: [] };
let lock = null;

export async function openTrack() {
  Object.assign(trip, await kept("trip"));
  trip.points = await all("points");
  bus.addEventListener("gps", take);
  if (trip.isOn) resume();
}

function resume() {
  turnOn();
  navigator.wakeLock?.request("screen").then((held) => { lock = held; }, () => {});
}

document.addEventListener("visibilitychange", () => { if (trip.isOn && document.visibilityState === "visible") resume(); });

export async function record() {
  if (!trip.isOn) {
    if (!trip.points.length) trip.since = now();
    trip.isOn = true;
    await keep("trip", { isOn: true, since: trip.since });
  }
  resume();
  tell("track");
}

export async function stop() {
  trip.isOn = false;
  lock?.release();
  await keep("trip", { isOn: false, since: trip.since });
  tell("track");
}

// After the track was handed to a report: the next trip begins where this one ended.
export async function begin() {
  trip.points = [];
  trip.since = trip.isOn ? now() : null;
  await clear("points");
  await keep("trip", { isOn: trip.isOn, since: trip.since });
  tell("track");
}

async function take() {
  const { fix } = gps;
  if (!trip.isOn || !fix || fix.accuracy > WORST_M) return;
  const last = trip.points.at(-1), at = now();
  if (last) {
    const moved = distance(last, fix.at), passed = at - last[2];
    if (moved < STEP_M && passed < STEP_MS) return;
    if (passed > 0 && moved > 100 && moved / (passed / 1000) > FASTEST_MS) return; // a jump of the receiver
  }
  const point = [Number(fix.at[0].toFixed(5)), Number(fix.at[1].toFixed(5)), at];
  trip.points.push(point);
  await put("points", point);
  tell("track");
}

export const length = () => lineLength(trip.points);

// Continuous parts of the track, each small enough for one report: {track: [[lon, lat, s]], km, began, ended}.
export function parts(points = trip.points) {
  const whole = [[]];
  for (const point of points) {
    const last = whole.at(-1).at(-1);
    if (last && (point[2] - last[2] > GAP_MS || point[2] < last[2]) && distance(last, point) > GAP_M) whole.push([]);
    whole.at(-1).push(point);
  }
  return whole.filter((part) => part.length > 1 && lineLength(part) >= SHORTEST_M).flatMap(fitted);
}

function fitted(part) {
  for (const metres of [3, 6, 10, 15]) {
    const thin = thinned(part, metres);
    if (sizeOf(thin) <= BYTES_MAX) return [told(part, thin)];
  }
  const middle = Math.floor(part.length / 2);
  return [...fitted(part.slice(0, middle + 1)), ...fitted(part.slice(middle))];
}

const relative = (points) => points.map(([lon, lat, ms]) => [lon, lat, Math.round((ms - points[0][2]) / 1000)]);
const sizeOf = (points) => JSON.stringify(relative(points)).length;
const told = (part, thin) => ({ track: relative(thin), km: lineLength(part) / 1000, began: isoOf(part[0][2]), ended: isoOf(part.at(-1)[2]) });
