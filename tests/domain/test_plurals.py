"""Plural forms: the examples that CLDR gives, and one form for every number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.plurals import FORMS, plural_form


@pytest.mark.parametrize(
    ("language", "form", "numbers"),
    [
        ("en", "one", (1,)),
        ("en", "other", (0, 2, 11, 101)),
        ("fr", "one", (0, 1)),
        ("fr", "other", (2, 11, 101)),
        ("ar", "zero", (0,)),
        ("ar", "one", (1,)),
        ("ar", "two", (2,)),
        ("ar", "few", (3, 10, 103, 110, 1003)),
        ("ar", "many", (11, 26, 99, 111, 1011)),
        ("ar", "other", (100, 101, 102, 200, 1000)),
    ],
)
def test_the_examples_of_the_rules(language: str, form: str, numbers: tuple[int, ...]) -> None:
    assert {plural_form(language, n) for n in numbers} == {form}


@given(st.sampled_from(sorted(FORMS)), st.integers(0, 10**6))
def test_every_number_has_a_form_that_the_words_have(language: str, n: int) -> None:
    assert plural_form(language, n) in FORMS[language]
