"""Serviceable for a type: approved, looked at lately enough for the season, not found unserviceable."""

from __future__ import annotations

import pytest

from fom.domain.air_heads import Looked, serviceability
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
