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
from fom.domain.intervals import Interval, uncovered_m
from fom.domain.spans import LAST_TICK
from fom.domain.verification import UNCOVERED_MAX_M
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
    rows, effs, verified = [passages.row[whole]], [passages.eff[whole]], [passages.eff[whole]]
    partial = np.flatnonzero(~whole)
    if len(partial):
        row = passages.row[partial]
        left = uncovered_by_row(row, passages.low[partial], passages.high[partial], length)
        together = partial[left[row] <= UNCOVERED_MAX_M + SLACK]
        order = np.lexsort((passages.eff[together], passages.row[together]))
        together = together[order]
        for group in np.split(together, np.flatnonzero(np.diff(passages.row[together])) + 1):
            if len(group):
                _add_joint_steps(passages, group, float(length[passages.row[group[0]]]), rows, effs, verified)
    return VerifiedSteps(np.concatenate(rows), 2 * np.concatenate(effs), np.concatenate(verified))


def _add_joint_steps(
    passages: Passages, group: Ints, length: float, rows: list[Ints], effs: list[Ints], verified: list[Ints]
) -> None:
    """Add the steps of one row whose partial verifications cover it together; `group` in order of time."""
    moments = passages.eff[group]
    parts: list[Interval] = list(zip(passages.low[group].tolist(), passages.high[group].tolist(), strict=True))
    steps: list[tuple[int, int]] = []
    for last in range(len(group)):
        if last + 1 < len(group) and moments[last + 1] == moments[last]:
            continue
        first = last
        while first >= 0 and uncovered_m(parts[first : last + 1], length) > UNCOVERED_MAX_M + SLACK:
            first -= 1
        if first >= 0:
            steps.append((int(moments[last]), int(moments[first])))
    rows.append(np.full(len(steps), passages.row[group[0]], dtype=np.int64))
    effs.append(np.array([eff for eff, _ in steps], dtype=np.int64))
    verified.append(np.array([moment for _, moment in steps], dtype=np.int64))
