"""One database behind one value: SQLite (one writer, full sync) or PostgreSQL with PostGIS, the same promises on both.

Writing transactions follow one another: BEGIN IMMEDIATE on SQLite, one advisory lock on PostgreSQL. Change numbers
therefore rise in the order of commits, and a follower that has seen number n has seen everything before it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import TimeoutError as WaitedTooLong
from sqlalchemy.orm import Session, sessionmaker

from fom.errors import KeptConflict

WRITE_LOCK = 0x464F4D
"""Key of the advisory lock that a PostgreSQL writer holds until it commits."""
BUSY_TIMEOUT_S = 30.0
"""How long who wants to write waits for those before; then nothing is written and whoever asked may ask again."""
POOL_SIZE, POOL_OVERFLOW = 10, 10
"""Connections of one process: those kept, and how many more when many ask at once. Four processes stay under the 100
that PostgreSQL gives out unless told otherwise."""


class Database:
    """An engine with its two kinds of sessions. Safe to share between threads; make it after forking, not before."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self._turn = threading.Lock()
        """One writer of this process at a time comes to the database: who waits for the writer's lock holds no
        connection, so that the one who has it finds a second one to read with."""
        self._here = threading.local()
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)
        """Deferred sessions, for reading and for code that brings its own sessions."""
        self._writers = sessionmaker(self.engine.execution_options(fom_writes=True), expire_on_commit=False)
        self._readers = sessionmaker(
            self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ"),
            expire_on_commit=False,
        )

    @property
    def is_writing(self) -> bool:
        """Return whether this thread is in a writing session."""
        return getattr(self._here, "is_writing", False)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session that alone may write; commit at the end, roll back on an exception.

        A `KeptConflict` is committed and raised: what it kept is evidence.

        Raises
        ------
        RuntimeError
            This thread is in a writing session: a second one would wait for the first for ever.
        sqlalchemy.exc.TimeoutError, OperationalError
            The turn did not come within `BUSY_TIMEOUT_S`.
        """
        if self.is_writing:
            raise RuntimeError("a writing session inside another one of the same thread")
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_S):
            raise WaitedTooLong(f"others have been writing for {BUSY_TIMEOUT_S:.0f} s")
        try:
            with self._own_turn() as session:
                yield session
        finally:
            self._turn.release()

    @contextmanager
    def _own_turn(self) -> Iterator[Session]:
        with self._writers() as session:
            self._here.is_writing = True
            try:
                if not self.is_sqlite:
                    wait = f"SET LOCAL lock_timeout = {round(BUSY_TIMEOUT_S * 1000)}"
                    session.connection().exec_driver_sql(f"{wait}; SELECT pg_advisory_xact_lock({WRITE_LOCK})")
                try:
                    yield session
                except KeptConflict:
                    session.commit()
                    raise
                session.commit()
            finally:
                self._here.is_writing = False

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session on one snapshot of the database; it never waits for a writer and stores nothing."""
        with self._readers() as session:
            yield session

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _postgres_engine(url: str) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW)


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW,
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("fom_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
