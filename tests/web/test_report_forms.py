"""The report pages: every form of the table in every language, read as the table reads it, sent once."""

import re
import uuid
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.answers import expectation, parse_answers
from fom.domain.forms import FORMS, Question
from fom.errors import FieldError, InvalidInput
from fom.network.drawn import load_network_file
from fom.services.drafts import parse_report
from fom.services.form_words import LANGUAGES, form_words, page_words
from fom.services.route_stretches import cut_stretches
from fom.web.pages.planner_form import find_place
from fom.web.pages.report_forms import field_of, read_place, read_report
from tests.web.conftest import Mission
from tests.web.mission import network_document

API = "/api/v1"
WHEN = "2026-03-10T09:30"
HERE = "30.045, 5.09"


def fields(refusal: pytest.ExceptionInfo[InvalidInput]) -> set[str]:
    return {error.field for error in refusal.value.errors}


# how an answer stands in a page, and in the JSON that the field app sends: written twice on purpose


def typed(question: Question) -> st.SearchStrategy[tuple[dict[str, str], Any]]:
    """Give (fields of a page, the same answer as the field app sends it)."""
    name = question.code
    one = {
        "choice": st.sampled_from(question.codes or ("?",)).map(lambda c: ({name: c}, c)),
        "choices": st.sets(st.sampled_from(question.codes or ("?",)), min_size=1).map(
            lambda found: ({name: " ".join(sorted(found))}, sorted(found))
        ),
        "text": st.text("abcé ع,'", min_size=1, max_size=30).filter(str.strip).map(lambda t: ({name: t}, t)),
        "number": st.floats(0, 100).map(lambda n: ({name: str(n).replace(".", ",")}, n)),
        "integer": st.integers(0, 1000).map(lambda n: ({name: str(n)}, n)),
        "flag": st.booleans().map(lambda f: ({name: "yes" if f else "no"}, f)),
        "moment": st.just(({name: WHEN}, WHEN + ":00Z")),
        "subject": st.just(({name: "row-1"}, "row-1")),
        "place": st.sampled_from(
            [
                ({"position": "36N VL 345 678"}, {"text": "36N VL 345 678"}),
                ({"position": "5°00.024'N 30°00.63'E"}, {"text": "5°00.024'N 30°00.63'E"}),
                (
                    {"position": HERE, "position_source": "gps", "position_accuracy_m": "8"},
                    {"lon": 30.045, "lat": 5.09, "source": "gps", "accuracy_m": 8},
                ),
                ({"position": HERE, "position_source": "map"}, {"lon": 30.045, "lat": 5.09, "source": "map"}),
                ({"place_text": "near the old mill"}, {"text": "near the old mill", "source": "name"}),
            ]
        ),
        "way": st.sampled_from(
            [
                ({"track": "[[30.0, 5.09], [30.09, 5.09]]"}, {"track": [[30.0, 5.09], [30.09, 5.09]]}),
                ({"route": "r-1", "to_km": "2,5"}, {"route": "r-1", "to_km": 2.5}),
                ({"start": HERE, "end": "30.09, 5.09"}, {"start": {"text": HERE}, "end": {"text": "30.09, 5.09"}}),
            ]
        ),
    }
    return one[question.kind]


@st.composite
def filled(draw: st.DrawFn) -> tuple[str, dict[str, str], dict[str, Any]]:
    code = draw(st.sampled_from(sorted(FORMS)))
    page, answers = {"id": str(uuid.uuid4())}, {}
    for question in FORMS[code].questions:
        if question.is_required or draw(st.booleans()):
            own, answer = draw(typed(question))
            page |= own
            answers[question.code] = answer
    return code, page, answers


@given(filled())
@settings(deadline=None, max_examples=150)
def test_a_page_says_what_the_field_app_would_say(sent: tuple[str, dict[str, str], dict[str, Any]]) -> None:
    code, page, answers = sent
    body = read_report(code, page | {"words": "seen"})
    assert parse_report(body).answers == parse_answers(code, answers)


@pytest.mark.parametrize(
    ("text", "source", "location", "has_geometry"),
    [
        ("36N VL 345 678", "", {"method": "mgrs", "mgrs": "36N VL 345 678"}, False),
        ("5°00.024'N 30°00.63'E", "", {"method": "gps", "accuracy_m": pytest.approx(28.1, abs=0.1)}, True),
        ("30.0105, 5.0004", "gps", {"method": "gps", "accuracy_m": 8.0}, True),
        ("30.0105, 5.0004", "map", {"method": "sketch", "uncertainty_m": 8.0}, True),
    ],
)
def test_how_a_place_was_given_decides_how_surely_it_is_known(
    text: str, source: str, location: dict[str, Any], has_geometry: bool
) -> None:
    errors: list[Any] = []
    form = {"position": text, "position_source": source, "position_accuracy_m": "8" if source else ""}
    place = read_place(form, errors)
    assert errors == []
    assert place is not None
    assert (place.location, place.has_geometry) == (location, has_geometry)


