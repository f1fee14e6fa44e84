"""Which placement lies on which segment, and how: pairs found once, read by segment.

A placement is the place of one record (or of what closing acts leave of it). The bulk of the pairs is kept sorted by
segment; pairs added since stand in a short list beside it, and are merged in when that grows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fom.network.compiled import compiled
from fom.picture.columns import Columns
from fom.picture.ranges import expand_ranges

Ints = NDArray[np.int64]
FRESH_MAX = 16_384
FRESH_SHARE = 8
"""Fresh pairs are merged when they exceed FRESH_MAX and this fraction of the sorted ones."""
TAIL_MAX = 512
"""Of fresh pairs the last so many at most are looked through one by one; the rest are looked up in order."""
NO_STARTS = np.empty(0, np.int64)
NO_PLACES = np.empty(0, np.int32)


class Selection:
    """Some distinct segments of a network, as wanted by every kind of pairs in turn."""

    def __init__(self, segments: Ints) -> None:
        self.segments = segments

    @cached_property
    def order(self) -> Ints:
        """Return the rows of the selection by segment."""
        return np.argsort(self.segments, kind="stable")


@dataclass(frozen=True, eq=False)
class KeptPairs:
    """Pairs of the first placements, sorted once and for all; in files they are shared by all processes."""

    start: Ints
    """(n + 1,); pairs of segment i are rows start[i]:start[i + 1]."""
    columns: Mapping[str, NDArray[Any]]
    """Rows sorted by segment."""
    place_start: Ints
    """(p + 1,); rows of placement i are place_row[place_start[i]:place_start[i + 1]]."""
    place_row: NDArray[np.int32]
    """In the order in which the placement came with its segments."""

    @classmethod
    def of(
        cls, n_segments: int, names: Sequence[str], column: Callable[[str], NDArray[Any]], n_placements: int
    ) -> KeptPairs:
        """Return pairs sorted by segment; `column` gives the values of a name in the order of the placements.

        Columns are sorted when they are read, one at a time: there may be tens of millions of pairs.
        """
        segment = column("segment")
        order = np.argsort(segment, kind="stable").astype(np.int32)
        place_row = np.empty(len(order), np.int32)
        place_row[order] = np.arange(len(order), dtype=np.int32)
        start, place_start = _starts(segment, n_segments), _starts(column("placement"), n_placements)
        return cls(start, SortedColumns(names, column, order), place_start, place_row)

    def __len__(self) -> int:
        return len(self.place_start) - 1

    def segments(self, placement: int) -> NDArray[np.int32]:
        """Return the segments of a placement, as they came."""
        rows = self.place_row[self.place_start[placement] : self.place_start[placement + 1]]
        return np.asarray(self.columns["segment"][rows])

    def of_placements(self, wanted: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """Return the pairs of the placements wanted, sorted by segment, with `row` = segment."""
        numbers = np.flatnonzero(wanted[: len(self)])
        _, place = expand_ranges(self.place_start[numbers], np.diff(self.place_start)[numbers])
        at = np.sort(self.place_row[place])
        found = {name: part[at] for name, part in self.columns.items()}
        return {**found, "row": found["segment"].astype(np.int64)}

    def column(self, name: str) -> NDArray[Any]:
        """Return a column in the order of the placements, each as it came."""
        return np.asarray(self.columns[name][self.place_row])


class SortedColumns(Mapping[str, NDArray[Any]]):
    """Columns that are put in order when they are read."""

    def __init__(self, names: Sequence[str], column: Callable[[str], NDArray[Any]], order: NDArray[np.int32]) -> None:
        self._names, self._column, self._order = names, column, order

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._column(name)[self._order]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _starts(of: NDArray[Any], count: int) -> Ints:
    return np.concatenate([[0], np.cumsum(np.bincount(of, minlength=count))]).astype(np.int64)


@dataclass(frozen=True)
class FreshOrder:
    """The first of the fresh pairs by segment."""

    segments: NDArray[np.int32]
    """(k,) ascending."""
    rows: NDArray[np.int64]
    """(k,) their rows, which are the first k."""

    @classmethod
    def of(cls, segments: NDArray[np.int32], before: FreshOrder) -> FreshOrder:
        """Return the order of all fresh pairs, from that of the first of them."""
        known = len(before.rows)
        tail = known + np.argsort(segments[known:], kind="stable")
        places = np.searchsorted(before.segments, segments[tail], side="right")
        return cls(np.insert(before.segments, places, segments[tail]), np.insert(before.rows, places, tail))


NO_ORDER = FreshOrder(np.empty(0, np.int32), np.empty(0, np.int64))


@compiled
def _not_below(ascending: NDArray[Any], low: int, value: int) -> int:
    """Return the first place from `low` on whose number is not below a value."""
    high = len(ascending)
    while low < high:
        middle = (low + high) >> 1
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _counts(count: Ints, placement: int) -> bool:
    return not len(count) or (placement < len(count) and count[placement] > 0)


@compiled
def _locate(
    wanted: Ints,
    order: Ints,
    kept_start: Ints,
    start: Ints,
    ordered: NDArray[np.int32],
    rows: Ints,
    fresh: NDArray[np.int32],
    count: Ints,
    kept_placement: NDArray[np.int32],
    placement: NDArray[np.int32],
    fresh_placement: NDArray[np.int32],
) -> tuple[Ints, Ints, int, int]:
    """Return (row, at, kept, sorted): the pairs of wanted segments; `kept` kept ones, `sorted` sorted, then fresh.

    `order` are the rows of `wanted` by segment. Starts are empty where nothing is kept, or sorted. Pairs of placements
    whose `count` is 0, or that lie beyond its end, are left out; an empty `count` leaves none out.
    """
    row, at = np.empty(256, np.int64), np.empty(256, np.int64)
    size = kept = 0
    for part in range(2):
        starts = kept_start if part == 0 else start
        places = kept_placement if part == 0 else placement
        if part == 1:
            kept = size
        if not len(starts):
            continue
        for i in range(len(wanted)):
            for pair in range(starts[wanted[i]], starts[wanted[i] + 1]):
                if not _counts(count, places[pair]):
                    continue
                if size == len(row):
                    row, at = np.concatenate((row, np.empty_like(row))), np.concatenate((at, np.empty_like(at)))
                row[size], at[size] = i, pair
                size += 1
    n_sorted = size - kept
    found = 0
    for k in range(len(order)):
        segment = wanted[order[k]]
        found = _not_below(ordered, found, segment)
        while found < len(ordered) and ordered[found] == segment:
            if _counts(count, fresh_placement[rows[found]]):
                if size == len(row):
                    row, at = np.concatenate((row, np.empty_like(row))), np.concatenate((at, np.empty_like(at)))
                row[size], at[size] = order[k], rows[found]
                size += 1
            found += 1
    ascending = wanted[order]
    for pair in range(len(rows), len(fresh)):
        k = _not_below(ascending, 0, fresh[pair])
        if k < len(order) and ascending[k] == fresh[pair] and _counts(count, fresh_placement[pair]):
            if size == len(row):
                row, at = np.concatenate((row, np.empty_like(row))), np.concatenate((at, np.empty_like(at)))
            row[size], at[size] = order[k], pair
            size += 1
    return row[:size].copy(), at[:size].copy(), kept, n_sorted


@dataclass(frozen=True)
class PairView:
    """The pairs at one moment; later additions do not show."""

    kept: KeptPairs | None
    start: Ints | None
    """(n + 1,); sorted pairs of segment i are rows start[i]:start[i + 1]. None = no sorted pairs yet."""
    sorted: Mapping[str, NDArray[Any]]
    fresh: Mapping[str, NDArray[Any]]
    order: FreshOrder

    def gather(
        self, chosen: Selection | None, *, placements: NDArray[np.bool_] | None = None, count: Ints = NO_STARTS
    ) -> dict[str, NDArray[Any]]:
        """Return the pairs of some segments (None = all), with `row` = row of the selection, or the segment.

        `placements` (p,): of all segments only the pairs of the placements wanted; those beyond its end are not. Where
        most are wanted there may be others among them. `count` (p,): of some segments only the pairs of the placements
        whose number there is not 0; empty = all.
        """
        if chosen is not None:
            return self._chosen(chosen, count)
        parts = self._all(placements)
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return {**{name: part[:0] for name, part in self.fresh.items()}, "row": np.empty(0, np.int64)}
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _all(self, placements: NDArray[np.bool_] | None) -> list[dict[str, NDArray[Any]]]:
        parts = []
        are_few = placements is not None and 2 * np.count_nonzero(placements) < len(placements)
        if self.kept is not None and placements is not None:
            parts.append(self.kept.of_placements(placements))
        elif self.kept is not None:
            parts.append({**self.kept.columns, "row": self.kept.columns["segment"].astype(np.int64)})
        for some in (self.sorted, self.fresh):
            if len(some["segment"]):
                found = dict(some)
                if placements is not None and are_few:
                    at = np.flatnonzero(np.append(placements, False)[np.minimum(some["placement"], len(placements))])
                    found = {name: part[at] for name, part in some.items()}
                parts.append({**found, "row": found["segment"].astype(np.int64)})
        return parts

    def _chosen(self, chosen: Selection, count: Ints) -> dict[str, NDArray[Any]]:
        fresh, names = self.fresh["segment"], [name for name in self.fresh if name != "segment"]
        if self.kept is None and self.start is None and not len(fresh):
            return {**{name: self.fresh[name] for name in names}, "row": np.empty(0, np.int64)}
        row, at, n_kept, n_sorted = _locate(
            chosen.segments, chosen.order, NO_STARTS if self.kept is None else self.kept.start,
            NO_STARTS if self.start is None else self.start, self.order.segments, self.order.rows, fresh, count,
            NO_PLACES if self.kept is None else self.kept.columns["placement"], self.sorted["placement"],
            self.fresh["placement"],
        )  # fmt: skip
        sources: list[tuple[Mapping[str, NDArray[Any]], Ints]] = []
        if self.kept is not None and n_kept:
            sources.append((self.kept.columns, at[:n_kept]))
        if n_sorted:
            sources.append((self.sorted, at[n_kept : n_kept + n_sorted]))
        if len(at) > n_kept + n_sorted or not sources:
            sources.append((self.fresh, at[n_kept + n_sorted :]))
        if len(sources) == 1:
            columns, places = sources[0]
            return {**{name: columns[name][places] for name in names}, "row": row}
        found = {name: np.concatenate([columns[name][places] for columns, places in sources]) for name in names}
        return {**found, "row": row}


class PlacementSegments:
    """Placement -> its segments; grows."""

    def __init__(self, kept: KeptPairs | None) -> None:
        self._kept, self._n_kept = kept, 0 if kept is None else len(kept)
        self._own: list[NDArray[np.int32]] = []

    def __len__(self) -> int:
        return self._n_kept + len(self._own)

    def __getitem__(self, placement: int) -> NDArray[np.int32]:
        if self._kept is not None and placement < self._n_kept:
            return self._kept.segments(placement)
        return self._own[placement - self._n_kept]

    def append(self, segments: NDArray[np.int32]) -> None:
        """Add the segments of the next placement."""
        self._own.append(segments)

    def copy(self) -> PlacementSegments:
        """Return what grows on its own."""
        twin = PlacementSegments(self._kept)
        twin._own = list(self._own)
        return twin


class Pairs:
    """Grows; `view` is what is there now."""

    def __init__(self, n_segments: int, values: Mapping[str, DTypeLike], kept: KeptPairs | None = None) -> None:
        self._dtypes: dict[str, DTypeLike] = {"placement": np.int32, "segment": np.int32, **values}
        self.n_segments = n_segments
        self.kept = kept
        self._start: Ints | None = None
        self._sorted: dict[str, NDArray[Any]] = {name: np.empty(0, dtype) for name, dtype in self._dtypes.items()}
        self._fresh = Columns(self._dtypes)
        self._order = NO_ORDER
        self._view: PairView | None = None
        self.segments_of = PlacementSegments(kept)
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
        self._view = None
        self._fresh.extend(len(segments), {"placement": placement, "segment": segments, **values})
        return placement

    def view(self) -> PairView:
        """Return the pairs as they are now."""
        if self._view is not None:
            return self._view
        if self._fresh.size > FRESH_MAX and self._fresh.size * FRESH_SHARE > len(self._sorted["segment"]):
            self._merge()
        fresh = {name: self._fresh[name] for name in self._dtypes}
        if self._fresh.size > len(self._order.rows) + TAIL_MAX:
            self._order = FreshOrder.of(fresh["segment"], self._order)
        self._view = PairView(self.kept, self._start, self._sorted, fresh, self._order)
        return self._view

    def by_placement(self) -> Callable[[str], NDArray[Any]]:
        """Return what gives a column of all pairs, in the order of their placements, each as it came."""
        parts = self._sorted, {name: self._fresh[name] for name in self._dtypes}
        order = np.argsort(np.concatenate([part["placement"] for part in parts]), kind="stable")

        def column(name: str) -> NDArray[Any]:
            own = np.concatenate([part[name] for part in parts])[order]
            return own if self.kept is None else np.concatenate([self.kept.column(name), own])

        return column

    def _merge(self) -> None:
        whole = {name: np.concatenate([part, self._fresh[name]]) for name, part in self._sorted.items()}
        order = np.argsort(whole["segment"], kind="stable")
        self._sorted = {name: part[order] for name, part in whole.items()}
        self._start = _starts(self._sorted["segment"], self.n_segments)
        self._fresh, self._order = Columns(self._dtypes), NO_ORDER

    def emptied(self) -> Pairs:
        """Return pairs of the same columns with nothing in them."""
        return Pairs(self.n_segments, self._dtypes)

    def copy(self) -> Pairs:
        """Return pairs that grow on their own; what is there is shared."""
        self.view()  # if they must be merged, then once for all copies
        twin = Pairs(self.n_segments, {}, self.kept)
        twin._dtypes, twin._start, twin._sorted = self._dtypes, self._start, self._sorted
        twin._fresh, twin._order, twin.segments_of = self._fresh.copy(), self._order, self.segments_of.copy()
        return twin
