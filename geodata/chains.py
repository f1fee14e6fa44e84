"""From used terrain edges to smooth lines: chains between junctions that bend, and that meet in exactly one point."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.noise import NoiseField

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chain:
    """A line between two junctions, dead ends or changes of tier; `cells` from its first to its last node."""

    cells: tuple[int, ...]
    tier: int
    road: int
    """Number of the connection its middle belongs to."""
    line: shapely.LineString


def make_chains(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    tier: NDArray[np.int64],
    road: NDArray[np.int64],
    node_xy: Points,
    *,
    winding_m: dict[int, float],
    bends: NoiseField,
    fixed: frozenset[int] = frozenset(),
    rounds: int = 3,
) -> list[Chain]:
    """Return the chains of a set of edges between nodes.

    Parameters
    ----------
    first, second, tier, road
        (m,) edges: node numbers, class and connection of each; a lower tier is the better road and keeps straight on.
    node_xy
        (n, 2) metres, positions of all nodes.
    winding_m
        How far, metres, a line of a tier sways off its course.
    fixed
        Nodes that stay where they are, and end chains.
    """
    near: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for a, b, t in zip(first.tolist(), second.tolist(), tier.tolist(), strict=True):
        near[a].append((b, t))
        near[b].append((a, t))
    roads = dict(zip(zip(first.tolist(), second.tolist(), strict=True), road.tolist(), strict=True))
    through = {node: _through(links) for node, links in near.items()}
    xy = _relaxed(through, node_xy, fixed, rounds)
    stops = {n for n, links in near.items() if len(links) != 2 or links[0][1] != links[1][1]} | (fixed & near.keys())
    chains, walked = [], set()
    for start in [*sorted(stops), *sorted(near)]:
        for other, t in near[start]:
            if (start, other) in walked:
                continue
            cells = [start, other]
            while cells[-1] not in stops and cells[-1] != start:
                (a, _), (b, _) = near[cells[-1]]
                cells.append(b if a == cells[-2] else a)
            walked |= set(itertools.pairwise(cells)) | set(itertools.pairwise(cells[::-1]))
            line = _curve(cells, xy, through, winding_m.get(t, 0.0), bends)
            middle = (cells[len(cells) // 2 - 1], cells[len(cells) // 2])
            chains.append(Chain(tuple(cells), t, roads.get(middle, roads.get(middle[::-1], -1)), line))
    return chains


def _through(links: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the two neighbours between which the best road runs straight on, or None."""
    best = min(t for _, t in links)
    pair = [node for node, t in links if t == best]
    return (pair[0], pair[1]) if len(pair) == 2 else None


def _relaxed(
    through: dict[int, tuple[int, int] | None],
    node_xy: Points,
    fixed: frozenset[int],
    rounds: int,
) -> Points:
    """Return positions after pulling each node towards the middle of its two road neighbours, which rounds corners."""
    xy = node_xy.copy()
    movable = [(n, *pair) for n, pair in through.items() if pair and n not in fixed]
    if movable:
        node, a, b = np.array(movable).T
        for _ in range(rounds):
            xy[node] = 0.5 * xy[node] + 0.25 * (xy[a] + xy[b])
    return xy


def _curve(
    cells: list[int], xy: Points, through: dict[int, tuple[int, int] | None], winding_m: float, bends: NoiseField
) -> shapely.LineString:
    """Return a cubic curve through the nodes, swaying by at most about `winding_m` between its ends."""
    points = xy[cells]
    tangents = np.empty_like(points)
    tangents[1:-1] = (points[2:] - points[:-2]) / 2
    tangents[0] = _end_tangent(points[0], points[1], through[cells[0]], cells[1], xy)
    tangents[-1] = -_end_tangent(points[-1], points[-2], through[cells[-1]], cells[-2], xy)
    t = np.linspace(0, 1, 9)[:-1, None, None]
    h = (2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, -2 * t**3 + 3 * t**2, t**3 - t**2)
    spans = h[0] * points[:-1] + h[1] * tangents[:-1] + h[2] * points[1:] + h[3] * tangents[1:]
    curve = np.concatenate([spans.transpose(1, 0, 2).reshape(-1, 2), points[-1:]])
    if winding_m:
        steps = np.hypot(*np.diff(curve, axis=0).T)
        along = np.r_[0, np.cumsum(steps)]
        taper = np.minimum(1, np.minimum(along, along[-1] - along) / 500)
        sway = np.stack([bends.at(*curve.T), bends.at(*(curve.T + 3e6))], 1)
        curve = curve + winding_m * taper[:, None] * sway
    return shapely.simplify(shapely.LineString(np.round(curve, 1)), 2.5)


def _end_tangent(
    here: Points, onward: Points, pair: tuple[int, int] | None, onward_node: int, xy: Points
) -> NDArray[np.float64]:
    """Return the tangent at a chain's end: straight through where the road goes on, else towards its next node."""
    if pair and onward_node in pair:
        behind = pair[0] if pair[1] == onward_node else pair[1]
        return np.asarray((onward - xy[behind]) / 2)
    return np.asarray(onward - here)
