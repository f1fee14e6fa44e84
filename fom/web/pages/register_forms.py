"""Forms of the registers: what was typed into plain values, and plain values into what a form shows.

The fields follow the domain's table of members; only the position, lists of objects and shapes are fields of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fom.domain.instants import format_instant
from fom.domain.positions import parse_position
from fom.domain.profiles import USER_CLASSES
from fom.domain.registers import Member, expectation, members_of
from fom.errors import FieldError, InvalidInput
from fom.web.pages.moment_fields import moment_text, read_moment
from fom.web.pages.register_words import CODE_WORDS, HELP, LISTED, UNITS, Shown, label
from fom.web.pages.shell import plain

Form = Mapping[str, str]
SPARE_ROWS = 2
"""Empty rows that a form offers below those of a list."""
ROWS_MAX = 60


@dataclass(frozen=True, slots=True)
class Field:
    """One field as a template draws it."""

    name: str
    label: str
    kind: str
    value: str
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    unit: str = ""
    help: str = ""
    columns: tuple[Field, ...] = ()
    rows: tuple[tuple[Field, ...], ...] = ()


Choices = Mapping[str, Sequence[tuple[str, str]]]
"""Member -> ids of the rows that it may name, each in words."""


def fields_of(shown: Shown, form: Form, choices: Choices | None = None) -> list[Field]:
    """Return the fields of a register's form in the order of its members; position and classification come last."""
    names = [name for name in members_of(shown.register) if name not in ("id", "lon", "lat", *shown.left_out)]
    last = [name for name in ("classification", "area_id") if name in names]
    ordered = (*(n for n in names if n not in last), *last)
    return [_field(shown.register, name, form, (choices or {}).get(name)) for name in ordered]


