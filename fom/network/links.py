"""Old and new segments by number: which stretch of the one is which of the other, and which did not change at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.network.lineage import Lineage
from fom.network.network import Network
from fom.network.succession import CHANGES, changes_between

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Links:
    """One row per piece, by old segment; numbers and metres (p,)."""

    old: Ints
    old_low: Floats
    old_high: Floats
    new: Ints
    new_low: Floats
    new_high: Floats
    is_reversed: Bools
    is_doubtful: Bools
    is_same: Bools
    """The segment is carried on unchanged: geometry, length, attributes and assets."""

    def turned(self) -> Links:
        """Return the links read from new to old."""
        order = np.lexsort((self.new_low, self.new))
        swapped: tuple[NDArray[Any], ...] = (
            self.new, self.new_low, self.new_high, self.old, self.old_low, self.old_high,
            self.is_reversed, self.is_doubtful, self.is_same,
        )  # fmt: skip
        return Links(*(column[order] for column in swapped))


def links_between(old: Network, new: Network, lineage: Lineage | None) -> Links:
    """Return the links from old to new; without a lineage, only ids that both have."""
    same_old, same_new = common_ids(old.segment_ids, new.segment_ids)
    if lineage is not None:
        kept = ~np.isin(old.segment_ids[same_old], lineage.ids.astype(old.segment_ids.dtype))
        same_old, same_new = same_old[kept], same_new[kept]
    zero, no = np.zeros(len(same_old)), np.zeros(len(same_old), np.bool_)
    whole = (
        same_old, zero, np.asarray(old.length_m)[same_old], same_new, zero, np.asarray(new.length_m)[same_new],
        no, no, _unchanged(old, new, same_old, same_new),
    )  # fmt: skip
    columns = [whole, *([] if lineage is None else [_pieces(old, new, lineage)])]
    joined: list[NDArray[Any]] = [np.concatenate(parts) for parts in zip(*columns, strict=True)]
    order = np.lexsort((joined[1], joined[0]))
    return Links(*(column[order] for column in joined))


def common_ids(one: NDArray[np.bytes_], two: NDArray[np.bytes_]) -> tuple[Ints, Ints]:
    """Return the places of the ids that two arrays of distinct ids share."""
    width = f"S{max(one.dtype.itemsize, two.dtype.itemsize)}"
    _, a, b = np.intersect1d(one.astype(width), two.astype(width), assume_unique=True, return_indices=True)
    order = np.argsort(a)
    return a[order].astype(np.int64), b[order].astype(np.int64)


def _pieces(old: Network, new: Network, lineage: Lineage) -> tuple[NDArray[Any], ...]:
    owner = np.repeat(np.arange(len(lineage.ids)), np.diff(lineage.start))
    row_of_id = _places(lineage.ids, old.segment_ids)
    number = row_of_id[owner]
    there = _places(lineage.new_ids, new.segment_ids)
    known = (number >= 0) & (there >= 0)
    same = np.zeros(int(known.sum()), np.bool_)
    return (
        number[known], lineage.low[known], lineage.high[known], there[known], lineage.new_low[known],
        lineage.new_high[known], lineage.is_reversed[known], lineage.is_doubtful[known], same,
    )  # fmt: skip


def _places(sought: NDArray[np.bytes_], ids: NDArray[np.bytes_]) -> Ints:
    """Return the place of each id in an array of distinct ids, -1 = not there."""
    if not len(sought) or not len(ids):
        return np.full(len(sought), -1, np.int64)
    width = f"S{max(sought.dtype.itemsize, ids.dtype.itemsize)}"
    order = np.argsort(ids, kind="stable")
    ordered = ids[order].astype(width)
    at = np.minimum(np.searchsorted(ordered, sought.astype(width)), len(ids) - 1)
    return np.where(ordered[at] == sought.astype(width), order[at], -1).astype(np.int64)


def _unchanged(old: Network, new: Network, a: Ints, b: Ints) -> Bools:
    """Return whether segments a[i] and b[i] are equal in everything that a state can depend on."""
    changed = changes_between(old, new, a, b)[:, : CHANGES.index("name")].any(axis=1)
    changed |= np.asarray(old.length_m)[a] != np.asarray(new.length_m)[b]
    counts = [np.diff(n.coord_start)[i] for n, i in ((old, a), (new, b))]
    alike = np.flatnonzero(~changed & (counts[0] == counts[1]))
    same = np.zeros(len(a), np.bool_)
    if not len(alike):
        return same
    vertices = [_vertices(n, i[alike]) for n, i in ((old, a), (new, b))]
    equal = (vertices[0] == vertices[1]).all(axis=1)
    first = np.cumsum(counts[0][alike]) - counts[0][alike]
    same[alike] = np.logical_and.reduceat(equal, first)
    return same


def _vertices(network: Network, numbers: Ints) -> Floats:
    start = np.asarray(network.coord_start)
    counts = start[numbers + 1] - start[numbers]
    vertex = np.arange(counts.sum()) + np.repeat(start[numbers] - (np.cumsum(counts) - counts), counts)
    vertices: Floats = np.asarray(network.coords)[vertex]
    return vertices
