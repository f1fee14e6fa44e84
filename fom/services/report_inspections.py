"""Reports that are inspections: entered in a register once somebody accepts them, out of it when they are taken back.

What a reporter found moves no register by itself. Who may inspect such a thing accepts the report; unless it makes
the row worse, he and the sender are two persons. The entry names its report as evidence. A report taken back is a new
version that says nothing; whether an entry still stands follows from the versions, so what was known at a moment stays.
Source: doctrine, sections 8, 9.9 and 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require, visible
from fom.domain.answer_inspections import SUBJECT_OF, Found, find_inspection, worsens
from fom.domain.crossings import passing
from fom.domain.facts_file import parse_record
from fom.domain.geodesy import bounds_with_reach
from fom.domain.inspections import REVIEW_MAX_US
from fom.domain.instants import format_instant, parse_instant
from fom.domain.places import shape_of, uncertainty_m
from fom.domain.registers import members_of, parse_values
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.network.network import ASSET_TYPES, Network
from fom.services.crossings import CROSSING, said_of
from fom.services.drafts import ReportDraft
from fom.services.form_words import tell_answers
from fom.services.inspecting import INSPECT_ACTIONS, InspectionDraft, get_subject, record_inspection
from fom.services.policies import edition_in_force
from fom.services.registers import row_dict, write_row
from fom.services.reporting import LoggedReport, amend_report
from fom.services.standing_inspections import entry_id, fallen_entries, standing_entry, taken_back_id
from fom.services.suggesting import distance_between_m
from fom.services.writing import note, step
from fom.store.records import feature_of, retracted_ids
from fom.store.reports import find_report, list_version_records, list_versions
from fom.store.tables import InspectionForm, RegisterVersion, Report, ReportVersion
from fom.store.tables.registers import AirHead, Crossing

NEAR_LEAST_M, NEAR_MOST_M = 50.0, 500.0
"""How far from the place told an asset may lie that is meant: the doubt of the place, within these (J)."""
CANDIDATES_MAX = 3
NOTES_MAX = 4_000
INSPECTED_MEMBERS = {
    "air_head": ("status", "inspected_at", "inspection_by", "notes", "security_state"),
    "crossing": (
        "status", "inspected_at", "hours", "people", "goods", "mission", "people_status", "goods_status",
        "mission_status", "staffed", "checklist_passed_at",
    ),
}  # fmt: skip
"""Register -> members of a row that an inspection sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a report may be an inspection of."""

    id: str
    name: str
    distance_m: float | None = None
    """From the place told, of an asset; None where the report names the subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What accepting a report as an inspection would write, and what stands already."""

    subject_kind: str
    found: Found | None
    """None where the report finds no state."""
    subjects: tuple[Subject, ...]
    entry_id: str | None
    """The entry that stands."""
    is_newest: bool
    """Whether that entry is of the newest version."""
    may_accept: bool
    needs_another: bool
    """Whether somebody else than the actor must accept it: he sent it, and it does not make the row worse."""


def propose_inspection(session: Session, report_id: str, *, actor: Actor, network: Network, at: int) -> Proposed | None:
    """Return what a report would be as an inspection, None for a report that inspects nothing.

    Raises
    ------
    NotFound
        No such report for this actor.
    """
    report = _get_report(session, report_id, actor)
    kind = SUBJECT_OF.get(report.form)
    if kind is None:
        return None
    version = list_versions(session, report_id)[-1]
    found = find_inspection(report.form, version.body.get("answers") or {})
    subjects = _subjects(session, kind, version, actor=actor, network=network, at=at) if found else []
    entry = standing_entry(session, report_id)
    return Proposed(
        subject_kind=kind, found=found, subjects=tuple(subjects), entry_id=None if entry is None else entry.id,
        is_newest=entry is not None and entry.id == entry_id(version.id), may_accept=may(actor, INSPECT_ACTIONS[kind]),
        needs_another=found is not None and bool(subjects) and report.by == actor.person and kind in INSPECTED_MEMBERS
        and not _makes_worse(session, kind, subjects[0].id, found, at),
    )  # fmt: skip


def accept_inspection(
    session: Session, report_id: str, *, subject_id: str | None = None, actor: Actor, now: int, network: Network
) -> dict[str, Any]:
    """Enter the newest version of a report as an inspection and return the entry; again, it gives the first result.

    An entry of an earlier version of the report goes out with it. A report without records is done then.

    Parameters
    ----------
    subject_id
        Which of the assets near its place a report means; None = the only one.

    Raises
    ------
    NotFound
        No such report for this actor.
    NotPermitted
        The actor may not inspect such a thing; or he sent the report himself, and it does not make the row worse.
    InvalidInput
        The report finds no state of anything; no asset, or several, lie near its place.
    """
    report = _get_report(session, report_id, actor)
    kind = SUBJECT_OF.get(report.form)
    if kind is None:
        raise InvalidInput.single("form", report.form, "one of " + ", ".join(SUBJECT_OF))
    require(actor, INSPECT_ACTIONS[kind])
    at = step(session, now)
    version = list_versions(session, report_id)[-1]
    found = find_inspection(report.form, version.body.get("answers") or {})
    if found is None:
        raise InvalidInput.single("report", "no state of it", "answers that say in which state it was found")
    chosen = _choose(_subjects(session, kind, version, actor=actor, network=network, at=at), subject_id)
    former = standing_entry(session, report_id)
    if former is None or former.id != entry_id(version.id):
        is_own = report.by == actor.person and kind in INSPECTED_MEMBERS
        if is_own and not _makes_worse(session, kind, chosen, found, at):
            raise NotPermitted("two_persons: somebody else must accept what you reported, unless it makes it worse")
        if former is not None:
            _take_out(session, former, actor=actor, now=now)
    draft = _draft(report, version, kind, chosen, found)
    entry = record_inspection(session, draft, actor=actor, now=now, network=network, evidence=report_id)
    if report.triage == "new" and not list_version_records(session, version.id):
        report.triage, report.changed_at = "done", step(session, now)
    return entry


def take_back_report(session: Session, report_id: str, *, reason: str, actor: Actor, now: int) -> LoggedReport:
    """Take a whole report back: its next version says nothing, its records and its inspection go with it.

    Explosive and physical records wait for a second person, as when they are retracted one by one.

    Raises
    ------
    NotFound
        No such report for this actor.
    Conflict
        Taken back already.
    NotPermitted
        Another's report, without the right; or the one who accepted an inspection would improve its row alone.
    """
    report = _get_report(session, report_id, actor)
    if not reason.strip():
        raise InvalidInput.single("reason", "nothing", "why the report is taken back")
    version = list_versions(session, report_id)[-1]
    if not version.body.get("answers") and not list_version_records(session, version.id):
        raise Conflict("this report says nothing that could be taken back", why="taken_back")
    entry = standing_entry(session, report_id)
    if entry is not None:
        require(actor, INSPECT_ACTIONS[entry.subject_kind])
    draft = ReportDraft(
        id=taken_back_id(report_id, report.version), form=report.form,
        words=f"Taken back: {reason.strip()}"[:4_000], classification=report.classification, unit=report.unit_id,
        area=report.area,
    )  # fmt: skip
    logged = amend_report(session, report_id, draft, base_version=report.version, actor=actor, now=now)
    report.triage = "done"
    if entry is not None:
        _take_out(session, entry, is_alone=True, actor=actor, now=now)
    return logged


def take_back_entries(session: Session, report_ids: Sequence[str], *, reason: str, actor: Actor, now: int) -> None:
    """Take back those of many reports from which an inspection was entered that stands and rests on no record."""
    for report_id in report_ids:
        entry = standing_entry(session, report_id)
        if entry is not None and entry.subject_kind != "asset":
            take_back_report(session, report_id, reason=reason, actor=actor, now=now)


def _get_report(session: Session, report_id: str, actor: Actor) -> Report:
    report = find_report(session, report_id)
    if report is None or not visible(actor, report) or not (report.by == actor.person or may(actor, "read_reports")):
        raise NotFound("report", report_id)
    return report


def _draft(report: Report, version: ReportVersion, kind: str, subject_id: str, found: Found) -> InspectionDraft:
    answers: Mapping[str, Any] = version.body["answers"]
    inspected_at = min(
        parse_instant(answers["occurred"]) if "occurred" in answers else report.received, report.received
    )
    review = parse_instant(answers["next_review"]) if "next_review" in answers else None
    if review is not None and not inspected_at < review <= inspected_at + REVIEW_MAX_US:
        review = None
    noted = {name: answers[name] for name in found.noted if name in answers}
    lines = [f"{question}: {answer}" for question, answer in tell_answers(report.form, noted)]
    return InspectionDraft(
        id=entry_id(version.id), subject_kind=kind, subject_id=subject_id, form=found.form, inspected_at=inspected_at,
        inspected_by=report.unit_id or report.by, status=found.status, findings=found.findings,
        notes="; ".join(lines)[:NOTES_MAX], next_review=review,
    )  # fmt: skip


def _inspected_row(session: Session, register: str, subject_id: str) -> AirHead | Crossing | None:
    """Return the row of a register of `INSPECTED_MEMBERS`."""
    return session.get(AirHead, subject_id) if register == "air_head" else session.get(Crossing, subject_id)


def _makes_worse(session: Session, kind: str, subject_id: str, found: Found, at: int) -> bool:
    """Return whether an inspection makes a row worse; it moves no row of a site or an asset, so these it does not."""
    if kind not in INSPECTED_MEMBERS:
        return False
    if kind == CROSSING:
        said = said_of(session, known_at=at, crossing_id=subject_id).get(subject_id, [])
        return worsens(kind, passing(said, at=at).status, found.status)
    row = _inspected_row(session, kind, subject_id)
    return row is not None and worsens(kind, row.status, found.status)


def _choose(subjects: Sequence[Subject], wanted: str | None) -> str:
    names = ", ".join(subject.id for subject in subjects) or "none is near enough"
    if wanted is not None:
        if wanted not in {subject.id for subject in subjects}:
            raise InvalidInput.single("subject_id", repr(wanted)[:80], f"one of those near the place told: {names}")
        return wanted
    if len(subjects) != 1:
        raise InvalidInput.single("subject_id", "nothing", f"which of those near the place told: {names}")
    return subjects[0].id


def _subjects(
    session: Session, kind: str, version: ReportVersion, *, actor: Actor, network: Network, at: int
) -> list[Subject]:
    if kind == "asset":
        return _assets_near(session, version, network=network, at=at)
    try:
        row = get_subject(session, kind, version.body["answers"]["subject"], actor=actor, network=network)
    except NotFound:
        return []
    return [Subject(id=row["id"], name=row["name"])]


def _assets_near(session: Session, version: ReportVersion, *, network: Network, at: int) -> list[Subject]:
    """Return the assets within the doubt of the place of a report's physical record, the nearest first."""
    absent = retracted_ids(session, known_at=at)
    rows = [r for r in list_version_records(session, version.id) if r.kind == "physical" and r.id not in absent]
    if not rows:
        return []
    record = parse_record(feature_of(rows[0]))
    shape = shape_of(record)
    if shape is None:
        return []
    reach = uncertainty_m(record.location, edition_in_force(session, at).policy)
    reach = min(max(reach, NEAR_LEAST_M), NEAR_MOST_M)
    _, near = network.boxes.query(bounds_with_reach(np.array([shape.bounds]), reach)[0])
    found: dict[int, float] = {}
    for segment in np.unique(near).tolist():
        low, high = int(network.asset_start[segment]), int(network.asset_start[segment + 1])
        for place in range(low, high):
            away = distance_between_m(shape, _part(network, segment, float(network.asset_at_m[place])))
            number = int(network.asset_of[place])
            if away <= reach:
                found[number] = min(away, found.get(number, np.inf))
    nearest = sorted(found.items(), key=lambda pair: (pair[1], network.asset_id(pair[0])))[:CANDIDATES_MAX]
    return [
        Subject(id=network.asset_id(number), name=_asset_name(network, number), distance_m=round(away, 1))
        for number, away in nearest
    ]


