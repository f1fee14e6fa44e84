"""The two threads behind a picture host: one follows the change sequence and the clock, one listens to PostgreSQL.

SQLite has nothing to listen to, so its sequence is polled; PostgreSQL notifies, and is polled too for what a broken
connection may have swallowed: as often as SQLite while nobody listens.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import psycopg

from fom.store.changes import CHANNEL
from fom.store.database import Database

POLL_S = 0.25
NOTIFIED_POLL_S = 1.0
LISTEN_PAUSE_S = 2.0
"""Before a broken listener tries again."""
LISTEN_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""A server that is gone without a word is noticed within some ten seconds; changes are polled for meanwhile."""
log = logging.getLogger(__name__)


class HostThreads:
    """Calls `step` soon after every change and regularly, until stopped."""

    def __init__(self, step: Callable[[], None], database: Database) -> None:
        self._step = step
        self._database = database
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._listening = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads; they end with the process."""
        loops = [self._follow] if self._database.is_sqlite else [self._follow, self._listen]
        self._threads = [threading.Thread(target=loop, name=f"fom-{loop.__name__}", daemon=True) for loop in loops]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads and wait for them."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _follow(self) -> None:
        is_failing = False
        while not self._stop.is_set():
            self._wake.wait(NOTIFIED_POLL_S if self._listening.is_set() else POLL_S)
            self._wake.clear()
            if self._stop.is_set():
                return
            try:
                self._step()
                is_failing = False
            except Exception:
                # The edge of a thread: whatever it was, a full pool or a full disk, the next round tries again, so that
                # no failure ends the picture for good. Readiness tells how far it lies behind.
                if not is_failing:  # once, not four times a second while a database is away
                    log.exception("the picture could not follow")
                is_failing = True

    def _listen(self) -> None:
        url = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while not self._stop.is_set():
            try:
                with psycopg.connect(url, autocommit=True, **LISTEN_OPTIONS) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._listening.set()
                    self._wake.set()
                    while not self._stop.is_set():
                        for _ in connection.notifies(timeout=1.0, stop_after=1):
                            self._wake.set()
            except psycopg.Error:
                log.warning("listening for changes was interrupted")
                self._listening.clear()
                self._stop.wait(LISTEN_PAUSE_S)
