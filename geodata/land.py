"""The land: an island of three invented countries, its relief, its rivers and one lake.

Fields are (ROWS, COLUMNS) arrays over the frame, row 0 in the south. Rivers run where the water of a filled relief
gathers; everything else about the country (towns, roads, units) is laid on top of this.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from geodata.contours import outline_above
from geodata.frame import CELL_M, COLUMNS, EXTENT_M, ROWS
from geodata.noise import Field, NoiseField

STREAM_KM2, RIVER_KM2, MAJOR_KM2 = 180.0, 900.0, 4200.0
"""Catchment from which water is a stream, a river, a major river."""
NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""Row and column steps of the eight directions."""


@dataclass(frozen=True, slots=True)
class Land:
    """Fields and outlines. Elevation in metres (sea < 0), positions in metres of the frame."""

    elevation: Field
    is_country: NDArray[np.bool_]
    is_lake: NDArray[np.bool_]
    catchment_km2: Field
    """Area that drains through a cell."""
    downstream: NDArray[np.int64]
    """Flat index of the cell a cell drains to; itself at the sea."""
    node_xy: NDArray[np.float64]
    """(ROWS * COLUMNS, 2): where within its cell a river or road passes; not the centre, so that no grid shows."""
    coast: shapely.Geometry
    country: shapely.Geometry
    lake: shapely.Geometry

    @property
    def water_rank(self) -> NDArray[np.int64]:
        """Return 0 dry, 1 stream, 2 river, 3 major river, per cell."""
        limits = (STREAM_KM2, RIVER_KM2, MAJOR_KM2)
        return np.where(self.elevation > 0, np.searchsorted(limits, self.catchment_km2, side="right"), 0)


