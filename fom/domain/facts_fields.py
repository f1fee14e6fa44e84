"""Readers and writers of single members of a record: a JSON value in, a checked value out.

A reader returns the value or `BAD` after noting what came and what was expected. A writer is its inverse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fom.domain.complaints import Complaints, Said, is_number
from fom.domain.grades import is_grade
from fom.domain.instants import format_instant, parse_instant
from fom.domain.mgrs_grid import EXPECTED as GRID_EXPECTED
from fom.domain.mgrs_grid import read_square
from fom.domain.records import Limits, Location, Recurring, Stretch
from fom.domain.states import State

Reader = Callable[[Any, str, str, Complaints], Any]
"""(value, record id, path of the field, complaints) -> value or BAD."""
Writer = Callable[[Any], Any]


class _Bad:
    """The one value that says: already complained about."""


BAD: Final = _Bad()
DIRECTIONS = ("both", "forward", "backward")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIMIT_NAMES = ("mlc", "mass_t", "width_m", "height_m")
_SIZE = {"type": "number", "minimum": 0}


@dataclass(frozen=True, slots=True)
class Field:
    """One member of `properties`: its name in the file, the attribute it fills, how it is read and written."""

    name: str
    read: Reader
    write: Writer
    is_required: bool = False
    attribute: str = ""
    is_null_allowed: bool = False
    default: Any = field(default=None)
    """Value of the attribute when absent; members equal to it are not written."""
    schema: dict[str, Any] = field(default_factory=dict)
    """JSON Schema of the value in the file, for descriptions of interfaces; what refuses is `read`."""


def _as_is(value: Any) -> Any:
    return value


def _plain(check: Callable[[Any], bool], expected: str) -> Reader:
    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        if check(value):
            return value
        complaints.add(record_id, path, value, expected)
        return BAD

    return read


def text_field(name: str, *, may_be_empty: bool = False, **rules: Any) -> Field:
    """Return a member that is a text."""
    read = _plain(
        lambda v: isinstance(v, str) and (may_be_empty or v != ""), "a text" if may_be_empty else "a text, not empty"
    )
    return Field(name, read, _as_is, schema={"type": "string", "minLength": 0 if may_be_empty else 1}, **rules)


def word_field(name: str, words: tuple[str, ...], **rules: Any) -> Field:
    """Return a member that is one of a list of words."""
    read = _plain(lambda v: isinstance(v, str) and v in words, " or ".join(words))
    return Field(name, read, _as_is, schema={"enum": list(words)}, **rules)


def flag_field(name: str, **rules: Any) -> Field:
    """Return a member that is true or false; absent = false."""
    read = _plain(lambda v: isinstance(v, bool), "true or false")
    return Field(name, read, _as_is, default=False, schema={"type": "boolean"}, **rules)


def size_field(name: str, **rules: Any) -> Field:
    """Return a member that is a number, 0 or more."""
    read = _plain(lambda v: is_number(v) and v >= 0, "a number, 0 or more")
    return Field(name, read, _as_is, schema=_SIZE, **rules)


def grade_field(name: str, **rules: Any) -> Field:
    """Return a member that is a grade A1 to F6."""
    schema = {"type": "string", "pattern": "^[A-F][1-6]$"}
    return Field(name, _plain(is_grade, "a grade A1 to F6"), _as_is, schema=schema, **rules)


def object_field(name: str, **rules: Any) -> Field:
    """Return a member that is any object, ignored."""
    return Field(name, _plain(lambda v: isinstance(v, dict), "an object"), _as_is, schema={"type": "object"}, **rules)


def instant_field(name: str, **rules: Any) -> Field:
    """Return a member that is a moment: ISO 8601 with Z or an offset in the file, microseconds inside."""

    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        try:
            return parse_instant(value)
        except (ValueError, OverflowError):
            complaints.add(record_id, path, value, "an ISO 8601 time with Z or an offset, a real date")
            return BAD

    return Field(name, read, format_instant, schema={"type": "string", "format": "date-time"}, **rules)


def list_field(
    name: str, words: tuple[str, ...] | None = None, *, at_least: int = 0, is_set: bool = False, **rules: Any
) -> Field:
    """Return a member that is a list of texts, or of the words given."""
    what = "texts, none empty" if words is None else " or ".join(words)
    expected = f"a list of {f'at least {at_least} ' if at_least else ''}{what}{', none twice' if is_set else ''}"

    def check(value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) >= at_least
            and all(isinstance(v, str) and (v != "" if words is None else v in words) for v in value)
            and not (is_set and len(set(value)) < len(value))
        )

    plain = _plain(check, expected)

    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        result = plain(value, record_id, path, complaints)
        return result if result is BAD else tuple(result)

    item: dict[str, Any] = {"type": "string", "minLength": 1} if words is None else {"enum": list(words)}
    schema = {"type": "array", "items": item, "minItems": at_least, "uniqueItems": is_set}
    return Field(name, read, list, default=(), schema=schema, **rules)


def state_field(name: str, **rules: Any) -> Field:
    """Return a member that is one of the five states."""
    names = tuple(state.name for state in State)
    plain = _plain(lambda v: isinstance(v, str) and v in names, " or ".join(names))

    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        result = plain(value, record_id, path, complaints)
        return result if result is BAD else State[result]

    return Field(name, read, lambda state: state.name, schema={"enum": list(names)}, **rules)


def _read_members(
    value: Any, fields: tuple[Field, ...], record_id: str, path: str, complaints: Complaints, what: str
) -> dict[str, Any] | None:
    """Return attribute -> value of a nested object, or None after noting what is wrong."""
    if not isinstance(value, dict):
        complaints.add(record_id, path, value, what)
        return None
    before = len(complaints.errors)
    values = read_fields(value, fields, record_id, f"{path}.", complaints)
    return values if len(complaints.errors) == before else None


def read_fields(
    value: dict[str, Any], fields: tuple[Field, ...], record_id: str, prefix: str, complaints: Complaints
) -> dict[str, Any]:
    """Return attribute -> value for the members that read well; notes unknown, missing and bad ones."""
    values: dict[str, Any] = {}
    known = set()
    for f in fields:
        known.add(f.name)
        if f.name not in value:
            if f.is_required:
                complaints.add(record_id, prefix + f.name, Said("nothing"), "this member is required")
            continue
        raw = value[f.name]
        if raw is None and f.is_null_allowed:
            values[f.attribute or f.name] = f.default
            continue
        result = f.read(raw, record_id, prefix + f.name, complaints)
        if result is not BAD:
            values[f.attribute or f.name] = result
    if len(value) > len(known) or not known.issuperset(value):
        for name in value:
            if name not in known:
                complaints.add(record_id, f"{prefix}{name}", value[name], "no such member")
    return values


def write_fields(source: Any, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the members of a value that differ from their defaults, as JSON values."""
    members: dict[str, Any] = {}
    for f in fields:
        value = getattr(source, f.attribute or f.name)
        if value is None:
            if f.is_required and f.is_null_allowed:
                members[f.name] = None
        elif f.is_required or value != f.default:
            members[f.name] = f.write(value)
    return members


