"""From rows to answers: units, words of three languages, positions and doubts; every bad cell is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.column_mapping import (
    Setting,
    parse_mapping,
    plain_word,
    read_row,
    split_unit,
    suggest_mapping,
    targets_of,
)
from fom.domain.forms import FORMS
from fom.domain.instants import parse_instant
from fom.errors import InvalidInput

NOW = parse_instant("2026-03-10T12:00:00Z")
WORDS = {
    "armed_robbery": ["Armed robbery", "Vol à main armée", "سطو مسلح"], "flooded": ["Flooded", "Inondé"],
    "washed_out": ["Washed out"], "yes": ["Yes", "Oui"], "no": ["No", "Non"],
}  # fmt: skip
SETTING = Setting(words=WORDS, now=NOW, box=(29.5, 4.5, 31.0, 5.6), subjects={"key_route": {"ibis": "r-1"}})


def read(form: str, cells: dict[str, str], **mapping: Any) -> Any:
    """Read a row whose headers are the targets."""
    meant = parse_mapping({"form": form, "columns": {c: c for c in cells}, "zone": "Z", **mapping}, cells)
    return read_row(cells, meant, SETTING)


def errors(reading: Any) -> dict[str, str]:
    return {error.column: f"{error.came}; {error.expected}" for error in reading.errors}


@pytest.mark.parametrize("text", ["armed_robbery", "ARMED ROBBERY", "vol a main  armee", "سطو مسلح", "armed-robbery"])
def test_a_choice_is_meant_by_its_code_or_its_words_in_any_language(text: str):
    assert read("incident", {"type": text}).answers["type"] == "armed_robbery"


def bridge(depth: str, **mapping: Any) -> Any:
    return read("bridge", {"damage": "flooded", "depth_m": depth}, **mapping)


def test_a_bare_number_and_a_number_with_its_unit_are_different_answers():
    assert "a number with its unit, such as 20 m" in errors(bridge("20"))["depth_m"]
    assert bridge("20 m").answers["depth_m"] == 20
    assert bridge("٣ m").answers["depth_m"] == 3
    assert "not t" in errors(bridge("20 t"))["depth_m"]
    assert bridge("20", units={"depth_m": "cm"}).answers["depth_m"] == 0.2
    assert bridge("0,5 m", units={"depth_m": "cm"}).answers["depth_m"] == 0.5
    assert "without a unit" in errors(read("incident", {"type": "armed_robbery", "casualties": "3 m"}))["casualties"]


@pytest.mark.parametrize("depth", ["m", "=1+1", "1e3 m", "1.2.3 m", "-1 m", "9999 m"])
def test_what_is_no_depth_is_refused(depth: str):
    assert "depth_m" in errors(bridge(depth))


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ({"place": "30.0105, 5.0004"}, {"lon": 30.0105, "lat": 5.0004, "source": "typed"}),
        ({"place.lon": "30,01050", "place.lat": "5,00040"}, {"lon": 30.0105, "lat": 5.0004, "source": "typed"}),
        ({"place": "Old mill"}, {"text": "Old mill", "source": "name"}),
        ({"place.name": "Old mill"}, {"text": "Old mill", "source": "name"}),
    ],
)
def test_a_place_is_read_in_any_notation(cells: dict[str, str], place: dict[str, Any]):
    answered = read("incident", {"type": "armed_robbery", **cells}).answers["place"]
    assert {name: answered[name] for name in place} == place


def test_few_decimals_are_a_wide_place_and_not_a_point():
    def doubt(lon: str, lat: str) -> float | None:
        cells = {"type": "armed_robbery", "place.lon": lon, "place.lat": lat}
        return read("incident", cells).answers["place"].get("accuracy_m")

    assert doubt("30.01050", "5.0") is None
    assert doubt("30.01", "5.1") == pytest.approx(805, abs=2)
    assert doubt("30", "5") > 70_000


def test_positions_swapped_outside_or_at_nothing_are_asked_and_not_taken():
    def told(lon: str, lat: str, **mapping: Any) -> Any:
        return read("incident", {"type": "armed_robbery", "place.lon": lon, "place.lat": lat}, **mapping)

    assert "the other way round" in errors(told("5.0001", "30.0001"))["place.lon"]
    assert "in the area of the map" in errors(told("12.0001", "50.0001"))["place.lon"]
    assert told("12.0001", "50.0001", allow_outside=True).answers
    assert "0/0" in errors(told("0.0", "0"))["place.lon"]
    assert "degrees of latitude" in errors(told("30.0001", "95.1"))["place.lat"]
    assert "degrees of longitude" in errors(told("E30", "5.1"))["place.lon"]


def test_an_unknown_datum_stays_with_every_position():
    answered = read("incident", {"type": "armed_robbery", "place": "30.0105, 5.0004"}, datum="unknown").answers
    assert answered["place"]["datum"] == "unknown"


def test_a_time_ahead_of_now_is_refused_and_a_day_that_is_not_over_ends_now():
    assert (
        "ahead of now"
        in errors(read("incident", {"type": "armed_robbery", "occurred": "2026-03-10 12:30"}))["occurred"]
    )
    today = read("incident", {"type": "armed_robbery", "occurred": "2026-03-10"})
    assert today.answers["occurred"] == "2026-03-10T12:00:00Z"


PASSAGE = {"strength": "own_patrol_traverse", "user_class": "mission_military", "occurred": "2026-03-09"}


def test_a_day_of_a_passage_is_its_beginning_so_that_it_is_never_fresher_than_it_was():
    answers = read("passage", {**PASSAGE, "way.start": "30.0105, 5.0004", "way.end": "30.02, 5.0"}).answers
    assert answers["occurred"] == "2026-03-09T00:00:00Z"
    assert {end: answers["way"][end]["lon"] for end in ("start", "end")} == {"start": 30.0105, "end": 30.02}


def test_a_key_route_is_meant_by_code_name_or_id_and_its_kilometres():
    answers = read("passage", {**PASSAGE, "way.route": "IBIS", "way.from_km": "3,5", "way.to_km": "9"}).answers
    assert answers["way"] == {"route": "r-1", "from_km": 3.5, "to_km": 9.0}
    assert "one row of the register" in errors(read("passage", {**PASSAGE, "way.route": "HERON"}))["way.route"]


def test_an_answer_for_every_row_gives_way_to_the_rows_own():
    fixed = {"hazard": "item"}
    assert read("explosive", {"class": "ied"}, fixed=fixed).answers["hazard"] == "item"
    assert read("explosive", {"class": "ied", "hazard": "sha"}, fixed=fixed).answers["hazard"] == "sha"


def test_a_question_that_no_column_answers_is_told_once_in_its_own_words():
    told = errors(read("explosive", {"class": "ied"}))
    assert told == {"hazard": "nothing; a column that answers it, or one answer for every row"}


@pytest.mark.parametrize("text", ["\u202eexe", "a\x07b", "x\u202dy"])
def test_hidden_characters_that_turn_text_are_told(text: str):
    assert "hidden character" in errors(read("incident", {"type": "armed_robbery", "action": text}))["action"]


def test_letters_of_arabic_and_marks_within_it_are_words_like_others():
    text = "\u200fدورية\u200e (3)"
    assert read("incident", {"type": "armed_robbery", "action": text}).answers["action"] == text


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("Depth (m)", "Depth", "m"), ("delay_min", "delay", "min"), ("Depth [cm]", "Depth", "cm"),
        ("Team", "Team", ""), ("farm", "farm", ""), ("Depth in m", "Depth in m", ""),
        ("Type (code)", "Type (code)", ""),
    ],
)  # fmt: skip
def test_a_unit_is_read_from_a_header_only_where_it_is_marked(header: str, name: str, unit: str):
    assert split_unit(header) == (name, unit)


def test_headers_suggest_what_they_say_in_any_language_and_never_a_zone():
    headers = ["Date", "Latitude", "LONG", "Qu'est-il arrivé ?", "Remarks", "Nom du lieu", "Shoe size"]
    meant = suggest_mapping("incident", headers, {"type": ["What happened", "Qu'est-il arrivé ?"]})
    assert meant.columns == {
        "Date": "occurred", "Latitude": "place.lat", "LONG": "place.lon", "Qu'est-il arrivé ?": "type",
        "Remarks": "words", "Nom du lieu": "place.name",
    }  # fmt: skip
    assert (meant.zone, meant.order) == ("", "")


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], "mapping"), ({"form": "x"}, "mapping.form"), ({"form": "incident", "columns": []}, None),
        ({"form": "incident", "columns": {"a": "wiring"}}, "mapping.columns.a"),
        ({"form": "incident", "columns": {"a": "type", "b": "type"}}, "mapping.columns.b"),
        ({"form": "incident", "zone": "Paris"}, "mapping.zone"),
        ({"form": "incident", "order": "ymd"}, "mapping.order"),
        ({"form": "bridge", "units": {"a": "furlong"}}, "mapping.units.a"),
        ({"form": "incident", "fixed": {"place": "x"}}, "mapping.fixed.place"),
        ({"form": "incident", "columns": {"a": 3}}, "mapping.columns"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_used_is_refused_by_member(raw: object, field: str | None):
    if field is None:
        assert parse_mapping(raw, ["a", "b"]).columns == {}
        return
    with pytest.raises(InvalidInput) as refused:
        parse_mapping(raw, ["a", "b"])
    assert [error.field for error in refused.value.errors] == [field]


@given(st.sampled_from(sorted(FORMS)), st.data())
def test_no_cell_crashes_the_reading_and_what_is_refused_says_why(form: str, data: st.DataObject):
    columns = data.draw(st.lists(st.sampled_from(targets_of(FORMS[form])), unique=True, max_size=6))
    texts = st.one_of(
        st.text(max_size=30), st.sampled_from(["5", "30.5", "2026-03-10", "36N VL 345 678", "20 m", "yes"])
    )
    reading = read(form, {column: data.draw(texts) for column in columns})
    assert (reading.answers is None) == bool(reading.errors)
    assert all(error.expected for error in reading.errors)


@given(st.text(max_size=40))
def test_plain_words_are_the_same_when_made_plain_again(text: str):
    assert plain_word(plain_word(text)) == plain_word(text)