def make_land(rng: np.random.Generator) -> Land:
    """Return the land of one random stream."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] * CELL_M + CELL_M / 2
    shore = _shore(rng, x, y)
    elevation, basin = _relief(rng, x, y, shore)
    filled, downstream, order = _drain(elevation)
    catchment = np.ones(elevation.size)
    for cell in reversed(order):
        if downstream[cell] != cell:
            catchment[downstream[cell]] += catchment[cell]
    lake_field = gaussian_filter(np.where(basin, filled - elevation - 3.0, -8.0), 0.7)
    territory = _territory(rng, x, y)
    is_country = (territory > 0) & (elevation > 0)
    jitter = rng.uniform(-0.33, 0.33, (elevation.size, 2)) * CELL_M
    coast = _largest(_roughened(rng, outline_above(gaussian_filter(elevation, 0.6), 0.0), 260.0))
    inside = _largest(_roughened(rng, outline_above(territory, 0.0), 320.0))
    return Land(
        elevation=elevation,
        is_country=is_country,
        is_lake=lake_field > 0,
        catchment_km2=catchment.reshape(elevation.shape),
        downstream=downstream,
        node_xy=np.stack([x.ravel(), y.ravel()], 1) + jitter,
        coast=coast,
        country=_largest(coast.intersection(inside)),
        lake=_roughened(rng, outline_above(lake_field, 0.0), 210.0),
    )


def _largest(shape: shapely.Geometry) -> shapely.Geometry:
    return max(shapely.get_parts(shape), key=shapely.area)


def _roughened(rng: np.random.Generator, shape: shapely.Geometry, sway_m: float) -> shapely.Geometry:
    """Return an outline with coves and spits too small for the grid."""
    sway = NoiseField(rng, wavelength_m=1900, octaves=4, gain=0.6)
    dense = shapely.segmentize(shape, 130.0)
    bent = shapely.transform(dense, lambda c: c + sway_m * np.stack([sway.at(*c.T), sway.at(*(c.T + 8e5))], 1))
    return shapely.make_valid(shapely.simplify(bent, 6.0))


def _shore(rng: np.random.Generator, x: Field, y: Field) -> Field:
    """Return a field that is positive on land: a ragged island with a wide gulf in the south-west."""
    warp = NoiseField(rng, wavelength_m=120_000, octaves=5, gain=0.55)
    rough = NoiseField(rng, wavelength_m=46_000, octaves=6, gain=0.6)
    bent_x = x + 30_000 * warp.at(x, y)
    bent_y = y + 30_000 * warp.at(x + 3.1e6, y)
    u, v = (bent_x - 232_000) / 204_000, (bent_y - 226_000) / 190_000
    island = 1 - (np.abs(u) ** 2.5 + np.abs(v) ** 2.5) ** (1 / 2.5)
    gulf = np.exp(-(((bent_x - 118_000) / 34_000) ** 2) - ((bent_y - 34_000) / 56_000) ** 2)
    inlet = np.exp(-(((bent_x - 30_000) / 44_000) ** 2) - ((bent_y - 205_000) / 17_000) ** 2)
    edge = np.minimum(np.minimum(x, EXTENT_M[2] - x), np.minimum(y, EXTENT_M[3] - y))
    island = island - 0.8 * np.exp(-((edge / 11_000) ** 2))
    return island - 0.44 * gulf - 0.30 * inlet + 0.085 * rough.at(x, y)


def _relief(rng: np.random.Generator, x: Field, y: Field, shore: Field) -> tuple[Field, NDArray[np.bool_]]:
    """Return the elevation in metres and where the lake's basin is."""
    inland_km = distance_transform_edt(shore > 0)
    hills = NoiseField(rng, wavelength_m=46_000, octaves=5, gain=0.55)
    folds = NoiseField(rng, wavelength_m=90_000, octaves=4)
    humps = NoiseField(rng, wavelength_m=15_000, octaves=4, gain=0.6)
    ridge = (1 - np.abs(folds.at(x, y))).clip(0) ** 2
    axis = (x * 0.80 + y * 0.60 - 285_000 + 25_000 * hills.at(x + 5e6, y)) / 60_000
    range_ = np.exp(-(axis**2)) * np.exp(-(((x * -0.6 + y * 0.8 - 20_000) / 190_000) ** 2))
    spur = np.exp(-(((x - 120_000) / 34_000) ** 2) - ((y - 245_000) / 52_000) ** 2)
    rise = 1 - np.exp(-inland_km / 45)
    land = 14 + 250 * rise + (12 + 120 * rise) * hills.at(x, y) + (9 + 26 * rise) * humps.at(x, y)
    land += (2 + 7 * rise) * rng.normal(size=land.shape)  # Without it, rivers on even slopes run side by side.
    land += (1150 * range_ + 520 * spur) * (0.35 + ridge) * rise
    basin = np.exp(-(((x - 205_000) / 15_000) ** 2) - ((y - 150_000) / 10_000) ** 2)
    elevation = np.where(shore > 0, np.maximum(land, 2.0) - 300 * basin, -40 - 900 * np.minimum(-shore, 0.5))
    return np.where((shore > 0) & (elevation < 1), 1.0, elevation), basin > 0.12


def _drain(elevation: Field) -> tuple[Field, NDArray[np.int64], list[int]]:
    """Return the relief with its pits filled, where each cell drains, and cells from the sea upwards."""
    flat = elevation.ravel()
    filled, down = flat.copy(), np.arange(flat.size)
    seen = flat <= 0
    heap = [(0.0, int(cell)) for cell in np.flatnonzero(seen)]
    order: list[int] = []
    heights, done = flat.tolist(), seen.tolist()
    while heap:
        height, cell = heapq.heappop(heap)
        order.append(cell)
        row, column = divmod(cell, COLUMNS)
        for d_row, d_column in NEIGHBOURS:
            r, c = row + d_row, column + d_column
            if not (0 <= r < ROWS and 0 <= c < COLUMNS) or done[other := r * COLUMNS + c]:
                continue
            done[other] = True
            level = max(heights[other], height + 0.02)
            filled[other], down[other] = level, cell
            heapq.heappush(heap, (level, other))
    return filled.reshape(elevation.shape), down, order


def _territory(rng: np.random.Generator, x: Field, y: Field) -> Field:
    """Return a field that is positive inside the country: two land borders, in the north and in the east."""
    bend = NoiseField(rng, wavelength_m=80_000, octaves=5, gain=0.55)
    north = 318_000 + 17_000 * bend.at(x, y) + 0.06 * (x - 150_000) - y
    east = 318_000 + 19_000 * bend.at(x + 7e6, y) - 0.10 * (y - 150_000) - x
    corner = (north + east - np.hypot(north - east, 40_000)) / 2
    return corner / CELL_M