def _part(network: Network, segment: int, at_m: float) -> BaseGeometry:
    """Return where on a segment an asset lies: a point, or the whole of it."""
    line = network.line(segment)
    if np.isnan(at_m):
        return line
    point: shapely.Point = line.interpolate(min(at_m / max(float(network.length_m[segment]), 1e-9), 1), normalized=True)
    return point


def _asset_name(network: Network, number: int) -> str:
    kind = ASSET_TYPES[network.asset_type[number]]
    name = network.word(int(network.asset_name[number]))
    return f"{kind} {name}" if name else kind


def _take_out(session: Session, entry: InspectionForm, *, is_alone: bool = False, actor: Actor, now: int) -> None:
    """Take an entry out: where it is the newest inspection of its row, the row says again what it said before it.

    `is_alone`: whether nothing comes in its place, so that the actor himself answers for what the row says then.
    """
    at = step(session, now)
    details: dict[str, Any] = {"inspection": entry.id, "report": entry.report_id}
    if entry.subject_kind in INSPECTED_MEMBERS:
        details |= _restore(session, entry, is_alone=is_alone, actor=actor, at=at)
    subject = (entry.subject_kind, entry.subject_id)
    note(session, "take_back_inspection", subject, kind="register", actor=actor, at=at, details=details)


