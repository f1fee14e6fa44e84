"""Keeps what the queue of the desk says at hand: worked out when a process starts, and again before it grows old."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from fom.errors import FomError
from fom.services.picture_host import PictureHost
from fom.services.queue import prepare_queue
from fom.store.database import Database

PERIOD_S = 60.0
"""How often it is looked at: well within the time for which answers are told (`kept_now.KEPT_US`)."""
log = logging.getLogger(__name__)


class QueueKeeper:
    """One thread beside the requests; it ends with the process."""

    def __init__(self, database: Database, host: Callable[[], PictureHost]) -> None:
        self._database, self._host = database, host
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fom-queue", daemon=True)

    def start(self) -> None:
        """Begin with the first queue."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                host = self._host()
                with self._database.reading() as session:
                    prepare_queue(session, host, now=host.now())
            except (FomError, SQLAlchemyError, OSError) as failed:  # the next round tries again; whoever asks is told
                log.warning("the queue could not be prepared: %s", type(failed).__name__)
            self._stop.wait(PERIOD_S)
