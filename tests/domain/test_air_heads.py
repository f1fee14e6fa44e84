"""Serviceable for a type: approved, looked at lately enough for the season, not found unserviceable."""

from __future__ import annotations

import pytest

from fom.domain.air_heads import Held, Looked, explosive_status, ground_radius_m, serviceability
from fom.domain.grades import Level
from fom.domain.instants import DAY_US

NOW = 1_000 * DAY_US


def asked(*looked: Looked, is_wet: bool = False, approved=("caravan",), kind: str = "caravan"):
    return serviceability(kind, approved=approved, looked=looked, is_wet=is_wet, at=NOW)


def days_ago(days: float, status: str | None = "serviceable", kind: str | None = None) -> Looked:
    return Looked(NOW - round(days * DAY_US), status, kind)


@pytest.mark.parametrize(
    ("days", "is_wet", "status"),
    [(14, False, "serviceable"), (14.01, False, "unknown"), (3, True, "serviceable"), (3.01, True, "unknown")],
)
def test_an_inspection_speaks_for_fourteen_days_dry_and_three_wet(days, is_wet, status):
    assert asked(days_ago(days), is_wet=is_wet).status == status


def test_a_type_that_nobody_approved_is_unknown_whatever_was_seen():
    found = asked(days_ago(1), approved=())
    assert (found.status, found.why) == ("unknown", "not_approved")


def test_a_completed_landing_speaks_for_its_own_type_only():
    landing = days_ago(2, None, "caravan")
    assert asked(landing).status == "serviceable"
    assert asked(landing, approved=("caravan", "hercules"), kind="hercules").status == "unknown"


def test_found_unserviceable_holds_until_a_later_inspection_and_no_landing_lifts_it():
    closed = days_ago(60, "unserviceable")
    assert asked(days_ago(61), closed).status == "unserviceable"
    assert asked(closed, days_ago(1, None, "caravan")).status == "unserviceable"
    assert asked(closed, days_ago(1)).status == "serviceable"


def test_found_restricted_stays_restricted_after_a_landing():
    assert asked(days_ago(5, "restricted"), days_ago(1, None, "caravan")).status == "restricted"


def test_it_says_until_when():
    assert asked(days_ago(4)).until == NOW + 10 * DAY_US


def test_never_looked_at_is_unknown_and_the_future_does_not_count():
    assert asked().why == "never"
    assert asked(Looked(NOW + 1, "serviceable")).status == "unknown"


def closed(status: str, days_from: float, days_to: float | None) -> Held:
    end = None if days_to is None else NOW + round(days_to * DAY_US)
    return Held(status, "closed_by_hand", NOW + round(days_from * DAY_US), end)


@pytest.mark.parametrize(
    ("held", "status"),
    [
        ([closed("unserviceable", -1, 1)], "unserviceable"),
        ([closed("restricted", -1, 1)], "restricted"),
        ([closed("unserviceable", 1, 2)], "serviceable"),
        ([closed("unserviceable", -2, 0)], "serviceable"),
        ([closed("restricted", -1, None), closed("unserviceable", -1, 1)], "unserviceable"),
    ],
    ids=["closed", "restricted", "not yet", "over at its end", "the worst of several"],
)
def test_a_closing_by_hand_holds_from_its_start_up_to_its_end(held, status):
    found = serviceability(None, approved=(), looked=[days_ago(1)], held=held, is_wet=False, at=NOW)
    assert found.status == status


def test_a_closing_never_makes_better_what_nobody_knows():
    found = serviceability(None, approved=(), looked=[], held=[closed("restricted", -1, 1)], is_wet=False, at=NOW)
    assert (found.status, found.why) == ("unknown", "never")


def test_the_ground_is_spoken_for_by_landings_of_approved_types_only():
    landing = [days_ago(1, None, "caravan")]
    ground = lambda *approved: serviceability(None, approved=approved, looked=landing, is_wet=False, at=NOW)  # noqa: E731
    assert (ground("caravan").status, ground("hercules").status) == ("serviceable", "unknown")


@pytest.mark.parametrize(
    ("level", "distance_m", "uncertainty_m", "status"),
    [
        (Level.CONFIRMED, 1100, 15, None),
        (Level.CONFIRMED, 900, 15, "unserviceable"),
        (Level.SUSPECTED, 900, 15, "unserviceable"),
        (Level.DOUBTFUL, 900, 15, "restricted"),
        (Level.CONFIRMED, 1100, 150, "unserviceable"),
        (Level.CONFIRMED, 2000, 2000, "restricted"),
    ],
    ids=["beyond", "confirmed", "suspected", "doubtful", "its nearest place", "as well elsewhere"],
)
def test_an_explosive_fact_closes_the_ground_on_which_it_may_lie(level, distance_m, uncertainty_m, status):
    radius = ground_radius_m([{"length_m": 1800}, {"length_m": None}])
    assert radius == 1000
    assert explosive_status(level, distance_m, uncertainty_m, radius) == status
