"""What every routing engine is asked on a country: from where to where, which areas are closed. The same for all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
import shapely

from bench.table import REPEATS
from fom.domain.geodesy import metres_per_degree
from fom.network.box_index import BoxIndex
from fom.network.network import Network
from fom.network.road_rules import CLASS_SPEED_KMH
from fom.routing.engine import Ends
from fom.routing.router import Metric, Router
from fom.routing.weights import TIE_BITS, UNREACHABLE

RADIUS_M = 500.0
N_PAIRS = 100
N_AREAS = 50
N_REPORTS = 40
"""Single closures in a repetition."""
CLEAR_M = 1_500.0
"""No closed area lies nearer to where a route begins or ends."""
CORNERS = 32
MAIN_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
SEED = 11


@dataclass(frozen=True)
class Questions:
    """Places in degrees lon/lat. Areas are circles of `RADIUS_M`."""

    nodes: np.ndarray
    """(pairs, 2) network nodes, none of them split for turns, so that they are router nodes too."""
    places: np.ndarray
    """(pairs, 2, 2)."""
    areas: np.ndarray
    """(repetitions, N_AREAS, 2) centres closed at once."""
    reports: np.ndarray
    """(repetitions, N_REPORTS, 2) centres closed one after another."""


def ask(network: Network, router: Router, metric: Metric, n_pairs: int = N_PAIRS) -> Questions:
    """Return questions that have an answer at the costs of `metric` also while any one set of areas is closed."""
    rng = np.random.default_rng(SEED)
    coords = np.asarray(network.coords)
    areas = coords[rng.integers(0, len(coords), (REPEATS, N_AREAS))]
    reports = coords[rng.integers(0, len(coords), (REPEATS, N_REPORTS))]
    candidates = _candidates(network, router, areas.reshape(-1, 2))
    pairs = rng.choice(candidates, (2 * n_pairs + 20, 2))
    fine = pairs[:, 0] != pairs[:, 1]
    for closed in [None, *areas]:
        arcs = np.empty(0, np.int64) if closed is None else arcs_within(network, closed)
        with closing(metric, arcs):
            fine &= np.array([distance(metric, *pair) < UNREACHABLE for pair in pairs.tolist()])
    nodes = pairs[fine][:n_pairs]
    return Questions(nodes, np.asarray(network.node_lonlat)[nodes], areas, reports)


def _candidates(network: Network, router: Router, centres: np.ndarray) -> np.ndarray:
    """Return nodes on main roads that every engine can start from: not split, away from every area."""
    ranks = np.array([word.removesuffix("_link") in MAIN_CLASSES for word in network.highway_words])
    ends = np.unique(np.asarray(network.from_node)[ranks[np.asarray(network.highway)]])
    joined = np.intersect1d(ends, np.intersect1d(router.graph.tail, router.graph.head))
    places = np.asarray(network.node_lonlat)[joined]
    boxes = BoxIndex.of_lines(np.repeat(places, 2, axis=0), 2 * np.arange(len(places) + 1))
    near = _lines_within(boxes, np.repeat(places, 2, axis=0), 2 * np.arange(len(places) + 1), centres, CLEAR_M)
    return np.delete(joined, near)


@contextmanager
def closing(metric: Metric, arcs: np.ndarray) -> Iterator[None]:
    """Close arcs of a metric for a while."""
    with metric.reading() as searches:
        before = searches.arc_weight[arcs].copy()
    metric.update(arcs, np.full(len(arcs), np.inf))
    try:
        yield
    finally:
        metric.update(arcs, np.where(before >= UNREACHABLE, np.inf, (before >> TIE_BITS) / 1000))


def point(node: int) -> Ends:
    """Return a router node as an end of a search."""
    return Ends(np.array([node], np.int32), np.zeros(1, np.int64))


def distance(metric: Metric, source: int, target: int) -> int:
    """Return the weight of the lightest path between two router nodes."""
    with metric.reading() as searches:
        return searches.engine.distance(point(source), point(target))


def segments_within(network: Network, centres: np.ndarray) -> np.ndarray:
    """Return the numbers of the segments that come within RADIUS_M of any centre (k, 2), ascending."""
    return _lines_within(network.boxes, np.asarray(network.coords), np.asarray(network.coord_start), centres, RADIUS_M)


def _lines_within(
    boxes: BoxIndex, coords: np.ndarray, start: np.ndarray, centres: np.ndarray, radius_m: float
) -> np.ndarray:
    """Return the numbers of lines within a radius of any centre, ascending; measured in a plane at each centre."""
    scale = np.column_stack(metres_per_degree(centres[:, 1]))
    reach = 1.01 * radius_m / scale
    item, near = boxes.query(np.hstack([centres - reach, centres + reach]))
    counts = start[near + 1] - start[near]
    owner = np.repeat(np.arange(len(near)), counts)
    vertex = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(start[near], counts)
    flat = shapely.linestrings((coords[vertex] - centres[item][owner]) * scale[item][owner], indices=owner)
    return np.unique(near[shapely.dwithin(flat, shapely.Point(0, 0), radius_m)])


def arcs_within(network: Network, centres: np.ndarray) -> np.ndarray:
    """Return both arcs of every segment within RADIUS_M of any centre."""
    segments = segments_within(network, centres)
    return np.column_stack([2 * segments, 2 * segments + 1]).ravel()


def rings(centres: np.ndarray) -> list[list[list[float]]]:
    """Return the circles as closed rings of CORNERS corners, for engines that take polygons."""
    angle = np.linspace(0, 2 * np.pi, CORNERS + 1)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    scale = np.column_stack(metres_per_degree(centres[:, 1]))
    return [(centre + RADIUS_M / metres * circle).tolist() for centre, metres in zip(centres, scale, strict=True)]


def enters(line: np.ndarray, centres: np.ndarray) -> bool:
    """Return whether a line (k, 2) goes clearly (20 m) into any of the circles."""
    scale = np.column_stack(metres_per_degree(centres[:, 1]))
    return any(
        shapely.dwithin(shapely.linestrings((line - centre) * metres), shapely.Point(0, 0), RADIUS_M - 20.0)
        for centre, metres in zip(centres, scale, strict=True)
    )


@dataclass(frozen=True)
class NodePairs:
    """Consecutive OSM nodes of all roads of a map file, for engines that close roads by them."""

    first: np.ndarray
    second: np.ndarray
    coords: np.ndarray
    """(2 * pairs, 2) degrees."""
    boxes: BoxIndex

    @classmethod
    def read(cls, file: Path) -> NodePairs:
        """Return those of a file."""
        refs: list[int] = []
        counts: list[int] = []
        lonlat: list[tuple[float, float]] = []
        reader = osmium.FileProcessor(str(file)).with_locations()
        for way in reader.with_filter(osmium.filter.KeyFilter("highway", "route")):
            if way.is_way() and (way.tags.get("highway") in CLASS_SPEED_KMH or way.tags.get("route") == "ferry"):
                nodes = [node for node in way.nodes if node.location.valid()]
                refs += [node.ref for node in nodes]
                lonlat += [(node.lon, node.lat) for node in nodes]
                counts.append(len(nodes))
        places, number = np.array(lonlat), np.array(refs)
        begins = np.setdiff1d(np.arange(len(refs)), np.cumsum(counts) - 1)
        coords = np.stack([places[begins], places[begins + 1]], axis=1).reshape(-1, 2)
        boxes = BoxIndex.of_lines(coords, 2 * np.arange(len(begins) + 1))
        return cls(number[begins], number[begins + 1], coords, boxes)

    def write_closed(self, centres: np.ndarray, file: Path) -> Path:
        """Write a file of speeds that closes what lies within RADIUS_M of any centre, both ways."""
        start = 2 * np.arange(len(self.first) + 1)
        near = _lines_within(self.boxes, self.coords, start, centres, RADIUS_M)
        pairs = zip(self.first[near].tolist(), self.second[near].tolist(), strict=True)
        file.write_text("".join(f"{u},{v},0\n{v},{u},0\n" for u, v in pairs))
        return file
