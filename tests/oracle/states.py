"""The words of an answer: states as numbers, reasons, verdicts, and how a doubtful or coarse report weighs less."""

from __future__ import annotations

from typing import Any

from tests.oracle.documents import Record

GREEN, AMBER, GREY, RED, BLACK = range(5)
STATE_NAMES = ("GREEN", "AMBER", "GREY", "RED", "BLACK")
COMPONENT_ORDER = ("explosive", "physical", "control", "risk", "manual", "verification")


class Reason:
    """One contribution to a state. `source` and `acts` are kept for the stretches of an explosive reason."""

    __slots__ = ("acts", "component", "confidence", "ids", "rule", "source", "state", "subject")

    def __init__(
        self, component: str, rule: str, state: int, ids: list[str], confidence: float | None, subject: str = ""
    ) -> None:
        self.component, self.rule, self.state, self.ids = component, rule, state, sorted(ids)
        self.confidence, self.subject = confidence, subject
        self.source: Record | None = None
        self.acts: tuple[Record, ...] = ()

    @property
    def order(self) -> tuple[Any, ...]:
        """Return the key by which reasons are listed."""
        return -self.state, COMPONENT_ORDER.index(self.component), self.rule, self.ids, self.subject


class Verdict:
    """The answer for one row at one instant; `improve`: the improvements that help unless something blocks them."""

    __slots__ = ("components", "delay_min", "improve", "override", "reasons", "risk", "state", "verified_at")
    components: dict[str, int]
    delay_min: float
    improve: list[Record]
    override: str | None
    reasons: list[Reason]
    risk: float
    state: int
    verified_at: int | None


def capped(state: int, level: str) -> int:
    """Return a state as bad as a report of this level can make it."""
    if level == "doubtful":
        return min(state, AMBER)
    return RED if level == "suspected" and state == BLACK else state


def lowered(state: int) -> int:
    """Return one level down for a coarse place."""
    return {BLACK: RED, RED: AMBER, GREY: AMBER}.get(state, state)
