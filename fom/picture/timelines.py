"""How states go on by themselves: every change of some rows from one moment to another, with the same knowledge.

Each row walks from boundary to boundary as in `next_change`, and on from every change it meets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.domain.spans import after_tick, at_tick
from fom.domain.states import NO_STATE
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

    def best(self) -> Bytes:
        """Return (n, 2) the best state of every arc at any of the moments."""
        best: Bytes = self.states.copy()
        np.minimum.at(best.reshape(-1), self._arcs(), self.state)
        return best

    def at(self, arcs: Ints, moments: Ints) -> Bytes:
        """Return (k,) states of arcs at moments, microseconds inside."""
        return np.array(
            [self._state(b, at_tick(t)) for b, t in zip(arcs.tolist(), moments.tolist(), strict=True)], np.uint8
        )

    def _state(self, arc: int, tick: int) -> int:
        begin, end = int(self.first[arc]), int(self.first[arc + 1])
        row = begin + int(np.searchsorted(self.tick[begin:end], tick, side="right")) - 1
        return int(self.states.reshape(-1)[arc]) if row < begin else int(self.state[row])

    def next_change(self, arcs: Ints, moments: Ints) -> Ints:
        """Return (k,) the first microsecond after moments at which arcs have another state; 2^62 = none inside."""
        out = np.full(len(arcs), 2**62, np.int64)
        for k, (arc, at) in enumerate(zip(arcs.tolist(), moments.tolist(), strict=True)):
            begin, end = int(self.first[arc]), int(self.first[arc + 1])
            row = begin + int(np.searchsorted(self.tick[begin:end], at_tick(at), side="right"))
            if row < end:
                out[k] = (int(self.tick[row]) + 1) // 2
        return out

    def replaced(self, segments: Ints, part: Timelines) -> Timelines:
        """Return these with some segments (ascending) taken from `part`, whose rows are those segments."""
        states = self.states.copy()
        states[segments] = part.states
        arcs, mine = self._arcs(), np.column_stack([2 * segments, 2 * segments + 1]).ravel()
        kept = ~np.isin(arcs, mine)
        return _sorted(
            self.start,
            self.end,
            states,
            np.concatenate([arcs[kept], mine[part._arcs()]]),
            np.concatenate([self.tick[kept], part.tick]),
            np.concatenate([self.state[kept], part.state]),
        )

    def _arcs(self) -> Ints:
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))


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