def refused(code: str, **form: str) -> set[str]:
    with pytest.raises(InvalidInput) as refusal:
        parse_report(read_report(code, {"id": str(uuid.uuid4()), **form}))
    return {field_of(error, form).field for error in refusal.value.errors}


def test_all_bad_fields_of_a_form_are_told_at_once_under_their_own_names() -> None:
    found = refused("restriction", delay_min="long", position="36N VL 345 67", occurred="yesterday", people="2.5")
    assert found == {"category", "outcome", "user_class", "delay_min", "position", "occurred", "people"}
    assert refused("passage", start="30.045, 5.09", occurred=WHEN, strength="own_patrol_traverse") == {
        "end", "user_class",
    }  # fmt: skip
    way = {"occurred": WHEN, "strength": "own_patrol_traverse", "user_class": "medical"}
    assert refused("passage", route="r-1", from_km="far", **way) == {"from_km"}
    assert refused("passage", **way) == {"route"}


@pytest.mark.parametrize("track", ["[[30, 5]]", "[[30]]", "no", '{"a": 1}', "[[30, 5], [null, 5]]"])
def test_a_track_that_is_none_is_refused_by_name(track: str) -> None:
    way = {"occurred": WHEN, "strength": "own_patrol_traverse", "user_class": "medical"}
    assert refused("passage", track=track, **way) == {"track"}


def test_a_finding_about_a_record_is_told_at_the_field_that_made_it() -> None:
    assert field_of(FieldError("records[0].geometry", "x", "y"), {}).field == "position"
    assert field_of(FieldError("records[0].properties.passed", "x", "y"), {}).field == "passed"


