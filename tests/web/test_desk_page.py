"""The desk as a page without scripts: what waits, what a grade would do, every judgement as a form, two officers."""

from __future__ import annotations

import re
import uuid

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import Mission
from tests.web.mission import hazard
from tests.web.test_reports import log, state_of

API = "/api/v1"


def page(client: FlaskClient, **query: str) -> str:
    """Return the text of the desk, tags and runs of space taken out."""
    answer = client.get("/desk", query_string=query, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def words(text: str) -> str:
    text = re.sub(r"</?bdi[^>]*>", "", re.sub(r"<script.*?</script>", " ", text, flags=re.S))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).replace("&#39;", "'")


def post(client: FlaskClient, path: str, **form: str):
    return client.post(path, data=form, headers={"Accept": "text/html"})


def seen_by(client: FlaskClient, record_id: str) -> str:
    return str(client.get(f"{API}/records/{record_id}/outlook").json["seen"])


def test_an_empty_desk_says_since_when_and_not_that_all_is_well(mission: Mission):
    text = page(mission.browser("duty_officer"))
    assert "No report waits as of 101200Z MAR 26." in text
    assert "clear" not in text.lower()


def test_more_than_can_be_weighed_are_counted_and_said_to_be_left_out(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
):
    for _ in range(4):
        log(mission, "reporter")
    monkeypatch.setattr("fom.services.queue.REPORTS_MAX", 3)
    duty = mission.browser("duty_officer")
    text = page(duty)
    assert "To judge 4" in text
    assert "and 1 not weighed, for too many wait: the list holds the newest and those that wait longest" in text
    found = duty.get(f"{API}/queue").json
    assert (len(found["waiting"]), found["left_out"]) == (3, 1)


def test_an_item_shows_the_rule_and_what_each_grade_would_do(mission: Mission):
    log(mission, "reporter")
    duty = mission.browser("duty_officer")
    text = page(duty)
    assert "Explosive item: ied" in text or "Explosive item: IED" in text
    assert "GPS: ± 15 m. The circle reaches the carriageway, so it counts as on the road." in text
    assert "If you set B3" in text
    assert "stays restricted" in text
    assert re.search(r"closed from \.65 up: A1 A2 A3 B1 B2 C1", text)
    asked = page(duty, grade="B2")
    assert "If you set B2" in asked
    assert "becomes closed" in asked


def test_a_grade_set_by_the_form_counts_and_the_item_leaves_the_queue(mission: Mission):
    logged = log(mission, "reporter")
    duty = mission.browser("duty_officer")
    record_id = logged["record_ids"][0]
    form = {"report": logged["report_id"], "record": record_id, "grade": "B2", "seen": seen_by(duty, record_id)}
    answer = post(duty, "/desk/grade", **form)
    assert answer.status_code == 303
    text = page(duty, report=logged["report_id"])
    assert "Graded B2." in text
    assert "To judge 0" in text
    assert state_of(mission, "a-b") == "BLACK"


def test_the_slower_of_two_officers_sees_what_differs_and_nothing_of_his_is_set(mission: Mission):
    logged = log(mission, "reporter")
    record_id = logged["record_ids"][0]
    first, second = mission.browser("duty_officer"), mission.browser("chief_joc")
    form = {"report": logged["report_id"], "record": record_id, "seen": seen_by(second, record_id)}
    post(first, "/desk/grade", **form, grade="B3")
    answer = post(second, "/desk/grade", **form, grade="B2")
    assert answer.status_code == 409
    text = words(answer.text)
    assert "Somebody was faster" in text
    assert "Grade B3 by duty.officer@demo.example" in text or "Grade B3 by duty_officer@demo.example" in text
    assert "Yours was B2" in text
    assert state_of(mission, "a-b") == "RED"
    fresh = re.search(r'name="seen" value="(\d+)"', answer.text)
    assert fresh is not None
    assert post(second, "/desk/grade", **form | {"seen": fresh[1]}, grade="B2").status_code == 303
    assert state_of(mission, "a-b") == "BLACK"


