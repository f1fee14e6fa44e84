"""Weeks as bars: where each bar stands, its height, and the lines of means across them, in units of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 320.0, 96.0
WIDE = 1080.0
"""Width of a drawing that fills the main column; a drawing is made for about the size at which it is shown."""
HEAD, FOOT = 15.0, 18.0
GAP = 0.28
"""Share of a week's width left free."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One week as a bar."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    events: int
    movements: int
    end: int
    is_recent: bool


@dataclass(frozen=True, slots=True)
class MeanLine:
    """A mean over some weeks, in events per week."""

    x0: float
    x1: float
    y: float
    mean: float


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars and lines within `width` × `height`; `top` is the number of events at the upper edge."""

    bars: tuple[Bar, ...]
    lines: tuple[MeanLine, ...]
    curve: tuple[tuple[float, float], ...]
    """Points of a fitted line, in the middle of each week."""
    top: float
    base: float
    width: float
    height: float


def draw_weeks(
    weeks: Sequence[tuple[int, int, int]],
    *,
    recent: int = 0,
    spans: Sequence[tuple[int, int]] = (),
    expected: Sequence[float] = (),
    width: float = WIDTH,
) -> BarChart:
    """Return the bars of some weeks.

    Parameters
    ----------
    weeks
        (end, events, movements), oldest first, n >= 1.
    recent
        How many of the last weeks are marked as recent.
    spans
        (first, after the last) indexes of weeks over which a mean is drawn.
    expected
        What a fitted line expects of each week, events; none = no line.
    width
        Of the drawing, about as many pixels as it will have.
    """
    step, top = width / len(weeks), max(1, *(events for _, events, _ in weeks), *expected)
    room, base = HEIGHT - HEAD - FOOT, HEIGHT - FOOT

    def level(events: float) -> float:
        return round(base - room * events / top, 1)

    bars = tuple(
        Bar(
            round(i * step + step * GAP / 2, 1), level(events), round(step * (1 - GAP), 1),
            round(base - level(events), 1), round((i + 0.5) * step, 1), events, movements, end,
            i >= len(weeks) - recent,
        )
        for i, (end, events, movements) in enumerate(weeks)
    )  # fmt: skip
    lines = []
    for first, last in spans:
        mean = sum(events for _, events, _ in weeks[first:last]) / max(1, last - first)
        lines.append(MeanLine(round(first * step, 1), round(last * step, 1), level(mean), mean))
    curve = tuple((round((i + 0.5) * step, 1), level(value)) for i, value in enumerate(expected))
    return BarChart(bars, tuple(lines), curve, top, base, width, HEIGHT)
