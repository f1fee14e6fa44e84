"""Reports as they come on a bad day: at once, late, by a wrong clock, without a place, with hostile words."""

from __future__ import annotations

import csv
import io
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas
import pytest

from fom.domain.instants import HOUR_US, format_instant
from tests.web.conftest import Mission
from tests.web.filled_mission import fill
from tests.web.mission import START, hazard
from tests.web.page_forms import HTML
from tests.web.test_closing import passage, threat
from tests.web.test_register_pages import api
from tests.web.test_reports import REPORTS, new_id, state_of

DAY_US = 24 * HOUR_US
TURNED = "seen \u202egnp.exe\u2066 here"
FORMULAS = ('=HYPERLINK("http://x.example","y")', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", " =1+1", "\r=1")


def posted(mission: Mission, body: dict[str, Any], role: str = "reporter") -> Any:
    return mission.program(role).post(REPORTS, json=body)


def line_of(mission: Mission, report_id: str) -> dict[str, Any]:
    waiting = mission.program("duty_officer").get("/api/v1/queue").json["waiting"]
    return next(line for line in waiting if line["report_id"] == report_id)


def state(mission: Mission, segment: str, *, at: int, known_at: int) -> str:
    query = {"at": format_instant(at), "known_at": format_instant(known_at)}
    answer = mission.program("duty_officer").get(f"/api/v1/segments/{segment}", query_string=query)
    return str(answer.json["directions"][0]["state"])


def test_the_same_report_at_once_is_one_report_and_two_bodies_are_both_kept(mission: Mission):
    token, body = mission.token("reporter"), hazard(new_id())
    bodies = [body, body | {"words": "two wires"}] * 4
    gate = threading.Barrier(len(bodies))

    def send(one: dict[str, Any]) -> int:
        client = mission.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        gate.wait(timeout=30)
        return int(client.post(REPORTS, json=one).status_code)

    with ThreadPoolExecutor(len(bodies)) as threads:
        assert Counter(threads.map(send, bodies)) == {201: 1, 200: 3, 409: 4}
    report = mission.program("duty_officer").get(f"{REPORTS}/{body['id']}").json
    assert len(report["versions"]) == len(report["records"]) == len(report["conflicts"]) == 1


def test_a_phone_five_days_late_with_a_clock_six_hours_fast_changes_what_the_past_was_and_not_what_was_known(
    mission: Mission,
):
    threat(mission)
    seen = START - 5 * DAY_US
    said = seen + 6 * HOUR_US
    body = hazard(new_id(), occurred=format_instant(said))
    body |= {"device_time": format_instant(START + 6 * HOUR_US), "device_offset_s": -6 * 3600.0}
    assert posted(mission, body).status_code == 201
    mission.clock.advance(0.01)
    then, now = START - 2 * DAY_US, mission.clock()
    assert state(mission, "a-b", at=then, known_at=then) == "GREY"
    assert state(mission, "a-b", at=then, known_at=now) == "RED", "what is known now of the day before yesterday"
    assert state(mission, "a-b", at=now, known_at=now) == "RED"
    line = line_of(mission, body["id"])
    assert {"late", "skewed"} <= set(line["badges"])
    page = mission.browser("duty_officer").get(f"/desk?report={body['id']}", headers=HTML).text
    assert 'It was <bdi dir="ltr">360</bdi> min ahead.' in page
    record = mission.program("duty_officer").get(f"{REPORTS}/{body['id']}").json["records"][0]
    assert record["properties"]["occurred"].startswith("2026-03-05T18:00:00"), "as sent"


def test_a_passage_told_by_a_wrong_clock_waits_for_a_person_and_one_told_by_a_right_clock_does_not(mission: Mission):
    threat(mission)
    for offset_s, triage in ((-6 * 3600.0, "new"), (-60.0, "done")):
        record = passage()["record"]
        record["properties"] |= {"track": "gps", "occurred": format_instant(START - 10 * HOUR_US)}
        record["properties"].pop("received", None)
        body = {"id": new_id(), "form": "passage", "records": [record], "device_offset_s": offset_s}
        answer = posted(mission, body)
        assert answer.status_code == 201, answer.json
        assert answer.json["triage"] == triage
    badges = [line["badges"] for line in mission.program("duty_officer").get("/api/v1/queue").json["waiting"]]
    assert badges == [["late", "skewed"]]


def test_a_phone_whose_clock_is_ahead_is_known_by_what_it_says_even_without_an_offset(mission: Mission):
    body = hazard(new_id()) | {"device_time": format_instant(START + 6 * HOUR_US)}
    assert posted(mission, body).status_code == 201
    assert "skewed" in line_of(mission, body["id"])["badges"]


def test_a_time_to_come_counts_from_receipt_and_says_so(mission: Mission):
    body = hazard(new_id(), occurred=format_instant(START + 2 * DAY_US))
    assert posted(mission, body).status_code == 201
    assert state_of(mission, "a-b") == "RED", "it counts at once"
    assert "future" in line_of(mission, body["id"])["badges"]
    reasons = mission.program("duty_officer").get("/api/v1/segments/a-b").json["directions"][0]["reasons"]
    assert any("clock_skew" in reason["flags"] for reason in reasons)


def test_a_report_without_a_place_is_taken_and_the_desk_is_alarmed_in_fifteen_minutes(mission: Mission):
    body = hazard(new_id())
    body["records"][0]["geometry"] = None
    answer = posted(mission, body)
    assert (answer.status_code, answer.json["triage"]) == (201, "no_place")
    assert line_of(mission, body["id"])["alarm"] is None
    mission.clock.advance(0.26)
    assert line_of(mission, body["id"])["alarm"] is not None


# words


def test_words_of_a_megabyte_are_refused_with_how_many_are_taken(mission: Mission):
    answer = posted(mission, hazard(new_id()) | {"words": "x" * 1_000_000})
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["field"] == "words"
    assert "20000 characters" in error["expected"].replace(",", "")
    assert len(answer.data) < 2_000, "and not with the megabyte"


def test_what_no_text_may_hold_is_refused_by_name(mission: Mission):
    answer = posted(mission, hazard(new_id()) | {"words": "a\x00b"})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "body.words")
    raw = b'{"id": "%s", "form": "other", "words": "half \\ud800 a character"}' % str(uuid.uuid4()).encode()
    answer = mission.program("reporter").post(REPORTS, data=raw, content_type="application/json")
    assert answer.status_code == 400
    assert "surrogate" in answer.json["detail"]
    form = {"csrf_token": "", "id": new_id(), "words": "a\x00b"}
    answer = mission.browser("reporter").post("/report/incident", data=form, headers=HTML)
    assert answer.status_code == 422
    assert "words" in answer.text
    assert "NUL" in answer.text


