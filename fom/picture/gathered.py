"""What lies on some segments, as flat arrays: the pairs of a case with the phases of their placements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.incident import NOTHING, decayed
from fom.domain.phases import BOTH_WAYS
from fom.domain.spans import FIRST_TICK
from fom.network.compiled import compiled
from fom.picture.case import ENDED_BY_PASSAGE, RECURRING, STATE_BITS, Case, PhaseTable
from fom.picture.pairs import PairView, Selection
from fom.picture.passages import Passages

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Limits:
    """Phases that limit, one row per (segment, phase). All arrays (l,)."""

    row: Ints
    placement: NDArray[np.int32]
    phase: Ints
    zone: Bytes
    start: Ints
    """Ticks; orders already have the segment's travel time taken off."""
    end: NDArray[np.int64]
    """(2, l) ticks by direction; denials end earlier where a passage ended them."""
    component: Ints
    state: Bytes
    directions: Bytes
    recurring: Ints
    """Rows whose phase comes back by the day."""
    has_endings: bool
    """Whether any end differs from that of its phase."""


@dataclass(frozen=True)
class Risks:
    """Incidents, one row per (segment, phase)."""

    row: Ints
    phase: Ints
    nearness: Floats
    is_grouped: Bools


@dataclass(frozen=True)
class Improvements:
    """Improvements by hand, one row per (segment, phase)."""

    row: Ints
    phase: Ints
    start: Ints
    end: Ints
    state: Bytes


class Gatherer:
    """Gathers what a case holds about some segments (None = all).

    With `only_at` only phases that hold at that tick; with `since` only what may still move a state then or later.
    """

    def __init__(self, case: Case, chosen: Selection | None, only_at: int | None, since: int | None = None) -> None:
        self._case, self._chosen, self._only_at, self._since = case, chosen, only_at, since

    def _pairs(self, view: PairView, table: PhaseTable, matters: Callable[[], Bools]) -> dict[str, NDArray[Any]]:
        """Return the pairs; of all segments only those of placements with a phase, with `since` one that matters."""
        if self._chosen is not None:
            return view.gather(self._chosen, count=table.count)
        return view.gather(None, placements=table.count > 0 if self._since is None else table.placements(matters()))

    def _lasts(self, table: PhaseTable) -> Bools:
        """Return which rows of a table end after `since`."""
        lasts: Bools = table.columns["end"] > (self._since or 0)
        return lasts

    def _weighs(self) -> Bools:
        """Return which incidents are not yet so old that their risk is nothing, to the last digit counted."""
        columns, since = self._case.risks.columns, self._since or 0
        age = np.maximum(0.0, since / 2 - columns["eff"])
        weight = decayed(columns["weight"], age, columns["half_life_us"])
        return self._lasts(self._case.risks) & ~(weight < NOTHING)

    def limits(self, travel_us: Callable[[], Ints]) -> Limits:
        """Return the phases that limit. `travel_us` gives (m,) travel times, asked for where an order needs them."""
        table, columns = self._case.limits, self._case.limits.columns
        pairs = self._pairs(self._case.views.limits, table, lambda: self._lasts(table))
        row, phase, pair = _with_phases(pairs, table, self._only_at)
        placement, zone = pairs["placement"][pair], pairs["zone"][pair]
        special = columns["special"][phase]
        start, end, component, state, directions, has_lead = _limit_values(
            phase, zone, columns["start"], columns["end"], columns["lead"], columns["component"], columns["states"],
            columns["directions"],
        )  # fmt: skip
        if has_lead:
            lead = columns["lead"][phase]
            start = np.where(lead > FIRST_TICK, np.maximum(start, lead - 2 * travel_us()[row]), start)
        if has_lead and self._only_at is not None:
            keep = np.flatnonzero((start <= self._only_at) & (self._only_at < end))
            gathered: list[Any] = [row, phase, placement, zone, start, end, component, state, directions, special]
            row, phase, placement, zone, start, end, component, state, directions, special = (
                part[keep] for part in gathered
            )
        return Limits(
            row, placement, phase, zone, start, self._ends(row, placement, end, special), component, state, directions,
            np.flatnonzero(special == RECURRING), bool(self._case.endings),
        )  # fmt: skip

    def _ends(self, row: Ints, placement: NDArray[np.int32], end: Ints, special: Bytes) -> Ints:
        if not self._case.endings:
            return np.broadcast_to(end, (2, len(end)))
        ends = np.stack([end, end])
        for at in np.flatnonzero(special == ENDED_BY_PASSAGE).tolist():
            key = (int(placement[at]), self._segment(int(row[at])))
            if key in self._case.endings:
                ends[:, at] = np.minimum(ends[:, at], self._case.endings[key])
        return ends

    def _segment(self, row: int) -> int:
        return row if self._chosen is None else int(self._chosen.segments[row])

    def risks(self) -> Risks:
        """Return the incidents."""
        table, columns = self._case.risks, self._case.risks.columns
        pairs = self._pairs(self._case.views.risks, table, self._weighs)
        row, phase, pair = _with_phases(pairs, table, self._only_at)
        return Risks(row, phase, pairs["nearness"][pair], columns["is_shared"][phase])

    def improvements(self) -> Improvements:
        """Return the improvements by hand."""
        table, columns = self._case.improvements, self._case.improvements.columns
        pairs = self._pairs(self._case.views.improvements, table, lambda: self._lasts(table))
        row, phase, _ = _with_phases(pairs, table)
        return Improvements(row, phase, columns["start"][phase], columns["end"][phase], columns["state"][phase])

    def passages(self, all_known: Bools) -> tuple[Passages, Passages, Ints]:
        """Return what counts forward, what backward, and the rows where these differ.

        `all_known` (m,): where all limits are recorded.
        """
        table, columns = self._case.passages, self._case.passages.columns
        pairs = self._pairs(self._case.views.passages, table, lambda: np.ones(table.columns.size, np.bool_))
        row, phase, pair = _with_phases(pairs, table)
        counts = columns["everywhere"][phase] | all_known[row]
        directions = columns["directions"][phase]
        is_one_way = counts & (directions != BOTH_WAYS)
        if counts.all() and not is_one_way.any() and len(pair) == len(pairs["row"]):  # nothing to choose from
            low, high, is_whole = pairs["low"], pairs["high"], pairs["is_whole"]
            both = Passages(row, phase, columns["eff"][phase], low, high, is_whole)
            return both, both, row[:0]

        def chosen(wanted: Bools) -> Passages:
            at = np.flatnonzero(wanted)
            where = pair[at]
            return Passages(
                row[at], phase[at], columns["eff"][phase[at]],
                pairs["low"][where], pairs["high"][where], pairs["is_whole"][where],
            )  # fmt: skip

        forward = chosen(counts & ((directions & 0b01) != 0))
        backward = chosen(counts & ((directions & 0b10) != 0)) if is_one_way.any() else forward
        return forward, backward, row[is_one_way]


