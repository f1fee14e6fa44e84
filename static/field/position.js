// Positions as people write them, read on the device exactly as `fom/domain/positions.py` and `mgrs_grid.py` read them;
// one table of cases is held against both. Besides: what is asked back (doctrine 9.5) instead of being guessed.
import { formatMgrs } from "../js/mgrs.js";
import { isInside } from "./geo.js";

const A = 6378137, F = 1 / 298.257223563, N = F / (2 - F), E = (2 * Math.sqrt(N)) / (1 + N), K0 = 0.9996;
const RADIUS = (A / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);
const BETA = [N / 2 - (2 * N ** 2) / 3 + (37 * N ** 3) / 96, N ** 2 / 48 + N ** 3 / 15, (17 * N ** 3) / 480];
const ROWS = "ABCDEFGHJKLMNPQRSTUV", COLUMNS = ["ABCDEFGH", "JKLMNPQR", "STUVWXYZ"], BANDS = "CDEFGHJKLMNPQRSTUVWX";
// band -> least northing and the two thousand kilometres in which its letters are counted, in 100 km
const LEAST = { C: [11, 0], D: [20, 20], E: [28, 20], F: [37, 20], G: [46, 40], H: [55, 40], J: [64, 60], K: [73, 60], L: [82, 80], M: [91, 80], N: [0, 0], P: [8, 0], Q: [17, 0], R: [26, 20], S: [35, 20], T: [44, 40], U: [53, 40], V: [62, 60], W: [70, 60], X: [79, 60] };

export class Refused extends Error {
  constructor(code, values = {}) {
    super(code);
    Object.assign(this, { code, values });
  }
}

export function fromUtm(zone, isSouth, easting, northing) {
  const xi = (northing - (isSouth ? 1e7 : 0)) / (K0 * RADIUS), eta = (easting - 500000) / (K0 * RADIUS);
  let x = xi, y = eta;
  BETA.forEach((b, i) => {
    const k = 2 * (i + 1);
    x -= b * Math.sin(k * xi) * Math.cosh(k * eta);
    y -= b * Math.cos(k * xi) * Math.sinh(k * eta);
  });
  const chi = Math.asin(Math.sin(x) / Math.cosh(y));
  // the geographic latitude of a conformal one, by Newton's steps on its tangent
  const wanted = Math.tan(chi);
  let t = wanted;
  for (let i = 0; i < 8; i++) {
    const s = Math.sinh(E * Math.atanh((E * t) / Math.sqrt(1 + t * t)));
    const now = t * Math.sqrt(1 + s * s) - s * Math.sqrt(1 + t * t);
    const step = ((wanted - now) / Math.sqrt(1 + now * now)) * ((1 + (1 - E * E) * t * t) / ((1 - E * E) * Math.sqrt(1 + t * t)));
    t += step;
    if (Math.abs(step) < 1e-13) break;
  }
  const lon = zone * 6 - 183 + (Math.atan2(Math.sinh(y), Math.cos(x)) * 180) / Math.PI;
  return [lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon, (Math.atan(t) * 180) / Math.PI];
}

// The square of a grid reference: {text, lon, lat, side} with the position of its centre.
export function readSquare(text) {
  const plain = text.replace(/\s+/g, "").toUpperCase();
  const match = /^(\d{1,2})([A-Z])([A-Z]{2})(\d*)$/.exec(plain);
  if (!match) {
    if (/^[A-Z]{2}\d*$/.test(plain)) throw new Refused("no_zone");
    if (/^[ABYZ][A-Z]{2}\d*$/.test(plain)) throw new Refused("polar");
    throw new Refused("no_grid");
  }
  const [, zoneText, band, square, digits] = match, zone = Number(zoneText);
  if (zone < 1 || zone > 60) throw new Refused("bad_zone", { zone: zoneText });
  if ("ABYZ".includes(band)) throw new Refused("polar");
  if (/[IO]/.test(band + square)) throw new Refused("i_and_o");
  if (digits.length % 2 || digits.length < 2 || digits.length > 10) throw new Refused("odd_digits", { n: digits.length });
  const half = digits.length / 2, column = COLUMNS[(zone - 1) % 3].indexOf(square[0]), row = ROWS.indexOf(square[1]);
  const isCut = (band === "X" && [32, 34, 36].includes(zone)) || (band === "V" && zone === 31 && square[0] > "D");
  if (column < 0 || row < 0 || isCut) throw new Refused("no_square", { square, zone: zoneText + band });
  const [least, counted] = LEAST[band];
  let north = ((row - (zone % 2 ? 0 : 5) + 20) % 20) + counted;
  if (north < least) north += 20;
  const part = (value) => Number(value.padEnd(5, "0")), side = 10 ** (5 - half);
  const easting = (column + 1) * 1e5 + part(digits.slice(0, half)), northing = north * 1e5 + part(digits.slice(half));
  const [lon, lat] = fromUtm(zone, band < "N", easting + side / 2, northing + side / 2);
  return { text: `${String(zone).padStart(2, "0")}${band}${square}${digits}`, lon, lat, side };
}

