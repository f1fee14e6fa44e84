"""One small invented place: up to three short segments, and geometry drawn beside them in metres.

Distances are aimed here, roughly, at both sides of the thresholds; the oracle measures them and gives back a history
in which one lies too close to call.
"""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random
from typing import Any

from tests.oracle.documents import DEFAULT_POLICY
from tests.oracle.mgrs_reading import write_mgrs
from tests.oracle.setting import Setting, chance

XY = tuple[float, float]
HIGHWAYS = ("primary", "secondary", "tertiary", "unclassified", "track")
ASSET_TYPES = ("bridge", "bridge", "culvert", "ford", "ferry", "tunnel", "pass")
LIMIT_VALUES: dict[str, tuple[float | None, ...]] = {
    "mlc": (3, 4, 11, 12, 13, 16, 20, 22, 70, 100),
    "mass_t": (3, 3.5, 3.8, 10, 11, 20, 40, 80),
    "width_m": (1.9, 2.0, 2.2, 2.5, 2.7, 3.0, 3.7, 6.0),
    "height_m": (2.0, 2.1, 3.2, 3.5, 3.6, 4.0, 4.5, 6.0),
    "depth_m": (0.1, 0.3, 0.45, 0.5, 0.6, 0.9, 1.2),
}


class Sketch:
    """A segment as drawn: its vertices in metres, and what records need to know of it."""

    def __init__(self, segment_id: str, points: list[XY], properties: dict[str, Any]) -> None:
        self.id, self.points, self.p = segment_id, points, properties
        self.length = sum(math.dist(p, q) for p, q in pairwise(points))

    def beside(self, along: float, offset: float) -> tuple[XY, XY]:
        """Return the point `along` metres from the start and `offset` to its left, and the direction there."""
        left = min(max(along, 0.0), self.length)
        for i, (p, q) in enumerate(pairwise(self.points)):
            size = math.dist(p, q)
            if left <= size or i == len(self.points) - 2:
                ux, uy = (q[0] - p[0]) / size, (q[1] - p[1]) / size
                return (p[0] + ux * left - uy * offset, p[1] + uy * left + ux * offset), (ux, uy)
            left -= size
        raise AssertionError("a segment has edges")


