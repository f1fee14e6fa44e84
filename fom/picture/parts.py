"""Parts of many lines at once: what lies within a distance of edges, or inside an area.

A line is a run of edges. Source: facts format, sections 1.4, 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.intervals import Interval
from fom.network.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
JOIN_M = 1e-6
"""Parts no further apart than this are one."""
ALL_PAIRS_MAX = 4096
"""Up to so many pairs of edges are all compared; beyond, an index finds those whose boxes meet."""


class Parts(NamedTuple):
    """Parts of lines: the row of each, and from where to where, metres from its start; by row, then low to high."""

    row: Ints
    low: Floats
    high: Floats

    def of(self, row: int) -> list[Interval]:
        """Return the parts of one row."""
        first, last = np.searchsorted(self.row, [row, row + 1])
        return list(zip(self.low[first:last].tolist(), self.high[first:last].tolist(), strict=True))


@dataclass(frozen=True)
class EdgeTable:
    """The edges of some lines."""

    owner: Ints
    """Row of the line."""
    start: Floats
    """(e, 2)"""
    end: Floats
    length: Floats
    """Metres."""
    before: Floats
    """Metres of the line before the edge."""

    def parts(self, rows: Ints, edge: Ints, low: Floats, high: Floats) -> Parts:
        """Return the parts [low, high] (shares of edges) as metres of lines; `rows` are the numbers of the lines."""
        at, step = self.before[edge], self.length[edge]
        return Parts(rows[self.owner[edge]], at + low * step, at + high * step)


def joined(found: Sequence[Parts]) -> Parts:
    """Return the union of parts, in order, with touching ones made one."""
    row, low, high = (np.concatenate(columns) for columns in zip(*found, strict=True))
    if not len(row):
        return Parts(row, low, high)
    order = np.lexsort((low, row))
    row, low, high = row[order], low[order], high[order]
    stride = float(high.max()) + 1.0
    reached = np.maximum.accumulate(high + row * stride) - row * stride
    is_first = np.concatenate([[True], (row[1:] != row[:-1]) | (low[1:] > reached[:-1] + JOIN_M)])
    first = np.flatnonzero(is_first)
    return Parts(row[first], low[first], np.maximum.reduceat(high, first))


def edges_of(shape: BaseGeometry) -> Floats:
    """Return (m, 4) edges x0, y0, x1, y1 of a shape; a point is an edge of no length."""
    edges = [np.empty((0, 4))]
    for part in shapely.get_parts(shape):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            xy = shapely.get_coordinates(ring)
            edges.append(np.hstack([xy[:-1], xy[1:]]) if len(xy) > 1 else np.hstack([xy, xy]))
    return np.vstack(edges)


@compiled
def nearest_links(
    start: Floats, end: Floats, first: Ints, plane: Floats, edges: Floats, chosen: Ints, begin: Ints, finish: Ints
) -> Floats:
    """Return (rows, 4) the two places x, y of each line and the edges that are nearest to each other, degrees.

    Line r has the edges first[r] to first[r + 1] of `start` and `end` (e, 2), and is compared with the `edges` (m, 4)
    numbered chosen[begin[r]] to chosen[finish[r] - 1], at least one. `plane` (rows, 4) is for each line a
    latitude, the metres of a degree there, and by how much those of longitude change with a degree of latitude: two
    corners almost equally near are told apart by the plane between each and its foot. Lines that cross an edge are not
    treated: they are at distance 0.
    """
    out = np.empty((len(first) - 1, 4))
    for row in range(len(first) - 1):
        lat, kx, ky, change = plane[row, 0], plane[row, 1], plane[row, 2], plane[row, 3]
        least = np.inf
        for i in range(first[row], first[row + 1]):
            ax, ay, bx, by = start[i, 0], start[i, 1], end[i, 0], end[i, 1]
            for place in range(begin[row], finish[row]):
                j = chosen[place]
                cx, cy, dx, dy = edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3]
                for corner in range(4):
                    if corner < 2:  # an end of the edge, and its foot on the line
                        px, py = (cx, cy) if corner == 0 else (dx, dy)
                        share = _foot((px - ax) * kx, (py - ay) * ky, (bx - ax) * kx, (by - ay) * ky)
                        qx, qy = ax + share * (bx - ax), ay + share * (by - ay)
                    else:
                        px, py = (ax, ay) if corner == 2 else (bx, by)
                        share = _foot((px - cx) * kx, (py - cy) * ky, (dx - cx) * kx, (dy - cy) * ky)
                        qx, qy = cx + share * (dx - cx), cy + share * (dy - cy)
                    east, north = (qx - px) * (kx + change * ((py + qy) / 2 - lat)), (qy - py) * ky
                    if east * east + north * north < least:
                        least = east * east + north * north
                        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = px, py, qx, qy
    return out


@compiled
def _foot(px: float, py: float, sx: float, sy: float) -> float:
    """Return where on the way s from the origin the place p is nearest, 0 to 1."""
    length2 = sx * sx + sy * sy
    return min(1.0, max(0.0, (px * sx + py * sy) / length2)) if length2 > 0.0 else 0.0


def _boxes(start: Floats, end: Floats) -> NDArray[np.object_]:
    boxes: NDArray[np.object_] = shapely.box(*np.minimum(start, end).T, *np.maximum(start, end).T)
    return boxes


def _meeting(start: Floats, end: Floats, edges: Floats) -> tuple[Ints, Ints]:
    """Return (i, j) of the pairs of edges that may meet."""
    if len(start) * len(edges) <= ALL_PAIRS_MAX:
        i = np.repeat(np.arange(len(start)), len(edges))
        return i, np.tile(np.arange(len(edges)), len(start))
    i, j = shapely.STRtree(_boxes(edges[:, :2], edges[:, 2:])).query(_boxes(start, end))
    return i.astype(np.int64), j.astype(np.int64)


def near_edges(
    start: Floats, end: Floats, metres: Floats, edges: Floats, radius: Floats
) -> tuple[Ints, Floats, Floats]:
    """Return (edge, low, high): the shares of edges start-end within a radius of other edges.

    What lies within a radius of an edge is a capsule, which is convex: it cuts a line in one interval, whose ends are
    where the line leaves one of the two discs or one of the two long sides.

    Parameters
    ----------
    start, end
        (e, 2) degrees.
    metres
        (e, 2) metres per degree of longitude and latitude at each edge.
    edges
        (m, 4) degrees.
    radius
        (e,) metres.
    """
    count = _near_edges(start, end, metres, edges, radius, np.empty(0, np.int64), np.empty((0, 2)))
    edge, shares = np.empty(count, np.int64), np.empty((count, 2))
    _near_edges(start, end, metres, edges, radius, edge, shares)
    return edge, shares[:, 0], shares[:, 1]


@compiled
def _near_edges(
    start: Floats, end: Floats, metres: Floats, edges: Floats, radius: Floats, edge: Ints, shares: Floats
) -> int:
    """Write (edge, low, high) of each hit into `edge` and `shares` while there is room; return how many there are."""
    count = 0
    for i in range(len(start)):
        kx, ky, r = metres[i, 0], metres[i, 1], radius[i]
        margin_x, margin_y = (r * (1 + 1e-9) + 1e-6) / kx, (r * (1 + 1e-9) + 1e-6) / ky
        px, py = start[i, 0], start[i, 1]
        vx, vy = end[i, 0] - px, end[i, 1] - py
        west, east = px + min(vx, 0.0) - margin_x, px + max(vx, 0.0) + margin_x
        south, north = py + min(vy, 0.0) - margin_y, py + max(vy, 0.0) + margin_y
        vx, vy = vx * kx, vy * ky
        for j in range(len(edges)):
            cx, cy, dx, dy = edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3]
            if max(cx, dx) < west or min(cx, dx) > east or max(cy, dy) < south or min(cy, dy) > north:
                continue
            low, high = _capsule_cut((px - cx) * kx, (py - cy) * ky, vx, vy, (dx - cx) * kx, (dy - cy) * ky, r)
            if low <= high:
                if count < len(edge):
                    edge[count], shares[count, 0], shares[count, 1] = i, low, high
                count += 1
    return count


@compiled
def _capsule_cut(
    px: float, py: float, vx: float, vy: float, dx: float, dy: float, radius: float
) -> tuple[float, float]:
    """Return shares [low, high] of p + s v, 0 <= s <= 1, inside the capsule round 0-d; low > high = none."""
    low, high = _disc_cut(px, py, vx, vy, radius)
    first, last = _disc_cut(px - dx, py - dy, vx, vy, radius)
    low, high = min(low, first), max(high, last)
    length = math.hypot(dx, dy)
    if length > 0:
        ux, uy = dx / length, dy / length
        first, last = _slab_cut(px * ux + py * uy, vx * ux + vy * uy, 0.0, length)
        one, two = _slab_cut(py * ux - px * uy, vy * ux - vx * uy, -radius, radius)
        first, last = max(first, one), min(last, two)
        if first <= last:
            low, high = min(low, first), max(high, last)
    return max(low, 0.0), min(high, 1.0)


@compiled
def _disc_cut(px: float, py: float, vx: float, vy: float, radius: float) -> tuple[float, float]:
    """Return shares at which p + s v enters and leaves the disc round 0; (inf, -inf) when it misses it."""
    a, b, c = vx * vx + vy * vy, px * vx + py * vy, px * px + py * py - radius * radius
    root = b * b - a * c
    if a <= 0 or root < 0:
        return math.inf, -math.inf
    spread = math.sqrt(root)
    first, last = (-b - spread) / a, (-b + spread) / a
    if last < 0 or first > 1:
        return math.inf, -math.inf
    return first, last


@compiled
def _slab_cut(at: float, speed: float, low: float, high: float) -> tuple[float, float]:
    """Return shares s in [0, 1] with low <= at + s speed <= high; low > high = none."""
    if abs(speed) < 1e-12:
        return (0.0, 1.0) if low <= at <= high else (math.inf, -math.inf)
    one, two = (low - at) / speed, (high - at) / speed
    return max(min(one, two), 0.0), min(max(one, two), 1.0)


def inside_edges(start: Floats, end: Floats, area: BaseGeometry) -> tuple[Ints, Floats, Floats]:
    """Return (edge, low, high): the shares of edges inside an area: cut at its outline, judged by their middles."""
    rings = edges_of(area)
    i, j = _meeting(start, end, rings)
    edge, share = _crossings(i, start[i], end[i] - start[i], rings[j, :2], rings[j, 2:] - rings[j, :2])
    n = np.arange(len(start))
    edge = np.concatenate([n, n, edge])
    share = np.concatenate([np.zeros(len(n)), np.ones(len(n)), share])
    order = np.lexsort((share, edge))
    edge, share = edge[order], share[order]
    piece = np.flatnonzero((edge[1:] == edge[:-1]) & (share[1:] > share[:-1]))
    edge, low, high = edge[piece], share[piece], share[piece + 1]
    middle = start[edge] + ((low + high) / 2)[:, None] * (end[edge] - start[edge])
    shapely.prepare(area)
    is_in = shapely.intersects_xy(area, middle[:, 0], middle[:, 1])
    return edge[is_in], low[is_in], high[is_in]


def _crossings(i: Ints, p: Floats, v: Floats, c: Floats, w: Floats) -> tuple[Ints, Floats]:
    """Return (edge, share) at which edges p + s v meet other edges c + r w, for pairs."""
    cross = v[:, 0] * w[:, 1] - v[:, 1] * w[:, 0]
    safe = np.where(cross != 0, cross, 1.0)
    to = c - p
    share = (to[:, 0] * w[:, 1] - to[:, 1] * w[:, 0]) / safe
    other = (to[:, 0] * v[:, 1] - to[:, 1] * v[:, 0]) / safe
    # an edge that ends on the line is met although rounding says it just fails to reach: a cut too many does no harm
    hit = (cross != 0) & (share > 0) & (share < 1) & (other >= -1e-9) & (other <= 1 + 1e-9)
    return i[hit], share[hit]
