"""Live states: arrays kept up to date for one profile and user class while records come in and time goes on.

What is known is what has been received by the moment shown. Only segments that a change or the clock may have moved are
judged again; each carries the moment up to which its judgement certainly stands. A boundary at which nothing moves
(freshness that ends under a closure, risk that nears a threshold) is judged ahead and passed over, so that the next
wake is a moment at which a state does change.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fom.domain.knowledge import Knowledge
from fom.domain.policy import Policy
from fom.domain.profiles import Profile
from fom.domain.records import Record
from fom.domain.spans import FIRST_TICK, LAST_TICK, at_tick, to_us
from fom.domain.states import NO_STATE, Component
from fom.picture.case import Case
from fom.picture.contributions import Contributions, Verdict
from fom.picture.expiry import stands_until, valid_until
from fom.picture.ranges import distinct
from fom.picture.reasons import RowReasons

if TYPE_CHECKING:
    from fom.picture.picture import Picture

Ints = NDArray[np.int64]
BLOCK = 1024
"""Segments looked at together when asking which are due."""
AHEAD_BLOCKS = 16
"""Blocks looked into for the segments that are due first; four times as many each time that none of them moves."""
AHEAD_ROWS = 8192
"""Segments judged ahead together."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Segments whose state moved: numbers (j,), states before and after (j, 2)."""

    segments: Ints
    old: NDArray[np.uint8]
    new: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What costs of travel are made of, for m segments in both directions."""

    states: NDArray[np.uint8]
    """(m, 2); NO_STATE backward on one-way segments."""
    risk: NDArray[np.float64]
    """(m, 2) 0 to 1."""
    delay_min: NDArray[np.float64]
    """(m, 2) minutes."""


class LiveStates:
    """States of all segments for one profile and user class at a moment that moves on."""

    def __init__(self, picture: Picture, profile: Profile, user_class: str, at: int) -> None:
        self._picture, self.profile, self.user_class = picture, profile, user_class
        n = picture.network.n_segments
        self.states: NDArray[np.uint8] = np.full((n, 2), NO_STATE, dtype=np.uint8)
        """(n, 2); NO_STATE backward on one-way segments. Changed in place under the picture's lock: see `snapshot`."""
        self._number = itertools.count()
        self._until = np.full((n, 2), FIRST_TICK, dtype=np.int64)
        self._is_sure = np.zeros(n, dtype=np.bool_)
        """Whether a state certainly changes when `_until` is over."""
        self._block_until = np.full(n // BLOCK + 1, LAST_TICK, dtype=np.int64)
        """For each block of segments a tick before which none of them is due."""
        self._next_wake: int | None = None
        self._judged: tuple[int, Ints, Contributions, tuple[Verdict, Verdict]] | None = None
        """Tick, segments, what lies on them and the judgement: of the last segments that were judged."""
        self._start(at)

    def is_under(self, policy: Policy) -> bool:
        """Return whether states are judged by a policy."""
        return self._picture.policy is policy

    def copy(self, picture: Picture) -> LiveStates:
        """Return the same states on a copy of the picture made since; they go on by themselves."""
        with self._picture.lock:
            twin = object.__new__(LiveStates)
            vars(twin).update(vars(self))
            twin._picture, twin._judged = picture, None
            twin.states, twin._until = self.states.copy(), self._until.copy()
            twin._is_sure, twin._block_until = self._is_sure.copy(), self._block_until.copy()
            twin._later = list(self._later)
            basis = picture.moving_basis()
            twin._knowledge = self._knowledge.copy(basis.ledger)
            twin._case = self._case.copy(basis, twin._knowledge)
            return twin

    def _start(self, at: int) -> None:
        """Work out everything anew."""
        picture = self._picture
        with picture.lock:
            self.at, self.version = at, picture.version
            basis = picture.moving_basis()
            self._knowledge = Knowledge(basis.ledger, at, picture.policy)
            self._case = Case(basis, self._knowledge, self.profile, self.user_class, since=at)
            self._case.put_all()
            self._later: list[tuple[int, int, Record]] = []
            self._expect(basis.ledger.received_after(at))
            self._judge(None)

    def _expect(self, records: Iterable[Record]) -> None:
        """Remember records that will only have been received after the moment shown."""
        for record in records:
            if record.received is not None and record.received > self.at:
                heapq.heappush(self._later, (record.received, next(self._number), record))

    @property
    def due_at(self) -> int:
        """Return a moment, microseconds, before which nothing changes by itself: at hand, never after `next_wake`."""
        return min(to_us(int(self._block_until.min()) + 1), self._receipt)

    @property
    def _receipt(self) -> int:
        """Return when the next record that is here already will have been received, microseconds."""
        return self._later[0][0] if self._later else to_us(LAST_TICK)

    @property
    def next_wake(self) -> int:
        """Return the first moment, microseconds, at which a state changes by itself, or a record is received.

        Asked again after each refresh; between two it is worked out once.
        """
        with self._picture.lock:
            blocks = AHEAD_BLOCKS
            while self._next_wake is None:
                wake = self.due_at
                if wake == self._receipt or self._is_sure[self._due(at_tick(wake))].any():
                    self._next_wake = wake
                else:
                    self._look_ahead(blocks)
                    blocks *= 4
            return self._next_wake

    def _look_ahead(self, n_blocks: int) -> None:
        """Find for segments that are due first whether they move then, and where not, how long they go on to stand.

        Each is judged at its own moment, so that many boundaries at which nothing moves cost one judgement.
        """
        rows = self._first_due(n_blocks)
        tick = (self._until[rows].min(axis=1) + 1) // 2 * 2  # the first whole microsecond
        whole = self._picture.contributions(self._case, rows)
        until = np.empty((len(rows), 2), np.int64)
        moves = np.zeros(len(rows), np.bool_)
        has_way = self.states[rows] != NO_STATE
        for direction, verdict in enumerate(whole.judge_both(tick)):
            until[:, direction] = stands_until(whole, direction, tick, verdict)
            moves |= has_way[:, direction] & (verdict.states != self.states[rows, direction])
        until[moves] = tick[moves, None]
        self._until[rows], self._is_sure[rows] = until, moves
        self._find_first(distinct(rows // BLOCK))

    def _first_due(self, n_blocks: int) -> Ints:
        """Return segments that are due before all others, AHEAD_ROWS at most; looks into so many blocks."""
        blocks = np.argsort(self._block_until, kind="stable")
        self._find_first(blocks[:n_blocks])  # a block may be noted as due before any of its segments is
        last = LAST_TICK if n_blocks >= len(blocks) else int(self._block_until[blocks[n_blocks]])
        rows = (blocks[:n_blocks, None] * BLOCK + np.arange(BLOCK)).ravel()
        rows = rows[rows < len(self._until)]
        until = self._until[rows].min(axis=1)
        early = np.flatnonzero((until <= last) & (until < LAST_TICK))
        if len(early) > AHEAD_ROWS:
            early = early[np.argpartition(until[early], AHEAD_ROWS)[:AHEAD_ROWS]]
        return rows[early]

    def snapshot(self) -> NDArray[np.uint8]:
        """Return a copy of the states as they are between two changes."""
        with self._picture.lock:
            return self.states.copy()

    def advance(self, at: int) -> Moves:
        """Move on to a moment and judge again what time, or a change of the picture, may have moved."""
        return self.refresh(np.empty(0, np.int64), at)

    def refresh(self, segments: Ints, at: int) -> Moves:
        """Judge segments again at a moment, with all that changed in the picture since and all that time moved.

        `at` in microseconds; a moment before the one shown, or too many missed changes, costs a full assessment.
        """
        picture = self._picture
        with picture.lock:
            changes = picture.changes_since(self.version)
            if at < self.at or changes is None:
                before = self.states
                self.states = before.copy()
                self._start(at)
                return self._moves(np.arange(len(before)), before)
            self.version, self.at = picture.version, at
            arrived = self._catch_up([record for records, _ in changes for record in records])
            moved = [of_change for _, of_change in changes]
            late, due = np.flatnonzero(self._block_until <= at_tick(at)), self._due(at_tick(at))
            wanted = distinct(np.concatenate([np.asarray(segments, np.int64), arrived, due, *moved]))
            before = self.states[wanted]
            self._judge(wanted)
            self._find_first(late)
            return self._moves(wanted, before)

    def _catch_up(self, changes: list[Record]) -> Ints:
        """Work out again the phases of records that changes moved or time has made known.

        Returns the segments of those that time has.
        """
        arrived: list[Record] = []
        while self._later and self._later[0][0] <= self.at:
            arrived.append(heapq.heappop(self._later)[2])
        influence = self._picture.influence
        with_arrived = influence.records(arrived) if arrived else {}
        moved = {**{record.id: record for record in changes}, **with_arrived}
        self._knowledge.move(self.at, moved)
        if not moved:
            return np.empty(0, np.int64)
        self._expect(changes)
        self._case.follow(moved)
        return influence.segments_of(with_arrived.values())

    def _due(self, tick: int) -> Ints:
        """Return the segments whose judgement no longer stands at a tick."""
        found = [np.empty(0, np.int64)]
        for block in np.flatnonzero(self._block_until <= tick).tolist():
            until = self._until[block * BLOCK : (block + 1) * BLOCK].min(axis=1)
            found.append(block * BLOCK + np.flatnonzero(until <= tick))
        return np.concatenate(found)

    def count_due(self, at: int) -> int:
        """Return how many segments have to be judged again by a moment, microseconds, because of time alone."""
        with self._picture.lock:
            return len(self._due(at_tick(at)))

    def _find_first(self, blocks: Ints) -> None:
        """Note for some blocks when the first of their segments is due."""
        for block in blocks.tolist():
            self._block_until[block] = self._until[block * BLOCK : (block + 1) * BLOCK].min(initial=LAST_TICK)

    def _judge(self, segments: Ints | None) -> None:
        """Judge some segments (None = all) at the moment shown and note how long that stands."""
        self._next_wake = None
        tick = at_tick(self.at)
        whole = self._picture.contributions(self._case, segments, since=tick)
        numbers: Ints | slice = slice(None) if segments is None else segments
        until = np.empty(0, np.int64)
        verdicts = whole.judge_both(tick)
        self._judged = None if segments is None else (tick, segments, whole, verdicts)
        for direction, verdict in enumerate(verdicts):
            self.states[numbers, direction] = verdict.states
            if direction == 0 or not whole.is_symmetric:
                until = valid_until(whole, direction, tick, verdict)
            self._until[numbers, direction] = until
            if segments is not None:
                np.minimum.at(self._block_until, segments // BLOCK, until)
        self._is_sure[numbers] = False
        if segments is None:
            self._find_first(np.arange(len(self._block_until)))
        is_oneway = self._picture.network.is_oneway[numbers]
        self.states[numbers, 1] = np.where(is_oneway, NO_STATE, self.states[numbers, 1])

    def weigh(self, segments: Ints) -> Weighed:
        """Return what costs are made of for some segments (each once), at the moment shown.

        All of one version with the states. Segments that were judged last are not gathered again; no record is judged
        anew and none is copied, so that costs can follow every report.
        """
        with self._picture.lock:
            tick = at_tick(self.at)
            if self._judged is None or self._judged[0] != tick or not np.array_equal(self._judged[1], segments):
                whole = self._picture.contributions(self._case, segments, only_at=tick)
                self._judged = (tick, segments, whole, whole.judge_both(tick))
            _, _, whole, verdicts = self._judged
            delay_min = np.zeros((len(segments), 2))
            if (whole.limits.component == Component.CONTROL).any():
                rows = RowReasons(whole, verdicts, tick, self.at)
                delay_min = np.stack([rows.delay_min(0), rows.delay_min(1)], axis=1)
            risk = np.stack([verdict.risk for verdict in verdicts], axis=1)
            return Weighed(self.states[segments], risk, delay_min)

    def _moves(self, segments: Ints, before: NDArray[np.uint8]) -> Moves:
        changed = np.flatnonzero((self.states[segments] != before).any(axis=1))
        return Moves(segments[changed], before[changed], self.states[segments[changed]])
