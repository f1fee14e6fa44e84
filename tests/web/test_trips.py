"""Trips over HTTP: by times of arrival, when to leave, trade-offs, own vehicles, halts, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Mission
from tests.web.mission import PLACES
from tests.web.test_plans import NEAR_A, PLANS, everything_passed, plan, segments
from tests.web.test_reports import new_id

ON_C_F = [30.18, 5.045]
"""Half way from C to F."""


def order(mission: Mission, road: str, **said: Any) -> None:
    """Log an order that closes a road to everybody."""
    properties = {
        "kind": "control", "control": "order", "effect": "prohibited", "user_classes": ["all"], "grade": "B2",
        "occurred": "2026-03-10T11:00:00Z", "segments": [{"id": road}], **said,
    }  # fmt: skip
    record = {"type": "Feature", "geometry": None, "properties": properties}
    body = {"id": new_id(), "form": "restriction", "words": "curfew", "records": [record]}
    answer = mission.program("duty_officer").post("/api/v1/reports", json=body)
    assert answer.status_code == 201, answer.json


def both_ways_closed(mission: Mission) -> None:
    """From A to C only over B-C; it is closed from 12:20Z to 18:00Z, and A-D is out of the way."""
    order(mission, "b-c", start="2026-03-10T12:20:00Z", end="2026-03-10T18:00:00Z")
    order(mission, "c-f", start="2026-03-10T12:20:00Z", end="2026-03-10T18:00:00Z")


def test_what_is_asked_for_as_before_is_answered_as_before(mission: Mission):
    everything_passed(mission)
    answer = plan(mission)
    extra = {"vehicle", "trade_offs", "timing", "departures", "stops", "turn_arounds"}
    assert not extra & set(answer)


def test_a_road_closed_when_it_is_reached_is_not_entered(mission: Mission):
    everything_passed(mission)
    order(mission, "b-c", start="2026-03-10T12:20:00Z", end="2026-03-10T18:00:00Z")
    assert segments(plan(mission, to=ON_C_F)["best"]) == ["a-b", "b-c", "c-f"]
    later = plan(mission, to=ON_C_F, states="arrival")
    assert segments(later["best"]) == ["a-b", "b-e", "e-f", "c-f"]
    assert later["timing"]["states"] == "arrival"


def test_no_way_open_on_arrival_says_where_it_closes_and_when_to_leave(mission: Mission):
    everything_passed(mission)
    both_ways_closed(mission)
    answer = plan(mission, states="arrival", departures=True)
    assert (answer["outcome"], answer["best"], answer["alternates"]) == ("closed_on_arrival", None, [])
    closes = answer["timing"]["closes"]
    assert (closes["at_departure"], closes["on_arrival"]) == ("GREEN", "BLACK")
    assert closes["reached_at"] == "2026-03-10T12:15:00Z"  # the order already meets the quarter of an hour on the road
    # by way of E and F the end is reached 45 minutes after departure, over B half an hour sooner
    assert answer["departures"]["words"] == "leave after 17:16Z"
    best = answer["departures"]["best"]
    assert (best["at"][:16], best["duration_s"]) == ("2026-03-10T17:45", 1800.0)


def test_when_to_leave_without_judging_the_best_way_anew(mission: Mission):
    everything_passed(mission)
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    for road in ("a-b", "a-d"):
        order(mission, road, recurring={"from": "18:00", "to": "05:00", "days": days, "zone": "+00:00"})
    answer = plan(mission, departures=True)
    assert segments(answer["best"]) == ["a-b", "b-c"]
    assert answer["timing"]["states"] == "departure"
    assert answer["departures"]["words"] == "leave before 17:45Z or after 05:01Z"
    assert [w["until"][11:16] for w in answer["departures"]["windows"]] == ["17:45", "12:00"]


def test_who_may_not_drive_by_night_is_told_to_leave_after_sunrise(mission: Mission):
    everything_passed(mission)
    answer = plan(mission, vehicle={"night": False}, departures=True, depart_at="2026-03-10T20:00:00Z")
    assert answer["outcome"] == "closed_on_arrival"
    assert answer["vehicle"]["night"] is False
    assert answer["departures"]["words"].startswith("leave between 04:1")
    assert plan(mission, vehicle={"night": False})["outcome"] == "route"


def test_the_way_around_an_incident_is_told_in_words(mission: Mission):
    everything_passed(mission)
    incident = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [30.135, 5.09]},
        "properties": {"kind": "incident", "type": "complex_ambush", "occurred": "2026-03-10T10:00:00Z",
                       "location": {"method": "gps"}, "grade": "C3"},
    }  # fmt: skip
    body = {"id": new_id(), "form": "incident", "words": "shots", "records": [incident]}
    assert mission.program("duty_officer").post("/api/v1/reports", json=body).status_code == 201
    answer = plan(mission, **{"from": NEAR_A}, to=ON_C_F, trade_offs=True)
    ways = [["a-d", "a-b", "b-c", "c-f"], ["a-d", "d-e", "e-f", "c-f"]]
    assert [segments(way) for way in answer["trade_offs"]] == ways
    fastest, around = (way["trade_off"] for way in answer["trade_offs"])
    assert fastest["extra_s"] == 0
    assert around["words"] == "+13 min, risk .38 → .00, caution 10.0 → 0.0 km"


def test_a_vehicle_of_ones_own_meets_the_limits_of_its_dimensions(mission: Mission):
    everything_passed(mission)
    answer = plan(mission, vehicle={"width_m": 2.4, "mass_t": 3.0})
    assert answer["vehicle"] == {
        "mass_t": 3.0, "mlc": 4, "width_m": 2.4, "height_m": 2.0, "ford_depth_m": 0.5, "axle_t": None, "night": True,
    }  # fmt: skip
    assert answer["profile"] == "P3"
    assert answer["outcome"] == "route"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"vehicle": {"mass_t": 9000, "mlc": 4}}, "vehicle.mass_t"),
        ({"vehicle": {"mass_t": 30}}, "vehicle.mlc"),
        ({"vehicle": {"height_m": -1}}, "vehicle.height_m"),
        ({"vehicle": {"axle_t": 3.6}}, "vehicle.axle_t"),
        ({"vehicle": {"wings": 2}}, "vehicle.wings"),
        ({"rest_every_h": 0}, "rest_every_h"),
        ({"range_km": 1e9}, "range_km"),
        ({"states": "arrival", "depart_at": "2031-01-01T00:00:00Z"}, "at"),
        ({"departures": True, "depart_at": "9999-12-31T00:00:00Z"}, "depart_at"),
        ({"via": [[30.0, 5.0]] * 10_000}, "via"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_absurd_is_refused_with_the_field_named(mission: Mission, said: dict[str, Any], field: str):
    answer = mission.program("reporter").post(PLANS, json={"from": NEAR_A, "to": list(PLACES["C"]), **said})
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json["errors"]]


def test_halts_are_proposed_at_known_places_and_gaps_are_told(mission: Mission):
    everything_passed(mission)
    lon, lat = PLACES["B"]
    site = {"id": new_id(), "name": "Base B", "kind": "base", "lon": lon, "lat": lat, "is_active": True}
    made = mission.program("chief_joc").post("/api/v1/sites", json=site)
    assert made.status_code == 201, made.json
    answer = plan(mission, range_km=15.0, turn_arounds=True)
    (stop,) = answer["stops"]["stops"]
    assert (stop["name"], stop["purposes"], round(stop["at_m"])) == ("Base B", ["refuel"], 10_000)
    assert (answer["stops"]["gaps"], answer["stops"]["holds"]) == ([], None)
    assert [round(point["at_m"]) for point in answer["turn_arounds"]["points"]] == [10_000]
    far = plan(mission, rest_every_h=0.5, **{"to": list(PLACES["F"])})
    assert far["stops"]["stops"][0]["name"] == "Base B"
