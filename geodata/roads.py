"""Rural roads as least-cost paths over the terrain; where a road exists, travel is cheap, so roads share their way.

The work happens on terrain cells joined to their eight neighbours. Tiers: 1 trunk, 2 primary, 3 secondary, 4 tertiary,
5 minor road, 6 track. `geodata.chains` turns the used edges into smooth lines.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay, cKDTree

from geodata.frame import COLUMNS, ROWS
from geodata.land import Land

TRUNK, PRIMARY, SECONDARY, TERTIARY, MINOR, TRACK = 1, 2, 3, 4, 5, 6
CROSSING_M = (0.0, 2_500.0, 16_000.0, 34_000.0)
"""Extra cost of crossing water of rank 0 to 3, in metres of easy road: why bridges are few."""
REUSE = 0.38
"""Cost of a metre on an existing road of the same or a better tier."""
SHUN = 4.0
"""How much dearer ground on or beside a road is that a new one should not join."""
NO_PREDECESSOR = -9999


@dataclass(frozen=True, slots=True)
class RoadEdges:
    """Used edges between terrain cells; (m,) arrays."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    tier: NDArray[np.int64]
    road: NDArray[np.int64]
    """Number of the connection that made the edge what it is: the ground for road numbers and names."""


class RoadBuilder:
    """Adds one least-cost path after the other."""

    def __init__(self, land: Land, rng: np.random.Generator) -> None:
        beyond = binary_dilation(land.is_country, iterations=14) & ~land.is_country
        usable = (land.is_country | beyond) & (land.elevation > 0) & ~land.is_lake
        usable &= binary_erosion(land.elevation > 0) | (land.water_rank >= 2)
        self._cells = np.flatnonzero(usable)
        self._node_xy = land.node_xy
        self._number = np.full(ROWS * COLUMNS, -1)
        self._number[self._cells] = np.arange(len(self._cells))
        self._u, self._v = self._neighbour_pairs(usable)
        self._length, cost = self._terrain_cost(land, beyond, rng)
        self._tier = np.full(len(self._u), 99)
        self._road = np.full(len(self._u), -1)
        self._roads = 0
        self._matrix, self._slot = self._as_matrix(cost)
        self._cost = cost
        pair = np.minimum(self._u, self._v) * (ROWS * COLUMNS) + np.maximum(self._u, self._v)
        self._edge_of = {int(p): i for i, p in enumerate(pair)}

    def _neighbour_pairs(self, usable: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        index = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
        pairs = [
            (index[:, :-1], index[:, 1:]),
            (index[:-1], index[1:]),
            (index[:-1, :-1], index[1:, 1:]),
            (index[:-1, 1:], index[1:, :-1]),
        ]
        u = np.concatenate([a.ravel() for a, _ in pairs])
        v = np.concatenate([b.ravel() for _, b in pairs])
        keep = usable.flat[u] & usable.flat[v]
        return u[keep], v[keep]

    def _terrain_cost(
        self, land: Land, beyond: NDArray[np.bool_], rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        u, v = self._u, self._v
        length = np.hypot(*(land.node_xy[u] - land.node_xy[v]).T)
        height = land.elevation.ravel()
        slope = np.abs(height[u] - height[v]) / length
        water = _blocking_water(land).ravel()
        cost = length * (1 + 26 * slope + (slope > 0.07) * 2.0) * rng.uniform(0.8, 1.25, len(u))
        cost += np.take(CROSSING_M, np.maximum(water[u], water[v])) / 2
        cost *= np.where(beyond.flat[u] | beyond.flat[v], 4.0, 1.0)
        return length, cost

    def _as_matrix(self, cost: NDArray[np.float64]) -> tuple[csr_matrix, NDArray[np.int64]]:
        """Return the symmetric matrix and where in its data each edge stands, both ways."""
        n, m = len(self._cells), len(self._u)
        a, b = self._number[self._u], self._number[self._v]
        tagged = csr_matrix((np.arange(1.0, 2 * m + 1), (np.r_[a, b], np.r_[b, a])), shape=(n, n))
        place = np.empty(2 * m, np.int64)
        place[tagged.data.astype(np.int64) - 1] = np.arange(2 * m)
        tagged.data = np.empty(2 * m)
        tagged.data[place] = np.r_[cost, cost]
        return tagged, place

    def connect(self, start: int, end: int, tier: int, *, at_most: float = np.inf) -> None:
        """Add the least-cost road between two cells, unless it would cost more than a number of easy metres."""
        source, target = self._number[start], self._number[end]
        _, before = dijkstra(self._matrix, indices=source, return_predecessors=True, limit=at_most)
        if before[target] != NO_PREDECESSOR:
            self._add(self._trace(before, target), tier)

    def connect_apart(self, start: int, end: int, tier: int, *, apart_m: float) -> None:
        """Add a road that near its start shuns the roads already there: cities are left by several gates."""
        middle = (self._node_xy[self._u] + self._node_xy[self._v]) / 2
        from_start = np.hypot(*(middle - self._node_xy[start]).T)
        used = self._tier < 99
        roads = cKDTree(self._node_xy[np.r_[self._u[used], self._v[used]]])
        near = np.flatnonzero((from_start < apart_m) & (from_start > 1200))
        shunned = near[roads.query(middle[near])[0] < 1600]
        usual = self._matrix.data[self._slot[shunned]].copy()
        for edge in shunned:
            self._set_cost(edge, max(self._cost[edge], self._length[edge]) * SHUN)
        self.connect(start, end, tier)
        for edge, cost in zip(shunned, usual, strict=True):
            self._set_cost(edge, cost)

    def connect_to_network(self, cells: NDArray[np.int64], tier: int) -> None:
        """Add for each cell the cheapest way to any road; ways of one call share what they can."""
        roads = np.unique(np.r_[self._u[self._tier < 99], self._v[self._tier < 99]])
        _, before, _ = dijkstra(self._matrix, indices=self._number[roads], return_predecessors=True, min_only=True)
        for cell in cells:
            self._add(self._trace(before, self._number[cell]), tier)

    def edges(self) -> RoadEdges:
        """Return what has been built."""
        used = self._tier < 99
        return RoadEdges(self._u[used], self._v[used], self._tier[used], self._road[used])

    def _trace(self, before: NDArray[np.int32], target: int) -> list[int]:
        path = [int(target)]
        while before[path[-1]] != NO_PREDECESSOR:
            path.append(int(before[path[-1]]))
        return [int(self._cells[number]) for number in path]

    def _add(self, path: list[int], tier: int) -> None:
        self._roads += 1
        for a, b in itertools.pairwise(path):
            low, high = min(a, b), max(a, b)
            edge = self._edge_of[low * ROWS * COLUMNS + high]
            if tier < self._tier[edge]:
                self._tier[edge], self._road[edge] = tier, self._roads
                self._set_cost(edge, self._length[edge] * REUSE * (1 + 0.12 * tier))
            crossing = self._crossing_diagonal(low, high)
            if crossing is not None:
                self._set_cost(crossing, 1e9)

    def _crossing_diagonal(self, low: int, high: int) -> int | None:
        """Return the edge that would cross a diagonal one in mid-cell without meeting it."""
        step = high - low
        if step == COLUMNS + 1:
            return self._edge_of.get((low + 1) * ROWS * COLUMNS + low + COLUMNS)
        if step == COLUMNS - 1:
            return self._edge_of.get((low - 1) * ROWS * COLUMNS + low + COLUMNS)
        return None

    def _set_cost(self, edge: int, cost: float) -> None:
        self._matrix.data[self._slot[[edge, edge + len(self._u)]]] = cost


def _blocking_water(land: Land) -> NDArray[np.int64]:
    """Return the water rank of cells, thickened so that no diagonal step slips between two river cells."""
    rank = land.water_rank.copy()
    flat = rank.ravel()
    for cell in np.flatnonzero(flat):
        down = land.downstream[cell]
        row_step, column_step = divmod(int(down), COLUMNS)[0] - cell // COLUMNS, int(down) % COLUMNS - cell % COLUMNS
        if row_step and column_step:
            beside = cell + row_step * COLUMNS
            flat[beside] = max(flat[beside], flat[cell])
    return rank


def neighbour_pairs(xy: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the relative-neighbourhood pairs: no third place is nearer to both. (n, 2) metres, n >= 4."""
    pairs = set()
    for triangle in Delaunay(xy).simplices.tolist():
        pairs |= {tuple(sorted((triangle[i], triangle[i - 1]))) for i in range(3)}
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    return [
        (a, b) for a, b in sorted(pairs) if not np.any(np.maximum(distance[a], distance[b]) < distance[a, b] - 1e-9)
    ]
