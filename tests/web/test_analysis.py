"""Analyses over HTTP and as pages: at hand or 202 with progress, one job for all who ask, and what each may see."""

from __future__ import annotations

import time
from typing import Any

import pytest

from fom.services.analyses.catalogue import Asked
from tests.web.conftest import Mission
from tests.web.test_closing import threat
from tests.web.test_plans import everything_passed
from tests.web.test_reach import add, site
from tests.web.test_reports import log

ANALYSIS = "/api/v1/analysis"
NAMES = ("isolation", "criticality", "clearance-priority", "tob-gain", "history")


def finished(mission: Mission, name: str, role: str = "duty_officer", **query: Any) -> Any:
    """Ask as a client should: follow `Location` until the answer is there."""
    client = mission.program(role)
    answer = client.get(f"{ANALYSIS}/{name}", query_string=query)
    for _ in range(600):
        if answer.status_code != 202:
            return answer
        assert answer.json["state"] in ("running", "waiting")
        time.sleep(0.1)
        answer = client.get(answer.headers["Location"])
    raise AssertionError("never done")


def settled(mission: Mission) -> None:
    everything_passed(mission)
    add(
        mission, site("Bee", "B", population=4000, classification="unclassified"), site("Hidden camp", "F", kind="camp")
    )
    add(mission, site("Hub", "A", kind="hub", population=None, classification="unclassified"))


def test_each_analysis_answers_and_says_of_when_it_is(mission: Mission):
    settled(mission)
    for name in NAMES:
        answer = finished(mission, name)
        assert answer.status_code == 200
        told = answer.json
        assert (told["format"], told["analysis"], told["at"][:19]) == ("fom-analysis/1", name, "2026-03-10T12:00:00")
        assert told["version"] == mission.host.version


def test_critical_roads_name_who_is_cut_off(mission: Mission):
    settled(mission)
    log(mission)  # a device closes A-B: now D-E-B is the only way
    told = finished(mission, "criticality").json
    cut = {segment: link["cut_people"] for link in told["by_cut"] for segment in link["segments"]}
    assert cut["a-d"] == 5000
    assert {p["name"] for link in told["by_cut"] for p in link["cut"]} == {"Bee", "Hidden camp"}
    gain = finished(mission, "clearance-priority").json
    assert gain["gaining"] == []
    assert gain["evaluated"] == 1


def test_a_viewer_sees_figures_of_all_and_names_only_of_what_he_may_see(mission: Mission):
    threat(mission)  # nothing was ever passed: everybody is isolated
    add(
        mission, site("Bee", "B", population=4000, classification="unclassified"), site("Hidden camp", "F", kind="camp")
    )
    add(mission, site("Hub", "A", kind="hub", population=None))
    full, part = (finished(mission, "isolation", role).json for role in ("duty_officer", "partner"))
    assert full["isolated_people"] == part["isolated_people"] == 5000
    assert [c["place"]["name"] for c in full["cut_off"]] == ["Bee", "Hidden camp"]
    assert [c["place"]["name"] for c in part["cut_off"]] == ["Bee", "restricted, contact JOC"]
    assert [c["place"]["population"] for c in part["cut_off"]] == [4000, None]
    assert part["cut_off"][1]["place"]["lon"] is None
    page = mission.browser("partner").get("/analysis/isolation").text
    assert "Hidden camp" not in page
    assert "Critical roads" not in page


def test_a_partner_cannot_read_a_list_of_critical_roads_by_the_id_of_its_job_either(mission: Mission):
    settled(mission)
    asked = Asked("criticality", mission.clock(), mission.clock(), "P3", "medical", mission.host.network.network_id, 1)
    assert mission.program("partner").get(f"{ANALYSIS}/jobs/{asked.job_id}").status_code == 403
    assert mission.browser("partner").get("/analysis/criticality").status_code == 403
    assert mission.program("duty_officer").get(f"{ANALYSIS}/jobs/{asked.job_id}").status_code in (200, 202)


def test_all_who_ask_share_one_answer_until_something_changes(mission: Mission):
    settled(mission)
    first = finished(mission, "isolation").json
    mission.clock.advance(hours=1 / 60)
    assert finished(mission, "isolation", "eod").json == first
    log(mission)
    assert finished(mission, "isolation").json["version"] > first["version"]


def test_the_past_is_asked_as_it_was_known(mission: Mission):
    settled(mission)
    then = "2026-03-10T12:30:00Z"
    mission.clock.advance(hours=2)
    log(mission)
    asked = {"at": then, "known_at": then}
    told = finished(mission, "criticality", **asked).json
    assert (told["at"], told["known_at"]) == (then, then)
    assert ["a-b"] in [link["segments"] for link in told["by_detour"]]


@pytest.mark.parametrize("job", ["x", "WyJtYWdpYyJd", "A" * 390])
def test_what_is_no_job_is_not_found(mission: Mission, job: str):
    assert mission.program("duty_officer").get(f"{ANALYSIS}/jobs/{job}").status_code == 404


def test_a_job_of_another_network_is_not_begun(mission: Mission):
    asked = Asked("history", mission.clock(), mission.clock(), "P3", "medical", "another-network", 1)
    assert mission.program("duty_officer").get(f"{ANALYSIS}/jobs/{asked.job_id}").status_code == 404


def test_bad_questions_are_refused(mission: Mission):
    client = mission.program("duty_officer")
    assert client.get(f"{ANALYSIS}/isolation?profile=P99").status_code == 422
    assert client.get(f"{ANALYSIS}/isolation?at=then").status_code == 422
    assert mission.browser("duty_officer").get("/analysis/astrology").status_code == 404


def test_each_page_shows_its_answer(mission: Mission):
    settled(mission)
    log(mission)
    for name in NAMES:
        finished(mission, name)
        page = mission.browser("duty_officer").get(f"/analysis/{name}")
        assert page.status_code == 200
        assert "As of 101200Z MAR 26" in page.text
    assert mission.browser("duty_officer").get("/analysis").status_code == 302
