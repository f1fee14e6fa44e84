"""What closing one segment does to people: who loses every way to a hub, and how much longer the others travel.

Two numbers, not blended (doctrine, section 5). Every place goes to its nearest hub along one tree of quickest ways. A
closed segment touches only what hangs below it in that tree; for those nodes alone the search is repeated, entered
from their neighbours that keep their way. Segments do not depend on each other: any share can be computed apart.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.roads import NEVER, NOBODY, Direct, Ints, Joints, Roads
from fom.routing.snapping import Snap
from fom.routing.spreading import NODE_BITS, Spread, spread_to

_NOWHERE = -1


Arrays = tuple[NDArray[np.int64] | NDArray[np.int32], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Critical:
    """What closing each of some segments does, parallel arrays (s,)."""

    segments: Ints
    cut_people: Ints
    """People of the places that lose every way to a hub."""
    detour_person_ms: Ints
    """Sum over the places that keep a way: people x milliseconds that their way takes longer."""
    cut_pairs: Ints
    """(c, 2): place in `segments`, number of a place that loses every way; by segment, then place."""


@dataclass(frozen=True, eq=False, slots=True)
class HubTree:
    """The quickest way of every node and place to its nearest hub."""

    roads: Roads
    spread: Spread
    people: Ints
    """(p,) at each place."""
    leaving: Joints
    hubs: Joints
    direct: Direct
    to_hub: Ints
    """(p,) milliseconds, NEVER where there is no way."""
    chosen_node: Ints
    """(p,) node over which each place begins its way, -1 for a way that does not leave the segment, or none."""
    chosen_owner: Ints
    """(p,) segment that the beginning needs."""
    preorder: Ints
    """Nodes of the tree, every node before those whose way leads over it."""
    enter: Ints
    leave: Ints
    """(nodes,) the nodes below x, itself first, are preorder[enter[x]:leave[x]]."""
    owner: Ints
    """(nodes,) segment by which each node begins its way."""

    @classmethod
    def of(cls, roads: Roads, places: Sequence[Snap], people: Sequence[int], hubs: Sequence[Snap]) -> HubTree:
        """Return the tree of some places and hubs over usable roads."""
        leaving, arriving, direct = roads.leaving(places), roads.arriving(hubs), roads.direct(places, hubs)
        spread = spread_to(roads, arriving, NEVER // 2)
        to_hub, node, own = np.full(len(places), NEVER, np.int64), *np.full((2, len(places)), _NOWHERE, np.int64)
        for place, at, ms, owner in _rows(leaving):
            if ms + spread.dist[at] < to_hub[place]:
                to_hub[place], node[place], own[place] = ms + spread.dist[at], at, owner
        for place, ms, owner in zip(direct.start.tolist(), direct.ms.tolist(), direct.owner.tolist(), strict=True):
            if ms < to_hub[place]:
                to_hub[place], node[place], own[place] = ms, _NOWHERE, owner
        graph = roads.topology.graph
        first, ahead = _first_steps(spread.link, graph.arc_of, graph.head, arriving.owner)
        order = spread.order
        preorder, enter, leave = _preorder(order, ahead)
        crowd = np.asarray(people, np.int64)
        return cls(roads, spread, crowd, leaving, arriving, direct, to_hub, node, own, preorder, enter, leave, first)

    def segments(self) -> Ints:
        """Return the segments on the way of any place, ascending: closing any other changes nothing."""
        below = np.zeros(len(self.preorder) + 1, np.int64)
        begun = self.chosen_node[self.chosen_node != _NOWHERE]
        np.add.at(below, self.enter[begun] + 1, 1)
        before = np.cumsum(below)
        used = self.preorder[before[self.leave[self.preorder]] > before[self.enter[self.preorder]]]
        owners = np.concatenate([self.owner[used], self.chosen_owner[self.to_hub < NEVER]])
        return np.unique(owners[owners != NOBODY])

    def closing_each(self, segments: Ints) -> Critical:
        """Return what closing each of some segments does, one at a time."""
        top, graph = self.roads.topology, self.roads.topology.graph
        by_owner = self.preorder[np.argsort(self.owner[self.preorder], kind="stable")]
        seed_order = np.argsort(self.hubs.node, kind="stable")
        cut, detour, pairs = _close_each(
            np.asarray(segments, np.int64),
            (top.out_first, top.out_arcs, top.in_first, top.in_arcs, graph.tail, graph.head, graph.arc_of),
            self.roads.router_ms, self.spread.dist, self.preorder, self.enter, self.leave,
            by_owner, self.owner[by_owner],
            (self.hubs.node[seed_order], self.hubs.ms[seed_order], self.hubs.owner[seed_order]),
            (self.leaving.place, self.leaving.node, self.leaving.ms, self.leaving.owner),
            (self.direct.start, self.direct.ms, self.direct.owner),
            self.people, self.to_hub,
        )  # fmt: skip
        return Critical(np.asarray(segments, np.int64), cut, detour, pairs.reshape(-1, 2))


def _rows(joints: Joints) -> list[tuple[int, int, int, int]]:
    columns = (joints.place, joints.node, joints.ms, joints.owner)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@compiled
def _first_steps(link: Ints, arc_of: Ints, head: NDArray[np.int32], seed_owner: Ints) -> tuple[Ints, Ints]:
    """Return for each node the segment that its way begins with, and the next node (-1: a hub, or no way)."""
    owner, ahead = np.full(len(link), NOBODY, np.int64), np.full(len(link), _NOWHERE, np.int64)
    for node in range(len(link)):
        if link[node] >= 0:
            owner[node], ahead[node] = arc_of[link[node]] >> 1, head[link[node]]
        elif -1 - link[node] < len(seed_owner):
            owner[node] = seed_owner[-1 - link[node]]
    return owner, ahead


@compiled
def _preorder(order: Ints, ahead: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the nodes of the tree parents first, subtrees together, and where each subtree begins and ends."""
    size = np.zeros(len(ahead), np.int64)
    for k in range(len(order) - 1, -1, -1):
        size[order[k]] += 1
        if ahead[order[k]] >= 0:
            size[ahead[order[k]]] += size[order[k]]
    enter, leave = np.zeros(len(ahead), np.int64), np.zeros(len(ahead), np.int64)
    room = np.zeros(len(ahead), np.int64)
    preorder = np.empty(len(order), np.int64)
    top = 0
    for node in order:  # nearest first, so a node's next one is placed before it
        if ahead[node] >= 0:
            begin = room[ahead[node]]
            room[ahead[node]] += size[node]
        else:
            begin = top
            top += size[node]
        enter[node], leave[node], room[node] = begin, begin + size[node], begin + 1
        preorder[begin] = node
    return preorder, enter, leave


