"""How the roads of a way stand when a movement reaches them. Computed, never stored."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import DAY_US, MINUTE_US
from fom.domain.movements import LastSeen
from fom.domain.spans import at_tick, to_us
from fom.domain.states import IMPASSABLE, NO_STATE, VIABLE, State
from fom.picture.assessment import Assessment
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.picture.timelines import Timelines
from fom.services.movement_ways import Way

AHEAD_US = DAY_US
"""So long after the time planned other departures are looked at."""
LEAVE_TOLD_US = 12 * 60 * MINUTE_US
"""A window that ends so much later than the departure planned is no advice (J)."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive stretches of a way in one state when they are reached."""

    state: State
    from_m: float
    to_m: float
    reached_at: int
    number: int
    direction: int
    """Of its first stretch."""
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a way stands for one movement: on arrival at each stretch that is still ahead."""

    state: State
    runs: tuple[Run, ...]
    """Worse than GREEN, in order of travel."""
    departs_at: int
    """When it leaves or left; of one seen on its way, when it would have left to be there then."""
    arrives_at: int
    at_m: float | None
    """Where it should be by now, metres from the start; None = it has not left, or it should have arrived."""
    lost: int
    seen: LastSeen | None = None
    leave_before: int | None = None
    leave_after: int | None = None

    @property
    def worst(self) -> Run | None:
        """Return the first stretch of the worst state, None when all is GREEN."""
        return next((run for run in self.runs if run.state == self.state), None)

    @property
    def is_passable(self) -> bool:
        """Return whether every stretch ahead is open or caution when it is reached, and on the map."""
        return self.state in VIABLE and not self.lost


class RoadsAhead:
    """How some roads go on by themselves for one profile and user class, with the knowledge of one moment."""

    def __init__(self, picture: Picture, question: Question, end: int, numbers: Iterable[int]) -> None:
        self._segments = np.unique(np.fromiter(numbers, np.int64))
        self._picture, self.question, self.end = picture, question, max(end, question.at)
        self._lines: Timelines = picture.timelines(question, self.end, self._segments)

    def state_at(self, number: int, direction: int, at: int) -> State:
        """Return the state of a road at a moment, within what was looked at."""
        arc = self._arc(number, direction)
        first, last = int(self._lines.first[arc]), int(self._lines.first[arc + 1])
        place = bisect.bisect_right(self._lines.tick, at_tick(at), first, last) - 1
        return _state(self._lines.states[arc // 2, arc % 2] if place < first else self._lines.state[place])

    def spells(self, number: int, direction: int) -> Iterator[tuple[int, int, State]]:
        """Yield (from, until, state) of a road, microseconds, from the moment asked to the end."""
        arc = self._arc(number, direction)
        start, state = self.question.at, _state(self._lines.states[arc // 2, arc % 2])
        for place in range(int(self._lines.first[arc]), int(self._lines.first[arc + 1])):
            moment = to_us(int(self._lines.tick[place]))
            yield start, moment, state
            start, state = moment, _state(self._lines.state[place])
        yield start, self.end, state

    def was_shut(self, number: int, direction: int, at: int) -> bool:
        """Return whether a road was restricted or closed at a moment, as known then."""
        then = self._picture.assess(replace(self.question, at=at, known_at=at), np.array([number], np.int64))
        return _state(then.states[0, direction]) in IMPASSABLE

    def reasons(self, number: int, direction: int, at: int) -> list[dict[str, Any]]:
        """Return the reasons of a road at a moment, worst first, with texts."""
        return self.assess(number, at).reason_members(0, direction)

    def assess(self, number: int, at: int) -> Assessment:
        """Return the assessment of one road at a moment, of the past as of the moment asked."""
        question = replace(self.question, at=max(at, self.question.at))
        return next(self._picture.assess_over(question, [question.at], np.array([number], np.int64)))

    def components(self, numbers: NDArray[np.int64], directions: NDArray[np.int64], at: int) -> set[str]:
        """Return what decides some roads at a moment: the components of their first reasons."""
        asked, places = np.unique(numbers, return_inverse=True)
        question = replace(self.question, at=max(at, self.question.at))
        assessment = next(self._picture.assess_over(question, [question.at], asked))
        pairs = zip(places.tolist(), directions.tolist(), strict=True)
        return {str(assessment.reason_members(row, direction)[0]["component"]) for row, direction in pairs}

    def _arc(self, number: int, direction: int) -> int:
        return 2 * int(np.searchsorted(self._segments, number)) + direction


def _state(value: Any) -> State:
    """Return a state; against a one-way road there is none to rely on."""
    return State.BLACK if value == NO_STATE else State(int(value))


@dataclass(frozen=True, eq=False, slots=True)
class _Course:
    """When a movement enters and leaves each stretch of its way, and which stretches are still before it."""

    departs: int
    enters: NDArray[np.int64]
    leaves: NDArray[np.int64]
    ahead: NDArray[np.bool_]
    at_m: float | None


def _course(
    way: Way, roads: RoadsAhead, *, planned_start: int, actual_start: int | None, seen: LastSeen | None
) -> _Course:
    now = roads.question.at
    behind_m = 0.0
    if actual_start is None:
        departs = max(planned_start, now)
    elif seen is not None and seen.at_m is not None:
        behind_m = seen.at_m
        departs = seen.at - way.us_at(behind_m)
    else:
        departs = actual_start
    enters, leaves = departs + way.after_us[:-1], departs + way.after_us[1:]
    is_before = way.at_m[1:] > behind_m
    is_over = actual_start is not None and len(leaves) > 0 and int(leaves[-1]) <= now
    if is_over:
        return _Course(departs, enters, leaves, is_before, None)
    ahead = (leaves > now) & is_before
    held = _held_at(way, roads, enters, is_before & ~ahead)
    if held is not None:
        ahead[held:] = True
        return _Course(departs, enters, leaves, ahead, max(behind_m, float(way.at_m[held])))
    return _Course(departs, enters, leaves, ahead, _position(way, departs, now, actual_start))


def look_ahead(
    way: Way,
    roads: RoadsAhead,
    *,
    planned_start: int,
    actual_start: int | None,
    seen: LastSeen | None = None,
    with_windows: bool = True,
) -> Outlook:
    """Return how a way stands at the moment that the roads were asked for.

    One that has not left leaves as planned, or now when that is past. One that has left is taken to drive as planned,
    from where it was seen last if it was seen on its way: stretches behind it do not count. One that should have
    arrived may be anywhere from there on: all of that counts, as of now.
    """
    now = roads.question.at
    course = _course(way, roads, planned_start=planned_start, actual_start=actual_start, seen=seen)
    moments = np.maximum(course.enters, now)
    runs: list[Run] = []
    worst = State.GREY if way.lost or not len(way.numbers) else State.GREEN
    for k in np.flatnonzero(course.ahead).tolist():
        state = roads.state_at(int(way.numbers[k]), int(way.directions[k]), int(moments[k]))
        worst = max(worst, state)
        if state != State.GREEN:
            _join(runs, way, k, state, int(moments[k]))
    before = after = None
    if actual_start is None and with_windows:
        before, after = _windows(way, roads, course.departs)
    return Outlook(
        worst, tuple(runs), course.departs, course.departs + way.lasts_us, course.at_m, way.lost, seen, before, after
    )


def _join(runs: list[Run], way: Way, k: int, state: State, at: int) -> None:
    """Add a stretch to the runs: to the last one where it goes on in the same state."""
    number = int(way.numbers[k])
    last = runs[-1] if runs else None
    if last is not None and last.state == state and last.to_m == float(way.at_m[k]):
        runs[-1] = replace(last, to_m=float(way.at_m[k + 1]), numbers=(*last.numbers, number))
    else:
        ends = float(way.at_m[k]), float(way.at_m[k + 1])
        runs.append(Run(state, *ends, at, number, int(way.directions[k]), (number,)))


def _held_at(way: Way, roads: RoadsAhead, enters: NDArray[np.int64], behind: NDArray[np.bool_]) -> int | None:
    """Return the first stretch behind it by plan that was restricted or closed already when it was due there.

    It cannot be taken to have passed what it was known that nobody may pass: it stands before it until somebody says
    otherwise.
    """
    for k in np.flatnonzero(behind).tolist():
        number, direction, due = int(way.numbers[k]), int(way.directions[k]), int(enters[k])
        if roads.state_at(number, direction, roads.question.at) in IMPASSABLE and roads.was_shut(
            number, direction, due
        ):
            return int(k)
    return None


def _position(way: Way, departs: int, now: int, actual_start: int | None) -> float | None:
    if actual_start is None or not len(way.numbers):
        return None
    return way.metres_after(now - departs)


def _windows(way: Way, roads: RoadsAhead, departs: int) -> tuple[int | None, int | None]:
    """Return until when, and from when on, it has to leave to find every stretch open or caution; None = no limit."""
    merged: list[tuple[int, int]] = []
    for start, end, _ in _shut_for_leaving(way, roads):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    now, last = roads.question.at, roads.end - way.lasts_us
    for start, end in merged:
        if end <= departs:
            continue
        after = end if end < last else None
        if start <= departs:
            return (start if start > now else None), after
        return (start, None) if start - departs <= LEAVE_TOLD_US else (None, None)
    return None, None


def _shut_for_leaving(way: Way, roads: RoadsAhead) -> list[tuple[int, int, int]]:
    """Return (from, until, stretch): who leaves between them finds the stretch neither open nor caution; by time."""
    return sorted(
        (a - offset, b - offset, k)
        for k, (number, direction, offset) in enumerate(
            zip(way.numbers.tolist(), way.directions.tolist(), way.after_us[:-1].tolist(), strict=True)
        )
        for a, b, state in roads.spells(number, direction)
        if state not in VIABLE
    )


# what time alone will do


@dataclass(frozen=True, slots=True)
class Due:
    """A moment at which time alone makes the way of a movement worse than caution, if nothing is reported before."""

    at: int
    run: Run
    was: State
    has_left: bool
    """False: the road does not change at that moment; who leaves later than this finds it so."""


TOGETHER_US = 15 * MINUTE_US
"""What turns within so long after the first of a way is told with it (J)."""


def next_due(
    way: Way, roads: RoadsAhead, *, planned_start: int, actual_start: int | None, seen: LastSeen | None, after: int
) -> Due | None:
    """Return the first moment after `after` at which time alone makes the way worse than caution; None for none.

    Of one on its way: a stretch still before it turns, whether or not it should have passed it by then; a stretch that
    it should have passed before does not count. Of one that has not left: from then on it would find a stretch shut.
    """
    if not len(way.numbers):
        return None
    after = max(after, roads.question.at)
    if actual_start is None:
        return _next_of_leaving(way, roads, max(after, planned_start))
    course = _course(way, roads, planned_start=planned_start, actual_start=actual_start, seen=seen)
    found = []
    for k in np.flatnonzero(course.ahead).tolist():
        was: State | None = None
        for start, _, state in roads.spells(int(way.numbers[k]), int(way.directions[k])):
            is_worse = was is not None and was < state and state not in VIABLE
            is_before_it = start < int(course.leaves[k]) or course.at_m is None or start >= int(course.leaves[-1])
            if is_worse and start > max(after, actual_start) and is_before_it:
                found.append((start, k, state, was))
                break
            was = state
    return _together(way, sorted(found, key=lambda row: row[:2]), has_left=True, enters=course.enters)


def _next_of_leaving(way: Way, roads: RoadsAhead, after: int) -> Due | None:
    shut = _shut_for_leaving(way, roads)
    if any(start <= after < end for start, end, _ in shut):
        return None  # it cannot leave as things stand: that is told by what shut it
    later = [(start, k) for start, _, k in shut if start > after]
    if not later:
        return None
    first = min(later)[0]
    offsets = way.after_us[:-1]
    found = []
    for start, k in later:
        number, direction = int(way.numbers[k]), int(way.directions[k])
        reached = start + int(offsets[k])
        found.append(
            (start, k, roads.state_at(number, direction, reached), roads.state_at(number, direction, reached - 1))
        )
    return _together(way, sorted(found, key=lambda row: row[:2]), has_left=False, enters=first + offsets)


def _together(
    way: Way, found: list[tuple[int, int, State, State | None]], *, has_left: bool, enters: NDArray[np.int64]
) -> Due | None:
    """Return what is told of (moment, stretch, state, was): of what turns with the first, the worst run."""
    if not found:
        return None
    at = found[0][0]
    turning = sorted((row for row in found if row[0] <= at + TOGETHER_US), key=lambda row: row[1])
    runs: list[Run] = []
    for start, k, state, _ in turning:
        _join(runs, way, k, state, max(start, int(enters[k])))
    worst = max(runs, key=lambda run: (run.state, -run.from_m))
    was = min(was or State.GREEN for _, k, _, was in turning if worst.from_m <= float(way.at_m[k]) < worst.to_m)
    return Due(at, worst, was, has_left)