def test_lowering_tells_both_persons_why_it_waits(mission: Mission):
    logged = log(mission, "reporter")
    record_id = logged["record_ids"][0]
    duty, chief = mission.browser("duty_officer"), mission.browser("chief_joc")
    assert "it waits for a second person" in page(duty, report=logged["report_id"], grade="E5")
    post(duty, "/desk/grade", report=logged["report_id"], record=record_id, grade="E5")
    assert state_of(mission, "a-b") == "RED"
    first, second = page(duty), page(chief)
    for text in (first, second):
        assert "It lowers the confidence of a fact, so a state could improve." in text
    assert "you proposed it; another person confirms who may grade records" in first
    (waiting,) = chief.get(f"{API}/pending").json["pending"]
    post(chief, f"/desk/pending/{waiting['id']}/confirm")
    assert state_of(mission, "a-b") == "GREY", "doubtful makes caution, and nobody has verified the road"


def test_a_place_is_read_back_before_a_report_without_one_is_placed(mission: Mission):
    body = hazard(str(uuid.uuid4()))
    body["records"][0] |= {"geometry": None}
    del body["records"][0]["properties"]["location"]
    report_id = mission.program("reporter").post(f"{API}/reports", json=body).json["report_id"]
    mission.clock.advance(0.3)
    duty = mission.browser("duty_officer")
    text = page(duty)
    assert "explosive without a place for over 15 min" in text
    assert "1 waits too long" in text
    address = f"/desk/correct/{report_id}"
    form = {"id": str(uuid.uuid4()), "base_version": "1", "position": "30.045, 5.0901", "words": "wire", "class": "ied"}
    back = post(duty, address, **form)
    assert back.status_code == 200
    assert "We read this as" in back.text
    assert state_of(mission, "a-b") == "GREY"
    assert post(duty, address, **form, seen_position=form["position"]).status_code == 303
    assert state_of(mission, "a-b") == "RED"
    report = duty.get(f"{API}/reports/{report_id}").json
    assert (report["version"], report["triage"]) == (2, "new")


def test_the_slower_of_two_who_correct_sees_both_texts(mission: Mission):
    report_id = log(mission, "reporter")["report_id"]
    first, second = mission.browser("duty_officer"), mission.browser("chief_joc")
    address = f"/desk/correct/{report_id}"
    form = {"base_version": "1", "class": "mine", "hazard": "item"}
    assert post(first, address, **form, id=str(uuid.uuid4()), words="a mine, says the driver").status_code == 303
    answer = post(second, address, **form, id=str(uuid.uuid4()), words="two wires")
    assert answer.status_code == 409
    text = words(answer.text)
    assert "The report is at version 2 now." in text
    assert "a mine, says the driver two wires" in text
    assert 'name="base_version" value="2"' in answer.text


def test_several_places_of_one_name_are_offered_and_none_is_chosen(mission: Mission):
    for lon in (30.0, 30.09):
        site = {"id": str(uuid.uuid4()), "name": "Oldbridge", "kind": "settlement", "lon": lon, "lat": 5.09}
        assert mission.program("civil_affairs").post(f"{API}/sites", json=site).status_code == 201
    sent = {"id": str(uuid.uuid4()), "form": "explosive", "words": "an item near Oldbridge", "place_text": "Oldbridge"}
    report_id = mission.program("reporter").post(f"{API}/reports", json=sent).json["report_id"]
    duty = mission.browser("duty_officer")
    answer = duty.get(f"/desk/correct/{report_id}", headers={"Accept": "text/html"})
    picks = re.findall(r'name="pick" value="([^"]*)"( checked)?', answer.text)
    assert [bool(checked) for _, checked in picks] == [False, False, True]
    assert picks[-1][0] == "", "none of these"
    form = {"id": str(uuid.uuid4()), "base_version": "1", "words": "near Oldbridge", "place_text": "Oldbridge"}
    assert post(duty, f"/desk/correct/{report_id}", **form, what="explosive", pick=picks[0][0]).status_code == 303
    (record,) = duty.get(f"{API}/reports/{report_id}").json["records"]
    assert record["properties"]["location"]["method"] == "place"


