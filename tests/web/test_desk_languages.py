"""The desk in three languages: chosen once, right for the page, no English left, refusals told, data as written."""

from __future__ import annotations

import re
import uuid
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from fom.services.form_words import bar_words, desk_words, form_words
from tests.web.conftest import Mission
from tests.web.filled_mission import fill
from tests.web.mission import hazard
from tests.web.test_desk_bodies import clash, decide
from tests.web.test_desk_close import form as closing_form
from tests.web.test_desk_close import look_and_sign
from tests.web.test_desk_page import page, post, seen_by, words
from tests.web.test_reports import log

HTML = {"Accept": "text/html"}
SHARED = {"GPS", "MGRS", "UTC", "GPX", "N", "S", "E", "W"}
"""What Arabic writes in Latin letters as well: names of systems, and the points of the compass in positions."""
UNREAD = ("script", "style", "bdi", "kbd", "use", "option", "textarea")
VOID = ("input", "br", "meta", "link", "img", "path", "rect", "circle", "use")
TOLD = ("aria-label", "title", "placeholder", "alt")


DATA_AS_WORDS = re.compile(r'<bdi dir="rtl">([^<\u0600-\u06ff]*[A-Za-z0-9][^<\u0600-\u06ff]*)</bdi>')
"""A value without an Arabic letter that would go in the direction of our words: a position would be turned."""


