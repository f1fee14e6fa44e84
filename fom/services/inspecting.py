"""Inspections: written down once by form; what they found moves the register row or is reported as a fact.

Damage or a limit of an asset goes through `reporting` like any other report: it counts at once, and a repair waits for
the second person there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require, visible
from fom.domain.inspections import (
    FORMS,
    check_moments,
    forms_of,
    has_passed,
    parse_findings,
    stated_limits,
)
from fom.domain.instants import format_instant, parse_instant
from fom.domain.registers import members_of, parse_values
from fom.errors import Conflict, FieldError, InvalidInput, NotFound, NotPermitted
from fom.network.network import Network
from fom.services.air_heads import LIFTING, approved_types, closed_by_hand
from fom.services.drafts import check_uuid, parse_report
from fom.services.former_networks import FormerNetworks
from fom.services.registers import get_register, save_checked, save_register
from fom.services.reporting import log_report
from fom.services.standing_inspections import fallen_entries
from fom.services.writing import note, step
from fom.store.reports import find_report
from fom.store.tables import Inspection, InspectionForm

INSPECT_ACTIONS = {
    "air_head": "edit_air_heads",
    "crossing": "edit_crossings",
    "site": "edit_sites",
    "asset": "inspect_assets",
    "control_point": "edit_zones",
}
"""Kind of subject -> what an actor must be permitted to inspect it."""


LATEST_US = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionDraft:
    """An inspection as written down; times are microseconds, `id` the client's UUID."""

    id: str
    subject_kind: str
    subject_id: str
    form: str
    inspected_at: int
    inspected_by: str
    status: str | None = None
    findings: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""
    next_review: int | None = None


def record_inspection(
    session: Session,
    draft: InspectionDraft,
    *,
    actor: Actor,
    now: int,
    network: Network,
    names: FormerNetworks | None = None,
    evidence: str | None = None,
) -> dict[str, Any]:
    """Keep an inspection and return it; the same again gives the first result.

    The newest inspection of an air head or crossing gives its row status and date; a limit or damage found on an asset
    becomes a report, unless it was taken from one. A closing by hand and its lifting move no row: what follows from
    them is computed.

    Parameters
    ----------
    evidence
        Id of the report that the inspection was taken from.

    Raises
    ------
    InvalidInput
        Every bad answer at once.
    NotFound
        No such subject for this actor.
    NotPermitted
        Not his to inspect, or a closing of somebody else, which aviation and the chief JOC lift.
    Conflict
        Another inspection has this id, or there is nothing to lift.
    """
    errors: list[FieldError] = []
    form_id = check_uuid(draft.id, "id", errors)
    if draft.subject_kind not in INSPECT_ACTIONS:
        raise InvalidInput.single("subject_kind", draft.subject_kind[:40], "one of " + ", ".join(INSPECT_ACTIONS))
    require(actor, INSPECT_ACTIONS[draft.subject_kind])
    subject = get_subject(session, draft.subject_kind, draft.subject_id, actor=actor, network=network)
    at = step(session, now)
    values = _checked(draft, at, errors)
    known = session.get(InspectionForm, form_id)
    if known is not None:
        if any(getattr(known, name) != value for name, value in values.items()):
            raise Conflict(f"inspection {form_id} came before with another body")
        return inspection_dict(known)
    row = InspectionForm(id=form_id, received=at, by=actor.person, **values)
    if draft.form == LIFTING:
        _check_lifting(session, draft, actor)
    if draft.subject_kind == "asset" and evidence is None:
        row.report_id = _report(session, row, subject, actor=actor, now=now, network=network, names=names)
    else:
        row.report_id = evidence
        if draft.subject_kind != "asset":
            _move_row(session, row, subject, actor=actor, at=at)
    session.add(row)
    session.flush()
    details = {"inspection": form_id, "form": row.form, "status": row.status}
    note(session, "record_inspection", (row.subject_kind, row.subject_id), kind="register", actor=actor, at=at,
         details=details)  # fmt: skip
    return inspection_dict(row)


def list_inspections(
    session: Session, subject_kind: str, subject_id: str, *, actor: Actor, network: Network
) -> list[dict[str, Any]]:
    """Return the inspections of a subject that the actor may see, newest first; NotFound where he may not see it.

    One that was taken from a report shows only to those who may see the report; `has_fallen` tells that the report was
    taken back.
    """
    require(actor, "read_picture")
    get_subject(session, subject_kind, subject_id, actor=actor, network=network)
    query = select(InspectionForm).where(
        InspectionForm.subject_kind == subject_kind, InspectionForm.subject_id == subject_id
    )
    rows = session.scalars(query.order_by(InspectionForm.inspected_at.desc(), InspectionForm.id)).all()
    fallen = {row.id for row in fallen_entries(session, subject_kind=subject_kind, subject_id=subject_id)}
    reports = (None if row.report_id is None else find_report(session, row.report_id) for row in rows)
    return [
        inspection_dict(row) | {"has_fallen": row.id in fallen}
        for row, report in zip(rows, reports, strict=True)
        if report is None or visible(actor, report)
    ]


