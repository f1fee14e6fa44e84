"""Clearances of movements: asked of somebody, given or refused."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import format_instant, parse_instant
from fom.domain.movements import ANSWERS
from fom.domain.registers import ACTORS
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.services.movements import clearance_dict, to_change
from fom.services.writing import note, step
from fom.store.tables import MovementClearance


def ask_clearance(
    session: Session, movement_id: str, values: Mapping[str, Any], *, actor: Actor, now: int
) -> dict[str, Any]:
    """Note a clearance that was asked for: `id` (the client's UUID), `asked_of, party, asked_at, reference`.

    The same id again gives the first result.
    """
    row = to_change(session, movement_id, actor)
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
    to_change(session, clearance.movement_id, actor)
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
