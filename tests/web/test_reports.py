"""Reports over HTTP: logging, reading, amending, judging."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.web.conftest import Mission
from tests.web.mission import hazard

REPORTS = "/api/v1/reports"


def new_id() -> str:
    return str(uuid.uuid4())


def log(mission: Mission, role: str = "duty_officer", **properties: Any) -> dict[str, Any]:
    """Return what became of a report of a suspected device beside A-B."""
    answer = mission.program(role).post(REPORTS, json=hazard(new_id(), **properties))
    assert answer.status_code == 201, answer.json
    return answer.json


def state_of(mission: Mission, segment: str) -> str:
    answer = mission.program("duty_officer").get(f"/api/v1/segments/{segment}")
    return str(answer.json["directions"][0]["state"])


def test_a_report_is_stored_received_now_and_moves_the_state_at_once(mission: Mission):
    assert state_of(mission, "a-b") == "GREY"
    logged = log(mission, "reporter")
    assert logged["is_new"]
    assert state_of(mission, "a-b") == "RED"
    assert state_of(mission, "d-e") == "GREY"
    report = mission.program("reporter").get(f"{REPORTS}/{logged['report_id']}").json
    assert report["records"][0]["properties"]["received"].startswith("2026-03-10T12:00:00")
    assert report["records"][0]["properties"]["by"] == "reporter@demo.example"
    assert report["versions"][0]["words"] == "wire at the roadside"


def test_the_same_report_again_is_harmless(mission: Mission):
    body = hazard(new_id())
    client = mission.program("reporter")
    first, second = client.post(REPORTS, json=body), client.post(REPORTS, json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json["record_ids"] == first.json["record_ids"]
    assert len(client.get(REPORTS).json["reports"]) == 1


def test_another_body_with_the_same_id_is_a_conflict_and_both_are_kept(mission: Mission):
    body = hazard(new_id())
    client = mission.program("duty_officer")
    client.post(REPORTS, json=body)
    answer = client.post(REPORTS, json=body | {"words": "two wires"})
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    report = client.get(f"{REPORTS}/{body['id']}").json
    assert report["triage"] == "conflict"
    assert report["conflicts"][0]["body"]["words"] == "two wires"


@pytest.mark.parametrize("member", ["received", "by", "signed_by", "authenticated"])
def test_what_the_server_sets_cannot_be_sent(mission: Mission, member: str):
    value = {"received": "2026-03-01T00:00:00Z", "by": "chief", "signed_by": ["a", "b"], "authenticated": True}[member]
    answer = mission.program("reporter").post(REPORTS, json=hazard(new_id(), **{member: value}))
    assert answer.status_code == 422
    assert f"records[0].properties.{member}" in [e["field"] for e in answer.json["errors"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "not a uuid"}, "id"),
        ({"form": "gossip"}, "form"),
        ({"classification": "secret"}, "classification"),
        ({"surprise": 1}, "surprise"),
        ({"records": [{"type": "Feature", "geometry": None, "properties": {}}]}, "records[0].properties.kind"),
        ({"records": "none"}, "records"),
        ({"device_time": "yesterday"}, "device_time"),
        ({"records": [], "words": " "}, "words"),
    ],
)
def test_a_bad_member_is_named(mission: Mission, change: dict[str, Any], field: str):
    answer = mission.program("reporter").post(REPORTS, json=hazard(new_id()) | change)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert field in [e["field"] for e in answer.json["errors"]]


@pytest.mark.parametrize(
    "position", [[191.2, 5.0], [30.0, 95.0], [0, 0], [30.0], ["30", "5"], [None, 5.0], [], [30.0, 5.0, "x"]]
)
def test_a_position_that_is_none_is_refused_and_nothing_is_stored(mission: Mission, position: list[Any]):
    body = hazard(new_id())
    body["records"][0]["geometry"]["coordinates"] = position
    client = mission.program("reporter")
    assert client.post(REPORTS, json=body).status_code == 422
    assert client.get(REPORTS).json == {"reports": []}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b'{"id": NaN}', 400),
        (b'{"id": 1e999}', 400),
        (b'{"id": "\\ud800"}', 400),
        (b"", 415),
        (b"[", 400),
        (b"[]", 422),
        (b'"text"', 422),
        (b"[" * 100_000, 400),
        (b'{"a":' * 500 + b"1" + b"}" * 500, 422),
        (b'{"words": "a\\u0000b"}', 422),
        (b"\xff\xfe", 400),
    ],
)
def test_what_is_no_usable_json_is_refused(mission: Mission, text: bytes, status: int):
    answer = mission.program("reporter").post(REPORTS, data=text, content_type="application/json" if text else None)
    assert answer.status_code == (422 if text == b"" else status)
    assert answer.json["code"] in ("bad_request", "invalid_input")


def test_a_body_above_the_cap_is_refused_before_it_is_read(mission: Mission):
    answer = mission.program("reporter").post(
        REPORTS, data=b" " * (2 * 1024 * 1024 + 1), content_type="application/json"
    )
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_one_sees_ones_own_reports_and_others_only_with_the_right(mission: Mission):
    logged = log(mission, "reporter")
    path = f"{REPORTS}/{logged['report_id']}"
    assert mission.program("duty_officer").get(path).status_code == 200
    assert mission.program("partner").get(path).status_code == 404
    assert mission.program("partner").get(REPORTS).json == {"reports": []}
    unknown = mission.program("partner").get(f"{REPORTS}/{new_id()}").json
    forbidden = mission.program("partner").get(path).json
    assert unknown["detail"].replace(unknown["detail"].split("'")[1], "") == forbidden["detail"].replace(
        logged["report_id"], ""
    )


def test_an_amendment_needs_the_version_it_was_made_from(mission: Mission):
    logged = log(mission, "reporter")
    client = mission.program("reporter")
    path = f"{REPORTS}/{logged['report_id']}/versions"
    body = hazard(new_id()) | {"words": "wire, and tracks of a motorcycle"}
    assert client.post(path, json=body).status_code == 422
    assert client.post(path, json=body | {"base_version": 1}).json["version"] == 2
    stale = client.post(path, json=body | {"id": new_id(), "base_version": 1})
    assert (stale.status_code, stale.json["details"]["current"]) == (409, 2)


def test_a_grade_counts_at_once_when_it_worsens_and_waits_when_it_improves(mission: Mission):
    logged = log(mission)
    path = f"{REPORTS}/{logged['report_id']}/grade"
    record_id = logged["record_ids"][0]
    worse = mission.program("eod").post(path, json={"record_id": record_id, "grade": "A1", "eod_confirmed": True})
    assert worse.json["record_id"]
    assert state_of(mission, "a-b") == "BLACK"
    better = mission.program("duty_officer").post(path, json={"record_id": record_id, "grade": "E5"})
    assert better.json["pending_id"]
    assert state_of(mission, "a-b") == "BLACK"


def test_a_retraction_of_a_hazard_takes_two_different_persons(mission: Mission):
    logged = log(mission)
    path = f"{REPORTS}/{logged['report_id']}/retract"
    body = {"record_id": logged["record_ids"][0], "reason": "a goat tether"}
    pending = mission.program("duty_officer").post(path, json=body).json["pending_id"]
    confirm = f"/api/v1/pending/{pending}/confirm"
    assert mission.program("duty_officer").post(confirm).status_code == 403
    assert state_of(mission, "a-b") == "RED"
    assert mission.program("chief_joc").post(confirm).json["record_id"] == pending
    assert state_of(mission, "a-b") == "GREY"
    assert mission.program("eod").post(confirm).status_code == 409


def test_a_judgement_reaches_only_records_of_the_report_named(mission: Mission):
    first, second = log(mission), log(mission)
    path = f"{REPORTS}/{first['report_id']}/grade"
    answer = mission.program("duty_officer").post(path, json={"record_id": second["record_ids"][0], "grade": "B2"})
    assert answer.status_code == 404


def test_two_reports_of_one_device_can_be_linked(mission: Mission):
    first, second = log(mission), log(mission)
    members = [*first["record_ids"], *second["record_ids"]]
    path = f"{REPORTS}/{first['report_id']}/link"
    answer = mission.program("duty_officer").post(path, json={"relation": "duplicate", "members": members})
    assert answer.json["record_id"]
    alone = mission.program("duty_officer").post(path, json={"relation": "duplicate", "members": members[:1]})
    assert alone.status_code == 422


@pytest.mark.parametrize("times", [2, 3])
def test_a_hazard_drawn_as_a_line_that_goes_nowhere_counts_at_its_place(mission: Mission, times: int):
    body = hazard(str(uuid.uuid4()))
    place = body["records"][0]["geometry"]["coordinates"]
    body["records"][0]["geometry"] = {"type": "LineString", "coordinates": [place] * times}
    assert mission.program("duty_officer").post("/api/v1/reports", json=body).status_code == 201
    assert state_of(mission, "a-b") == "RED"


def answered(answers: dict[str, Any], form: str = "explosive", **more: Any) -> dict[str, Any]:
    return {"id": new_id(), "form": form, "answers": answers, **more}


def test_answers_of_a_form_become_records_and_details_follow_as_a_version(mission: Mission):
    client = mission.program("reporter")
    at = {"lon": hazard(new_id())["records"][0]["geometry"]["coordinates"][0], "source": "gps"}
    at["lat"] = hazard(new_id())["records"][0]["geometry"]["coordinates"][1]
    flash = answered({"hazard": "item", "class": "ied", "place": at})
    first = client.post(REPORTS, json=flash)
    assert first.status_code == 201, first.json
    assert state_of(mission, "a-b") == "RED"
    assert client.post(REPORTS, json=flash).status_code == 200
    details = answered({**flash["answers"], "measures": ["marked", "cordon"], "cordon_m": 300}, base_version=1)
    second = client.post(f"{REPORTS}/{flash['id']}/versions", json=details)
    assert second.status_code == 201, second.json
    assert second.json["record_ids"] == first.json["record_ids"], "the record stays: only what is told of it grew"
    report = client.get(f"{REPORTS}/{flash['id']}").json
    assert report["versions"][-1]["answers"]["cordon_m"] == 300


def test_a_passage_is_told_by_its_ends_by_a_key_route_or_by_its_track(mission: Mission):
    client = mission.program("reporter")
    common = {"occurred": "2026-03-10T11:00:00Z", "strength": "own_patrol_traverse", "user_class": "mission_military"}
    refused = client.post(REPORTS, json=answered({**common, "way": {"route": "no-such"}}, "passage"))
    assert refused.status_code == 422
    assert refused.json["errors"][0]["field"] == "answers.way.route"
    nowhere = {"start": "in the hills", "end": "there"}
    unread = client.post(REPORTS, json=answered({**common, "way": nowhere}, "passage"))
    assert {e["field"] for e in unread.json["errors"]} == {"answers.way.start.text"}


def test_bad_answers_name_the_question_and_unknown_subjects_are_refused(mission: Mission):
    client = mission.program("reporter")
    answer = client.post(REPORTS, json=answered({"hazard": "item", "class": "gun"}))
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json["errors"]] == ["answers.class"]
    answer = client.post(REPORTS, json=answered({"subject": "nowhere", "status": "serviceable"}, "air_head"))
    assert [e["field"] for e in answer.json["errors"]] == ["answers.subject"]


def test_forms_are_told_in_three_languages(mission: Mission):
    client = mission.program("reporter")
    told = [client.get(f"/api/v1/forms?language={language}").json for language in ("en", "fr", "ar")]
    assert [forms["direction"] for forms in told] == ["ltr", "ltr", "rtl"]
    assert len({forms["forms"][0]["title"] for forms in told}) == 3
    assert client.get("/api/v1/forms?language=xx").status_code == 422
