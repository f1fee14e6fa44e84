"""Large scratch arrays that searches borrow: as many as ever ran at once, not one for every thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Workspaces(Generic[T]):
    """A pool of scratch values made by `make`; a borrower leaves its one as clean as it came."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._free: list[T] = []
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[T]:
        """Lend one. After an exception it is thrown away, for it may not be clean."""
        with self._lock:
            workspace = self._free.pop() if self._free else None
        if workspace is None:
            workspace = self._make()
        yield workspace
        with self._lock:
            self._free.append(workspace)
