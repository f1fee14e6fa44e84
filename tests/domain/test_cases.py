"""How far a case has come, computed from its steps; what a step must say; how long an order stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.cases import REPLY_DAYS, STEP_KINDS, Step, follow_case, step_faults
from fom.domain.instants import DAY_US, HOUR_US, parse_instant
from fom.domain.windows import order_window

T0 = parse_instant("2026-03-10T12:00:00Z")
CASE = {"opened_at": T0, "occurred_at": None, "protest_no": None, "protest_at": None, "resolved_at": None}


def done(kind: str, days: float, *, id: str | None = None, **rest) -> Step:
    at = T0 + round(days * DAY_US)
    return Step(id=id or f"{kind}@{days}", kind=kind, at=at, received=rest.pop("received", at), by="amina", **rest)


def follow(*steps: Step, days: float = 100.0, **case):
    return follow_case({**CASE, **case}, steps, T0 + round(days * DAY_US))


def test_a_case_passes_through_its_states():
    steps = (done("protest_sent", 1), done("reply_received", 9), done("resolved", 20))
    assert [follow(*steps, days=d).state for d in (0.5, 1, 8.9, 9, 19, 20)] == [
        "open", "protested", "protested", "answered", "answered", "resolved",
    ]  # fmt: skip


def test_a_second_protest_waits_again():
    steps = (done("protest_sent", 1), done("reply_received", 9), done("protest_sent", 12))
    assert follow(*steps).state == "protested"
    assert follow(*steps, done("reply_received", 12)).state == "answered"


def test_reopening_takes_back_a_resolution():
    steps = (done("protest_sent", 1), done("resolved", 5), done("reopened", 8))
    assert follow(*steps, days=6).state == "resolved"
    assert follow(*steps).state == "protested"
    assert follow(*steps).resolved_at is None
    assert follow(*steps, done("resolved", 9)).resolved_at == T0 + 9 * DAY_US


def test_a_reply_is_overdue_after_the_date_of_the_note_else_after_fourteen_days():
    assert not follow(done("protest_sent", 1), days=1 + REPLY_DAYS).is_overdue
    assert follow(done("protest_sent", 1), days=1.01 + REPLY_DAYS).is_overdue
    dated = done("protest_sent", 1, due_at=T0 + 3 * DAY_US)
    assert not follow(dated, days=3).is_overdue
    assert follow(dated, days=3.1).is_overdue
    assert not follow(dated, done("reply_received", 2)).is_overdue
    assert not follow(dated, done("resolved", 50)).is_overdue


def test_a_follow_up_is_met_by_any_later_act_but_not_by_a_note():
    due = done("follow_up_due", 2, due_at=T0 + 10 * DAY_US)
    assert follow(due).is_overdue
    assert follow(done("action_taken", 1), due).is_overdue, (
        "what was done before the follow-up was set does not meet it"
    )
    assert follow(due, done("note", 5)).is_overdue
    assert not follow(due, done("meeting", 5)).is_overdue
    assert follow(due, days=9).next_due.at == T0 + 10 * DAY_US


def test_a_corrected_step_counts_no_more_and_stays_readable():
    wrong = done("protest_sent", 1, id="wrong")
    right = done("protest_sent", 2, corrects="wrong")
    progress = follow(wrong, right)
    assert progress.protested_at == right.at
    assert wrong in progress.steps
    assert progress.corrected == {"wrong"}
    assert follow(wrong, done("note", 3, corrects="wrong")).state == "open"


def test_what_only_the_case_itself_says_counts_until_a_step_says_it():
    case = {"protest_no": "P-1", "protest_at": T0 + DAY_US, "resolved_at": T0 + 9 * DAY_US}
    assert follow(days=5, **case).state == "protested"
    assert follow(**case).state == "resolved"
    assert follow(done("reopened", 12), **case).state == "protested"
    assert follow(done("protest_sent", 2), days=5, **case).protested_at == T0 + 2 * DAY_US


def test_the_first_action_is_what_the_mission_did():
    steps = (done("note", 0.1), done("reply_received", 0.2), done("action_taken", 0.5), done("protest_sent", 2))
    assert follow(*steps).first_action_at == T0 + 12 * HOUR_US


STEPS = st.lists(
    st.builds(
        lambda kind, day, due, n: done(kind, day, id=str(n), due_at=None if due is None else T0 + (day + due) * DAY_US),
        st.sampled_from(STEP_KINDS), st.integers(0, 60), st.none() | st.integers(0, 30), st.integers(0, 10**9),
    ),
    max_size=8, unique_by=lambda step: step.id,
)  # fmt: skip


@given(STEPS, st.integers(0, 80), st.randoms())
def test_the_order_in_which_steps_are_given_does_not_matter(steps, day, random):
    shuffled = list(steps)
    random.shuffle(shuffled)
    assert follow(*steps, days=day) == follow(*shuffled, days=day)


@given(STEPS, st.integers(0, 80))
def test_what_comes_later_does_not_change_what_was(steps, day):
    before = [step for step in steps if step.at <= T0 + day * DAY_US]
    assert follow(*steps, days=day) == follow(*before, days=day)


@given(STEPS, st.integers(0, 80))
def test_a_resolved_case_is_never_overdue_and_says_when(steps, day):
    progress = follow(*steps, days=day)
    assert (progress.state == "resolved") == (progress.resolved_at is not None)
    assert not (progress.state == "resolved" and progress.is_overdue)


@pytest.mark.parametrize(
    ("kind", "given", "fields"),
    [
        ("protest_sent", {}, {"reference", "addressee"}),
        ("protest_sent", {"reference": "NV 1", "addressee": "ministry"}, set()),
        ("follow_up_due", {}, {"due_at"}),
        ("follow_up_due", {"due_at": T0 - DAY_US}, {"due_at"}),
        ("resolved", {}, {"words"}),
        ("note", {"words": "seen", "at": T0 + 2 * DAY_US}, {"at"}),
        ("note", {"words": "seen", "at": T0 - DAY_US}, {"at"}),
        ("reply_received", {}, set()),
    ],
)
def test_a_step_says_what_its_kind_needs(kind, given, fields):
    faults = step_faults(kind, {"at": T0, **given}, begun=T0, now=T0 + DAY_US)
    assert {fault.field for fault in faults} == fields


def test_an_order_stands_from_its_start_until_the_earlier_of_end_and_lifting():
    plain = order_window(occurred=T0, received=T0 + 5, start=None, end=None, lifted=None)
    assert plain.since == T0
    assert plain.holds(T0)
    assert plain.holds(T0 + 9999 * DAY_US)
    ended = order_window(occurred=T0, received=T0, start=T0 + 10, end=T0 + 100, lifted=T0 + 50)
    assert (ended.since, ended.until) == (T0 + 10, T0 + 50)
    assert ended.holds(T0 + 49)
    assert not ended.holds(T0 + 50)
    assert replace(ended, until=None).holds(T0 + 50)
