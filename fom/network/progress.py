"""How long work reports its progress: a function that is told how many more units are done."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int], None]


def quiet(_units: int) -> None:
    """Report nothing."""
