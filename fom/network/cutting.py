"""Chains into segments: cut around point features, and evenly so that none is longer than the limit.

Loops are always cut, so that the two ends of a segment are different nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from fom.network.chains import Chains
from fom.network.grouping import Ints, runs
from fom.network.raw import UNITS_PER_DEGREE

GEOD = Geod(ellps="WGS84")
LONG_EDGE_M = 1000.0
"""Straight edges longer than this get vertices in between, because metres and degrees drift apart along them."""
POINT_HALF_M = 15.0
"""Half the length of road that counts as lying on a point asset (J): a ford closes itself, not a kilometre of road."""
MIN_PIECE_M = 5.0
"""Cuts beside a point feature nearer than this to another cut or to an end are left out (J)."""
ROUNDING_M = 0.5
"""Pieces are cut this much shorter than the limit, so that rounding to 1e-7 degrees never exceeds it."""
SAME_PLACE_M = 0.05
"""A cut this near to a vertex uses the vertex."""


@dataclass(slots=True)
class Marks:
    """f places of point features on chains; a feature at a junction stands on each chain that meets there."""

    node: Ints
    """(f,) node label of the feature."""
    chain: Ints
    at_m: NDArray[np.float64]
    """(f,) metres from the chain's start."""


@dataclass(slots=True)
class Segments:
    """n segments over v vertices, in the order of their chains."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    start: Ints
    """(n + 1,); vertices of segment i are start[i]:start[i + 1]; a shared vertex stands in both neighbours."""
    chain: Ints
    """(n,) index into the chains."""
    from_m: NDArray[np.float64]
    """(n,) metres from the chain's start at which the segment begins."""
    length_m: NDArray[np.float64]
    ends: Ints
    """(n, 2) dense node numbers, in order of first appearance."""
    end_label: Ints
    """(n, 2) node labels of the chains, -1 at cuts inside a chain."""


@dataclass(slots=True)
class _Line:
    """All chains one after the other, as one line with gaps of no length between them."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    start: Ints
    edge_m: NDArray[np.float64]
    """(v - 1,), 0 between chains."""

    def places(self) -> NDArray[np.float64]:
        """Return (v,) metres from the start of the first chain."""
        return np.concatenate([[0.0], np.cumsum(self.edge_m)])

    def chain_of_vertex(self) -> Ints:
        """Return (v,) chain numbers."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def cut_chains(chains: Chains, marked: Ints, max_length_m: float) -> tuple[Segments, Marks]:
    """Return segments of at most `max_length_m`, and where the nodes `marked` lie.

    A stretch of `POINT_HALF_M` to each side of a marked node becomes a segment of its own.
    """
    line, label = _densified(chains)
    place = line.places()
    at = np.flatnonzero(np.isin(label, marked))
    chain = line.chain_of_vertex()[at]
    marks = Marks(label[at], chain, place[at] - place[line.start[chain]])
    cuts = _all_cuts(chains, line, place, marks, max_length_m)
    line, is_cut = _with_vertices_at(line, place, cuts)
    return _split(chains, line, is_cut), marks


def edge_lengths(x: NDArray[np.int32], y: NDArray[np.int32], edges: Ints) -> NDArray[np.float64]:
    """Return (e,) geodesic metres from vertex i to i + 1 for each i in `edges`; positions in 1e-7 degrees."""
    lon, lat = x / UNITS_PER_DEGREE, y / UNITS_PER_DEGREE
    return np.asarray(GEOD.inv(lon[edges], lat[edges], lon[edges + 1], lat[edges + 1])[2])


