"""Indicators: the measured numbers behind the benchmarks, from plain values and arrays.

Every function takes evidence already fetched and returns `Indicator`s; none fetches, none asks the clock.
Lengths are metres inside and kilometres in what is shown.

Source: doctrine, section 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.domain.benchmarks import Indicator, wilson
from fom.domain.instants import DAY_US
from fom.domain.states import State

RISK_MAX = 0.25
"""Risk from which a kilometre no longer counts as secure (doctrine 6, S1)."""
ON_TIME_FACTOR = 1.5
DELIVERIES_MIN = 20
PRIORITY_MAX_US = 30 * DAY_US
AREA_REVIEW_MAX_US = 90 * DAY_US
PLAN_MAX_US = 180 * DAY_US
PRESENCE_PERIOD_US = 14 * DAY_US
PRESENCE_MIN = 0.70
UPDATED_DAYS = 27
UPDATED_SHARE = 0.90
VIOLENT = frozenset(
    {
        "detonation",
        "complex_ambush",
        "fire_on_movement",
        "hijack_abduction",
        "armed_robbery",
        "hostile_checkpoint",
        "crossfire",
    }
)
"""Incident types that count as violence against those who move (J)."""
OUTCOMES_UNIMPEDED = frozenset({"proceeded"})
OUTCOMES_NOT_ATTEMPTED = frozenset({"cancelled_other"})
"""Cancelled in advance for lack of clearance counts as attempted and denied; for other reasons, not at all."""


def coverage(states: NDArray[np.uint8], length_m: NDArray[np.float64]) -> float | None:
    """Return the non-GREY share of key-route length, mean over the moments sampled.

    Parameters
    ----------
    states
        (moments, j) uint8, worst of both directions.
    length_m
        (j,) metres of each stretch.
    """
    if not length_m.sum() or not len(states):
        return None
    return _share(states != State.GREY, length_m)


def _share(mask: NDArray[np.bool_], length_m: NDArray[np.float64]) -> float:
    """Return the share of length under a mask (moments, j), mean over the moments; rounding never lifts it over 1."""
    return min(1.0, float((mask * length_m).sum(axis=1).mean() / length_m.sum()))


def secure_routes(
    states: NDArray[np.uint8],
    risk: NDArray[np.float64],
    is_ageing: NDArray[np.bool_],
    is_lifted: NDArray[np.bool_],
    length_m: NDArray[np.float64],
    evidence: Sequence[str],
) -> Indicator:
    """Return S1 a: the share of key-route length open or in caution with risk under .25, time-weighted.

    All arrays (moments, j) at equally spaced moments; `is_ageing` = caution because the verification ages (V2),
    `is_lifted` = a manual improvement holds the state.
    """
    total = float(length_m.sum())
    if not total:
        return Indicator("a", "secure key-route km", None, met_at=0.85, partly_at=0.60)

    def share(mask: NDArray[np.bool_]) -> float:
        return _share(mask, length_m)

    secure = (states <= State.AMBER) & (risk < RISK_MAX)
    return Indicator(
        "a",
        "key-route km open or caution, risk under .25, 7-day mean",
        share(secure),
        numerator=share(secure) * total / 1000,
        denominator=total / 1000,
        met_at=0.85,
        partly_at=0.60,
        evidence=tuple(evidence),
        parts={
            "open": share(secure & (states == State.GREEN)),
            "caution": share(secure & (states == State.AMBER)),
            "ageing": share(secure & is_ageing),
            "lifted": share(secure & is_lifted),
        },
    )


@dataclass(frozen=True, slots=True)
class AirHeadEvidence:
    """How one air head stood at the moment asked about, by `air_heads.serviceability`."""

    id: str
    status: str


def serviceable_air_heads(air_heads: Sequence[AirHeadEvidence]) -> Indicator:
    """Return S1 b: air heads that were serviceable, of all listed."""
    good = [h for h in air_heads if h.status == "serviceable"]
    return count_share(
        "b",
        "serviceable air heads",
        len(good),
        len(air_heads),
        met_at=0.90,
        partly_at=0.60,
        evidence=[h.id for h in air_heads],
    )


def count_share(
    code: str,
    words: str,
    part: int,
    whole: int,
    *,
    met_at: float | None,
    partly_at: float | None = 0.60,
    evidence: Sequence[str] = (),
    by_interval: bool = False,
    minimum: int = 1,
) -> Indicator:
    """Return part / whole as an indicator, None below `minimum`; with `by_interval` judged by its Wilson lower bound.

    A register that lists everything there is (air heads, routes) is counted whole; a sample of what happens (movements)
    is judged by its interval.
    """
    enough = whole >= minimum
    return Indicator(
        code,
        words,
        part / whole if enough else None,
        numerator=part,
        denominator=whole,
        interval=wilson(part, whole) if by_interval and enough else None,
        met_at=met_at,
        partly_at=partly_at,
        evidence=tuple(evidence),
    )


@dataclass(frozen=True, slots=True)
class MovementEvidence:
    """One movement: who, planned and actual times, and how it ended (None = still open)."""

    id: str
    user_class: str
    admin_unit: str | None
    planned_start: int
    planned_end: int
    actual_start: int | None
    actual_end: int | None
    outcome: str | None

    @property
    def is_attempted(self) -> bool:
        """Return whether it counts as attempted: ended, and not called off for reasons of its own."""
        return self.outcome is not None and self.outcome not in OUTCOMES_NOT_ATTEMPTED

    @property
    def is_delivered_on_time(self) -> bool:
        """Return whether it arrived within 1.5 × the planned time."""
        if self.outcome not in ("proceeded", "proceeded_late", "rerouted"):
            return False
        if self.actual_start is None or self.actual_end is None:
            return False
        planned = self.planned_end - self.planned_start
        return self.actual_end - self.actual_start <= ON_TIME_FACTOR * planned


def humanitarian_deliveries(movements: Sequence[MovementEvidence]) -> Indicator:
    """Return S2: deliveries on time of those planned and not cancelled for other reasons, judged by its lower bound."""
    counted = [m for m in movements if m.is_attempted]
    return count_share(
        "a",
        "humanitarian movements delivered within 1.5 × planned time",
        sum(m.is_delivered_on_time for m in counted),
        len(counted),
        met_at=0.80,
        partly_at=0.60,
        evidence=[m.id for m in counted],
        by_interval=True,
        minimum=DELIVERIES_MIN,
    )


@dataclass(frozen=True, slots=True)
class HazardEvidence:
    """An open explosive hazard: whether its record is complete, where it touches, how fresh its priority is."""

    id: str
    is_complete: bool
    touches_key_route: bool
    priority_set_at: int | None


def hazards_identified(hazards: Sequence[HazardEvidence], at: int) -> tuple[Indicator, Indicator]:
    """Return S4 a and b: complete hazard records, and key-route hazards with a priority at most 30 days old."""
    on_routes = [h for h in hazards if h.touches_key_route]
    current = [h for h in on_routes if h.priority_set_at is not None and 0 <= at - h.priority_set_at <= PRIORITY_MAX_US]
    return (
        count_share(
            "a",
            "open hazards with geometry, class, source and date",
            sum(h.is_complete for h in hazards),
            len(hazards),
            met_at=0.95,
            evidence=[h.id for h in hazards],
        ),
        count_share(
            "b",
            "hazards touching a key route with a priority at most 30 days old",
            len(current),
            len(on_routes),
            met_at=1.0,
            evidence=[h.id for h in on_routes],
        ),
    )


def violence_on_routes(
    is_violent: NDArray[np.bool_],
    length_m: NDArray[np.float64],
    incidents: int,
    incidents_before: int,
    window_d: int,
    evidence: Sequence[str],
) -> tuple[Indicator, Indicator]:
    """Return M1 a and b: km without violence, and the rate per 1,000 km and 30 days.

    Parameters
    ----------
    is_violent
        (j,) a violent incident lies within 500 m of the stretch in the window.
    length_m
        (j,) metres.
    incidents, incidents_before
        Distinct violent incidents near key routes in this window and the one before it.

    Notes
    -----
    b counts as reached when it is at most 1 or lower than in the window before; its value stays the rate.
    """
    total = float(length_m.sum())
    if not total:
        none = Indicator("a", "key-route km without violent incident", None, met_at=0.90, partly_at=0.60)
        return none, Indicator("b", "violent incidents per 1,000 km and 30 days", None, unit="rate")
    quiet = float((~is_violent * length_m).sum())
    per = total / 1e6 * window_d / 30
    rate, before = incidents / per, incidents_before / per
    return (
        Indicator(
            "a",
            "key-route km without violent incident in 90 days",
            quiet / total,
            numerator=quiet / 1000,
            denominator=total / 1000,
            met_at=0.90,
            partly_at=0.60,
            evidence=tuple(evidence),
        ),
        Indicator(
            "b",
            "violent incidents per 1,000 km and 30 days",
            rate,
            unit="rate",
            numerator=incidents,
            denominator=per,
            evidence=tuple(evidence),
            parts={"before": before, "reached": float(rate <= 1 or rate < before)},
        ),
    )


def presence(passed: NDArray[np.bool_], length_m: NDArray[np.float64], evidence: Sequence[str]) -> Indicator:
    """Return the smallest share of key-route length with a passage in any of the periods.

    `passed` (periods, j): a physical verification covers the stretch in that period.
    Without presence, silence is no data.
    """
    total = float(length_m.sum())
    value = float((passed * length_m).sum(axis=1).min() / total) if total and len(passed) else None
    return Indicator(
        "p", "key-route km with a passage in each 14 days (lowest period)", value, evidence=tuple(evidence)
    )


def routes_updated(
    confirmed: NDArray[np.bool_],
    reviewed: NDArray[np.bool_],
    length_m: NDArray[np.float64],
    evidence: Sequence[str],
) -> Indicator:
    """Return M4: the share of the last 30 days on which at least 90 % of key-route length was confirmed.

    `confirmed`, `reviewed` (days, j): by verification, by signed review, within the interval of the route.
    Both shares are shown apart: a signature is not a passage.
    """
    total = float(length_m.sum())
    if not total or not len(confirmed):
        return Indicator("a", "days with ≥ 90 % of key-route km confirmed", None, met_at=UPDATED_DAYS / 30)

    def daily(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray((mask * length_m).sum(axis=1) / total)

    either = daily(confirmed | reviewed)
    good = int((either >= UPDATED_SHARE - 1e-9).sum())
    days = len(either)
    return Indicator(
        "a",
        "days with ≥ 90 % of key-route km confirmed",
        good / days,
        unit="share",
        numerator=good,
        denominator=days,
        met_at=UPDATED_DAYS / 30,
        partly_at=0.60,
        evidence=tuple(evidence),
        parts={
            "verified": float(daily(confirmed).mean()),
            "reviewed": float(daily(reviewed).mean()),
            "mean": float(either.mean()),
            "today": float(either[-1]),
        },
    )


def freedom_index(movements: Sequence[MovementEvidence]) -> Indicator:
    """Return (proceeded + half of late) / attempted, with the interval of the unimpeded share.

    Source: doctrine, section 6 (FoM index).
    """
    counted = [m for m in movements if m.is_attempted]
    unimpeded = sum(m.outcome in OUTCOMES_UNIMPEDED for m in counted)
    late = sum(m.outcome == "proceeded_late" for m in counted)
    n = len(counted)
    return Indicator(
        "fom",
        "(proceeded + half of late) / attempted",
        (unimpeded + 0.5 * late) / n if n else None,
        numerator=unimpeded + 0.5 * late,
        denominator=n,
        interval=wilson(unimpeded, n),
        evidence=tuple(m.id for m in counted),
    )


def by_admin_unit(movements: Sequence[MovementEvidence]) -> Mapping[str, Mapping[str, Indicator]]:
    """Return the unimpeded share for each administrative unit, civil and mission apart (L1)."""
    groups: dict[str, dict[str, list[MovementEvidence]]] = {}
    for movement in movements:
        if movement.admin_unit is None or not movement.is_attempted:
            continue
        side = "mission" if movement.user_class.startswith("mission_") else "civil"
        groups.setdefault(movement.admin_unit, {}).setdefault(side, []).append(movement)
    return {
        unit: {
            side: count_share(
                side,
                f"unimpeded {side} movements",
                sum(m.outcome in OUTCOMES_UNIMPEDED for m in rows),
                len(rows),
                met_at=0.95,
                partly_at=0.60,
                evidence=[m.id for m in rows],
                by_interval=True,
            )
            for side, rows in sides.items()
        }
        for unit, sides in sorted(groups.items())
    }
