"""Key routes: drawn along via points whatever the states, rated by the picture, redrawn without losing the past."""

from __future__ import annotations

import pytest

from fom.errors import Conflict, InvalidInput
from fom.routing.router import Router
from fom.services.key_routes import define_key_route, list_key_routes
from fom.services.reporting import log_report
from fom.store.records import find_record, retracted_ids
from tests.services.ground import ON_EAST, ON_WEST, Clock, make_host, settle
from tests.services.people import AMINA, CHIEF, HOUR, PARTNER, PATROL, T0, draft, hazard, new_id


@pytest.fixture
def ground(database):
    """Return (database, host) on the settled area."""
    settle(database)
    return database, make_host(database, Clock())


def define(database, host, values, *, version=None, now=T0):
    with database.writing() as session:
        saved = define_key_route(
            session, values, version=version, actor=CHIEF, now=now, network=host.network, router=Router(host.network)
        )
    host.follow()
    return saved


def route(*via, **rest):
    return {"id": new_id(), "code": "MSR HERON", "name": "Heron", "via": [list(p) for p in via], **rest}


def listed(database, host, actor=AMINA):
    with database.reading() as session:
        return list_key_routes(session, host, host.question(), actor=actor)


def test_a_route_runs_along_its_via_points_with_partial_ends(ground):
    database, host = ground
    saved = define(database, host, route(ON_EAST, ON_WEST))
    assert [(s["id"], s["direction"]) for s in saved["segments"]] == [
        ("east", "backward"),
        ("middle", "backward"),
        ("west", "backward"),
    ]
    ends = saved["segments"][0], saved["segments"][-1]
    half = host.network.length_m[host.network.find_segment("east")] / 2
    assert (ends[0]["from_m"], ends[0]["to_m"]) == pytest.approx((0, half), abs=1)
    assert (ends[1]["from_m"], ends[1]["to_m"]) == pytest.approx((half, 2 * half), abs=1)


def test_a_route_is_as_good_as_its_worst_stretch_and_its_metres_are_counted_by_state(ground):
    database, host = ground
    define(database, host, route(ON_WEST, ON_EAST))
    (row,) = listed(database, host)
    assert (row["state"], row["version"]) == ("GREEN", 1)
    assert row["length_m"] == pytest.approx(2 * host.network.length_m[0], abs=2)
    with database.writing() as session:
        log_report(session, draft(hazard(at=ON_EAST)), actor=PATROL, now=T0)
    host.follow()
    (row,) = listed(database, host)
    assert row["state"] == "RED"
    assert row["by_state_m"]["RED"] == pytest.approx(host.network.length_m[0] / 2, abs=2)
    assert sum(row["by_state_m"].values()) == pytest.approx(row["length_m"], abs=0.5)


def test_a_closed_road_stays_part_of_the_route(ground):
    database, host = ground
    with database.writing() as session:
        log_report(session, draft(hazard(at=(30.015, 5.0), grade="A1")), actor=AMINA, now=T0)
    host.follow()
    saved = define(database, host, route(ON_WEST, ON_EAST))
    assert "middle" in [s["id"] for s in saved["segments"]]


@pytest.mark.parametrize(
    ("via", "field"),
    [
        ([ON_WEST, (31.5, 5.0)], "via[1]"),
        ([ON_WEST, (30.105, 5.0)], "via[1]"),
        ([ON_WEST], "via"),
        ([ON_WEST, ("x", 5.0)], "via[1]"),
        ([], "via"),
    ],
)
def test_a_route_that_cannot_be_driven_is_refused_by_its_point(ground, via, field):
    database, host = ground
    with pytest.raises(InvalidInput) as refused:
        define(database, host, route(*via))
    assert refused.value.errors[0].field == field


def test_a_redrawn_route_replaces_the_one_before_and_a_stale_one_is_refused(ground):
    database, host = ground
    values = route(ON_WEST, ON_EAST)
    define(database, host, values)
    define(database, host, {**values, "name": "Heron road"}, version=1, now=T0 + 1)
    shorter = {**values, "via": [list(ON_WEST), [30.015, 5.0]]}
    define(database, host, shorter, version=2, now=T0 + HOUR)
    with pytest.raises(Conflict):
        define(database, host, shorter, version=2, now=T0 + HOUR)
    with database.reading() as session:
        assert retracted_ids(session, known_at=T0 + 2 * HOUR) == {f"{values['id']}.1"}
        assert find_record(session, f"{values['id']}.3").properties["segments"][-1]["id"] == "middle"
    assert [s["id"] for s in listed(database, host)[0]["segments"]] == ["west", "middle"]


def test_a_partner_sees_only_routes_released_to_him(ground):
    database, host = ground
    define(database, host, route(ON_WEST, ON_EAST))
    define(database, host, route(ON_EAST, ON_WEST, code="HUM 1", classification="unclassified"))
    assert [row["code"] for row in listed(database, host, PARTNER)] == ["HUM 1"]