class OwnWords(HTMLParser):
    """The words of a page that are ours: not those of data, which are isolated, nor what is marked as of a language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language, self.direction = "", ""
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language, self.direction = given["lang"], given["dir"]
        is_ours = tag not in UNREAD and given.get("lang", self.language) == self.language
        is_ours = is_ours and (tag == "html" or given.get("dir") != "ltr") and given.get("aria-hidden") != "true"
        if is_ours and self.is_read:
            self.found += [given[name] for name in TOLD if name in given]
        if tag not in VOID:
            self._open.append((tag, is_ours and given.get("dir") != "auto"))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        is_title = bool(self._open) and self._open[-1][0] == "title"
        if self.is_read:
            self.found.append(data.partition(" · ")[0] if is_title else data)

    @property
    def is_read(self) -> bool:
        return all(is_ours for _, is_ours in self._open)


def left_over(text: str) -> list[str]:
    """Return the Latin words of a page that are neither data nor shared."""
    own = (re.sub("[\u2066-\u2068][^\u2066-\u2069]*\u2069", "", told) for told in OwnWords(text).found)
    return sorted({word for told in own for word in re.findall("[A-Za-z]+", told)} - SHARED)


def in_arabic(client: FlaskClient) -> FlaskClient:
    client.get("/desk?language=ar", headers=HTML)
    return client


def test_the_language_chosen_on_the_desk_stays_and_is_that_of_the_forms(mission: Mission):
    duty = mission.browser("duty_officer")
    said = desk_words("fr")["queue"]["title"]
    assert said not in duty.get("/desk", headers=HTML).text
    french = duty.get("/desk?language=fr", headers=HTML).text
    assert said in french
    assert 'href="/desk?language=ar"' in french
    assert '<html lang="fr" dir="ltr"' in duty.get("/desk", headers=HTML).text
    forms = duty.get("/report", headers=HTML).text
    assert form_words("fr")["form"]["passage"] in forms
    assert bar_words("fr")["tab_registers"] in forms
    assert '<html lang="fr" dir="ltr"' in forms


def test_a_page_that_exists_in_english_only_says_so_and_has_an_english_bar(mission: Mission):
    duty = in_arabic(mission.browser("duty_officer"))
    arabic, english = duty.get("/desk", headers=HTML).text, duty.get("/routes", headers=HTML).text
    assert '<html lang="ar" dir="rtl"' in arabic
    assert '<html lang="en" dir="ltr"' in english
    assert bar_words("ar")["tab_movements"] in arabic
    assert bar_words("ar")["tab_movements"] not in english


def test_no_english_is_left_on_any_page_of_the_desk(mission: Mission):
    ids = fill(mission, name="Alpha")
    report_id, _ = clash(mission)
    log(mission, "reporter", hazard="sha", **{"class": "mine"})
    eod, duty, chief = (in_arabic(mission.browser(role)) for role in ("eod", "duty_officer", "chief_joc"))
    post(duty, "/desk/ask", report=ids["report"], id=str(uuid.uuid4()), text="Which side?")
    by_hand = {"segments": "d-e", "mode": "worsen", "state": "BLACK", "hours": "4", "reason": "Crowd"}
    post(duty, "/desk/manual", report=ids["report"], id=str(uuid.uuid4()), **by_hand)
    look_and_sign(eod, ids["record"], closing_form())
    queue = duty.get("/desk", headers=HTML).text
    addresses = ["/desk", *sorted(set(re.findall(r'href="(/desk\?(?:report|record)=[^"&]+)"', queue)))]
    assert len(addresses) > 4
    addresses += [f"/desk/correct/{ids['report']}", f"/desk?report={report_id}"]
    pages = {(address, who): who.get(address, headers=HTML).text for address in addresses for who in (duty, chief)}
    close = f"/desk/close/{ids['other']}"
    seen = {"report": ids["report"], "record": ids["record"], "seen": "0", "grade": "E5"}
    bad = closing_form(reference="", occurred="yesterday", radius_m="9e9", depth_cm="deep", act="", traffic_mlc="")
    for name, answer in {
        "a form of land": eod.get(close, headers=HTML),
        "a form refused": eod.post(close, data=bad, headers=HTML),
        "what an act would do": eod.post(close, data=closing_form(), headers=HTML),
        "an act overtaken": duty.post("/desk/grade", data=seen, headers=HTML),
        "a place read back": duty.post(
            f"/desk/correct/{ids['report']}",
            data={"id": str(uuid.uuid4()), "base_version": "1", "position": "30.045, 5.09", "occurred": "then"},
            headers=HTML,
        ),
    }.items():
        pages[name, eod] = answer.text
    found = {address: left for (address, _), text in pages.items() if (left := left_over(text))}
    assert found == {}, found
    turned = {name: data for (name, _), text in pages.items() if (data := re.findall(DATA_AS_WORDS, text))}
    assert turned == {}, turned


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_refusal_is_told_in_the_language_and_what_exists_in_english_only_is_marked(mission: Mission, language: str):
    duty = mission.browser("duty_officer")
    report_id, number = clash(mission)
    duty.get(f"/desk?language={language}", headers=HTML)
    refused = desk_words(language)["refused"]
    decide(duty, report_id, number, "keep_first")
    decide(duty, report_id, number, "promote")
    told = words(duty.get("/desk", headers=HTML).text)
    assert str(refused["settled"]).partition("{")[0] in told
    decide(duty, report_id, number, "keep_first", reason=" ")
    assert refused["no_reason"] in words(duty.get("/desk", headers=HTML).text)
    by_hand = {"segments": "a-b", "mode": "improve", "state": "AMBER", "hours": "4", "reason": "We must pass"}
    chief = mission.browser("chief_joc")
    chief.get(f"/desk?language={language}", headers=HTML)
    post(chief, "/desk/manual", report=report_id, id=str(uuid.uuid4()), **by_hand)
    marked = re.findall(r'<span lang="en" dir="ltr">(.*?)</span>', chief.get("/desk", headers=HTML).text)
    assert any("it takes a closing act" in text for text in marked)


def test_what_the_sender_wrote_stays_as_written_and_turns_nothing(mission: Mission):
    body = {"id": str(uuid.uuid4()), "form": "other", "words": "جسر <b>\u202e", "place_text": "عند الجسر"}
    assert mission.program("reporter").post("/api/v1/reports", json=body).status_code == 201
    text = mission.browser("duty_officer").get(f"/desk?report={body['id']}", headers=HTML).text
    assert '<dd class="words" dir="auto">جسر &lt;b&gt;[U+202E]</dd>' in text
    assert '<bdi dir="auto">عند الجسر</bdi>' in text


def test_a_number_of_things_is_told_in_the_form_of_the_language(mission: Mission):
    for _ in range(3):
        body = hazard(str(uuid.uuid4()))
        body["records"][0] |= {"geometry": None}
        del body["records"][0]["properties"]["location"]
        assert mission.program("reporter").post("/api/v1/reports", json=body).status_code == 201
    mission.clock.advance(0.3)
    duty = mission.browser("duty_officer")
    seen = {language: page(duty, language=language) for language in ("en", "fr", "ar")}
    assert "3 wait too long" in seen["en"]
    assert "3 attendent trop longtemps" in seen["fr"]
    assert desk_words("ar")["queue"]["wait_too_long"]["few"].replace("{n}", "3") in seen["ar"]  # type: ignore[index]


def test_a_link_to_another_language_on_a_refused_act_leads_to_the_item(mission: Mission):
    logged = log(mission, "reporter")
    record_id = logged["record_ids"][0]
    duty, chief = mission.browser("duty_officer"), mission.browser("chief_joc")
    said = {"report": logged["report_id"], "record": record_id, "seen": seen_by(chief, record_id)}
    post(duty, "/desk/grade", **said, grade="B3")
    answer = post(chief, "/desk/grade", **said, grade="B2")
    assert answer.status_code == 409
    (address,) = re.findall(r'href="([^"]+)" lang="fr"', answer.text)
    assert chief.get(address.replace("&amp;", "&"), headers=HTML).status_code == 200
    assert logged["report_id"] in address


def test_words_within_words_go_in_the_direction_of_their_language_and_figures_from_left_to_right(mission: Mission):
    logged = log(mission, "reporter")
    eod = in_arabic(mission.browser("eod"))
    look_and_sign(eod, logged["record_ids"][0], closing_form())
    text = eod.get(f"/desk?record={logged['record_ids'][0]}", headers=HTML).text
    act, detail = desk_words("ar")["act_kind"]["closing_act"], desk_words("ar")["act"]["cleared"]
    nested = f'<bdi dir="rtl"><bdi dir="rtl">{act}</bdi>: <bdi dir="rtl">{detail}</bdi></bdi>'
    assert nested in text, "an isolate of isolates alone has no letter of its own to go by"
    assert '<bdi dir="ltr">.60</bdi>' in text
