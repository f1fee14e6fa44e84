"""A new version of the map under a thousand facts: none lost, none moved silently, no road better without a person.

The truth is what the edits did (`tests/network/edited_areas.py`), never what the matching made of it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest

from fom.domain.profiles import PROFILES
from fom.domain.states import NO_STATE, State
from fom.network.links import links_between
from fom.network.succession import succeed
from fom.picture.carrying import Carrier
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.picture.rebinding import fact_differences, improvements, open_facts
from tests.deep import in_gate
from tests.network.edited_areas import Area, edited, make_area, shares_of, to_numbers
from tests.picture.random_facts import T0, make_records

USER_CLASSES = ("mission_military", "humanitarian")
FOLLOWED_M = 20.0
"""Shifts up to this are followed for certain."""
ASKED = [(profile, user) for profile in ("P1", "P3", "P6") for user in USER_CLASSES]


@dataclass
class World:
    """An area before and after, with the same records on both."""

    area: Area
    after: Area
    old: Picture
    new: Picture
    numbers: dict[str, int]
    """Road of the edited area -> new segment number."""
    carried: dict
    links: object

    def differences(self):
        return {d.record_id: d for d in fact_differences(self.old, self.new, self.links, self.carried, T0)}

    def improvements(self):
        return improvements(self.old, self.new, self.links, self.carried, T0, USER_CLASSES)


def make_world(seed: int, facts: int, *, share: float = 0.3, only: str = "", size: tuple[int, int] = (6, 5)) -> World:
    rng = random.Random(seed)
    area = make_area(rng, *size)
    after = edited(area, rng, share=share, only=only)
    old_network, raw = area.network("o"), after.network("n")
    found = succeed(old_network, raw)
    records = make_records(area, rng, facts)
    carrier = Carrier(found.network, {old_network.network_id: found.lineage})
    carried = {record.id: carrier.carry(record, old_network.network_id) for record in records}
    old = Picture(old_network, records)
    new = Picture(found.network, [told.record for told in carried.values()])
    links = links_between(old_network, found.network, found.lineage)
    return World(area, after, old, new, to_numbers(raw, "n"), carried, links)


def weights_on(picture: Picture, keep: set[str]) -> np.ndarray:
    """Return (n,) the worst that a few records alone make of each segment, over the vehicles and users asked."""
    alone = picture.copy()
    alone.remove([r.id for r in alone._ledger if r.id not in {"threat", "dry", *keep}])
    worst = np.zeros(picture.network.n_segments, np.uint8)
    for profile, user in ASKED:
        assessment = alone.assess(Question(T0, T0, PROFILES[profile], user))
        parts = assessment.components[:, :, :5].max(axis=2)
        parts[assessment.states == NO_STATE] = 0
        worst = np.maximum(worst, parts.max(axis=1))
    return worst


def check_nothing_lost_or_moved(world: World, sample: random.Random, count: int) -> int:
    """For some facts not listed: what each did to a road before, it does to the road that the edit made of it."""
    listed = world.differences()
    quiet = [r.id for r in open_facts(world.old, T0) if r.id not in listed]
    old_numbers = to_numbers(world.old.network, "o")
    became: dict[int, list[int]] = {}
    for name, number in world.numbers.items():
        for old, _, _ in shares_of(world.after, name):
            became.setdefault(old_numbers[old], []).append(number)
    old_moved = {old_numbers[name]: metres for name, metres in world.after.moved_m.items()}
    came_from = {n: [o for o, news in became.items() if n in news] for n in world.numbers.values()}
    limited = [weights_on(picture, set()) for picture in (world.old, world.new)]  # by the map itself
    checked = 0
    for record_id in sample.sample(quiet, min(count, len(quiet))):
        before, after = weights_on(world.old, {record_id}), weights_on(world.new, {record_id})
        for number in np.flatnonzero((before > State.GREEN) & (limited[0] == State.GREEN)).tolist():
            news = became.get(number, [])
            assert news, f"{record_id} is on a road that is gone, and nobody is asked"
            if not limited[1][news].any():
                joined = [o for n in news for o in came_from[n] if not limited[0][o]]  # they have what any of them had
                expected = before[[number, *joined]].max()
                if (
                    old_moved.get(number, 0.0) > FOLLOWED_M
                ):  # shape may take part of it for its neighbour: then the worse
                    expected = max(expected, after[news].max())
                assert after[news].max() == expected, f"{record_id} weighs differently, and nobody is asked"
                checked += 1
        for number in _bound(world.new, record_id):
            origins = [o for o in came_from.get(number, []) if old_moved.get(o, 0.0) <= FOLLOWED_M]
            if origins and after[number] > State.GREEN and not limited[1][number]:
                assert before[origins].any(), f"{record_id} is on another road, and nobody is asked"
    return checked


def _bound(picture: Picture, record_id: str) -> set[int]:
    record = picture._ledger.records[record_id]
    found = picture.basis().bindings.segments_of(record)
    return set(np.concatenate(found).tolist()) if found else set()


def check_nothing_better(world: World) -> int:
    """No road shows better than the road it was, for anybody, unless it is listed.

    A road that moved farther than shape can follow is a new one; then an open fact on the old one must be listed.
    """
    listed = {(i.segment, i.direction) for i in world.improvements()}
    unresolved = world.differences()
    asked_about = {number for d in unresolved.values() for number in d.old_segments}
    old_numbers = to_numbers(world.old.network, "o")
    compared = 0
    for profile, user in ASKED:
        question = Question(T0, T0, PROFILES[profile], user)
        before, after = world.old.assess(question).states, world.new.assess(question).states
        for name, number in world.numbers.items():
            origin = world.after.origin[name]
            for direction in (0, 1):
                state = int(after[number, direction])
                if state == NO_STATE or (number, direction) in listed:
                    continue
                compared += 1
                if not origin:
                    assert state >= State.GREY, f"{name} is new and shown {State(state).name}"
                for old, _, _ in origin:
                    at = old_numbers[old]
                    was = before[at].astype(int)
                    was[was == NO_STATE] = State.BLACK
                    is_new = world.after.moved_m.get(old, 0.0) > FOLLOWED_M and at in asked_about
                    assert state >= was.min() or is_new, f"{name} improved from {was} to {state}, and nobody is asked"
    return compared


@pytest.mark.parametrize("seed", in_gate(1, range(2)))
def test_no_fact_is_lost_or_moved_and_no_road_improves_without_a_person(seed):
    world = make_world(seed, 1000)
    assert len(world.new._ledger.records) == len(world.old._ledger.records) == 1002
    assert check_nothing_lost_or_moved(world, random.Random(seed), 40) > 20
    assert check_nothing_better(world) > 500


@pytest.mark.parametrize("seed", in_gate(2, range(4)))
def test_few_facts_leave_roads_open_and_still_none_improves(seed):
    world = make_world(50 + seed, 40)
    check_nothing_lost_or_moved(world, random.Random(seed), 40)
    assert check_nothing_better(world) > 300


@pytest.mark.parametrize("only", ["retag", "split", "merge", "delete", "shift"])
def test_edits_of_one_kind(only):
    improved = 0
    for seed in range(3):
        world = make_world(300 + seed, 60, share=0.6, only=only)
        check_nothing_lost_or_moved(world, random.Random(seed), 20)
        check_nothing_better(world)
        improved += sum(i.part == "state" and bool(i.old_segments) for i in world.improvements())
    assert improved or only in ("delete", "merge", "shift"), "the edits improve something, or the test proves nothing"


def test_a_map_that_did_not_change_asks_nobody_anything():
    world = make_world(9, 1000, share=0)
    world.after.roads = {n: r for n, r in world.after.roads.items() if world.after.origin[n]}
    assert list(world.differences().values()) == []
    fresh = {n for name, n in world.numbers.items() if not world.after.origin.get(name)}
    assert [i for i in world.improvements() if i.segment not in fresh] == []


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(1000, 1020))
def test_many_maps_under_a_thousand_facts(seed):
    world = make_world(seed, 1000, share=random.Random(seed).uniform(0.05, 0.9))
    check_nothing_lost_or_moved(world, random.Random(seed), 100)
    check_nothing_better(world)
