"""What a body of a report says, in words, so that two of them can be read side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from markupsafe import Markup, escape

from fom.domain.instants import parse_instant
from fom.domain.positions import reading
from fom.services.form_words import tell_answers
from fom.web.pages.desk_say import code_told, form_told, say, within
from fom.web.pages.languages import chosen_language, isolated
from fom.web.pages.shell import dtg

TEXTS = ("words", "place_text", "time_text", "unit")
CODES = ("hazard", "class", "damage", "control", "type", "strength")
"""Members of a record that are told first."""


def differing(first: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (what, in the first, in the other) for all that two bodies of a report say differently, in words."""
    told = [_told_body(first), _told_body(other)]
    names = list(dict.fromkeys([*told[0], *told[1]]))
    nothing = say("body.nothing")
    pairs = [(name, told[0].get(name, nothing), told[1].get(name, nothing)) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _told_body(body: Mapping[str, Any]) -> dict[str, Markup]:
    told: dict[str, Markup] = {say("body.form"): form_told(body["form"])} if body.get("form") else {}
    told |= {say(f"body.{name}"): _short(body[name]) for name in TEXTS if body.get(name)}
    answers = tell_answers(body["form"], body.get("answers") or {}, chosen_language())
    told |= {escape(question): _short(answer) for question, answer in answers}
    for number, record in enumerate(body.get("records") or (), 1):
        told[say("body.record", n=number)] = tell_record(record)
    if (moment := body.get("device_time")) is not None:
        told[say("body.device_time")] = isolated(dtg(moment))
    return told


def tell_record(record: Mapping[str, Any]) -> Markup:
    """Return in a line what a record says: kind and codes, where, when."""
    properties = record.get("properties") or {}
    parts = [say(f"kind.{properties['kind']}")] if properties.get("kind") else []
    parts += [within(code_told(properties[name])) for name in CODES if properties.get(name)]
    parts += [isolated(properties["grade"])] if properties.get("grade") else []
    location = properties.get("location") or {}
    geometry = record.get("geometry") or {}
    if location.get("mgrs"):
        parts.append(isolated(location["mgrs"]))
    elif geometry.get("type") == "Point":
        parts.append(isolated(reading(*geometry["coordinates"][:2])))
    elif geometry:
        parts.append(say("body.line" if "Line" in geometry["type"] else "body.area"))
    if properties.get("segments"):
        parts.append(say("body.segments", n=len(properties["segments"])))
    if properties.get("occurred"):
        parts.append(isolated(dtg(parse_instant(properties["occurred"]))))
    return _listed(parts)


def _listed(parts: Sequence[Markup]) -> Markup:
    return reduce(lambda first, rest: say("body.list", first=first, rest=rest), parts)


def _short(text: Any) -> Markup:
    said = str(text)
    return isolated(said if len(said) <= 400 else said[:400] + " …")
