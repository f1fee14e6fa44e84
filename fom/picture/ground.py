"""The network as ground to measure on: which segments lie near a shape, how far, and which parts of them.

Holds one frame of longitudes in which no segment jumps at ± 180 and no edge exceeds 1 km. Source: facts format, 1.4.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.geodesy import DENSIFY_M, Plane, bounds_with_reach, densify, distance_m, metres_per_degree, unroll
from fom.domain.intervals import Interval, merge
from fom.domain.policy import Policy
from fom.network.network import Network
from fom.picture.ranges import expand_ranges

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BAND_DEG = 0.02
"""Segments are compared with a shape in planes true at the middle of such a band of latitude."""
EDGES_AT_ONCE = 2_000_000


class Ground:
    """A network and the frame in which shapes are compared with it."""

    def __init__(self, network: Network, policy: Policy) -> None:
        self.network = network
        self.coords, self.start = _frame(network)
        half = np.nan_to_num(network.carriageway_m) / 2 + np.nan_to_num(network.shoulder_m)
        self.corridor_m: Floats = np.maximum(policy.corridor_m, half)
        """(n,) half-width w of the corridor, metres."""
        self.widest_corridor_m = float(self.corridor_m.max(initial=policy.corridor_m))
        is_same_frame = self.coords is network.coords
        self.lines = network.lines if is_same_frame else _lines(self.coords, self.start)
        self.tree = network.tree if is_same_frame else shapely.STRtree(self.lines)
        self.bounds = np.array([*self.coords.min(axis=0), *self.coords.max(axis=0)])

    # which segments

    def near(self, bounds: Floats, reach_m: Floats) -> Iterator[tuple[float, Ints, Ints]]:
        """Yield (shift, item, segment) for boxes of shapes: candidates within reach when the shape is moved by `shift`.

        `bounds` (m, 4) degrees, `reach_m` (m,). The shift is a multiple of 360 that brings the shape into this frame.
        """
        boxes = bounds_with_reach(bounds, reach_m)
        for shift in (0.0, -360.0, 360.0):
            if shift and not np.any((boxes[:, 0] + shift <= self.bounds[2]) & (boxes[:, 2] + shift >= self.bounds[0])):
                continue
            moved = shapely.box(boxes[:, 0] + shift, boxes[:, 1], boxes[:, 2] + shift, boxes[:, 3])
            item, segment = self.tree.query(moved)
            if len(item):
                yield shift, item.astype(np.int64), segment.astype(np.int64)

    # how far

    def point_distances(self, lon: Floats, lat: Floats, segments: Ints) -> Floats:
        """Return geodesic distances in metres between points and segments, pair by pair."""
        counts = self.start[segments + 1] - self.start[segments] - 1
        result = np.empty(len(segments))
        total = np.cumsum(counts)
        at = 0
        while at < len(segments):
            before = total[at - 1] if at else 0
            to = max(at + 1, int(np.searchsorted(total, before + EDGES_AT_ONCE, side="right")))
            result[at:to] = self._point_distances(lon[at:to], lat[at:to], segments[at:to], counts[at:to])
            at = to
        return result

    def _point_distances(self, lon: Floats, lat: Floats, segments: Ints, counts: Ints) -> Floats:
        owner, edge = expand_ranges(self.start[segments], counts)
        kx, ky = metres_per_degree(lat)
        a, b = self.coords[edge], self.coords[edge + 1]
        ax, ay = (a[:, 0] - lon[owner]) * kx[owner], (a[:, 1] - lat[owner]) * ky[owner]
        sx, sy = (b[:, 0] - a[:, 0]) * kx[owner], (b[:, 1] - a[:, 1]) * ky[owner]
        length2 = sx * sx + sy * sy
        share = np.clip(-(ax * sx + ay * sy) / np.where(length2 > 0, length2, 1.0), 0.0, 1.0)
        nearest2 = (ax + share * sx) ** 2 + (ay + share * sy) ** 2
        first = np.cumsum(counts) - counts
        best = np.flatnonzero(nearest2 == np.minimum.reduceat(nearest2, first)[owner])
        best = best[np.concatenate([[True], np.diff(owner[best]) > 0])]
        foot = a[best] + share[best, None] * (b[best] - a[best])
        return distance_m(lon, lat, foot[:, 0], foot[:, 1])

    def shape_distances(self, shape: BaseGeometry, segments: Ints) -> Floats:
        """Return geodesic distances in metres from a shape (in this frame) to segments; 0 where they meet."""
        if shape.geom_type == "Point":
            return self.point_distances(np.full(len(segments), shape.x), np.full(len(segments), shape.y), segments)
        lines = self.lines[segments]
        middle = self.middle_lat(segments)
        band = np.floor(middle / BAND_DEG).astype(np.int64)
        result = np.empty(len(segments))
        for value in np.unique(band):
            rows = np.flatnonzero(band == value)
            plane = Plane.at(float(self.coords[self.start[segments[rows[0]]], 0]), float(middle[rows].mean()))
            flat = plane.project_shape(shape)
            shapely.prepare(flat)
            links = shapely.shortest_line(flat, plane.project_shapes(lines[rows]))
            ends = plane.unproject(shapely.get_coordinates(links))
            result[rows] = distance_m(ends[::2, 0], ends[::2, 1], ends[1::2, 0], ends[1::2, 1])
        return result

    def middle_lat(self, segments: Ints) -> Floats:
        """Return the latitude half way between the first and last vertex of segments, degrees."""
        middle: Floats = (self.coords[self.start[segments], 1] + self.coords[self.start[segments + 1] - 1, 1]) / 2
        return middle

    # which parts

    def plane_of(self, segment: int) -> tuple[Plane, Floats, Floats]:
        """Return a plane true at a segment, its vertices in it (m, 2) metres, and their geodesic metres from its start."""
        vertices = self.coords[self.start[segment] : self.start[segment + 1]]
        plane = Plane.at(float(vertices[0, 0]), float(vertices[:, 1].mean()))
        steps = distance_m(vertices[:-1, 0], vertices[:-1, 1], vertices[1:, 0], vertices[1:, 1])
        along = np.concatenate([[0.0], np.cumsum(steps)])
        return plane, plane.project(vertices), along

    def parts_within(self, shape: BaseGeometry, segment: int, radius_m: float) -> list[Interval]:
        """Return the parts of a segment within a distance of a shape, geodesic metres from its start."""
        plane, xy, along = self.plane_of(segment)
        flat = plane.project_shape(shape)
        parts = _near_edges(xy, along, _edges_of(flat), radius_m)
        areas = [part for part in shapely.get_parts(flat) if part.geom_type == "Polygon"]
        for area in areas:
            parts.extend(_inside(xy, along, area))
        return merge(parts, gap_m=1e-6)

    def geodesic_m(self, segment: int) -> float:
        """Return the length of a segment's centreline, metres."""
        return float(self.plane_of(segment)[2][-1])

    def stated(self, parts: list[Interval], segment: int) -> list[Interval]:
        """Return parts of a segment on the scale of the length that the network states for it."""
        scale = float(self.network.length_m[segment]) / self.geodesic_m(segment)
        return [(low * scale, high * scale) for low, high in parts]

    def parts_inside(self, area: BaseGeometry, segment: int) -> list[Interval]:
        """Return the parts of a segment inside an area (in this frame), geodesic metres from its start."""
        plane, xy, along = self.plane_of(segment)
        return merge(_inside(xy, along, plane.project_shape(area)), gap_m=1e-6)


