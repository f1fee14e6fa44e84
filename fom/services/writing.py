"""What every writing verb does in the same way: takes its place in the sequence, then notes what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.store.audit import append_audit
from fom.store.changes import add_change, newest_change, receipt_moment


def step(session: Session, now: int) -> int:
    """Return the moment of the open transaction, microseconds: `now`, or just after the change before it.

    Called before anything is read that decides what is written.
    """
    return receipt_moment(session, now)


def present(session: Session, now: int) -> int:
    """Return the moment of a reader: `now`, or the last change where that bears a later one (a clock set back)."""
    newest = newest_change(session)
    return now if newest is None else max(now, newest.at)


def note(
    session: Session,
    action: str,
    subject: tuple[str, str],
    *,
    kind: str,
    actor: Actor,
    at: int,
    details: Mapping[str, Any] | None = None,
    record_ids: Sequence[str] = (),
    change: int | None = None,
) -> int:
    """Write the audit line of what was done, and its change unless that exists (`change`); return the number."""
    session.flush()
    number = change or add_change(session, kind, at=at, subject=subject, record_ids=record_ids)
    append_audit(session, action, subject, actor=actor.person, at=at, details={**(details or {}), "change": number})
    return number
