"""P: damage, obstruction and limits over time, for one profile.

Source: facts format, section 5; doctrine, section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fom.domain.grades import SLACK, cap_by_level, one_level_down
from fom.domain.instants import ALWAYS_US
from fom.domain.knowledge import Knowledge
from fom.domain.phases import NO_CONFIDENCE, SEGMENT, Phase
from fom.domain.policy import Policy
from fom.domain.profiles import Profile
from fom.domain.records import ClosingAct, Limits, Physical, Record
from fom.domain.spans import at_tick
from fom.domain.states import Component, State
from fom.domain.verification import is_good_evidence

CLOSED = ("destroyed", "washed_out", "blocked")
CLASS_LOST = ("destroyed", "washed_out", "damaged")
"""After such damage the old class is not trusted: a repair that states none leaves it unknown."""
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "bridge": ("mlc", "mass_t"),
    "culvert": ("mlc", "mass_t"),
    "ferry": ("mlc", "mass_t"),
    "tunnel": ("height_m",),
    "ford": ("depth_m",),
    "pass": (),
}
"""Asset type -> limits of which one must be recorded."""
_SIZES = {
    "mlc": lambda profile: profile.mlc,
    "mass_t": lambda profile: profile.mass_t,
    "width_m": lambda profile: profile.width_m,
    "height_m": lambda profile: profile.height_m,
    "axle_t": lambda profile: profile.mass_t if profile.axle_t is None else profile.axle_t,
}
_STATED = ("mlc", "mass_t", "width_m", "height_m")
"""Limits that facts and repairs state."""


def is_over(size: float, limit: float) -> bool:
    """Return whether a vehicle exceeds a limit (r = size / limit > 1). Both are stated numbers and compared exactly."""
    return size > limit


def is_close(size: float, limit: float, policy: Policy) -> bool:
    """Return whether r = size / limit reaches the amber share of a limit."""
    return size >= policy.limit_amber * limit - SLACK * limit


def limit_verdicts(limits: Mapping[str, float], profile: Profile, policy: Policy) -> dict[str, State]:
    """Return rule -> state for the limits broken (P2) or nearly reached (P3), or not to be compared (P4).

    `limits` by name; `depth_m` is the depth of a ford, compared with the profile's ford depth. A vehicle whose axle
    load is not stated may be over an axle limit from the mass on that is close to it.
    """
    states = {"P2": State.BLACK, "P3": State.AMBER, "P4": unknown_state(profile, policy)}
    rules = {limit_rule(name, limit, profile, policy) for name, limit in limits.items()}
    return {rule: state for rule, state in states.items() if rule in rules}


def limit_rule(name: str, limit: float, profile: Profile, policy: Policy) -> str | None:
    """Return the rule by which one limit counts: P2, P3 or P4, None = not at all."""
    size, limit = compared(name, limit, profile)
    if name == "axle_t" and profile.axle_t is None:
        return "P4" if is_close(size, limit, policy) else None
    if is_over(size, limit):
        return "P2"
    return "P3" if is_close(size, limit, policy) else None


def compared(name: str, limit: float, profile: Profile) -> tuple[float, float]:
    """Return what is compared: the vehicle with the limit; at a ford its depth with what the vehicle wades."""
    return (limit, profile.ford_depth_m) if name == "depth_m" else (_SIZES[name](profile), limit)


def unknown_state(profile: Profile, policy: Policy) -> State:
    """Return what a limit that nobody knows means (P4): caution for a light vehicle, unknown for a heavier one."""
    return State.AMBER if profile.mass_t <= policy.light_mass_t else State.GREY


def recorded_verdicts(
    limits: Mapping[str, float], asset_type: str | None, profile: Profile, policy: Policy
) -> dict[str, State]:
    """Return rule -> state for limits recorded in the network, of a segment (asset type None) or an asset."""
    verdicts = limit_verdicts(limits, profile, policy)
    required = () if asset_type is None else REQUIRED[asset_type]
    if required and not any(name in limits for name in required):
        verdicts["P4"] = unknown_state(profile, policy)
    return verdicts


def _stated_verdicts(limits: Limits | None, profile: Profile, policy: Policy) -> dict[str, State]:
    """Return rule -> state for the limits of a fact or repair; a null says that one is no longer known."""
    if limits is None:
        return {}
    numbers = {name: value for name in _STATED if (value := getattr(limits, name)) is not None}
    verdicts = limit_verdicts(numbers, profile, policy)
    if limits.unknown:
        verdicts["P4"] = unknown_state(profile, policy)
    return verdicts


def _damage_verdict(fact: Physical, profile: Profile) -> tuple[str, State] | None:
    if fact.damage in CLOSED:
        return "P1", State.BLACK
    if fact.damage == "flooded":
        is_too_deep = fact.depth_m is None or is_over(fact.depth_m, profile.ford_depth_m)
        return ("P1", State.BLACK) if is_too_deep else ("P5", State.AMBER)
    return ("P5", State.AMBER) if fact.damage == "damaged" else None


def physical_phases(
    fact: Physical, knowledge: Knowledge, profile: Profile, profiles: Mapping[str, Profile]
) -> list[Phase]:
    """Return the phases of a known physical fact: its damage, its limits, and those of the repairs that ended it."""
    policy = knowledge.policy
    has_acts = fact.id in knowledge.ledger.acts_on
    repairs = knowledge.valid_acts(fact, "repaired") if has_acts else []
    repaired = repairs[0].eff if repairs else ALWAYS_US
    crossed = min(_crossings(fact, knowledge, profile, profiles), default=ALWAYS_US)
    damage = _damage_verdict(fact, profile)
    limits = _stated_verdicts(fact.limits, profile, policy)
    phases: list[Phase] = []
    for standing in knowledge.standing(fact):
        start, end = max(fact.eff, standing.start_us), min(repaired, standing.end_us)
        level = knowledge.level(fact, standing.confidence)
        verdicts = [(rule, state, end) for rule, state in limits.items()]
        if damage is not None:
            verdicts.append((*damage, min(end, crossed)))
        phases += [
            _phase(fact, fact, rule, cap_by_level(state, level), start, until, standing.confidence)
            for rule, state, until in verdicts
            if start < until
        ]
    for repair, until in zip(repairs, [*(after.eff for after in repairs[1:]), ALWAYS_US], strict=False):
        if repair.eff < until:
            verdicts_after = _repair_verdicts(repair, fact, profile, policy)
            phases += [
                _phase(fact, repair, rule, state, repair.eff, until, NO_CONFIDENCE)
                for rule, state in verdicts_after.items()
            ]
    return phases


def _phase(fact: Physical, source: Record, rule: str, state: State, start: int, end: int, confidence: float) -> Phase:
    down = one_level_down(state)
    return Phase(
        at_tick(start), at_tick(end), Component.PHYSICAL, (rule, rule, rule), (state, down, down), confidence,
        fact, source, subject=fact.asset or SEGMENT,
    )  # fmt: skip


def _repair_verdicts(repair: ClosingAct, fact: Physical, profile: Profile, policy: Policy) -> dict[str, State]:
    """Return rule -> state for what a repair leaves: its limits, confirmed; a class lost and not stated is unknown."""
    verdicts = _stated_verdicts(repair.limits, profile, policy)
    has_class = repair.limits is not None and (repair.limits.mlc is not None or repair.limits.mass_t is not None)
    if fact.damage in CLASS_LOST and not has_class:
        verdicts["P4"] = unknown_state(profile, policy)
    return verdicts


def _crossings(
    fact: Physical, knowledge: Knowledge, profile: Profile, profiles: Mapping[str, Profile]
) -> Iterable[int]:
    """Yield the moments of verified crossings that end the damage for this profile: at least its class, by name."""
    ledger = knowledge.ledger
    named = ledger.crossings_of.get(fact.id, ())
    if fact.asset is not None:
        named = (*named, *ledger.crossings_of.get(fact.asset, ()))
    for crossing in named:
        if (
            crossing.eff > fact.eff
            and crossing.passed is not None
            and profiles[crossing.passed].is_at_least(profile)
            and knowledge.is_known(crossing)
            and is_good_evidence(crossing, knowledge)
        ):
            yield crossing.eff
