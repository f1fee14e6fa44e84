"""Rivers as lines, and the places where roads cross them: bridges, fords, one or two ferries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
import shapely.ops

from geodata.chains import make_chains
from geodata.land import Land
from geodata.names import NameMaker
from geodata.noise import NoiseField

STREAM, RIVER, MAJOR = 1, 2, 3
HALF_SPAN_M = {STREAM: 9.0, RIVER: 34.0, MAJOR: 85.0}
"""Half of what a bridge over water of a rank spans."""


@dataclass(frozen=True, slots=True)
class River:
    """A stretch of running water between confluences."""

    line: shapely.LineString
    rank: int
    """1 stream, 2 river, 3 major river."""
    name: str | None
    """Of rivers and major rivers; one name from the sources to the sea."""


def make_rivers(land: Land, rng: np.random.Generator, names: NameMaker) -> list[River]:
    """Return the running waters of the whole island."""
    rank = land.water_rank.ravel()
    lake = land.is_lake.ravel()
    cells = np.flatnonzero(rank)
    down = land.downstream[cells]
    keep = (down != cells) & ~(lake[cells] & lake[down])
    cells, down = cells[keep], down[keep]
    chains = make_chains(
        cells,
        down,
        4 - rank[cells],
        cells,
        land.node_xy,
        rounds=2,
        winding_m={1: 260.0, 2: 230.0, 3: 170.0},
        bends=NoiseField(rng, wavelength_m=2600, octaves=3),
    )
    mouths: dict[int, str] = {}
    rivers = []
    for chain in chains:
        water = 4 - chain.tier
        mouth = _mouth(land, chain.cells[0])
        rivers.append(River(chain.line, water, mouths.setdefault(mouth, names.place()) if water >= RIVER else None))
    return rivers


def _mouth(land: Land, cell: int) -> int:
    """Return the cell at which the water of a cell reaches the sea."""
    while (down := int(land.downstream[cell])) != cell:
        cell = down
    return cell


@dataclass(frozen=True, slots=True)
class Cut:
    """A line cut where it crosses water: parts in order, each with the rank of the water under it (0 = dry ground)."""

    parts: tuple[tuple[shapely.LineString, int], ...]


def cut_at_water(line: shapely.LineString, rivers: list[River], tree: shapely.STRtree) -> Cut:
    """Return the parts of a line: dry stretches and spans over water, none shorter than 3 m."""
    hits: list[tuple[float, float, int]] = []
    for index in tree.query(line, predicate="intersects").tolist():
        river = rivers[index]
        for point in shapely.get_parts(line.intersection(river.line)):
            at = line.project(point.centroid)
            half = HALF_SPAN_M[river.rank]
            hits.append((max(at - half, 0.0), min(at + half, line.length), river.rank))
    if not hits:
        return Cut(((line, 0),))
    merged: list[tuple[float, float, int]] = []
    for low, high, rank in sorted(hits):
        if merged and low < merged[-1][1] + 60:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]), max(rank, merged[-1][2]))
        else:
            merged.append((low, high, rank))
    stops, ranks = [0.0], []
    for low, high, rank in merged:
        if low - stops[-1] > 3:
            stops.append(low)
            ranks.append(0)
        stops.append(high if line.length - high > 3 else line.length)
        ranks.append(rank)
    if stops[-1] < line.length:
        stops.append(line.length)
        ranks.append(0)
    parts = [
        (_rounded(shapely.ops.substring(line, a, b)), rank) for a, b, rank in zip(stops, stops[1:], ranks, strict=False)
    ]
    return Cut(tuple(parts))


def _rounded(line: shapely.LineString) -> shapely.LineString:
    return shapely.LineString(np.round(np.asarray(line.coords), 1))
