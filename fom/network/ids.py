"""Permanent ids: made from rounded geometry, so that a road keeps its id in another file, order or drawing direction.

Map-data ids never enter. Two roads with exactly the same rounded geometry are told apart by a counter that enters the
hash.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

ROUNDING = 10
"""Units of 1e-7 degrees per step of the geometry that is hashed: about 0.1 m."""
ALPHABET = np.frombuffer(b"0123456789abcdefghjkmnpqrstvwxyz", dtype="S1")
CHARACTERS = 12
"""Base-32 characters after the prefix: 60 bits; 2 million segments meet by chance once in 500,000 networks."""


def geometry_ids(
    prefix: str,
    x: NDArray[np.int32],
    y: NDArray[np.int32],
    start: NDArray[np.int64],
    kind: Sequence[str],
    tie: NDArray[np.int64],
) -> NDArray[np.bytes_]:
    """Return (n,) unique ids of n vertex runs: `prefix` and 12 characters.

    Parameters
    ----------
    x, y
        (v,) positions, 1e-7 degrees.
    start
        (n + 1,); vertices of item i are start[i]:start[i + 1].
    kind
        (n,) word that is part of the identity, '' for none.
    tie
        (n,) numbers that order items of equal geometry and kind.
    """
    rounded = np.column_stack([np.rint(x / ROUNDING), np.rint(y / ROUNDING)]).astype("<i4")
    data = memoryview(rounded.tobytes())
    bounds = (start * 8).tolist()
    bodies = [bytes(data[a:b]) + k.encode() for a, b, k in zip(bounds[:-1], bounds[1:], kind, strict=True)]
    hashes = np.array([_hash(body) for body in bodies], dtype=np.uint64)
    _tell_apart(hashes, bodies, tie)
    return np.char.add(prefix.encode(), _letters(hashes))


def fresh_id(taken_id: bytes, taken: Container[bytes]) -> bytes:
    """Return an id that is not taken, made from one that is: a road that came where another had been."""
    prefix, counter = taken_id[:1], 1
    while True:
        hashed = np.array([_hash(taken_id + b"#%d" % counter)], dtype=np.uint64)
        found = prefix + bytes(_letters(hashed)[0])
        if found not in taken:
            return found
        counter += 1


def _hash(body: bytes) -> int:
    return int.from_bytes(blake2b(body, digest_size=8).digest(), "little") >> 4


def _tell_apart(hashes: NDArray[np.uint64], bodies: Sequence[bytes], tie: NDArray[np.int64]) -> None:
    """Give the second and later items of one hash a new one, in the order of `tie`, until all differ."""
    counter = np.zeros(len(hashes), dtype=np.int64)
    while True:
        order = np.lexsort((tie, counter, hashes))
        repeats = order[1:][hashes[order[1:]] == hashes[order[:-1]]]
        if not len(repeats):
            return
        for i in repeats.tolist():
            counter[i] += 1
            hashes[i] = _hash(bodies[i] + b"#%d" % counter[i])


def _letters(hashes: NDArray[np.uint64]) -> NDArray[np.bytes_]:
    shifts = np.arange(5 * (CHARACTERS - 1), -1, -5, dtype=np.uint64)
    letters = ALPHABET[((hashes[:, None] >> shifts) & np.uint64(31)).astype(np.int64)]
    return np.ascontiguousarray(letters).view(f"S{CHARACTERS}").ravel()
