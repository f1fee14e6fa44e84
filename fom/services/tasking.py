"""Tasks that follow from judgements by themselves: somebody must go and look."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import DAY_US
from fom.services.registers import write_row
from fom.services.writing import note
from fom.store.tables import RecordRow
from fom.store.tables.registers import Task

VERIFY_WITHIN_US = 3 * DAY_US
"""How soon a doubt should be looked at. Source: project judgement."""


def raise_verify_task(session: Session, target: RecordRow, *, actor: Actor, at: int) -> str | None:
    """Ask for a verification of a record; None when one is asked for already.

    Source: doctrine, sections 2 (doubtful reports) and 9.8 (conflicts).
    """
    is_open = select(Task.id).where(Task.target_id == target.id, Task.kind == "verify", Task.done_at.is_(None))
    if session.scalar(is_open) is not None:
        return None
    typed = {
        "id": str(uuid.uuid4()),
        "classification": target.classification,
        "area_id": target.area,
        "kind": "verify",
        "target_id": target.id,
        "assigned_to": None,
        "due_at": at + VERIFY_WITHIN_US,
        "done_at": None,
        "created_at": at,
    }
    row, details = write_row(session, "task", typed, None, by=actor.person, at=at)
    note(session, "raise_task", ("task", row.id), kind="register", actor=actor, at=at, details=details)
    return row.id
