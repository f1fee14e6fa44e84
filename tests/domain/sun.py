"""Sunrise and sunset out of the table of the sun, by halving: what the tests hold against almanacs and searches."""

from __future__ import annotations

import numpy as np

from fom.domain.daylight import HORIZON_SINE, sun_table
from fom.domain.instants import MINUTE_US


def sun_times(lon: float, lat: float, start: int, end: int) -> list[tuple[int, bool]]:
    """Return the moments from `start` to `end` at which the sun rises (True) or sets (False), to the second."""
    table = sun_table(start, end)

    def is_up(at: int) -> bool:
        return bool(table.height(np.array([lon]), np.array([lat]), np.array([at]))[0] >= HORIZON_SINE)

    found = []
    for low in range(start, end, MINUTE_US):
        high = min(low + MINUTE_US, end)
        before, after = is_up(low), is_up(high)
        if before == after:
            continue
        while high - low > 1_000_000:
            middle = (low + high) // 2
            low, high = (middle, high) if is_up(middle) == before else (low, middle)
        found.append((high, after))
    return found
