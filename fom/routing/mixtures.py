"""Ways that are best in some mixture of time and care: from the fastest way to the most careful one.

Both ends are the best ways of two metrics. Between two ways found, the mixture in which both cost the same is searched:
it gives a way that is better than both in that mixture, or shows that there is none. So all ways are found that are
best in some mixture (the supported ones), the widest gap first.

Source: Aneja, Nair, "Bicriteria Transportation Problem", Management Science 25 (1979); the text is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fom.routing.engine import Found
from fom.routing.remaining import Remaining
from fom.routing.router import Path, Searches
from fom.routing.routes import join_paths
from fom.routing.snapping import Snap
from fom.routing.two_criteria import MAX_WEIGHT, search_mixture
from fom.routing.weights import TIE_BITS

MAX_SEARCHES = 12
"""Mixtures tried for one question (J): enough for six ways and the proof that nothing lies between them."""


@dataclass(frozen=True, eq=False, slots=True)
class Mixed:
    """A way with both of its costs, milliseconds."""

    path: Path
    """Priced in time."""
    time_ms: int
    care_ms: int


class Mixer:
    """Searches from place to place in any mixture of two metrics whose costs stand still."""

    def __init__(self, time: Searches, care: Searches, snaps: Sequence[Snap]) -> None:
        self._time, self._care = time, care
        self._legs = [_Leg(time, care, start, end) for start, end in pairwise(snaps)]

    def supported(self) -> list[Mixed]:
        """Return ways by time, each best in some mixture; empty when there is no way at all."""
        ends = [self._end(self._time, MAX_WEIGHT, 1), self._end(self._care, 1, MAX_WEIGHT)]
        if ends[0] is None or ends[1] is None:
            return []
        found = _undominated([ends[0], ends[1]])
        gaps = list(pairwise(found))
        for _ in range(MAX_SEARCHES):
            if not gaps:
                break
            left, right = gaps.pop(max(range(len(gaps)), key=lambda i: _area(*gaps[i])))
            between = self._between(left, right)
            if between is not None:
                found.append(between)
                gaps += [(left, between), (between, right)]
        return _undominated(found)

    def _end(self, searches: Searches, a: int, b: int) -> Mixed | None:
        """Return the way best in one cost, of several such the one better in the other."""
        paths = [searches.best(leg.start, leg.end) for leg in self._legs]
        if None in paths:
            return None
        alike = [leg.best(a, b) for leg in self._legs]
        ways = [self._mixed([p for p in found if p is not None]) for found in (paths, alike) if None not in found]
        return min(ways, key=lambda way: a * way.time_ms + b * way.care_ms)

    def _between(self, left: Mixed, right: Mixed) -> Mixed | None:
        """Return a way better than both in the mixture in which they cost the same, None when there is none."""
        a, b = _scaled(left.care_ms - right.care_ms, right.time_ms - left.time_ms)
        paths = [leg.best(a, b) for leg in self._legs]
        way = None if None in paths else self._mixed([path for path in paths if path is not None])
        if way is None or not left.time_ms < way.time_ms < right.time_ms:
            return None
        least = min(a * m.time_ms + b * m.care_ms for m in (left, right))
        return way if a * way.time_ms + b * way.care_ms < least else None

    def _mixed(self, paths: Sequence[Path]) -> Mixed:
        timed = [self._time.priced(path) for path in paths]
        time, care = sum(p.weight for p in timed), sum(self._care.priced(p).weight for p in paths)
        path = join_paths(timed) if len(timed) > 1 else timed[0]
        return Mixed(path, time >> TIE_BITS, care >> TIE_BITS)


class _Leg:
    """One leg: its ends in both metrics, and what remains to its end, worked out when first asked."""

    def __init__(self, time: Searches, care: Searches, start: Snap, end: Snap) -> None:
        self.start, self.end = start, end
        self._time, self._care = time, care
        self._sources = time.sources(start), care.sources(start)
        self._targets = time.targets(end), care.targets(end)
        self._left: tuple[Remaining, Remaining] | None = None

    def best(self, a: int, b: int) -> Path | None:
        """Return the path least in a * time + b * care, None when there is none."""
        (sources, source_care), (targets, target_care) = self._sources, self._targets
        direct = self._time.direct(self.start, self.end)
        if not sources or not targets:
            return direct
        if self._left is None:
            self._left = self._time.engine.remaining(targets.ends), self._care.engine.remaining(target_care.ends)
        router = self._time.router
        with router.labels.one() as labels:
            arcs, start, end = search_mixture(
                router.outgoing, self._time.weights, self._care.weights, a, b,
                sources.ends.nodes, sources.ends.weights, source_care.ends.weights,
                targets.ends.nodes, targets.ends.weights, target_care.ends.weights,
                *self._left, labels,
            )  # fmt: skip
        if start < 0:
            return direct
        path = self._time.path(sources, Found(0, arcs, start, end), targets)
        if direct is None:
            return path

        def mixture(way: Path) -> int:
            time, care = self._time.priced(way).weight, self._care.priced(way).weight
            return a * (time >> TIE_BITS) + b * (care >> TIE_BITS)

        return min(path, direct, key=mixture)


def _undominated(ways: Sequence[Mixed]) -> list[Mixed]:
    """Return ways by time without those that another beats in both costs, or equals."""
    kept: list[Mixed] = []
    for way in sorted(ways, key=lambda way: (way.time_ms, way.care_ms)):
        if not kept or way.care_ms < kept[-1].care_ms:
            kept.append(way)
    return kept


def _area(left: Mixed, right: Mixed) -> int:
    return (right.time_ms - left.time_ms) * (left.care_ms - right.care_ms)


def _scaled(a: int, b: int) -> tuple[int, int]:
    """Return two positive weights in the same proportion, neither above MAX_WEIGHT."""
    largest = max(a, b)
    if largest <= MAX_WEIGHT:
        return a, b
    return max(1, a * MAX_WEIGHT // largest), max(1, b * MAX_WEIGHT // largest)
