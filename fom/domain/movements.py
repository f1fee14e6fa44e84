"""Movements beyond the register: clearances, phases of the board, close-out, meeting convoys, who may see and change.

The register `movement` (`registers.py`) holds what benchmarks read; what is planned around it is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fom.domain.access import PERMISSIONS, Actor, may
from fom.domain.instants import DAY_US, MINUTE_US, parse_instant
from fom.domain.registers import ACTORS, MOVEMENT_OUTCOMES
from fom.errors import FieldError

CONTROL_LEVELS = ("open", "supervised", "dispatch", "reserved", "prohibited")
"""Source: doctrine, section 7 (control level); requirements, section 2.3."""
ESCORTS = ("none", "asked", "given")
ANSWERS = ("given", "refused", "none")
"""What became of a clearance that was asked for; `none` = no answer yet."""
VEHICLE_CLASSES = ("foot", "motorcycle", "light4x4", "truck_le_10t", "truck_gt_10t", "apc", "low_loader")
"""Source: doctrine, section 7 (vehicles)."""
PROFILE_OF = {
    "foot": "P1", "motorcycle": "P2", "light4x4": "P3", "apc": "P4", "truck_le_10t": "P5", "truck_gt_10t": "P6",
    "low_loader": "P7",
}  # fmt: skip
"""Vehicle class -> profile by which its roads are judged, unless the movement names another."""
PHASES = ("planned", "cleared", "under_way", "due", "closed")
"""Columns of the board, in order."""
GRACE_US = 30 * MINUTE_US
"""Neither left nor arrived so long after the time planned: overdue (J)."""
THROUGH = ("proceeded", "proceeded_late", "rerouted")
"""Outcomes of a movement that got where it was going."""
STOPPED = ("turned_back", "aborted", "held")
CANCELLED = ("cancelled_no_clearance", "cancelled_other")
TRAVELLED = ("planned", "alternate_1", "alternate_2", "not_said")
"""Which of its ways a movement took."""
CHECK_IN_SOURCES = ("device", "typed", "km")
"""How the place of a check-in is known: the receiver of a phone, a position typed, a kilometre of its way."""
ALTERNATES_KEPT = 2
PASSING_US = 15 * MINUTE_US
"""How long a column takes to pass one point, so that those who meet it know when the road is theirs (J)."""
DOUBLE_FLOW_M = 7.3
"""Metres of carriageway on which wheeled columns pass each other. Source: doctrine, section 7 (obstruction marks)."""
ONE_AT_A_TIME = ("dispatch", "reserved")
"""Control levels under which a road carries one direction at a time, whatever its width."""
CONFINED = frozenset({"reporter", "partner"})
"""Roles that see their own unit's movements, what they entered, and what is shared with everybody."""


@dataclass(frozen=True, slots=True)
class LastSeen:
    """Where and when a movement was seen last: `source` check_in or track; `at` microseconds."""

    at: int
    lon: float
    lat: float
    source: str
    off_m: float
    """From its way."""
    at_m: float | None
    """Metres along its way; None = not on it."""


@dataclass(frozen=True, slots=True)
class Clearance:
    """One clearance asked for, and its answer."""

    answer: str
    party: str | None = None


def is_confined(actor: Actor) -> bool:
    """Return whether the actor sees only movements of his own beside the shared ones."""
    return bool(actor.roles) and actor.roles <= CONFINED


def may_see(actor: Actor, *, classification: str, unit: str | None, is_own: bool) -> bool:
    """Return whether a movement that the actor is cleared for is his to see. Source: doctrine, section 10."""
    if not is_confined(actor) or is_own or classification == "unclassified":
        return True
    return unit is not None and unit == actor.unit and "partner" not in actor.roles


def may_change(actor: Actor, *, is_own: bool) -> bool:
    """Return whether the actor may plan and change a movement: movement control any, a partner what he notified."""
    return may(actor, "edit_movements") and (is_own or not is_only_partner(actor))


def is_only_partner(actor: Actor) -> bool:
    """Return whether the actor's right to plan movements is that of a partner."""
    return not any("edit_movements" in PERMISSIONS.get(role, ()) for role in actor.roles - {"partner"})


