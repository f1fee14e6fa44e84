// WGS 84 to MGRS and to degrees-minutes, for reading under the pointer. Transverse Mercator by the Krüger series to the
// third order of n (errors well under a millimetre inside a zone). The service itself reads and writes grids with its own library.
const A = 6378137, F = 1 / 298.257223563, N = F / (2 - F);
const RADIUS = (A / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);
const ALPHA = [N / 2 - (2 * N ** 2) / 3 + (5 * N ** 3) / 16, (13 * N ** 2) / 48 - (3 * N ** 3) / 5, (61 * N ** 3) / 240];
const E0 = 500000, K0 = 0.9996, ROW = "ABCDEFGHJKLMNPQRSTUV", COLUMN = ["ABCDEFGH", "JKLMNPQR", "STUVWXYZ"], BAND = "CDEFGHJKLMNPQRSTUVWX";

function zoneOf(lon, lat) {
  if (lat >= 56 && lat < 64 && lon >= 3 && lon < 12) return 32;
  if (lat >= 72 && lat < 84 && lon >= 0 && lon < 42) return lon < 9 ? 31 : lon < 21 ? 33 : lon < 33 ? 35 : 37;
  return Math.min(60, Math.floor((lon + 180) / 6) + 1);
}

export function toUtm(lon, lat) {
  const zone = zoneOf(lon, lat);
  const phi = (lat * Math.PI) / 180, lambda = ((lon - (zone * 6 - 183)) * Math.PI) / 180;
  const e = (2 * Math.sqrt(N)) / (1 + N);
  const t = Math.sinh(Math.atanh(Math.sin(phi)) - e * Math.atanh(e * Math.sin(phi)));
  const xi = Math.atan2(t, Math.cos(lambda)), eta = Math.atanh(Math.sin(lambda) / Math.hypot(1, t));
  let x = eta, y = xi;
  ALPHA.forEach((a, i) => {
    const k = 2 * (i + 1);
    x += a * Math.cos(k * xi) * Math.sinh(k * eta);
    y += a * Math.sin(k * xi) * Math.cosh(k * eta);
  });
  return { zone, easting: E0 + K0 * RADIUS * x, northing: K0 * RADIUS * y + (lat < 0 ? 1e7 : 0) };
}

export function formatMgrs(lon, lat, digits = 4) {
  if (lat < -80 || lat > 84) return "polar";
  const wrapped = ((((lon + 180) % 360) + 360) % 360) - 180;
  const { zone, easting, northing } = toUtm(wrapped, lat);
  const column = COLUMN[(zone - 1) % 3][Math.floor(easting / 1e5) - 1];
  const row = ROW[(Math.floor(northing / 1e5) + (zone % 2 ? 0 : 5)) % 20];
  const band = BAND[Math.min(19, Math.floor((lat + 80) / 8))];
  const cut = (value) => String(Math.floor((value % 1e5) / 10 ** (5 - digits))).padStart(digits, "0");
  return `${String(zone).padStart(2, "0")}${band} ${column}${row} ${cut(easting)} ${cut(northing)}`;
}

export function formatDegreesMinutes(lon, lat) {
  const part = (value, width, positive, negative) => {
    const tenths = Math.round(Math.abs(value) * 600);
    return `${String(Math.floor(tenths / 600)).padStart(width, "0")}°${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}′${value < 0 ? negative : positive}`;
  };
  const wrapped = ((((lon + 180) % 360) + 360) % 360) - 180;
  return `${part(lat, 2, "N", "S")} ${part(wrapped, 3, "E", "W")}`;
}
