"""Clause lists and steps of cases from a file into an empty database, each known from its own time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.cases import STEP_KINDS
from fom.domain.clauses import parse_clauses
from fom.domain.instants import parse_instant
from fom.errors import Conflict, FieldError, InvalidInput
from fom.services.writing import note, step
from fom.store.tables import CaseStep, ClauseListVersion


def load_clause_lists(session: Session, rows: Sequence[Mapping[str, Any]], *, actor: Actor, now: int) -> int:
    """Store versions of the clause list, oldest first, numbered from 1; return how many.

    Raises
    ------
    InvalidInput
        A bad clause.
    Conflict
        A version is there already.
    """
    require(actor, "load_facts")
    at = step(session, now)
    if session.scalar(select(ClauseListVersion.version).limit(1)) is not None:
        raise Conflict("the clause list has versions already")
    for number, row in enumerate(rows, 1):
        clauses = [clause.as_row() for clause in parse_clauses(row["clauses"])]
        session.add(
            ClauseListVersion(
                version=number,
                title=row["title"],
                note=row["note"],
                clauses=clauses,
                by=actor.person,
                published_at=min(parse_instant(row["published_at"]), at),
            )
        )
    details = {"versions": len(rows)}
    note(session, "load_clause_lists", ("clause_list", "loaded"), kind="register", actor=actor, at=at, details=details)
    return len(rows)


def load_case_steps(session: Session, rows: Sequence[Mapping[str, Any]], *, actor: Actor, now: int) -> int:
    """Store the steps of cases that are loaded, each known from when it was done; return how many.

    The cases' own members (protest, resolution) are in their rows of the register and are not touched.

    Raises
    ------
    InvalidInput
        A step of no known kind.
    Conflict
        A step is there already.
    """
    require(actor, "load_facts")
    at = step(session, now)
    if session.scalar(select(CaseStep.number).limit(1)) is not None:
        raise Conflict("cases have steps already")
    errors = [
        FieldError(f"case_step[{i}].kind", repr(row["kind"]), "one of " + ", ".join(STEP_KINDS))
        for i, row in enumerate(rows)
        if row["kind"] not in STEP_KINDS
    ]
    if errors:
        raise InvalidInput(errors)
    for row in sorted(rows, key=lambda row: (row["at"], row["id"])):
        done = min(parse_instant(row["at"]), at)
        due = row.get("due_at")
        session.add(
            CaseStep(
                id=row["id"],
                case_id=row["case_id"],
                kind=row["kind"],
                at=done,
                received=done,
                by=actor.person,
                due_at=None if due is None else parse_instant(due),
                reference=row.get("reference"),
                addressee=row.get("addressee"),
                words=row.get("words"),
                corrects=row.get("corrects"),
            )
        )
    details = {"steps": len(rows)}
    note(session, "load_case_steps", ("case_step", "loaded"), kind="register", actor=actor, at=at, details=details)
    return len(rows)
