"""Files of strangers are read apart: by a reader of ours, in a process of its own with limits, that reads one file.

A reader that crashes, spins or eats memory takes its own process along and nothing else; who sent the file is told so
in words. What comes back is text checked against the type that the reader promises, never code. `nursery` is the
other side.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import orjson
from pydantic import TypeAdapter, ValidationError

import fom
from fom.errors import Busy, FieldError, InvalidInput
from fom.exchange.nursery import ANSWER_MAX, CPU_MAX_S, MEMORY_MAX, WALL_MAX_S, Ending

READERS = ("fom.exchange.gpx", "fom.exchange.photos", "fom.exchange.tables")
"""Modules whose readers are run apart."""
AT_ONCE = max(2, min(4, os.cpu_count() or 2))
"""Files that one process of the server has read at the same time."""
WAITING_MAX = 16
"""Files that may wait for that: each holds a thread, and the map and reports need the others."""
PATIENCE_S = 10.0
"""How long one waits. Source of all: project decision."""
GRACE_S = 5.0
"""By how much a nursery that says nothing is waited for longer than any of its children may take."""
NOT_NOW = "Too many files are being read; nothing was kept of this one. Send it again in some seconds."
EXPECTED = "an undamaged file; open it in its program and save it again"
_ROOT = Path(fom.__file__).resolve().parents[1]
_SETTINGS = ("PATH", "LANG", "LC_", "LD_", "PYTHON")
"""Beginnings of the only variables that a nursery has: none of ours, so no secret."""

T = TypeVar("T")
log = logging.getLogger("fom.exchange")


def read_apart(read: Callable[..., T], data: bytes, *, field: str = "file", **options: str) -> T:
    """Return what `read(data, **options)` returns, run in a process of its own.

    Parameters
    ----------
    read
        A function of one of the `READERS` that says what it returns.
    field
        What a refusal calls the file.

    Raises
    ------
    InvalidInput
        What the reader refuses; also a file that its reader does not survive, or not within the limits.
    Busy
        Too many files are being read.
    """
    return _ours.read(read, data, field=field, **options)


class Nursery:
    """The process whose children read files, started with the first and again when it is gone. Safe between threads."""

    def __init__(self, modules: tuple[str, ...] = READERS) -> None:
        self._modules = modules
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._asking = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._places = threading.BoundedSemaphore(AT_ONCE + WAITING_MAX)
        self.last: Ending | None = None
        """How the last child ended, for those who measure."""

    @property
    def pid(self) -> int | None:
        """Return the number of its process while there is one."""
        return None if self._process is None else self._process.pid

    def read(self, read: Callable[..., T], data: bytes, *, field: str = "file", **options: str) -> T:
        """See `read_apart`."""
        if read.__module__ not in self._modules:
            raise ValueError(f"{read.__module__} is none of the modules that are read apart")
        with self._turn():
            for _ in range(2):
                told, ending = self._ask([read.__module__, read.__name__, options], data)
                if ending is not None:
                    self.last = ending
                    return _value(read, told, ending, field)
        raise Busy(NOT_NOW)  # the nursery went, not the file's reader: that says nothing of the file

    def close(self) -> None:
        """End the process and what runs in it; the next file starts another."""
        with self._asking:
            self._let_go()

    def disown(self) -> None:
        """Let go of what a fork brought along: the nursery is the other process's, and ends with that one."""
        if self._control is not None:
            self._control.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy(NOT_NOW)
        try:
            if not self._turns.acquire(timeout=PATIENCE_S):
                raise Busy(NOT_NOW)
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()

    def _ask(self, job: list[Any], data: bytes) -> tuple[bytes, Ending | None]:
        """Return (what the child wrote, how it ended: None when the nursery ended before it)."""
        ours, theirs = socket.socketpair()
        told, tell = socket.socketpair()
        with ours, told:
            with theirs, tell:
                self._hand_over(theirs.fileno(), tell.fileno())
            ours.settimeout(WALL_MAX_S + GRACE_S)
            told.settimeout(GRACE_S)
            answer = b""
            with suppress(OSError):  # a child that is gone, or too late: its ending says so
                with suppress(BrokenPipeError):  # it may have refused without reading to the end
                    ours.sendall(orjson.dumps(job) + b"\n")
                    ours.sendall(data)
                    ours.shutdown(socket.SHUT_WR)
                answer = _read_all(ours)
            ours.close()
            said = b""
            with suppress(OSError):
                said = told.recv(4096)
        return answer, Ending(**json.loads(said)) if said else None

    def _hand_over(self, *descriptors: int) -> None:
        with self._asking:
            for _ in range(2):
                with suppress(OSError):
                    socket.send_fds(self._running(), [b"r"], descriptors)
                    return
                self._let_go()  # it ended since the last file: the next one is given to a new one
        log.error("files cannot be read: their process does not start")
        raise Busy(NOT_NOW)

    def _running(self) -> socket.socket:
        if self._control is None:
            control, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                    [sys.executable, "-m", "fom.exchange.nursery", *self._modules],
                    stdin=theirs.fileno(), stdout=subprocess.DEVNULL, cwd=_ROOT, start_new_session=True,
                    env={name: value for name, value in os.environ.items() if name.startswith(_SETTINGS)},
                )  # fmt: skip
            self._control = control
        return self._control

    def _let_go(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=GRACE_S)
            self._process.kill()
            self._process.wait()
            self._process = None


def _read_all(source: socket.socket) -> bytes:
    answer = bytearray()
    while block := source.recv(1 << 20):
        answer += block
        if len(answer) > ANSWER_MAX:
            return b""
    return bytes(answer)


def _value(read: Callable[..., T], told: bytes, ending: Ending, field: str) -> T:
    kind, body = told[:1], told[1:]
    with suppress(ValidationError):  # cut off, or not what its reader promises
        if kind == b"v":
            value: T = _type_of(read).validate_json(body)
            return value
        if kind == b"r":
            raise InvalidInput(_REFUSALS.validate_json(body))
    raise InvalidInput.single(field, _what_happened(kind, ending), EXPECTED)


def _what_happened(kind: bytes, ending: Ending) -> str:
    log.warning("a reader ended by signal %d: %.1f s, %.0f MB", ending.signal, ending.cpu_s, ending.peak_mb)
    if kind == b"m":
        return f"a file that takes more than {MEMORY_MAX // 1024 // 1024} MB of memory to read"
    if ending.is_late and ending.cpu_s < CPU_MAX_S / 2:
        raise Busy(NOT_NOW)  # the machine had no time for it: that says nothing of the file
    if ending.is_late or ending.cpu_s >= CPU_MAX_S - 1:
        return f"a file that takes longer than {CPU_MAX_S} s to read"
    return "a file on which its reader broke down"


@cache
def _type_of(read: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(read)["return"])


_REFUSALS: TypeAdapter[list[FieldError]] = TypeAdapter(list[FieldError])
_ours = Nursery()


def _begin_anew() -> None:
    global _ours
    _ours.disown()
    _ours = Nursery()


os.register_at_fork(after_in_child=_begin_anew)
