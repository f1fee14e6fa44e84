"""Searches on a customised hierarchy: climb from both ends, meet at the best node, unfold the shortcuts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.hierarchy import NONE, Hierarchy, find_arc
from fom.routing.weights import UNREACHABLE


@compiled
def climb(
    shape: Hierarchy,
    weight: NDArray[np.int64],
    sources: NDArray[np.int32],
    source_weights: NDArray[np.int64],
    targets: NDArray[np.int32],
    target_weights: NDArray[np.int64],
    dist: NDArray[np.int64],
    via: NDArray[np.int32],
) -> tuple[int, int]:
    """Return the weight of the lightest path and the rank it culminates in (NONE = no path).

    Ends are ranks. `dist` (2, n) all UNREACHABLE is workspace and left clean; `via` (2, n) then holds the arc by which
    each node of the path was reached on either side, or -1 - k at end number k.
    """
    unreachable = np.int64(UNREACHABLE)
    k_source, k_target = len(sources), len(targets)
    front = np.empty(k_source + k_target, np.int64)
    for k in range(k_source):
        front[k] = sources[k]
        if source_weights[k] < dist[0, sources[k]]:
            dist[0, sources[k]] = source_weights[k]
            via[0, sources[k]] = -1 - k
    for k in range(k_target):
        front[k_source + k] = targets[k]
        if target_weights[k] < dist[1, targets[k]]:
            dist[1, targets[k]] = target_weights[k]
            via[1, targets[k]] = -1 - k
    best, top = unreachable, np.int64(NONE)
    begin = front.copy()
    while True:
        x = np.int64(2**62)
        for k in range(len(front)):
            if front[k] != NONE and front[k] < x:
                x = front[k]
        if x == 2**62:
            break
        ahead, behind = dist[0, x], dist[1, x]
        if ahead + behind < best:
            best, top = ahead + behind, x
        if ahead < best:
            for arc in range(shape.up_first[x], shape.up_first[x + 1]):
                y = shape.up_head[arc]
                total = ahead + weight[2 * arc]
                if total < dist[0, y]:
                    dist[0, y] = total
                    via[0, y] = arc
        if behind < best:
            for arc in range(shape.up_first[x], shape.up_first[x + 1]):
                y = shape.up_head[arc]
                total = behind + weight[2 * arc + 1]
                if total < dist[1, y]:
                    dist[1, y] = total
                    via[1, y] = arc
        for k in range(len(front)):
            if front[k] == x:
                front[k] = shape.parent[x]
    for k in range(len(begin)):
        x = begin[k]
        while x != NONE:
            dist[0, x] = unreachable
            dist[1, x] = unreachable
            x = np.int64(shape.parent[x])
    return int(best), int(top)


@compiled
def _unfold(
    shape: Hierarchy,
    weights: NDArray[np.int64],
    middle: NDArray[np.int32],
    stack: NDArray[np.int64],
    height: int,
) -> NDArray[np.int64]:
    """Return the router arcs of a sequence of keys: stack[:height], the first on top."""
    out = np.empty(max(64, 16 * height), np.int64)
    size = 0
    while height > 0:
        height -= 1
        key = stack[height]
        v = middle[key]
        if v != NONE:
            arc = key >> 1
            to_x, to_y = _pair(shape.up_first, shape.up_head, v, shape.up_tail[arc], shape.up_head[arc])
            if height + 2 > len(stack):
                stack = np.concatenate((stack, np.empty_like(stack)))
            if key & 1:
                stack[height], stack[height + 1] = 2 * to_x, 2 * to_y + 1
            else:
                stack[height], stack[height + 1] = 2 * to_y, 2 * to_x + 1
            height += 2
            continue
        least = shape.input_arc[shape.input_first[key]]
        for k in range(shape.input_first[key] + 1, shape.input_first[key + 1]):
            if weights[shape.input_arc[k]] < weights[least]:
                least = shape.input_arc[k]
        if size == len(out):
            out = np.concatenate((out, np.empty_like(out)))
        out[size] = least
        size += 1
    return out[:size].copy()


@compiled
def find_path(
    shape: Hierarchy,
    weights: NDArray[np.int64],
    weight: NDArray[np.int64],
    middle: NDArray[np.int32],
    sources: NDArray[np.int32],
    source_weights: NDArray[np.int64],
    targets: NDArray[np.int32],
    target_weights: NDArray[np.int64],
    dist: NDArray[np.int64],
    via: NDArray[np.int32],
) -> tuple[int, NDArray[np.int64], int, int]:
    """Return the weight of the lightest path, its router arcs, and the numbers of the ends it joins.

    `climb` says what the other arguments are; without a path the weight is UNREACHABLE and there are no arcs.
    """
    weight_found, top = climb(shape, weight, sources, source_weights, targets, target_weights, dist, via)
    if top == NONE:
        return weight_found, np.empty(0, np.int64), NONE, NONE
    n_up = n_down = 0
    x = np.int64(top)
    while via[0, x] >= 0:
        n_up += 1
        x = np.int64(shape.up_tail[via[0, x]])
    start = -1 - via[0, x]
    x = np.int64(top)
    while via[1, x] >= 0:
        n_down += 1
        x = np.int64(shape.up_tail[via[1, x]])
    end = -1 - via[1, x]
    stack = np.empty(n_up + n_down + 64, np.int64)
    x = np.int64(top)
    for k in range(n_up):
        stack[n_down + k] = 2 * np.int64(via[0, x])
        x = np.int64(shape.up_tail[via[0, x]])
    x = np.int64(top)
    for k in range(n_down - 1, -1, -1):
        stack[k] = 2 * np.int64(via[1, x]) + 1
        x = np.int64(shape.up_tail[via[1, x]])
    return weight_found, _unfold(shape, weights, middle, stack, n_up + n_down), int(start), int(end)


@compiled
def _pair(up_first: NDArray[np.int64], up_head: NDArray[np.int32], low: int, one: int, other: int) -> tuple[int, int]:
    """Return the arcs from rank `low` up to two higher ranks, one < other, which are there."""
    to_one = np.int64(find_arc(up_first, up_head, low, one))
    at = to_one + 1
    while up_head[at] < other:
        at += 1
    return int(to_one), int(at)
