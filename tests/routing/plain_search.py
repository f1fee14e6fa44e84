"""Plain Dijkstra over arcs on networks of real size: the oracle of the routing tests, compiled.

Written from the rules in words and on the network's own arrays; shares nothing with the router but the weights.
"""

from __future__ import annotations

import heapq

import numba
import numpy as np
from numpy.typing import NDArray

from fom.network.network import Network
from fom.routing.barriers import barrier_seconds
from fom.routing.weights import TIE_BITS, draw_numbers, to_weights

NONE = np.int64(2**62)
UNIT = 1 << TIE_BITS


class PlainSearch:
    """What may follow what in a network; weights are given with each set of costs."""

    def __init__(self, network: Network, vehicle: str) -> None:
        self._draws = draw_numbers(network.segment_ids)
        start, end = np.asarray(network.from_node), np.asarray(network.to_node)
        tail, head = np.column_stack([start, end]).ravel().tolist(), np.column_stack([end, start]).ravel().tolist()
        self._exists = np.column_stack([np.ones(len(start), bool), ~np.asarray(network.is_oneway)]).ravel()
        arcs = np.flatnonzero(self._exists).tolist()
        leaving: dict[int, list[int]] = {}
        for arc in arcs:
            leaving.setdefault(tail[arc], []).append(arc)
        forbidden = {(int(a), int(b)) for a, b in network.forbidden_turns}
        restricted = {head[a] for a, _ in forbidden}
        passing = barrier_seconds(network, vehicle)[::-1]
        barrier = dict(zip(np.asarray(network.barrier_node)[::-1].tolist(), passing.tolist(), strict=True))
        after: list[int] = []
        before: list[int] = []
        extra: list[int] = []
        for arc in arcs:
            node = head[arc]
            ahead = [b for b in leaving.get(node, ()) if b != arc ^ 1 and (arc, b) not in forbidden]
            if barrier.get(node, 0.0) < np.inf:
                for b in ahead:
                    before.append(arc)
                    after.append(b)
                    extra.append(round(barrier.get(node, 0.0) * 1000) << TIE_BITS)
            may_turn = node not in restricted or node in barrier or not ahead
            if self._exists[arc ^ 1] and may_turn:
                before.append(arc)
                after.append(arc ^ 1)
                extra.append(0)
        self._first = np.searchsorted(np.array(before), np.arange(len(tail) + 1)).astype(np.int64)
        self._after, self._extra = np.array(after, np.int64), np.array(extra, np.int64)

    def weights(self, costs: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return (2n,) weights of costs in seconds by arc number, NONE where an arc is absent."""
        return np.where(np.isfinite(costs) & self._exists, to_weights(costs, self._draws), NONE)

    def least(
        self, weights: NDArray[np.int64], origin: tuple[int, float], destination: tuple[int, float]
    ) -> int | None:
        """Return the least weight between two (segment, share of its geometry), None = no way."""
        found = NONE
        for last in (2 * destination[0], 2 * destination[0] + 1):
            to = destination[1] if last % 2 == 0 else 1 - destination[1]
            if weights[last] == NONE:
                continue
            starts, spent = [], []
            for first in (2 * origin[0], 2 * origin[0] + 1):
                at = origin[1] if first % 2 == 0 else 1 - origin[1]
                if weights[first] < NONE:
                    starts.append(first)
                    spent.append(_part(int(weights[first]), 1 - at))
                    if first == last and to >= at:
                        found = min(found, _part(int(weights[first]), to - at))
            if starts:
                rest = _part(int(weights[last]), to)
                arcs = np.array(starts), np.array(spent, np.int64)
                found = min(found, _search(self._first, self._after, self._extra, weights, *arcs, last, rest))
        return None if found == NONE else int(found)


def _part(weight: int, share: float) -> int:
    return round((weight // UNIT) * share) * UNIT + weight % UNIT


@numba.njit(cache=True)
def _search(first, after, extra, weights, starts, spent, last, rest):  # type: ignore[no-untyped-def]
    """Return the least weight from the ends of some arcs to a place on arc `last` that costs `rest` once entered."""
    dist = np.full(len(weights), NONE)
    queue = [(np.int64(0), np.int64(0)) for _ in range(0)]
    for k in range(len(starts)):
        dist[starts[k]] = spent[k]
        heapq.heappush(queue, (spent[k], starts[k]))
    best = NONE
    while len(queue):
        so_far, arc = heapq.heappop(queue)
        if so_far >= best:
            break
        if so_far > dist[arc]:
            continue
        for turn in range(first[arc], first[arc + 1]):
            onward = after[turn]
            if weights[onward] == NONE:
                continue
            entered = so_far + extra[turn]
            if onward == last:
                best = min(best, entered + rest)
            if entered + weights[onward] < dist[onward]:
                dist[onward] = entered + weights[onward]
                heapq.heappush(queue, (dist[onward], onward))
    return best
