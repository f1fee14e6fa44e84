"""The way of a movement on the network at hand, and how its roads stand when they are reached.

A way is what a plan found and the movement stored; how its roads stand is always computed, never stored.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import DAY_US, MINUTE_US, SECOND_US
from fom.domain.movements import Occupied
from fom.domain.profiles import Profile
from fom.domain.spans import at_tick, to_us
from fom.domain.states import DIRECTION_CODES, IMPASSABLE, NO_STATE, VIABLE, State
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.picture.timelines import Timelines
from fom.routing.posture import travel_seconds

AHEAD_US = DAY_US
"""So long after the time planned other departures are looked at."""
LEAVE_TOLD_US = 12 * 60 * MINUTE_US
"""A window that ends so much later than the departure planned is no advice (J)."""


@dataclass(frozen=True, eq=False, slots=True)
class Way:
    """Stretches of m segments in order of travel, with metres and time from the departure."""

    numbers: NDArray[np.int64]
    directions: NDArray[np.int64]
    at_m: NDArray[np.float64]
    """(m + 1,) metres from the start at each end of a stretch."""
    after_us: NDArray[np.int64]
    """(m + 1,) microseconds after the departure, without delays."""
    lost: int = 0
    """Stretches that are not on the network at hand."""

    @property
    def arcs(self) -> NDArray[np.int64]:
        """Return (m,) arc numbers."""
        return 2 * self.numbers + self.directions

    @property
    def length_m(self) -> float:
        """Return its length."""
        return float(self.at_m[-1])

    @property
    def lasts_us(self) -> int:
        """Return how long it takes without delays."""
        return int(self.after_us[-1])

    def shares(self) -> dict[int, float]:
        """Return segment number -> metres driven on it."""
        found: dict[int, float] = {}
        for number, metres in zip(self.numbers.tolist(), np.diff(self.at_m).tolist(), strict=True):
            found[number] = found.get(number, 0.0) + metres
        return found


def lay_out(network: Network, stretches: Iterable[Mapping[str, Any]], profile: Profile) -> Way:
    """Return the way along stretches `{id, direction, from_m, to_m}`; those without a road are counted as lost."""
    numbers, directions, metres, lost = [], [], [], 0
    for stretch in stretches:
        number = network.find_segment(str(stretch["id"]))
        if number is None:
            lost += 1
            continue
        whole = float(network.length_m[number])
        end = whole if stretch.get("to_m") is None else min(float(stretch["to_m"]), whole)
        numbers.append(number)
        directions.append(DIRECTION_CODES.index(stretch.get("direction") or "forward"))
        metres.append(max(0.0, end - float(stretch.get("from_m") or 0.0)))
    picked = np.array(numbers, np.int64)
    driven = np.array(metres, np.float64)
    seconds = travel_seconds(network, profile)[picked] * driven / np.maximum(network.length_m[picked], 1e-9)
    return Way(
        picked, np.array(directions, np.int64), np.concatenate([[0.0], np.cumsum(driven)]),
        np.concatenate([[0], np.cumsum(np.round(seconds * SECOND_US).astype(np.int64))]), lost,
    )  # fmt: skip


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
    arrives_at: int
    at_m: float | None
    """Where it should be by now, metres from the start; None = it has not left, or it should have arrived."""
    lost: int
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
        question = replace(self.question, at=max(at, self.question.at))
        assessment = next(self._picture.assess_over(question, [question.at], np.array([number], np.int64)))
        return assessment.reason_members(0, direction)

    def _arc(self, number: int, direction: int) -> int:
        return 2 * int(np.searchsorted(self._segments, number)) + direction


def _state(value: Any) -> State:
    """Return a state; against a one-way road there is none to rely on."""
    return State.BLACK if value == NO_STATE else State(int(value))


def look_ahead(
    way: Way, roads: RoadsAhead, *, planned_start: int, actual_start: int | None, with_windows: bool = True
) -> Outlook:
    """Return how a way stands at the moment that the roads were asked for.

    One that has not left leaves as planned, or now when that is past. One that has left is taken to drive as planned:
    stretches behind it do not count. One that should have arrived may be anywhere: its whole way counts, as of now.
    """
    now = roads.question.at
    departs = max(planned_start, now) if actual_start is None else actual_start
    enters, leaves = departs + way.after_us[:-1], departs + way.after_us[1:]
    is_over = actual_start is not None and len(leaves) > 0 and int(leaves[-1]) <= now
    ahead = np.ones(len(enters), bool) if is_over else leaves > now
    held = None if is_over else _held_at(way, roads, enters, ahead)
    if held is not None:
        ahead[held:] = True
    moments = np.maximum(enters, now)
    runs: list[Run] = []
    worst = State.GREY if way.lost or not len(way.numbers) else State.GREEN
    for k in np.flatnonzero(ahead).tolist():
        number, direction, moment = int(way.numbers[k]), int(way.directions[k]), int(moments[k])
        state = roads.state_at(number, direction, moment)
        worst = max(worst, state)
        if state == State.GREEN:
            continue
        last = runs[-1] if runs else None
        if last is not None and last.state == state and last.to_m == float(way.at_m[k]):
            runs[-1] = replace(last, to_m=float(way.at_m[k + 1]), numbers=(*last.numbers, number))
        else:
            ends = float(way.at_m[k]), float(way.at_m[k + 1])
            runs.append(Run(state, *ends, moment, number, direction, (number,)))
    before = after = None
    if actual_start is None and with_windows:
        before, after = _windows(way, roads, departs)
    return Outlook(
        worst, tuple(runs), departs, departs + way.lasts_us,
        _position(way, departs, now, actual_start) if held is None else float(way.at_m[held]), way.lost,
        before, after,
    )  # fmt: skip


def _held_at(way: Way, roads: RoadsAhead, enters: NDArray[np.int64], ahead: NDArray[np.bool_]) -> int | None:
    """Return the first stretch behind it by plan that was restricted or closed already when it was due there.

    It cannot be taken to have passed what it was known that nobody may pass: it stands before it until somebody says
    otherwise.
    """
    for k in np.flatnonzero(~ahead).tolist():
        number, direction, due = int(way.numbers[k]), int(way.directions[k]), int(enters[k])
        if roads.state_at(number, direction, roads.question.at) in IMPASSABLE and roads.was_shut(
            number, direction, due
        ):
            return int(k)
    return None


def _position(way: Way, departs: int, now: int, actual_start: int | None) -> float | None:
    if actual_start is None or not len(way.numbers) or departs + way.lasts_us <= now:
        return None
    return float(np.interp(now - departs, way.after_us, way.at_m))


def _windows(way: Way, roads: RoadsAhead, departs: int) -> tuple[int | None, int | None]:
    """Return until when, and from when on, it has to leave to find every stretch open or caution; None = no limit."""
    shut: list[tuple[int, int]] = []
    for number, direction, offset in zip(
        way.numbers.tolist(), way.directions.tolist(), way.after_us[:-1].tolist(), strict=True
    ):
        shut += [(a - offset, b - offset) for a, b, state in roads.spells(number, direction) if state not in VIABLE]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(shut):
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


def occupied(way: Way, departs: int) -> list[Occupied]:
    """Return the roads of a way with the times at which a movement is on them."""
    enters, leaves = (departs + way.after_us[:-1]).tolist(), (departs + way.after_us[1:]).tolist()
    columns = way.numbers.tolist(), way.directions.tolist(), enters, leaves
    return [Occupied(*row) for row in zip(*columns, strict=True)]


def part_of(way: Way, stretches: Sequence[Mapping[str, Any]], metres: float) -> list[dict[str, Any]]:
    """Return the stretches of a way up to some metres from its start; the way has them all (none is lost)."""
    part: list[dict[str, Any]] = []
    for k, stretch in enumerate(stretches):
        length = float(way.at_m[k + 1] - way.at_m[k])
        inside = min(length, metres - float(way.at_m[k]))
        if inside <= 0.5:
            break
        first = float(stretch.get("from_m") or 0.0)
        if stretch.get("direction") == "backward":
            part.append({**stretch, "from_m": round(first + length - inside, 1), "to_m": round(first + length, 1)})
        else:
            part.append({**stretch, "from_m": round(first, 1), "to_m": round(first + inside, 1)})
    return part
