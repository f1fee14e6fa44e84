"""The report forms: which questions each asks, and what may be answered.

One table for every way in: the field app, the pages, XLSForm, spreadsheets and the API. Words that people see are in
`geodata/words`; answers are read by `answers`, and the records that follow from them are made by `answer_records`.
Source: doctrine, section 8.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fom.domain.facts_schema import ACTORS, DAMAGES, EXPLOSIVE_CLASSES
from fom.domain.policy import INCIDENT_WEIGHTS
from fom.domain.profiles import USER_CLASSES
from fom.domain.registers import (
    AIR_HEAD_STATUS,
    CROSSING_STATUS,
    RESTRICTION_CATEGORIES,
    RESTRICTION_OUTCOMES,
)

PASSABILITY = ("yes", "with_difficulty", "no", "unknown")
PRIORITIES = ("immediate", "indirect", "minor", "none")
TEXT_MAX = 4_000
"""Characters of a text answer that are taken, whichever way it comes in."""
TYPED_TEXT_MAX, TYPED_WORDS_MAX = 500, 1_000
"""Characters that a phone or page lets somebody type into a text answer, and into the words beside the answers.

So every form, filled to the brim in any script, stays within 20 kB without its photos. Project decision.
"""
PLACE_TEXT_MAX = 200


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
