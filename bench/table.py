"""Rows of the table of measurements, and how they are timed and written."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; with a peer, the same work by something else in the same run."""

    what: str
    ours_ms: float
    peer: str | None
    peer_ms: float | None
    scale: str

    @property
    def ratio(self) -> float | None:
        """Return how many times longer the peer takes; below 1 it is faster than we are."""
        return None if self.peer_ms is None else self.peer_ms / self.ours_ms


def median_ms(work: Callable[[], Any], repeats: int) -> float:
    """Return the median milliseconds of a call, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(times)


def markdown(rows: Sequence[Row]) -> str:
    """Return the table with the machine and the moment it was measured."""
    head = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `make bench` on {os.cpu_count()} cores {platform.machine()}, "
        f"Python {platform.python_version()}.",
        "A ratio over 1: the peer takes longer; under 1: it is faster. Ratios count, not milliseconds.",
        "",
        "| Work | ours, ms | peer | peer, ms | ratio | size |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *map(_line, rows), ""])


def _line(row: Row) -> str:
    peer_ms = "" if row.peer_ms is None else f"{row.peer_ms:,.2f}"
    ratio = "" if row.ratio is None else f"{row.ratio:,.1f} ×"
    return f"| {row.what} | {row.ours_ms:,.2f} | {row.peer or ''} | {peer_ms} | {ratio} | {row.scale} |"
