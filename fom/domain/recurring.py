"""Windows that come back by the day: curfews and the like, in a fixed zone.

Source: facts format, section 6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import DAY_US, MINUTE_US
from fom.domain.records import Recurring
from fom.domain.spans import LAST_TICK

Ints = NDArray[np.int64]
FIRST_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""


def windows_at(
    recurring: Recurring, clip: tuple[int, int], tick: Ints, lead_us: Ints
) -> tuple[NDArray[np.bool_], Ints]:
    """Return, for each tick, whether a window meets [t, t + lead], and the next tick at which that may change.

    Parameters
    ----------
    recurring
        The window; with `to <= from` it runs into the next day. Days are those on which it starts.
    clip
        First and last microsecond, both included, of the order: windows count only inside.
    tick
        (m,) ticks (`spans`).
    lead_us
        (m,) travel time of the segment, microseconds.
    """
    first, last = clip
    length = ((recurring.to_min - recurring.from_min - 1) % 1440 + 1) * MINUTE_US
    since_midnight = recurring.from_min * MINUTE_US - recurring.zone_min * MINUTE_US
    moment = np.maximum((tick + 1) // 2, first)
    day = (moment - since_midnight - length) // DAY_US
    is_in = np.zeros(len(tick), dtype=np.bool_)
    change = np.full(len(tick), LAST_TICK, dtype=np.int64)
    is_open = np.ones(len(tick), dtype=np.bool_)
    for step in range(9):
        start = np.maximum((day + step) * DAY_US + since_midnight, first)
        end = np.minimum((day + step) * DAY_US + since_midnight + length, last)
        is_day = np.isin((day + step + FIRST_WEEKDAY) % 7, recurring.days)
        hit = is_open & is_day & (end >= moment) & (start <= end)
        begins = 2 * (start - lead_us)
        inside = hit & (begins <= tick)
        is_in |= inside
        change = np.where(inside, 2 * end + 1, np.where(hit, begins, change))
        is_open &= ~hit
        if not is_open.any():
            break
    return is_in, change
