"""Bidirectional Dijkstra search: no preparation, any weights.

The fallback where the hierarchy cannot be built, and its cross-check in tests.
"""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.routing.compiled import compiled
from fom.routing.graph import RouterGraph
from fom.routing.weights import UNREACHABLE

_NONE = -1


@dataclass(frozen=True, eq=False, slots=True)
class Ends:
    """Where a search may begin or end: router nodes, and the weight already spent (or still to spend) there."""

    nodes: NDArray[np.int32]
    weights: NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """A lightest path between two sets of ends: its whole weight, its router arcs, and which ends it joins."""

    weight: int
    arcs: NDArray[np.int64]
    start: int
    end: int


@compiled
def _adjacency(nodes: NDArray[np.int32], n_nodes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return CSR of arcs by node: first (n_nodes + 1,), arcs in ascending number."""
    first = np.zeros(n_nodes + 1, np.int64)
    for node in nodes:
        first[node + 1] += 1
    for node in range(n_nodes):
        first[node + 1] += first[node]
    place = first[:-1].copy()
    arcs = np.empty(len(nodes), np.int64)
    for arc in range(len(nodes)):
        node = nodes[arc]
        arcs[place[node]] = arc
        place[node] += 1
    return first, arcs


@compiled
def _search(
    out_first: NDArray[np.int64],
    out_arcs: NDArray[np.int64],
    in_first: NDArray[np.int64],
    in_arcs: NDArray[np.int64],
    tail: NDArray[np.int32],
    head: NDArray[np.int32],
    weights: NDArray[np.int64],
    sources: NDArray[np.int32],
    source_weights: NDArray[np.int64],
    targets: NDArray[np.int32],
    target_weights: NDArray[np.int64],
    dist: NDArray[np.int64],
    via: NDArray[np.int64],
) -> tuple[int, NDArray[np.int64], int, int]:
    """Search from both sides; return weight, arcs, and the numbers of the source and the target joined.

    `dist` (2, nodes) all UNREACHABLE and `via` (2, nodes) are workspace; `dist` is left clean. `via` holds the
    arc a node was reached by, or -1 - k at end number k.
    """
    unreachable = np.int64(UNREACHABLE)
    best = unreachable
    middle = np.int64(-1)
    ahead = [(np.int64(0), np.int64(0)) for _ in range(0)]
    behind = [(np.int64(0), np.int64(0)) for _ in range(0)]
    touched = [np.int64(0) for _ in range(0)]
    for k in range(len(sources)):
        node = np.int64(sources[k])
        if source_weights[k] < dist[0, node]:
            dist[0, node] = source_weights[k]
            via[0, node] = -1 - k
            touched.append(node)
            heapq.heappush(ahead, (source_weights[k], node))
    for k in range(len(targets)):
        node = np.int64(targets[k])
        if target_weights[k] < dist[1, node]:
            dist[1, node] = target_weights[k]
            via[1, node] = -1 - k
            touched.append(node)
            heapq.heappush(behind, (target_weights[k], node))
            if dist[0, node] + target_weights[k] < best:
                best = dist[0, node] + target_weights[k]
                middle = node

    while len(ahead) > 0 and len(behind) > 0 and ahead[0][0] + behind[0][0] < best:
        if ahead[0][0] <= behind[0][0]:
            spent, node = heapq.heappop(ahead)
            if spent > dist[0, node]:
                continue
            for k in range(out_first[node], out_first[node + 1]):
                arc = out_arcs[k]
                reached = np.int64(head[arc])
                total = spent + weights[arc]
                if total < dist[0, reached]:
                    dist[0, reached] = total
                    via[0, reached] = arc
                    touched.append(reached)
                    heapq.heappush(ahead, (total, reached))
                    if total + dist[1, reached] < best:
                        best = total + dist[1, reached]
                        middle = reached
        else:
            spent, node = heapq.heappop(behind)
            if spent > dist[1, node]:
                continue
            for k in range(in_first[node], in_first[node + 1]):
                arc = in_arcs[k]
                reached = np.int64(tail[arc])
                total = spent + weights[arc]
                if total < dist[1, reached]:
                    dist[1, reached] = total
                    via[1, reached] = arc
                    touched.append(reached)
                    heapq.heappush(behind, (total, reached))
                    if total + dist[0, reached] < best:
                        best = total + dist[0, reached]
                        middle = reached

    path = [np.int64(0) for _ in range(0)]
    start = np.int64(-1)
    end = np.int64(-1)
    if middle >= 0:
        node = middle
        while via[0, node] >= 0:
            path.append(via[0, node])
            node = np.int64(tail[via[0, node]])
        start = -1 - via[0, node]
        path = path[::-1]
        node = middle
        while via[1, node] >= 0:
            path.append(via[1, node])
            node = np.int64(head[via[1, node]])
        end = -1 - via[1, node]
    for node in touched:
        dist[0, node] = unreachable
        dist[1, node] = unreachable
    found = np.empty(len(path), np.int64)
    for k in range(len(path)):
        found[k] = path[k]
    return int(best), found, int(start), int(end)


class DijkstraTopology:
    """Adjacency and workspaces of one router graph, shared by all its metrics."""

    def __init__(self, graph: RouterGraph) -> None:
        self.graph = graph
        self.out_first, self.out_arcs = _adjacency(graph.tail, graph.n_nodes)
        self.in_first, self.in_arcs = _adjacency(graph.head, graph.n_nodes)
        self._free: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self._lock = threading.Lock()

    def borrow(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return a clean workspace (distances, arcs reached by) for one search at a time."""
        with self._lock:
            if self._free:
                return self._free.pop()
        shape = (2, self.graph.n_nodes)
        return np.full(shape, UNREACHABLE, np.int64), np.full(shape, _NONE, np.int64)

    def give_back(self, workspace: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
        """Take a workspace back for the next search."""
        with self._lock:
            self._free.append(workspace)


class DijkstraEngine:
    """Searches over router arcs with the weights given; an update costs nothing."""

    def __init__(self, topology: DijkstraTopology, weights: NDArray[np.int64]) -> None:
        self._topology = topology
        self._weights = weights

    def update(self, arcs: NDArray[np.int64]) -> None:
        """Take note that `weights` of router `arcs` have changed; nothing is derived from them here."""

    def search(self, sources: Ends, targets: Ends) -> Found | None:
        """Return the lightest path from any source to any target, None when there is none."""
        topology = self._topology
        workspace = topology.borrow()
        weight, arcs, start, end = _search(
            topology.out_first, topology.out_arcs, topology.in_first, topology.in_arcs,
            topology.graph.tail, topology.graph.head, self._weights,
            sources.nodes, sources.weights, targets.nodes, targets.weights, *workspace,
        )  # fmt: skip
        topology.give_back(workspace)
        return Found(int(weight), arcs, int(start), int(end)) if weight < UNREACHABLE else None
