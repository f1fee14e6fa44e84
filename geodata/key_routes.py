"""The twelve key routes: the fewest roads that join the towns that matter, named after birds and trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geodata.country import Country
from geodata.road_graph import Path, RoadGraph, Step

CODES = (
    "MSR HERON",
    "MSR OSPREY",
    "MSR CEDAR",
    "MSR TEAK",
    "ASR EGRET",
    "ASR ACACIA",
    "ASR LINNET",
    "ASR TAMARIND",
    "ASR SWIFT",
    "ASR BAOBAB",
    "ASR WREN",
    "ASR MAHOGANY",
)
KEPT_OPEN = (0, 1)
"""Routes, by number, that the mission keeps open throughout: both leave the capital and are driven without a gap."""
KEPT_BRIDGE_T = "60"
VIA_EVERY_M, VIA_IN_TOWN_M, END_TOWN_M = 9000.0, 150.0, 600.0
"""Metres between via points on the open road and within so many metres of an end, where streets run side by side."""
SHARED_MAX = 0.3
ENDS = 20
"""Towns, by rank, at which a route may end."""
LENGTHS_M = (70_000.0, 275_000.0)


@dataclass(frozen=True, slots=True)
class KeyRoute:
    """A key route as drawn: its path and points that pin it to its roads."""

    code: str
    start_name: str
    end_name: str
    path: Path
    via: tuple[tuple[float, float], ...]
    """Metres, in order, from its start to its end; each lies on the road."""


def choose_key_routes(country: Country, graph: RoadGraph) -> list[KeyRoute]:
    """Return twelve routes, each the one that adds most main road not yet in another; the first leave the cities."""
    ends = [(s.name, graph.nearest_node((s.x, s.y))) for s in country.settlements[:ENDS]]
    ends += [(f"{post.name} border post", graph.nearest_node((post.x, post.y))) for post in country.border_posts]
    paths: dict[tuple[int, int], Path] = {}
    for i, (_, node) in enumerate(ends[:14]):
        for j, path in enumerate(graph.find_paths(node, [n for _, n in ends])):
            if path is not None and j > i and LENGTHS_M[0] <= path.length_m <= LENGTHS_M[1]:
                paths[i, j] = path
    used: set[int] = set()
    routes: list[KeyRoute] = []
    for code in CODES:
        between_cities = [pair for pair in paths if pair[0] < 4 and (pair[1] < 8 or pair[1] >= ENDS)]
        from_capital = [pair for pair in between_cities if pair[0] == 0]
        wanted = (from_capital if not routes else between_cities) if code.startswith("MSR") else list(paths)
        best = max(wanted or paths, key=lambda pair: (_gain(country, paths[pair], used), pair))
        path = paths.pop(best)
        used |= {step.way for step in path.steps}
        routes.append(KeyRoute(code, ends[best[0]][0], ends[best[1]][0], path, _via(country, path)))
    return routes


def post_limits(country: Country, routes: list[KeyRoute]) -> None:
    """Post a limit in tonnes on every bridge and culvert of the routes kept open: engineers have classed them all."""
    for number in KEPT_OPEN:
        for step in routes[number].path.steps:
            tags = country.ways[step.way].tags
            if "bridge" in tags or "culvert" in tags:
                tags.setdefault("maxweight", KEPT_BRIDGE_T)


def _gain(country: Country, path: Path, used: set[int]) -> float:
    """Return the metres of main road a path would add, less for minor roads, nothing if it mostly repeats others."""
    lengths = np.array([country.ways[s.way].line.length for s in path.steps])
    ranks = np.array([country.ways[s.way].rank for s in path.steps])
    is_new = np.array([s.way not in used for s in path.steps])
    shared = lengths[~is_new].sum() / lengths.sum()
    weight = np.select([ranks == 1, ranks == 2, ranks == 3], [1.5, 1.2, 0.9], -0.2)
    return float((lengths * weight)[is_new].sum()) * (1.0 if shared <= SHARED_MAX else 0.15)


def _via(country: Country, path: Path) -> tuple[tuple[float, float], ...]:
    """Return the start, the middle of the longest way of every stretch, and the end; stretches are short in towns."""
    points = [path.line.coords[0]]
    at, done, stretch = 0.0, 0.0, list[Step]()
    for step in path.steps:
        stretch.append(step)
        length_m = country.ways[step.way].line.length
        at, done = at + length_m, done + length_m
        is_in_town = min(at, path.length_m - at) < END_TOWN_M
        if done >= (VIA_IN_TOWN_M if is_in_town else VIA_EVERY_M):
            longest = max(stretch, key=lambda s: country.ways[s.way].line.length)
            points.append(country.ways[longest.way].line.interpolate(0.5, normalized=True).coords[0])
            done, stretch = 0.0, []
    points.append(path.line.coords[-1])
    return tuple((round(x, 1), round(y, 1)) for x, y in points)
