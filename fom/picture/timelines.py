"""How states go on by themselves: every change of some rows from one moment to another, with the same knowledge.

Each row walks from boundary to boundary as in `next_change`, and on from every change it meets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.domain.spans import after_tick, at_tick
from fom.domain.states import NO_STATE, Component
from fom.picture.assessment import Assessment
from fom.picture.contributions import Contributions
from fom.picture.expiry import next_boundary
from fom.picture.next_change import bisect_crossing

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False, slots=True)
class Timelines:
    """States of n segments from `start` to `end` (microseconds, both inside), by arc number."""

    start: int
    end: int
    states: Bytes
    """(n, 2) at `start`."""
    first: Ints
    """(2n + 1,); changes of arc b are rows first[b] to first[b + 1] - 1, in order of time."""
    tick: Ints
    """(c,) ticks (`spans`) from which on `state` holds."""
    state: Bytes


def timelines(contributions: Contributions, start: int, end: int) -> Timelines:
    """Return how the states of some rows go on from `start` to `end`, microseconds."""
    tick, last = at_tick(start), after_tick(end)
    states, rows, ticks, changed = _walk(contributions, 0, tick, last)
    both = np.stack([states, states], axis=1)
    arcs = [2 * rows, 2 * rows + 1]
    ticks_of, states_of = [ticks, ticks], [changed, changed]
    if not contributions.is_symmetric:
        lopsided = np.flatnonzero(contributions.is_lopsided)
        back, back_rows, back_ticks, back_changed = _walk(contributions.narrowed(lopsided), 1, tick, last)
        both[lopsided, 1] = back
        same = ~contributions.is_lopsided[rows]
        arcs = [2 * rows, 2 * rows[same] + 1, 2 * lopsided[back_rows] + 1]
        ticks_of, states_of = [ticks, ticks[same], back_ticks], [changed, changed[same], back_changed]
    oneway = np.asarray(contributions.network.is_oneway)
    oneway = oneway if contributions.segments is None else oneway[contributions.segments]
    both[oneway, 1] = NO_STATE
    arc, at, state = np.concatenate(arcs), np.concatenate(ticks_of), np.concatenate(states_of)
    exists = ((arc & 1) == 0) | ~oneway[arc >> 1]
    return _sorted(start, end, both, arc[exists], at[exists], state[exists])


def _sorted(start: int, end: int, states: Bytes, arc: Ints, tick: Ints, state: Bytes) -> Timelines:
    order = np.lexsort((tick, arc))
    first = np.zeros(2 * len(states) + 1, np.int64)
    np.cumsum(np.bincount(arc, minlength=2 * len(states)), out=first[1:])
    return Timelines(start, end, states, first, tick[order], state[order])


def _walk(contributions: Contributions, direction: int, tick: int, last: int) -> tuple[Bytes, Ints, Ints, Bytes]:
    """Return the states at a tick, and every change up to tick `last`: row, tick, state."""
    m = contributions.n_rows
    rows, at = np.arange(m), np.full(m, tick, dtype=np.int64)
    first = now = contributions.judge(direction, tick).states
    out: list[tuple[Ints, Ints, Bytes]] = []
    while len(rows):
        boundary = np.minimum(next_boundary(contributions, direction, at), last + 1)
        there = (boundary + 1) // 2 * 2
        moved_at, onward = boundary, there
        if contributions.has_risks:
            before = np.maximum((boundary - 1) // 2 * 2, at)
            crossed = contributions.judge(direction, before).states != now
            if crossed.any():
                part = np.flatnonzero(crossed)
                moved_at, onward = boundary.copy(), there.copy()
                moved_at[part] = onward[part] = bisect_crossing(
                    contributions.narrowed(part), direction, at[part], before[part], now[part], crossed[part]
                )
        then = contributions.judge(direction, onward).states
        is_inside = moved_at <= last
        moved = is_inside & (then != now)
        out.append((rows[moved], moved_at[moved], then[moved]))
        keep = np.flatnonzero(is_inside)
        if len(keep) < len(rows):
            contributions = contributions.narrowed(keep)
        rows, at, now = rows[keep], onward[keep], then[keep]
    found = [np.concatenate([part[i] for part in out]) if out else np.empty(0, np.int64) for i in range(3)]
    return first, found[0], found[1], found[2].astype(np.uint8)


def best_states(assessment: Assessment, end: int) -> Bytes:
    """Return (m, 2) states better than which no row is from the moment judged to `end`, microseconds.

    Of a moment not before what is known. By time alone controls, risk and states set by hand may end, explosive and
    physical limits do not, and a passage only ages, unless a threat area or season changes how fast.
    """
    whole, last = assessment.contributions, after_tick(end)
    moments = [assessment.tick]
    while (cut := int(whole.case.regimes.next_after(moments[-1])[0])) <= last:
        moments.append(cut)
    best = np.empty((whole.n_rows, 2), np.uint8)
    for direction, verdict in enumerate(assessment.verdicts):
        lasting = verdict.components[:, [Component.EXPLOSIVE, Component.PHYSICAL]].max(axis=1)
        passed = np.min([whole.judge(direction, at).components[:, Component.VERIFICATION] for at in moments], axis=0)
        best[:, direction] = np.maximum(lasting, passed)
        np.minimum.at(best[:, direction], whole.improvements.row, whole.improvements.state)
    best[np.asarray(assessment.states)[:, 1] == NO_STATE, 1] = NO_STATE
    return best
