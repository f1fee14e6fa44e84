"""What an open movement is told goes on, once, to those who asked for it and may see the movement."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.instants import format_instant
from fom.services.accounts import change_user
from fom.services.alerts.inbox import acknowledge_alerts, list_alerts
from fom.services.alerts.keeping import ADVICE_US
from fom.services.movement_advice import acknowledge_advice, list_advice
from fom.services.movement_watch import MovementWatch
from fom.services.movements import plan_movement
from fom.store.tables import Delivery
from tests.services.alerts.watch import Watchroom, account, open_watchroom
from tests.services.people import ADMIN, AMINA, HOUR, hazard, new_id
from tests.services.test_movements import MOVCON, values

UNIT = "BN1"
ON_EAST = (30.025, 5.0)
BLOCKED = {"type": "Feature", "geometry": None, "properties": {"kind": "physical", "damage": "blocked",
           "segments": [{"id": "east"}]}}  # fmt: skip


@pytest.fixture
def room(database, tmp_path):
    return open_watchroom(database, tmp_path, smtp_url="smtp+plain://127.0.0.1:9", public_url="https://fom.example")


def planned(room: Watchroom, **changed: Any) -> str:
    """Return the id of a movement of `UNIT` over the three roads that leaves in an hour."""
    times = {"planned_start": room.clock.now + HOUR, "planned_end": room.clock.now + 4 * HOUR}
    wanted = {"unit": UNIT, **{name: format_instant(at) for name, at in times.items()}, **changed}
    with room.database.writing() as session:
        wanted = values(room.host, **wanted)
        saved = plan_movement(session, wanted, version=None, actor=MOVCON, now=room.clock.now)
    room.settled()
    return str(saved["id"])


def told(room: Watchroom, *records: Any) -> None:
    """Report something and let every movement be told of it, then the keeper pass it on."""
    watch = MovementWatch(room.database, lambda: room.host)
    watch.look()
    room.report(*records)
    room.host.follow()
    watch.look()
    room.settled()


def inbox(room: Watchroom, who: Any, **rest: Any) -> list[dict[str, Any]]:
    with room.database.reading() as session:
        return list_alerts(session, room.host, actor=who, now=room.clock.now, **rest)


def receipt(room: Watchroom, movement: str) -> dict[str, Any]:
    with room.database.reading() as session:
        (one,) = list_advice(session, [movement])[movement]
        return one


def test_advice_is_told_once_to_the_unit_and_to_movement_control_by_whichever_process(room):
    driver = account(room.database, "driver", "reporter", unit=UNIT)
    movcon = account(room.database, "movcon", "movement_control")
    stranger = account(room.database, "stranger", "reporter", unit="BN2")
    plain = account(room.database, "plain", "duty_officer", unit=UNIT)
    room.subscribe(driver, moves="none", movements="unit", is_email=True)
    room.subscribe(movcon, moves="none", movements="all")
    room.subscribe(stranger, moves="none", movements="all")
    room.subscribe(plain)
    movement = planned(room)
    other = room.another()
    told(room, BLOCKED)
    other.settled(), room.settled()
    for who in (driver, movcon):
        (alert,) = room.alerts(who, "advice")
        assert alert.details["target"] == {"kind": "movement", "id": movement}
        assert alert.title.endswith("restricted on its way")
        assert "turned restricted" in alert.text
        assert "turned restricted" in alert.outside_text
    assert room.alerts(stranger) == room.alerts(plain, "advice") == []
    assert {row.user_id for row in room.deliveries("email")} == {driver.user_id}


def test_two_keepers_that_found_the_same_advice_write_it_once(room, monkeypatch):
    movcon = account(room.database, "movcon", "movement_control")
    room.subscribe(movcon, moves="none", movements="all")
    planned(room)
    other = room.another()
    writing = type(room.database).writing
    is_first = [True]

    def after_the_other(database: Any) -> Any:
        if is_first.pop() if is_first else False:
            assert other.keeper.pass_on_advice(), "the other one looks at what this one has found and not written yet"
        return writing(database)

    watch = MovementWatch(room.database, lambda: room.host)
    watch.look()
    room.report(BLOCKED)
    room.host.follow()
    watch.look()
    monkeypatch.setattr(type(room.database), "writing", after_the_other)
    room.keeper.pass_on_advice()
    assert len(room.alerts(movcon, "advice")) == len(room.deliveries("page")) == 1
    assert not room.keeper.pass_on_advice()


def test_one_movement_may_be_chosen_and_what_was_told_before_is_not_told_again(room):
    movcon = account(room.database, "movcon", "movement_control")
    mine, other = planned(room), planned(room)
    told(room, hazard(at=(30.005, 5.0)))
    room.subscribe(movcon, moves="none", movement_ids=(mine,))
    room.settled()
    assert room.alerts(movcon, "advice") == []
    told(room, BLOCKED)
    assert [alert.details["target"]["id"] for alert in room.alerts(movcon, "advice")] == [mine]
    assert receipt_count(room, other) == 2


def receipt_count(room: Watchroom, movement: str) -> int:
    with room.database.reading() as session:
        return len(list_advice(session, [movement])[movement])


def test_quiet_hours_hold_damage_but_nothing_explosive(room):
    movcon = account(room.database, "movcon", "movement_control")
    room.subscribe(movcon, moves="none", movements="all", is_email=True, quiet_from="00:00", quiet_to="23:59")
    planned(room)
    told(room, BLOCKED)
    told(room, hazard(at=(30.005, 5.0)))
    by_explosive = {alert.is_explosive: alert.id for alert in room.alerts(movcon, "advice")}
    due = {row.alert_id: row.due_at for row in room.deliveries("page")}
    assert due[by_explosive[False]] > room.clock.now
    assert due[by_explosive[True]] <= room.clock.now


def test_acknowledging_the_alert_acknowledges_the_advice_for_the_movement_and_the_other_way_round(room):
    driver = account(room.database, "driver", "reporter", unit=UNIT)
    movcon = account(room.database, "movcon", "movement_control")
    leader = account(room.database, "leader", "leadership")
    for who in (driver, movcon, leader):
        room.subscribe(who, moves="none", movements="all")
    movement = planned(room)
    told(room, BLOCKED)

    def read(who: Any) -> None:
        with room.database.writing() as session:
            (alert,) = inbox(room, who)
            acknowledge_alerts(session, [alert["id"]], actor=who, now=room.clock.now)

    read(leader)
    assert receipt(room, movement)["acknowledged_by"] is None, "he is neither of the unit nor of movement control"
    read(driver)
    assert receipt(room, movement)["acknowledged_by"] == driver.person
    (alert,) = inbox(room, movcon)
    assert alert["read_at"] is None, "what another has read still waits for him"
    assert alert["acknowledged_for_movement"]["by"] == driver.person
    with room.database.writing() as session:
        acknowledge_advice(session, receipt(room, movement)["number"], actor=movcon, now=room.clock.now)
    assert inbox(room, movcon, is_unread=True) == []
    assert receipt(room, movement)["acknowledged_by"] == driver.person, "the first one stands"


def test_it_is_hidden_from_who_may_not_see_the_movement_any_more(room):
    driver = account(room.database, "driver", "reporter", unit=UNIT)
    room.subscribe(driver, moves="none", movements="unit", is_email=True, quiet_from="00:00", quiet_to="23:59")
    movement = planned(room, classification="confidential")
    told(room, BLOCKED)
    (alert,) = inbox(room, driver)
    assert not alert["restricted"]
    with room.database.writing() as session:
        changes = {"clearance": "unclassified"}
        change_user(session, driver.user_id, version=1, changes=changes, actor=ADMIN, now=room.clock.now)
    lowered = account_again(driver, clearance="unclassified")
    (alert,) = inbox(room, lowered)
    assert alert["restricted"]
    assert (alert["title"], alert["acknowledged_for_movement"]) == ("Restricted", None)
    assert movement not in str(alert), "nothing leads to it any more"
    room.clock.now += 24 * HOUR
    room.keeper.deliver()
    (mail,) = room.deliveries("email")
    assert (mail.status, mail.last_error) == ("given_up", "the account may not see the movement any more")


def account_again(actor: Any, **changed: Any) -> Any:
    from dataclasses import replace

    return replace(actor, **changed)


def test_a_strictly_confidential_movement_is_told_in_the_page_only(room):
    chief = account(room.database, "chief", "chief_joc", clearance="strictly_confidential")
    cleared_less = account(room.database, "movcon", "movement_control")
    for who in (chief, cleared_less):
        room.subscribe(who, moves="none", movements="all", is_email=True)
    planned(room, classification="strictly_confidential", code="SECRET 7")
    told(room, BLOCKED)
    (alert,) = room.alerts(chief, "advice")
    assert "SECRET 7" in alert.title
    assert "SECRET 7" not in alert.outside_text
    assert "turned" not in alert.outside_text
    assert room.alerts(cleared_less) == []


def test_where_a_unit_moved_is_kept_in_alerts_no_longer_than_its_way(room):
    movcon = account(room.database, "movcon", "movement_control")
    room.subscribe(movcon, moves="none", movements="all")
    planned(room)
    told(room, BLOCKED)
    room.clock.now += ADVICE_US - 2 * HOUR
    room.keeper.prune()
    assert len(room.alerts(movcon, "advice")) == 1
    room.clock.now += 8 * HOUR
    room.keeper.prune()
    assert room.alerts(movcon, "advice") == []
    with room.database.reading() as session:
        assert session.query(Delivery).filter(Delivery.channel == "page").count() == 0


def test_a_movement_that_has_not_left_or_arrived_in_time_is_overdue_once(room):
    movcon = account(room.database, "movcon", "movement_control")
    roads = account(room.database, "roads", "duty_officer")
    far = account(room.database, "far", "duty_officer")
    room.subscribe(movcon, moves="none", movements="all", checks=("movement",))
    room.subscribe(roads, moves="none", checks=("movement",), geometry=box(30.0))
    room.subscribe(far, moves="none", checks=("movement",), geometry=box(30.2))
    movement = planned(room)
    room.clock.now += HOUR
    room.settled()
    assert room.alerts(movcon, "overdue") == []
    for _ in range(2):
        room.clock.now += HOUR
        room.settled()
    for who in (movcon, roads):
        (alert,) = room.alerts(who, "overdue")
        assert alert.title.endswith("overdue: it has not left")
        assert alert.details["target"] == {"kind": "movement", "id": movement}
    assert room.alerts(far, "overdue") == []


def box(west: float) -> dict[str, Any]:
    east = west + 0.03
    ring = [[west, 4.99], [east, 4.99], [east, 5.01], [west, 5.01], [west, 4.99]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_whom_a_subscription_may_name_is_checked(room):
    from fom.errors import InvalidInput

    alone = account(room.database, "alone", "reporter")
    hidden = planned(room)
    with pytest.raises(InvalidInput) as refused:
        room.subscribe(alone, moves="none", movements="unit", movement_ids=(hidden, new_id()))
    assert [error.field for error in refused.value.errors] == ["movements", "movement_ids", "movement_ids"]
    with pytest.raises(InvalidInput) as refused:
        room.subscribe(AMINA, moves="none")
    assert [error.field for error in refused.value.errors] == ["moves"]
