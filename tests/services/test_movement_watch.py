"""What time alone does to a way is told when it comes, once over all processes, without anything being reported."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.instants import MINUTE_US, format_instant, parse_instant
from fom.services.movement_check_ins import check_in
from fom.services.movement_closing import depart_movement
from fom.services.movement_outlook import hhmm
from fom.services.movement_watch import MovementWatch, make_agenda
from tests.services.ground import feature, make_host, write
from tests.services.people import HOUR, T0, new_id
from tests.services.test_movements import (
    DRIVER,
    MOVCON,
    WAY,
    plan,
    receipts,
    report,
    seen,
)

LONG = [{"title": "Best", "segments": WAY * 40, "distance_m": 132_000.0}]
"""To and fro for some two hours and a half."""


BEGINS = T0 + HOUR - 4 * MINUTE_US
"""Before it nobody who enters a road of two kilometres is on it yet when a curfew at one o'clock begins."""


def leave(database: Any, host: Any, now: int = T0, **changed: Any) -> dict[str, Any]:
    times = {"planned_start": format_instant(now), "planned_end": format_instant(now + 4 * HOUR)}
    movement = plan(database, host, ways=LONG, **times, **changed)
    with database.writing() as session:
        depart_movement(session, movement["id"], version=1, actor=DRIVER, now=now)
    host.follow()
    return movement


def curfew(database: Any, host: Any, start: int, *, road: str = "middle") -> None:
    order = feature(
        new_id(), "control", received=T0, occurred=format_instant(T0), control="order", effect="prohibited",
        user_classes=["all"], segments=[{"id": road}], grade="A1", start=format_instant(start),
        end=format_instant(start + 8 * HOUR),
    )  # fmt: skip
    write(database, order, now=T0)
    host.follow()


def test_a_curfew_that_begins_on_the_way_is_told_when_it_begins_and_once(ground):
    database, host, clock = ground
    curfew(database, host, T0 + HOUR)
    movement = leave(database, host)
    other = make_host(database, clock)
    watches = [MovementWatch(database, lambda: host), MovementWatch(database, lambda: other)]
    clock.now = BEGINS - 1
    assert [watch.look() for watch in watches] == [0, 0]
    clock.now = T0 + HOUR + 2
    assert sum(watch.look() for watch in watches) == 1
    host.follow(), other.follow()
    assert sum(watch.look() for watch in watches) == 0
    assert MovementWatch(database, lambda: host).look() == 0, "a process that starts later tells nothing again"
    (told,) = receipts(database, movement)
    assert told["state"] == "BLACK"
    assert BEGINS < parse_instant(told["due_at"]) <= T0 + HOUR
    assert "turned closed 1257Z by itself (was open)" in told["text"]
    assert "km ahead of km" in told["text"] or "it should be there" in told["text"]


def test_nothing_is_judged_before_its_moment_while_nothing_changes(ground, monkeypatch):
    database, host, clock = ground
    curfew(database, host, T0 + HOUR)
    leave(database, host)
    watch = MovementWatch(database, lambda: host)
    watch.look()
    readings = []
    reading = type(database).reading
    monkeypatch.setattr(type(database), "reading", lambda self: readings.append(1) or reading(self))
    for minute in range(1, 50):
        clock.now = T0 + minute * MINUTE_US
        assert watch.look() == 0
    assert readings == [], "the clock alone decides, not the database"


def test_a_road_that_becomes_unknown_by_age_is_told_in_one_sentence(ground):
    database, host, clock = ground
    aged = T0 + 134 * HOUR  # passed ten hours before T0, known for twice 72 h
    clock.now = aged - HOUR
    movement = leave(database, host, now=clock.now)
    watch = MovementWatch(database, lambda: host)
    watch.look()
    clock.now = aged + MINUTE_US
    assert watch.look() == 1
    (told,) = receipts(database, movement)
    assert told["state"] == "GREY"
    assert "turned unknown" in told["text"]
    assert "(was caution)" in told["text"]


def test_caution_by_age_is_no_advice(ground):
    database, host, clock = ground
    clock.now = T0 + 61 * HOUR
    movement = leave(database, host, now=clock.now)
    watch = MovementWatch(database, lambda: host)
    watch.look()
    clock.now = T0 + 63 * HOUR
    watch.look()
    assert seen(database, host, movement)["outlook"]["state"] == "C"
    assert receipts(database, movement) == []


