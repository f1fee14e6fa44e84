"""Criticality of every segment: against closing each segment in truth and searching anew with networkx."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.states import State
from fom.routing.criticality import HubTree
from fom.routing.roads import NEVER
from tests.routing.small_networks import grid_network, networks
from tests.routing.test_reach import draw_place, draw_states, oracle, roads_of, snap


def closing(network, states, places, hubs, people, segment):
    """Return (people cut off, people x ms of detour, numbers cut off) by two searches from nothing."""
    closed = states.copy()
    closed[segment] = np.where(closed[segment] <= State.BLACK, State.BLACK, closed[segment])
    none = np.zeros(states.shape)
    before, after = (oracle(network, s, none, "wheeled") for s in (states, closed))
    cut, detour, lost = 0, 0, []
    for number, place in enumerate(places):
        old, new = (min((ms(place, hub) for hub in hubs), default=NEVER) for ms in (before, after))
        if old < NEVER <= new:
            cut += people[number]
            lost.append(number)
        elif old < NEVER:
            detour += people[number] * (new - old)
    return cut, detour, lost


@settings(max_examples=60, deadline=None)
@given(network=networks(), data=st.data())
def test_closing_each_segment_does_what_closing_it_in_truth_does(network, data):
    states = draw_states(data, network)
    places = [draw_place(data, network) for _ in range(data.draw(st.integers(1, 4)))]
    hubs = [draw_place(data, network) for _ in range(data.draw(st.integers(1, 2)))]
    people = [data.draw(st.integers(0, 5000)) for _ in places]
    tree = HubTree.of(roads_of(network, states), [snap(*p) for p in places], people, [snap(*h) for h in hubs])
    on_the_way = tree.segments()
    answer = tree.closing_each(np.arange(network.n_segments))
    for segment in range(network.n_segments):
        cut, detour, lost = closing(network, states, places, hubs, people, segment)
        pairs = answer.cut_pairs[answer.cut_pairs[:, 0] == segment, 1].tolist()
        found = int(answer.cut_people[segment]), int(answer.detour_person_ms[segment]), pairs
        assert found == (cut, detour, lost)
        if segment not in on_the_way:
            assert found == (0, 0, [])


def test_nothing_is_critical_without_a_hub():
    grid = grid_network(3, 2)
    states = np.zeros((grid.n_segments, 2), np.uint8)
    tree = HubTree.of(roads_of(grid, states), [snap(0, 0.5)], [100], [])
    assert tree.segments().tolist() == []
    assert tree.to_hub.tolist() == [NEVER]
