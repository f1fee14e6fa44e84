"""A crossing lets pass whom the newest inspection found passing, until its review; time alone opens nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.crossings import SEVERITY, WHO_PASSES, Seen, checklist_at, passing, review_at
from fom.domain.inspections import CHECKLIST
from fom.domain.instants import DAY_US

NOW = 1_000 * DAY_US
PASSED = dict.fromkeys(CHECKLIST, "yes")


def seen(days_ago: float, status: str = "operational", *, review_days: float | None = None, **findings: str) -> Seen:
    at = NOW - round(days_ago * DAY_US)
    review = None if review_days is None else at + round(review_days * DAY_US)
    return Seen(at, status, "civil affairs", review, findings, f"i{days_ago}")


@pytest.mark.parametrize(
    ("days", "review_days", "status"),
    [
        (30, None, "operational"), (30.01, None, "unknown"), (7, 7, "operational"), (7.01, 7, "unknown"),
        (90, 300, "operational"), (90.01, 300, "unknown"),
    ],
)  # fmt: skip
def test_an_inspection_speaks_until_its_review_thirty_days_without_one_and_ninety_at_most(days, review_days, status):
    found = passing([seen(days, review_days=review_days)], at=NOW)
    assert (found.status, set(found.each.values())) == (status, {status})
    assert found.why == ("inspected" if status == "operational" else "too_old")


def test_what_was_found_closed_stays_closed_for_whom_it_was():
    found = passing([seen(200, "partly", goods="closed", people="operational")], at=NOW)
    assert (found.status, found.each) == ("unknown", {"people": "unknown", "goods": "closed", "mission": "unknown"})
    assert passing([seen(200, "closed")], at=NOW).status == "closed"
    assert passing([seen(200, "closed"), seen(100)], at=NOW).status == "unknown"


def test_the_newest_alone_speaks_and_the_whole_is_no_better_than_its_parts():
    found = passing([seen(1, "operational", goods="closed"), seen(2, "closed"), seen(-1, "closed")], at=NOW)
    assert (found.status, found.each["goods"], found.each["people"]) == ("partly", "closed", "operational")
    assert passing([seen(1, **dict.fromkeys(WHO_PASSES, "closed"))], at=NOW).status == "closed"
    assert passing([seen(1, "unknown", people="operational")], at=NOW).status == "unknown"
    assert passing([], at=NOW).why == "never"


STATUS = st.sampled_from(SEVERITY)
INSPECTION = st.builds(
    lambda days, status, review, findings: seen(days, status, review_days=review, **findings),
    st.floats(0, 200), STATUS, st.none() | st.floats(0.1, 366), st.dictionaries(st.sampled_from(WHO_PASSES), STATUS),
)  # fmt: skip


@given(st.lists(INSPECTION, max_size=4), st.floats(0, 400), st.floats(0, 400))
def test_time_alone_never_opens_anything(said: list[Seen], soon: float, later: float):
    before, after = (passing(said, at=NOW + round(days * DAY_US)) for days in sorted((soon, later)))
    pairs = [(before.status, after.status), *((before.each[name], after.each[name]) for name in WHO_PASSES)]
    assert all(SEVERITY.index(new) >= SEVERITY.index(old) for old, new in pairs)


@given(INSPECTION)
def test_the_whole_is_never_better_than_what_was_found_of_it(one: Seen):
    found = passing([one], at=NOW)
    assert SEVERITY.index(found.status) >= SEVERITY.index(one.status)
    assert found.status != "operational" or set(found.each.values()) == {"operational"}


def test_the_checklist_is_passed_while_the_last_that_went_through_it_passed():
    passed, later = seen(9, **PASSED), seen(3, staffed="yes")
    assert checklist_at([passed, later], at=NOW) == passed.at
    assert checklist_at([passed, seen(2, records_kept="no")], at=NOW) is None
    assert checklist_at([later], at=NOW) is None
    whole = {"checklist_passed": "yes"}
    assert checklist_at([seen(2, **whole)], at=NOW) == seen(2).at
    assert checklist_at([passed, seen(2, checklist_passed="no")], at=NOW) is None
    assert checklist_at([seen(2, **whole, records_kept="no")], at=NOW) is None, "a point that failed decides"
    assert review_at(0, 10 * DAY_US) == 10 * DAY_US
