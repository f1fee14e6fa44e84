"""A country of a million road segments as one OSM file, so that peers eat the same: tiles of smaller countries, joined.

`python -m bench.make_country OUT.osm.pbf [--segments 1000000] [--kind mosaic|sparse]`. A mosaic takes the shared real
extracts in turn (dense cities, a mountain country, rural roads); a sparse country takes the invented mission area again
and again: long rural edges, few bridges. Each tile keeps its form (it is moved east and north, and lengths are kept);
neighbours are joined by trunk roads from hub to hub, so that the country is one component.
"""

from __future__ import annotations

import argparse
import itertools
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import osmium
import scipy.sparse
from osmium.osm.mutable import Node, Relation, Way
from scipy.sparse.csgraph import connected_components

from bench.networks import SHARED
from fom.network.road_rules import CLASS_SPEED_KMH

MOSAIC = ("rnv.osm.pbf", "heidelberg.osm.pbf", "malta.osm.pbf", "andorra.osm.pbf", "djibouti_roads.osm.pbf")
SOUTH_WEST = (18.0, 2.0)
GAP_M = 20_000.0
"""Empty land between neighbouring tiles."""
METRES = 111_320.0
COUNTED_TOO_MANY = 1.1
"""Some roads that are counted here are dropped by the build: areas, roads closed to vehicles."""
BEND_M = 2_000.0
"""Distance of the nodes of a joining road."""
WIND_M = 300.0
HUB_CLASSES = ("trunk", "primary", "secondary", "tertiary")


@dataclass(frozen=True)
class Base:
    """The roads of one source: what is copied into tiles."""

    lonlat: np.ndarray
    """(nodes, 2) degrees."""
    node_tags: dict[int, dict[str, str]]
    ways: list[tuple[np.ndarray, dict[str, str]]]
    """Places of nodes, and tags."""
    turns: list[tuple[int, int, int, dict[str, str]]]
    """Way, via node, way, tags."""
    segments: int
    """About how many segments it makes: pieces between junctions, cut every kilometre."""
    hub: int
    """Place of a node on a main road of the largest component, near the middle."""


def read_base(path: Path) -> Base:
    """Return the roads of an OSM file."""
    number: dict[int, int] = {}
    lonlat: list[tuple[float, float]] = []
    ways: list[tuple[np.ndarray, dict[str, str]]] = []
    way_number: dict[int, int] = {}
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY | osmium.osm.NODE).with_locations():
        if not way.is_way():
            continue
        tags = dict(way.tags)
        if tags.get("highway") not in CLASS_SPEED_KMH and tags.get("route") != "ferry":
            continue
        places = []
        for node in way.nodes:
            if not node.location.valid():
                continue
            if node.ref not in number:
                number[node.ref] = len(lonlat)
                lonlat.append((node.lon, node.lat))
            places.append(number[node.ref])
        if len(places) > 1:
            way_number[way.id] = len(ways)
            ways.append((np.array(places), tags))
    node_tags, turns = {}, []
    for thing in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.RELATION):
        if thing.is_node() and thing.id in number and len(thing.tags):
            node_tags[number[thing.id]] = dict(thing.tags)
        elif thing.is_relation() and thing.tags.get("type") == "restriction":
            role = {m.role: m.ref for m in thing.members}
            found = way_number.get(role.get("from")), number.get(role.get("via")), way_number.get(role.get("to"))
            if None not in found:
                turns.append((*found, dict(thing.tags)))
    where = np.array(lonlat)
    return Base(where, node_tags, ways, turns, _count_segments(where, ways), _hub(where, ways))


def _count_segments(lonlat: np.ndarray, ways: list[tuple[np.ndarray, dict[str, str]]]) -> int:
    uses = np.zeros(len(lonlat), np.int64)
    for places, _ in ways:
        np.add.at(uses, places, 1)
        uses[places[[0, -1]]] += 1
    count = 0
    for places, _ in ways:
        scale = np.array([math.cos(math.radians(lonlat[places[0], 1])), 1.0]) * METRES
        steps = np.hypot(*(np.diff(lonlat[places], axis=0) * scale).T)
        joints = np.flatnonzero(uses[places[1:-1]] > 1) + 1
        pieces = np.add.reduceat(steps, np.concatenate([[0], joints]))
        count += int(np.ceil(pieces / 1000.0).clip(1).sum())
    return count


def _hub(lonlat: np.ndarray, ways: list[tuple[np.ndarray, dict[str, str]]]) -> int:
    begin = np.concatenate([places[:-1] for places, _ in ways])
    end = np.concatenate([places[1:] for places, _ in ways])
    joined = scipy.sparse.coo_matrix((np.ones(len(begin)), (begin, end)), shape=(len(lonlat), len(lonlat)))
    label = connected_components(joined, directed=False)[1]
    main = np.concatenate([p for p, tags in ways if tags.get("highway") in HUB_CLASSES and tags.get("oneway") != "yes"])
    main = main[label[main] == np.bincount(label).argmax()]
    middle = (lonlat.min(axis=0) + lonlat.max(axis=0)) / 2
    return int(main[np.argmin(np.hypot(*(lonlat[main] - middle).T))])


@dataclass(frozen=True)
class Tile:
    """A base in its place in the country."""

    base: Base
    lonlat: np.ndarray
    first_node: int
    first_way: int


