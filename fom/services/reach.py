"""Who reaches a service hub over viable roads, and in what time: the measure of being cut off.

Turn restrictions and barriers are left out: the question is whether people are cut off, not which turn they take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def reaching(
    network: Network,
    states: NDArray[np.uint8],
    seconds: NDArray[np.float64],
    settlements: Mapping[str, Snap],
    hubs: Sequence[Snap],
) -> set[str]:
    """Return the settlements from which a hub is reached within `REACH_S` over GREEN and AMBER roads.

    Parameters
    ----------
    states
        (n, 2) uint8, one row per segment.
    seconds
        (n,) seconds that each segment takes.
    """
    if not hubs or not settlements:
        return set()
    is_viable = np.isin(states, VIABLE)
    to_hub = _seconds_to_hub(network, is_viable, seconds, hubs)
    return {
        row_id for row_id, snap in settlements.items() if _leave(network, is_viable, seconds, snap, to_hub) <= REACH_S
    }


def _seconds_to_hub(
    network: Network, is_viable: NDArray[np.bool_], seconds: NDArray[np.float64], hubs: Sequence[Snap]
) -> NDArray[np.float64]:
    """Return (k,) seconds from each node to the nearest hub, inf where none is reached in time."""
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
    return np.asarray(dijkstra(graph, indices=n_nodes, limit=REACH_S)[:n_nodes])


def _leave(
    network: Network,
    is_viable: NDArray[np.bool_],
    seconds: NDArray[np.float64],
    snap: Snap,
    to_hub: NDArray[np.float64],
) -> float:
    """Return the seconds from a place on a road to the nearest hub, whichever way one sets out."""
    ahead, back = is_viable[snap.segment, FORWARD], is_viable[snap.segment, BACKWARD]
    ends = _ends(network, seconds, snap, may_start=back, may_end=ahead)
    return float(min((cost_s + to_hub[node] for node, cost_s in ends), default=np.inf))


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
