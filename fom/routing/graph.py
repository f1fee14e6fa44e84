"""The graph that is searched: network nodes, split where a turn is forbidden or a barrier stands.

At an ordinary node every arc that arrives may be followed by every arc that leaves, also by its own reverse: a
vehicle can turn round at a junction. A node that carries a forbidden turn or a barrier is split into one copy for
each arriving arc, and each copy has only the arcs that may follow. There a forbidden turn has no arc; a barrier turn
has one that costs what the barrier costs the vehicle (`barriers`). Turning round is left out at a node with forbidden
turns unless nothing else may follow (a dead end), and stays possible in front of a barrier.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.network import Network

NO_BARRIER = -1


@dataclass(frozen=True, eq=False)
class RouterGraph:
    """Nodes 0..n_nodes-1 and arcs of the search, and how they belong to the network's arcs."""

    n_nodes: int
    node_of: NDArray[np.int32]
    """(n_nodes,) network node that each router node is, or is a copy of."""
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    """(m,) router nodes."""
    arc_of: NDArray[np.int64]
    """(m,) network arc that is travelled when the router arc is."""
    barrier: NDArray[np.int32]
    """(m,) row of the network's barrier list passed before the arc, or NO_BARRIER."""
    first: NDArray[np.int64]
    """(2n + 1,); network arc b is travelled by router arcs first[b] to first[b + 1] - 1."""
    arrival: NDArray[np.int32]
    """(2n,) router node reached at the end of each network arc, -1 where there is no such arc."""

    @property
    def n_arcs(self) -> int:
        """Return the number of router arcs."""
        return len(self.tail)

    def router_arcs(self, arcs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the router arcs that belong to network `arcs`, in the order given."""
        counts = self.first[arcs + 1] - self.first[arcs]
        inside = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.asarray(np.repeat(self.first[arcs], counts) + inside)


def network_ends(network: Network) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """Return tail node, head node and existence of each of the 2n network arcs."""
    start, end = np.asarray(network.from_node), np.asarray(network.to_node)
    tail = np.column_stack([start, end]).ravel()
    head = np.column_stack([end, start]).ravel()
    exists = np.ones(len(tail), bool)
    exists[1::2] = ~np.asarray(network.is_oneway)
    return tail, head, exists


def build_graph(network: Network) -> RouterGraph:
    """Return the router graph of a network. Deterministic: depends on the network's arrays only."""
    tail, head, exists = network_ends(network)
    n_network_nodes = len(network.node_lonlat)
    arcs = np.flatnonzero(exists)
    turns = np.asarray(network.forbidden_turns).reshape(-1, 2)
    is_split = np.zeros(n_network_nodes, bool)
    is_split[head[turns[:, 0]]] = True
    is_split[np.asarray(network.barrier_node)] = True

    arrival = np.full(len(tail), -1, np.int32)
    arrival[arcs] = head[arcs]
    arriving = arcs[is_split[head[arcs]]]
    arrival[arriving] = n_network_nodes + np.arange(len(arriving))

    plain = arcs[~is_split[tail[arcs]]]
    after, following, barrier = _turns_at_split_nodes(network, arcs, arriving, tail, head, is_split)
    r_tail = np.concatenate([tail[plain], arrival[after]]).astype(np.int32)
    r_arc = np.concatenate([plain, following])
    r_barrier = np.concatenate([np.full(len(plain), NO_BARRIER), barrier]).astype(np.int32)
    order = np.lexsort((r_tail, r_arc))
    r_tail, r_arc, r_barrier = r_tail[order], r_arc[order], r_barrier[order]
    return RouterGraph(
        n_nodes=n_network_nodes + len(arriving),
        node_of=np.concatenate([np.arange(n_network_nodes), head[arriving]]).astype(np.int32),
        tail=r_tail,
        head=arrival[r_arc],
        arc_of=r_arc,
        barrier=r_barrier,
        first=np.searchsorted(r_arc, np.arange(len(tail) + 1)).astype(np.int64),
        arrival=arrival,
    )


def _turns_at_split_nodes(
    network: Network,
    arcs: NDArray[np.int64],
    arriving: NDArray[np.int64],
    tail: NDArray[np.int32],
    head: NDArray[np.int32],
    is_split: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Return the turns that may be made at split nodes: arriving arc, following arc, barrier row or NO_BARRIER."""
    leaving: dict[int, list[int]] = {}
    for arc in arcs[is_split[tail[arcs]]].tolist():
        leaving.setdefault(int(tail[arc]), []).append(arc)
    forbidden = {(int(a), int(b)) for a, b in np.asarray(network.forbidden_turns).reshape(-1, 2)}
    barrier_at = {int(node): row for row, node in reversed(list(enumerate(np.asarray(network.barrier_node).tolist())))}

    after: list[int] = []
    following: list[int] = []
    barrier: list[int] = []
    for arc in arriving.tolist():
        node = int(head[arc])
        row = barrier_at.get(node, NO_BARRIER)
        back = arc ^ 1
        allowed = [b for b in leaving.get(node, []) if b != back and (arc, b) not in forbidden]
        can_turn_round = back in leaving.get(node, []) and (row != NO_BARRIER or not allowed)
        for b in sorted([*allowed, back] if can_turn_round else allowed):
            after.append(arc)
            following.append(b)
            barrier.append(NO_BARRIER if b == back else row)
    return np.asarray(after, np.int64), np.asarray(following, np.int64), np.asarray(barrier, np.int32)
