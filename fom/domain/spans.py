"""Stretches of time as half-open spans of ticks, two ticks to a microsecond.

Limits hold up to and including their end, good news is over at its expiry instant, and ages are compared with `<=`.
With a tick "just after" every microsecond all three become half-open spans [start, end), and the boundary is
`tick // 2`.
"""

from __future__ import annotations

from fom.domain.instants import ALWAYS_US, NEVER_US

FIRST_TICK = NEVER_US
"""Before every moment."""
LAST_TICK = ALWAYS_US
"""After every moment."""


def at_tick(us: int) -> int:
    """Return the tick of a moment: a span starts here when the moment is in it, ends here when it is not."""
    return min(max(2 * us, FIRST_TICK), LAST_TICK)


def after_tick(us: int) -> int:
    """Return the tick just after a moment: a span ends here when the moment is still in it."""
    return min(max(2 * us + 1, FIRST_TICK), LAST_TICK)


def to_us(tick: int) -> int:
    """Return the moment whose boundary a tick is."""
    return tick // 2
