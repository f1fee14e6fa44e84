"""Parts of many lines at once: what lies within a distance of edges, or inside an area.

All in flat coordinates; a line is a run of edges. Source: facts format, sections 1.4, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.intervals import Interval

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


def _boxes(start: Floats, end: Floats, margin: Floats | float = 0.0) -> NDArray[np.object_]:
    low, high = np.minimum(start, end), np.maximum(start, end)
    boxes: NDArray[np.object_] = shapely.box(
        low[:, 0] - margin, low[:, 1] - margin, high[:, 0] + margin, high[:, 1] + margin
    )
    return boxes


def _meeting(start: Floats, end: Floats, edges: Floats, margin: Floats | float) -> tuple[Ints, Ints]:
    """Return (i, j) of the pairs of edges that may lie within a margin of each other."""
    if len(start) * len(edges) <= ALL_PAIRS_MAX:
        i = np.repeat(np.arange(len(start)), len(edges))
        return i, np.tile(np.arange(len(edges)), len(start))
    i, j = shapely.STRtree(_boxes(edges[:, :2], edges[:, 2:])).query(_boxes(start, end, margin))
    return i.astype(np.int64), j.astype(np.int64)


def near_edges(start: Floats, end: Floats, edges: Floats, radius: Floats) -> tuple[Ints, Floats, Floats]:
    """Return (edge, low, high): the shares of edges start-end within a radius (e,) of other edges (m, 4).

    What lies within a radius of an edge is a capsule, which is convex: it cuts a line in one interval, whose ends are
    where the line leaves one of the two discs or one of the two long sides.
    """
    i, j = _meeting(start, end, edges, radius * (1 + 1e-9) + 1e-6)
    low, high = _capsule_cut(start[i], end[i] - start[i], edges[j, :2], edges[j, 2:], radius[i])
    hit = np.flatnonzero(low <= high)
    return i[hit], low[hit], high[hit]


def _capsule_cut(p: Floats, v: Floats, c: Floats, d: Floats, radius: Floats) -> tuple[Floats, Floats]:
    """Return shares [low, high] of the edges p + s v, 0 <= s <= 1, inside the capsules round c-d; low > high = none."""
    low, high = np.full(len(p), np.inf), np.full(len(p), -np.inf)
    for centre in (c, d):
        first, last = _disc_cut(p, v, centre, radius)
        low, high = np.minimum(low, first), np.maximum(high, last)
    axis = d - c
    length = np.hypot(axis[:, 0], axis[:, 1])
    unit = axis / np.where(length > 0, length, 1.0)[:, None]
    first, last = _slab_cut(_dot(p - c, unit), _dot(v, unit), np.zeros(len(p)), length)
    normal = np.column_stack([-unit[:, 1], unit[:, 0]])
    sideways = _slab_cut(_dot(p - c, normal), _dot(v, normal), -radius, radius)
    first, last = np.maximum(first, sideways[0]), np.minimum(last, sideways[1])
    is_inside = (first <= last) & (length > 0)
    low, high = np.where(is_inside, np.minimum(low, first), low), np.where(is_inside, np.maximum(high, last), high)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def _dot(a: Floats, b: Floats) -> Floats:
    product: Floats = a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]
    return product


def _disc_cut(p: Floats, v: Floats, centre: Floats, radius: Floats) -> tuple[Floats, Floats]:
    to = p - centre
    a, b, c = _dot(v, v), _dot(to, v), _dot(to, to) - radius * radius
    root = b * b - a * c
    is_hit = (root >= 0) & (a > 0)
    spread = np.sqrt(np.where(is_hit, root, 0.0))
    safe = np.where(a > 0, a, 1.0)
    first, last = (-b - spread) / safe, (-b + spread) / safe
    is_hit &= (last >= 0) & (first <= 1)
    return np.where(is_hit, first, np.inf), np.where(is_hit, last, -np.inf)


def _slab_cut(at: Floats, speed: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return shares s in [0, 1] with low <= at + s speed <= high."""
    still = np.abs(speed) < 1e-12
    safe = np.where(still, 1.0, speed)
    one, two = (low - at) / safe, (high - at) / safe
    first, last = np.minimum(one, two), np.maximum(one, two)
    is_in = (at >= low) & (at <= high)
    first = np.where(still, np.where(is_in, 0.0, np.inf), first)
    last = np.where(still, np.where(is_in, 1.0, -np.inf), last)
    return np.maximum(first, 0.0), np.minimum(last, 1.0)


def inside_edges(start: Floats, end: Floats, area: BaseGeometry) -> tuple[Ints, Floats, Floats]:
    """Return (edge, low, high): the shares of edges inside an area: cut at its outline, judged by their middles."""
    rings = edges_of(area)
    i, j = _meeting(start, end, rings, 0.0)
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
