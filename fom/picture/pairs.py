"""Which placement lies on which segment, and how: pairs found once, read by segment.

A placement is the place of one record (or of what closing acts leave of it). The bulk of the pairs is kept sorted by
segment; pairs added since stand in a short list beside it, and are merged in when that grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fom.picture.columns import Columns
from fom.picture.ranges import expand_ranges

Ints = NDArray[np.int64]
FRESH_MAX = 16_384
FRESH_SHARE = 8
"""Fresh pairs are merged when they exceed FRESH_MAX and this fraction of the sorted ones."""


class Selection:
    """Some distinct segments of a network, as wanted by every kind of pairs in turn."""

    def __init__(self, segments: Ints, n_segments: int) -> None:
        self.segments, self._n = segments, n_segments

    @cached_property
    def _wanted(self) -> NDArray[np.bool_]:
        wanted = np.zeros(self._n, dtype=np.bool_)
        wanted[self.segments] = True
        return wanted

    @cached_property
    def _order(self) -> Ints:
        return np.argsort(self.segments, kind="stable")

    def find(self, segments: NDArray[Any]) -> tuple[Ints, Ints]:
        """Return (row, at): which of the segments given are wanted, and the row of each."""
        at = np.flatnonzero(self._wanted[segments])
        return self._order[np.searchsorted(self.segments, segments[at], sorter=self._order)], at


@dataclass(frozen=True)
class PairView:
    """The pairs at one moment; later additions do not show."""

    start: Ints | None
    """(n + 1,); sorted pairs of segment i are rows start[i]:start[i + 1]. None = no sorted pairs yet."""
    sorted: Mapping[str, NDArray[Any]]
    fresh: Mapping[str, NDArray[Any]]

    def gather(self, chosen: Selection | None) -> dict[str, NDArray[Any]]:
        """Return the pairs of some segments (None = all), with `row` = row of the selection, or the segment."""
        has_sorted, has_fresh = self.start is not None, len(self.fresh["segment"]) > 0
        if chosen is None:
            merged = {name: np.concatenate([part, self.fresh[name]]) for name, part in self.sorted.items()}
            merged["row"] = merged["segment"].astype(np.int64)
            return merged
        if not has_fresh:
            row, at = self._sorted_rows(chosen.segments)
            return {**{name: part[at] for name, part in self.sorted.items()}, "row": row}
        row, at = chosen.find(self.fresh["segment"])
        found = {name: part[at] for name, part in self.fresh.items()}
        if has_sorted:
            first_row, first_at = self._sorted_rows(chosen.segments)
            found = {name: np.concatenate([part[first_at], found[name]]) for name, part in self.sorted.items()}
            row = np.concatenate([first_row, row])
        found["row"] = row
        return found

    def _sorted_rows(self, segments: Ints) -> tuple[Ints, Ints]:
        if self.start is None:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        first = self.start[segments]
        return expand_ranges(first, self.start[segments + 1] - first)


class Pairs:
    """Grows; `view` is what is there now."""

    def __init__(self, n_segments: int, values: Mapping[str, DTypeLike]) -> None:
        self._dtypes: dict[str, DTypeLike] = {"placement": np.int32, "segment": np.int32, **values}
        self.n_segments = n_segments
        self._start: Ints | None = None
        self._sorted: dict[str, NDArray[Any]] = {name: np.empty(0, dtype) for name, dtype in self._dtypes.items()}
        self._fresh = Columns(self._dtypes)
        self.segments_of: list[NDArray[np.int32]] = []
        """Placement -> its segments."""

    @property
    def n_placements(self) -> int:
        """Return how many placements there are."""
        return len(self.segments_of)

    def add(self, segments: NDArray[Any], **values: Any) -> int:
        """Add a placement with its pairs and return its number."""
        placement = len(self.segments_of)
        segments = np.asarray(segments, dtype=np.int32)
        self.segments_of.append(segments)
        self._fresh.extend(len(segments), {"placement": placement, "segment": segments, **values})
        return placement

    def view(self) -> PairView:
        """Return the pairs as they are now."""
        if self._fresh.size > FRESH_MAX and self._fresh.size * FRESH_SHARE > len(self._sorted["segment"]):
            self._merge()
        return PairView(self._start, self._sorted, {n: self._fresh[n] for n in self._dtypes})

    def _merge(self) -> None:
        whole = {name: np.concatenate([part, self._fresh[name]]) for name, part in self._sorted.items()}
        order = np.argsort(whole["segment"], kind="stable")
        self._sorted = {name: part[order] for name, part in whole.items()}
        counts = np.bincount(self._sorted["segment"], minlength=self.n_segments)
        self._start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._fresh = Columns(self._dtypes)

    def emptied(self) -> Pairs:
        """Return pairs of the same columns with nothing in them."""
        return Pairs(self.n_segments, self._dtypes)

    def copy(self) -> Pairs:
        """Return pairs that grow on their own; what is there is shared."""
        twin = Pairs(self.n_segments, {})
        twin._dtypes, twin._start, twin._sorted = self._dtypes, self._start, self._sorted
        twin._fresh, twin.segments_of = self._fresh.copy(), list(self.segments_of)
        return twin
