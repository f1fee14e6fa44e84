"""What rows of tables are read against: words of every language, the registers' names, the area of the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.column_mapping import ColumnMapping, Setting, plain_word, suggest_mapping, targets_of
from fom.domain.forms import FORMS
from fom.maps.tiles import network_bounds
from fom.network.network import Network
from fom.services.form_words import LANGUAGES, form_words
from fom.services.registers import list_register

BOX_MARGIN_DEG = 0.5
"""How far beyond the roads a position is taken without asking; about 55 km. Project decision."""
SUBJECT_REGISTERS = ("air_head", "crossing", "site", "key_route")


def answer_words() -> dict[str, list[str]]:
    """Return the words of every answer in every language, English first."""
    return _words("answer")


def question_words() -> dict[str, list[str]]:
    """Return the words of every question in every language."""
    return _words("question")


def suggest(form: str, headers: tuple[str, ...]) -> ColumnMapping:
    """Return the mapping that headers suggest in any language."""
    return suggest_mapping(form, headers, question_words())


def describe_targets(form: str, language: str = "en") -> list[dict[str, Any]]:
    """Return what a column may answer, in words: code, words, whether the form needs it, its unit and its answers."""
    words = form_words(language)
    parts = {
        "place.lon": "Longitude, degrees", "place.lat": "Latitude, degrees", "place.name": "Name of the place",
        "place.accuracy_m": "Doubt of the place, m", "way.start": "From, position", "way.end": "To, position",
        "way.route": "Key route, code or name", "way.from_km": "From kilometre", "way.to_km": "To kilometre",
        "words": "In words",
    }  # fmt: skip
    described = []
    for target in targets_of(FORMS[form]):
        question = FORMS[form].find(target)
        name = parts[target] if question is None else words["question"][target]
        if target == "place":
            name = "Position, any notation"
        described.append(
            {
                "code": target,
                "words": name,
                "is_required": question is not None and question.is_required,
                "unit": question.unit if question else "m" if target == "place.accuracy_m" else "",
                "kind": question.kind if question else "",
                "answers": [(c, words["answer"][c]) for c in question.codes]
                if question and question.kind == "choice"
                else [],
            }
        )
    return described


def setting_of(session: Session, network: Network, *, actor: Actor, now: int) -> Setting:
    """Return what the rows of a table are read against."""
    west, south, east, north = network_bounds(network)
    box = (west - BOX_MARGIN_DEG, south - BOX_MARGIN_DEG, east + BOX_MARGIN_DEG, north + BOX_MARGIN_DEG)
    setting = Setting(words=answer_words(), questions=question_words(), now=now, box=box)
    return replace(setting, subjects={name: _subjects(session, name, actor) for name in SUBJECT_REGISTERS})


def _subjects(session: Session, register: str, actor: Actor) -> Mapping[str, str]:
    """Return plain id, code or name -> id of the rows of a register; what names several rows is left out."""
    meant: dict[str, set[str]] = {}
    for row in list_register(session, register, actor=actor):
        for name in (row["id"], row.get("code"), row.get("name")):
            if name:
                meant.setdefault(plain_word(str(name)), set()).add(row["id"])
    return {name: next(iter(ids)) for name, ids in meant.items() if len(ids) == 1}


def _words(family: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for language in LANGUAGES:
        for code, text in form_words(language)[family].items():
            found.setdefault(code, []).append(text)
    return found
