"""One person's alerts: the list, how many wait, and acknowledging them. Each with the receipts of its deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require, visible
from fom.domain.instants import format_instant
from fom.errors import NotFound
from fom.services.alerts.reading import mark_read, movement_of
from fom.services.disclosure import RESTRICTED_TEXT, KnowsAccess
from fom.services.movement_advice import acknowledge_told
from fom.services.registers import visible_ids
from fom.store.tables import Alert, AlertSubscription, Delivery, MovementAdvice

GIVEN_UP_MAX = 50
"""Messages that never arrived that are listed; older ones are in the receipts of their alerts."""


def list_alerts(
    session: Session,
    host: KnowsAccess,
    *,
    actor: Actor,
    now: int,
    is_unread: bool = False,
    before: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Return the actor's alerts, newest first; what he may not read any more reads as restricted.

    `before` leaves out what happened at that moment, microseconds, or later.
    """
    require(actor, "read_picture")
    query = select(Alert, Delivery).join(Delivery, Delivery.alert_id == Alert.id)
    query = query.where(Alert.user_id == actor.user_id, Delivery.channel == "page")
    if is_unread:
        query = query.where(Delivery.read_at.is_(None))
    if before is not None:
        query = query.where(Alert.at < before)
    rows = session.execute(query.order_by(Alert.at.desc(), Alert.id).limit(limit)).all()
    beside = _read_beside(session, [alert for alert, _ in rows], actor)
    return [_alert_dict(alert, page, beside, host, actor=actor, now=now) for alert, page in rows]


def count_unread(session: Session, *, actor: Actor, now: int) -> int:
    """Return how many alerts wait to be acknowledged; those that quiet hours hold are not counted yet."""
    query = select(func.count()).select_from(Delivery)
    mine = query.where(Delivery.user_id == actor.user_id, Delivery.channel == "page", Delivery.read_at.is_(None))
    return session.scalar(mine.where(Delivery.due_at <= now)) or 0


def note_delivered(session: Session, *, actor: Actor, now: int) -> None:
    """Note that the list was shown: what was due in it has arrived in the page."""
    waiting = (Delivery.user_id == actor.user_id, Delivery.channel == "page", Delivery.status == "waiting")
    session.execute(
        update(Delivery)
        .where(*waiting, Delivery.due_at <= now)
        .values(status="delivered", delivered_at=now, tries=Delivery.tries + 1)
    )


def acknowledge_alerts(session: Session, alert_ids: Sequence[str], *, actor: Actor, now: int) -> list[dict[str, Any]]:
    """Note that the actor has read alerts of his; again changes nothing. Return the receipts: `{alert, read_at}`.

    Who may acknowledge the advice that an alert told to a movement does so with it.

    Raises
    ------
    NotFound
        One of them is not his, or not there.
    """
    require(actor, "read_picture")
    receipts = []
    for alert_id in alert_ids:
        row = session.get(Delivery, (alert_id, "page"))
        if row is None or row.user_id != actor.user_id:
            raise NotFound("alert", alert_id)
        read_at = mark_read(row, now)
        alert = session.get_one(Alert, alert_id)
        if alert.kind == "advice" and alert.change_number is not None:
            acknowledge_told(session, str(movement_of(alert)), alert.change_number, actor=actor, now=now)
        receipts.append({"alert": alert_id, "read_at": format_instant(read_at)})
    session.flush()
    return receipts


