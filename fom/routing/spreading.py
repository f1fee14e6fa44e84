"""One search to everywhere: how soon every junction is reached from a place, or how far every one is from the hubs.

Milliseconds are whole, so sums do not depend on the order of adding. Dijkstra's algorithm with a limit; the heap holds
one number for time and node together.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.roads import NEVER, Ints, Joints, Roads
from fom.routing.snapping import Snap

REACH_MS = 4 * 3_600_000
"""Farther than this from every hub counts as cut off. Source: doctrine, section 5 (isolated community) (J)."""
NODE_BITS = 24
"""A node number and a time of up to 2^39 ms (17 years) fit into one heap entry."""
NO_LINK = -(2**62)


@compiled
def _spread(
    first: Ints,
    arcs: Ints,
    far_end: NDArray[np.int32],
    ms: Ints,
    seeds: Ints,
    seed_ms: Ints,
    limit: int,
    dist: Ints,
    link: Ints,
    order: Ints,
) -> int:
    """Fill `dist` and `link` from seeds up to a limit; return how many nodes were settled, listed in `order`.

    `link` holds the router arc that a node was reached by, or -1 - k at seed k.
    """
    mask = (np.int64(1) << NODE_BITS) - 1
    heap = [np.int64(0) for _ in range(0)]
    for k in range(len(seeds)):
        node = seeds[k]
        if seed_ms[k] <= limit and seed_ms[k] < dist[node]:
            dist[node] = seed_ms[k]
            link[node] = -1 - k
            heapq.heappush(heap, (seed_ms[k] << NODE_BITS) | node)
    size = 0
    while len(heap) > 0:
        entry = heapq.heappop(heap)
        node, spent = entry & mask, entry >> NODE_BITS
        if spent > dist[node]:
            continue
        order[size] = node
        size += 1
        for k in range(first[node], first[node + 1]):
            arc = arcs[k]
            if ms[arc] >= NEVER:
                continue
            total = spent + ms[arc]
            reached = far_end[arc]
            if total <= limit and total < dist[reached]:
                dist[reached] = total
                link[reached] = arc
                heapq.heappush(heap, (total << NODE_BITS) | reached)
    return size


@dataclass(frozen=True, eq=False, slots=True)
class Spread:
    """The answer of one search over all router nodes."""

    dist: Ints
    """(nodes,) milliseconds, NEVER where not reached within the limit."""
    link: Ints
    """(nodes,) router arc by which a node is reached (from a place) or left (towards a hub); -1 - k at seed k."""
    order: Ints
    """Nodes settled, nearest first."""


def spread_from(roads: Roads, seeds: Joints, limit_ms: int) -> Spread:
    """Return how soon each node is reached from the places that `seeds` leave."""
    top = roads.topology
    return _search(top.out_first, top.out_arcs, top.graph.head, roads, seeds, limit_ms)


def spread_to(roads: Roads, seeds: Joints, limit_ms: int) -> Spread:
    """Return how far each node is from the nearest of the places that `seeds` arrive at."""
    top = roads.topology
    return _search(top.in_first, top.in_arcs, top.graph.tail, roads, seeds, limit_ms)


def _search(first: Ints, arcs: Ints, far_end: NDArray[np.int32], roads: Roads, seeds: Joints, limit_ms: int) -> Spread:
    n_nodes = roads.topology.graph.n_nodes
    dist, link = np.full(n_nodes, NEVER, np.int64), np.full(n_nodes, NO_LINK, np.int64)
    order = np.empty(n_nodes, np.int64)
    size = _spread(first, arcs, far_end, roads.router_ms, seeds.node, seeds.ms, limit_ms, dist, link, order)
    return Spread(dist, link, order[:size].copy())


@compiled
def _entered(first: Ints, tail: NDArray[np.int32], barrier: NDArray[np.int32], arc_ms: Ints, barrier_ms: Ints,
             dist: Ints, limit: int) -> Ints:  # fmt: skip
    """Return (2n,) when each network arc is entered, NEVER beyond the limit or where it is absent."""
    out = np.full(len(arc_ms), NEVER, np.int64)
    for arc in range(len(arc_ms)):
        if arc_ms[arc] >= NEVER:
            continue
        best = np.int64(NEVER)
        for entry in range(first[arc], first[arc + 1]):
            best = min(best, dist[tail[entry]] + barrier_ms[barrier[entry]])
        if best < limit:
            out[arc] = best
    return out


@compiled
def _covered(entered: Ints, arc_ms: Ints, limit: int) -> tuple[Ints, NDArray[np.float64], NDArray[np.float64]]:
    """Return (segment, start, end) of what of each segment is reached within a limit, fractions of its geometry."""
    count = 0
    for arc in range(len(entered)):
        count += entered[arc] < limit
    segment, start, end = np.empty(count, np.int64), np.empty(count), np.empty(count)
    size = 0
    for s in range(len(entered) // 2):
        ahead, back = 0.0, 0.0
        if entered[2 * s] < limit:
            ahead = min((limit - entered[2 * s]) / arc_ms[2 * s], 1.0)
        if entered[2 * s + 1] < limit:
            back = min((limit - entered[2 * s + 1]) / arc_ms[2 * s + 1], 1.0)
        if ahead + back >= 1.0:
            ahead, back = 1.0, 0.0
        if ahead > 0.0:
            segment[size], start[size], end[size] = s, 0.0, ahead
            size += 1
        if back > 0.0:
            segment[size], start[size], end[size] = s, 1.0 - back, 1.0
            size += 1
    return segment[:size].copy(), start[:size].copy(), end[:size].copy()


@dataclass(frozen=True, eq=False, slots=True)
class Covered:
    """Reached parts of segments, parallel arrays (c,), parts of one segment apart; fractions of its own geometry."""

    segment: Ints
    start: NDArray[np.float64]
    end: NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Reach:
    """Everything within a limit of one place over some roads."""

    roads: Roads
    start: Snap
    limit_ms: int
    spread: Spread
    entered: Ints
    """(2n,) milliseconds at which each network arc is entered at its beginning."""

    @classmethod
    def of(cls, roads: Roads, start: Snap, limit_ms: int) -> Reach:
        """Search from a place."""
        spread = spread_from(roads, roads.leaving([start]), limit_ms)
        graph = roads.topology.graph
        entered = _entered(
            graph.first, graph.tail, graph.barrier, roads.arc_ms, roads.barrier_ms, spread.dist, limit_ms
        )
        return cls(roads, start, limit_ms, spread, entered)

    def arrivals(self, places: list[Snap]) -> Ints:
        """Return (p,) milliseconds to each place, NEVER where it is not reached within the limit."""
        out = np.full(len(places), NEVER, np.int64)
        joints = self.roads.arriving(places)
        np.minimum.at(out, joints.place, joints.ms + self.spread.dist[joints.node])
        direct = self.roads.direct([self.start], places)
        np.minimum.at(out, direct.end, direct.ms)
        out[out > self.limit_ms] = NEVER
        return out

    def covered(self, limit_ms: int) -> Covered:
        """Return what of each segment is reached within a limit, cut where time runs out."""
        segment, start, end = _covered(self.entered, self.roads.arc_ms, limit_ms)
        own = segment == self.start.segment
        parts = _joined([*zip(start[own].tolist(), end[own].tolist(), strict=True), *self._own_parts(limit_ms)])
        return Covered(
            np.append(segment[~own], np.full(len(parts), self.start.segment)).astype(np.int64),
            np.append(start[~own], [part[0] for part in parts]),
            np.append(end[~own], [part[1] for part in parts]),
        )

    def _own_parts(self, limit_ms: int) -> list[tuple[float, float]]:
        """Return what of the segment that the place lies on is reached without leaving it."""
        at, arc = self.start.fraction, 2 * self.start.segment
        ahead, back = (limit_ms / int(ms) if ms < NEVER else 0.0 for ms in self.roads.arc_ms[arc : arc + 2])
        parts = ((at, min(at + ahead, 1.0)), (max(at - back, 0.0), at))
        return [part for part in parts if part[0] < part[1]]


def _joined(parts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return intervals joined where they meet, ascending."""
    out: list[tuple[float, float]] = []
    for start, end in sorted(parts):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def places_to_hub(roads: Roads, places: list[Snap], hubs: list[Snap], limit_ms: int = NEVER // 2) -> Ints:
    """Return (p,) milliseconds from each place to the nearest hub, NEVER where there is none within the limit."""
    out = np.full(len(places), NEVER, np.int64)
    if not hubs or not places:
        return out
    spread = spread_to(roads, roads.arriving(hubs), limit_ms)
    joints, direct = roads.leaving(places), roads.direct(places, hubs)
    np.minimum.at(out, joints.place, joints.ms + spread.dist[joints.node])
    np.minimum.at(out, direct.start, direct.ms)
    out[out > limit_ms] = NEVER
    return out
