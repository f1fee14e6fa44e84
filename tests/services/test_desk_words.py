"""The words of the desk and of the bar: the same keys and named places in every language, none missing or left over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fom.domain.access import ROLES
from fom.domain.facts_schema import ACTORS, DAMAGES, EXPLOSIVE_CLASSES, SCHEMAS, STRENGTHS
from fom.domain.forms import FORMS as REPORT_FORMS
from fom.domain.inspections import FORMS as INSPECTIONS
from fom.domain.plurals import FORMS
from fom.domain.policy import INCIDENT_WEIGHTS
from fom.domain.profiles import USER_CLASSES
from fom.domain.registers import MOVEMENT_PURPOSES, SITE_KINDS, TASK_KINDS
from fom.maps.style import NO_LETTER, STYLES
from fom.services.form_words import LANGUAGES, Pattern, bar_words, desk_words, form_words
from fom.web.pages.shell import TABS

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = {
    "code": {
        "item", "sha", "cha", "order", "denial", "toll", "delay", "gps", "stated", *EXPLOSIVE_CLASSES, *DAMAGES,
        *STRENGTHS, *INCIDENT_WEIGHTS, *USER_CLASSES, *ACTORS,
        *(s for name in ("air_head", "crossing", "access", "asset") for s in INSPECTIONS[name].statuses),
    },
    "kind": set(SCHEMAS),
    "state": {style.letter for style in STYLES.values()} | {NO_LETTER},
    "site": set(SITE_KINDS),
    "source": set("ABCDEF"),
    "information": set("123456"),
    "method": {"gps", "mgrs", "place", "survey", "sketch"},
}  # fmt: skip
"""Families whose keys are a vocabulary of the domain."""


def forms_of(pattern: Pattern) -> list[str]:
    return [pattern] if isinstance(pattern, str) else list(pattern.values())


def places(pattern: Pattern) -> set[str]:
    return {name for form in forms_of(pattern) for name in re.findall(r"\{(\w+)\}", form)}


def every_pattern(language: str) -> Iterator[tuple[str, Pattern]]:
    for family, words in desk_words(language).items():
        yield from ((f"{family}.{name}", pattern) for name, pattern in words.items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_has_words_with_the_same_named_places(language: str) -> None:
    english, words = dict(every_pattern("en")), dict(every_pattern(language))
    assert list(words) == list(english)
    for key, pattern in words.items():
        assert places(pattern) == places(english[key]), key
        assert all(form.strip() for form in forms_of(pattern)), key
        assert isinstance(pattern, str) == isinstance(english[key], str), key
        if not isinstance(pattern, str):
            assert tuple(pattern) == FORMS[language], key
            assert all("{n}" in form for name, form in pattern.items() if name != "zero"), key


def test_the_vocabularies_of_the_domain_have_words() -> None:
    words = desk_words("en")
    for family, codes in FAMILIES.items():
        assert set(words[family]) == codes, family
    assert set(MOVEMENT_PURPOSES) <= set(words["who"])
    assert set(TASK_KINDS) <= set(words["task"])
    assert set(REPORT_FORMS) == set(form_words("en")["form"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bar_names_every_page_and_role(language: str) -> None:
    words = bar_words(language)
    assert set(words) == set(bar_words("en"))
    assert {key for key in words if key.startswith("tab_")} == {f"tab_{code}" for code, _, _ in TABS}
    assert {key for key in words if key.startswith("role_")} == {f"role_{role}" for role in ROLES}
    for key, text in words.items():
        assert text.strip()
        assert places(text) == places(bar_words("en")[key])


def test_no_words_are_left_over() -> None:
    files = [*ROOT.glob("templates/desk/*.html"), *ROOT.glob("fom/web/pages/*.py"), *ROOT.glob("static/js/**/*.js")]
    text = "\n".join(file.read_text("utf-8") for file in files)
    whole = set(re.findall(r"""["'`]([a-z_]+\.[\w?-]+)["'`]""", text))
    begun = {a or b for a, b in re.findall(r"""["']([a-z_]+\.\w*)["'] ~|[`"']([a-z_]+\.\w*)\$?\{""", text)}
    unused = [
        key for key, _ in every_pattern("en") if key not in whole and not any(key.startswith(start) for start in begun)
    ]
    assert unused == []
