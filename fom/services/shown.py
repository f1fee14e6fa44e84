"""Who was shown which states: one compact row for each person, quarter of an hour and kind of page.

A row holds the letters of the key routes and, of plans, panels and exports, their segments; what exactly was shown is
worked out again from the records when it matters (`alerts.false_states`). Rows are gathered in memory and written
together, so that showing something never waits for the database, and a state is shown also when nothing can be
written.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import DAY_US, MINUTE_US
from fom.picture.question import Question
from fom.services.followed import worst_along
from fom.services.picture_events import letter
from fom.services.picture_host import PictureHost
from fom.store.database import Database
from fom.store.tables import Shown, User

QUARTER_US = 15 * MINUTE_US
SEGMENTS_MAX = 20_000
"""Segment ids in one row; a further row is begun beyond. Source: project judgement; some 500 kB."""
PRUNE_EVERY_US = DAY_US // 4
Key = tuple[str, int, str, str, str, str, str]
log = logging.getLogger(__name__)


@dataclass
class _Row:
    """What is waiting to be written of one key."""

    first_at: int
    last_at: int
    network_id: str
    routes: dict[str, str]
    segments: set[str] | None


class ShownLog:
    """What this process has shown and not yet written down. Safe from any thread."""

    def __init__(self, database: Database, *, days: int = 30) -> None:
        self._database, self._days = database, days
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: dict[Key, _Row] = {}
        self._pruned_at = 0

    def note(
        self,
        host: PictureHost,
        kind: str,
        question: Question,
        *,
        actor: Actor,
        subject: str = "",
        asked: tuple[int, int] | None = None,
        segments: Iterable[str] | None = None,
    ) -> None:
        """Remember that a person is shown the states of a question now.

        Parameters
        ----------
        asked
            (at, known_at) where the page is about other moments than now.
        segments
            Ids of what is shown; None = the key routes, whose letters are then kept as evidence.
        """
        now = host.now()
        text = "" if asked is None else f"{asked[0]}/{asked[1]}"
        pair = question.profile.name, question.user_class
        key = (actor.user_id, now // QUARTER_US, kind, *pair, subject[:120], text)
        with self._lock:
            row = self._waiting.get(key)
            if row is not None and segments is None:
                row.last_at = max(row.last_at, now)
                return
        told = route_letters(host, *pair) if segments is None and asked is None else {}
        with self._lock:
            row = self._waiting.get(key)
            if row is None:
                ids = None if segments is None else set(segments)
                self._waiting[key] = _Row(now, now, host.network.network_id, told, ids)
                return
            row.last_at, row.routes = max(row.last_at, now), told or row.routes
            if row.segments is not None:
                row.segments |= set(segments or ())

    def flush(self, *, now: int) -> int:
        """Write what waits and return how many rows; what cannot be written goes on waiting."""
        with self._writing:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            try:
                self._prune(now)
                if waiting:
                    with self._database.writing() as session:
                        write_shown(session, waiting)
            except DBAPIError:
                log.warning("who was shown which states could not be written yet")
                with self._lock:
                    self._waiting = {**waiting, **self._waiting}
                return 0
            return len(waiting)

    def _prune(self, now: int) -> None:
        if now - self._pruned_at < PRUNE_EVERY_US:
            return
        with self._database.writing() as session:
            session.execute(delete(Shown).where(Shown.last_at < now - self._days * DAY_US))
        self._pruned_at = now


def write_shown(session: Session, rows: Mapping[Key, Any]) -> None:
    """Write rows, or widen those that are there; of persons that have an account."""
    known = set(session.scalars(select(User.id).where(User.id.in_({key[0] for key in rows}))))
    for key, row in rows.items():
        if key[0] in known:
            _write(session, key, row)


def _write(session: Session, key: Key, row: _Row) -> None:
    user_id, quarter, kind, profile, user_class, subject, asked = key
    same = {
        "user_id": user_id, "quarter": quarter, "kind": kind, "profile": profile, "user_class": user_class,
        "subject": subject, "asked": asked,
    }  # fmt: skip
    kept = session.scalar(select(Shown).filter_by(**same))
    if kept is not None and len(kept.segments or ()) + len(row.segments or ()) > SEGMENTS_MAX:
        kept = None
        same["subject"] = f"{subject[:80]} from {row.first_at}"
    if kept is None:
        listed = None if row.segments is None else sorted(row.segments)
        session.add(
            Shown(
                **same,
                first_at=row.first_at,
                last_at=row.last_at,
                network_id=row.network_id,
                routes=row.routes,
                segments=listed,
            )
        )
    else:
        kept.first_at, kept.last_at = min(kept.first_at, row.first_at), max(kept.last_at, row.last_at)
        kept.routes = row.routes or kept.routes
        if kept.segments is not None:
            kept.segments = sorted(set(kept.segments) | (row.segments or set()))
    session.flush()


def route_letters(host: PictureHost, profile: str, user_class: str) -> dict[str, str]:
    """Return code -> letter of the key routes as they are shown now."""
    states = host.states(profile, user_class).states
    return {code: letter(worst_along(states, arcs)) for code, arcs in host.key_routes().items()}
