"""Records that arrive one by one, in any order, give the oracle's answer too."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from fom.domain.facts_file import parse_facts
from fom.domain.instants import parse_instant
from fom.network.drawn import load_network_file
from fom.picture.picture import Picture
from fom.picture.question import Question
from tests.deep import in_gate
from tests.oracle.batches import seeded_batch
from tests.oracle.checking import check_batch


@pytest.mark.parametrize("seed", in_gate(4, range(700, 712)))
def test_records_that_arrive_one_by_one_in_any_order_give_the_answer_of_the_oracle(seed: int) -> None:
    rng = Random(seed)

    def assess_stepwise(network_document: dict[str, Any], facts: dict[str, Any], **asked: str) -> dict[str, Any]:
        network = load_network_file(network_document)
        file = parse_facts(facts, network=network)
        question = Question(
            parse_instant(asked["at"]),
            parse_instant(asked["known_at"]),
            file.profiles[asked["profile"]],
            asked["user_class"],
        )
        picture = Picture(network, [], policy=file.policy, profiles=file.profiles)
        waiting = list(file.records)
        rng.shuffle(waiting)
        while waiting:
            count = rng.choice((1, 1, 1, 2, 7))
            picture.apply(waiting[:count])
            del waiting[:count]
            if rng.random() < 0.1:
                picture.assess(question)
        answer: dict[str, Any] = picture.assess(question).answer()
        return answer

    found = check_batch(seeded_batch(seed, 12), assess_stepwise)
    assert [line for d in found for line in d.lines] == []
