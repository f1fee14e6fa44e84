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
    keys: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the router arcs of a sequence of keys."""
    out = np.empty(max(64, 4 * len(keys)), np.int64)
    size = 0
    stack = [keys[k] for k in range(len(keys) - 1, -1, -1)]
    while len(stack) > 0:
        key = stack.pop()
        v = middle[key]
        if v != NONE:
            arc = key >> 1
            to_x = np.int64(find_arc(shape.up_first, shape.up_head, v, shape.up_tail[arc]))
            to_y = np.int64(find_arc(shape.up_first, shape.up_head, v, shape.up_head[arc]))
            if key & 1:
                stack.append(2 * to_x)
                stack.append(2 * to_y + 1)
            else:
                stack.append(2 * to_y)
                stack.append(2 * to_x + 1)
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
def trace(
    shape: Hierarchy,
    weights: NDArray[np.int64],
    middle: NDArray[np.int32],
    via: NDArray[np.int32],
    top: int,
) -> tuple[NDArray[np.int64], int, int]:
    """Return router arcs of the path that culminates in `top`, and the numbers of the ends it joins."""
    keys = [np.int64(0) for _ in range(0)]
    x = np.int64(top)
    while via[0, x] >= 0:
        keys.append(2 * via[0, x])
        x = np.int64(shape.up_tail[via[0, x]])
    start = -1 - via[0, x]
    keys = keys[::-1]
    x = np.int64(top)
    while via[1, x] >= 0:
        keys.append(2 * via[1, x] + 1)
        x = np.int64(shape.up_tail[via[1, x]])
    end = -1 - via[1, x]
    packed = np.empty(len(keys), np.int64)
    for k in range(len(keys)):
        packed[k] = keys[k]
    return _unfold(shape, weights, middle, packed), int(start), int(end)
