"""Air heads out of a table: staged and previewed, written in one transaction, taken back by the batch.

A batch remembers what each row said before it, so that taking it back restores exactly that.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.airports_table import read_airports
from fom.domain.instants import format_instant
from fom.domain.registers import members_of, parse_values
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.services.drafts import check_uuid
from fom.services.registers import list_register, row_dict, withdraw_row, write_row
from fom.services.writing import note, step
from fom.store.tables import REGISTER_TABLES, RegisterImport

REGISTER = "air_head"
TAKEN = ("name", "kind", "lon", "lat", "elevation_m", "runways")
"""Members that a table gives; everything else of a row stays as it is."""
_SPACE = uuid.UUID("6a0d9b0a-6c5e-4f4b-9f0c-3d0f7a2f5b11")
"""Ids of imported air heads follow from their ident, so that a second import meets the rows of the first."""
SHOWN_FAULTS = 200

Bounds = tuple[float, float, float, float]


def stage_air_heads(
    session: Session, *, id: str, file_name: str, airports: str, runways: str | None, bounds: Bounds, actor: Actor,
    now: int,
) -> dict[str, Any]:  # fmt: skip
    """Keep a table as a batch that has written nothing yet, and return its preview.

    Raises
    ------
    InvalidInput
        No such table.
    Conflict
        Another batch has this id.
    """
    require(actor, "edit_air_heads")
    errors: list[FieldError] = []
    batch_id = check_uuid(id, "id", errors)
    if errors:
        raise InvalidInput(errors)
    at = step(session, now)
    file_hash = hashlib.sha256(f"{airports}\0{runways or ''}".encode("utf-8", "replace")).hexdigest()
    known = session.get(RegisterImport, batch_id)
    if known is not None:
        if known.file_hash != file_hash:
            raise Conflict(f"batch {batch_id} was staged with another table")
        return batch_dict(known)
    plan = _plan(session, read_airports(airports, runways, bounds=bounds), actor)
    batch = RegisterImport(
        id=batch_id, register=REGISTER, file_name=file_name[:200] or "table", file_hash=file_hash, plan=plan,
        staged_at=at, staged_by=actor.person,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    details = {"batch": batch_id, "new": len(plan["new"]), "changed": len(plan["changed"])}
    note(session, "stage_import", ("register_import", batch_id), kind="register", actor=actor, at=at, details=details)
    return batch_dict(batch)


def apply_batch(session: Session, batch_id: str, *, actor: Actor, now: int) -> dict[str, Any]:
    """Write all rows of a staged batch as one change; done before, it returns what was done.

    Raises
    ------
    NotFound
        No such batch.
    Conflict
        A row has moved on since the preview, or the batch was taken back.
    """
    require(actor, "edit_air_heads")
    at = step(session, now)
    batch = _get(session, batch_id)
    if batch.reversed_at is not None:
        raise Conflict(f"batch {batch_id} was taken back; stage the table again")
    if batch.applied_at is not None:
        return batch_dict(batch)
    moved = [row["id"] for row in batch.plan["changed"] if _version(session, row["id"]) != row["version"]]
    moved += [row["id"] for row in batch.plan["new"] if _version(session, row["id"]) is not None]
    if moved:
        raise Conflict("rows have changed since the preview: stage the table again", rows=moved[:20])
    written = []
    for row in (*batch.plan["new"], *batch.plan["changed"]):
        before = _body(session, row["id"])
        values = (before or {"id": row["id"]}) | row["values"]
        typed = parse_values(REGISTER, {name: values.get(name) for name in members_of(REGISTER)})
        stored = session.get(REGISTER_TABLES[REGISTER], row["id"])
        stored, _ = write_row(session, REGISTER, typed, stored, by=actor.person, at=at)
        written.append({"id": row["id"], "before": before, "version": stored.version})
    batch.written, batch.applied_at, batch.applied_by = written, at, actor.person
    session.flush()
    details = {"batch": batch_id, "rows": len(written)}
    note(session, "apply_import", ("register_import", batch_id), kind="register", actor=actor, at=at, details=details)
    return batch_dict(batch)


def reverse_batch(session: Session, batch_id: str, *, actor: Actor, now: int) -> dict[str, Any]:
    """Take a written batch back: every row says again what it said before, rows that it brought are gone.

    Raises
    ------
    NotFound
        No such batch.
    Conflict
        It has written nothing, or somebody changed one of its rows since; `details["rows"]` names them.
    """
    require(actor, "edit_air_heads")
    at = step(session, now)
    batch = _get(session, batch_id)
    if batch.reversed_at is not None:
        return batch_dict(batch)
    if batch.applied_at is None:
        raise Conflict(f"batch {batch_id} has written nothing yet")
    rows = batch.written or []
    moved = [row["id"] for row in rows if _version(session, row["id"]) != row["version"]]
    if moved:
        raise Conflict("rows of this batch were changed after it; mend them by hand", rows=moved[:20])
    for row in rows:
        stored = session.get_one(REGISTER_TABLES[REGISTER], row["id"])
        if row["before"] is None:
            withdraw_row(session, REGISTER, stored, by=actor.person, at=at)
        else:
            write_row(session, REGISTER, parse_values(REGISTER, row["before"]), stored, by=actor.person, at=at)
    batch.reversed_at, batch.reversed_by = at, actor.person
    session.flush()
    details = {"batch": batch_id, "rows": len(rows)}
    note(session, "reverse_import", ("register_import", batch_id), kind="register", actor=actor, at=at, details=details)
    return batch_dict(batch)


def get_batch(session: Session, batch_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return a batch with its preview."""
    require(actor, "edit_air_heads")
    return batch_dict(_get(session, batch_id))


