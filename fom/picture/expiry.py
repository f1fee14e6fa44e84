"""When a judgement stops standing by itself: fixed boundaries, and the decay of risk.

Source: facts format, section 7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.domain.grades import SLACK
from fom.domain.incident import lambda_of, risk_state
from fom.domain.instants import DAY_US, NEVER_US
from fom.domain.states import State
from fom.picture.contributions import Contributions, Verdict

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
AHEAD_TICKS = 2 * 200 * 365 * DAY_US
"""How far ahead the decay of risk is looked at; in two hundred years nothing is left of any."""


def next_boundary(whole: Contributions, direction: int, tick: Ints, verified: Ints | None = None) -> Ints:
    """Return (m,) the first tick after each row's own at which anything but the decay of risk may change.

    `verified`: verified_at of the rows, when already known.
    """
    result = np.asarray(whole.case.regimes.next_after(tick), dtype=np.int64)
    result = np.minimum(result, whole.steps(direction).next_after(tick, whole.n_rows))
    if verified is None:
        verified = whole.steps(direction).at(tick, whole.n_rows)
    fresh = whole.fresh_us(tick)
    known = np.where(verified == NEVER_US, 0, verified)
    for end in (2 * (known + fresh) + 1, 2 * (known + 2 * fresh) + 1):
        result = np.where((verified != NEVER_US) & (end > tick), np.minimum(result, end), result)
    limits = whole.limits
    for moments in (limits.start, limits.end[direction]):
        _lower(result, limits.row, moments, tick)
    if len(limits.recurring):
        _lower(result, limits.row[limits.recurring], whole.windows(limits.recurring, tick)[1], tick)
    columns = whole.case.risks.columns
    for name in ("start", "end"):
        _lower(result, whole.risks.row, columns[name][whole.risks.phase], tick)
    for moments in (whole.improvements.start, whole.improvements.end):
        _lower(result, whole.improvements.row, moments, tick)
    return result


def valid_until(whole: Contributions, direction: int, tick: Ints, verdict: Verdict) -> Ints:
    """Return (m,) a tick up to which each row's judgement certainly stands, later than its own tick.

    lambda = -ln(1 - R) falls along a convex curve, so it stays above the line of its present slope: the moment at
    which that line meets a threshold comes no later than the crossing itself.
    """
    until = next_boundary(whole, direction, tick, verdict.verified_at)
    policy, risk = whole.case.knowledge.policy, verdict.risk
    rows = np.flatnonzero(risk_state(risk, policy) > State.GREEN)
    if not len(rows):
        return until
    slope = _risk_slope(whole, tick)[rows]
    threshold = np.where(risk_state(risk[rows], policy) == State.RED, policy.risk_red, policy.risk_amber)
    spare = np.maximum(0.0, lambda_of(risk[rows]) - lambda_of(threshold - SLACK))
    with np.errstate(divide="ignore", invalid="ignore"):
        ticks = np.minimum(np.nan_to_num(2 * spare / slope * (1 - 1e-9), posinf=2.0**62), 2.0**61)
    until[rows] = np.minimum(until[rows], tick[rows] + np.maximum(1, ticks.astype(np.int64) - 2))
    return until


def stands_until(whole: Contributions, direction: int, tick: Ints, verdict: Verdict) -> Ints:
    """Return (m,) the tick at which each row's state changes if risk decides, else at which it may change.

    Between two boundaries only risk moves, and it only falls: a state that is the same at both ends was the same all
    the while, and where it is not, halving finds the whole microsecond at which it changes.
    """
    boundary = next_boundary(whole, direction, tick, verdict.verified_at)
    if not whole.has_risks:
        return boundary
    last = np.maximum((np.minimum(boundary, tick + AHEAD_TICKS) - 1) // 2 * 2, tick)
    has_left = whole.judge(direction, last).states != verdict.states
    if not has_left.any():
        return boundary
    low, high = tick.copy(), np.where(has_left, last, tick)
    while np.any(high - low > 2):
        middle = (low + high) // 4 * 2
        is_past = whole.judge(direction, middle).states != verdict.states
        low, high = np.where(is_past, low, middle), np.where(is_past, middle, high)
    return np.where(has_left, high, boundary)


def _risk_slope(whole: Contributions, tick: Ints) -> Floats:
    """Return (m,) how fast lambda falls at most from now on, per microsecond."""
    terms, _ = whole.risk_terms(tick)
    half_life = whole.case.risks.columns["half_life_us"][whole.risks.phase]
    with np.errstate(divide="ignore"):
        slope = np.log(2.0) / half_life * terms / (1.0 - np.minimum(terms, 1.0 - 1e-12))
    return np.bincount(whole.risks.row, weights=slope, minlength=whole.n_rows).astype(np.float64)


def _lower(result: Ints, rows: Ints, moments: Ints, tick: Ints) -> None:
    """Lower the boundary of rows to moments that are still to come."""
    later = np.flatnonzero(moments > tick[rows])
    np.minimum.at(result, rows[later], moments[later])