def latest_inspections(session: Session, subject_kind: str) -> dict[str, dict[str, Any]]:
    """Return subject id -> its newest inspection that stands; who may see the subject is for the caller."""
    looks = [name for name in forms_of(subject_kind) if FORMS[name].is_inspection]
    query = select(InspectionForm).where(InspectionForm.subject_kind == subject_kind, InspectionForm.form.in_(looks))
    rows = session.scalars(query.order_by(InspectionForm.inspected_at, InspectionForm.received))
    fallen = {row.id for row in fallen_entries(session, subject_kind=subject_kind)}
    return {row.subject_id: inspection_dict(row) for row in rows if row.id not in fallen}


def get_subject(session: Session, subject_kind: str, subject_id: str, *, actor: Actor, network: Network) -> Any:
    """Return the register row of a subject, or the number of an asset on the network in use."""
    if subject_kind != "asset":
        if subject_kind not in INSPECT_ACTIONS:
            raise NotFound("kind of subject", subject_kind)
        return get_register(session, subject_kind, subject_id, actor=actor)
    number = network.find_asset(subject_id)
    if number is None:
        raise NotFound("asset on this network", subject_id)
    return number


def approve_aircraft(
    session: Session, air_head_id: str, aircraft_type: str, *, is_approved: bool, text: str = "", version: int,
    actor: Actor, now: int,
) -> dict[str, Any]:  # fmt: skip
    """Approve an aircraft type for an air head, or take the approval back; under the name of who does it.

    Raises
    ------
    NotPermitted
        Only aviation approves.
    InvalidInput
        No type, or one to take back that is not approved.
    Conflict
        The row was changed meanwhile.
    """
    require(actor, "approve_aircraft")
    at = step(session, now)
    row = get_register(session, "air_head", air_head_id, actor=actor)
    name = aircraft_type.strip()
    if not 0 < len(name) <= 80:
        raise InvalidInput.single("aircraft_type", repr(name)[:40], "an aircraft type of 1 to 80 characters")
    others = [approval for approval in row["approvals"] or [] if approval["type"] != name]
    types = [kind for kind in row["aircraft_types"] or [] if kind != name]
    if is_approved:
        others.append({"type": name, "by": actor.person, "at": format_instant(at), "note": text.strip() or None})
        types.append(name)
    elif name not in approved_types(row):
        raise InvalidInput.single("aircraft_type", name, "one of " + ", ".join(approved_types(row)))
    values = _members("air_head", row) | {"approvals": others, "aircraft_types": types}
    return save_register(session, "air_head", values, version=version, actor=actor, now=now)


def inspection_dict(row: InspectionForm) -> dict[str, Any]:
    """Return the plain values of an inspection."""
    return {
        "id": row.id, "subject_kind": row.subject_kind, "subject_id": row.subject_id, "form": row.form,
        "inspected_at": format_instant(row.inspected_at), "inspected_by": row.inspected_by, "status": row.status,
        "findings": row.findings, "notes": row.notes,
        "next_review": None if row.next_review is None else format_instant(row.next_review),
        "report_id": row.report_id, "received": format_instant(row.received), "by": row.by,
    }  # fmt: skip


def check_answers(draft: InspectionDraft, *, now: int) -> list[FieldError]:
    """Return what is wrong with an inspection apart from its moments: for a form whose moments cannot be read."""
    errors: list[FieldError] = []
    with suppress(InvalidInput):
        _checked(replace(draft, inspected_at=now, next_review=None), now, errors)
    return [error for error in errors if error.field != "next_review"]


