"""Who reaches a service hub over viable roads, and in what time: the measure of being cut off.

Turn restrictions and barriers are left out: the question is whether people are cut off, not which turn they take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from fom.domain.states import BACKWARD, FORWARD, VIABLE
from fom.network.network import Network
from fom.routing.snapping import Snap, snap_to_road

REACH_S = 4 * 3600.0
"""Farther than this from every hub counts as cut off. Source: doctrine, section 5 (isolated community) (J)."""


AT_JUNCTION_M = 25.0
"""A place this near to a junction stands at it, whatever holds the road beside it. Source: project decision."""


def join_roads(network: Network, rows: Iterable[Mapping[str, Any]]) -> dict[str, Snap]:
    """Return id -> where a register's row joins the road network; rows farther than 2 km from any road are left out."""
    joined = {row["id"]: snap_to_road(network, row["lon"], row["lat"]) for row in rows}
    return {row_id: snap for row_id, snap in joined.items() if snap is not None}


@dataclass(frozen=True)
class Reached:
    """The places from which a hub is reached in time, and the ways there."""

    ids: set[str]
    _snaps: Mapping[str, Snap]
    _hubs: Sequence[Snap]
    _first: Mapping[str, int]
    """Place -> node by which its way begins."""
    _next: NDArray[np.int32]
    """(k + 1,) node -> the next on its way to the nearest hub, negative at the end."""

    def way(self, network: Network, place_id: str) -> NDArray[np.int64]:
        """Return the segments on the way from a place to its nearest hub, in order, of parallel ones all; with those
        that the place and the hub stand on. Nothing where no hub is reached."""
        if place_id not in self.ids:
            return np.empty(0, np.int64)
        nodes = self._nodes(place_id)
        ends = [
            hub.segment
            for hub in self._hubs
            if nodes[-1] in (network.from_node[hub.segment], network.to_node[hub.segment])
        ]
        return np.concatenate([[self._snaps[place_id].segment], segments_along(network, nodes), ends]).astype(np.int64)

    def _nodes(self, place_id: str) -> list[int]:
        nodes, node = [], self._first[place_id]
        while 0 <= node < len(self._next) - 1:
            nodes.append(node)
            node = int(self._next[node])
        return nodes


def segments_along(network: Network, nodes: Sequence[int]) -> NDArray[np.int64]:
    """Return the segments between consecutive nodes of a way, in its order; of parallel ones all."""
    if len(nodes) < 2:
        return np.empty(0, np.int64)
    place = np.full(len(network.node_lonlat), -2, np.int64)
    place[np.asarray(nodes)] = np.arange(len(nodes))
    a, b = place[np.asarray(network.from_node)], place[np.asarray(network.to_node)]
    on = np.flatnonzero((a >= 0) & (b >= 0) & (np.abs(a - b) == 1))
    return on[np.argsort(np.minimum(a[on], b[on]), kind="stable")]


def reaching(
    network: Network,
    states: NDArray[np.uint8],
    seconds: NDArray[np.float64],
    settlements: Mapping[str, Snap],
    hubs: Sequence[Snap],
) -> set[str]:
    """Return the settlements from which a hub is reached within `REACH_S` over GREEN and AMBER roads."""
    return reach_hubs(network, states, seconds, settlements, hubs).ids


def reach_hubs(
    network: Network,
    states: NDArray[np.uint8],
    seconds: NDArray[np.float64],
    settlements: Mapping[str, Snap],
    hubs: Sequence[Snap],
) -> Reached:
    """Return the settlements from which a hub is reached within `REACH_S` over GREEN and AMBER roads, with the ways.

    Parameters
    ----------
    states
        (n, 2) uint8, one row per segment.
    seconds
        (n,) seconds that each segment takes.
    """
    if not hubs or not settlements:
        return Reached(set(), {}, (), {}, np.empty(0, np.int32))
    is_viable = np.isin(states, VIABLE)
    to_hub, following = _seconds_to_hub(network, is_viable, seconds, hubs)
    first = {}
    for row_id, snap in settlements.items():
        seconds_to, node = _leave(network, is_viable, seconds, snap, to_hub)
        if seconds_to <= REACH_S:
            first[row_id] = node
    return Reached(set(first), settlements, hubs, first, following)


def _seconds_to_hub(
    network: Network, is_viable: NDArray[np.bool_], seconds: NDArray[np.float64], hubs: Sequence[Snap]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return (k,) seconds from each node to the nearest hub, inf where none is reached in time, and next nodes."""
    n_nodes = len(network.node_lonlat)
    start, end = np.asarray(network.from_node, np.int64), np.asarray(network.to_node, np.int64)
    ahead, back = is_viable[:, FORWARD], is_viable[:, BACKWARD]
    tails, heads = [start[ahead], end[back]], [end[ahead], start[back]]
    weights = [seconds[ahead], seconds[back]]
    for hub in hubs:  # one more node stands for all hubs
        for node, cost_s in _ends(network, seconds, hub, may_start=ahead[hub.segment], may_end=back[hub.segment]):
            tails.append(np.array([node]))
            heads.append(np.array([n_nodes]))
            weights.append(np.array([cost_s]))
    # searched backwards from the hubs; of parallel roads the quicker one, and no weight of 0, which would be no road
    rows, columns, values = np.concatenate(heads), np.concatenate(tails), np.maximum(np.concatenate(weights), 1e-3)
    order = np.lexsort((values, columns, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    is_first = np.ones(len(rows), np.bool_)
    is_first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    graph = csr_array((values[is_first], (rows[is_first], columns[is_first])), shape=(n_nodes + 1, n_nodes + 1))
    found, following = dijkstra(graph, indices=n_nodes, limit=REACH_S, return_predecessors=True)
    return np.asarray(found[:n_nodes]), np.asarray(following)


def _leave(
    network: Network,
    is_viable: NDArray[np.bool_],
    seconds: NDArray[np.float64],
    snap: Snap,
    to_hub: NDArray[np.float64],
) -> tuple[float, int]:
    """Return the seconds from a place on a road to the nearest hub, whichever way one sets out, and the node there."""
    ahead, back = is_viable[snap.segment, FORWARD], is_viable[snap.segment, BACKWARD]
    ends = _ends(network, seconds, snap, may_start=back, may_end=ahead)
    return min(((float(cost_s + to_hub[node]), node) for node, cost_s in ends), default=(np.inf, -1))


def _ends(
    network: Network, seconds: NDArray[np.float64], snap: Snap, *, may_start: bool, may_end: bool
) -> Iterator[tuple[int, float]]:
    """Yield (node, seconds between it and the place) of the ends of the road that the place may use."""
    s, length_m = snap.segment, float(network.length_m[snap.segment])
    for node, share, may in (
        (network.from_node[s], snap.fraction, may_start),
        (network.to_node[s], 1 - snap.fraction, may_end),
    ):
        if may or share * length_m <= AT_JUNCTION_M:
            yield int(node), share * float(seconds[s])