def list_batches(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the batches, newest first."""
    require(actor, "edit_air_heads")
    rows = session.scalars(select(RegisterImport).order_by(RegisterImport.staged_at.desc(), RegisterImport.id))
    return [batch_dict(row) for row in rows]


def batch_dict(row: RegisterImport) -> dict[str, Any]:
    """Return the plain values of a batch."""

    def moment(us: int | None) -> str | None:
        return None if us is None else format_instant(us)

    return {
        "id": row.id, "register": row.register, "file_name": row.file_name, "file_hash": row.file_hash,
        **row.plan, "staged_at": moment(row.staged_at), "staged_by": row.staged_by,
        "applied_at": moment(row.applied_at), "applied_by": row.applied_by, "reversed_at": moment(row.reversed_at),
        "reversed_by": row.reversed_by, "rows_written": len(row.written or ()),
    }  # fmt: skip


def _plan(session: Session, table: Any, actor: Actor) -> dict[str, Any]:
    """Return the preview: rows that come, rows that change with old and new values, and what is left out."""
    listed = list_register(session, REGISTER, actor=actor)
    by_source = {row["source"]: row for row in listed if row.get("source")}
    codes = {row["code"]: row for row in listed}
    new, changed, unchanged = [], [], 0
    faults = [asdict(fault) for fault in table.faults]
    for ident, members in table.rows.items():
        row = by_source.get(ident) or codes.get(ident)
        if row is None:
            row_id = str(uuid.uuid5(_SPACE, ident))
            if session.get(REGISTER_TABLES[REGISTER], row_id) is not None:
                why = "the register holds it, but this account may not see it"
                faults.append({"line": 0, "ident": ident, "why": why})
                continue
            new.append({"id": row_id, "values": {**members, "code": ident, "status": "unknown"}})
            continue
        taken = {name: members[name] for name in TAKEN if members[name] not in (None, [])} | {"source": ident}
        differing = {name: value for name, value in taken.items() if row[name] != value}
        if not differing:
            unchanged += 1
            continue
        before = {name: row[name] for name in differing}
        changed.append(
            {"id": row["id"], "code": row["code"], "version": row["version"], "values": differing, "before": before}
        )
    return {
        "new": new, "changed": changed, "unchanged": unchanged, "outside": table.outside, "left_out": table.left_out,
        "faults": faults[:SHOWN_FAULTS], "fault_count": len(faults),
    }  # fmt: skip


def _get(session: Session, batch_id: str) -> RegisterImport:
    batch = session.get(RegisterImport, batch_id, populate_existing=True)
    if batch is None:
        raise NotFound("import batch", batch_id)
    return batch


def _version(session: Session, row_id: str) -> int | None:
    row = session.get(REGISTER_TABLES[REGISTER], row_id)
    return None if row is None else row.version


def _body(session: Session, row_id: str) -> Mapping[str, Any] | None:
    row = session.get(REGISTER_TABLES[REGISTER], row_id)
    if row is None:
        return None
    plain = row_dict(REGISTER, row)
    return {name: plain[name] for name in members_of(REGISTER)}
