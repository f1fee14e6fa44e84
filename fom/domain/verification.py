"""V: which passages and searches count, for which class, and how long they stay fresh.

Source: facts format, section 3; doctrine, section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping

from fom.domain.grades import SLACK
from fom.domain.instants import HOUR_US
from fom.domain.knowledge import Knowledge
from fom.domain.phases import DIRECTION_BITS, PassagePhase
from fom.domain.policy import Policy
from fom.domain.profiles import Profile
from fom.domain.records import Verification
from fom.domain.states import State

PHYSICAL_STRENGTHS = ("route_search", "engineer_recce", "own_patrol_traverse", "partner_convoy_traverse")
"""Someone was on the road. Imagery, an aerial look and hearsay have no effect."""
SEARCHES = ("route_search", "engineer_recce")
UNCOVERED_MAX_M = 1.0
"""A set of verifications covers a segment when no more than this is left out in total."""
RULES = {State.GREEN: "V1", State.AMBER: "V2", State.GREY: "V3"}


def is_good_evidence(verification: Verification, knowledge: Knowledge) -> bool:
    """Return whether someone was there and the report is trusted enough. Whether it is known is asked elsewhere."""
    if verification.strength not in PHYSICAL_STRENGTHS:
        return False
    return knowledge.own_confidence(verification) >= knowledge.policy.verification_min + SLACK


def passage_phase(
    verification: Verification, knowledge: Knowledge, profile: Profile, profiles: Mapping[str, Profile]
) -> PassagePhase | None:
    """Return how a known verification counts for a profile, or None when it never does."""
    if not is_good_evidence(verification, knowledge):
        return None
    passed = None if verification.passed is None else profiles[verification.passed]
    is_at_least = passed is not None and passed.is_at_least(profile)
    speaks_for_vehicles = verification.strength in SEARCHES or (passed is not None and passed.is_vehicle)
    if not is_at_least and not speaks_for_vehicles:
        return None
    return PassagePhase(
        verification.eff,
        knowledge.own_confidence(verification),
        is_at_least,
        DIRECTION_BITS[verification.direction],
        verification,
    )


def fresh_us(level: str, road_type: str, is_wet: bool, policy: Policy) -> int:
    """Return T, how long a passage is fresh, microseconds. A road type not recorded ("") counts as Z."""
    hours = policy.verification_h[level]
    if is_wet and road_type in ("", "Z"):
        hours = min(hours, policy.wet_h["Z"])
    elif is_wet and road_type == "Y":
        hours = min(hours, policy.wet_h["Y"])
    return round(hours * HOUR_US)


def longest_fresh_us(policy: Policy) -> int:
    """Return the longest that a passage can be fresh anywhere, microseconds."""
    return round(max(policy.verification_h.values()) * HOUR_US)
