"""How much of each row's length a set of intervals leaves uncovered, for all rows at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def uncovered_by_row(row: Ints, low: Floats, high: Floats, length: Floats) -> Floats:
    """Return (m,) metres of [0, length] in no interval of the row.

    Parameters
    ----------
    row
        (k,) row of each interval, in any order.
    low, high
        (k,) metres; parts outside [0, length] do not count.
    length
        (m,) metres.
    """
    result = np.array(length, dtype=np.float64)
    if not len(row):
        return result
    low, high = np.clip(low, 0.0, length[row]), np.clip(high, 0.0, length[row])
    order = np.lexsort((low, row))
    row, low, high = row[order], low[order], high[order]
    is_first = np.concatenate([[True], row[1:] != row[:-1]])
    stride = float(length.max()) + 1.0
    reached = np.maximum.accumulate(high + row * stride) - row * stride
    before = np.where(is_first, 0.0, np.concatenate([[0.0], reached[:-1]]))
    covered = np.maximum(0.0, high - np.maximum(low, before))
    return np.maximum(0.0, result - np.bincount(row, weights=covered, minlength=len(length)))
