"""What stands beside a row of the register `movement`: plan and close-out, clearances, check-ins, receipts of advice.

None of it is append-only: ways and check-ins are taken out again after ninety days (doctrine, section 5).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fom.domain import movements as words
from fom.domain.registers import ACTORS
from fom.store.columns import CanonicalJson, Moment, RowNumber
from fom.store.tables.base import Base, one_of


class MovementPlan(Base):
    """The plan of a movement and how it was closed out. Its version is that of the register's row."""

    __tablename__ = "movement_plan"
    __table_args__ = (
        one_of("escort", words.ESCORTS),
        one_of("control_level", words.CONTROL_LEVELS),
        one_of("travelled", words.TRAVELLED),
        one_of("party", ACTORS),
        CheckConstraint("delay_min >= 0 AND stop_km >= 0", name="figures"),
    )

    movement_id: Mapped[str] = mapped_column(ForeignKey("movement.id"), primary_key=True)
    notified_by: Mapped[str] = mapped_column(String(254), index=True)
    vehicles: Mapped[list[Any]] = mapped_column(CanonicalJson)
    escort: Mapped[str] = mapped_column(String(16))
    escort_by: Mapped[str | None] = mapped_column(String(200))
    control_level: Mapped[str] = mapped_column(String(16))
    origin: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    destination: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    via: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    ways: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    """The way chosen, then its alternates: stretches with what was known of them when planned."""
    planned_as: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    """Under which question, network and policy the ways were found."""
    from_air_head: Mapped[str | None] = mapped_column(String(64))
    to_air_head: Mapped[str | None] = mapped_column(String(64))
    aircraft_type: Mapped[str | None] = mapped_column(String(80))
    """The leg of a flight."""
    notes: Mapped[str | None] = mapped_column(Text)
    travelled: Mapped[str | None] = mapped_column(String(16))
    stop_km: Mapped[float | None] = mapped_column(Float)
    stop_place: Mapped[str | None] = mapped_column(String(200))
    party: Mapped[str | None] = mapped_column(String(24))
    delay_min: Mapped[float | None] = mapped_column(Float)
    report_id: Mapped[str | None] = mapped_column(String(36))
    """The passage that the close-out recorded."""
    closed_at: Mapped[int | None] = mapped_column(Moment)
    closed_by: Mapped[str | None] = mapped_column(String(254))
    purged_at: Mapped[int | None] = mapped_column(Moment)


class MovementClearance(Base):
    """One clearance asked of somebody for a movement."""

    __tablename__ = "movement_clearance"
    __table_args__ = (
        one_of("answer", words.ANSWERS),
        one_of("party", ACTORS),
        CheckConstraint("answered_at >= asked_at", name="answered"),
        CheckConstraint("(answer = 'none') = (answered_at IS NULL)", name="answer_dated"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    movement_id: Mapped[str] = mapped_column(ForeignKey("movement.id"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    asked_of: Mapped[str] = mapped_column(String(200))
    party: Mapped[str | None] = mapped_column(String(24))
    asked_at: Mapped[int] = mapped_column(Moment)
    answer: Mapped[str] = mapped_column(String(16))
    answered_at: Mapped[int | None] = mapped_column(Moment)
    reference: Mapped[str | None] = mapped_column(String(200))
    conditions: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))


class MovementCheckIn(Base):
    """Where a movement said that it was, and when."""

    __tablename__ = "movement_check_in"
    __table_args__ = (
        one_of("source", words.CHECK_IN_SOURCES),
        CheckConstraint("lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90", name="place"),
        CheckConstraint("at <= received", name="order"),
        Index("ix_movement_check_in_movement_id", "movement_id", "at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    movement_id: Mapped[str] = mapped_column(ForeignKey("movement.id"))
    at: Mapped[int] = mapped_column(Moment)
    lon: Mapped[float] = mapped_column(Float)
    lat: Mapped[float] = mapped_column(Float)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
    source: Mapped[str] = mapped_column(String(8))
    received: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))
    device_time: Mapped[int | None] = mapped_column(Moment)
    device_offset_s: Mapped[float | None] = mapped_column(Float)
    """What the clock of the device said, and how far the server's was ahead of it when the two last met."""
    body_hash: Mapped[str | None] = mapped_column(String(64))
    """Of what was said; None for those of before, and of the demo."""


class MovementAdvice(Base):
    """The receipt of an advice: told once for a movement and change, or moment, whoever saw it first."""

    __tablename__ = "movement_advice"
    __table_args__ = (
        UniqueConstraint("movement_id", "change_number"),
        Index("ix_movement_advice_due", "movement_id", "due_at", unique=True),
        one_of("state", ("GREEN", "AMBER", "GREY", "RED", "BLACK")),
        CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged"),
    )

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    movement_id: Mapped[str] = mapped_column(ForeignKey("movement.id"))
    change_number: Mapped[int] = mapped_column(ForeignKey("change.number"))
    due_at: Mapped[int | None] = mapped_column(Moment)
    """When time alone made its way worse; None where a change did."""
    state: Mapped[str] = mapped_column(String(8))
    is_explosive: Mapped[bool] = mapped_column(Boolean)
    """Something explosive decides the stretch that it tells of."""
    text: Mapped[str] = mapped_column(Text)
    told_at: Mapped[int] = mapped_column(Moment)
    passed_on_at: Mapped[int | None] = mapped_column(Moment, index=True)
    """When it was passed on as alerts; None = not yet."""
    acknowledged_by: Mapped[str | None] = mapped_column(String(254))
    acknowledged_at: Mapped[int | None] = mapped_column(Moment)
