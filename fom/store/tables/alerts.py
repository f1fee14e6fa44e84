"""Alerts: who waits for what, what was told to whom and how it arrived; who looked, and who was shown which states."""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fom.domain.alerts import ALERT_KINDS, CHANNELS, MOVES, STATUSES, WATCHED_MOVEMENTS
from fom.domain.profiles import USER_CLASSES
from fom.store.columns import CanonicalJson, Geometry, Moment, RowNumber
from fom.store.tables.base import Base, one_of, within

SHOWN_KINDS = (
    "map", "routes", "route", "segment", "plan", "export", "changes", "reach", "analysis", "movement", "desk",
)  # fmt: skip


class AlertSubscription(Base):
    """What one person wants to be told, and by which ways."""

    __tablename__ = "subscription"
    __table_args__ = (
        one_of("moves", MOVES),
        one_of("movements", WATCHED_MOVEMENTS),
        one_of("user_class", USER_CLASSES),
        CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet"),
        within("quiet_from", 0, 1439),
        within("quiet_to", 0, 1439),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    routes: Mapped[list[Any]] = mapped_column(CanonicalJson)
    """Ids of key routes. Without routes, unit routes, area and shape: every key route."""
    is_unit_routes: Mapped[bool] = mapped_column(Boolean)
    """Also the key routes that the owner's unit owns."""
    area_id: Mapped[str | None] = mapped_column(String(64))
    """A row of the area register; its shape is taken as it stands."""
    geometry: Mapped[shapely.Geometry | None] = mapped_column(Geometry)
    moves: Mapped[str] = mapped_column(String(16))
    states: Mapped[list[Any]] = mapped_column(CanonicalJson)
    kinds: Mapped[list[Any]] = mapped_column(CanonicalJson)
    checks: Mapped[list[Any]] = mapped_column(CanonicalJson)
    """What is told when it is overdue or about to end."""
    movements: Mapped[str] = mapped_column(String(8))
    """Of which movements advice is told, beside those in `movement_ids`."""
    movement_ids: Mapped[list[Any]] = mapped_column(CanonicalJson)
    profile: Mapped[str] = mapped_column(String(40))
    user_class: Mapped[str] = mapped_column(String(24))
    is_email: Mapped[bool] = mapped_column(Boolean)
    webhook: Mapped[str | None] = mapped_column(Text)
    quiet_from: Mapped[int | None] = mapped_column(Integer)
    """Minutes after midnight in the mission's zone."""
    quiet_to: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[int] = mapped_column(Moment)
    changed_at: Mapped[int] = mapped_column(Moment)

    @property
    def is_everywhere(self) -> bool:
        """Return whether no place is named: every key route then, and every row of a register."""
        return not (self.routes or self.is_unit_routes or self.area_id or self.geometry is not None)


class Alert(Base):
    """Something told to one person, once: its id is made of what it is about."""

    __tablename__ = "alert"
    __table_args__ = (one_of("kind", ALERT_KINDS),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    subscription_id: Mapped[str | None] = mapped_column(String(36))
    """Null: told without being asked for (a state shown before that proved false)."""
    kind: Mapped[str] = mapped_column(String(16))
    change_number: Mapped[int | None] = mapped_column(ForeignKey("change.number"))
    at: Mapped[int] = mapped_column(Moment)
    """When it happened."""
    is_explosive: Mapped[bool] = mapped_column(Boolean)
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    """As its reader might read it when it was made; `fact_ids` are looked at again when it is read."""
    outside_text: Mapped[str] = mapped_column(Text)
    """What e-mail and webhook may carry."""
    fact_ids: Mapped[list[Any]] = mapped_column(CanonicalJson)
    details: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)


Index("ix_alert_user_at", Alert.user_id, Alert.at)


class Delivery(Base):
    """One way by which an alert goes to its reader, with its receipt."""

    __tablename__ = "delivery"
    __table_args__ = (one_of("channel", CHANNELS), one_of("status", STATUSES))

    alert_id: Mapped[str] = mapped_column(ForeignKey("alert.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(36))
    target: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(12))
    tries: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[int] = mapped_column(Moment)
    """Not before: the end of quiet hours, or of the pause after a failed try."""
    last_error: Mapped[str | None] = mapped_column(Text)
    delivered_at: Mapped[int | None] = mapped_column(Moment)
    read_at: Mapped[int | None] = mapped_column(Moment)
    """Only of the page: when its reader acknowledged it."""


Index("ix_delivery_due", Delivery.status, Delivery.channel, Delivery.due_at)
Index("ix_delivery_unread", Delivery.user_id, Delivery.channel, Delivery.read_at)


class AlertMark(Base):
    """How far one of the works behind alerts has come: the number of the last change it has taken in."""

    __tablename__ = "alert_mark"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(RowNumber)
    at: Mapped[int] = mapped_column(Moment)


class Look(Base):
    """One look of a person at a key route: what was shown, and when it was acknowledged. Its number is the receipt."""

    __tablename__ = "look"
    __table_args__ = (CheckConstraint("acknowledged_at >= seen_at", name="acknowledged"),)

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    unit_id: Mapped[str | None] = mapped_column(String(80), index=True)
    route_id: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[int] = mapped_column(Moment)
    version: Mapped[int] = mapped_column(RowNumber)
    """The change number that was shown."""
    state: Mapped[str] = mapped_column(String(8))
    acknowledged_at: Mapped[int | None] = mapped_column(Moment)


Index("ix_look_person", Look.user_id, Look.route_id, Look.number)


class Shown(Base):
    """Which states a person was shown in one quarter of an hour: enough to work out again exactly what it was."""

    __tablename__ = "shown"
    __table_args__ = (
        one_of("kind", SHOWN_KINDS),
        UniqueConstraint("user_id", "quarter", "kind", "profile", "user_class", "subject", "asked"),
        CheckConstraint("last_at >= first_at", name="order"),
    )

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"))
    quarter: Mapped[int] = mapped_column(Integer)
    """Quarters of an hour since 1970."""
    kind: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(120))
    """Name of an export, id of a route; else empty."""
    profile: Mapped[str] = mapped_column(String(40))
    user_class: Mapped[str] = mapped_column(String(24))
    asked: Mapped[str] = mapped_column(String(60))
    """`at/known_at` in microseconds where another moment than now was asked about; else empty."""
    first_at: Mapped[int] = mapped_column(Moment)
    last_at: Mapped[int] = mapped_column(Moment)
    network_id: Mapped[str] = mapped_column(String(120))
    routes: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    """Code of a key route -> the letter shown."""
    segments: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    """Ids of the segments shown; or, of many, first and last numbers of runs of them; null: those of the key routes."""


Index("ix_shown_last_at", Shown.last_at)
