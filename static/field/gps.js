// Where this phone is, asked once for the whole app, and how near a known hazard that is.
import { bus, tell } from "./contact.js";
import { bearing, distance } from "./geo.js";
import { keep, kept } from "./store.js";

export const WARN_M = 1000;
// Metres from the nearest place where a hazard may be, within which the phone warns. At 60 km/h that is a minute.
const OLD_MS = 120000;
export const gps = { fix: null, before: null, trouble: null, isOn: false };
let watch = null, told = "";

export async function openGps() {
  const wasOn = await kept("gps");
  const permission = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (wasOn && permission?.state === "granted") turnOn();
}

export function turnOn() {
  keep("gps", true);
  if (watch !== null) return;
  if (!navigator.geolocation) { gps.trouble = "none"; tell("gps"); return; }
  gps.isOn = true;
  watch = navigator.geolocation.watchPosition(({ coords, timestamp }) => {
    const fix = { at: [coords.longitude, coords.latitude], accuracy: coords.accuracy, heading: coords.heading, speed: coords.speed, ms: Date.now(), stamp: timestamp };
    if (fix.at[0] === 0 && fix.at[1] === 0) return;
    if (!gps.fix || distance(gps.fix.at, fix.at) > Math.max(15, fix.accuracy)) gps.before = gps.fix;
    Object.assign(gps, { fix, trouble: null });
    tell("gps");
  }, (error) => {
    gps.trouble = error.code === 1 ? "denied" : error.code === 3 ? "timeout" : "none";
    if (error.code === 1) turnOff();
    tell("gps");
  }, { enableHighAccuracy: true, maximumAge: 5000, timeout: 30000 });
  tell("gps");
}

export function turnOff() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
  Object.assign(gps, { isOn: false, fix: null, before: null });
  keep("gps", false);
  tell("gps");
}

// The last position, unless it is too old to be where one stands.
export const here = () => (gps.fix && Date.now() - gps.fix.ms < OLD_MS ? gps.fix : null);

// Hazards that may lie within WARN_M of a position, nearest first; the doubt of both is taken off the distance.
export function hazardsNear(fix, hazards) {
  return hazards.map((hazard) => {
    const place = [hazard.lon, hazard.lat], metres = distance(fix.at, place);
    return { hazard, metres, least: Math.max(0, metres - hazard.u_m - fix.accuracy), bearing: bearing(fix.at, place) };
  }).filter((found) => found.least <= WARN_M).sort((a, b) => a.least - b.least);
}

// The hazards to warn of now; the phone shakes when another one comes near.
export function warnings(bundle) {
  const fix = here();
  const near = fix && bundle ? hazardsNear(fix, bundle.hazards) : [];
  const names = near.map(({ hazard }) => `${hazard.lon} ${hazard.lat}`).join();
  if (near.length && names !== told) navigator.vibrate?.([300, 120, 300, 120, 300]);
  told = names;
  return near;
}

// The next position, or null when the device gives none in time.
export function nextFix(patience = 30000) {
  turnOn();
  if (here()) return Promise.resolve(here());
  return new Promise((resolve) => {
    const end = (value) => { clearTimeout(timer); bus.removeEventListener("gps", look); resolve(value); };
    const look = () => { if (here()) end(here()); else if (gps.trouble) end(null); };
    const timer = setTimeout(() => end(null), patience);
    bus.addEventListener("gps", look);
  });
}
