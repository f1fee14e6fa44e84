"""The catalogue: every number that the rules take as given stands in it, with all there is to know, and in the docs."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.complaints import Complaints
from fom.domain.overrides import policy_members, profile_members, read_policy, read_profiles
from fom.domain.policy import Policy
from fom.domain.policy_catalogue import flatten, nest, parameters_of
from fom.domain.policy_families import FAMILIES, POLICY_FAMILIES, PROFILE_FAMILIES, SECTIONS, SHARE, WORD
from fom.domain.policy_rules import policy_faults
from fom.domain.profiles import PROFILES, Profile

FORMATS = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text()
ALL = parameters_of(Policy(), PROFILES)


def leaves(value: object) -> int:
    if isinstance(value, MappingProxyType | dict):
        return sum(leaves(part) for part in value.values())
    return len(fields(value)) if hasattr(value, "half_life_d") else 1  # type: ignore[arg-type]


def test_every_field_of_the_policy_and_of_profiles_is_in_the_catalogue():
    assert {f.name for f in POLICY_FAMILIES} | {"incident"} == {f.name for f in fields(Policy)}
    assert {f.name for f in PROFILE_FAMILIES} | {"name"} == {f.name for f in fields(Profile)}
    counted = sum(leaves(getattr(Policy(), f.name)) for f in fields(Policy))
    assert len(ALL) == counted + len(PROFILES) * len(PROFILE_FAMILIES)
    assert len({p.name for p in ALL}) == len(ALL)


@pytest.mark.parametrize("parameter", ALL, ids=lambda p: p.name)
def test_a_parameter_says_what_it_is(parameter):
    family = parameter.family
    assert family.unit
    assert family.section in SECTIONS
    assert re.search(r"doctrine [23]|facts format \d", family.source)
    assert "(J)" in family.source
    assert parameter.meaning.endswith(".")
    assert "{" not in parameter.meaning
    assert len(family.reason) > 10
    if family.unit != WORD:
        assert family.low <= parameter.default <= family.high
        assert family.unit != SHARE or (family.low >= 0 and family.high <= 1)
    for suffix in ("h", "m", "t", "d"):  # units in names are units in the catalogue
        assert not family.name.endswith(f"_{suffix}") or family.unit == suffix


def test_the_defaults_are_as_the_documentation_of_the_format_says():
    for family in POLICY_FAMILIES:
        default = getattr(Policy(), family.name)
        if isinstance(default, float | int):
            said = re.search(rf"`{family.name}` ([\d.]+\d)", FORMATS)
            assert said is not None, family.name
            assert float(said.group(1)) == default


def test_the_documentation_has_a_row_for_every_family():
    for family in FAMILIES.values():
        bounds = "" if family.unit == WORD else f"{family.low:g} to {family.high:g}"
        row = f"| `{family.name}` | {family.unit} | {bounds} | {family.meaning.replace('{}', '…')} | {family.source} |"
        assert row in FORMATS, row


@given(
    st.dictionaries(
        st.sampled_from([p.name for p in ALL if p.unit != WORD and not p.name.endswith("half_life_d")]),
        st.floats(0, 1, allow_subnormal=False),
        max_size=12,
    )
)
def test_what_is_taken_apart_comes_together_again(changes: dict[str, float]):
    values = {**flatten(Policy(), PROFILES), **changes}
    complaints = Complaints()
    policy, profiles = nest(values)
    read = read_policy(policy, complaints), read_profiles(profiles, complaints)
    assert complaints.errors == []
    assert flatten(*read) == values
    again = read_policy(policy_members(read[0]), Complaints()), read_profiles(profile_members(read[1]), Complaints())
    assert again == read


def test_the_defaults_may_be_published():
    assert policy_faults(Policy(), PROFILES) == []


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"confirmed_min": 0.2}, "suspected_min"),
        ({"risk_amber": 0.6}, "risk_amber"),
        ({"risk_near_m": 2000}, "risk_near_m"),
        ({"verification_h": {"high": 80, "medium": 72, "low": 168, "minimal": 336}}, "verification_h.high"),
        ({"wet_h": {"Y": 40, "Z": 48}}, "wet_h.Z"),
        ({"denial_red_h": 400}, "denial_red_h"),
        ({"near_band_m": 5}, "corridor_m"),
        ({"corroboration_cap": 0.5}, "confirmed_min"),
        ({"gps_m": 300}, "gps_m"),
        ({"override_max_h": 500}, "override_max_h"),
        ({"source": {**Policy().source, "D": 0.7}}, "source.D"),
    ],
)
def test_what_does_not_fit_is_told_where(changes, where):
    assert where in [fault.field for fault in policy_faults(replace(Policy(), **changes), PROFILES)]


def test_everything_that_does_not_fit_is_told_at_once():
    wrong = replace(Policy(), confirmed_min=0.1, risk_red=0.1, toll_h=0)
    assert {"suspected_min", "risk_amber", "toll_h"} <= {f.field for f in policy_faults(wrong, PROFILES)}
