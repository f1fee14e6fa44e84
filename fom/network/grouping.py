"""Array steps that network building needs in several places: ranges, groups, numbers in order of appearance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]


def runs(first: Ints, size: Ints, is_back: NDArray[np.bool_] | None = None) -> Ints:
    """Return the concatenated ranges first .. first + size - 1, each counted down where `is_back`."""
    start = np.concatenate([[0], np.cumsum(size)])
    step = np.arange(start[-1]) - np.repeat(start[:-1], size)
    if is_back is not None:
        step = np.where(np.repeat(is_back, size), np.repeat(size, size) - 1 - step, step)
    ranges: Ints = np.repeat(first, size) + step
    return ranges


def renumbered(group: Ints) -> Ints:
    """Return group numbers in order of first appearance."""
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    numbers: Ints = rank[inverse.ravel()]
    return numbers


def components(n: int, pairs: Ints) -> Ints:
    """Return (n,) numbers of the groups that pairs of items hold together."""
    graph = coo_matrix((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
