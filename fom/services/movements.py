"""Movements: plan one, change it, ask for clearances, say that it left, close it out, read it.

The register's row carries the version of the whole; what is planned beside it stands in tables of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import SYSTEM, Actor, require
from fom.domain.instants import format_instant, parse_instant
from fom.domain.movements import (
    ALTERNATES_KEPT,
    ANSWERS,
    CONTROL_LEVELS,
    ESCORTS,
    THROUGH,
    Clearance,
    Closure,
    check_closure,
    check_vehicles,
    heaviest_profile,
    is_confined,
    is_only_partner,
    may_change,
    may_close,
    phase_of,
)
from fom.domain.profiles import MISSION_CLASSES
from fom.domain.registers import ACTORS, REGISTERS, parse_values
from fom.errors import Conflict, FieldError, InvalidInput, NotFound, NotPermitted
from fom.network.network import Network
from fom.services.movement_ways import Way, lay_out, part_of
from fom.services.picture_host import PictureHost
from fom.services.registers import get_register, is_own_movement, list_register, row_dict, save_register, write_row
from fom.services.verifying import record_passages
from fom.services.writing import note, step
from fom.store.tables import Movement, MovementClearance, MovementPlan

EVERYTHING = replace(SYSTEM, extra=frozenset({"read_picture"}))
"""Sees every movement: for receipts and counts that say nothing of a movement to whom it is not shown."""
PARTNER_CLASSES = ("humanitarian", "medical", "civil_population")
DETAILS = (
    "vehicles", "escort", "escort_by", "control_level", "origin", "destination", "via", "ways", "planned_as", "notes",
)  # fmt: skip
"""Members of a movement beside those of the register."""
CLOSING = ("outcome", "actual_start", "actual_end", "travelled", "stop_km", "stop_place", "party", "delay_min")
CARRIED_MIN = 0.98
"""A way of which less is found on a newer map has lost a road, and nobody can say how it stands (J)."""
LOST = "not on this network"
PIECE_S = 3600.0
"""A passage is told in pieces of at most an hour, each as old as its beginning: never fresher than it was."""


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


# clearances


def ask_clearance(
    session: Session, movement_id: str, values: Mapping[str, Any], *, actor: Actor, now: int
) -> dict[str, Any]:
    """Note a clearance that was asked for: `id` (the client's UUID), `asked_of, party, asked_at, reference`.

    The same id again gives the first result.
    """
    row = _to_change(session, movement_id, actor)
    at = step(session, now)
    errors: list[FieldError] = []
    typed = _clearance_values(values, at, errors)
    if row.outcome is not None:
        errors.append(FieldError("movement", row.outcome, "a movement that is still open"))
    try:
        clearance_id = str(uuid.UUID(str(values.get("id"))))
    except ValueError:
        errors.append(FieldError("id", repr(values.get("id"))[:60], "a UUID made by the sender"))
        raise InvalidInput(errors) from None
    if errors:
        raise InvalidInput(errors)
    known = session.get(MovementClearance, clearance_id)
    if known is not None:
        if known.movement_id != movement_id:
            raise Conflict("this id belongs to a clearance of another movement")
        return clearance_dict(known)
    clearance = MovementClearance(
        id=clearance_id, movement_id=movement_id, version=1, changed_at=at, by=actor.person, **typed
    )
    session.add(clearance)
    details = {"clearance": clearance_id, "answer": clearance.answer}
    note(session, "ask_clearance", ("movement", movement_id), kind="register", actor=actor, at=at, details=details)
    return clearance_dict(clearance)


def answer_clearance(
    session: Session, clearance_id: str, values: Mapping[str, Any], *, version: int, actor: Actor, now: int
) -> dict[str, Any]:
    """Enter what became of a clearance: `answer, answered_at, reference, conditions`; stale = Conflict."""
    clearance = session.get(MovementClearance, clearance_id)
    if clearance is None:
        raise NotFound("clearance", clearance_id)
    _to_change(session, clearance.movement_id, actor)
    at = step(session, now)
    if clearance.version != version:
        raise Conflict("the clearance was changed meanwhile", current=clearance_dict(clearance))
    kept = {name: clearance_dict(clearance)[name] for name in ("asked_of", "party", "asked_at", "reference")}
    errors: list[FieldError] = []
    typed = _clearance_values({**kept, **{k: v for k, v in values.items() if v not in (None, "")}}, at, errors)
    if errors:
        raise InvalidInput(errors)
    for name, value in typed.items():
        setattr(clearance, name, value)
    clearance.version, clearance.changed_at, clearance.by = version + 1, at, actor.person
    details = {"clearance": clearance_id, "answer": clearance.answer}
    subject = ("movement", clearance.movement_id)
    note(session, "answer_clearance", subject, kind="register", actor=actor, at=at, details=details)
    return clearance_dict(clearance)


def _clearance_values(values: Mapping[str, Any], at: int, errors: list[FieldError]) -> dict[str, Any]:
    typed: dict[str, Any] = {"answer": values.get("answer") or "none", "party": values.get("party") or None}
    for name, codes in (("answer", ANSWERS), ("party", (None, *ACTORS))):
        if typed[name] not in codes:
            expected = "one of " + ", ".join(code for code in codes if code)
            errors.append(FieldError(name, repr(typed[name])[:40], expected))
    for name, longest in (("asked_of", 200), ("reference", 200), ("conditions", 4000)):
        text = typed[name] = values.get(name) or None
        if text is not None and (not isinstance(text, str) or len(text) > longest):
            errors.append(FieldError(name, repr(text)[:40], f"a text of at most {longest} characters"))
    if not typed["asked_of"]:
        errors.append(FieldError("asked_of", "nothing", "who was asked"))
    for name in ("asked_at", "answered_at"):
        raw = values.get(name)
        try:
            typed[name] = parse_instant(raw) if raw else None
        except (ValueError, TypeError):
            errors.append(FieldError(name, repr(raw)[:40], "an ISO 8601 time with Z or an offset"))
            typed[name] = None
    typed["asked_at"] = at if typed["asked_at"] is None else typed["asked_at"]
    if typed["answer"] == "none":
        typed["answered_at"] = None
    else:
        typed["answered_at"] = at if typed["answered_at"] is None else typed["answered_at"]
        if typed["answered_at"] < typed["asked_at"]:
            errors.append(FieldError("answered_at", format_instant(typed["answered_at"]), "not before it was asked"))
    return typed


# leaving and closing


def depart_movement(session: Session, movement_id: str, *, version: int, actor: Actor, now: int) -> dict[str, Any]:
    """Say that a movement left just now; said again by somebody else it stays as it was."""
    row = _to_close(session, movement_id, actor)
    at = step(session, now)
    if row.outcome is None and row.actual_start is None:
        _check_version(session, row, version, {"actual_start": format_instant(at)}, actor=actor, now=now)
        _write(session, row, {"actual_start": format_instant(at)}, "depart_movement", actor=actor, at=at)
    return get_movement(session, movement_id, actor=actor, now=now)


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
    row = _to_close(session, movement_id, actor)
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
    if plan is None:
        plan = MovementPlan(
            movement_id=movement_id, notified_by=row.by, vehicles=[], escort="none", control_level="open"
        )
        session.add(plan)
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


def stretches_here(
    host: PictureHost, way: Mapping[str, Any], planned_as: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Return the stretches of a stored way as they read on the network at hand."""
    stretches: list[dict[str, Any]] = list(way["segments"])
    written_on = (planned_as or {}).get("network")
    if written_on is None or written_on == host.network.network_id:
        return stretches
    carrier = host.names.carrier
    if written_on not in carrier.lineages:
        return stretches
    carried: list[dict[str, Any]] = carrier.stretches(stretches, written_on)
    found_m = sum(_length_m(host.network, stretch) for stretch in carried)
    if found_m < CARRIED_MIN * float(way.get("distance_m") or 0.0):
        carried.append({"id": LOST, "direction": "forward"})
    return carried


def _length_m(network: Network, stretch: Mapping[str, Any]) -> float:
    number = network.find_segment(str(stretch["id"]))
    if number is None:
        return 0.0
    end = float(network.length_m[number]) if stretch.get("to_m") is None else float(stretch["to_m"])
    return end - float(stretch.get("from_m") or 0.0)


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


def _to_change(session: Session, movement_id: str, actor: Actor) -> Movement:
    get_register(session, "movement", movement_id, actor=actor)
    row = session.get_one(Movement, movement_id)
    if not may_change(actor, is_own=is_own_movement(session, row, actor)):
        raise NotPermitted(f"movement {row.code} is changed by movement control, or by the partner who notified it")
    return row


def _to_close(session: Session, movement_id: str, actor: Actor) -> Movement:
    get_register(session, "movement", movement_id, actor=actor)
    row = session.get_one(Movement, movement_id, populate_existing=True)
    if not may_close(actor, unit=row.unit, is_own=is_own_movement(session, row, actor)):
        raise NotPermitted(f"movement {row.code} is closed by its unit or by movement control")
    return row


def _moment(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)
