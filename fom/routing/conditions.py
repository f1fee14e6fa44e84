"""What routing asks of the picture: states of everything, and the reasons where a route runs.

The picture's assessment answers all of it; routing does not import it, so that tests can lay states by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fom.domain.states import Component, State

Reason = Mapping[str, Any]
"""Members `component, rule, state, fact_ids, …` of a reason in an answer."""


class PlainReason(Protocol):
    """What a reason says without its texts."""

    @property
    def component(self) -> Component: ...
    @property
    def rule(self) -> str: ...
    @property
    def state(self) -> State: ...
    @property
    def fact_ids(self) -> tuple[str, ...]: ...


class RollUp(Protocol):
    """State of a list of stretches (doctrine, section 3.7)."""

    @property
    def state(self) -> State: ...
    @property
    def risk(self) -> float: ...
    @property
    def confidence(self) -> float | None: ...
    @property
    def verified_at(self) -> int | None: ...


class Detail(Protocol):
    """The same question answered in detail for some segments."""

    def reasons(self, number: int, direction: int) -> Sequence[PlainReason]:
        """Return the reasons of a segment in a direction, worst first."""

    def tell(self, number: int, direction: int, place: int) -> Reason:
        """Return one of these, by its place, as an answer states it, with texts for people."""

    def hazards(self, segments: NDArray[np.int64]) -> Mapping[str, str]:
        """Return id -> level (`confirmed`, `suspected`, `doubtful`) of the explosive facts that limit some of these."""

    def near_hazard(self, segments: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (k,) whether any explosive fact limits each of these."""

    def route_state(self, stretches: Sequence[tuple[int, int]]) -> RollUp:
        """Return the state of (segment number, direction) pairs taken as one route."""


class Course(Protocol):
    """How the states of k segments go on by themselves from one moment to another."""

    @property
    def states(self) -> NDArray[np.uint8]:
        """Return (k, 2) states at the start, NO_STATE where there is no such direction."""

    @property
    def first(self) -> NDArray[np.int64]:
        """Return (2k + 1,); changes of segment i in direction d are rows first[2i + d] to first[2i + d + 1] - 1."""

    @property
    def tick(self) -> NDArray[np.int64]:
        """Return (c,) from when a change holds, half microseconds."""

    @property
    def state(self) -> NDArray[np.uint8]:
        """Return (c,) the state from then on."""


class Conditions(Protocol):
    """What a plan sees of the picture: the states of one question for all n segments, and the detail of some."""

    @property
    def states(self) -> NDArray[np.uint8]:
        """Return (n, 2) states, NO_STATE where there is no such direction."""

    @property
    def risk(self) -> NDArray[np.float64]:
        """Return (n, 2) risk, 0 to 1."""

    @property
    def delay_min(self) -> NDArray[np.float64]:
        """Return (n, 2) minutes."""

    def detail(self, segments: NDArray[np.int64]) -> Detail:
        """Return the answer in detail for some segments, each once, ascending."""

    def detail_at(self, segments: NDArray[np.int64], moments: Mapping[int, int]) -> Detail:
        """Return the same, of some segments (number -> microseconds) as they are at moments of their own."""
