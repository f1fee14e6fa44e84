"""H: orders, denials, tolls and delays over time, for one user class; and S: states set by hand.

Source: facts format, sections 6 and 7; doctrine, sections 3.4 and 3.6.
"""

from __future__ import annotations

from fom.domain.closing import improvement_fault
from fom.domain.grades import Level, cap_by_level, one_level_down
from fom.domain.instants import ALWAYS_US, HOUR_US
from fom.domain.knowledge import Knowledge, Standing
from fom.domain.phases import (
    DIRECTION_BITS,
    NO_CONFIDENCE,
    ImprovementPhase,
    Phase,
    same_everywhere,
)
from fom.domain.policy import Policy
from fom.domain.profiles import MISSION_CLASSES
from fom.domain.records import Control, Manual
from fom.domain.spans import FIRST_TICK, LAST_TICK, after_tick, at_tick
from fom.domain.states import Component, State

_EFFECTS = {"prohibited": State.BLACK, "permission": State.RED, "escort": State.RED}


def control_phases(control: Control, knowledge: Knowledge, user_class: str) -> list[Phase]:
    """Return the phases of a known control for a user class, until it is lifted or closed as erroneous."""
    lifted = knowledge.closed_from(control, "lifted")
    phases: list[Phase] = []
    for standing in knowledge.standing(control):
        start, end = standing.start_us, min(standing.end_us, lifted)
        if start < end:
            level = knowledge.level(control, standing.confidence)
            phases += _phases_while(control, standing, start, end, level, user_class, knowledge.policy)
    return phases


def _phases_while(
    control: Control, standing: Standing, start: int, end: int, level: Level, user_class: str, policy: Policy
) -> list[Phase]:
    """Return the phases of a control within [start, end) microseconds, at one level."""

    def phase(rule: str, state: State, first_tick: int, last_tick: int, order: Control | None = None) -> list[Phase]:
        begin, finish = max(first_tick, at_tick(start)), min(last_tick, at_tick(end))
        if begin >= finish:
            return []
        capped = cap_by_level(state, level)
        down = one_level_down(capped)
        whole = Phase(
            begin, finish, Component.CONTROL, (rule, rule, rule), (capped, down, down), standing.confidence,
            control, control, directions=DIRECTION_BITS[control.direction],
        )  # fmt: skip
        return [whole if order is None else _with_start(whole, order)]

    eff = control.eff
    last_tick = LAST_TICK if control.end is None else after_tick(control.end)
    if control.control == "order":
        if user_class not in control.user_classes and "all" not in control.user_classes:
            return []
        if control.end is not None and control.end < _first(control):
            return []
        return phase("H1", _EFFECTS[control.effect or "prohibited"], FIRST_TICK, last_tick, order=control)
    if control.control == "denial":
        if not is_same_for_denial(control.user_class, user_class):
            return phase("H3", State.AMBER, at_tick(eff), min(last_tick, after_tick(eff + _us(policy.denial_other_h))))
        if control.end is not None:
            return phase("H2", State.RED, at_tick(eff), last_tick)
        red_until = after_tick(eff + _us(policy.denial_red_h))
        return [
            *phase("H2", State.RED, at_tick(eff), red_until),
            *phase("H2", State.AMBER, red_until, after_tick(eff + _us(policy.denial_amber_h))),
        ]
    return phase("H4", State.AMBER, at_tick(eff), after_tick(eff + _us(policy.toll_h)))


def _first(order: Control) -> int:
    """Return the first moment of an order."""
    return order.eff if order.start is None else order.start


def _with_start(phase: Phase, order: Control) -> Phase:
    """Return the phase of an order with its start, from which the travel time of each segment is taken off."""
    first = _first(order)
    if order.recurring is None:
        return phase._replace(lead_start=at_tick(first))
    return phase._replace(recurring=order.recurring, clip=(first, ALWAYS_US if order.end is None else order.end))


def _us(hours: float) -> int:
    return round(hours * HOUR_US)


def is_same_for_denial(denied: str | None, asked: str) -> bool:
    """Return whether a denial of one class speaks to another: the three mission classes are one here."""
    return denied == asked or (denied in MISSION_CLASSES and asked in MISSION_CLASSES)


def worsening_phases(manual: Manual, knowledge: Knowledge) -> list[Phase]:
    """Return the phase of a known state set worse by hand, until its expiry, lifting or retraction."""
    end = min(after_tick(ALWAYS_US if manual.expires is None else manual.expires), _lifted_tick(manual, knowledge))
    start = at_tick(manual.eff)
    if manual.mode != "worsen" or manual.state == State.GREEN or start >= end:
        return []
    rules, states = same_everywhere("S1", manual.state)
    return [Phase(start, end, Component.MANUAL, rules, states, NO_CONFIDENCE, manual, manual)]


def improvement_phase(manual: Manual, knowledge: Knowledge) -> ImprovementPhase | None:
    """Return the phase of a known improvement by hand, or None when it can never work."""
    if manual.mode != "improve" or manual.expires is None or improvement_fault(manual, knowledge.policy) is not None:
        return None
    start, end = at_tick(manual.eff), min(at_tick(manual.expires), _lifted_tick(manual, knowledge))
    return ImprovementPhase(start, end, manual.state, manual) if start < end else None


def _lifted_tick(manual: Manual, knowledge: Knowledge) -> int:
    return at_tick(knowledge.closed_from(manual, "lifted"))
