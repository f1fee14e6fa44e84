"""Benchmarks over HTTP: the board, the evidence, and the signature beside it."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.benchmarks import DEFINITIONS
from tests.web.conftest import Mission
from tests.web.test_reports import new_id

BENCHMARKS = "/api/v1/benchmarks"


def assessment(**changes: Any) -> dict[str, Any]:
    reason = "Two convoys a day reach the camps and no patrol was held this month."
    body = {"id": new_id(), "status": "partly_met", "reason": reason, "role": "leadership"}
    return {**body, "expires": "2026-03-20T12:00:00Z", **changes}


def test_the_board_has_every_benchmark_with_an_honest_status(mission: Mission):
    board = mission.program("leadership").get(BENCHMARKS).json
    assert [b["code"] for b in board["benchmarks"]] == list(DEFINITIONS)
    assert not {b["status"] for b in board["benchmarks"]} & {"met", "partly_met", "regressing"}
    assert board["at"] == board["known_at"]


def test_the_past_is_computed_as_it_was_known(mission: Mission):
    asked = {"at": "2026-03-01T00:00:00Z", "known_at": "2026-03-02T00:00:00Z"}
    board = mission.program("leadership").get(BENCHMARKS, query_string=asked).json
    assert (board["at"], board["known_at"]) == (asked["at"], asked["known_at"])


def test_a_signature_stands_beside_the_computed_status_and_is_listed(mission: Mission):
    lead = mission.program("leadership")
    signed = lead.post(f"{BENCHMARKS}/S2/assessments", json=assessment())
    assert (signed.status_code, signed.json["author"]) == (201, "leadership@demo.example")
    evidence = lead.get(f"{BENCHMARKS}/S2/evidence").json
    assert evidence["status"] == "insufficient_data"
    assert evidence["assessment"]["status"] == "partly_met"
    assert [a["id"] for a in lead.get(f"{BENCHMARKS}/S2/assessments").json["assessments"]] == [signed.json["id"]]
    mission.clock.advance(11 * 24)
    late = mission.program("leadership").get(f"{BENCHMARKS}/S2/evidence").json
    assert late["assessment"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "fine"}, "reason"),
        ({"status": "splendid"}, "status"),
        ({"role": "chief_joc"}, "role"),
        ({"expires": "2026-05-20T12:00:00Z"}, "expires"),
        ({"author": "somebody else"}, "author"),
    ],
)
def test_a_bad_member_of_a_signature_is_named(mission: Mission, changes: dict[str, Any], field: str):
    answer = mission.program("leadership").post(f"{BENCHMARKS}/S2/assessments", json=assessment(**changes))
    assert (answer.status_code, [e["field"] for e in answer.json["errors"]]) == (422, [field])


def test_only_leadership_signs_and_partners_do_not_read(mission: Mission):
    assert mission.program("chief_joc").post(f"{BENCHMARKS}/S2/assessments", json=assessment()).status_code == 403
    assert mission.program("partner").get(BENCHMARKS).status_code == 403
    assert mission.anonymous().get(BENCHMARKS).status_code == 401


@pytest.mark.parametrize("path", ["evidence", "assessments"])
def test_an_unknown_benchmark_is_not_here(mission: Mission, path: str):
    assert mission.program("leadership").get(f"{BENCHMARKS}/S99/{path}").status_code == 404
