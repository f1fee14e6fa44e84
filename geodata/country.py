"""The country put together: land, places, roads and rivers of one seed, as tagged ways ready to be written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import shapely

from geodata.chains import Chain, make_chains
from geodata.hamlets import make_lanes
from geodata.land import Land, make_land
from geodata.linework import Key, Piece, Source, drop_stubs, keep_connected, merge_close_nodes, node_lines
from geodata.names import NameMaker
from geodata.noise import NoiseField
from geodata.ring_road import RingRoad, make_ring_road
from geodata.rural import Gate, build_rural_roads
from geodata.settlements import TOWNS, Settlement, place_settlements
from geodata.special_places import forbidden_turns, node_tags, with_lake_ferry, with_river_ferry, with_tunnels
from geodata.streets import Town, make_town
from geodata.tagging import Tagger
from geodata.waterways import River, cut_at_water, make_rivers
from geodata.ways import COLLECTOR, DUAL, LOCAL, ROUNDABOUT, Turn, Way

WINDING_M = {1: 45.0, 2: 60.0, 3: 85.0, 4: 110.0, 5: 130.0, 6: 160.0}

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BorderPost:
    """Where a main road crosses the border; metres."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Country:
    """Everything drawn; facts and registers are laid on top of it."""

    seed: int
    land: Land
    settlements: list[Settlement]
    border_posts: list[BorderPost]
    """Two in the north, two in the east."""
    rivers: list[River]
    towns: list[Town]
    ways: list[Way]
    node_tags: dict[Key, dict[str, str]] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)

    def rng(self, topic: str) -> np.random.Generator:
        """Return the random stream of one topic, so that a change in one leaves the others alone."""
        return stream(self.seed, topic)


def quiet(text: str) -> None:
    """Say nothing of the progress."""
    del text


def stream(seed: int, topic: str) -> np.random.Generator:
    """Return the random stream of a topic under a seed."""
    return np.random.default_rng([seed, *topic.encode()])


def build_country(seed: int, progress: Progress | None = None) -> Country:
    """Return the country of a seed; the same seed gives the same country to the last digit."""
    say = progress or quiet
    say("land and water")
    land = make_land(stream(seed, "land"))
    rivers = make_rivers(land, stream(seed, "rivers"), NameMaker(stream(seed, "river names")))
    say("towns")
    names = NameMaker(stream(seed, "names"))
    settlements = place_settlements(stream(seed, "settlements"), land, names)
    say("roads")
    edges, gates = build_rural_roads(land, settlements, stream(seed, "roads"))
    chains = make_chains(
        edges.first,
        edges.second,
        edges.tier,
        edges.road,
        land.node_xy,
        winding_m=WINDING_M,
        bends=NoiseField(stream(seed, "bends"), wavelength_m=1700, octaves=3),
    )
    say("streets")
    towns = _make_towns(seed, land, settlements, chains, rivers)
    say("crossings")
    ways = _make_ways(seed, land, settlements, chains, towns, rivers)
    ways = with_lake_ferry(with_tunnels(with_river_ferry(ways), land, stream(seed, "tunnels")), land)
    posts = _border_posts(land, gates, ways, names)
    return Country(
        seed,
        land,
        settlements,
        posts,
        rivers,
        towns,
        ways,
        node_tags(ways, land, [(p.x, p.y) for p in posts], stream(seed, "nodes")),
        forbidden_turns(ways, stream(seed, "turns")),
    )


def _border_posts(land: Land, gates: list[Gate], ways: list[Way], names: NameMaker) -> list[BorderPost]:
    """Return where the main road towards each gate crosses the border."""
    border = land.country.exterior
    main = [way.line for way in ways if 1 <= way.rank <= 2 and way.line.intersects(border)]
    points = [point for line in main for point in shapely.get_parts(line.intersection(border))]
    posts = []
    for gate in gates:
        target = shapely.Point(land.node_xy[gate.cell])
        post = min(points, key=lambda p: (p.distance(target), p.x))
        posts.append(BorderPost(names.place(), round(post.x, 1), round(post.y, 1)))
    return posts


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


