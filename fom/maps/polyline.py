"""Lines as short text: the encoded polyline algorithm format, precision 5 (about a metre), latitude first.

A vertex costs two to four characters in place of twenty. Any library for the format reads it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PRECISION = 5
"""Decimals of a degree that are kept."""


def encode_polyline(lonlat: NDArray[np.float64] | Sequence[Sequence[float]]) -> str:
    """Return a line of (m, 2) degrees, lon/lat, as text; the text itself holds latitude before longitude."""
    whole = np.rint(np.asarray(lonlat, np.float64).reshape(-1, 2)[:, ::-1] * 10**PRECISION).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel()
    return "".join([_text(step) for step in ((steps << 1) ^ (steps >> 63)).tolist()])


def _text(value: int) -> str:
    """Return a number, 0 or more, as characters of five bits, the lowest first; each but the last has bit 6 set."""
    parts = []
    while value >= 0x20:
        parts.append(chr((0x20 | value & 0x1F) + 63))
        value >>= 5
    parts.append(chr(value + 63))
    return "".join(parts)
