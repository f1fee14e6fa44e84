"""Who reaches a hub: checked against networkx on small random networks."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.states import BACKWARD, FORWARD, NO_STATE, State
from fom.routing.roads import AT_JUNCTION_M, Roads, RoadTopology
from fom.routing.router import Router
from fom.routing.snapping import Snap
from fom.routing.spreading import REACH_MS, places_to_hub
from tests.routing.small_networks import make_network

NODES = [(30.0 + i / 100, 5.0 + (i * i % 7) / 100) for i in range(7)]
PLACES = st.integers(0, len(NODES) - 1)
ROADS = st.lists(st.tuples(PLACES, PLACES, st.sampled_from([1000.0, 30_000.0, 60_000.0, 90_000.0]), st.booleans()),
                 min_size=1, max_size=12)  # fmt: skip


def snap(segment: int, fraction: float) -> Snap:
    return Snap(segment, fraction, 0.0, (30.0, 5.0), (30.0, 5.0))


def to_hub(network, states, seconds, homes, hubs):
    topology = RoadTopology(Router(network, with_hierarchy=False))
    roads = Roads.at(topology, states, np.zeros(states.shape), seconds, "wheeled")
    return places_to_hub(roads, homes, hubs, REACH_MS)


@settings(max_examples=300, deadline=None)
@given(roads=ROADS, data=st.data())
def test_a_settlement_reaches_a_hub_exactly_when_networkx_finds_a_way_in_time(roads, data):
    network = make_network(NODES, roads)
    drawn = st.lists(st.sampled_from(list(State)), min_size=2, max_size=2)
    states = np.array([data.draw(drawn) for _ in roads], np.uint8)
    states[np.asarray(network.is_oneway), BACKWARD] = NO_STATE
    place = st.tuples(st.integers(0, len(roads) - 1), st.sampled_from([0.0, 0.4, 1.0]))
    hub, home = (snap(*data.draw(place)) for _ in range(2))
    seconds = np.asarray(network.length_m) / 10.0
    graph = nx.MultiDiGraph()
    graph.add_nodes_from([*range(len(NODES)), "hub", "home"])
    for i, (start, end, _, _) in enumerate(roads):
        if states[i, FORWARD] <= State.AMBER:
            graph.add_edge(start, end, s=seconds[i])
        if states[i, BACKWARD] <= State.AMBER:
            graph.add_edge(end, start, s=seconds[i])
    for name, at, leaves in (("home", home, True), ("hub", hub, False)):
        start, end, length_m, _ = roads[at.segment]
        along, against = states[at.segment, FORWARD] <= State.AMBER, states[at.segment, BACKWARD] <= State.AMBER
        for node, share, may in (
            (start, at.fraction, against if leaves else along),
            (end, 1 - at.fraction, along if leaves else against),
        ):
            if may or share * length_m <= AT_JUNCTION_M:
                graph.add_edge(*((name, node) if leaves else (node, name)), s=share * seconds[at.segment])
    for way, ahead in ((FORWARD, hub.fraction - home.fraction), (BACKWARD, home.fraction - hub.fraction)):
        if home.segment == hub.segment and ahead >= 0 and states[home.segment, way] <= State.AMBER:
            graph.add_edge("home", "hub", s=ahead * seconds[home.segment])
    found = nx.single_source_dijkstra_path_length(graph, "home", cutoff=None, weight="s").get("hub", np.inf)
    if abs(found * 1000 - REACH_MS) < 1000:
        return
    [ms] = to_hub(network, states, seconds, [home], [hub])
    assert (ms <= REACH_MS) == (found * 1000 <= REACH_MS)
    if ms <= REACH_MS:
        assert abs(ms - found * 1000) <= len(roads) + 2


def test_without_a_hub_nobody_reaches_one():
    network = make_network(NODES, [(0, 1, 1000.0, False)])
    states = np.zeros((1, 2), np.uint8)
    assert to_hub(network, states, np.array([100.0]), [snap(0, 0.5)], [])[0] > REACH_MS
