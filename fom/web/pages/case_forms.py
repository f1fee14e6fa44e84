"""The forms of cases, steps and commitments: which fields they have, typed text to values, values to typed text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fom.domain.access import CLASSIFICATIONS
from fom.domain.cases import STEP_KINDS
from fom.domain.compliance import PARTIES
from fom.domain.instants import format_instant, parse_instant
from fom.domain.positions import parse_position
from fom.domain.profiles import USER_CLASSES
from fom.domain.registers import (
    ACTORS,
    BASES,
    COMMITMENT_OUTCOMES,
    POLITICAL_KINDS,
    POSITIONS,
    RESTRICTION_CATEGORIES,
    RESTRICTION_OUTCOMES,
)
from fom.errors import FieldError, InvalidInput
from fom.services.cases import StepDraft
from fom.web.pages.moment_fields import parse_moment

Form = Mapping[str, str]
FLAG_WORDS = {"yes": "Yes", "no": "No"}
WORDS = {
    "host_armed_forces": "Host armed forces", "host_police": "Host police", "local_authority": "Local authority",
    "non_state_group": "Non-state group", "other_force": "Other force", "host_state": "Host state together",
    "accepted": "Accepted", "contested": "Contested", "notification": "Notification: to be told",
    "permission": "Permission: to be asked", "protest_sent": "Protest sent (note verbale)",
    "reply_received": "Reply received", "action_taken": "Action taken", "follow_up_due": "Follow-up due",
}  # fmt: skip
"""Code -> words, where they are not the code with a capital."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form; `kind`: text, long, moment, number, integer, flag, choice, clause, unit, route."""

    name: str
    label: str
    kind: str = "text"
    codes: tuple[str, ...] = ()
    help: str = ""
    is_needed: bool = False
    unit: str = ""


CASE_FIELDS = (
    ("What happened", (
        Field("category", "Restriction", "choice", RESTRICTION_CATEGORIES, is_needed=True),
        Field("occurred_at", "When it happened, UTC", "moment", help="Leave empty when it is not known."),
        Field("admin_unit", "Area", "unit"),
        Field("actor", "By whom", "choice", ACTORS, is_needed=True, help="Unknown is an answer; a guess is none."),
        Field("user_class", "Who was stopped", "choice", USER_CLASSES),
        Field("outcome", "Outcome", "choice", RESTRICTION_OUTCOMES, help="The outcome feeds the index, not the kind."),
        Field("delay_min", "Time lost", "number", unit="min"),
        Field("demand_made", "Was something demanded in return", "flag"),
        Field("summary", "In your words", "long", help="No names of victims, sources or informants."),
    )),
    ("Agreement", (
        Field("clause", "Clause", "clause"),
        Field("clearance_held", "Clearance held", "flag"),
        Field("basis", "What was asked of the mission", "choice", BASES, help="To tell is not to ask."),
        Field("position", "The mission's position on the limitation", "choice", POSITIONS),
    )),
    ("Where it belongs", (
        Field("record_id", "Record it follows up", help="Id of a control or an incident."),
        Field("order_id", "Standing order", help="Id of the control record that is an order; its window counts."),
        Field("standing", "It stands, without an order of the register", "flag"),
        Field("movement_id", "Movement that was stopped", help="Id of a movement; without one the case counts as one."),
        Field("route", "Key route", "route"),
        Field("classification", "Classification", "choice", CLASSIFICATIONS, is_needed=True),
    )),
)  # fmt: skip
"""(heading, fields). Protest and resolution are steps, not fields."""
FIELDS = {field.name: field for _, fields in CASE_FIELDS for field in fields}
STEP_FIELDS = (
    Field("kind", "What was done", "choice", STEP_KINDS, is_needed=True),
    Field("at", "When, UTC", "moment", help="Leave empty for now."),
    Field("reference", "Number of the note or reply", help="Needed for a protest, such as NV 114/26."),
    Field("addressee", "Addressee", help="Needed for a protest: an office, not a person."),
    Field("due_at", "Reply or follow-up due, UTC", "moment"),
    Field("words", "In your words", "long"),
)
COMMITMENT_FIELDS = (
    Field("promised", "What was promised", "long", is_needed=True),
    Field("promised_by", "By whom", is_needed=True, help="The office that gave its word."),
    Field("promised_at", "On what date, UTC", "moment", is_needed=True),
    Field("due_at", "Due, UTC", "moment"),
    Field("reference", "Letter or minutes"),
    Field("admin_unit", "Area", "unit"),
)
SETTLE_FIELDS = (
    Field("outcome", "Outcome", "choice", COMMITMENT_OUTCOMES, is_needed=True),
    Field("settled_at", "Known on, UTC", "moment", help="Leave empty for now."),
    Field("reason", "Why", "long", help="Needed unless it was kept."),
)
CONTACT_FIELDS = (
    Field("actor", "Party", "choice", PARTIES, is_needed=True),
    Field("office", "Office or post", is_needed=True, help="An office that answers, not a person."),
    Field("channel", "How to reach it", is_needed=True, help="Telephone, radio net, call sign."),
    Field("hours", "When it answers", help="Such as: day and night, or 0600 to 1800 local."),
    Field("place", "Checkpoint or place", help="Its name, where it is called for one place."),
    Field("position", "Position of it", help="Longitude, latitude, or MGRS; it is called for stops within 3 km."),
    Field("route", "Key route", "route"),
    Field("admin_unit", "Area", "unit", help="Without place, route and area it is called everywhere."),
    Field("rank", "Called as number", "integer", help="1 is called first."),
    Field("confirmed_at", "Last reached, UTC", "moment"),
    Field("confirmed_by", "Reached by"),
    Field("notes", "Notes", "long", help="No names of sources or informants."),
    Field("classification", "Classification", "choice", CLASSIFICATIONS, is_needed=True),
)
DATE_FIELDS = (
    Field("name", "What it is", is_needed=True),
    Field("kind", "Kind", "choice", POLITICAL_KINDS, is_needed=True),
    Field("starts_at", "From, UTC", "moment", is_needed=True),
    Field("ends_at", "Until, UTC", "moment", help="Leave empty for one day."),
    Field("is_yearly", "Every year", "flag"),
    Field("admin_unit", "Area", "unit", help="Leave empty for the whole mission."),
    Field("expected", "What somebody expects of it", "long", help="Said as an expectation; nothing is concluded."),
    Field("source", "Who says so"),
    Field("classification", "Classification", "choice", CLASSIFICATIONS, is_needed=True),
)


