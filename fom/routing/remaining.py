"""What is still to be spent from a node to the end of a trip: exact, worked out only where a search asks.

On a hierarchy the least weight from a node to the end is the least over its higher neighbours, each of which is asked
once; a search that is steered by it looks at little more than the way it finds. Without a hierarchy all nodes are
worked out at once by a plain search from the end.

Source: Strasser, Zeitz, "A Fast and Tight Heuristic for A* in Road Networks", SEA 2021; the text is ours.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.engine import Ends
from fom.routing.weights import UNREACHABLE

NOT_ASKED = -1


class Remaining(NamedTuple):
    """Weights from router nodes to one set of ends. `known` is filled in while it is asked."""

    rank: NDArray[np.int32]
    """(n,) rank of each router node."""
    parent: NDArray[np.int32]
    up_first: NDArray[np.int64]
    up_head: NDArray[np.int32]
    """The hierarchy, by rank; empty where everything is known."""
    weight: NDArray[np.int64]
    known: NDArray[np.int64]
    """(n,) by rank: NOT_ASKED, or what it is."""
    below: NDArray[np.int64]
    """(n,) by rank: least weight to an end over lower nodes only."""
    stack: NDArray[np.int64]


@compiled
def remaining_from(left: Remaining, node: int) -> int:
    """Return the weight from a router node to the ends, UNREACHABLE when there is no way."""
    x = np.int64(left.rank[node])
    size = 0
    while x >= 0 and left.known[x] == NOT_ASKED:
        left.stack[size] = x
        size += 1
        x = np.int64(left.parent[x])
    while size > 0:
        size -= 1
        x = left.stack[size]
        least = left.below[x]
        for arc in range(left.up_first[x], left.up_first[x + 1]):
            least = min(least, left.weight[2 * arc] + left.known[left.up_head[arc]])
        left.known[x] = min(least, np.int64(UNREACHABLE))
    return int(left.known[left.rank[node]])


@compiled
def spread_below(
    parent: NDArray[np.int32],
    up_first: NDArray[np.int64],
    up_head: NDArray[np.int32],
    weight: NDArray[np.int64],
    ranks: NDArray[np.int32],
    weights: NDArray[np.int64],
    below: NDArray[np.int64],
) -> None:
    """Fill `below` (n,) from the ends: what each of their ancestors needs to get down to one of them."""
    front = ranks.astype(np.int64)
    for k in range(len(ranks)):
        below[ranks[k]] = min(below[ranks[k]], weights[k])
    while True:
        x = np.int64(2**62)
        for k in range(len(front)):
            if front[k] >= 0 and front[k] < x:
                x = front[k]
        if x == 2**62:
            return
        for arc in range(up_first[x], up_first[x + 1]):
            above = up_head[arc]
            below[above] = min(below[above], below[x] + weight[2 * arc + 1])
        for k in range(len(front)):
            if front[k] == x:
                front[k] = parent[x]


@compiled
def search_backwards(
    in_first: NDArray[np.int64],
    in_arcs: NDArray[np.int64],
    tail: NDArray[np.int32],
    weights: NDArray[np.int64],
    nodes: NDArray[np.int32],
    at_nodes: NDArray[np.int64],
    known: NDArray[np.int64],
) -> None:
    """Fill `known` (n,), all UNREACHABLE, with the weight from every router node to the ends."""
    heap = [(np.int64(0), np.int64(0)) for _ in range(0)]
    for k in range(len(nodes)):
        if at_nodes[k] < known[nodes[k]]:
            known[nodes[k]] = at_nodes[k]
            heapq.heappush(heap, (at_nodes[k], np.int64(nodes[k])))
    while len(heap) > 0:
        spent, node = heapq.heappop(heap)
        if spent > known[node]:
            continue
        for k in range(in_first[node], in_first[node + 1]):
            before = np.int64(tail[in_arcs[k]])
            total = spent + weights[in_arcs[k]]
            if total < known[before]:
                known[before] = total
                heapq.heappush(heap, (total, before))


def remaining_everywhere(
    in_first: NDArray[np.int64],
    in_arcs: NDArray[np.int64],
    tail: NDArray[np.int32],
    weights: NDArray[np.int64],
    ends: Ends,
) -> Remaining:
    """Return the weights from all router nodes, worked out at once."""
    n = len(in_first) - 1
    known = np.full(n, UNREACHABLE, np.int64)
    search_backwards(in_first, in_arcs, tail, weights, ends.nodes, ends.weights, known)
    none32, none64 = np.zeros(0, np.int32), np.zeros(0, np.int64)
    return Remaining(np.arange(n, dtype=np.int32), none32, none64, none32, none64, known, none64, none64)
