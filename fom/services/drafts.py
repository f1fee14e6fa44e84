"""What a person sends: the body of a report read into a checked draft, and its features completed by the server.

Records are features of the facts format (docs/formats.md) without the members that the server sets.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fom.domain.access import CLASSIFICATIONS, Actor, may
from fom.domain.answers import parse_answers, says_where
from fom.domain.facts_file import format_record, parse_record
from fom.domain.forms import FORMS
from fom.domain.instants import format_instant, parse_instant
from fom.errors import FieldError, InvalidInput
from fom.store.columns import hash_of
from fom.store.tables.records import REPORT_FORMS as REPORT_FORMS  # told on to the edges

REPORTED_KINDS = ("explosive", "physical", "control", "incident", "verification")
SET_BY_SERVER = ("received", "by", "signed_by", "authenticated", "meta")
_TEXTS = {"words": 20_000, "place_text": 500, "time_text": 200, "unit": 80, "area": 64}
_MEMBERS = ("id", "form", "records", *_TEXTS, "device_time", "device_offset_s", "device_sequence", "classification")
_ANSWERS = "answers"
RECORDS_MAX = 50
"""A report names what one patrol saw; more at once is an import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDraft:
    """A report as sent. `id` is the client's UUID of this version; times are microseconds."""

    id: str
    form: str
    records: tuple[Mapping[str, Any], ...] = ()
    words: str = ""
    place_text: str = ""
    time_text: str = ""
    """The time as the person wrote it, with its zone."""
    device_time: int | None = None
    device_offset_s: float | None = None
    """Server minus device clock when they last met, seconds."""
    device_sequence: int | None = None
    classification: str = "confidential"
    unit: str | None = None
    area: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    """By question of its form (`domain.forms`)."""
    derived: tuple[Mapping[str, Any], ...] = ()
    """Records that follow from the answers (`form_records`); what was sent does not hold them."""

    @property
    def body(self) -> dict[str, Any]:
        """Return the plain values, the same for the same report."""
        answered = {_ANSWERS: dict(self.answers)} if self.answers else {}
        return {n: getattr(self, n) for n in _MEMBERS} | {"records": [dict(r) for r in self.records]} | answered

    @property
    def is_placed(self) -> bool:
        """Return whether the answers say where, or of what."""
        return says_where(self.answers)

    @property
    def body_hash(self) -> str:
        """Return SHA-256 of the canonical JSON of the body."""
        return hash_of(self.body)


def parse_report(body: object) -> ReportDraft:
    """Return the draft of a report's JSON body.

    Raises
    ------
    InvalidInput
        With every bad member at once, those of its records included.
    """
    if not isinstance(body, Mapping):
        raise InvalidInput.single("body", type(body).__name__, "an object")
    errors = [FieldError(str(name), "given", "no such member") for name in body if name not in (*_MEMBERS, _ANSWERS)]
    values: dict[str, Any] = {"id": check_uuid(body.get("id"), "id", errors)}
    values["form"] = _code(body.get("form"), "form", REPORT_FORMS, errors)
    values["classification"] = _code(
        body.get("classification", "confidential"), "classification", CLASSIFICATIONS, errors
    )
    for name, longest in _TEXTS.items():
        values[name] = _text(body.get(name), name, longest, errors) or (None if name in ("unit", "area") else "")
    values |= _device_values(body, errors)
    values["records"] = _records(body.get("records", []), errors)
    values["answers"] = _answers(body.get(_ANSWERS), values, errors)
    if not errors and not values["records"] and not values["answers"] and not values["words"].strip():
        errors.append(FieldError("words", "nothing", "words, answers or at least one record"))
    if errors:
        raise InvalidInput(errors)
    return ReportDraft(**values)


def complete_features(
    draft: ReportDraft, *, actor: Actor, at: int, report_id: str, version: int
) -> list[dict[str, Any]]:
    """Return the draft's records as whole features: ids, receipt, sender and what follows from the sender.

    Raises
    ------
    InvalidInput
        A member that only the server, a grader or EOD may set, or one that the facts format refuses.
    """
    errors: list[FieldError] = []
    features = []
    for index, raw in enumerate((*draft.records, *draft.derived)):
        where = f"records[{index}]"
        feature_id = raw.get("id") or str(uuid.uuid5(uuid.UUID(draft.id), f"record {index}"))
        errors += _reserved(raw, where, actor)
        properties = dict(raw.get("properties") or {}) | {
            "received": format_instant(at),
            "by": actor.person,
            "meta": {"report_id": report_id, "version": version},
        }
        if properties.get("kind") == "verification":
            properties |= {"authenticated": actor.is_unit_account, "occurred": properties.get("occurred")}
        whole = {"type": "Feature", "id": feature_id, "geometry": raw.get("geometry"), "properties": properties}
        features += checked([whole], f"{where}.", errors)
    if len({f["id"] for f in features}) != len(features):
        errors.append(FieldError("records", "the same id twice", "an id of its own for every record"))
    if errors:
        raise InvalidInput(errors)
    return features


