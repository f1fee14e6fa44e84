"""States laid on a small network by hand, so that plans can be tested without a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fom.domain.states import NO_STATE, Component, State
from fom.network.network import Network


@dataclass(frozen=True)
class HandReason:
    component: Component
    rule: str
    state: State
    fact_ids: tuple[str, ...]


@dataclass(frozen=True)
class HandRollUp:
    state: State
    risk: float
    confidence: float | None
    verified_at: int | None


class HandConditions:
    """GREEN everywhere but where told: `set_state(segment, state)`; risk is the largest along a route."""

    def __init__(self, network: Network, base: State = State.GREEN) -> None:
        n = network.n_segments
        self.network = network
        self.states = np.full((n, 2), base, np.uint8)
        self.states[network.is_oneway, 1] = NO_STATE
        self.risk = np.zeros((n, 2))
        self.delay_min = np.zeros((n, 2))
        self.near: set[int] = set()

    def set_state(self, segment: int, state: State, direction: int | None = None) -> None:
        for d in (0, 1) if direction is None else (direction,):
            if self.states[segment, d] != NO_STATE:
                self.states[segment, d] = state

    def detail(self, segments: np.ndarray) -> HandConditions:
        """Return itself: everything is known by hand."""
        return self

    def detail_at(self, segments: np.ndarray, moments: object) -> HandConditions:
        return self

    def reasons(self, number: int, direction: int) -> tuple[HandReason, ...]:
        state = State(int(self.states[number, direction]))
        return (HandReason(Component.EXPLOSIVE, "X1", state, (f"e{number}",)),)

    def tell(self, number: int, direction: int, place: int) -> dict[str, object]:
        reason = self.reasons(number, direction)[place]
        return {
            "component": reason.component.code,
            "rule": reason.rule,
            "state": reason.state.name,
            "fact_ids": list(reason.fact_ids),
        }

    def hazards(self, segments: np.ndarray) -> dict[str, str]:
        held = [s for s in segments.tolist() if (self.states[s] == State.AMBER).any()]
        return {f"e{segment}": "suspected" for segment in held}

    def near_hazard(self, segments: np.ndarray) -> np.ndarray:
        return np.isin(segments, list(self.near))

    def route_state(self, stretches: Sequence[tuple[int, int]]) -> HandRollUp:
        worst = State(max(int(self.states[row]) for row in stretches))
        return HandRollUp(worst, max(float(self.risk[row]) for row in stretches), 0.7225, 0)
