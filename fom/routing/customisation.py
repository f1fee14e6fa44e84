"""What the arcs of a hierarchy weigh: all of them from nothing, or those that a few changed costs can reach.

The weight of an arc x-y is the least of its router arcs and of the two-arc ways over each lower common neighbour v
(x down to v, v up to y). Along with it goes which of them it is (`middle`), so that a shortcut can be unfolded at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.hierarchy import NONE, Hierarchy
from fom.routing.weights import UNREACHABLE

BLOCK_BITS = 9
"""Flagged nodes are looked for block by block of 2^9, which is faster than a queue."""


def n_flags(shape: Hierarchy) -> int:
    """Return the size of the workspace of `recustomise`."""
    return len(shape.up_head) + len(shape.parent) + (len(shape.parent) >> BLOCK_BITS) + 1


@compiled
def customise(
    shape: Hierarchy, weights: NDArray[np.int64], weight: NDArray[np.int64], middle: NDArray[np.int32]
) -> None:
    """Set `weight` and `middle` (2e,) of every key from the weights of router arcs (m,)."""
    for key in range(len(weight)):
        least = np.int64(UNREACHABLE)
        for k in range(shape.input_first[key], shape.input_first[key + 1]):
            least = min(least, weights[shape.input_arc[k]])
        weight[key] = least
        middle[key] = NONE
    place = np.empty(len(shape.parent), np.int64)
    for x in range(len(shape.parent)):
        for arc in range(shape.up_first[x], shape.up_first[x + 1]):
            place[shape.up_head[arc]] = arc
        for k in range(shape.down_first[x], shape.down_first[x + 1]):
            to_x = np.int64(shape.down_arc[k])
            v = shape.down_tail[k]
            from_x, up_to_x = weight[2 * to_x + 1], weight[2 * to_x]
            for to_y in range(to_x + 1, shape.up_first[v + 1]):
                arc = place[shape.up_head[to_y]]
                way = from_x + weight[2 * to_y]
                if way < weight[2 * arc]:
                    weight[2 * arc] = way
                    middle[2 * arc] = v
                way = weight[2 * to_y + 1] + up_to_x
                if way < weight[2 * arc + 1]:
                    weight[2 * arc + 1] = way
                    middle[2 * arc + 1] = v


@compiled
def _lower(weight: NDArray[np.int64], middle: NDArray[np.int32], arc: int, to_x: int, to_y: int, v: int) -> None:
    """Lower both keys of arc x-y where the way over v is lighter; `to_x` and `to_y` are the arcs up from v."""
    way = weight[2 * to_x + 1] + weight[2 * to_y]
    if way < weight[2 * arc]:
        weight[2 * arc] = way
        middle[2 * arc] = v
    way = weight[2 * to_y + 1] + weight[2 * to_x]
    if way < weight[2 * arc + 1]:
        weight[2 * arc + 1] = way
        middle[2 * arc + 1] = v


@compiled
def _weigh_node(
    shape: Hierarchy,
    weights: NDArray[np.int64],
    weight: NDArray[np.int64],
    middle: NDArray[np.int32],
    x: int,
    arcs: NDArray[np.int64],
) -> None:
    """Set the keys of some `arcs` (k,) up from x, k >= 1 and ascending, from their router arcs and their lower ways."""
    for arc in arcs:
        for key in (2 * arc, 2 * arc + 1):
            least = np.int64(UNREACHABLE)
            for k in range(shape.input_first[key], shape.input_first[key + 1]):
                least = min(least, weights[shape.input_arc[k]])
            weight[key] = least
            middle[key] = NONE
    highest = shape.up_head[arcs[-1]]
    for k in range(shape.down_first[x], shape.down_first[x + 1]):
        to_x = np.int64(shape.down_arc[k])
        v = shape.down_tail[k]
        j = 0
        y = shape.up_head[arcs[0]]
        for to_y in range(to_x + 1, shape.up_first[v + 1]):
            z = shape.up_head[to_y]
            if z > highest:
                break
            while z > y:
                j += 1
                y = shape.up_head[arcs[j]]
            if z == y:
                _lower(weight, middle, int(arcs[j]), int(to_x), to_y, v)


@compiled
def _note(flags: NDArray[np.bool_], n_arcs: int, n_nodes: int, arc: int, x: int) -> None:
    """Flag an arc up from node x, the node, and the block of nodes it lies in."""
    flags[arc] = True
    flags[n_arcs + x] = True
    flags[n_arcs + n_nodes + (x >> BLOCK_BITS)] = True


@compiled
def _spread(
    shape: Hierarchy,
    weight: NDArray[np.int64],
    middle: NDArray[np.int32],
    x: int,
    last: int,
    has_risen: bool,
    has_fallen: bool,
    flags: NDArray[np.bool_],
) -> None:
    """Flag the arcs between upper neighbours of x whose way over x has changed and counts or counted.

    The changed arcs up from x are flagged themselves; `last` is the highest of them. A way that has become heavier
    matters only where it was the lightest (`middle`), one that has become lighter only where it is now (`weight`).
    """
    end = shape.up_first[x + 1]
    for low in range(shape.up_first[x], last + 1):
        y = np.int64(shape.up_head[low])
        is_low_changed = flags[low]
        above = shape.up_first[y]
        for high in range(low + 1, end if is_low_changed else last + 1):
            if not (is_low_changed or flags[high]):
                continue
            z = shape.up_head[high]
            while shape.up_head[above] != z:
                above += 1
            up, down = 2 * above, 2 * above + 1
            is_touched = False
            if has_risen and (middle[up] == x or middle[down] == x):
                is_touched = (middle[up] == x and weight[up] != weight[2 * low + 1] + weight[2 * high]) or (
                    middle[down] == x and weight[down] != weight[2 * high + 1] + weight[2 * low]
                )
            if has_fallen and not is_touched:
                is_touched = (
                    weight[2 * low + 1] + weight[2 * high] < weight[up]
                    or weight[2 * high + 1] + weight[2 * low] < weight[down]
                )
            if is_touched and not flags[above]:
                _note(flags, len(shape.up_head), len(shape.parent), int(above), int(y))


@compiled
def recustomise(
    shape: Hierarchy,
    weights: NDArray[np.int64],
    weight: NDArray[np.int64],
    middle: NDArray[np.int32],
    changed: NDArray[np.int64],
    flags: NDArray[np.bool_],
) -> int:
    """Bring `weight` and `middle` up to date after the weights of router arcs `changed`; return arcs looked at.

    Equals `customise` from nothing. `flags` (of `n_flags`, all False) is workspace, left clean. Nodes are taken by
    ascending rank, each with all its arcs that may have changed: their lower ways are final then.
    """
    n_arcs, n_nodes = len(shape.up_head), len(shape.parent)
    for router_arc in changed:
        if shape.key_of[router_arc] >= 0:
            arc = shape.key_of[router_arc] >> 1
            _note(flags, n_arcs, n_nodes, int(arc), int(shape.up_tail[arc]))
    arcs, old = np.empty(256, np.int64), np.empty(512, np.int64)
    count = 0
    for block in range((n_nodes >> BLOCK_BITS) + 1):
        if not flags[n_arcs + n_nodes + block]:
            continue
        flags[n_arcs + n_nodes + block] = False
        for x in range(block << BLOCK_BITS, min(n_nodes, (block + 1) << BLOCK_BITS)):
            if not flags[n_arcs + x]:
                continue
            flags[n_arcs + x] = False
            begin, end = shape.up_first[x], shape.up_first[x + 1]
            if end - begin > len(arcs):
                arcs, old = np.empty(2 * (end - begin), np.int64), np.empty(4 * (end - begin), np.int64)
            size = 0
            for arc in range(begin, end):
                if flags[arc]:
                    arcs[size] = arc
                    old[2 * size], old[2 * size + 1] = weight[2 * arc], weight[2 * arc + 1]
                    size += 1
            count += size
            _weigh_node(shape, weights, weight, middle, x, arcs[:size])
            last = np.int64(NONE)
            has_risen = has_fallen = False
            for k in range(size):
                arc = arcs[k]
                up, down = weight[2 * arc] - old[2 * k], weight[2 * arc + 1] - old[2 * k + 1]
                flags[arc] = up != 0 or down != 0
                has_risen = has_risen or up > 0 or down > 0
                has_fallen = has_fallen or up < 0 or down < 0
                if flags[arc]:
                    last = arc
            if last != NONE:
                _spread(shape, weight, middle, x, int(last), has_risen, has_fallen, flags)
            for k in range(size):
                flags[arcs[k]] = False
        flags[n_arcs + n_nodes + block] = False
    return count
