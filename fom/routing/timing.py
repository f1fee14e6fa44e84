"""Plans by times of arrival: the best way open when its roads are reached, what changes on the way, when to leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.states import NO_STATE, State
from fom.network.network import Network
from fom.routing.conditions import Conditions, Detail
from fom.routing.departures import Departures
from fom.routing.router import Path
from fom.routing.trips import Times

MAX_CHANGES = 10


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch that is in another state when it is reached than at departure."""

    from_m: float
    to_m: float
    at_departure: State
    on_arrival: State
    reached_at: int


@dataclass(frozen=True, slots=True)
class Timing:
    """What times of arrival add to a plan."""

    changes: tuple[Change, ...] = ()
    """Of the best way, the worst first, at most ten."""
    closes: Change | None = None
    """Where the best way of the states at departure is closed when it is reached, if no way is open on arrival."""
    is_closed_on_arrival: bool = False
    """There is a way in the states at departure, and none that is open when it is reached."""
    is_complete: bool = True
    """False = not all roads were looked at: another way may be open, or better."""
    departures: Departures | None = None
    """None = not asked for."""


class OnArrival:
    """The conditions of a plan, with the roads of one way as they are when they are reached."""

    def __init__(self, conditions: Conditions, path: Path, times: Times) -> None:
        self._conditions = conditions
        self.risk, self.delay_min = np.asarray(conditions.risk), np.asarray(conditions.delay_min)
        self.states: NDArray[np.uint8] = np.array(conditions.states)
        arcs, enters = path.arcs[::-1], times.enters[::-1]  # of a road passed twice the first passage counts
        self.states.reshape(-1)[arcs] = times.states[::-1]
        moved = np.asarray(conditions.states).reshape(-1)[arcs] != times.states[::-1]
        self._moments = dict(zip((arcs[moved] >> 1).tolist(), enters[moved].tolist(), strict=True))

    def detail(self, segments: NDArray[np.int64]) -> Detail:
        """Return the answer in detail: of roads that have another state when reached, at that moment."""
        return self._conditions.detail_at(segments, self._moments)

    def detail_at(self, segments: NDArray[np.int64], moments: Any) -> Detail:
        """Return the answer in detail at moments of one's own."""
        return self._conditions.detail_at(segments, moments)


def find_changes(network: Network, conditions: Conditions, path: Path, times: Times) -> list[Change]:
    """Return the stretches of a way whose state on arrival is not that at departure, in order."""
    before = np.asarray(conditions.states).reshape(-1)[path.arcs]
    ends = np.cumsum(np.asarray(network.length_m)[path.segments] * path.shares)
    begins = np.concatenate([[0.0], ends[:-1]])
    found: list[Change] = []
    for k in np.flatnonzero((before != times.states) & (before != NO_STATE)).tolist():
        old, new = State(int(before[k])), State(int(times.states[k]))
        last = found[-1] if found else None
        if last is not None and (last.to_m, last.at_departure, last.on_arrival) == (begins[k], old, new):
            found[-1] = Change(last.from_m, float(ends[k]), old, new, last.reached_at)
        else:
            found.append(Change(float(begins[k]), float(ends[k]), old, new, int(times.enters[k])))
    return found


def worst_changes(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes to be told: the worst on arrival first, at most ten."""
    return tuple(sorted(changes, key=lambda change: (-change.on_arrival, change.from_m))[:MAX_CHANGES])


def first_closed(changes: Sequence[Change]) -> Change | None:
    """Return the first stretch that is closed when it is reached."""
    return next((change for change in changes if change.on_arrival > State.AMBER), None)
