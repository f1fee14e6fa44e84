"""Every form of every page with values that no form expects: never a failure of ours, always an answer in words.

Pages are found by following links as officers of several roles; forms are sent as a browser without scripts does.
"""

from __future__ import annotations

import html
import re
import uuid
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.routing import MapAdapter
from werkzeug.test import TestResponse

from tests.web.conftest import Mission
from tests.web.filled_mission import fill
from tests.web.page_forms import HTML, Field, Form, crawl, read_page, send

ROLES = ("chief_joc", "movement_control", "eod", "administrator", "aviation")
STARTS = {"administrator": "/networks"}
"""Who sees no operational data begins elsewhere than at the map, to which the head of every page leads."""
MARKUP = "<script>alert(1)</script>"
JUNK = {
    "too long": "x" * 30_000,
    "turned round": "\u202egnp.exe\u2066",
    "a NUL": "a\x00b",
    "half a character": "\ud800",
    "year 9999": "9999-12-31T23:59",
    "year 0": "0000-00-00T00:00",
    "no number": "NaN",
    "negative": "-1",
    "infinite": "1e400",
    "twenty digits": "9" * 20,
    "a digit that is none": "²",
    "markup": MARKUP,
    "a formula": "=HYPERLINK(\"http://x\",\"y\")",
    "JSON": '{"a": [[1e999, null]]}',
    "empty": "",
}  # fmt: skip
EVERY = 4
"""Of how many kinds of junk a field is sent one."""
KEPT = ("csrf_token",)
SHOWN_AS = {"geometry": {"corners"}}
"""Field that only the map fills -> the one beside it where its refusal is told."""
LEAVES = ("/login", "/logout", "/theme")
"""What ends the session, and what takes any value."""
Found = dict[tuple[object, ...], tuple[str, Form]]


def adapter(mission: Mission) -> MapAdapter:
    return mission.app.url_map.bind("localhost")


def forms_of(mission: Mission) -> Found:
    """Return every different form with the role that sees it; every page that is linked must stand."""
    found: Found = {}
    fallen = []
    for role in ROLES:
        for page, answer, forms in crawl(mission.browser(role), adapter(mission), STARTS.get(role, "/")):
            if answer.status_code not in (200, 302) and (role, page) != ("administrator", "/"):
                fallen.append(f"{role} is linked to {page}: {answer.status_code}")
            for form in forms:
                if urlsplit(form.action).path not in LEAVES:
                    found.setdefault(form.key(adapter(mission)), (role, form))
    assert not fallen, "\n".join(fallen)
    return found


@pytest.fixture
def forms(mission: Mission) -> Found:
    fill(mission)
    mission.app.testing = False  # a failure is answered as it is in the field
    return forms_of(mission)


def with_fresh_id(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, str(uuid.uuid4()) if name == "id" and len(value) == 36 else value) for name, value in pairs]


def check(answer: TestResponse, what: str) -> Iterator[str]:
    """Yield what is wrong with an answer."""
    text = answer.get_data(as_text=True)
    if answer.status_code >= 500:
        yield f"{what}: {answer.status_code}"
    if MARKUP in text:
        yield f"{what}: markup came back as markup"
    if "\u202e" in text and answer.mimetype == "text/html":
        yield f"{what}: a text that turns its surroundings came back"
    if answer.status_code in (400, 422) and not errors_in(text):
        yield f"{what}: {answer.status_code} without a word"


def errors_in(text: str) -> str:
    """Return the words of the errors on a page with the names of their fields."""
    parts = re.findall(r'<(\w+)[^>]*(?:class="[^"]*\berror\b[^"]*"|role="alert")[^>]*>.*?</\1>', text, re.S)
    whole = re.finditer(r'<(\w+)([^>]*(?:class="[^"]*\berror\b[^"]*"|role="alert")[^>]*)>(.*?)</\1>', text, re.S)
    said = " | ".join(f"{found[2]} {found[3]}" for found in whole) if parts else ""
    return html.unescape(re.sub(r"<[^>]+>", " ", said)).strip()


@pytest.mark.deep
def test_every_form_filled_with_junk_is_answered_in_words(mission: Mission, forms: Found):
    assert len(forms) > 40
    troubles = []
    for role, form in forms.values():
        browser = mission.browser(role)
        for kind, junk in JUNK.items():
            pairs = [(one.name, one.value if one.name in KEPT else junk) for one in form.fields]
            answer = send(browser, form, pairs)
            troubles += check(answer, f"{role} {form.method} {form.action} all {kind}")
    assert not troubles, "\n".join(troubles)


def names_of(field: Field, form: Form, page: str) -> set[str]:
    """Return what a person knows a field by: its name, and its label on the page."""
    names = {field.name, field.name.replace("_", " ")} | SHOWN_AS.get(field.name, set())
    control = re.search(rf'<(?:input|select|textarea)[^>]*\bname="{re.escape(field.name)}"[^>]*>', page)
    identity = re.search(r'\bid="([^"]+)"', control[0]) if control else None
    if identity:
        label = re.search(rf'<label[^>]*for="{re.escape(identity[1])}"[^>]*>(.*?)</label>', page, re.S)
        if label:
            names.add(html.unescape(re.sub(r"<[^>]+>", "", label[1])).split(",")[0].strip())
    return {without_row(name.casefold()) for name in names if name}


