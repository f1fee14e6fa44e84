"""Noting that an alert was read: in the inbox, or where the advice that it told was acknowledged; whom it is about."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.store.tables import Alert, Delivery, MovementAdvice


def mark_read(row: Delivery, now: int) -> int:
    """Note that the reader has acknowledged an alert in the page, and return when he first did."""
    if row.read_at is None:
        row.read_at, row.status = now, "delivered"
        row.delivered_at = row.delivered_at or now
    return row.read_at


def movement_of(alert: Alert) -> str | None:
    """Return the movement that an alert is about; only who may see that may read it."""
    target = alert.details.get("target") or {}
    return target["id"] if target.get("kind") == "movement" else None


def read_advice_alerts(session: Session, advice: MovementAdvice, *, actor: Actor, now: int) -> None:
    """Note that the actor has read whatever told him of an advice."""
    query = (
        select(Delivery, Alert)
        .join(Alert, Alert.id == Delivery.alert_id)
        .where(Alert.user_id == actor.user_id, Alert.kind == "advice", Alert.change_number == advice.change_number)
        .where(Delivery.channel == "page")
    )
    for row, alert in session.execute(query):
        if movement_of(alert) == advice.movement_id:
            mark_read(row, now)
    session.flush()
