"""The words of the report forms, of the desk and of the bar above them, by language; codes and rules are `domain`'s."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fom.domain.answers import tracks_of
from fom.domain.forms import FORMS, TYPED_TEXT_MAX, TYPED_WORDS_MAX, Form, Question
from fom.errors import FieldError

LANGUAGES = ("en", "fr", "ar")
RIGHT_TO_LEFT = ("ar",)
Pattern = str | Mapping[str, str]
"""Words with named places; or the forms that they take beside a number `n` of things (`domain.plurals`)."""
_ROOT = Path(__file__).resolve().parents[2]
_FOLDER, _APP = _ROOT / "geodata" / "words", _ROOT / "static" / "field" / "words"


@cache
def form_words(language: str) -> dict[str, dict[str, str]]:
    """Return `{form, question, answer, help}`, each code -> words; English for a language that is not here."""
    found: dict[str, dict[str, str]] = _read(_FOLDER / f"{_known(language)}.json")
    return found


@cache
def page_words(language: str) -> dict[str, str]:
    """Return what the report pages say besides the forms, by key; English for a language that is not here."""
    found: dict[str, str] = _read(_FOLDER / "pages.json")[_known(language)]
    return found


@cache
def desk_words(language: str) -> dict[str, dict[str, Pattern]]:
    """Return what the desk says, family -> key -> words; English for a language that is not here."""
    found: dict[str, dict[str, Pattern]] = _read(_FOLDER / "desk" / f"{_known(language)}.json")
    return found


@cache
def bar_words(language: str) -> dict[str, str]:
    """Return the words of the bar above every page, by key; English for a language that is not here."""
    found: dict[str, str] = _read(_FOLDER / "bar.json")[_known(language)]
    return found


@cache
def app_words(language: str) -> dict[str, str]:
    """Return what the field app says, by key; English for a language that is not here."""
    found: dict[str, str] = _read(_APP / f"{_known(language)}.json")
    return found


def _known(language: str) -> str:
    return language if language in LANGUAGES else LANGUAGES[0]


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def tell_refusal(error: FieldError, question: Mapping[str, Any] | None, language: str) -> str:
    """Return what was refused in an answer, in the words in which the field app says it of the same answer.

    Parameters
    ----------
    question
        As `describe_form` gives it; None where the error is about something else.
    """
    words, own = app_words(language), page_words(language)
    plain = own["refused"].format(came=error.came, expected=error.expected)
    if error.reason:
        return words.get(f"refused_reason_{error.reason}", plain)
    if error.came == "nothing" and (language != "en" or question is None or question["kind"] not in ("place", "way")):
        return own["unanswered"]
    if question is None or language == "en":
        return plain
    if "low" in question:
        bounds = {"low": f"{question['low']:g}", "high": f"{question['high']:g}", "unit": question["unit"] or ""}
        return words["bad_number"].format(came=error.came, **bounds).strip()
    return words.get(f"refused_kind_{question['kind']}", plain)


def describe_forms(language: str) -> dict[str, Any]:
    """Return every form with its questions in words, as a client shows them."""
    words = form_words(language)
    return {
        "language": _known(language),
        "direction": direction_of(language),
        "words_longest": TYPED_WORDS_MAX,
        "forms": [_form(form, words) for form in FORMS.values()],
    }


def describe_form(code: str, language: str) -> dict[str, Any]:
    """Return one form of the table as `describe_forms` does."""
    return _form(FORMS[code], form_words(language))


def direction_of(language: str) -> str:
    """Return in which direction a language is written: `ltr` or `rtl`."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def _form(form: Form, words: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "code": form.code,
        "title": words["form"][form.code],
        "sign": form.sign,
        "warning": words["help"].get(form.code),
        "questions": [_question(form.code, q, words) for q in form.questions],
    }


def _question(form: str, question: Question, words: dict[str, dict[str, str]]) -> dict[str, Any]:
    bounds = {} if question.high == float("inf") else {"low": question.low, "high": question.high}
    kind = question.kind
    answers = [] if kind == "subject" else [{"code": c, "words": words["answer"][c]} for c in question.codes]
    return {
        "code": question.code,
        "kind": kind,
        "words": words["question"][question.code],
        "help": words["help"].get(f"{form}.{question.code}"),
        "is_flash": question.is_flash,
        "is_required": question.is_required,
        "answers": answers,
        "register": question.codes[0] if kind == "subject" else None,
        "unit": question.unit or None,
        "longest": TYPED_TEXT_MAX if kind == "text" else None,
        **bounds,
    }


def tell_answers(form: str, answers: dict[str, Any], language: str = "en") -> list[tuple[str, str]]:
    """Return (question, answer) in words, in the order of the form; places and ways by what was said of them."""
    words = form_words(language)
    return [
        (words["question"][question.code], _told(question, answers[question.code], language))
        for question in (FORMS[form].questions if form in FORMS else ())
        if question.code in answers
    ]


def _told(question: Question, value: Any, language: str) -> str:
    words = form_words(language)
    if question.kind in ("choice", "choices"):
        return ", ".join(words["answer"][code] for code in ([value] if isinstance(value, str) else value))
    if question.kind == "flag":
        return words["answer"]["yes" if value else "no"]
    if question.kind == "place":
        return value.get("text") or f"{value['lon']:.5f}, {value['lat']:.5f}"
    if question.kind == "way":
        tracks = tracks_of(value)
        points = sum(len(track) for track in tracks)
        return page_words(language)["points"].format(n=points) if tracks else ", ".join(value)
    return f"{value:g} {question.unit}".strip() if isinstance(value, float | int) else str(value)
