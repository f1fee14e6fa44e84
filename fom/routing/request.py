"""What is asked of a plan, checked at the door."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fom.domain.instants import DAY_US, format_instant
from fom.domain.profiles import PROFILES, USER_CLASSES, Profile, varied
from fom.errors import FieldError, InvalidInput
from fom.routing.posture import DEFAULT_POSTURE, POSTURES, Posture

MAX_VIA = 10
MAX_ALTERNATES = 3
FORESEEN_US = 366 * DAY_US
"""Departures later than this are not judged by times of arrival: nothing known speaks of them (J)."""

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a plan is to tell beyond the best way and its alternates."""

    trade_offs: bool = False
    """The ways that weigh time against risk otherwise."""
    on_arrival: bool = False
    """States are those at the estimated time of arrival, not at departure."""
    departures: bool = False
    """When to leave in the next 24 h."""
    turn_arounds: bool = False
    """Where a convoy can turn round."""
    rest_every_h: float | None = None
    range_km: float | None = None
    """Halts to rest and to refuel."""
    vehicle: Mapping[str, float] = field(default_factory=dict)
    """Own dimensions in place of the profile's (`profiles.VARIED`)."""
    night: bool = True
    """False = on the road between sunrise and sunset only; then states are those on arrival."""

    @property
    def by_time(self) -> bool:
        """Return whether the search has to know how states go on."""
        return self.judged_on_arrival or self.departures

    @property
    def judged_on_arrival(self) -> bool:
        """Return whether the states of the best way are those on arrival: who may not drive by night has to know."""
        return self.on_arrival or not self.night


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """From where to where, with what, for whom, when. Positions are (longitude, latitude), WGS 84 degrees."""

    origin: LonLat
    destination: LonLat
    via: tuple[LonLat, ...] = ()
    profile: Profile
    user_class: str
    at: int
    """Departure, microseconds UTC: the states of this moment hold for the whole route."""
    known_at: int
    posture: Posture = POSTURES[DEFAULT_POSTURE]
    alternates: int = MAX_ALTERNATES
    """How many at most besides the best, 0 to 3."""
    wishes: Wishes = NO_WISHES

    @property
    def places(self) -> tuple[LonLat, ...]:
        """Return origin, via points and destination in order of travel."""
        return (self.origin, *self.via, self.destination)


def make_request(
    *,
    origin: Sequence[float],
    destination: Sequence[float],
    via: Sequence[Sequence[float]] = (),
    profile: str,
    profiles: Mapping[str, Profile],
    user_class: str,
    at: int,
    known_at: int,
    posture: str = DEFAULT_POSTURE,
    alternates: int = MAX_ALTERNATES,
    wishes: Wishes = NO_WISHES,
) -> PlanRequest:
    """Return a request from plain values.

    Raises
    ------
    InvalidInput
        Every bad field at once: a position outside the world, at 0/0 or not a number, an unknown profile, user class or
        posture, too many via points or alternates, an absurd vehicle, a departure beyond what can be foreseen.
    """
    errors: list[FieldError] = []
    places = [("from", origin), *((f"via[{i}]", place) for i, place in enumerate(via)), ("to", destination)]
    checked = [_position(field, place, errors) for field, place in places]
    if len(via) > MAX_VIA:
        errors.append(FieldError("via", f"{len(via)} points", f"at most {MAX_VIA}"))
    if profile not in profiles:
        errors.append(FieldError("profile", repr(profile), "one of " + ", ".join(sorted(profiles))))
    if user_class not in USER_CLASSES:
        errors.append(FieldError("user_class", repr(user_class), "one of " + ", ".join(USER_CLASSES)))
    if posture not in POSTURES:
        errors.append(FieldError("posture", repr(posture), "one of " + ", ".join(POSTURES)))
    if not isinstance(alternates, int) or isinstance(alternates, bool) or not 0 <= alternates <= MAX_ALTERNATES:
        errors.append(FieldError("alternates", repr(alternates), f"0 to {MAX_ALTERNATES}"))
    vehicle = varied(profiles.get(profile, PROFILES["P3"]), wishes.vehicle, errors, "vehicle")
    _check_wishes(wishes, at, known_at, errors)
    if errors:
        raise InvalidInput(errors)
    return PlanRequest(
        origin=checked[0],
        destination=checked[-1],
        via=tuple(checked[1:-1]),
        profile=vehicle,
        user_class=user_class,
        at=at,
        known_at=known_at,
        posture=POSTURES[posture],
        alternates=alternates,
        wishes=wishes,
    )


def _check_wishes(wishes: Wishes, at: int, known_at: int, errors: list[FieldError]) -> None:
    if wishes.by_time and not known_at <= at <= known_at + FORESEEN_US:
        expected = f"within a year after what is known, {format_instant(known_at)}"
        errors.append(FieldError("at", format_instant(at), expected))
    for name, least, most in (("rest_every_h", 0.5, 24.0), ("range_km", 10.0, 5000.0)):
        value = getattr(wishes, name)
        if value is not None and not least <= value <= most:
            errors.append(FieldError(name, f"{value:g}", f"{least:g} to {most:g}"))


def _position(field: str, place: Sequence[float], errors: list[FieldError]) -> LonLat:
    expected = "longitude -180 to 180, then latitude -90 to 90, not 0/0"
    try:
        lon, lat = (float(value) for value in place)
    except (TypeError, ValueError):
        errors.append(FieldError(field, repr(place), expected))
        return (0.0, 0.0)
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90) or lon == lat == 0:
        errors.append(FieldError(field, f"{lon:g},{lat:g}", expected))
    return lon, lat