export const isGridReference = (text) => /^\s*\d{1,2}\s*[A-Za-z]\s*[A-Za-z]{2}[\d\s]*$/.test(text) || (/^(\d{1,2}\s*)?[A-Za-z]{1,3}[\sA-Za-z]*[\d\s]*$/.test(text) && /[A-Za-z]{2}/.test(text));

const HALF = /^\s*([NSEWnsew])?\s*([-+−]?)(\d+(?:\.\d+)?)\s*(?:°|º|d|deg|\s|:)?\s*(?:(\d+(?:\.\d+)?)\s*(?:['′’m:]|\s|$)?\s*)?(?:(\d+(?:\.\d+)?)\s*(?:["″”s]|'')?\s*)?([NSEWnsew])?\s*$/;

function readHalf(half) {
  const match = HALF.exec(half), letters = match ? (match[1] ?? "") + (match[6] ?? "") : "";
  if (letters.length !== 1) throw new Refused("unreadable", { part: half.trim() });
  if (match[2]) throw new Refused("sign_and_letter", { part: half.trim() });
  const [degrees, minutes, seconds] = [Number(match[3]), Number(match[4] ?? 0), Number(match[5] ?? 0)];
  const isWhole = Number.isInteger(degrees) && (!match[5] || Number.isInteger(minutes));
  if (minutes >= 60 || seconds >= 60 || (match[4] && !isWhole)) throw new Refused("over_sixty", { part: half.trim() });
  const letter = letters.toUpperCase(), value = degrees + minutes / 60 + seconds / 3600;
  return ["NS".includes(letter) ? "lat" : "lon", "SW".includes(letter) ? -value : value];
}

function halvesOf(text) {
  const comma = text.split(/[,;/]/).filter((part) => part.trim());
  return comma.length === 2 ? comma : text.split(/^\s*[NSEWnsew]/.test(text) ? /(?=[NSEWnsew])/ : /(?<=[NSEWnsew])/).filter((part) => part.trim());
}

function readLettered(text) {
  const values = {};
  for (const half of halvesOf(text)) {
    const [axis, value] = readHalf(half);
    if (axis in values) throw new Refused("axis_twice");
    values[axis] = value;
  }
  if (!("lon" in values && "lat" in values)) throw new Refused("no_pair");
  return [values.lon, values.lat];
}

const NUMBER = "[-+−]?\\d+(?:\\.\\d+)?", signed = (text) => Number(text.replace("−", "-").replace(",", "."));

function readPlain(text) {
  const pair = new RegExp(`^\\s*(${NUMBER})\\s*[,;/\\s]\\s*(${NUMBER})\\s*$`).exec(text.replaceAll("°", "")) ?? /^\s*([-+−]?\d+,\d+)\s*[;/\s]\s*([-+−]?\d+,\d+)\s*$/.exec(text);
  if (pair) return [signed(pair[1]), signed(pair[2])];
  const numbers = (text.match(new RegExp(NUMBER, "g")) ?? []).map(signed);
  if (numbers.length === 4 || numbers.length === 6) {
    const half = numbers.length / 2, join = (parts) => Math.sign(parts[0] || 1) * parts.reduce((sum, part, i) => sum + Math.abs(part) / 60 ** i, 0);
    const [one, two] = [join(numbers.slice(0, half)), join(numbers.slice(half))];
    if (Math.max(Math.abs(one), Math.abs(two)) > 90) throw new Refused("unreadable", { part: text });
    throw new Refused("which_first", { readings: [[one, two], [two, one]] });
  }
  throw new Refused("unreadable", { part: text });
}

// Arabic and Persian figures and commas as Latin ones.
export const latinFigures = (text) => String(text ?? "").replace(/[٠-٩]/g, (c) => c.charCodeAt(0) - 0x660).replace(/[۰-۹]/g, (c) => c.charCodeAt(0) - 0x6f0).replaceAll("،", ",").replaceAll("٫", ".");

// {lon, lat, kind}: kind is mgrs, lettered or plain (plain numbers are longitude first, as on the server). Throws Refused.
export function parsePosition(raw) {
  const text = latinFigures(raw).trim();
  if (!text) throw new Refused("empty");
  let kind, lon, lat, square = null;
  if (!/\d/.test(text) || isGridReference(text)) {
    square = readSquare(text);
    [kind, lon, lat] = ["mgrs", square.lon, square.lat];
  } else if (/[NSEWnsew]/.test(text)) [kind, lon, lat] = ["lettered", ...readLettered(text)];
  else [kind, lon, lat] = ["plain", ...readPlain(text)];
  if (Math.abs(lat) > 90 && Math.abs(lon) <= 90 && Math.abs(lat) <= 180) throw new Refused("swapped", { readings: [[lat, lon]] });
  if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) throw new Refused("off_the_globe");
  if (lon === 0 && lat === 0) throw new Refused("zero");
  return { lon, lat, kind, square };
}

// The doubt of degrees as their figures leave it open, metres: as on the server (`written_doubt_m`).
export function writtenDoubt(text) {
  const step = 111320, decimals = (number) => (number.split(/[.,]/)[1] ?? "").length, cells = [];
  const lettered = /[NSEWnsew]/.test(text);
  if (lettered) {
    for (const [, , , degrees, minutes, seconds] of halvesOf(text).map((half) => HALF.exec(half) ?? []))
      if (seconds) cells.push(step / 3600 / 10 ** decimals(seconds));
      else if (minutes) cells.push(step / 60 / 10 ** decimals(minutes));
      else if (degrees) cells.push(step / 10 ** decimals(degrees));
  } else for (const number of (text.match(/\d+(?:[.,]\d+)?/g) ?? []).slice(0, 2)) cells.push(step / 10 ** decimals(number));
  return (lettered ? Math.max(0, ...cells) : cells.length ? Math.min(...cells) : 0) * Math.SQRT1_2 + 15;
}

// What a text may mean inside a mission: {places: [{lon, lat, kind, text, accuracy}], ask: null | "swap" | "zone" | "outside"}.
// More than one place, or `ask`, means that a person must choose or confirm. Throws Refused.
export function meanings(raw, box) {
  const text = latinFigures(raw).trim(), inBox = (place) => !box || isInside([place.lon, place.lat], box);
  const made = (lon, lat, kind, square = null) => ({ lon, lat, kind, text: square?.text ?? text, accuracy: square ? (square.side * Math.SQRT2) / 2 + 15 : writtenDoubt(text) });
  let found;
  try {
    found = parsePosition(text);
  } catch (refused) {
    if (refused.code === "no_zone") return { places: withZones(text, box).map((s) => made(s.lon, s.lat, "mgrs", s)), ask: "zone" };
    if (refused.values?.readings) return { places: refused.values.readings.map(([lon, lat]) => made(lon, lat, "plain")).filter(isOnGlobe), ask: "swap" };
    throw refused;
  }
  const place = made(found.lon, found.lat, found.kind, found.square);
  const swapped = found.kind === "plain" ? made(found.lat, found.lon, "plain") : null;
  // numbers without letters: people say latitude first as often as not, so both readings are shown
  if (swapped && isOnGlobe(swapped) && found.lon !== found.lat) {
    const inside = [place, swapped].filter(inBox);
    return inside.length === 1 ? { places: inside, ask: inside[0] === place ? null : "swap" } : { places: [place, swapped], ask: "swap" };
  }
  return { places: [place], ask: inBox(place) ? null : "outside" };
}

const isOnGlobe = ({ lon, lat }) => Math.abs(lat) <= 90 && Math.abs(lon) <= 180;

// A reference without its zone: every zone and band of the mission in which such a square lies inside the box.
function withZones(text, box) {
  if (!box) throw new Refused("no_zone");
  const plain = text.replace(/\s+/g, "").toUpperCase(), [west, south, east, north] = box, found = new Map();
  if (plain.slice(2).length % 2 || plain.length < 4) throw new Refused("odd_digits", { n: Math.max(0, plain.length - 2) });
  const zoneOf = (lon) => Math.min(60, Math.floor((lon + 180) / 6) + 1), bandOf = (lat) => Math.min(19, Math.floor((lat + 80) / 8));
  for (let zone = zoneOf(west); zone <= zoneOf(east); zone++) {
    for (let band = bandOf(south); band <= bandOf(north); band++) {
      try {
        const square = readSquare(`${zone}${BANDS[band]}${plain}`);
        if (isInside([square.lon, square.lat], box)) found.set(`${square.lon.toFixed(5)} ${square.lat.toFixed(5)}`, square);
      } catch (refused) {
        if (refused.code !== "no_square") throw refused;
      }
    }
  }
  if (!found.size) throw new Refused("no_zone");
  return [...found.values()];
}

const dm = (value, positive, negative) => {
  const thousandths = Math.round(Math.abs(value) * 60000), degrees = Math.floor(thousandths / 60000);
  return `${degrees}°${((thousandths % 60000) / 1000).toFixed(3).padStart(6, "0")}'${value < 0 && thousandths ? negative : positive}`;
};
export const formatDm = (lon, lat) => `${dm(lat, "N", "S")} ${dm(lon, "E", "W")}`;
export const formatGrid = (lon, lat) => formatMgrs(lon, lat, 5);
export const twoForms = (lon, lat) => (lat < -80 || lat > 84 ? [formatDm(lon, lat)] : [formatGrid(lon, lat), formatDm(lon, lat)]);