def object_schema(fields: Sequence[Field]) -> dict[str, Any]:
    """Return the JSON Schema of an object with these members and no others."""
    members = {f.name: {"anyOf": [f.schema, {"type": "null"}]} if f.is_null_allowed else f.schema for f in fields}
    required = [f.name for f in fields if f.is_required]
    return {"type": "object", "properties": members, "required": required, "additionalProperties": False}


_STRETCH = (
    text_field("id", is_required=True, attribute="segment_id"),
    size_field("from_m", default=0.0),
    size_field("to_m", is_null_allowed=True),
)
_ROUTE_STRETCH = (
    text_field("id", is_required=True, attribute="segment_id"),
    word_field("direction", DIRECTIONS[1:], default="forward"),
)


def stretches_field(*, is_route: bool = False, **rules: Any) -> Field:
    """Return the member `segments`: a list of stretches, at least one."""
    fields = _ROUTE_STRETCH if is_route else _STRETCH

    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        if not isinstance(value, list) or not value:
            complaints.add(record_id, path, value, "a list of at least one stretch")
            return BAD
        stretches = []
        for place, item in enumerate(value):
            members = _read_members(item, fields, record_id, f"{path}[{place}]", complaints, "an object with id")
            if members is None:
                continue
            stretch = Stretch(**members)
            if stretch.to_m is not None and stretch.to_m < stretch.from_m:
                complaints.add(record_id, f"{path}[{place}].to_m", stretch.to_m, f"at least from_m, {stretch.from_m:g}")
                continue
            stretches.append(stretch)
        return tuple(stretches) if len(stretches) == len(value) else BAD

    schema = {"type": "array", "items": object_schema(fields), "minItems": 1}
    write = lambda items: [write_fields(s, fields) for s in items]  # noqa: E731
    return Field("segments", read, write, default=(), schema=schema, **rules)


def limits_field(**rules: Any) -> Field:
    """Return the member `limits`: a number each, or null = no longer known."""

    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        if not isinstance(value, dict):
            complaints.add(record_id, path, value, "an object of limits")
            return BAD
        stated: dict[str, float] = {}
        is_bad = False
        for name, number in value.items():
            if name not in LIMIT_NAMES:
                complaints.add(record_id, f"{path}.{name}", number, " or ".join(LIMIT_NAMES))
            elif number is not None and not (is_number(number) and number >= 0):
                complaints.add(record_id, f"{path}.{name}", number, "a number, 0 or more, or null")
            else:
                if number is not None:
                    stated[name] = number
                continue
            is_bad = True
        return BAD if is_bad else Limits(**stated, unknown=frozenset(n for n, v in value.items() if v is None))

    def write(limits: Limits) -> dict[str, float | None]:
        stated = {name: getattr(limits, name) for name in LIMIT_NAMES if getattr(limits, name) is not None}
        return {**stated, **{name: None for name in LIMIT_NAMES if name in limits.unknown}}

    number = {"anyOf": [_SIZE, {"type": "null"}]}
    schema = {"type": "object", "properties": dict.fromkeys(LIMIT_NAMES, number), "additionalProperties": False}
    return Field("limits", read, write, schema=schema, **rules)


