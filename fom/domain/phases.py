"""A phase: for a span of time, what one source contributes to every segment it lies on.

The judgement of a segment at a moment is the worst of the phases of its records that hold then. Ticks: `spans`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from fom.domain.records import Record, Recurring
from fom.domain.spans import FIRST_TICK, LAST_TICK
from fom.domain.states import Component, State

NO_CONFIDENCE = math.nan
ON, IMPRECISE, NEAR = 0, 1, 2
"""How a record lies to a segment: on its corridor; there, but so uncertain that it may lie beside; in the near band."""
BOTH_WAYS = 0b11
"""Bit 0 forward, bit 1 backward."""
DIRECTION_BITS = {"forward": 0b01, "backward": 0b10, "both": BOTH_WAYS}
SEGMENT = "segment"
"""Subject of a physical reason that is not about an asset."""


class Phase(NamedTuple):
    """[start, end) in ticks; rule and state by zone."""

    start: int
    end: int
    component: Component
    rules: tuple[str, str, str]
    states: tuple[State, State, State]
    confidence: float
    """NaN = null."""
    record: Record
    """Whose place it has."""
    source: Record
    """Whose id is told: the record, or the repair whose limits these are."""
    subject: str | None = None
    directions: int = BOTH_WAYS
    acts: frozenset[str] = frozenset()
    """Land-release acts that work on an explosive fact; what they cover is taken off its place."""
    lead_start: int = FIRST_TICK
    """Orders: in force from this tick minus the segment's travel time."""
    recurring: Recurring | None = None
    clip: tuple[int, int] = (FIRST_TICK, LAST_TICK)
    """Recurring orders: microseconds from start to end, both included, outside of which the windows do not count."""


class RiskPhase(NamedTuple):
    """An incident's weight s * c from its moment on, while [start, end) holds; linked incidents share a group."""

    start: int
    end: int
    weight: float
    eff: int
    half_life_us: float
    group: str
    confidence: float
    record: Record


class PassagePhase(NamedTuple):
    """A verification that counts from `eff` on, for the profile asked."""

    eff: int
    confidence: float
    counts_everywhere: bool
    """The class that passed is at least the asked one; else it counts only where all limits are known."""
    directions: int
    record: Record


class ImprovementPhase(NamedTuple):
    """An improvement by hand over [start, end) in ticks."""

    start: int
    end: int
    state: State
    record: Record


def same_everywhere(rule: str, state: State) -> tuple[tuple[str, str, str], tuple[State, State, State]]:
    """Return rules and states of a phase that holds alike in every zone."""
    return (rule, rule, rule), (state, state, state)
