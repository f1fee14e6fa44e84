"""What makes a road network more than lines: ferries, tunnels, passes, barriers and forbidden turns."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import shapely
import shapely.ops

from geodata.frame import CELL_M
from geodata.land import Land
from geodata.linework import Key, key_of
from geodata.names import NameMaker
from geodata.ways import COLLECTOR, LOCAL, Turn, Way

TUNNELS_M = ((420.0, "4.8"), (260.0, "3.4"), (340.0, None))
"""Length and posted height of the tunnels; None = not posted."""
PASSES, TURNS = 3, 46
BARRIERS = (("gate", 6, 26), ("bollard", LOCAL, 22), ("lift_gate", LOCAL, 8), ("height_restrictor", COLLECTOR, 2))
"""Barrier, rank of the ways it stands on, how many."""
APART_M = 24_000.0


def with_river_ferry(ways: list[Way]) -> list[Way]:
    """Return the ways with the longest bridge off the main roads replaced by a ferry, to the end of the road."""
    spans = [i for i, way in enumerate(ways) if "bridge" in way.tags and 3 <= way.rank <= 5]
    if not spans:
        return ways
    chosen = max(spans, key=lambda i: (ways[i].line.length, i))
    tags = {"route": "ferry", "name": "River ferry", "maxweight": "20"}
    return [Way(w.line, w.rank, tags) if i == chosen else w for i, w in enumerate(ways)]


def with_lake_ferry(ways: list[Way], land: Land) -> list[Way]:
    """Return the ways and a ferry across the lake, between the roads that come nearest to it from both sides."""
    lake = max(shapely.get_parts(land.lake), key=shapely.area, default=None)
    if lake is None or lake.area < 60e6:
        return ways
    ends = sorted({key for way in ways if 3 <= way.rank <= 6 for key in way.ends})
    points = shapely.points(np.array(ends, float) / 10)
    away = shapely.distance(points, lake)
    is_north = shapely.get_y(points) > lake.centroid.y
    landings = []
    for side in (is_north, ~is_north):
        near = int(np.argmin(np.where(side & (away > 0), away, np.inf)))
        shore = shapely.ops.nearest_points(points[near], lake.exterior)[1]
        landings.append((points[near], shapely.Point(np.round(shore.x, 1), np.round(shore.y, 1))))
    (first, quay), (second, pier) = landings
    lane = {"highway": "unclassified", "surface": "gravel"}
    added = [
        Way(shapely.LineString([first, quay]), 5, lane),
        Way(shapely.LineString([quay, pier]), 5, {"route": "ferry", "name": "Lake ferry", "maxweight": "12"}),
        Way(shapely.LineString([pier, second]), 5, lane),
    ]
    return [*ways, *(way for way in added if way.line.length > 1)]


def with_tunnels(ways: list[Way], land: Land, rng: np.random.Generator) -> list[Way]:
    """Return the ways with a tunnel in each of the highest stretches of main road."""
    names = NameMaker(rng)
    chosen = _highest(ways, land, count=len(TUNNELS_M), worst_rank=3, least_m=900)
    parts = {}
    for index, (length, height) in zip(chosen, TUNNELS_M, strict=False):
        way = ways[index]
        start = (way.line.length - length) / 2
        cuts = (0.0, start, start + length, way.line.length)
        tags = way.tags | {"tunnel": "yes", "layer": "-1", "tunnel:name": f"{names.place()} Tunnel"}
        tags |= {"maxheight": height} if height else {}
        lines = [_substring(way.line, a, b) for a, b in itertools.pairwise(cuts)]
        parts[index] = [
            Way(lines[0], way.rank, way.tags),
            Way(lines[1], way.rank, tags),
            Way(lines[2], way.rank, way.tags),
        ]
    return [part for index, way in enumerate(ways) for part in parts.get(index, [way])]


def node_tags(
    ways: list[Way], land: Land, gates: list[tuple[float, float]], rng: np.random.Generator
) -> dict[Key, dict[str, str]]:
    """Return tags of single nodes: passes, barriers and the posts at the border (`gates`, metres)."""
    names = NameMaker(rng)
    tags: dict[Key, dict[str, str]] = {}
    for index in _highest(ways, land, count=2 * PASSES, worst_rank=4, least_m=700)[PASSES:]:
        tags[_middle(ways[index])] = {"mountain_pass": "yes", "name": f"{names.place()} Pass"}
    for word, rank, count in BARRIERS:
        where = [
            i
            for i, way in enumerate(ways)
            if way.rank == rank and len(way.line.coords) > 2 and "bridge" not in way.tags
        ]
        for index in rng.choice(where, min(count, len(where)), replace=False):
            extra = {"maxheight": "3.0"} if word == "height_restrictor" else {}
            tags[_middle(ways[index])] = {"barrier": word} | extra
    main = [way for way in ways if way.rank <= 2]
    for x, y in gates:
        nearest = min(main, key=lambda way: way.line.distance(shapely.Point(x, y)))
        corner = min(nearest.line.coords, key=lambda xy: np.hypot(xy[0] - x, xy[1] - y))
        tags[key_of(corner)] = {"barrier": "border_control"}
    return tags


def forbidden_turns(ways: list[Way], rng: np.random.Generator) -> list[Turn]:
    """Return turn restrictions between town streets, each of the kind its angle asks for."""
    at: dict[Key, list[int]] = defaultdict(list)
    for number, way in enumerate(ways):
        if way.rank >= COLLECTOR:
            for key in way.ends:
                at[key].append(number)
    busy = [key for key in sorted(at) if len(at[key]) >= 3 and any(ways[i].rank == COLLECTOR for i in at[key])]
    turns = []
    for index in sorted(rng.choice(len(busy), min(TURNS, len(busy)), replace=False).tolist()):
        via = busy[index]
        first, second = rng.choice(at[via], 2, replace=False).tolist()
        angle = _turn_angle(ways[first], ways[second], via)
        kind = "no_straight_on" if abs(angle) < 0.6 else "no_left_turn" if angle > 0 else "no_right_turn"
        turns.append(Turn(kind, first, via, second))
    return turns


def _turn_angle(first: Way, second: Way, via: Key) -> float:
    """Return the change of heading, radians, positive to the left."""
    into = np.asarray(first.line.coords)[-2:] if first.ends[1] == via else np.asarray(first.line.coords)[1::-1]
    out = np.asarray(second.line.coords)[:2] if second.ends[0] == via else np.asarray(second.line.coords)[:-3:-1]
    (a, b), (c, d) = into[1] - into[0], out[1] - out[0]
    return float(np.arctan2(a * d - b * c, a * c + b * d))


def _highest(ways: list[Way], land: Land, *, count: int, worst_rank: int, least_m: float) -> list[int]:
    """Return way numbers by falling height of their middle, well apart from each other."""
    able = [
        i
        for i, way in enumerate(ways)
        if 1 <= way.rank <= worst_rank
        and way.line.length >= least_m
        and way.tags.keys().isdisjoint(("bridge", "tunnel", "ford"))
    ]
    xy = np.array([ways[i].line.interpolate(0.5, normalized=True).coords[0] for i in able])
    height = land.elevation[(xy[:, 1] // CELL_M).astype(int), (xy[:, 0] // CELL_M).astype(int)]
    chosen: list[int] = []
    for index in np.argsort(-height, kind="stable").tolist():
        if all(np.hypot(*(xy[index] - xy[other])) > APART_M for other in chosen):
            chosen.append(index)
        if len(chosen) == count:
            break
    return [able[index] for index in chosen]


def _middle(way: Way) -> Key:
    return key_of(way.line.coords[len(way.line.coords) // 2])


def _substring(line: shapely.LineString, start: float, end: float) -> shapely.LineString:
    return shapely.LineString(np.round(np.asarray(shapely.ops.substring(line, start, end).coords), 1))
