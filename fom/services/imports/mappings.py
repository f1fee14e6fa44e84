"""Mappings of columns kept under a name, for files of the same kind."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.column_mapping import parse_mapping
from fom.domain.instants import format_instant
from fom.errors import InvalidInput
from fom.services.imports.staging import STAGE
from fom.services.writing import note, step
from fom.store.imports import find_saved_mapping, list_saved_mappings
from fom.store.tables import SavedMapping

NAME_MAX = 120


def save_mapping(session: Session, name: str, mapping: dict[str, Any], *, actor: Actor, now: int) -> dict[str, Any]:
    """Keep a mapping under a name of its form; the same name again takes its place."""
    require(actor, STAGE)
    at = step(session, now)
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_MAX:
        raise InvalidInput.single("name", repr(name)[:40], f"a name of at most {NAME_MAX} characters")
    meant = parse_mapping(mapping, mapping.get("columns") or ())
    row = find_saved_mapping(session, meant.form, name)
    if row is None:
        row = SavedMapping(id=str(uuid.uuid4()), form=meant.form, name=name, mapping={}, by="", at=at)
        session.add(row)
    row.mapping, row.by, row.at = meant.plain, actor.person, at
    details = {"form": meant.form, "name": name}
    note(session, "save_mapping", ("import_mapping", row.id), kind="pending", actor=actor, at=at, details=details)
    return _plain(row)


def list_mappings(session: Session, *, actor: Actor, form: str | None = None) -> list[dict[str, Any]]:
    """Return the saved mappings, of one form or all, by form and name."""
    require(actor, STAGE)
    return [_plain(row) for row in list_saved_mappings(session) if form in (None, row.form)]


def fitting_mapping(saved: list[dict[str, Any]], headers: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the saved mapping all of whose columns a table has, the one with most columns; None for none."""
    fitting = [m for m in saved if m["mapping"]["columns"] and set(m["mapping"]["columns"]) <= set(headers)]
    return max(fitting, key=lambda m: (len(m["mapping"]["columns"]), m["at"]), default=None)


def _plain(row: SavedMapping) -> dict[str, Any]:
    return {
        "id": row.id, "form": row.form, "name": row.name, "mapping": row.mapping, "by": row.by,
        "at": format_instant(row.at),
    }  # fmt: skip
