"""The loops of judging: components, verification, next boundary and fall of risk of many rows, each at its own tick.

What holds and how bad it is was decided when it was gathered (`contributions`); here it is only put together.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fom.domain.grades import SLACK
from fom.domain.incident import QUANTUM
from fom.domain.instants import NEVER_US
from fom.domain.spans import LAST_TICK
from fom.domain.states import Component, State
from fom.network.compiled import compiled

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
N_COMPONENTS = len(Component)
STEPS_DOWN = 8
"""Steps along the curve of risk; each about squares how near its end is to the threshold."""
PHYSICAL, RISK, VERIFICATION = int(Component.PHYSICAL), int(Component.RISK), int(Component.VERIFICATION)
GREEN, AMBER, GREY, RED = int(State.GREEN), int(State.AMBER), int(State.GREY), int(State.RED)


@compiled
def judge_rows(
    tick: Ints,
    limit_row: Ints,
    limit_component: Ints,
    limit_state: Bytes,
    is_active: Bools,
    recorded: Bytes,
    risk: Floats,
    amber_min: float,
    red_min: float,
    step_row: Ints,
    step_start: Ints,
    step_verified: Ints,
    fresh: Ints,
) -> tuple[Bytes, Bytes, Ints]:
    """Return (m, 6) states of the components, (m,) the worst of them and verified_at (NEVER_US = never).

    Parameters
    ----------
    tick, recorded, risk, fresh
        (m,) by row: ticks, worst recorded limit, risk 0 to 1, microseconds for which a passage is fresh.
    limit_row, limit_component, limit_state, is_active
        (l,) phases that limit, and which of them hold at the tick of their row.
    step_row, step_start, step_verified
        (s,) rows, ticks, microseconds as in `VerifiedSteps`.
    """
    m = len(tick)
    components = np.zeros((m, N_COMPONENTS), np.uint8)
    for i in range(len(limit_row)):
        row, component = limit_row[i], limit_component[i]
        if is_active[i] and limit_state[i] > components[row, component]:
            components[row, component] = limit_state[i]
    verified = np.full(m, NEVER_US, np.int64)
    for i in range(len(step_row)):
        row = step_row[i]
        if step_start[i] <= tick[row] and step_verified[i] > verified[row]:
            verified[row] = step_verified[i]
    worst = np.zeros(m, np.uint8)
    for row in range(m):
        if recorded[row] > components[row, PHYSICAL]:
            components[row, PHYSICAL] = recorded[row]
        if risk[row] >= amber_min - SLACK:
            components[row, RISK] = AMBER
        if risk[row] >= red_min - SLACK:
            components[row, RISK] = RED
        age = GREY
        if verified[row] != NEVER_US and tick[row] <= 2 * (verified[row] + 2 * fresh[row]):
            age = GREEN if tick[row] <= 2 * (verified[row] + fresh[row]) else AMBER
        components[row, VERIFICATION] = age
        for component in range(N_COMPONENTS):
            worst[row] = max(worst[row], components[row, component])
    return components, worst, verified


@compiled
def active_rows(tick: Ints, row: Ints, start: Ints, end: Ints, directions: Bytes, direction: int) -> Bools:
    """Return (l,) which phases that limit hold in a direction at the tick of their row."""
    out = np.zeros(len(row), np.bool_)
    for i in range(len(row)):
        out[i] = start[i] <= tick[row[i]] < end[i] and (directions[i] >> direction) & 1 == 1
    return out


@compiled
def next_boundaries(
    tick: Ints,
    regime_end: Ints,
    step_row: Ints,
    step_start: Ints,
    verified: Ints,
    fresh: Ints,
    limit_row: Ints,
    limit_start: Ints,
    limit_end: Ints,
    risk_row: Ints,
    risk_phase: Ints,
    risk_start: Ints,
    risk_end: Ints,
    better_row: Ints,
    better_start: Ints,
    better_end: Ints,
) -> Ints:
    """Return (m,) the first tick after each row's own at which something begins or ends; windows are not looked at.

    `regime_end` (m,) ticks; `risk_start`, `risk_end` by phase; the rest by the rows beside them, as in `judge_rows`.
    """
    out = np.empty(len(tick), np.int64)
    for row in range(len(tick)):
        out[row] = min(regime_end[row], LAST_TICK)
        if verified[row] != NEVER_US:
            for times in range(1, 3):
                end = 2 * (verified[row] + times * fresh[row]) + 1
                if tick[row] < end < out[row]:
                    out[row] = end
    for i in range(len(step_row)):
        _lower(out, tick, step_row[i], step_start[i])
    for i in range(len(limit_row)):
        _lower(out, tick, limit_row[i], limit_start[i])
        _lower(out, tick, limit_row[i], limit_end[i])
    for i in range(len(risk_row)):
        _lower(out, tick, risk_row[i], risk_start[risk_phase[i]])
        _lower(out, tick, risk_row[i], risk_end[risk_phase[i]])
    for i in range(len(better_row)):
        _lower(out, tick, better_row[i], better_start[i])
        _lower(out, tick, better_row[i], better_end[i])
    return out


@compiled
def _lower(out: Ints, tick: Ints, row: int, moment: int) -> None:
    if tick[row] < moment < out[row]:
        out[row] = moment


@compiled
def falls_to(
    tick: Ints,
    threshold: Floats,
    is_open: Bools,
    row: Ints,
    phase: Ints,
    nearness: Floats,
    start: Ints,
    end: Ints,
    weight: Floats,
    eff: Ints,
    half_life_us: Floats,
) -> Ints:
    """Return (m,) a tick of a whole microsecond up to which lambda of each open row stays above a threshold.

    Lambda = -ln(1 - R) falls along a convex curve, so steps along its slope never go too far; each keeps the most away
    that the terms' rounding to quanta can make up. No incident of a row may begin or end meanwhile, or be of a group.
    """
    at = tick.copy()
    total, slope, count = np.empty(len(tick)), np.empty(len(tick)), np.empty(len(tick))
    for _ in range(STEPS_DOWN):
        total[:], slope[:], count[:] = 0.0, 0.0, 0.0
        for i in range(len(row)):
            r, p = row[i], phase[i]
            if not is_open[r] or not start[p] <= tick[r] < end[p]:
                continue
            age = max(0.0, at[r] / 2 - eff[p])
            term = min(weight[p] * math.exp2(-age / half_life_us[p]) * nearness[i], 1.0 - 1e-12)
            total[r] -= math.log1p(-term)
            slope[r] += math.log(2.0) / half_life_us[p] * term / (1.0 - term)
            count[r] += 1.0
        for r in range(len(tick)):
            spare = total[r] - threshold[r] - (count[r] + 4.0) * QUANTUM
            if is_open[r] and spare > 0.0 and slope[r] > 0.0:
                at[r] += 2 * np.int64(min(spare / slope[r] * (1.0 - 1e-9), 2.0**60))
    return at
