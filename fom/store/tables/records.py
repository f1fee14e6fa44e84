"""Reports with their versions, and the records that follow from them. Versions and records are never rewritten."""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from fom.domain.access import CLASSIFICATIONS
from fom.domain.records import RECORD_CLASSES
from fom.store.columns import CanonicalJson, Geometry, Moment, RowNumber
from fom.store.tables.base import Base, one_of

REPORT_FORMS = (
    "explosive", "physical", "restriction", "incident", "passage", "sighting", "air_head", "crossing", "bridge",
    "camp", "civilian_movement", "other",
)  # fmt: skip
"""Source: doctrine, section 8."""
TRIAGE = ("new", "no_place", "conflict", "done")
GRADES = tuple(source + information for source in "ABCDEF" for information in "123456")

version_record = Table(
    "version_record",
    Base.metadata,
    Column("version_id", ForeignKey("report_version.id"), primary_key=True),
    Column("record_id", ForeignKey("record.id"), primary_key=True, index=True),
)
"""Which records a version of a report stands for; an unchanged record is carried over."""


class Report(Base):
    """The head of a report: what its newest version says about handling. Text and place are in the versions."""

    __tablename__ = "report"
    __table_args__ = (
        one_of("form", REPORT_FORMS),
        one_of("triage", TRIAGE),
        one_of("classification", CLASSIFICATIONS),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    form: Mapped[str] = mapped_column(String(24))
    version: Mapped[int] = mapped_column(Integer)
    triage: Mapped[str] = mapped_column(String(16))
    classification: Mapped[str] = mapped_column(String(24))
    area: Mapped[str | None] = mapped_column(String(64))
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"))
    by: Mapped[str] = mapped_column("by_person", String(254))
    received: Mapped[int] = mapped_column(Moment)
    """Of the first version."""
    changed_at: Mapped[int] = mapped_column(Moment)


Index("ix_report_triage", Report.triage, Report.received)
Index("ix_report_received", Report.received)


class ReportVersion(Base):
    """What a person sent, once. Its id is the client's UUID; the same body again changes nothing."""

    __tablename__ = "report_version"
    __table_args__ = (
        UniqueConstraint("report_id", "version"),
        one_of("classification", CLASSIFICATIONS),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"))
    version: Mapped[int] = mapped_column(Integer)
    body_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    words: Mapped[str] = mapped_column(Text, default="")
    place_text: Mapped[str] = mapped_column(Text, default="")
    time_text: Mapped[str] = mapped_column(Text, default="")
    device_time: Mapped[int | None] = mapped_column(Moment)
    device_offset_s: Mapped[float | None] = mapped_column(Float)
    device_sequence: Mapped[int | None] = mapped_column(RowNumber)
    received: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))
    classification: Mapped[str] = mapped_column(String(24))
    unit_id: Mapped[str | None] = mapped_column(ForeignKey("unit.id"))
    area: Mapped[str | None] = mapped_column(String(64))
    change_number: Mapped[int] = mapped_column(ForeignKey("change.number"))


class ReportConflict(Base):
    """A body that came with the id of another one: kept beside it until somebody decides."""

    __tablename__ = "report_conflict"
    __table_args__ = (UniqueConstraint("version_id", "body_hash"),)

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("report_version.id"))
    body_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    received: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))


class RecordRow(Base):
    """One record of the facts format: common members as columns, the rest of its properties as JSON."""

    __tablename__ = "record"
    __table_args__ = (
        one_of("kind", tuple(RECORD_CLASSES)),
        one_of("classification", CLASSIFICATIONS),
        CheckConstraint("received IS NOT NULL OR kind = 'route'", name="received"),
        CheckConstraint("occurred IS NOT NULL OR kind <> 'verification'", name="occurred"),
        one_of("grade", GRADES),
        CheckConstraint("min_lon >= -180 AND max_lon <= 180 AND min_lat >= -90 AND max_lat <= 90", name="bounds"),
        CheckConstraint("(geometry IS NULL) = (min_lon IS NULL)", name="bounded"),
        ForeignKeyConstraint(["report_id", "report_version"], ["report_version.report_id", "report_version.version"]),
    )

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    received: Mapped[int | None] = mapped_column(Moment, index=True)
    occurred: Mapped[int | None] = mapped_column(Moment)
    grade: Mapped[str | None] = mapped_column(String(2))
    origin: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str | None] = mapped_column("by_person", String(254))
    signed_by: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    geometry: Mapped[shapely.Geometry | None] = mapped_column(Geometry)
    min_lon: Mapped[float | None] = mapped_column(Float)
    min_lat: Mapped[float | None] = mapped_column(Float)
    max_lon: Mapped[float | None] = mapped_column(Float)
    max_lat: Mapped[float | None] = mapped_column(Float)
    location: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    properties: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    meta: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    classification: Mapped[str] = mapped_column(String(24))
    area: Mapped[str | None] = mapped_column(String(64))
    report_id: Mapped[str | None] = mapped_column(String(36), index=True)
    report_version: Mapped[int | None] = mapped_column(Integer)
    change_number: Mapped[int] = mapped_column(ForeignKey("change.number"), index=True)


Index("ix_record_kind_number", RecordRow.kind, RecordRow.number)


class RecordReference(Base):
    """A record that speaks of another: a grade of its target, a closing act of what it closes, a link of members."""

    __tablename__ = "record_reference"
    __table_args__ = (one_of("role", ("target", "closes", "member", "crossed")),)

    record_id: Mapped[str] = mapped_column(ForeignKey("record.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(8), primary_key=True)
    target_id: Mapped[str] = mapped_column(ForeignKey("record.id"), primary_key=True)


Index("ix_record_reference_target", RecordReference.target_id, RecordReference.role)
