"""When segments were verified: for each row the moments at which `verified_at` moves on, and to what.

verified_at = the latest moment such that the counting verifications since then together cover the segment.
Source: facts format, section 3, "Age".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.domain.grades import SLACK
from fom.domain.instants import NEVER_US
from fom.domain.spans import LAST_TICK
from fom.domain.verification import UNCOVERED_MAX_M
from fom.network.compiled import compiled
from fom.picture.unions import uncovered_by_row

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Passages:
    """Counting verifications in one direction: one row per interval."""

    row: Ints
    phase: Ints
    """Row of the case's table of passages."""
    eff: Ints
    """Microseconds."""
    low: Floats
    high: Floats
    is_whole: NDArray[np.bool_]
    """Whether the verification alone covers the segment."""


@dataclass(frozen=True)
class VerifiedSteps:
    """From `start` (ticks) on, `row` is verified at `verified_at` (microseconds), until a later step says more."""

    row: Ints
    start: Ints
    verified_at: Ints

    def at(self, tick: Ints | int, n_rows: int) -> Ints:
        """Return (m,) verified_at of every row at a tick, NEVER_US where never."""
        is_due = self.start <= (tick if isinstance(tick, int) else tick[self.row])
        result = np.full(n_rows, NEVER_US, dtype=np.int64)
        np.maximum.at(result, self.row[is_due], self.verified_at[is_due])
        return result

    def next_after(self, tick: Ints | int, n_rows: int) -> Ints:
        """Return (m,) the next tick at which a step begins."""
        is_later = self.start > (tick if isinstance(tick, int) else tick[self.row])
        result = np.full(n_rows, LAST_TICK, dtype=np.int64)
        np.minimum.at(result, self.row[is_later], self.start[is_later])
        return result


def verified_steps(passages: Passages, length: Floats) -> VerifiedSteps:
    """Return the steps of all rows; `length` (m,) metres.

    Verified_at never moves back: one more verification can only make the latest moment later.
    """
    whole = passages.is_whole
    if whole.all():
        return VerifiedSteps(passages.row, 2 * passages.eff, passages.eff)
    rows, effs, verified = [passages.row[whole]], [passages.eff[whole]], [passages.eff[whole]]
    partial = np.flatnonzero(~whole)
    if len(partial):
        row = passages.row[partial]
        left = uncovered_by_row(row, passages.low[partial], passages.high[partial], length)
        together = partial[left[row] <= UNCOVERED_MAX_M + SLACK]
        order = np.lexsort((passages.eff[together], passages.row[together]))
        together = together[order]
        found = _joint_steps(
            passages.row[together], passages.eff[together],
            np.clip(passages.low[together], 0.0, length[passages.row[together]]),
            np.clip(passages.high[together], 0.0, length[passages.row[together]]), np.asarray(length),
        )  # fmt: skip
        for steps, part in zip((rows, effs, verified), found, strict=True):
            steps.append(part)
    return VerifiedSteps(np.concatenate(rows), 2 * np.concatenate(effs), np.concatenate(verified))


@compiled
def _joint_steps(row: Ints, eff: Ints, low: Floats, high: Floats, length: Floats) -> tuple[Ints, Ints, Ints]:
    """Return row, moment and verified_at of the steps of rows that only partial verifications together cover.

    Intervals come by row and then time, clipped to the row. For each moment the verifications are joined backwards from
    it until they cover; that is never further back than for the moment before, once there was one.
    """
    rows, effs, verified = np.empty(len(row), np.int64), np.empty(len(row), np.int64), np.empty(len(row), np.int64)
    count, begin = 0, 0
    from_m, to_m = np.empty(len(row) + 1), np.empty(len(row) + 1)
    while begin < len(row):
        end = begin
        while end < len(row) and row[end] == row[begin]:
            end += 1
        back_to = -1
        for last in range(begin, end):
            if last + 1 < end and eff[last + 1] == eff[last]:
                continue
            pieces, first = 0, last + 1
            covers = False
            while first > max(begin, back_to) and not covers:
                first -= 1
                pieces = _join(from_m, to_m, pieces, low[first], high[first])
                covered = 0.0
                for i in range(pieces):
                    covered += to_m[i] - from_m[i]
                covers = max(0.0, length[row[begin]] - covered) <= UNCOVERED_MAX_M + SLACK
            if covers:
                back_to = first
                rows[count], effs[count], verified[count] = row[begin], eff[last], eff[first]
                count += 1
        begin = end
    return rows[:count].copy(), effs[:count].copy(), verified[:count].copy()


@compiled
def _join(from_m: Floats, to_m: Floats, pieces: int, low: float, high: float) -> int:
    """Join an interval to disjoint pieces in order, in place; return how many pieces there are then."""
    if high < low:
        return pieces
    before = 0
    while before < pieces and to_m[before] < low:
        before += 1
    after = before
    while after < pieces and from_m[after] <= high:
        low, high = min(low, from_m[after]), max(high, to_m[after])
        after += 1
    move = 1 - (after - before)
    if move == 1:
        for i in range(pieces, before, -1):
            from_m[i], to_m[i] = from_m[i - 1], to_m[i - 1]
    elif move < 0:
        for i in range(after, pieces):
            from_m[i + move], to_m[i + move] = from_m[i], to_m[i]
    from_m[before], to_m[before] = low, high
    return pieces + move
