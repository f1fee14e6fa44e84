"""What a mission may publish as its policy: every parameter within its bounds, and parameters that fit each other.

A facts file may state anything that the format allows; this is stricter, because a slip here moves a whole country.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from fom.domain.policy import Policy
from fom.domain.policy_catalogue import flatten, parameters_of
from fom.domain.policy_families import WORD
from fom.domain.profiles import Profile
from fom.errors import FieldError

_NOT_ABOVE = (
    ("verification_h.high", "verification_h.medium"), ("verification_h.medium", "verification_h.low"),
    ("verification_h.low", "verification_h.minimal"), ("wet_h.Z", "wet_h.Y"),
    ("denial_red_h", "denial_amber_h"), ("corridor_m", "near_band_m"), ("gps_m", "imprecise_m"),
    ("gps_m", "place_radius_m"), ("suspected_min", "verification_min"), ("confirmed_min", "corroboration_cap"),
    *((f"source.{worse}", f"source.{better}") for better, worse in pairwise("ABCDE")),
    *((f"information.{worse}", f"information.{better}") for better, worse in pairwise("12345")),
)  # fmt: skip
"""(a, b): a must not be above b. Worse threat, weaker road, poorer grade: not a longer life, not more belief."""
_BELOW = (("suspected_min", "confirmed_min"), ("risk_amber", "risk_red"), ("risk_near_m", "risk_far_m"))
"""(a, b): a must be below b."""


def policy_faults(policy: Policy, profiles: Mapping[str, Profile]) -> list[FieldError]:
    """Return everything that keeps a policy from being published, each at the parameter it concerns."""
    values = flatten(policy, profiles)
    return [*_out_of_bounds(policy, profiles, values), *_at_odds(values), *_overborne(profiles)]


def _out_of_bounds(
    policy: Policy, profiles: Mapping[str, Profile], values: Mapping[str, float | str]
) -> Iterator[FieldError]:
    for parameter in parameters_of(policy, profiles):
        family, value = parameter.family, values[parameter.name]
        if family.unit != WORD and not family.low <= float(value) <= family.high:
            expected = f"{family.low:g} to {family.high:g} {family.unit}"
            yield FieldError(parameter.name, f"{value:g}", expected)


def _overborne(profiles: Mapping[str, Profile]) -> Iterator[FieldError]:
    for name, profile in profiles.items():
        if profile.axle_t is not None and profile.axle_t > profile.mass_t:
            expected = f"not above profiles.{name}.mass_t ({profile.mass_t:g})"
            yield FieldError(f"profiles.{name}.axle_t", f"{profile.axle_t:g}", expected)


def _at_odds(values: Mapping[str, float | str]) -> Iterator[FieldError]:
    for lower, upper in (*_NOT_ABOVE, *_BELOW):
        a, b = float(values[lower]), float(values[upper])
        is_strict = (lower, upper) in _BELOW
        if a > b or (is_strict and a == b):
            words = "below" if is_strict else "not above"
            yield FieldError(lower, f"{a:g}", f"{words} {upper} ({b:g})")