def without_row(text: str) -> str:
    """Return a text with every row of a table called the first: rows left empty are passed over, the rest move up."""
    return re.sub(r"-\d+-", "-0-", text)


def refused_untouched(browser: Any, form: Form) -> str:
    """Return why a form is refused in which nobody touched anything, in small letters; nothing where it is taken."""
    answer = send(browser, form, with_fresh_id(form.values))
    return without_row(errors_in(answer.get_data(as_text=True)).casefold()) if answer.status_code == 422 else ""


def explained(said: str, untouched: str, names: set[str], form: Form, pairs: list[tuple[str, str]]) -> bool:
    """Return whether a refusal that does not name a field is about others.

    It says of fields only what is said when nobody touched the form, or of those that were left empty: what is asked
    depends on what was answered. Or this field was refused untouched and is not now: the junk is a value that it takes.
    """
    one, other = ({piece.strip() for piece in text.split(" | ") if "-error" in piece} for text in (said, untouched))
    asked = {name for piece in one for name in re.findall(r'id="([\w.-]+)-error"', piece)}
    left_empty = {field.name for field in form.fields} - {name for name, value in pairs if value}
    if one and len(asked) == len(one) and asked <= {without_row(name.casefold()) for name in left_empty}:
        return True
    return bool(untouched) and (one <= other or any(name in untouched for name in names))


def some_junk(form: Form, field: Field) -> list[tuple[str, str | None]]:
    """Return a share of what no form expects, another one for each field: together the fields are sent everything."""
    kinds: list[tuple[str, str | None]] = [*JUNK.items(), ("missing", None)]
    first = zlib.crc32(f"{form.action} {field.name}".encode()) % EVERY
    return kinds[first::EVERY]


@pytest.mark.deep
def test_every_field_of_every_form_alone_filled_with_junk_is_named_when_it_is_refused(
    mission: Mission, forms: Found, capsys: Any
):
    troubles, sent, refused = [], 0, 0
    for role, form in forms.values():
        browser = mission.browser(role)
        for field in {one.name: one for one in form.fields if one.name not in KEPT}.values():
            for kind, junk in some_junk(form, field):
                pairs = [
                    (name, junk if name == field.name else value)
                    for name, value in with_fresh_id(form.values)
                    if name != field.name or junk is not None
                ]
                answer = send(browser, form, pairs)
                what = f"{role} {form.method} {form.action} {field.name} {kind}"
                troubles += check(answer, what)
                sent += 1
                if answer.status_code == 422:
                    refused += 1
                    said = without_row(errors_in(answer.get_data(as_text=True)).casefold())
                    page = browser.get(form.page, headers=HTML).get_data(as_text=True) if said else ""
                    names = names_of(field, form, page)
                    is_named = any(name in said for name in names)
                    if (
                        said
                        and not is_named
                        and not explained(said, refused_untouched(browser, form), names, form, pairs)
                    ):
                        troubles.append(f"{what}: refused without the name of the field: {said[:160]}")
                if answer.status_code in (302, 303):
                    form = renewed(browser, form, adapter(mission)) or form
    with capsys.disabled():
        print(f"\n{len(forms)} forms, {sent} sent, {refused} refused with 422")
        print("\n".join(troubles))
    assert not troubles


def renewed(browser: Any, form: Form, urls: MapAdapter) -> Form | None:
    """Return the form as its page shows it now: what was accepted has moved versions on."""
    answer = browser.get(form.page, headers=HTML)
    _, forms = read_page(form.page, answer.get_data(as_text=True))
    return next((one for one in forms if one.key(urls) == form.key(urls)), None)


LISTS = {
    "/movements": "purpose", "/movements/week": "user_class", "/registers/key-routes": "sort",
    "/registers/air-heads": "kind", "/registers/air-heads.csv": "kind", "/registers/sites": "stage",
    "/registers/assets": "only", "/registers/assets/export.csv": "kind", "/restrictions": "state",
    "/restrictions/monthly.csv": "part", "/restrictions/clauses": "version", "/alerts": "show",
    "/parties": "user_class", "/routes": "profile", "/policy": "number", "/registers/seasons": "year",
}  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_a_filter_that_a_list_does_not_know_is_refused_by_name(mission: Mission, path: str):
    browser = mission.browser("duty_officer")
    assert browser.get(path, headers=HTML).status_code == 200
    name = LISTS[path]
    for query, field in ((f"{name}=such+as+this", name), ("kinnd=airfield", "kinnd")):
        if path == "/policy" and field == "kinnd":
            continue
        answer = browser.get(f"{path}?{query}", headers=HTML)
        assert answer.status_code == 422, (path, query)
        assert f"<b>{field}</b>" in answer.text
        assert "expected" in answer.text


def test_an_empty_filter_is_none_and_a_link_of_the_page_itself_stands(mission: Mission):
    browser = mission.browser("duty_officer")
    for query in ("q=&kind=&status=&sort=-code", "kind=airfield"):
        answer = browser.get(f"/registers/air-heads?{query}", headers=HTML)
        assert answer.status_code == 200
        assert "air-heads.csv?" in answer.text
