"""What stands between two places: the fewest closed pieces that every way must use, and the least that must open.

Both are found on the same graph as routes, forbidden turns and barriers included. A cut says where the way is blocked;
it may be blocked more than once in a row, so the pieces to open are told besides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

from fom.routing.router import Metric, Path, Searches
from fom.routing.snapping import Snap

_UNCUT = 2**30
"""Capacity of an open arc: more than all closed arcs together."""

CLOSED_METRE_S = 10.0
"""When looking for the least to open, a closed metre counts as so many seconds of driving (J)."""


@dataclass(frozen=True, slots=True)
class _Flow:
    """Edges of the flow problem: node numbers, capacity 1 or _UNCUT, and the network arc of those that may be cut."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    capacity: NDArray[np.int64]
    arc: NDArray[np.int64]
    n_nodes: int
    source: int
    sink: int


def find_cut(
    searches: Searches, is_open: NDArray[np.bool_], origin: Snap, destination: Snap
) -> NDArray[np.int64] | None:
    """Return the fewest closed network arcs of which every way from origin to destination uses one, ascending.

    `is_open` (2n,) by arc number. Of several smallest cuts the one nearest to the origin. Empty when there is no way
    even with every road open, None when there is one over open roads.
    """
    flow = _flow_problem(searches, is_open, origin, destination)
    nodes = _contracted(flow)
    tail, head = nodes[flow.tail], nodes[flow.head]
    source, sink = int(nodes[flow.source]), int(nodes[flow.sink])
    if source == sink:
        return None
    apart = tail != head
    key, place = np.unique(tail[apart] * (int(nodes.max()) + 1) + head[apart], return_inverse=True)
    capacity = np.minimum(np.bincount(place, weights=flow.capacity[apart]), _UNCUT).astype(np.int32)
    size = int(nodes.max()) + 1
    matrix = csr_array((capacity, (key // size, key % size)), shape=(size, size), dtype=np.int32)
    result = maximum_flow(matrix, source, sink)
    if result.flow_value >= _UNCUT:
        return None
    residual = csr_array(matrix - result.flow)
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    near = np.zeros(size, bool)
    near[breadth_first_order(residual, source, return_predecessors=False)] = True
    cut = flow.arc[(flow.arc >= 0) & near[tail] & ~near[head]]
    return np.unique(cut)


def _contracted(flow: _Flow) -> NDArray[np.int64]:
    """Return the number of the knot of nodes that each node belongs to: all that reach each other over open arcs."""
    is_uncut = flow.capacity == _UNCUT
    links = (np.ones(int(is_uncut.sum()), np.int8), (flow.tail[is_uncut], flow.head[is_uncut]))
    graph = csr_array(links, shape=(flow.n_nodes, flow.n_nodes))
    return np.asarray(connected_components(graph, directed=True, connection="strong")[1], np.int64)


def _flow_problem(searches: Searches, is_open: NDArray[np.bool_], origin: Snap, destination: Snap) -> _Flow:
    """Return the graph in which every closed network arc is one edge of capacity 1, however it is entered.

    Such arcs, and those of the two ends, get nodes of their own: one where they are entered, one where they are left.
    Where both ends lie on one segment and the arc must be left before it leads back, its first part is an edge apart.
    """
    graph = searches.router.graph
    may_pass = np.flatnonzero(searches.may_pass_barrier(np.arange(graph.n_arcs)))
    first, last = _arcs_of(searches, origin.segment), _arcs_of(searches, destination.segment)
    own = np.unique(np.concatenate([graph.arc_of[may_pass][~is_open[graph.arc_of[may_pass]]], first, last]))
    entry = graph.n_nodes + np.arange(len(own))
    leave = entry + len(own)
    source, sink = graph.n_nodes + 2 * len(own), graph.n_nodes + 2 * len(own) + 1
    place = np.minimum(np.searchsorted(own, graph.arc_of[may_pass]), len(own) - 1)
    is_own = own[place] == graph.arc_of[may_pass]
    plain, into = may_pass[~is_own], may_pass[is_own]
    leads_back = np.array(
        [origin.segment == destination.segment and not searches.leads_directly(a, origin, destination) for a in first],
        bool,
    )
    edges = (
        (graph.tail[plain], graph.head[plain], None),
        (graph.tail[into], entry[place[is_own]], None),
        (entry, leave, own),
        (leave, graph.arrival[own], None),
        (np.full(len(first), source)[~leads_back], entry[np.searchsorted(own, first[~leads_back])], None),
        (np.full(len(first), source)[leads_back], graph.arrival[first[leads_back]], first[leads_back]),
        (leave[np.searchsorted(own, last)], np.full(len(last), sink), None),
    )
    arcs = [np.full(len(tail), -1) if own_arcs is None else own_arcs for tail, _, own_arcs in edges]
    arc = np.concatenate(arcs).astype(np.int64)
    arc[(arc >= 0) & is_open[arc]] = -1
    return _Flow(
        tail=np.concatenate([tail for tail, _, _ in edges]).astype(np.int64),
        head=np.concatenate([head for _, head, _ in edges]).astype(np.int64),
        capacity=np.where(arc < 0, _UNCUT, 1).astype(np.int64),
        arc=arc,
        n_nodes=sink + 1,
        source=source,
        sink=sink,
    )


def _arcs_of(searches: Searches, segment: int) -> NDArray[np.int64]:
    both = np.array([2 * segment, 2 * segment + 1])
    return np.asarray(both[searches.router.graph.arrival[both] >= 0])


def find_least_opening(
    metric: Metric,
    seconds: NDArray[np.float64],
    length_m: NDArray[np.float64],
    is_open: NDArray[np.bool_],
    origin: Snap,
    destination: Snap,
) -> Path | None:
    """Return the way that needs the least closed road to be opened, None when there is no way even so.

    `seconds` and `length_m` (n,) are those of segments, `is_open` (2n,) of arcs.
    """
    costs = np.repeat(seconds, 2) + np.where(is_open, 0.0, np.repeat(length_m, 2) * CLOSED_METRE_S)
    return metric.best_at(costs, origin, destination)
