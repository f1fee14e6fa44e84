"""The desk over HTTP: the queue, what grades would do, links, questions, many grades, two officers on one record."""

from __future__ import annotations

import uuid

from tests.web.conftest import Mission
from tests.web.mission import hazard
from tests.web.test_reports import log

API = "/api/v1"


def test_the_queue_tells_what_accepting_would_do(mission: Mission):
    logged = log(mission, "reporter")
    (line,) = mission.program("duty_officer").get(f"{API}/queue").json["waiting"]
    assert line["report_id"] == logged["report_id"]
    (road,) = line["effect"]["roads"]
    assert (road["route"], road["segment_id"], road["before"], road["after"]) == (None, "a-b", "GREY", "RED")
    assert line["proposed"][0]["grade"] == "B3"


def test_every_grade_is_told_before_it_is_set(mission: Mission):
    record_id = log(mission, "reporter")["record_ids"][0]
    answer = mission.program("duty_officer").get(f"{API}/records/{record_id}/outlook").json
    after = {grade: effect["roads"][0]["after"] for grade, effect in answer["grades"].items()}
    assert len(after) == 36
    assert (after["B2"], after["C3"], after["E5"]) == ("BLACK", "RED", "GREY")


def test_the_second_of_two_officers_is_told_what_differs(mission: Mission):
    logged = log(mission, "reporter")
    record_id = logged["record_ids"][0]
    first, second = mission.program("duty_officer"), mission.program("chief_joc")
    seen = second.get(f"{API}/records/{record_id}/outlook").json["seen"]
    address = f"{API}/reports/{logged['report_id']}/grade"
    assert first.post(address, json={"record_id": record_id, "grade": "B3", "seen": seen}).status_code == 200
    refused = second.post(address, json={"record_id": record_id, "grade": "B2", "seen": seen})
    assert refused.status_code == 409
    (differs,) = refused.json["details"]["differs"]
    assert (differs["kind"], differs["said"], differs["by"]) == ("grade", "B3", mission.actors["duty_officer"].person)
    again = {"record_id": record_id, "grade": "B2", "seen": refused.json["details"]["seen"]}
    assert second.post(address, json=again).status_code == 200
    retraction = {"record_id": record_id, "reason": "wrong place", "seen": seen}
    assert first.post(f"{API}/reports/{logged['report_id']}/retract", json=retraction).status_code == 409


def test_two_reports_of_one_event_are_suggested_linked_and_unlinked(mission: Mission):
    one, two = (
        log(mission, "reporter"),
        mission.program("reporter")
        .post(f"{API}/reports", json=hazard(str(uuid.uuid4()), (30.0478, 5.0901), occurred="2026-03-10T11:13:00Z"))
        .json,
    )
    duty = mission.program("duty_officer")
    address = f"{API}/records/{one['record_ids'][0]}/suggestions"
    (found,) = duty.get(address).json["suggestions"]
    assert found["record_id"] == two["record_ids"][0]
    assert (round(found["distance_m"], -1), found["apart_s"], found["is_likely"]) == (310, 780, True)
    members = [one["record_ids"][0], two["record_ids"][0]]
    link = duty.post(f"{API}/reports/{one['report_id']}/link", json={"relation": "duplicate", "members": members}).json[
        "record_id"
    ]
    (found,) = duty.get(address).json["suggestions"]
    assert (found["link_id"], found["relation"]) == (link, "duplicate")
    outcome = duty.post(f"{API}/links/{link}/unlink").json
    assert outcome["pending_id"], "between explosive facts a second person unlinks"
    (waiting,) = mission.program("chief_joc").get(f"{API}/pending").json["pending"]
    assert (waiting["why"], waiting["may_confirm"]) == ("retracts_link", True)
    mission.program("chief_joc").post(f"{API}/pending/{outcome['pending_id']}/confirm")
    assert duty.get(address).json["suggestions"][0]["link_id"] is None


def test_a_question_reaches_the_sender_and_nobody_else_who_only_reports(mission: Mission):
    report_id = log(mission, "reporter")["report_id"]
    question = {"id": str(uuid.uuid4()), "text": "Which side of the road?"}
    address = f"{API}/reports/{report_id}/questions"
    duty, sender = mission.program("duty_officer"), mission.program("reporter")
    first = duty.post(address, json=question)
    assert first.status_code == 200
    assert duty.post(address, json=question).json == first.json
    assert duty.post(address, json=question | {"text": "Which?"}).status_code == 409
    (mine,) = sender.get(f"{API}/questions", query_string={"mine": "1"}).json["questions"]
    assert (mine["text"], mine["answer"], mine["form"]) == ("Which side of the road?", None, "explosive")
    assert mission.program("partner").get(f"{API}/questions").json["questions"] == []
    assert mission.program("partner").get(address).status_code == 404
    assert (
        mission.program("partner").post(f"{API}/questions/{question['id']}/answer", json={"answer": "left"}).status_code
        == 404
    )
    answered = sender.post(f"{API}/questions/{question['id']}/answer", json={"answer": "The north side."})
    assert answered.json["answered_by"] == mission.actors["reporter"].person
    assert sender.get(f"{API}/questions").json["questions"] == []
    assert duty.get(address).json["questions"][0]["answer"] == "The north side."
    assert duty.post(f"{API}/questions/{question['id']}/answer", json={"answer": "south"}).status_code == 409


def test_many_grades_are_all_or_none(mission: Mission):
    one = log(mission, "reporter")["record_ids"][0]
    two = log(mission, "reporter", new_emplacement=True)["record_ids"][0]
    duty = mission.program("duty_officer")
    assert duty.post(f"{API}/grades", json={"grades": {one: "B3", str(uuid.uuid4()): "B3"}}).status_code == 404
    assert len(duty.get(f"{API}/queue").json["waiting"]) == 2
    refused = duty.post(f"{API}/grades", json={"grades": {one: "B9"}})
    assert (refused.status_code, refused.json["errors"][0]["expected"]) == (422, "A1 to F6")
    done = duty.post(f"{API}/grades", json={"grades": {one: "B3", two: "E5"}}).json["outcomes"]
    assert done[one]["record_id"]
    assert done[two]["pending_id"], "lowering an explosive fact waits in a batch too"


def test_a_report_is_filed_only_when_nothing_of_it_waits(mission: Mission):
    report_id = log(mission, "reporter")["report_id"]
    duty = mission.program("duty_officer")
    assert duty.post(f"{API}/reports/{report_id}/file", json={"reason": "known"}).status_code == 409
    words = {"id": str(uuid.uuid4()), "form": "other", "words": "we saw nothing of note"}
    sent = mission.program("reporter").post(f"{API}/reports", json=words).json["report_id"]
    assert duty.post(f"{API}/reports/{sent}/file", json={"reason": "no place, nothing to do"}).status_code == 204
    assert [line["report_id"] for line in duty.get(f"{API}/queue").json["waiting"]] == [report_id]
