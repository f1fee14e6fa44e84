"""Benchmarks: Wilson bounds, targets, the coverage gate, regressing, and every indicator by hand-computed cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.benchmarks import (
    DEFINITIONS,
    Indicator,
    Status,
    gated,
    judge,
    wilson,
    with_history,
)
from fom.domain.indicators import (
    AirHeadEvidence,
    HazardEvidence,
    MovementEvidence,
    by_admin_unit,
    coverage,
    freedom_index,
    hazards_identified,
    humanitarian_deliveries,
    presence,
    routes_updated,
    secure_routes,
    serviceable_air_heads,
    violence_on_routes,
)
from fom.domain.instants import DAY_US, HOUR_US
from fom.domain.states import State

AT = 1_773_144_000_000_000


def make_movement(number: int, outcome: str | None = "proceeded", *, factor: float = 1.0, **values) -> MovementEvidence:
    defaults = {
        "user_class": "humanitarian",
        "admin_unit": "north",
        "planned_start": AT,
        "planned_end": AT + 4 * HOUR_US,
        "actual_start": AT,
        "actual_end": AT + int(factor * 4 * HOUR_US),
    }
    return MovementEvidence(id=f"m{number}", outcome=outcome, **(defaults | values))


@pytest.mark.parametrize(
    ("successes", "attempts", "lower"),
    [(46, 50, 0.812), (9, 10, 0.596), (30, 30, 0.887), (120, 120, 0.969)],
    ids=["doctrine 6: 46/50", "doctrine 6: 9/10", "doctrine 6: 30/30", "doctrine 6: 120/120"],
)
def test_wilson_lower_bound_is_that_of_the_doctrine(successes, attempts, lower):
    assert wilson(successes, attempts).lower == pytest.approx(lower, abs=0.0006)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_bounds_are_the_roots_of_the_score_equation(counts):
    k, n = counts
    interval = wilson(k, n)
    z2, share = 1.959963984540054**2, k / n
    for bound in (interval.lower, interval.upper):
        assert (share - bound) ** 2 == pytest.approx(z2 * bound * (1 - bound) / n, abs=1e-9)
    assert interval.lower <= share <= interval.upper


def test_wilson_refuses_counts_that_cannot_be():
    with pytest.raises(ValueError, match="5 of 3"):
        wilson(5, 3)
    assert wilson(0, 0) is None


def test_the_board_has_the_eleven_benchmarks_of_the_doctrine():
    terms = [code for code, d in DEFINITIONS.items() if d.term in ("short", "medium", "long")]
    assert terms == ["S1", "S2", "S3", "S4", "M1", "M2", "M3", "M4", "L1", "L2", "L3"]
    assert all(d.computed_as and d.met_when for d in DEFINITIONS.values())


def one(value: float | None, met: float = 0.8, partly: float | None = 0.6) -> Indicator:
    return Indicator("a", "x", value, met_at=met, partly_at=partly)


def test_one_missing_leg_makes_the_whole_insufficient():
    assert judge([one(1.0), one(None)]) is Status.INSUFFICIENT_DATA
    assert judge([]) is Status.INSUFFICIENT_DATA


def test_met_needs_every_leg_and_partly_every_lower_one():
    assert judge([one(0.8), one(0.9)]) is Status.MET
    assert judge([one(0.8), one(0.6)]) is Status.PARTLY_MET
    assert judge([one(0.99), one(0.59)]) is Status.NOT_MET
    assert judge([one(0.5, partly=None)]) is Status.NOT_MET


def test_the_gate_hides_a_status_that_rests_on_unknown_roads():
    assert gated(Status.MET, 0.59) is Status.INSUFFICIENT_DATA
    assert gated(Status.MET, 0.60) is Status.MET
    assert gated(Status.MET, None) is Status.INSUFFICIENT_DATA


def test_regressing_needs_two_failing_reviews_after_a_met_one():
    assert with_history(Status.NOT_MET, [Status.PARTLY_MET, Status.MET]) is Status.REGRESSING
    assert with_history(Status.NOT_MET, [Status.MET, Status.MET]) is Status.NOT_MET
    assert with_history(Status.MET, [Status.NOT_MET, Status.MET]) is Status.MET
    assert with_history(Status.INSUFFICIENT_DATA, [Status.NOT_MET, Status.MET]) is Status.INSUFFICIENT_DATA


STATES = np.array([[State.GREEN, State.AMBER, State.GREY], [State.GREEN, State.RED, State.GREY]], dtype=np.uint8)
LENGTH = np.array([1000.0, 1000.0, 2000.0])


def test_secure_km_are_weighted_by_time_and_length():
    none = np.zeros_like(STATES, dtype=bool)
    value = secure_routes(STATES, np.zeros(STATES.shape), none, none, LENGTH, ["k1"])
    assert value.value == pytest.approx((2000 / 4000 + 1000 / 4000) / 2)
    assert value.parts["open"] == pytest.approx(0.25)
    assert value.parts["caution"] == pytest.approx(0.125)
    assert coverage(STATES, LENGTH) == pytest.approx(0.5)


def test_a_risky_kilometre_is_not_secure_even_when_its_state_is_caution():
    none = np.zeros_like(STATES, dtype=bool)
    risky = secure_routes(STATES, np.full(STATES.shape, 0.25), none, none, LENGTH, [])
    assert risky.value == 0


def test_only_what_stands_as_serviceable_counts_as_such():
    stood = ("serviceable", "restricted", "unknown", "unserviceable")
    assert serviceable_air_heads([AirHeadEvidence(status, status) for status in stood]).value == 0.25


def test_deliveries_count_refusals_against_and_own_cancellations_not_at_all():
    moves = [make_movement(i) for i in range(18)]
    moves += [make_movement(18, factor=1.6), make_movement(19, "cancelled_no_clearance")]
    moves += [make_movement(20, "cancelled_other"), make_movement(21, None)]
    value = humanitarian_deliveries(moves)
    assert (value.numerator, value.denominator) == (18, 20)
    assert judge([value]) is Status.PARTLY_MET
    assert humanitarian_deliveries(moves[:10]).value is None


def test_hazards_need_a_priority_that_is_still_fresh():
    hazards = [
        HazardEvidence("h1", True, True, AT - 30 * DAY_US),
        HazardEvidence("h2", True, True, AT - 31 * DAY_US),
        HazardEvidence("h3", False, False, None),
    ]
    complete, priority = hazards_identified(hazards, AT)
    assert complete.value == pytest.approx(2 / 3)
    assert priority.value == 0.5


def test_violence_is_a_rate_by_kilometre_and_time():
    quiet, rate = violence_on_routes(np.array([True, False, False]), LENGTH, 4, 8, 90, ["i1"])
    assert quiet.value == 0.75
    assert rate.value == pytest.approx(4 / (0.004 * 3))
    assert rate.parts["reached"] == 1.0


def test_presence_is_that_of_the_worst_period():
    passed = np.array([[True, True, True], [True, False, True]])
    assert presence(passed, LENGTH, []).value == 0.75


def test_updated_days_count_only_days_with_nine_tenths():
    confirmed = np.ones((30, 3), dtype=bool)
    confirmed[:4, 2] = False
    reviewed = np.zeros((30, 3), dtype=bool)
    value = routes_updated(confirmed, reviewed, LENGTH, [])
    assert value.value == pytest.approx(26 / 30)
    assert judge([value]) is Status.PARTLY_MET
    reviewed[0, 2] = True
    assert judge([routes_updated(confirmed, reviewed, LENGTH, [])]) is Status.MET


def test_freedom_index_halves_the_late_ones():
    moves = [make_movement(1), make_movement(2, "proceeded_late"), make_movement(3, "turned_back")]
    assert freedom_index(moves).value == pytest.approx(0.5)
    assert freedom_index([]).value is None


def test_units_keep_civil_and_mission_movements_apart():
    moves = [make_movement(1), make_movement(2, "held", user_class="mission_police", admin_unit="south")]
    units = by_admin_unit(moves)
    assert units["north"]["civil"].value == 1.0
    assert units["south"]["mission"].value == 0.0
    assert not math.isclose(units["north"]["civil"].judged, 1.0)
