"""The report forms: what may be answered, and that the records that follow hold under the facts format."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.answer_records import located, records_of
from fom.domain.answers import parse_answers
from fom.domain.facts_file import parse_record
from fom.domain.forms import FORMS, Question
from fom.errors import InvalidInput

WHEN = "2026-03-10T10:00:00Z"
PLACES = st.one_of(
    st.fixed_dictionaries(
        {"lon": st.floats(1, 170), "lat": st.floats(1, 70), "source": st.sampled_from(["gps", "map", "km", "typed"])},
        optional={"accuracy_m": st.floats(0, 5000), "datum": st.just("unknown")},
    ),
    st.just({"text": "33M WN 1234 5678", "source": "typed"}),
    st.just({"text": "Old mill", "source": "name"}),
    st.just("7.31S 18.205E"),
)
WAYS = st.one_of(
    st.just({"track": [[18.0, -7.0], [18.1, -7.0]]}), st.just({"stretches": [{"id": "a-b", "from_m": 0, "to_m": 50}]})
)


def answer_to(question: Question) -> st.SearchStrategy[Any]:
    text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=40)
    return {
        "choice": st.sampled_from(question.codes or ("?",)),
        "choices": st.lists(st.sampled_from(question.codes or ("?",)), min_size=1),
        "text": text.filter(str.strip) if question.is_required else text,
        "number": st.floats(max(question.low, 0), min(question.high, 1000)),
        "integer": st.integers(0, 1000),
        "flag": st.booleans(),
        "moment": st.just(WHEN),
        "place": PLACES,
        "way": WAYS,
        "subject": st.just("row-1"),
    }[question.kind]


@st.composite
def answered(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    form = draw(st.sampled_from(sorted(FORMS)))
    asked = [q for q in FORMS[form].questions if q.is_required or draw(st.booleans())]
    return form, {q.code: draw(answer_to(q)) for q in asked}


@pytest.mark.parametrize("blank", ["", " ", "\n\u2003\t"])
def test_a_text_of_blanks_is_no_answer(blank: str) -> None:
    asked = {form: [q for q in FORMS[form].questions if q.kind == "text"] for form in FORMS}
    for form, questions in asked.items():
        for question in questions:
            try:
                assert question.code not in parse_answers(form, {question.code: blank})
            except InvalidInput as refused:
                named = {error.field: error.came for error in refused.errors}
                assert named.get(f"answers.{question.code}") == ("nothing" if question.is_required else None)
    assert any(q.is_required for questions in asked.values() for q in questions)


@given(answered())
@settings(deadline=None)
def test_whatever_may_be_answered_gives_records_that_hold(filled: tuple[str, dict[str, Any]]) -> None:
    form, raw = filled
    answers = parse_answers(form, raw)
    assert parse_answers(form, answers) == answers, "answers that were read are read the same again"
    for feature in records_of(form, answers, stretches=[{"id": "a-b", "from_m": 0.0, "to_m": 50.0}]):
        properties = feature["properties"] | {"received": WHEN}
        if properties["kind"] == "verification":
            properties.setdefault("occurred", WHEN)
        record = parse_record(feature | {"id": "r-1", "properties": properties})
        assert record.kind in ("explosive", "physical", "control", "incident", "verification")


def test_every_bad_answer_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_answers("explosive", {"hazard": "thing", "cordon_m": -4, "wiring": "red", "place": {"lon": 0, "lat": 0}})
    assert {error.field for error in refused.value.errors} == {
        "answers.hazard", "answers.cordon_m", "answers.wiring", "answers.class", "answers.place.lon",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("category", "outcome", "kinds"),
    [
        ("denial_of_movement", "turned_back", ["denial"]),
        ("search_of_vehicle", "held", ["denial"]),
        ("taxation_or_fee", "proceeded", ["toll"]),
        ("checkpoint_stop", "proceeded_late", ["delay"]),
        ("attack_on_movement", "turned_back", ["fire_on_movement", "denial"]),
        ("seizure_or_hijack", "proceeded", ["hijack_abduction"]),
        ("denial_of_flight", "cancelled_no_clearance", []),
        ("natural_or_infrastructure", "turned_back", []),
    ],
)
def test_a_restriction_becomes_what_it_did_to_the_movement(category: str, outcome: str, kinds: list[str]) -> None:
    raw = {"category": category, "outcome": outcome, "user_class": "mission_military", "place": "7.31S 18.205E"}
    found = [f["properties"] for f in records_of("restriction", parse_answers("restriction", raw))]
    assert [p.get("control") or p["type"] for p in found] == kinds


def test_a_place_keeps_its_doubt() -> None:
    def doubt(**place: Any) -> dict[str, Any] | None:
        return located(parse_answers("other", {"place": place})["place"])[1]

    here = {"lon": 18.2, "lat": -7.3}
    assert doubt(**here, source="gps", accuracy_m=40) == {"method": "gps", "accuracy_m": 40}
    assert doubt(**here, source="map") == {"method": "sketch", "uncertainty_m": 100}
    assert doubt(**here, source="km", accuracy_m=300) == {"method": "sketch", "uncertainty_m": 300}
    assert doubt(**here, source="name", radius_m=900) == {"method": "place", "radius_m": 900}
    assert doubt(text="33M WN 123 567") == {"method": "mgrs", "mgrs": "33M WN 123 567"}
    typed = doubt(text="7.31S 18.205E", datum="unknown")
    assert typed == {"method": "gps", "accuracy_m": pytest.approx(802, abs=1), "datum": "unknown"}
    assert doubt(text="Old mill", source="name") is None


@pytest.mark.parametrize(
    ("said", "expected"), [({}, False), ({"unimpeded": True}, True), ({"unimpeded": False}, False)]
)
def test_a_passage_is_unimpeded_only_where_somebody_says_so(said: dict[str, Any], expected: bool) -> None:
    common = {"occurred": WHEN, "strength": "own_patrol_traverse", "user_class": "mission_military"}
    answers = parse_answers("passage", {**common, "way": {"stretches": [{"id": "a-b"}]}, **said})
    assert records_of("passage", answers, stretches=[{"id": "a-b"}])[0]["properties"]["unimpeded"] is expected
