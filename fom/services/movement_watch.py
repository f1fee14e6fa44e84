"""The thread of a process that tells open movements what each change, and time alone, does to their ways.

Nothing is polled for what time does: the next moment at which it makes a way worse is worked out with each version of
the picture, and looked at when it comes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from fom.domain.access import SYSTEM
from fom.domain.instants import DAY_US, HOUR_US, format_instant
from fom.domain.states import State
from fom.errors import FomError
from fom.services.movement_advice import TELLING, find_worse, keep_told, purge_ways
from fom.services.movement_ahead import TOGETHER_US, Due, next_due
from fom.services.movement_marks import RouteMarks
from fom.services.movement_outlook import due_words, is_explosive, judge_movements
from fom.services.movement_places import last_seen
from fom.services.movements import EVERYTHING, list_movements
from fom.services.picture_host import PictureHost
from fom.services.writing import note, step
from fom.store.changes import find_change, list_changes, newest_change, newest_number
from fom.store.database import Database
from fom.store.tables import Change, Movement, MovementAdvice, MovementPlan

log = logging.getLogger(__name__)
BACK = 50
BACK_US = 6 * HOUR_US
"""A process that starts looks so far back for what nobody was there to tell (J)."""
AT_ONCE = 100
"""Changes looked at in one round; what came before them moved a picture that has moved on since (J)."""
POLL_S = 0.5
RENEWED_US = HOUR_US
"""So often the next moments are worked out again although nothing changed: movements come within the week looked at."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What time alone will do to open movements, as known at a version: (movement id, moment), by moment."""

    version: int
    made_at: int
    dues: tuple[tuple[str, Due], ...]

    def is_past(self, now: int) -> bool:
        """Return whether something on it has come, or it is to be made again."""
        return now >= self.made_at + RENEWED_US or bool(self.dues and self.dues[0][1].at <= now)


def make_agenda(session: Session, host: PictureHost, *, after: int) -> Agenda:
    """Return the next moment of every open movement, after a moment, at which time alone makes its way worse."""
    version, now = host.version, host.now()
    rows = [m for m in list_movements(session, actor=EVERYTHING, now=now, since=now) if m["outcome"] is None]
    seen = last_seen(session, host, rows, known_at=now)
    judged = judge_movements(host, rows, at=min(after, now), known_at=now, seen=seen, with_alternates=False)
    dues = []
    for movement_id, one in judged.items():
        due = next_due(
            one.ways[0], one.roads, planned_start=one.planned_start, actual_start=one.actual_start,
            seen=seen.get(movement_id), after=after,
        )  # fmt: skip
        dues += [] if due is None else [(movement_id, due)]
    return Agenda(version, now, tuple(sorted(dues, key=lambda pair: (pair[1].at, pair[0]))))


def tell_dues(session: Session, host: PictureHost, agenda: Agenda, *, now: int) -> list[int] | None:
    """Write the receipts of what has come; return their numbers, None where the picture is behind the database.

    Of several processes the first to write one writes it for all: what was told of a movement about that moment
    already is not told again.
    """
    at = step(session, now)
    if newest_number(session) != agenda.version:
        return None
    come = {movement_id: due for movement_id, due in agenda.dues if due.at <= now}
    rows = [m for m in list_movements(session, actor=EVERYTHING, now=now, since=now) if m["id"] in come]
    seen = last_seen(session, host, rows, known_at=now)
    numbers = []
    for row in rows:
        due = come[row["id"]]
        judged = judge_movements(host, [row], at=due.at, known_at=now, seen=seen).get(row["id"])
        if judged is None or _was_told(session, row["id"], due):
            continue
        text = due_words(judged, due, RouteMarks(session, host, row["classification"]))
        details = {"due_at": format_instant(due.at), "state": due.run.state.name}
        subject = ("movement", row["id"])
        change = note(session, "tell_movement", subject, kind="register", actor=SYSTEM, at=at, details=details)
        advice = MovementAdvice(
            movement_id=row["id"], change_number=change, due_at=due.at, state=due.run.state.name, text=text,
            is_explosive=is_explosive(judged, due.run), told_at=now,
        )  # fmt: skip
        session.add(advice)
        session.flush()
        numbers.append(advice.number)
        at = step(session, now)
    return numbers


