"""The report forms: which questions each asks, what may be answered, and the records that follow from the answers.

One table for every way in: the field app, the pages, XLSForm, spreadsheets and the API. Words that people see are in
`geodata/words`; whether a record holds is the facts format's business, and what it means is judged elsewhere.
Source: doctrine, section 8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fom.domain.facts_schema import ACTORS, DAMAGES, EXPLOSIVE_CLASSES
from fom.domain.instants import format_instant, parse_bounded
from fom.domain.policy import INCIDENT_WEIGHTS
from fom.domain.positions import is_grid_reference, parse_position, written_doubt_m
from fom.domain.profiles import USER_CLASSES
from fom.domain.registers import (
    AIR_HEAD_STATUS,
    CROSSING_STATUS,
    RESTRICTION_CATEGORIES,
    RESTRICTION_OUTCOMES,
)
from fom.errors import FieldError, InvalidInput

Answers = Mapping[str, Any]
Feature = dict[str, Any]

PASSABILITY = ("yes", "with_difficulty", "no", "unknown")
PRIORITIES = ("immediate", "indirect", "minor", "none")
TEXT_MAX = 4_000
PLACE_MEMBERS = ("lon", "lat", "source", "accuracy_m", "radius_m", "text", "datum")
PLACE_SOURCES = ("gps", "map", "typed", "mgrs", "km", "bearing", "name")
MAP_DOUBT_M = 100.0
"""Doubt of a place pointed out on a map when nobody says how far it was zoomed in. Project decision."""
KM_DOUBT_M = 250.0
"""Doubt of a place given by the kilometre of a key route. Project decision."""
BEARING_DOUBT_SHARE = 0.1
"""Doubt of a distance judged by eye, share of it. Project decision."""
TRACK_POINTS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a form."""

    code: str
    kind: str
    """choice, choices, text, number, integer, flag, moment, place, way or subject."""
    is_flash: bool = False
    """Whether it is asked at once; the others can follow as a new version."""
    is_required: bool = False
    codes: tuple[str, ...] = ()
    """Of a choice its answers; of a subject the register whose row it names."""
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    is_restricted: bool = False
    """Whether the answer may name people, and so leaves the server for graders only."""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of report."""

    code: str
    questions: tuple[Question, ...]
    sign: str
    """Symbol of the form."""

    def find(self, code: str) -> Question | None:
        """Return the question of a code, None for another."""
        return next((q for q in self.questions if q.code == code), None)


def _flash(code: str, kind: str, *codes: str, required: bool = True, **more: Any) -> Question:
    return Question(code, kind, is_flash=True, is_required=required, codes=codes, **more)


def _later(code: str, kind: str, *codes: str, **more: Any) -> Question:
    return Question(code, kind, codes=codes, **more)


def _count(code: str, **more: Any) -> Question:
    return Question(code, "integer", low=0, high=1_000_000, **more)


_PLACE = _flash("place", "place", required=False)
_WHEN = _flash("occurred", "moment", required=False)
_NEXT_REVIEW = _later("next_review", "moment")
_USER_CLASS = _flash("user_class", "choice", *USER_CLASSES)
_ACTOR = _later("actor", "choice", *(a for a in ACTORS if a != "mission"))
_PASSABLE = _later("passability", "choice", *PASSABILITY)

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        form.code: form
        for form in (
            Form(
                "passage",
                (
                    _flash("way", "way"),
                    _flash("occurred", "moment"),
                    _flash("strength", "choice", "own_patrol_traverse", "partner_convoy_traverse"),
                    _USER_CLASS,
                    _flash("passed", "text", required=False),
                    _flash("unimpeded", "flag", required=False),
                    _later("started", "moment"),
                    _count("vehicles"),
                    _PASSABLE,
                    _later("stops", "text"),
                    _count("checkpoints"),
                    _later("obstacles", "text"),
                    _later("people_met", "text"),
                ),
                "tick",
            ),
            Form(
                "explosive",
                (
                    _PLACE,
                    _flash("hazard", "choice", "item", "sha"),
                    _flash("class", "choice", *EXPLOSIVE_CLASSES),
                    _WHEN,
                    _flash("new_emplacement", "flag", required=False),
                    _later("contact", "text", is_restricted=True),
                    _later("look", "text"),
                    _later("contamination", "choice", "none_seen", "suspected", "unknown"),
                    _later("threatened", "text"),
                    _later("effect", "text"),
                    _later("measures", "choices", "marked", "cordon", "evacuated", "none"),
                    _later("cordon_m", "number", low=0, high=10_000, unit="m"),
                    _later("priority", "choice", *PRIORITIES),
                ),
                "sha",
            ),
            Form(
                "restriction",
                (
                    _flash("category", "choice", *RESTRICTION_CATEGORIES),
                    _flash("outcome", "choice", *RESTRICTION_OUTCOMES),
                    _PLACE,
                    _USER_CLASS,
                    _WHEN,
                    _ACTOR,
                    _later("until", "moment"),
                    _later("delay_min", "number", low=0, high=100_000, unit="min"),
                    _count("vehicles"),
                    _count("people"),
                    _later("clearance_held", "flag"),
                    _later("asked", "text"),
                    _count("injuries"),
                    _later("clause", "text"),
                    _later("action", "text"),
                ),
                "den",
            ),
            Form(
                "bridge",
                (
                    _PLACE,
                    _flash("damage", "choice", *(d for d in DAMAGES if d != "limit")),
                    _WHEN,
                    _later("depth_m", "number", low=0, high=100, unit="m"),
                    _PASSABLE,
                    _later("bypass", "text"),
                    _NEXT_REVIEW,
                ),
                "obs",
            ),
            Form(
                "incident",
                (
                    _flash("type", "choice", *INCIDENT_WEIGHTS),
                    _PLACE,
                    _WHEN,
                    _ACTOR,
                    _count("casualties"),
                    _later("action", "text"),
                ),
                "inc",
            ),
            Form(
                "sighting",
                (
                    _flash("size", "text"),
                    _flash("activity", "text"),
                    _PLACE,
                    _later("sighted_unit", "text"),
                    _WHEN,
                    _later("equipment", "text"),
                ),
                "inc",
            ),
            Form(
                "air_head",
                (
                    _flash("subject", "subject", "air_head"),
                    _flash("status", "choice", *AIR_HEAD_STATUS),
                    _WHEN,
                    _later("surface", "text"),
                    _later("aircraft_types", "text"),
                    _later("is_wet_usable", "flag"),
                    _later("is_secured", "flag"),
                    _NEXT_REVIEW,
                ),
                "air",
            ),
            Form(
                "crossing",
                (
                    _flash("subject", "subject", "crossing"),
                    _flash("status", "choice", *CROSSING_STATUS),
                    _flash("people", "flag", required=False),
                    _flash("goods", "flag", required=False),
                    _flash("mission", "flag", required=False),
                    _WHEN,
                    _later("staffed", "flag"),
                    _later("hours", "text"),
                    _later("checklist_passed", "flag"),
                    _later("delay_min", "number", low=0, high=100_000, unit="min"),
                    _NEXT_REVIEW,
                ),
                "bxp",
            ),
            Form(
                "camp",
                (
                    _flash("subject", "subject", "site"),
                    _flash("passability", "choice", *PASSABILITY),
                    _WHEN,
                    _later("blocked_by", "text"),
                    _count("population"),
                    _later("needs", "text"),
                    _NEXT_REVIEW,
                ),
                "base",
            ),
            Form(
                "civilian_movement",
                (
                    _PLACE,
                    _flash("people", "integer", low=0, high=1_000_000),
                    _WHEN,
                    _later("going_to", "text"),
                    _later("coming_from", "text"),
                    _later("means", "choice", "foot", "vehicle", "boat", "mixed"),
                    _later("cause", "choice", "flight", "return", "market", "aid", "unknown"),
                    _count("women"),
                    _count("men"),
                    _count("girls"),
                    _count("boys"),
                ),
                "mov",
            ),
            Form("other", (_PLACE, _WHEN), "inc"),
        )
    }
)
"""In the order in which they are offered."""


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
        if value is None or value == "" or value == []:
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


def records_of(form: str, answers: Answers, *, stretches: Sequence[Mapping[str, Any]] = ()) -> list[Feature]:
    """Return the features that follow from answers, without the members that the server sets.

    Parameters
    ----------
    stretches
        Of a passage without a track: the stretches it covered, `{id, from_m, to_m}`.

    None follow from forms that only describe (a sighting, an inspection), nor from a place nobody knows.
    """
    build = _BUILDERS.get(form)
    return [] if build is None else build(answers, stretches)


# answers


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
    """Return a place as given: `{lon, lat, source, accuracy_m, text, datum}`, or a name only, `{text, source: name}`.

    A text without a position is read as one if it can be.
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
    if not isinstance(text, str) or len(text) > 200:
        raise InvalidInput.single("text", repr(text)[:40], "a text of at most 200 characters")
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
        ends = {name: _number(question, value[name]) for name in ("from_km", "to_km") if value.get(name) is not None}
        return {"route": _subject(question, value["route"]), **ends}
    return {name: _place(question, value[name]) for name in ("start", "end")}


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


