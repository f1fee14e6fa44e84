"""The blocking cut cuts, is the smallest there is, and is told apart from a map without a way."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.routing.blocking import find_cut, find_least_opening
from fom.routing.router import Router
from tests.routing.small_networks import make_network, networks, plain_costs
from tests.routing.test_best import snap

LINE = [(0, 0), (0.01, 0), (0.02, 0), (0.03, 0)]


def cut_of(network, is_open, start, end, vehicle="wheeled"):
    metric = Router(network).metric(plain_costs(network), vehicle=vehicle)
    with metric.reading() as searches:
        return find_cut(searches, is_open, start, end)


@given(networks(), st.data())
@settings(max_examples=200, deadline=None)
def test_the_cut_cuts_and_no_smaller_one_does(network, data):
    n = network.n_segments
    vehicle = data.draw(st.sampled_from(["foot", "motorcycle", "wheeled"]))
    closed = data.draw(st.lists(st.integers(0, 2 * n - 1), unique=True, max_size=9))
    is_open = np.ones(2 * n, bool)
    is_open[closed] = False
    fractions = st.sampled_from([0.25, 0.75])
    ends = [(data.draw(st.integers(0, n - 1)), data.draw(fractions)) for _ in "ab"]
    start, end = (snap(*e) for e in ends)
    costs = plain_costs(network)
    metric = Router(network).metric(np.where(is_open, costs, np.inf), vehicle=vehicle)
    cut = cut_of(network, is_open, start, end, vehicle)
    if metric.best(start, end) is not None:
        assert cut is None
        return
    everything = Router(network).metric(costs, vehicle=vehicle)
    if everything.best(start, end) is None:
        assert len(cut) == 0
        return
    assert len(cut)
    assert not is_open[cut].any()
    everything.update(cut, np.full(len(cut), np.inf))
    assert everything.best(start, end) is None
    if ends[0][0] != ends[1][0]:
        candidates = [arc for arc in closed if everything.router.graph.arrival[arc] >= 0]
        for fewer in combinations(candidates, len(cut) - 1):
            everything.update(np.arange(2 * n), costs)
            everything.update(np.array(fewer, np.int64), np.full(len(fewer), np.inf))
            assert everything.best(start, end) is not None
    opening = find_least_opening(metric, costs[::2], network.length_m, is_open, start, end)
    to_open = opening.arcs[~is_open[opening.arcs]]
    metric.update(to_open, costs[to_open])
    assert metric.best(start, end) is not None


def test_two_closures_in_a_row_make_a_cut_of_one_and_an_opening_of_two():
    road = make_network([*LINE, (0.04, 0)], [(i, i + 1, 100, False) for i in range(4)])
    is_open = np.ones(8, bool)
    is_open[[2, 3, 4, 5]] = False
    start, end = snap(0, 0.5), snap(3, 0.5)
    assert cut_of(road, is_open, start, end).tolist() == [2]
    metric = Router(road).metric(np.where(is_open, plain_costs(road), np.inf))
    opening = find_least_opening(metric, plain_costs(road)[::2], road.length_m, is_open, start, end)
    assert opening.segments[~is_open[opening.arcs]].tolist() == [1, 2]


def test_a_map_without_a_way_has_an_empty_cut():
    islands = make_network(LINE, [(0, 1, 100, False), (2, 3, 100, False)])
    assert cut_of(islands, np.ones(4, bool), snap(0, 0.5), snap(1, 0.5)).tolist() == []


def test_a_bollard_is_no_closure():
    road = make_network(LINE, [(i, i + 1, 100, False) for i in range(3)], barriers=[(2, "bollard")])
    is_open = np.ones(6, bool)
    is_open[2] = False
    assert cut_of(road, is_open, snap(0, 0.5), snap(2, 0.5), "wheeled").tolist() == []
    assert cut_of(road, is_open, snap(0, 0.5), snap(2, 0.5), "foot").tolist() == [2]
