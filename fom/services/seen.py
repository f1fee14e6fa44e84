"""What a person had seen when he judged: who judges what has moved on meanwhile is told what somebody else did.

The mark is the moment of the newest change that he could see. It only rises. Source: doctrine, section 9.14.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, visible
from fom.domain.instants import format_instant
from fom.errors import Conflict, InvalidInput
from fom.services.pending import describe
from fom.store.changes import newest_change
from fom.store.records import list_about
from fom.store.tables import Audit, PendingAct, RecordRow

REPORT_ACTS = ("amend_report", "file_report", "settle_body")
"""Lines of the audit that move a report on."""


def mark_now(session: Session) -> int:
    """Return the mark of what can be seen in this session: microseconds, 0 when nothing has happened yet."""
    newest = newest_change(session)
    return 0 if newest is None else newest.at


def check_unmoved(session: Session, record_ids: Sequence[str], seen: int | None, *, actor: Actor) -> None:
    """Refuse when anybody else said or proposed something of these records since `seen` (a mark); None = not asked.

    Call it after `step`: what is committed until then counts, and nothing comes between the check and the act.

    Raises
    ------
    Conflict
        `details["differs"]` names what came, by whom and when; `details["seen"]` is the mark now.
    """
    if seen is None:
        return
    _check_mark(seen)
    differs = [
        _plain(row, record_id)
        for record_id in record_ids
        for row in list_about(session, record_id)
        if (row.received or 0) > seen and row.by != actor.person and visible(actor, row)
    ]
    differs += _proposals(session, set(record_ids), seen, actor)
    if differs:
        _refuse(session, f"record {' and '.join(record_ids)}", differs)


def check_report_unmoved(session: Session, report_id: str, seen: int | None, *, actor: Actor) -> None:
    """Refuse when anybody else amended, filed or decided on a report since `seen` (a mark); None = not asked."""
    if seen is None:
        return
    _check_mark(seen)
    query = select(Audit).where(
        Audit.subject_kind == "report", Audit.subject_id == report_id, Audit.action.in_(REPORT_ACTS),
        Audit.at > seen, Audit.actor != actor.person,
    )  # fmt: skip
    differs = [
        {
            "record_id": report_id, "about": report_id, "kind": line.action, "said": line.details.get("outcome"),
            "by": line.actor, "received": format_instant(line.at), "waits": False,
        }
        for line in session.scalars(query.order_by(Audit.number))
    ]  # fmt: skip
    if differs:
        _refuse(session, f"report {report_id}", differs)


def _check_mark(seen: int) -> None:
    if seen < 0:
        raise InvalidInput.single("seen", seen, "the mark that came with the record, 0 or more")


def _refuse(session: Session, what: str, differs: Sequence[dict[str, Any]]) -> None:
    told = "; ".join(_words(plain) for plain in differs)
    raise Conflict(
        f"{what} moved on while you looked at it: {told}", why="moved_on", seen=mark_now(session), differs=list(differs)
    )


def _proposals(session: Session, record_ids: set[str], seen: int, actor: Actor) -> list[dict[str, Any]]:
    """Return what others proposed about the records since, and what they let fall."""
    query = select(PendingAct).where(or_(PendingAct.proposed_at > seen, PendingAct.settled_at > seen))
    found = []
    for act in session.scalars(query.order_by(PendingAct.proposed_at, PendingAct.id)):
        if not record_ids & set(act.targets) or act.outcome == "confirmed":  # confirmed: the record itself is told
            continue
        by, at = (act.settled_by, act.settled_at) if act.outcome else (act.proposed_by, act.proposed_at)
        if by != actor.person:
            said = describe(act.feature).partition(" ")[2]
            said = f"{said} {act.outcome}".strip() if act.outcome else said
            about = sorted(record_ids & set(act.targets))[0]
            found.append({"record_id": act.id, "about": about, "kind": act.kind, "said": said or None, "by": by,
                          "received": format_instant(at or 0), "waits": act.outcome is None})  # fmt: skip
    return found


def _plain(row: RecordRow, about: str) -> dict[str, Any]:
    said = row.grade or row.properties.get("relation") or row.properties.get("act")
    return {
        "record_id": row.id, "about": about, "kind": row.kind, "said": said, "by": row.by,
        "received": format_instant(row.received or 0), "waits": False,
    }  # fmt: skip


def _words(plain: dict[str, Any]) -> str:
    return " ".join(str(part) for part in (plain["kind"], plain["said"], "by", plain["by"]) if part)