_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_ZONE = re.compile(r"Z|([+-])(\d\d):(\d\d)")


def _minutes_field(name: str, attribute: str) -> Field:
    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            complaints.add(record_id, path, value, 'a time of day "HH:MM"')
            return BAD
        return int(match[1]) * 60 + int(match[2])

    schema = {"type": "string", "pattern": f"^{_CLOCK.pattern}$"}
    return Field(
        name, read, lambda m: f"{m // 60:02d}:{m % 60:02d}", is_required=True, attribute=attribute, schema=schema
    )


def _zone_field() -> Field:
    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        match = _ZONE.fullmatch(value) if isinstance(value, str) else None
        if match is None or (match[1] and (int(match[2]) > 23 or int(match[3]) > 59)):
            complaints.add(record_id, path, value, 'a fixed offset such as "+03:00", or "Z"')
            return BAD
        return 0 if match[1] is None else (1 if match[1] == "+" else -1) * (int(match[2]) * 60 + int(match[3]))

    def write(minutes: int) -> str:
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"

    schema = {"type": "string", "pattern": r"^(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$"}
    return Field("zone", read, write, is_required=True, attribute="zone_min", schema=schema)


_RECURRING = (
    _minutes_field("from", "from_min"),
    _minutes_field("to", "to_min"),
    list_field("days", WEEKDAYS, at_least=1),
    _zone_field(),
)


def recurring_field(**rules: Any) -> Field:
    """Return the member `recurring`: a daily window; days absent = every day."""

    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        members = _read_members(value, _RECURRING, record_id, path, complaints, "an object with from, to, zone")
        if members is None:
            return BAD
        names = members.get("days") or WEEKDAYS
        days = tuple(number for number, name in enumerate(WEEKDAYS) if name in names)
        return Recurring(
            from_min=members["from_min"], to_min=members["to_min"], days=days, zone_min=members["zone_min"]
        )

    def write(recurring: Recurring) -> dict[str, Any]:
        return {
            "from": _RECURRING[0].write(recurring.from_min),
            "to": _RECURRING[1].write(recurring.to_min),
            "days": [WEEKDAYS[day] for day in recurring.days],
            "zone": _RECURRING[3].write(recurring.zone_min),
        }

    return Field("recurring", read, write, schema=object_schema(_RECURRING), **rules)


def _grid_field() -> Field:
    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        try:
            read_square(value if isinstance(value, str) else "")
        except ValueError as problem:
            complaints.add(record_id, path, value, f"{GRID_EXPECTED} ({problem})")
            return BAD
        return value

    return Field("mgrs", read, _as_is, is_required=True, schema={"type": "string", "minLength": 1})


_METHOD = word_field("method", ("gps", "mgrs", "place", "survey", "sketch"), is_required=True)
_DATUM = word_field("datum", ("wgs84", "unknown"), default="wgs84")
_UNCERTAINTY = size_field("uncertainty_m", is_required=True)
_LOCATION = {
    "gps": (_METHOD, size_field("accuracy_m", is_null_allowed=True), _DATUM),
    "mgrs": (_METHOD, _grid_field(), _DATUM),
    "place": (_METHOD, size_field("radius_m", is_null_allowed=True), _DATUM),
    "survey": (_METHOD, _UNCERTAINTY, _DATUM),
    "sketch": (_METHOD, _UNCERTAINTY, _DATUM),
}


def location_field(**rules: Any) -> Field:
    """Return the member `location`: the method and what belongs to it."""

    def read(value: Any, record_id: str, path: str, complaints: Complaints) -> Any:
        method = value.get("method") if isinstance(value, dict) else None
        fields = _LOCATION.get(method) if isinstance(method, str) else None
        if fields is None:
            complaints.add(
                record_id, f"{path}.method" if isinstance(value, dict) else path, method, " or ".join(_LOCATION)
            )
            return BAD
        members = _read_members(value, fields, record_id, path, complaints, "an object with method")
        return BAD if members is None else Location(**members)

    schema = {"anyOf": [_of_method(method, fields) for method, fields in _LOCATION.items()]}
    return Field("location", read, lambda place: write_fields(place, _LOCATION[place.method]), schema=schema, **rules)


def _of_method(method: str, fields: tuple[Field, ...]) -> dict[str, Any]:
    schema = object_schema(fields)
    return {**schema, "properties": {**schema["properties"], "method": {"const": method}}}
