"""Which number has an id: hashes in order, for a million ids without a text object for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class IdIndex:
    """Finds the places of ids in an array of them."""

    ids: NDArray[np.bytes_]
    order: Ints
    """(n,) places in the order of their hashes."""
    hashes: NDArray[np.uint64]
    """(n,) rising."""

    @classmethod
    def of(cls, ids: NDArray[np.bytes_]) -> IdIndex:
        """Return the index of ids."""
        hashed = _hashes(_letters(ids))
        order = np.argsort(hashed, kind="stable")
        return cls(ids, order, hashed[order])

    def find(self, sought: bytes) -> int | None:
        """Return the place of an id, None when it is not there."""
        if not sought or len(sought) > self.ids.dtype.itemsize:
            return None
        value = _hashes(_letters(np.array([sought], self.ids.dtype)))[0]
        place = int(np.searchsorted(self.hashes, value))
        while place < len(self.hashes) and self.hashes[place] == value:
            number = int(self.order[place])
            if bytes(self.ids[number]) == sought:
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
