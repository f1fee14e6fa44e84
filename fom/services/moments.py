"""The moments of a stretch of time at which the picture changed, or will by itself: what a time slider marks.

Past: as it was shown then (known at each moment). Future: if nothing new is reported. The walk goes over a copy of the
picture, so that reports need not wait for it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from fom.domain.states import NO_STATE
from fom.errors import InvalidInput
from fom.picture.live import LiveStates, Moves
from fom.picture.question import Question
from fom.services.picture_events import letter

if TYPE_CHECKING:
    from fom.services.picture_host import PictureHost

SPAN_MAX_US = 62 * DAY_US
"""Longest stretch of time asked about at once."""
MARKS_MAX = 240
"""Marks of one answer (an hour apart in ten days); closer changes are told together at the end of their part."""
REST = 30.0
"""Times the processor time of making the marks ahead for which they are shown before they are made again."""
KEPT = 24
STATES_KEPT = 2
"""Sets of states kept on the hour; 20 bytes for each segment, and what their copy of the picture holds alone."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment from which on the states of some segments are others; `to` counts them by the worse new state."""

    at: int
    to: dict[str, int]
    worse: int
    better: int

    def members(self) -> dict[str, Any]:
        """Return the mark as an answer states it."""
        return {"at": format_instant(self.at), "to": self.to, "worse": self.worse, "better": self.better}


K = TypeVar("K")
V = TypeVar("V")


