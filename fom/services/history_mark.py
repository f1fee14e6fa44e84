"""A mark of the database: what tells its history up to a change from any other history. Cheap to take and compare.

Numbers of changes start at 1 in every database and come again after a restore, so they alone prove nothing. The mark
joins them with the moments of all changes and receipts, which no two histories share, and the head of the audit chain.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Executable, func, select
from sqlalchemy.orm import Session

from fom.store.changes import find_change
from fom.store.tables import Audit, Change, RecordRow

PRIME = 999_999_937
"""Sums are over remainders by this, so that they fit in 64 bits."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Of everything up to one change."""

    change: int
    at: int
    """Of the change, microseconds."""
    changes: tuple[int, int]
    """How many, and the sum of their moments' remainders."""
    records: tuple[int, int]
    """How many, and the sum of their receipts' remainders."""
    audit: tuple[int, str]
    """Number and hash of the last line of the audit chain by then."""

    def members(self) -> dict[str, Any]:
        """Return the mark as JSON holds it."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}


def mark_of(session: Session, number: int) -> Mark | None:
    """Return the mark of the history up to a change, None when there is no such change."""
    change = find_change(session, number)
    if change is None:
        return None
    changes = _summed(session, select(func.count(), func.sum(Change.at % PRIME)).where(Change.number <= number))
    received = select(func.count(RecordRow.received), func.sum(RecordRow.received % PRIME))
    every, later = _summed(session, received), _summed(session, received.where(RecordRow.change_number > number))
    line = session.execute(
        select(Audit.number, Audit.hash).where(Audit.at <= change.at).order_by(Audit.number.desc()).limit(1)
    ).first()
    return Mark(
        number, change.at, changes, (every[0] - later[0], every[1] - later[1]),
        (0, "") if line is None else (line.number, line.hash),
    )  # fmt: skip


def _summed(session: Session, query: Executable) -> tuple[int, int]:
    count, total = session.execute(query).one()
    return int(count), int(total or 0)
