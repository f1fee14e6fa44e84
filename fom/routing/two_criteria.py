"""The best path when two costs are weighed against each other, whatever the weights, without preparing for them.

cost = time weight * time + care weight * care, both in whole milliseconds. What remains of either cost to the end is
known exactly (`remaining`), so the same mixture of the two never exceeds what remains of the mixture.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.remaining import Remaining, remaining_from
from fom.routing.tracing import trace
from fom.routing.weights import TIE_BITS, UNREACHABLE

MAX_WEIGHT = 2**24
"""Either weight at most: with it sums of 99 days stay below 2^63."""


class Outgoing(NamedTuple):
    """The router graph by tail."""

    first: NDArray[np.int64]
    arcs: NDArray[np.int64]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]


class Labels(NamedTuple):
    """Workspace of a search, (n,) by router node; left as it came."""

    cost: NDArray[np.int64]
    """All UNREACHABLE."""
    draws: NDArray[np.int64]
    via: NDArray[np.int64]


def new_labels(n_nodes: int) -> Labels:
    """Return a clean workspace."""
    return Labels(np.full(n_nodes, UNREACHABLE, np.int64), np.zeros(n_nodes, np.int64), np.zeros(n_nodes, np.int64))


@compiled
def search_mixture(
    out: Outgoing,
    time: NDArray[np.int64],
    care: NDArray[np.int64],
    a: int,
    b: int,
    sources: NDArray[np.int32],
    source_time: NDArray[np.int64],
    source_care: NDArray[np.int64],
    targets: NDArray[np.int32],
    target_time: NDArray[np.int64],
    target_care: NDArray[np.int64],
    time_left: Remaining,
    care_left: Remaining,
    labels: Labels,
) -> tuple[NDArray[np.int64], int, int]:
    """Return router arcs of the path least in a * time + b * care, and which ends it joins; -1 = there is none.

    Equal sums are told apart by the smaller sum of draws (`weights`).
    """
    low = np.int64((1 << TIE_BITS) - 1)
    unreachable = np.int64(UNREACHABLE)
    cost, draws, via = labels.cost, labels.draws, labels.via
    heap = [(np.int64(0), np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    touched = [np.int64(0) for _ in range(0)]
    best, best_draws, end = unreachable, unreachable, np.int64(-1)
    at_end = np.int64(-1)
    for k in range(len(sources)):
        node = np.int64(sources[k])
        spent = a * (source_time[k] >> TIE_BITS) + b * (source_care[k] >> TIE_BITS)
        drawn = source_time[k] & low
        if spent < cost[node] or (spent == cost[node] and drawn < draws[node]):
            t, c = remaining_from(time_left, int(node)), remaining_from(care_left, int(node))
            if t >= unreachable or c >= unreachable:
                continue
            cost[node], draws[node], via[node] = spent, drawn, -1 - k
            touched.append(node)
            heapq.heappush(heap, (spent + a * (t >> TIE_BITS) + b * (c >> TIE_BITS), drawn, spent, node))
    while len(heap) > 0 and heap[0][0] <= best:
        _, drawn, spent, node = heapq.heappop(heap)
        if spent != cost[node] or drawn != draws[node]:
            continue
        for k in range(len(targets)):
            if targets[k] == node:
                total = spent + a * (target_time[k] >> TIE_BITS) + b * (target_care[k] >> TIE_BITS)
                sum_draws = drawn + (target_time[k] & low)
                if total < best or (total == best and sum_draws < best_draws):
                    best, best_draws, end, at_end = total, sum_draws, np.int64(k), node
        for k in range(out.first[node], out.first[node + 1]):
            arc = out.arcs[k]
            if time[arc] >= unreachable or care[arc] >= unreachable:
                continue
            reached = np.int64(out.head[arc])
            total = spent + a * (time[arc] >> TIE_BITS) + b * (care[arc] >> TIE_BITS)
            more = drawn + (time[arc] & low)
            if total > cost[reached] or (total == cost[reached] and more >= draws[reached]):
                continue
            t, c = remaining_from(time_left, int(reached)), remaining_from(care_left, int(reached))
            if t >= unreachable or c >= unreachable:
                continue
            cost[reached], draws[reached], via[reached] = total, more, arc
            touched.append(reached)
            heapq.heappush(heap, (total + a * (t >> TIE_BITS) + b * (c >> TIE_BITS), more, total, reached))

    found, start = trace(via, out.tail, int(at_end))
    for node in touched:
        cost[node] = unreachable
    return found, start, int(end)