def _frame(network: Network) -> tuple[Floats, Ints]:
    """Return vertices and starts with no jump at ± 180 and no edge over 1 km; the network's own where it has neither."""
    coords, start = np.asarray(network.coords), np.asarray(network.coord_start, dtype=np.int64)
    step = np.abs(np.diff(coords, axis=0))
    within = np.ones(max(len(coords) - 1, 0), dtype=np.bool_)
    within[start[1:-1] - 1] = False
    lat_limit = DENSIFY_M / 112_000.0
    kx = metres_per_degree(float(np.abs(coords[:, 1]).min(initial=0.0)))[0]
    suspect = within & ((step[:, 0] * kx > DENSIFY_M * 0.7) | (step[:, 1] > lat_limit * 0.7))
    if not suspect.any():
        return coords, start
    pieces: list[Floats] = []
    counts = np.diff(start)
    done = 0
    for number in np.unique(np.searchsorted(start, np.flatnonzero(suspect), side="right") - 1).tolist():
        line = coords[start[number] : start[number + 1]]
        line = densify(np.column_stack([unroll(line[:, 0]), line[:, 1]]))
        pieces += [coords[done : start[number]], line]
        counts[number], done = len(line), start[number + 1]
    pieces.append(coords[done:])
    return np.vstack(pieces), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _lines(coords: Floats, start: Ints) -> NDArray[np.object_]:
    owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
    return np.asarray(shapely.linestrings(coords, indices=owner))


def _edges_of(shape: BaseGeometry) -> Floats:
    """Return (m, 4) edges x0, y0, x1, y1 of a shape; a point is an edge of no length."""
    edges = []
    for part in shapely.get_parts(shape):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            xy = shapely.get_coordinates(ring)
            edges.append(np.hstack([xy[:-1], xy[1:]]) if len(xy) > 1 else np.hstack([xy, xy]))
    return np.vstack(edges) if edges else np.empty((0, 4))