def _make_ways(
    seed: int, land: Land, settlements: list[Settlement], chains: list[Chain], towns: list[Town], rivers: list[River]
) -> list[Way]:
    wide = [river.line for river in rivers if river.rank >= 2]
    dry = land.country.buffer(-250).difference(shapely.union_all(wide).buffer(120))
    ring = make_ring_road(towns[0], chains, dry)
    sources = _sources(seed, settlements, chains, towns, ring)
    pieces = node_lines(sources)
    pieces = merge_close_nodes(pieces, [sources[p.source].rank for p in pieces])
    pieces = _thinned(stream(seed, "gaps"), pieces, sources, towns)
    pieces = keep_connected(drop_stubs(pieces, [sources[p.source].rank >= COLLECTOR for p in pieces]))
    tagger = Tagger(stream(seed, "tags"), chains)
    ways = _tagged(pieces, sources, rivers, tagger)
    return ways + [Way(line, DUAL, tagger.flyover()) for line in (ring.flyovers if ring else ())]


def _sources(
    seed: int, settlements: list[Settlement], chains: list[Chain], towns: list[Town], ring: RingRoad | None
) -> list[Source]:
    """Return all lines that go into the network, cut where the ring road's roundabouts are."""
    keep_out = ring.keep_out if ring else shapely.Polygon()
    sources = []
    for number, chain in enumerate(chains):
        sources += [Source(line, chain.tier, number) for line in _outside(chain.line, keep_out)]
    for number, town in enumerate(towns):
        for line in town.collectors:
            sources += [Source(part, COLLECTOR, number, gap=0.03) for part in _outside(line, keep_out)]
        for line, gap in zip(town.locals, town.gaps, strict=True):
            sources += [Source(part, LOCAL, number, gap=gap) for part in _outside(line, keep_out)]
    lines = [chain.line for chain in chains]
    tree = shapely.STRtree(lines)
    rng = stream(seed, "hamlets")
    for hamlet in settlements[TOWNS:]:
        found = sorted(tree.query(shapely.Point(hamlet.x, hamlet.y), predicate="dwithin", distance=400).tolist())
        sources += [Source(lane, LOCAL, -1) for lane in make_lanes(rng, hamlet, [lines[i] for i in found])]
    if ring:
        sources += [Source(line, DUAL, -1, is_directed=True) for line in ring.carriageways]
        sources += [Source(line, ROUNDABOUT, -1, is_directed=True) for line in ring.roundabouts]
    return sources


def _outside(line: shapely.LineString, keep_out: shapely.Geometry) -> list[shapely.LineString]:
    if not line.intersects(keep_out):
        return [line]
    return [part for part in shapely.get_parts(line.difference(keep_out)).tolist() if part.length > 1]


def _thinned(rng: np.random.Generator, pieces: list[Piece], sources: list[Source], towns: list[Town]) -> list[Piece]:
    """Return the pieces without those never built: some everywhere, many at the edge of town off the through roads."""
    middle = shapely.line_interpolate_point([p.line for p in pieces], 0.5, normalized=True)
    through = shapely.STRtree([s.line for s in sources if s.rank <= COLLECTOR])
    _, away = through.query_nearest(middle, return_distance=True, all_matches=False)
    chance = rng.random(len(pieces))
    edges = [town.outline.exterior for town in towns]
    kept = []
    for number, piece in enumerate(pieces):
        source = sources[piece.source]
        if source.gap:
            edge_m = edges[source.number].distance(middle[number])
            share = source.gap + 0.6 * np.exp(-edge_m / 110) * min(away[number] / 160, 1.0)
            if chance[number] < share:
                continue
        kept.append(piece)
    return kept


def _tagged(pieces: list[Piece], sources: list[Source], rivers: list[River], tagger: Tagger) -> list[Way]:
    tree = shapely.STRtree([river.line for river in rivers])
    ways = []
    for piece in pieces:
        source = sources[piece.source]
        cut = cut_at_water(piece.line, rivers, tree)
        if source.rank in (COLLECTOR, LOCAL) and any(water for _, water in cut.parts):
            continue  # Streets end at the bank; only roads between places are worth a bridge.
        tags = tagger.tags(source.rank, source.number)
        for line, water in cut.parts:
            ways.append(Way(line, source.rank, tagger.over_water(tags, source.rank, water) if water else tags))
    return ways
