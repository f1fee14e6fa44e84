"""Bidirectional Dijkstra search: no preparation, any weights.

The fallback where the hierarchy cannot be built, and its cross-check in tests.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.engine import Candidate, Ends, Found
from fom.routing.graph import RouterGraph
from fom.routing.remaining import Remaining, remaining_everywhere
from fom.routing.weights import UNREACHABLE
from fom.routing.workspaces import Workspaces

_NONE = -1

PENALTY_ROUNDS = 16
PENALTY_SHARE = 3
"""Arcs of the path just found become a third heavier in each round."""
PENALTY_LIMIT = 16
"""No arc is made heavier beyond this share of UNREACHABLE, so that sums stay exact."""


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
        self.workspaces = Workspaces(self._make_workspace)

    def _make_workspace(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        shape = (2, self.graph.n_nodes)
        return np.full(shape, UNREACHABLE, np.int64), np.full(shape, _NONE, np.int64)


class DijkstraEngine:
    """Searches without preparation; an update costs nothing."""

    def __init__(self, topology: DijkstraTopology, weights: NDArray[np.int64]) -> None:
        self._topology = topology
        self._weights = weights

    def update(self, arcs: NDArray[np.int64]) -> None:
        """Nothing is derived from the weights, so nothing is to be done."""

    def search(self, sources: Ends, targets: Ends) -> Found | None:
        """Return the lightest path from any source to any target, None when there is none."""
        topology = self._topology
        with topology.workspaces.one() as (dist, via):
            weight, arcs, start, end = _search(
                topology.out_first,
                topology.out_arcs,
                topology.in_first,
                topology.in_arcs,
                topology.graph.tail,
                topology.graph.head,
                self._weights,
                sources.nodes,
                sources.weights,
                targets.nodes,
                targets.weights,
                dist,
                via,
            )
        return Found(int(weight), arcs, int(start), int(end)) if weight < UNREACHABLE else None

    def distance(self, sources: Ends, targets: Ends) -> int:
        """Return the weight of the lightest path, UNREACHABLE when there is none."""
        found = self.search(sources, targets)
        return UNREACHABLE if found is None else found.weight

    def remaining(self, targets: Ends) -> Remaining:
        """Return what is still to be spent from any node to the targets; all of it is worked out at once."""
        topology = self._topology
        return remaining_everywhere(topology.in_first, topology.in_arcs, topology.graph.tail, self._weights, targets)

    def candidates(
        self,
        sources: Ends,
        targets: Ends,
        best: Found,
        counted: NDArray[np.float64],  # noqa: ARG002
        allowed: float,  # noqa: ARG002
    ) -> Iterator[Candidate]:
        """Yield paths found after making those before heavier, step by step."""
        penalised = self._weights.copy()
        trial = DijkstraEngine(self._topology, penalised)
        seen = {best.weight}
        path: Found | None = best
        for _ in range(PENALTY_ROUNDS):
            if path is None:
                return
            open_arcs = path.arcs[penalised[path.arcs] < UNREACHABLE // PENALTY_LIMIT]
            penalised[open_arcs] += penalised[open_arcs] // PENALTY_SHARE
            path = trial.search(sources, targets)
            if path is None:
                return
            before = int(sources.weights[path.start] + targets.weights[path.end])
            weight = before + int(self._weights[path.arcs].sum())
            if weight not in seen:
                seen.add(weight)
                yield Candidate(Found(weight, path.arcs, path.start, path.end), None)
