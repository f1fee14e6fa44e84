"""When states next change by themselves, for many rows at once.

Between two fixed boundaries of a row everything but risk is constant, and risk only falls. So each row walks from
boundary to boundary; where the state just before a boundary differs from now, the crossing of a risk threshold is
bisected. Rows are judged at whole microseconds: what lies between two of them does not happen.
Source: facts format, section 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import DAY_US, NEVER_US, SECOND_US
from fom.domain.spans import after_tick, to_us
from fom.picture.contributions import Contributions
from fom.picture.expiry import next_boundary

Ints = NDArray[np.int64]
HORIZON_US = 60 * DAY_US
RISK_PRECISION_TICKS = SECOND_US
"""Half a second."""


def next_changes(contributions: Contributions, direction: int, tick: int) -> tuple[Ints, NDArray[np.uint8]]:
    """Return for each row the tick of its next change within 60 days (NEVER_US = none) and the state then."""
    m = contributions.n_rows
    found_at = np.full(m, NEVER_US, dtype=np.int64)
    found_state = np.zeros(m, dtype=np.uint8)
    last = after_tick(to_us(tick) + HORIZON_US)
    rows = np.arange(m)
    now = contributions.judge(direction, tick).states
    at = np.full(m, tick, dtype=np.int64)
    while len(rows):
        boundary = np.minimum(next_boundary(contributions, direction, at), last + 1)
        crossed = np.zeros(len(rows), dtype=np.bool_)
        if contributions.has_risks:
            before = np.maximum((boundary - 1) // 2 * 2, at)
            crossed = contributions.judge(direction, before).states != now
            if crossed.any():
                crossing = bisect_crossing(contributions, direction, at, before, now, crossed)
                found_at[rows[crossed]] = crossing[crossed]
                found_state[rows[crossed]] = contributions.judge(direction, crossing).states[crossed]
        there = (boundary + 1) // 2 * 2
        states_there = contributions.judge(direction, there).states
        changed = ~crossed & (boundary <= last) & (states_there != now)
        found_at[rows[changed]], found_state[rows[changed]] = boundary[changed], states_there[changed]
        keep = np.flatnonzero(~crossed & ~changed & (boundary <= last))
        if len(keep) < len(rows):
            contributions = contributions.narrowed(keep)
        rows, at, now = rows[keep], there[keep], now[keep]
    return found_at, found_state


def bisect_crossing(
    contributions: Contributions,
    direction: int,
    low: Ints,
    high: Ints,
    now: NDArray[np.uint8],
    wanted: NDArray[np.bool_],
) -> Ints:
    """Return the first tick (to half a second) after `low` and up to `high` at which rows leave the state `now`."""
    low, high = low.copy(), np.where(wanted, high, low)
    while np.any(high - low > RISK_PRECISION_TICKS):
        middle = (low + high) // 2
        is_past = contributions.judge(direction, middle).states != now
        high = np.where(is_past & wanted, middle, high)
        low = np.where(is_past | ~wanted, low, middle)
    return high
