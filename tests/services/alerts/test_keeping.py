"""For how long what was told and looked at is kept."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from fom.services.alerts import keeping
from fom.services.alerts.inbox import acknowledge_alerts
from fom.services.looking import acknowledge_routes
from fom.store.tables import Alert, Delivery, Look
from tests.services.alerts.watch import ROUTE_ID, account, open_watchroom
from tests.services.ground import ON_EAST, ON_WEST
from tests.services.people import DAY, hazard


@pytest.fixture
def room(database, tmp_path):
    return open_watchroom(database, tmp_path)


def count(room, table) -> int:
    with room.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_what_was_acknowledged_goes_after_a_rotation_and_what_was_not_after_a_year(room, monkeypatch):
    monkeypatch.setattr(keeping, "AT_ONCE", 1)
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty)
    for place in (ON_WEST, ON_EAST):
        room.report(hazard(at=place))
        room.settled()
    first, second = room.alerts(duty)
    with room.database.writing() as session:
        acknowledge_alerts(session, [first.id], actor=duty, now=room.clock.now)
    room.clock.now += 89 * DAY
    room.keeper.prune()
    assert count(room, Alert) == 2
    room.clock.now += 2 * DAY
    while room.keeper.prune():
        pass
    assert [alert.id for alert in room.alerts(duty)] == [second.id]
    assert count(room, Delivery) == 1
    room.clock.now += 310 * DAY
    while room.keeper.prune():
        pass
    assert count(room, Alert) == count(room, Delivery) == 0


def test_an_alert_that_is_still_on_its_way_stays(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty)
    room.report(hazard(at=ON_WEST))
    room.settled()
    (alert,) = room.alerts(duty)
    with room.database.writing() as session:
        session.add(Delivery(alert_id=alert.id, channel="email", user_id=duty.user_id, target="t", status="waiting",
                             tries=0, due_at=room.clock.now))  # fmt: skip
    room.clock.now += 500 * DAY
    room.keeper.prune()
    assert count(room, Alert) == 1


def test_the_last_acknowledgement_of_a_route_is_kept_for_good(room):
    duty = account(room.database, "duty", "duty_officer")
    for _ in range(3):
        with room.database.writing() as session:
            now = room.clock.now
            acknowledge_routes(session, room.host, [ROUTE_ID], seen_at=now, version=room.host.version, actor=duty,
                               now=now)  # fmt: skip
        room.clock.now += DAY
    room.clock.now += 500 * DAY
    room.keeper.prune()
    with room.database.reading() as session:
        assert list(session.scalars(select(Look.number))) == [3]
