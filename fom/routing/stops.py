"""Where to rest and to refuel on a way: known places beside it, as few halts as keep every leg within its limit.

Driving on to the last place before a limit is reached needs the fewest halts. Where there is no place in time, that
is told as a gap: which stretch goes beyond the limit, and by how much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.routing.snapping import metres_per_degree

NEAR_M = 2_000.0
"""A place so near to the way counts as on it; as for settlements (doctrine, section 5)."""
FUEL_KINDS = frozenset(("headquarters", "base", "hub"))
"""Where fuel is assumed; whether there is any today is to be asked (J)."""
REST_KINDS = FUEL_KINDS | {"tob", "settlement"}
"""Where people may rest. Not camps: they are to stay civilian (J)."""
REST_S = 45 * 60.0
"""A rest, with or without refuelling (J)."""
REFUEL_S = 30 * 60.0
"""A halt for fuel alone (J)."""
SLACK = 1e-6
"""Metres or seconds by which a limit may seem exceeded by rounding."""


@dataclass(frozen=True, slots=True)
class Place:
    """A known place beside a way."""

    id: str
    name: str
    kind: str
    at_m: float
    """Along the way."""
    off_m: float
    """From the way, as the crow flies."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A halt at a place."""

    place: Place
    purposes: tuple[str, ...]
    """`rest`, `refuel`."""
    drive_s: float
    """Driving since the rest before, or since departure."""
    leg_m: float
    """Way since the fuel before, or since departure."""
    halt_s: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without a place in time."""

    purpose: str
    from_m: float
    to_m: float
    words: str


@dataclass(frozen=True, slots=True)
class Stops:
    """The halts of a way in order, and where one was needed and no place is known."""

    stops: tuple[Stop, ...]
    gaps: tuple[Gap, ...]

    @property
    def halts_s(self) -> float:
        """Return seconds of all halts."""
        return sum(stop.halt_s for stop in self.stops)


@dataclass(frozen=True, eq=False, slots=True)
class Along:
    """A way as metres and seconds from its start: (k,) at the end of each piece, growing."""

    metres: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def seconds_at(self, metres: float) -> float:
        """Return the seconds driven at a place along the way."""
        return float(np.interp(metres, [0.0, *self.metres], [0.0, *self.seconds]))

    def metres_at(self, seconds: float) -> float:
        """Return how far along the way one is after so many seconds."""
        return float(np.interp(seconds, [0.0, *self.seconds], [0.0, *self.metres]))

    @property
    def length_m(self) -> float:
        """Return the length of the way."""
        return float(self.metres[-1])


def places_beside(line: NDArray[np.float64], length_m: float, sites: Sequence[Mapping[str, object]]) -> list[Place]:
    """Return the sites within `NEAR_M` of a line, in order along it.

    Parameters
    ----------
    line
        (k, 2) degrees, k >= 2.
    length_m
        Length of the way, to which the places along it are scaled.
    sites
        With `id, name, kind, lon, lat`.
    """
    east, north = metres_per_degree(float(line[:, 1].mean()))
    points = np.column_stack([_turned(line[:, 0], line[0, 0]) * east, line[:, 1] * north])
    steps = np.hypot(*np.diff(points, axis=0).T)
    ends = np.cumsum(steps)
    scale = length_m / ends[-1] if ends[-1] else 1.0
    found = []
    for site in sites:
        lon, lat = float(str(site["lon"])), float(str(site["lat"]))
        here = np.array([_turned(np.array([lon]), line[0, 0])[0] * east, lat * north])
        if ((here < points.min(axis=0) - NEAR_M) | (here > points.max(axis=0) + NEAR_M)).any():
            continue
        off_m, along_m = _nearest(points, steps, ends, here)
        if off_m <= NEAR_M:
            found.append(
                Place(str(site["id"]), str(site["name"]), str(site["kind"]), float(along_m * scale), float(off_m))
            )
    return sorted(found, key=lambda place: (place.at_m, place.id))


def _nearest(
    points: NDArray[np.float64], steps: NDArray[np.float64], ends: NDArray[np.float64], here: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the metres from a place to a line, and how far along the line that is."""
    begin, ahead = points[:-1], np.diff(points, axis=0)
    shares = np.clip(((here - begin) * ahead).sum(axis=1) / np.maximum(steps, 1e-9) ** 2, 0.0, 1.0)
    away = np.hypot(*(begin + shares[:, None] * ahead - here).T)
    k = int(away.argmin())
    return float(away[k]), float(ends[k] - steps[k] * (1.0 - shares[k]))


