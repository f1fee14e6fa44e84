"""Policy values and profiles that a facts file may set: read over the defaults, written back as differences.

Source: facts format, section 8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from fom.domain.complaints import Complaints, Said, is_number
from fom.domain.policy import IncidentWeight, Policy
from fom.domain.policy_families import FAMILIES, SHARE
from fom.domain.profiles import PROFILES, VEHICLES, Profile, over_profile, profile_sizes

SHARES = frozenset(name for name, family in FAMILIES.items() if family.unit == SHARE)
"""Members that lie between 0 and 1."""
LARGEST = 1e6
"""No duration (hours, days), distance (metres) or size may be larger: moments stay within the calendar (114 years)."""
SIZES = ("mass_t", "mlc", "width_m", "height_m", "ford_depth_m", "axle_t")
OPTIONAL_SIZES = frozenset({"axle_t"})
"""What a whole profile may leave unsaid."""


def _number(value: Any, name: str, path: str, complaints: Complaints) -> float | None:
    top = 1.0 if name in SHARES else LARGEST
    lowest_is_open = name == "half_life_d"
    if is_number(value) and 0 <= value <= top and not (lowest_is_open and value == 0):
        return float(value)
    expected = f"a number above 0, at most {top:,.0f}" if lowest_is_open else f"a number from 0 to {top:,.0f}"
    complaints.add(None, path, value, expected)
    return None


def _known_members(value: Any, known: Mapping[str, object], path: str, complaints: Complaints) -> dict[str, Any]:
    if not isinstance(value, dict):
        complaints.add(None, path, value, "an object")
        return {}
    for name in value:
        if name not in known:
            complaints.add(None, f"{path}.{name}", value[name], "no such parameter")
    return {name: item for name, item in value.items() if name in known}


def read_policy(value: Any, complaints: Complaints) -> Policy:
    """Return the default policy with the overrides given; notes anything else."""
    default = Policy()
    current = {f.name: getattr(default, f.name) for f in fields(default)}
    changes: dict[str, Any] = {}
    for name, raw in _known_members(value, current, "policy", complaints).items():
        path, before = f"policy.{name}", current[name]
        if name == "incident":
            changes[name] = _read_incidents(raw, before, path, complaints)
        elif isinstance(before, Mapping):
            numbers = {
                key: _number(number, name, f"{path}.{key}", complaints)
                for key, number in _known_members(raw, before, path, complaints).items()
            }
            changes[name] = MappingProxyType({**before, **{k: v for k, v in numbers.items() if v is not None}})
        else:
            number = _number(raw, name, path, complaints)
            if number is not None:
                changes[name] = number
    return replace(default, **changes)


def _read_incidents(
    value: Any, before: Mapping[str, IncidentWeight], path: str, complaints: Complaints
) -> Mapping[str, IncidentWeight]:
    weights = dict(before)
    for kind, raw in _known_members(value, before, path, complaints).items():
        members = _known_members(raw, {"s": 0, "half_life_d": 0}, f"{path}.{kind}", complaints)
        numbers = {name: _number(number, name, f"{path}.{kind}.{name}", complaints) for name, number in members.items()}
        weights[kind] = replace(before[kind], **{name: n for name, n in numbers.items() if n is not None})
    return MappingProxyType(weights)


def policy_members(policy: Policy) -> dict[str, Any]:
    """Return what differs from the default policy, as a facts file states it."""
    default, members = Policy(), dict[str, Any]()
    for f in fields(policy):
        now, before = getattr(policy, f.name), getattr(default, f.name)
        if f.name == "incident":
            changed = {
                kind: {"s": weight.s, "half_life_d": weight.half_life_d}
                for kind, weight in now.items()
                if weight != before[kind]
            }
        elif isinstance(now, Mapping):
            changed = {key: number for key, number in now.items() if number != before[key]}
        else:
            changed = now if now != before else {}
        if changed != {}:
            members[f.name] = changed
    return members


def read_profiles(value: Any, complaints: Complaints) -> dict[str, Profile]:
    """Return the default profiles with those of the file; notes bad members, unknown or circular `extends`."""
    if not isinstance(value, dict):
        complaints.add(None, "profiles", value, "an object of profiles")
        return dict(PROFILES)
    stated = {
        name: members for name, raw in value.items() if (members := _read_profile(name, raw, complaints)) is not None
    }
    profiles = dict(PROFILES)
    for name in stated:
        whole = _with_inherited(name, stated, value, complaints)
        if whole is None:
            continue
        missing = [member for member in ("vehicle", *SIZES) if member not in whole and member not in OPTIONAL_SIZES]
        for member in missing:
            complaints.add(
                None, f"profiles.{name}.{member}", Said("nothing"), "a value, because the profile extends no other"
            )
        if not missing:
            profiles[name] = Profile(name=name, **whole)
    return profiles


def _read_profile(name: str, raw: Any, complaints: Complaints) -> dict[str, Any] | None:
    path = f"profiles.{name}"
    if not isinstance(raw, dict) or not name:
        complaints.add(None, path, raw, "an object with a name")
        return None
    members: dict[str, Any] = {}
    for member, item in raw.items():
        is_good = True
        if member in SIZES:
            number = _number(item, member, f"{path}.{member}", complaints)
            if number is not None:
                members[member] = number
        elif member == "vehicle":
            is_good, expected = item in VEHICLES, " or ".join(VEHICLES)
            members[member] = item
        elif member == "extends":
            is_good, expected = isinstance(item, str) and item != "", "the name of a profile"
        elif member == "night_allowed":
            is_good, expected = isinstance(item, bool), "true or false"
        else:
            is_good, expected = False, "no such member"
        if not is_good:
            complaints.add(None, f"{path}.{member}", item, expected)
    return members


def _with_inherited(
    name: str, stated: Mapping[str, dict[str, Any]], raw: Mapping[str, Any], complaints: Complaints
) -> dict[str, Any] | None:
    """Return the members of a profile over those of the profiles it extends; None after a complaint."""
    seen: list[str] = []
    at = name
    while at in stated and at not in seen:
        seen.append(at)
        parent = raw[at].get("extends")
        if not isinstance(parent, str):
            return _over_each_other(seen, {}, stated)
        at = parent
    if at in seen:
        complaints.add(None, f"profiles.{name}.extends", Said(" -> ".join([*seen, at])), "no circle")
        return None
    if at not in PROFILES or at in raw:
        complaints.add(None, f"profiles.{name}.extends", at, "a profile of this file or P1 to P7")
        return None
    return _over_each_other(seen, profile_sizes(PROFILES[at]), stated)


def _over_each_other(
    names: Sequence[str], base: dict[str, Any], stated: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    for name in reversed(names):
        base = over_profile(base, stated[name])
    return base


def profile_members(profiles: Mapping[str, Profile]) -> dict[str, Any]:
    """Return the profiles that differ from P1 to P7, as a facts file states them."""
    return {name: profile_sizes(profile) for name, profile in profiles.items() if PROFILES.get(name) != profile}
