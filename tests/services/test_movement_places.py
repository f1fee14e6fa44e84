"""Where movements are: check-ins, tracks of their unit, else their schedules; on the map for those who may see them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from fom.domain.instants import MINUTE_US, format_instant
from fom.domain.patterns import KEPT_US
from fom.errors import Conflict, InvalidInput, NotFound
from fom.services.accounts import create_user
from fom.services.map_layers import read_layer
from fom.services.movement_advice import purge_ways
from fom.services.movement_board import read_movement
from fom.services.movement_check_ins import check_in, list_check_ins
from fom.services.movement_closing import close_movement, depart_movement
from fom.services.movement_lines import find_on_way, place_on_way
from fom.services.movement_places import way_here
from fom.services.movements import get_movement
from fom.services.reporting import log_report
from fom.store.tables import User
from tests.services.ground import ON_EAST, ON_WEST
from tests.services.people import ADMIN, AMINA, HOUR, T0, draft, hazard, new_id
from tests.services.test_accounts import PASSWORD
from tests.services.test_movements import (
    DRIVER,
    MOVCON,
    STRANGER,
    WAY,
    plan,
    report,
    seen,
)

SLOW = [{"title": "Best", "segments": WAY, "distance_m": 3300.0}]


def under_way(database: Any, host: Any, **changed: Any) -> dict[str, Any]:
    """Return a movement over west, middle and east that left at T0."""
    movement = plan(database, host, **changed)
    with database.writing() as session:
        left = depart_movement(session, movement["id"], version=1, actor=MOVCON, now=T0)
    host.follow()
    return left


def say(database: Any, host: Any, movement: Any, actor: Any = DRIVER, **said: Any) -> dict[str, Any]:
    with database.writing() as session:
        values = {"id": new_id(), **said}
        kept = check_in(session, host, movement["id"], values, actor=actor, now=host.now())
    host.follow()
    return kept


def drive(database: Any, host: Any, points: list[tuple[float, float]], *, actor: Any = DRIVER, now: int) -> None:
    """Send a recorded track; whoever sends it says that he is of BN1."""
    properties = {
        "kind": "verification", "strength": "own_patrol_traverse", "occurred": format_instant(now - MINUTE_US),
        "passed": "P5", "track": "gps",
    }  # fmt: skip
    geometry = {"type": "LineString", "coordinates": [list(point) for point in points]}
    feature = {"type": "Feature", "geometry": geometry, "properties": properties}
    with database.writing() as session:
        if session.scalar(select(User).where(User.email == actor.email)) is None:
            create_user(
                session, email=actor.email, password=PASSWORD, roles=["reporter"], unit=actor.unit, actor=ADMIN, now=T0
            )
        log_report(session, draft(feature, unit="BN1"), actor=actor, now=now, network=host.network)
    host.follow()


def test_a_check_in_says_where_it_is_and_what_is_behind_it(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    report(database, host, hazard(at=ON_WEST), actor=AMINA)
    clock.now = T0 + MINUTE_US // 4
    before = seen(database, host, movement)["outlook"]
    assert (before["state"], before["seen"], before["position_by"]) == ("R", None, "schedule")
    say(database, host, movement, lon=30.015, lat=5.0)
    shown = seen(database, host, movement)
    outlook = shown["outlook"]
    assert (outlook["state"], outlook["position_by"]) == ("O", "check_in"), "the hazard lies behind it"
    assert outlook["seen"]["at"] == clock.now
    half = 1.5 * float(host.network.length_m[0])
    assert outlook["seen"]["at_m"] == pytest.approx(half, abs=2)
    assert outlook["at_m"] == pytest.approx(half, abs=2)
    assert [row["source"] for row in shown["check_ins"]] == ["typed"]
    clock.now += MINUTE_US
    later = seen(database, host, movement)["outlook"]
    assert later["at_m"] > half + 100, "it goes on at the speed of its plan"
    assert later["arrives_at"] == outlook["arrives_at"] < before["arrives_at"]


def test_the_kilometre_of_its_way_is_a_place_too_and_the_same_id_is_one_check_in(ground):
    database, host, _ = ground
    movement = under_way(database, host)
    kept = say(database, host, movement, km=2.5)
    assert kept["source"] == "km"
    assert (kept["lon"], kept["lat"]) == pytest.approx((30.0226, 5.0), abs=2e-4)
    assert say(database, host, movement, actor=MOVCON, id=kept["id"], km=2.5) == kept
    with pytest.raises(Conflict):
        say(database, host, movement, id=kept["id"], km=0.1)
    with database.reading() as session:
        assert len(list_check_ins(session, movement["id"])) == 1
    with pytest.raises(Conflict):
        say(database, host, under_way(database, host), id=kept["id"], km=2.5)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "lon"), ({"km": 40}, "km"), ({"lon": 0, "lat": 0}, "lon"), ({"lon": 300, "lat": 5}, "lon"),
        ({"km": 1, "at": "2026-03-10T11:00:00Z"}, "at"), ({"km": 1, "at": "2026-03-10T13:00:00Z"}, "at"),
        ({"lon": 30, "lat": 5, "source": "dream"}, "source"), ({"lon": "30", "lat": 5}, "lon"), ({"id": "x"}, "id"),
    ],
)  # fmt: skip
def test_what_is_no_place_or_no_time_is_refused_by_its_name(ground, said, field):
    database, host, _ = ground
    with pytest.raises(InvalidInput) as refused:
        say(database, host, under_way(database, host), **said)
    assert [error.field for error in refused.value.errors] == [field]


def test_only_what_has_left_and_goes_on_is_seen_by_its_own(ground):
    database, host, _ = ground
    with pytest.raises(InvalidInput) as refused:
        say(database, host, plan(database, host), km=1)
    assert refused.value.errors[0].field == "movement"
    with pytest.raises(NotFound):
        say(database, host, under_way(database, host), actor=STRANGER, km=1)


def test_one_seen_off_its_way_is_told_as_such_and_keeps_its_schedule(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    clock.now = T0 + MINUTE_US
    by_plan = seen(database, host, movement)["outlook"]["at_m"]
    say(database, host, movement, lon=30.105, lat=5.0)
    outlook = seen(database, host, movement)["outlook"]
    assert (outlook["seen"]["at_m"], outlook["at_m"]) == (None, by_plan)
    assert [advice["kind"] for advice in outlook["advice"]] == ["off_way"]


def test_the_end_of_a_track_of_its_unit_shows_it_unless_it_may_be_of_another(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    clock.now = T0 + 2 * MINUTE_US
    drive(database, host, [(30.0, 5.0), (30.01, 5.0), (30.012, 5.0)], now=clock.now, actor=STRANGER)
    drive(database, host, [(30.1, 5.0), (30.11, 5.0)], now=clock.now)
    assert seen(database, host, movement)["outlook"]["seen"] is None, "of another unit, or elsewhere"
    drive(database, host, [(30.0, 5.0), (30.01, 5.0), (30.012, 5.0)], now=clock.now)
    outlook = seen(database, host, movement)["outlook"]
    assert outlook["seen"]["source"] == "track"
    assert outlook["seen"]["at_m"] == pytest.approx(1.2 * float(host.network.length_m[0]), abs=5)
    under_way(database, host)
    clock.now += MINUTE_US
    drive(database, host, [(30.012, 5.0), (30.025, 5.0)], now=clock.now)
    assert seen(database, host, movement)["outlook"]["seen"] == outlook["seen"], "the new one may be of the other"


def test_the_newest_of_check_in_and_track_counts(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    clock.now = T0 + MINUTE_US
    drive(database, host, [(30.0, 5.0), (30.012, 5.0)], now=clock.now)
    clock.now += MINUTE_US
    say(database, host, movement, km=2)
    assert seen(database, host, movement)["outlook"]["seen"]["source"] == "check_in"
    clock.now += MINUTE_US
    drive(database, host, [(30.012, 5.0), (30.025, 5.0)], now=clock.now)
    assert seen(database, host, movement)["outlook"]["seen"]["source"] == "track"


def test_check_ins_are_kept_no_longer_than_ways(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    say(database, host, movement, km=1)
    clock.now = T0 + HOUR
    said = {"outcome": "held", "actual_start": format_instant(T0)}
    with database.writing() as session:
        version = get_movement(session, movement["id"], actor=MOVCON, now=T0)["version"]
        close_movement(session, host, movement["id"], said, version=version, actor=MOVCON, now=clock.now)
        assert purge_ways(session, now=T0 + KEPT_US) == 0
        assert list_check_ins(session, movement["id"])
        assert purge_ways(session, now=T0 + KEPT_US + 3 * HOUR) == 1
        assert list_check_ins(session, movement["id"]) == []


# on the map


def layer(database: Any, host: Any, actor: Any, at: int | None = None) -> list[dict[str, Any]]:
    with database.reading() as session:
        return read_layer(session, host, "movements", host.question(at=at), actor=actor)["features"]


def test_the_map_shows_where_it_should_be_then_where_it_was_seen(ground):
    database, host, clock = ground
    movement = under_way(database, host)
    clock.now = T0 + MINUTE_US
    way, point = layer(database, host, MOVCON)
    said = point["properties"]
    assert (way["properties"]["part"], said["part"], said["symbol"]) == ("way", "point", "mov-plan")
    assert said["label"].endswith("by schedule")
    assert "Nobody saw it since it left." in said["text"]
    assert said["bearing"] == pytest.approx(90, abs=1)
    assert (said["state"], said["at"], said["href"]) == ("O", None, f"/movements/{movement['id']}")
    report(database, host, hazard(at=ON_EAST), actor=AMINA)
    say(database, host, movement, lon=30.015, lat=5.0001)
    way, point = layer(database, host, DRIVER)
    said = point["properties"]
    assert (said["symbol"], said["state"], said["at"]) == ("mov", "R", format_instant(clock.now))
    assert point["geometry"]["coordinates"] == (30.015, 5.0001)
    assert "Seen 1201Z" in said["text"]
    assert "by check-in" in said["text"]
    assert way["geometry"]["coordinates"][0] == pytest.approx((30.015, 5.0), abs=1e-5), "what is behind it is not drawn"


def test_the_map_shows_no_movement_to_others_and_none_of_the_past(ground):
    database, host, clock = ground
    under_way(database, host)
    clock.now = T0 + 3 * MINUTE_US
    assert layer(database, host, STRANGER) == []
    assert layer(database, host, MOVCON, at=T0 + MINUTE_US) == []
    assert len(layer(database, host, MOVCON)) == 2


def test_of_a_moment_ahead_it_stands_where_its_plan_puts_it(ground):
    database, host, _ = ground
    plan(database, host)
    *_, point = layer(database, host, MOVCON)
    assert point["properties"]["label"].endswith("leaves 1300Z")
    *_, point = layer(database, host, MOVCON, at=T0 + HOUR + 2 * MINUTE_US)
    assert point["geometry"]["coordinates"][0] > 30.005


# on a way


def test_a_place_along_a_way_and_the_way_back_to_it(ground):
    database, host, _ = ground
    back = [{"id": s["id"], "direction": "backward"} for s in reversed(WAY)]
    ways = [{"title": "Best", "segments": [*WAY, *back], "distance_m": 6600.0}]
    way = way_here(host, plan(database, host, ways=ways))
    for metres in (0.0, 400.0, 1700.0, 3300.0, 5000.0, way.length_m):
        place = place_on_way(host.network, way, metres)
        found, off_m = find_on_way(host.network, way, place.lon, place.lat, reach_m=50, near_m=metres)
        assert (found, off_m) == (pytest.approx(metres, abs=1), pytest.approx(0, abs=0.5))
    assert place_on_way(host.network, way, 5000).bearing == pytest.approx(270, abs=1)
    assert place_on_way(host.network, way, way.length_m + 1) is None
    assert find_on_way(host.network, way, 30.0, 5.01, reach_m=500) is None
    there, _ = find_on_way(host.network, way, 30.005, 5.0, reach_m=50, near_m=0)
    again, _ = find_on_way(host.network, way, 30.005, 5.0, reach_m=50, near_m=way.length_m)
    assert again == pytest.approx(way.length_m - there, abs=1)


def test_reading_one_movement_shows_its_outlook_as_the_board_does(ground):
    database, host, _ = ground
    movement = under_way(database, host)
    say(database, host, movement, km=1)
    with database.reading() as session:
        one = get_movement(session, movement["id"], actor=MOVCON, now=host.now())
        assert read_movement(session, host, one, actor=MOVCON)["outlook"]["seen"]["place"] == "km 1 of its way"
