"""Flights: the leg between two air heads, and whether both can be used when it is there. Computed, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyproj import Geod
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.daylight import is_day
from fom.domain.flights import Reason, judge_end
from fom.domain.instants import HOUR_US, from_us, parse_instant
from fom.domain.states import VIABLE, State
from fom.errors import FieldError
from fom.maps.style import letter_of, word_of
from fom.picture.survey import Survey
from fom.services.air_heads import by_type, stand
from fom.services.area_statements import wet_places
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register

GEOD = Geod(ellps="WGS84")
SPEED_KMH = 200.0
"""By which the arrival of a flight without a window is reckoned: a helicopter or a light aeroplane (J)."""
LEG_POINTS = 24
LEG = ("from_air_head", "to_air_head", "aircraft_type")


@dataclass(frozen=True, slots=True)
class Leg:
    """The straight line between two air heads."""

    line: tuple[tuple[float, float], ...]
    bearing: float
    length_m: float

    def at(self, share: float) -> tuple[float, float]:
        """Return the place after a share of it, 0 to 1."""
        lon, lat, _ = GEOD.fwd(*self.line[0], self.bearing, self.length_m * share)
        return round(float(lon), 6), round(float(lat), 6)


@dataclass(frozen=True, slots=True)
class AirEnd:
    """One air head of a leg as it stands when the flight is there."""

    head: Mapping[str, Any]
    verb: str
    """departs, arrives"""
    at: int
    reasons: tuple[Reason, ...]

    @property
    def state(self) -> State:
        """Return the worst state."""
        return self.reasons[0][0]

    def line(self) -> str:
        """Return it in one sentence, with what is worst."""
        moment = from_us(self.at).strftime("%H%MZ")
        worst = [words for state, words in self.reasons if state == self.state and state != State.GREEN]
        why = f": {'; '.join(worst)}" if worst else ""
        return f"{self.head['code']} is {word_of(letter_of(self.state))} when it {self.verb} {moment}{why}."


@dataclass(frozen=True, slots=True)
class Flight:
    """A flight as it stands: one air head or both, when it is there, and the leg where both are known."""

    ends: tuple[AirEnd, ...]
    """Those still before it."""
    is_stated: bool
    """Whether both air heads are stated, and shown to the viewer."""
    leg: Leg | None
    departs_at: int
    arrives_at: int

    @property
    def state(self) -> State:
        """Return the worst state; an air head that is not stated is unknown."""
        return max([State.GREEN if self.is_stated else State.GREY, *(end.state for end in self.ends)])

    @property
    def is_passable(self) -> bool:
        """Return whether both can be used."""
        return self.state in VIABLE

    def share(self, at: int) -> float:
        """Return how much of the leg should be behind it by its schedule, 0 to 1."""
        return min(1.0, max(0.0, (at - self.departs_at) / max(1, self.arrives_at - self.departs_at)))

    def lines(self) -> list[str]:
        """Return both ends in sentences."""
        return [end.line() for end in self.ends]


def judge_flights(
    session: Session, host: PictureHost, movements: Iterable[Mapping[str, Any]], *, actor: Actor, at: int
) -> dict[str, Flight]:
    """Return the open flights with the air heads that the actor may see; one that has left departs no more."""
    flights = [m for m in movements if m["purpose"] == "flight" and m["outcome"] is None]
    flights = [m for m in flights if m["from_air_head"] or m["to_air_head"]]
    if not flights:
        return {}
    heads = {row["id"]: row for row in list_register(session, "air_head", actor=actor)}
    with host.reading() as picture:
        survey = picture.survey(at)
    return {m["id"]: _judge(session, m, heads, survey, at) for m in flights}


def _judge(
    session: Session, movement: Mapping[str, Any], heads: Mapping[str, Mapping[str, Any]], survey: Survey, at: int
) -> Flight:
    start, end = (heads.get(movement[name] or "") for name in LEG[:2])
    leg = None if start is None or end is None else _leg(start, end)
    left = movement["actual_start"]
    planned = parse_instant(movement["planned_start"])
    departs = parse_instant(left) if left is not None else max(planned, at)
    late_us = departs - planned
    if movement["planned_end"] is not None:
        arrives = parse_instant(movement["planned_end"]) + max(0, late_us)
    else:
        arrives = departs + round((0.0 if leg is None else leg.length_m / 1000 / SPEED_KMH) * HOUR_US)
    ends = []
    for head, verb, moment in ((start, "departs", departs), (end, "arrives", max(arrives, at))):
        if head is not None and not (verb == "departs" and left is not None):
            ends.append(AirEnd(head, verb, moment, tuple(_reasons(session, head, movement, survey, at, moment))))
    return Flight(tuple(ends), leg is not None, leg, departs, arrives)


def _reasons(
    session: Session, head: Mapping[str, Any], movement: Mapping[str, Any], survey: Survey, known_at: int, at: int
) -> list[Reason]:
    aircraft_type = movement["aircraft_type"]
    is_cleared = bool(movement["clearances"]) and all(c["answer"] == "given" for c in movement["clearances"])
    is_wet = bool(wet_places(session, {head["id"]: (head["lon"], head["lat"])}, at=at))
    service = by_type(session, head, survey, is_wet=is_wet, at=at, known_at=known_at)
    head = stand(session, [head], survey, at=at, known_at=known_at)[0]
    found = next((one for one in service if one.aircraft_type == aircraft_type), None)
    is_light = is_day(head["lon"], head["lat"], at)
    return judge_end(
        head, aircraft_type=aircraft_type, service=found, is_day=is_light, is_wet=is_wet, is_cleared=is_cleared
    )


def _leg(start: Mapping[str, Any], end: Mapping[str, Any]) -> Leg:
    ends = (start["lon"], start["lat"]), (end["lon"], end["lat"])
    bearing, _, length = GEOD.inv(*ends[0], *ends[1])
    between = GEOD.npts(*ends[0], *ends[1], LEG_POINTS) if length > 0 else []
    points = [tuple(np.round(point, 6).tolist()) for point in (ends[0], *between, ends[1])]
    return Leg(tuple((lon, lat) for lon, lat in points), float(bearing) % 360, float(length))


def check_leg(
    session: Session, values: Mapping[str, Any], purpose: object, *, actor: Actor, errors: list[FieldError]
) -> dict[str, Any]:
    """Return the members of a leg as they are stored, with the places of its ends; what is wrong goes to `errors`.

    Only a flight has one.
    """
    leg: dict[str, Any] = {name: values.get(name) or None for name in LEG}
    given = [name for name in LEG if leg[name] is not None]
    if purpose != "flight":
        errors += [FieldError(name, repr(leg[name])[:40], "nothing: only a flight has a leg") for name in given]
        return leg
    if leg["aircraft_type"] is not None and not (
        isinstance(leg["aircraft_type"], str) and len(leg["aircraft_type"]) <= 80
    ):
        errors.append(FieldError("aircraft_type", repr(leg["aircraft_type"])[:40], "at most 80 characters"))
    heads = {row["id"]: row for row in list_register(session, "air_head", actor=actor)} if given else {}
    for name, place in (("from_air_head", "origin"), ("to_air_head", "destination")):
        head = heads.get(leg[name]) if isinstance(leg[name], str) else None
        if leg[name] is not None and head is None:
            errors.append(FieldError(name, repr(leg[name])[:40], "the id of an air head"))
        elif head is not None:
            leg[place] = {"name": head["name"], "lon": head["lon"], "lat": head["lat"]}
    if leg["from_air_head"] is not None and leg["from_air_head"] == leg["to_air_head"]:
        errors.append(FieldError("to_air_head", leg["to_air_head"], "another air head than it leaves from"))
    return leg


def flight_members(flight: Flight) -> dict[str, Any]:
    """Return how a flight stands, as pages and answers state it."""
    return {
        "state": letter_of(flight.state),
        "is_passable": flight.is_passable,
        "departs_at": flight.departs_at,
        "arrives_at": flight.arrives_at,
        "length_m": None if flight.leg is None else round(flight.leg.length_m),
        "bearing": None if flight.leg is None else round(flight.leg.bearing),
        "line": None if flight.leg is None else [list(point) for point in flight.leg.line],
        "ends": [
            {
                "id": end.head["id"], "code": end.head["code"], "name": end.head["name"], "verb": end.verb,
                "at": end.at,
                "state": letter_of(end.state),
                "reasons": [{"state": letter_of(state), "text": words} for state, words in end.reasons],
            }
            for end in flight.ends
        ],
        "advice": [
            {"kind": "air_head", "text": end.line(), "state": letter_of(end.state)}
            for end in flight.ends
            if end.state not in VIABLE
        ],
    }  # fmt: skip