def _was_told(session: Session, movement_id: str, due: Due) -> bool:
    """Return whether it was told of that moment, or since then of as bad a state by a change.

    What a change brings may hold from a moment before it on, and then looks as if time had done it.
    """
    near = MovementAdvice.due_at.between(due.at - TOGETHER_US, due.at + TOGETHER_US)
    by_change = and_(MovementAdvice.due_at.is_(None), Change.at >= due.at)
    query = select(MovementAdvice).join(Change, Change.number == MovementAdvice.change_number)
    found = session.scalars(query.where(MovementAdvice.movement_id == movement_id, or_(near, by_change)))
    return any(told.due_at == due.at or State[told.state] >= due.run.state for told in found)


class MovementWatch:
    """Tells open movements what each change, and time alone, does to their ways; once over all processes."""

    def __init__(self, database: Database, host: Callable[[], PictureHost]) -> None:
        self._database, self._host = database, host
        self._seen: int | None = None
        self._agenda: Agenda | None = None
        self._told_until = 0
        """Moment up to which what time alone does was told."""
        self._purged_on = -1
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch; ends with the process."""
        self._thread = threading.Thread(target=self._run, name="fom-movements", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def look(self) -> int:
        """Look at every change that the picture has taken in since the last look, and at the clock.

        Returns how many advices are new.
        """
        host = self._host()
        if self._seen is None:
            self._seen, self._told_until = self._begin(host), host.now() - BACK_US
        told = self._look_at_changes(host, self._seen) if host.version > self._seen else 0
        return told + (self._look_at_clock(host) if host.version == self._seen else 0)

    def _look_at_changes(self, host: PictureHost, seen: int) -> int:
        version = host.version
        with self._database.reading() as session:
            first = max(seen, version - AT_ONCE)
            changes = [change for change in list_changes(session, after=first) if change.number <= version]
            before = find_change(session, first)
        previous, told = 0 if before is None else before.at, 0
        for change in changes:
            if change.kind in TELLING and change.record_ids:
                told += self._tell(host, change, previous)
            previous, self._seen = change.at, change.number
        self._seen = version
        return told

    def _look_at_clock(self, host: PictureHost) -> int:
        now, agenda = host.now(), self._agenda
        if agenda is None or agenda.version != host.version or agenda.is_past(now):
            agenda = self._make_agenda(host)
        if agenda.version != self._seen:
            return 0  # a change came meanwhile: it is told first, as what it is
        if not agenda.is_past(now):
            self._agenda, self._told_until = agenda, max(self._told_until, now)
            return 0
        with self._database.writing() as session:
            numbers = tell_dues(session, host, agenda, now=now)
        if numbers is None:
            return 0  # the change that is not in the picture yet comes first
        self._told_until, self._agenda = now, None
        return len(numbers)

    def _make_agenda(self, host: PictureHost) -> Agenda:
        with self._database.reading() as session:
            if _is_any_open(session):
                return make_agenda(session, host, after=self._told_until)
        return Agenda(host.version, host.now(), ())

    def purge_daily(self) -> None:
        """Take out, once a day, the ways that are not to be kept any longer: also where nobody plans or closes."""
        now = self._host().now()
        if now // DAY_US != self._purged_on:
            with self._database.writing() as session:
                purge_ways(session, now=now)
            self._purged_on = now // DAY_US

    def _tell(self, host: PictureHost, change: Change, previous: int) -> int:
        now = host.now()
        with self._database.reading() as session:
            told = find_worse(session, host, change, previous, now=now) if _is_any_open(session) else []
        if not told:
            return 0
        with self._database.writing() as session:
            return len(keep_told(session, told, change.number, now=now))

    def _begin(self, host: PictureHost) -> int:
        with self._database.reading() as session:
            newest = newest_change(session)
            if newest is None:
                return 0
            back = list_changes(session, after=max(0, host.version - BACK))
            return next((change.number - 1 for change in back if change.at >= host.now() - BACK_US), host.version)

    def _run(self) -> None:
        is_failing = False
        while not self._stop.wait(POLL_S):
            try:
                self.look()
                self.purge_daily()
                is_failing = False
            except (FomError, SQLAlchemyError, OSError):
                if not is_failing:
                    log.exception("movements could not be told")
                is_failing = True


def _is_any_open(session: Session) -> bool:
    query = select(Movement.id).join(MovementPlan, MovementPlan.movement_id == Movement.id)
    return session.scalar(query.where(Movement.outcome.is_(None)).limit(1)) is not None