def test_one_that_does_not_leave_is_told_from_when_on_it_finds_a_road_shut(ground):
    database, host, clock = ground
    curfew(database, host, T0 + 3 * HOUR)
    times = {"planned_start": format_instant(T0 + HOUR), "planned_end": format_instant(T0 + 4 * HOUR)}
    movement = plan(database, host, **times)
    watch = MovementWatch(database, lambda: host)
    watch.look()
    before = next(a["before"] for a in seen(database, host, movement)["outlook"]["advice"] if a["kind"] == "leave")
    clock.now = before - MINUTE_US
    assert watch.look() == 0
    clock.now = before + MINUTE_US
    assert watch.look() == 1
    (told,) = receipts(database, movement)
    assert told["due_at"] == format_instant(before)
    assert told["text"].startswith(f"has not left: from {hhmm(before)}Z on it finds an unnamed road, km")
    assert "closed" in told["text"]


def test_what_it_has_passed_when_time_shuts_it_is_not_told(ground):
    database, host, clock = ground
    curfew(database, host, T0 + HOUR, road="west")
    movement = plan(database, host, planned_start=format_instant(T0 + HOUR - 4 * MINUTE_US), planned_end=None)
    with database.writing() as session:
        depart_movement(session, movement["id"], version=1, actor=DRIVER, now=T0 + HOUR - 4 * MINUTE_US)
    host.follow()
    clock.now = T0 + HOUR - 3 * MINUTE_US
    with database.writing() as session:
        values = {"id": new_id(), "km": 1.5}
        check_in(session, host, movement["id"], values, actor=DRIVER, now=clock.now)
    host.follow()
    with database.reading() as session:
        assert make_agenda(session, host, after=T0).dues == ()
    clock.now = T0 + HOUR + MINUTE_US
    assert MovementWatch(database, lambda: host).look() == 0


@pytest.mark.parametrize("hours", [2, 5])
def test_a_process_that_was_down_tells_what_came_meanwhile(ground, hours):
    database, host, clock = ground
    curfew(database, host, T0 + HOUR)
    movement = leave(database, host)
    clock.now = T0 + hours * HOUR
    assert MovementWatch(database, lambda: host).look() == 1, receipts(database, movement)
    assert BEGINS < parse_instant(receipts(database, movement)[0]["due_at"]) <= T0 + HOUR


def test_ways_are_purged_once_a_day_by_the_watch_itself(ground):
    database, host, clock = ground
    movement = leave(database, host)
    watch = MovementWatch(database, lambda: host)
    clock.now = T0 + 95 * 24 * HOUR
    watch.purge_daily()
    assert seen(database, host, movement, actor=MOVCON)["ways"] == []


def blocked(occurred: int) -> dict[str, Any]:
    said = {"kind": "physical", "damage": "blocked", "segments": [{"id": "east"}], "occurred": format_instant(occurred)}
    return {"type": "Feature", "geometry": None, "properties": said}


@pytest.mark.parametrize("ago_min", [0, 40])
def test_what_a_change_told_is_not_told_again_as_if_time_had_done_it(ground, ago_min):
    database, host, clock = ground
    movement = leave(database, host)
    watch = MovementWatch(database, lambda: host)
    clock.now = T0 + 60 * MINUTE_US
    watch.look()
    clock.now += MINUTE_US
    occurred = clock.now - ago_min * MINUTE_US
    report(database, host, blocked(occurred), now=clock.now)
    told = watch.look()
    clock.now += MINUTE_US
    told += watch.look()
    told += MovementWatch(database, lambda: host).look()
    assert told == 1, receipts(database, movement)
    assert receipts(database, movement)[0]["due_at"] is None


def test_a_change_that_comes_while_the_clock_is_looked_at_is_told_as_what_it_is(ground, monkeypatch):
    database, host, clock = ground
    movement = leave(database, host)
    watch = MovementWatch(database, lambda: host)
    watch.look()
    clock.now = T0 + 20 * MINUTE_US
    looked = MovementWatch._look_at_clock

    def after_a_report(self, of):
        if not receipts(database, movement) and host.version == watch._seen:
            report(database, host, blocked(clock.now), now=clock.now)
            clock.now += MINUTE_US
        return looked(self, of)

    monkeypatch.setattr(MovementWatch, "_look_at_clock", after_a_report)
    for _ in range(3):
        watch.look()
    assert [told["due_at"] for told in receipts(database, movement)] == [None]
