"""The audit chain for those who may read it, and its daily signed head outside the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.instants import DAY_US, format_instant
from fom.services.deployment import DeploymentSettings, find_secret
from fom.store import audit, audit_heads
from fom.store.audit import ChainReport
from fom.store.audit_heads import SignedHead
from fom.store.database import Database


def list_audit(session: Session, *, actor: Actor, after: int = 0, limit: int = 200) -> list[dict[str, Any]]:
    """Return lines of the chain after a number, oldest first."""
    require(actor, "read_audit")
    return [
        {
            "number": line.number,
            "at": format_instant(line.at),
            "actor": line.actor,
            "action": line.action,
            "subject_kind": line.subject_kind,
            "subject_id": line.subject_id,
            "details": line.details,
            "hash": line.hash,
        }
        for line in audit.list_audit(session, after=after, limit=limit)
    ]


def verify_audit(session: Session, *, folder: Path, secret: str, actor: Actor) -> ChainReport:
    """Return whether the chain holds, in itself and against the heads kept in the data folder.

    Raises
    ------
    BadReferenceData
        The file of heads itself was tampered with, or belongs to another deployment.
    """
    require(actor, "read_audit")
    heads = audit_heads.read_heads(folder / audit_heads.FILE_NAME, audit_heads.head_key(secret))
    return audit.verify_chain(session, [signed.head for signed in heads])


def keep_daily_head(session: Session, *, folder: Path, secret: str, now: int) -> SignedHead | None:
    """Write today's signed head to the data folder; None when it is there already or the chain is empty."""
    head = audit.chain_head(session)
    if head.number == 0:
        return None
    return audit_heads.write_daily_head(folder / audit_heads.FILE_NAME, audit_heads.head_key(secret), head, now=now)


class DailyHead:
    """Keeps the signed head of every day on which the service runs; cheap to call often."""

    def __init__(self, config: DeploymentSettings, database: Database, clock: Callable[[], int]) -> None:
        self._config, self._database, self._clock = config, database, clock
        self._day = -1

    def __call__(self) -> None:
        """Write today's head unless it is there."""
        now = self._clock()
        if now // DAY_US == self._day:
            return
        secret = find_secret(self._config)
        if secret is not None:
            with self._database.reading() as session:
                keep_daily_head(session, folder=self._config.data, secret=secret, now=now)
        self._day = now // DAY_US
