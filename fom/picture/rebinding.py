"""What a new network would do to the records: facts that would lie elsewhere, and roads that would look better.

Two pictures of the same records, one on each network, and the links between their segments. A road that is the same and
carries the same records has the same state; everything else is compared, for every vehicle and user class, now and in
the days to come. Source: doctrine, section 9.11.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fom.domain.control import control_phases, worsening_phases
from fom.domain.explosive import explosive_phases
from fom.domain.incident import risk_phases
from fom.domain.instants import DAY_US
from fom.domain.knowledge import Knowledge
from fom.domain.phases import IMPRECISE, NEAR, ON
from fom.domain.physical import physical_phases
from fom.domain.profiles import USER_CLASSES
from fom.domain.records import Control, Explosive, Incident, Manual, Physical, Record
from fom.domain.spans import at_tick
from fom.domain.states import NO_STATE, Component, State
from fom.network.links import Links
from fom.picture.assessment import Assessment
from fom.picture.bindings import NO_ACTS
from fom.picture.carrying import Carried
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.picture.ranges import expand_ranges

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
NEARNESS_SLACK = 0.05
"""How much the nearness of an incident may differ: 75 m of its 1.5 km (J)."""
SMALLEST_TERM = 0.001
"""An incident whose own term fell below this limits nothing any more (facts format, R1)."""
FORESEEN_US = (0, DAY_US, 2 * DAY_US, 3 * DAY_US, 7 * DAY_US, 14 * DAY_US)
"""Moments after now for which states are compared: freshness and dated controls run out within them (J)."""
UNFOLLOWED_M = 15.0
"""A segment of which more than this follows no old road counts as new."""
PROBLEMS = ("lost", "asset_lost", "doubtful", "no_way", "farther", "nearer", "other_road")
"""Why a fact needs a person: a road of it is gone; the asset is; its road may be another; the one way that it closes is
a way no more; it would weigh less, or more, on its road; it would lie on a road that it does not lie on now."""
_WEIGHT = {ON: 3.0, IMPRECISE: 2.0, NEAR: 1.0}


@dataclass(frozen=True, slots=True)
class FactDifference:
    """An open fact that would not lie as it does, why, and on which segments (numbers)."""

    record_id: str
    kind: str
    problems: tuple[str, ...]
    old_segments: tuple[int, ...]
    new_segments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Improvement:
    """A direction of a new segment that would look better than the road it follows, in one respect."""

    segment: int
    direction: int
    part: str
    """Code of a component, or `state` for the whole."""
    before: State
    after: State
    old_segments: tuple[int, ...]
    """Empty for a road that follows none: unknown is what it may show without a person."""
    profiles: tuple[str, ...]


# facts


def open_facts(picture: Picture, at: int) -> list[Record]:
    """Return the limiting records that are known and not over at a moment, for some vehicle or user class."""
    basis = picture.basis()
    knowledge = Knowledge(basis.ledger, at, picture.policy)
    heaviest = max(picture.profiles.values(), key=lambda profile: profile.mlc)
    tick = at_tick(at)

    def ends(record: Record) -> Iterator[int]:
        if isinstance(record, Explosive):
            yield from (p.end for p in explosive_phases(record, knowledge, heaviest))
        elif isinstance(record, Physical):
            yield from (p.end for p in physical_phases(record, knowledge, heaviest, picture.profiles))
        elif isinstance(record, Control):
            yield from (p.end for who in USER_CLASSES for p in control_phases(record, knowledge, who))
        elif isinstance(record, Incident):
            for phase in risk_phases(record, knowledge):
                age = max(0, at - phase.eff)
                if phase.weight * 0.5 ** (age / phase.half_life_us) >= SMALLEST_TERM:
                    yield phase.end
        elif isinstance(record, Manual) and record.mode == "worsen":
            yield from (p.end for p in worsening_phases(record, knowledge))

    kinds = ("explosive", "physical", "control", "incident", "manual")
    records = (record for kind in kinds for record in basis.ledger.of_kind(kind))
    return [r for r in records if knowledge.is_known(r) and any(end > tick for end in ends(r))]


def fact_differences(
    old: Picture, new: Picture, links: Links, carried: Mapping[str, Carried], at: int
) -> list[FactDifference]:
    """Return the open facts that would not lie on the new network as they lie on the old, by id."""
    facts = open_facts(old, at)
    problems: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        if (told := carried.get(fact.id)) is not None:
            problems[fact.id] |= {"lost"} if told.lost else set()
            problems[fact.id] |= {"asset_lost"} if told.lost_assets else set()
            problems[fact.id] |= {"doubtful"} if told.is_doubtful else set()
        if isinstance(fact, Control) and _loses_its_way(old, new, fact, told):
            problems[fact.id].add("no_way")
    for name, slack in (("limits", 0.5), ("risks", NEARNESS_SLACK)):
        before, after = (_weights(picture, facts, name) for picture in (old, new))
        for index, problem in _compared(before, after, links, slack):
            problems[facts[index].id].add(problem)
    by_id = {fact.id: fact for fact in facts}
    return [
        FactDifference(
            record_id, by_id[record_id].kind, tuple(p for p in PROBLEMS if p in found),
            _numbers(old, by_id[record_id]), _numbers(new, by_id[record_id]),
        )
        for record_id, found in sorted(problems.items())
        if found
    ]  # fmt: skip


def _loses_its_way(old: Picture, new: Picture, control: Control, told: Carried | None) -> bool:
    """Return whether a control of one direction lies on a road that has become one-way the other way."""
    here = control if told is None else told.record
    if here.direction != "backward":
        return False
    before, after = list(_numbers(old, control)), list(_numbers(new, here))
    return bool(new.network.is_oneway[after].any() and not old.network.is_oneway[before].all())


@dataclass(frozen=True)
class _Weights:
    """How much facts weigh on segments: rows (fact, segment), in order."""

    fact: Ints
    segment: Ints
    weight: Floats


def _weights(picture: Picture, facts: Sequence[Record], name: str) -> _Weights:
    bindings = picture.basis().bindings
    place = np.full(bindings.pairs(name).n_placements, -1, np.int64)
    for index, fact in enumerate(facts):
        placement = bindings.place_of.get((fact.id, NO_ACTS))
        if placement is not None and isinstance(fact, Incident) == (name == "risks"):
            place[placement] = index
    pairs = bindings.pairs(name).view().gather(None)
    owner = place[pairs["placement"]]
    rows = np.flatnonzero(owner >= 0)
    if name == "risks":
        weight = pairs["nearness"][rows].astype(np.float64)
    else:
        weight = np.array([_WEIGHT[z] for z in range(3)])[pairs["zone"][rows]]
    fact, segment = owner[rows], pairs["segment"][rows].astype(np.int64)
    order = np.lexsort((-weight, segment, fact))
    fact, segment, weight = fact[order], segment[order], weight[order]
    first = np.ones(len(fact), np.bool_)
    first[1:] = (fact[1:] != fact[:-1]) | (segment[1:] != segment[:-1])
    return _Weights(fact[first], segment[first], weight[first])


def _compared(before: _Weights, after: _Weights, links: Links, slack: float) -> Iterator[tuple[int, str]]:
    """Yield (fact, problem) where weights differ along the links by more than the slack."""
    there, count = _best_along(before, after, links)
    counted = before.weight > slack
    yield from ((int(f), "lost") for f in np.unique(before.fact[counted & (count == 0)]))
    yield from ((int(f), "farther") for f in np.unique(before.fact[(count > 0) & (there < before.weight - slack)]))
    back, count = _best_along(after, before, links.turned())
    follows = count > 0
    yield from ((int(f), "other_road") for f in np.unique(after.fact[follows & (back == 0) & (after.weight > slack)]))
    yield from ((int(f), "nearer") for f in np.unique(after.fact[follows & (back > 0) & (after.weight > back + slack)]))


def _best_along(one: _Weights, other: _Weights, links: Links) -> tuple[Floats, Ints]:
    """Return for each row of `one` the greatest weight of its fact on the linked segments, and how many there are."""
    first = np.searchsorted(links.old, one.segment)
    count = np.searchsorted(links.old, one.segment, side="right") - first
    row, link = expand_ranges(first, count)
    stride = int(max(links.new.max(initial=0), other.segment.max(initial=0))) + 1
    keys = other.fact * stride + other.segment
    sought = one.fact[row] * stride + links.new[link]
    at = np.minimum(np.searchsorted(keys, sought), max(len(keys) - 1, 0))
    found = np.zeros(len(sought)) if not len(keys) else np.where(keys[at] == sought, other.weight[at], 0.0)
    best = np.zeros(len(one.segment))
    np.maximum.at(best, row, found)
    return best, count


def _numbers(picture: Picture, record: Record) -> tuple[int, ...]:
    found = picture.basis().bindings.segments_of(record)
    return tuple(np.unique(np.concatenate(found)).tolist()) if found else ()


# improvements


def improvements(
    old: Picture,
    new: Picture,
    links: Links,
    carried: Mapping[str, Carried],
    at: int,
    user_classes: Sequence[str] = USER_CLASSES,
) -> list[Improvement]:
    """Return where the new network would show a better state, or a better component, than the road it follows.

    By new segment, direction and part. Roads that follow none may show unknown, or worse.
    """
    rows = np.flatnonzero(_may_differ(old, new, links, carried))
    fresh = unfollowed(new.network.n_segments, np.asarray(new.network.length_m), links)
    moments = [at + later for later in FORESEEN_US]
    compared = _Compared(links, rows)
    found: dict[tuple[int, int, str], _Better] = {}
    for name in sorted(new.profiles):
        for user_class in user_classes:
            question = Question(at, at, new.profiles[name], user_class)
            if len(rows):
                before = old.assess_over(replace(question, profile=old.profiles[name]), moments, compared.olds)
                after = new.assess_over(question, moments, compared.news)
                for one, two in zip(before, after, strict=True):
                    _note_better(one, two, compared, found)
            if len(fresh):
                for two in new.assess_over(question, moments, fresh):
                    _note_fresh(two, fresh, found)
    return [
        Improvement(
            number, direction, part, State(better.before), State(better.after), tuple(sorted(better.old)),
            tuple(sorted(better.profiles)),
        )
        for (number, direction, part), better in sorted(found.items())
    ]  # fmt: skip


@dataclass
class _Better:
    before: int
    after: int
    old: set[int]
    profiles: set[str]


class _Compared:
    """Links whose two segments are compared, and the segments of both sides, each once."""

    def __init__(self, links: Links, rows: Ints) -> None:
        self.old, self.new, self.is_reversed = links.old[rows], links.new[rows], links.is_reversed[rows]
        self.olds, self.at_old = np.unique(self.old, return_inverse=True)
        self.news, self.at_new = np.unique(self.new, return_inverse=True)


def _may_differ(old: Picture, new: Picture, links: Links, carried: Mapping[str, Carried]) -> NDArray[np.bool_]:
    """Return the links whose two segments may have different states: changed roads, and records read otherwise."""
    on_old = np.zeros(old.network.n_segments, np.bool_)
    on_new = np.zeros(new.network.n_segments, np.bool_)
    for told in carried.values():
        if told.is_changed:
            on_old[list(_numbers(old, told.record))] = True
            on_new[list(_numbers(new, told.record))] = True
    may: NDArray[np.bool_] = ~links.is_same | on_old[links.old] | on_new[links.new]
    return may


def unfollowed(n_segments: int, length_m: Floats, links: Links) -> Ints:
    """Return the new segments of which a part follows no old road."""
    covered = np.bincount(links.new, weights=links.new_high - links.new_low, minlength=n_segments)
    return np.flatnonzero(length_m - covered > np.minimum(UNFOLLOWED_M, length_m / 2))


def _note_better(
    one: Assessment, two: Assessment, compared: _Compared, found: dict[tuple[int, int, str], _Better]
) -> None:
    parts = [("state", one.states, two.states)]
    parts += [(c.code, one.components[:, :, c], two.components[:, :, c]) for c in Component]
    profile = two.question.profile.name
    for direction in (0, 1):
        there = np.where(compared.is_reversed, 1 - direction, direction)
        exists = two.states[compared.at_new, direction] != NO_STATE
        existed = one.states[compared.at_old, there] != NO_STATE
        for part, before, after in parts:
            was, becomes = before[compared.at_old, there], after[compared.at_new, direction]
            if part == "state":  # a way that did not exist was closed
                was = np.where(existed, was, int(State.BLACK))
            better = exists & (becomes < was) & (existed | (part == "state"))
            for at in np.flatnonzero(better).tolist():
                key = (int(compared.new[at]), direction, part)
                _add(found, key, int(was[at]), int(becomes[at]), int(compared.old[at]), profile)


def _note_fresh(two: Assessment, fresh: Ints, found: dict[tuple[int, int, str], _Better]) -> None:
    states = two.states
    for row, direction in zip(*np.nonzero(states < int(State.GREY)), strict=True):
        key = (int(fresh[row]), int(direction), "state")
        _add(found, key, int(State.GREY), int(states[row, direction]), None, two.question.profile.name)


def _add(
    found: dict[tuple[int, int, str], _Better], key: tuple[int, int, str], was: int, becomes: int, old: int | None,
    profile: str,
) -> None:  # fmt: skip
    better = found.setdefault(key, _Better(was, becomes, set(), set()))
    better.before, better.after = max(better.before, was), min(better.after, becomes)
    if old is not None:
        better.old.add(old)
    better.profiles.add(profile)
