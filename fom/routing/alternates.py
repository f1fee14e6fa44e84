"""Alternates: other ways that are worth knowing, never near-copies of the best.

A path is admissible when it shares little with the best and with the alternates before it, passes no junction
twice, and is locally optimal: each of its parts up to a quarter of the best is itself the lightest way between its
ends, so that nothing in it is a senseless loop.

Source: doctrine, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.network import Network
from fom.routing.engine import Candidate, Ends
from fom.routing.router import Joints, Metric, Path, Searches
from fom.routing.snapping import Snap

MAX_SHARE = 0.80
"""Time on segments of another route / time of the best, at most. Source: doctrine, section 5."""
LOCAL_SHARE = 0.25
"""Parts up to this share of the best's cost must be optimal. Source: doctrine, section 5."""
UNCOUNTED_M = 2_000.0
"""Sharing is not counted on the first and last metres of the best. Source: doctrine, section 5 (J)."""
UNCOUNTED_SHARE = 0.25
"""Nor is more than this share of the best left out at either end (J): else nothing of a short route is compared."""

LABELS = ((1.25, "near"), (2.0, "detour"), (4.0, "long"))
"""Label of a stretch up to this. Source: doctrine, section 5."""


def stretch_label(stretch: float) -> str:
    """Return near, detour, long or extreme."""
    return next((label for limit, label in LABELS if stretch <= limit), "extreme")


@dataclass(frozen=True)
class Sharing:
    """How much of the best route's time another path shares with it."""

    best: Path
    best_s: float
    """Time of the best."""
    counted: NDArray[np.float64]
    """(arcs of the best,) seconds that sharing each of them counts."""
    _rows: NDArray[np.int64]
    _segments: NDArray[np.int64]

    @classmethod
    def of(cls, best: Path, seconds: NDArray[np.float64], length_m: NDArray[np.float64]) -> Sharing:
        """Return the measure for a best path; `seconds` and `length_m` are those of the network's segments."""
        time_s = seconds[best.segments] * best.shares
        ends = np.cumsum(length_m[best.segments] * best.shares)
        begins = np.concatenate([[0.0], ends[:-1]])
        left_out = min(UNCOUNTED_M, UNCOUNTED_SHARE * float(ends[-1]))
        inside = np.minimum(ends, ends[-1] - left_out) - np.maximum(begins, left_out)
        lengths = np.maximum(ends - begins, 1e-9)
        rows = np.argsort(best.segments, kind="stable")
        counted = time_s * np.clip(inside / lengths, 0.0, 1.0)
        return cls(best, float(time_s.sum()), counted, rows, best.segments[rows])

    def share(self, path: Path) -> float:
        """Return the share (0 to 1) of the best's time that a simple path spends on the counted part of the best."""
        segments = path.segments
        place = np.minimum(np.searchsorted(self._segments, segments), len(self._segments) - 1)
        common = place[self._segments[place] == segments]
        return float(self.counted[self._rows[common]].sum()) / self.best_s if self.best_s else 0.0


class Trial:
    """Judges paths between two places beside the best, and keeps those it takes."""

    def __init__(
        self,
        searches: Searches,
        origin: Snap,
        destination: Snap,
        best: Path,
        seconds: NDArray[np.float64],
        taken: Sequence[Path] = (),
    ) -> None:
        self._searches, self._seconds = searches, seconds
        self._length_m = np.asarray(searches.router.network.length_m)
        self.sources, self.targets = searches.sources(origin), searches.targets(destination)
        self._reach = round(best.weight * LOCAL_SHARE)
        self.measures = [Sharing.of(path, seconds, self._length_m) for path in (best, *taken)]
        self.taken = list(taken)

    def differs(self, path: Path) -> bool:
        """Return whether a path shares little with the best and with everything taken."""
        return all(measure.share(path) <= MAX_SHARE for measure in self.measures)

    def take(self, path: Path) -> None:
        """Keep a path; those that come after must differ from it."""
        self.taken.append(path)
        self.measures.append(Sharing.of(path, self._seconds, self._length_m))

    def admissible(self, candidate: Candidate) -> Path | None:
        """Return the path of a candidate if it may be taken, else None."""
        path = self._searches.path(self.sources, candidate.found, self.targets)
        if not (self.differs(path) and _is_simple(self._searches, path, candidate)):
            return None
        is_optimal = is_locally_optimal(self._searches, self.sources, self.targets, candidate, self._reach)
        return path if is_optimal else None


def find_alternates(
    searches: Searches,
    origin: Snap,
    destination: Snap,
    best: Path,
    *,
    seconds: NDArray[np.float64],
    wanted: int,
    others: Sequence[Path] = (),
) -> list[Path]:
    """Return up to `wanted` admissible alternates by cost, n >= 0.

    `others` are paths that are best in another weighing of time and risk; they come first where they differ enough.
    """
    if wanted < 1 or len(best.arcs) < 2:
        return []
    trial = Trial(searches, origin, destination, best, seconds)
    for path in others[:wanted]:
        if trial.differs(path):
            trial.take(path)
    for candidate in _candidates(searches, trial):
        if len(trial.taken) == wanted:
            break
        admitted = trial.admissible(candidate)
        if admitted is not None:
            trial.take(admitted)
    return sorted(trial.taken, key=lambda path: path.weight)


