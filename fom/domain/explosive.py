"""X: explosive hazards over time. They never decay; only closing acts end them.

Source: facts format, section 4; doctrine, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from fom.domain.closing import LAND_RELEASE, releases_profile
from fom.domain.grades import Level, one_level_down
from fom.domain.instants import NEVER_US
from fom.domain.knowledge import Knowledge
from fom.domain.phases import Phase
from fom.domain.profiles import Profile
from fom.domain.records import Explosive
from fom.domain.spans import at_tick
from fom.domain.states import Component, State

RULES = ("X1", "X2", "X3")
"""By zone: on the corridor, there but imprecise (one level down), in the near band."""
_ON_CORRIDOR = {Level.CONFIRMED: State.BLACK, Level.SUSPECTED: State.RED, Level.DOUBTFUL: State.AMBER}
_STATES = {level: (state, one_level_down(state), State.AMBER) for level, state in _ON_CORRIDOR.items()}


def explosive_phases(fact: Explosive, knowledge: Knowledge, profile: Profile) -> list[Phase]:
    """Return the phases of a known explosive fact; a new emplacement counts from its moment on, others always did."""
    born = fact.eff if fact.new_emplacement else NEVER_US
    gone = knowledge.closed_from(fact, "destroyed")
    phases: list[Phase] = []
    for standing in knowledge.standing(fact):
        start, end = max(born, standing.start_us), min(gone, standing.end_us)
        if start >= end:
            continue
        states = _STATES[knowledge.level(fact, standing.confidence)]
        shown = knowledge.shown_confidence(fact, standing.confidence)
        for begin, finish, acts in _released(fact, knowledge, profile, start, end):
            phases.append(
                Phase(at_tick(begin), at_tick(finish), Component.EXPLOSIVE, RULES, states, shown, fact, fact, acts=acts)
            )
    return phases


def _released(
    fact: Explosive, knowledge: Knowledge, profile: Profile, start: int, end: int
) -> Iterator[tuple[int, int, frozenset[str]]]:
    """Yield the parts of [start, end) with the land-release acts that work on the fact in each."""
    works = [
        (period, act)
        for act in (knowledge.valid_acts(fact, *LAND_RELEASE) if fact.id in knowledge.ledger.acts_on else ())
        if releases_profile(act, profile)
        for period in knowledge.release_periods(act)
    ]
    if not works:
        yield start, end, frozenset()
        return
    cuts = {start, end, *(moment for period, _ in works for moment in period if start < moment < end)}
    moments = sorted(cuts)
    for begin, finish in pairwise(moments):
        yield begin, finish, frozenset(act.id for (a, b), act in works if a <= begin and finish <= b)
