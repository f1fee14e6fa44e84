"""Whole-number weights: what an arc costs, and which of two equally good paths is taken.

weight = milliseconds * 2^28 + a number from 1 to 2^13 drawn from the segment's permanent id and the direction. Sums
are exact whatever the order of adding, and of two paths that cost the same to the millisecond the one with the
smaller sum of draws is taken: always the same one, by any search, on any machine, also after the network was
rebuilt. 2^15 arcs of a path fit before draws could outweigh one millisecond; 2^33 ms (99 days) fit before a sum
reaches UNREACHABLE, and twice UNREACHABLE still fits in int64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TIE_BITS = 28
DRAW_BITS = 13
UNREACHABLE = 2**61
LONGEST_ARC_S = 2.0**31 / 1000
"""A cost above this (24 days for one segment) counts as unreachable."""


def draw_numbers(segment_ids: NDArray[np.bytes_]) -> NDArray[np.int64]:
    """Return (2n,) numbers from 1 to 2^13 by arc number, from the segment ids (FNV-1a over their bytes, mixed)."""
    ids = np.ascontiguousarray(segment_ids)
    if not len(ids):
        return np.zeros(0, np.int64)
    letters = ids.view(np.uint8).reshape(len(ids), ids.dtype.itemsize)
    state = np.full(len(ids), 0xCBF29CE484222325, np.uint64)
    with np.errstate(over="ignore"):
        for column in range(letters.shape[1]):
            letter = letters[:, column]
            state = np.where(letter == 0, state, (state ^ letter) * np.uint64(0x100000001B3))
    with np.errstate(over="ignore"):  # ids that differ in their last digit must not give numbers that differ alike
        for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            state = (state ^ (state >> np.uint64(33))) * np.uint64(multiplier)
    state ^= state >> np.uint64(33)
    both = np.column_stack([state, state >> np.uint64(DRAW_BITS)]).ravel()
    return ((both & np.uint64(2**DRAW_BITS - 1)) + np.uint64(1)).astype(np.int64)


def to_weights(seconds: NDArray[np.float64], draws: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return weights of costs in seconds; NaN, infinite or longer than LONGEST_ARC_S becomes UNREACHABLE."""
    absent = ~(seconds <= LONGEST_ARC_S)
    milliseconds = np.rint(np.where(absent, 0.0, seconds) * 1000).astype(np.int64)
    return np.where(absent, UNREACHABLE, (np.maximum(milliseconds, 1) << TIE_BITS) + draws)


def to_seconds(weight: int) -> float:
    """Return the seconds of a path's weight, exact to the millisecond."""
    return (int(weight) >> TIE_BITS) / 1000
