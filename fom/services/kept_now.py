"""An answer about now that takes seconds to compute: computed once for all who look."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from fom.domain.instants import MINUTE_US
from fom.picture.question import Question

T = TypeVar("T")
KEPT_US = 5 * MINUTE_US
"""For how long an answer is shown again when nothing changed; it says of which moment it is. Project decision."""


class KeptNow(Generic[T]):
    """The last answer, shown until anything changes and for a few minutes at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[int, Question, T] | None = None

    def at_hand(self, question: Question, version: int, compute: Callable[[Question], T]) -> tuple[Question, T]:
        """Return the answer and the question that it answers, at most `KEPT_US` before the one given.

        Whoever asks while it is being computed waits for it.
        """
        with self._lock:
            if self._kept is None or self._kept[0] != version or not 0 <= question.at - self._kept[1].at <= KEPT_US:
                self._kept = (version, question, compute(question))
            return self._kept[1:]
