"""The audit chain: append-only lines, each with a hash over itself and the line before; heads are kept elsewhere.

Changing, removing, inserting or reordering lines breaks the chain; cutting its tail is seen against a stored head
(`audit_heads`). Lines carry ids and codes, not the words of reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from fom.store.columns import canonical_json, hash_of
from fom.store.tables import Audit

GENESIS = "0" * 64
"""What the first line names as the hash before it."""


@dataclass(frozen=True, slots=True)
class Head:
    """Number and hash of the newest line at some time, as kept outside the database."""

    number: int
    hash: str


@dataclass(slots=True)
class ChainReport:
    """What verifying found: lines read, the head reached, and every problem in words (none = intact)."""

    count: int = 0
    head: Head = field(default_factory=lambda: Head(0, GENESIS))
    problems: list[str] = field(default_factory=list)

    @property
    def is_intact(self) -> bool:
        """Return whether nothing was wrong."""
        return not self.problems


def append_audit(
    session: Session,
    action: str,
    subject: tuple[str, str],
    *,
    actor: str,
    at: int,
    details: Mapping[str, Any] | None = None,
) -> Audit:
    """Write the next line of the chain in the caller's transaction (the write lock must be held)."""
    last = session.execute(select(Audit.number, Audit.hash).order_by(Audit.number.desc()).limit(1)).first()
    line = Audit(
        number=1 if last is None else last.number + 1,
        at=at,
        actor=actor,
        action=action,
        subject_kind=subject[0],
        subject_id=subject[1],
        details=dict(details or {}),
        previous=GENESIS if last is None else last.hash,
    )
    line.hash = line_hash((line.number, at, actor, action, *subject, canonical_json(line.details), line.previous))
    session.add(line)
    session.flush()
    return line


def line_hash(fields: Sequence[object]) -> str:
    """Return SHA-256 over a line: number, at, actor, action, subject kind and id, details as stored, previous hash."""
    return hash_of(list(fields))


def chain_head(session: Session) -> Head:
    """Return number and hash of the newest line."""
    last = session.execute(select(Audit.number, Audit.hash).order_by(Audit.number.desc()).limit(1)).first()
    return Head(0, GENESIS) if last is None else Head(last.number, last.hash)


def verify_chain(session: Session, heads: Iterable[Head] = ()) -> ChainReport:
    """Read the whole chain as it is stored and compare it with itself and with the heads kept elsewhere."""
    wanted = {head.number: head.hash for head in heads}
    report = ChainReport()
    stored = select(
        Audit.number,
        Audit.at,
        Audit.actor,
        Audit.action,
        Audit.subject_kind,
        Audit.subject_id,
        type_coerce(Audit.details, Text),  # the text itself: another text with the same meaning is a change too
        Audit.previous,
        Audit.hash,
    )
    for line in session.execute(stored.order_by(Audit.number).execution_options(yield_per=1000)):
        fields: list[Any] = list(line[:-1])
        own_hash: str = line[-1]
        _check(fields, own_hash, report)
        if wanted.pop(fields[0], own_hash) != own_hash:
            report.problems.append(f"line {fields[0]}: differs from the head kept outside the database")
    report.problems += [
        f"line {number}: a head was kept for it, but there is no such line" for number in wanted if number
    ]
    return report


def _check(fields: list[Any], own_hash: str, report: ChainReport) -> None:
    number, previous = fields[0], fields[-1]
    if number != report.head.number + 1:
        report.problems.append(f"line {number}: follows line {report.head.number}, lines are missing")
    if previous != report.head.hash:
        report.problems.append(f"line {number}: does not continue the line before it")
    if own_hash != line_hash(fields):
        report.problems.append(f"line {number}: its content does not match its hash")
    report.count += 1
    report.head = Head(number, own_hash)


def list_audit(session: Session, *, after: int = 0, limit: int = 200) -> list[Audit]:
    """Return lines after a number, in order."""
    return list(session.scalars(select(Audit).where(Audit.number > after).order_by(Audit.number).limit(limit)))
