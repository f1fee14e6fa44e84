"""Imports in the database: batches, rows, saved mappings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fom.store.records import parts_of
from fom.store.tables import ImportBatch, ImportRow, RecordRow, ReportVersion, SavedMapping, version_record


def find_batch(session: Session, batch_id: str) -> ImportBatch | None:
    """Return a batch as it is in the database now."""
    return session.get(ImportBatch, batch_id, populate_existing=True)


def list_batch_heads(session: Session, *, limit: int) -> Sequence[ImportBatch]:
    """Return batches, newest first."""
    return session.scalars(select(ImportBatch).order_by(ImportBatch.at.desc(), ImportBatch.id).limit(limit)).all()


def batches_of_file(session: Session, sha256: str) -> Sequence[ImportBatch]:
    """Return the batches that hold the same file, oldest first."""
    query = select(ImportBatch).where(ImportBatch.sha256 == sha256)
    return session.scalars(query.order_by(ImportBatch.at, ImportBatch.id)).all()


def list_batch_rows(session: Session, batch_id: str) -> Sequence[ImportRow]:
    """Return the rows of a batch in order."""
    return session.scalars(select(ImportRow).where(ImportRow.batch_id == batch_id).order_by(ImportRow.number)).all()


def published_hashes(session: Session, hashes: Iterable[str]) -> dict[str, tuple[ImportBatch, int]]:
    """Return hash -> (batch, row number) of the rows that a published batch holds already."""
    found: dict[str, tuple[ImportBatch, int]] = {}
    for part in parts_of(hashes):
        query = (
            select(ImportRow.row_hash, ImportBatch, ImportRow.number)
            .join(ImportBatch, ImportBatch.id == ImportRow.batch_id)
            .where(ImportRow.row_hash.in_(part), ImportBatch.state == "published", ImportRow.report_id.is_not(None))
            .order_by(ImportBatch.at.desc(), ImportRow.number.desc())
        )
        found |= {str(row_hash): (batch, number) for row_hash, batch, number in session.execute(query)}
    return found


def batch_records(session: Session, batch_id: str) -> Sequence[RecordRow]:
    """Return every record of every version of the reports of a batch, in the order of their numbers."""
    named = (
        select(version_record.c.record_id)
        .join(ReportVersion, ReportVersion.id == version_record.c.version_id)
        .join(ImportRow, ImportRow.report_id == ReportVersion.report_id)
        .where(ImportRow.batch_id == batch_id)
    )
    query = select(RecordRow).where(RecordRow.id.in_(named)).order_by(RecordRow.number)
    return session.scalars(query).all()


def count_amended(session: Session, batch_id: str) -> int:
    """Return how many reports of a batch have more than one version."""
    query = (
        select(func.count(func.distinct(ReportVersion.report_id)))
        .join(ImportRow, ImportRow.report_id == ReportVersion.report_id)
        .where(ImportRow.batch_id == batch_id, ReportVersion.version > 1)
    )
    return session.scalar(query) or 0


def same_records(
    session: Session, kinds: Iterable[str], moments: Iterable[int]
) -> list[tuple[str, str, int, float | None, float | None, str | None, str | None]]:
    """Return (id, kind, occurred, lon, lat, grid reference, report id) of records of some moments."""
    found = []
    for part in parts_of(moments):
        query = select(
            RecordRow.id, RecordRow.kind, RecordRow.occurred, RecordRow.min_lon, RecordRow.min_lat,
            RecordRow.location, RecordRow.report_id,
        ).where(RecordRow.kind.in_(list(kinds)), RecordRow.occurred.in_(part))  # fmt: skip
        found += [
            (i, kind, at, lon, lat, (location or {}).get("mgrs"), report)
            for i, kind, at, lon, lat, location, report in session.execute(query)
        ]
    return found


def list_saved_mappings(session: Session) -> Sequence[SavedMapping]:
    """Return the saved mappings by form and name."""
    return session.scalars(select(SavedMapping).order_by(SavedMapping.form, SavedMapping.name)).all()


def find_saved_mapping(session: Session, form: str, name: str) -> SavedMapping | None:
    """Return the mapping of a name."""
    return session.scalar(select(SavedMapping).where(SavedMapping.form == form, SavedMapping.name == name))
