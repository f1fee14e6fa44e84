"""Times as tables have them: read where they can only be one moment, refused with what was expected else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.instants import format_instant, to_us
from fom.domain.stated_times import UnreadableTime, read_time, read_zone

EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-10T09:30Z", "09:30"), ("2026-03-10 11:30", "09:30"), ("10.03.2026 11:30", "09:30"),
        ("10 March 2026 11:30", "09:30"), ("10 mars 2026, 11h30", "09:30"), ("10 مارس 2026 11:30", "09:30"),
        ("2026/3/10 11:30:59 +02:00", "09:30"), ("100930Z MAR 26", "09:30"), ("101130B MAR 26", "09:30"),
        ("100430R Mar 2026", "09:30"), ("13/03/2026 11:30", "09:30"), ("03/13/2026 11:30", "09:30"),
    ],
)  # fmt: skip
def test_many_notations_are_one_moment(text: str, moment: str):
    day = "13" if "13/" in text else "10"
    assert format_instant(read_time(text, zone=EAST))[:16] == f"2026-03-{day}T{moment}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-03-10 09:30", "with its zone"), ("100930 MAR 26", "with its zone"), ("101130J MAR 26", "with its zone"),
        ("03/04/2026 09:30Z", "the order of day and month"), ("yesterday", "a date and time"),
        ("2026-02-30 09:30Z", "a date and time"), ("45999.5", "a date and time"),
        ("10.03.26 09:30Z", "a date and time"),
        ("2026-03-10 25:00Z", "a date and time"), ("", "a date and time"),
        ("9999-12-31 23:59-12:00", "a date and time"),
    ],
)  # fmt: skip
def test_what_may_be_two_moments_or_none_is_refused_with_what_was_expected(text: str, words: str):
    with pytest.raises(UnreadableTime, match=words):
        read_time(text, zone=None)


def test_the_order_of_day_and_month_is_asked_and_points_are_day_first():
    assert format_instant(read_time("03/04/2026 00:00Z", zone=None, order="dmy")) == "2026-04-03T00:00:00Z"
    assert format_instant(read_time("03/04/2026 00:00Z", zone=None, order="mdy")) == "2026-03-04T00:00:00Z"
    assert format_instant(read_time("03.04.2026 00:00Z", zone=None)) == "2026-04-03T00:00:00Z"


def test_a_day_alone_is_its_first_or_its_last_minute():
    assert format_instant(read_time("2026-03-10", zone=UTC)) == "2026-03-10T00:00:00Z"
    assert format_instant(read_time("2026-03-10", zone=UTC, end_of_day=True)) == "2026-03-10T23:59:00Z"


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(-12, 12))
def test_what_is_written_is_read_in_every_notation(moment: datetime, hours: int):
    moment = moment.replace(second=0, microsecond=0, tzinfo=timezone(timedelta(hours=hours)))
    zone = read_zone(f"{'+' if hours >= 0 else '-'}{abs(hours):02}:00")
    for pattern in ("%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%d %b %Y %H:%M", "%d%H%M %b %Y"):
        assert read_time(moment.strftime(pattern), zone=zone) == to_us(moment)


@pytest.mark.parametrize("text", ["", "Paris", "+25:00", "2", "+1:75"])
def test_a_zone_that_is_none_is_refused(text: str):
    with pytest.raises(ValueError):
        read_zone(text)
