"""The change sequence: every committed step has a number without gaps and a moment that never falls."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from fom.store.database import WRITE_LOCK
from fom.store.tables import Change

CHANNEL = "fom_change"
"""PostgreSQL notification channel; the payload is the change number."""
CANDIDATE = "network_candidate"
"""Subject of the change that announces a network, so that every process makes it ready."""


def receipt_moment(session: Session, now: int) -> int:
    """Return the moment at which the open transaction happens, at or after `now`, and after every change before it.

    The order of receipts is the order of changes, also when a clock is set back: "known at k" then always means
    the changes up to some number. Takes the write lock on PostgreSQL, so that the answer stays true until commit.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITE_LOCK})
    last = session.scalar(select(Change.at).order_by(Change.number.desc()).limit(1))
    return now if last is None else max(now, last + 1)


def add_change(
    session: Session,
    kind: str,
    *,
    at: int,
    subject: tuple[str, str] | None = None,
    record_ids: Sequence[str] = (),
) -> int:
    """Write the next change and return its number; wakes listeners at commit. `at` comes from `receipt_moment`."""
    number = newest_number(session) + 1
    subject_kind, subject_id = subject or (None, None)
    session.add(
        Change(
            number=number,
            at=at,
            kind=kind,
            subject_kind=subject_kind,
            subject_id=subject_id,
            record_ids=list(record_ids),
        )
    )
    session.flush()
    _notify(session, number)
    return number


def add_time_change(session: Session, *, at: int, due_at: int) -> int | None:
    """Write that time alone moves something at `due_at`; None when another process was first."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    number = newest_number(session) + 1
    written = session.execute(
        insert(Change)
        .values(number=number, at=at, kind="time", record_ids=[], due_at=due_at)
        .on_conflict_do_nothing(index_elements=["due_at"])
        .returning(Change.number)
    ).scalar()
    if written is not None:
        _notify(session, written)
    return written


def newest_number(session: Session) -> int:
    """Return the number of the newest change, 0 when there is none."""
    return session.scalar(select(Change.number).order_by(Change.number.desc()).limit(1)) or 0


def newest_change(session: Session) -> Change | None:
    """Return the newest change, None when there is none."""
    return session.scalar(select(Change).order_by(Change.number.desc()).limit(1))


def list_changes(session: Session, *, after: int, limit: int = 1000) -> Sequence[Change]:
    """Return the changes after a number, in order."""
    return session.scalars(select(Change).where(Change.number > after).order_by(Change.number).limit(limit)).all()


def list_activations(session: Session) -> list[tuple[int, str]]:
    """Return (change number, network id) of every activation of a network, oldest first."""
    query = select(Change.number, Change.subject_id).where(Change.kind == "network", Change.subject_kind == "network")
    return [(number, str(network_id)) for number, network_id in session.execute(query.order_by(Change.number))]


def newest_candidate(session: Session) -> str | None:
    """Return the network that was announced last, None when one was brought into use since."""
    announced_or_activated = Change.subject_kind.in_((CANDIDATE, "network"))
    query = select(Change).where(Change.kind == "network", announced_or_activated)
    newest = session.scalar(query.order_by(Change.number.desc()).limit(1))
    return None if newest is None or newest.subject_kind != CANDIDATE else newest.subject_id


def is_activation(change: Change) -> bool:
    """Return whether a change brings another network into use."""
    return change.kind == "network" and change.subject_kind == "network"


def find_change(session: Session, number: int) -> Change | None:
    """Return the change of a number."""
    return session.get(Change, number)


def _notify(session: Session, number: int) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_notify(:channel, :number)"), {"channel": CHANNEL, "number": str(number)})