def may_close(actor: Actor, *, unit: str | None, is_own: bool) -> bool:
    """Return whether the actor may say that it left and how it ended: whoever may change it, and the unit itself."""
    is_of_unit = actor.is_unit_account and unit is not None and unit == actor.unit
    return may_change(actor, is_own=is_own) or (is_of_unit and may(actor, "send_report"))


def may_see_pattern(actor: Actor, unit: str) -> bool:
    """Return whether the actor may see the pattern of a unit: its own planners, and the chief JOC, cleared for it.

    Source: doctrine, section 5 (own unit only, strictly confidential).
    """
    if actor.clearance != "strictly_confidential":
        return False
    is_planner = actor.unit == unit and may(actor, "edit_movements") and not is_confined(actor)
    return is_planner or "chief_joc" in actor.roles


# phases


def phase_of(
    *,
    now: int,
    outcome: str | None,
    planned_start: int,
    planned_end: int | None,
    actual_start: int | None,
    clearances: Sequence[Clearance],
    control_level: str = "open",
) -> str:
    """Return the column of the board that a movement stands in.

    Cleared = every clearance asked for was given; where none was asked, only if the control level needs none.
    """
    if outcome is not None:
        return "closed"
    if actual_start is not None:
        return "due" if planned_end is not None and now > planned_end + GRACE_US else "under_way"
    if now > planned_start + GRACE_US:
        return "due"
    return "cleared" if is_cleared(clearances, control_level) else "planned"


def is_cleared(clearances: Sequence[Clearance], control_level: str) -> bool:
    """Return whether nothing asked for is outstanding or refused."""
    if not clearances:
        return control_level == "open"
    return control_level != "prohibited" and all(clearance.answer == "given" for clearance in clearances)


def is_of_today(ended_at: int | None, now: int) -> bool:
    """Return whether something ended on the present day, UTC."""
    return ended_at is not None and ended_at // DAY_US == now // DAY_US and ended_at <= now + DAY_US


# what is typed


def check_vehicles(raw: object, errors: list[FieldError]) -> list[dict[str, Any]]:
    """Return [{class, count}] without empty rows; what is wrong goes to `errors`."""
    found: list[dict[str, Any]] = []
    for place, row in enumerate(raw if isinstance(raw, list) else [None] if raw is not None else []):
        if not isinstance(row, Mapping) or set(row) != {"class", "count"}:
            errors.append(FieldError(f"vehicles[{place}]", repr(row)[:40], "an object with class and count"))
            continue
        if row["class"] not in VEHICLE_CLASSES:
            errors.append(FieldError(f"vehicles[{place}].class", repr(row["class"])[:40], _one_of(VEHICLE_CLASSES)))
        count = row["count"]
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 500:
            errors.append(FieldError(f"vehicles[{place}].count", repr(count)[:40], "a whole number from 1 to 500"))
        found.append({"class": row["class"], "count": count})
    if len(found) > len(VEHICLE_CLASSES):
        errors.append(FieldError("vehicles", f"{len(found)} rows", "each class once"))
    return found


