"""Who was shown which states: one compact row for each person, quarter of an hour and kind of page.

A row holds the letters of the key routes or the segments that were shown: their ids, and of many of them the runs of
their numbers. What exactly was shown is worked out again from the records when it matters (`alerts.false_states`).
Rows are gathered in memory and written together, so that showing something never waits for the database, and a state
is shown also when nothing can be written. How long rows are kept is `alerts.keeping`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import MINUTE_US
from fom.network.network import Network
from fom.picture.question import Question
from fom.services.followed import worst_along
from fom.services.picture_events import letter
from fom.services.picture_host import PictureHost
from fom.store.database import Database
from fom.store.tables import Shown, User

QUARTER_US = 15 * MINUTE_US
IDS_MAX = 500
"""Segments of one row that are kept by their ids, some 10 kB; of more the runs of their numbers are kept."""
RUNS_MAX = 2_000
"""Runs of numbers in one row, some 30 kB; the narrowest gaps between more are closed, so that too many rather than too
few segments count as shown. Source: project judgement."""
ROUND_S, CLOSING_ROUND_S = 1.0, 0.1
"""How often what waits is written; the second while running requests get their last seconds."""
Key = tuple[str, int, str, str, str, str, str, str]
log = logging.getLogger(__name__)


@dataclass
class _Row:
    """What is waiting to be written of one key."""

    first_at: int
    last_at: int
    network: Network
    routes: dict[str, str]
    segments: set[int] | None


class ShownLog:
    """What this process has shown and not yet written down. Safe from any thread."""

    def __init__(self, database: Database, *, closing: threading.Event | None = None) -> None:
        self._database = database
        self._closing = threading.Event() if closing is None else closing
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: dict[Key, _Row] = {}
        self._is_failing = False

    def start(self) -> None:
        """Begin to write in the background: every second, and at once when the process is asked to end (`closing`).

        A thread of its own, so that no other work keeps what was shown from being there when a change is asked whom it
        proves wrong.
        """
        self._thread = threading.Thread(target=self._run, name="fom-shown", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and write what is left."""
        self._stop.set()
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self.flush()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._closing.is_set():
                self._stop.wait(CLOSING_ROUND_S)
            else:
                self._closing.wait(ROUND_S)
            self.flush()

    def note(
        self,
        host: PictureHost,
        kind: str,
        question: Question,
        *,
        actor: Actor,
        subject: str = "",
        asked: tuple[int, int] | None = None,
        segments: Iterable[str | int] | None = None,
    ) -> None:
        """Remember that a person is shown the states of a question now.

        Parameters
        ----------
        asked
            (at, known_at) where the page is about other moments than now.
        segments
            Ids or numbers of what is shown, on the host's network; None = the key routes, whose letters are then kept
            as evidence.
        """
        now, network = host.now(), host.network
        text = "" if asked is None else f"{asked[0]}/{asked[1]}"
        pair = question.profile.name, question.user_class
        key = (actor.user_id, now // QUARTER_US, kind, *pair, subject[:120], text, network.network_id)
        with self._lock:
            row = self._waiting.get(key)
            if row is not None and segments is None:
                row.last_at = max(row.last_at, now)
                return
        told = route_letters(host, *pair) if segments is None and asked is None else {}
        made = _Row(now, now, network, told, None if segments is None else numbers_of(network, segments))
        with self._lock:
            row = self._waiting.get(key)
            self._waiting[key] = made if row is None else _widened(row, made)

    def flush(self) -> int:
        """Write what waits and return how many rows; what cannot be written goes on waiting."""
        with self._writing:
            with self._lock:
                waiting, self._waiting = self._waiting, {}
            if not waiting:
                return 0
            try:
                with self._database.writing() as session:
                    write_shown(session, waiting)
                self._is_failing = False
            except SQLAlchemyError:
                if not self._is_failing:  # once, not every second while a database is away
                    log.warning("who was shown which states could not be written yet")
                self._is_failing = True
                with self._lock:
                    for key, row in self._waiting.items():
                        waiting[key] = row if key not in waiting else _widened(waiting[key], row)
                    self._waiting = waiting
                return 0
            return len(waiting)


def _widened(row: _Row, later: _Row) -> _Row:
    """Return what two rows of one key hold together."""
    segments = None if row.segments is None else row.segments | (later.segments or set())
    return _Row(row.first_at, max(row.last_at, later.last_at), later.network, later.routes or row.routes, segments)


def write_shown(session: Session, rows: Mapping[Key, Any]) -> None:
    """Write rows, or widen those that are there; of persons that have an account."""
    known = set(session.scalars(select(User.id).where(User.id.in_({key[0] for key in rows}))))
    for key, row in rows.items():
        if key[0] in known:
            _write(session, key, row)


def _write(session: Session, key: Key, row: _Row) -> None:
    user_id, quarter, kind, profile, user_class, subject, asked, network_id = key
    same = {
        "user_id": user_id, "quarter": quarter, "kind": kind, "profile": profile, "user_class": user_class,
        "subject": subject, "asked": asked,
    }  # fmt: skip
    kept = session.scalar(select(Shown).filter_by(**same))
    if kept is not None and kept.network_id != network_id:  # another network came into use meanwhile
        same["subject"] = f"{subject[:60]} on {network_id}"[:120]
        kept = session.scalar(select(Shown).filter_by(**same))
    numbers = row.segments
    if kept is not None and kept.segments is not None:
        numbers = numbers_of(row.network, expanded(kept.segments)) | (numbers or set())
    segments = None if numbers is None else compact(row.network, numbers)
    if kept is None:
        session.add(
            Shown(
                **same,
                first_at=row.first_at,
                last_at=row.last_at,
                network_id=network_id,
                routes=row.routes,
                segments=segments,
            )
        )
    else:
        kept.segments = None if kept.segments is None else segments
        kept.first_at, kept.last_at = min(kept.first_at, row.first_at), max(kept.last_at, row.last_at)
        kept.routes = row.routes or kept.routes
    session.flush()


def numbers_of(network: Network, segments: Iterable[str | int]) -> set[int]:
    """Return the numbers of segments given by id or number; an id that is not on the network is left out."""
    found = (one if isinstance(one, int) else network.find_segment(one) for one in segments)
    return {number for number in found if number is not None}


def compact(network: Network, numbers: Collection[int]) -> list[Any]:
    """Return segments as they are kept: few by their ids, many as first and last number of runs, flat and ascending.

    Runs beyond RUNS_MAX are joined over the narrowest gaps.
    """
    ordered = np.array(sorted(numbers), np.int64)
    if len(ordered) <= IDS_MAX:
        return sorted(network.segment_id(number) for number in ordered.tolist())
    gaps = np.diff(ordered)
    least = 1 if (gaps > 1).sum() < RUNS_MAX else max(1, int(np.sort(gaps)[-RUNS_MAX]))
    ends = np.flatnonzero(gaps > least)
    first, last = ordered[np.append(0, ends + 1)], ordered[np.append(ends, len(ordered) - 1)]
    return [int(number) for number in np.column_stack([first, last]).ravel()]


def expanded(kept: Sequence[Any]) -> Iterator[str | int]:
    """Yield the ids, or the numbers, of segments as they are kept."""
    if kept and isinstance(kept[0], int):
        for first, last in zip(kept[::2], kept[1::2], strict=True):
            yield from range(first, last + 1)
    else:
        yield from kept


def route_letters(host: PictureHost, profile: str, user_class: str) -> dict[str, str]:
    """Return code -> letter of the key routes as they are shown now."""
    states = host.states(profile, user_class).states
    return {code: letter(worst_along(states, arcs)) for code, arcs in host.key_routes().items()}