def checked(features: Sequence[Mapping[str, Any]], prefix: str, errors: list[FieldError]) -> list[dict[str, Any]]:
    """Return features in the form the facts format writes; what it refuses goes to `errors` with a prefix."""
    good = []
    for feature in features:
        try:
            good.append(format_record(parse_record(dict(feature))))
        except InvalidInput as refused:
            errors += [FieldError(prefix + e.field, e.came, e.expected, e.record_id) for e in refused.errors]
    return good


def check_uuid(value: object, name: str, errors: list[FieldError]) -> str:
    """Return a UUID in its usual form; another value goes to `errors`."""
    try:
        return str(uuid.UUID(value if isinstance(value, str) else ""))
    except ValueError:
        errors.append(FieldError(name, repr(value)[:80], "a UUID made by the sender"))
        return ""


def _reserved(raw: Mapping[str, Any], where: str, actor: Actor) -> list[FieldError]:
    properties = raw.get("properties") or {}
    errors = [
        FieldError(f"{where}.properties.{name}", "given", "nothing: the server sets it")
        for name in SET_BY_SERVER
        if name in properties
    ]
    if properties.get("kind") not in REPORTED_KINDS:
        came = repr(properties.get("kind"))[:40]
        errors.append(FieldError(f"{where}.properties.kind", came, "one of " + ", ".join(REPORTED_KINDS)))
    if "grade" in properties and not may(actor, "grade"):
        errors.append(FieldError(f"{where}.properties.grade", "given", "nothing: a grader judges it"))
    if properties.get("eod_confirmed") and not may(actor, "confirm_eod"):
        errors.append(FieldError(f"{where}.properties.eod_confirmed", "true", "nothing: EOD confirms it"))
    if properties.get("imposed_by") == "mission" and not may(actor, "worsen"):
        errors.append(FieldError(f"{where}.properties.imposed_by", "mission", "an order that the JOC enters"))
    return errors


def _answers(raw: object, values: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    if raw is None or values["form"] not in REPORT_FORMS:
        return {}
    if raw and values["form"] not in FORMS:
        errors.append(FieldError(_ANSWERS, "given", f"records: the form {values['form']} asks no questions"))
        return {}
    if raw and values["records"]:
        errors.append(FieldError(_ANSWERS, "given", "either answers or records: records follow from answers"))
        return {}
    try:
        return parse_answers(values["form"], raw) if raw else {}
    except InvalidInput as refused:
        errors += refused.errors
        return {}


def _records(raw: object, errors: list[FieldError]) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(raw, list | tuple) or len(raw) > RECORDS_MAX:
        errors.append(FieldError("records", type(raw).__name__, f"a list of at most {RECORDS_MAX} features"))
        return ()
    for index, feature in enumerate(raw):
        if not isinstance(feature, Mapping) or not isinstance(feature.get("properties"), Mapping):
            errors.append(FieldError(f"records[{index}]", repr(feature)[:40], "a GeoJSON feature with properties"))
        elif feature.get("id") is not None:
            check_uuid(feature["id"], f"records[{index}].id", errors)
    return tuple(raw)


def _device_values(body: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    values: dict[str, Any] = {"device_time": None, "device_offset_s": None, "device_sequence": None}
    if body.get("device_time") is not None:
        try:
            values["device_time"] = parse_instant(body["device_time"])
        except ValueError:
            errors.append(
                FieldError("device_time", repr(body["device_time"])[:40], "an ISO 8601 time with Z or an offset")
            )
    for name, kinds, words in (
        ("device_offset_s", (int, float), "a number"),
        ("device_sequence", (int,), "a whole number"),
    ):
        raw = body.get(name)
        if raw is None:
            continue
        if isinstance(raw, bool) or not isinstance(raw, kinds) or not -(2**53) <= raw <= 2**53:
            errors.append(FieldError(name, repr(raw)[:40], words))
        else:
            values[name] = raw
    return values


def _code(raw: object, name: str, codes: Sequence[str], errors: list[FieldError]) -> str:
    if raw not in codes:
        errors.append(FieldError(name, repr(raw)[:40], "one of " + ", ".join(codes)))
    return str(raw)


def _text(raw: object, name: str, longest: int, errors: list[FieldError]) -> str | None:
    if raw is None:
        return None
    if not isinstance(raw, str) or len(raw) > longest or "\x00" in raw:
        errors.append(FieldError(name, repr(raw)[:40], f"a text of at most {longest} characters"))
        return None
    return raw