def _checked(draft: InspectionDraft, at: int, errors: list[FieldError]) -> dict[str, Any]:
    forms = forms_of(draft.subject_kind)
    if draft.form not in forms:
        errors.append(FieldError("form", repr(draft.form)[:40], "one of " + ", ".join(forms)))
        raise InvalidInput(errors)
    statuses = FORMS[draft.form].statuses
    if (draft.status or None) not in (statuses or (None,)):
        errors.append(FieldError("status", draft.status or "nothing", "one of " + ", ".join(statuses or ("nothing",))))
    if not 0 < len(draft.inspected_by.strip()) <= 200:
        errors.append(FieldError("inspected_by", draft.inspected_by[:40] or "nothing", "who looked, by name or unit"))
    if len(draft.notes) > 4000 or "\x00" in draft.notes:
        errors.append(FieldError("notes", f"{len(draft.notes)} characters", "at most 4000 characters"))
    check_moments(draft.form, draft.inspected_at, draft.next_review, at, errors)
    findings = parse_findings(draft.form, draft.findings, errors)
    if errors:
        raise InvalidInput(errors)
    return {
        "subject_kind": draft.subject_kind, "subject_id": draft.subject_id, "form": draft.form,
        "inspected_at": draft.inspected_at, "inspected_by": draft.inspected_by.strip(), "status": draft.status or None,
        "findings": findings, "notes": draft.notes.strip() or None, "next_review": draft.next_review,
    }  # fmt: skip


def _members(register: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in members_of(register)}


def _check_lifting(session: Session, draft: InspectionDraft, actor: Actor) -> None:
    """Closing is anybody's who keeps air heads; what somebody else closed is lifted by aviation or the chief JOC.

    Source: doctrine, section 3.6.
    """
    held = closed_by_hand(session, known_at=LATEST_US, air_head_id=draft.subject_id).get(draft.subject_id, [])
    closed = [one.ref for one in held if one.end is None or one.end > draft.inspected_at]
    if not closed:
        raise Conflict("no closing by hand is in force or ahead: there is nothing to lift")
    makers = set(session.scalars(select(InspectionForm.by).where(InspectionForm.id.in_(closed))))
    if makers != {actor.person} and not (may(actor, "improve") or may(actor, "approve_aircraft")):
        raise NotPermitted("closed by somebody else: aviation and the chief JOC lift it")


def _move_row(session: Session, form: InspectionForm, row: Mapping[str, Any], *, actor: Actor, at: int) -> None:
    """Give the row what its newest inspection found; an older one is only kept beside it."""
    if form.form not in ("air_head", "crossing", "control_point"):
        return
    last = row["inspected_at"]
    if last is not None and parse_instant(last) >= form.inspected_at:
        if form.form == "control_point":
            return
        session.add(
            Inspection(
                subject_kind=form.subject_kind, subject_id=form.subject_id, inspected_at=form.inspected_at,
                inspection_by=form.inspected_by, status=form.status, notes=form.notes, received=form.received,
                by=form.by,
            )
        )  # fmt: skip
        return
    found = {"status": form.status, "inspected_at": format_instant(form.inspected_at)}
    if form.form == "air_head":
        found |= {"inspection_by": form.inspected_by, "notes": form.notes or row["notes"]}
        found |= {"security_state": form.findings.get("security", row["security_state"])}
    elif form.form == "crossing":
        found |= _found_at_crossing(form, row)
    typed = parse_values(form.subject_kind, _members(form.subject_kind, row) | found)
    save_checked(session, form.subject_kind, typed, version=row["version"], actor=actor, at=at)


def _found_at_crossing(form: InspectionForm, row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"hours": form.findings.get("hours", row["hours"])}
    for name in ("people", "goods", "mission"):
        if (status := form.findings.get(name)) is not None:
            found |= {f"{name}_status": status, name: status in ("operational", "partly")}
    if (staffed := form.findings.get("staffed")) in ("yes", "no"):
        found["staffed"] = staffed == "yes"
    if has_passed(form.findings):
        found["checklist_passed_at"] = format_instant(form.inspected_at)
    return found


def _report(
    session: Session, form: InspectionForm, asset: int, *, actor: Actor, now: int, network: Network,
    names: FormerNetworks | None,
) -> str | None:  # fmt: skip
    """Report the damage or the limits that an inspection found; None where it found neither."""
    limits, damage = stated_limits(form.findings), form.findings.get("damage")
    if not limits and damage is None:
        return None
    properties: dict[str, Any] = {
        "kind": "physical", "damage": damage or "limit", "asset": form.subject_id,
        "occurred": format_instant(form.inspected_at),
    }  # fmt: skip
    if limits:
        properties["limits"] = limits
    if "depth_m" in form.findings and damage == "flooded":
        properties["depth_m"] = form.findings["depth_m"]
    if form.next_review is not None:
        properties["review_by"] = format_instant(form.next_review)
    if network.asset_id(asset) != form.subject_id:
        raise NotFound("asset on this network", form.subject_id)
    body = {
        "id": form.id, "form": "bridge", "words": form.notes or f"Inspected by {form.inspected_by}.",
        "records": [{"type": "Feature", "geometry": None, "properties": properties}],
    }  # fmt: skip
    logged = log_report(session, parse_report(body), actor=actor, now=now, network=network, names=names)
    return logged.report_id
