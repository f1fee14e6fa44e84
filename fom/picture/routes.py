"""Routes: the roll-up of their segments.

state = worst segment; verified_at = oldest, null if any is missing; confidence = lowest shown; risk over distinct
groups of incidents, each with its largest term on the route. Source: facts format, section 7; doctrine, section 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fom.domain.incident import from_lambda, to_lambda
from fom.domain.instants import NEVER_US, format_instant
from fom.domain.records import Route
from fom.domain.states import State

if TYPE_CHECKING:
    from fom.picture.assessment import Assessment


@dataclass(frozen=True, slots=True)
class RouteState:
    """State of a route for one question. `verified_at` in microseconds, NEVER_US = null."""

    route_id: str
    state: State
    risk: float
    confidence: float | None
    verified_at: int

    def members(self) -> dict[str, Any]:
        """Return the route as an answer states it."""
        return {
            "route_id": self.route_id,
            "state": self.state.name,
            "risk": self.risk,
            "confidence": self.confidence,
            "verified_at": None if self.verified_at == NEVER_US else format_instant(self.verified_at),
        }


def route_states(assessment: Assessment) -> list[RouteState]:
    """Return the state of every known route, by id."""
    knowledge = assessment.contributions.case.knowledge
    states = []
    for record in sorted(knowledge.ledger.loose("route"), key=lambda record: record.id):
        if isinstance(record, Route) and knowledge.is_known(record):
            stretches = [
                (number, int(stretch.direction == "backward"))
                for stretch in record.segments
                if (number := assessment.network.find_segment(stretch.segment_id)) is not None
            ]
            states.append(route_state(assessment, record.id, stretches))
    return states


def route_state(assessment: Assessment, route_id: str, stretches: list[tuple[int, int]]) -> RouteState:
    """Return the state of (segment number, direction) pairs taken as one route."""
    numbers = np.unique(np.array([number for number, _ in stretches], dtype=np.int64))
    part = type(assessment)(assessment.question, assessment.contributions.restricted(numbers))
    rows = np.searchsorted(numbers, [number for number, _ in stretches])
    ways = np.array([direction for _, direction in stretches])
    verified = part.verified_at[rows, ways]
    confidence = part.confidence[rows, ways]
    shown = confidence[~np.isnan(confidence)]
    return RouteState(
        route_id,
        State(int(part.states[rows, ways].max())),
        _risk(part),
        float(shown.min()) if len(shown) else None,
        NEVER_US if np.any(verified == NEVER_US) else int(verified.min()),
    )


def _risk(part: Assessment) -> float:
    """Return 1 - prod(1 - largest term of each group) over the segments of a part."""
    whole = part.contributions
    terms, _ = whole.risk_terms(part.tick)
    group = whole.case.risks.columns["group"][whole.risks.phase]
    if not len(group):
        return 0.0
    groups, where = np.unique(group, return_inverse=True)
    largest = np.zeros(len(groups))
    np.maximum.at(largest, where, terms)
    return float(from_lambda(to_lambda(largest).sum(keepdims=True))[0])
