"""When to leave: the windows of departure in which a trip is possible, and the best departure in them.

One search tells for how long its answer stands: a way found stays open until a road on it closes before it is reached;
none found, there is none until something closed opens. So a day takes a handful of searches. Whether another way has
become better, or the way found worse, is looked at every half hour at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from fom.domain.instants import DAY_US, MINUTE_US, from_us
from fom.routing.snapping import Snap
from fom.routing.trips import Search, Trip, Trips

HORIZON_US = DAY_US
"""Departures of the next day are looked at."""
STEP_US = MINUTE_US
"""Departures are told to the minute: shorter windows are passed over."""
LOOK_US = 30 * MINUTE_US
"""While a way stays open, whether another has become better is looked at this often at most (J)."""
MAX_SEARCHES = 96
MAX_SETTLED = 2_000_000
"""Work at most for one question, in labels settled by searches: some two seconds. What is left is told as not known."""


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """Departures from `start` to `end` (not included, microseconds) that have one answer; None = no way is open."""

    start: int
    end: int
    trip: Trip | None


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """Consecutive departures at which the trip is possible."""

    start: int
    end: int
    pieces: tuple[Piece, ...]

    @property
    def best(self) -> Piece:
        """Return the piece with the shortest trip, the first of equals."""
        return min(self.pieces, key=lambda piece: (_duration_us(piece), piece.start))


@dataclass(frozen=True, eq=False, slots=True)
class Departures:
    """What was found of the departures from `start` to `end`."""

    start: int
    end: int
    known_until: int
    """Departures from here on were not looked at: the work allowed was spent."""
    windows: tuple[Window, ...]
    words: str

    @property
    def best(self) -> Piece | None:
        """Return the departure with the shortest trip, the earliest of equals; None = there is none."""
        pieces = [window.best for window in self.windows]
        return min(pieces, key=lambda piece: (_duration_us(piece), piece.start), default=None)


def find_departures(trips: Trips, snaps: Sequence[Snap], start: int) -> Departures:
    """Return the departures of the day from `start` (microseconds) at which a trip through all snaps is possible."""
    end = start + HORIZON_US
    pieces: list[Piece] = []
    at, settled = start, 0
    for _ in range(MAX_SEARCHES):
        if at >= end or settled > MAX_SETTLED:
            break
        found = trips.find(snaps, at)
        settled += found.settled
        if not found.is_complete:
            break
        until = min(at + _stands_us(found), end)
        pieces.append(Piece(at, until, found.trip))
        at = until
    windows = _windows(pieces)
    return Departures(start, end, at, windows, tell(windows, start, at, end))


def _stands_us(found: Search) -> int:
    """Return for how long later departures are taken to have the answer of a search."""
    if found.trip is None:
        return max(found.opens_us, STEP_US)
    times = found.trip.times
    return max(min(times.holds_us, max(found.later_us, LOOK_US), max(times.stands_us, LOOK_US)), STEP_US)


def _windows(pieces: Iterable[Piece]) -> tuple[Window, ...]:
    runs = [(is_open, list(run)) for is_open, run in groupby(pieces, key=lambda piece: piece.trip is not None)]
    return tuple(Window(run[0].start, run[-1].end, tuple(run)) for is_open, run in runs if is_open)


def tell(windows: Sequence[Window], start: int, known_until: int, end: int) -> str:
    """Return when to leave, in words; minutes UTC, lasts rounded down and firsts up."""
    if not windows:
        if known_until <= start:
            return "not known: too much changes on the way"
        if known_until >= end:
            return "no departure in the next 24 h"
        return f"no departure before {clock(known_until)}; later departures not looked at"
    if windows[0].start == start and windows[0].end >= end:
        return "any time in the next 24 h"
    parts = [_part(window, start, known_until) for window in windows]
    words = "leave " + " or ".join(parts)
    return words if known_until >= end else f"{words}; later departures not looked at"


def _part(window: Window, start: int, known_until: int) -> str:
    is_first, is_last = window.start <= start, window.end >= known_until
    if is_first and is_last:
        return f"now, until {clock(window.end)} at least"
    if is_first:
        return f"before {clock(window.end)}"
    after = clock(-(-window.start // MINUTE_US) * MINUTE_US)
    return f"after {after}" if is_last else f"between {after} and {clock(window.end)}"


def clock(us: int) -> str:
    """Return `05:40Z`, the seconds left out."""
    return from_us(us).strftime("%H:%MZ")


def _duration_us(piece: Piece) -> int:
    return 2**62 if piece.trip is None else piece.trip.times.arrives - piece.trip.times.departs
