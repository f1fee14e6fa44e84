"""Outlines of regions of a grid: every smooth polygon of the country (coast, border, lake, relief) is one of these."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.frame import CELL_M

_EDGES = {
    1: ((3, 0),),
    2: ((0, 1),),
    3: ((3, 1),),
    4: ((1, 2),),
    5: ((3, 2), (0, 1)),
    6: ((0, 2),),
    7: ((3, 2),),
    8: ((2, 3),),
    9: ((2, 0),),
    10: ((0, 3), (2, 1)),
    11: ((2, 1),),
    12: ((1, 3),),
    13: ((1, 0),),
    14: ((0, 3),),
}
"""Marching squares: which edges (south, east, north, west) a line joins, by which corners (SW SE NE NW) are inside."""


def outline_above(field: NDArray[np.float64], level: float, *, cell_m: float = CELL_M) -> shapely.Geometry:
    """Return the (multi)polygon, metres, where a field (rows north, columns east, at cell centres) exceeds a level.

    What lies beyond the grid counts as outside, so every outline is closed.
    """
    low = min(float(field.min()), level) - 1.0
    padded = np.pad(field, 1, constant_values=low) - level
    padded[padded == 0] = -1e-9
    sw, se, ne, nw = padded[:-1, :-1], padded[:-1, 1:], padded[1:, 1:], padded[1:, :-1]
    case = (sw > 0) + 2 * (se > 0) + 4 * (ne > 0) + 8 * (nw > 0)
    row, column = np.nonzero((case > 0) & (case < 15))
    a, b, c, d = (corner[row, column] for corner in (sw, se, ne, nw))
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = (
            np.stack([column + a / (a - b), row], 1),
            np.stack([column + 1, row + b / (b - c)], 1),
            np.stack([column + d / (d - c), row + 1], 1),
            np.stack([column, row + a / (a - d)], 1),
        )
    pieces = []
    for number, pairs in _EDGES.items():
        chosen = case[row, column] == number
        for first, second in pairs:
            pieces.append(np.stack([crossings[first][chosen], crossings[second][chosen]], 1))
    corners = (np.concatenate(pieces) - 0.5) * cell_m
    rings = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(np.round(corners, 3))))
    return shapely.make_valid(shapely.build_area(rings))
