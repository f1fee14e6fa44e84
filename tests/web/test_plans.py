"""Plans over HTTP: between positions in any notation and places of the registers, now and then."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.positions import format_mgrs
from tests.web.conftest import Mission
from tests.web.mission import PLACES, ROADS, STEP, hazard
from tests.web.test_closing import passage, threat
from tests.web.test_registers import air_head, key_route
from tests.web.test_reports import log, new_id

PLANS = "/api/v1/plans"
A, C = list(PLACES["A"]), list(PLACES["C"])
NEAR_A = [30.0, 5.085]
"""On the road from A to D, half a kilometre south of A: a hazard on A-B does not hold it."""


def everything_passed(mission: Mission) -> None:
    """Let a patrol pass every road, so that all are open."""
    threat(mission)
    for road in ROADS:
        body = passage()
        body["record"]["geometry"]["coordinates"] = [list(PLACES[p.upper()]) for p in road.split("-")]
        assert mission.program("reporter").post("/api/v1/verifications", json=body).status_code == 201


def plan(mission: Mission, role: str = "reporter", **body: Any) -> Any:
    return mission.program(role).post(PLANS, json={"from": A, "to": C, **body}).json


def segments(route: Any) -> list[str]:
    return [stretch["id"] for stretch in route["segments"]]


def test_the_best_way_and_one_around_a_hazard(mission: Mission):
    everything_passed(mission)
    before = plan(mission, **{"from": NEAR_A})
    assert (before["outcome"], segments(before["best"])) == ("route", ["a-d", "a-b", "b-c"])
    log(mission)
    after = plan(mission, **{"from": NEAR_A})
    assert segments(after["best"]) == ["a-d", "d-e", "b-e", "b-c"]
    assert after["best"]["duration_s"] > before["best"]["duration_s"]


def test_no_route_is_an_answer_that_names_the_cut(mission: Mission):
    everything_passed(mission)
    for road in ("a-b", "d-e"):
        start, end = (PLACES[p.upper()] for p in road.split("-"))
        body = hazard(new_id(), ((start[0] + end[0]) / 2, start[1]))
        assert mission.program("reporter").post("/api/v1/reports", json=body).status_code == 201
    answer = plan(mission, **{"from": NEAR_A})
    assert (answer["outcome"], answer["best"]) == ("closed", None)
    cut = {piece["id"] for road in answer["obstacle"]["cut"] for piece in road["segments"]}
    assert cut == {"a-b", "d-e"}


def test_roads_nobody_passed_are_offered_apart_from_the_answer(mission: Mission):
    answer = plan(mission)
    assert (answer["outcome"], answer["best"]) == ("unverified", None)
    assert segments(answer["unverified"]) == ["a-b", "b-c"]


def test_the_past_is_planned_as_it_was_known(mission: Mission):
    everything_passed(mission)
    mission.clock.advance(1)
    log(mission)
    then = {"depart_at": "2026-03-10T12:30:00Z", "known_at": "2026-03-10T12:30:00Z", "from": NEAR_A}
    assert "a-b" in segments(plan(mission, **then)["best"])
    assert "a-b" not in segments(plan(mission, **{"from": NEAR_A})["best"])


@pytest.mark.parametrize(
    "start", [A, f"{A[0]}, {A[1]}", format_mgrs(*A), {"register": "key_route", "id": "r-heron"}], ids=str
)
def test_a_place_may_be_said_in_any_notation(mission: Mission, start: Any):
    everything_passed(mission)
    mission.program("duty_officer").post("/api/v1/routes", json=key_route())
    row = air_head()
    mission.program("aviation").post("/api/v1/air-heads", json=row)
    answer = plan(mission, **{"from": start, "to": {"register": "air_head", "id": row["id"]}})
    assert segments(answer["best"])[-2:] == ["a-b", "b-c"]


def test_a_way_through_a_place_passes_it(mission: Mission):
    everything_passed(mission)
    answer = plan(mission, via=[[30.0 + STEP, 5.0]])
    assert {"d-e", "b-e", "e-f"} & set(segments(answer["best"]))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from": [200, 5]}, "from"),
        ({"from": [0, 0]}, "from"),
        ({"to": "nowhere"}, "to"),
        ({"to": [30.0]}, "to"),
        ({"via": [[30, 95]]}, "via[0]"),
        ({"profile": "P99"}, "profile"),
        ({"posture": "reckless"}, "posture"),
        ({"alternates": 9}, "alternates"),
        ({"depart_at": "tonight"}, "depart_at"),
        ({"to": {"register": "task", "id": "x"}}, "to"),
    ],
)
def test_a_bad_member_is_named(mission: Mission, body: dict[str, Any], field: str):
    answer = mission.program("reporter").post(PLANS, json={"from": A, "to": C, **body})
    assert answer.status_code == 422
    assert any(e["field"].startswith(field) for e in answer.json["errors"])


def test_a_place_that_one_may_not_see_is_not_there(mission: Mission):
    row = air_head()
    mission.program("aviation").post("/api/v1/air-heads", json=row)
    place = {"register": "air_head", "id": row["id"]}
    answer = mission.program("partner").post(PLANS, json={"from": A, "to": place})
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_reasons_are_withheld_from_who_is_not_cleared_and_the_way_is_the_same(mission: Mission):
    everything_passed(mission)
    log(mission)
    start = {"from": [30.045, 5.09]}
    cleared, partner = plan(mission, **start), plan(mission, "partner", **start)
    assert cleared["outcome"] == partner["outcome"] == "blocked_end"
    assert "ied" in str(cleared).lower() or "X1" in str(cleared)
    assert "restricted reason" in str(partner)
    assert "X1" not in str(partner)
