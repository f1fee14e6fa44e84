"""The pattern of a unit: for its planners and the chief JOC, cleared; every look in the audit, nothing kept of it."""

from __future__ import annotations

import pytest

from fom.domain.instants import DAY_US, format_instant
from fom.errors import NotPermitted
from fom.services.auditing import list_audit
from fom.services.movement_pattern import may_see_patterns, pattern_units, read_pattern
from tests.services.people import AMINA, AUDITOR, HOUR, PARTNER, T0, person
from tests.services.test_movements import (
    CHIEF,
    DRIVER,
    MOVCON,
    PLANNER,
    close,
    plan,
)


def test_the_pattern_of_a_unit_is_told_to_its_planner_and_the_chief_only(ground):
    database, host, clock = ground
    for day in range(6):
        movement = plan(database, host)
        start = T0 - (day + 1) * DAY_US
        times = {"actual_start": format_instant(start), "actual_end": format_instant(start + HOUR)}
        close(database, host, movement, **times)
    for actor in (PLANNER, CHIEF):
        with database.writing() as session:
            pattern = read_pattern(session, "BN1", actor=actor, now=clock.now)
        assert (pattern.uses, pattern.entropy, len(pattern.alike)) == ((6,), 0.0, 5)
    for actor in (AMINA, MOVCON, DRIVER, PARTNER, person("x", "movement_control", unit="BN1")):
        with database.writing() as session, pytest.raises(NotPermitted):
            read_pattern(session, "BN1", actor=actor, now=clock.now)
    with database.reading() as session:
        looks = [line for line in list_audit(session, actor=AUDITOR) if line["action"] == "read_pattern"]
    assert [(line["actor"], line["subject_id"]) for line in looks] == [
        (PLANNER.person, "BN1"), (CHIEF.person, "BN1")
    ]  # fmt: skip


def test_whose_pattern_one_may_see(ground):
    database, host, _ = ground
    plan(database, host), plan(database, host, unit="BN2")
    with database.reading() as session:
        assert pattern_units(session, actor=PLANNER) == ["BN1"]
        assert pattern_units(session, actor=CHIEF) == ["BN1", "BN2"]
        for actor in (MOVCON, AMINA, DRIVER, PARTNER):
            assert not may_see_patterns(actor)
            assert pattern_units(session, actor=actor) == []
