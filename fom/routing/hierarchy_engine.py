"""Searches on a contraction hierarchy: a tenth of a millisecond on a million segments, updates of what changed only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fom.routing.climbing import climb, find_path
from fom.routing.customisation import customise, n_flags, recustomise
from fom.routing.engine import Candidate, Ends, Found
from fom.routing.graph import RouterGraph
from fom.routing.hierarchy import NONE, Hierarchy
from fom.routing.remaining import NOT_ASKED, Remaining, spread_below
from fom.routing.vias import via_candidates
from fom.routing.weights import UNREACHABLE
from fom.routing.workspaces import Workspaces

FULL_SHARE = 0.03
"""Beyond this share of all arcs it is faster to customise from nothing: 2 % to 5 % by the size of the network."""


class HierarchyTopology:
    """A hierarchy and its workspaces, shared by all metrics of a router."""

    def __init__(self, graph: RouterGraph, shape: Hierarchy) -> None:
        self.graph = graph
        self.shape = shape
        self.searching = Workspaces(self._make_search)
        self.updating = Workspaces(lambda: np.zeros(n_flags(shape), np.bool_))

    def _make_search(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        shape = (2, self.graph.n_nodes)
        return np.full(shape, UNREACHABLE, np.int64), np.full(shape, NONE, np.int32)


class HierarchyEngine:
    """The customised weights of one metric on a hierarchy."""

    def __init__(self, topology: HierarchyTopology, weights: NDArray[np.int64]) -> None:
        self._topology = topology
        self._weights = weights
        n_keys = 2 * len(topology.shape.up_head)
        self._weight = np.empty(n_keys, np.int64)
        self._middle = np.empty(n_keys, np.int32)
        customise(topology.shape, weights, self._weight, self._middle)

    def update(self, arcs: NDArray[np.int64]) -> None:
        """Bring the hierarchy up to date after the weights of router `arcs` have changed."""
        shape = self._topology.shape
        if len(arcs) > FULL_SHARE * self._topology.graph.n_arcs:
            customise(shape, self._weights, self._weight, self._middle)
            return
        with self._topology.updating.one() as flags:
            recustomise(shape, self._weights, self._weight, self._middle, arcs, flags)

    def search(self, sources: Ends, targets: Ends) -> Found | None:
        """Return the lightest path from any source to any target, None when there is none."""
        shape = self._topology.shape
        with self._topology.searching.one() as (dist, via):
            weight, arcs, start, end = find_path(
                shape, self._weights, self._weight, self._middle, shape.rank[sources.nodes], sources.weights,
                shape.rank[targets.nodes], targets.weights, dist, via,
            )  # fmt: skip
        return Found(weight, arcs, start, end) if weight < UNREACHABLE else None

    def distance(self, sources: Ends, targets: Ends) -> int:
        """Return the weight of the lightest path, UNREACHABLE when there is none."""
        with self._topology.searching.one() as (dist, via):
            shape = self._topology.shape
            return climb(
                shape, self._weight, shape.rank[sources.nodes], sources.weights, shape.rank[targets.nodes],
                targets.weights, dist, via,
            )[0]  # fmt: skip

    def remaining(self, targets: Ends) -> Remaining:
        """Return what is still to be spent from any node to the targets; worked out where it is asked."""
        shape = self._topology.shape
        n = self._topology.graph.n_nodes
        below = np.full(n, UNREACHABLE, np.int64)
        tree = shape.parent, shape.up_first, shape.up_head
        spread_below(*tree, self._weight, shape.rank[targets.nodes], targets.weights, below)
        known, stack = np.full(n, NOT_ASKED, np.int64), np.empty(n, np.int64)
        return Remaining(shape.rank, *tree, self._weight, known, below, stack)

    def candidates(
        self, sources: Ends, targets: Ends, best: Found, counted: NDArray[np.float64], allowed: float
    ) -> Iterator[Candidate]:
        """Yield paths that are lightest to some node and from it on (`via_candidates`)."""
        graph = self._topology.graph
        with self._topology.searching.one() as (_, via):
            nodes = via_candidates(
                self._topology.shape, graph, self._weight, sources, targets, best, counted, allowed, via[0]
            )
        for node in nodes.tolist():
            here = Ends(np.array([node], np.int32), np.zeros(1, np.int64))
            first, second = self.search(sources, here), self.search(here, targets)
            if first is not None and second is not None:
                arcs = np.concatenate([first.arcs, second.arcs])
                found = Found(first.weight + second.weight, arcs, first.start, second.end)
                yield Candidate(found, len(first.arcs))
