"""Index, rates, trend alarm and consent of the parties, against slow counting of our own and exact bounds."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from fom.domain.benchmarks import wilson
from fom.domain.compliance import (
    ALARM_EVENTS,
    GROUPS,
    HOST,
    Attempt,
    Share,
    Violation,
    consent_by_area,
    count_exposure,
    direction_of,
    find_trend,
    freedom_share,
    poisson_interval,
    rate_per_100,
)
from fom.domain.instants import DAY_US, parse_instant

T0 = parse_instant("2026-11-23T14:32:00Z")


def days_ago(*days: float) -> list[int]:
    return [T0 - round(day * DAY_US) for day in days]


@pytest.mark.parametrize("events", [0, 1, 2, 3, 5, 8, 13, 40, 200])
def test_the_interval_of_a_count_is_close_to_the_exact_one(events: int):
    exact = (chi2.ppf(0.025, 2 * events) / 2 if events else 0.0, chi2.ppf(0.975, 2 * events + 2) / 2)
    found = poisson_interval(events)
    assert found.lower == pytest.approx(exact[0], rel=0.02, abs=0.06)
    assert found.upper == pytest.approx(exact[1], rel=0.02)
    assert found.lower <= events <= found.upper


def test_there_is_no_rate_without_exposure():
    assert rate_per_100(7, 0).per_100 is None
    assert rate_per_100(7, 0).interval is None
    assert rate_per_100(7, 140).per_100 == pytest.approx(5.0)


def test_a_case_without_a_movement_counts_as_a_movement_of_its_own():
    attempts = [Attempt("m1", T0), Attempt("m2", T0)]
    cases = [Violation("a", T0, "community", movement="m1"), Violation("b", T0, "community", movement="elsewhere")]
    assert count_exposure(attempts, cases) == 3
    assert freedom_share(attempts, cases) == Share(1, 0, 3, wilson(1, 3))


def test_the_outcome_decides_and_the_worst_of_several_cases():
    attempts = [Attempt(name, T0) for name in "abcd"]
    cases = [
        Violation("1", T0, "host_police", outcome="proceeded", movement="a"),
        Violation("2", T0, "host_police", outcome="proceeded_late", movement="b"),
        Violation("3", T0, "host_police", outcome="proceeded_late", movement="c"),
        Violation("4", T0, "host_police", outcome="turned_back", movement="c"),
        Violation("5", T0, "community", outcome="held", movement="d"),
    ]
    police = freedom_share(attempts, cases, {"host_police"})
    assert (police.unimpeded, police.late, police.attempted) == (2, 1, 4)
    assert police.index == pytest.approx(2.5 / 4)
    assert freedom_share(attempts, cases).unimpeded == 1
    assert freedom_share([], []).index is None


@pytest.mark.parametrize(
    ("recent", "before", "alarm"),
    [
        ((1, 2, 3, 4, 5), (), True),  # none before, five now
        ((1, 2, 3, 4), (), False),  # four are too few
        ((1, 2, 3, 4, 5, 6), tuple(range(30, 43)), True),  # 1.5 a week against 1.0: exactly 1.5 times
        ((1, 2, 3, 4, 5, 6), tuple(range(30, 44)), False),  # 14 before: 1.39 times
    ],
)
def test_the_alarm_begins_at_one_and_a_half_times_and_five(recent, before, alarm):
    trend = find_trend(days_ago(*recent, *before), [], T0)
    assert not trend.is_by_rate
    assert trend.is_alarm is alarm
    assert (trend.recent.events, trend.before.events) == (len(recent), len(before))


def test_more_movements_explain_more_restrictions():
    events = days_ago(*[1] * 8, *[40] * 8)
    quiet = find_trend(events, days_ago(*[2] * 40, *[50] * 130), T0)
    busy = find_trend(events, days_ago(*[2] * 100, *[50] * 130), T0)
    assert quiet.is_by_rate
    assert quiet.is_alarm
    assert quiet.ratio == pytest.approx((8 / 40) / (8 / 130))
    assert not find_trend(events, days_ago(*[2] * 130, *[50] * 130), T0).is_alarm
    assert busy.ratio == pytest.approx((8 / 100) / (8 / 130))


def test_weeks_are_half_open_at_their_beginning():
    trend = find_trend([T0, T0 - 7 * DAY_US, T0 + 1, T0 - 119 * DAY_US, T0 - 119 * DAY_US + 1], [], T0)
    assert [week.events for week in trend.weeks] == [*[0] * 8, 1, 1, *[0] * 14, 1, 1]
    assert trend.before.events == 1


def slow_alarm(events: list[int], movements: list[int]) -> bool:
    """Judge by counting days one by one, in fractions."""

    def count(moments: list[int], first: int, last: int) -> int:
        return sum(first * DAY_US <= T0 - moment < last * DAY_US for moment in moments)

    now, then = count(events, 0, 28), count(events, 28, 119)
    moved_now, moved_then = count(movements, 0, 28), count(movements, 28, 119)
    if moved_now and moved_then:
        means = Fraction(now, moved_now), Fraction(then, moved_then)
    else:
        means = Fraction(now, 4), Fraction(then, 13)
    return now >= ALARM_EVENTS and means[0] >= Fraction(3, 2) * means[1]


MOMENTS = st.lists(st.integers(0, 140 * 24).map(lambda hours: T0 - hours * DAY_US // 24), max_size=60)


@given(MOMENTS, MOMENTS)
def test_the_alarm_agrees_with_slow_counting(events, movements):
    trend = find_trend(events, movements, T0)
    assert trend.is_alarm == slow_alarm(events, movements)
    assert sum(week.events for week in trend.weeks[-17:]) == trend.recent.events + trend.before.events


@given(MOMENTS, MOMENTS, st.integers(0, 27))
def test_one_more_restriction_now_never_ends_an_alarm(events, movements, day):
    if find_trend(events, movements, T0).is_alarm:
        assert find_trend([*events, T0 - day * DAY_US], movements, T0).is_alarm


ACTORS = st.sampled_from(["host_police", "community", "unknown"])
OUTCOMES = st.sampled_from([None, "proceeded", "proceeded_late", "turned_back"])
WORLD = st.integers(0, 12).flatmap(
    lambda n: st.tuples(
        st.just([Attempt(f"m{i}", T0, "AB"[i % 2]) for i in range(n)]),
        st.lists(st.tuples(ACTORS, OUTCOMES, st.none() | st.integers(0, 14), st.sampled_from("AB")), max_size=10),
    )
)


def slow_share(attempts, violations, actors) -> tuple[int, float, int]:
    """Walk over the movements one by one and look every case up for each."""
    movements = {attempt.id for attempt in attempts}
    everything = [*movements, *(f"case {v.id}" for v in violations if v.movement not in movements)]
    unimpeded, index = 0, 0.0
    for movement in everything:
        mine = [
            v.outcome for v in violations
            if v.actor in actors and (v.movement if v.movement in movements else f"case {v.id}") == movement
        ]  # fmt: skip
        if all(outcome == "proceeded" for outcome in mine):
            unimpeded, index = unimpeded + 1, index + 1
        elif all(outcome in ("proceeded", "proceeded_late") for outcome in mine):
            index += 0.5
    return unimpeded, index, len(everything)


@settings(deadline=None)  # the first one reads tables of chances
@given(WORLD)
def test_index_and_share_agree_with_walking_over_every_movement(world):
    attempts, told = world
    violations = [
        Violation(str(i), T0, actor, unit, None, outcome, None if m is None else f"m{m}")
        for i, (actor, outcome, m, unit) in enumerate(told)
    ]
    for actors in ({"host_police"}, {"community"}, set(GROUPS["host_state"])):
        share = freedom_share(attempts, violations, actors)
        unimpeded, index, attempted = slow_share(attempts, violations, actors)
        assert (share.unimpeded, share.attempted) == (unimpeded, attempted)
        if attempted:
            assert share.index == pytest.approx(index / attempted)
            assert share.interval.lower <= share.value <= share.interval.upper


@settings(deadline=None)  # the first one reads tables of chances
@given(WORLD)
def test_consent_splits_what_was_attempted_by_area_without_loss(world):
    attempts, told = world
    violations = [Violation(str(i), T0, actor, unit, None, outcome) for i, (actor, outcome, _, unit) in enumerate(told)]
    rows = consent_by_area(attempts, violations, HOST, T0)
    assert sum(row.now.attempted for row in rows) == count_exposure(attempts, violations)
    assert all(row.before.attempted == 0 and row.direction == "no_data" for row in rows)


def test_a_direction_is_named_only_where_the_intervals_lie_apart():
    def share(part: int, whole: int) -> Share:
        return Share(part, 0, whole, wilson(part, whole))

    assert direction_of(share(20, 40), share(39, 40)) == "falling"
    assert direction_of(share(39, 40), share(20, 40)) == "rising"
    assert direction_of(share(9, 10), share(10, 10)) == "unclear"
    assert direction_of(share(9, 10), Share(0, 0, 0, None)) == "no_data"


def test_consent_compares_the_last_thirteen_weeks_with_those_before():
    attempts = [Attempt(f"n{i}", T0 - DAY_US, "A") for i in range(30)]
    attempts += [Attempt(f"b{i}", T0 - 100 * DAY_US, "A") for i in range(30)]
    stops = [Violation(str(i), T0 - DAY_US, "host_police", "A", None, "held", f"n{i}") for i in range(15)]
    (row,) = consent_by_area(attempts, stops, ("host_police",), T0)
    assert (row.now.unimpeded, row.before.unimpeded, row.direction) == (15, 30, "falling")
    assert math.isclose(row.now.value, 0.5)
