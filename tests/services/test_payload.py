"""Every form, filled to the brim by a phone, stays within 20 kB without its photos. Tracks have a test of their own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fom.domain.answers import parse_answers
from fom.services.drafts import parse_report
from fom.services.form_words import describe_forms
from tests.services.people import new_id

PAYLOAD_MAX_BYTES = 20_000
"""Source: issue, field form."""
WIDE = {"latin": "a", "accents": "é", "arabic": "ع", "han": "道", "quotes": '"', "lines": "\n", "emoji": "🛑"}
"""One character of a script, as `maxlength` counts; an emoji is two of UTF-16."""


def brim(letter: str, longest: int) -> str:
    """Return as much of a letter as a text field of a browser takes: it counts UTF-16 units."""
    return "x" + letter * ((longest - 2) // (len(letter.encode("utf-16-le")) // 2)) + "x"


def place_of(letter: str) -> dict[str, Any]:
    return {
        "lon": -179.123456789012, "lat": -89.123456789012, "source": "bearing", "accuracy_m": 99_999.123456789,
        "radius_m": 99_999.123456789, "text": brim(letter, 200), "datum": "unknown",
    }  # fmt: skip


def fullest(question: dict[str, Any], letter: str) -> Any:
    codes = [answer["code"] for answer in question["answers"]]
    return {
        "choice": max(codes, key=len, default=""),
        "choices": codes,
        "text": brim(letter, question["longest"] or 0),
        "number": question.get("high", 0),
        "integer": int(question.get("high", 0)),
        "flag": False,
        "moment": "2026-03-10T10:00:00.123456+03:00",
        "subject": "s" * 64,
        "place": place_of(letter),
        "way": {"start": place_of(letter), "end": place_of(letter)},
    }[question["kind"]]


@pytest.mark.parametrize("script", WIDE)
@pytest.mark.parametrize("form", describe_forms("en")["forms"], ids=lambda form: form["code"])
def test_a_form_filled_to_the_brim_stays_within_20_kb(form: dict[str, Any], script: str) -> None:
    letter = WIDE[script]
    answers = {question["code"]: fullest(question, letter) for question in form["questions"]}
    body = {
        "id": new_id(), "form": form["code"], "answers": answers, "device_time": "2026-03-10T10:00:00.123456Z",
        "device_sequence": 2**53, "place_text": brim(letter, 200), "device_offset_s": -123456.789,
        "words": brim(letter, describe_forms("en")["words_longest"]),
    }  # fmt: skip
    sent = json.dumps(body | {"base_version": 2**31 - 1}, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(sent) <= PAYLOAD_MAX_BYTES
    assert set(parse_answers(form["code"], answers)) == set(answers), "what the phone lets somebody say is taken"
    parse_report(body)
