// Which area this phone carries in full: chosen by its owner, remembered here, asked for with every picture.
// {kind: "mission" | "area" | "route" | "place" | "phone", id, name, lon, lat, radius_km}; nothing = the account's own area.
import { here } from "./gps.js";
import { keep, kept } from "./store.js";

export const RADII_KM = { place: [5, 10, 25, 50], phone: [5, 10, 25, 50], route: [2, 5, 10] };
export const USUAL_KM = { place: 25, phone: 25, route: 5 };
const GRID = 50; // steps of 0.02 degrees: some two kilometres, so that the service learns no more than that

export const readWish = () => kept("area");
export const keepWish = (wish) => keep("area", wish);

// The query of a wish, {} where the service is to choose.
export async function wishQuery() {
  const wish = await readWish();
  if (!wish) return {};
  if (wish.kind === "mission") return { area: "mission" };
  if (wish.kind === "area") return { area: wish.id };
  if (wish.kind === "route") return { route: wish.id, radius_km: wish.radius_km };
  if (wish.kind === "phone") {
    const fix = here();
    if (fix) {
      const [lon, lat] = fix.at.map((value) => Number((Math.round(value * GRID) / GRID).toFixed(2)));
      if (lon !== wish.lon || lat !== wish.lat) await keepWish(Object.assign(wish, { lon, lat }));
    }
    if (wish.lon === undefined) return {};
  }
  return { around: `${wish.lon},${wish.lat}`, radius_km: wish.radius_km };
}
