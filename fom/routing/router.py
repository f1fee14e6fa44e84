"""Best routes: one `Router` per network holds what never changes, one `Metric` per set of costs holds what does.

Facts do not come here: a metric gets costs of arcs in seconds, infinite where an arc is absent. Where a position joins
the road is `snapping`, what is said about a route is `planning`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.network.network import Network
from fom.routing.barriers import barrier_seconds
from fom.routing.dijkstra import DijkstraEngine, DijkstraTopology
from fom.routing.engine import Candidate, Ends, Engine, Found
from fom.routing.graph import NO_BARRIER, RouterGraph, build_graph, network_ends
from fom.routing.hierarchy_engine import HierarchyEngine, HierarchyTopology
from fom.routing.preparation import prepare_hierarchy
from fom.routing.sharing import SharedLock
from fom.routing.snapping import Snap
from fom.routing.two_criteria import Labels, Outgoing, new_labels
from fom.routing.weights import TIE_BITS, UNREACHABLE, draw_numbers, to_seconds, to_weights
from fom.routing.workspaces import Workspaces


@dataclass(frozen=True, eq=False, slots=True)
class Path:
    """Network arcs travelled one after another; the first and the last may be travelled in part."""

    arcs: NDArray[np.int64]
    """(k,), k >= 1."""
    enter: NDArray[np.float64]
    leave: NDArray[np.float64]
    """(k,) fractions of each arc in the direction of travel, 0 <= enter <= leave <= 1."""
    cost_s: float
    """Sum of the costs searched over: equivalent seconds, not the time of travel."""
    weight: int
    """The same as the exact number compared by the search (`weights`)."""

    @property
    def segments(self) -> NDArray[np.int64]:
        """Return (k,) segment numbers."""
        return self.arcs >> 1

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return (k,) shares of each segment that are travelled, 0 to 1."""
        return self.leave - self.enter


class Router:
    """The search structures of one network, built once and shared by all metrics and threads."""

    def __init__(self, network: Network, folder: FilePath | None = None, *, with_hierarchy: bool = True) -> None:
        """Prepare a network; `folder` (of the network's artefact) keeps the hierarchy between starts.

        Without a hierarchy, or where its package cannot be loaded, searches are the same and slower.
        """
        self.network = network
        self.graph: RouterGraph = build_graph(network)
        self.draws = draw_numbers(network.segment_ids)
        self._heads = network_ends(network)[1]
        self._barrier_row = np.full(len(network.node_lonlat), NO_BARRIER, np.int64)
        self._barrier_row[np.asarray(network.barrier_node)[::-1]] = np.arange(len(network.barrier_node))[::-1]
        shape = prepare_hierarchy(network, self.graph, folder) if with_hierarchy else None
        self._hierarchy = None if shape is None else HierarchyTopology(self.graph, shape)

    def metric(self, costs: NDArray[np.float64], *, vehicle: str = "wheeled") -> Metric:
        """Return a metric over (2n,) costs in seconds by arc number, inf = absent; `vehicle` decides at barriers."""
        return Metric(self, costs, vehicle)

    def barrier_rows(self, path: Path) -> NDArray[np.int64]:
        """Return the rows of the network's barrier list that a path passes, in order; turning round passes none."""
        rows = self.barriers_before(path)
        return np.asarray(rows[rows != NO_BARRIER])

    def barriers_before(self, path: Path) -> NDArray[np.int64]:
        """Return (k,) the row of the barrier passed before each arc of a path, or NO_BARRIER."""
        rows = np.full(len(path.arcs), NO_BARRIER, np.int64)
        passed = self._barrier_row[self._heads[path.arcs[:-1]]]
        is_passed = (path.arcs[1:] != path.arcs[:-1] ^ 1) & (path.leave[:-1] == 1.0)
        rows[1:][is_passed] = passed[is_passed]
        return rows

    def engine(self, weights: NDArray[np.int64]) -> Engine:
        """Return a search engine over weights of router arcs, which it keeps and watches (`update`)."""
        if self._hierarchy is not None:
            return HierarchyEngine(self._hierarchy, weights)
        return self.plain_engine(weights)

    def plain_engine(self, weights: NDArray[np.int64]) -> Engine:
        """Return an engine that prepares nothing: slower searches, no time to set up."""
        return DijkstraEngine(self._dijkstra, weights)

    @cached_property
    def outgoing(self) -> Outgoing:
        """Return the graph by tail, for searches that prepare nothing."""
        topology = self._dijkstra
        return Outgoing(topology.out_first, topology.out_arcs, self.graph.tail, self.graph.head)

    @cached_property
    def labels(self) -> Workspaces[Labels]:
        """Return the workspaces of such searches."""
        return Workspaces(lambda: new_labels(self.graph.n_nodes))

    @cached_property
    def _dijkstra(self) -> DijkstraTopology:
        return DijkstraTopology(self.graph)


