"""The flat frame in which the country is drawn: metres east and north of one corner, in open ocean.

A plain scaling of degrees is enough for invented land: over 450 km at 4° N it misstates lengths by 0.2 % at most.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

LON0, LAT0 = -33.70, 2.55
"""South-west corner, degrees."""
METRES_PER_LON, METRES_PER_LAT = 111_020.0, 110_580.0
"""Metres in one degree at 4° N."""
CELL_M = 1000.0
"""Side of a terrain cell."""
COLUMNS, ROWS = 470, 440
"""Terrain cells east and north."""
EXTENT_M = (0.0, 0.0, COLUMNS * CELL_M, ROWS * CELL_M)


def to_lonlat(xy: ArrayLike) -> NDArray[np.float64]:
    """Return (n, 2) degrees, rounded to 1e-7, of (n, 2) metres."""
    points = np.asarray(xy, float)
    return np.round(points / (METRES_PER_LON, METRES_PER_LAT) + (LON0, LAT0), 7)


def to_metres(lonlat: ArrayLike) -> NDArray[np.float64]:
    """Return (n, 2) metres of (n, 2) degrees."""
    return (np.asarray(lonlat, float) - (LON0, LAT0)) * (METRES_PER_LON, METRES_PER_LAT)
