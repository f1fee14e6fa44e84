"""Who is told what of changes: once, whoever looks and however late, and nothing that he may not read."""

from __future__ import annotations

import random

import pytest

from fom.services.disclosure import RESTRICTED_TEXT
from fom.services.judging import grade_record
from tests.services.alerts.watch import ROUTE_ID, account, open_watchroom
from tests.services.ground import AROUND, ON_EAST, ON_WEST
from tests.services.people import AMINA, CHIEF, HOUR, hazard, incident, new_id, passage


@pytest.fixture
def room(database, tmp_path):
    return open_watchroom(database, tmp_path)


def test_a_subscriber_is_told_where_from_what_to_what_and_why(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty)
    (item,) = room.report(hazard(at=ON_WEST))
    room.settled()
    (alert,) = room.alerts(duty)
    assert (alert.kind, alert.title, alert.is_explosive) == ("state", "MSR HERON: open → restricted", True)
    assert alert.text.startswith("MSR HERON km 0–1.1: open → restricted. ")
    assert alert.fact_ids == [item]
    assert alert.details["routes"][0]["id"] == ROUTE_ID
    assert [line["segments"] for line in alert.details["lines"]] == [["west"]]
    (page,) = room.deliveries("page")
    assert (page.alert_id, page.status, page.read_at) == (alert.id, "waiting", None)


def test_the_same_change_is_told_once_by_two_processes_and_after_a_restart(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty)
    other = room.another()
    room.report(hazard(at=ON_WEST))
    for each in (room, other, room.another()):
        each.settled()
    assert len(room.alerts(duty)) == 1


def story(room, seed: int, steps: int, each) -> None:
    chance = random.Random(seed)
    items: list[str] = []
    for _ in range(steps):
        choice = chance.random()
        if choice < 0.35:
            where = chance.choice([ON_WEST, ON_EAST])
            record = chance.choice([hazard(at=where), incident(at=where, grade="A1", type="detonation")])
            items += room.report(record, actor=AMINA, after_s=chance.randrange(60, 30_000))
        elif choice < 0.6:
            name = chance.choice(["west", "middle", "apart"])
            room.report(passage(name, occurred=room.clock.now - HOUR), after_s=chance.randrange(60, 90_000))
        elif choice < 0.75 and items:
            with room.database.writing() as session:
                grade_record(session, chance.choice(items), "A1", actor=CHIEF, now=room.clock.now + 1_000_000)
        else:
            room.clock.now += chance.randrange(3600, 200_000) * 1_000_000
        room.host.follow()
        room.host.tick()
        each()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_does_not_depend_on_when_or_by_whom_it_is_looked_at(database, tmp_path, seed):
    room = open_watchroom(database, tmp_path)
    duty = account(database, "duty", "duty_officer")
    room.subscribe(duty, moves="stretch", kinds=("explosive",))
    room.subscribe(duty, moves="route", title="whole")
    room.subscribe(duty, moves="route_worse", geometry=AROUND, title="area")
    room.keeper.match()
    room.host.begin([("P3", "mission_military")])
    chance = random.Random(seed)
    late = room.another()
    told = []

    def each() -> None:  # the process at work looks after every change; the other one sees all of it at the end
        batch_before = len(told)
        from fom.services.alerts.matching import match, read_batch

        with database.reading() as session:
            watches = room.keeper._watches.read(session, room.host)
            batch = read_batch(session, room.host, each.after)
            if batch is not None and chance.random() < 0.6:
                told.extend((a.id, a.told.title, a.told.text) for a in match(session, room.host, watches, batch))
                each.after = batch.up_to
        assert len(told) >= batch_before

    each.after = room.host.version
    began = room.host.version
    story(room, seed, 14, each)
    chance.random = lambda: 0.0
    each()
    late.host.follow()
    from fom.services.alerts.matching import match, read_batch

    with database.reading() as session:
        watches = late.keeper._watches.read(session, late.host)
        batch = read_batch(session, late.host, began)
        assert late.host.moves_told("P3", "mission_military", began) is None
        judged = [(a.id, a.told.title, a.told.text) for a in match(session, late.host, watches, batch)]
    assert sorted(told) == sorted(judged)
    assert told


