"""Which inspections still stand: one entered from a report falls with the report that it rests on.

It falls when a later version of the report was entered in its place, when the report was taken back, or when all
records of its version are retracted. Nothing is deleted: as known at a moment before that, it stands.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.instants import ALWAYS_US
from fom.store.records import retracted_ids
from fom.store.tables import InspectionForm, ReportVersion, version_record


def entry_id(version_id: str) -> str:
    """Return the id of the inspection that is entered from a version of a report."""
    return str(uuid.uuid5(uuid.UUID(version_id), "inspection"))


def taken_back_id(report_id: str, version: int) -> str:
    """Return the id of the version that takes a report back after a version."""
    return str(uuid.uuid5(uuid.UUID(report_id), f"taken back after version {version}"))


def standing_entry(session: Session, report_id: str) -> InspectionForm | None:
    """Return the inspection that was entered from a report and stands."""
    entries = session.scalars(select(InspectionForm).where(InspectionForm.report_id == report_id)).all()
    fallen = {entry.id for entry in _fallen(session, entries, ALWAYS_US)}
    own = [entry for entry in entries if entry.id not in fallen and entry.id != report_id]
    return max(own, key=lambda entry: entry.received, default=None)


def fallen_entries(
    session: Session, *, subject_kind: str, subject_id: str | None = None, known_at: int = ALWAYS_US
) -> list[InspectionForm]:
    """Return the inspections of a kind of subject that rest on a report and stand no longer, as known at a moment."""
    query = select(InspectionForm).where(
        InspectionForm.subject_kind == subject_kind, InspectionForm.report_id.is_not(None),
        InspectionForm.received <= known_at,
    )  # fmt: skip
    if subject_id is not None:
        query = query.where(InspectionForm.subject_id == subject_id)
    return _fallen(session, session.scalars(query).all(), known_at)


def _fallen(session: Session, entries: Sequence[InspectionForm], known_at: int) -> list[InspectionForm]:
    reports = {entry.report_id for entry in entries if entry.report_id is not None}
    if not reports:
        return []
    query = select(ReportVersion).where(ReportVersion.report_id.in_(reports), ReportVersion.received <= known_at)
    versions: dict[str, list[ReportVersion]] = {}
    for version in session.scalars(query.order_by(ReportVersion.version)):
        versions.setdefault(version.report_id, []).append(version)
    written = select(InspectionForm.id).where(
        InspectionForm.report_id.in_(reports), InspectionForm.received <= known_at
    )
    entered = set(session.scalars(written))
    said = _records_of(session, [version.id for of_report in versions.values() for version in of_report])
    absent = retracted_ids(session, known_at=known_at) if said else set()
    return [
        entry
        for entry in entries
        if entry.report_id is not None and _has_fallen(entry, versions.get(entry.report_id, []), entered, said, absent)
    ]


def _has_fallen(
    entry: InspectionForm, versions: Sequence[ReportVersion], entered: set[str], said: Mapping[str, set[str]],
    absent: set[str],
) -> bool:  # fmt: skip
    at = next((place for place, version in enumerate(versions) if entry_id(version.id) == entry.id), None)
    if at is None:  # written down by hand: the report came of it, not it of the report
        return False
    later = versions[at + 1 :]
    if any(entry_id(version.id) in entered for version in later):
        return True
    records = said.get(versions[at].id, set())
    if records:
        return records <= absent
    return any(version.id == taken_back_id(version.report_id, version.version - 1) for version in later)


def _records_of(session: Session, version_ids: Sequence[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for start in range(0, len(version_ids), 500):
        part = version_ids[start : start + 500]
        query = select(version_record.c.version_id, version_record.c.record_id)
        for version_id, record_id in session.execute(query.where(version_record.c.version_id.in_(part))):
            found.setdefault(version_id, set()).add(record_id)
    return found