class Metric:
    """Costs of every arc for one question, and the searches over them. Safe for threads.

    Single calls see all of an update or nothing of it; several calls that must agree go inside `reading()`.
    """

    def __init__(self, router: Router, costs: NDArray[np.float64], vehicle: str) -> None:
        graph = router.graph
        if costs.shape != (len(graph.arrival),):
            raise ValueError(f"costs of shape {costs.shape}; expected ({len(graph.arrival)},)")
        self.router = router
        self._lock = SharedLock()
        self._arc_weight = to_weights(costs, router.draws)
        self._arc_weight[graph.arrival < 0] = UNREACHABLE
        seconds = np.append(barrier_seconds(router.network, vehicle), 0.0)
        self._barrier_weight = np.where(
            np.isfinite(seconds),
            np.rint(np.nan_to_num(seconds, posinf=0) * 1000).astype(np.int64) << TIE_BITS,
            UNREACHABLE,
        )
        self._weights = self._router_weights(np.arange(graph.n_arcs))
        self._engine = router.engine(self._weights)

    def _router_weights(self, arcs: NDArray[np.int64]) -> NDArray[np.int64]:
        graph = self.router.graph
        passing = self._barrier_weight[graph.barrier[arcs]]
        return np.minimum(self._arc_weight[graph.arc_of[arcs]] + passing, UNREACHABLE)

    def update(self, arcs: NDArray[np.int64], costs: NDArray[np.float64]) -> None:
        """Set new costs in seconds of network `arcs` (k,), inf = absent. Waits for searches under way."""
        graph = self.router.graph
        arcs = np.asarray(arcs, np.int64)
        weights = to_weights(np.asarray(costs, np.float64), self.router.draws[arcs])
        with self._lock.writing():
            touched = _reweigh(
                arcs, weights, graph.arrival, graph.first, graph.barrier, self._barrier_weight, self._arc_weight,
                self._weights,
            )  # fmt: skip
            self._engine.update(touched)

    def search_without(self, segments: NDArray[np.int64], origin: Snap, destination: Snap) -> Candidate | None:
        """Return the cheapest path that keeps off some segments, None when there is none or an end lies on one.

        Costs are changed for the time of the search, so it waits for other searches and they for it.
        """
        if np.isin([origin.segment, destination.segment], segments).any():
            return None
        graph = self.router.graph
        arcs = np.column_stack([2 * segments, 2 * segments + 1]).ravel()
        touched = graph.router_arcs(arcs)
        with self._lock.writing():
            before = self._weights[touched]
            self._weights[touched] = UNREACHABLE
            self._engine.update(touched)
            try:
                searches = self._searches()
                sources, targets = searches.sources(origin), searches.targets(destination)
                found = self._engine.search(sources.ends, targets.ends) if sources and targets else None
            finally:
                self._weights[touched] = before
                self._engine.update(touched)
        return None if found is None else Candidate(found, None)

    @contextmanager
    def reading(self) -> Iterator[Searches]:
        """Hold the costs still for several searches."""
        with self._lock.reading():
            yield self._searches()

    def _searches(self) -> Searches:
        return Searches(self.router, self._arc_weight, self._weights, self._barrier_weight, self._engine)

    def best(self, origin: Snap, destination: Snap) -> Path | None:
        """Return the cheapest path between two snaps, None when there is none."""
        with self.reading() as searches:
            return searches.best(origin, destination)

    def best_at(self, costs: NDArray[np.float64], origin: Snap, destination: Snap) -> Path | None:
        """Return the cheapest path at other (2n,) costs, for one search: nothing is prepared for more."""
        graph = self.router.graph
        arc_weight = to_weights(costs, self.router.draws)
        arc_weight[graph.arrival < 0] = UNREACHABLE
        weights = np.minimum(arc_weight[graph.arc_of] + self._barrier_weight[graph.barrier], UNREACHABLE)
        engine = self.router.plain_engine(weights)
        return Searches(self.router, arc_weight, weights, self._barrier_weight, engine).best(origin, destination)


