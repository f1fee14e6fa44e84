"""Delivering what waits: claimed in one transaction, sent outside of any, its receipt written in another.

A process that dies between two of these tries again later: a message may arrive twice, with the same alert id, but
none is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import may
from fom.domain.alerts import TRIES_MAX, pause_us, webhook_key
from fom.domain.instants import MINUTE_US, format_instant
from fom.services.accounts import actor_of
from fom.services.alerts.channels import Undelivered, send_mail, send_webhook
from fom.services.alerts.reading import movement_of
from fom.services.alerts.settings import Outside
from fom.services.registers import visible_ids
from fom.store.database import Database
from fom.store.tables import Alert, Delivery, User

AT_ONCE = 20
CLAIM_US = 2 * MINUTE_US
"""For how long a claimed delivery is left to who claimed it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery that was claimed, with what it carries."""

    alert_id: str
    channel: str
    target: str
    tries: int
    subscription_id: str | None
    kind: str
    at: int
    is_explosive: bool
    title: str
    text: str
    page: str
    """Path of the page on which the reader goes on."""


def deliver_due(database: Database, outside: Outside, *, clock: Callable[[], int]) -> int:
    """Send what is due by e-mail and webhook; return how many arrived."""
    with database.reading() as session:
        if session.scalar(_due(clock()).limit(1)) is None:
            return 0
    with database.writing() as session:
        parcels = _claim(session, clock())
    return sum(_deliver(database, outside, parcel, clock=clock) for parcel in parcels)


def _due(now: int):  # type: ignore[no-untyped-def]
    return select(Delivery).where(
        Delivery.status == "waiting", Delivery.channel.in_(("email", "webhook")), Delivery.due_at <= now
    )


def _claim(session: Session, now: int) -> list[Parcel]:
    """Take what is due, so that no other process sends it meanwhile; drop what may not be told any more."""
    parcels = []
    for delivery in session.scalars(_due(now).order_by(Delivery.due_at, Delivery.alert_id).limit(AT_ONCE)):
        alert, user = session.get_one(Alert, delivery.alert_id), session.get_one(User, delivery.user_id)
        if not user.active or not may(actor_of(user), "read_picture"):
            delivery.status, delivery.last_error = "given_up", "the account may not read the picture any more"
            continue
        movement_id = movement_of(alert)
        if movement_id is not None and not visible_ids(session, "movement", [movement_id], actor=actor_of(user)):
            delivery.status, delivery.last_error = "given_up", "the account may not see the movement any more"
            continue
        delivery.tries += 1
        delivery.due_at = now + CLAIM_US
        title, _, text = alert.outside_text.partition("\n")
        parcels.append(
            Parcel(
                alert.id,
                delivery.channel,
                delivery.target,
                delivery.tries,
                alert.subscription_id,
                alert.kind,
                alert.at,
                alert.is_explosive,
                title,
                text,
                "alerts" if movement_id is None else f"movements/{movement_id}",
            )
        )
    session.flush()
    return parcels


def _deliver(database: Database, outside: Outside, parcel: Parcel, *, clock: Callable[[], int]) -> bool:
    error: str | None = None
    try:
        _send(outside, parcel, clock())
    except Undelivered as failed:
        error = str(failed)
    with database.writing() as session:
        row = session.get_one(Delivery, (parcel.alert_id, parcel.channel))
        now = clock()
        if error is None:
            row.status, row.delivered_at, row.last_error = "delivered", now, None
        else:
            row.last_error = error
            row.due_at = now + pause_us(parcel.tries)
            row.status = "given_up" if parcel.tries >= TRIES_MAX else "waiting"
    return error is None


def _send(outside: Outside, parcel: Parcel, now: int) -> None:
    link = f"{outside.public_url}/{parcel.page}" if outside.public_url else None
    if parcel.channel == "email":
        foot = f"\n\n{format_instant(parcel.at)}. A state is no guarantee of safety."
        foot += "" if link is None else f"\n\n{link}"
        send_mail(
            outside, to=parcel.target, alert_id=parcel.alert_id, at=now, subject=parcel.title,
            text=f"{parcel.title}\n\n{parcel.text}{foot}\n",
        )  # fmt: skip
        return
    body = {
        "alert": parcel.alert_id, "kind": parcel.kind, "subscription": parcel.subscription_id,
        "mission": outside.mission, "at": format_instant(parcel.at), "explosive": parcel.is_explosive,
        "title": parcel.title, "text": parcel.text, "link": link,
    }  # fmt: skip
    key = webhook_key(outside.secret, parcel.subscription_id or "")
    send_webhook(outside, parcel.target, key=key, alert_id=parcel.alert_id, now=now, body=orjson.dumps(body))
