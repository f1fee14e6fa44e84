"""Saying that a movement left and how it ended; what it drove becomes a passage."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import format_instant
from fom.domain.movements import THROUGH, Closure, check_closure, may_close
from fom.domain.profiles import MISSION_CLASSES
from fom.domain.registers import parse_values
from fom.errors import Conflict, FieldError, InvalidInput, NotPermitted
from fom.services.movement_ways import Way, lay_out, part_of, stretches_here
from fom.services.movements import get_movement
from fom.services.picture_host import PictureHost
from fom.services.registers import get_register, is_own_movement, row_dict, write_row
from fom.services.verifying import record_passages
from fom.services.writing import note, step
from fom.store.tables import Movement, MovementPlan

CLOSING = ("outcome", "actual_start", "actual_end", "travelled", "stop_km", "stop_place", "party", "delay_min")
PIECE_S = 3600.0
"""A passage is told in pieces of at most an hour, each as old as its beginning: never fresher than it was."""


def depart_movement(session: Session, movement_id: str, *, version: int, actor: Actor, now: int) -> dict[str, Any]:
    """Say that a movement left just now; said again by somebody else it stays as it was."""
    row = to_close(session, movement_id, actor)
    at = step(session, now)
    if row.outcome is None and row.actual_start is None:
        _check_version(session, row, version, {"actual_start": format_instant(at)}, actor=actor, now=now)
        _write(session, row, {"actual_start": format_instant(at)}, "depart_movement", actor=actor, at=at)
    return get_movement(session, movement_id, actor=actor, now=now)


def note_departure(session: Session, row: Movement, left_at: int, *, actor: Actor, at: int) -> None:
    """Note when a movement left that is on its way without anybody having said so: its first check-in tells."""
    _write(session, row, {"actual_start": format_instant(left_at)}, "depart_movement", actor=actor, at=at)


def close_movement(
    session: Session,
    host: PictureHost,
    movement_id: str,
    values: Mapping[str, Any],
    *,
    version: int,
    actor: Actor,
    now: int,
) -> dict[str, Any]:
    """Enter how a movement ended; what it drove becomes a verification, graded as any passage without a track (F6).

    Parameters
    ----------
    values
        `outcome, actual_start, actual_end, travelled, stop_km, stop_place, party, delay_min, delivered_t`, and
        `verify` (false = record no passage).

    Raises
    ------
    InvalidInput
        Every bad member.
    Conflict
        Somebody closed or changed it meanwhile: `details["current"]`, and `details["differs"]` names what is not alike.
        The same close-out again gives the first result.
    NotPermitted
        Neither its unit nor movement control.
    """
    row = to_close(session, movement_id, actor)
    at = step(session, now)
    errors: list[FieldError] = []
    unknown = set(values) - {*CLOSING, "delivered_t", "verify"}
    errors += [FieldError(name, "given", "no such member") for name in sorted(unknown)]
    closure = check_closure(values, now=now, errors=errors)
    if errors or closure is None:
        raise InvalidInput(errors)
    plan = session.get(MovementPlan, movement_id)
    said = _said(closure)
    is_his = row.outcome is not None and plan is not None and plan.closed_by == actor.person
    if is_his and not _differences(said, _stored(row, plan)):
        return get_movement(session, movement_id, actor=actor, now=now)
    _check_version(session, row, version, said, actor=actor, now=now)
    plan = plan if plan is not None else make_plan(session, row)
    changes = {name: said[name] for name in ("outcome", "actual_start", "actual_end", "delivered_t")}
    for name in ("travelled", "stop_km", "stop_place", "party", "delay_min"):
        setattr(plan, name, getattr(closure, name))
    plan.closed_at, plan.closed_by = at, actor.person
    _write(session, row, changes, "close_movement", actor=actor, at=at)
    if values.get("verify", True) is not False:
        plan.report_id = _record_passage(session, host, row, plan, closure, actor=actor, now=now)
    session.flush()
    return get_movement(session, movement_id, actor=actor, now=now)


def _said(closure: Closure) -> dict[str, Any]:
    members = {name: getattr(closure, name) for name in (*CLOSING, "delivered_t")}
    times = {name: None if members[name] is None else format_instant(members[name]) for name in _TIMES}
    return members | times


_TIMES = ("actual_start", "actual_end")


def _stored(row: Movement, plan: MovementPlan | None) -> dict[str, Any]:
    values = row_dict("movement", row)
    stored = {name: values[name] for name in ("outcome", *_TIMES, "delivered_t")}
    beside = ("travelled", "stop_km", "stop_place", "party", "delay_min")
    return stored | {name: None if plan is None else getattr(plan, name) for name in beside}


def _differences(said: Mapping[str, Any], stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": name, "yours": value, "stored": stored.get(name)}
        for name, value in said.items()
        if value != stored.get(name)
    ]


def _check_version(
    session: Session, row: Movement, version: int, said: Mapping[str, Any], *, actor: Actor, now: int
) -> None:
    """Refuse what was made from an older version, naming what is not alike."""
    if row.version == version and row.outcome is None:
        return
    current = get_movement(session, row.id, actor=actor, now=now)
    differs = _differences(said, _stored(row, session.get(MovementPlan, row.id)))
    words = "was closed" if row.outcome is not None else "was changed"
    raise Conflict(f"movement {row.code} {words} meanwhile by {row.by}", current=current, differs=differs)


def _write(session: Session, row: Movement, changes: Mapping[str, Any], action: str, *, actor: Actor, at: int) -> None:
    values = {
        name: value for name, value in row_dict("movement", row).items() if name not in ("version", "changed_at", "by")
    }
    typed = parse_values("movement", {**values, **changes})
    _, details = write_row(session, "movement", typed, row, by=actor.person, at=at)
    note(session, action, ("movement", row.id), kind="register", actor=actor, at=at, details=details)


def _record_passage(
    session: Session,
    host: PictureHost,
    row: Movement,
    plan: MovementPlan,
    closure: Closure,
    *,
    actor: Actor,
    now: int,
) -> str | None:
    """Record what was driven as a passage, told in pieces; None where nobody can say what it was."""
    stretches = driven_stretches(host, plan, closure, profile=row.profile)
    start, end = closure.actual_start, closure.actual_end or closure.actual_start
    if not stretches or start is None or end is None or row.profile is None:
        return None
    way = lay_out(host.network, stretches, host.profiles[row.profile])
    is_own = row.user_class in MISSION_CLASSES
    features = []
    for first, last in _pieces(way):
        occurred = start + round((end - start) * int(way.after_us[first]) / max(1, way.lasts_us))
        segments = [{name: s[name] for name in ("id", "from_m", "to_m") if s.get(name)} for s in stretches[first:last]]
        properties = {
            "kind": "verification",
            "strength": "own_patrol_traverse" if is_own else "partner_convoy_traverse",
            "passed": row.profile, "user_class": row.user_class, "track": "stated",
            "unimpeded": closure.outcome == "proceeded", "occurred": format_instant(occurred), "segments": segments,
        }  # fmt: skip
        features.append({"type": "Feature", "geometry": None, "properties": properties})
    report_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"close-out of movement {row.id}, version {row.version}"))
    record_passages(
        session, features, id=report_id, actor=actor, now=now, network=host.network, names=host.names,
        classification=row.classification,
    )  # fmt: skip
    return report_id


def driven_stretches(
    host: PictureHost, plan: MovementPlan, closure: Closure, *, profile: str | None
) -> list[dict[str, Any]]:
    """Return the stretches that a movement says it drove; none where that is not known."""
    place = {"planned": 0, "alternate_1": 1, "alternate_2": 2}.get(closure.travelled)
    ways = plan.ways or []
    if not closure.is_driven or place is None or place >= len(ways) or profile is None or profile not in host.profiles:
        return []
    stretches = stretches_here(host, ways[place], plan.planned_as)
    way = lay_out(host.network, stretches, host.profiles[profile])
    if way.lost or not stretches:
        return []
    if closure.outcome in THROUGH and closure.stop_km is None:
        return stretches
    if closure.stop_km is None:
        return []
    return part_of(way, stretches, closure.stop_km * 1000)


def _pieces(way: Way) -> list[tuple[int, int]]:
    """Return (first, last + 1) of the stretches of each piece of at most an hour, at most forty pieces."""
    longest = max(PIECE_S, way.lasts_us / 1e6 / 40)
    pieces, first = [], 0
    for k in range(1, len(way.numbers) + 1):
        is_last = k == len(way.numbers)
        if is_last or (int(way.after_us[k + 1]) - int(way.after_us[first])) / 1e6 > longest:
            pieces.append((first, k))
            first = k
    return pieces


def make_plan(session: Session, row: Movement) -> MovementPlan:
    """Return an empty plan for a movement that the register alone knows."""
    plan = MovementPlan(movement_id=row.id, notified_by=row.by, vehicles=[], escort="none", control_level="open")
    session.add(plan)
    return plan


def to_close(session: Session, movement_id: str, actor: Actor) -> Movement:
    """Return the row of a movement that the actor may close; NotFound, NotPermitted."""
    get_register(session, "movement", movement_id, actor=actor)
    row = session.get_one(Movement, movement_id, populate_existing=True)
    if not may_close(actor, unit=row.unit, is_own=is_own_movement(session, row, actor)):
        raise NotPermitted(f"movement {row.code} is closed by its unit or by movement control")
    return row