class Scene:
    """Draws segments and geometry around one place on the globe."""

    def __init__(self, rng: Random, setting: Setting, prefix: str, lon: float, lat: float) -> None:
        self.rng, self.setting, self.prefix, self.lon, self.lat = rng, setting, prefix, lon, lat
        sin2 = math.sin(math.radians(lat)) ** 2
        root = math.sqrt(1 - 0.00669437999 * sin2)
        self.east = 180 / math.pi / (6378137.0 / root * math.cos(math.radians(lat)))
        self.north = 180 / math.pi / (6378137.0 * (1 - 0.00669437999) / root**3)
        self.policy = {**DEFAULT_POLICY, **setting.policy}
        self.sketches: list[Sketch] = []
        self.assets: dict[str, dict[str, Any]] = {}

    # the roads

    def draw_roads(self) -> None:
        """Draw one to three segments: onward, side by side or crossing."""
        rng = self.rng
        heading = rng.random() * 360
        first = self._path((0.0, 0.0), heading, rng.choice((60, 90, 150, 300, 400, 500, 500, 700, 1000, 1300, 3100)))
        self._add("a", first)
        if chance(rng, 0.45):
            turn = rng.choice((-90, -30, 0, 15, 60, 120))
            start = first[-1]
            if chance(rng, 0.3):
                start, turn = self.sketches[0].beside(0, rng.choice((-160, -60, -33, 45, 90)))[0], 0
            self._add("b", self._path(start, heading + turn, rng.choice((60, 150, 300, 500))))
            if chance(rng, 0.3):
                self._add("c", self._path(first[0], heading + rng.choice((90, 150, 200)), rng.choice((80, 250, 600))))

    def draw_many_roads(self, count: int) -> None:
        """Draw a long chain of short segments, for improvements that name many."""
        for i in range(count):
            self._add(f"a{i:02d}", [(i * 60.0, 0.0), (i * 60.0 + 60.0, 0.0)], plain=True)

    def _path(self, start: XY, heading: float, length: float) -> list[XY]:
        points, pieces = [start], self.rng.choice((1, 1, 2, 3))
        for _ in range(pieces):
            x, y = points[-1]
            step = length / pieces
            points.append((x + step * math.sin(math.radians(heading)), y + step * math.cos(math.radians(heading))))
            heading += self.rng.choice((-20, -8, 0, 10, 25))
        return points

    def _add(self, name: str, points: list[XY], plain: bool = False) -> None:
        rng = self.rng
        p: dict[str, Any] = {"segment_id": self.prefix + name, "highway": rng.choice(HIGHWAYS)}
        p["road_type"] = "X" if plain else rng.choice(("X", "X", "Y", "Z", None))
        sketch = Sketch(self.prefix + name, points, p)
        self.sketches.append(sketch)
        if plain:
            return
        if chance(rng, 0.12):
            p["oneway"] = True
        if chance(rng, 0.3):
            p["speed_kmh"] = rng.choice((5, 20, 36, 60))
        if chance(rng, 0.15) and sketch.length > 150:
            p["length_m"] = rng.choice((200, 450, 900, 1000))
        if chance(rng, 0.3):
            p["carriageway_m"] = rng.choice((3.5, 6, 7.3, 24, 40, 230))
            if chance(rng, 0.5):
                p["shoulder_m"] = rng.choice((0, 1.5, 2.5, 12))
        if chance(rng, 0.25):
            p["limits"] = self.draw_limits(("mlc", "mass_t", "width_m", "height_m"), 0.6)
            if chance(rng, 0.6):
                p["limits"].update({"mlc": 100, "width_m": 6.0, "height_m": 6.0})
        if chance(rng, 0.15):
            load = self.setting.resolved_profiles[self.setting.profile].get("axle_t") or 3.0
            p["axle_t"] = rng.choice((0, 0.5 * load, load, load / 0.9, 1.05 * load, 1.2 * load, 2, 7, 8, 10, 11.5))
        if chance(rng, 0.25):
            p["assets"] = [self._draw_asset(f"{name}{i}") for i in range(rng.choice((1, 1, 1, 2)))]
        if self.assets and len(self.sketches) > 1 and chance(rng, 0.25) and "assets" not in p:
            shared = self.assets[min(self.assets)]
            if chance(rng, 0.2):
                shared = {**shared, "limits": self.draw_limits(("mlc", "mass_t", "height_m"), 0.6)}
            p["assets"] = [shared]

    def _draw_asset(self, name: str) -> dict[str, Any]:
        rng = self.rng
        asset: dict[str, Any] = {"asset_id": f"{self.prefix}x{name}", "type": rng.choice(ASSET_TYPES)}
        if chance(rng, 0.8):
            names = ["mlc", "mass_t", "width_m", "height_m"] + (["depth_m"] if asset["type"] == "ford" else [])
            asset["limits"] = self.draw_limits(tuple(names), 0.5)
        self.assets[asset["asset_id"]] = asset
        return asset

    def draw_limits(self, names: tuple[str, ...], share: float, null_share: float = 0.0) -> dict[str, float | None]:
        """Return some limits, drawn around the need of the asked profile and from common values."""
        out: dict[str, float | None] = {}
        profile = self.setting.resolved_profiles[self.setting.profile]
        for name in names:
            if not chance(self.rng, share):
                continue
            need = profile["ford_depth_m"] if name == "depth_m" else profile[name]
            value = self.rng.choice(LIMIT_VALUES[name]) if name == "depth_m" else 4 * need
            if chance(self.rng, 0.35):
                value = self.rng.choice(
                    (*LIMIT_VALUES[name], need, need / 0.9, round(need / 0.93, 3), round(need * 0.95, 3))
                )
            out[name] = None if chance(self.rng, null_share) else value or 1
        return out

    def network(self) -> list[dict[str, Any]]:
        """Return the features of the network file."""
        return [
            {
                "type": "Feature",
                "geometry": {"type": "LineString", "coordinates": [self.lonlat(q) for q in s.points]},
                "properties": s.p,
            }
            for s in self.sketches
        ]

    # geometry

    def lonlat(self, point: XY) -> list[float]:
        """Return a place in metres as longitude and latitude."""
        lon = self.lon + point[0] * self.east
        return [round(lon - 360 * math.floor((lon + 180) / 360), 8), round(self.lat + point[1] * self.north, 8)]

    def corridor(self, sketch: Sketch) -> float:
        """Return w of a segment."""
        half = (sketch.p.get("carriageway_m") or 0) / 2 + (sketch.p.get("shoulder_m") or 0)
        return float(max(self.policy["corridor_m"], half))

    def draw_location(self) -> tuple[dict[str, Any], float]:
        """Return a way of knowing a place, and its u."""
        rng = self.rng
        method = rng.choice(("gps", "gps", "gps", "survey", "survey", "sketch", "place", "mgrs"))
        location: dict[str, Any] = {"method": method}
        if method == "gps":
            accuracy = rng.choice((None, None, 8, 40, 251, 400))
            u = float(max(15, accuracy or 0))
            if accuracy is not None:
                location["accuracy_m"] = accuracy
        elif method == "place":
            radius = rng.choice((None, None, 60, 300, 900))
            u = float(self.policy["place_radius_m"] if radius is None else radius)
            if radius is not None:
                location["radius_m"] = radius
        elif method == "mgrs":
            digits = rng.choice((4, 6, 6, 8, 10, 10))
            location["digits"] = digits
            u = 10 ** (5 - digits // 2) * math.sqrt(2) / 2 + 15
        else:
            u = float(rng.choice((0, 1, 5, 10) if method == "survey" else (30, 100, 260, 722)))
            location["uncertainty_m"] = u
        if chance(rng, 0.08):
            location["datum"] = "unknown"
            u += self.policy["unknown_datum_m"]
        return location, u

    def draw_offset(self, sketch: Sketch, u: float, far: bool = False) -> float:
        """Return a distance from the road, metres: on it, beside it, or just this or that side of a threshold."""
        rng = self.rng
        w = self.corridor(sketch)
        target = rng.choice((w, max(w, self.policy["near_band_m"])))
        margin = max(0.8, 0.004 * (target + u))
        aimed = (u + target + margin, u + target - margin)
        plain = (0.0, 0.0, 3.0, 9.0, 25.0, 70.0, 140.0, 300.0)
        options = (*aimed, *aimed, *plain, *((600.0, 1200.0, 1900.0, 2400.0, u + 1000, u + 1990) if far else ()))
        return float(rng.choice(options) * rng.choice((1, -1)))

    def draw_shape(self, kinds: tuple[str, ...], offset: float, sketch: Sketch) -> tuple[dict[str, Any], XY]:
        """Return a geometry that comes within |offset| of a segment, and its nearest point in metres."""
        rng = self.rng
        kind = rng.choice(kinds)
        along = sketch.length * rng.choice((0, 0.1, 0.3, 0.5, 0.5, 0.8, 1))
        centre, unit = sketch.beside(along, offset)
        side = 1 if offset >= 0 else -1
        size = rng.choice((5.0, 20.0, 60.0, 150.0))
        if kind in ("Point", "MultiPoint"):
            points = [self.lonlat(centre)]
            if kind == "MultiPoint":
                points.append(self.lonlat(moved(centre, unit, size, side * size)))
            return {"type": kind, "coordinates": points if kind == "MultiPoint" else points[0]}, centre
        if kind in ("LineString", "MultiLineString"):
            line = [self.lonlat(centre), self.lonlat(moved(centre, unit, size, side * rng.choice((0.0, 15.0))))]
            return {"type": kind, "coordinates": [line] if kind == "MultiLineString" else line}, centre
        ring = self.box(moved(centre, unit, 0, side * size / 2), unit, size, size / 2)
        rings = [ring]
        if kind == "Polygon" and chance(rng, 0.05):
            rings.append(self.box(moved(centre, unit, 0, side * size / 2), unit, size / 2, size / 4)[::-1])
        if kind == "MultiPolygon":
            second = self.box(moved(centre, unit, 3 * size, side * size), unit, size / 2, size / 2)
            return {"type": kind, "coordinates": [rings, [second]]}, centre
        return {"type": "Polygon", "coordinates": rings}, centre

    def box(self, centre: XY, unit: XY, half_along: float, half_across: float) -> list[list[float]]:
        """Return the closed ring of a rectangle along a direction."""
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
        return [self.lonlat(moved(centre, unit, a * half_along, b * half_across)) for a, b in corners]

    def area(self, partial_share: float) -> dict[str, Any]:
        """Return a polygon over everything, or one that ends across the first segment."""
        sketch = self.sketches[0]
        if chance(self.rng, partial_share):
            centre, unit = sketch.beside(sketch.length * self.rng.choice((0.25, 0.5, 0.75)), 0)
            return {"type": "Polygon", "coordinates": [self.box(moved(centre, unit, 3000, 0), unit, 3000, 3000)]}
        half = self.rng.choice((4000, 4000, 4000, 9000))
        return {"type": "Polygon", "coordinates": [self.box((0.0, 0.0), (1.0, 0.0), half, half)]}

    def mgrs(self, point: XY, digits: int) -> str:
        """Return the MGRS text of a place in metres."""
        lon, lat = self.lonlat(point)
        text = write_mgrs(lon, lat, digits)
        return text.lower() if chance(self.rng, 0.1) else text


def moved(point: XY, unit: XY, along: float, across: float) -> XY:
    """Return a point moved along a direction and to its left."""
    return point[0] + unit[0] * along - unit[1] * across, point[1] + unit[1] * along + unit[0] * across
