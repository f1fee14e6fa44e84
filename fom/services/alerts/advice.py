"""Advice to movements as alerts: to everybody who asked for it and may see the movement, once.

The receipt of the advice itself says that it was passed on, so that of several processes one does it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, visible
from fom.domain.states import State
from fom.maps.style import letter_of, word_of
from fom.services.accounts import actor_of
from fom.services.alerts.raising import NewAlert
from fom.services.alerts.telling import Told, outside_reader, sentence
from fom.services.disclosure import RESTRICTED_TEXT
from fom.services.registers import visible_ids
from fom.store.tables import AlertSubscription, Movement, MovementAdvice, User

AT_ONCE = 200
"""Receipts passed on in one transaction."""


def waiting_advice(session: Session) -> list[MovementAdvice]:
    """Return the receipts that were not passed on yet, oldest first."""
    query = select(MovementAdvice).where(MovementAdvice.passed_on_at.is_(None))
    return list(session.scalars(query.order_by(MovementAdvice.change_number, MovementAdvice.number).limit(AT_ONCE)))


def advice_alerts(session: Session, receipts: Sequence[MovementAdvice]) -> list[NewAlert]:
    """Return the alerts of some receipts; each subscription begins after it was made."""
    ids = {receipt.movement_id for receipt in receipts}
    movements = {row.id: row for row in session.scalars(select(Movement).where(Movement.id.in_(ids)))}
    seen: dict[str, set[str]] = {}
    alerts = []
    for subscription, actor in _asking(session):
        if actor.user_id not in seen:
            seen[actor.user_id] = visible_ids(session, "movement", ids, actor=actor)
        for receipt in receipts:
            movement = movements.get(receipt.movement_id)
            is_new = receipt.told_at > subscription.created_at
            if movement is None or not is_new or movement.id not in seen[actor.user_id]:
                continue
            if is_watched(subscription, actor, movement.id, movement.unit):
                alerts.append(_alert(receipt, movement, subscription, actor))
    return alerts


def is_watched(subscription: AlertSubscription, actor: Actor, movement_id: str, unit: str | None) -> bool:
    """Return whether a subscription is about a movement, of those that its owner may see."""
    if movement_id in subscription.movement_ids or subscription.movements == "all":
        return True
    return subscription.movements == "unit" and unit is not None and unit == actor.unit


def note_passed_on(session: Session, receipts: Sequence[MovementAdvice], *, now: int) -> list[MovementAdvice]:
    """Note that receipts are passed on; return those that no other process has passed on meanwhile."""
    mine = []
    for receipt in receipts:
        row = session.get(MovementAdvice, receipt.number, populate_existing=True)
        if row is not None and row.passed_on_at is None:
            row.passed_on_at = now
            mine.append(row)
    session.flush()
    return mine


def _asking(session: Session) -> list[tuple[AlertSubscription, Actor]]:
    asks = or_(AlertSubscription.movements != "none", AlertSubscription.movement_ids != [])
    query = select(AlertSubscription, User).join(User, User.id == AlertSubscription.user_id).where(User.active, asks)
    pairs = [(row, actor_of(user)) for row, user in session.execute(query.order_by(AlertSubscription.id))]
    return [(row, actor) for row, actor in pairs if may(actor, "read_picture")]


def _alert(receipt: MovementAdvice, movement: Movement, subscription: AlertSubscription, actor: Actor) -> NewAlert:
    letter = letter_of(State[receipt.state])
    may_leave = visible(outside_reader(actor), movement)
    text = sentence(receipt.text)
    told = Told(
        title=f"{movement.code}: {word_of(letter)} on its way",
        text=text, outside_text=text if may_leave else RESTRICTED_TEXT, fact_ids=(), is_explosive=receipt.is_explosive,
        details={"target": {"kind": "movement", "id": movement.id}, "code": movement.code, "state": letter},
        outside_title=None if may_leave else "Restricted: advice to a movement",
    )  # fmt: skip
    return NewAlert(
        kind="advice", about=f"movement {movement.id} change {receipt.change_number}", actor=actor, at=receipt.told_at,
        told=told, subscription=subscription, change_number=receipt.change_number,
    )  # fmt: skip
