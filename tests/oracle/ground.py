"""Metres: one flat frame per segment, distances, covers and stretches along its centreline.

A frame is the plane that touches the ellipsoid in the middle of the segment (east, north). Up to 20 km from there a
length in it differs from the geodesic by less than 6 parts in a million. Whatever compares a distance with a threshold
goes through `Ground.reaches`, which notes values that lie too close to call: two right programs may differ there.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from tests.oracle.documents import Documents, Record, Segment
from tests.oracle.mgrs_reading import read_mgrs

A = 6378137.0
E2 = (2 - 1 / 298.257223563) / 298.257223563
CENTRELINE_EDGE_M, EDGE_M = 200.0, 500.0
"""Longest edges taken as straight in a frame; at 60 degrees the bow of 500 m is 8 mm, that of 1 km 34 mm."""
SLACK = 1e-9
INFINITE = math.inf

XY = tuple[float, float]
Interval = tuple[float, float]


class Frame:
    """The plane touching the ellipsoid at one place; x east, y north, metres."""

    def __init__(self, lon: float, lat: float) -> None:
        self.lon, self.lat = lon, lat
        self.sin, self.cos = math.sin(math.radians(lat)), math.cos(math.radians(lat))
        n = A / math.sqrt(1 - E2 * self.sin**2)
        self.x0, self.z0 = n * self.cos, n * (1 - E2) * self.sin

    def xy(self, lon: float, lat: float) -> XY:
        """Return a place in the frame."""
        phi, lam = math.radians(lat), math.radians(lon - self.lon)
        sin, cos = math.sin(phi), math.cos(phi)
        n = A / math.sqrt(1 - E2 * sin * sin)
        x = n * cos * math.cos(lam)
        return n * cos * math.sin(lam), self.cos * (n * (1 - E2) * sin - self.z0) - self.sin * (x - self.x0)

    def path(self, coordinates: list[Any], edge_m: float = EDGE_M) -> list[XY]:
        """Return a line in the frame, straight in longitude and latitude between its vertices, in edges of a length."""
        out = [self.xy(*coordinates[0][:2])]
        for (lon1, lat1), (lon2, lat2) in pairwise(coordinates):
            rough = 111_320 * max(abs(lat2 - lat1), abs(lon2 - lon1) * self.cos)
            pieces = int(rough / edge_m) + 1
            steps = [i / pieces for i in range(1, pieces + 1)]
            out.extend(self.xy(lon1 + (lon2 - lon1) * s, lat1 + (lat2 - lat1) * s) for s in steps)
        return out


def unwrapped(coordinates: list[Any], lon0: float) -> list[list[float]]:
    """Return the vertices with longitudes taken the shorter way round, on the turn of the globe nearest to lon0."""
    lons = [coordinates[0][0]]
    for c in coordinates[1:]:
        step = c[0] - lons[-1]
        lons.append(c[0] - 360 * round(step / 360) if abs(step) > 180 else c[0])
    turn = 360 * round((lon0 - (min(lons) + max(lons)) / 2) / 360)
    return [[lon + turn, c[1]] for lon, c in zip(lons, coordinates, strict=True)]


def parts_of(geometry: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return Point, LineString or Polygon and the list of coordinates of each part."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    return (kind.removeprefix("Multi"), coordinates) if kind.startswith("Multi") else (kind, [coordinates])


class Line:
    """The centreline of one segment in its own frame."""

    def __init__(self, segment: Segment) -> None:
        coordinates = unwrapped(segment.coordinates, segment.coordinates[0][0])
        lons, lats = [c[0] for c in coordinates], [c[1] for c in coordinates]
        self.frame = Frame((min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2)
        self.points = self.frame.path(coordinates, CENTRELINE_EDGE_M)
        self.starts = [0.0]
        for p, q in pairwise(self.points):
            self.starts.append(self.starts[-1] + math.dist(p, q))
        self.length = self.starts[-1]
        self.shape = LineString(self.points)
        self.stated = float(segment.p.get("length_m") or self.length)
        """The length by which stretches are named and covers are counted."""
        self.half_degrees = max(max(lats) - min(lats), max(lons) - min(lons)) / 2


class Ground:
    """Distances of the records of one pair of documents from its segments. Everything is computed once and kept."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.policy = documents.policy
        self.lines = {s.id: Line(s) for s in documents.segments.values()}
        self.close_calls: list[str] = []
        self._shapes: dict[tuple[str, str], BaseGeometry | None] = {}
        self._distances: dict[tuple[str, str], float] = {}

    def reaches(self, value: float, threshold: float) -> bool:
        """Return value <= threshold, within the slack; note it when it is too close to call."""
        if abs(value - threshold) < max(0.5, 0.002 * abs(threshold)):
            self.close_calls.append(f"{value:.3f} against {threshold:.3f}")
        return value <= threshold + SLACK

    def uncertainty(self, record: Record) -> float:
        """Return u of a record's place, metres."""
        location = record.p.get("location") or {}
        method = location.get("method")
        if method == "gps":
            u = max(self.policy["gps_m"], location.get("accuracy_m") or 0)
        elif method == "mgrs":
            u = read_mgrs(location["mgrs"])[2] * math.sqrt(2) / 2 + self.policy["gps_m"]
        elif method == "place":
            radius = location.get("radius_m")
            u = self.policy["place_radius_m"] if radius is None else radius
        elif method in ("survey", "sketch"):
            u = location["uncertainty_m"]
        else:
            return 0.0
        return float(u + (self.policy["unknown_datum_m"] if location.get("datum") == "unknown" else 0))

    def geometry(self, record: Record) -> dict[str, Any] | None:
        """Return the geometry stated, or the centre of the MGRS square, or None."""
        location = record.p.get("location") or {}
        if record.geometry is None and location.get("method") == "mgrs":
            lon, lat, _ = read_mgrs(location["mgrs"])
            return {"type": "Point", "coordinates": [lon, lat]}
        return record.geometry

    def corridor(self, segment: Segment) -> float:
        """Return w, metres."""
        recorded = (segment.p.get("carriageway_m") or 0) / 2 + (segment.p.get("shoulder_m") or 0)
        return float(max(self.policy["corridor_m"], recorded))

    def travel_us(self, segment: Segment) -> int:
        """Return the travel time of a segment, microseconds."""
        return round(self.lines[segment.id].stated * 3.6 / (segment.p.get("speed_kmh") or 30) * 1_000_000)

    def shape(self, segment: Segment, record: Record) -> BaseGeometry | None:
        """Return the record's geometry in the segment's frame; None without one or far beyond any reach."""
        key = segment.id, record.id
        if key not in self._shapes:
            geometry = self.geometry(record)
            reach = self.uncertainty(record) + self.policy["risk_far_m"] + self.policy["near_band_m"] + 3000
            line = self.lines[segment.id]
            self._shapes[key] = None if geometry is None else shape_in(line.frame, geometry, line.half_degrees, reach)
        return self._shapes[key]

    def distance(self, segment: Segment, record: Record) -> float:
        """Return d in metres; infinite without a geometry or far beyond any reach."""
        key = segment.id, record.id
        if key not in self._distances:
            shape = self.shape(segment, record)
            self._distances[key] = INFINITE if shape is None else shapely.distance(self.lines[segment.id].shape, shape)
        return self._distances[key]

    def is_coarse(self, segment: Segment, record: Record) -> bool:
        """Return d + u > w and u > 250 m: the place says little about this road."""
        u = self.uncertainty(record)
        if u <= self.policy["imprecise_m"] + SLACK:
            return False
        return not self.reaches(self.distance(segment, record) + u, self.corridor(segment))

    def stretches(self, segment: Segment, shape: BaseGeometry, radius: float) -> list[Interval]:
        """Return the parts of the centreline within a radius of a shape, metres from the start, in order."""
        line = self.lines[segment.id]
        found: list[Interval] = []
        zone = None if shape.geom_type == "Point" else grown(shape, radius)
        for p, q, start in zip(line.points, line.points[1:], line.starts, strict=False):
            if zone is None:
                found.extend((start + a, start + b) for a, b in circle_on_edge(p, q, (shape.x, shape.y), radius))
            else:
                inside = LineString((p, q)).intersection(zone)
                for piece in getattr(inside, "geoms", [inside]):
                    if piece.geom_type == "LineString" and not piece.is_empty:
                        along = [math.dist(p, c) for c in piece.coords]
                        found.append((start + min(along), start + max(along)))
        return merged(found)

    def stated_stretches(self, segment: Segment, shape: BaseGeometry, radius: float) -> list[Interval]:
        """Return the same parts in metres of the stated length."""
        line = self.lines[segment.id]
        scale = line.stated / line.length
        return [(a * scale, b * scale) for a, b in self.stretches(segment, shape, radius)]

    def inside(self, segment: Segment, record: Record) -> list[Interval]:
        """Return the parts of the segment inside an area, in metres of the stated length."""
        shape = self.shape(segment, record)
        return [] if shape is None else self.stated_stretches(segment, shape, 0.0)

    def touches(self, segment: Segment, record: Record) -> bool:
        """Return whether an area touches the segment."""
        d = self.distance(segment, record)
        if 0 < d < 0.5 or (d == 0 and total(self.inside(segment, record)) < 0.5):
            self.close_calls.append(f"{record.id} only just touches {segment.id}")
        return d == 0

    def cover(self, segment: Segment, record: Record) -> list[Interval]:
        """Return the parts of the segment that a verification covers, in metres of the stated length."""
        line = self.lines[segment.id]
        named: list[Interval] | None = None
        if record.p.get("segments"):
            named = merged(named_intervals(segment.id, record, line.stated))
            if record.geometry is None or not named:
                return named
        shape = self.shape(segment, record)
        if shape is None:
            return []
        near = self.stated_stretches(segment, shape, min(self.policy["track_tolerance_m"], line.length / 4))
        return near if named is None else common(named, near)

    def is_covered(self, segment: Segment, intervals: list[Interval]) -> bool:
        """Return whether at most 1 m of the segment is left over."""
        left = self.lines[segment.id].stated - total(merged(intervals))
        if 0.5 < left < 1.5:
            self.close_calls.append(f"{segment.id}: {left:.3f} m not covered")
        return left <= 1 - SLACK

    def gap_to_act(self, record: Record, act: Record) -> float:
        """Return the distance between a record and the polygon of a closing act, metres."""
        geometry = self.geometry(record)
        if geometry is None or act.geometry is None:
            return INFINITE
        lon, lat = first_position(act.geometry)
        frame, reach = Frame(lon, lat), self.uncertainty(record) + 1000
        polygon = shape_in(frame, act.geometry, 0.0, 60_000)
        other = shape_in(frame, geometry, 0.0, 60_000 + reach)
        return INFINITE if polygon is None or other is None else shapely.distance(polygon, other)


