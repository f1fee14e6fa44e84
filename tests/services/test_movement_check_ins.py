"""Check-ins that a phone kept while it was out of reach: each once, at the time it was made, never ahead of receipt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fom.domain.instants import MINUTE_US, format_instant, parse_instant
from fom.errors import Conflict, InvalidInput
from fom.services.movement_check_ins import LATE_MAX_US, list_check_ins
from fom.services.movement_closing import close_movement
from fom.services.movements import LEAVES_SOON_US, get_movement
from tests.services.people import HOUR, T0, new_id
from tests.services.test_movement_places import say, under_way
from tests.services.test_movements import MOVCON, plan, seen


def made(moment: int, **more: Any) -> dict[str, Any]:
    """Return what a phone with a right clock says of the first kilometre."""
    return {"id": new_id(), "km": 1.0, "at": format_instant(moment), "device_time": format_instant(moment), **more}


def kept(database: Any, movement: Any) -> list[dict[str, Any]]:
    with database.reading() as session:
        return list_check_ins(session, movement["id"])


def end(database: Any, host: Any, movement: Any, moment: int, outcome: str = "proceeded") -> None:
    times = {"actual_start": format_instant(T0), "actual_end": format_instant(moment)}
    with database.writing() as session:
        version = get_movement(session, movement["id"], actor=MOVCON, now=moment)["version"]
        said = {"outcome": outcome, **(times if outcome == "proceeded" else {})}
        close_movement(session, host, movement["id"], said, version=version, actor=MOVCON, now=moment)
    host.follow()


def test_a_late_one_counts_when_it_was_made_and_does_not_hide_a_newer_one(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    clock.now = T0 + 2 * HOUR
    newer = say(database, host, movement, km=2.5, at=format_instant(T0 + HOUR))
    late = say(database, host, movement, **made(T0 + HOUR // 2, device_offset_s=3.0))
    assert late["at"] == format_instant(T0 + HOUR // 2)
    assert parse_instant(late["received"]) >= clock.now
    assert (late["is_late"], late["is_skewed"], late["device_offset_s"]) == (True, False, 3.0)
    assert [row["id"] for row in kept(database, movement)] == [newer["id"], late["id"]]
    assert seen(database, host, movement)["outlook"]["seen"]["at"] == parse_instant(newer["at"])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ahead_min=st.integers(-47 * 60, 400 * 24 * 60), offset_s=st.none() | st.floats(-1e9, 1e9))
def test_whatever_the_clock_of_the_device_says_none_counts_ahead_of_its_receipt(ground, ahead_min, offset_s):
    database, host, clock = ground
    clock.now = max(clock.now, T0) + HOUR
    movement = under_way(database, host, planned_start=format_instant(T0 - 40 * HOUR))
    made_at = clock.now + ahead_min * MINUTE_US
    if made_at < T0 - 40 * HOUR - LEAVES_SOON_US:
        return
    said = made(made_at, device_offset_s=offset_s)
    row = say(database, host, movement, **said)
    assert parse_instant(row["at"]) == min(made_at, parse_instant(row["received"]))
    assert row["is_skewed"] == (ahead_min > 10 or abs(offset_s or 0) > 600)
    clock.now += HOUR
    assert say(database, host, movement, **said) == row, "asked again it is the first answer, not a younger one"
    assert len(kept(database, movement)) == 1


def test_the_same_id_with_another_body_is_a_conflict_and_changes_nothing(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    said = made(T0 + MINUTE_US)
    clock.now = T0 + HOUR
    row = say(database, host, movement, **said)
    for other in ({"km": 2.0}, {"at": format_instant(T0)}, {"device_offset_s": 1.0}, {"left": True}):
        with pytest.raises(Conflict):
            say(database, host, movement, **said | other)
    assert kept(database, movement) == [row]


def test_who_left_out_of_reach_says_so_with_the_first_check_in(ground):
    database, host, clock = ground
    movement = plan(database, host)
    first, second = made(T0 + HOUR, left=True), made(T0 + HOUR + 9 * MINUTE_US, left=True)
    clock.now = T0 + 3 * HOUR
    with pytest.raises(InvalidInput) as refused:
        say(database, host, movement, **first | {"left": None})
    assert [(e.field, e.reason) for e in refused.value.errors] == [("movement", "movement_not_left")]
    say(database, host, movement, **first)
    say(database, host, movement, **second)
    shown = seen(database, host, movement)
    assert (shown["actual_start"], shown["version"]) == (first["at"], movement["version"] + 1)
    assert [row["at"] for row in shown["check_ins"]] == [second["at"], first["at"]]


def test_nobody_has_left_before_the_day_of_his_leaving(ground):
    database, host, clock = ground
    movement = plan(database, host, planned_start=format_instant(T0 + LEAVES_SOON_US + 2 * HOUR), planned_end=None)
    clock.now = T0 + HOUR
    with pytest.raises(InvalidInput) as refused:
        say(database, host, movement, **made(T0 + HOUR, left=True))
    assert {error.reason for error in refused.value.errors} == {"check_in_old", "movement_not_left"}


def test_what_was_said_before_it_was_closed_is_taken_afterwards_and_nothing_later(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    clock.now = T0 + HOUR
    end(database, host, movement, T0 + HOUR)
    clock.now = T0 + 2 * HOUR
    assert say(database, host, movement, **made(T0 + HOUR // 2))["is_late"]
    for said in (made(T0 + HOUR + MINUTE_US), {"km": 1.0, "at": format_instant(T0 + HOUR // 2)}):
        with pytest.raises(InvalidInput) as refused:
            say(database, host, movement, **said)
        assert [error.reason for error in refused.value.errors] == ["movement_ended"]
    never = plan(database, host)
    end(database, host, never, clock.now, outcome="cancelled_other")
    with pytest.raises(InvalidInput):
        say(database, host, never, **made(clock.now, left=True))


def test_one_older_than_two_days_is_no_news(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    clock.now = T0 + LATE_MAX_US + HOUR
    with pytest.raises(InvalidInput) as refused:
        say(database, host, movement, **made(T0 + HOUR - MINUTE_US))
    assert [(e.field, e.reason) for e in refused.value.errors] == [("at", "check_in_old")]
    assert say(database, host, movement, **made(T0 + HOUR))["at"] == format_instant(T0 + HOUR)


def test_a_clock_that_cannot_be_read_is_named(ground):
    database, host, _ = ground
    movement = under_way(database, host)
    with pytest.raises(InvalidInput) as refused:
        say(database, host, movement, km=1.0, device_time="noon", device_offset_s="soon")
    assert [error.field for error in refused.value.errors] == ["device_time", "device_offset_s"]
