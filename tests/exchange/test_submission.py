"""What comes back from a phone: answers as they were given, whatever they are, and nothing that is no answer."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.answers import parse_answers
from fom.domain.forms import FORMS, Question
from fom.errors import InvalidInput
from fom.exchange.submission import DEPTH_MAX, ELEMENTS_MAX, XML_MAX_BYTES, read_submission
from fom.exchange.xlsform import xform_of
from tests.exchange.forms import ROWS, xlsform
from tests.exchange.phone import fill

TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=40).filter(str.strip)
WORDS = st.one_of(TEXTS, st.just("two lines\nand <tags> & “marks”"))
LONS, LATS = st.floats(0.001, 179), st.floats(-80, 80)
MARKS = {"lon": LONS, "lat": LATS}
POINTS = st.one_of(
    st.fixed_dictionaries(
        MARKS | {"source": st.just("gps"), "accuracy_m": st.floats(0.001, 5000)}, optional={"text": TEXTS}
    ),
    st.fixed_dictionaries(MARKS | {"source": st.just("map")}, optional={"text": TEXTS}),
    st.just({"text": "36N VL 345 678", "source": "typed"}),
    st.just({"text": "7.31S 18.205E", "source": "typed"}),
)
PLACES = st.one_of(
    POINTS, st.sampled_from(["Old mill", "جسر القرية", "km 4"]).map(lambda t: {"text": t, "source": "name"})
)
KM = st.floats(0, 100)
WAYS = st.one_of(
    st.lists(st.tuples(LONS, LATS).map(list), min_size=2, max_size=6).map(lambda track: {"track": track}),
    st.fixed_dictionaries({"route": st.sampled_from(["route-1", "route-2"])}, optional={"from_km": KM, "to_km": KM}),
    st.fixed_dictionaries({"start": POINTS, "end": POINTS}),
)
MOMENTS = st.sampled_from(
    ["2026-03-10T10:00:00.000+03:00", "2026-03-10T10:00:00.123Z", "2026-03-10T10:00:00.000-07:00"]
)


def answer_to(question: Question) -> st.SearchStrategy[Any]:
    if question.code == "passed":
        return st.sampled_from([name for name, _ in ROWS["profile"]])
    return {
        "choice": st.sampled_from(question.codes or ("?",)),
        "choices": st.lists(st.sampled_from(question.codes or ("?",)), min_size=1, unique=True),
        "text": WORDS,
        "number": st.floats(max(question.low, 0), min(question.high, 1e9)),
        "integer": st.integers(0, 1_000_000),
        "flag": st.booleans(),
        "moment": MOMENTS,
        "place": PLACES,
        "way": WAYS,
        "subject": st.sampled_from(
            [row for row, _ in ROWS.get(question.codes[0] if question.codes else "", [("?", "")])]
        ),
    }[question.kind]


@st.composite
def answered(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    form = draw(st.sampled_from(sorted(FORMS)))
    asked = [q for q in FORMS[form].questions if q.is_required or draw(st.booleans())]
    return form, {q.code: draw(answer_to(q)) for q in asked}


@given(answered(), WORDS, st.uuids())
@settings(deadline=None, max_examples=200)
def test_answers_come_back_as_they_were_given(filled: tuple[str, dict[str, Any]], words: str, id: uuid.UUID):
    form, raw = filled
    read = read_submission(fill(xform_of(xlsform(form)), raw, words=words, id=str(id)))
    assert (read.form, read.id, read.words) == (form, str(id), words.strip())
    assert parse_answers(form, read.answers) == parse_answers(form, raw)
    assert read.device_time == "2026-03-10T14:59:59.500+03:00"


def sent(inside: str, root: str = 'data id="fom_bridge"', meta: str = "") -> bytes:
    meta = meta or f"<meta><instanceID>uuid:{uuid.UUID(int=7)}</instanceID></meta>"
    return f"<{root}>{inside}{meta}</{root.split()[0]}>".encode()


def refused_fields(xml: bytes) -> set[str]:
    with pytest.raises(InvalidInput) as refused:
        read_submission(xml)
    return {error.field for error in refused.value.errors}


@pytest.mark.parametrize(
    ("xml", "fields"),
    [
        (sent("<first><wiring>red</wiring></first><damage_x/>"), {"wiring", "damage_x"}),
        (sent("<damage>blocked</damage><first><damage>flooded</damage></first>"), {"damage"}),
        (sent("", root='data id="another"'), {"id"}),
        (sent("", root='data id="fom_gossip"'), {"id"}),
        (sent("", meta="<meta/>"), {"instanceID"}),
        (sent("", meta="<meta><instanceID>uuid:seven</instanceID></meta>"), {"instanceID"}),
        (sent("", root='data id="fom_bridge" encrypted="yes"'), {"xml_submission_file"}),
        (b"", {"xml_submission_file"}),
        (b"\xff\xfe\x00", {"xml_submission_file"}),
        (b"<data", {"xml_submission_file"}),
        (b'<?xml version="1.0" encoding="nowhere"?><data/>', {"xml_submission_file"}),
    ],
)
def test_what_is_no_answer_is_named(xml: bytes, fields: set[str]):
    assert refused_fields(xml) == fields


BOMB = '<!DOCTYPE data [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE data [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    "head", [BOMB, OUTSIDE, "<!DOCTYPE data>", '<!DOCTYPE data SYSTEM "http://example.org/d.dtd">']
)
def test_no_document_type_and_no_entity_is_read(head: str):
    for words in ("&b;", "plain"):
        assert refused_fields(head.encode() + sent(f"<words>{words}</words>")) == {"xml_submission_file"}


@pytest.mark.parametrize(
    "xml",
    [
        b"<a>" * 100_000,
        sent("<a>" * DEPTH_MAX + "</a>" * DEPTH_MAX),
        sent("<a/>" * ELEMENTS_MAX),
        sent("<words>" + "w" * XML_MAX_BYTES + "</words>"),
        sent("<words>&#0;</words>"),
    ],
)
def test_what_is_deep_long_or_unprintable_is_refused(xml: bytes):
    assert refused_fields(xml) == {"xml_submission_file"}


@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda t: b"<data id='fom_other'><words>" + t.encode("utf-8", "replace"))
)
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_read_or_refused(xml: bytes):
    with pytest.raises(InvalidInput):
        read_submission(xml)


def test_a_line_drawn_by_hand_is_no_track():
    line = "5.09 30.0 0 4.5;5.09 30.1 0 0.0"
    way = f"<first><way><way_how>track</way_how><way_track>{line}</way_track></way></first>"
    assert refused_fields(sent(way, root='data id="fom_passage"')) == {"way_track"}


@pytest.mark.parametrize(
    ("inside", "place"),
    [
        ("<place>5.09 30.0 210 6.5</place>", {"lon": 30.0, "lat": 5.09, "source": "gps", "accuracy_m": 6.5}),
        ("<place>5.09 30.0 0 0</place>", {"lon": 30.0, "lat": 5.09, "source": "map"}),
        ("<place>5.09 30.0</place>", {"lon": 30.0, "lat": 5.09, "source": "map"}),
        ("<place/><place_text> Old mill </place_text>", {"text": "Old mill", "source": "name"}),
    ],
)
def test_how_a_place_is_known_is_kept(inside: str, place: dict[str, Any]):
    assert read_submission(sent(f"<first>{inside}</first>")).answers["place"] == place


@pytest.mark.parametrize("point", ["5.09", "north east", "nan 30.0 0 0", "5.09 30.0 0 0 9", "0 0 0 0", "95 30 0 0"])
def test_a_point_that_is_none_is_named_and_never_read_another_way(point: str):
    read = read_submission(sent(f"<place>{point}</place><damage>blocked</damage>"))
    with pytest.raises(InvalidInput) as refused:
        parse_answers("bridge", read.answers)
    assert all(error.field.startswith("answers.place") for error in refused.value.errors)


def test_what_kobotoolbox_adds_is_passed_over_and_its_own_id_of_the_form_does_not_matter():
    extra = "<formhub><uuid>1</uuid></formhub><__version__>v</__version__><fom_form>bridge</fom_form>"
    read = read_submission(sent(extra + "<damage>blocked</damage>", root='aXyZ id="aXyZ" version="v"'))
    assert (read.form, read.answers) == ("bridge", {"damage": "blocked"})