def read_contact(form: Form) -> dict[str, Any]:
    """Return the members of a contact as typed; its position may be in any notation that forms understand.

    Raises
    ------
    InvalidInput
        Every field that holds no time, number or position.
    """
    values = read_fields(form, CONTACT_FIELDS)
    text = values.pop("position")
    lon, lat = (None, None) if text is None else parse_position(text)[:2]
    return {**values, "lon": lon, "lat": lat}


def typed_row(row: Mapping[str, Any], fields: tuple[Field, ...]) -> dict[str, str]:
    """Return a row as it stands in the fields of its form."""
    typed = {field.name: as_typed(field, row.get(field.name)) for field in fields}
    if row.get("lon") is not None:
        typed["position"] = f"{row['lon']:.6f}, {row['lat']:.6f}"
    return typed


def read_fields(form: Form, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the values of a form as the register takes them; what the register refuses, it says itself.

    Raises
    ------
    InvalidInput
        Every field that holds no time, number or answer.
    """
    errors: list[FieldError] = []
    values = {field.name: _value(field, form.get(field.name, "").strip(), errors) for field in fields}
    if errors:
        raise InvalidInput(errors)
    return values


def read_case(form: Form) -> dict[str, Any]:
    """Return the members of a case as typed; the clause stands in the form as `version:code`."""
    values = read_fields(form, tuple(FIELDS.values()))
    version, _, code = (values["clause"] or "").partition(":")
    is_listed = bool(code) and version.isdecimal() and len(version) < 10
    values |= {"clause": code, "clause_version": int(version)} if is_listed else {"clause_version": None}
    return values


def read_step(form: Form) -> StepDraft:
    """Return the step of a form."""
    values = read_fields(form, STEP_FIELDS)
    given: dict[str, Any] = {name: values[name] for name in ("reference", "addressee", "words")}
    given |= {name: None if values[name] is None else parse_instant(values[name]) for name in ("at", "due_at")}
    return StepDraft(
        id=form.get("id", "")[:120] or "none", kind=values["kind"] or "", corrects=form.get("corrects") or None,
        **given,
    )  # fmt: skip


def typed_case(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the members of a case as they stand in the fields of its form."""
    typed = {name: as_typed(field, row.get(name)) for name, field in FIELDS.items()}
    if row.get("clause_version") is not None:
        typed["clause"] = f"{row['clause_version']}:{row['clause']}"
    return typed


def as_typed(field: Field, value: object) -> str:
    """Return a value as the text of a field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.kind == "moment":
        return str(value)[:16]
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def in_words(code: object) -> str:
    """Return a code as people read it."""
    if code is None or code == "":
        return "–"
    if isinstance(code, bool):
        return "yes" if code else "no"
    return WORDS.get(str(code), str(code).replace("_", " ").capitalize())


def differences(typed: Mapping[str, str], current: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (label, typed, stored) of the fields in which a form and the stored case differ."""
    stored = typed_case(current)
    return [
        (field.label, typed.get(name, "").strip() or "–", stored[name] or "–")
        for name, field in FIELDS.items()
        if typed.get(name, "").strip() != stored[name]
    ]


def _value(field: Field, text: str, errors: list[FieldError]) -> Any:
    if not text:
        return None
    if field.kind == "flag":
        if text not in FLAG_WORDS:
            errors.append(FieldError(field.name, text[:80], "yes or no"))
        return text == "yes"
    if field.kind == "number":
        try:
            return float(text)
        except ValueError:
            errors.append(FieldError(field.name, text[:80], "a number"))
            return None
    if field.kind == "integer":
        if not text.isdecimal() or len(text) > 4:
            errors.append(FieldError(field.name, text[:80], "a whole number"))
            return None
        return int(text)
    if field.kind == "moment":
        try:
            return format_instant(parse_moment(text))
        except ValueError:
            errors.append(FieldError(field.name, text[:80], "a date and time in UTC, like 2026-11-23T14:32"))
            return None
    return text