def heaviest_profile(vehicles: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the profile of the heaviest class among the vehicles, None without any."""
    order = ("foot", "motorcycle", "light4x4", "truck_le_10t", "apc", "truck_gt_10t", "low_loader")
    classes = {row["class"] for row in vehicles}
    return next((PROFILE_OF[name] for name in reversed(order) if name in classes), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """How a movement ended, as its unit or movement control says; times are microseconds."""

    outcome: str
    actual_start: int | None = None
    actual_end: int | None = None
    travelled: str = "planned"
    stop_km: float | None = None
    """Where it was stopped, kilometres along its way."""
    stop_place: str | None = None
    party: str | None = None
    """Who stopped, held or refused it."""
    delay_min: float | None = None
    delivered_t: float | None = None

    @property
    def is_driven(self) -> bool:
        """Return whether it moved at all."""
        return self.outcome not in CANCELLED


def check_closure(values: Mapping[str, Any], *, now: int, errors: list[FieldError]) -> Closure | None:
    """Return the close-out that plain values state, None with every bad field in `errors`.

    Times are ISO 8601 text; what has not happened yet is refused.
    """
    before = len(errors)
    outcome = _code(values, "outcome", MOVEMENT_OUTCOMES, errors, is_needed=True)
    start, end = (_moment(values, name, now, errors) for name in ("actual_start", "actual_end"))
    if start is not None and end is not None and end < start:
        errors.append(FieldError("actual_end", str(values["actual_end"]), "not before actual_start"))
    if outcome in THROUGH and (start is None or end is None):
        errors += [
            FieldError(name, "nothing", "when it " + verb)
            for name, verb, given in (("actual_start", "left", start), ("actual_end", "arrived", end))
            if given is None and not any(e.field == name for e in errors[before:])
        ]
    travelled = _code(values, "travelled", TRAVELLED, errors) or "not_said"
    party = _code(values, "party", ACTORS, errors)
    figures = {
        name: _number(values, name, most, errors)
        for name, most in (("stop_km", 5000), ("delay_min", 20160), ("delivered_t", 100_000))
    }
    place = values.get("stop_place") or None
    if place is not None and (not isinstance(place, str) or len(place) > 200):
        errors.append(FieldError("stop_place", repr(place)[:40], "a text of at most 200 characters"))
    if len(errors) > before:
        return None
    is_driven = outcome not in CANCELLED
    return Closure(
        outcome=str(outcome), actual_start=start if is_driven else None, actual_end=end if is_driven else None,
        travelled=travelled, party=party, stop_place=place, **figures,
    )  # fmt: skip


def _code(
    values: Mapping[str, Any], name: str, codes: Sequence[str], errors: list[FieldError], *, is_needed: bool = False
) -> str | None:
    raw = values.get(name)
    if raw in (None, ""):
        if is_needed:
            errors.append(FieldError(name, "nothing", _one_of(codes)))
        return None
    if raw not in codes:
        errors.append(FieldError(name, repr(raw)[:40], _one_of(codes)))
        return None
    return str(raw)


def _moment(values: Mapping[str, Any], name: str, now: int, errors: list[FieldError]) -> int | None:
    raw = values.get(name)
    if raw in (None, ""):
        return None
    try:
        moment = parse_instant(raw)
    except (ValueError, TypeError):
        errors.append(FieldError(name, repr(raw)[:40], "an ISO 8601 time with Z or an offset"))
        return None
    if moment > now + MINUTE_US:
        errors.append(FieldError(name, str(raw), "a time that has been"))
        return None
    return min(moment, now)


def _number(values: Mapping[str, Any], name: str, most: float, errors: list[FieldError]) -> float | None:
    raw = values.get(name)
    if raw in (None, ""):
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw <= most:
        errors.append(FieldError(name, repr(raw)[:40], f"a number from 0 to {most:g}"))
        return None
    return float(raw)


def _one_of(codes: Sequence[str]) -> str:
    return "one of " + ", ".join(codes)


# convoys that meet


@dataclass(frozen=True, slots=True)
class Occupied:
    """A road that a movement is on: arc (segment number, direction), from entering to leaving, microseconds."""

    segment: int
    direction: int
    enter: int
    leave: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two movements in opposite directions on one stretch of single flow at one time."""

    first: str
    second: str
    segments: tuple[int, ...]
    at: int
    """When the first of these stretches is entered by the later of the two."""


def find_meetings(
    movements: Mapping[str, Sequence[Occupied]], single_flow: Mapping[str, frozenset[int]]
) -> list[Meeting]:
    """Return the pairs that meet, by time.

    Parameters
    ----------
    movements
        Movement id -> roads in order of travel.
    single_flow
        Movement id -> segments of its way that carry one direction at a time for it.
    """
    by_road: dict[int, list[tuple[str, Occupied]]] = {}
    for movement_id, roads in movements.items():
        for road in roads:
            by_road.setdefault(road.segment, []).append((movement_id, road))
    met: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for segment, users in by_road.items():
        for place, (one, first) in enumerate(users):
            for other, second in users[place + 1 :]:
                if one == other or first.direction == second.direction:
                    continue
                if segment not in single_flow[one] and segment not in single_flow[other]:
                    continue
                if first.enter < second.leave + PASSING_US and second.enter < first.leave + PASSING_US:
                    pair = (min(one, other), max(one, other))
                    met.setdefault(pair, []).append((max(first.enter, second.enter), segment))
    found = [
        Meeting(first, second, tuple(sorted({segment for _, segment in places})), min(at for at, _ in places))
        for (first, second), places in met.items()
    ]
    return sorted(found, key=lambda meeting: (meeting.at, meeting.first, meeting.second))