class _Lately(Generic[K, V]):
    """The values that were put or asked for last. Safe from any thread."""

    def __init__(self, size: int) -> None:
        self._lock, self._size = threading.Lock(), size
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._size:
                self._values.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Past:
    """The marks after `start` up to `hour`."""

    start: int
    hour: int
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The marks from an hour on, as a moment and a version saw them."""

    at: int
    version: int
    cost_us: int
    """Processor time of the making."""
    marks: list[Mark]


class Marker:
    """Marks made lately. Safe from any thread; of those who ask about one pair at a time one makes them for all.

    What was shown in the past stays as it was whatever is reported now, so its marks do not depend on the version: from
    one hour to the next they are made on, not anew. Those of the current hour and ahead follow every report, but not so
    fast that making them takes more than one part in `rest` of a processor: then they tell as of when they are.
    """

    def __init__(self, rest: float = REST) -> None:
        self._rest = rest
        self._past: _Lately[tuple[Any, ...], _Past] = _Lately(KEPT)
        self._on_the_hour: _Lately[tuple[Any, ...], LiveStates] = _Lately(STATES_KEPT)
        """States at the hour up to which a past goes; nobody moves them on, and where they are gone they are made."""
        self._ahead: _Lately[tuple[Any, ...], _Ahead] = _Lately(KEPT)
        self._turns: _Lately[tuple[Any, ...], threading.Lock] = _Lately(KEPT)
        self._turn = threading.Lock()

    def marks(self, host: PictureHost, question: Question, start: int, end: int) -> tuple[list[Mark], int]:
        """Return the marks after `start` up to `end`, oldest first, and as of when those of this hour and ahead are.

        The moment asked about parts past from future.
        """
        now = min(max(question.at, start), end)
        hour = max(start, now // HOUR_US * HOUR_US)
        shortest = max(1, (end - start) // MARKS_MAX)
        who = host.generation, question.profile, question.user_class, shortest
        with self._turn_of(who):
            past = self._made_on(host, question, who, start, hour)
            ahead = self._made_ahead(host, question, who, hour, end, now)
        return [mark for mark in past.marks if mark.at > start] + ahead.marks, ahead.at

    def _made_ahead(
        self, host: PictureHost, question: Question, who: tuple[Any, ...], hour: int, end: int, now: int
    ) -> _Ahead:
        """Return the marks after an hour, those at hand if they serve."""
        key = (*who, hour, end)
        found = self._ahead.get(key)
        if found is not None:
            # what time moves makes a version too
            if found.version == host.version:
                return replace(found, at=now)
            if now - found.at < self._rest * found.cost_us:
                return found
        begun, version = time.thread_time_ns(), host.version
        *_, shortest = who
        live = begin(host, question, hour, self._on_the_hour.get(who))
        marks = list(_walk(live, hour, end, shortest, now))
        made = _Ahead(now, version, (time.thread_time_ns() - begun) // 1000, marks)
        self._ahead.put(key, made)
        return made

    def _turn_of(self, who: tuple[Any, ...]) -> threading.Lock:
        with self._turn:
            turn = self._turns.get(who)
            if turn is None:
                turn = threading.Lock()
                self._turns.put(who, turn)
            return turn

    def _made_on(self, host: PictureHost, question: Question, who: tuple[Any, ...], start: int, hour: int) -> _Past:
        """Return the marks of the past up to an hour, from what is there already if it serves, and keep them."""
        past = self._past.get(who)
        if past is not None and past.start <= start and past.hour == hour:
            return past
        if past is None or not past.start <= start <= past.hour < hour:
            past, live = _Past(start, start, []), begin(host, question, start)
        else:
            live = begin(host, question, past.hour, self._on_the_hour.get(who))
        *_, shortest = who
        kept = [mark for mark in past.marks if mark.at > start]
        past = _Past(start, hour, [*kept, *_walk(live, past.hour, hour, shortest)])
        live.advance(hour)
        self._past.put(who, past)
        self._on_the_hour.put(who, live)
        return past


def list_moments(host: PictureHost, question: Question, start: int, end: int) -> dict[str, Any]:
    """Return `marks` between two moments, and `now` that parts what was shown from what would come.

    `ahead_as_of`: the moment by whose knowledge the marks of the current hour and ahead are.

    Raises
    ------
    InvalidInput
        The end is not after the start, or more than `SPAN_MAX_US` after it.
    """
    if not 0 < end - start <= SPAN_MAX_US:
        raise InvalidInput.single("to", format_instant(end), "after `from`, by at most 62 days")
    marks, as_of = host.marker.marks(host, question, start, end)
    return {
        "from": format_instant(start),
        "to": format_instant(end),
        "now": format_instant(question.at),
        "ahead_as_of": format_instant(as_of),
        "profile": question.profile.name,
        "user_class": question.user_class,
        "network": host.network.network_id,
        "version": host.version,
        "marks": [mark.members() for mark in marks],
    }


def walk(
    host: PictureHost, question: Question, start: int, end: int, shortest: int, now: int | None = None
) -> Iterator[Mark]:
    """Yield the marks after `start` up to `end`, at least `shortest` apart, by letting time pass over the records.

    Up to `now` they lie closer, at least a minute apart, and none joins what was with what would come.
    """
    return _walk(begin(host, question, start), start, end, shortest, now)


def begin(host: PictureHost, question: Question, start: int, like: LiveStates | None = None) -> LiveStates:
    """Return states as they were shown at a moment, on a copy of the picture; `like`: of an earlier version of it."""
    with host.reading() as picture:
        twin = picture.copy()
    if like is None or not like.is_under(twin.policy):
        return twin.live(question.profile, question.user_class, start)
    live = like.copy(twin)
    live.advance(start)
    return live


def _walk(live: LiveStates, start: int, end: int, shortest: int, now: int | None = None) -> Iterator[Mark]:
    at = start
    while at < end and (due := live.next_wake) <= end:
        is_lately = now is not None and at < now
        then = max(due, at + (min(MINUTE_US, shortest) if is_lately else shortest))
        at = min(end, now if now is not None and is_lately and due <= now < then else then)
        if (mark := _mark(live.advance(at), at)) is not None:
            yield mark


def _mark(moves: Moves, at: int) -> Mark | None:
    if not len(moves.segments):
        return None
    old, new = (np.where(states == NO_STATE, 0, states).max(axis=1).astype(int) for states in (moves.old, moves.new))
    counts = np.bincount(new, minlength=5)
    to = {letter(state): int(count) for state, count in enumerate(counts) if count}
    return Mark(at, to, worse=int((new > old).sum()), better=int((new < old).sum()))