def test_a_state_set_by_hand_is_listed_with_its_reason_and_end(mission: Mission):
    logged = log(mission, "reporter")
    duty, chief = mission.browser("duty_officer"), mission.browser("chief_joc")
    form = {"report": logged["report_id"], "segments": "d-e", "mode": "worsen", "state": "BLACK", "hours": "4"}
    post(duty, "/desk/manual", **form, id=str(uuid.uuid4()), reason="Crowd at the mill")
    assert state_of(mission, "d-e") == "BLACK"
    text = page(chief)
    assert "Worse by hand 1 segment Crowd at the mill" in text
    assert "ends 101600Z MAR 26" in text
    refused = post(chief, "/desk/manual", **form | {"segments": "a-b", "mode": "improve", "state": "AMBER"},
                   id=str(uuid.uuid4()), reason="We must pass")  # fmt: skip
    assert refused.status_code == 303
    assert "it takes a closing act" in page(chief)
    manual = re.search(r'name="manual" value="([^"]+)"', chief.get("/desk").text)
    assert manual is not None
    post(chief, "/desk/lift", manual=manual[1], id=str(uuid.uuid4()))
    assert state_of(mission, "d-e") == "GREY"
    assert "No state is set by hand." in page(chief)


def test_the_proposed_grades_of_several_items_are_set_together(mission: Mission):
    log(mission, "reporter")
    log(mission, "reporter", new_emplacement=True)
    duty = mission.browser("duty_officer")
    items = re.findall(r'name="item" form="bulk" value="([^"]+)"', duty.get("/desk").text)
    assert len(items) == 2
    assert duty.post("/desk/bulk", data={"item": items}).status_code == 303
    text = page(duty)
    assert "2 grades set." in text
    assert "To judge 0" in text


def test_every_act_without_a_script_has_its_form(mission: Mission):
    logged = log(mission, "reporter")
    duty = mission.browser("duty_officer")
    text = duty.get("/desk").text
    for path in ("grade", "bulk", "task", "ask", "retract", "manual"):
        assert f'action="/desk/{path}"' in text, path
    back = {"report": logged["report_id"], "record": logged["record_ids"][0]}
    post(duty, "/desk/task", **back, id=str(uuid.uuid4()), kind="eod", assigned_to="EOD 2")
    post(duty, "/desk/ask", **back, id=str(uuid.uuid4()), text="Which side?")
    text = page(duty, report=logged["report_id"])
    assert "Which side?" in text
    assert [t["assigned_to"] for t in duty.get(f"{API}/tasks").json["rows"] if t["kind"] == "eod"] == ["EOD 2"]


def test_who_may_not_judge_sees_why_in_place(mission: Mission):
    log(mission, "reporter")
    text = page(mission.browser("police"))
    assert "No role of yours may grade." in text
    assert "Only a closing act of EOD or mine action ends an explosive hazard." in text


GARBAGE = ("", "²", "9" * 5000, "\x00")
FORMS = (
    "grade", "bulk", "link", "unlink", "retract", "ask", "answer", "task", "file", "manual", "close", "lift", "body",
)  # fmt: skip
FIELDS = (
    "report", "record", "grade", "seen", "item", "relation", "other", "link", "reason", "id", "text", "question",
    "answer", "kind", "assigned_to", "mode", "state", "hours", "segments", "act", "method", "manual", "number",
    "outcome", "base_version",
)  # fmt: skip