# records


def located(place: Mapping[str, Any] | None) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return (geometry, location) of a place that was answered, (None, None) where nobody knows the position."""
    if place is None or "lon" not in place:
        return None, None
    datum = {"datum": place["datum"]} if "datum" in place else {}
    accuracy, source = place.get("accuracy_m"), place["source"]
    if source == "mgrs" and place.get("text"):
        return None, {"method": "mgrs", "mgrs": place["text"], **datum}
    geometry = {"type": "Point", "coordinates": [place["lon"], place["lat"]]}
    if source == "name":
        radius = place.get("radius_m")
        return geometry, {"method": "place", **({} if radius is None else {"radius_m": radius}), **datum}
    doubts = {"map": MAP_DOUBT_M, "km": KM_DOUBT_M, "bearing": MAP_DOUBT_M}
    if source in doubts:
        return geometry, {"method": "sketch", "uncertainty_m": accuracy or doubts[source], **datum}
    return geometry, {"method": "gps", **({} if not accuracy else {"accuracy_m": accuracy}), **datum}


def _feature(answers: Answers, properties: dict[str, Any]) -> Feature:
    geometry, location = located(answers.get("place"))
    if location is not None:
        properties["location"] = location
    if "occurred" in answers:
        properties["occurred"] = answers["occurred"]
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _passage(answers: Answers, stretches: Sequence[Mapping[str, Any]]) -> list[Feature]:
    tracks = tracks_of(answers["way"])
    properties = {
        "kind": "verification", "strength": answers["strength"], "passed": answers.get("passed") or None,
        "unimpeded": answers.get("unimpeded", False), "user_class": answers["user_class"],
        "track": "gps" if tracks else "stated",
    }  # fmt: skip
    if not tracks:
        properties["segments"] = [dict(stretch) for stretch in stretches]
    feature = _feature(answers, properties)
    lines = [[point[:2] for point in track] for track in tracks]
    if len(lines) == 1:
        feature["geometry"] = {"type": "LineString", "coordinates": lines[0]}
    elif lines:
        feature["geometry"] = {"type": "MultiLineString", "coordinates": lines}
    return [feature]


def tracks_of(way: Mapping[str, Any]) -> list[list[list[float]]]:
    """Return the tracks of a way, none where it was only stated."""
    return [way["track"]] if "track" in way else list(way.get("tracks", ()))


def _explosive(answers: Answers, _: object) -> list[Feature]:
    properties = {"kind": "explosive", "hazard": answers["hazard"], "class": answers["class"]}
    if answers.get("new_emplacement"):
        properties["new_emplacement"] = True
    return [_feature(answers, properties)]


_NOT_PASSED = ("turned_back", "aborted", "held", "cancelled_no_clearance")
INCIDENT_OF = MappingProxyType(
    {
        "seizure_or_hijack": "hijack_abduction",
        "detention_or_arrest": "hostile_checkpoint",
        "assault_or_threat": "hostile_checkpoint",
        "aggressive_demonstration": "demonstration",
        "attack_on_movement": "fire_on_movement",
    }
)
"""Category of a restriction -> the incident it is besides. Project decision."""


def _restriction(answers: Answers, _: object) -> list[Feature]:
    category, actor = answers["category"], answers.get("actor")
    who = {"imposed_by": actor} if actor else {}
    found: list[Feature] = []
    if category in INCIDENT_OF:
        found.append(_feature(answers, {"kind": "incident", "type": INCIDENT_OF[category]}))
    if category == "denial_of_flight":
        return found
    if answers["outcome"] in _NOT_PASSED and category != "natural_or_infrastructure":
        end = {"end": answers["until"]} if "until" in answers else {}
        properties = {"kind": "control", "control": "denial", "user_class": answers["user_class"], **who, **end}
        found.append(_feature(answers, properties))
    elif category == "taxation_or_fee" or answers.get("delay_min") or category in ("checkpoint_stop", "delay"):
        control = "toll" if category == "taxation_or_fee" else "delay"
        delay = {"delay_min": answers["delay_min"]} if "delay_min" in answers else {}
        found.append(_feature(answers, {"kind": "control", "control": control, **delay, **who}))
    return found


def _bridge(answers: Answers, _: object) -> list[Feature]:
    properties = {"kind": "physical", "damage": answers["damage"]}
    if answers["damage"] == "flooded" and "depth_m" in answers:
        properties["depth_m"] = answers["depth_m"]
    if "next_review" in answers:
        properties["review_by"] = answers["next_review"]
    return [_feature(answers, properties)]


def _incident(answers: Answers, _: object) -> list[Feature]:
    return [_feature(answers, {"kind": "incident", "type": answers["type"]})]


_BUILDERS: dict[str, Callable[[Answers, Sequence[Mapping[str, Any]]], list[Feature]]] = {
    "passage": _passage, "explosive": _explosive, "restriction": _restriction, "bridge": _bridge,
    "incident": _incident,
}  # fmt: skip
