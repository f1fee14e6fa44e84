"""Sunrise and sunset at places and days whose times are known from almanacs."""

from __future__ import annotations

import numpy as np
import pytest

from fom.domain.daylight import HORIZON_SINE, sun_table
from fom.domain.instants import DAY_US, MINUTE_US, format_instant, parse_instant
from tests.domain.sun import sun_times


@pytest.mark.parametrize(
    ("lon", "lat", "day", "rises", "sets"),
    [
        (0.0, 51.4769, "2026-06-21", "03:43", "20:21"),
        (0.0, 51.4769, "2026-12-21", "08:04", "15:53"),
        (0.0, 0.0, "2026-03-20", "06:04", "18:11"),
    ],
    ids=["greenwich in June", "greenwich in December", "equator at the equinox"],
)
def test_the_sun_rises_and_sets_when_the_almanac_says(lon, lat, day, rises, sets):
    start = parse_instant(f"{day}T00:00:00Z")
    found = {up: at for at, up in sun_times(lon, lat, start, start + DAY_US)}
    for up, clock in ((True, rises), (False, sets)):
        expected = parse_instant(f"{day}T{clock}:00Z")
        assert abs(found[up] - expected) <= 2 * MINUTE_US, format_instant(found[up])


def test_in_the_polar_summer_the_sun_does_not_set_and_in_winter_it_does_not_rise():
    for day, is_up in (("2026-06-21", True), ("2026-12-21", False)):
        start = parse_instant(f"{day}T00:00:00Z")
        assert sun_times(20.0, 75.0, start, start + DAY_US) == []
        table = sun_table(start, start + DAY_US)
        at = np.array([start, start + DAY_US // 2])
        assert ((table.height(np.full(2, 20.0), np.full(2, 75.0), at) >= HORIZON_SINE) == is_up).all()


def test_the_day_turns_with_the_longitude_and_across_the_turn_of_the_year():
    start = parse_instant("2025-12-31T00:00:00Z")
    greenwich = [at for at, up in sun_times(0.0, 10.0, start, start + 2 * DAY_US) if up]
    east = [at for at, up in sun_times(45.0, 10.0, start, start + 2 * DAY_US) if up]
    assert len(greenwich) == len(east) == 2
    for a, b in zip(greenwich, east, strict=True):
        assert abs((a - b) - 180 * MINUTE_US) < 2 * MINUTE_US
