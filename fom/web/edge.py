"""What every request stands on: settings, database, picture host and the one clock, made by `app.create_app`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, g, has_request_context
from sqlalchemy.exc import SQLAlchemyError

from fom.config import Config
from fom.errors import FomError

log = logging.getLogger("fom.web")


def now_us() -> int:
    """Return the moment by the machine's clock: the only place that asks it on behalf of the services."""
    return time.time_ns() // 1000


@dataclass(eq=False)
class Edge:
    """The parts that the views use.

    `open_hosts` runs at most once at a time; until it succeeded there is no picture.
    """

    config: Config
    database: Any
    """`fom.store.database.Database`; the web room only opens its sessions."""
    clock: Callable[[], int]
    open_hosts: Callable[[], Any]
    closing: threading.Event = field(default_factory=threading.Event)
    """Set when the process is asked to end: open streams end within a second."""
    closers: list[Callable[[], None]] = field(default_factory=list)
    """What else ends with the application."""
    opened: list[Callable[[], object]] = field(default_factory=list)
    """What begins once the picture is there."""
    _hosts: Any = None
    _opening: threading.Lock = field(default_factory=threading.Lock)

    @property
    def hosts(self) -> Any:
        """Return the picture hosts of the process (`NetworkSwitch`), opening them on first use.

        Raises
        ------
        BadReferenceData
            No network is active, or its files cannot be trusted.
        """
        return self._opened()

    def _opened(self) -> Any:
        if self._hosts is None:
            with self._opening:
                if self._hosts is None:
                    self._hosts = self.open_hosts()
                    for begin in self.opened:
                        begin()
        return self._hosts

    @property
    def host(self) -> Any:
        """Return the picture host in use; one request has the same from its beginning to its end."""
        if not has_request_context():
            return self.hosts.current
        if "host" not in g:
            g.host = self.hosts.current
        return g.host

    @property
    def is_open(self) -> bool:
        """Return whether the picture is there; asking does not open it."""
        return self._hosts is not None

    def warm_up(self) -> None:
        """Open the picture beside the requests; what keeps it from opening is told to the first who needs it."""

        def open_it() -> None:
            try:
                self._opened()
            except (FomError, SQLAlchemyError, OSError) as failed:
                log.warning("the picture could not be opened: %s", type(failed).__name__)

        if not self.is_open and not self._opening.locked():
            threading.Thread(target=open_it, name="fom-warm-up", daemon=True).start()

    def follow(self) -> None:
        """Apply what was just committed to the picture, if there is one."""
        if self._hosts is not None:
            self._hosts.follow()
            if has_request_context():
                g.pop("host", None)  # what follows is told of the picture with the change in it

    def close(self) -> None:
        """Let the streams end and stop every thread of the application; again changes nothing."""
        self.closing.set()
        closers, self.closers = self.closers, []
        for close in closers:
            close()
        if self._hosts is not None:
            self._hosts.stop()


def edge() -> Edge:
    """Return the parts of the application that answers this request."""
    return current_app.extensions["fom"]  # type: ignore[no-any-return]


@contextmanager
def reading() -> Iterator[Any]:
    """Yield a session on one snapshot; closed in any case."""
    with edge().database.reading() as session:
        yield session


@contextmanager
def writing() -> Iterator[tuple[Any, int]]:
    """Yield (session, now) of the request's one transaction; committed at the end, then followed by the picture.

    The time is taken inside, so that receipt times follow the order of changes.
    """
    parts = edge()
    with parts.database.writing() as session:
        yield session, parts.clock()
    parts.follow()
