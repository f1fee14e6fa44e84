"""The pattern of a unit: doctrine's numbers, and what holds whatever a unit does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, parse_instant
from fom.domain.patterns import Departure, find_pattern, normalised_entropy, shared_share

NOW = parse_instant("2026-03-10T12:00:00Z")
ROADS = {name: {f"{name}{k}": 1000.0 for k in range(10)} for name in "abc"}


def departures(*counts: int, spread_us: int = 5 * HOUR_US) -> list[Departure]:
    """Departures over as many routes as counts, each hours apart on the clock."""
    made, number = [], 0
    for name, count in zip("abc", counts, strict=False):
        for _ in range(count):
            made.append(Departure(f"{name}{number}", NOW - DAY_US - number * spread_us, ROADS[name]))
            number += 1
    return made


@pytest.mark.parametrize(("uses", "entropy", "warns"), [((7, 2, 1), 0.730, True), ((4, 3, 3), 0.991, False)])
def test_the_use_of_routes_is_judged_as_doctrine_says(uses, entropy, warns):
    assert normalised_entropy(uses) == pytest.approx(entropy, abs=0.0005)
    pattern = find_pattern(departures(*uses), NOW)
    assert (pattern.uses, pattern.is_uneven) == (uses, warns)


def test_fewer_than_five_departures_show_no_use_of_routes():
    assert find_pattern(departures(4), NOW).entropy is None
    assert find_pattern(departures(5), NOW).entropy == 0.0


def test_three_of_the_last_five_at_one_hour_over_half_the_length_warn():
    half = {**{f"a{k}": 1000.0 for k in range(5)}, **{f"d{k}": 1000.0 for k in range(5)}}
    days = [Departure(str(day), NOW - day * DAY_US + late * MINUTE_US, way) for day, late, way in (
        (1, 0, ROADS["a"]), (2, 29, half), (3, -30, ROADS["a"]), (4, 300, ROADS["b"]), (5, 400, ROADS["c"])
    )]  # fmt: skip
    assert set(find_pattern(days, NOW).alike) == {"1", "2", "3"}
    later = [*days[:1], Departure("2", days[1].at + 2 * MINUTE_US, half), *days[2:]]
    assert find_pattern(later, NOW).alike == ()


def test_of_more_than_five_only_the_last_five_can_be_alike():
    old = [Departure(f"old{day}", NOW - (8 + day) * DAY_US, ROADS["a"]) for day in range(3)]
    new = [Departure(f"new{k}", NOW - k * DAY_US - k * 2 * HOUR_US, ROADS["b"]) for k in range(1, 6)]
    assert find_pattern([*old, *new], NOW).alike == ()


def test_hours_are_alike_across_midnight():
    midnight = NOW // DAY_US * DAY_US
    minutes = (-10, 10, 0)
    trips = [Departure(str(d), midnight - d * DAY_US + m * MINUTE_US, ROADS["a"]) for d, m in enumerate(minutes, 1)]
    assert len(find_pattern(trips, NOW).alike) == 3


def test_what_is_older_than_the_window_is_not_used():
    assert find_pattern([Departure("x", NOW - 14 * DAY_US, ROADS["a"])] * 6, NOW).departures == 0


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6))
def test_entropy_lies_between_none_and_one_and_even_use_is_the_best(uses):
    value = normalised_entropy(uses)
    assert 0.0 <= value <= 1.0
    used = [count for count in uses if count]
    if len(used) > 1:
        assert value == pytest.approx(1.0) or len(set(used)) > 1
        assert normalised_entropy([*used[:-1], used[-1]]) <= normalised_entropy([5] * len(used))
    assert normalised_entropy(sorted(uses)) == pytest.approx(value)


ways = st.dictionaries(st.sampled_from([f"s{k}" for k in range(6)]), st.floats(1.0, 1000.0), max_size=6)


@given(ways, ways)
def test_shares_are_symmetric_and_whole_only_of_the_same_way(one, other):
    assert shared_share(one, other) == pytest.approx(shared_share(other, one))
    assert 0.0 <= shared_share(one, other) <= 1.0
    if one:
        assert shared_share(one, one) == pytest.approx(1.0)


@given(st.permutations(departures(3, 2, 2)))
def test_the_order_in_which_departures_come_does_not_matter(shuffled):
    assert find_pattern(shuffled, NOW) == find_pattern(departures(3, 2, 2), NOW)