@compiled
def _close_each(
    segments: Ints, graph: Arrays, ms: Ints, dist: Ints, preorder: Ints, enter: Ints, leave: Ints, by_owner: Ints,
    owners: Ints, seeds: Arrays, joints: Arrays, direct: Arrays, people: Ints, to_hub: Ints,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Return (s,) people cut off, (s,) people x ms of detour, and flat pairs of place in `segments` and place cut."""
    out_first, out_arcs, in_first, in_arcs, tail, head, arc_of = graph
    seed_node, seed_ms, seed_owner = seeds
    joint_place, joint_node, joint_ms, joint_owner = joints
    direct_place, direct_ms, direct_owner = direct
    mask = (np.int64(1) << NODE_BITS) - 1
    mark = np.full(len(dist), -1, np.int64)
    fresh = np.empty(len(dist), np.int64)
    cut, detour = np.zeros(len(segments), np.int64), np.zeros(len(segments), np.int64)
    pairs = [np.int64(0) for _ in range(0)]
    for number in range(len(segments)):
        closed = segments[number]
        hit = [np.int64(0) for _ in range(0)]
        for k in range(np.searchsorted(owners, closed), np.searchsorted(owners, closed + 1)):
            root = by_owner[k]
            if mark[root] == number:
                continue
            for place in range(enter[root], leave[root]):
                node = preorder[place]
                if mark[node] != number:
                    mark[node] = number
                    fresh[node] = NEVER
                    hit.append(node)
        heap = [np.int64(0) for _ in range(0)]
        for node in hit:
            best = np.int64(NEVER)
            for k in range(out_first[node], out_first[node + 1]):
                arc = out_arcs[k]
                if arc_of[arc] >> 1 != closed and mark[head[arc]] != number:
                    best = min(best, ms[arc] + dist[head[arc]])
            for k in range(np.searchsorted(seed_node, node), np.searchsorted(seed_node, node + 1)):
                if seed_owner[k] != closed:
                    best = min(best, seed_ms[k])
            if best < NEVER:
                fresh[node] = best
                heapq.heappush(heap, (best << NODE_BITS) | node)
        while len(heap) > 0:
            entry = heapq.heappop(heap)
            node, spent = entry & mask, entry >> NODE_BITS
            if spent > fresh[node]:
                continue
            for k in range(in_first[node], in_first[node + 1]):
                arc = in_arcs[k]
                if ms[arc] >= NEVER or arc_of[arc] >> 1 == closed or mark[tail[arc]] != number:
                    continue
                total = spent + ms[arc]
                if total < fresh[tail[arc]]:
                    fresh[tail[arc]] = total
                    heapq.heappush(heap, (total << NODE_BITS) | np.int64(tail[arc]))
        later = np.full(len(people), NEVER, np.int64)
        for k in range(len(joint_place)):
            if joint_owner[k] != closed:
                node = joint_node[k]
                rest = fresh[node] if mark[node] == number else dist[node]
                later[joint_place[k]] = min(later[joint_place[k]], joint_ms[k] + rest)
        for k in range(len(direct_place)):
            if direct_owner[k] != closed:
                later[direct_place[k]] = min(later[direct_place[k]], direct_ms[k])
        for place in range(len(people)):
            if to_hub[place] >= NEVER:
                continue
            if later[place] >= NEVER:
                cut[number] += people[place]
                pairs.append(np.int64(number))
                pairs.append(np.int64(place))
            else:
                detour[number] += people[place] * (later[place] - to_hub[place])
    flat = np.empty(len(pairs), np.int64)
    for k in range(len(pairs)):
        flat[k] = pairs[k]
    return cut, detour, flat
