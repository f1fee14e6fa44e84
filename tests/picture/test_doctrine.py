"""Properties that doctrine asks of every history (sections 3.8 and 4)."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from fom.domain.ledger import LIMITING_KINDS
from fom.domain.profiles import Profile
from fom.domain.records import Incident, Link, Location, Record, Retraction
from fom.domain.states import NO_STATE, State
from fom.picture.question import Question
from tests.deep import in_gate
from tests.picture.drawn_cases import assert_same, drawn_case

SEEDS = range(5)
WORDS_NEVER_USED = ("all clear", "safe", " ok", "threat detected")


def ranks(states: np.ndarray) -> np.ndarray:
    """Return states as numbers, with 0 where there is no such direction."""
    return np.where(states == NO_STATE, 0, states).astype(int)


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_a_limiting_fact_never_improves(seed: int) -> None:
    case, rng = drawn_case(seed), random.Random(seed)
    facts = [record for record in case.facts.records if record.kind in LIMITING_KINDS]
    for left_out in rng.sample(facts, 12):
        named = {left_out.id}
        rest = [r for r in case.facts.records if r.id not in named and not named & set(mentioned(r))]
        without = case.picture(rest).assess(case.question).states
        with_it = case.picture([*rest, left_out]).assess(case.question).states
        assert (ranks(with_it) >= ranks(without)).all(), left_out


def mentioned(record: Record) -> tuple[str, ...]:
    """Return the ids a record speaks about."""
    for name in ("closes", "members", "crossed"):
        if hasattr(record, name):
            return tuple(getattr(record, name))
    return (record.target,) if hasattr(record, "target") else ()


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_a_larger_uncertainty_never_gives_green_where_a_smaller_did_not(seed: int) -> None:
    case = drawn_case(seed)
    before = case.picture().assess(case.question).states
    for factor in (1.5, 10.0):
        vaguer = [with_uncertainty(record, factor) for record in case.facts.records]
        after = case.picture(vaguer).assess(case.question).states
        assert not ((after == State.GREEN) & (before != State.GREEN)).any()


def with_uncertainty(record: Record, factor: float) -> Record:
    place = record.location
    if place is None or record.kind not in LIMITING_KINDS:
        return record
    if place.method == "gps":
        return replace(record, location=replace(place, accuracy_m=factor * max(15.0, place.accuracy_m or 0.0)))
    if place.method == "place":
        return replace(record, location=replace(place, radius_m=factor * (place.radius_m or 2000.0)))
    if place.method == "mgrs":
        return replace(record, location=replace(place, datum="unknown"))
    return replace(record, location=Location(place.method, uncertainty_m=factor * (place.uncertainty_m or 1.0)))


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_a_heavier_profile_is_never_better(seed: int) -> None:
    case = drawn_case(seed)
    asked = case.question.profile
    picture = case.picture()
    before = ranks(picture.assess(case.question).states)
    for factor in (1.1, 2.0, 6.0):
        heavier = Profile(
            "heavier", asked.vehicle, factor * asked.mass_t, factor * asked.mlc, factor * asked.width_m,
            factor * asked.height_m, asked.ford_depth_m / factor,
            None if asked.axle_t is None else factor * asked.axle_t,
        )  # fmt: skip
        question = replace(case.question, profile=heavier)
        assert (ranks(picture.assess(question).states) >= before).all()


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_linking_duplicates_never_raises_risk_and_unlinking_restores_exactly(seed: int) -> None:
    case, rng = drawn_case(seed), random.Random(seed)
    records = [r for r in case.facts.records if not isinstance(r, Link)]
    incidents = [record for record in records if isinstance(record, Incident)]
    picture = case.picture(records)
    apart = picture.assess(case.question)
    k = case.question.known_at
    for number in range(6):
        members = tuple(record.id for record in rng.sample(incidents, min(len(incidents), rng.choice((2, 2, 3, 5)))))
        picture.apply([Link(id=f"same{number}", received=k, relation="duplicate", members=members)])
    assert (picture.assess(case.question).risk <= apart.risk).all()
    picture.apply([Retraction(id=f"off{n}", received=k, target=f"same{n}", signed_by=("Mara",)) for n in range(6)])
    assert_same(picture.assess(case.question), apart)


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_without_its_deciding_facts_a_state_changes_or_another_listed_reason_holds_it(seed: int) -> None:
    case = drawn_case(seed)
    picture = case.picture()
    whole = picture.assess(case.question)
    for number in range(0, case.network.n_segments, 3):
        state = State(whole.states[number, 0])
        reasons = whole.reasons(number, 0)
        deciding = [reason for reason in reasons if reason.state == state]
        if whole.override[number, 0] is not None or state <= State.AMBER:
            continue
        assert deciding, (number, state)
        twin = picture.copy()
        twin.remove({fact_id for reason in deciding for fact_id in reason.fact_ids})
        after = State(twin.assess(case.question, np.array([number])).states[0, 0])
        held = any(not reason.fact_ids for reason in deciding) or deciding[-1].component.code == "verification"
        assert after < state or held


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_every_reason_is_told_in_plain_words(seed: int) -> None:
    case = drawn_case(seed)
    answer = case.picture().assess(case.question).answer()
    for row in answer["segments"]:
        assert [r["state"] for r in row["reasons"]] == sorted(
            (r["state"] for r in row["reasons"]), key=lambda s: -State[s]
        )
        for reason in row["reasons"]:
            told = reason["text"] + reason["what_would_change_it"]
            assert reason["text"]
            assert not any(word in told.lower() for word in WORDS_NEVER_USED), told
            assert (reason["age_h"] is None) == (not reason["fact_ids"])
            if reason["component"] == "verification" and reason["state"] == "GREEN":
                assert "turns caution at" in reason["text"]


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_the_next_change_is_the_first(seed: int) -> None:
    """Until it the state stays; just after it the state is the one told."""
    case, rng = drawn_case(seed), random.Random(seed)
    picture = case.picture()
    whole = picture.assess(case.question)
    at = case.question.at
    for number in rng.sample(range(case.network.n_segments), 8):
        change = whole.next_change(number, 0)
        last = at + 60 * 86_400 * 10**6 if change is None else change[0]
        now = whole.states[number, 0]
        for moment in [rng.randrange(at, last + 1) for _ in range(12)]:
            if change is not None and moment >= change[0] - 10**6:
                continue
            assert picture.assess(at_moment(case.question, moment), np.array([number])).states[0, 0] == now
        if change is not None:
            soon = [
                picture.assess(at_moment(case.question, change[0] + d), np.array([number])).states[0, 0] for d in (0, 1)
            ]
            assert change[1] in soon
            assert change[1] != now


def at_moment(question: Question, moment: int) -> Question:
    return replace(question, at=moment)
