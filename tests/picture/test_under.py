"""A picture judged by another policy is the picture made under that policy, whatever of its bindings it shares."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from fom.domain.complaints import Complaints
from fom.domain.overrides import read_policy, read_profiles
from fom.domain.policy import Policy
from fom.domain.policy_catalogue import flatten, nest
from fom.domain.profiles import PROFILES, Profile
from fom.picture.measures import Measures
from fom.picture.picture import Picture
from tests.deep import in_gate
from tests.oracle.setting import OVERRIDES
from tests.picture.drawn_cases import Case, assert_same, drawn_case

MEASURES = {f.name for f in fields(Measures)}
PARAMETERS = sorted(name for name in flatten(Policy(), {}) if not name.startswith("incident."))


def changed(case: Case, name: str, factor: float) -> tuple[Policy, dict[str, Profile]]:
    """Return the case's policy with one parameter moved, kept within what the format allows."""
    values = flatten(case.facts.policy, case.facts.profiles)
    before = float(values[name])
    values[name] = min(1.0, before * factor) if before <= 1 else before * factor
    policy, profiles = nest(values)
    complaints = Complaints()
    read = read_policy(policy, complaints), read_profiles(profiles, complaints)
    complaints.raise_if_any()
    return read


def fresh(case: Case, policy: Policy, profiles: dict[str, Profile]) -> Picture:
    return Picture(case.network, case.facts.records, policy=policy, profiles=profiles)


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_parameter_moved_alone_gives_the_picture_made_under_it(name: str) -> None:
    """Sharing what a parameter moves would show here; so would binding anew what it does not."""
    rng = random.Random(name)
    case = drawn_case(rng.randrange(40))
    policy, profiles = changed(case, name, rng.choice((0.3, 0.6, 1.7, 4.0)))
    picture = case.picture()
    twin = picture.under(policy, profiles)
    assert_same(twin.assess(case.question), fresh(case, policy, profiles).assess(case.question))
    is_shared = twin._binder is picture._binder
    is_moved = policy != case.facts.policy
    assert is_shared == (not is_moved or name.partition(".")[0] not in MEASURES)
    assert_same(picture.assess(case.question), case.picture().assess(case.question))


@pytest.mark.parametrize("seed", in_gate(3, range(6)))
def test_policies_of_all_kinds_taken_in_turn_leave_no_trace(seed: int) -> None:
    case, rng = drawn_case(seed), random.Random(seed)
    records = list(case.facts.records)
    rng.shuffle(records)
    picture, held = case.picture(records[:40]), 40
    for members in rng.sample(OVERRIDES, 5):
        policy = read_policy(members, Complaints())
        picture = picture.under(policy, case.facts.profiles)
        picture.apply(records[held : held + 9])
        held += 9
        whole = Picture(case.network, records[:held], policy=policy, profiles=case.facts.profiles)
        assert_same(picture.assess(case.question), whole.assess(case.question))


def test_other_profiles_are_judged_by_their_own_limits() -> None:
    case = drawn_case(3)
    heavy = {**PROFILES, "P3": PROFILES["P7"]}
    picture = case.picture()
    picture.assess(case.question)
    twin = picture.under(case.facts.policy, heavy)
    assert_same(twin.assess(case.question), fresh(case, case.facts.policy, heavy).assess(case.question))


def reachable(thing: object, seen: set[int]) -> Iterator[object]:
    """Yield everything of ours that can be reached from a thing by its attributes and containers."""
    if id(thing) in seen or isinstance(thing, np.ndarray | str | bytes | int | float | type):
        return
    seen.add(id(thing))
    yield thing
    if isinstance(thing, dict):
        parts: list[Any] = list(thing.values())
    elif isinstance(thing, list | tuple | set | frozenset):
        parts = list(thing)
    else:
        slots = [getattr(thing, n, None) for n in getattr(type(thing), "__slots__", ())]
        parts = [*vars(thing).values(), *slots] if hasattr(thing, "__dict__") else slots
    for part in parts:
        yield from reachable(part, seen)


def test_binding_can_read_no_parameter_that_is_not_among_its_measures() -> None:
    picture = drawn_case(1, 2).picture()
    found = list(reachable(picture._binder, set()))
    assert any(isinstance(thing, Measures) for thing in found)
    assert not any(isinstance(thing, Policy) for thing in found)
    assert {f.name for f in fields(Policy)} >= MEASURES