def _restore(session: Session, entry: InspectionForm, *, is_alone: bool, actor: Actor, at: int) -> dict[str, Any]:
    register = entry.subject_kind
    row = _inspected_row(session, register, entry.subject_id)
    query = select(RegisterVersion).where(
        RegisterVersion.register == register, RegisterVersion.row_id == entry.subject_id
    )
    versions = list(session.scalars(query.order_by(RegisterVersion.version)))
    written = next((version for version in versions if version.changed_at == entry.received), None)
    if row is None or written is None or row.inspected_at != entry.inspected_at:
        return {}
    former = [version for version in versions if version.version < written.version]
    gone = {written.body["inspected_at"]} | _taken_out_at(session, entry)
    stood = next((version.body for version in reversed(former) if version.body.get("inspected_at") not in gone), {})
    now_says = row_dict(register, row)
    values = {name: now_says[name] for name in members_of(register)}
    values |= {name: stood.get(name) for name in INSPECTED_MEMBERS[register] if values[name] == written.body.get(name)}
    if is_alone and actor.person == entry.by and worsens(register, values["status"], now_says["status"]):
        raise NotPermitted("two_persons: somebody else must take back what you accepted, since that improves it")
    _, details = write_row(session, register, parse_values(register, values), row, by=actor.person, at=at)
    return details


def _taken_out_at(session: Session, entry: InspectionForm) -> set[str]:
    """Return the moments, as rows hold them, of other entries of the same row that no longer stand."""
    fallen = fallen_entries(session, subject_kind=entry.subject_kind, subject_id=entry.subject_id)
    return {format_instant(other.inspected_at) for other in fallen}
