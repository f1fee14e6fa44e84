"""Imports: batches of rows that wait to be looked at, and the mappings of columns that are used again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fom.domain.access import CLASSIFICATIONS
from fom.store.columns import CanonicalJson, Moment
from fom.store.tables.base import Base, one_of
from fom.store.tables.records import REPORT_FORMS

IMPORT_KINDS = ("csv", "xlsx", "geojson", "gpx")
IMPORT_STATES = ("staged", "published", "reversed", "dropped")


class ImportBatch(Base):
    """One file: staged until somebody publishes or drops it, published until somebody takes it back."""

    __tablename__ = "import_batch"
    __table_args__ = (
        one_of("kind", IMPORT_KINDS),
        one_of("form", REPORT_FORMS),
        one_of("state", IMPORT_STATES),
        one_of("classification", CLASSIFICATIONS),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    form: Mapped[str] = mapped_column(String(24))
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    headers: Mapped[list[Any]] = mapped_column(CanonicalJson)
    mapping: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    notes: Mapped[list[Any]] = mapped_column(CanonicalJson)
    """What was left out of the file, in words."""
    state: Mapped[str] = mapped_column(String(12))
    version: Mapped[int] = mapped_column(Integer)
    """Rises with every step, so that two editors notice each other."""
    counts: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    """Rows by what became of them."""
    classification: Mapped[str] = mapped_column(String(24))
    by: Mapped[str] = mapped_column("by_person", String(254))
    at: Mapped[int] = mapped_column(Moment)
    published_by: Mapped[str | None] = mapped_column(String(254))
    published_at: Mapped[int | None] = mapped_column(Moment)
    reversed_by: Mapped[str | None] = mapped_column(String(254))
    reversed_at: Mapped[int | None] = mapped_column(Moment)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was taken back."""


Index("ix_import_batch_at", ImportBatch.at)


class ImportRow(Base):
    """One row of a file: what stood there, how it is read, and the report that it became."""

    __tablename__ = "import_row"

    batch_id: Mapped[str] = mapped_column(ForeignKey("import_batch.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Line of the file, of a GPX file the part of a track."""
    raw: Mapped[Any] = mapped_column(CanonicalJson)
    """Cells in the order of the headers; of a track its name and times."""
    answers: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    """None where the row cannot be used."""
    words: Mapped[str] = mapped_column(Text, default="")
    errors: Mapped[list[Any]] = mapped_column(CanonicalJson)
    """[column, what came, what was expected]"""
    row_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    """Of form, answers and words: the same row of another file has the same."""
    same_as: Mapped[str | None] = mapped_column(String(120))
    """Where the row is already: a report, a record, or an earlier row of the file."""
    matched: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    """Of a track: stretches it covers, gaps, parts off the road."""
    report_id: Mapped[str | None] = mapped_column(ForeignKey("report.id"), index=True)


class SavedMapping(Base):
    """A mapping of columns under a name, for files of the same kind."""

    __tablename__ = "import_mapping"
    __table_args__ = (UniqueConstraint("form", "name"), one_of("form", REPORT_FORMS))

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    form: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(120))
    mapping: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    by: Mapped[str] = mapped_column("by_person", String(254))
    at: Mapped[int] = mapped_column(Moment)