def _turned(lon: NDArray[np.float64], to: float) -> NDArray[np.float64]:
    """Return longitudes less than half a turn from another."""
    return np.asarray((lon - to + 540.0) % 360.0 - 180.0)


def plan_stops(
    along: Along, places: Sequence[Place], *, rest_every_s: float | None = None, range_m: float | None = None
) -> Stops:
    """Return the halts of a way; None = no limit of that kind. Places come in order along the way."""
    needs = [_Need("rest", REST_KINDS, rest_every_s, along.seconds_at, along.metres_at)] if rest_every_s else []
    needs += [_Need("refuel", FUEL_KINDS, range_m, float, float)] if range_m else []
    stops: list[Stop] = []
    gaps: list[Gap] = []
    at_m = 0.0
    while True:
        chosen = min((_next(need, places, at_m, along.length_m) for need in needs), default=None, key=lambda x: x[0])
        until_m = along.length_m if chosen is None or chosen[1] is None else chosen[1].at_m
        place = None if chosen is None else chosen[1]
        serves = [n for n in needs if place is None or place.kind in n.kinds]
        gaps += [_gap(n, until_m, along) for n in serves if n.spent(until_m) > n.limit + SLACK]
        if place is None:
            return Stops(tuple(stops), tuple(sorted(gaps, key=lambda gap: gap.from_m)))
        stops.append(_stop(place, [n.purpose for n in serves], along, needs))
        at_m = place.at_m
        for need in serves:
            need.since_m = at_m


@dataclass(slots=True)
class _Need:
    """Rest by hours or fuel by metres, and since when it has not been met."""

    purpose: str
    kinds: frozenset[str]
    limit: float
    measure: Callable[[float], float]
    """Metres along the way -> what the limit counts."""
    place_of: Callable[[float], float]
    """The reverse."""
    since_m: float = 0.0

    def spent(self, at_m: float) -> float:
        """Return what has been used up at a place since the need was last met."""
        return self.measure(at_m) - self.measure(self.since_m)

    def due_m(self) -> float:
        """Return where the limit is reached, metres along the way."""
        return self.place_of(self.measure(self.since_m) + self.limit)


def _next(need: _Need, places: Sequence[Place], at_m: float, length_m: float) -> tuple[float, Place | None]:
    """Return by where a halt has to be made and at which place; the end of the way when none is needed or known."""
    onward = [place for place in places if place.kind in need.kinds and place.at_m > at_m]
    if need.spent(length_m) <= need.limit + SLACK or not onward:
        return np.inf, None
    due_m = need.due_m()
    in_time = [place for place in onward if need.spent(place.at_m) <= need.limit + SLACK]
    return (due_m, in_time[-1]) if in_time else (onward[0].at_m, onward[0])


def _stop(place: Place, purposes: Sequence[str], along: Along, needs: Sequence[_Need]) -> Stop:
    """Return a halt for all purposes that a place serves."""
    since = {need.purpose: need.since_m for need in needs}
    return Stop(
        place=place,
        purposes=tuple(purposes),
        drive_s=along.seconds_at(place.at_m) - along.seconds_at(since.get("rest", 0.0)),
        leg_m=place.at_m - since.get("refuel", 0.0),
        halt_s=REST_S if "rest" in purposes else REFUEL_S,
    )


def _gap(need: _Need, to_m: float, along: Along) -> Gap:
    from_m = need.since_m
    stretch = f"km {from_m / 1000:.0f} to {to_m / 1000:.0f}"
    if need.purpose == "refuel":
        over = f"{(to_m - from_m) / 1000:.0f} km without a known place for fuel, range {need.limit / 1000:.0f} km"
        return Gap(need.purpose, from_m, to_m, f"{stretch}: {over}; carry fuel")
    hours = (along.seconds_at(to_m) - along.seconds_at(from_m)) / 3600
    over = f"{hours:.1f} h without a known place to rest, rest due every {need.limit / 3600:g} h"
    return Gap(need.purpose, from_m, to_m, f"{stretch}: {over}")
