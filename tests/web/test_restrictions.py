"""Pages and endpoints about restrictions and parties, as a browser without scripts and a program use them."""

from __future__ import annotations

import csv
import io
import re
import uuid
from typing import Any

import pytest

from fom.domain.instants import format_instant
from tests.web.conftest import Mission
from tests.web.mission import START

CASES = "/api/v1/restriction-cases"
CLAUSE = {"code": "SA 4", "title": "Roads", "summary": "Moves freely.", "secures": "movement by road"}
LIST = {"title": "Agreement", "note": "as signed", "base": 0, "clauses": [CLAUSE]}


def case(mission: Mission, role: str = "duty_officer", **members: Any) -> dict[str, Any]:
    row = {"id": str(uuid.uuid4()), "category": "checkpoint_stop", "actor": "host_police", **members}
    row.setdefault("opened_at", format_instant(mission.clock()))
    answer = mission.program(role).post(CASES, json=row)
    assert answer.status_code == 201, answer.json
    return answer.json


def typed(page: str, action: str = "") -> dict[str, str]:
    """Return what the fields of the last form of a page hold (with `action` in its tag), as a browser would send it."""
    form = re.findall(rf"<form[^>]*{re.escape(action)}[^>]*>.*?</form>", page, re.S)[-1]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    fields |= dict(re.findall(r'<input id="[^"]+" name="([^"]+)"[^>]* value="([^"]*)"', form))
    fields |= dict(re.findall(r'<input type="radio" name="([^"]+)" value="([^"]*)" checked', form))
    for name, body in re.findall(r'<select id="[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body)
        fields[name] = chosen[1] if chosen else ""
    fields |= dict(re.findall(r'<textarea id="[^"]+" name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S))
    return fields


# pages


def test_a_case_is_opened_followed_and_resolved_without_scripts(mission: Mission):
    browser = mission.browser("duty_officer")
    fields = typed(browser.get("/restrictions/new").text) | {"category": "delay", "actor": "host_police"}
    wrong = browser.post("/restrictions/new", data=fields | {"delay_min": "soon", "category": ""})
    assert wrong.status_code == 422
    assert "a number" in wrong.text
    opened = browser.post("/restrictions/new", data=fields | {"delay_min": "40", "outcome": "proceeded_late"})
    assert opened.status_code == 303
    address = opened.headers["Location"]
    page = browser.get(address).text
    assert "40 min lost" in page
    assert "Open" in page
    mission.clock.advance(0.3)
    step = typed(page, "/steps") | {"kind": "protest_sent"}
    refused = browser.post(f"{address}/steps", data=step)
    assert refused.status_code == 422
    assert "the number of the note verbale" in refused.text
    note = step | {"reference": "NV 9/26", "addressee": "Ministry of the interior", "words": "asks <b>why</b>"}
    assert browser.post(f"{address}/steps", data=note).status_code == 303
    page = browser.get(address).text
    assert "Protested" in page
    assert "NV 9/26" in page
    assert "asks &lt;b&gt;why" in page
    done = typed(page, "/steps") | {"kind": "resolved", "words": "passes again"}
    assert browser.post(f"{address}/steps", data=done).status_code == 303
    assert "No case of this selection" in browser.get("/restrictions").text
    assert "NV 9/26" in browser.get("/restrictions?state=resolved").text


def test_the_slower_of_two_editors_sees_what_differs_and_decides(mission: Mission):
    address = f"/restrictions/cases/{case(mission, summary='first')['id']}/edit"
    slow, quick = mission.browser("duty_officer"), mission.browser("chief_joc")
    mine, theirs = typed(slow.get(address).text), typed(quick.get(address).text)
    assert quick.post(address, data=theirs | {"summary": "by the chief", "position": "contested"}).status_code == 303
    late = slow.post(address, data=mine | {"summary": "by the duty officer"})
    assert late.status_code == 409
    assert "by the duty officer" in late.text
    assert "by the chief" in late.text
    assert "Contested" in late.text or "contested" in late.text
    again = typed(late.text)
    assert again["summary"] == "by the duty officer"
    assert slow.post(address, data=again).status_code == 303
    assert "by the duty officer" in slow.get(address).text


def test_a_record_is_made_a_case_by_one_button(mission: Mission):
    record = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [30.045, 5.09]},
        "properties": {
            "kind": "control", "control": "denial", "user_class": "humanitarian", "imposed_by": "local_authority",
            "location": {"method": "gps"},
        },
    }  # fmt: skip
    report = {"id": str(uuid.uuid4()), "form": "restriction", "words": "stopped", "records": [record]}
    record_id = mission.program("reporter").post("/api/v1/reports", json=report).json["record_ids"][0]
    browser = mission.browser("duty_officer")
    link = f"/restrictions/new?record={record_id}"
    assert link in browser.get(f"/desk?record={record_id}").text
    fields = typed(browser.get(link).text)
    assert (fields["actor"], fields["category"], fields["record_id"]) == (
        "local_authority", "denial_of_movement", record_id,
    )  # fmt: skip
    assert browser.post("/restrictions/new", data=fields).status_code == 303
    assert "A case names this record already" in browser.get(link).text
    program = mission.program("police")
    proposed = program.get("/api/v1/restriction-case-proposals", query_string={"record_id": record_id}).json
    assert proposed["values"]["user_class"] == "humanitarian"
    body = {"id": str(uuid.uuid4()), "record_id": record_id, "members": {"actor": "community"}}
    made = program.post(f"{CASES}/from-record", json=body)
    assert (made.status_code, made.json["actor"], made.json["outcome"]) == (201, "community", "turned_back")


def test_a_clause_list_is_looked_at_then_published_and_named_by_a_case(mission: Mission):
    browser = mission.browser("chief_joc")
    form = typed(browser.get("/restrictions/clauses").text) | {"title": "Agreement", "note": "as signed"}
    text = "code;title;summary;secures\nSA 4;Roads;Moves freely.;movement by road\nSA 4;;x;y\n"
    bad = browser.post("/restrictions/clauses", data=form | {"text": text, "do": "check"})
    assert bad.status_code == 422
    assert "clauses[2].title" in bad.text
    good = form | {"text": text.rsplit("SA 4;;", 1)[0]}
    looked = browser.post("/restrictions/clauses", data=good | {"do": "check"})
    assert looked.status_code == 200
    assert "New: SA 4" in looked.text
    assert "No clause list is published yet" in looked.text
    assert browser.post("/restrictions/clauses", data=good | {"do": "publish"}).status_code == 303
    assert "Moves freely." in browser.get("/restrictions/clauses").text
    stale = browser.post("/restrictions/clauses", data=good | {"do": "publish"})
    assert stale.status_code == 409
    duty = mission.browser("duty_officer")
    assert "Bring in" not in duty.get("/restrictions/clauses").text
    fields = typed(duty.get("/restrictions/new").text)
    fields |= {"category": "delay", "actor": "host_police", "clause": "1:SA 4"}
    address = duty.post("/restrictions/new", data=fields).headers["Location"]
    assert "movement by road" in duty.get(address).text
    with_file = form | {"base": "1", "do": "check", "file": (io.BytesIO(b"code,title\nA,B,C\n"), "list.csv")}
    refused = browser.post("/restrictions/clauses", data=with_file, content_type="multipart/form-data")
    assert refused.status_code == 422
    assert "line 2: 3 cells" in refused.text


def test_a_party_has_a_page_and_what_it_promised_is_settled_there(mission: Mission):
    case(mission)
    browser = mission.browser("duty_officer")
    assert "1 restrictions on 1 movements" in browser.get("/parties").text
    page = browser.get("/parties/host_police").text
    promise = typed(page) | {"promised": "No fees", "promised_by": "Ministry"}
    assert browser.post("/parties/host_police/commitments", data=promise).status_code == 422
    promise["promised_at"] = "2026-03-01T00:00"
    assert browser.post("/parties/host_police/commitments", data=promise).status_code == 303
    (row,) = mission.program("duty_officer").get("/api/v1/commitments").json["rows"]
    settle = {"version": "1", "outcome": "broken"}
    address = f"/parties/host_police/commitments/{row['id']}"
    browser.post(address, data=settle)
    assert "expected why, in words" in browser.get("/parties/host_police").text
    browser.post(address, data=settle | {"reason": "asked again"})
    assert "asked again" in browser.get("/parties/host_police").text
    browser.post(address, data=settle | {"reason": "late"})
    assert "changed this commitment meanwhile" in browser.get("/parties/host_police").text
    assert browser.get("/parties/nature").status_code == 404


def test_a_viewer_without_clearance_sees_no_trace_on_any_page(mission: Mission):
    hidden = case(mission, "chief_joc", classification="strictly_confidential", clause="HIDDEN-1", admin_unit="hid")
    viewer = mission.browser("police")
    addresses = (
        "/restrictions?state=all", "/restrictions/standing", "/parties", "/parties/host_police",
        "/restrictions/monthly?month=2026-03", "/restrictions/monthly.csv?month=2026-03",
        "/restrictions/monthly.csv?month=2026-03&part=cases",
    )  # fmt: skip

    def seen() -> list[str]:
        # what differs by itself: tokens of forms, new ids, and the microsecond of a clock that stands still
        own = re.compile(r"(value|content)=\"[^\"]{36,}\"|(\.|%3A)?\d*\.000\d{3}Z|:00Z")
        return [own.sub("", viewer.get(address).text) for address in addresses]

    before = seen()
    for text in before:
        assert "HIDDEN-1" not in text
        assert hidden["id"] not in text
    assert viewer.get(f"/restrictions/cases/{hidden['id']}").status_code == 404
    assert "0 of 0 cases" in viewer.get("/restrictions?state=all").text
    case(mission, "chief_joc", classification="strictly_confidential", admin_unit="hid")
    assert seen() == before
    assert "1 of 1 case" not in before[0]


@pytest.mark.parametrize("part", ["parties", "cases"])
def test_the_month_is_downloaded_as_a_sheet(mission: Mission, part: str):
    case(mission, clause="=HYPERLINK(1)")
    answer = mission.browser("leadership").get(f"/restrictions/monthly.csv?month=2026-03&part={part}")
    assert answer.mimetype == "text/csv"
    assert f"restrictions-2026-03-{part}.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert all(len(row) == len(rows[0]) for row in rows)
    if part == "cases":
        assert rows[1][rows[0].index("clause")] == "'=HYPERLINK(1)"
    else:
        assert rows[-1][2:5] == ["all", "1", "1"]


def test_the_month_page_says_how_it_was_counted_and_refuses_what_is_no_month(mission: Mission):
    case(mission)
    browser = mission.browser("leadership")
    page = browser.get("/restrictions/monthly?month=2026-03").text
    assert "The month was not over then." in page
    assert "How it was counted" in page
    for query in (
        "month=2027-01",
        "month=soon",
        "month=2026-03&known_at=x",
        "month=2026-03&known_at=2027-01-01T00:00Z",
    ):
        assert browser.get(f"/restrictions/monthly?{query}").status_code == 422
    assert browser.get("/restrictions/monthly.csv?part=all").status_code == 422
    assert browser.get("/restrictions?state=lost").status_code == 422
    assert browser.get("/parties?user_class=ghost").status_code == 422


# endpoints


def test_steps_over_the_api_say_how_far_a_case_has_come(mission: Mission):
    row = case(mission)
    program = mission.program("duty_officer")
    mission.clock.advance(1)
    step = {"id": str(uuid.uuid4()), "kind": "protest_sent", "reference": "NV 1", "addressee": "ministry"}
    made = program.post(f"{CASES}/{row['id']}/steps", json=step)
    assert (made.status_code, made.json["state"]) == (201, "protested")
    assert program.post(f"{CASES}/{row['id']}/steps", json=step).json == made.json
    assert program.post(f"{CASES}/{row['id']}/steps", json=step | {"words": "x"}).status_code == 409
    bad = program.post(f"{CASES}/{row['id']}/steps", json={"id": "x", "kind": "meeting", "at": "2027-01-01T00:00:00Z"})
    assert bad.status_code == 422
    assert {error["field"] for error in bad.json["errors"]} == {"words", "at"}
    later = format_instant(START + 20 * 24 * 3_600_000_000)
    told = program.get(f"{CASES}/{row['id']}/progress", query_string={"at": later}).json
    assert (told["state"], told["is_overdue"], told["dues"][0]["what"]) == ("protested", True, "reply")
    assert program.get(f"{CASES}/none/progress").status_code == 404


def test_clause_lists_parties_and_months_over_the_api(mission: Mission):
    chief = mission.program("chief_joc")
    assert chief.post("/api/v1/clause-lists", json=LIST).json["version"] == 1
    assert chief.post("/api/v1/clause-lists", json=LIST).status_code == 409
    assert chief.get("/api/v1/clause-lists/1").json["clauses"][0]["code"] == "SA 4"
    assert chief.get("/api/v1/clause-lists/2").status_code == 404
    refused = chief.post("/api/v1/clause-lists", json=LIST | {"base": 1, "clauses": [{"code": 3}]})
    assert refused.json["errors"][0]["field"] == "clauses[1].code"
    case(mission, clause="SA 4", clause_version=1)
    reader = mission.program("civil_affairs")
    party = reader.get("/api/v1/parties/host_police").json
    assert party["rate"] == {
        "events": 1, "movements": 1, "per_100": 100.0, "interval": party["rate"]["interval"],
    }  # fmt: skip
    assert len(reader.get("/api/v1/parties").json["parties"]) == 8
    assert reader.get("/api/v1/parties/nature").status_code == 404
    month = reader.get("/api/v1/restrictions/monthly", query_string={"month": "2026-03"}).json
    assert month["total"]["rate"]["events"] == 1
    assert reader.get("/api/v1/standing-restrictions").json == {"standing": []}


# what stands around cases


def test_a_contact_is_entered_confirmed_and_named_on_the_case_it_fits(mission: Mission):
    browser = mission.browser("police")
    fields = typed(browser.get("/restrictions/contacts/new").text)
    wrong = browser.post("/restrictions/contacts/new", data=fields | {"office": "Post <7>", "position": "nowhere"})
    assert wrong.status_code == 422
    assert "Post &lt;7&gt;" in wrong.text
    fields |= {"actor": "host_police", "office": "Post <7>", "channel": "Net 4", "position": ""}
    assert browser.post("/restrictions/contacts/new", data=fields).status_code == 303
    page = browser.get("/restrictions/contacts").text
    assert "never reached" in page
    where, version = re.search(
        r'action="(/restrictions/contacts/[^"]+/edit)".*?name="version" value="(\d+)"', page
    ).groups()
    assert browser.post(where, data={"version": version, "do": "reached"}).status_code == 303
    assert "never reached" not in browser.get("/restrictions/contacts").text
    stale = browser.post(where, data={"version": version, "do": "reached"})
    assert (stale.status_code, "changed it meanwhile" in stale.text) == (409, True)
    address = f"/restrictions/cases/{case(mission)['id']}"
    assert "Post &lt;7&gt;" in browser.get(address).text
    assert (
        "Post" not in browser.get("/restrictions/contacts?party=community").text.split("<tbody>")[-1].split("</tr>")[0]
    )
    assert browser.get("/restrictions/contacts?party=nobody").status_code == 422
    assert browser.post(where, data={"version": "2", "do": "end"}).status_code == 303
    assert "Post &lt;7&gt;" not in browser.get(address).text


def test_a_date_stands_in_the_calendar_beside_the_cases_and_on_the_week(mission: Mission):
    browser = mission.browser("duty_officer")
    day = format_instant(mission.clock())[:10]
    fields = typed(browser.get("/restrictions/calendar/new").text)
    assert browser.post("/restrictions/calendar/new", data=fields | {"name": "Vote"}).status_code == 422
    fields |= {"name": "Vote", "kind": "election", "starts_at": f"{day}T00:00", "expected": "posts <more>"}
    assert browser.post("/restrictions/calendar/new", data=fields).status_code == 303
    for address in (f"/restrictions/calendar?year={day[:4]}", "/restrictions", "/movements/week"):
        page = browser.get(address).text
        assert "Vote" in page, address
    assert "Vote" not in mission.browser("partner").get("/movements/week").text
    assert browser.get("/restrictions/calendar?year=soon").status_code == 422


def test_a_paper_is_kept_from_the_page_and_goes_out_only_as_a_download(mission: Mission):
    browser, address = mission.browser("duty_officer"), f"/restrictions/cases/{case(mission)['id']}"
    fields = {"id": str(uuid.uuid4()), "title": "NV <9>"}

    def send(data: bytes, name: str) -> Any:
        file = {"file": (io.BytesIO(data), name)}
        return browser.post(f"{address}/papers", data=fields | file, content_type="multipart/form-data")

    refused = send(b"MZ no paper", "note.pdf")
    assert (refused.status_code, "a photo (JPEG, PNG, WebP) or a PDF" in refused.text) == (422, True)
    assert "NV &lt;9&gt;" in refused.text
    assert browser.post(f"{address}/papers", data=fields).status_code == 422
    pdf = b"%PDF-1.4\n<<>>\n%%EOF"
    assert send(pdf, "../../note.pdf").status_code == 303
    link = re.search(r'href="(/restrictions/papers/[^"]+)"', browser.get(address).text)[1]
    got = browser.get(link)
    assert (got.data, got.mimetype) == (pdf, "application/pdf")
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert mission.browser("leadership").get(link).status_code == 403
    assert mission.browser("reporter").get(link).status_code == 403
    assert browser.post(f"{link}/withdraw", data={"why": "wrong case"}).status_code == 303
    assert browser.get(link).status_code == 404
    assert "withdrawn" in browser.get(address).text


def test_a_program_keeps_lists_opens_and_withdraws_a_paper_of_its_case_only(mission: Mission):
    officer, id = mission.program("duty_officer"), str(uuid.uuid4())
    address, pdf = f"{CASES}/{case(mission)['id']}/papers", b"%PDF-1.4\n<<>>\n%%EOF"

    def send(data: bytes = pdf, **fields: str) -> Any:
        form = {"id": id, "title": "2026", "file": (io.BytesIO(data), "note.pdf")} | fields
        return officer.post(address, data=form, content_type="multipart/form-data")

    kept = send()
    assert (kept.status_code, kept.json["title"], kept.json["kind"]) == (201, "2026", "pdf")
    assert send(id=id.upper()).json == kept.json
    assert send(pdf + b"\n").status_code == 409
    for fields, field in (
        ({"title": " "}, "title"), ({"step_id": "theirs"}, "step_id"), ({"file": "a text"}, "file"),
        ({"note": "x"}, "note"), ({"id": "1"}, "id"),
    ):  # fmt: skip
        refused = send(**({"id": str(uuid.uuid4())} | fields))
        assert (refused.status_code, [e["field"] for e in refused.json["errors"]]) == (422, [field]), refused.json
    refused = send(b"MZ no paper", id=str(uuid.uuid4()))
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "file")
    (listed,) = mission.program("leadership").get(address).json["papers"]
    assert listed == kept.json | {"may_open": False}
    got = officer.get(f"{address}/{id}")
    assert (got.data, got.mimetype) == (pdf, "application/pdf")
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["Cache-Control"] == "private, no-store"
    assert mission.program("leadership").get(f"{address}/{id}").status_code == 403
    lines = mission.program("auditor").get("/api/v1/audit?limit=1000").json["lines"]
    looks = [line["subject_id"] for line in lines if line["action"] == "view_case_paper"]
    assert looks == [id]
    other = f"{CASES}/{case(mission)['id']}/papers/{id}"
    assert officer.get(other).status_code == 404
    assert officer.post(f"{other}/withdraw", json={"why": "wrong case"}).status_code == 404
    assert officer.post(f"{address}/{id}/withdraw", json={"why": " "}).status_code == 422
    gone = officer.post(f"{address}/{id}/withdraw", json={"why": "wrong case"})
    assert (gone.status_code, gone.json["withdrawn_why"]) == (200, "wrong case")
    assert officer.get(f"{address}/{id}").status_code == 404
    assert officer.get(address).json["papers"][0]["withdrawn_why"] == "wrong case"


