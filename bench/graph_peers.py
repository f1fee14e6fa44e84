"""Graph libraries on our router graph: the same arcs and weights (whole milliseconds), from node to node.

They return node or arc numbers; ours snaps two positions, obeys turns and returns the line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from fom.routing.graph import RouterGraph

CLOSED_MS = 10**9


@dataclass(frozen=True)
class GraphPeer:
    """Another engine: set weights of some arcs, find one path."""

    name: str
    change: Callable[[np.ndarray, np.ndarray], Any]
    path: Callable[[int, int], tuple[float, Sequence[int]]]
    items: int
    """So many pairs are asked: the slower, the fewer."""


def networkx_peer(graph: RouterGraph, milliseconds: np.ndarray) -> GraphPeer:
    """Return networkx's bidirectional Dijkstra, which OSMnx uses; of parallel arcs the first that is fastest."""
    import networkx as nx

    kept = _fastest(graph, milliseconds)
    roads = nx.DiGraph()
    roads.add_nodes_from(range(graph.n_nodes))
    tail, head = graph.tail.tolist(), graph.head.tolist()
    roads.add_weighted_edges_from(
        zip(graph.tail[kept].tolist(), graph.head[kept].tolist(), milliseconds[kept].tolist(), strict=True), weight="w"
    )
    is_kept = np.zeros(graph.n_arcs, bool)
    is_kept[kept] = True

    def change(arcs: np.ndarray, values: np.ndarray) -> None:
        here = is_kept[arcs]
        for arc, value in zip(arcs[here].tolist(), values[here].tolist(), strict=True):
            roads[tail[arc]][head[arc]]["w"] = value

    def path(source: int, target: int) -> tuple[float, Sequence[int]]:
        return nx.bidirectional_dijkstra(roads, source, target, weight="w")

    return GraphPeer(f"networkx {nx.__version__} (OSMnx's search)", change, path, 3)


def scipy_peer(graph: RouterGraph, milliseconds: np.ndarray) -> GraphPeer:
    """Return scipy's Dijkstra from one node to all."""
    import scipy

    kept = _fastest(graph, milliseconds)
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

    return GraphPeer(f"scipy {scipy.__version__}", change, path, 10)


def igraph_peer(graph: RouterGraph, milliseconds: np.ndarray) -> GraphPeer:
    """Return igraph's Dijkstra. ImportError where igraph is not installed."""
    import igraph

    roads = igraph.Graph(n=graph.n_nodes, edges=np.column_stack([graph.tail, graph.head]), directed=True)
    weights = milliseconds.tolist()

    def change(arcs: np.ndarray, values: np.ndarray) -> None:
        for arc, value in zip(arcs.tolist(), values.tolist(), strict=True):
            weights[arc] = value

    def path(source: int, target: int) -> tuple[float, Sequence[int]]:
        (found,) = roads.get_shortest_paths(source, to=target, weights=weights, output="epath")
        return float(sum(weights[arc] for arc in found)), found

    return GraphPeer(f"igraph {igraph.__version__}", change, path, 10)


def _fastest(graph: RouterGraph, milliseconds: np.ndarray) -> np.ndarray:
    """Return one arc for each pair of nodes: the fastest. When it is closed the next takes no part."""
    order = np.lexsort((milliseconds, graph.head, graph.tail))
    ends = np.column_stack([graph.tail, graph.head])[order]
    kept = order[np.concatenate([[True], (ends[1:] != ends[:-1]).any(axis=1)])]
    return np.sort(kept)[np.lexsort((graph.head[np.sort(kept)], graph.tail[np.sort(kept)]))]


def graph_peers(graph: RouterGraph, milliseconds: np.ndarray) -> tuple[list[GraphPeer], dict[str, str]]:
    """Return the libraries that can be had, and for the others why not."""
    peers, missing = [], {}
    for name, make in (("igraph", igraph_peer), ("scipy", scipy_peer), ("networkx", networkx_peer)):
        try:
            peers.append(make(graph, milliseconds))
        except ImportError as error:
            print(f"NOT MEASURED: {name}: {error}", file=sys.stderr)
            missing[name] = "not installed"
    return peers, missing
