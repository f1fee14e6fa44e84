"""For how long what was shown, told and looked at is kept, and taking out what is older, a little at a time."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from fom.domain.instants import DAY_US
from fom.domain.patterns import KEPT_US
from fom.store.tables import Alert, Delivery, Look, Shown

READ_US = 90 * DAY_US
"""An alert with its receipts, from when it was acknowledged: a rotation looks back on what it was told."""
UNREAD_US = 400 * DAY_US
"""One that nobody acknowledged, from when it happened: a year and a month, so that last year's is at hand."""
VIEWED_US = 90 * DAY_US
"""A look at a route that was not acknowledged."""
ADVICE_US = KEPT_US
"""An alert of advice, from when it happened, whoever has read it: it says over which roads a unit moved."""
ACKNOWLEDGED_US = 400 * DAY_US
"""A look that was, unless it is the person's last at the route: that one is what his page goes on from."""
AT_ONCE = 5_000
EVERY_US = DAY_US // 4
"""How often it is looked for what is too old. Source: project judgement, as are the lives above."""


def prune(session: Session, *, now: int, shown_days: int) -> int:
    """Delete what is older than its life, at most AT_ONCE rows of each table; return how many rows went.

    A delivery that still waits keeps its alert. What still is overdue when its alert goes is told anew.
    """
    gone = _delete(session, Shown, Shown.number, Shown.last_at < now - shown_days * DAY_US)
    ids = list(session.scalars(select(Alert.id).where(_is_old(now)).order_by(Alert.at).limit(AT_ONCE)))
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        session.execute(delete(Delivery).where(Delivery.alert_id.in_(some)))
        session.execute(delete(Alert).where(Alert.id.in_(some)))
    return gone + len(ids) + _delete(session, Look, Look.number, _is_old_look(now))


def _is_old(now: int) -> ColumnElement[bool]:
    page, other = aliased(Delivery), aliased(Delivery)
    acknowledged = exists().where(page.alert_id == Alert.id, page.read_at < now - READ_US)
    waits = exists().where(other.alert_id == Alert.id, other.channel != "page", other.status == "waiting")
    advice = and_(Alert.kind == "advice", Alert.at < now - ADVICE_US)
    return or_(and_(or_(acknowledged, Alert.at < now - UNREAD_US), ~waits), advice)


def _is_old_look(now: int) -> ColumnElement[bool]:
    later = aliased(Look)
    last = (
        select(func.max(later.number))
        .where(later.user_id == Look.user_id, later.route_id == Look.route_id, later.acknowledged_at.is_not(None))
        .scalar_subquery()
    )
    is_old_view = and_(Look.acknowledged_at.is_(None), Look.seen_at < now - VIEWED_US)
    return or_(is_old_view, and_(Look.acknowledged_at < now - ACKNOWLEDGED_US, Look.number != last))


def _delete(session: Session, table: type, number: InstrumentedAttribute[int], old: ColumnElement[bool]) -> int:
    numbers = list(session.scalars(select(number).where(old).order_by(number).limit(AT_ONCE)))
    for start in range(0, len(numbers), 500):
        session.execute(delete(table).where(number.in_(numbers[start : start + 500])))
    return len(numbers)