class Searches:
    """Searches over costs that stand still. Only valid inside `Metric.reading`."""

    def __init__(
        self,
        router: Router,
        arc_weight: NDArray[np.int64],
        weights: NDArray[np.int64],
        barrier_weight: NDArray[np.int64],
        engine: Engine,
    ) -> None:
        self.router = router
        self.arc_weight = arc_weight
        self.weights = weights
        self.engine = engine
        self._barrier_weight = barrier_weight

    def best(self, origin: Snap, destination: Snap) -> Path | None:
        """Return the cheapest path between two snaps, None when there is none."""
        sources, targets = self.sources(origin), self.targets(destination)
        found = self.engine.search(sources.ends, targets.ends) if sources and targets else None
        direct = self.direct(origin, destination)
        if found is None or (direct is not None and direct.weight <= found.weight):
            return direct
        return self.path(sources, found, targets)

    def direct(self, origin: Snap, destination: Snap) -> Path | None:
        """Return the cheaper path along one segment when both snaps lie on it and that way may be travelled."""
        return next(iter(self.directs(origin, destination)), None)

    def directs(self, origin: Snap, destination: Snap) -> list[Path]:
        """Return all such paths, the cheaper first: two where both snaps are one place, one in each direction."""
        if origin.segment != destination.segment:
            return []
        ways = []
        for arc in (2 * origin.segment, 2 * origin.segment + 1):
            enter, leave = _along(arc, origin.fraction), _along(arc, destination.fraction)
            if self.arc_weight[arc] < UNREACHABLE and self.leads_directly(arc, origin, destination):
                ways.append((part_of(int(self.arc_weight[arc]), leave - enter), arc, enter, leave))
        return [
            Path(np.array([arc]), np.array([enter]), np.array([leave]), to_seconds(weight), weight)
            for weight, arc, enter, leave in sorted(ways)
        ]

    def priced(self, path: Path) -> Path:
        """Return a path that was found at other costs with what it costs here."""
        weights = [
            part_of(int(self.arc_weight[arc]), share)
            for arc, share in zip(path.arcs.tolist(), path.shares.tolist(), strict=True)
        ]
        passed = self._barrier_weight[self.router.barrier_rows(path)]
        weight = min(sum(weights) + int(passed.sum()), UNREACHABLE)
        return replace(path, weight=weight, cost_s=to_seconds(weight))

    def leads_directly(self, arc: int, origin: Snap, destination: Snap) -> bool:
        """Return whether an arc of the origin's segment leads to the destination without leaving the segment."""
        return origin.segment == destination.segment and _along(arc, origin.fraction) <= _along(
            arc, destination.fraction
        )

    def may_pass_barrier(self, arcs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return for router arcs whether the vehicle gets past the barrier before them, if there is one."""
        return np.asarray(self._barrier_weight[self.router.graph.barrier[arcs]] < UNREACHABLE)

    def sources(self, snap: Snap) -> Joints:
        """Return where the network is entered from a snap: the ends of its segment, as far as they may be driven to."""
        arcs, nodes, weights = [], [], []
        for arc in (2 * snap.segment, 2 * snap.segment + 1):
            if self.arc_weight[arc] < UNREACHABLE:
                arcs.append(arc)
                nodes.append(self.router.graph.arrival[arc])
                weights.append(part_of(int(self.arc_weight[arc]), 1.0 - _along(arc, snap.fraction)))
        return Joints.of(arcs, nodes, weights, snap)

    def targets(self, snap: Snap) -> Joints:
        """Return where the network is left to a snap: the router nodes from which its segment may be entered."""
        graph = self.router.graph
        arcs, nodes, weights = [], [], []
        for arc in (2 * snap.segment, 2 * snap.segment + 1):
            if self.arc_weight[arc] >= UNREACHABLE:
                continue
            rest = part_of(int(self.arc_weight[arc]), _along(arc, snap.fraction))
            for entry in range(graph.first[arc], graph.first[arc + 1]):
                passing = 0 if graph.barrier[entry] == NO_BARRIER else int(self._barrier_weight[graph.barrier[entry]])
                if passing < UNREACHABLE:
                    arcs.append(arc)
                    nodes.append(graph.tail[entry])
                    weights.append(rest + passing)
        return Joints.of(arcs, nodes, weights, snap)

    def path(self, sources: Joints, found: Found, targets: Joints) -> Path:
        """Return the whole path of a search: first part, arcs between, last part."""
        between = self.router.graph.arc_of[found.arcs]
        first, last = sources.arcs[found.start], targets.arcs[found.end]
        arcs = np.concatenate([[first], between, [last]]).astype(np.int64)
        enter, leave = np.zeros(len(arcs)), np.ones(len(arcs))
        enter[0] = _along(first, sources.snap.fraction)
        leave[-1] = _along(last, targets.snap.fraction)
        return Path(arcs, enter, leave, to_seconds(found.weight), found.weight)


@dataclass(frozen=True, eq=False, slots=True)
class Joints:
    """How a snap joins the router graph: for each end of a search the network arc that is travelled in part."""

    snap: Snap
    arcs: list[int]
    ends: Ends

    @classmethod
    def of(cls, arcs: list[int], nodes: list[int], weights: list[int], snap: Snap) -> Joints:
        """Return joints of parallel lists."""
        return cls(snap, arcs, Ends(np.asarray(nodes, np.int32), np.asarray(weights, np.int64)))

    def __bool__(self) -> bool:
        return bool(self.arcs)


@compiled
def _reweigh(
    arcs: NDArray[np.int64],
    weights: NDArray[np.int64],
    arrival: NDArray[np.int32],
    first: NDArray[np.int64],
    barrier: NDArray[np.int32],
    barrier_weight: NDArray[np.int64],
    arc_weight: NDArray[np.int64],
    router_weights: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Set the weights of network arcs (k,), where there are such arcs, and of their router arcs; return the latter."""
    count = 0
    for arc in arcs:
        if arrival[arc] >= 0:
            count += first[arc + 1] - first[arc]
    touched = np.empty(count, np.int64)
    count = 0
    for k in range(len(arcs)):
        arc = arcs[k]
        if arrival[arc] < 0:
            continue
        arc_weight[arc] = weights[k]
        for entry in range(first[arc], first[arc + 1]):
            router_weights[entry] = min(weights[k] + barrier_weight[barrier[entry]], UNREACHABLE)
            touched[count] = entry
            count += 1
    return touched


def part_of(weight: int, share: float) -> int:
    """Return the weight of a part of an arc: its milliseconds in proportion, its draw whole."""
    return (round((weight >> TIE_BITS) * share) << TIE_BITS) + (weight & ((1 << TIE_BITS) - 1))


def _along(arc: int, fraction: float) -> float:
    """Return a fraction of a segment's geometry as a fraction of `arc` in its direction of travel."""
    return 1.0 - fraction if arc & 1 else fraction
