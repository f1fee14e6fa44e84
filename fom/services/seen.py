"""What a person had seen of a record when he judged it: who judges what has moved on meanwhile is told what differs.

Source: doctrine, section 9.14.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, visible
from fom.domain.instants import format_instant
from fom.errors import Conflict, InvalidInput
from fom.store.records import list_about
from fom.store.tables import RecordReference, RecordRow


def mark_of(session: Session, record_id: str) -> int:
    """Return the number of the newest record that speaks of this one, 0 when none does. It only rises."""
    query = (
        select(func.max(RecordRow.number))
        .join(RecordReference, RecordReference.record_id == RecordRow.id)
        .where(RecordReference.target_id == record_id)
    )
    return session.scalar(query) or 0


def marks_of(session: Session, record_ids: Collection[str]) -> dict[str, int]:
    """Return the marks of several records."""
    query = (
        select(RecordReference.target_id, func.max(RecordRow.number))
        .join(RecordRow, RecordReference.record_id == RecordRow.id)
        .where(RecordReference.target_id.in_(record_ids))
        .group_by(RecordReference.target_id)
    )
    found: dict[str, int] = dict(session.execute(query).all())
    return {record_id: found.get(record_id, 0) for record_id in record_ids}


def check_unmoved(session: Session, record_id: str, seen: int | None, *, actor: Actor) -> None:
    """Refuse when something was said of the record since `seen` (a mark), by anybody else; None = not asked.

    Raises
    ------
    Conflict
        `details["differs"]` names what came, by whom and when; `details["seen"]` is the mark now.
    """
    if seen is None:
        return
    if seen < 0:
        raise InvalidInput.single("seen", seen, "the mark that came with the record, 0 or more")
    came = [row for row in list_about(session, record_id) if row.number > seen and visible(actor, row)]
    others = [row for row in came if row.by != actor.person]
    if others:
        told = "; ".join(_words(row) for row in others)
        raise Conflict(
            f"record {record_id} moved on while you looked at it: {told}",
            why="moved_on", seen=mark_of(session, record_id), differs=[_plain(row) for row in others],
        )  # fmt: skip


def _plain(row: RecordRow) -> dict[str, Any]:
    said = row.grade or row.properties.get("relation") or row.properties.get("act")
    return {
        "record_id": row.id, "kind": row.kind, "said": said, "by": row.by, "received": format_instant(row.received or 0)
    }  # fmt: skip


def _words(row: RecordRow) -> str:
    plain = _plain(row)
    return " ".join(str(part) for part in (plain["kind"], plain["said"], "by", plain["by"]) if part)
