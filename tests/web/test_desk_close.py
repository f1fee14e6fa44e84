"""Land release and clearance at the desk: what an act would do is seen first, signed once, in force by two persons."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from tests.web.conftest import Mission
from tests.web.test_desk_page import page, post, words
from tests.web.test_reports import log, state_of

API = "/api/v1"
HTML = {"Accept": "text/html"}


def form(**changes: Any) -> dict[str, str]:
    known = {
        "act": "cleared", "authority": "eod", "organisation": "Team 3", "reference": "CL-0412",
        "occurred": "2026-03-10T11:30", "method": "Manual clearance", "depth_cm": "20", "traffic_mlc": "60",
        "area": "circle", "radius_m": "40", "accuracy_m": "2", "corners": "", "id": str(uuid.uuid4()),
    }  # fmt: skip
    return {**known, **changes}


def look_and_sign(client, record_id: str, said: dict[str, str]):
    """Look at what it would do, then sign what was looked at; return both answers."""
    looked = client.post(f"/desk/close/{record_id}", data=said, headers=HTML)
    hidden = {name: re.search(f'name="{name}" value="([^"]*)"', looked.text) for name in ("looked", "seen")}
    rest = {name: found[1] for name, found in hidden.items() if found is not None}
    return looked, client.post(f"/desk/close/{record_id}", data={**said, **rest}, headers=HTML)


def test_the_first_press_tells_what_it_would_do_and_signs_nothing(mission: Mission):
    record_id = log(mission, "reporter")["record_ids"][0]
    eod = mission.browser("eod")
    assert f"/desk/close/{record_id}" in eod.get("/desk", headers=HTML).text
    answer = eod.post(f"/desk/close/{record_id}", data=form(), headers=HTML)
    text = words(answer.text)
    assert answer.status_code == 200
    assert "Once two persons have signed" in text
    assert "becomes unknown" in text
    assert "The area covers every place where it may lie." in text
    assert "any heavier vehicle keeps the hazard" in text
    assert eod.get(f"{API}/pending").json["pending"] == []


def test_two_persons_close_it_and_both_see_what_and_why(mission: Mission):
    record_id = log(mission, "reporter")["record_ids"][0]
    first, second = mission.browser("eod"), mission.browser("second eod")
    _, signed = look_and_sign(first, record_id, form())
    assert signed.status_code == 303
    assert state_of(mission, "a-b") == "RED"
    text = page(first, record=record_id)
    assert "Signed. It waits for a second person: one signature opens no road." in text
    assert "It would end a fact: one signature opens no road." in text
    assert "It takes another person who may sign closing acts on explosive facts." in text
    text = page(second, record=record_id)
    assert "Who Team 3 Reference CL-0412 How Manual clearance Depth 20 cm Load class up to class 60" in text
    (waiting,) = second.get(f"{API}/pending").json["pending"]
    assert waiting["area"]["type"] == "Polygon"
    post(first, f"/desk/pending/{waiting['id']}/confirm")
    assert state_of(mission, "a-b") == "RED", "the first cannot be the second"
    post(second, f"/desk/pending/{waiting['id']}/confirm")
    assert state_of(mission, "a-b") == "GREY"
    assert "cleared by eod@demo.example and second.eod@demo.example" in page(second, record=record_id)
    assert "Team 3 · CL-0412" in page(second, record=record_id)


def test_what_was_changed_after_the_look_is_looked_at_again(mission: Mission):
    record_id = log(mission, "reporter")["record_ids"][0]
    eod, said = mission.browser("eod"), form()
    looked = eod.post(f"/desk/close/{record_id}", data=said, headers=HTML)
    mark = re.search(r'name="looked" value="([^"]+)"', looked.text)
    assert mark is not None
    answer = eod.post(f"/desk/close/{record_id}", data={**said, "radius_m": "400", "looked": mark[1]}, headers=HTML)
    assert "Sign as the first of two" in words(answer.text)
    assert eod.get(f"{API}/pending").json["pending"] == []


def test_an_area_that_leaves_a_part_says_so_and_that_part_keeps_the_road(mission: Mission):
    record_id = log(mission, "reporter", location={"method": "gps", "accuracy_m": 200})["record_ids"][0]
    looked, signed = look_and_sign(mission.browser("eod"), record_id, form(radius_m="100"))
    share = re.search(r"covers ([\d.]+) % of where it may lie", words(looked.text))
    assert share is not None
    assert float(share[1]) == pytest.approx(25.2, abs=0.3), "a circle of half the radius, grown by half a metre"
    assert "stays restricted" in words(looked.text)
    assert signed.status_code == 303
    second = mission.browser("second eod")
    (waiting,) = second.get(f"{API}/pending").json["pending"]
    post(second, f"/desk/pending/{waiting['id']}/confirm")
    assert state_of(mission, "a-b") == "RED"


def test_the_second_of_two_officers_who_close_sees_what_the_first_signed(mission: Mission):
    record_id = log(mission, "reporter")["record_ids"][0]
    first, second = mission.browser("eod"), mission.browser("second eod")
    seen = re.search(r'name="seen" value="(\d+)"', second.get(f"/desk/close/{record_id}", headers=HTML).text)
    assert seen is not None
    look_and_sign(first, record_id, form())
    _, answer = look_and_sign(second, record_id, form(act="destroyed", seen=seen[1]))
    assert answer.status_code == 409
    text = words(answer.text)
    assert "Somebody was faster" in text
    assert re.search(r"Closing act cleared by eod@demo\.example, 101200Z MAR 26; it waits for a second person", text)
    assert len(second.get(f"{API}/pending").json["pending"]) == 1


@pytest.mark.parametrize(
    ("changes", "words_expected"),
    [
        ({"reference": ""}, "the number of the report or task that shows it"),
        ({"occurred": ""}, "when the work was finished"),
        ({"occurred": "2026-03-10T12:30"}, "a moment that has passed"),
        ({"traffic_mlc": ""}, "the heaviest load class it holds for"),
        ({"traffic_mlc": "many"}, "a number, 0 or more"),
        ({"accuracy_m": ""}, "how exact the survey is"),
        ({"radius_m": "0"}, "metres, up to 5000"),
        ({"area": "outline"}, "the record has no outline"),
        ({"area": "corners", "corners": "30.04, 5.09\n30.05, 5.09"}, "three corners or more"),
        ({"area": "corners", "corners": "here\n30.05, 5.09\n30.05, 5.1"}, "line 1"),
        ({"act": "opened"}, "one of those offered"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_bad_field_is_named_and_nothing_is_signed(mission: Mission, changes: dict[str, str], words_expected: str):
    record_id = log(mission, "reporter")["record_ids"][0]
    eod = mission.browser("eod")
    answer = eod.post(f"/desk/close/{record_id}", data=form(**changes), headers=HTML)
    assert answer.status_code == 422
    assert words_expected in words(answer.text)
    assert eod.get(f"{API}/pending").json["pending"] == []


def test_an_act_older_than_the_sighting_is_refused_with_the_reason(mission: Mission):
    record_id = log(mission, "reporter")["record_ids"][0]
    answer = mission.browser("eod").post(
        f"/desk/close/{record_id}", data=form(occurred="2026-03-10T09:00"), headers=HTML
    )
    assert answer.status_code == 409
    assert "the act is older than what it ends" in words(answer.text)
