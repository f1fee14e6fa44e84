"""Rows of measurements: ours and a peer's over the same repetitions, the goal, and the table they make."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

REPEATS = 5


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of the same work repeated: of each repetition the median over its items, and the 95th percentile."""

    medians: tuple[float, ...]
    p95s: tuple[float, ...] = ()
    """Empty where a repetition is one item."""

    @classmethod
    def of(cls, rounds: Sequence[Sequence[float]]) -> Timing:
        """Return the timing of repetitions, each a list of milliseconds, n >= 1."""
        has_items = len(rounds[0]) > 1
        return cls(
            tuple(statistics.median(times) for times in rounds),
            tuple(percentile(times, 0.95) for times in rounds) if has_items else (),
        )

    @property
    def p50(self) -> float:
        """Return the median of the repetitions' medians."""
        return statistics.median(self.medians)

    @property
    def p95(self) -> float | None:
        """Return the median of the repetitions' 95th percentiles, None where a repetition is one item."""
        return statistics.median(self.p95s) if self.p95s else None

    def __str__(self) -> str:
        spread = f" ({number(min(self.medians))}–{number(max(self.medians))})" if len(self.medians) > 1 else ""
        return f"{number(self.p50)}{spread}"


@dataclass(frozen=True, slots=True)
class Goal:
    """Bounds of the design for a row; None = none stated."""

    p50_ms: float | None = None
    p95_ms: float | None = None
    ratio: float | None = None
    """Least times that the peer takes longer."""

    def __str__(self) -> str:
        parts = [
            None if self.p50_ms is None else f"p50 ≤ {number(self.p50_ms)}",
            None if self.p95_ms is None else f"p95 ≤ {number(self.p95_ms)}",
            None if self.ratio is None else f"≥ {number(self.ratio)} ×",
        ]
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; with a peer, the same work by something else in the same run."""

    group: str
    what: str
    ours: Timing
    peer: str | None = None
    theirs: Timing | None = None
    """None with a `peer` = it could not be measured; `note` says why."""
    goal: Goal | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Return how many times longer the peer takes; below 1 it is faster than we are."""
        return None if self.theirs is None else self.theirs.p50 / self.ours.p50

    @property
    def misses(self) -> list[str]:
        """Return in words what of the goal is not met, and where the peer is faster."""
        ratio = self.ratio
        loses = [] if ratio is None or ratio >= 1 else [f"{self.peer} is {number(1 / ratio)} × faster"]
        return self.missed_goals + loses

    @property
    def missed_goals(self) -> list[str]:
        """Return in words what of the goal is not met."""
        out, goal, ratio = [], self.goal or Goal(), self.ratio
        if goal.p50_ms is not None and self.ours.p50 > goal.p50_ms:
            out.append(f"median {number(self.ours.p50)} ms, bound {number(goal.p50_ms)} ms")
        if goal.p95_ms is not None and (self.ours.p95 or self.ours.p50) > goal.p95_ms:
            out.append(f"p95 {number(self.ours.p95 or self.ours.p50)} ms, bound {number(goal.p95_ms)} ms")
        if goal.ratio is not None and ratio is not None and ratio < goal.ratio:
            out.append(f"{number(ratio)} × against {self.peer}, goal {number(goal.ratio)} ×")
        return out

    def to_json(self) -> dict[str, Any]:
        """Return the row for another process."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Row:
        """Return the row that `to_json` wrote."""
        timing = {
            k: None if v is None else Timing(tuple(v["medians"]), tuple(v["p95s"]))
            for k, v in values.items()
            if k in ("ours", "theirs")
        }
        goal = values["goal"]
        return cls(**values | timing | {"goal": None if goal is None else Goal(**goal)})


def milliseconds(work: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3


def measure(work: Callable[[Any], Any], items: Sequence[Any], *, repeats: int = REPEATS) -> Timing:
    """Time a call on every item, all of them so many times over, after two that are not counted.

    What earlier work left behind is collected before each repetition, and no collection runs inside one.
    """
    for item in items[:2]:
        work(item)
    rounds = []
    for _ in range(repeats):
        gc.collect()
        gc.disable()
        try:
            rounds.append([milliseconds(lambda item=item: work(item)) for item in items])
        finally:
            gc.enable()
    return Timing.of(rounds)


def once(seconds: float) -> Timing:
    """Return the timing of something done once."""
    return Timing((seconds * 1e3,))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed, by linear interpolation."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    return ordered[low] + (at - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def number(value: float) -> str:
    """Return a number with three significant digits, thousands set apart."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def markdown(rows: Sequence[Row]) -> str:
    """Return one table for each group, in the order of the rows."""
    out: list[str] = []
    for group in dict.fromkeys(row.group for row in rows):
        out += [f"## {group}", ""]
        out += [
            "| Work | ours, ms | p95 | peer | peer, ms | p95 | ratio | goal | |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        out += [_line(row) for row in rows if row.group == group]
        out.append("")
    return "\n".join(out)


def _line(row: Row) -> str:
    def p95(timing: Timing | None) -> str:
        return "" if timing is None or timing.p95 is None else number(timing.p95)

    theirs = "**not measured**" if row.peer and row.theirs is None else str(row.theirs or "")
    ratio = "" if row.ratio is None else f"{number(row.ratio)} ×"
    goal = "" if row.goal is None else f"{row.goal}: {'missed' if row.missed_goals else 'met'}"
    cells = (row.what, str(row.ours), p95(row.ours), row.peer or "", theirs, p95(row.theirs), ratio, goal, row.note)
    return "| " + " | ".join(cells) + " |"
