"""Small networks for the routing tests, and an independent search over them: networkx on the arc-expanded graph."""

from __future__ import annotations

import math
from collections.abc import Sequence

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from fom.network.network import Network
from fom.routing.barriers import barrier_seconds
from fom.routing.weights import TIE_BITS, draw_numbers, to_weights


def make_network(
    nodes: Sequence[tuple[float, float]],
    segments: Sequence[tuple[int, int, float, bool]],
    *,
    forbidden: Sequence[tuple[int, int]] = (),
    barriers: Sequence[tuple[int, str]] = (),
    speed_kmh: float = 36.0,
    names: Sequence[str] = (),
    assets: Sequence[tuple[str, int]] = (),
    links: Sequence[int] = (),
) -> Network:
    """Return a network of straight segments (from, to, length_m, is_oneway) between lon/lat nodes.

    At 36 km/h a metre costs 0.1 s. `assets` are bridges (id, segment); `names` one for each segment, `` = none.
    """
    n = len(segments)
    points = np.asarray(nodes, float).reshape(-1, 2)
    start = np.array([s[0] for s in segments], np.int32)
    end = np.array([s[1] for s in segments], np.int32)
    words = tuple(dict.fromkeys(word for _, word in barriers))
    known = tuple(dict.fromkeys(x for x in names if x))
    asset_ids = list(dict.fromkeys(a for a, _ in assets))
    on = [[asset_ids.index(a) for a, s in assets if s == i] for i in range(n)]
    width = max([len(f"s{n - 1}"), 1])
    return Network(
        network_id="small",
        manifest={},
        segment_ids=np.array([f"s{i}".encode() for i in range(n)], f"S{width}"),
        from_node=start,
        to_node=end,
        node_lonlat=points,
        coords=np.stack([points[start], points[end]], axis=1).reshape(-1, 2) if n else np.zeros((0, 2)),
        coord_start=np.arange(n + 1, dtype=np.int64) * 2,
        length_m=np.array([s[2] for s in segments], float),
        speed_kmh=np.full(n, speed_kmh),
        speed_source=np.full(n, 3, np.uint8),
        is_oneway=np.array([s[3] for s in segments], bool),
        highway=np.zeros(n, np.int16),
        surface=np.full(n, -1, np.int16),
        road_type=np.full(n, b"Z", "S1"),
        name=np.array([known.index(names[i]) if i < len(names) and names[i] else -1 for i in range(n)], np.int32),
        ref=np.full(n, -1, np.int32),
        link=np.array(links or range(n), np.int32),
        carriageway_m=np.full(n, np.nan),
        shoulder_m=np.full(n, np.nan),
        limits=np.full((n, 4), np.nan),
        osm_way=np.zeros(n, np.int64),
        asset_ids=np.array([a.encode() for a in asset_ids], "S8"),
        asset_type=np.zeros(len(asset_ids), np.uint8),
        asset_limits=np.full((len(asset_ids), 5), np.nan),
        asset_name=np.full(len(asset_ids), -1, np.int32),
        asset_start=np.cumsum([0, *(len(x) for x in on)]).astype(np.int64),
        asset_of=np.array([x for row in on for x in row], np.int32),
        asset_at_m=np.full(sum(len(x) for x in on), np.nan),
        forbidden_turns=np.asarray(forbidden, np.int64).reshape(-1, 2),
        barrier_node=np.array([b[0] for b in barriers], np.int32),
        barrier_type=np.array([words.index(b[1]) for b in barriers], np.int16),
        highway_words=("primary",),
        barrier_words=words,
        names=known,
    )


