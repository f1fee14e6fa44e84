"""The process whose children read the files of strangers: small, with the readers loaded, and nothing else in it.

`python -m fom.exchange.nursery MODULE…` loads the modules that hold readers and waits on its standard input, a socket.
Each job comes as two descriptors: a socket, on which a child of its own gets the file and writes what it read, and a
pipe, on which the nursery tells how that child ended. A child has limits of memory, processor time and files, none of
the server's settings or connections, reads one file and is gone. The nursery ends with who started it, and ends its
children first. `apart` is the other side.
"""

from __future__ import annotations

import importlib
import os
import resource
import selectors
import signal
import socket
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from fom.errors import InvalidInput

MEMORY_MAX = 512 * 1024 * 1024
"""Bytes of address space that a child may have besides what it has when it begins."""
CPU_MAX_S = 20
"""Source of both: reliability goal S7."""
WALL_MAX_S = 60
"""A child is ended then, whatever it waits for. Project decision, like the next."""
ANSWER_MAX = 64 * 1024 * 1024
"""Bytes of what was read; 10,000 rows of texts or 200,000 points take a quarter of it."""
_DESCRIPTORS_MAX = 1 << 16


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended: the signal that ended it (0: none), what it took at most, and whether it was too late."""

    signal: int
    is_late: bool
    peak_mb: float
    cpu_s: float


@dataclass(slots=True)
class _Child:
    pid: int
    told: int
    """Where its ending is told."""
    until: float


def main(modules: list[str]) -> None:
    """Load the readers, then start a child for each job until nobody is on the other side any more."""
    sys.modules["numpy"] = None  # type: ignore[assignment]  # openpyxl takes it where it is: threads and 120 MB
    for module in modules:
        importlib.import_module(module)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    with selectors.DefaultSelector() as waiting:
        waiting.register(control, selectors.EVENT_READ)
        _serve(control, waiting, frozenset(modules))


def _serve(control: socket.socket, waiting: selectors.BaseSelector, modules: frozenset[str]) -> None:
    children: dict[int, _Child] = {}
    while True:
        now = time.monotonic()
        soonest = min((child.until for child in children.values()), default=None)
        ready = waiting.select(None if soonest is None else max(0.0, soonest - now))
        over = [key.fd for key, _ in ready if key.fileobj is not control]
        over += [alive for alive, child in children.items() if child.until <= now and alive not in over]
        for alive in over:
            waiting.unregister(alive)
            os.close(alive)
            _end(children.pop(alive), is_late=alive not in {key.fd for key, _ in ready})
        if any(key.fileobj is control for key, _ in ready):
            asked, descriptors, _, _ = socket.recv_fds(control, 1, 2)
            if not asked:
                for child in children.values():
                    os.kill(child.pid, signal.SIGKILL)
                return
            alive, child = _start(descriptors, modules)
            children[alive] = child
            waiting.register(alive, selectors.EVENT_READ)


def _start(descriptors: list[int], modules: frozenset[str]) -> tuple[int, _Child]:
    """Return (what can be read once the child is gone, the child)."""
    job, told = descriptors
    alive, life = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        with suppress(BaseException):  # whatever it is, nothing of the nursery's may run in the child
            _keep_only(job, life)
            _bound()
            _answer(job, modules)
            code = 0
        os._exit(code)
    os.close(job)
    os.close(life)
    return alive, _Child(pid, told, time.monotonic() + WALL_MAX_S)


def _end(child: _Child, *, is_late: bool) -> None:
    """Tell how a child ended; one that is late, or only let go of its pipe, is ended first."""
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)
    _, status, used = os.wait4(child.pid, 0)
    ended = Ending(
        os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        is_late,
        round(used.ru_maxrss / 1024, 1),
        round(used.ru_utime + used.ru_stime, 2),
    )
    with suppress(OSError):
        os.write(child.told, orjson.dumps(asdict(ended)))
    os.close(child.told)


# in the child


def _keep_only(*kept: int) -> None:
    os.dup2(0, 2)  # what C code complains of may hold words of the file
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, _DESCRIPTORS_MAX)


def _bound() -> None:
    with open("/proc/self/statm") as file:
        has = int(file.read().split()[0]) * resource.getpagesize()
    for name, most in (
        (resource.RLIMIT_AS, has + MEMORY_MAX),
        (resource.RLIMIT_CPU, CPU_MAX_S),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(name, (most, most))
    signal.setitimer(signal.ITIMER_REAL, WALL_MAX_S + 1)  # ends it where the nursery is gone and cannot


def _answer(job: int, modules: frozenset[str]) -> None:
    """Read the job to its end and write what the reader said: `v` and a value, `r` and refusals, or `m` for memory."""
    with socket.socket(fileno=job) as asked:
        try:
            with asked.makefile("rb") as stream:
                module, name, options = orjson.loads(stream.readline())
                data = stream.read()
            told = _told(_find(module, name, modules), data, options)
        except (MemoryError, SystemError):  # C code that finds no memory may forget to say which of the two
            told = b"m"
        asked.sendall(told)


def _find(module: str, name: str, modules: frozenset[str]) -> Callable[..., Any]:
    if module not in modules:
        raise LookupError(module)
    found: Callable[..., Any] = getattr(sys.modules[module], name)
    return found


def _told(read: Callable[..., Any], data: bytes, options: dict[str, str]) -> bytes:
    try:
        value = read(data, **options)
    except InvalidInput as refused:
        return b"r" + orjson.dumps([asdict(error) for error in refused.errors])
    told = b"v" + orjson.dumps(value, default=_as_text)
    if len(told) > ANSWER_MAX:
        raise MemoryError
    return told


def _as_text(value: object) -> str:
    """Return bytes as JSON can hold them."""
    if not isinstance(value, bytes):
        raise TypeError(type(value).__name__)
    return urlsafe_b64encode(value).decode()


if __name__ == "__main__":
    main(sys.argv[1:])
