"""Grades of source and information, and the confidence and level that follow.

Source: doctrine, section 2; facts format, section 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

from fom.domain.policy import Policy
from fom.domain.states import State

SLACK = 1e-9
"""Computed numbers are compared with this slack towards the worse state. Source: facts format, section 1.4."""
NOT_JUDGED = "F6"
IMPROBABLE = "5"
AUTOMATIC = "B2"
"""Grade of a passage by an authenticated account with a GPS track."""
SHOWN_CONFIRMED_MIN = 0.95
"""Confidence shown at least for confirmed hazardous areas and items confirmed by EOD."""
_GRADE = re.compile(r"[A-F][1-6]")


class Level(IntEnum):
    """How sure a limiting fact is."""

    DOUBTFUL = 0
    SUSPECTED = 1
    CONFIRMED = 2


def is_grade(text: object) -> bool:
    """Return whether this is a letter A to F followed by a digit 1 to 6."""
    return isinstance(text, str) and _GRADE.fullmatch(text) is not None


def confidence_of(grade: str, policy: Policy) -> float:
    """Return source share times information share, 0 to 1."""
    return policy.source[grade[0]] * policy.information[grade[1]]


def level_of(confidence: float, policy: Policy) -> Level:
    """Return the level of a limiting fact with this confidence."""
    if confidence >= policy.confirmed_min - SLACK:
        return Level.CONFIRMED
    if confidence >= policy.suspected_min - SLACK:
        return Level.SUSPECTED
    return Level.DOUBTFUL


def may_support(grade: str, policy: Policy) -> bool:
    """Return whether a record of this grade speaks for another: not when it is doubtful, or judged improbable (5).

    What nobody has judged (F, 6) is not bad, and may. Source: doctrine, section 2.
    """
    return grade[1] != IMPROBABLE and level_of(confidence_of(grade, policy), policy) != Level.DOUBTFUL


def corroborated(voices: Iterable[float], policy: Policy) -> float:
    """Return the confidence of independent voices together: max(largest, min(cap, 1 - product of doubts)).

    The cap must not lower: A1 (1.00) with a second report stays 1.00.
    """
    largest, doubt = 0.0, 1.0
    for voice in voices:
        largest = max(largest, voice)
        doubt *= 1.0 - voice
    return max(largest, min(policy.corroboration_cap, 1.0 - doubt))


def cap_by_level(state: State, level: Level) -> State:
    """Return what a report of this level may do: BLACK needs confirmation, a doubtful one reaches AMBER.

    Source: facts format, section 5.
    """
    if level == Level.CONFIRMED or state == State.GREEN:
        return state
    if level == Level.SUSPECTED:
        return State.RED if state == State.BLACK else state
    return State.AMBER


_ONE_DOWN = {State.BLACK: State.RED, State.RED: State.AMBER, State.GREY: State.AMBER}


def one_level_down(state: State) -> State:
    """Return the state for a place so uncertain that the road may lie beside it. AMBER and GREEN stay."""
    return _ONE_DOWN.get(state, state)
