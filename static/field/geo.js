// Distances on the sphere, and key routes as lines by kilometre. Positions are [lon, lat] in degrees, lengths metres.
const RADIUS_M = 6371008.8, RAD = Math.PI / 180;

export function distance([lonA, latA], [lonB, latB]) {
  const a = Math.sin(((latB - latA) * RAD) / 2) ** 2 + Math.cos(latA * RAD) * Math.cos(latB * RAD) * Math.sin(((lonB - lonA) * RAD) / 2) ** 2;
  return 2 * RADIUS_M * Math.asin(Math.min(1, Math.sqrt(a)));
}

export function bearing([lonA, latA], [lonB, latB]) {
  const d = (lonB - lonA) * RAD, a = latA * RAD, b = latB * RAD;
  const angle = Math.atan2(Math.sin(d) * Math.cos(b), Math.cos(a) * Math.sin(b) - Math.sin(a) * Math.cos(b) * Math.cos(d)) / RAD;
  return (angle + 360) % 360;
}

export function destination([lon, lat], metres, degrees) {
  const s = metres / RADIUS_M, t = degrees * RAD, a = lat * RAD;
  const b = Math.asin(Math.sin(a) * Math.cos(s) + Math.cos(a) * Math.sin(s) * Math.cos(t));
  const d = Math.atan2(Math.sin(t) * Math.sin(s) * Math.cos(a), Math.cos(s) - Math.sin(a) * Math.sin(b));
  return [((lon + d / RAD + 540) % 360) - 180, b / RAD];
}

export const isInside = ([lon, lat], [west, south, east, north]) => lon >= west && lon <= east && lat >= south && lat <= north;

export function outsideBy(point, [west, south, east, north]) {
  const nearest = [Math.min(Math.max(point[0], west), east), Math.min(Math.max(point[1], south), north)];
  return distance(point, nearest);
}

export const lineLength = (points) => points.slice(1).reduce((sum, point, i) => sum + distance(points[i], point), 0);

// The nearest place on a line: metres along it, metres off it, the place itself.
export function project(point, line) {
  const kx = Math.cos(point[1] * RAD) * RAD * RADIUS_M, ky = RAD * RADIUS_M;
  let best = { off: Infinity, along: 0, at: line[0] }, along = 0;
  for (let i = 0; i + 1 < line.length; i++) {
    const [ax, ay] = [(line[i][0] - point[0]) * kx, (line[i][1] - point[1]) * ky];
    const [bx, by] = [(line[i + 1][0] - point[0]) * kx, (line[i + 1][1] - point[1]) * ky];
    const [dx, dy] = [bx - ax, by - ay], size = dx * dx + dy * dy, length = Math.sqrt(size);
    const t = size ? Math.min(1, Math.max(0, -(ax * dx + ay * dy) / size)) : 0;
    const off = Math.hypot(ax + t * dx, ay + t * dy);
    if (off < best.off) best = { off, along: along + t * length, at: [line[i][0] + t * (line[i + 1][0] - line[i][0]), line[i][1] + t * (line[i + 1][1] - line[i][1])] };
    along += length;
  }
  return { ...best, length: along };
}

// Where a position lies on the key routes: {route, line, km, off, at}, nearest first.
export function onRoutes(point, routes) {
  return routes.flatMap((route) => {
    const found = route.lines.filter((line) => line.coordinates.length > 1).map((line) => {
      const { off, along, length, at } = project(point, line.coordinates);
      return { route, line, off, at, km: line.from_km + (length ? along / length : 0) * (line.to_km - line.from_km) };
    });
    return found.length ? [found.reduce((a, b) => (b.off < a.off ? b : a))] : [];
  }).sort((a, b) => a.off - b.off);
}

// The position at a kilometre of a key route, null beyond its ends.
export function atKilometre(route, km) {
  const line = route.lines.find((part) => km >= part.from_km - 1e-6 && km <= part.to_km + 1e-6 && part.coordinates.length > 1);
  if (!line) return null;
  const share = line.to_km > line.from_km ? (km - line.from_km) / (line.to_km - line.from_km) : 0;
  let rest = Math.min(1, Math.max(0, share)) * lineLength(line.coordinates);
  for (let i = 0; i + 1 < line.coordinates.length; i++) {
    const [a, b] = [line.coordinates[i], line.coordinates[i + 1]], length = distance(a, b);
    if (rest <= length && length) return [a[0] + (rest / length) * (b[0] - a[0]), a[1] + (rest / length) * (b[1] - a[1])];
    rest -= length;
  }
  return line.coordinates.at(-1);
}

// The part of a key route between two kilometres, as points.
export function between(route, fromKm, toKm) {
  const [low, high] = [Math.min(fromKm, toKm), Math.max(fromKm, toKm)];
  const points = [atKilometre(route, low)];
  for (const line of route.lines) {
    const length = lineLength(line.coordinates);
    let along = 0;
    line.coordinates.forEach((point, i) => {
      if (i) along += distance(line.coordinates[i - 1], point);
      const km = line.from_km + (length ? along / length : 0) * (line.to_km - line.from_km);
      if (km > low && km < high) points.push(point);
    });
  }
  points.push(atKilometre(route, high));
  return points.filter(Boolean);
}

// Fewer points, none of the left out ones farther than `metres` from the line (Douglas and Peucker, without recursion).
export function thinned(points, metres) {
  if (points.length < 3) return points;
  const keep = new Uint8Array(points.length);
  keep[0] = keep[points.length - 1] = 1;
  const work = [[0, points.length - 1]];
  while (work.length) {
    const [first, last] = work.pop();
    let far = -1, most = metres;
    for (let i = first + 1; i < last; i++) {
      const { off } = project(points[i], [points[first], points[last]]);
      if (off > most) { most = off; far = i; }
    }
    if (far > 0) { keep[far] = 1; work.push([first, far], [far, last]); }
  }
  return points.filter((_, i) => keep[i]);
}