def named_intervals(segment_id: str, record: Record, length: float) -> list[Interval]:
    """Return the intervals a record names on one segment, cut to its length."""
    out = []
    for s in record.p["segments"]:
        if s["id"] == segment_id:
            end = s.get("to_m")
            out.append((min(s.get("from_m") or 0.0, length), length if end is None else min(end, length)))
    return out


def first_position(geometry: dict[str, Any]) -> XY:
    """Return the first vertex of a geometry."""
    position = geometry["coordinates"]
    while isinstance(position[0], list | tuple):
        position = position[0]
    return position[0], position[1]


def shape_in(frame: Frame, geometry: dict[str, Any], half_degrees: float, reach: float) -> BaseGeometry | None:
    """Return a geometry in a frame, cut to a window `reach` metres around the origin's box; None if nothing is left."""
    kind, parts = parts_of(geometry)
    north = half_degrees + reach / 110_000
    east = half_degrees + reach / (110_000 * max(math.cos(math.radians(min(abs(frame.lat) + north, 89.9))), 1e-3))
    window = (frame.lon - east, frame.lat - north, frame.lon + east, frame.lat + north)
    shapes: list[BaseGeometry] = []
    for part in parts:
        rings = part if kind == "Polygon" else [[part] if kind == "Point" else part]
        rings = [unwrapped(ring, frame.lon) for ring in rings]
        lons, lats = [c[0] for c in rings[0]], [c[1] for c in rings[0]]
        if min(lons) > window[2] or max(lons) < window[0] or min(lats) > window[3] or max(lats) < window[1]:
            continue
        is_wider = min(lons) < window[0] or max(lons) > window[2] or min(lats) < window[1] or max(lats) > window[3]
        if not is_wider or kind == "Point":
            shapes.append(shape_from(kind, [frame.path(ring) for ring in rings]))
        else:
            cut = shapely.intersection(shape_from(kind, rings), shapely.box(*window))
            for piece in getattr(cut, "geoms", [cut]):
                if piece.geom_type == kind and not piece.is_empty:
                    pieces = [piece.exterior, *piece.interiors] if kind == "Polygon" else [piece]
                    shapes.append(shape_from(kind, [frame.path(list(ring.coords)) for ring in pieces]))
    if not shapes:
        return None
    if len(shapes) == 1:
        return shapes[0]
    return shapely.union_all(shapes)


