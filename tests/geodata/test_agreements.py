"""Eight months of restrictions in the demo: one party grows so slowly that only the trend shows it."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.cases import STEP_KINDS, Step, follow_case
from fom.domain.clauses import parse_clauses
from fom.domain.compliance import GROUPS, find_trend
from fom.domain.instants import DAY_US, parse_instant, to_us
from tests.geodata.conftest import NOW

pytestmark = pytest.mark.xdist_group("the demo mission")

AT = to_us(NOW)
Registers = dict[str, list[dict[str, Any]]]


def test_the_police_trip_the_alarm_and_nobody_else_does(registers: Registers) -> None:
    moved = [
        parse_instant(row["planned_start"])
        for row in registers["movement"]
        if row["outcome"] not in (None, "cancelled_other")
    ]

    def is_alarm(party: str) -> bool:
        cases = (row for row in registers["restriction_case"] if row["actor"] in GROUPS[party])
        return find_trend([parse_instant(row["occurred_at"]) for row in cases], moved, AT).is_alarm

    assert [party for party in GROUPS if is_alarm(party)] == ["host_police"]


def test_cases_reach_back_eight_months_and_name_clauses_of_the_version_of_their_time(registers: Registers) -> None:
    lists = registers["clause_list"]
    codes = [{clause.code for clause in parse_clauses(row["clauses"])} for row in lists]
    published = [parse_instant(row["published_at"]) for row in lists]
    began = []
    for row in registers["restriction_case"]:
        opened = parse_instant(row["opened_at"])
        began.append(opened)
        version = row["clause_version"]
        assert row["clause"] in codes[version - 1]
        assert published[version - 1] <= opened
        assert version == len(lists) or opened <= published[version]
    assert min(began) < AT - 230 * DAY_US
    assert max(began) <= AT


def test_steps_agree_with_what_the_cases_say_and_with_movements_there_are(registers: Registers) -> None:
    movements = {row["id"] for row in registers["movement"]}
    steps: dict[str, list[Step]] = {}
    for row in registers["case_step"]:
        at = parse_instant(row["at"])
        due = row["due_at"] and parse_instant(row["due_at"])
        step = Step(id=row["id"], kind=row["kind"], at=at, received=at, by="", due_at=due)
        steps.setdefault(row["case_id"], []).append(step)
        assert row["kind"] in STEP_KINDS
        assert at <= AT
    seen = set()
    for case in registers["restriction_case"]:
        assert case.get("movement_id") in {None, *movements}
        moments = {
            name: case.get(name) and parse_instant(case[name]) for name in ("opened_at", "protest_at", "resolved_at")
        }
        progress = follow_case({**moments, "protest_no": case["protest_no"]}, steps.get(case["id"], []), AT)
        assert progress.resolved_at == moments["resolved_at"]
        assert progress.protested_at == moments["protest_at"]
        seen |= {progress.state} | ({"overdue"} if progress.is_overdue else set())
    assert seen == {"open", "protested", "answered", "resolved", "overdue"}
