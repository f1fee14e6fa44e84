"""What a report page sends, read into the plain answers of its form; whether they hold is for `domain.answers`.

A field is named after its question. A place has the fields `position` (with `position_source`, `position_accuracy_m`)
and `place_text`; a way has `track`, `route`, `from_km`, `to_km`, `start` and `end`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fom.domain.answer_records import located
from fom.domain.answers import parse_place
from fom.domain.forms import FORMS, Question
from fom.domain.instants import format_instant
from fom.domain.positions import parse_position
from fom.errors import FieldError, InvalidInput
from fom.services.form_words import tell_refusal
from fom.web.pages.moment_fields import parse_moment

Fields = Mapping[str, str]

READ_BACK = ("position", "start", "end")
"""Fields with a position; each is read back in two forms before a report is sent."""
WAY_FIELDS = ("track", "route", "from_km", "to_km", "start", "end")
USUAL: Mapping[str, str] = {
    "hazard": "item", "strength": "own_patrol_traverse", "user_class": "mission_military", "passed": "P3",
    "unimpeded": "yes",
}  # fmt: skip
"""Question -> the answer that stands in an empty form, in sight, because it is right most days."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place as given, and as read."""

    lon: float
    lat: float
    reading: str
    location: dict[str, Any]
    has_geometry: bool


def read_place(form: Fields, errors: list[FieldError]) -> Place | None:
    """Return the place of a form with one `position`, None when none was given; a bad one goes to `errors`."""
    if not form.get("position", "").strip():
        return None
    try:
        place = parse_place(_position(form))
        lon, lat, reading = parse_position(form["position"])
    except InvalidInput as refused:
        errors += [FieldError("position", e.came, e.expected) for e in refused.errors]
        return None
    geometry, location = located(place)
    return Place(lon, lat, reading, location or {}, geometry is not None)


def read_report(code: str, form: Fields) -> dict[str, Any]:
    """Return the body of a report as the API takes it, its answers as they were typed."""
    answers = {
        question.code: answer
        for question in FORMS[code].questions
        if (answer := _READERS.get(question.kind, _text)(question, form)) is not None
    }
    return {
        "id": form.get("id", ""),
        "form": code,
        "answers": answers,
        "words": form.get("words", "").strip(),
        "place_text": form.get("place_text", "").strip(),
        "time_text": form.get("occurred", "").strip(),
    }


def missing_place(code: str, form: Fields) -> list[FieldError]:
    """Return the error of a form that asks for a place and got none, unless the sender says that he cannot tell."""
    is_asked = FORMS[code].find("place") is not None
    if not is_asked or any(form.get(name, "").strip() for name in ("position", "place_text", "no_place")):
        return []
    return [FieldError("position", "nothing", "a position, or at least the name of the place")]


def read_back(form: Fields) -> dict[str, str]:
    """Return field -> its position read back in two forms; where that cannot be read, nothing."""
    readings = {}
    for name in READ_BACK:
        try:
            readings[name] = parse_position(form.get(name, ""))[2]
        except InvalidInput:
            continue
    return readings


def field_of(error: FieldError, form: Fields) -> FieldError:
    """Return a finding about an answer or a record under the name that its field has on the page."""
    return replace(error, field=_name_of(error.field.split("."), form))


def tell(error: FieldError, asked: Mapping[str, Mapping[str, Any]], language: str) -> dict[str, str]:
    """Return the field of an error and what it says in a language; `asked`: its questions (`describe_form`)."""
    kind = "place" if error.field in ("position", "place_text") else "way" if error.field in WAY_FIELDS else None
    question = asked.get(error.field) or ({"kind": kind} if kind else None)
    return {"field": error.field, "words": tell_refusal(error, question, language)}


def _name_of(path: list[str], form: Fields) -> str:
    if path[0] != "answers" or len(path) < 2:
        return "position" if path[-1] in ("geometry", "location", "mgrs") else path[-1]
    if path[1] == "place":
        return "position" if form.get("position", "").strip() else "place_text"
    if path[1] == "way":
        own = next((part for part in path[2:] if part in WAY_FIELDS[1:]), None)
        return own or ("track" if form.get("track") else "route")
    return path[1]


def _position(form: Fields) -> dict[str, Any]:
    """Return a typed place: the text as it stands, or the figures of a device or a map with their doubt."""
    text, source = form["position"].strip(), form.get("position_source", "")
    doubt = _number(form.get("position_accuracy_m", ""))
    known = {"accuracy_m": doubt} if isinstance(doubt, float) and doubt > 0 else {}
    if source not in ("gps", "map"):
        return {"text": text, "source": "typed", **known}
    lon, lat, _ = parse_position(text, field="text")
    return {"lon": lon, "lat": lat, "source": source, **known}


def _place(_: Question, form: Fields) -> dict[str, Any] | None:
    name = form.get("place_text", "").strip()
    if not form.get("position", "").strip():
        return {"text": name, "source": "name"} if name else None
    try:
        return _position(form)
    except InvalidInput:
        return {"text": form["position"].strip(), "source": "typed"}


def _way(_: Question, form: Fields) -> dict[str, Any] | None:
    if track := form.get("track", "").strip():
        try:
            return {"track": json.loads(track)}
        except ValueError:
            return {"track": track}
    if route := form.get("route", "").strip():
        ends = {name: form.get(name, "") for name in ("from_km", "to_km")}
        return {"route": route} | {name: _number(text) for name, text in ends.items() if text.strip()}
    if not any(form.get(name, "").strip() for name in ("start", "end")):
        return None
    return {name: form.get(name, "").strip() for name in ("start", "end")}


def _text(question: Question, form: Fields) -> str | None:
    return form.get(question.code, "").strip() or None


def _choices(question: Question, form: Fields) -> list[str] | None:
    return form.get(question.code, "").split() or None


def _flag(question: Question, form: Fields) -> bool | str | None:
    text = form.get(question.code, "")
    return {"yes": True, "no": False}.get(text, text or None)


def _moment(question: Question, form: Fields) -> str | None:
    text = form.get(question.code, "").strip()
    try:
        return format_instant(parse_moment(text)) if text else None
    except ValueError:
        return text


def _numeral(question: Question, form: Fields) -> float | str | None:
    value = _number(form.get(question.code, ""))
    if value == "":
        return None
    return int(value) if question.kind == "integer" and isinstance(value, float) and value.is_integer() else value


def _number(text: str) -> float | str:
    """Return the number of a text, with a comma or a point; a text that is none as it stands."""
    text = text.strip()
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


_READERS = {
    "place": _place, "way": _way, "choices": _choices, "flag": _flag, "moment": _moment, "number": _numeral,
    "integer": _numeral,
}  # fmt: skip
"""Kind of question -> what reads its fields; of all others the one field as it stands."""
