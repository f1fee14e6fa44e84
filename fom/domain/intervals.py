"""Parts of a line as intervals of metres from its start: merged, clipped, and how much they leave uncovered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Interval = tuple[float, float]


def merge(intervals: Iterable[Interval], *, gap_m: float = 0.0) -> list[Interval]:
    """Return the union as disjoint intervals in order; pieces no further apart than `gap_m` become one."""
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if high < low:
            continue
        if merged and low <= merged[-1][1] + gap_m:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def covered_m(intervals: Iterable[Interval], length_m: float) -> float:
    """Return how many metres of [0, length_m] the intervals cover together."""
    clipped = ((max(0.0, low), min(length_m, high)) for low, high in intervals)
    return sum(high - low for low, high in merge(clipped))


def uncovered_m(intervals: Iterable[Interval], length_m: float) -> float:
    """Return how many metres of [0, length_m] no interval covers."""
    return max(0.0, length_m - covered_m(intervals, length_m))


def intersect(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Return the parts that lie in both unions."""
    parts = [(max(a, c), min(b, d)) for a, b in left for c, d in right]
    return merge((low, high) for low, high in parts if low <= high)