def grid_network(columns: int, rows: int, **more: object) -> Network:
    """Return a grid of two-way segments of 10 km, nodes numbered row by row."""
    nodes = [(x * 0.09, y * 0.09) for y in range(rows) for x in range(columns)]
    segments = []
    for y in range(rows):
        for x in range(columns):
            here = y * columns + x
            if x + 1 < columns:
                segments.append((here, here + 1, 10_000.0, False))
            if y + 1 < rows:
                segments.append((here, here + columns, 10_000.0, False))
    return make_network(nodes, segments, **more)  # type: ignore[arg-type]


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Small random networks with parallel segments, loops, one-ways, islands, forbidden turns and barriers."""
    k = draw(st.integers(2, 9))
    nodes = [(i % 3 * 0.01, i // 3 * 0.01 + i * 1e-4) for i in range(k)]
    ends = st.tuples(st.integers(0, k - 1), st.integers(0, k - 1))
    lengths = st.sampled_from([100.0, 200.0, 300.0, 500.0, 800.0])
    n = draw(st.integers(1, 18))
    segments = [(*draw(ends), draw(lengths), draw(st.booleans()) and draw(st.booleans())) for _ in range(n)]
    probe = make_network(nodes, segments)
    turns = possible_turns(probe)
    forbidden = draw(st.lists(st.sampled_from(turns), max_size=6, unique=True)) if turns else []
    words = st.sampled_from(["gate", "bollard", "block"])
    barriers = draw(st.lists(st.tuples(st.integers(0, k - 1), words), max_size=2, unique_by=lambda b: b[0]))
    return make_network(nodes, segments, forbidden=forbidden, barriers=barriers)


def arcs_of(network: Network) -> list[tuple[int, int, int]]:
    """Return (arc, tail, head) of every arc that exists."""
    out = []
    for i in range(network.n_segments):
        a, b = int(network.from_node[i]), int(network.to_node[i])
        out.append((2 * i, a, b))
        if not network.is_oneway[i]:
            out.append((2 * i + 1, b, a))
    return out


def possible_turns(network: Network) -> list[tuple[int, int]]:
    arcs = arcs_of(network)
    return [(a, b) for a, _, head in arcs for b, tail, _ in arcs if head == tail]


def plain_costs(network: Network) -> np.ndarray:
    """Return (2n,) seconds by arc number."""
    return np.repeat(np.asarray(network.length_m) / (np.asarray(network.speed_kmh) / 3.6), 2)


def expanded_graph(network: Network, costs: np.ndarray, vehicle: str) -> nx.DiGraph:
    """Return a graph whose nodes are arcs and whose edges are the turns that may be made, weights as the router's.

    Written from the rules in words, one arc at a time, and shares nothing with the router's graph but the
    weights themselves.
    """
    arcs = [(a, t, h) for a, t, h in arcs_of(network) if np.isfinite(costs[a])]
    weight = {a: int(w) for a, w in enumerate(to_weights(costs, draw_numbers(network.segment_ids)))}
    forbidden = {tuple(map(int, row)) for row in network.forbidden_turns}
    restricted = {h for a, _, h in arcs_of(network) if any(f[0] == a for f in forbidden)}
    barrier = dict(zip(network.barrier_node.tolist(), barrier_seconds(network, vehicle).tolist(), strict=True))
    graph = nx.DiGraph()
    graph.add_nodes_from((a, {"weight": weight[a]}) for a, _, _ in arcs)
    leaving: dict[int, list[int]] = {}
    for a, tail, _ in arcs_of(network):
        leaving.setdefault(tail, []).append(a)
    for a, _, head in arcs:
        onward = [b for b in leaving.get(head, []) if b != a ^ 1 and (a, b) not in forbidden]
        for b in leaving.get(head, []):
            if b not in graph:
                continue
            extra = 0
            if b == a ^ 1:
                if head in restricted and head not in barrier and onward:
                    continue
            elif (a, b) in forbidden:
                continue
            elif head in barrier:
                if math.isinf(barrier[head]):
                    continue
                extra = round(barrier[head] * 1000) << TIE_BITS
            graph.add_edge(a, b, weight=weight[b] + extra)
    return graph


def oracle_weight(network: Network, costs: np.ndarray, vehicle: str, origin: tuple, destination: tuple) -> int | None:
    """Return the least weight between two (segment, fraction) by plain Dijkstra over arcs, None = no way."""
    return least_weight(expanded_graph(network, costs, vehicle), origin, destination)


def least_weight(graph: nx.DiGraph, origin: tuple, destination: tuple) -> int | None:
    """Return the least weight between two (segment, fraction) on an expanded graph, None = no way."""
    unit = 1 << TIE_BITS

    def part(arc: int, share: float) -> int:
        weight = graph.nodes[arc]["weight"]
        return round((weight // unit) * share) * unit + weight % unit

    best: list[int] = []
    for first in (2 * origin[0], 2 * origin[0] + 1):
        if first not in graph:
            continue
        at = origin[1] if first % 2 == 0 else 1 - origin[1]
        dist = nx.single_source_dijkstra_path_length(graph, first, weight="weight")
        for last in (2 * destination[0], 2 * destination[0] + 1):
            to = destination[1] if last % 2 == 0 else 1 - destination[1]
            if last == first and to >= at:
                best.append(part(first, to - at))
            if last not in graph:
                continue
            for before, _, data in graph.in_edges(last, data=True):
                if before in dist:
                    turn = data["weight"] - graph.nodes[last]["weight"]
                    best.append(part(first, 1 - at) + dist[before] + turn + part(last, to))
    return min(best, default=None)
