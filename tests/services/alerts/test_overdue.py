"""What is overdue is told once for each moment at which it became due."""

from __future__ import annotations

import pytest

from fom.domain.instants import format_instant
from fom.services.registers import get_register, save_register
from tests.services.alerts.watch import ROUTE_ID, account, open_watchroom
from tests.services.people import AMINA, DAY, HOUR, T0, new_id, passage


@pytest.fixture
def room(database, tmp_path):
    return open_watchroom(database, tmp_path)


def change_route(room, **values) -> None:
    with room.database.writing() as session:
        row = get_register(session, "key_route", ROUTE_ID, actor=AMINA)
        kept = {name: value for name, value in row.items() if name not in ("version", "changed_at", "by")}
        save_register(session, "key_route", kept | values, version=row["version"], actor=AMINA, now=room.clock.now)


def titles(room, who) -> list[str]:
    return [alert.title for alert in room.alerts(who, "overdue")]


def go_on(room, hours: float) -> None:
    room.clock.now += round(hours * HOUR)
    room.settled()


def test_a_verification_past_its_life_is_told_once_and_again_after_the_next(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty, moves="none", is_overdue=True)
    go_on(room, 61)  # passed ten hours before, 72 h hold
    assert titles(room, duty) == []
    for _ in range(3):
        go_on(room, 1)
    assert titles(room, duty) == ["MSR HERON: verification overdue"]
    assert room.alerts(duty, "overdue")[0].at == T0 + 62 * HOUR
    room.report(*(passage(name, occurred=room.clock.now) for name in ("west", "middle", "east")))
    go_on(room, 71)
    assert len(titles(room, duty)) == 1
    go_on(room, 2)
    assert len(titles(room, duty)) == 2


def test_a_route_with_an_interval_of_its_own_is_due_by_that(room):
    duty = account(room.database, "duty", "duty_officer")
    change_route(room, verify_interval_h=24, interval_reason="Convoys go daily.")
    room.subscribe(duty, moves="none", is_overdue=True)
    go_on(room, 13)
    assert titles(room, duty) == []
    go_on(room, 2)
    assert titles(room, duty) == ["MSR HERON: verification overdue"]
    assert "its interval of 24 h" in room.alerts(duty, "overdue")[0].text


def test_a_review_and_a_task_past_their_dates_are_told_to_those_concerned(room):
    duty = account(room.database, "duty", "duty_officer", unit="sector east")
    other = account(room.database, "other", "duty_officer", unit="sector west")
    change_route(room, reviewed_at=format_instant(T0 - 31 * DAY))
    far = {"type": "Polygon", "coordinates": [[[30.2, 5.2], [30.3, 5.2], [30.3, 5.3], [30.2, 5.2]]]}
    room.subscribe(duty, moves="none", is_overdue=True)
    room.subscribe(other, moves="none", is_overdue=True, geometry=far)
    values = {"id": new_id(), "kind": "verify", "target_id": "middle", "assigned_to": "sector east"}
    values |= {"created_at": format_instant(T0 - DAY), "due_at": format_instant(T0 - HOUR)}
    with room.database.writing() as session:
        save_register(session, "task", values, version=None, actor=AMINA, now=room.clock.now)
    go_on(room, 1)
    assert sorted(titles(room, duty)) == ["MSR HERON: review overdue", "Task overdue: verify a road, middle"]
    assert titles(room, other) == []


def test_two_processes_tell_it_once(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty, moves="none", is_overdue=True)
    other = room.another()
    room.clock.now += 64 * HOUR
    for each in (room, other):
        each.settled()
    assert titles(room, duty) == ["MSR HERON: verification overdue"]
