"""What was known at a moment: retractions, graders, links."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.grades import Level
from fom.domain.knowledge import Knowledge
from fom.domain.ledger import Ledger
from fom.domain.policy import Policy
from fom.domain.records import (
    ClosingAct,
    Explosive,
    Grade,
    Incident,
    Link,
    Record,
    Retraction,
    Verification,
)

CONFIDENCE = {"B2": 0.85 * 0.85, "C2": 0.65 * 0.85, "F6": 0.25, "E5": 0.2 * 0.15}


def incident(record_id: str, *, received: int = 1, **more: Any) -> Incident:
    return Incident(id=record_id, received=received, incident_type="crossfire", **more)


def know(*records: Record, at: int = 100) -> Knowledge:
    return Knowledge(Ledger(records), at, Policy())


def retraction(record_id: str, target: str, *signed_by: str, received: int = 5) -> Retraction:
    return Retraction(id=record_id, received=received, target=target, signed_by=signed_by)


def test_a_record_is_known_from_its_receipt_until_its_retraction_is_received() -> None:
    fact = incident("i", received=10)
    took_back = retraction("r", "i", "Mara", received=20)
    known = [k for k in (9, 10, 19, 20, 30) if know(fact, took_back, at=k).is_known(fact)]
    assert known == [10, 19]


def test_a_retraction_of_a_retraction_brings_the_record_back() -> None:
    fact = incident("i")
    chain = [retraction(f"r{n}", "i" if n == 0 else f"r{n - 1}", received=n + 2) for n in range(3000)]
    assert not know(fact, *chain[:1]).is_known(fact)
    assert know(fact, *chain[:2]).is_known(fact)
    assert know(fact, *chain, at=5000).is_known(fact)
    assert not know(fact, *chain, at=3000).is_known(fact)


def test_an_explosive_report_needs_two_distinct_persons_to_take_it_back() -> None:
    fact = Explosive(id="e", received=1, hazard="item", explosive_class="uxo")
    assert know(fact, retraction("r", "e", "Mara", "Mara")).is_known(fact)
    assert not know(fact, retraction("r", "e", "Mara", "Tiko")).is_known(fact)


def test_eod_confirmation_by_a_grade_goes_only_with_two_signatures() -> None:
    fact = Explosive(id="e", received=1, hazard="item", explosive_class="uxo", grade="E5")
    grade = Grade(id="g", received=2, target="e", grade="F6", by="eod", eod_confirmed=True)
    assert know(fact, grade).level(fact, 0.03) == Level.CONFIRMED
    assert know(fact, grade, retraction("r", "g", "Mara")).level(fact, 0.03) == Level.CONFIRMED
    assert know(fact, grade, retraction("r", "g", "Mara", "Tiko")).level(fact, 0.03) == Level.DOUBTFUL


def test_each_graders_latest_word_counts_and_the_most_cautious_of_them_decides() -> None:
    fact = incident("i", grade="C2")
    passage = Verification(id="v", received=1, occurred=1, strength="route_search", grade="C2")
    for target, expected in ((fact, "B2"), (passage, "F6")):
        grades = [
            Grade(id="g1", received=2, target=target.id, grade="E5", by="Ivo"),
            Grade(id="g2", received=3, target=target.id, grade="B2", by="Ivo"),
            Grade(id="g3", received=3, target=target.id, grade="F6", by="Rut"),
        ]
        assert know(target, *grades).own_confidence(target) == pytest.approx(CONFIDENCE[expected])
        assert know(target, *grades).deciding_grade(target) == expected


def test_a_passage_with_an_account_and_a_track_is_graded_by_itself() -> None:
    passage = Verification(id="v", received=1, occurred=1, strength="route_search", track="gps", authenticated=True)
    assert know(passage).own_confidence(passage) == pytest.approx(CONFIDENCE["B2"])


def confidences(*records: Record, at: int = 100) -> dict[str, float]:
    knowledge = know(*records, at=at)
    facts = [record for record in records if isinstance(record, Incident)]
    return {fact.id: knowledge.standing(fact)[0].confidence for fact in facts}


def link(relation: str, *members: str, received: int = 2) -> Link:
    return Link(id=f"l-{relation}-{'-'.join(members)}", received=received, relation=relation, members=members)


def test_independent_reports_corroborate_and_the_cap_never_lowers() -> None:
    one, two = incident("a", grade="B2", origin="x"), incident("b", grade="C2", origin="y")
    together = confidences(one, two, link("same_incident", "a", "b"))
    assert together["a"] == together["b"] == pytest.approx(1 - (1 - 0.7225) * (1 - 0.5525))
    sure = incident("a", grade="A1", origin="x")
    assert confidences(sure, two, link("same_incident", "a", "b"))["a"] == 1.0


@pytest.mark.parametrize("origins", [("x", "x"), (None, None)])
def test_one_origin_and_two_unknown_ones_are_one_voice(origins: tuple[str | None, str | None]) -> None:
    facts = [incident("a", grade="B2", origin=origins[0]), incident("b", grade="C2", origin=origins[1])]
    assert confidences(*facts, link("same_incident", "a", "b")) == pytest.approx({"a": 0.7225, "b": 0.7225})


def test_duplicates_keep_their_own_confidence_and_are_one_voice_among_others() -> None:
    facts = [incident("a", grade="B2", origin="x"), incident("b", grade="C2", origin="y"), incident("c", origin="z")]
    assert confidences(*facts, link("duplicate", "a", "b"))["b"] == pytest.approx(0.5525)
    linked = confidences(*facts, link("duplicate", "a", "b"), link("same_incident", "b", "c"))
    assert linked == pytest.approx(dict.fromkeys("abc", 1 - (1 - 0.7225) * 0.75))


def test_a_member_closed_as_erroneous_leaves_the_group_and_no_longer_joins_others() -> None:
    facts = [incident(name, grade="C2", origin=name) for name in "abc"]
    links = [link("same_incident", "a", "b"), link("same_incident", "b", "c")]
    act = ClosingAct(
        id="x", received=50, act="erroneous", closes=("b",), authority="joc", signed_by=("Mara", "Tiko")
    )  # fmt: skip
    standing = know(*facts, *links, act).standing(facts[0])
    assert (round(standing[0].confidence, 4), standing[0].end_us) == (round(1 - 0.4475**3, 4), 50)
    assert standing[1].confidence == pytest.approx(0.5525)
    assert know(*facts, *links, act).standing(facts[1])[-1].end_us == 50


def test_a_conflict_needs_two_known_sides() -> None:
    one, two = incident("a"), incident("b")
    clash = link("conflict", "a", "b")
    assert know(one, two, clash).is_in_conflict(one)
    assert not know(one, two, clash, retraction("r", "b", "Mara")).is_in_conflict(one)
    assert not know(one, two, clash, at=1).is_in_conflict(one)
