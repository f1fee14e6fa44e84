"""Parameters over HTTP and on pages: read by all, suggested and published by two, what is wrong beside its field."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.web.conftest import Mission
from tests.web.test_plans import everything_passed
from tests.web.test_registers import key_route
from tests.web.test_reports import new_id, state_of

POLICIES, DRAFTS = "/api/v1/policies", "/api/v1/policies/drafts"
SHORT = {"verification_h.low": 1, "verification_h.medium": 1, "verification_h.high": 1}


def body(values: dict[str, Any], base: int = 0, **rest: Any) -> dict[str, Any]:
    changes = [{"parameter": name, "value": value, "reason": "a trial"} for name, value in values.items()]
    return {"id": new_id(), "base": base, "reason": "a trial", "changes": changes, **rest}


def drafted(mission: Mission, values: dict[str, Any]) -> str:
    mission.clock.advance(3)
    answer = mission.program("chief_joc").post(DRAFTS, json=body(values))
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def test_from_a_draft_to_moved_states(mission: Mission):
    everything_passed(mission)
    mission.program("duty_officer").post("/api/v1/routes", json=key_route())
    draft = drafted(mission, SHORT)
    page = mission.program("leadership").get(f"{DRAFTS}/{draft}/preview?limit=2").json
    assert (page["count"], page["worse"]["segments"], page["better"]["segments"], page["next"]) == (7, 7, 0, 2)
    assert [(row["old"], row["new"]) for row in page["segments"]] == [("OO", "??"), ("OO", "??")]
    assert [(r["code"], r["old"], r["new"]) for r in page["routes"]] == [("MSR HERON", "O", "?")]
    arcs = mission.program("leadership").get(f"{DRAFTS}/{draft}/preview/arcs")
    assert np.frombuffer(arcs.data, np.uint8).tolist() == [2] * 14
    assert state_of(mission, "a-b") == "GREEN"
    assert mission.program("chief_joc").post(f"{DRAFTS}/{draft}/propose", json={}).json["status"] == "waiting"
    assert mission.program("chief_joc").post(f"{DRAFTS}/{draft}/confirm", json={}).status_code == 403
    published = mission.program("leadership").post(f"{DRAFTS}/{draft}/confirm", json={}).json
    assert state_of(mission, "a-b") == "GREY"
    listed = mission.program("reporter").get(POLICIES).json
    assert listed["in_force"] == published["number"]
    assert listed["policies"][0]["seen"]["confirmed"]["worse"]["segments"] == 7
    whole = mission.program("partner").get(f"{POLICIES}/{published['number']}").json
    rows = {row["parameter"]: row for section in whole["sections"] for row in section["parameters"]}
    assert rows["verification_h.low"] | {"meaning": ""} == {
        "parameter": "verification_h.low", "value": 1, "unit": "h", "default": 168, "low": 1, "high": 2160,
        "meaning": "", "source": "doctrine 3.1 (J)", "reason": "a trial", "is_changed": True,
    }  # fmt: skip
    assert mission.program("partner").get(f"{POLICIES}/99").status_code == 404


def test_bad_drafts_are_refused_with_every_field(mission: Mission):
    sent = body({"risk_red": 0.1, "risk_rde": 1, "gps_m": "far"})
    answer = mission.program("chief_joc").post(DRAFTS, json=sent)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json["errors"]} >= {"risk_rde", "gps_m"}
    stale = mission.program("chief_joc").post(DRAFTS, json=body({"risk_red": 0.7}, base=4))
    assert (stale.status_code, stale.json["details"]) == (409, {"current": 0})
    assert mission.program("chief_joc").get(DRAFTS).json == {"drafts": []}


def fields_of(page: str) -> dict[str, str]:
    form = page[page.index("data-policy-form") :]
    return dict(re.findall(r'<input [^>]*name="([^"]+)"[^>]*?value="([^"]*)"', form))


def submit(client: FlaskClient, page: str, **typed: str) -> Any:
    return client.post("/policy/edit", data={**fields_of(page), **typed}, headers={"Accept": "text/html"})


def test_the_form_works_without_scripts_and_keeps_what_was_typed(mission: Mission):
    everything_passed(mission)
    mission.clock.advance(3)
    client = mission.browser("chief_joc")
    form = client.get("/policy/edit", headers={"Accept": "text/html"}).text
    wrong = submit(client, form, **{"reason": "wet season", "risk_red": "0.1", "toll_h": "forty", "gps_m": "20"})
    assert wrong.status_code == 422
    typed = fields_of(wrong.text)
    assert (typed["reason"], typed["risk_red"], typed["toll_h"]) == ("wet season", "0.1", "forty")
    for field in ("toll_h", "gps_m.reason"):
        assert f'<p class="error" id="{field}-error">' in wrong.text
    made = submit(client, wrong.text, **{
        "risk_red": "0.6", "toll_h": "72", "gps_m": "15",
        **{f"verification_h.{level}": "1" for level in ("high", "medium", "low")},
        **{f"verification_h.{level}.reason": "trial" for level in ("high", "medium", "low")},
    })  # fmt: skip
    assert made.status_code == 303, made.text
    there = made.headers["Location"]
    shown = client.get(there, headers={"Accept": "text/html"}).text
    assert "Would get worse: 7 segments" in shown
    assert client.post(f"{there}/propose").status_code == 303
    assert "you proposed it" in client.get(there, headers={"Accept": "text/html"}).text
    client.post(f"{there}/confirm")
    assert "somebody else must confirm" in client.get(there, headers={"Accept": "text/html"}).text
    lead = mission.browser("leadership")
    assert "waits for you" in lead.get("/policy", headers={"Accept": "text/html"}).text
    assert lead.post(f"{there}/confirm").headers["Location"] == "/policy"
    assert "Policy 1" in mission.browser("reporter").get("/policy", headers={"Accept": "text/html"}).text
    assert state_of(mission, "a-b") == "GREY"


def test_going_back_is_a_draft_of_its_own(mission: Mission):
    draft = drafted(mission, SHORT)
    mission.program("chief_joc").post(f"{DRAFTS}/{draft}/propose", json={})
    mission.program("leadership").post(f"{DRAFTS}/{draft}/confirm", json={})
    client = mission.browser("chief_joc")
    page = client.get("/policy", headers={"Accept": "text/html"}).text
    form = dict(re.findall(r'name="(id|base|copy_of)" value="([^"]*)"', page))
    made = client.post("/policy/edit", data={**form, "reason": "too harsh"})
    assert made.status_code == 303
    (waiting,) = mission.program("chief_joc").get(DRAFTS).json["drafts"]
    assert {c["after"] for c in waiting["changes"]} == {24, 72, 168}


@pytest.mark.parametrize("role", ["reporter", "duty_officer", "partner"])
def test_others_read_and_are_offered_no_form(mission: Mission, role: str):
    page = mission.browser(role).get("/policy", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Suggest other values" not in page.text
    assert "Drafts" not in page.text


def test_a_withdrawn_draft_has_no_preview(mission: Mission):
    draft = drafted(mission, SHORT)
    assert mission.program("leadership").post(f"{DRAFTS}/{draft}/withdraw", json={"reason": "no"}).status_code == 204
    page = mission.browser("chief_joc").get(f"/policy/drafts/{draft}", headers={"Accept": "text/html"}).text
    assert "withdrawn by" in page
    assert "What it would change now" not in page
