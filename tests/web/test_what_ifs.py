"""What would differ if records came or went; and that asking changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Mission
from tests.web.mission import PLACES, ROADS, hazard
from tests.web.test_plans import NEAR_A, everything_passed, segments
from tests.web.test_registers import key_route
from tests.web.test_reports import log, new_id, state_of

WHAT_IFS = "/api/v1/what-ifs"
WAY = {"from": NEAR_A, "to": list(PLACES["C"])}


def site(kind: str, place: str, population: int | None = None) -> dict[str, Any]:
    lon, lat = PLACES[place]
    return {"id": f"site-{place}", "name": place, "kind": kind, "lon": lon, "lat": lat, "population": population}


def closure(*roads: str, **properties: Any) -> dict[str, Any]:
    said = {"kind": "physical", "damage": "blocked", "segments": [{"id": road} for road in roads], "grade": "A1"}
    return {"type": "Feature", "geometry": None, "properties": said | properties}


def ask(mission: Mission, role: str = "reporter", **body: Any) -> Any:
    answer = mission.program(role).post(WHAT_IFS, json=body)
    assert answer.status_code == 200, answer.json
    return answer.json


def moved(answer: Any) -> dict[str, str]:
    return {ROADS[row[0]]: row[3] for row in answer["moves"]}


def test_a_closure_that_would_come_moves_states_routes_and_the_plan_and_nothing_is_stored(mission: Mission):
    everything_passed(mission)
    mission.program("duty_officer").post("/api/v1/routes", json=key_route())
    version = mission.host.version
    answer = ask(mission, add=[closure("a-b")], plan=WAY)
    assert moved(answer) == {"a-b": "X"}
    assert answer["by_state_m"]["after"]["BLACK"] - answer["by_state_m"]["before"]["BLACK"] == 10_000
    assert [(r["code"], r["before"], r["after"]) for r in answer["routes"]] == [("MSR HERON", "O", "X")]
    assert "a-b" in segments(answer["plan"]["before"]["best"])
    assert "a-b" not in segments(answer["plan"]["after"]["best"])
    assert (mission.host.version, state_of(mission, "a-b")) == (version, "GREEN")
    assert mission.program("duty_officer").get("/api/v1/reports").json["reports"] != []
    assert moved(ask(mission, add=[closure("b-c")])) == {"b-c": "X"}


def test_a_hazard_that_would_be_cleared_gives_the_road_back(mission: Mission):
    everything_passed(mission)
    record_id = log(mission)["record_ids"][0]
    answer = ask(mission, remove=[record_id])
    assert moved(answer) == {"a-b": "O"}
    assert state_of(mission, "a-b") == "RED"


def test_people_are_cut_off_from_the_last_hub_and_regain_it(mission: Mission):
    everything_passed(mission)
    editor = mission.program("civil_affairs")
    for row in (site("hub", "A"), site("settlement", "C", 1200), site("settlement", "D", 300)):
        assert editor.post("/api/v1/sites", json=row).status_code == 201
    one = ask(mission, add=[closure("a-b")])["people"]
    assert (one["hubs"], one["reaching_before"], one["reaching_after"]) == (1, 1500, 1500)
    both = ask(mission, add=[closure("a-b", "d-e")])["people"]
    assert both["reaching_after"] == 300
    assert [(s["id"], s["name"], s["population"]) for s in both["cut_off"]] == [("site-C", "C", 1200)]
    assert "blocked" in both["cut_off"][0]["reason"]
    records = []
    for place in ((30.045, 5.09), (30.045, 5.0)):
        body = hazard(new_id(), place)
        records += mission.program("duty_officer").post("/api/v1/reports", json=body).json["record_ids"]
    regained = ask(mission, remove=records[:1])["people"]
    assert [s["name"] for s in regained["regained"]] == ["C"]


def test_the_future_and_the_past_can_be_asked_about(mission: Mission):
    everything_passed(mission)
    later = ask(mission, add=[closure("a-b")], at="2026-03-12T12:00:00Z")
    assert moved(later) == {"a-b": "X"}
    earlier = ask(mission, add=[closure("a-b")], at="2026-03-01T12:00:00Z", known_at="2026-03-01T12:00:00Z")
    assert moved(earlier) == {"a-b": "X"}
    assert earlier["moves"][0][1] == "?"


def test_a_record_that_one_may_not_see_cannot_be_thought_away(mission: Mission):
    record_id = log(mission)["record_ids"][0]
    hidden = mission.program("partner").post(WHAT_IFS, json={"remove": [record_id]})
    unknown = mission.program("partner").post(WHAT_IFS, json={"remove": [new_id()]})
    assert hidden.status_code == unknown.status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "add"),
        ({"add": [closure("x-y")]}, "segments[0].id"),
        ({"add": [closure("a-b", damage="sulking")]}, "add[0].damage"),
        ({"add": [{"type": "Feature", "geometry": None, "properties": {"kind": "manual"}}]}, "add[0].properties.kind"),
        ({"add": [closure("a-b")], "profile": "P99"}, "profile"),
        ({"add": [closure("a-b")], "plan": {"from": [200, 5], "to": [30, 5]}}, "from"),
        ({"add": [closure("a-b")], "surprise": 1}, "surprise"),
    ],
)
def test_a_bad_member_is_named(mission: Mission, body: dict[str, Any], field: str):
    answer = mission.program("reporter").post(WHAT_IFS, json=body)
    assert answer.status_code == 422
    assert field in [e["field"] for e in answer.json["errors"]]
