"""Slow growth of a rate: weekly counts with their exposure, tested for a trend that a look at one month misses.

Model: the count of week w is Poisson with mean m_w · exp(a + b·w), m_w the movements of that week. Given how many
events there are in all, T = Σ w · events_w depends on b alone; where nothing grows (b = 0) every event falls on week w
with the chance m_w / Σm, so that the chance of so large a T is exact for any counts, however small, and for any change
of exposure. The test of T is the most powerful one there is against b > 0.

Incidents come in clusters more often than chance makes them. Where the weeks scatter more than Poisson about the fitted
line, the chance is also worked out with that scatter, and the larger of the two chances holds.

Source: derived above from the Poisson model; requirements, C1; thresholds: project decision.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fom.domain.benchmarks import WILSON_Z, Interval

GROWTH_WEEKS = 26
"""Half a year: the shortest span in which a few per cent a week stand out of such counts (J)."""
ALARM_CHANCE = 0.01
"""Alarm where so strong a rise, or a stronger one, would come by chance at most once in a hundred looks (J)."""
LEAST_EVENTS = 10
"""Fewer events in the weeks raise no alarm (J)."""
HALF_MAX = 3.0
"""Half of an interval of the slope beyond which it tells nothing: a factor of twenty a week either way."""
EXACT_TO = 2000
"""Events up to which the chance is summed exactly; the normal form is as good above."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How a rate grew over some weeks, and how surely."""

    events: int
    per_week: float | None
    """Fitted growth a week, 0.05 = five per cent; None without two weeks that differ."""
    interval: Interval | None
    """95 % interval of `per_week`; None where nearly all lies in one week, which tells no growth."""
    chance: float | None
    """Of a rise as strong or stronger where nothing grows, clusters allowed for; None where nothing can be tested."""
    scatter: float
    """Variance of the weeks about the fitted line over that of Poisson, at least 1."""
    expected: tuple[float, ...]
    """What the fitted line expects of each week, events."""
    is_alarm: bool
    has_enough: bool


def find_growth(events: Sequence[int], exposure: Sequence[float]) -> Growth:
    """Return the growth of events per exposure over consecutive weeks, oldest first.

    A week with events and no exposure counts as many movements as it has events: what was hindered had moved.

    Parameters
    ----------
    events, exposure
        One number a week each, n >= 1, neither below 0. The same exposure every week = a trend of the counts alone.

    Raises
    ------
    ValueError
        Of different lengths, empty, or below 0.
    """
    counts, weights = np.asarray(events, dtype=float), np.asarray(exposure, dtype=float)
    if counts.shape != weights.shape or counts.ndim != 1 or not counts.size or min(counts.min(), weights.min()) < 0:
        raise ValueError("one count and one exposure for every week, none below 0")
    weights = np.where(weights > 0, weights, counts)
    weeks = np.arange(counts.size, dtype=float)
    total = int(counts.sum())
    has_enough = total >= LEAST_EVENTS
    if total == 0 or np.count_nonzero(weights) < 2:
        return Growth(total, None, None, None, 1.0, tuple(counts.tolist()), False, has_enough)
    slope = _slope(counts, weights, weeks)
    share = _share(weights, weeks, slope)
    expected = total * share
    scatter = _scatter(counts, expected, weights)
    z = _score(counts, weights, weeks)
    by_scatter = 0.5 * math.erfc(z / math.sqrt(2 * scatter))
    chance = max(by_scatter, _exact_chance(counts, weights)) if total <= EXACT_TO else by_scatter
    spread = float(share @ weeks**2 - (share @ weeks) ** 2)
    half = WILSON_Z * math.sqrt(scatter / (total * spread)) if spread > 0 else math.inf
    interval = Interval(math.expm1(slope - half), math.expm1(slope + half)) if half <= HALF_MAX else None
    is_alarm = has_enough and chance <= ALARM_CHANCE
    return Growth(total, math.expm1(slope), interval, chance, scatter, tuple(expected.tolist()), is_alarm, has_enough)


def _share(weights: np.ndarray, weeks: np.ndarray, slope: float) -> np.ndarray:
    """Return the part of all events that each week gets under a slope; (n,), sums to 1."""
    grown = weights * np.exp(slope * (weeks - weeks[-1] / 2))
    return np.asarray(grown / grown.sum())


def _slope(counts: np.ndarray, weights: np.ndarray, weeks: np.ndarray) -> float:
    """Return the most likely slope: the one whose expected mean week is that of the events; bisected, within ±2."""
    mean = float(counts @ weeks) / float(counts.sum())
    low, high = -2.0, 2.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if float(_share(weights, weeks, middle) @ weeks) < mean else (low, middle)
    return (low + high) / 2


def _scatter(counts: np.ndarray, expected: np.ndarray, weights: np.ndarray) -> float:
    """Return Pearson's chi-square about the fitted line over its degrees of freedom, at least 1."""
    has_any = weights > 0
    degrees = int(has_any.sum()) - 2
    if degrees < 1:
        return 1.0
    gaps = (counts[has_any] - expected[has_any]) ** 2 / np.maximum(expected[has_any], 1e-9)
    return max(1.0, float(gaps.sum()) / degrees)


def _score(counts: np.ndarray, weights: np.ndarray, weeks: np.ndarray) -> float:
    """Return how far T lies above its mean where nothing grows, in standard deviations."""
    flat = _share(weights, weeks, 0.0)
    mean = float(flat @ weeks)
    spread = float(flat @ weeks**2) - mean**2
    total = float(counts.sum())
    return (float(counts @ weeks) - total * mean) / math.sqrt(total * spread)


def _exact_chance(counts: np.ndarray, weights: np.ndarray) -> float:
    """Return the chance of T or more, by summing the distribution of the sum of all events' weeks."""
    total, observed = int(counts.sum()), round(float(counts @ np.arange(counts.size)))
    size = 1 << (total * (counts.size - 1)).bit_length()  # room for every sum, so that none comes round again
    chances = np.fft.irfft(np.fft.rfft(weights / weights.sum(), size) ** float(total), size)
    return min(1.0, max(0.0, float(chances[observed:].sum())))
