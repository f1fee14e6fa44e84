"""The answers to a report form, read from plain values: every bad one is named at once.

The questions are the table in `forms`; which records follow is for `answer_records`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fom.domain.forms import FORMS, PLACE_TEXT_MAX, TEXT_MAX, Question
from fom.domain.instants import format_instant, parse_bounded
from fom.domain.positions import is_grid_reference, parse_position, written_doubt_m
from fom.errors import FieldError, InvalidInput

Answers = Mapping[str, Any]
PLACE_MEMBERS = ("lon", "lat", "source", "accuracy_m", "radius_m", "text", "datum")
PLACE_SOURCES = ("gps", "map", "typed", "mgrs", "km", "bearing", "name")
TRACK_POINTS_MAX = 20_000


def parse_answers(form: str, raw: object) -> dict[str, Any]:
    """Return the answers to a form, plain values by question; questions without an answer are left out.

    Raises
    ------
    InvalidInput
        Every bad answer at once, as `answers.<question>`; questions that must be answered and are not.
    """
    if not isinstance(raw, Mapping):
        raise InvalidInput.single("answers", type(raw).__name__, "an object")
    questions = {q.code: q for q in FORMS[form].questions}
    errors = [
        FieldError(f"answers.{str(name)[:40]}", "given", f"a question of the form {form}")
        for name in raw
        if name not in questions
    ]
    answers: dict[str, Any] = {}
    for code, question in questions.items():
        value = raw.get(code)
        if value is None or value == [] or (isinstance(value, str) and not value.strip()):
            if question.is_required:
                errors.append(FieldError(f"answers.{code}", "nothing", expectation(question)))
            continue
        try:
            answers[code] = _READERS[question.kind](question, value)
        except (ValueError, TypeError, KeyError, OverflowError):
            errors.append(FieldError(f"answers.{code}", repr(value)[:80], expectation(question)))
        except InvalidInput as refused:
            errors += [FieldError(f"answers.{code}.{e.field}", e.came, e.expected) for e in refused.errors]
    if errors:
        raise InvalidInput(errors)
    return answers


def expectation(question: Question) -> str:
    """Return in words what may be answered."""
    if question.kind in ("choice", "choices"):
        return ("one of " if question.kind == "choice" else "some of ") + ", ".join(question.codes)
    words = {
        "text": f"a text of at most {TEXT_MAX} characters",
        "number": "a number",
        "integer": "a whole number",
        "flag": "true or false",
        "moment": "an ISO 8601 time with Z or an offset",
        "place": "a place: lon and lat in degrees, or a text",
        "way": "a track, stretches, a key route with its kilometres, or a start and an end",
        "subject": f"the id of a row of {', '.join(question.codes)}",
    }[question.kind]
    if question.low > -math.inf:
        words += f" from {question.low:g} to {question.high:g}" + (f" {question.unit}" if question.unit else "")
    return words


def says_where(answers: Answers) -> bool:
    """Return whether answers name a position, or the row of a register that they are about."""
    return "lon" in (answers.get("place") or {}) or "subject" in answers


def tracks_of(way: Mapping[str, Any]) -> list[list[list[float]]]:
    """Return the tracks of a way, none where it was only stated."""
    return [way["track"]] if "track" in way else list(way.get("tracks", ()))


def parse_place(value: object) -> dict[str, Any]:
    """Return a place as given: `{lon, lat, source, accuracy_m, text, datum}`, or a name only, `{text, source: name}`.

    A text without a position is read as one if it can be.

    Raises
    ------
    InvalidInput
        The member of the place that is bad.
    ValueError
        Neither a text nor an object.
    """
    if isinstance(value, str):
        value = {"text": value, "source": "typed"}
    if not isinstance(value, Mapping):
        raise ValueError(value)
    unknown = sorted(set(value) - set(PLACE_MEMBERS))
    if unknown:
        raise InvalidInput.single(str(unknown[0])[:40], "given", "a member of a place: " + ", ".join(PLACE_MEMBERS))
    source = value.get("source", "typed")
    if source not in PLACE_SOURCES:
        raise InvalidInput.single("source", repr(source)[:40], "one of " + ", ".join(PLACE_SOURCES))
    if value.get("datum", "wgs84") not in ("wgs84", "unknown"):
        raise InvalidInput.single("datum", repr(value["datum"])[:40], "wgs84 or unknown")
    text = value.get("text") or ""
    if not isinstance(text, str) or len(text) > PLACE_TEXT_MAX:
        raise InvalidInput.single("text", repr(text)[:40], f"a text of at most {PLACE_TEXT_MAX} characters")
    lon, lat = value.get("lon"), value.get("lat")
    if lon is None and lat is None and source != "name":
        lon, lat = parse_position(text, field="text")[:2]
        source = "mgrs" if is_grid_reference(text.strip()) else source
        if source == "typed" and value.get("accuracy_m") is None:
            value = {**value, "accuracy_m": written_doubt_m(text)}
    elif lon is not None or lat is not None:
        if (
            not (isinstance(lon, int | float) and isinstance(lat, int | float))
            or isinstance(lon, bool)
            or isinstance(lat, bool)
        ):
            raise InvalidInput.single("lon", f"{lon!r}, {lat!r}"[:60], "lon and lat, degrees")
        if not (-180 <= lon <= 180 and -90 <= lat <= 90) or (lon == 0 and lat == 0):
            raise InvalidInput.single("lon", f"{lon}, {lat}", "a position; 0/0 is what devices say without one")
    out: dict[str, Any] = {"source": source}
    for name in ("accuracy_m", "radius_m"):
        if value.get(name) is not None:
            size = value[name]
            if isinstance(size, bool) or not isinstance(size, int | float) or not 0 <= size <= 100_000:
                raise InvalidInput.single(name, repr(size)[:40], "metres from 0 to 100000")
            out[name] = float(size)
    if lon is not None and lat is not None:
        out |= {"lon": float(lon), "lat": float(lat)}
    elif not text.strip():
        raise InvalidInput.single("text", "nothing", "a position, or at least the name of the place")
    if text.strip():
        out["text"] = text.strip()
    if value.get("datum", "wgs84") != "wgs84":
        out["datum"] = value["datum"]
    return out


def _choice(question: Question, value: Any) -> str:
    if value not in question.codes:
        raise ValueError(value)
    return str(value)


def _choices(question: Question, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(item in question.codes for item in value):
        raise ValueError(value)
    return [code for code in question.codes if code in value]


def _text(_: Question, value: Any) -> str:
    if not isinstance(value, str) or len(value) > TEXT_MAX or "\x00" in value:
        raise ValueError(value)
    return value.strip()


def _number(question: Question, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not question.low <= value <= question.high:
        raise ValueError(value)
    return value


def _integer(question: Question, value: Any) -> int:
    if not isinstance(value, int):
        raise ValueError(value)
    return int(_number(question, value))


def _flag(_: Question, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _moment(_: Question, value: Any) -> str:
    return format_instant(parse_bounded(value))


def _subject(_: Question, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise ValueError(value)
    return value


def _place(_: Question, value: Any) -> dict[str, Any]:
    return parse_place(value)


def _way(question: Question, value: Any) -> dict[str, Any]:
    """Return one of `{track: [[lon, lat, seconds?], …]}`, `{stretches}`, `{route, from_km, to_km}`, `{start, end}`.

    A track with breaks is `{tracks: [track, …]}`: between them nothing is claimed.
    """
    if not isinstance(value, Mapping):
        raise ValueError(value)
    if "tracks" in value:
        return {"tracks": _tracks(value["tracks"])}
    if "track" in value:
        return {"track": _track(value["track"])}
    if "stretches" in value:
        return {"stretches": [_stretch(item) for item in value["stretches"]]}
    if "route" in value:
        ends = {name: _km(value[name], name) for name in ("from_km", "to_km") if value.get(name) is not None}
        return {"route": _subject(question, value["route"]), **ends}
    return {name: _end(value[name], name) for name in ("start", "end")}


def _km(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput.single(name, repr(value)[:40], "a kilometre of the route")
    return value


def _end(value: Any, name: str) -> dict[str, Any]:
    try:
        return parse_place(value)
    except InvalidInput as refused:
        raise InvalidInput([replace(e, field=f"{name}.{e.field}") for e in refused.errors]) from None


def _track(value: Any) -> list[list[float]]:
    if not isinstance(value, list) or not 2 <= len(value) <= TRACK_POINTS_MAX:
        raise ValueError(value)
    points = [[float(number) for number in point[:3]] for point in value]
    if not all(len(p) >= 2 and -180 <= p[0] <= 180 and -90 <= p[1] <= 90 and math.isfinite(p[-1]) for p in points):
        raise ValueError(value)
    return points


def _tracks(value: Any) -> list[list[list[float]]]:
    tracks = [_track(part) for part in value]
    if not tracks or sum(len(track) for track in tracks) > TRACK_POINTS_MAX:
        raise ValueError(value)
    return tracks


def _stretch(value: Any) -> dict[str, Any]:
    name, low, high = value["id"], value.get("from_m"), value.get("to_m")
    if not isinstance(name, str):
        raise ValueError(value)
    return {"id": name} | {k: float(v) for k, v in (("from_m", low), ("to_m", high)) if v is not None}


_READERS: dict[str, Callable[[Question, Any], Any]] = {
    "choice": _choice, "choices": _choices, "text": _text, "number": _number, "integer": _integer, "flag": _flag,
    "moment": _moment, "place": _place, "way": _way, "subject": _subject,
}  # fmt: skip
