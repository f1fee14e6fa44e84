"""Movements: phases, who sees and closes them, close-out, convoys that meet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.indicators import MovementEvidence, freedom_index
from fom.domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from fom.domain.movements import (
    GRACE_US,
    PASSING_US,
    Clearance,
    Occupied,
    check_closure,
    check_vehicles,
    find_meetings,
    heaviest_profile,
    may_change,
    may_close,
    may_see,
    may_see_pattern,
    phase_of,
)
from fom.errors import FieldError
from tests.services.people import AMINA, AUDITOR, PARTNER, PATROL, person

NOW = parse_instant("2026-03-10T12:00:00Z")
GIVEN, ASKED, REFUSED = Clearance("given"), Clearance("none"), Clearance("refused")


def phase(**changed: Any) -> str:
    values: dict[str, Any] = {
        "now": NOW, "outcome": None, "planned_start": NOW + HOUR_US, "planned_end": NOW + 3 * HOUR_US,
        "actual_start": None, "clearances": [GIVEN], "control_level": "open",
    }  # fmt: skip
    return phase_of(**{**values, **changed})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "cleared"),
        ({"clearances": [GIVEN, ASKED]}, "planned"),
        ({"clearances": [GIVEN, REFUSED]}, "planned"),
        ({"clearances": []}, "cleared"),
        ({"clearances": [], "control_level": "dispatch"}, "planned"),
        ({"control_level": "prohibited"}, "planned"),
        ({"planned_start": NOW - GRACE_US}, "cleared"),
        ({"planned_start": NOW - GRACE_US - 1}, "due"),
        ({"actual_start": NOW - HOUR_US}, "under_way"),
        ({"actual_start": NOW - HOUR_US, "planned_end": NOW - GRACE_US}, "under_way"),
        ({"actual_start": NOW - HOUR_US, "planned_end": NOW - GRACE_US - 1}, "due"),
        ({"outcome": "held", "actual_start": NOW - HOUR_US}, "closed"),
    ],
)
def test_a_movement_stands_in_one_column(changed, expected):
    assert phase(**changed) == expected


def closed(**values: Any) -> tuple[Any, list[FieldError]]:
    errors: list[FieldError] = []
    return check_closure(values, now=NOW, errors=errors), errors


def test_a_close_out_says_every_bad_field_at_once():
    _, errors = closed(outcome="vanished", actual_start="yesterday", stop_km=-1, party="nobody")
    assert {e.field for e in errors} == {"outcome", "actual_start", "stop_km", "party"}


def test_who_arrived_says_when_he_left_and_arrived_and_nothing_ends_in_the_future():
    assert {e.field for e in closed(outcome="proceeded")[1]} == {"actual_start", "actual_end"}
    late = format_instant(NOW + 2 * MINUTE_US)
    assert {e.field for e in closed(outcome="held", actual_start=late)[1]} == {"actual_start"}
    found, errors = closed(outcome="cancelled_no_clearance", actual_start=format_instant(NOW - HOUR_US))
    assert (found.actual_start, errors) == (None, []), "what was called off did not leave"


def test_vehicles_are_counted_by_class_and_the_heaviest_decides():
    errors: list[FieldError] = []
    rows = check_vehicles([{"class": "light4x4", "count": 2}, {"class": "truck_gt_10t", "count": 6}], errors)
    assert (heaviest_profile(rows), errors) == ("P6", [])
    check_vehicles([{"class": "tank", "count": 0}, "car"], errors)
    assert [e.field for e in errors] == ["vehicles[0].class", "vehicles[0].count", "vehicles[1]"]


def test_cancelled_for_lack_of_clearance_counts_as_attempted_and_denied():
    def one(outcome: str) -> MovementEvidence:
        return MovementEvidence("m", "humanitarian", "p1", NOW, NOW + HOUR_US, NOW, NOW + HOUR_US, outcome)

    outcomes = ["proceeded"] * 6 + ["proceeded_late"] * 2 + ["cancelled_no_clearance", "turned_back", "cancelled_other"]
    index = freedom_index([one(outcome) for outcome in outcomes])
    assert (index.numerator, index.denominator) == (7.0, 10)
    assert index.value == pytest.approx(0.7)


# who


BN1, BN2 = person("one", "reporter", unit="BN1"), person("two", "reporter", unit="BN2")
PLANNER = person("planner", "movement_control", unit="BN1", clearance="strictly_confidential")
CHIEF = person("boss", "chief_joc", clearance="strictly_confidential")


def test_a_unit_sees_its_own_movements_and_what_is_shared():
    def sees(actor: Any, classification: str = "confidential", *, is_own: bool = False) -> bool:
        return may_see(actor, classification=classification, unit="BN1", is_own=is_own)

    assert sees(BN1)
    assert not sees(BN2)
    assert sees(BN2, "unclassified")
    assert sees(AMINA)
    assert not sees(PARTNER)
    assert sees(PARTNER, is_own=True)
    assert not sees(person("ngo", "partner", unit="BN1")), "a partner's unit is no mission unit"


def test_movement_control_changes_all_a_partner_his_own_and_the_unit_closes():
    assert may_change(PLANNER, is_own=False)
    assert not may_change(PARTNER, is_own=False)
    assert may_change(PARTNER, is_own=True)
    assert not may_change(BN1, is_own=True)
    assert may_close(BN1, unit="BN1", is_own=False)
    assert not may_close(BN2, unit="BN1", is_own=False)
    assert not may_close(AUDITOR, unit=None, is_own=False)


def test_a_pattern_is_for_the_units_planners_and_the_chief_with_clearance():
    assert may_see_pattern(PLANNER, "BN1")
    assert not may_see_pattern(PLANNER, "BN2")
    assert may_see_pattern(CHIEF, "BN2")
    for other in (AMINA, BN1, PATROL, PARTNER, person("p", "movement_control", unit="BN1")):
        assert not may_see_pattern(other, "BN1")


# meeting


def roads(*segments: int, direction: int, start: int) -> list[Occupied]:
    step = 10 * MINUTE_US
    return [Occupied(s, direction, start + k * step, start + (k + 1) * step) for k, s in enumerate(segments)]


def test_two_in_opposite_directions_on_one_narrow_stretch_meet():
    one, other = roads(1, 2, 3, direction=0, start=NOW), roads(3, 2, 1, direction=1, start=NOW)
    narrow = frozenset({2})
    (met,) = find_meetings({"a": one, "b": other}, {"a": narrow, "b": frozenset()})
    assert (met.first, met.second, met.segments) == ("a", "b", (2,))
    assert find_meetings({"a": one, "b": other}, {"a": frozenset(), "b": frozenset()}) == []
    same = roads(1, 2, 3, direction=0, start=NOW)
    assert find_meetings({"a": one, "b": same}, {"a": narrow, "b": narrow}) == []
    after = roads(3, 2, 1, direction=1, start=NOW + 30 * MINUTE_US + PASSING_US)
    assert find_meetings({"a": one, "b": after}, {"a": narrow, "b": narrow}) == []


@given(st.integers(-300, 300), st.sets(st.integers(1, 4)))
def test_who_meets_whom_does_not_depend_on_who_is_named_first(apart, narrow):
    one = roads(1, 2, 3, 4, direction=0, start=NOW)
    other = roads(4, 3, 2, 1, direction=1, start=NOW + apart * MINUTE_US)
    single = {"a": frozenset(narrow), "b": frozenset(narrow)}
    ahead = find_meetings({"a": one, "b": other}, single)
    assert ahead == find_meetings({"b": other, "a": one}, single)
    if ahead:
        assert set(ahead[0].segments) <= narrow
