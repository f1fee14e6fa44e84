"""The states of one (profile, user class) kept up to date, what moved in them lately, and who listens."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.states import NO_STATE, State
from fom.picture.ranges import rows_that_differ
from fom.services.picture_events import Event, MovesEvent, Subscription, letter

if TYPE_CHECKING:
    from fom.picture.live import LiveStates

Rows = tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]
"""Segment numbers (j,), their states (j, 2) before and after."""
LOG_EVENTS = 2_000
"""Events kept for listeners who come back; older ones are recomputed from the records."""


class Followed:
    """Live states with their log and listeners. Not locked: the host's lock is held by whoever calls."""

    def __init__(self, live: LiveStates, *, number: int, routes: Mapping[str, NDArray[np.int64]]) -> None:
        self.live = live
        self.log_from = number
        """Change number after which the log is complete."""
        self.log: deque[MovesEvent] = deque()
        self.listeners: list[Subscription] = []
        self.routes: dict[str, NDArray[np.int64]] = {}
        self._route_states: dict[str, int] = {}
        self.set_routes(routes)

    def set_routes(self, routes: Mapping[str, NDArray[np.int64]]) -> None:
        """Take other key routes: code -> (k,) arc numbers."""
        self.routes = dict(routes)
        self._route_states = {code: self._worst(arcs) for code, arcs in self.routes.items()}

    def apply(self, touched: NDArray[Any], at: int, *, number: int, cause: str) -> None:
        """Reassess the touched segments and everything that was due by `at`, and tell what moved."""
        if len(touched) or self.live.due_at <= at:
            moved = self.live.refresh(touched, at)
            self._tell((moved.segments, moved.old, moved.new), at, number=number, cause=cause)

    def replace(self, live: LiveStates, at: int, *, number: int, cause: str) -> None:
        """Go on from states that were assessed anew, and tell what differs."""
        before, self.live = self.live.states, live
        self._tell(_differing(before, live.states), at, number=number, cause=cause)

    def forget(self, number: int) -> None:
        """Drop what was logged up to a change: segment numbers meant other roads before it."""
        self.log.clear()
        self.log_from = number

    def missed(self, after: int) -> list[MovesEvent] | None:
        """Return the events after a change number, None when the log does not reach back so far."""
        return None if after < self.log_from else [event for event in self.log if event.number > after]

    def moved_since(self, after: int) -> NDArray[np.int64] | None:
        """Return the segment numbers that moved after a change number, None when that is not known any more."""
        events = self.missed(after)
        if events is None or not all(event.is_complete for event in events):
            return None
        return np.array(sorted({int(str(row[0])) for event in events for row in event.moves}), np.int64)

    def catch_up(self, then: NDArray[np.uint8] | None, *, number: int, at: int) -> MovesEvent:
        """Return one event from (n, 2) states of a past moment to now; None = everything, whatever it was."""
        now = self.live.states
        if then is None:
            everything = np.arange(len(now))
            return MovesEvent.of(number, at, "resync", (everything, now, now), [])
        routes = []
        for code, arcs in self.routes.items():
            old, new = letter(worst_along(then, arcs)), letter(self._worst(arcs))
            routes += [[code, old, new]] if old != new else []
        return MovesEvent.of(number, at, "resume", _differing(then, now), routes)

    def publish(self, event: Event) -> None:
        """Hand an event to every listener."""
        for listener in list(self.listeners):
            listener.put(event)

    def _tell(self, rows: Rows, at: int, *, number: int, cause: str) -> None:
        routes = []
        for code, arcs in self.routes.items():
            old, new = self._route_states[code], self._worst(arcs)
            if old != new:
                routes.append([code, letter(old), letter(new)])
                self._route_states[code] = new
        if not len(rows[0]) and not routes:
            return
        event = MovesEvent.of(number, at, cause, rows, routes)
        self.log.append(event)
        while len(self.log) > LOG_EVENTS:
            self.log_from = self.log.popleft().number
        self.publish(event)

    def _worst(self, arcs: NDArray[np.int64]) -> int:
        return worst_along(self.live.states, arcs)


def _differing(old: NDArray[np.uint8], new: NDArray[np.uint8]) -> Rows:
    """Return the segments whose (n, 2) states differ, with both."""
    numbers = rows_that_differ(old, new)
    return numbers, old[numbers], new[numbers]


def worst_along(states: NDArray[np.uint8], arcs: NDArray[np.int64]) -> int:
    """Return the worst state along arcs; a way against a one-way street is no way."""
    if not len(arcs):
        return int(State.GREY)
    along = states.reshape(-1)[arcs]
    return int(State.BLACK) if (along == NO_STATE).any() else int(along.max())
