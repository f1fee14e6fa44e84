"""The rules of alerts on plain values: quiet hours over any midnight and zone, wanted moves, notations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.alerts import QuietHours, format_clock, is_wanted_move, parse_clock, parse_zone
from fom.domain.instants import DAY_US, MINUTE_US, parse_instant

MINUTES = st.integers(0, 1439)
MOMENTS = st.integers(0, 2**51)


@given(MINUTES, MINUTES, st.integers(-14 * 60, 14 * 60), MOMENTS)
def test_what_is_held_is_told_at_the_end_and_nothing_is_held_longer_than_the_quiet_hours(begin, end, zone, at):
    quiet = QuietHours(begin, end, zone)
    until = quiet.hold_until(at)
    assert 0 <= until - at <= (end - begin) % 1440 * MINUTE_US
    assert quiet.hold_until(until) == until or begin == end
    local = (at // MINUTE_US + zone) % 1440
    is_quiet = begin <= local < end if begin <= end else local >= begin or local < end
    assert (until > at) == (is_quiet and begin != end)
    if until > at:
        assert (until + zone * MINUTE_US) % DAY_US == end * MINUTE_US


def test_quiet_hours_of_a_mission_east_of_greenwich():
    quiet = QuietHours(parse_clock("22:00"), parse_clock("05:30"), parse_zone("+03:00"))
    told = [quiet.hold_until(parse_instant(f"2026-03-10T{t}:00Z")) for t in ("18:59", "19:00", "02:29", "02:30")]
    expected = ["2026-03-10T18:59:00Z", "2026-03-11T02:30:00Z", "2026-03-10T02:30:00Z", "2026-03-10T02:30:00Z"]
    assert told == [parse_instant(text) for text in expected]


@pytest.mark.parametrize(
    ("moves", "states", "old", "new", "wanted"),
    [
        ("stretch_worse", (), 0, 3, True), ("stretch_worse", (), 3, 0, False), ("stretch", (), 3, 0, True),
        ("stretch", (), 2, 2, False), ("none", (), 0, 4, False), ("route", ("BLACK",), 0, 3, False),
        ("route_worse", ("RED", "BLACK"), 0, 3, True), ("route_worse", ("GREEN",), 1, 0, False),
    ],
)  # fmt: skip
def test_which_moves_are_wanted(moves, states, old, new, wanted):
    assert is_wanted_move(moves, states, old, new) == wanted


@given(MINUTES)
def test_a_time_of_day_is_read_as_it_is_written(minutes):
    assert parse_clock(format_clock(minutes)) == minutes


@pytest.mark.parametrize("text", ["", "24:00", "12", "12:60", "1:00", "12:0", "²2:00", "12:00:00", "aa:bb"])
def test_other_times_of_day_are_refused(text):
    with pytest.raises(ValueError, match="time of day"):
        parse_clock(text)


@pytest.mark.parametrize("text", ["", "03:00", "+3:00", "+15:00", "+03:60", "+0300", "Z", "+²3:00"])
def test_other_zones_are_refused(text):
    with pytest.raises(ValueError, match="zone"):
        parse_zone(text)