class Controls(HTMLParser):
    """The named fields of a page, with the values that they offer."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.offered: dict[str, set[str]] = {}
        self.lists: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "select":
            self.lists.append(str(given["name"]))
        if tag == "option":
            self.offered.setdefault(self.lists[-1], set()).add(given.get("value") or "")
        if tag in ("input", "textarea", "select") and given.get("name"):
            self.offered.setdefault(str(given["name"]), set()).add(given.get("value") or "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_asks_every_question_in_every_language(mission: Mission, language: str) -> None:
    browser, words = mission.browser("reporter"), form_words(language)
    for code, form in FORMS.items():
        page = browser.get(f"/report/{code}?language={language}").get_data(as_text=True)
        assert "[U+" not in page, "signs that turn text in our own words are meant"
        controls = Controls(page).offered
        assert words["form"][code] in page
        assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in page
        for question in form.questions:
            assert words["question"][question.code] in page, (code, question.code)
            if question.kind in ("choice", "choices"):
                assert set(question.codes) <= controls[question.code]
            elif question.kind not in ("place", "way"):
                assert question.code in controls
        warned = words["help"]["explosive"] in page
        assert warned == (code == "explosive")


def test_the_language_chosen_stays_and_a_browser_may_prefer_one(mission: Mission) -> None:
    browser = mission.browser("reporter")
    said = page_words("fr")["what_happened"]
    assert said not in browser.get("/report").get_data(as_text=True)
    assert said in browser.get("/report", headers={"Accept-Language": "fr-CD,fr;q=0.8"}).get_data(as_text=True)
    assert said in browser.get("/report?language=fr").get_data(as_text=True)
    assert said in browser.get("/report").get_data(as_text=True)


def test_the_words_of_the_pages_are_the_same_in_every_language() -> None:
    english = page_words("en")
    for language in LANGUAGES:
        words = page_words(language)
        assert set(words) == set(english)
        for key, text in words.items():
            assert text.strip()
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), (language, key)


def post(mission: Mission, address: str, form: dict[str, str]) -> Any:
    browser = mission.browser("reporter")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(address).get_data(as_text=True))
    assert token is not None
    return browser.post(address, data={"csrf_token": token[1], **form})


JUNK = {"choice": "junk", "choices": "junk", "number": "junk", "integer": "-1e9", "flag": "junk", "moment": "junk",
        "subject": "nobody", "text": "x" * 20_001}  # fmt: skip


def refusals_in(page: str) -> dict[str, str]:
    """Return what a page says beside each field that was refused."""
    return dict(re.findall(r'<p class="error" id="([^"]+)-error">(.*?)</p>', page))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_refused_is_told_in_the_language_of_the_page(mission: Mission, language: str) -> None:
    for code, form in FORMS.items():
        asked = [q for q in form.questions if q.kind in JUNK]
        said = {q.code: JUNK[q.kind] for q in asked} | {"position": "somewhere", "start": "a", "end": "b"}
        said |= {"from_km": "many", "id": str(uuid.uuid4())}
        for sent in ({"id": said["id"]}, said):
            answer = post(mission, f"/report/{code}?language={language}", sent)
            told = refusals_in(answer.get_data(as_text=True))
            assert answer.status_code == 422
            assert told or code == "other"
            if sent is said:
                assert {q.code for q in asked if q.kind != "subject"} <= told.keys()
            english = {expectation(q) for q in form.questions if q.code in told}
            assert language == "en" or not [w for w in told.values() for e in english if e in w], told


def test_a_place_is_read_back_before_it_is_kept_and_the_same_form_again_is_the_first(mission: Mission) -> None:
    form = {"id": str(uuid.uuid4()), "hazard": "item", "class": "ied", "position": HERE, "words": "wire"}
    first = post(mission, "/report/explosive", form)
    assert first.status_code == 200
    assert "36N" in first.get_data(as_text=True)
    assert mission.program("reporter").get(f"{API}/reports/{form['id']}").status_code == 404
    seen = form | {"seen_position": HERE}
    sent = [post(mission, "/report/explosive", seen).location for _ in range(3)]
    assert sent == [f"/report/sent/{form['id']}"] * 3
    report = mission.program("reporter").get(f"{API}/reports/{form['id']}").json
    assert len(report["versions"]) == len(report["records"]) == 1
    assert report["versions"][0]["answers"]["class"] == "ied"
    assert post(mission, "/report/explosive", seen | {"words": "another"}).status_code == 409


def test_a_report_without_any_place_is_asked_for_one_and_a_name_or_a_shrug_is_enough(mission: Mission) -> None:
    def send(**form: str) -> Any:
        return post(mission, "/report/explosive", {"id": str(uuid.uuid4()), "hazard": "sha", "class": "mine", **form})

    assert send().status_code == 422
    for said in ({"place_text": "near the old mill"}, {"no_place": "yes"}):
        answer = send(**said)
        assert answer.status_code == 303
        report = mission.program("reporter").get(f"{API}/reports/{answer.location.rsplit('/', 1)[1]}").json
        assert report["triage"] == "no_place"


def test_ends_of_a_way_are_read_back_too(mission: Mission) -> None:
    form = {
        "id": str(uuid.uuid4()), "start": "30.0, 5.09", "end": "30.09, 5.09", "occurred": WHEN,
        "strength": "own_patrol_traverse", "user_class": "mission_military", "unimpeded": "yes",
    }  # fmt: skip
    page = post(mission, "/report/passage", form)
    assert page.status_code == 200
    assert page.get_data(as_text=True).count("36N") >= 2
    seen = form | {"seen_start": form["start"], "seen_end": form["end"]}
    assert post(mission, "/report/passage", seen).status_code == 303
    (record,) = mission.program("reporter").get(f"{API}/reports/{form['id']}").json["records"]
    assert record["properties"]["track"] == "stated"
    assert record["properties"]["segments"]


def test_the_former_address_of_a_form_leads_to_it(mission: Mission) -> None:
    assert "Road or bridge damage" in mission.browser("reporter").get("/report/physical").get_data(as_text=True)
    assert mission.browser("reporter").get("/report/nothing").status_code == 404


STRETCHES = [
    {"id": "a-b", "from_m": 0, "to_m": 10_000, "direction": "forward"},
    {"id": "b-e", "from_m": 0, "to_m": 10_000, "direction": "backward"},
]


@pytest.mark.parametrize(
    ("from_km", "to_km", "expected"),
    [
        ("", "", [("a-b", 0, 10_000), ("b-e", 0, 10_000)]),
        ("4", "", [("a-b", 4_000, 10_000), ("b-e", 0, 10_000)]),
        ("2,5", "12", [("a-b", 2_500, 10_000), ("b-e", 8_000, 10_000)]),
        ("13", "15", [("b-e", 5_000, 7_000)]),
    ],
)
def test_part_of_a_route_is_cut_by_kilometre_whichever_way_its_segments_run(
    from_km: str, to_km: str, expected: list[tuple[str, float, float]]
) -> None:
    network = load_network_file(network_document())
    cut = cut_stretches(network, STRETCHES, from_km, to_km)
    assert [(part["id"], part["from_m"], part["to_m"]) for part in cut] == expected


@pytest.mark.parametrize(("from_km", "to_km"), [("7", "3"), ("30", ""), ("x", ""), ("-1", "")])
def test_kilometres_that_name_no_part_of_the_route_are_refused(from_km: str, to_km: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        cut_stretches(load_network_file(network_document()), STRETCHES, from_km, to_km)
    assert fields(refusal) <= {"from_km", "to_km"}


NAMED = [("Alpha", "settlement", 30.0, 5.0), ("Bar", "camp", 30.1, 5.0), ("Bar", "base", 30.9, 5.0)]


def test_a_place_is_found_by_name_or_position_and_never_picked_among_several() -> None:
    assert find_place(" alpha ", NAMED, "from") == (30.0, 5.0)
    assert find_place("30.5, 5.5", NAMED, "from") == (30.5, 5.5)
    with pytest.raises(InvalidInput, match="several places"):
        find_place("Bar", NAMED, "to")
    with pytest.raises(InvalidInput, match="registers"):
        find_place("Nowhere", NAMED, "to")
