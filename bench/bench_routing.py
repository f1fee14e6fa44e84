"""Routes, updates and alternates, beside networkx (and so OSMnx), scipy and igraph, on one graph with the same weights.

Ours snap two positions, obey turns and return the line; the peers go from node to node of the graph that is already
split for turns and return node or arc numbers. Distances are compared before anything is timed. igraph is measured
where it is installed (`pip install igraph`); nothing else needs it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from bench.networks import largest_network
from bench.table import Row
from fom.network.network import Network
from fom.routing.alternates import find_alternates
from fom.routing.engine import Ends
from fom.routing.graph import RouterGraph
from fom.routing.router import Metric, Router
from fom.routing.routes import route_line
from fom.routing.snapping import metres_per_degree, snap_to_road
from fom.routing.weights import TIE_BITS, UNREACHABLE

N_PAIRS = 20
N_SLOW_PAIRS = 5
REPEATS = 5
RADIUS_M = 500.0
CLOSED_MS = 10**9
PENALTY = 1.4
SEED = 11


@dataclass(frozen=True)
class Peer:
    """Another engine: set weights of some arcs, find one path. Weights are whole milliseconds by router arc."""

    name: str
    change: Callable[[np.ndarray, np.ndarray], Any]
    path: Callable[[int, int], tuple[float, Sequence[int]]]


def run(scratch: Path) -> list[Row]:
    """Return the rows of the table."""
    network = largest_network(scratch)
    folder = scratch / "routing"
    folder.mkdir(exist_ok=True)
    built_s, router = _timed(lambda: Router(network, folder))
    loaded_s, router = _timed(lambda: Router(network, folder))
    costs = np.repeat(np.asarray(network.length_m) / (np.asarray(network.speed_kmh) / 3.6), 2)
    router.metric(costs)
    metric_s, metric = _timed(lambda: router.metric(costs))
    graph = router.graph
    with metric.reading() as searches:
        milliseconds = (searches.weights >> TIE_BITS).astype(np.int64)
    milliseconds = np.where(milliseconds >= UNREACHABLE >> TIE_BITS, CLOSED_MS, milliseconds)
    size = f"{network.n_segments:,} segments, {graph.n_arcs:,} arcs"
    rows = [
        Row("prepare routing (order, hierarchy), once per network", built_s * 1e3, None, None, size),
        Row("load the prepared routing at a start", loaded_s * 1e3, None, None, size),
        Row("take all costs anew (one profile and posture)", metric_s * 1e3, None, None, size),
    ]
    peers = _peers(graph, milliseconds)
    pairs = _pairs(router, metric)
    _compare(metric, milliseconds, peers, pairs)
    rows += _routes(network, metric, graph, peers, pairs, size)
    rows += _updates(network, metric, costs, graph, milliseconds, peers, pairs)
    rows += _alternates(network, metric, graph, milliseconds, peers, pairs, size)
    return rows


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def _peers(graph: RouterGraph, milliseconds: np.ndarray) -> list[Peer]:
    peers = [_networkx(graph, milliseconds), _scipy(graph, milliseconds)]
    try:
        import igraph
    except ImportError:
        print("igraph is not installed: not measured", file=sys.stderr)
    else:
        peers.append(_igraph(igraph, graph, milliseconds))
    return peers


def _networkx(graph: RouterGraph, milliseconds: np.ndarray) -> Peer:
    roads = nx.MultiDiGraph()
    roads.add_nodes_from(range(graph.n_nodes))
    tail, head = graph.tail.tolist(), graph.head.tolist()
    for arc, (a, b, w) in enumerate(zip(tail, head, milliseconds.tolist(), strict=True)):
        roads.add_edge(a, b, key=arc, w=w)

    def change(arcs: np.ndarray, values: np.ndarray) -> None:
        for arc, value in zip(arcs.tolist(), values.tolist(), strict=True):
            roads[tail[arc]][head[arc]][arc]["w"] = value

    def path(source: int, target: int) -> tuple[float, Sequence[int]]:
        return nx.bidirectional_dijkstra(roads, source, target, weight="w")

    return Peer("networkx bidirectional Dijkstra (what OSMnx uses)", change, path)


def _scipy(graph: RouterGraph, milliseconds: np.ndarray) -> Peer:
    order = np.lexsort((milliseconds, graph.head, graph.tail))
    ends = np.column_stack([graph.tail, graph.head])[order]
    first = np.concatenate([[True], (ends[1:] != ends[:-1]).any(axis=1)])
    kept = order[first]  # of parallel arcs the fastest; a closed one is not replaced by the next: the distances tell
    matrix = csr_array(
        (milliseconds[kept].astype(float), (graph.tail[kept], graph.head[kept])), shape=(graph.n_nodes,) * 2
    )
    place = np.full(graph.n_arcs, -1)
    place[kept] = np.arange(len(kept))

    def change(arcs: np.ndarray, values: np.ndarray) -> None:
        at = place[arcs]
        matrix.data[at[at >= 0]] = values[at >= 0]

    def path(source: int, target: int) -> tuple[float, Sequence[int]]:
        distance, before = dijkstra(matrix, indices=source, return_predecessors=True)
        nodes = [target]
        while nodes[-1] != source and before[nodes[-1]] >= 0:
            nodes.append(int(before[nodes[-1]]))
        return float(distance[target]), nodes[::-1]

    return Peer("scipy csgraph Dijkstra", change, path)


def _igraph(igraph: Any, graph: RouterGraph, milliseconds: np.ndarray) -> Peer:
    edges = np.column_stack([graph.tail, graph.head]).tolist()
    roads = igraph.Graph(n=graph.n_nodes, edges=edges, directed=True)
    weights = milliseconds.tolist()

    def change(arcs: np.ndarray, values: np.ndarray) -> None:
        for arc, value in zip(arcs.tolist(), values.tolist(), strict=True):
            weights[arc] = value

    def path(source: int, target: int) -> tuple[float, Sequence[int]]:
        (found,) = roads.get_shortest_paths(source, to=target, weights=weights, output="epath")
        return float(sum(weights[arc] for arc in found)), found

    return Peer("igraph Dijkstra", change, path)


def _pairs(router: Router, metric: Metric) -> list[tuple[int, int]]:
    """Return pairs of router nodes with a way between them."""
    rng = np.random.default_rng(SEED)
    out: list[tuple[int, int]] = []
    with metric.reading() as searches:
        while len(out) < N_PAIRS:
            source, target = (int(node) for node in rng.integers(0, router.graph.n_nodes, 2))
            if searches.engine.distance(_point(source), _point(target)) < UNREACHABLE:
                out.append((source, target))
    return out


def _point(node: int) -> Ends:
    return Ends(np.array([node], np.int32), np.zeros(1, np.int64))


def _compare(metric: Metric, milliseconds: np.ndarray, peers: Sequence[Peer], pairs: Sequence[tuple[int, int]]) -> None:
    """Raise AssertionError when any peer finds another distance."""
    with metric.reading() as searches:
        for source, target in pairs[:N_SLOW_PAIRS]:
            found = searches.engine.search(_point(source), _point(target))
            ours = int(milliseconds[found.arcs].sum()) if found is not None else -1
            for peer in peers:
                theirs = peer.path(source, target)[0]
                if round(theirs) != ours:
                    raise AssertionError(f"{peer.name}: {theirs} ms from {source} to {target}, ours {ours}")


def _places(network: Network, graph: RouterGraph, pair: tuple[int, int]) -> list[tuple[float, float]]:
    lonlat = np.asarray(network.node_lonlat)[graph.node_of[list(pair)]]
    return [(float(lon), float(lat)) for lon, lat in lonlat]


def _whole_route(network: Network, metric: Metric, places: Sequence[tuple[float, float]]) -> np.ndarray | None:
    start, end = (snap_to_road(network, *place) for place in places)
    path = None if start is None or end is None else metric.best(start, end)
    return None if path is None else route_line(network, path)


def _times(work: Callable[[Any], Any], items: Sequence[Any]) -> np.ndarray:
    """Return milliseconds of each item: the median of some repetitions, after one round that is not counted."""
    for item in items[:2]:
        work(item)
    return np.array(
        [np.median([_timed(lambda item=item: work(item))[0] for _ in range(REPEATS)]) * 1e3 for item in items]
    )


def _routes(
    network: Network,
    metric: Metric,
    graph: RouterGraph,
    peers: Sequence[Peer],
    pairs: Sequence[tuple[int, int]],
    size: str,
) -> list[Row]:
    places = [_places(network, graph, pair) for pair in pairs]
    ours = _times(lambda place: _whole_route(network, metric, place), places)
    scale = f"{size}; p95 {np.percentile(ours, 95):.2f} ms"
    rows = []
    for peer in peers:
        theirs = _times(lambda pair, peer=peer: peer.path(*pair), pairs[:N_SLOW_PAIRS])
        rows.append(Row("best route: snap, search, line", _median(ours), peer.name, _median(theirs), scale))
    return rows


def _updates(
    network: Network,
    metric: Metric,
    costs: np.ndarray,
    graph: RouterGraph,
    milliseconds: np.ndarray,
    peers: Sequence[Peer],
    pairs: Sequence[tuple[int, int]],
) -> list[Row]:
    """Time closing circles of 500 m and the first route after it; every change is taken back and checked."""
    rng = np.random.default_rng(SEED)
    rows = []
    for what, count, rounds in (
        ("a 500 m report closes roads, then", 1, 40),
        ("50 areas of 500 m at once, then", 50, 5),
    ):
        ours, theirs, closed = [], {peer.name: [] for peer in peers}, []
        for turn in range(rounds):
            arcs = _arcs_within(network, rng, count)
            arcs = arcs[graph.arrival[arcs] >= 0]
            place = _places(network, graph, pairs[turn % len(pairs)])
            begun = time.perf_counter()
            metric.update(arcs, np.full(len(arcs), np.inf))
            _whole_route(network, metric, place)
            ours.append(time.perf_counter() - begun)
            closed.append(len(arcs))
            if turn < 2:
                _check_closed(metric, graph, milliseconds, arcs, peers, pairs[turn])
            touched = graph.router_arcs(arcs)
            for peer in peers if turn < REPEATS else ():
                begun = time.perf_counter()
                peer.change(touched, np.full(len(touched), CLOSED_MS))
                peer.path(*pairs[turn])
                theirs[peer.name].append(time.perf_counter() - begun)
                peer.change(touched, milliseconds[touched])
            metric.update(arcs, costs[arcs])
        scale = f"{int(np.median(closed))} arcs closed (median), p95 {np.percentile(ours, 95) * 1e3:.2f} ms"
        rows += [
            Row(f"{what} the first route", _median(ours) * 1e3, name, _median(times) * 1e3, scale)
            for name, times in theirs.items()
        ]
    return rows


def _check_closed(
    metric: Metric,
    graph: RouterGraph,
    milliseconds: np.ndarray,
    arcs: np.ndarray,
    peers: Sequence[Peer],
    pair: tuple[int, int],
) -> None:
    """Raise AssertionError when a peer, with the same arcs closed, finds another distance."""
    touched = graph.router_arcs(arcs)
    with metric.reading() as searches:
        found = searches.engine.search(*(_point(node) for node in pair))
    for peer in (p for p in peers if not p.name.startswith("scipy")):
        peer.change(touched, np.full(len(touched), CLOSED_MS))
        theirs = peer.path(*pair)[0]
        peer.change(touched, milliseconds[touched])
        ours = int(milliseconds[found.arcs].sum()) if found is not None else None
        if (theirs < CLOSED_MS or ours is not None) and round(theirs) != ours:
            raise AssertionError(f"{peer.name} under closures: {theirs}, ours {ours}")


def _arcs_within(network: Network, rng: np.random.Generator, count: int) -> np.ndarray:
    points = np.asarray(network.coords)[rng.integers(0, len(network.coords), count)]
    reach = RADIUS_M / metres_per_degree(float(points[0, 1]))[1]
    item, near = network.boxes.query(np.hstack([points - reach, points + reach]))
    segments = np.unique(near[shapely.dwithin(shapely.points(points[item]), network.lines(near), reach)])
    return np.column_stack([2 * segments, 2 * segments + 1]).ravel()


def _alternates(
    network: Network,
    metric: Metric,
    graph: RouterGraph,
    milliseconds: np.ndarray,
    peers: Sequence[Peer],
    pairs: Sequence[tuple[int, int]],
    size: str,
) -> list[Row]:
    seconds = np.asarray(network.length_m) / (np.asarray(network.speed_kmh) / 3.6)
    found: list[int] = []

    def ours(pair: tuple[int, int]) -> None:
        start, end = (snap_to_road(network, *place) for place in _places(network, graph, pair))
        with metric.reading() as searches:
            best = None if start is None or end is None else searches.best(start, end)
            if best is not None and start is not None and end is not None:
                found.append(len(find_alternates(searches, start, end, best, seconds=seconds, wanted=3)))

    times = _times(ours, pairs)
    scale = (
        f"{size}; {np.mean(found):.2f} admissible alternates besides the best, p95 {np.percentile(times, 95):.2f} ms"
    )
    rows = []
    for peer in (p for p in peers if p.name.startswith("igraph")):

        def penalty(pair: tuple[int, int], peer: Peer = peer) -> None:
            raised: dict[int, float] = {}
            for _ in range(3):
                for arc in peer.path(*pair)[1]:
                    raised[arc] = raised.get(arc, milliseconds[arc]) * PENALTY
                arcs = np.array(list(raised), np.int64)
                peer.change(arcs, np.array(list(raised.values())))
            peer.change(arcs, milliseconds[arcs])

        theirs = _times(penalty, pairs[:N_SLOW_PAIRS])
        name = "igraph, penalty method, three searches, nothing checked"
        rows.append(Row("best route and three alternates, checked", _median(times), name, _median(theirs), scale))
    return rows or [Row("best route and three alternates, checked", _median(times), None, None, scale)]


def _median(values: Any) -> float:
    return float(np.median(values))
