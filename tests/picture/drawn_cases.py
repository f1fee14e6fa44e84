"""Random missions for the tests of the picture: a network, records and a question, the same for a seed everywhere.

Drawn by the generator of histories in `tests/oracle`, which covers every kind of record and every boundary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fom.domain.facts_file import FactsFile, parse_facts
from fom.domain.records import Record
from fom.network.drawn import load_network_file
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.picture import Picture
from fom.picture.question import Question
from tests.oracle.batches import seeded_batch

HISTORIES = 12
"""Histories (mini areas of one to three segments with some ten records) in one case."""
ARRAYS = ("states", "components", "risk", "verified_at", "confidence", "delay_min")


@dataclass(frozen=True)
class Case:
    """A network, what a facts file says about it, and a question."""

    network: Network
    facts: FactsFile
    question: Question

    def picture(self, records: Iterable[Record] | None = None) -> Picture:
        """Return the picture of some of the records (default: all)."""
        chosen = self.facts.records if records is None else records
        return Picture(self.network, chosen, policy=self.facts.policy, profiles=self.facts.profiles)


def drawn_case(seed: int, size: int = HISTORIES) -> Case:
    """Return the case of a seed."""
    batch = seeded_batch(seed, size)
    drawing, facts_document = batch.documents()
    network = load_network_file(drawing)
    facts = parse_facts(facts_document, network=network)
    setting = batch.setting
    question = Question(setting.at, setting.known_at, facts.profiles[setting.profile], setting.user_class)
    return Case(network, facts, question)


def assert_same(one: Assessment, other: Assessment) -> None:
    """Fail unless two assessments agree to the last digit."""
    for name in ARRAYS:
        mine, theirs = getattr(one, name), getattr(other, name)
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
    assert (one.override == other.override).all()
    assert (one.refused, one.unplaced, one.routes()) == (other.refused, other.unplaced, other.routes())
    assert one.answer() == other.answer()