def test_a_text_that_turns_itself_round_is_kept_as_sent_and_told_on_pages(mission: Mission):
    body = hazard(new_id()) | {"words": TURNED, "place_text": TURNED}
    assert posted(mission, body).status_code == 201
    kept = mission.program("duty_officer").get(f"{REPORTS}/{body['id']}").json
    assert kept["versions"][0]["words"] == TURNED
    page = mission.browser("duty_officer").get(f"/desk?report={body['id']}", headers=HTML).text
    assert "seen [U+202E]gnp.exe[U+2066] here" in page
    assert not set("\u202e\u2066") & set(page)


@pytest.mark.parametrize("text", FORMULAS[:2])
def test_no_export_holds_a_cell_that_a_spreadsheet_runs(mission: Mission, text: str):
    fill(mission, name=text)
    for more in FORMULAS[2:]:
        api(mission, "sites", name=more, kind="settlement", lon=30.1, lat=5.0, notes=more)
    browser = mission.browser("chief_joc")
    lists = ("key-routes", "air-heads", "crossings", "sites", "areas")
    files = [f"/registers/{name}.csv" for name in lists]
    files += ["/registers/assets/export.csv"]
    files += [f"/restrictions/monthly.csv?month=2026-03&part={part}" for part in ("parties", "cases")]
    found = 0
    for file in files:
        answer = browser.get(file)
        assert answer.status_code == 200, (file, answer.text)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
        for cell in (cell for row in rows for cell in row):
            found += text.strip() in cell
            assert not starts_formula(cell), (file, cell)
        table = pandas.read_csv(io.BytesIO(answer.data), dtype=str, keep_default_na=False)
        assert len(table) == len(rows) - 1, "an outside reader finds the same rows"
    assert found >= len(lists), "the name is in every register's file"


def starts_formula(cell: str) -> bool:
    head = cell.lstrip(" \t\r\n")
    return head[:1] in ("=", "+", "-", "@") and not head.lstrip("+-").replace(".", "", 1).isdigit()
