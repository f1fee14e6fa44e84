"""States in bulk and one by one, now and then, and what a browser need not fetch again."""

from __future__ import annotations

import uuid

import pytest

from tests.web.conftest import Mission
from tests.web.mission import ROADS, hazard

STATES = "/api/v1/states"


def report_hazard(mission: Mission) -> None:
    answer = mission.program("duty_officer").post("/api/v1/reports", json=hazard(str(uuid.uuid4())))
    assert answer.status_code == 201


def letters(mission: Mission, query: str = "") -> dict[str, str]:
    return mission.program("duty_officer").get(STATES + query).json["states"]


def test_every_segment_has_a_letter_for_each_direction(mission: Mission):
    assert letters(mission) == {str(number): "??" for number in range(len(ROADS))}


def test_the_binary_form_says_the_same_by_arc_number(mission: Mission):
    report_hazard(mission)
    client = mission.program("duty_officer")
    raw = client.get(STATES, headers={"Accept": "application/octet-stream"})
    assert raw.mimetype == "application/octet-stream"
    assert raw.headers["X-Fom-Network"] == mission.host.network.network_id
    assert int(raw.headers["X-Fom-Version"]) == mission.host.version
    spelled = "".join("OC?RX"[value] for value in raw.data)
    assert {str(i): spelled[2 * i : 2 * i + 2] for i in range(len(ROADS))} == letters(mission)


def test_only_what_moved_since_a_version_is_sent(mission: Mission):
    letters(mission)
    version = mission.host.version
    report_hazard(mission)
    number = mission.host.network.find_segment("a-b")
    assert letters(mission, f"?since_version={version}") == {str(number): "RR"}
    assert letters(mission, f"?since_version={mission.host.version}") == {}


def test_the_past_is_answered_as_it_was_known(mission: Mission):
    before = "2026-03-10T12:00:00Z"
    mission.clock.advance(1)
    report_hazard(mission)
    number = str(mission.host.network.find_segment("a-b"))
    assert letters(mission)[number] == "RR"
    assert letters(mission, f"?known_at={before}")[number] == "??"
    assert letters(mission, f"?at={before}")[number] == "RR"  # what is found lay there before


@pytest.mark.parametrize(
    ("box", "roads"),
    [
        ("29.9,5.01,30.01,5.2", {"a-b", "a-d"}),
        ("30.05,5.05,30.2,5.07", {"b-e", "c-f"}),
        ("30.17,-10,29,10", {"b-c", "e-f", "c-f"}),
        ("0,0,1,1", set()),
    ],
)
def test_a_box_limits_the_answer_to_the_roads_that_meet_it(mission: Mission, box: str, roads: set[str]):
    assert {ROADS[int(number)] for number in letters(mission, f"?bbox={box}")} == roads


def test_the_binary_form_holds_every_segment_or_is_refused(mission: Mission):
    headers = {"Accept": "application/octet-stream"}
    answer = mission.program("duty_officer").get(f"{STATES}?bbox=29,4,31,6", headers=headers)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "bbox")


def test_an_unchanged_picture_costs_a_304(mission: Mission):
    client = mission.program("duty_officer")
    first = client.get(STATES)
    again = client.get(STATES, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    report_hazard(mission)
    assert client.get(STATES, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    other = client.get(STATES + "?profile=P5", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("profile=P99", "profile"),
        ("user_class=tourist", "user_class"),
        ("at=yesterday", "at"),
        ("at=2026-03-10T12:00:00", "at"),
        ("known_at=2026-02-30T12:00:00Z", "known_at"),
        ("since_version=-1", "since_version"),
        ("since_version=1&at=2026-03-10T12:00:00Z", "since_version"),
        ("surprise=1", "surprise"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=30,6,31,5", "bbox"),
        ("bbox=300,5,31,6", "bbox"),
    ],
)
def test_a_bad_parameter_is_named(mission: Mission, query: str, field: str):
    answer = mission.program("duty_officer").get(f"{STATES}?{query}")
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["field"] == field
    assert "error" not in error["expected"].lower(), "the checking library's words before ours"


def test_a_segment_tells_why_and_an_unknown_one_is_not_here(mission: Mission):
    report_hazard(mission)
    client = mission.program("duty_officer")
    segment = client.get("/api/v1/segments/a-b").json
    assert segment["segment_id"] == "a-b"
    forward, backward = segment["directions"]
    assert forward["state"] == backward["state"] == "RED"
    reason = forward["reasons"][0]
    assert (reason["component"], reason["rule"]) == ("explosive", "X1")
    assert reason["text"]
    unknown = client.get("/api/v1/segments/x-y")
    assert (unknown.status_code, unknown.json["code"]) == (404, "not_found")


def test_who_is_not_cleared_sees_the_same_state_with_the_reason_withheld(mission: Mission):
    report_hazard(mission)
    row = mission.program("partner").get("/api/v1/segments/a-b").json["directions"][0]
    assert row["state"] == "RED"
    assert "restricted reason" in str(row["reasons"][0])
    assert "wire" not in str(row)


def test_the_last_days_are_shown_as_they_were_known_then(mission: Mission):
    client = mission.program("duty_officer")
    mission.clock.advance(48)
    report_hazard(mission)
    mission.clock.advance(70)
    answer = client.get("/api/v1/segments/a-b/days")
    assert answer.status_code == 200
    forward, backward = answer.json["directions"]
    assert forward["states"] == backward["states"] == ["GREY"] * 27 + ["RED"] * 3
    assert client.get("/api/v1/segments/nowhere/days").status_code == 404
