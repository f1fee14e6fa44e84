"""Border crossings as they stand at a moment: the rows of the register with the status that follows from inspections.

The register keeps what was found last; everything that shows or uses a status takes it from here. A status that was
typed before inspections alone counted is a statement of the version of the row that first said it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, visible
from fom.domain.crossings import WHO_PASSES, Passing, Seen, checklist_at, passing
from fom.domain.inspections import has_passed
from fom.domain.instants import format_instant, parse_instant
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register
from fom.services.standing_inspections import fallen_entries
from fom.store.reports import find_report
from fom.store.tables import InspectionForm, RegisterVersion

Row = Mapping[str, Any]
CROSSING = "crossing"
"""The register, its kind of subject, and its form of inspection."""
_TYPED = ("status", *(f"{name}_status" for name in WHO_PASSES))


def list_crossings(
    session: Session, host: PictureHost, *, actor: Actor, at: int | None = None, known_at: int | None = None
) -> list[dict[str, Any]]:
    """Return the crossings that the actor may see, by name, as they stand at a moment by what was known at a moment.

    To the members of the register come `found` (what the last inspection found of the whole), `why`, `decided_at`,
    `decided_by`, `until` (its review), `is_overdue` and `ref` (the inspection); the statuses are those that follow. All
    inspections count, whoever asks; by whom one was made is told to those who may see the report that it rests on.
    """
    now = host.now()
    rows = list_register(session, CROSSING, actor=actor, known_at=known_at)
    found = stand(session, rows, at=now if at is None else at, known_at=now if known_at is None else known_at)
    for row in found:
        form = session.get(InspectionForm, row["ref"]) if row["ref"] else None
        report = find_report(session, form.report_id) if form is not None and form.report_id else None
        if report is not None and not visible(actor, report):
            row |= {"decided_by": None, "ref": None}
    return found


def stand(session: Session, rows: Sequence[Row], *, at: int, known_at: int) -> list[dict[str, Any]]:
    """Return rows of the register as they stand."""
    if not rows:
        return []
    said = said_of(session, known_at=known_at, crossing_id=rows[0]["id"] if len(rows) == 1 else None)
    return [dict(row) | _told(said.get(row["id"], []), at) for row in rows]


def said_of(session: Session, *, known_at: int, crossing_id: str | None = None) -> dict[str, list[Seen]]:
    """Return crossing -> its inspections that stood as known at a moment, and the statuses typed in its row."""
    written = select(InspectionForm).where(InspectionForm.form == CROSSING, InspectionForm.received <= known_at)
    typed = select(RegisterVersion).where(RegisterVersion.register == CROSSING, RegisterVersion.changed_at <= known_at)
    if crossing_id is not None:
        written = written.where(InspectionForm.subject_id == crossing_id)
        typed = typed.where(RegisterVersion.row_id == crossing_id)
    forms = session.scalars(written.order_by(InspectionForm.received, InspectionForm.id)).all()
    fallen = {
        form.id for form in fallen_entries(session, subject_kind=CROSSING, subject_id=crossing_id, known_at=known_at)
    }
    found: dict[str, list[Seen]] = {}
    by_form: dict[str, set[str]] = {}
    for form in forms:
        by_form.setdefault(form.subject_id, set()).update((format_instant(form.inspected_at), str(form.received)))
        if form.id not in fallen and form.status is not None:
            seen = Seen(form.inspected_at, form.status, form.inspected_by, form.next_review, form.findings, form.id)
            found.setdefault(form.subject_id, []).append(seen)
    versions: dict[str, list[RegisterVersion]] = {}
    for version in session.scalars(typed.order_by(RegisterVersion.version)):
        versions.setdefault(version.row_id, []).append(version)
    for row_id, of_row in versions.items():
        found.setdefault(row_id, []).extend(_statements(of_row, by_form.get(row_id, set())))
    return found


def _statements(versions: Sequence[RegisterVersion], by_form: set[str]) -> list[Seen]:
    """Return the statuses typed in the versions of a row, each dated by the inspection it named, or by its version.

    What an inspection wrote into the row is none, and neither is a row that says again what it said.
    """
    found: list[Seen] = []
    last: tuple[Any, ...] = ("unknown", None, None, None, None)
    for version in versions:
        body = version.body
        inspected_at = body.get("inspected_at")
        says = (*(body.get(name) for name in _TYPED), inspected_at)
        if str(version.changed_at) in by_form or inspected_at in by_form or says == last:
            continue
        last = says
        at = version.changed_at if inspected_at is None else min(parse_instant(inspected_at), version.changed_at)
        each = {name: body[f"{name}_status"] for name in WHO_PASSES if body.get(f"{name}_status")}
        found.append(Seen(at, body.get("status") or "unknown", version.by, findings=each))
    return found


def _told(said: Sequence[Seen], at: int) -> dict[str, Any]:
    """Return what is said of a crossing as members of its row."""
    stands = passing(said, at=at)
    each = {f"{name}_status": stands.each[name] for name in WHO_PASSES}
    opens = {name: _opens(stands.each[name]) for name in WHO_PASSES}
    return {"found": None, **_decided(stands, at), "status": stands.status, **each, **opens, **_checked(said, at)}


def _decided(stands: Passing, at: int) -> dict[str, Any]:
    seen, until = stands.seen, stands.until
    if seen is None or until is None:
        nothing = dict.fromkeys(("inspected_at", "decided_at", "decided_by", "until", "ref"))
        return {**nothing, "why": stands.why, "is_overdue": False}
    decided_at = format_instant(seen.at)
    return {
        "found": seen.status, "why": stands.why, "inspected_at": decided_at if seen.ref else None,
        "decided_at": decided_at, "decided_by": seen.by, "until": format_instant(until), "is_overdue": at > until,
        "ref": seen.ref or None,
    }  # fmt: skip


def _opens(status: str) -> bool | None:
    return None if status == "unknown" else status != "closed"


def _checked(said: Sequence[Seen], at: int) -> dict[str, Any]:
    """Return staff and checklist as the last inspection found them that looked; before one did, as the row says."""
    told: dict[str, Any] = {}
    staffed = [one for one in said if one.at <= at and one.findings.get("staffed") in ("yes", "no")]
    if staffed:
        told["staffed"] = max(staffed, key=lambda one: one.at).findings["staffed"] == "yes"
    if any(has_passed(one.findings) is not None for one in said if one.at <= at):
        passed_at = checklist_at(said, at=at)
        told["checklist_passed_at"] = None if passed_at is None else format_instant(passed_at)
    return told