def test_the_list_goes_on_over_pages_and_every_case_is_on_one_of_them(
    mission: Mission, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("fom.web.pages.restrictions.PAGE", 3)
    ids = {case(mission)["id"] for _ in range(7)}
    browser, seen = mission.browser("duty_officer"), []
    for page in (1, 2, 3):
        text = browser.get(f"/restrictions?page={page}").text
        seen += re.findall(r'<td class="nowrap"><a href="/restrictions/cases/([^"]+)"', text)
        assert f"Page {page} of 3, 7 cases" in text
    assert (len(seen), set(seen)) == (7, ids)
    assert browser.get("/restrictions?page=4").status_code == 404
    assert browser.get("/restrictions?page=0").status_code == 422


def test_follow_ups_and_holders_are_pages_and_answers(mission: Mission):
    browser, program = mission.browser("duty_officer"), mission.program("duty_officer")
    assert "No reply, follow-up or commitment waits" in browser.get("/restrictions/due").text
    address = f"/restrictions/cases/{case(mission)['id']}"
    mission.clock.advance(0.3)
    note = typed(browser.get(address).text, "/steps") | {
        "id": str(uuid.uuid4()), "kind": "protest_sent", "reference": "NV 9/26", "addressee": "Ministry",
    }  # fmt: skip
    assert browser.post(f"{address}/steps", data=note).status_code == 303
    assert "Reply to NV 9/26" in browser.get("/restrictions/due").text
    (waiting,) = program.get("/api/v1/restriction-follow-ups").json["waiting"]
    assert (waiting["what"], waiting["reference"], waiting["is_overdue"]) == ("reply", "NV 9/26", False)
    assert "Not known" in browser.get("/restrictions/holders").text
    assert set(program.get("/api/v1/road-holders").json["total"]["metres"]) >= {"state", "unknown", "contested"}


def test_the_consent_layer_is_for_those_who_read_cases(mission: Mission):
    address = "/api/v1/layers/consent"
    assert mission.program("duty_officer").get(address).json["features"] is not None
    assert mission.program("reporter").get(address).status_code == 403
    assert 'data-layer="consent"' in mission.browser("duty_officer").get("/").text
    assert 'data-layer="consent"' not in mission.browser("reporter").get("/").text
