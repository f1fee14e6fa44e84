"""The shape of a customizable contraction hierarchy: what stays when costs change.

Nodes are numbered by rank: the order in which they are contracted, from a nested dissection of the network.
Contracting a node joins its higher neighbours to each other, so that the hierarchy's arcs are those of the graph
and shortcuts; every lightest path then climbs in rank to one highest node and descends again. Which arcs there are
depends on the order alone. What they weigh is `customisation`, searching is `climbing`.

Source: Dibbelt, Strasser, Wagner, "Customizable Contraction Hierarchies", ACM JEA 21 (2016); the text is ours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.graph import RouterGraph

NONE = -1


class Hierarchy(NamedTuple):
    """Arrays of a hierarchy of n nodes and e arcs; arc i joins `up_tail[i]` with the higher `up_head[i]`.

    Each arc has two keys: 2 * i for travelling up it, 2 * i + 1 for travelling down.
    """

    order: NDArray[np.int32]
    """(n,) router node of each rank."""
    rank: NDArray[np.int32]
    """(n,) rank of each router node."""
    parent: NDArray[np.int32]
    """(n,) by rank: lowest higher neighbour, NONE at a root. A search climbs from parent to parent."""
    up_first: NDArray[np.int64]
    """(n + 1,) by rank: arcs up from node x are up_first[x] to up_first[x + 1] - 1, by ascending head."""
    up_head: NDArray[np.int32]
    up_tail: NDArray[np.int32]
    down_first: NDArray[np.int64]
    """(n + 1,) by rank: arcs that come up to node x stand in down_arc from down_first[x] on, by ascending tail."""
    down_arc: NDArray[np.int32]
    down_tail: NDArray[np.int32]
    """(e,) the tails of `down_arc`, so that they lie together."""
    input_first: NDArray[np.int64]
    """(2e + 1,) by key: router arcs that lie on it are input_arc[input_first[k]:input_first[k + 1]], ascending."""
    input_arc: NDArray[np.int32]
    key_of: NDArray[np.int64]
    """(m,) key of each router arc, NONE for arcs that start and end at one node."""


def build_hierarchy(graph: RouterGraph, order: NDArray[np.int32]) -> Hierarchy:
    """Return the hierarchy of a graph for an order: router nodes from first to last contracted."""
    n = graph.n_nodes
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    tail, head = rank[graph.tail], rank[graph.head]
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    pairs = np.unique((low.astype(np.int64) * n + high)[low != high])
    first = np.searchsorted(pairs, np.arange(n + 1, dtype=np.int64) * n)
    up_first, up_head, parent = _contract(n, first, (pairs % n).astype(np.int32))
    up_tail = np.repeat(np.arange(n, dtype=np.int32), np.diff(up_first))
    down_arc = np.argsort(up_head, kind="stable").astype(np.int32)
    down_first = np.searchsorted(up_head[down_arc], np.arange(n + 1)).astype(np.int64)
    arc = _find_arcs(up_first, up_head, low, high)
    key_of = np.where(arc < 0, NONE, 2 * arc + (tail > head))
    inputs = np.argsort(key_of, kind="stable")
    inputs = inputs[key_of[inputs] >= 0]
    input_first = np.searchsorted(key_of[inputs], np.arange(2 * len(up_head) + 1)).astype(np.int64)
    return Hierarchy(
        order=order,
        rank=rank,
        parent=parent,
        up_first=up_first,
        up_head=up_head,
        up_tail=up_tail,
        down_first=down_first,
        down_arc=down_arc,
        down_tail=up_tail[down_arc],
        input_first=input_first,
        input_arc=inputs.astype(np.int32),
        key_of=key_of,
    )


@compiled
def _contract(
    n: int, first: NDArray[np.int64], heads: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Return the completed upward adjacency: a node hands its higher neighbours on to the lowest of them."""
    parent = np.full(n, NONE, np.int32)
    child = np.full(n, NONE, np.int32)
    sibling = np.full(n, NONE, np.int32)
    mark = np.full(n, NONE, np.int32)
    up_first = np.zeros(n + 1, np.int64)
    up_head = np.empty(max(16, 4 * len(heads)), np.int32)
    size = 0
    for x in range(n):
        mark[x] = x
        begin = size
        for k in range(first[x], first[x + 1]):
            if size == len(up_head):
                up_head = np.concatenate((up_head, np.empty_like(up_head)))
            mark[heads[k]] = x
            up_head[size] = heads[k]
            size += 1
        c = child[x]
        while c != NONE:
            for k in range(up_first[c], up_first[c + 1]):
                y = up_head[k]
                if mark[y] != x:
                    mark[y] = x
                    if size == len(up_head):
                        up_head = np.concatenate((up_head, np.empty_like(up_head)))
                    up_head[size] = y
                    size += 1
            c = sibling[c]
        up_first[x + 1] = size
        if size > begin:
            up_head[begin:size] = np.sort(up_head[begin:size])
            above = up_head[begin]
            parent[x] = above
            sibling[x] = child[above]
            child[above] = x
    return up_first, up_head[:size].copy(), parent


@compiled
def find_arc(up_first: NDArray[np.int64], up_head: NDArray[np.int32], low: int, high: int) -> int:
    """Return the arc from rank `low` up to rank `high`, NONE if there is none."""
    begin, end = up_first[low], up_first[low + 1]
    while begin < end:
        middle = (begin + end) >> 1
        if up_head[middle] < high:
            begin = middle + 1
        else:
            end = middle
    if begin < up_first[low + 1] and up_head[begin] == high:
        return int(begin)
    return NONE


@compiled
def _find_arcs(
    up_first: NDArray[np.int64], up_head: NDArray[np.int32], low: NDArray[np.int32], high: NDArray[np.int32]
) -> NDArray[np.int64]:
    out = np.empty(len(low), np.int64)
    for k in range(len(low)):
        out[k] = find_arc(up_first, up_head, low[k], high[k])
    return out
