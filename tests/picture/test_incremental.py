"""A picture changed one record at a time is the picture made at once, at every moment, in every order."""

from __future__ import annotations

import json
import random
from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fom.domain.facts_file import FactsFile, parse_facts
from fom.domain.instants import DAY_US, HOUR_US, parse_instant
from fom.domain.records import Record
from fom.errors import Conflict
from fom.network.drawn import load_network_file
from fom.picture import live as live_module
from fom.picture.live import LiveStates
from fom.picture.local import LocalStates
from fom.picture.picture import Picture
from fom.picture.question import Question
from tests.deep import in_gate
from tests.picture.drawn_cases import ARRAYS, assert_same, drawn_case

SEEDS = range(5)
GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    case, rng = drawn_case(seed), random.Random(seed)
    records = list(case.facts.records)
    rng.shuffle(records)
    first = rng.randrange(len(records))
    grown = case.picture(records[:first])
    while first < len(records):
        step = rng.randrange(1, 12)
        grown.apply(records[first : first + step])
        first += step
    assert_same(grown.assess(case.question), case.picture().assess(case.question))


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_no_segment_moves_that_was_not_named(seed: int) -> None:
    case, rng = drawn_case(seed), random.Random(seed)
    records = list(case.facts.records)
    rng.shuffle(records)
    picture = case.picture(records[: len(records) // 2])
    for record in records[len(records) // 2 :]:
        before = picture.assess(case.question).states
        touched = picture.apply([record])
        moved = np.flatnonzero((picture.assess(case.question).states != before).any(axis=1))
        assert set(moved.tolist()) <= set(touched.tolist()), record


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_some_segments_are_judged_as_all_of_them(seed: int) -> None:
    case, rng = drawn_case(seed), random.Random(seed)
    picture = case.picture()
    whole = picture.assess(case.question)
    numbers = np.array(rng.sample(range(case.network.n_segments), 5))
    part = picture.assess(case.question, numbers)
    for name in ("states", "components", "risk", "verified_at", "confidence", "delay_min"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[numbers], err_msg=name)
    standing = [refused for refused in whole.refused if refused.why not in ("explosive", "physical")]
    assert [refused for refused in part.refused if refused.why not in ("explosive", "physical")] == standing
    assert set(part.refused) <= set(whole.refused)
    for number in numbers.tolist():
        assert part.reasons(number, 0) == whole.reasons(number, 0)
        assert part.next_change(number, 0) == whole.next_change(number, 0)


def check_live(picture: Picture, live: LiveStates) -> None:
    """Fail unless live states are those of a full assessment at their moment."""
    question = Question(live.at, live.at, live.profile, live.user_class)
    whole = picture.assess(question)
    np.testing.assert_array_equal(live.states, whole.states)
    for part in (np.arange(len(whole.states))[::2], np.arange(len(whole.states))):
        weighed = live.weigh(part)
        np.testing.assert_array_equal(weighed.states, whole.states[part])
        np.testing.assert_allclose(weighed.risk, whole.risk[part], rtol=0, atol=1e-12)
        np.testing.assert_array_equal(weighed.delay_min, whole.delay_min[part])


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_live_states_are_those_of_a_full_assessment(seed: int) -> None:
    """Records come in late, early and out of order while time goes on; some will only be received later."""
    case, rng = drawn_case(seed), random.Random(seed)
    records = list(case.facts.records)
    rng.shuffle(records)
    picture = case.picture(records[:20])
    at = min(case.question.at, case.question.known_at) - 8 * DAY_US
    live = picture.live(case.question.profile, case.question.user_class, at)
    check_live(picture, live)
    for first in range(20, len(records), 7):
        touched = picture.apply(records[first : first + 7])
        at += rng.choice([0, 0, 1, HOUR_US // 7, 3 * HOUR_US])
        before = live.snapshot()
        moves = live.refresh(touched, at)
        judged = np.unique(touched)
        again = picture.assess(Question(at, at, live.profile, live.user_class), judged)
        np.testing.assert_array_equal(live.weigh(judged).risk, again.risk)
        np.testing.assert_array_equal(live.weigh(judged).delay_min, again.delay_min)
        check_live(picture, live)
        np.testing.assert_array_equal(before[moves.segments], moves.old)
        before[moves.segments] = moves.new
        np.testing.assert_array_equal(before, live.states)


@pytest.mark.parametrize(("block", "ahead"), [(1024, 8192), (3, 2)])
@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_live_states_follow_the_clock(seed: int, block: int, ahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BLOCK", block), ("AHEAD_ROWS", ahead), ("AHEAD_BLOCKS", 1)):
        monkeypatch.setattr(live_module, name, value)
    case, rng = drawn_case(seed), random.Random(seed)
    picture = case.picture()
    live = picture.live(case.question.profile, case.question.user_class, case.question.at - 2 * DAY_US)
    for _ in range(40):
        wake = live.next_wake
        assert wake > live.at
        quiet = live.snapshot()
        question = Question(wake - 1, wake - 1, live.profile, live.user_class)
        np.testing.assert_array_equal(picture.assess(question).states, quiet)
        live.advance(rng.choice([wake, wake, live.at + HOUR_US * rng.randrange(1, 30)]))
        check_live(picture, live)
        if live.at > case.question.at + 20 * DAY_US:
            break
    live.advance(live.at - 3 * HOUR_US)
    check_live(picture, live)


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_what_if_copies_leave_the_picture_alone(seed: int) -> None:
    case, rng = drawn_case(seed), random.Random(seed)
    picture = case.picture()
    before = picture.assess(case.question)
    twin = picture.copy()
    taken = set(rng.sample([record.id for record in case.facts.records], 8))
    touched = twin.remove(taken)
    rest = [record for record in case.facts.records if record.id not in taken]
    without = case.picture(rest).assess(case.question)
    assert_same(twin.assess(case.question), without)
    asked_anew = replace(case.question, known_at=case.question.known_at + 1)
    assert_same(picture.assess(asked_anew), case.picture().assess(asked_anew))
    moved = np.flatnonzero((without.states != before.states).any(axis=1))
    assert set(moved.tolist()) <= set(touched.tolist())
    live = twin.live(case.question.profile, case.question.user_class, case.question.at)
    twin.apply([record for record in case.facts.records if record.id in taken])
    live.refresh(np.empty(0, np.int64), case.question.at)
    check_live(twin, live)
    assert_same(twin.assess(case.question), before)


@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_states_copied_onto_a_copy_go_on_by_themselves(seed: int) -> None:
    """Also states that lag behind their picture, which then catch up on the copy."""
    case, rng = drawn_case(seed), random.Random(seed)
    records = list(case.facts.records)
    rng.shuffle(records)
    picture = case.picture(records[:30])
    at = case.question.at - 5 * DAY_US
    live = picture.live(case.question.profile, case.question.user_class, at)
    picture.apply(records[30:40])
    lagging = live.snapshot()
    twin = picture.copy()
    beside = live.copy(twin)
    beside.refresh(twin.apply(records[40:]), at + 3 * HOUR_US)
    beside.advance(beside.next_wake)
    check_live(twin, beside)
    np.testing.assert_array_equal(live.snapshot(), lagging)
    live.refresh(picture.apply(records[40:50]), at + HOUR_US)
    check_live(picture, live)
    check_live(twin, beside)


def test_one_id_with_two_bodies_adds_nothing() -> None:
    case = drawn_case(0)
    records = [record for record in case.facts.records if record.kind == "incident"]
    picture = case.picture(records[:1])
    version = picture.version
    other = type(records[0])(id=records[0].id, received=1, incident_type="crossfire")
    with pytest.raises(Conflict):
        picture.apply([records[1], other])
    assert picture.version == version
    assert len(picture.apply(records[:1])) == 0
    np.testing.assert_array_equal(
        picture.assess(case.question).states, case.picture(records[:1]).assess(case.question).states
    )


def worked_case(name: str) -> tuple[Picture, list[Record], FactsFile]:
    """Return an empty picture on the network of a worked case, and its records."""
    case = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    network = load_network_file(case["network"])
    facts = parse_facts(case["facts"], network=network)
    return Picture(network, (), policy=facts.policy, profiles=facts.profiles), list(facts.records), facts


@pytest.mark.parametrize("name", [path.stem for path in sorted(GOLDEN.glob("G*.json"))])
def test_the_records_of_a_worked_case_may_come_in_any_order(name: str) -> None:
    """One at a time, each order; live states and the segments named are checked at every step."""
    at = parse_instant("2027-05-04T06:00:00Z")
    for seed in range(4):
        picture, records, facts = worked_case(name)
        random.Random(seed).shuffle(records)
        profile = facts.profiles["P3"]
        live = picture.live(profile, "humanitarian", at)
        for record in records:
            touched = picture.apply([record])
            moves = live.refresh(np.empty(0, np.int64), at)
            check_live(picture, live)
            assert set(moves.segments.tolist()) <= set(touched.tolist()), record


@pytest.mark.parametrize("kept", [4096, 2])
@pytest.mark.parametrize("seed", in_gate(3, SEEDS))
def test_local_states_keep_up_with_records_that_come_and_go(seed: int, kept: int) -> None:
    """Also when more changed between two questions than the picture remembers."""
    case, rng = drawn_case(seed), random.Random(seed)
    records = list(case.facts.records)
    picture = case.picture(records[::2]).copy()
    picture.changes = deque(picture.changes, maxlen=kept)
    numbers = np.array(rng.sample(range(case.network.n_segments), 8))
    local = LocalStates(picture, case.question, numbers)
    present = {record.id for record in records[::2]}
    for _ in range(40):
        for record in rng.sample(records, rng.randrange(1, 4)):
            if record.id in present:
                picture.remove([record.id])
            else:
                picture.apply([record])
            present ^= {record.id}
        part = np.sort(rng.sample(numbers.tolist(), rng.randrange(1, 9)))
        mine, theirs = local.assess(part), picture.assess(case.question, part)
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), err_msg=name)
        for number in part.tolist():
            assert mine.reasons(number, 0) == theirs.reasons(number, 0)
