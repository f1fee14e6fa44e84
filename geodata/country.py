"""The country put together: land, places, roads and rivers of one seed, as tagged ways ready to be written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import shapely

from geodata.chains import Chain, make_chains
from geodata.land import Land, make_land
from geodata.linework import Key, Piece, Source, drop_stubs, keep_connected, key_of, node_lines
from geodata.names import NameMaker
from geodata.noise import NoiseField
from geodata.rural import Gate, build_rural_roads
from geodata.settlements import TOWNS, Settlement, place_settlements
from geodata.streets import Town, make_town
from geodata.tagging import Tagger
from geodata.waterways import River, cut_at_water, make_rivers

COLLECTOR, LOCAL = 10, 11
"""Ranks of town streets, after the tiers of rural roads."""
WINDING_M = {1: 45.0, 2: 60.0, 3: 85.0, 4: 110.0, 5: 130.0, 6: 160.0}

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Way:
    """A stretch of road between two nodes, with the tags of map data. Metres of the frame."""

    line: shapely.LineString
    rank: int
    tags: dict[str, str]

    @property
    def ends(self) -> tuple[Key, Key]:
        """Return the keys of its two nodes."""
        return key_of(self.line.coords[0]), key_of(self.line.coords[-1])


@dataclass(frozen=True, slots=True)
class Turn:
    """A forbidden turn: way numbers over the node they share."""

    kind: str
    from_way: int
    via: Key
    to_way: int


@dataclass(frozen=True, slots=True)
class Country:
    """Everything drawn; facts and registers are laid on top of it."""

    seed: int
    land: Land
    settlements: list[Settlement]
    gates: list[Gate]
    rivers: list[River]
    towns: list[Town]
    ways: list[Way]
    node_tags: dict[Key, dict[str, str]] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)

    def rng(self, topic: str) -> np.random.Generator:
        """Return the random stream of one topic, so that a change in one leaves the others alone."""
        return stream(self.seed, topic)


def stream(seed: int, topic: str) -> np.random.Generator:
    """Return the random stream of a topic under a seed."""
    return np.random.default_rng([seed, *topic.encode()])


def build_country(seed: int, progress: Progress | None = None) -> Country:
    """Return the country of a seed; the same seed gives the same country to the last digit."""
    say = progress or (lambda text: None)
    say("land and water")
    land = make_land(stream(seed, "land"))
    rivers = make_rivers(land, stream(seed, "rivers"))
    say("towns")
    settlements = place_settlements(stream(seed, "settlements"), land, NameMaker(stream(seed, "names")))
    say("roads")
    edges, gates = build_rural_roads(land, settlements, stream(seed, "roads"))
    chains = make_chains(
        edges.first, edges.second, edges.tier, edges.road, land.node_xy,
        winding_m=WINDING_M, bends=NoiseField(stream(seed, "bends"), wavelength_m=1700, octaves=3),
    )  # fmt: skip
    say("streets")
    towns = _make_towns(seed, land, settlements, chains, rivers)
    say("crossings")
    ways = _make_ways(seed, chains, towns, rivers)
    return Country(seed, land, settlements, gates, rivers, towns, ways)


def _make_towns(
    seed: int, land: Land, settlements: list[Settlement], chains: list[Chain], rivers: list[River]
) -> list[Town]:
    lines = [chain.line for chain in chains]
    tree = shapely.STRtree(lines)
    water = [river.line for river in rivers if river.rank >= 2]
    water_tree = shapely.STRtree(water)
    dry = land.country.buffer(-150).difference(land.lake.buffer(200))
    shapely.prepare(dry)
    towns = []
    for settlement in settlements[:TOWNS]:
        centre = shapely.Point(settlement.x, settlement.y)
        near = [lines[i] for i in sorted(tree.query(centre, predicate="dwithin", distance=3000).tolist())]
        wet = [water[i] for i in sorted(water_tree.query(centre, predicate="dwithin", distance=9000).tolist())]
        ground = shapely.box(*(centre.buffer(9000).bounds)).intersection(dry)
        ground = ground.difference(shapely.union_all(wet).buffer(70)) if wet else ground
        towns.append(make_town(stream(seed, f"town {settlement.rank}"), settlement, near, ground))
    return towns


def _make_ways(seed: int, chains: list[Chain], towns: list[Town], rivers: list[River]) -> list[Way]:
    sources = [Source(chain.line, chain.tier, number) for number, chain in enumerate(chains)]
    for number, town in enumerate(towns):
        sources += [Source(line, COLLECTOR, number) for line in town.collectors]
        sources += [Source(line, LOCAL, number) for line in town.locals]
    pieces = node_lines(sources)
    pieces = keep_connected(drop_stubs(pieces, [sources[p.source].rank >= COLLECTOR for p in pieces]))
    tagger = Tagger(stream(seed, "tags"), chains, towns)
    return _tagged(pieces, sources, rivers, tagger)


def _tagged(pieces: list[Piece], sources: list[Source], rivers: list[River], tagger: Tagger) -> list[Way]:
    tree = shapely.STRtree([river.line for river in rivers])
    ways = []
    for piece in pieces:
        source = sources[piece.source]
        cut = cut_at_water(piece.line, rivers, tree)
        if source.rank >= COLLECTOR and len(cut.parts) > 1:
            continue  # Streets end at the bank; only roads between places are worth a bridge.
        tags = tagger.tags(source.rank, source.number)
        for line, water in cut.parts:
            ways.append(Way(line, source.rank, tagger.over_water(tags, source.rank, water) if water else tags))
    return ways
