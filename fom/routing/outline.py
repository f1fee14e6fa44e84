"""The outline of reached road: an area that holds every reached piece and nothing far from one.

Rule: on a lattice of square cells the distance to the nearest reached road is taken, and the outline is the line of
equal distance, `LEVEL` cells from it. So the outline holds every reached piece, and no place inside lies farther than
`MARGIN` cells from one: it says where reached roads are, not that one may leave them. The cell grows with the area, so
that the outline stays small enough to send; the margin in metres is part of the answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.snapping import metres_per_degree

Floats = NDArray[np.float64]
CELL_M = 75.0
"""Smallest cell, metres (J)."""
CELLS_ACROSS = 480
"""Cells over the longer side of what is reached, so that the outline can be seen when all of it is shown (J)."""
VERTICES_MAX = 12_000
"""Positions of one outline; beyond, the cell grows by half until it fits (J)."""
STEP = 0.5
"""Roads are sampled at least this often, in cells."""
LEVEL = 1.75
"""Above sqrt(2) + STEP / 2: all four corners around any reached point then lie inside the line of equal distance."""
FAR = 3.0
"""Distances are kept up to here, in cells: a corner outside is at most one cell from one inside."""
MARGIN = 3.0
"""Farthest that a point inside can be from a reached road, in cells: corners of the outline lie at most LEVEL + 1/2
away (distances differ by at most one between neighbours), any point inside at most sqrt(2) / 2 from a corner."""
RADIUS = 3
DEGREE_DIGITS = 6


@dataclass(frozen=True, eq=False, slots=True)
class Lines:
    """Line i has the vertices `coords[starts[i]:starts[i + 1]]`, degrees."""

    coords: Floats
    starts: NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """A valid (multi)polygon in degrees, and how far from reached road a place inside it may lie."""

    shape: shapely.Polygon | shapely.MultiPolygon
    margin_m: float


def outlines_of(nested: Sequence[Lines], *, around: tuple[float, float]) -> list[Outline]:
    """Return the outline of each of some sets of lines, the last of which holds all the others, on one lattice.

    `around` is a place near the lines; longitudes are unrolled from there, so lines may cross 180°.
    """
    if not nested or not len(nested[-1].coords):
        return [Outline(shapely.MultiPolygon(), 0.0) for _ in nested]
    # metres per degree of longitude where they are most, so that distances are never taken too short
    lat = nested[-1].coords[:, 1]
    scale = (
        metres_per_degree(float(np.abs(lat).min()) if lat.min() * lat.max() > 0 else 0.0)[0],
        metres_per_degree(float(np.abs(lat).max()))[1],
    )
    planes = [_to_plane(lines.coords, around, scale) for lines in nested]
    low, size = planes[-1].min(axis=0), np.ptp(planes[-1], axis=0)
    cell = max(CELL_M, float(size.max()) / CELLS_ACROSS)
    while True:
        drawn = []
        for plane, lines in zip(planes, nested, strict=True):
            field = np.full((int(size[1] / cell) + 12, int(size[0] / cell) + 12), FAR)
            _measure((plane - low) / cell + 5.0, lines.starts, field)
            drawn.append(_contour(field))
        if max(len(points) for points, _ in drawn) <= VERTICES_MAX:
            break
        cell *= 1.5
    corner, step = low - 5.0 * cell, np.array([cell, cell])
    return [
        Outline(
            _polygons(np.round((points * step + corner) / scale + [around[0], 0.0], DEGREE_DIGITS), firsts),
            MARGIN * cell,
        )
        for points, firsts in drawn
    ]


def _to_plane(coords: Floats, around: tuple[float, float], scale: tuple[float, float]) -> Floats:
    """Return (k, 2) metres east and north, longitudes unrolled from a place."""
    lon = (coords[:, 0] - around[0] + 540.0) % 360.0 - 180.0
    return np.column_stack([lon * scale[0], coords[:, 1] * scale[1]])


def _polygons(points: Floats, firsts: NDArray[np.int64]) -> shapely.Polygon | shapely.MultiPolygon:
    if not len(points):
        return shapely.MultiPolygon()
    counts = np.diff(firsts)
    lines = shapely.linearrings(points, indices=np.repeat(np.arange(len(counts)), counts))
    area = shapely.build_area(shapely.geometrycollections(lines))
    return area if shapely.is_valid(area) else shapely.make_valid(area, method="structure")


@compiled
def _measure(at: Floats, starts: NDArray[np.int64], field: Floats) -> None:
    """Lower the distances in `field` (rows, columns), in cells, to those from samples of the lines."""
    for line in range(len(starts) - 1):
        for k in range(starts[line], starts[line + 1]):
            last = k + 1 if k + 1 < starts[line + 1] else k
            dx, dy = at[last, 0] - at[k, 0], at[last, 1] - at[k, 1]
            count = int(math.sqrt(dx * dx + dy * dy) / STEP) + 1
            for j in range(count):
                _mark(at[k, 0] + dx * j / count, at[k, 1] + dy * j / count, field)


@compiled
def _mark(px: float, py: float, field: Floats) -> None:
    column, row = int(px + 0.5), int(py + 0.5)
    for i in range(max(0, row - RADIUS), min(field.shape[0], row + RADIUS + 1)):
        for j in range(max(0, column - RADIUS), min(field.shape[1], column + RADIUS + 1)):
            square = (i - py) * (i - py) + (j - px) * (j - px)
            if square < field[i, j] * field[i, j]:
                field[i, j] = math.sqrt(square)


@compiled
def _contour(field: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return the rings of equal distance LEVEL: points (k, 2) column and row, and where each ring begins and ends.

    Every crossed lattice edge is left by one ring and entered by the same: `after` is a permutation of crossed edges.
    Edge 2 (i W + j) runs from corner (i, j) to (i, j + 1), the next number to (i + 1, j). Nearest is on the left.
    """
    height, width = field.shape
    after = np.full(2 * height * width, -1, np.int32)
    count = 0
    for i in range(height - 1):
        for j in range(width - 1):
            here = i * width + j
            a, b = field[i, j] < LEVEL, field[i, j + 1] < LEVEL
            c, d = field[i + 1, j + 1] < LEVEL, field[i + 1, j] < LEVEL
            low, right, top, left = 2 * here, 2 * (here + 1) + 1, 2 * (here + width), 2 * here + 1
            # each corner inside, or run of them, is cut off from the rest by one step of a ring
            if a and not b:
                after[low] = left if not d else (top if not c else right)
                count += 1
            if b and not c:
                after[right] = low if not a else (left if not d else top)
                count += 1
            if c and not d:
                after[top] = right if not b else (low if not a else left)
                count += 1
            if d and not a:
                after[left] = top if not c else (right if not b else low)
                count += 1
    points = np.empty((count, 2))
    firsts = np.empty(count + 1, np.int64)
    size, rings = 0, 0
    for begin in range(len(after)):
        if after[begin] < 0:
            continue
        firsts[rings] = size
        rings += 1
        edge = begin
        while after[edge] >= 0:
            corner = edge >> 1
            i, j = corner // width, corner % width
            low = field[i, j]
            high = field[i + 1, j] if edge & 1 else field[i, j + 1]
            share = min(max((LEVEL - low) / (high - low), 0.02), 0.98)
            points[size, 0] = j if edge & 1 else j + share
            points[size, 1] = i + share if edge & 1 else i
            size += 1
            follower = after[edge]
            after[edge] = -1
            edge = follower
    firsts[rings] = size
    return points, firsts[: rings + 1].copy()