@pytest.mark.parametrize("path", FORMS)
def test_a_form_filled_with_garbage_is_refused_in_words(mission: Mission, path: str):
    record_id = log(mission, "reporter")["record_ids"][0]
    chief = mission.browser("chief_joc")
    for value in GARBAGE:
        known = {"record": record_id, "id": str(uuid.uuid4())}
        answer = post(chief, f"/desk/{path}", **dict.fromkeys(FIELDS, value) | known)
        assert answer.status_code in (303, 403, 404, 409, 422), (value, answer.text[:300])


def test_a_correction_filled_with_garbage_is_refused_in_words(mission: Mission):
    report_id = log(mission, "reporter")["report_id"]
    duty = mission.browser("duty_officer")
    for value in GARBAGE:
        fields = ("id", "base_version", "at", "words", "place_text", "position", "occurred", "class", "what", "pick")
        answer = post(duty, f"/desk/correct/{report_id}", **dict.fromkeys(fields, value))
        assert answer.status_code in (200, 303, 404, 409, 422), (value, answer.text[:300])


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("words", "x" * 20_001, "expected a text of at most 20000 characters"),
        ("position", "somewhere", "somewhere"),
        ("occurred", "yesterday", "yesterday: expected a date and time in UTC"),
        ("class", "junk", "expected mine or cluster or uxo"),
    ],
)
def test_a_field_of_a_correction_that_is_refused_says_why(mission: Mission, field: str, value: str, told: str):
    report_id = log(mission, "reporter")["report_id"]
    form = {"id": str(uuid.uuid4()), "base_version": "1", "class": "mine", "hazard": "item", field: value}
    answer = post(mission.browser("duty_officer"), f"/desk/correct/{report_id}", **form)
    assert answer.status_code == 422
    said = re.findall(rf'<p class="error" id="{field}-error">(.*?)</p>', answer.text)
    assert [told in words for words in said] == [True]


def test_the_answers_of_a_form_are_read_out_in_words_in_its_order(mission: Mission):
    place = hazard(str(uuid.uuid4()))["records"][0]["geometry"]["coordinates"]
    answers = {
        "hazard": "item", "class": "ied", "place": {"lon": place[0], "lat": place[1], "source": "gps"},
        "measures": ["cordon", "marked"], "cordon_m": 300, "priority": "immediate",
    }  # fmt: skip
    body = {"id": str(uuid.uuid4()), "form": "explosive", "answers": answers}
    assert mission.program("reporter").post(f"{API}/reports", json=body).status_code == 201
    text = page(mission.browser("duty_officer"))
    assert "One item, or an area One item or a few" in text
    assert re.search(r"Measures taken Marked, Cordon set Cordon 300 m Priority Immediate", text)


def test_the_item_alone_is_what_the_page_shows_of_it_and_takes_no_message_away(mission: Mission):
    one, two = log(mission, "reporter"), log(mission, "reporter", new_emplacement=True)
    duty = mission.browser("duty_officer")
    post(duty, "/desk/task", report=one["report_id"], record=one["record_ids"][0], id=str(uuid.uuid4()), kind="eod")
    for logged in (one, two):
        alone = duty.get("/desk/item", query_string={"report": logged["report_id"]})
        whole = duty.get("/desk", query_string={"report": logged["report_id"]}).text if logged is two else ""
        assert alone.status_code == 200
        assert f'name="record" value="{logged["record_ids"][0]}"' in alone.text
        assert "To judge" not in alone.text
    judged = re.search(r"<aside class=\"judge\".*?</form>", alone.text, flags=re.S)
    assert judged is not None
    shown = re.search(r"<aside class=\"judge\".*?</form>", whole, flags=re.S)
    assert shown is not None
    assert tokens_out(judged[0]).split() == tokens_out(shown[0]).split()
    assert "The task is given." in words(whole), "the message waited for the page"
    assert duty.get("/desk/item", query_string={"report": str(uuid.uuid4())}).status_code == 404


def tokens_out(html: str) -> str:
    return re.sub(r'value="[^"]{40,}"', "", html)


