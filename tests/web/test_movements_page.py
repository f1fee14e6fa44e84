"""The pages of movements: plan from the planner's question, board and week, clearances, close-out; without scripts."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from fom.services.alerts.keeper import AlertKeeper
from fom.services.auditing import list_audit
from fom.services.movement_watch import MovementWatch
from tests.services.people import AUDITOR
from tests.web.conftest import Mission
from tests.web.mission import PLACES
from tests.web.test_plans import NEAR_A, everything_passed
from tests.web.test_reports import log, new_id

C = "{}, {}".format(*PLACES["C"])
FROM = f"{NEAR_A[0]}, {NEAR_A[1]}"


def fields(page: str) -> dict[str, str]:
    """The values that a browser would send of a form without touching it."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name = re.search(r' name="([^"]*)"', tag)
        if name is None or ('type="radio"' in tag and " checked" not in tag):
            continue
        if 'type="checkbox"' in tag and " checked" not in tag:
            continue
        value = re.search(r' value="([^"]*)"', tag)
        found[name[1]] = html.unescape(value[1]) if value else ""
    return found


def filled(**changed: str) -> dict[str, str]:
    return {
        "purpose": "convoy", "user_class": "mission_military", "unit": "unit of reporter", "from": FROM, "to": C,
        "planned_start": "2026-03-10T13:00", "count_light4x4": "2", **changed,
    }  # fmt: skip


def make(mission: Mission, role: str = "movement_control", **changed: str) -> str:
    """Plan a movement as a person would: find the ways, then save; return its address."""
    browser = mission.browser(role)
    form = filled(**changed)
    page = browser.post("/movements/new", data={**form, "do": "plan"})
    assert page.status_code == 200, page.get_data(as_text=True)
    known = fields(page.get_data(as_text=True))
    answer = browser.post("/movements/new", data={**known, **form, "do": "save"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


def text_of(mission: Mission, role: str, path: str) -> str:
    return html.unescape(mission.browser(role).get(path).get_data(as_text=True))


def test_the_planners_question_becomes_a_movement_that_the_board_watches(mission: Mission):
    everything_passed(mission)
    planner = text_of(mission, "movement_control", f"/planner?from={FROM}&to={C}&profile=P3")
    link = re.search(r'href="(/movements/new[^"]*)"', planner)
    assert link is not None
    assert "Best" in text_of(mission, "movement_control", link[1])
    assert "Make this a movement" not in text_of(mission, "reporter", f"/planner?from={FROM}&to={C}")
    address = make(mission)
    board = text_of(mission, "movement_control", "/movements")
    assert "Open</b> on arrival" in board
    assert f"{FROM} → {C}" in board
    log(mission)
    board = text_of(mission, "movement_control", "/movements")
    assert "restricted when reached at 13" in board
    assert "alternate 1 keeps open" in board
    page = text_of(mission, "movement_control", address)
    assert "Stretches worse than open when reached" in page
    assert 'id="map-settings"' in page


def test_what_was_told_stands_on_the_board_until_it_is_acknowledged(mission: Mission):
    everything_passed(mission)
    address = make(mission)
    watch = MovementWatch(mission.database, lambda: mission.host)
    watch.look()
    log(mission)
    assert watch.look() == 1
    board = text_of(mission, "movement_control", "/movements")
    assert "turned restricted 1200Z (was open)" in board
    where = re.search(r'action="(/movements/[^"]+/advice/\d+)"', board)
    assert where is not None
    assert mission.browser("engineer").post(where[1]).status_code == 303
    assert "turned restricted" in text_of(mission, "movement_control", "/movements"), "it is not the engineer's"
    assert mission.browser("reporter").post(where[1], data={"back": "board"}).status_code == 303
    assert "turned restricted" not in text_of(mission, "movement_control", "/movements")
    page = text_of(mission, "movement_control", address)
    assert "turned restricted 1200Z" in page
    assert "by reporter@demo.example" in page


def test_a_changed_question_is_planned_again_before_it_is_saved(mission: Mission):
    everything_passed(mission)
    browser, form = mission.browser("movement_control"), filled()
    known = fields(browser.post("/movements/new", data={**form, "do": "plan"}).get_data(as_text=True))
    moved = {**known, **form, "planned_start": "2026-03-10T15:00", "do": "save"}
    answer = browser.post("/movements/new", data=moved)
    assert answer.status_code == 200
    assert "the ways were found again" in answer.get_data(as_text=True)


def test_bad_fields_are_told_beside_them_and_what_was_typed_stays(mission: Mission):
    bad = filled(count_light4x4="many", planned_start="soon", to="Nowhere", profile="P99", do="save")
    answer = mission.browser("movement_control").post("/movements/new", data=bad)
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    for words in ("'many': expected a whole number", "soon: expected a date and time", "'Nowhere': expected a place",
                  "P99; expected one of P1, P2"):  # fmt: skip
        assert words in page
    assert 'value="many"' in page


def test_clearances_are_asked_and_answered_on_the_page(mission: Mission):
    everything_passed(mission)
    address = make(mission, control_level="dispatch")
    browser = mission.browser("movement_control")
    form = fields(browser.get(address).get_data(as_text=True))
    assert browser.post(f"{address}/clearances", data={"id": form["id"], "asked_of": ""}).status_code == 422
    asked = {"id": form["id"], "asked_of": "Army HQ", "party": "host_armed_forces"}
    assert browser.post(f"{address}/clearances", data=asked).status_code == 303
    page = text_of(mission, "movement_control", address)
    assert "no answer yet" in page
    where = re.search(rf'action="({address}/clearances/[^"]+)"', page)
    assert where is not None
    said = {"version": "1", "answer": "given", "conditions": "by daylight"}
    assert browser.post(where[1], data=said).status_code == 303
    assert browser.post(where[1], data=said).status_code == 409
    page = text_of(mission, "movement_control", address)
    assert "by daylight" in page
    assert "Cleared" in page


def test_its_unit_closes_it_in_two_steps_and_the_second_closer_is_shown_what_differs(mission: Mission):
    everything_passed(mission)
    address = make(mission)
    mission.clock.advance(3)
    patrol, control = mission.browser("reporter"), mission.browser("movement_control")
    first, second = (fields(b.get(f"{address}/close").get_data(as_text=True)) for b in (patrol, control))
    assert first["actual_end"] == "2026-03-10T15:00"
    assert patrol.post(f"{address}/close", data={**first, "outcome": "vanished"}).status_code == 422
    assert patrol.post(f"{address}/close", data={**first, "outcome": "proceeded"}).status_code == 303
    answer = control.post(f"{address}/close", data={**second, "outcome": "turned_back"})
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 409
    assert "was closed meanwhile" in page
    assert re.search(r"outcome</th><td>turned_back</td><td>proceeded", page)
    page = text_of(mission, "movement_control", address)
    assert "recorded, waits for a grade" in page
    board = text_of(mission, "movement_control", "/movements")
    assert "1 + 0 late of 1" in board


def test_what_was_turned_back_leads_to_the_restriction_report_filled_in(mission: Mission):
    everything_passed(mission)
    address = make(mission)
    mission.clock.advance(2)
    browser = mission.browser("movement_control")
    form = fields(browser.get(f"{address}/close").get_data(as_text=True))
    said = {**form, "outcome": "turned_back", "stop_km": "4", "party": "host_police"}
    assert browser.post(f"{address}/close", data=said).status_code == 303
    link = re.search(r'href="(/report/restriction[^"]*)"', text_of(mission, "movement_control", address))
    assert link is not None
    report = text_of(mission, "movement_control", link[1])
    assert 'value="denial_of_movement" checked' in report
    assert 'value="turned_back" checked' in report
    assert 'host_police" selected' in report
    assert re.search(r'name="position"[^>]*value="30.0\d+, 5.\d+"', report)


def test_who_may_not_see_a_movement_finds_none(mission: Mission):
    everything_passed(mission)
    address = make(mission, unit="BN9")
    assert mission.browser("reporter").get(address).status_code == 404
    assert mission.browser("partner").get(address).status_code == 404
    assert mission.browser("engineer").get(address).status_code == 200
    assert mission.browser("engineer").get(f"{address}/close").status_code == 403
    assert mission.browser("reporter").get("/movements").status_code == 200
    shared = make(mission, classification="unclassified")
    assert mission.browser("partner").get(shared).status_code == 200
    assert "Freedom-of-movement index" in text_of(mission, "engineer", "/movements")
    assert "Freedom-of-movement index" not in text_of(mission, "partner", "/movements")


def test_a_partner_notifies_a_delivery_and_only_that(mission: Mission):
    everything_passed(mission)
    form = {"purpose": "humanitarian", "user_class": "humanitarian", "unit": "Relief", "planned_t": "12"}
    address = make(mission, "partner", **form)
    assert mission.browser("partner").get(address).status_code == 200
    assert "12 planned" in text_of(mission, "partner", address)
    browser = mission.browser("partner")
    bad = filled()
    known = fields(browser.post("/movements/new", data={**bad, "do": "plan"}).get_data(as_text=True))
    answer = browser.post("/movements/new", data={**known, **bad, "do": "save"})
    assert answer.status_code == 422
    assert "partners notify their own" in html.unescape(answer.get_data(as_text=True))


def test_the_pattern_stands_on_no_page_of_those_who_may_not_see_it(mission: Mission):
    everything_passed(mission)
    for _ in range(5):
        address = make(mission)
        browser = mission.browser("movement_control")
        assert browser.post(f"{address}/depart", data={"version": "1"}).status_code == 303
    for role in ("movement_control", "duty_officer", "jmac", "reporter", "partner", "leadership"):
        assert "Pattern" not in text_of(mission, role, "/movements"), role
        assert mission.browser(role).get("/movements/pattern").status_code == 403, role
    board = text_of(mission, "chief_joc", "/movements")
    assert 'href="/movements/pattern"' in board
    assert "vary them" not in board, "a board that stands open tells nobody"
    page = mission.browser("chief_joc").get("/movements/pattern")
    assert page.headers["Cache-Control"] == "no-store"
    assert "vary them" in page.text
    assert [line["actor"] for line in pattern_looks(mission)] == ["chief_joc@demo.example"]
    start = f"/movements/new?from={FROM}&to={C}&unit=unit of reporter&count_light4x4=1"
    proposed = mission.browser("chief_joc").get(start)
    assert "Pattern with this movement" in proposed.text
    assert proposed.headers["Cache-Control"] == "no-store"
    assert len(pattern_looks(mission)) == 2
    assert "Pattern" not in text_of(mission, "duty_officer", start)


def pattern_looks(mission: Mission) -> list[dict[str, Any]]:
    with mission.database.reading() as session:
        return [line for line in list_audit(session, actor=AUDITOR) if line["action"] == "read_pattern"]


def test_no_answer_of_the_api_no_layer_and_no_export_tells_a_pattern(mission: Mission):
    everything_passed(mission)
    for _ in range(5):
        mission.browser("movement_control").post(f"{make(mission)}/depart", data={"version": "1"})
    browser = mission.browser("chief_joc")
    rules = [rule.rule for rule in mission.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    asked = [rule for rule in rules if rule.startswith("/api/v1/movement") and "<" not in rule]
    assert "/api/v1/movement-board" in asked
    for path in [*asked, "/api/v1/layers/movements", "/api/v1/movements"]:
        text = browser.get(path).get_data(as_text=True).lower()
        assert not {"entropy", "evenness", "alike"} & set(re.findall(r"[a-z]+", text)), path


def test_a_unit_says_where_it_is_and_the_board_and_the_map_tell_it_with_its_age(mission: Mission):
    everything_passed(mission)
    address = make(mission)
    control, patrol = mission.browser("movement_control"), mission.browser("reporter")
    assert control.post(f"{address}/depart", data={"version": "1"}).status_code == 303
    page = text_of(mission, "reporter", address)
    assert "Nobody has seen it since it left" in page
    assert "data-check-in" in page
    sent = {"id": new_id(), "km": "3,5"}
    assert patrol.post(f"{address}/check-ins", data=sent).status_code == 303
    page = text_of(mission, "reporter", address)
    assert "Seen 101200Z MAR 26" in page
    assert "by check-in" in page
    mission.clock.advance(0.25)
    assert "seen 15 min ago" in text_of(mission, "movement_control", "/movements")
    (point,) = points_of(patrol)
    assert point["properties"]["symbol"] == "mov"
    assert point["properties"]["at"].startswith("2026-03-10T12:00:00")
    assert points_of(mission.browser("partner")) == []
    for said, words in (({"km": "4000"}, "km"), ({"position": "Nowhere"}, "position"), ({}, "lon")):
        answer = patrol.post(f"{address}/check-ins", data={"id": new_id(), **said})
        assert answer.status_code == 422, said
        assert f"{words}:" in answer.text, said
    assert mission.browser("engineer").post(f"{address}/check-ins", data={"id": new_id(), "km": "3"}).status_code == 303
    assert len(points_of(control)) == 1
    assert "check-in," in text_of(mission, "reporter", address).replace("check-ins,", ""), "the engineer's was refused"


def points_of(browser: Any) -> list[dict[str, Any]]:
    features = browser.get("/api/v1/layers/movements").get_json()["features"]
    return [feature for feature in features if feature["properties"]["part"] == "point"]


def test_the_api_takes_check_ins_and_shows_what_is_known_of_a_place(mission: Mission):
    everything_passed(mission)
    address = make(mission)
    movement_id = address.rsplit("/", 1)[-1]
    browser, path = mission.browser("movement_control"), f"/api/v1/movement-plans/{movement_id}"
    early = browser.post(f"{path}/check-ins", json={"id": new_id(), "km": 1})
    assert (early.status_code, early.get_json()["errors"][0]["field"]) == (422, "movement")
    assert browser.post(f"{path}/departure", json={"version": 1}).status_code == 200
    body = {"id": new_id(), "km": 1}
    kept = browser.post(f"{path}/check-ins", json=body)
    assert kept.status_code == 201, kept.text
    assert browser.post(f"{path}/check-ins", json=body).get_json() == kept.get_json()
    outlook = browser.get(path).get_json()["outlook"]
    assert (outlook["position_by"], outlook["seen"]["at"][:19]) == ("check_in", "2026-03-10T12:00:00")
    assert outlook["not_recorded"]["vehicle"].startswith("P3: class 4")
    bad = browser.post(f"{path}/check-ins", json={"id": new_id(), "km": -1})
    assert bad.status_code == 422


def test_the_week_shows_the_day_and_bad_dates_are_told(mission: Mission):
    everything_passed(mission)
    make(mission)
    page = text_of(mission, "movement_control", "/movements/week")
    assert "1300Z" in page
    assert "No movement that this account may see" in text_of(
        mission, "movement_control", "/movements/week?from=2026-05-01"
    )
    for text in ("today", "9999-12-31", "0001-01-01", "2026-13-45"):
        answer = mission.browser("movement_control").get(f"/movements/week?from={text}")
        assert answer.status_code == 422, text
        assert f"{text}: expected a date" in answer.text


@pytest.mark.parametrize("path", ["/movements/{}", "/movements/{}/close", "/movements/{}/edit"])
def test_what_is_not_there_is_not_found(mission: Mission, path: str):
    answer: Any = mission.browser("chief_joc").get(path.format(new_id()))
    assert answer.status_code == 404


def test_advice_is_subscribed_to_on_the_movement_and_acknowledged_once_in_the_list_of_alerts(mission: Mission):
    everything_passed(mission)
    address = make(mission)
    watch, parts = MovementWatch(mission.database, lambda: mission.host), mission.app.extensions["fom"]
    shown = mission.app.extensions["fom.shown"]
    keeper = AlertKeeper(parts.config, mission.database, lambda: mission.host, shown, clock=mission.clock)
    keeper.step()
    watch.look()
    browser = mission.browser("movement_control")
    link = re.search(r'href="(/alerts/subscriptions/new[^"]*)"', text_of(mission, "movement_control", address))
    form = browser.get(link[1]).get_data(as_text=True)
    known = fields(form)
    movement = address.rsplit("/", 1)[-1]
    assert f'value="{movement}" checked' in form
    assert 'value="none" checked' in form
    wanted = {**known, "title": "my convoy", "profile": "P3", "user_class": "mission_military"}
    target = re.search(r'action="(/alerts/subscriptions/[^"/]+)"', form)[1]
    assert browser.post(target, data=wanted).status_code == 303
    mission.clock.advance(0.1)
    log(mission)
    mission.host.follow()
    watch.look()
    keeper.step()
    inbox = text_of(mission, "movement_control", "/alerts")
    assert "Advice to a movement · explosive" in inbox
    assert f'href="{address}">See the movement' in inbox
    assert re.search(r'Advice to\s+<span class="plate">', inbox)
    alert = re.search(r'name="alert" value="([^"]+)"', inbox)[1]
    assert browser.post("/alerts/acknowledge", data={"alert": alert}).status_code == 303
    assert "acknowledged" in text_of(mission, "movement_control", address)
    told = text_of(mission, "movement_control", "/alerts?show=all")
    assert "Acknowledged for the movement by movement_control@demo.example" in told
