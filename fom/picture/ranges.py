"""Ranges of rows in compressed arrays, expanded without a loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def expand_ranges(first: NDArray[np.integer], counts: NDArray[np.integer]) -> tuple[Ints, Ints]:
    """Return (owner, row): for every range i the rows first[i] .. first[i] + counts[i] - 1, and i beside each."""
    counts = counts.astype(np.int64, copy=False)
    owner = np.repeat(np.arange(len(counts)), counts)
    shift = first.astype(np.int64, copy=False) - (np.cumsum(counts) - counts)
    return owner, np.arange(len(owner)) + shift[owner]
