"""R: what incidents weigh over time.

Source: facts format, section 6; doctrine, section 3.5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.domain.grades import SLACK
from fom.domain.instants import DAY_US
from fom.domain.knowledge import Knowledge
from fom.domain.phases import RiskPhase
from fom.domain.policy import Policy
from fom.domain.records import Incident
from fom.domain.spans import at_tick
from fom.domain.states import State

LISTED_MIN = 0.001
"""Incidents with a smaller own term are not listed in the reason."""
QUANTUM = 2.0**-40
"""Terms are summed as whole multiples of this, so that the order of arrival cannot change the last digit."""
NOTHING = QUANTUM / 4
"""A term below this is no quantum, however near, and never becomes one again."""
LAMBDA_MAX = 4096.0
"""-ln(1 - r) of a certain event; its risk is 1."""


def risk_phases(incident: Incident, knowledge: Knowledge) -> list[RiskPhase]:
    """Return the phases of a known incident: s * c from its moment on, until closed as erroneous."""
    weight = knowledge.policy.incident[incident.incident_type]
    phases = []
    for standing in knowledge.standing(incident):
        start, end = max(at_tick(incident.eff), at_tick(standing.start_us)), at_tick(standing.end_us)
        if start < end:
            phases.append(
                RiskPhase(
                    start, end, weight.s * standing.confidence, incident.eff, weight.half_life_d * DAY_US,
                    standing.group, standing.confidence, incident,
                )
            )  # fmt: skip
    return phases


def decayed(
    weight: NDArray[np.float64], age_us: NDArray[np.float64], half_life_us: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return weight * 2^(-age / half-life)."""
    result: NDArray[np.float64] = weight * np.exp2(-age_us / half_life_us)
    return result


def to_lambda(term: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return -ln(1 - r) in whole quanta, which add up exactly in any order."""
    with np.errstate(divide="ignore"):
        quanta: NDArray[np.float64] = np.rint(np.minimum(-np.log1p(-term), LAMBDA_MAX) / QUANTUM)
    return quanta


def from_lambda(quanta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - prod(1 - r) of summed quanta."""
    result: NDArray[np.float64] = -np.expm1(-quanta * QUANTUM)
    return result


def lambda_of(risk: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return -ln(1 - R), the additive form of risk."""
    with np.errstate(divide="ignore"):
        result: NDArray[np.float64] = -np.log1p(-np.minimum(risk, 1.0))
    return np.minimum(result, LAMBDA_MAX)


def risk_state(risk: NDArray[np.float64], policy: Policy) -> NDArray[np.uint8]:
    """Return RED, AMBER or GREEN for risks."""
    is_red, is_amber = risk >= policy.risk_red - SLACK, risk >= policy.risk_amber - SLACK
    return np.where(is_red, State.RED, np.where(is_amber, State.AMBER, State.GREEN)).astype(np.uint8)
