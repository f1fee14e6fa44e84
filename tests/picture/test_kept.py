"""A picture begun with what another has bound is the picture bound anew: the same answers, at every step after."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fom.domain.instants import DAY_US, HOUR_US
from fom.domain.ledger import Ledger
from fom.domain.plain_records import record_from_plain, record_to_plain
from fom.domain.shelf import can_stand
from fom.domain.verification import longest_fresh_us
from fom.picture.picture import Picture
from fom.picture.question import Question
from tests.deep import in_gate
from tests.picture.drawn_cases import Case, assert_same, drawn_case

SEEDS = range(8)


def begun(case: Case, picture: Picture, records: list) -> Picture:
    kept = picture.keep(case.question.known_at)
    return Picture(case.network, records, policy=case.facts.policy, profiles=case.facts.profiles, kept=kept)


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_a_picture_begun_with_kept_bindings_answers_as_one_bound_anew(seed: int) -> None:
    """Kept after some records, begun, kept again with some more, and begun once more."""
    case, rng = drawn_case(seed), random.Random(seed)
    records = list(case.facts.records)
    rng.shuffle(records)
    first, second = sorted(rng.sample(range(len(records)), 2))
    one = case.picture(records[:first])
    one.assess(case.question)
    two = begun(case, one, records[first:second])
    assert_same(two.assess(case.question), case.picture(records[:second]).assess(case.question))
    three = begun(case, two, records[second:])
    whole = case.picture(records)
    assert_same(three.assess(case.question), whole.assess(case.question))
    for number in rng.sample(range(case.network.n_segments), 5):
        part = np.array([number])
        assert_same(three.assess(case.question, part), whole.assess(case.question, part))
    four = begun(case, three, [])
    n_bound = four._bindings.limits.n_placements
    assert_same(four.assess(case.question), whole.assess(case.question))
    assert four._bindings.limits.n_placements == n_bound, "what closing acts leave of hazards was kept too"
    assert all(not can_stand(record) for record in four.basis().ledger.loose("verification"))


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_live_states_of_a_begun_picture_follow_records_and_the_clock(seed: int) -> None:
    """What is too old to matter is left out of live states, and no state tells."""
    case, rng = drawn_case(seed), random.Random(seed)
    records = list(case.facts.records)
    rng.shuffle(records)
    picture = begun(case, case.picture(records[: 2 * len(records) // 3]), [])
    at = min(case.question.at, case.question.known_at) - 3 * DAY_US
    live = picture.live(case.question.profile, case.question.user_class, at)
    waiting = records[2 * len(records) // 3 :]
    for _ in range(30):
        batch, waiting = waiting[:3], waiting[3:]
        touched = picture.apply(batch)
        at += rng.choice([0, HOUR_US // 7, 3 * HOUR_US, DAY_US, 9 * DAY_US, -DAY_US])
        live.refresh(touched, at)
        question = Question(at, at, live.profile, live.user_class)
        np.testing.assert_array_equal(live.states, picture.assess(question).states)
    np.testing.assert_array_equal(live.states, case.picture().assess(question).states)


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_records_may_be_taken_out_of_a_copy_of_a_begun_picture(seed: int) -> None:
    case, rng = drawn_case(seed), random.Random(seed)
    picture = begun(case, case.picture(), [])
    before = picture.assess(case.question)
    twin = picture.copy()
    taken = set(rng.sample([record.id for record in case.facts.records], 12))
    live = twin.live(case.question.profile, case.question.user_class, case.question.at)
    touched = twin.remove(taken)
    rest = [record for record in case.facts.records if record.id not in taken]
    assert_same(twin.assess(case.question), case.picture(rest).assess(case.question))
    live.refresh(touched, case.question.at)
    asked = Question(case.question.at, case.question.at, live.profile, live.user_class)
    np.testing.assert_array_equal(live.states, twin.assess(asked).states)
    twin.apply([record for record in case.facts.records if record.id in taken])
    assert_same(twin.assess(case.question), before)
    with pytest.raises(ValueError, match="taken out"):
        twin.keep()


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_records_come_back_whole(seed: int) -> None:
    for record in drawn_case(seed).facts.records:
        again = record_from_plain(record_to_plain(record), record.geometry)
        assert (again, again.meta) == (record, record.meta)


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_a_ledger_with_a_shelf_holds_what_one_without_holds(seed: int) -> None:
    case = drawn_case(seed)
    kept = case.picture().keep()
    plain, shelved = Ledger(case.facts.records), Ledger(kept.records, shelf=kept.shelf)
    assert len(shelved) == len(plain)
    for record in case.facts.records:
        assert shelved.records[record.id] == record
        assert record.id + "?" not in shelved
    for kind in plain.by_kind:
        assert {r.id for r in shelved.of_kind(kind)} == {r.id for r in plain.of_kind(kind)}
    moment = case.question.known_at
    assert {r.id for r in shelved.received_after(moment)} == {r.id for r in plain.received_after(moment)}


@pytest.mark.parametrize("is_begun", [False, True])
@pytest.mark.parametrize("seed", in_gate(4, range(12)))
def test_what_is_too_old_to_matter_moves_no_state_at_any_moment(seed: int, is_begun: bool) -> None:
    case, rng = drawn_case(seed), random.Random(seed)
    records = list(case.facts.records)
    picture = begun(case, case.picture(records), []) if is_begun else case.picture(records)
    policy, question = case.facts.policy, case.question
    n_left_out = 0
    for days in (0, 0, 1, 3, 9, 30, -6):
        at = question.at + days * DAY_US + rng.randrange(-DAY_US, DAY_US)
        then = Question(at, rng.choice([question.known_at, at]), question.profile, question.user_class)
        dated_us = rng.choice([0, 2 * DAY_US, 20 * DAY_US])
        whole, ahead = picture.assess(then), picture.assess_ahead(then, dated_us=dated_us)
        for name in ("states", "components", "risk", "delay_min"):
            np.testing.assert_array_equal(getattr(ahead, name), getattr(whole, name), err_msg=name)
        first = at - max(2 * longest_fresh_us(policy), dated_us)
        is_told = whole.verified_at >= first
        np.testing.assert_array_equal(ahead.verified_at[is_told], whole.verified_at[is_told])
        assert (ahead.verified_at[~is_told] < first).all()
        n_left_out += int((ahead.verified_at != whole.verified_at).sum())
    assert n_left_out, "nothing was too old: this shows nothing"
