"""The clause list: read, checked, published as the next version; a case keeps the version it was written under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.clauses import Clause, compare_clauses, parse_clauses
from fom.domain.instants import format_instant
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.services.writing import note, step
from fom.store.columns import hash_of
from fom.store.records import find_record
from fom.store.tables import ClauseListVersion

TITLE_MAX, NOTE_MAX = 200, 2000


def list_clause_lists(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the published versions without their clauses, newest first."""
    require(actor, "read_restriction_cases")
    rows = session.scalars(select(ClauseListVersion).order_by(ClauseListVersion.version.desc()))
    return [_head(row) for row in rows]


def get_clause_list(session: Session, version: int | None = None, *, actor: Actor) -> dict[str, Any]:
    """Return a version, the newest by default, with its clauses.

    Raises
    ------
    NotFound
        No such version, or none was ever published.
    """
    require(actor, "read_restriction_cases")
    row = _find(session, version)
    if row is None:
        raise NotFound("clause list", "none published" if version is None else str(version))
    return _head(row) | {"clauses": [clause.as_row() for clause in _clauses(row)]}


def check_clause_list(session: Session, rows: object, *, actor: Actor) -> dict[str, Any]:
    """Return what publishing these clauses would change: `{base, clauses, added, dropped, changed}`; nothing is kept.

    Raises
    ------
    InvalidInput
        Every bad member of every clause.
    """
    require(actor, "publish_clause_list")
    clauses, newest = parse_clauses(rows), _find(session, None)
    before = () if newest is None else _clauses(newest)
    found = {"base": 0 if newest is None else newest.version, "clauses": [clause.as_row() for clause in clauses]}
    return found | compare_clauses(before, clauses)


def publish_clause_list(
    session: Session, rows: object, *, title: str, note_text: str, base: int, actor: Actor, now: int
) -> dict[str, Any]:
    """Publish clauses as the next version and return it.

    Parameters
    ----------
    base
        The version that was newest when the list was looked at; 0 = none.

    Raises
    ------
    InvalidInput
        A bad clause, no title, or no word on why.
    Conflict
        Another version was published meanwhile, or the list says exactly what the newest says.
    """
    require(actor, "publish_clause_list")
    at = step(session, now)
    errors = [
        FieldError(name, f"{len(text.strip())} characters", f"1 to {most} characters")
        for name, text, most in (("title", title, TITLE_MAX), ("note", note_text, NOTE_MAX))
        if not 1 <= len(text.strip()) <= most
    ]
    if errors:
        raise InvalidInput(errors)
    clauses, newest = parse_clauses(rows), _find(session, None)
    current = 0 if newest is None else newest.version
    if base != current:
        raise Conflict(f"version {current} is the newest, not {base}: look at the differences again", current=current)
    if newest is not None and _clauses(newest) == clauses and newest.title == title.strip():
        raise Conflict(f"version {current} says exactly this already", current=current)
    row = ClauseListVersion(
        version=current + 1, title=title.strip(), note=note_text.strip(), published_at=at, by=actor.person,
        clauses=[clause.as_row() for clause in clauses],
    )  # fmt: skip
    session.add(row)
    details = {"version": row.version, "clauses": len(clauses), "body_hash": hash_of(row.clauses)}
    subject = ("clause_list", str(row.version))
    note(session, "publish_clause_list", subject, kind="register", actor=actor, at=at, details=details)
    return _head(row) | {"clauses": row.clauses}


def find_clause(session: Session, version: int | None, code: str | None) -> dict[str, Any] | None:
    """Return the clause that a case names, as its version words it; None where it names none of a published list."""
    row = None if version is None or code is None else _find(session, version)
    found = () if row is None else _clauses(row)
    return next((clause.as_row() for clause in found if clause.code == code), None)


def check_case(session: Session, typed: Mapping[str, Any]) -> None:
    """Refuse a case whose clause is not in the version it names, or whose standing order is no order.

    A clause without a version stays free text: it may come from before there was a list.
    """
    version, code = typed["clause_version"], typed["clause"]
    if version is not None:
        row = _find(session, version)
        if row is None:
            raise InvalidInput.single("clause_version", version, "a published version of the clause list")
        if code not in {clause.code for clause in _clauses(row)}:
            raise InvalidInput.single("clause", repr(code), f"a code of version {version} of the clause list")
    if typed["order_id"] is not None:
        order = find_record(session, typed["order_id"])
        if order is None or order.kind != "control" or order.properties.get("control") != "order":
            raise InvalidInput.single("order_id", typed["order_id"], "the id of a control record that is an order")


def _find(session: Session, version: int | None) -> ClauseListVersion | None:
    wanted = select(func.max(ClauseListVersion.version)).scalar_subquery() if version is None else version
    return session.scalar(select(ClauseListVersion).where(ClauseListVersion.version == wanted))


def _clauses(row: ClauseListVersion) -> tuple[Clause, ...]:
    return tuple(Clause(**{**clause, "movement_kinds": tuple(clause["movement_kinds"])}) for clause in row.clauses)


def _head(row: ClauseListVersion) -> dict[str, Any]:
    return {
        "version": row.version,
        "title": row.title,
        "note": row.note,
        "published_at": format_instant(row.published_at),
        "by": row.by,
        "count": len(row.clauses),
    }
