"""Which places are joined by which road: trunk and primary roads first, then what hangs on them, then the tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from geodata.frame import COLUMNS
from geodata.land import Land
from geodata.roads import MINOR, PRIMARY, SECONDARY, TERTIARY, TRACK, TRUNK, RoadBuilder, RoadEdges, neighbour_pairs
from geodata.settlements import TOWNS, Settlement, cells_of

MAIN_TOWNS, SECONDARY_TOWNS = 24, 70
BEYOND_KM = 9.0
"""How far roads go on behind the border."""
APART_M = 11_000.0
"""Around a city, within which its roads keep apart."""
DETOUR_MAX = 2.5
"""Neighbours are not joined where the way costs more than this times the distance up to which they are."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Where a main road leaves the country: the cell beyond the border at which it ends."""

    cell: int
    neighbour: int
    """0 northern, 1 eastern."""


def build_rural_roads(
    land: Land, settlements: list[Settlement], rng: np.random.Generator
) -> tuple[RoadEdges, list[Gate]]:
    """Return all roads between places, and the four gates in the borders."""
    builder = RoadBuilder(land, rng)
    gates = _choose_gates(land, rng)
    towns = settlements[:TOWNS]
    _join_main(builder, land, towns[:MAIN_TOWNS], gates)
    for city, ways_out in enumerate((6, 4, 4, 3, 3, 3)):
        _open_up(builder, towns[city], towns[:SECONDARY_TOWNS], ways_out)
    _join_pairs(builder, towns[:SECONDARY_TOWNS], SECONDARY, max_m=75_000, share=0.85, rng=rng)
    builder.connect_to_network(cells_of(towns[MAIN_TOWNS:SECONDARY_TOWNS]), SECONDARY)
    for batch in np.array_split(np.arange(SECONDARY_TOWNS, len(towns)), 3):
        builder.connect_to_network(cells_of([towns[i] for i in batch]), TERTIARY)
    _join_pairs(builder, towns, TERTIARY, max_m=38_000, share=0.62, rng=rng)
    hamlets = settlements[TOWNS:]
    order = rng.permutation(len(hamlets))
    for number, batch in enumerate(np.array_split(order, 5)):
        builder.connect_to_network(cells_of([hamlets[i] for i in batch]), MINOR if number < 2 else TRACK)
    _join_pairs(builder, settlements, TRACK, max_m=12_000, share=0.50, rng=rng)
    return builder.edges(), gates


def _join_main(builder: RoadBuilder, land: Land, towns: list[Settlement], gates: list[Gate]) -> None:
    cells = np.r_[cells_of(towns), [gate.cell for gate in gates]]
    xy = land.node_xy[cells]
    weight = np.array([t.population for t in towns] + [60_000] * len(gates), float)
    pairs = neighbour_pairs(xy)
    gravity = {(a, b): weight[a] * weight[b] / np.hypot(*(xy[a] - xy[b])) ** 1.3 for a, b in pairs}
    ordered = sorted(pairs, key=lambda pair: -gravity[pair])
    for rank, (a, b) in enumerate(ordered):
        builder.connect(int(cells[a]), int(cells[b]), TRUNK if rank < 9 else PRIMARY)


def _open_up(builder: RoadBuilder, city: Settlement, towns: list[Settlement], ways_out: int) -> None:
    """Give a city a road of its own towards the nearest town in each direction."""
    taken: list[float] = []
    for town in sorted(towns, key=lambda t: np.hypot(t.x - city.x, t.y - city.y)):
        bearing = float(np.arctan2(town.y - city.y, town.x - city.x))
        is_new = all(abs((bearing - other + np.pi) % (2 * np.pi) - np.pi) > 0.75 for other in taken)
        if town.cell != city.cell and is_new and len(taken) < ways_out:
            taken.append(bearing)
            builder.connect_apart(city.cell, town.cell, PRIMARY if not city.rank else SECONDARY, apart_m=APART_M)


def _join_pairs(
    builder: RoadBuilder, places: list[Settlement], tier: int, *, max_m: float, share: float, rng: np.random.Generator
) -> None:
    """Join a share of neighbouring places that lie within a distance."""
    xy = np.array([(p.x, p.y) for p in places])
    for a, b in neighbour_pairs(xy):
        if np.hypot(*(xy[a] - xy[b])) <= max_m and rng.random() < share:
            builder.connect(places[a].cell, places[b].cell, tier, at_most=DETOUR_MAX * max_m)


def _choose_gates(land: Land, rng: np.random.Generator) -> list[Gate]:
    """Return two gates in each land border, on low ground and apart from each other."""
    abroad = (land.elevation > 40) & ~land.is_country & (land.water_rank == 0)
    depth_km = distance_transform_edt(~land.is_country)
    band = abroad & (np.abs(depth_km - BEYOND_KM) < 0.8)
    rows, columns = np.nonzero(band)
    height = land.elevation[rows, columns] + rng.uniform(0, 40, len(rows))
    centre_row, centre_column = (part.mean() for part in np.nonzero(land.is_country))
    is_north = (rows - centre_row) > (columns - centre_column)
    gates = []
    for side, (along, chosen) in enumerate(((columns, is_north), (rows, ~is_north))):
        low, high = np.quantile(along[chosen], (0.03, 0.97))
        for part in ((0.12, 0.40), (0.60, 0.88)):
            window = chosen & (along >= low + part[0] * (high - low)) & (along <= low + part[1] * (high - low))
            best = int(np.argmin(np.where(window, height, np.inf)))
            gates.append(Gate(int(rows[best] * COLUMNS + columns[best]), side))
    return gates
