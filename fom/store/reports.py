"""Reports in the database: heads, immutable versions, and bodies that came with the id of another.

Which of these bodies somebody decided on, who, and why is told by the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from fom.store.tables import Audit, RecordRow, Report, ReportConflict, ReportVersion, version_record


def find_report(session: Session, report_id: str) -> Report | None:
    """Return the head of a report."""
    return session.get(Report, report_id)


def find_version(session: Session, version_id: str) -> ReportVersion | None:
    """Return a version by the client's UUID."""
    return session.get(ReportVersion, version_id)


def list_versions(session: Session, report_id: str) -> Sequence[ReportVersion]:
    """Return the versions of a report, oldest first."""
    query = select(ReportVersion).where(ReportVersion.report_id == report_id)
    return session.scalars(query.order_by(ReportVersion.version)).all()


def list_version_records(session: Session, version_id: str) -> list[RecordRow]:
    """Return the records that a version stands for, in the order of their numbers."""
    query = select(RecordRow).join(version_record, version_record.c.record_id == RecordRow.id)
    return list(session.scalars(query.where(version_record.c.version_id == version_id).order_by(RecordRow.number)))


def name_records(session: Session, version_id: str, record_ids: Sequence[str]) -> None:
    """Write which records a version stands for."""
    if record_ids:
        session.execute(insert(version_record), [{"version_id": version_id, "record_id": r} for r in record_ids])


def keep_conflict(session: Session, version_id: str, body_hash: str, body: dict[str, Any], *, at: int, by: str) -> bool:
    """Keep a body that came with the id of another; return False when the same one is kept already."""
    query = select(ReportConflict.number).where(
        ReportConflict.version_id == version_id, ReportConflict.body_hash == body_hash
    )
    if session.scalar(query) is not None:
        return False
    session.add(ReportConflict(version_id=version_id, body_hash=body_hash, body=body, received=at, by=by))
    session.flush()
    return True


def list_conflicts(session: Session, report_id: str) -> list[ReportConflict]:
    """Return the bodies kept beside the versions of a report, in order of arrival."""
    query = select(ReportConflict).join(ReportVersion, ReportVersion.id == ReportConflict.version_id)
    return list(session.scalars(query.where(ReportVersion.report_id == report_id).order_by(ReportConflict.number)))


SETTLED = "settle_body"
"""Action of the audit line of a decision; its details name the body by number."""


def list_settlements(session: Session, report_id: str) -> dict[int, Audit]:
    """Return the decisions on such bodies of a report: number of the body -> line of the audit."""
    query = select(Audit).where(Audit.subject_kind == "report", Audit.subject_id == report_id, Audit.action == SETTLED)
    return {int(line.details["body"]): line for line in session.scalars(query.order_by(Audit.number))}


def has_open_conflict(session: Session, report_id: str) -> bool:
    """Return whether a body waits on which nobody has decided."""
    settled = list_settlements(session, report_id)
    return any(conflict.number not in settled for conflict in list_conflicts(session, report_id))
