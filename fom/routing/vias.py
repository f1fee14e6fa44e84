"""Where alternates may pass: nodes of the hierarchy over which a path is worth looking at.

Every path between two places crosses the separators of the nested dissection that lie between them, and a
separator's nodes are among the upper neighbours' chains (`parent`) of the places on either side. So the chains of
the two ends and of a few places along the best path hold the nodes that any other way must pass. For all of them
the lightest path over the node is known from a handful of sweeps, and whether it keeps to the best path before or
after; only what differs is unfolded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled
from fom.routing.engine import Ends, Found
from fom.routing.graph import RouterGraph
from fom.routing.hierarchy import NONE, Hierarchy
from fom.routing.weights import UNREACHABLE

SAMPLES = 9
"""Shares of the best path at which its chains are looked at and the shared part is estimated: tenths."""
MAX_VIAS = 32
"""So many paths at most are unfolded for one question."""


def _places(spent: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the places of a path just before and after each tenth of what it counts; `spent` is summed up by place."""
    tenths = spent[-1] * np.arange(1, SAMPLES + 1) / (SAMPLES + 1)
    after = np.searchsorted(spent, tenths)
    return np.unique(np.clip(np.concatenate([after - 1, after]), 0, len(spent) - 1))


@compiled
def _chain(parent: NDArray[np.int32], starts: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return all ancestors of some ranks, and the ranks themselves, ascending."""
    front = starts.astype(np.int64)
    out = np.empty(1024, np.int64)
    size = 0
    while True:
        x = np.int64(2**62)
        for k in range(len(front)):
            if front[k] != NONE and front[k] < x:
                x = front[k]
        if x == 2**62:
            return out[:size].copy()
        if size == len(out):
            out = np.concatenate((out, np.empty_like(out)))
        out[size] = x
        size += 1
        for k in range(len(front)):
            if front[k] == x:
                front[k] = parent[x]


@compiled
def _sweep(
    shape: Hierarchy,
    weight: NDArray[np.int64],
    chain: NDArray[np.int64],
    ahead: NDArray[np.int64],
    behind: NDArray[np.int64],
    place: NDArray[np.int32],
) -> None:
    """Complete weights between places and all nodes of a chain (c,) that holds all ancestors of its nodes.

    `ahead` (c, j) holds for j places 0 at the place (or what is spent there) and UNREACHABLE elsewhere, and is filled
    with the weight from the place to each node; `behind` (c, j) likewise with that from each node to the place.
    `place` (n,) is workspace.
    """
    for k in range(len(chain)):
        place[chain[k]] = k
    width = ahead.shape[1]
    for k in range(len(chain)):
        for arc in range(shape.up_first[chain[k]], shape.up_first[chain[k] + 1]):
            above = place[shape.up_head[arc]]
            up, down = weight[2 * arc], weight[2 * arc + 1]
            for j in range(width):
                ahead[above, j] = min(ahead[above, j], ahead[k, j] + up)
                behind[above, j] = min(behind[above, j], behind[k, j] + down)
    for k in range(len(chain) - 1, -1, -1):
        for arc in range(shape.up_first[chain[k]], shape.up_first[chain[k] + 1]):
            above = place[shape.up_head[arc]]
            up, down = weight[2 * arc], weight[2 * arc + 1]
            for j in range(width):
                ahead[k, j] = min(ahead[k, j], ahead[above, j] + down)
                behind[k, j] = min(behind[k, j], behind[above, j] + up)


def via_candidates(
    shape: Hierarchy,
    graph: RouterGraph,
    weight: NDArray[np.int64],
    sources: Ends,
    targets: Ends,
    best: Found,
    counted: NDArray[np.float64],
    allowed: float,
    place: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Return router nodes over which to look for alternates, each path once, the most promising first.

    `counted` (arcs of the best,) says how much sharing each arc counts; a path that shares more than `allowed` with the
    start and the end of the best is left out. Of the paths that leave and rejoin the best in the same tenths the
    lightest comes first, then the second lightest of each, and so on. `place` (n,) is workspace.
    """
    nodes = np.concatenate([sources.nodes[best.start : best.start + 1], graph.head[best.arcs]])
    spent = np.concatenate([[0.0], np.cumsum(counted)])
    places = _places(spent)
    starts, stops, here = shape.rank[sources.nodes], shape.rank[targets.nodes], shape.rank[nodes[places]]
    chain = _chain(shape.parent, np.concatenate([starts, stops, here]))
    ahead = np.full((len(chain), 1 + len(places)), UNREACHABLE, np.int64)
    behind = ahead.copy()
    np.minimum.at(ahead[:, 0], np.searchsorted(chain, starts), sources.weights)
    np.minimum.at(behind[:, 0], np.searchsorted(chain, stops), targets.weights)
    at = np.searchsorted(chain, here)
    column = np.arange(1, 1 + len(places))
    ahead[at, column] = behind[at, column] = 0
    _sweep(shape, weight, chain, ahead, behind, place)

    total = ahead[:, 0] + behind[:, 0]
    keeps = ahead[:, 1:] + ahead[at, 0] == ahead[:, :1]
    returns = behind[:, 1:] + behind[at, 0] == behind[:, :1]
    leaves = np.where(keeps, column, 0).max(axis=1, initial=0)
    joins = np.where(returns, column, len(places) + 1).min(axis=1, initial=len(places) + 1)
    before = np.concatenate([[0.0], spent[places]])[leaves]
    after = np.concatenate([[0.0], spent[-1] - spent[places], [0.0]])[joins]
    worth = (total < UNREACHABLE) & (total > best.weight) & (before + after <= allowed) & (leaves < joins)
    found = np.flatnonzero(worth)
    found = found[np.unique(total[found], return_index=True)[1]]
    turn = _ordinal(leaves[found] * (len(places) + 2) + joins[found])
    first = np.lexsort((total[found], turn))[:MAX_VIAS]
    return shape.order[chain[found[first]]]


def _ordinal(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each entry how many before it are of the same group."""
    order = np.argsort(groups, kind="stable")
    ranked = groups[order]
    first = np.searchsorted(ranked, ranked)
    out = np.empty(len(groups), np.int64)
    out[order] = np.arange(len(groups)) - first
    return out
