"""Check-ins: where a movement says that it is, at once or by a phone that was out of reach until now.

One that comes late counts at the time at which it was made, none ahead of its receipt. What follows from it, where a
movement was seen last, is `movement_places`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from fom.domain.movements import CHECK_IN_SOURCES
from fom.errors import Conflict, FieldError, InvalidInput
from fom.services.movement_closing import make_plan, note_departure, to_close
from fom.services.movement_lines import place_on_way
from fom.services.movement_places import way_here
from fom.services.movements import EVERYTHING, LEAVES_SOON_US, get_movement
from fom.services.picture_host import PictureHost
from fom.services.reporting import is_skewed
from fom.services.writing import note, step
from fom.store.columns import hash_of
from fom.store.tables import Movement, MovementCheckIn, MovementPlan

LATE_MAX_US = 48 * HOUR_US
"""So long after it a check-in is still taken (J)."""
LATE_TOLD_US = 10 * MINUTE_US
"""What was received so much later than it was made is told as late, as with reports (J)."""
OFFSET_MAX_S = 2.0**53


@dataclass(frozen=True, slots=True)
class _Clock:
    """What the clock of a device said when the check-in was made; None: a person says it now, or by his own watch."""

    device_time: int | None
    offset_s: float | None

    @property
    def is_device(self) -> bool:
        return self.device_time is not None


def check_in(
    session: Session, host: PictureHost, movement_id: str, values: Mapping[str, Any], *, actor: Actor, now: int
) -> dict[str, Any]:
    """Note where a movement is, as its unit or movement control says; the same id again gives the first result.

    Parameters
    ----------
    values
        `id` (the sender's UUID), `at` (default now), and `lon, lat` with `accuracy_m` and `source`, or `km` of its way.
        `left`: it is on its way; where nobody said yet that it left, it left then. With `device_time` (and
        `device_offset_s`) a device kept it until now: it counts at `at` or at its receipt, whichever is earlier, also
        when the movement was closed since.

    Raises
    ------
    InvalidInput
        Every bad member; a movement that has not left, or had ended by then.
    Conflict
        The id stands for something else.
    NotPermitted
        Neither its unit nor movement control.
    """
    row = to_close(session, movement_id, actor)
    at = step(session, now)
    check_in_id, body_hash = _id_of(values), _hash_of(values)
    known = session.get(MovementCheckIn, check_in_id)
    if known is not None:
        if known.movement_id != movement_id or (known.body_hash or body_hash) != body_hash:
            raise Conflict("this id belongs to another check-in")
        return check_in_dict(known)
    errors: list[FieldError] = []
    clock = _clock_of(values, errors)
    plan = session.get(MovementPlan, movement_id)
    seen_at = _moment(values.get("at"), row, clock, at, errors)
    _check_phase(row, plan, clock, seen_at, has_left=values.get("left") is True, errors=errors)
    place = _place(session, host, movement_id, values, errors)
    if errors or place is None:
        raise InvalidInput(errors)
    if plan is None:
        make_plan(session, row)
    if row.actual_start is None:
        note_departure(session, row, seen_at, actor=actor, at=at)
    check = MovementCheckIn(
        id=check_in_id, movement_id=movement_id, at=seen_at, received=at, by=actor.person, body_hash=body_hash,
        device_time=clock.device_time, device_offset_s=clock.offset_s, **place,
    )  # fmt: skip
    session.add(check)
    details = {"check_in": check_in_id, "source": check.source, "body_hash": body_hash}
    note(session, "check_in_movement", ("movement", movement_id), kind="register", actor=actor, at=at, details=details)
    return check_in_dict(check)


def check_in_dict(row: MovementCheckIn) -> dict[str, Any]:
    """Return the plain values of a check-in."""
    return {
        "id": row.id, "movement_id": row.movement_id, "at": format_instant(row.at), "lon": row.lon, "lat": row.lat,
        "accuracy_m": row.accuracy_m, "source": row.source, "received": format_instant(row.received),
        "device_time": None if row.device_time is None else format_instant(row.device_time),
        "device_offset_s": row.device_offset_s,
        "is_late": row.received - row.at > LATE_TOLD_US,
        "is_skewed": is_skewed(row.device_offset_s, row.device_time, row.received),
    }  # fmt: skip


def list_check_ins(session: Session, movement_id: str) -> list[dict[str, Any]]:
    """Return the check-ins of a movement that the viewer may see, newest first."""
    query = select(MovementCheckIn).where(MovementCheckIn.movement_id == movement_id)
    return [
        check_in_dict(row) for row in session.scalars(query.order_by(MovementCheckIn.at.desc(), MovementCheckIn.id))
    ]


def _id_of(values: Mapping[str, Any]) -> str:
    try:
        return str(uuid.UUID(str(values.get("id"))))
    except ValueError:
        raise InvalidInput.single("id", repr(values.get("id"))[:60], "a UUID made by the sender") from None


def _hash_of(values: Mapping[str, Any]) -> str:
    return hash_of({name: value for name, value in values.items() if name != "id" and value not in (None, "")})


def _clock_of(values: Mapping[str, Any], errors: list[FieldError]) -> _Clock:
    device_time, raw = None, values.get("device_time")
    if raw not in (None, ""):
        try:
            device_time = parse_instant(raw)
        except (ValueError, TypeError):
            errors.append(FieldError("device_time", repr(raw)[:40], "an ISO 8601 time with Z or an offset"))
    return _Clock(device_time, _figure(values, "device_offset_s", -OFFSET_MAX_S, OFFSET_MAX_S, errors))


def _moment(raw: Any, row: Movement, clock: _Clock, received: int, errors: list[FieldError]) -> int:
    """Return when a check-in counts: when it was made, never after its receipt."""
    if raw in (None, ""):
        return received
    try:
        moment = parse_instant(raw)
    except (ValueError, TypeError):
        errors.append(FieldError("at", repr(raw)[:40], "an ISO 8601 time with Z or an offset"))
        return received
    oldest = received - LATE_MAX_US
    if clock.is_device:  # its unit knows when it left, perhaps before anybody was told so
        if moment < max(oldest, row.planned_start - LEAVES_SOON_US):
            expected = "a time within the last 48 hours, and at most 12 hours before it was to leave"
            errors.append(FieldError("at", str(raw), expected, reason="check_in_old"))
    elif not max(row.actual_start or 0, oldest) <= moment <= received + MINUTE_US:
        errors.append(FieldError("at", str(raw), "a time since it left, within the last 48 hours, not ahead"))
    return min(moment, received)


def _check_phase(
    row: Movement,
    plan: MovementPlan | None,
    clock: _Clock,
    seen_at: int,
    *,
    has_left: bool,
    errors: list[FieldError],
) -> None:
    """Refuse a check-in of a movement that was not on its way then."""
    expected = "a movement that has left and is still on its way"
    if row.outcome is not None:
        ended = row.actual_end or (None if plan is None else plan.closed_at)
        if not clock.is_device or row.actual_start is None or ended is None or seen_at > ended:
            errors.append(FieldError("movement", row.outcome, expected, reason="movement_ended"))
    elif row.actual_start is None and not (has_left and seen_at >= row.planned_start - LEAVES_SOON_US):
        errors.append(FieldError("movement", "not left yet", expected, reason="movement_not_left"))


def _place(
    session: Session, host: PictureHost, movement_id: str, values: Mapping[str, Any], errors: list[FieldError]
) -> dict[str, Any] | None:
    kilometre = _figure(values, "km", 0, 5000, errors)
    if kilometre is not None:
        way = way_here(host, get_movement(session, movement_id, actor=EVERYTHING, now=host.now()))
        found = None if way is None else place_on_way(host.network, way, kilometre * 1000)
        if found is None:
            length = (
                "a movement with a way" if way is None else f"0 to {way.length_m / 1000:.1f}, the length of its way"
            )
            errors.append(FieldError("km", f"{kilometre:g}", length, reason="beyond_way"))
            return None
        return {"lon": found.lon, "lat": found.lat, "accuracy_m": None, "source": "km"}
    lon, lat = _figure(values, "lon", -180, 180, errors), _figure(values, "lat", -90, 90, errors)
    accuracy = _figure(values, "accuracy_m", 0, 1e6, errors)
    source = values.get("source") or "typed"
    if source not in CHECK_IN_SOURCES[:2]:
        errors.append(FieldError("source", repr(source)[:40], "device or typed; km stands for itself"))
    if lon is None or lat is None:
        if not errors:
            errors.append(FieldError("lon", "nothing", "lon and lat, or km of its way"))
        return None
    if lon == 0 and lat == 0:
        errors.append(FieldError("lon", "0/0", "a position; 0/0 is what devices say without one"))
    return {"lon": lon, "lat": lat, "accuracy_m": accuracy, "source": source}


def _figure(values: Mapping[str, Any], name: str, low: float, high: float, errors: list[FieldError]) -> float | None:
    raw = values.get(name)
    if raw in (None, ""):
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not low <= raw <= high:
        errors.append(FieldError(name, repr(raw)[:40], f"a number from {low:g} to {high:g}"))
        return None
    return float(raw)
