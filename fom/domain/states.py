"""The five states of a road and the six components they are the worst of."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """State of a segment, in order of severity; GREY is worse than AMBER because AMBER still invites passage.

    Source: doctrine, section 3.
    """

    GREEN = 0
    AMBER = 1
    GREY = 2
    RED = 3
    BLACK = 4


class Component(IntEnum):
    """What a state is the worst of, in the order in which reasons of equal state are listed.

    Source: facts format, section 8 (order of reasons).
    """

    EXPLOSIVE = 0
    PHYSICAL = 1
    CONTROL = 2
    RISK = 3
    MANUAL = 4
    VERIFICATION = 5

    @property
    def code(self) -> str:
        """Return the lower-case word used in files and answers."""
        return self.name.lower()


FORWARD, BACKWARD = 0, 1
"""Directions along a segment's own geometry; the second index of every (n, 2) array."""

DIRECTION_CODES = ("forward", "backward")

NO_STATE = 255
"""In uint8 state arrays: this segment has no such direction (backward of a one-way segment)."""

VIABLE = (State.GREEN, State.AMBER)
IMPASSABLE = (State.RED, State.BLACK)
