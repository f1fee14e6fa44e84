"""Ranges of rows in compressed arrays, expanded without a loop; and numbers put in order, each once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled

Ints = NDArray[np.int64]


def expand_ranges(first: NDArray[np.integer], counts: NDArray[np.integer]) -> tuple[Ints, Ints]:
    """Return (owner, row): for every range i the rows first[i] .. first[i] + counts[i] - 1, and i beside each."""
    counts = counts.astype(np.int64, copy=False)
    owner = np.repeat(np.arange(len(counts)), counts)
    shift = first.astype(np.int64, copy=False) - (np.cumsum(counts) - counts)
    return owner, np.arange(len(owner)) + shift[owner]


def rows_that_differ(states: NDArray[np.uint8], others: NDArray[np.uint8]) -> Ints:
    """Return the rows in which two (n, 2) arrays differ, ascending; both bytes of a row are compared at once."""
    one, other = (np.ascontiguousarray(part).view(np.uint16) for part in (states, others))
    return np.flatnonzero(one != other)


@compiled
def distinct(numbers: NDArray[np.integer]) -> Ints:
    """Return numbers ascending, each once."""
    ascending = np.sort(numbers)
    out = np.empty(len(ascending), np.int64)
    size = 0
    for number in ascending:
        if size == 0 or number != out[size - 1]:
            out[size] = number
            size += 1
    return out[:size].copy()
