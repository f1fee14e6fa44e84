"""Where people live: towns at sensible places with Zipf populations, and hamlets between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

from geodata.frame import COLUMNS, ROWS
from geodata.land import Land
from geodata.names import NameMaker
from geodata.noise import Field, NoiseField

CAPITAL_POPULATION = 412_000
TOWNS, HAMLETS = 152, 1050
CAPITAL_CLEARANCE_KM, HAMLET_CLEARANCE_KM = 22.0, 3.4


@dataclass(frozen=True, slots=True)
class Settlement:
    """A place with people. `rank` 0 is the capital; hamlets have rank >= TOWNS."""

    name: str
    cell: int
    x: float
    y: float
    population: int
    rank: int

    @property
    def place(self) -> str:
        """Return the OSM place value."""
        if self.rank < 6:
            return "city"
        return "town" if self.population >= 5000 else "village" if self.population >= 700 else "hamlet"


def place_settlements(rng: np.random.Generator, land: Land, names: NameMaker) -> list[Settlement]:
    """Return towns and hamlets in order of rank; near water and low ground more often than not."""
    appeal = _appeal(rng, land)
    wished = [
        np.where(np.isfinite(appeal), appeal * weight + rng.gumbel(size=appeal.shape) * 0.35, -np.inf).ravel()
        for weight in (1.6, 0.35)
    ]
    chosen = [_capital_cell(land, appeal)]
    _block(wished, chosen[0], CAPITAL_CLEARANCE_KM)
    for rank in range(1, TOWNS + HAMLETS):
        wish = wished[0 if rank < TOWNS else 1]
        cell = int(np.argmax(wish))
        if not np.isfinite(wish[cell]):
            break
        chosen.append(cell)
        _block(wished, cell, max(52 / (rank + 1) ** 0.42, 4.0) if rank < TOWNS else HAMLET_CLEARANCE_KM)
    populations = _populations(rng, len(chosen))
    return [
        Settlement(names.place(), cell, float(x), float(y), populations[rank], rank)
        for rank, (cell, (x, y)) in enumerate(zip(chosen, land.node_xy[chosen].round(1).tolist(), strict=True))
    ]


def _block(wished: list[NDArray[np.float64]], cell: int, apart_km: float) -> None:
    """Let nobody else settle within a distance of a cell."""
    row, column = divmod(cell, COLUMNS)
    reach = int(np.ceil(apart_km))
    rows = np.arange(max(row - reach, 0), min(row + reach + 1, ROWS))
    columns = np.arange(max(column - reach, 0), min(column + reach + 1, COLUMNS))
    near = np.hypot(rows[:, None] - row, columns[None] - column) < apart_km
    for wish in wished:
        wish.reshape(ROWS, COLUMNS)[np.ix_(rows, columns)] += np.where(near, -np.inf, 0.0)


def _populations(rng: np.random.Generator, count: int) -> list[int]:
    """Return head counts: Zipf for towns, a few dozen to a few hundred for hamlets."""
    towns = CAPITAL_POPULATION / np.arange(1, TOWNS + 1) ** 1.02 * rng.uniform(0.86, 1.14, TOWNS)
    towns = np.sort(towns)[::-1]
    towns[0] = CAPITAL_POPULATION
    hamlets = rng.lognormal(5.2, 0.55, max(count - TOWNS, 0)).clip(40, 1400)
    return [int(round(p, -1 if p < 10_000 else -2)) for p in [*towns, *hamlets]][:count]


def _appeal(rng: np.random.Generator, land: Land) -> Field:
    """Return how good a cell is to live in; minus infinity outside the country and on water."""
    rank = land.water_rank
    to_river_km = distance_transform_edt(rank < 2)
    to_coast_km = distance_transform_edt(land.elevation > 0)
    slope = np.hypot(*np.gradient(land.elevation)) / 1000
    fashion = NoiseField(rng, wavelength_m=55_000, octaves=3)
    x, y = land.node_xy.T.reshape(2, ROWS, COLUMNS)
    appeal = (
        0.9 * np.exp(-(((to_river_km - 1.5) / 4) ** 2))
        + 0.8 * np.exp(-(((to_coast_km - 3) / 5) ** 2))
        - land.elevation.clip(0) / 1500
        - 9 * slope
        + 0.9 * fashion.at(x, y)
    )
    inside = binary_erosion(land.is_country & ~land.is_lake, iterations=3)
    return np.where(inside & (rank == 0) & (to_coast_km > 1.5), appeal, -np.inf)


def _capital_cell(land: Land, appeal: Field) -> int:
    """Return the cell by the mouth of the largest river of the country, on its drier side."""
    near_sea = (distance_transform_edt(land.elevation > 0) < 9) & land.is_country
    mouth = int(np.argmax(np.where(near_sea, land.catchment_km2, 0)))
    rows, columns = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    distance = np.hypot(rows - mouth // COLUMNS, columns - mouth % COLUMNS).reshape(appeal.shape)
    return int(np.argmax(np.where((distance > 2.5) & (distance < 8), appeal, -np.inf)))


def cells_of(settlements: list[Settlement]) -> NDArray[np.int64]:
    """Return (n,) flat cell indices."""
    return np.array([s.cell for s in settlements], np.int64)
