// The hour as the server has it: this device's clock, corrected by what the two said when they last met.
// A clock that was set back must not make a picture younger: the latest hour known is kept.
import { keep, kept } from "./store.js";

const BACK_MS = 120000, KEPT_EVERY_MS = 60000;
let offset = null, latest = 0, keptAt = 0;

export async function openClock() {
  const known = await kept("clock");
  if (known) ({ offset, latest } = known);
}

export const now = () => Date.now() + (offset ?? 0);
export const offsetSeconds = () => (offset === null ? null : Math.round(offset / 1000));

// Called with the Date header of every answer of the server; the moment asked and the moment answered bracket it.
export async function meet(dateHeader, asked, answered) {
  const server = Date.parse(dateHeader ?? "");
  if (!Number.isFinite(server)) return;
  offset = Math.round(server + 500 - (asked + answered) / 2);
  latest = Math.max(server, 0);
  await keep("clock", { offset, latest });
}

// {ms, isAtLeast}: how long ago a moment was; at least so long where the clock was set back since.
export function ageOf(iso) {
  const moment = Date.parse(iso), at = now();
  if (at > latest) {
    latest = at;
    if (at - keptAt > KEPT_EVERY_MS) { keptAt = at; keep("clock", { offset, latest }); }
  }
  const isSetBack = at < latest - BACK_MS;
  return { ms: Math.max(0, (isSetBack ? latest : at) - moment), isAtLeast: isSetBack };
}

export const isPast = (iso) => Math.max(now(), latest) >= Date.parse(iso);

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], two = (n) => String(n).padStart(2, "0");
export function dayHour(moment) {
  const d = new Date(moment);
  return `${two(d.getUTCDate())}${two(d.getUTCHours())}${two(d.getUTCMinutes())}Z`;
}
export function dateTimeGroup(moment) {
  const d = new Date(moment);
  return `${dayHour(moment)} ${MONTHS[d.getUTCMonth()]} ${two(d.getUTCFullYear() % 100)}`;
}
export const hour = (moment) => { const d = new Date(moment); return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}Z`; };
export const isoOf = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
