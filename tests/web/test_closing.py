"""What opens roads again: passages, closing acts with two persons, the JOC's own hand within its limits."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.web.conftest import Mission
from tests.web.mission import PLACES, hazard
from tests.web.test_reports import log, new_id, state_of

ROAD = [list(PLACES["A"]), list(PLACES["B"])]


def passage(**properties: Any) -> dict[str, Any]:
    said = {
        "kind": "verification",
        "strength": "own_patrol_traverse",
        "passed": "P6",
        "track": "gps",
        "occurred": "2026-03-10T10:00:00Z",
        **properties,
    }
    record = {"type": "Feature", "geometry": {"type": "LineString", "coordinates": ROAD}, "properties": said}
    return {"id": new_id(), "record": record}


def destroyed(record_id: str, **properties: Any) -> dict[str, Any]:
    said = {"kind": "closing_act", "act": "destroyed", "closes": [record_id], "authority": "eod", **properties}
    return {"id": new_id(), "record": {"type": "Feature", "geometry": None, "properties": said}}


def threat(mission: Mission, level: str = "low") -> None:
    """State a low threat and a dry season for the whole mission area."""
    area = {"type": "Polygon", "coordinates": [[[29, 4], [32, 4], [32, 7], [29, 7], [29, 4]]]}
    for properties in ({"kind": "threat_area", "level": level}, {"kind": "season", "season": "dry"}):
        record = {"type": "Feature", "geometry": area, "properties": properties}
        answer = mission.program("chief_joc").post("/api/v1/area-statements", json={"id": new_id(), "record": record})
        assert answer.status_code == 200, answer.json


def test_a_unit_that_passed_with_a_track_makes_the_road_green_for_its_class_and_smaller(mission: Mission):
    threat(mission)
    answer = mission.program("reporter").post("/api/v1/verifications", json=passage())
    assert (answer.status_code, answer.json["triage"]) == (201, "done")
    assert state_of(mission, "a-b") == "GREEN"
    heavier = mission.program("reporter").get("/api/v1/segments/a-b?profile=P7").json
    assert heavier["directions"][0]["state"] == "GREY"


def test_a_passage_told_by_a_partner_waits_for_a_grade(mission: Mission):
    threat(mission)
    assert mission.program("partner").post("/api/v1/verifications", json=passage()).status_code == 201
    assert state_of(mission, "a-b") == "GREY"


@pytest.mark.parametrize("member", ["received", "authenticated", "grade"])
def test_who_passed_does_not_say_himself_how_good_his_word_is(mission: Mission, member: str):
    value = {"received": "2026-03-10T10:00:00Z", "authenticated": True, "grade": "A1"}[member]
    answer = mission.program("reporter").post("/api/v1/verifications", json=passage(**{member: value}))
    assert answer.status_code == 422


def test_a_hazard_ends_by_two_persons_and_the_road_then_waits_for_a_passage(mission: Mission):
    threat(mission)
    mission.program("reporter").post("/api/v1/verifications", json=passage())
    record_id = log(mission)["record_ids"][0]
    assert state_of(mission, "a-b") == "RED"
    first = mission.program("eod").post("/api/v1/closing-acts", json=destroyed(record_id))
    assert first.status_code == 202
    pending = first.json["pending_id"]
    assert state_of(mission, "a-b") == "RED"
    confirm = f"/api/v1/pending/{pending}/confirm"
    assert mission.program("eod").post(confirm).status_code == 403
    assert mission.program("duty_officer").post(confirm).status_code in (403, 404)
    second = mission.second("eod").post(confirm)
    assert second.status_code == 200, second.json
    assert state_of(mission, "a-b") == "GREEN"


def test_an_act_that_waits_is_listed_and_can_be_withdrawn(mission: Mission):
    record_id = log(mission)["record_ids"][0]
    eod = mission.program("eod")
    pending = eod.post("/api/v1/closing-acts", json=destroyed(record_id)).json["pending_id"]
    listed = mission.second("eod").get("/api/v1/pending").json["pending"]
    assert [(act["id"], act["may_confirm"]) for act in listed] == [(pending, True)]
    assert eod.post(f"/api/v1/pending/{pending}/withdraw", json={"reason": "wrong item"}).status_code == 204
    assert eod.get("/api/v1/pending").json == {"pending": []}


@pytest.mark.parametrize(
    ("role", "properties", "status"),
    [
        ("engineer", {}, 403),
        ("eod", {"authority": "joc"}, 409),
        ("eod", {"act": "repaired"}, 409),
        ("eod", {"act": "cleared"}, 422),
        ("eod", {"closes": ["5f6fdc4e-0000-4000-8000-000000000000"]}, 404),
        ("eod", {"act": "wished_away"}, 422),
        ("eod", {"signed_by": ["a", "b"]}, 422),
    ],
)
def test_an_act_that_cannot_work_is_refused_at_the_door(mission: Mission, role: str, properties: Any, status: int):
    record_id = log(mission)["record_ids"][0]
    answer = mission.program(role).post("/api/v1/closing-acts", json=destroyed(record_id, **properties))
    assert (answer.status_code, state_of(mission, "a-b")) == (status, "RED")


def manual(**changes: Any) -> dict[str, Any]:
    body = {"id": new_id(), "mode": "improve", "state": "AMBER", "reason": "release for the convoy of tonight"}
    return {**body, "segments": ["a-b"], "expires": "2026-03-11T11:00:00Z", **changes}


def test_the_chief_improves_within_limits_and_never_over_a_hazard(mission: Mission):
    chief = mission.program("chief_joc")
    assert chief.post("/api/v1/manual-states", json=manual()).status_code == 200
    assert state_of(mission, "a-b") == "AMBER"
    log(mission)
    refused = chief.post("/api/v1/manual-states", json=manual())
    assert (refused.status_code, refused.json["details"]["segments"][0]["component"]) == (409, "explosive")
    assert state_of(mission, "a-b") == "RED"


def test_the_duty_officer_worsens_at_once_and_does_not_improve(mission: Mission):
    duty = mission.program("duty_officer")
    assert duty.post("/api/v1/manual-states", json=manual()).status_code == 403
    worse = duty.post("/api/v1/manual-states", json=manual(mode="worsen", state="BLACK", expires=None))
    assert (worse.status_code, state_of(mission, "a-b")) == (200, "BLACK")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"state": "GREEN"}, "state"),
        ({"expires": None}, "expires"),
        ({"expires": "2026-03-12T12:00:00Z"}, "expires"),
        ({"segments": []}, "segments"),
        ({"reason": ""}, "reason"),
        ({"mode": "wish"}, "mode"),
    ],
)
def test_an_improvement_outside_its_limits_is_refused_by_name(mission: Mission, changes: Any, field: str):
    answer = mission.program("chief_joc").post("/api/v1/manual-states", json=manual(**changes))
    assert (answer.status_code, [e["field"] for e in answer.json["errors"]]) == (422, [field])


def test_a_report_cannot_smuggle_in_what_needs_two_persons(mission: Mission):
    record_id = log(mission)["record_ids"][0]
    body = hazard(str(uuid.uuid4()))
    body["records"] = [destroyed(record_id)["record"]]
    assert mission.program("eod").post("/api/v1/reports", json=body).status_code == 422
    assert state_of(mission, "a-b") == "RED"
