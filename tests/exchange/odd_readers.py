"""Readers as a hostile file would make ours be: run apart by a nursery of the tests."""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path

from fom.errors import InvalidInput


def length(data: bytes, word: str = "") -> int:
    """Return how many bytes came, and those of a word."""
    return len(data) + len(word)


def refuses(data: bytes) -> int:
    raise InvalidInput.single("file", repr(data[:20]), "another file", reason="odd")


def eats_memory(data: bytes) -> int:
    held = [b"x" * 1024 * 1024 for _ in range(4096)]
    return len(held)


def eats_memory_in_words(data: bytes) -> list[str]:
    """Stay under the bound while reading, and go beyond that of answers with what was read."""
    return ["x" * 1024] * 80 * 1024


def spins(data: bytes) -> int:
    while True:
        pass


def sleeps(data: bytes) -> int:
    time.sleep(3600)
    return 0


def naps(data: bytes) -> int:
    time.sleep(1)
    return len(data)


def crashes(data: bytes) -> int:
    return int(ctypes.string_at(0)[0])


def leaves(data: bytes) -> int:
    os._exit(0)


def fails(data: bytes) -> int:
    raise RuntimeError("a reader with a fault of its own")


def lies(data: bytes) -> int:
    return "not a number"  # type: ignore[return-value]


def hangs_up(data: bytes) -> int:
    """Let go of everything that ties it to the nursery, and go on."""
    os.closerange(0, 1 << 16)
    time.sleep(3600)
    return 0


def looks_about(data: bytes) -> dict[str, str]:
    """Return what a child has of the server: variables, open files, modules."""
    import sys

    names = sorted(os.listdir("/proc/self/fd"))
    links = [os.readlink(f"/proc/self/fd/{name}") for name in names if Path(f"/proc/self/fd/{name}").exists()]
    heavy = ("flask", "sqlalchemy", "numpy", "gunicorn", "psycopg", "shapely")
    return {
        "variables": " ".join(sorted(os.environ)),
        "open": " ".join(sorted({link.split(":")[0] for link in links})),
        "modules": " ".join(name for name in heavy if sys.modules.get(name) is not None),
    }


def writes(data: bytes) -> bool:
    """Return whether a file can be written."""
    try:
        Path("/tmp/fom-odd-reader").write_bytes(b"x" * 10)
    except OSError:
        return False
    return True
