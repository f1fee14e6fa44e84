"""Where movements are: what they said themselves (check-ins), what a recorded track of their unit shows, else nothing.

Where nobody saw it, a movement is where its plan puts it; that is `movement_ahead`, and it is always said which.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS, Actor
from fom.domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from fom.domain.movements import CHECK_IN_SOURCES, LastSeen
from fom.errors import Conflict, FieldError, InvalidInput
from fom.services.movement_closing import make_plan, to_close
from fom.services.movement_lines import find_on_way, place_on_way
from fom.services.movement_ways import Way, lay_out, stretches_here
from fom.services.movements import EVERYTHING, get_movement, list_movements
from fom.services.picture_host import PictureHost
from fom.services.writing import note, step
from fom.store.records import retracted_ids
from fom.store.tables import MovementCheckIn, MovementPlan, RecordRow, ReportVersion, User

ON_WAY_M = 500.0
"""Farther from its way a movement is off it (J)."""
TRACK_NEAR_M = 100.0
"""A track of the unit that ends farther from the way of a movement is not of that movement (J)."""
LATE_MAX_US = 48 * HOUR_US
"""So long after it a check-in is still taken (J)."""


def check_in(
    session: Session, host: PictureHost, movement_id: str, values: Mapping[str, Any], *, actor: Actor, now: int
) -> dict[str, Any]:
    """Note where a movement is, as its unit or movement control says; the same id again gives the first result.

    Parameters
    ----------
    values
        `id` (the sender's UUID), `at` (default now), and `lon, lat` with `accuracy_m` and `source`, or `km` of its way.

    Raises
    ------
    InvalidInput
        Every bad member; a movement that has not left, or has ended.
    NotPermitted
        Neither its unit nor movement control.
    """
    row = to_close(session, movement_id, actor)
    at = step(session, now)
    errors: list[FieldError] = []
    try:
        check_in_id = str(uuid.UUID(str(values.get("id"))))
    except ValueError:
        raise InvalidInput.single("id", repr(values.get("id"))[:60], "a UUID made by the sender") from None
    known = session.get(MovementCheckIn, check_in_id)
    if known is not None:
        if known.movement_id != movement_id:
            raise Conflict("this id belongs to a check-in of another movement")
        return check_in_dict(known)
    if row.actual_start is None or row.outcome is not None:
        state = "not left yet" if row.outcome is None else row.outcome
        errors.append(FieldError("movement", state, "a movement that has left and is still on its way"))
    seen_at = _moment(values.get("at"), row.actual_start, at, errors)
    place = _place(session, host, movement_id, values, errors)
    if errors or place is None:
        raise InvalidInput(errors)
    if session.get(MovementPlan, movement_id) is None:
        make_plan(session, row)
    check = MovementCheckIn(
        id=check_in_id, movement_id=movement_id, at=seen_at, received=at, by=actor.person, **place,
    )  # fmt: skip
    session.add(check)
    details = {"check_in": check_in_id, "source": check.source}
    note(session, "check_in_movement", ("movement", movement_id), kind="register", actor=actor, at=at, details=details)
    return check_in_dict(check)


def check_in_dict(row: MovementCheckIn) -> dict[str, Any]:
    """Return the plain values of a check-in."""
    return {
        "id": row.id, "movement_id": row.movement_id, "at": format_instant(row.at), "lon": row.lon, "lat": row.lat,
        "accuracy_m": row.accuracy_m, "source": row.source, "received": format_instant(row.received),
    }  # fmt: skip


def list_check_ins(session: Session, movement_id: str) -> list[dict[str, Any]]:
    """Return the check-ins of a movement that the viewer may see, newest first."""
    query = select(MovementCheckIn).where(MovementCheckIn.movement_id == movement_id)
    return [
        check_in_dict(row) for row in session.scalars(query.order_by(MovementCheckIn.at.desc(), MovementCheckIn.id))
    ]


def _moment(raw: Any, left: int | None, now: int, errors: list[FieldError]) -> int:
    if raw in (None, ""):
        return now
    try:
        moment = parse_instant(raw)
    except (ValueError, TypeError):
        errors.append(FieldError("at", repr(raw)[:40], "an ISO 8601 time with Z or an offset"))
        return now
    if not max(left or 0, now - LATE_MAX_US) <= moment <= now + MINUTE_US:
        errors.append(FieldError("at", str(raw), "a time since it left, within the last 48 hours, not ahead"))
    return min(moment, now)


def _place(
    session: Session, host: PictureHost, movement_id: str, values: Mapping[str, Any], errors: list[FieldError]
) -> dict[str, Any] | None:
    kilometre = _figure(values, "km", 0, 5000, errors)
    if kilometre is not None:
        way = _way_of(session, host, movement_id)
        found = None if way is None else place_on_way(host.network, way, kilometre * 1000)
        if found is None:
            length = (
                "a movement with a way" if way is None else f"0 to {way.length_m / 1000:.1f}, the length of its way"
            )
            errors.append(FieldError("km", f"{kilometre:g}", length))
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


def _way_of(session: Session, host: PictureHost, movement_id: str) -> Way | None:
    movement = get_movement(session, movement_id, actor=EVERYTHING, now=host.now())
    return way_here(host, movement)


def way_here(host: PictureHost, movement: Mapping[str, Any]) -> Way | None:
    """Return the chosen way of a movement on the network at hand; None without one, or by an unknown profile."""
    profile = host.profiles.get(movement["profile"] or "")
    if profile is None or not movement["ways"]:
        return None
    way = lay_out(host.network, stretches_here(host, movement["ways"][0], movement["planned_as"]), profile)
    return way if len(way.numbers) else None


# seen last


def last_seen(
    session: Session, host: PictureHost, movements: Iterable[Mapping[str, Any]], *, known_at: int
) -> dict[str, LastSeen]:
    """Return movement id -> where it was seen last, as known at a moment; of those on their way only.

    A check-in, or the end of a recorded track that an account of its unit sent since it left and that ends on its way.
    Where that may be of two movements of the unit, it is of neither; a track more secret than the movement is not told.
    """
    moving = {m["id"]: m for m in movements if m["actual_start"] is not None and m["outcome"] is None}
    if not moving:
        return {}
    ways = {movement_id: way_here(host, movement) for movement_id, movement in moving.items()}
    found: dict[str, LastSeen] = {}
    query = select(MovementCheckIn).where(MovementCheckIn.movement_id.in_(moving), MovementCheckIn.received <= known_at)
    for row in session.scalars(query.order_by(MovementCheckIn.at, MovementCheckIn.id)):
        seen = _placed(host, ways[row.movement_id], moving[row.movement_id], row.at, row.lon, row.lat, "check_in")
        found[row.movement_id] = seen
    for movement_id, seen in _tracked(session, host, moving, ways, known_at=known_at):
        if movement_id not in found or seen.at > found[movement_id].at:
            found[movement_id] = seen
    return found


def _placed(
    host: PictureHost, way: Way | None, movement: Mapping[str, Any], at: int, lon: float, lat: float, source: str
) -> LastSeen:
    """Return a sighting with its place on the way, near where the movement should have been by then."""
    on = None
    if way is not None:
        gone_us = max(0, at - parse_instant(movement["actual_start"]))
        due_m = way.metres_after(gone_us)
        on = find_on_way(host.network, way, lon, lat, reach_m=ON_WAY_M, near_m=due_m)
    return LastSeen(at, lon, lat, source, *((0.0, None) if on is None else (on[1], on[0])))


def _tracked(
    session: Session,
    host: PictureHost,
    moving: Mapping[str, Mapping[str, Any]],
    ways: Mapping[str, Way | None],
    *,
    known_at: int,
) -> Iterable[tuple[str, LastSeen]]:
    units = {m["unit"] for m in moving.values() if m["unit"]}
    if not units:
        return
    since = min(parse_instant(m["actual_start"]) for m in moving.values())
    query = (
        select(RecordRow, User.unit_id, ReportVersion.device_time)
        .join(User, User.email == RecordRow.by)
        .join(
            ReportVersion,
            (ReportVersion.report_id == RecordRow.report_id) & (ReportVersion.version == RecordRow.report_version),
        )
        .where(RecordRow.kind == "verification", RecordRow.received.between(since, known_at), User.unit_id.in_(units))
        .order_by(RecordRow.number)
    )
    rows = [found for found in session.execute(query) if _is_own_track(found[0].properties)]
    if not rows:
        return
    absent = retracted_ids(session, known_at=known_at)
    others = [m for m in list_movements(session, actor=EVERYTHING, now=known_at, since=known_at) if m["unit"] in units]
    others = [m for m in others if m["id"] not in moving and m["actual_start"] is not None and m["outcome"] is None]
    ways = {**ways, **{m["id"]: way_here(host, m) for m in others}}
    may_be = {**moving, **{m["id"]: m for m in others}}
    for record, unit, device_time in rows:
        received, occurred = record.received, record.occurred
        if record.id in absent or record.geometry is None or occurred is None or received is None:
            continue
        lon, lat = _end_of(record.geometry)
        at = min(max(device_time or received, occurred), received)
        mine = [
            (movement_id, seen)
            for movement_id, movement in may_be.items()
            if movement["unit"] == unit
            and at >= parse_instant(movement["actual_start"])
            and _is_open_to(record.classification, movement)
            and (seen := _placed(host, ways[movement_id], movement, at, lon, lat, "track")).at_m is not None
            and seen.off_m <= TRACK_NEAR_M
        ]
        if len(mine) == 1 and mine[0][0] in moving:
            yield mine[0]


def _is_own_track(said: Mapping[str, Any]) -> bool:
    """Return whether the receiver of a unit's account recorded it: what a report says of its unit proves nothing."""
    return said.get("track") == "gps" and bool(said.get("authenticated"))


def _is_open_to(classification: str, movement: Mapping[str, Any]) -> bool:
    return CLASSIFICATIONS.index(classification) <= CLASSIFICATIONS.index(movement["classification"])


def _end_of(track: shapely.Geometry) -> tuple[float, float]:
    points: Sequence[Sequence[float]] = shapely.get_coordinates(track).tolist()
    return points[-1][0], points[-1][1]
