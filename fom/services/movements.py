"""Movements: plan one, change it, read it. Clearances and the close-out have modules of their own.

The register's row carries the version of the whole; what is planned beside it stands in tables of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import SYSTEM, Actor, require
from fom.domain.instants import DAY_US, format_instant, parse_instant
from fom.domain.movements import (
    ALTERNATES_KEPT,
    CONTROL_LEVELS,
    ESCORTS,
    Clearance,
    check_vehicles,
    heaviest_profile,
    is_confined,
    is_only_partner,
    may_change,
    may_close,
    phase_of,
)
from fom.domain.registers import REGISTERS, parse_values
from fom.errors import FieldError, InvalidInput, NotPermitted
from fom.services.movement_flights import check_leg
from fom.services.registers import get_register, is_own_movement, list_register, row_dict, save_register
from fom.store.tables import Movement, MovementClearance, MovementPlan

EVERYTHING = replace(SYSTEM, extra=frozenset({"read_picture"}))
"""Sees every movement: for receipts and counts that say nothing of a movement to whom it is not shown."""
PARTNER_CLASSES = ("humanitarian", "medical", "civil_population")
LEAVES_SOON_US = DAY_US // 2
"""So long before its time a movement can be said to have left (J)."""
DETAILS = (
    "vehicles", "escort", "escort_by", "control_level", "origin", "destination", "via", "ways", "planned_as", "notes",
    "from_air_head", "to_air_head", "aircraft_type",
)  # fmt: skip
"""Members of a movement beside those of the register."""


# reading


def get_movement(session: Session, movement_id: str, *, actor: Actor, now: int) -> dict[str, Any]:
    """Return a movement with plan, close-out, clearances and phase; NotFound also when not visible."""
    row = get_register(session, "movement", movement_id, actor=actor)
    return _whole(row, _plans(session, [movement_id]), _clearances(session, [movement_id]), actor=actor, now=now)


def list_movements(
    session: Session, *, actor: Actor, now: int, since: int | None = None, until: int | None = None
) -> list[dict[str, Any]]:
    """Return the movements that the actor may see, by planned start; `since`, `until` bound those that have ended."""
    rows = []
    for row in list_register(session, "movement", actor=actor):
        start = parse_instant(row["planned_start"])
        end = _moment(row["actual_end"]) or _moment(row["planned_end"]) or start
        if (since is not None and row["outcome"] is not None and max(start, end) < since) or (
            until is not None and start > until
        ):
            continue
        rows.append(row)
    rows.sort(key=lambda row: (row["planned_start"], row["code"]))
    ids = [row["id"] for row in rows]
    plans, clearances = _plans(session, ids), _clearances(session, ids)
    return [_whole(row, plans, clearances, actor=actor, now=now) for row in rows]


def _plans(session: Session, ids: Sequence[str]) -> dict[str, MovementPlan]:
    query = select(MovementPlan)
    if len(ids) < 200:
        query = query.where(MovementPlan.movement_id.in_(ids))
    return {plan.movement_id: plan for plan in session.scalars(query)}


def _clearances(session: Session, ids: Sequence[str]) -> dict[str, list[MovementClearance]]:
    query = select(MovementClearance).order_by(MovementClearance.asked_at, MovementClearance.id)
    if len(ids) < 200:
        query = query.where(MovementClearance.movement_id.in_(ids))
    found: dict[str, list[MovementClearance]] = {}
    for clearance in session.scalars(query):
        found.setdefault(clearance.movement_id, []).append(clearance)
    return found


def _whole(
    row: dict[str, Any],
    plans: Mapping[str, MovementPlan],
    clearances: Mapping[str, Sequence[MovementClearance]],
    *,
    actor: Actor,
    now: int,
) -> dict[str, Any]:
    plan, asked = plans.get(row["id"]), clearances.get(row["id"], ())
    details: dict[str, Any] = {name: None if plan is None else getattr(plan, name) for name in DETAILS}
    details["escort"], details["control_level"] = details["escort"] or "none", details["control_level"] or "open"
    details["vehicles"], details["ways"] = details["vehicles"] or [], details["ways"] or []
    closing = {
        name: None if plan is None else getattr(plan, name)
        for name in ("travelled", "stop_km", "stop_place", "party", "delay_min", "report_id")
    }
    closed_at = None if plan is None else plan.closed_at
    is_own = plan is not None and plan.notified_by == actor.person
    phase = phase_of(
        now=now, outcome=row["outcome"], planned_start=parse_instant(row["planned_start"]),
        planned_end=_moment(row["planned_end"]), actual_start=_moment(row["actual_start"]),
        clearances=[Clearance(c.answer, c.party) for c in asked], control_level=details["control_level"],
    )  # fmt: skip
    return {
        **row, **details, **closing,
        "closed_at": None if closed_at is None else format_instant(closed_at),
        "closed_by": None if plan is None or is_confined(actor) else plan.closed_by,
        "clearances": [clearance_dict(clearance) for clearance in asked],
        "phase": phase,
        "is_purged": plan is not None and plan.purged_at is not None,
        "may_change": may_change(actor, is_own=is_own or row["by"] == actor.person),
        "may_close": may_close(actor, unit=row["unit"], is_own=is_own or row["by"] == actor.person),
    }  # fmt: skip


def clearance_dict(row: MovementClearance) -> dict[str, Any]:
    """Return the plain values of a clearance."""
    return {
        "id": row.id, "version": row.version, "asked_of": row.asked_of, "party": row.party,
        "asked_at": format_instant(row.asked_at), "answer": row.answer,
        "answered_at": None if row.answered_at is None else format_instant(row.answered_at),
        "reference": row.reference, "conditions": row.conditions,
    }  # fmt: skip


# planning


def plan_movement(
    session: Session, values: Mapping[str, Any], *, version: int | None, actor: Actor, now: int
) -> dict[str, Any]:
    """Write a movement with its plan and return it.

    Parameters
    ----------
    values
        Members of the register and `DETAILS`; what is not given becomes null, actual times and outcome stay as they
        are: they are said by `depart_movement` and `close_movement`.
    version
        None for a new one, whose id the client made; else the version that was read.

    Raises
    ------
    InvalidInput
        Every bad member.
    Conflict
        Stale, or the code is taken; `details["current"]`.
    NotPermitted
        No right to plan, or a partner's plan for others than humanitarian users.
    """
    require(actor, "edit_movements")
    errors: list[FieldError] = []
    details = _checked_details(values, errors)
    details |= check_leg(session, values, values.get("purpose"), actor=actor, errors=errors)
    known = {
        name: values[name] for name in ("id", "classification", "area_id", *REGISTERS["movement"]) if name in values
    }
    unknown = [name for name in values if name not in known and name not in DETAILS]
    errors += [FieldError(name, "given", "no such member") for name in unknown]
    if not known.get("profile") and known.get("purpose") != "flight":
        known["profile"] = heaviest_profile(details["vehicles"])
    if is_only_partner(actor):
        _check_partner(known, errors)
    row = session.get(Movement, known.get("id") or "")
    if row is not None:
        stored = row_dict("movement", row)
        kept = ("actual_start", "actual_end", "outcome", "delivered_t")
        known |= {name: stored[name] for name in kept}
        if row.outcome is not None and version is not None:
            errors.append(FieldError("outcome", row.outcome, "a movement that is still open: this one is closed"))
    else:
        for name in ("actual_start", "actual_end", "outcome", "delivered_t"):
            known.pop(name, None)
    try:
        parse_values("movement", known)
    except InvalidInput as refused:
        errors += refused.errors
    if errors:
        raise InvalidInput(errors)
    saved = save_register(session, "movement", known, version=version, actor=actor, now=now)
    plan = session.get(MovementPlan, saved["id"])
    if plan is None:
        plan = MovementPlan(movement_id=saved["id"], notified_by=actor.person)
        session.add(plan)
    for name, value in details.items():
        setattr(plan, name, value)
    session.flush()
    return get_movement(session, saved["id"], actor=actor, now=now)


def _checked_details(values: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    details: dict[str, Any] = {name: values.get(name) for name in DETAILS}
    details["vehicles"] = check_vehicles(details["vehicles"], errors)
    for name, codes in (("escort", ESCORTS), ("control_level", CONTROL_LEVELS)):
        details[name] = details[name] or codes[0]
        if details[name] not in codes:
            errors.append(FieldError(name, repr(details[name])[:40], "one of " + ", ".join(codes)))
    if details["escort"] == "given" and not details["escort_by"]:
        errors.append(FieldError("escort_by", "nothing", "who gives the escort"))
    for name, longest in (("escort_by", 200), ("notes", 4000)):
        text = details[name] = details[name] or None
        if text is not None and (not isinstance(text, str) or len(text) > longest):
            errors.append(FieldError(name, repr(text)[:40], f"a text of at most {longest} characters"))
    for name in ("origin", "destination"):
        details[name] = details[name] or None
        if details[name] is not None and not _is_place(details[name]):
            errors.append(FieldError(name, repr(details[name])[:40], "an object with name, lon and lat"))
    via = details["via"] = list(details["via"] or []) or None
    if via is not None and not (len(via) <= 10 and all(_is_place(place) for place in via)):
        errors.append(FieldError("via", f"{len(via)} places", "at most ten objects with name, lon and lat"))
    ways = details["ways"] = list(details["ways"] or []) or None
    if ways is not None and not (len(ways) <= 1 + ALTERNATES_KEPT and all(_is_way(way) for way in ways)):
        errors.append(FieldError("ways", f"{len(ways)} ways", f"the way and at most {ALTERNATES_KEPT} alternates"))
    return details


def _is_place(place: object) -> bool:
    return isinstance(place, Mapping) and {"name", "lon", "lat"} <= set(place)


def _is_way(way: object) -> bool:
    return isinstance(way, Mapping) and isinstance(way.get("segments"), list) and bool(way["segments"])


def _check_partner(known: Mapping[str, Any], errors: list[FieldError]) -> None:
    if known.get("purpose") != "humanitarian":
        errors.append(FieldError("purpose", repr(known.get("purpose")), "humanitarian: partners notify their own"))
    if known.get("user_class") not in PARTNER_CLASSES:
        expected = "one of " + ", ".join(PARTNER_CLASSES)
        errors.append(FieldError("user_class", repr(known.get("user_class")), expected))


def to_change(session: Session, movement_id: str, actor: Actor) -> Movement:
    """Return the row of a movement that the actor may change; NotFound, NotPermitted."""
    get_register(session, "movement", movement_id, actor=actor)
    row = session.get_one(Movement, movement_id)
    if not may_change(actor, is_own=is_own_movement(session, row, actor)):
        raise NotPermitted(f"movement {row.code} is changed by movement control, or by the partner who notified it")
    return row


def _moment(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)