def list_given_up(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Return what went to the actor by e-mail or webhook and never arrived, newest first: receipts with `alert, title`.

    The title is that which might have left the service.
    """
    require(actor, "read_picture")
    query = (
        select(Delivery, Alert)
        .join(Alert, Alert.id == Delivery.alert_id)
        .where(Delivery.user_id == actor.user_id, Delivery.status == "given_up")
        .order_by(Alert.at.desc(), Alert.id, Delivery.channel)
        .limit(GIVEN_UP_MAX)
    )
    return [
        {"alert": alert.id, "title": alert.outside_text.partition("\n")[0], **_delivery_dict(row)}
        for row, alert in session.execute(query)
    ]


def send_again(session: Session, alert_id: str, channel: str, *, actor: Actor, now: int) -> None:
    """Let what was given up be tried from the beginning; what waits or has arrived stays as it is.

    Raises
    ------
    NotFound
        The alert is not his, or did not go that way.
    """
    require(actor, "read_picture")
    row = session.get(Delivery, (alert_id, channel))
    if row is None or row.user_id != actor.user_id or channel == "page":
        raise NotFound("delivery", f"{alert_id} {channel}")
    if row.status == "given_up":
        row.status, row.tries, row.due_at = "waiting", 0, now
    session.flush()


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is read once for many alerts of one person."""

    titles: Mapping[str, str]
    """Of his subscriptions, by id."""
    others: Mapping[str, Sequence[Delivery]]
    """Alert -> deliveries by other ways than the page."""
    unseen: frozenset[str]
    """Movements told of that he may not see (any more)."""
    answers: Mapping[tuple[str, int], Mapping[str, Any]]
    """(movement, change) -> who of the movement, or movement control, acknowledged the advice first: `{by, at}`."""


def _read_beside(session: Session, alerts: Sequence[Alert], actor: Actor) -> _Beside:
    mine = select(AlertSubscription).where(AlertSubscription.user_id == actor.user_id)
    movements = {id_ for alert in alerts if (id_ := movement_of(alert)) is not None}
    changes = {alert.change_number for alert in alerts if alert.kind == "advice"}
    receipts = select(MovementAdvice).where(MovementAdvice.change_number.in_(changes))
    answered = session.scalars(receipts) if changes else ()
    return _Beside(
        titles={row.id: row.title for row in session.scalars(mine)},
        others=_other_ways(session, [alert.id for alert in alerts]),
        unseen=frozenset(movements - visible_ids(session, "movement", movements, actor=actor)),
        answers={
            (row.movement_id, row.change_number): {"by": row.acknowledged_by, "at": format_instant(at)}
            for row in answered
            if (at := row.acknowledged_at) is not None
        },
    )


def _other_ways(session: Session, ids: Sequence[str]) -> dict[str, list[Delivery]]:
    found: dict[str, list[Delivery]] = {}
    for start in range(0, len(ids), 500):
        query = select(Delivery).where(Delivery.alert_id.in_(ids[start : start + 500]), Delivery.channel != "page")
        for row in session.scalars(query.order_by(Delivery.channel)):
            found.setdefault(row.alert_id, []).append(row)
    return found


def _alert_dict(
    alert: Alert, page: Delivery, beside: _Beside, host: KnowsAccess, *, actor: Actor, now: int
) -> dict[str, Any]:
    movement_id = movement_of(alert)
    is_hidden = movement_id in beside.unseen or not all(
        visible(actor, host.access_of(fact_id)) for fact_id in alert.fact_ids
    )
    answer = None if is_hidden else beside.answers.get((movement_id or "", alert.change_number or 0))
    details = _without_reasons(alert.details) if is_hidden else alert.details
    is_titled = alert.kind in ("state", "false_state")
    return {
        "id": alert.id, "kind": alert.kind, "at": format_instant(alert.at), "explosive": alert.is_explosive,
        "change": alert.change_number,
        "title": alert.title if is_titled or not is_hidden else "Restricted",
        "text": RESTRICTED_TEXT.capitalize().replace("joc", "JOC") if is_hidden else alert.text,
        "restricted": is_hidden,
        "details": details,
        "subscription": alert.subscription_id, "subscription_title": beside.titles.get(alert.subscription_id or ""),
        "acknowledged_for_movement": answer,
        "held_until": format_instant(page.due_at) if page.due_at > now and page.read_at is None else None,
        "read_at": None if page.read_at is None else format_instant(page.read_at),
        "deliveries": [_delivery_dict(row) for row in (page, *beside.others.get(alert.id, ()))],
    }  # fmt: skip


def _without_reasons(details: dict[str, Any]) -> dict[str, Any]:
    """Return where and from what to what, and nothing else."""
    kept = ("where", "before", "after", "length_m", "shown_at")
    lines = [{name: line[name] for name in kept if name in line} for line in details.get("lines", ())]
    return {"lines": lines, "routes": details.get("routes", [])}


def _delivery_dict(row: Delivery) -> dict[str, Any]:
    moments = {"due_at": row.due_at, "delivered_at": row.delivered_at, "read_at": row.read_at}
    return {
        "channel": row.channel, "target": row.target, "status": row.status, "tries": row.tries,
        "last_error": row.last_error, **{n: None if us is None else format_instant(us) for n, us in moments.items()},
    }  # fmt: skip