def with_robust(
    metric: Metric,
    origin: Snap,
    destination: Snap,
    best: Path,
    *,
    seconds: NDArray[np.float64],
    wanted: int,
    taken: list[Path],
) -> list[Path]:
    """Return alternates with an admissible robust one among them, if there is one and none of `taken` is.

    It is the best way that keeps off every segment with an asset of the best; the costliest of `taken` makes room.
    """
    network = metric.router.network
    assets = assets_of(network, best)
    if wanted < 1 or not len(assets) or any(not len(np.intersect1d(assets, assets_of(network, p))) for p in taken):
        return taken
    candidate = metric.search_without(segments_with(network, assets), origin, destination)
    if candidate is None:
        return taken
    kept = taken[: wanted - 1]
    with metric.reading() as searches:
        admitted = Trial(searches, origin, destination, best, seconds, kept).admissible(candidate)
    return taken if admitted is None else sorted([*kept, admitted], key=lambda path: path.weight)


def assets_of(network: Network, path: Path) -> NDArray[np.int32]:
    """Return the numbers of the assets on the segments of a path, ascending."""
    starts = np.asarray(network.asset_start)
    segments = path.segments
    bearing = segments[starts[segments + 1] > starts[segments]]
    if not len(bearing):
        return np.zeros(0, np.int32)
    return np.unique(np.concatenate([network.assets_on(int(segment)) for segment in bearing]))


def segments_with(network: Network, assets: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the numbers of the segments that carry any of some assets, ascending."""
    entries = np.flatnonzero(np.isin(np.asarray(network.asset_of), assets))
    return np.unique(np.searchsorted(np.asarray(network.asset_start), entries, side="right") - 1)


def _candidates(searches: Searches, trial: Trial) -> Iterator[Candidate]:
    sources, targets, sharing = trial.sources, trial.targets, trial.measures[0]
    best = searches.engine.search(sources.ends, targets.ends) if sources and targets else None
    if best is None:
        return iter(())
    allowed = MAX_SHARE * sharing.best_s
    return searches.engine.candidates(sources.ends, targets.ends, best, sharing.counted[1:-1], allowed)


def _is_simple(searches: Searches, path: Path, candidate: Candidate) -> bool:
    """Return whether a path passes no router node twice, nor again the segment it begins or ends on."""
    nodes = np.sort(searches.router.graph.head[candidate.found.arcs])
    segments = path.segments
    first, last = int(segments[0]), int(segments[-1])
    between = segments[1:-1]
    return not bool((nodes[1:] == nodes[:-1]).any() or (between == first).any() or (between == last).any())


def is_locally_optimal(searches: Searches, sources: Joints, targets: Joints, candidate: Candidate, reach: int) -> bool:
    """Return whether every part of a path up to weight `reach` is a lightest way between its ends.

    Parts begin and end at nodes of the path, or at its own ends. A part that is lightest vouches for all parts inside
    it, so long parts are tried first and halved where they are not.
    """
    found = candidate.found
    nodes = np.concatenate([sources.ends.nodes[found.start : found.start + 1], searches.router.graph.head[found.arcs]])
    first = int(sources.ends.weights[found.start])
    at = np.concatenate([[0, first], first + np.cumsum(searches.weights[found.arcs]), [found.weight]])

    def is_lightest(begin: int, end: int) -> bool:
        start = sources.ends if begin == 0 else _point(nodes[begin - 1])
        stop = targets.ends if end == len(at) - 1 else _point(nodes[end - 1])
        return searches.engine.distance(start, stop) == int(at[end] - at[begin])

    begins = np.arange(len(at) - 1)
    ends = np.searchsorted(at, at[:-1] + reach, side="right") - 1
    if candidate.via is not None:
        via = candidate.via + 1
        keep = (begins < via) & (ends > via)
        begins, ends = begins[keep], ends[keep]
    # of parts that end together the first is the longest
    widest = np.concatenate([[True], ends[1:] != ends[:-1]])[: len(ends)] & (ends > begins)
    parts = list(zip(begins[widest].tolist(), ends[widest].tolist(), strict=True))

    def are_lightest(low: int, high: int) -> bool:
        if is_lightest(parts[low][0], parts[high - 1][1]):
            return True
        middle = (low + high) // 2
        return high - low > 1 and are_lightest(low, middle) and are_lightest(middle, high)

    if not parts:
        return True
    middle = len(parts) // 2
    return is_lightest(*parts[middle]) and are_lightest(0, len(parts))


def _point(node: int) -> Ends:
    return Ends(np.array([node], np.int32), np.zeros(1, np.int64))