def _near_edges(xy: Floats, along: Floats, edges: Floats, radius_m: float) -> list[Interval]:
    """Return the parts of a line within a radius of edges.

    What lies within a radius of an edge is a capsule, which is convex: it cuts an edge of the line in one interval, whose
    ends are where the line leaves one of the two discs or one of the two long sides.
    """
    boxes = shapely.box(
        np.minimum(edges[:, 0], edges[:, 2]), np.minimum(edges[:, 1], edges[:, 3]),
        np.maximum(edges[:, 0], edges[:, 2]), np.maximum(edges[:, 1], edges[:, 3]),
    )  # fmt: skip
    reach = radius_m * (1 + 1e-9) + 1e-6
    own = shapely.box(
        np.minimum(xy[:-1, 0], xy[1:, 0]) - reach, np.minimum(xy[:-1, 1], xy[1:, 1]) - reach,
        np.maximum(xy[:-1, 0], xy[1:, 0]) + reach, np.maximum(xy[:-1, 1], xy[1:, 1]) + reach,
    )  # fmt: skip
    if len(own) * len(edges) <= 4096:
        i, j = (k.ravel() for k in np.meshgrid(np.arange(len(own)), np.arange(len(edges)), indexing="ij"))
    else:
        i, j = shapely.STRtree(boxes).query(own)
    p, direction = xy[i], xy[i + 1] - xy[i]
    low, high = _capsule_cut(p, direction, edges[j, :2], edges[j, 2:], radius_m)
    hit = np.flatnonzero(low <= high)
    start, step = along[i[hit]], along[i[hit] + 1] - along[i[hit]]
    return list(zip((start + low[hit] * step).tolist(), (start + high[hit] * step).tolist(), strict=True))


def _capsule_cut(p: Floats, v: Floats, c: Floats, d: Floats, radius: float) -> tuple[Floats, Floats]:
    """Return shares [low, high] of the edges p + s v, 0 <= s <= 1, inside the capsules round c-d; low > high = none."""
    low, high = np.full(len(p), np.inf), np.full(len(p), -np.inf)
    for centre in (c, d):
        first, last = _disc_cut(p, v, centre, radius)
        low, high = np.minimum(low, first), np.maximum(high, last)
    axis = d - c
    length = np.hypot(axis[:, 0], axis[:, 1])
    unit = axis / np.where(length > 0, length, 1.0)[:, None]
    first, last = _slab_cut(_dot(p - c, unit), _dot(v, unit), 0.0, length)
    normal = np.column_stack([-unit[:, 1], unit[:, 0]])
    sideways = _slab_cut(_dot(p - c, normal), _dot(v, normal), -radius, np.full(len(p), radius))
    first, last = np.maximum(first, sideways[0]), np.minimum(last, sideways[1])
    is_inside = (first <= last) & (length > 0)
    low, high = np.where(is_inside, np.minimum(low, first), low), np.where(is_inside, np.maximum(high, last), high)
    low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)
    return low, high


def _dot(a: Floats, b: Floats) -> Floats:
    product: Floats = a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]
    return product


def _disc_cut(p: Floats, v: Floats, centre: Floats, radius: float) -> tuple[Floats, Floats]:
    to = p - centre
    a, b, c = _dot(v, v), _dot(to, v), _dot(to, to) - radius * radius
    root = b * b - a * c
    is_hit = (root >= 0) & (a > 0)
    spread = np.sqrt(np.where(is_hit, root, 0.0))
    safe = np.where(a > 0, a, 1.0)
    first, last = (-b - spread) / safe, (-b + spread) / safe
    is_hit &= (last >= 0) & (first <= 1)
    return np.where(is_hit, first, np.inf), np.where(is_hit, last, -np.inf)


def _slab_cut(at: Floats, speed: Floats, low: float, high: Floats) -> tuple[Floats, Floats]:
    """Return shares s in [0, 1] with low <= at + s speed <= high."""
    still = np.abs(speed) < 1e-12
    safe = np.where(still, 1.0, speed)
    one, two = (low - at) / safe, (high - at) / safe
    first, last = np.minimum(one, two), np.maximum(one, two)
    is_in = (at >= low) & (at <= high)
    first = np.where(still, np.where(is_in, 0.0, np.inf), first)
    last = np.where(still, np.where(is_in, 1.0, -np.inf), last)
    return np.maximum(first, 0.0), np.minimum(last, 1.0)


def _inside(xy: Floats, along: Floats, area: BaseGeometry) -> list[Interval]:
    """Return the parts of a line inside an area: cut where it meets the outline, each piece judged by its middle."""
    rings = _edges_of(area)
    parts: list[Interval] = []
    for number in range(len(xy) - 1):
        cuts = _crossings(xy[number], xy[number + 1], rings)
        middles = xy[number] + ((cuts[:-1] + cuts[1:]) / 2)[:, None] * (xy[number + 1] - xy[number])
        is_in = shapely.intersects_xy(area, middles[:, 0], middles[:, 1])
        at = along[number] + cuts * (along[number + 1] - along[number])
        parts.extend((float(at[k]), float(at[k + 1])) for k in np.flatnonzero(is_in))
    return parts


def _crossings(p: Floats, q: Floats, edges: Floats) -> Floats:
    """Return the shares of the edge p-q at which it meets other edges, with 0 and 1, in order."""
    v = q - p
    c, w = edges[:, :2], edges[:, 2:] - edges[:, :2]
    cross = v[0] * w[:, 1] - v[1] * w[:, 0]
    safe = np.where(cross != 0, cross, 1.0)
    to = c - p
    share = (to[:, 0] * w[:, 1] - to[:, 1] * w[:, 0]) / safe
    other = (to[:, 0] * v[1] - to[:, 1] * v[0]) / safe
    hit = (cross != 0) & (share > 0) & (share < 1) & (other >= 0) & (other <= 1)
    return np.concatenate([[0.0], np.unique(share[hit]), [1.0]])