def test_only_what_gets_worse_is_told_unless_all_is_wanted(room):
    duty, lead = (
        account(room.database, name, role) for name, role in (("duty", "duty_officer"), ("lead", "leadership"))
    )
    room.subscribe(duty)
    room.subscribe(lead, moves="stretch")
    room.settled()
    room.clock.now += 70 * HOUR
    room.settled()
    room.report(*(passage(name, occurred=room.clock.now - HOUR) for name in ("west", "middle", "east")))
    room.settled()
    assert [alert.title for alert in room.alerts(duty)] == ["MSR HERON: open → caution"]
    assert [alert.title for alert in room.alerts(lead)] == ["MSR HERON: open → caution", "MSR HERON: caution → open"]


def test_a_state_that_is_not_wanted_is_not_told(room):
    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty, states=("BLACK",))
    (item,) = room.report(hazard(at=ON_WEST))
    room.settled()
    assert room.alerts(duty) == []
    with room.database.writing() as session:
        grade_record(session, item, "A1", actor=AMINA, now=room.clock.now)
    room.settled()
    assert [alert.title for alert in room.alerts(duty)] == ["MSR HERON: restricted → closed"]


def test_a_reader_without_clearance_is_told_the_state_and_no_reason(room):
    partner = account(room.database, "partner", "partner", clearance="unclassified")
    room.subscribe(partner, routes=(), geometry=AROUND, kinds=("explosive",))
    room.report(hazard(at=ON_WEST), classification="strictly_confidential")
    room.settled()
    (alert,) = room.alerts(partner)
    assert alert.kind == "state"
    assert RESTRICTED_TEXT.lower() in alert.text.lower()
    assert "explosive" not in (alert.text + alert.title + str(alert.details)).lower()
    assert alert.fact_ids == []


def test_what_is_too_secret_to_leave_stays_out_of_mail_though_its_reader_sees_it_here(room):
    chief = account(room.database, "chief", "chief_joc", clearance="strictly_confidential")
    room.subscribe(chief, kinds=("explosive",))
    (item,) = room.report(hazard(at=ON_WEST), classification="strictly_confidential")
    room.settled()
    record, state = room.alerts(chief, "record"), room.alerts(chief, "state")
    assert item in record[0].text
    assert item not in record[0].outside_text
    assert "Explosive" not in record[0].outside_text
    assert RESTRICTED_TEXT.lower() in state[0].outside_text.lower()
    assert RESTRICTED_TEXT.lower() not in state[0].text.lower()


def test_an_account_that_may_not_read_the_picture_any_more_is_told_nothing(room):
    from fom.store.tables import User

    duty = account(room.database, "duty", "duty_officer")
    room.subscribe(duty)
    with room.database.writing() as session:
        session.get(User, duty.user_id).active = False
    room.report(hazard(at=ON_WEST))
    room.settled()
    assert room.alerts() == []


def test_records_of_a_kind_are_told_within_an_area_also_off_the_road(room):
    duty = account(room.database, "duty", "duty_officer")
    far = {"type": "Polygon", "coordinates": [[[30.2, 5.2], [30.3, 5.2], [30.3, 5.3], [30.2, 5.3], [30.2, 5.2]]]}
    room.subscribe(duty, moves="none", kinds=("explosive",), geometry=far, title="camp")
    (item,) = room.report(hazard(at=(30.25, 5.25)))
    room.report(hazard(at=ON_WEST))
    room.settled()
    (alert,) = room.alerts(duty)
    assert (alert.kind, alert.fact_ids) == ("record", [item])


def test_nothing_from_before_a_subscription_is_told(room):
    duty = account(room.database, "duty", "duty_officer")
    room.report(hazard(at=ON_WEST))
    room.subscribe(duty)
    room.settled()
    assert room.alerts(duty) == []
    room.subscribe(duty, id=new_id(), title="second")
    room.report(hazard(at=ON_EAST))
    room.settled()
    assert len(room.alerts(duty)) == 2
