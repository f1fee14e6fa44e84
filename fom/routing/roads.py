"""The roads that may be used at a moment, with the milliseconds that each takes: what reach and hub access run over.

The graph is the router's, so forbidden turns, one-ways and barriers hold here as for a plan. Time is driving and known
delays; no caution factor enters it. RED and BLACK arcs are absent, GREY ones too unless asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fom.domain.profiles import Profile
from fom.domain.states import VIABLE, State
from fom.network.compiled import compiled
from fom.network.network import Network
from fom.routing.barriers import barrier_seconds
from fom.routing.dijkstra import DijkstraTopology
from fom.routing.graph import RouterGraph
from fom.routing.posture import travel_seconds
from fom.routing.router import Router
from fom.routing.snapping import Snap
from fom.routing.weights import LONGEST_ARC_S

NEVER = 2**61
"""Milliseconds of what cannot be reached or used."""
AT_JUNCTION_M = 25.0
"""A place this near to a junction stands at it, whatever holds the road beside it. Source: project decision."""
NOBODY = -1
"""Owner of a joint that needs no road of its own."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Joints:
    """How places join the graph, parallel arrays (j,): over which router node, in what time, needing which segment."""

    place: Ints
    """Number of the place in the order given."""
    node: Ints
    ms: Ints
    owner: Ints
    """Segment that must be usable for this joint, NOBODY for a place that stands at a junction."""

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int, int]]) -> Self:
        """Return joints of (place, node, ms, owner) rows."""
        table = np.array(list(rows), np.int64).reshape(-1, 4)
        return cls(*(np.ascontiguousarray(table[:, k]) for k in range(4)))

    def without(self, segment: int) -> Joints:
        """Return the joints that do not need a segment."""
        kept = self.owner != segment
        return Joints(self.place[kept], self.node[kept], self.ms[kept], self.owner[kept])


@dataclass(frozen=True, eq=False, slots=True)
class Direct:
    """Ways along one segment from one place to another, parallel arrays (d,); a way needs its segment."""

    start: Ints
    end: Ints
    ms: Ints
    owner: Ints


@compiled
def _router_ms(arc_of: Ints, barrier: NDArray[np.int32], arc_ms: Ints, barrier_ms: Ints) -> Ints:
    """Return (m,) ms of router arcs: passing the barrier before an arc, then the arc."""
    out = np.empty(len(arc_of), np.int64)
    for k in range(len(arc_of)):
        out[k] = min(arc_ms[arc_of[k]] + barrier_ms[barrier[k]], NEVER)
    return out


class RoadTopology:
    """What never changes of a router's graph: which arcs leave and reach a node, and which copies a junction has."""

    def __init__(self, router: Router) -> None:
        self.network: Network = router.network
        self.graph: RouterGraph = router.graph
        search = DijkstraTopology(router.graph)
        self.out_first, self.out_arcs = search.out_first, search.out_arcs
        self.in_first, self.in_arcs = search.in_first, search.in_arcs
        n_plain = len(self.network.node_lonlat)
        copies = self.graph.node_of[n_plain:]
        self._order = n_plain + np.argsort(copies, kind="stable")
        self._copied = np.sort(copies, kind="stable")

    def nodes_at(self, junction: int) -> Ints:
        """Return the router nodes of a network node: itself, or its copies where turns are restricted."""
        begin, end = np.searchsorted(self._copied, [junction, junction + 1])
        return self._order[begin:end] if end > begin else np.array([junction], np.int64)


