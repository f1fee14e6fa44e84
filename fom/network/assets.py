"""Assets out of chains and point features: one bridge, culvert, ford, ferry, tunnel or pass each, with a permanent id.

A way asset is a run of chains of one type with no junction between them; it lies on all their segments. A point asset
lies on the short segments cut out around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.chains import Chains
from fom.network.cutting import POINT_HALF_M, Marks, Segments
from fom.network.grouping import Ints, runs
from fom.network.ids import geometry_ids
from fom.network.network import ASSET_TYPES
from fom.network.points import Spot

OVERLAP_M = 1.0
"""A segment that shares less than this with the stretch around a point feature does not carry it."""


@dataclass(slots=True)
class Assets:
    """a assets and where they lie."""

    ids: NDArray[np.bytes_]
    type: NDArray[np.uint8]
    limits: NDArray[np.float64]
    """(a, 5) in the order of `network.ASSET_LIMIT_NAMES`, NaN = not recorded."""
    names: list[str]
    segment: Ints
    """(p,) segments, sorted; `asset` lies on each."""
    asset: Ints
    at_m: NDArray[np.float64]
    """(p,) metres from the segment's start, NaN = the whole segment."""


def numbers(values: Sequence[Sequence[float | None]], width: int) -> NDArray[np.float64]:
    """Return rows of numbers as an array, NaN for None."""
    return np.array([[np.nan if v is None else v for v in row] for row in values], dtype=np.float64).reshape(-1, width)


def make_assets(chains: Chains, segments: Segments, marks: Marks, spots: dict[int, Spot]) -> Assets:
    """Return all assets, way assets first, in the order of their chains; `spots` are point features by node label."""
    type_of_road = np.array([ASSET_TYPES.index(r.asset) if r.asset else -1 for r in chains.roads])
    on = np.flatnonzero(type_of_road[chains.road] >= 0)
    _, first, group = np.unique(chains.structure[on], return_index=True, return_inverse=True)
    n_ways = len(first)
    points = [node for node in dict.fromkeys(marks.node.tolist()) if spots[node].asset]

    limits = np.full((n_ways + len(points), 5), np.nan)
    rows = numbers([(*r.limits, r.depth_m) for r in chains.roads], 5)[chains.road[on]]
    np.fmin.at(limits, group, rows)
    limits[n_ways:] = numbers([(*spots[p].limits, spots[p].depth_m) for p in points], 5)

    names = [""] * n_ways
    for g, chain in sorted(zip(group.tolist(), on.tolist(), strict=True), reverse=True):
        names[g] = chains.roads[chains.road[chain]].asset_name or names[g]
    kind = np.concatenate(
        [type_of_road[chains.road[on[first]]], [ASSET_TYPES.index(spots[p].asset) for p in points]]
    ).astype(np.uint8)
    ids = _ids(chains, on, group, n_ways, points, kind)
    segment, asset, at_m = _places(segments, marks, on, group, {p: n_ways + i for i, p in enumerate(points)})
    return Assets(ids, kind, limits, [*names, *(spots[p].name for p in points)], segment, asset, at_m)


def _ids(
    chains: Chains, on: Ints, group: Ints, n_ways: int, points: Sequence[int], kind: NDArray[np.uint8]
) -> NDArray[np.bytes_]:
    order = np.argsort(group, kind="stable")
    size = np.diff(chains.start)[on[order]]
    at = runs(chains.start[:-1][on[order]], size)
    vertices = np.bincount(group[order], weights=size, minlength=n_ways).astype(np.int64)
    at_point = _first_vertex(chains.node, points)
    start = np.concatenate([[0], np.cumsum(np.concatenate([vertices, np.ones(len(points), dtype=np.int64)]))])
    at = np.concatenate([at, at_point])
    words = [ASSET_TYPES[k] for k in kind.tolist()]
    return geometry_ids("a", chains.x[at], chains.y[at], start, words, np.arange(len(kind)))


def _first_vertex(node: Ints, wanted: Sequence[int]) -> Ints:
    order = np.argsort(node, kind="stable")
    return order[np.searchsorted(node[order], np.array(wanted, dtype=np.int64))]


def spans(segments: Segments, marks: Marks) -> tuple[Ints, Ints]:
    """Return (mark, segment) pairs: the segments that lie on the stretch around each mark."""
    first = np.searchsorted(segments.chain, marks.chain, side="left")
    count = np.searchsorted(segments.chain, marks.chain, side="right") - first
    mark = np.repeat(np.arange(len(marks.chain)), count)
    segment = runs(first, count)
    begin = segments.from_m[segment]
    low = np.maximum(begin, marks.at_m[mark] - POINT_HALF_M)
    high = np.minimum(begin + segments.length_m[segment], marks.at_m[mark] + POINT_HALF_M)
    near = high - low >= np.minimum(OVERLAP_M, segments.length_m[segment] / 2)
    return mark[near], segment[near]


def _places(
    segments: Segments, marks: Marks, on: Ints, group: Ints, number_of_point: dict[int, int]
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Return (segment, asset, metres) sorted by segment, then asset."""
    asset_of_chain = np.full(int(segments.chain.max()) + 1, -1, dtype=np.int64)
    asset_of_chain[on] = group
    whole = np.flatnonzero(asset_of_chain[segments.chain] >= 0)
    mark, at = spans(segments, marks)
    asset_of_mark = np.array([number_of_point.get(n, -1) for n in marks.node.tolist()], dtype=np.int64)
    mark, at = mark[asset_of_mark[mark] >= 0], at[asset_of_mark[mark] >= 0]
    at_m = np.clip(marks.at_m[mark] - segments.from_m[at], 0, segments.length_m[at])
    segment = np.concatenate([whole, at])
    asset = np.concatenate([asset_of_chain[segments.chain[whole]], asset_of_mark[mark]])
    metres = np.concatenate([np.full(len(whole), np.nan), at_m])
    _, first = np.unique(np.column_stack([segment, asset]), axis=0, return_index=True)
    return segment[first], asset[first], metres[first]
