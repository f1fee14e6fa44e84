"""The provinces of the country: the land nearest to each of seven seats, with bent borders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.ndimage import gaussian_filter

from geodata.contours import outline_above
from geodata.country import Country
from geodata.frame import CELL_M, COLUMNS, ROWS
from geodata.names import NameMaker
from geodata.noise import NoiseField
from geodata.settlements import Settlement

UNITS = 7


@dataclass(frozen=True, slots=True)
class AdminUnit:
    """A province, in metres of the frame."""

    number: int
    name: str
    seat: Settlement
    outline: shapely.Geometry


def make_admin_units(country: Country) -> list[AdminUnit]:
    """Return the provinces; the first is the capital's."""
    rng = country.rng("provinces")
    seats = _seats(country)
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] * CELL_M + CELL_M / 2
    bend = NoiseField(rng, wavelength_m=45_000, octaves=4)
    u, v = x + 9000 * bend.at(x, y), y + 9000 * bend.at(x + 4e6, y)
    distance = np.stack([np.hypot(u - s.x, v - s.y) for s in seats])
    names = NameMaker(rng)
    units = []
    for number, seat in enumerate(seats):
        others = np.delete(distance, number, axis=0).min(axis=0)
        nearest = outline_above(gaussian_filter((others - distance[number]) / 1000, 0.5), 0.0)
        outline = shapely.make_valid(nearest.intersection(country.land.country))
        units.append(AdminUnit(number, names.place(), seat, outline))
    return units


def unit_at(units: list[AdminUnit], x: float, y: float) -> AdminUnit:
    """Return the province of a position in metres; the nearest one for a position outside all."""
    point = shapely.Point(x, y)
    return min(units, key=lambda unit: (unit.outline.distance(point), unit.number))


def _seats(country: Country) -> list[Settlement]:
    """Return the capital and the largest towns that lie well apart."""
    chosen = [country.settlements[0]]
    for apart_m in (95_000, 75_000, 60_000, 45_000):
        for town in country.settlements[:40]:
            if len(chosen) == UNITS:
                return chosen
            if min(np.hypot(town.x - s.x, town.y - s.y) for s in chosen) > apart_m:
                chosen.append(town)
    return chosen
