"""The words of the forms: every code has them in every language, and none is left over."""

from __future__ import annotations

import pytest

from fom.domain.forms import FORMS
from fom.services.form_words import LANGUAGES, describe_forms, form_words, tell_answers


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words_and_no_words_are_left_over(language: str) -> None:
    words = form_words(language)
    questions = [q for form in FORMS.values() for q in form.questions]
    assert set(words["form"]) == set(FORMS)
    assert set(words["question"]) == {q.code for q in questions} | {"words"}
    codes = {code for q in questions if q.kind != "subject" for code in q.codes} | {"yes", "no"}
    assert set(words["answer"]) == codes
    assert all(text.strip() for part in words.values() for text in part.values())


def test_the_explosive_form_opens_with_its_warning() -> None:
    forms = {form["code"]: form for form in describe_forms("en")["forms"]}
    assert forms["explosive"]["warning"] == "Do not touch. Do not approach. Mark, move back, report."
    assert describe_forms("ar")["direction"] == "rtl"


def test_answers_are_told_in_words_in_the_order_of_the_form() -> None:
    answers = {"class": "ied", "hazard": "item", "cordon_m": 300.0, "place": {"lon": 1, "lat": 2, "source": "gps"}}
    told = tell_answers("explosive", answers)
    assert told[1:] == [
        ("One item, or an area", "One item or a few"), ("What it looks like", "Improvised device"), ("Cordon", "300 m"),
    ]  # fmt: skip
