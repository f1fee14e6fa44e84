"""Two bodies under one id at the desk: read side by side, decided with a reason, by one of two officers."""

from __future__ import annotations

import uuid

from tests.web.conftest import Mission
from tests.web.mission import hazard
from tests.web.test_desk_page import page, post
from tests.web.test_reports import state_of

API = "/api/v1"
FARTHER = (30.135, 5.0901)
"""Beside B-C."""


def clash(mission: Mission) -> tuple[str, str]:
    """Send two bodies under one id; return the id and the number of the second."""
    body = hazard(str(uuid.uuid4()))
    sender = mission.program("reporter")
    assert sender.post(f"{API}/reports", json=body).status_code == 201
    other = hazard(body["id"], FARTHER) | {"words": "two wires, farther east"}
    assert sender.post(f"{API}/reports", json=other).status_code == 409
    (conflict,) = mission.program("duty_officer").get(f"{API}/reports/{body['id']}").json["conflicts"]
    return body["id"], str(conflict["number"])


def decide(client, report_id: str, number: str, outcome: str, reason: str = "told by voice", base: str = "1"):
    form = {"report": report_id, "number": number, "outcome": outcome, "reason": reason, "base_version": base}
    return post(client, "/desk/body", **form, id=str(uuid.uuid4()))


def test_both_texts_stand_side_by_side_with_what_the_other_would_do(mission: Mission):
    report_id, _ = clash(mission)
    text = page(mission.browser("duty_officer"), report=report_id)
    assert "two versions under one id" in text
    assert "In words wire at the roadside two wires, farther east" in text
    assert "As the next version, at once:" in text
    assert "The first stands Make the other version 2" in text
    assert "No role of yours decides it." in page(mission.browser("police"), report=report_id)


def test_the_first_stands_with_who_and_why_in_sight_and_in_the_audit(mission: Mission):
    report_id, number = clash(mission)
    duty = mission.browser("duty_officer")
    assert decide(duty, report_id, number, "keep_first").status_code == 303
    text = page(duty, report=report_id)
    assert "The first stands; the other text is kept beside it." in text
    assert "The first stands, decided by duty_officer@demo.example, 101200Z MAR 26: told by voice" in text
    assert "two versions under one id" not in text
    assert state_of(mission, "b-c") == "GREY"


def test_the_other_becomes_a_version_and_the_first_hazard_waits_for_a_second_person(mission: Mission):
    report_id, number = clash(mission)
    duty, chief = mission.browser("duty_officer"), mission.browser("chief_joc")
    assert decide(duty, report_id, number, "promote").status_code == 303
    assert (state_of(mission, "a-b"), state_of(mission, "b-c")) == ("RED", "RED")
    assert "Taking it back could improve a state." in page(duty)
    (waiting,) = chief.get(f"{API}/pending").json["pending"]
    assert post(duty, f"/desk/pending/{waiting['id']}/confirm").status_code == 303
    assert state_of(mission, "a-b") == "RED", "not by the same person"
    post(chief, f"/desk/pending/{waiting['id']}/confirm")
    assert (state_of(mission, "a-b"), state_of(mission, "b-c")) == ("GREY", "RED")


def test_the_slower_officer_is_told_what_the_first_decided(mission: Mission):
    report_id, number = clash(mission)
    decide(mission.browser("duty_officer"), report_id, number, "keep_first")
    chief = mission.browser("chief_joc")
    answer = decide(chief, report_id, number, "promote")
    assert answer.status_code == 303
    text = page(chief, report=report_id)
    assert "Decided already by duty_officer@demo.example: the first stands." in text
    assert chief.get(f"{API}/reports/{report_id}").json["version"] == 1


def test_programs_look_and_decide_too(mission: Mission):
    report_id, number = clash(mission)
    duty = mission.program("duty_officer")
    roads = duty.get(f"{API}/reports/{report_id}/bodies/{number}").json["roads"]
    assert {(road["segment_id"], road["now"], road["after"]) for road in roads} == {("b-c", "GREY", "RED")}
    body = {"id": str(uuid.uuid4()), "outcome": "promote", "reason": "by voice", "base_version": 1}
    address = f"{API}/reports/{report_id}/bodies/{number}/settle"
    assert duty.post(address, json=body | {"outcome": "merge"}).status_code == 422
    answer = duty.post(address, json=body)
    assert (answer.status_code, answer.json["version"], len(answer.json["pending_ids"])) == (200, 2, 1)
    again = duty.post(address, json=body)
    assert (again.status_code, again.json["details"]["decision"]["outcome"]) == (409, "promote")
