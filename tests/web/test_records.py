"""Records, the facts file and the audit over HTTP."""

from __future__ import annotations

import uuid

import pytest

from fom.domain.facts_file import parse_facts
from fom.domain.instants import HOUR_US
from fom.picture.picture import Picture, Question
from tests.web.conftest import Mission
from tests.web.mission import START, hazard
from tests.web.test_closing import passage, threat
from tests.web.test_reports import log, state_of

RECORDS = "/api/v1/records"


def test_records_are_listed_by_kind_place_and_moment_of_knowledge(mission: Mission):
    log(mission)
    mission.clock.advance(1)
    client = mission.program("duty_officer")
    client.post("/api/v1/reports", json=hazard(str(uuid.uuid4()), (30.135, 5.09)))

    def count(**query: str) -> int:
        return len(client.get(RECORDS, query_string=query).json["features"])

    assert count() == 2
    assert count(kind="incident") == 0
    assert count(bbox="30.1,5,30.2,5.2") == 1
    assert count(known_at="2026-03-10T12:30:00Z") == 1
    assert count(limit="1") == 1
    first = client.get(RECORDS, query_string={"limit": 1}).json["features"][0]
    assert count(after=str(first["handling"]["number"])) == 1


def test_a_record_tells_what_was_said_about_it(mission: Mission):
    logged = log(mission)
    record_id = logged["record_ids"][0]
    body = {"record_id": record_id, "grade": "B2"}
    mission.program("duty_officer").post(f"/api/v1/reports/{logged['report_id']}/grade", json=body)
    record = mission.program("duty_officer").get(f"{RECORDS}/{record_id}").json
    assert [g["properties"]["grade"] for g in record["grades"]] == ["B2"]
    assert not record["is_retracted"]


def test_a_record_that_one_may_not_see_answers_like_one_that_is_not_there(mission: Mission):
    record_id = log(mission)["record_ids"][0]
    partner = mission.program("partner")
    assert partner.get(RECORDS).json["features"] == []
    assert partner.get(f"{RECORDS}/{record_id}").status_code == 404
    assert partner.get(f"{RECORDS}/{uuid.uuid4()}").status_code == 404


def test_the_facts_file_gives_the_answers_of_the_service(mission: Mission):
    threat(mission)
    mission.program("reporter").post("/api/v1/verifications", json=passage())
    log(mission)
    document = mission.program("chief_joc").get("/api/v1/facts").json
    facts = parse_facts(document, network=mission.host.network)
    picture = Picture(mission.host.network, facts.records, policy=facts.policy, profiles=facts.profiles)
    for hours in (0, 30, 200):
        at = START + hours * HOUR_US
        question = Question(at, START + HOUR_US, facts.profiles["P3"], "mission_military")
        letters = mission.program("chief_joc").get(
            "/api/v1/states", query_string={"at": _text(at), "known_at": _text(START + HOUR_US)}
        )
        states = picture.assess(question).states
        expected = {str(n): "".join("OC?RX"[s] for s in row) for n, row in enumerate(states)}
        assert letters.json["states"] == expected


def _text(us: int) -> str:
    from fom.domain.instants import format_instant

    return format_instant(us)


def test_a_part_of_the_facts_is_not_exported(mission: Mission):
    log(mission)
    body = hazard(str(uuid.uuid4())) | {"classification": "strictly_confidential"}
    mission.program("chief_joc").post("/api/v1/reports", json=body)
    mission.clear("duty_officer", "confidential")
    assert mission.program("duty_officer").get("/api/v1/facts").status_code == 403
    assert mission.program("chief_joc").get("/api/v1/facts").status_code == 200


def test_the_audit_is_for_auditors_and_tells_who_did_what(mission: Mission):
    log(mission)
    lines = mission.program("auditor").get("/api/v1/audit").json["lines"]
    assert "duty_officer@demo.example" in [line["actor"] for line in lines]
    assert mission.program("chief_joc").get("/api/v1/audit").status_code == 403


@pytest.mark.parametrize(
    ("query", "field"),
    [("kind=rumour", "kind.0"), ("bbox=1,2,3", "bbox"), ("limit=0", "limit"), ("after=-1", "after"), ("x=1", "x")],
)
def test_a_bad_parameter_is_named(mission: Mission, query: str, field: str):
    answer = mission.program("duty_officer").get(f"{RECORDS}?{query}")
    assert (answer.status_code, [e["field"] for e in answer.json["errors"]]) == (422, [field])


def test_states_are_the_same_for_whoever_may_not_see_why(mission: Mission):
    log(mission)
    states = [mission.program(role).get("/api/v1/states").json["states"] for role in ("duty_officer", "partner")]
    assert states[0] == states[1]
    assert state_of(mission, "a-b") == "RED"