def _with_phases(
    pairs: Mapping[str, NDArray[Any]], table: PhaseTable, at: int | None = None
) -> tuple[Ints, Ints, Ints]:
    """Return (row, phase, pair) for every phase of every pair; with `at` (a tick) of those only that span it.

    Placements a table does not know have none.
    """
    if at is None:
        return _expand(pairs["row"], pairs["placement"], table.first, table.count)
    columns = table.columns
    return _expand_at(pairs["row"], pairs["placement"], table.first, table.count, columns["start"], columns["end"], at)


@compiled
def _limit_values(
    phase: Ints, zone: Bytes, start: Ints, end: Ints, lead: Ints, component: Ints, states: Ints, directions: Bytes
) -> tuple[Ints, Ints, Ints, Bytes, Bytes, bool]:
    """Return start, end, component, state and directions of (phase, zone) rows, and whether any has a lead."""
    starts, ends, components = np.empty(len(phase), np.int64), np.empty(len(phase), np.int64), np.empty_like(phase)
    state, ways = np.empty(len(phase), np.uint8), np.empty(len(phase), np.uint8)
    has_lead = False
    for i in range(len(phase)):
        at = phase[i]
        starts[i], ends[i], components[i], ways[i] = start[at], end[at], component[at], directions[at]
        state[i] = states[at] >> (STATE_BITS * np.int64(zone[i])) & 0b111
        has_lead = has_lead or lead[at] > FIRST_TICK
    return starts, ends, components, state, ways, has_lead


@compiled
def _expand(row: Ints, placement: NDArray[np.int32], first: Ints, count: Ints) -> tuple[Ints, Ints, Ints]:
    size = 0
    for pair in range(len(row)):
        if placement[pair] < len(count):
            size += count[placement[pair]]
    rows, phases, pairs = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    size = 0
    for pair in range(len(row)):
        if placement[pair] < len(count):
            for phase in range(first[placement[pair]], first[placement[pair]] + count[placement[pair]]):
                rows[size], phases[size], pairs[size] = row[pair], phase, pair
                size += 1
    return rows, phases, pairs


@compiled
def _expand_at(
    row: Ints, placement: NDArray[np.int32], first: Ints, count: Ints, start: Ints, end: Ints, at: int
) -> tuple[Ints, Ints, Ints]:
    spanning = np.zeros(len(count), np.int64)
    for place in range(len(count)):
        for phase in range(first[place], first[place] + count[place]):
            if start[phase] <= at < end[phase]:
                spanning[place] += 1
    size = 0
    for pair in range(len(row)):
        if placement[pair] < len(count):
            size += spanning[placement[pair]]
    rows, phases, pairs = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    size = 0
    for pair in range(len(row)):
        place = placement[pair]
        if place < len(count) and spanning[place]:
            for phase in range(first[place], first[place] + count[place]):
                if start[phase] <= at < end[phase]:
                    rows[size], phases[size], pairs[size] = row[pair], phase, pair
                    size += 1
    return rows, phases, pairs
