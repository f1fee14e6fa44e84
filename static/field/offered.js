// What a form offers to choose from, by the register that it names: the rows that the service offers in every form.
import { distance } from "./geo.js";
import { here } from "./gps.js";

const CARRIED = { air_head: ["air_heads"], crossing: ["crossings"], site: ["camps", "places"] };

export const rowsOf = (bundle, register) => (CARRIED[register] ?? []).flatMap((name) => bundle?.[name] ?? []).filter((row) => row.id);

// The nearest first where the phone knows where it is, else by name.
export function nearestFirst(rows) {
  const fix = here(), away = (row) => (fix && row.lon !== undefined ? distance(fix.at, [row.lon, row.lat]) : null);
  return rows.map((row) => ({ ...row, away: away(row) })).sort((a, b) => (a.away ?? Infinity) - (b.away ?? Infinity) || (a.name ?? "").localeCompare(b.name ?? ""));
}