def lay_tiles(bases: list[Base], segments: int) -> tuple[list[Tile], int]:
    """Return the tiles, row by row, and how many stand in a row."""
    turn = itertools.cycle(bases)
    chosen: list[Base] = []
    while not chosen or sum(base.segments for base in chosen) < segments * COUNTED_TOO_MANY:
        chosen.append(next(turn))
    columns = math.ceil(math.sqrt(len(chosen)))
    side = max(max(_size_m(base)) for base in bases) + GAP_M
    tiles: list[Tile] = []
    node, way = 1, 1
    for place, base in enumerate(chosen):
        row, column = divmod(place, columns)
        tiles.append(Tile(base, _moved(base, column * side, row * side), node, way))
        node, way = node + len(base.lonlat), way + len(base.ways)
    return tiles, columns


def _size_m(base: Base) -> tuple[float, float]:
    low, high = base.lonlat.min(axis=0), base.lonlat.max(axis=0)
    east = (high[0] - low[0]) * METRES * math.cos(math.radians((low[1] + high[1]) / 2))
    return float(east), float((high[1] - low[1]) * METRES)


def _moved(base: Base, east_m: float, north_m: float) -> np.ndarray:
    """Return the base's places moved to metres from the country's south-west corner; lengths are kept."""
    low = base.lonlat.min(axis=0)
    lat = SOUTH_WEST[1] + north_m / METRES + (base.lonlat[:, 1] - low[1])
    shrink = np.cos(np.radians(base.lonlat[:, 1])) / np.cos(np.radians(lat))
    lon0 = SOUTH_WEST[0] + east_m / (METRES * math.cos(math.radians(float(lat.mean()))))
    return np.column_stack([lon0 + (base.lonlat[:, 0] - low[0]) * shrink, lat])


def joining_roads(tiles: list[Tile], columns: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield (node, node, places between them) of the roads from each tile's hub to the next ones east and north."""
    for place, tile in enumerate(tiles):
        for other in ([place + 1] if (place + 1) % columns else []) + [place + columns]:
            if other < len(tiles):
                a, b = tile.lonlat[tile.base.hub], tiles[other].lonlat[tiles[other].base.hub]
                count = max(2, int(np.hypot(*((b - a) * METRES)) / BEND_M))
                share = np.linspace(0, 1, count + 1)[1:-1, None]
                aside = np.array([a[1] - b[1], b[0] - a[0]]) / np.hypot(*(b - a)) * WIND_M / METRES
                between = a + share * (b - a) + np.sin(share * count / 3) * aside
                yield tile.first_node + tile.base.hub, tiles[other].first_node + tiles[other].base.hub, between


def write_country(path: Path, tiles: list[Tile], columns: int) -> None:
    """Write nodes, then ways, then turn restrictions, each by ascending id; an existing file is replaced."""
    path.unlink(missing_ok=True)
    writer = osmium.SimpleWriter(str(path))
    try:
        for tile in tiles:
            tags = tile.base.node_tags
            for place, (lon, lat) in enumerate(tile.lonlat.tolist()):
                writer.add_node(Node(id=tile.first_node + place, location=(lon, lat), tags=tags.get(place, {})))
        node = tiles[-1].first_node + len(tiles[-1].base.lonlat)
        roads: list[list[int]] = []
        for begin, end, between in joining_roads(tiles, columns):
            roads.append([begin, *range(node, node + len(between)), end])
            for lon, lat in between.tolist():
                writer.add_node(Node(id=node, location=(lon, lat)))
                node += 1
        for tile in tiles:
            for place, (places, tags) in enumerate(tile.base.ways):
                nodes = (places + tile.first_node).tolist()
                writer.add_way(Way(id=tile.first_way + place, nodes=nodes, tags=tags))
        way = tiles[-1].first_way + len(tiles[-1].base.ways)
        for number, nodes in enumerate(roads):
            tags = {"highway": "trunk", "surface": "gravel", "ref": f"N{number + 1}"}
            writer.add_way(Way(id=way + number, nodes=nodes, tags=tags))
        turns = ((tile, turn) for tile in tiles for turn in tile.base.turns)
        for number, (tile, (begin, via, end, tags)) in enumerate(turns, 1):
            members = [
                ("w", tile.first_way + begin, "from"), ("n", tile.first_node + via, "via"),
                ("w", tile.first_way + end, "to"),
            ]  # fmt: skip
            writer.add_relation(Relation(id=number, members=members, tags=tags))
    finally:
        writer.close()


def make_country(path: Path, *, segments: int = 1_000_000, kind: str = "mosaic") -> Path:
    """Write a country of at least so many segments and return its path; `mosaic` needs the shared extracts."""
    if kind == "mosaic" and SHARED.is_dir():
        bases = [read_base(SHARED / name) for name in MOSAIC]
    else:
        from geodata.recipe import make_demo

        with tempfile.TemporaryDirectory() as scratch:
            bases = [read_base(make_demo(Path(scratch), now=datetime(2026, 1, 1, tzinfo=UTC)).osm)]
    write_country(path, *lay_tiles(bases, segments))
    return path


def main() -> None:
    """Read the arguments and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--kind", choices=("mosaic", "sparse"), default="mosaic")
    arguments = parser.parse_args()
    print(make_country(arguments.out, segments=arguments.segments, kind=arguments.kind))


if __name__ == "__main__":
    main()
