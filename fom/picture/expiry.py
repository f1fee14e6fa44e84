"""When a judgement stops standing by itself: fixed boundaries, and the decay of risk.

Source: facts format, section 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.domain.grades import SLACK
from fom.domain.incident import lambda_of
from fom.domain.instants import DAY_US
from fom.domain.states import Component, State
from fom.picture.contributions import Contributions, Tick, Verdict, each
from fom.picture.judgement import falls_to, next_boundaries

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FIRST_STRIDE, STRIDES_GROW = 64, 16
"""Ticks by which a change is looked for, and by how much these grow until one has been passed."""
WEEK_TICKS = 2 * 7 * DAY_US
AHEAD_TICKS = 2 * 200 * 365 * DAY_US
"""How far ahead the decay of risk is looked at; in two hundred years nothing is left of any."""


def next_boundary(whole: Contributions, direction: int, tick: Tick, verified: Ints | None = None) -> Ints:
    """Return (m,) the first tick after each row's own at which anything but the decay of risk may change.

    `verified`: verified_at of the rows, when already known.
    """
    result, limits = _fixed_boundary(whole, direction, tick, verified), whole.limits
    if len(limits.recurring):
        ticks = each(tick, whole.n_rows)
        rows, moments = limits.row[limits.recurring], whole.windows(limits.recurring, tick)[1]
        later = np.flatnonzero(moments > ticks[rows])
        np.minimum.at(result, rows[later], moments[later])
    return result


def _fixed_boundary(whole: Contributions, direction: int, tick: Tick, verified: Ints | None = None) -> Ints:
    """Return (m,) the first tick after each row's own at which anything but windows and the decay of risk may turn."""
    steps, limits, better = whole.steps(direction), whole.limits, whole.improvements
    if verified is None:
        verified = steps.at(tick, whole.n_rows)
    columns, ticks = whole.case.risks.columns, each(tick, whole.n_rows)
    turn = whole.case.regimes.next_after(tick)
    regime_end = np.full(whole.n_rows, turn[0]) if len(turn) == 1 else turn
    return next_boundaries(
        ticks, regime_end, steps.row, steps.start, verified, whole.fresh_us(tick),
        limits.row, limits.start, limits.end[direction], whole.risks.row, whole.risks.phase, columns["start"],
        columns["end"], better.row, better.start, better.end,
    )  # fmt: skip


def valid_until(whole: Contributions, direction: int, tick: int, verdict: Verdict) -> Ints:
    """Return (m,) a tick up to which each row's judgement certainly stands, later than that of the judgement.

    lambda = -ln(1 - R) falls along a convex curve, so it stays above the line of its present slope: the moment at
    which that line meets a threshold comes no later than the crossing itself.
    """
    until = next_boundary(whole, direction, tick, verdict.verified_at)
    policy, state = whole.case.knowledge.policy, verdict.components[:, Component.RISK]
    rows = np.flatnonzero(state > State.GREEN)
    if not len(rows):
        return until
    slope = _risk_slope(whole, tick)[rows]
    threshold = np.where(state[rows] == State.RED, policy.risk_red, policy.risk_amber)
    spare = np.maximum(0.0, lambda_of(verdict.risk[rows]) - lambda_of(threshold - SLACK))
    with np.errstate(divide="ignore", invalid="ignore"):
        ticks = np.minimum(np.nan_to_num(2 * spare / slope * (1 - 1e-9), posinf=2.0**62), 2.0**61)
    until[rows] = np.minimum(until[rows], tick + np.maximum(1, ticks.astype(np.int64) - 2))
    return until


