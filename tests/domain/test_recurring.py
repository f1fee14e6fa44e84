"""Recurring windows against a plain walk through the days."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.instants import ALWAYS_US, DAY_US, HOUR_US, MINUTE_US, NEVER_US, from_us, parse_instant, to_us
from fom.domain.records import Recurring
from fom.domain.recurring import windows_at
from fom.domain.spans import LAST_TICK, at_tick

MONDAY = parse_instant("2027-05-03T00:00:00Z")


def windows(recurring: Recurring, around: int) -> list[tuple[int, int]]:
    """Return the windows of some weeks round a moment, walking day by day in the order's own zone."""
    zone = timedelta(minutes=recurring.zone_min)
    local = from_us(around) + zone
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for day in range(-16, 17):
        start = midnight + timedelta(days=day)
        if start.weekday() in recurring.days:
            minutes = recurring.to_min - recurring.from_min
            length = timedelta(minutes=minutes if minutes > 0 else minutes + 1440)
            opens = to_us(start + timedelta(minutes=recurring.from_min) - zone)
            found.append((opens, opens + length // timedelta(microseconds=1)))
    return found


RECURRING = st.builds(
    Recurring,
    from_min=st.integers(0, 1439),
    to_min=st.integers(0, 1439),
    days=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    zone_min=st.sampled_from([0, 60, 180, 330, -210]),
)


@given(
    RECURRING,
    st.integers(0, 14 * 1440),
    st.sampled_from([0, 1, MINUTE_US, 5 * HOUR_US]),
    st.sampled_from([(NEVER_US, ALWAYS_US), (MONDAY + DAY_US, MONDAY + 3 * DAY_US)]),
    st.integers(-1, 1),
)
def test_an_order_is_in_force_when_a_window_meets_the_time_on_the_road(
    recurring: Recurring, minute: int, lead: int, clip: tuple[int, int], nudge: int
) -> None:
    moment = MONDAY + minute * MINUTE_US + nudge
    clipped = [(max(a, clip[0]), min(b, clip[1])) for a, b in windows(recurring, moment)]
    spans = [(a - lead, b) for a, b in clipped if a <= b]
    expected = any(a <= moment <= b for a, b in spans)
    is_in, change = windows_at(recurring, clip, np.array([at_tick(moment)]), np.array([lead]))
    assert bool(is_in[0]) == expected
    boundaries = [tick for a, b in spans for tick in (2 * a, 2 * b + 1) if tick > 2 * moment]
    turns = [tick for tick in boundaries if any(2 * a <= tick <= 2 * b for a, b in spans) != expected]
    assert int(change[0]) <= min(turns, default=LAST_TICK)
    assert int(change[0]) > at_tick(moment)
