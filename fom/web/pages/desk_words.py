"""Words of the desk for what a body says, so that two of them can be read side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fom.domain.instants import parse_instant
from fom.domain.positions import reading
from fom.errors import InvalidInput
from fom.services.form_words import tell_answers
from fom.web.pages.shell import code_words, dtg, plain

TEXTS = (("form", "Form"), ("words", "In words"), ("place_text", "Name of the place"), ("time_text", "Time as told"),
         ("unit", "Unit"))  # fmt: skip
CODES = ("hazard", "class", "damage", "control", "type", "strength", "grade")
"""Members of a record that are told first."""


def differing(first: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (what, in the first, in the other) for all that two bodies of a report say differently, in words."""
    told = [_told_body(first), _told_body(other)]
    names = list(dict.fromkeys([*told[0], *told[1]]))
    pairs = [(name, told[0].get(name, "nothing"), told[1].get(name, "nothing")) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _told_body(body: Mapping[str, Any]) -> dict[str, str]:
    told = {
        label: _short(plain(body[name]) if name == "form" else body[name]) for name, label in TEXTS if body.get(name)
    }
    told |= {question: _short(answer) for question, answer in tell_answers(body["form"], body.get("answers") or {})}
    for number, record in enumerate(body.get("records") or (), 1):
        told[f"Record {number}"] = tell_record(record)
    if (moment := body.get("device_time")) is not None:
        told["Device time"] = dtg(moment)
    return told


def tell_record(record: Mapping[str, Any]) -> str:
    """Return in a line what a record says: kind and codes, where, when."""
    properties = record.get("properties") or {}
    parts = [plain(properties.get("kind")).capitalize()]
    parts += [code_words(str(properties[name])) for name in CODES if properties.get(name)]
    location = properties.get("location") or {}
    geometry = record.get("geometry") or {}
    if location.get("mgrs"):
        parts.append(str(location["mgrs"]))
    elif geometry.get("type") == "Point":
        parts.append(reading(*geometry["coordinates"][:2]))
    elif geometry:
        parts.append(plain(geometry["type"]))
    if properties.get("segments"):
        parts.append(f"{len(properties['segments'])} segments")
    if properties.get("occurred"):
        parts.append(dtg(parse_instant(properties["occurred"])))
    return ", ".join(parts)


def refusal_words(refused: InvalidInput) -> str:
    """Return every bad field in a line."""
    return "; ".join(f"{e.field}: {e.came}, expected {e.expected}" for e in refused.errors)


def _short(text: Any) -> str:
    said = str(text)
    return said if len(said) <= 400 else said[:400] + " …"
