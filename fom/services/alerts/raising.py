"""Writing alerts: once for what they are about, with one delivery for each way they go."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.alerts import QuietHours
from fom.services.alerts.settings import Outside
from fom.services.alerts.telling import Told
from fom.store.tables import Alert, AlertMark, AlertSubscription, Delivery

NAMESPACE = uuid.UUID("6f2d5f0e-8c5b-4c43-9a0b-2f4f5f1c7a11")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """An alert to be written. `about` says, with kind and reader, what it is about: the same is never told twice."""

    kind: str
    about: str
    actor: Actor
    at: int
    told: Told
    subscription: AlertSubscription | None = None
    change_number: int | None = None

    @property
    def id(self) -> str:
        """Return the id that follows from what it is about."""
        whose = self.subscription.id if self.subscription is not None else self.actor.user_id
        return str(uuid.uuid5(NAMESPACE, f"{self.kind} {whose} {self.about}"))


def raise_alert(session: Session, outside: Outside, new: NewAlert, *, now: int) -> bool:
    """Write an alert and its deliveries; False when it was told before."""
    if session.get(Alert, new.id) is not None:
        return False
    session.add(
        Alert(
            id=new.id,
            user_id=new.actor.user_id,
            subscription_id=None if new.subscription is None else new.subscription.id,
            kind=new.kind,
            change_number=new.change_number,
            at=new.at,
            is_explosive=new.told.is_explosive,
            title=new.told.title,
            text=new.told.text,
            outside_text=f"{new.told.outside_title or new.told.title}\n{new.told.outside_text}",
            fact_ids=list(new.told.fact_ids),
            details=dict(new.told.details),
        )
    )
    session.flush()
    due_at = due(new.subscription, outside, now, is_explosive=new.told.is_explosive)
    for channel, target in ways(new, outside).items():
        values = {"channel": channel, "target": target, "user_id": new.actor.user_id, "due_at": due_at}
        session.add(Delivery(alert_id=new.id, status="waiting", tries=0, **values))
    session.flush()
    return True


def ways(new: NewAlert, outside: Outside) -> dict[str, str]:
    """Return channel -> where it goes to. What nobody subscribed to (a false state) goes by e-mail too."""
    found = {"page": ""}
    subscription = new.subscription
    if outside.smtp_url and (subscription is None or subscription.is_email):
        found["email"] = new.actor.email
    if subscription is not None and subscription.webhook:
        found["webhook"] = subscription.webhook
    return found


def due(subscription: AlertSubscription | None, outside: Outside, now: int, *, is_explosive: bool) -> int:
    """Return when an alert may be told: at once, or when quiet hours end. These hold no explosive alert."""
    if is_explosive or subscription is None or subscription.quiet_from is None or subscription.quiet_to is None:
        return now
    return QuietHours(subscription.quiet_from, subscription.quiet_to, outside.zone_min).hold_until(now)


def mark_of(session: Session, name: str) -> int | None:
    """Return the last change that a work has taken in; None before its first."""
    return session.scalar(select(AlertMark.number).where(AlertMark.name == name))


def move_mark(session: Session, name: str, *, before: int | None, to: int, at: int) -> bool:
    """Note how far a work has come; False when another process has done some of it meanwhile."""
    row = session.get(AlertMark, name, populate_existing=True)
    if (None if row is None else row.number) != before:
        return False
    if row is None:
        session.add(AlertMark(name=name, number=to, at=at))
    else:
        row.number, row.at = to, at
    session.flush()
    return True
