"""The catalogue of parameters: every number that the rules take as given, by name, and what there is to know of it.

One place that validation, the editor and the documentation read. A parameter is named as it is reached in a facts file
(`verification_h.high`, `incident.detonation.s`, `profiles.P3.mass_t`); what it means stands with its family.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fom.domain.policy import IncidentWeight, Policy
from fom.domain.policy_families import INCIDENT_FAMILIES, POLICY_FAMILIES, PROFILE_FAMILIES, Family
from fom.domain.profiles import PROFILES, Profile

Value = float | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number (or word) that the rules take as given."""

    name: str
    family: Family
    meaning: str
    default: Value | None
    """None of a profile that is not among the defaults."""

    @property
    def unit(self) -> str:
        """Return the unit: h, m, t, d, share (0 to 1), class, word."""
        return self.family.unit


KEY_WORDS = {
    "detonation": "mine or IED detonation", "ied_found": "IED found before it worked",
    "Y": "limited all-weather roads (Y)", "Z": "fair-weather roads (Z)",
}  # fmt: skip
"""Keys whose words differ from the key."""


def words_of(key: str) -> str:
    """Return a key in words, for a meaning."""
    return KEY_WORDS.get(key, key.replace("_", " "))


def flatten(policy: Policy, profiles: Mapping[str, Profile]) -> dict[str, Value]:
    """Return every parameter with its value, in the order of the catalogue."""
    return {p.name: value for p, value in _described(policy, profiles)}


def parameters_of(policy: Policy, profiles: Mapping[str, Profile]) -> tuple[Parameter, ...]:
    """Return every parameter that a policy and its profiles have."""
    return tuple(p for p, _ in _described(policy, profiles))


def _described(policy: Policy, profiles: Mapping[str, Profile]) -> Iterator[tuple[Parameter, Value]]:
    default = Policy()
    for family in POLICY_FAMILIES:
        value, before = getattr(policy, family.name), getattr(default, family.name)
        if isinstance(value, Mapping):
            for key, number in value.items():
                name = f"{family.name}.{key}"
                yield Parameter(name, family, family.meaning.format(words_of(key)), before[key]), number
        else:
            yield Parameter(family.name, family, family.meaning, before), value
    for kind, weight in policy.incident.items():
        yield from _described_incident(kind, weight, default.incident[kind])
    for profile in profiles.values():
        for family in PROFILE_FAMILIES:
            usual = PROFILES.get(profile.name)
            before = None if usual is None else getattr(usual, family.name)
            name = f"profiles.{profile.name}.{family.name}"
            value = getattr(profile, family.name)
            if value is not None:
                yield Parameter(name, family, family.meaning.format(profile.name), before), value


def _described_incident(kind: str, weight: IncidentWeight, before: IncidentWeight) -> Iterator[tuple[Parameter, Value]]:
    for family in INCIDENT_FAMILIES:
        parameter = Parameter(
            f"incident.{kind}.{family.name}",
            family,
            family.meaning.format(words_of(kind)),
            getattr(before, family.name),
        )
        yield parameter, getattr(weight, family.name)


def nest(values: Mapping[str, Value]) -> tuple[dict[str, object], dict[str, object]]:
    """Return (policy, profiles) as a facts file states them, of parameters by name; unknown names stay where they are.

    The name of a profile may hold dots: its member is what follows the last one.
    """
    policy: dict[str, object] = {}
    profiles: dict[str, object] = {}
    for name, value in values.items():
        head, _, rest = name.partition(".")
        if head == "profiles":
            profile, _, member = rest.rpartition(".")
            _put(profiles, [profile, member], value)
        else:
            _put(policy, name.split("."), value)
    return policy, profiles


def _put(tree: dict[str, object], keys: list[str], value: Value) -> None:
    for key in keys[:-1]:
        below = tree.setdefault(key, {})
        if not isinstance(below, dict):
            return  # both `a` and `a.b` are given: what is wrong is told of the first
        tree = below
    tree.setdefault(keys[-1], value)
