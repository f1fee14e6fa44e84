"""Photos sent with reports. The file itself lies in the data folder under its hash; a row says whose and how far."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from fom.store.columns import Moment
from fom.store.tables.base import Base, one_of

EVIDENCE_KINDS = ("photo",)
EVIDENCE_STATES = ("partial", "whole", "refused")


class Evidence(Base):
    """One photo: announced with its size and hash, sent in parts, read and kept without anything but the picture."""

    __tablename__ = "evidence"
    __table_args__ = (
        one_of("kind", EVIDENCE_KINDS),
        one_of("state", EVIDENCE_STATES),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90", name="position"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    """The sender's UUID: announcing it again continues it."""
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    media_type: Mapped[str] = mapped_column(String(40))
    """As announced; what is kept is told by its content."""
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    """Of what is sent."""
    received_bytes: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(8))
    refusal: Mapped[str | None] = mapped_column(String(200))
    """Why the file was not kept, in words."""
    kept_sha256: Mapped[str | None] = mapped_column(String(64))
    """Of the file as it is kept: made anew, without metadata."""
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    lon: Mapped[float | None] = mapped_column(Float)
    lat: Mapped[float | None] = mapped_column(Float)
    """Where the camera said it was: strictly confidential, kept here and nowhere else."""
    by: Mapped[str] = mapped_column("by_person", String(254))
    received: Mapped[int] = mapped_column(Moment)