def _between(line: _Line, edge: Ints, share: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return positions at a share (0 to 1) of each edge, the shorter way round the globe."""
    full = 360 * UNITS_PER_DEGREE
    dx = line.x[edge + 1].astype(np.int64) - line.x[edge]
    dx = np.where(dx > full // 2, dx - full, np.where(dx < -full // 2, dx + full, dx))
    dy = line.y[edge + 1].astype(np.int64) - line.y[edge]
    x = np.rint(line.x[edge] + share * dx).astype(np.int64)
    x = np.where(x > full // 2, x - full, np.where(x < -full // 2, x + full, x))
    return x.astype(np.int32), np.rint(line.y[edge] + share * dy).astype(np.int32)


def _inserted(line: _Line, edge: Ints, share: NDArray[np.float64]) -> tuple[_Line, Ints, Ints]:
    """Return the line with new vertices (sorted by edge, then share), and the new places of new and of old vertices."""
    x, y = _between(line, edge, share)
    old = np.arange(len(line.x))
    old_at = old + np.searchsorted(edge + 1, old, side="right")
    new_at = edge + 1 + np.arange(len(edge))
    grown = _Line(np.insert(line.x, edge + 1, x), np.insert(line.y, edge + 1, y), line.start, line.edge_m)
    grown.start = np.append(old_at[line.start[:-1]], len(grown.x))
    grown.edge_m = np.zeros(len(grown.x) - 1)
    whole = np.diff(old_at) == 1
    grown.edge_m[old_at[:-1][whole]] = line.edge_m[whole]
    changed = np.union1d(new_at - 1, new_at)
    grown.edge_m[changed] = edge_lengths(grown.x, grown.y, changed)
    return grown, new_at, old_at


def _densified(chains: Chains) -> tuple[_Line, Ints]:
    """Return the chains as one line without edges over LONG_EDGE_M, and (v,) node labels, -1 at new vertices."""
    line = _Line(chains.x, chains.y, chains.start, np.zeros(len(chains.x) - 1))
    inside = np.ones(len(chains.x) - 1, dtype=bool)
    inside[chains.start[1:-1] - 1] = False
    edges = np.flatnonzero(inside)
    line.edge_m[edges] = edge_lengths(line.x, line.y, edges)
    parts = np.ceil(line.edge_m / LONG_EDGE_M).astype(np.int64)
    long = np.flatnonzero(parts > 1)
    edge = np.repeat(long, parts[long] - 1)
    step = runs(np.ones(len(long), dtype=np.int64), parts[long] - 1)
    line, _, old_at = _inserted(line, edge, step / parts[edge])
    label = np.full(len(line.x), -1, dtype=np.int64)
    label[old_at] = chains.node
    return line, label


def _all_cuts(
    chains: Chains, line: _Line, place: NDArray[np.float64], marks: Marks, max_length_m: float
) -> NDArray[np.float64]:
    """Return sorted places of all cuts inside chains."""
    begin, end = place[line.start[:-1]], place[line.start[1:] - 1]
    chain = np.tile(marks.chain, 2)
    near = begin[chain] + np.concatenate([marks.at_m - POINT_HALF_M, marks.at_m + POINT_HALF_M])
    near = np.sort(near[(near > begin[chain] + MIN_PIECE_M) & (near < end[chain] - MIN_PIECE_M)])
    near = near[np.diff(near, prepend=-np.inf) >= MIN_PIECE_M]

    bounds = np.concatenate([begin, near])
    order = np.argsort(bounds, kind="stable")
    bounds = bounds[order]
    chain = np.searchsorted(begin, bounds, side="right") - 1
    length = np.minimum(np.append(bounds[1:], np.inf), end[chain]) - bounds
    parts = np.where(length > max_length_m, np.ceil(length / (max_length_m - ROUNDING_M)), 1).astype(np.int64)
    is_loop = chains.node[chains.start[:-1]] == chains.node[chains.start[1:] - 1]
    is_whole = np.bincount(chain, minlength=len(begin))[chain] == 1
    parts[is_loop[chain] & is_whole & (parts == 1)] = 2
    step = runs(np.ones(len(parts), dtype=np.int64), parts - 1)
    even = np.repeat(bounds, parts - 1) + step * np.repeat(length / parts, parts - 1)
    return np.sort(np.concatenate([near, even]))


def _with_vertices_at(
    line: _Line, place: NDArray[np.float64], cuts: NDArray[np.float64]
) -> tuple[_Line, NDArray[np.bool_]]:
    """Return the line with a vertex at each cut, and (v,) whether a vertex is a cut or the end of a chain."""
    edge = np.searchsorted(place, cuts, side="right") - 1
    before, after = cuts - place[edge], place[edge + 1] - cuts
    at_vertex = np.minimum(before, after) < SAME_PLACE_M
    chain = line.chain_of_vertex()[edge]
    vertex = np.clip(np.where(before <= after, edge, edge + 1), line.start[chain] + 1, line.start[chain + 1] - 2)[
        at_vertex
    ]
    edge, share = edge[~at_vertex], (before / (before + after))[~at_vertex]
    grown, new_at, old_at = _inserted(line, edge, share)
    is_cut = np.zeros(len(grown.x), dtype=bool)
    is_cut[new_at] = True
    is_cut[old_at[vertex]] = True
    is_cut[grown.start[:-1]] = True
    is_cut[grown.start[1:] - 1] = True
    return grown, is_cut


def _split(chains: Chains, line: _Line, is_cut: NDArray[np.bool_]) -> Segments:
    """Return the segments between consecutive cuts of each chain."""
    cuts = np.flatnonzero(is_cut)
    chain_of_cut = line.chain_of_vertex()[cuts]
    inside = chain_of_cut[:-1] == chain_of_cut[1:]
    first, last, chain = cuts[:-1][inside], cuts[1:][inside], chain_of_cut[:-1][inside]
    place = line.places()
    at = runs(first, last - first + 1)
    label = np.full(len(line.x), -1, dtype=np.int64)
    label[line.start[:-1]] = chains.node[chains.start[:-1]]
    label[line.start[1:] - 1] = chains.node[chains.start[1:] - 1]
    vertices = np.column_stack([first, last])
    end_label = label[vertices]
    key = np.where(end_label >= 0, end_label, -1 - vertices).ravel()
    _, position, inverse = np.unique(key, return_index=True, return_inverse=True)
    rank = np.empty(len(position), dtype=np.int64)
    rank[np.argsort(position)] = np.arange(len(position))
    edge_m = np.append(line.edge_m, 0)
    return Segments(
        x=line.x[at], y=line.y[at], start=np.concatenate([[0], np.cumsum(last - first + 1)]), chain=chain,
        from_m=place[first] - place[line.start[chain]], length_m=np.add.reduceat(edge_m, cuts[:-1])[inside],
        ends=rank[inverse].reshape(-1, 2), end_label=end_label,
    )  # fmt: skip
