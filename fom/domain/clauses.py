"""The clause list of the agreement on the mission's status (SOFA or SOMA): versioned data, never code.

What a clause says is summed up in words of ours; what follows from a breach is for people. Reading a list from text
belongs here too, so that every door (page, API, demo) refuses the same lines in the same words.

Source: requirements, K5 (the clause table is versioned data); doctrine, section 1 (SOFA/SOMA).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fom.domain.registers import MOVEMENT_PURPOSES
from fom.errors import FieldError, InvalidInput

REQUIRES = ("nothing", "notification", "permission")
"""What the mission owes before it moves under a clause: to tell is not to ask."""
MEMBERS = ("code", "title", "summary", "secures", "requires", "movement_kinds")
LONGEST = {"code": 40, "title": 160, "summary": 2000, "secures": 400}
CLAUSES_MAX = 400
TEXT_MAX = 400_000
"""Characters of an imported text."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: its code in the agreement, a short title, our summary, what it secures and for which movements."""

    code: str
    title: str
    summary: str
    secures: str
    requires: str = "nothing"
    movement_kinds: tuple[str, ...] = MOVEMENT_PURPOSES

    def as_row(self) -> dict[str, Any]:
        """Return the plain values."""
        return {**asdict(self), "movement_kinds": list(self.movement_kinds)}


def parse_clauses(rows: object) -> tuple[Clause, ...]:
    """Return the clauses of a list, in its order.

    Raises
    ------
    InvalidInput
        Every bad member of every line; a code that stands twice; no clause at all.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not 1 <= len(rows) <= CLAUSES_MAX:
        came = f"{len(rows)} clauses" if isinstance(rows, Sequence) and not isinstance(rows, str) else repr(rows)[:80]
        raise InvalidInput.single("clauses", came, f"a list of 1 to {CLAUSES_MAX} clauses")
    errors: list[FieldError] = []
    clauses: list[Clause] = []
    first_at: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        clause = _clause(f"clauses[{number}]", row, errors)
        if clause is None:
            continue
        if clause.code in first_at:
            came = f"{clause.code!r}, which clause {first_at[clause.code]} has"
            errors.append(FieldError(f"clauses[{number}].code", came, "a code of its own"))
        first_at.setdefault(clause.code, number)
        clauses.append(clause)
    if errors:
        raise InvalidInput(errors)
    return tuple(clauses)


def _clause(where: str, row: object, errors: list[FieldError]) -> Clause | None:
    if not isinstance(row, Mapping):
        errors.append(FieldError(where, repr(row)[:80], "an object with " + ", ".join(MEMBERS)))
        return None
    before = len(errors)
    errors += [
        FieldError(f"{where}.{str(name)[:40]}", "given", "one of " + ", ".join(MEMBERS))
        for name in row
        if name not in MEMBERS
    ]
    texts = {name: _text(where, row, name, most, errors) for name, most in LONGEST.items()}
    requires = row.get("requires") or REQUIRES[0]
    if requires not in REQUIRES:
        errors.append(FieldError(f"{where}.requires", repr(requires)[:80], "one of " + ", ".join(REQUIRES)))
    kinds = row.get("movement_kinds") or list(MOVEMENT_PURPOSES)
    if not isinstance(kinds, list | tuple) or not all(kind in MOVEMENT_PURPOSES for kind in kinds):
        expected = "a list of some of " + ", ".join(MOVEMENT_PURPOSES)
        errors.append(FieldError(f"{where}.movement_kinds", repr(kinds)[:80], expected))
    if len(errors) > before:
        return None
    ordered = tuple(kind for kind in MOVEMENT_PURPOSES if kind in kinds)
    return Clause(**texts, requires=str(requires), movement_kinds=ordered)


def _text(where: str, row: Mapping[str, Any], name: str, most: int, errors: list[FieldError]) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        came = "nothing" if value is None or value == "" else repr(value)[:80]
        errors.append(FieldError(f"{where}.{name}", came, f"a text of 1 to {most} characters"))
        return ""
    if len(value.strip()) > most:
        errors.append(FieldError(f"{where}.{name}", f"{len(value.strip())} characters", f"at most {most}"))
    return value.strip()


def read_clause_text(text: str) -> list[dict[str, Any]]:
    """Return the rows of a pasted or uploaded list: a JSON list (or an object with `clauses`), else CSV with a head.

    In CSV `movement_kinds` are separated by spaces; a comma, a semicolon or a tab separates the columns.

    Raises
    ------
    InvalidInput
        No list can be read; the line is named where one is to blame.
    """
    if len(text) > TEXT_MAX:
        raise InvalidInput.single("text", f"{len(text)} characters", f"at most {TEXT_MAX}")
    body = text.lstrip("\ufeff").strip()
    if not body:
        raise InvalidInput.single("text", "nothing", "a clause list as JSON or CSV")
    return _json_rows(body) if body[0] in "[{" else _csv_rows(body)


def _json_rows(body: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as broken:
        line = getattr(broken, "lineno", None)
        came = f"line {line}: {broken.msg}" if isinstance(broken, json.JSONDecodeError) else "a text that is no JSON"
        raise InvalidInput.single("text", came, "JSON, or CSV that begins with its column names") from broken
    rows = document.get("clauses") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise InvalidInput.single("text", "JSON without a list", 'a list, or {"clauses": [...]}')
    return rows


def _csv_rows(body: str) -> list[dict[str, Any]]:
    head = body.splitlines()[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    rows: list[dict[str, Any]] = []
    try:
        names = [name.strip().lower() for name in next(reader)]
        if not {"code", "title"} <= set(names):
            raise InvalidInput.single("text", f"line 1: {head[:80]}", "the column names " + ", ".join(MEMBERS))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                came = f"line {reader.line_num}: {len(cells)} cells"
                raise InvalidInput.single("text", came, f"{len(names)} cells, as in the first line")
            row: dict[str, Any] = {name: cell.strip() for name, cell in zip(names, cells, strict=True) if name}
            if "movement_kinds" in row:
                row["movement_kinds"] = str(row["movement_kinds"]).split()
            rows.append(row)
    except csv.Error as broken:
        raise InvalidInput.single(
            "text", f"line {reader.line_num}: {broken}", "CSV as spreadsheets write it"
        ) from broken
    return rows


def compare_clauses(before: Sequence[Clause], after: Sequence[Clause]) -> dict[str, list[str]]:
    """Return the codes that another version adds, drops and words differently, in the order of its list."""
    old, new = ({clause.code: clause for clause in side} for side in (before, after))
    return {
        "added": [code for code in new if code not in old],
        "dropped": [code for code in old if code not in new],
        "changed": [code for code in new if code in old and new[code] != old[code]],
    }
