"""States of moments that were asked about, kept for the next who asks.

What was known at a past moment does not change any more, so its states are kept until others need the room. What is
known now holds for one version. Where records or rules behind the past change (a first load, another policy), all go.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

BUDGET_BYTES = 96 * 2**20
"""Room for 50 moments of a million segments in one process."""

States = NDArray[np.uint8]


class KeptStates:
    """(n, 2) uint8 arrays by question, read-only, the longest unused making room. Safe from any thread."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, States] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._generation = 0
        self.size_bytes = 0

    def get(self, key: Hashable, make: Callable[[], States]) -> States:
        """Return what is kept under `key`, or make it; of those who ask at the same time, one makes it for all."""
        with self._lock:
            if (found := self._find(key)) is not None:
                return found
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if (found := self._find(key)) is not None:
                    return found
                generation = self._generation
            try:
                made = make()
                made.setflags(write=False)
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                if generation == self._generation:
                    self._keep(key, made)
            return made

    def clear(self) -> None:
        """Forget everything, also what is being made now."""
        with self._lock:
            self._generation += 1
            self._kept.clear()
            self.size_bytes = 0

    def _find(self, key: Hashable) -> States | None:
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, key: Hashable, made: States) -> None:
        if key in self._kept or made.nbytes > self._budget:
            return
        self._kept[key] = made
        self.size_bytes += made.nbytes
        while self.size_bytes > self._budget:
            self.size_bytes -= self._kept.popitem(last=False)[1].nbytes
