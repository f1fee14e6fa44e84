"""Slow growth: against every outcome of small cases, and its alarms counted over thousands of invented half years."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from fom.domain.compliance import find_trend
from fom.domain.growth import ALARM_CHANCE, GROWTH_WEEKS, LEAST_EVENTS, find_growth
from fom.domain.instants import DAY_US, parse_instant

T0 = parse_instant("2026-11-23T14:32:00Z")
SERIES = 200


def series(seed: int, *, a_week: float, growth: float, count: int = SERIES, scatter: float = 1.0, moves: float = 40.0):
    """Yield (events, movements) of half years: Poisson about a line, or clustered by `scatter`."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        movements = rng.poisson(moves, GROWTH_WEEKS) + 1
        mean = a_week * (1 + growth) ** np.arange(GROWTH_WEEKS) * movements / moves
        if scatter > 1:
            mean = rng.gamma(mean / (scatter - 1), scatter - 1)
        yield rng.poisson(mean), movements


def share_of_alarms(found) -> float:
    found = list(found)
    return sum(find_growth(events, movements).is_alarm for events, movements in found) / len(found)


def four_against_thirteen(events, movements) -> bool:
    """The rule of the last month, told in moments in the middle of each week."""

    def moments(counts):
        return [T0 - (GROWTH_WEEKS - 1 - w) * 7 * DAY_US - 3 * DAY_US for w, n in enumerate(counts) for _ in range(n)]

    return find_trend(moments(events), moments(movements), T0).is_alarm


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), min_size=2, max_size=4).filter(
    lambda weeks: 0 < sum(e for e, _ in weeks) <= 4))  # fmt: skip
def test_the_chance_is_that_of_all_outcomes_counted_one_by_one(weeks):
    events, moves = [e for e, _ in weeks], [m for _, m in weeks]
    observed = sum(w * n for w, n in enumerate(events))
    counted = 0
    for falls in itertools.product(range(len(weeks)), repeat=sum(events)):
        if sum(falls) >= observed:
            counted += math.prod(moves[week] for week in falls)
    exact = counted / sum(moves) ** sum(events)
    mean = sum(w * m for w, m in enumerate(moves)) / sum(moves)
    spread = sum(w * w * m for w, m in enumerate(moves)) / sum(moves) - mean**2
    found = find_growth(events, moves)
    z = (observed - sum(events) * mean) / math.sqrt(sum(events) * spread * found.scatter)
    assert found.chance == pytest.approx(max(exact, norm.sf(z)), abs=1e-12)


@pytest.mark.parametrize(("a_week", "scatter"), [(0.7, 1.0), (2.0, 1.0), (5.0, 1.0), (2.0, 2.0)])
def test_what_does_not_grow_raises_an_alarm_in_one_look_of_a_hundred(a_week: float, scatter: float):
    alarms = share_of_alarms(series(7, a_week=a_week, growth=0.0, scatter=scatter))
    sure = 3 * (ALARM_CHANCE * (1 - ALARM_CHANCE) / SERIES) ** 0.5
    assert alarms <= ALARM_CHANCE * (1 if scatter == 1 else 1.6) + sure


def test_a_growth_of_five_per_cent_a_week_is_found_where_the_last_month_misses_it():
    years = list(series(8, a_week=2.0, growth=0.05, count=120))
    assert share_of_alarms(years) >= 0.75
    assert sum(four_against_thirteen(events, movements) for events, movements in years) / 120 <= 0.6


def test_what_falls_or_follows_the_movements_raises_no_alarm():
    assert share_of_alarms(series(9, a_week=6.0, growth=-0.03, count=100)) == 0
    movements = np.arange(10, 10 + 4 * GROWTH_WEEKS, 4)
    events = movements // 10  # one in ten all the time, while movements grow tenfold
    assert not find_growth(events, movements).is_alarm
    assert find_growth(events, [1] * GROWTH_WEEKS).is_alarm


def test_clusters_make_the_chance_larger():
    even, clustered = [1, 1, 2, 2, 3, 3, 4, 4] * 1, [0, 2, 0, 4, 0, 6, 0, 8]
    assert find_growth(clustered, [1] * 8).scatter > 2
    assert find_growth(even, [1] * 8).scatter == 1
    assert find_growth(clustered, [1] * 8).chance > find_growth(even, [1] * 8).chance


def test_the_interval_of_the_growth_holds_the_true_one_nineteen_times_of_twenty():
    found = [find_growth(e, m).interval for e, m in series(10, a_week=3.0, growth=0.03, count=120)]
    assert sum(i.lower <= 0.03 <= i.upper for i in found) / len(found) >= 0.90


def test_few_events_and_none_at_all():
    assert not find_growth([0] * 17 + [1] * (LEAST_EVENTS - 1), [1] * 26).is_alarm
    nothing = find_growth([0] * GROWTH_WEEKS, [3] * GROWTH_WEEKS)
    assert (nothing.per_week, nothing.chance, nothing.is_alarm) == (None, None, False)
    assert find_growth([5], [9]).chance is None
    assert sum(find_growth([0, 2, 0, 4], [0, 0, 3, 8]).expected) == pytest.approx(6)


@pytest.mark.parametrize(("events", "exposure"), [([], []), ([1], [1, 2]), ([-1, 2], [1, 1]), ([1, 2], [1, -1])])
def test_counts_that_cannot_be_are_refused(events, exposure):
    with pytest.raises(ValueError, match="one count and one exposure"):
        find_growth(events, exposure)


def test_a_trend_without_enough_movements_is_judged_by_week():
    moments = [T0 - week * 7 * DAY_US for week in range(GROWTH_WEEKS) for _ in range(max(0, 6 - week // 3))]
    hidden = find_trend(moments, moments, T0)  # every case its own movement: a hundred per hundred all the time
    assert not hidden.is_growing
    shown = find_trend(moments, moments, T0, has_exposure=False)
    assert shown.growth.is_alarm
    assert sum(week.movements for week in shown.weeks) == len(moments)


COUNTS = st.lists(st.sampled_from([0, 0, 0, 1, 3, 500]), min_size=GROWTH_WEEKS, max_size=GROWTH_WEEKS)


@settings(deadline=None)
@given(COUNTS, COUNTS)
@example([0] * (GROWTH_WEEKS - 1) + [1], [0] * (GROWTH_WEEKS - 1) + [1])
@example([1, *[0] * (GROWTH_WEEKS - 2), 1], [1, *[0] * (GROWTH_WEEKS - 2), 500])
def test_whatever_the_weeks_hold_the_growth_is_told_in_finite_numbers(events: list[int], moved: list[int]) -> None:
    found = find_growth(events, moved)
    told = [found.per_week, found.chance, found.scatter, *found.expected]
    told += [] if found.interval is None else [found.interval.lower, found.interval.upper]
    assert all(number is None or math.isfinite(number) for number in told)
