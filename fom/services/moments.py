"""The moments of a stretch of time at which the picture changed, or will by itself: what a time slider marks.

Past: as it was shown then (known at each moment). Future: if nothing new is reported. The walk goes over a copy of the
picture, so that reports need not wait for it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from fom.domain.states import NO_STATE
from fom.errors import InvalidInput
from fom.picture.live import Moves
from fom.picture.question import Question
from fom.services.picture_events import letter

if TYPE_CHECKING:
    from fom.services.picture_host import PictureHost

SPAN_MAX_US = 62 * DAY_US
"""Longest stretch of time asked about at once."""
MARKS_MAX = 240
"""Marks of one answer (an hour apart in ten days); closer changes are told together at the end of their part."""
KEPT = 24


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


class Marker:
    """Marks made lately. Safe from any thread.

    What was shown in the past stays as it was whatever is reported now, so its marks do not depend on the version.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], list[Mark]] = OrderedDict()

    def marks(self, host: PictureHost, question: Question, start: int, end: int) -> list[Mark]:
        """Return the marks after `start` up to `end`, oldest first; the moment asked about parts past from future."""
        now = min(max(question.at, start), end)
        hour = max(start, now // HOUR_US * HOUR_US)
        shortest = max(1, (end - start) // MARKS_MAX)
        past = self._part(host, question, (start, hour), shortest, None)
        return past + self._part(host, question, (hour, end), shortest, now)

    def _part(
        self, host: PictureHost, question: Question, span: tuple[int, int], shortest: int, now: int | None
    ) -> list[Mark]:
        """Return the marks of one part; what time moves makes a version too, so that `now` need not be in the key."""
        version = None if now is None else host.version
        key = (host.generation, version, *span, question.profile, question.user_class, shortest)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = list(walk(host, question, *span, shortest, now)) if span[0] < span[1] else []
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def list_moments(host: PictureHost, question: Question, start: int, end: int) -> dict[str, Any]:
    """Return `marks` between two moments, and `now` that parts what was shown from what would come.

    Raises
    ------
    InvalidInput
        The end is not after the start, or more than `SPAN_MAX_US` after it.
    """
    if not 0 < end - start <= SPAN_MAX_US:
        raise InvalidInput.single("to", format_instant(end), "after `from`, by at most 62 days")
    marks = host.marker.marks(host, question, start, end)
    return {
        "from": format_instant(start),
        "to": format_instant(end),
        "now": format_instant(question.at),
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
    with host.reading() as picture:
        twin = picture.copy()
    live, at = twin.live(question.profile, question.user_class, start), start
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