def stands_until(whole: Contributions, direction: int, tick: Ints, verdict: Verdict) -> Ints:
    """Return (m,) the tick at which each row's state changes if risk decides, else at which it may change.

    Between two boundaries only risk moves, and it only falls: a state that is the same at both ends was the same all
    the while, and where it is not, the whole microsecond at which it changes is searched for.
    """
    boundary = next_boundary(whole, direction, tick, verdict.verified_at)
    if len(whole.limits.recurring):
        fixed = _fixed_boundary(whole, direction, tick, verdict.verified_at)
        held = np.flatnonzero((boundary < fixed) & (verdict.components[:, Component.RISK] == State.GREEN))
        if len(held):
            boundary[held] = _past_windows(
                whole.narrowed(held), direction, tick[held], fixed[held], verdict.states[held]
            )
    if not whole.has_risks:
        return boundary
    last = np.maximum((np.minimum(boundary, tick + AHEAD_TICKS) - 1) // 2 * 2, tick)
    left = np.flatnonzero(whole.judge(direction, last).states != verdict.states)
    if len(left):
        some = whole.narrowed(left)
        low = _stays_above(some, tick[left], verdict.components[left, Component.RISK])
        boundary[left] = _first_change(some, direction, np.minimum(low, last[left]), last[left], verdict.states[left])
    return boundary


def _past_windows(whole: Contributions, direction: int, tick: Ints, fixed: Ints, states: NDArray[np.uint8]) -> Ints:
    """Return (m,) the tick of the first window that may change each row's state, or up to which none does.

    Windows come back by the week: where none of a whole week changes the state, none does until something else begins
    or ends. Without this a curfew without an end over a road that is closed for good would be looked into for ever.
    `fixed` as `_fixed_boundary`; risk must be GREEN, so that it cannot fall.
    """
    result = np.minimum(fixed, whole.windows_alike_until(tick))
    week, rows, at = tick + WEEK_TICKS, np.arange(len(tick)), tick
    while len(rows):
        boundary = next_boundary(whole, direction, at)
        there = (boundary + 1) // 2 * 2
        is_open = (boundary < result[rows]) & (boundary <= week[rows])
        moved = is_open & (whole.judge(direction, np.where(is_open, there, at)).states != states[rows])
        result[rows[moved]] = boundary[moved]
        keep = np.flatnonzero(is_open & ~moved)
        if len(keep) < len(rows):
            whole = whole.narrowed(keep)
        rows, at = rows[keep], there[keep]
    return result


def _first_change(whole: Contributions, direction: int, low: Ints, last: Ints, states: NDArray[np.uint8]) -> Ints:
    """Return (m,) the first tick of a whole microsecond after `low` at which rows have left their state, as at `last`.

    Strides out from `low`, which mostly lies just before, and halves what was strode over last.
    """
    high, stride = last.copy(), FIRST_STRIDE
    is_found = high - low <= 2
    while not is_found.all():
        middle = np.where(is_found, high, np.minimum(low + stride, last))
        is_past = whole.judge(direction, middle).states != states
        low, high = np.where(is_past, low, middle), np.where(is_past, middle, high)
        is_found |= is_past
        stride *= STRIDES_GROW
    while np.any(high - low > 2):
        middle = (low + high) // 4 * 2
        is_past = whole.judge(direction, middle).states != states
        low, high = np.where(is_past, low, middle), np.where(is_past, middle, high)
    return high


def _stays_above(whole: Contributions, tick: Ints, state: NDArray[np.uint8]) -> Ints:
    """Return (m,) a tick up to which each row's risk certainly stays at or above the threshold of its state."""
    policy, risks, columns = whole.case.knowledge.policy, whole.risks, whole.case.risks.columns
    threshold = np.where(state == State.RED, policy.risk_red, policy.risk_amber)
    is_open = state > State.GREEN
    is_open[risks.row[risks.is_grouped]] = False  # of a group one term counts
    return falls_to(
        tick, lambda_of(threshold - SLACK), is_open, risks.row, risks.phase, risks.nearness, columns["start"],
        columns["end"], columns["weight"], columns["eff"], columns["half_life_us"],
    )  # fmt: skip


def _risk_slope(whole: Contributions, tick: int) -> Floats:
    """Return (m,) how fast lambda falls at most from now on, per microsecond."""
    terms, _ = whole.risk_terms(tick)
    half_life = whole.case.risks.columns["half_life_us"][whole.risks.phase]
    with np.errstate(divide="ignore"):
        slope = np.log(2.0) / half_life * terms / (1.0 - np.minimum(terms, 1.0 - 1e-12))
    return np.bincount(whole.risks.row, weights=slope, minlength=whole.n_rows).astype(np.float64)
