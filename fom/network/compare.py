"""Two readings of the same roads side by side: counts, total length, and sampled shortest-path lengths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from fom.network.grouping import Ints
from fom.network.network import Network

SAME_NODE_M = 1.0
"""Nodes of two networks this near are the same place."""
DEGREE_M = 111_195.0
"""Metres per degree of a sphere of the Earth's mean radius; only for pairing nodes."""


@dataclass(frozen=True, slots=True)
class PathGraph:
    """A road graph reduced to what shortest lengths need."""

    lonlat: NDArray[np.float64]
    """(k, 2) degrees."""
    tail: Ints
    """(a,) node of each arc's start."""
    head: Ints
    length_m: NDArray[np.float64]
    segments: int
    links: int
    """Undirected stretches between junctions and ends."""
    total_m: float
    """Length of all segments, each counted once."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two graphs share; differences are shares of the first."""

    segments: tuple[int, int]
    links: tuple[int, int]
    total_m: tuple[float, float]
    common_nodes: int
    pairs: int
    lengths_m: NDArray[np.float64]
    """(pairs, 2) shortest lengths in both, inf = no path."""

    @property
    def differences(self) -> NDArray[np.float64]:
        """Return (pairs,) relative differences; inf where only one has a path, 0 where neither has."""
        one, two = self.lengths_m.T
        with np.errstate(invalid="ignore"):
            share: NDArray[np.float64] = np.abs(one - two) / np.maximum(np.minimum(one, two), 1e-9)
        share[np.isinf(one) & np.isinf(two)] = 0
        share[np.isinf(one) != np.isinf(two)] = np.inf
        return share


def path_graph(network: Network) -> PathGraph:
    """Return the graph of a network; turn restrictions and barriers are left out."""
    both = ~np.asarray(network.is_oneway)
    tail = np.concatenate([network.from_node, network.to_node[both]]).astype(np.int64)
    head = np.concatenate([network.to_node, network.from_node[both]]).astype(np.int64)
    return PathGraph(
        lonlat=np.asarray(network.node_lonlat),
        tail=tail,
        head=head,
        length_m=np.concatenate([network.length_m, network.length_m[both]]),
        segments=network.n_segments,
        links=len(np.unique(network.link)),
        total_m=float(network.length_m.sum()),
    )


def compare(one: PathGraph, two: PathGraph, *, pairs: int = 200, seed: int = 0) -> Comparison:
    """Return how two graphs differ; pairs are drawn from nodes at the same place in both, always alike for one seed."""
    common = _common_nodes(one, two)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(common), size=(pairs, 2)) if len(common) else np.empty((0, 2), dtype=np.int64)
    ends_one, ends_two = (common[drawn, side] for side in (0, 1))
    lengths = np.column_stack([_shortest(one, ends_one), _shortest(two, ends_two)])
    return Comparison(
        segments=(one.segments, two.segments),
        links=(one.links, two.links),
        total_m=(one.total_m, two.total_m),
        common_nodes=len(common),
        pairs=len(drawn),
        lengths_m=lengths,
    )


def _common_nodes(one: PathGraph, two: PathGraph) -> Ints:
    """Return (c, 2) nodes of both that stand alone at the same place; where several do, none is taken."""
    scale = np.array([np.cos(np.radians(one.lonlat[:, 1].mean())), 1.0]) * DEGREE_M
    at_one, at_two = one.lonlat * scale, two.lonlat * scale
    distance, nearest = cKDTree(at_two).query(at_one, distance_upper_bound=SAME_NODE_M)
    found = np.flatnonzero(np.isfinite(distance))
    used, count = np.unique(nearest[found], return_counts=True)
    single = np.isin(nearest[found], used[count == 1])
    return np.column_stack([found[single], nearest[found][single]]).astype(np.int64)


def _shortest(graph: PathGraph, ends: Ints) -> NDArray[np.float64]:
    """Return shortest lengths in metres between pairs of nodes, inf = no path."""
    k = len(graph.lonlat)
    order = np.lexsort((graph.length_m, graph.head, graph.tail))
    tail, head, length = graph.tail[order], graph.head[order], graph.length_m[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])  # of parallel arcs only the shortest counts
    matrix = coo_matrix((length[first], (tail[first], head[first])), shape=(k, k)).tocsr()
    sources, row = np.unique(ends[:, 0], return_inverse=True)
    found = np.full(len(ends), np.inf)
    for number, source in enumerate(sources.tolist()):
        mine = row == number
        found[mine] = dijkstra(matrix, indices=source)[ends[mine, 1]]
    return found
