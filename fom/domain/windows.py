"""For how long a standing order holds: from its start until its end, or until it is lifted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """From `since` until `until` (None = no end is known)."""

    since: int
    until: int | None

    def holds(self, at: int) -> bool:
        """Return whether it is in force at a moment; at its very end it is not."""
        return self.since <= at and (self.until is None or at < self.until)


def order_window(
    *, occurred: int | None, received: int, start: int | None, end: int | None, lifted: int | None
) -> Window:
    """Return the window of an order: from its start, else from when it was met, until its end or its lifting.

    An order that recurs (a curfew by night) counts as standing through its whole window.
    """
    since = start if start is not None else occurred if occurred is not None else received
    ends = [moment for moment in (end, lifted) if moment is not None]
    return Window(since, min(ends) if ends else None)
