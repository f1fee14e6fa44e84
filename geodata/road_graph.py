"""Ways found along the country's own roads: where key routes run and patrols drive, before any network is built."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from geodata.country import Country
from geodata.linework import GRID_M, Key
from geodata.ways import Way

SPEED_KMH = {-1: 40.0, 0: 80.0, 1: 75.0, 2: 65.0, 3: 50.0, 4: 36.0, 5: 28.0, 6: 20.0, 10: 30.0, 11: 22.0}
"""Tier -> speed by which paths are chosen; street tiers last."""
NO_WAY_H = 1e6


@dataclass(frozen=True, slots=True)
class Step:
    """A way of a path, and whether it is driven against its line."""

    way: int
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class Path:
    """Consecutive ways between two nodes."""

    steps: tuple[Step, ...]
    line: shapely.LineString
    """Metres of the frame."""

    @property
    def length_m(self) -> float:
        """Return its length."""
        return float(self.line.length)


class RoadGraph:
    """Search over the ways of a country."""

    def __init__(self, country: Country, *, worst_tier: int = 11) -> None:
        self._ways = country.ways
        self._keys: dict[Key, int] = {}
        used = [i for i, way in enumerate(self._ways) if way.rank <= worst_tier]
        ends = np.array([[self._keys.setdefault(k, len(self._keys)) for k in self._ways[i].ends] for i in used])
        hours = np.array([self._ways[i].line.length / 1000 / SPEED_KMH[self._ways[i].rank] for i in used])
        oneway = np.array([self._ways[i].tags.get("oneway") == "yes" for i in used])
        both = ~oneway
        a, b = np.r_[ends[:, 0], ends[both, 1]], np.r_[ends[:, 1], ends[both, 0]]
        way, cost = np.r_[used, np.array(used)[both]], np.r_[hours, hours[both]]
        back = np.r_[np.zeros(len(used), bool), np.ones(int(both.sum()), bool)]
        order = np.lexsort((way, cost, b, a))
        a, b, way, cost, back = a[order], b[order], way[order], cost[order], back[order]
        first = np.r_[True, (a[1:] != a[:-1]) | (b[1:] != b[:-1])]
        a, b, cost = a[first], b[first], cost[first]
        self._way = way[first]
        self._step = {
            (int(x), int(y)): Step(int(w), bool(r)) for x, y, w, r in zip(a, b, way[first], back[first], strict=True)
        }
        self._matrix = csr_matrix((cost, (a, b)), shape=(len(self._keys),) * 2)
        self._xy = np.array(list(self._keys), float) * GRID_M
        self._tree = shapely.STRtree(shapely.points(self._xy))

    def nearest_node(self, xy: tuple[float, float] | NDArray[np.float64]) -> int:
        """Return the number of the node nearest to a position in metres."""
        return int(self._tree.nearest(shapely.Point(xy)))

    def find_paths(self, start: int, ends: list[int]) -> list[Path | None]:
        """Return the quickest path from one node to each of several."""
        hours, before = dijkstra(self._matrix, indices=start, return_predecessors=True)
        return [self._trace(before, start, end) if np.isfinite(hours[end]) and end != start else None for end in ends]

    def find_other_path(self, path: Path, *, shut: set[int], times: float = 3.0) -> Path | None:
        """Return the quickest path between a path's ends that enters no shut way and shuns the path's own."""
        matrix = self._matrix.copy()
        matrix.data = np.where(np.isin(self._way, [step.way for step in path.steps]), times, 1.0) * matrix.data
        matrix.data[np.isin(self._way, sorted(shut))] = NO_WAY_H
        start, end = (self.nearest_node(path.line.coords[i]) for i in (0, -1))
        hours, before = dijkstra(matrix, indices=start, return_predecessors=True)
        return self._trace(before, start, end) if hours[end] < NO_WAY_H else None

    def parts_without(self, path: Path, ways: set[int]) -> list[Path]:
        """Return the parts of a path that lie on none of these ways, in order."""
        parts = []
        for is_left_out, steps in itertools.groupby(path.steps, key=lambda step: step.way in ways):
            if not is_left_out:
                kept = tuple(steps)
                parts.append(Path(kept, self._joined(kept)))
        return parts

    def way(self, step: Step) -> Way:
        """Return the way of a step."""
        return self._ways[step.way]

    def _trace(self, before: NDArray[np.int32], start: int, end: int) -> Path:
        nodes = [end]
        while nodes[-1] != start:
            nodes.append(int(before[nodes[-1]]))
        nodes.reverse()
        steps = tuple(self._step[pair] for pair in itertools.pairwise(nodes))
        return Path(steps, self._joined(steps))

    def _joined(self, steps: tuple[Step, ...]) -> shapely.LineString:
        points: list[tuple[float, float]] = []
        for step in steps:
            coords = list(self._ways[step.way].line.coords)
            points += (coords[::-1] if step.is_reversed else coords)[1 if points else 0 :]
        return shapely.LineString(points)
