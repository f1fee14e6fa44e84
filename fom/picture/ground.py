"""The network as ground to measure on: which segments lie near a shape, how far, and which parts of them.

Holds one frame of longitudes in which no segment jumps at ± 180 and no edge exceeds 1 km. Source: facts format, 1.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.geodesy import DENSIFY_M, bounds_with_reach, densify, distance_m, metres_per_degree, unroll
from fom.domain.grades import SLACK
from fom.network.box_index import BoxIndex
from fom.network.compiled import compiled
from fom.network.network import Network, lines_of
from fom.picture.near_points import LONGEST_REACH_M, lines_near_points
from fom.picture.parts import EdgeTable, Parts, blocks_of, edges_of, inside_edges, joined, near_edges, nearest_links
from fom.picture.ranges import expand_ranges

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROAD_TYPES = ("X", "Y", "Z", "")
"""All weather, limited all weather, fair weather, not recorded."""
EDGES_AT_ONCE = 2_000_000


class Ground:
    """A network and the frame in which shapes are compared with it."""

    def __init__(self, network: Network, corridor_m: float) -> None:
        """Take the network's frame; `corridor_m` is the narrowest half-width of a corridor, metres."""
        self.network = network
        self.coords, self.start = _frame(network)
        half = np.nan_to_num(network.carriageway_m) / 2 + np.nan_to_num(network.shoulder_m)
        self.corridor_m: Floats = np.maximum(corridor_m, half)
        """(n,) half-width w of the corridor, metres."""
        self.widest_corridor_m = float(self.corridor_m.max(initial=corridor_m))
        is_same_frame = self.coords is network.coords
        self.boxes = network.boxes if is_same_frame else BoxIndex.of_lines(self.coords, self.start)
        self.bounds = np.array([*self.boxes.groups[:, :2].min(axis=0), *self.boxes.groups[:, 2:].max(axis=0)])

    @cached_property
    def road_types(self) -> Ints:
        """Return (n,) index into ROAD_TYPES."""
        codes = np.full(self.network.n_segments, ROAD_TYPES.index(""), dtype=np.int64)
        for code, letter in enumerate(ROAD_TYPES):
            codes[self.network.road_type == letter.encode()] = code
        return codes

    # which segments

    def near(self, bounds: Floats, reach_m: Floats) -> Iterator[tuple[float, Ints, Ints]]:
        """Yield (shift, item, segment) for boxes of shapes: candidates within reach when the shape is moved by `shift`.

        `bounds` (m, 4) degrees, `reach_m` (m,). The shift is a multiple of 360 that brings the shape into this frame.
        """
        boxes = bounds_with_reach(bounds, reach_m)
        for shift in self._shifts(boxes):
            item, segment = self.boxes.query(boxes + np.array([shift, 0.0, shift, 0.0]))
            if len(item):
                yield shift, item, segment

    def count_near(self, bounds: Floats, reach_m: Floats) -> int:
        """Return about how many segments lie within reach of boxes: of blocks of the index, not too few."""
        boxes = bounds_with_reach(bounds, reach_m)
        return sum(
            self.boxes.count_near(box)
            for shift in self._shifts(boxes)
            for box in boxes + np.array([shift, 0.0, shift, 0.0])
        )

    def near_points(self, points: Floats, reach_m: Floats) -> tuple[Ints, Ints, Floats]:
        """Return (point, segment, metres) of all pairs within reach; `points` (m, 2) degrees, `reach_m` (m,)."""
        is_far = reach_m > LONGEST_REACH_M
        if not is_far.any():
            return lines_near_points(points, reach_m, self.boxes, self.coords, self.start)
        near, far = np.flatnonzero(~is_far), np.flatnonzero(is_far)
        item, segment, metres = lines_near_points(points[near], reach_m[near], self.boxes, self.coords, self.start)
        found = [(near[item], segment, metres)]
        for item, segment, metres in self._near_far_points(points[far], reach_m[far]):
            found.append((far[item], segment, metres))
        item, segment, metres = (np.concatenate(columns) for columns in zip(*found, strict=True))
        return item, segment, metres

    def _near_far_points(self, points: Floats, reach_m: Floats) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Yield the same for points whose reach is beyond that of the quick way."""
        for shift, item, segment in self.near(np.hstack([points, points]), reach_m):
            distance = self.point_distances(points[item, 0] + shift, points[item, 1], segment)
            keep = distance <= reach_m[item] + SLACK
            yield item[keep], segment[keep], distance[keep]

    def _shifts(self, boxes: Floats) -> Iterator[float]:
        """Yield the multiples of 360 degrees that may bring boxes (m, 4) to the network."""
        for shift in (0.0, -360.0, 360.0):
            if not shift or np.any((boxes[:, 0] + shift <= self.bounds[2]) & (boxes[:, 2] + shift >= self.bounds[0])):
                yield shift

    def lines(self, segments: Ints) -> NDArray[np.object_]:
        """Return the shapely LineStrings of segments in this frame, degrees."""
        return lines_of(self.coords, self.start, segments)

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

    def shape_distances(self, shape: BaseGeometry, segments: Ints, *, reach_m: float = np.inf) -> Floats:
        """Return geodesic distances in metres from a shape (in this frame) to segments; 0 where they meet.

        Beyond `reach_m` any larger number may come.
        """
        if shape.geom_type == "Point":
            return self.point_distances(np.full(len(segments), shape.x), np.full(len(segments), shape.y), segments)
        shapely.prepare(shape)
        meets = shapely.intersects(shape, self.lines(segments))
        result = np.zeros(len(segments))
        apart = segments[~meets]
        edges, lines, lat = edges_of(shape), self._edge_table(apart), self.middle_lat(apart)
        kx, ky = metres_per_degree(lat)
        plane = np.column_stack([lat, kx, ky, -kx * np.radians(1.0) * np.tan(np.radians(lat))])
        first = np.concatenate([[0], np.cumsum(np.bincount(lines.owner, minlength=len(apart)))]).astype(np.int64)
        ends = nearest_links(lines.start, lines.end, first, plane, edges, blocks_of(edges), reach_m)
        result[~meets] = np.nan_to_num(distance_m(ends[:, 0], ends[:, 1], ends[:, 2], ends[:, 3]), nan=np.inf)
        return result

    def middle_lat(self, segments: Ints) -> Floats:
        """Return the latitude half way between the first and last vertex of segments, degrees."""
        middle: Floats = (self.coords[self.start[segments], 1] + self.coords[self.start[segments + 1] - 1, 1]) / 2
        return middle

    # which parts

    def parts_within(self, shape: BaseGeometry, segments: Ints, radius_m: Floats) -> Parts:
        """Return the parts of segments within a distance (m,) of a shape in this frame, metres from each start."""
        lines = self._edge_table(segments)
        metres = np.column_stack(metres_per_degree(self.middle_lat(segments)))[lines.owner]
        hits = near_edges(lines.start, lines.end, metres, edges_of(shape), radius_m[lines.owner])
        found = [lines.parts(np.arange(len(segments)), *hits)]
        areas = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
        found += [self.parts_inside(area, segments) for area in areas]
        return joined(found)

    def parts_inside(self, area: BaseGeometry, segments: Ints) -> Parts:
        """Return the parts of segments inside an area in this frame, geodesic metres from each start."""
        lines = self._edge_table(segments)
        return joined([lines.parts(np.arange(len(segments)), *inside_edges(lines.start, lines.end, area))])

    def geodesic_m(self, segments: Ints) -> Floats:
        """Return the lengths of centrelines, metres."""
        lines = self._edge_table(segments)
        return np.bincount(lines.owner, weights=lines.length, minlength=len(segments)).astype(np.float64)

    def stated(self, parts: Parts, segments: Ints) -> Parts:
        """Return parts on the scale of the lengths that the network states for the segments."""
        scale = (self.network.length_m[segments] / self.geodesic_m(segments))[parts.row]
        return Parts(parts.row, parts.low * scale, parts.high * scale)

    def _edge_table(self, segments: Ints) -> EdgeTable:
        counts = self.start[segments + 1] - self.start[segments] - 1
        owner, edge = expand_ranges(self.start[segments], counts)
        start, end = self.coords[edge], self.coords[edge + 1]
        length = distance_m(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
        before = np.cumsum(length) - length
        first = np.repeat(np.cumsum(counts) - counts, counts)
        return EdgeTable(owner, start, end, length, before - before[first])


def _frame(network: Network) -> tuple[Floats, Ints]:
    """Return vertices and starts with no jump at ± 180 and no edge over 1 km: the network's own, if it has none."""
    coords, start = np.asarray(network.coords), np.asarray(network.coord_start, dtype=np.int64)
    lat_limit = DENSIFY_M / 112_000.0
    kx = metres_per_degree(float(np.abs(coords[:, 1]).min(initial=0.0)))[0]
    edge = _long_edges(coords, start, DENSIFY_M * 0.7 / float(kx), lat_limit * 0.7)
    length = distance_m(coords[edge, 0], coords[edge, 1], coords[edge + 1, 0], coords[edge + 1, 1])
    edge = edge[(length > DENSIFY_M) | (np.abs(coords[edge, 0] - coords[edge + 1, 0]) > 180.0)]
    if not len(edge):
        return coords, start
    pieces: list[Floats] = []
    counts = np.diff(start)
    done = 0
    for number in np.unique(np.searchsorted(start, edge, side="right") - 1).tolist():
        line = coords[start[number] : start[number + 1]]
        line = densify(np.column_stack([unroll(line[:, 0]), line[:, 1]]))
        pieces += [coords[done : start[number]], line]
        counts[number], done = len(line), start[number + 1]
    pieces.append(coords[done:])
    return np.vstack(pieces), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


@compiled
def _long_edges(coords: Floats, start: Ints, lon_step: float, lat_step: float) -> Ints:
    """Return the first vertices of edges that go further than a step of longitude or latitude, degrees."""
    found, count = np.empty(16, np.int64), 0
    for line in range(len(start) - 1):
        for i in range(start[line], start[line + 1] - 1):
            if abs(coords[i, 0] - coords[i + 1, 0]) > lon_step or abs(coords[i, 1] - coords[i + 1, 1]) > lat_step:
                if count == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                found[count] = i
                count += 1
    return found[:count].copy()