@dataclass(frozen=True, eq=False, slots=True)
class Roads:
    """Usable arcs and their times for one question."""

    topology: RoadTopology
    arc_ms: Ints
    """(2n,) by network arc, NEVER = absent."""
    base_ms: Ints
    """(n,) driving time of each segment whatever its state: for standing at its end."""
    barrier_ms: Ints
    """(b + 1,); the last stands for no barrier."""
    router_ms: Ints
    """(m,) by router arc."""

    @classmethod
    def of(
        cls,
        topology: RoadTopology,
        states: NDArray[np.uint8],
        delay_min: NDArray[np.float64],
        profile: Profile,
        *,
        with_grey: bool = False,
    ) -> Self:
        """Return the roads under (n, 2) states and delays in minutes, for a profile's speed and vehicle kind."""
        seconds = travel_seconds(topology.network, profile)
        return cls.at(topology, states, delay_min, seconds, profile.vehicle, with_grey=with_grey)

    @classmethod
    def at(
        cls,
        topology: RoadTopology,
        states: NDArray[np.uint8],
        delay_min: NDArray[np.float64],
        seconds: NDArray[np.float64],
        vehicle: str,
        *,
        with_grey: bool = False,
    ) -> Self:
        """Return the same for (n,) seconds of driving."""
        is_usable = np.zeros(256, bool)
        is_usable[list(VIABLE)] = True
        is_usable[State.GREY] = with_grey
        taken = np.repeat(seconds, 2) + np.asarray(delay_min).reshape(-1) * 60.0
        is_open = is_usable[np.asarray(states).reshape(-1)] & (topology.graph.arrival >= 0) & (taken <= LONGEST_ARC_S)
        arc_ms = np.where(is_open, np.maximum(_ms(np.where(is_open, taken, 0.0)), 1), NEVER)
        passing = np.append(barrier_seconds(topology.network, vehicle), 0.0)
        barrier_ms = np.where(np.isfinite(passing), _ms(np.nan_to_num(passing, posinf=0.0)), NEVER)
        graph = topology.graph
        router_ms = _router_ms(graph.arc_of, graph.barrier, arc_ms, barrier_ms)
        return cls(topology, arc_ms, np.maximum(_ms(np.minimum(seconds, LONGEST_ARC_S)), 1), barrier_ms, router_ms)

    def closing(self, segments: Ints) -> Roads:
        """Return these roads without some segments."""
        arcs = np.column_stack([2 * segments, 2 * segments + 1]).ravel()
        arc_ms, router_ms = self.arc_ms.copy(), self.router_ms.copy()
        arc_ms[arcs] = NEVER
        router_ms[self.topology.graph.router_arcs(arcs)] = NEVER
        return replace(self, arc_ms=arc_ms, router_ms=router_ms)

    def leaving(self, snaps: Iterable[Snap]) -> Joints:
        """Return how one gets from places onto the graph."""
        rows = []
        for place, snap in enumerate(snaps):
            for arc, along in _ways(snap):
                if self.arc_ms[arc] < NEVER:
                    ms = part_ms(int(self.arc_ms[arc]), 1.0 - along)
                    rows.append((place, int(self.topology.graph.arrival[arc]), ms, snap.segment))
            rows += self._standing(place, snap)
        return Joints.of(rows)

    def arriving(self, snaps: Iterable[Snap]) -> Joints:
        """Return how one gets from the graph to places."""
        graph, rows = self.topology.graph, []
        for place, snap in enumerate(snaps):
            for arc, along in _ways(snap):
                if self.arc_ms[arc] >= NEVER:
                    continue
                ms = part_ms(int(self.arc_ms[arc]), along)
                for entry in range(int(graph.first[arc]), int(graph.first[arc + 1])):
                    passing = int(self.barrier_ms[graph.barrier[entry]])
                    if passing < NEVER:
                        rows.append((place, int(graph.tail[entry]), ms + passing, snap.segment))
            rows += self._standing(place, snap)
        return Joints.of(rows)

    def direct(self, starts: Iterable[Snap], ends: Iterable[Snap]) -> Direct:
        """Return the ways between places on one segment that do not leave it."""
        on: dict[int, list[tuple[int, Snap]]] = {}
        for number, snap in enumerate(ends):
            on.setdefault(snap.segment, []).append((number, snap))
        rows = []
        for number, snap in enumerate(starts):
            for other, end in on.get(snap.segment, ()):
                for (arc, enter), (_, leave) in zip(_ways(snap), _ways(end), strict=True):
                    if self.arc_ms[arc] < NEVER and enter <= leave:
                        rows.append((number, other, part_ms(int(self.arc_ms[arc]), leave - enter), snap.segment))
        joints = Joints.of(rows)
        return Direct(joints.place, joints.node, joints.ms, joints.owner)

    def _standing(self, place: int, snap: Snap) -> list[tuple[int, int, int, int]]:
        network, rows = self.topology.network, []
        length_m, base_ms = float(network.length_m[snap.segment]), int(self.base_ms[snap.segment])
        for junction, share in (
            (network.from_node[snap.segment], snap.fraction),
            (network.to_node[snap.segment], 1.0 - snap.fraction),
        ):
            if share * length_m <= AT_JUNCTION_M:
                nodes = self.topology.nodes_at(int(junction)).tolist()
                rows += [(place, node, part_ms(base_ms, share), NOBODY) for node in nodes]
        return rows


def part_ms(ms: int, share: float) -> int:
    """Return the milliseconds of a part of an arc."""
    return round(ms * share)


def _ms(seconds: NDArray[np.float64]) -> Ints:
    return np.rint(np.asarray(seconds) * 1000.0).astype(np.int64)


def _ways(snap: Snap) -> tuple[tuple[int, float], tuple[int, float]]:
    """Return both arcs of a place's segment, with how far along each it lies."""
    return (2 * snap.segment, snap.fraction), (2 * snap.segment + 1, 1.0 - snap.fraction)
