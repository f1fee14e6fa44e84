"""Which number has an id: hashes in order, for a million ids without a text object for each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled

Ints = NDArray[np.int64]


class IdIndex:
    """Finds the places of ids in an array of them."""

    def __init__(self, ids: NDArray[np.bytes_]) -> None:
        self._ids = ids
        hashed = _hashes(_letters(ids))
        self._order = np.argsort(hashed, kind="stable")
        self._hashes = hashed[self._order]

    def find(self, sought: bytes) -> int | None:
        """Return the place of an id, None when it is not there."""
        if not sought or len(sought) > self._ids.dtype.itemsize:
            return None
        value = _hashes(_letters(np.array([sought], self._ids.dtype)))[0]
        place = int(np.searchsorted(self._hashes, value))
        while place < len(self._hashes) and self._hashes[place] == value:
            number = int(self._order[place])
            if bytes(self._ids[number]) == sought:
                return number
            place += 1
        return None


def _letters(ids: NDArray[np.bytes_]) -> NDArray[np.uint8]:
    """Return ids as (n, longest) bytes."""
    return np.ascontiguousarray(ids).view(np.uint8).reshape(len(ids), ids.dtype.itemsize)


@compiled
def _hashes(letters: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return FNV-1a of each row up to its padding."""
    out = np.empty(len(letters), np.uint64)
    for i in range(len(letters)):
        value = np.uint64(14695981039346656037)
        for k in range(letters.shape[1]):
            if letters[i, k] == 0:
                break
            value = (value ^ np.uint64(letters[i, k])) * np.uint64(1099511628211)
        out[i] = value
    return out