def form_of(shown: Shown, row: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts with which a form shows a stored row."""
    form: dict[str, str] = {"id": row["id"], "version": str(row.get("version", ""))}
    for name, member in members_of(shown.register).items():
        value = row.get(name)
        if name in LISTED:
            form |= _rows_as_texts(name, value or ())
        elif value is not None:
            form[name] = _as_text(member, value)
    if row.get("lon") is not None:
        form["position"] = f"{row['lon']:.6f}, {row['lat']:.6f}"
        form["seen_position"] = form["position"]
    return form


def read_values(shown: Shown, form: Form, stored: Mapping[str, Any] | None) -> tuple[dict[str, Any], str | None]:
    """Return the plain values of a form over those stored, and how its position reads (None without one).

    Raises
    ------
    InvalidInput
        Every field that cannot be read; what the register itself refuses comes later.
    """
    errors: list[FieldError] = []
    members = members_of(shown.register)
    values: dict[str, Any] = {name: (stored or {}).get(name) for name in members}
    values["id"] = form.get("id", "")
    for name, member in members.items():
        if name in ("id", "lon", "lat", *shown.left_out):
            continue
        if name in LISTED:
            values[name] = _read_rows(name, form, errors)
        elif name == "via":
            continue  # the page of key routes reads it
        elif member.kind == "geometry":
            values[name] = _read_shape(form, errors)
        else:
            values[name] = _read(name, member, form.get(name, ""), errors)
    reading = None
    if "lon" in members:
        values["lon"], values["lat"], reading = _read_position(form, errors)
    if errors:
        raise InvalidInput(errors)
    return values, reading


def read_positions(text: str, name: str) -> list[list[float]]:
    """Return positions [lon, lat] of lines of text, one each, in any notation that forms understand.

    Raises
    ------
    InvalidInput
        Every line that is no position.
    """
    errors: list[FieldError] = []
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            lon, lat, _ = parse_position(line, field=name)
        except InvalidInput as refused:
            errors += [FieldError(name, f"line {number}: {e.came}", e.expected) for e in refused.errors]
        else:
            found.append([round(lon, 7), round(lat, 7)])
    if errors:
        raise InvalidInput(errors)
    return found


def positions_text(positions: Any) -> str:
    """Return positions as lines of text, `lon, lat`."""
    return "\n".join(f"{lon:.6f}, {lat:.6f}" for lon, lat in positions or ())


def _field(register: str, name: str, form: Form, rows: Sequence[tuple[str, str]] | None) -> Field:
    member = members_of(register)[name]
    if name in LISTED:
        return _listed(name, form)
    kind, options = member.kind, tuple((code, CODE_WORDS.get(code, plain(code))) for code in member.codes)
    if member.codes:
        kind = "choice"
    elif rows is not None:
        kind, options = "choice", tuple(rows)
    elif name == "passes":
        kind, options = "several", tuple((code, plain(code)) for code in USER_CLASSES)
    elif kind == "flag":
        kind, options = "choice", (("yes", "yes"), ("no", "no"))
    elif kind == "text" and name in ("notes", "interval_reason", "strength_note", "reason", "public_text"):
        kind = "long"
    return Field(
        name, label(name), kind, form.get(name, ""), options, member.required, UNITS.get(name, ""), HELP.get(name, "")
    )


_PART_KINDS = {"name": "text", "surface": "text", "side": "text", "is_marked": "flag"}


def _listed(name: str, form: Form) -> Field:
    columns = tuple(
        Field(part, label(part), _PART_KINDS.get(part, "number"), "", unit=UNITS.get(part, "")) for part in LISTED[name]
    )
    count = min(_row_count(name, form) + SPARE_ROWS, ROWS_MAX)
    rows = tuple(tuple(_part(f"{name}-{index}-{part.name}", part, form) for part in columns) for index in range(count))
    return Field(name, label(name), "rows", "", columns=columns, rows=rows)


def _part(name: str, part: Field, form: Form) -> Field:
    is_flag = part.kind == "flag"
    options = (("yes", "yes"), ("no", "no")) if is_flag else ()
    return Field(name, part.label, "choice" if is_flag else part.kind, form.get(name, ""), options, unit=part.unit)


def _row_count(name: str, form: Form) -> int:
    numbers = [
        int(key.split("-")[1]) + 1
        for key, value in form.items()
        if key.startswith(f"{name}-") and key.split("-")[1].isdigit() and value.strip()
    ]
    return min(max(numbers, default=0), ROWS_MAX)


def _rows_as_texts(name: str, items: Any) -> dict[str, str]:
    texts = {}
    for index, item in enumerate(items):
        for part in LISTED[name]:
            value = item.get(part)
            if value is not None:
                texts[f"{name}-{index}-{part}"] = ("yes" if value else "no") if isinstance(value, bool) else f"{value}"
    return texts


def _read_rows(name: str, form: Form, errors: list[FieldError]) -> list[dict[str, Any]] | None:
    found = []
    for index in range(_row_count(name, form)):
        item: dict[str, Any] = {}
        for part in LISTED[name]:
            text = form.get(f"{name}-{index}-{part}", "").strip()
            if not text:
                continue
            kind = _PART_KINDS.get(part, "number")
            item[part] = _read(f"{name}-{index}-{part}", Member(kind), text, errors)
        if item:
            found.append(item)
    return found or None


def _read(name: str, member: Member, text: str, errors: list[FieldError]) -> Any:
    text = text.strip()
    if not text:
        return None
    try:
        return _READERS[member.kind](text)
    except (ValueError, OverflowError):
        errors.append(FieldError(name, repr(text)[:60], expectation(member)))
        return None


def _number(text: str) -> float:
    return float(text.replace(" ", "").replace(",", "."))


def _flag(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"


def _moment(text: str) -> str:
    errors: list[FieldError] = []
    us = read_moment({"": text}, "", errors)
    if us is None:
        raise ValueError(text)
    return format_instant(us)


_READERS: dict[str, Callable[[str], Any]] = {
    "text": str, "number": _number, "integer": lambda text: int(text.replace(" ", "")), "flag": _flag,
    "moment": _moment, "list": json.loads, "codes": lambda text: [part.strip() for part in text.split(",")],
}  # fmt: skip


def _as_text(member: Member, value: Any) -> str:
    if member.kind == "flag":
        return "yes" if value else "no"
    if member.kind == "moment":
        return moment_text(value)
    if member.kind == "geometry":
        return json.dumps(value)
    if member.kind == "codes":
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read_shape(form: Form, errors: list[FieldError]) -> Any:
    corners = form.get("corners", "")
    if corners.strip():
        try:
            ring = read_positions(corners, "corners")
        except InvalidInput as refused:
            errors += refused.errors
            return None
        if len(ring) < 3:
            errors.append(FieldError("corners", f"{len(ring)} corners", "at least three corners, one on each line"))
            return None
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    text = form.get("geometry", "").strip()
    if not text:
        errors.append(FieldError("corners", "nothing", "the corners of the area, one on each line, or GeoJSON below"))
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        errors.append(FieldError("geometry", "a text that is no JSON", "a GeoJSON Polygon or MultiPolygon"))
        return None


def _read_position(form: Form, errors: list[FieldError]) -> tuple[float | None, float | None, str | None]:
    text = form.get("position", "").strip()
    if not text:
        errors.append(FieldError("position", "nothing", "where it is"))
        return None, None, None
    try:
        lon, lat, reading = parse_position(text, field="position")
    except InvalidInput as refused:
        errors += refused.errors
        return None, None, None
    return round(lon, 7), round(lat, 7), reading