def test_the_slower_of_two_who_link_or_file_sees_what_the_first_did(mission: Mission):
    one, two = log(mission, "reporter"), log(mission, "reporter", new_emplacement=True)
    first, second = mission.browser("duty_officer"), mission.browser("chief_joc")
    back = {"report": one["report_id"], "record": one["record_ids"][0], "other": two["record_ids"][0]}
    form = back | {"seen": seen_by(second, one["record_ids"][0])}
    assert post(first, "/desk/link", **form, relation="duplicate").status_code == 303
    answer = post(second, "/desk/link", **form, relation="conflict")
    assert answer.status_code == 409
    assert "Link duplicate by duty_officer@demo.example" in words(answer.text)
    about = first.get(f"{API}/records/{one['record_ids'][0]}/suggestions").json["suggestions"]
    assert [s["relation"] for s in about] == ["duplicate"]
    sent = {"id": str(uuid.uuid4()), "form": "other", "words": "a loud bang in the hills"}
    report_id = mission.program("reporter").post(f"{API}/reports", json=sent).json["report_id"]
    seen = re.search(r'name="seen" value="(\d+)"', second.get("/desk", query_string={"report": report_id}).text)
    assert seen is not None
    post(first, "/desk/file", report=report_id, reason="thunder", seen=seen[1])
    answer = post(second, "/desk/file", report=report_id, reason="nothing", seen=seen[1])
    assert answer.status_code == 409
    assert "Filed by duty_officer@demo.example" in words(answer.text)


def test_in_a_batch_one_moved_item_stops_all_and_is_shown(mission: Mission):
    one, two = log(mission, "reporter"), log(mission, "reporter", new_emplacement=True)
    first, second = mission.browser("duty_officer"), mission.browser("chief_joc")
    text = second.get("/desk").text
    items, seen = (
        re.findall(r'name="item" form="bulk" value="([^"]+)"', text),
        re.search(r'name="seen" value="(\d+)"', text),
    )
    assert seen is not None
    record_id = two["record_ids"][0]
    post(first, "/desk/grade", report=two["report_id"], record=record_id, grade="C3")
    answer = second.post("/desk/bulk", data={"item": items, "seen": seen[1]}, headers={"Accept": "text/html"})
    assert answer.status_code == 409
    assert "Grade C3 by duty_officer@demo.example" in words(answer.text)
    (grade,) = first.get(f"{API}/records/{record_id}").json["grades"]
    assert grade["properties"]["grade"] == "C3"
    assert first.get(f"{API}/records/{one['record_ids'][0]}").json["grades"] == []


def test_what_a_phone_answered_is_placed_and_corrected_and_keeps_its_records(mission: Mission):
    answers = {"hazard": "item", "class": "ied", "place": {"text": "by the old well", "source": "name"}}
    body = {"id": str(uuid.uuid4()), "form": "explosive", "answers": answers}
    assert mission.program("reporter").post(f"{API}/reports", json=body).status_code == 201
    duty, address = mission.browser("duty_officer"), f"/desk/correct/{body['id']}"
    form = {"base_version": "1", "position": "30.045, 5.0901", "words": "placed by voice", "class": "mine"}
    answer = post(duty, address, **form, id=str(uuid.uuid4()), seen_position=form["position"])
    assert answer.status_code == 303, words(answer.text)
    (record,) = duty.get(f"{API}/reports/{body['id']}").json["records"]
    assert (record["properties"]["class"], record["geometry"]["coordinates"]) == ("mine", [30.045, 5.0901])
    assert state_of(mission, "a-b") == "RED"
    again = {"base_version": "2", "words": "only the words", "id": str(uuid.uuid4())}
    assert post(duty, address, **again).status_code == 303
    report = duty.get(f"{API}/reports/{body['id']}").json
    assert [r["id"] for r in report["records"]] == [record["id"]], "what it says is not taken back"
    assert report["pending"] == []