def shape_from(kind: str, rings: list[Any]) -> BaseGeometry:
    """Return the shapely geometry of one part."""
    if kind == "Point":
        return Point(rings[0][0])
    return LineString(rings[0]) if kind == "LineString" else Polygon(rings[0], rings[1:])


def grown(shape: BaseGeometry, radius: float) -> BaseGeometry:
    """Return a shape grown by a radius; its round corners lie within 0.008 % of the radius."""
    return shapely.buffer(shape, radius, quad_segs=64) if radius > 0 else shape


def circle_on_edge(p: XY, q: XY, centre: XY, radius: float) -> list[Interval]:
    """Return the part of the edge p-q inside a circle, metres from p."""
    length = math.dist(p, q)
    if length == 0:
        return []
    ux, uy = (q[0] - p[0]) / length, (q[1] - p[1]) / length
    along = (centre[0] - p[0]) * ux + (centre[1] - p[1]) * uy
    beside = (centre[0] - p[0]) * uy - (centre[1] - p[1]) * ux
    if abs(beside) > radius:
        return []
    half = math.sqrt(radius * radius - beside * beside)
    a, b = max(0.0, along - half), min(length, along + half)
    return [(a, b)] if a <= b else []


def merged(intervals: list[Interval]) -> list[Interval]:
    """Return the union of intervals, in order."""
    out: list[Interval] = []
    for a, b in sorted(intervals):
        if out and a <= out[-1][1] + 1e-6:
            out[-1] = (out[-1][0], max(out[-1][1], b))
        else:
            out.append((a, b))
    return out


def common(left: list[Interval], right: list[Interval]) -> list[Interval]:
    """Return where two sets of intervals overlap."""
    both = [(max(a, c), min(b, d)) for a, b in left for c, d in right]
    return merged([(a, b) for a, b in both if a < b])


def total(intervals: list[Interval]) -> float:
    """Return the length of disjoint intervals."""
    return sum(b - a for a, b in intervals)
