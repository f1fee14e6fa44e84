"""The hierarchy gives the paths of Dijkstra, and partial customisation the weights of customisation from nothing."""

from __future__ import annotations

import logging
import os
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.routing import preparation
from fom.routing.customisation import customise, n_flags, recustomise
from fom.routing.graph import build_graph
from fom.routing.hierarchy import build_hierarchy
from fom.routing.router import Router
from fom.routing.weights import UNREACHABLE, draw_numbers, to_weights
from tests.routing.small_networks import grid_network, networks, plain_costs
from tests.routing.test_best import FRACTIONS, snap, weight_of


@given(networks(), st.data())
@settings(max_examples=200, deadline=None)
def test_both_engines_find_the_same_weight(network, data):
    costs = plain_costs(network)
    closed = data.draw(st.lists(st.integers(0, len(costs) - 1), unique=True, max_size=8))
    costs[closed] = np.inf
    ends = [snap(data.draw(st.integers(0, network.n_segments - 1)), data.draw(FRACTIONS)) for _ in "ab"]
    paths = [Router(network, with_hierarchy=flag).metric(costs).best(*ends) for flag in (True, False)]
    assert weight_of(paths[0]) == weight_of(paths[1])


def test_of_many_equally_good_ways_both_engines_take_the_same_arcs():
    network = grid_network(7, 6)
    costs = plain_costs(network)
    with_hierarchy, without = (Router(network, with_hierarchy=flag).metric(costs) for flag in (True, False))
    rng = np.random.default_rng(7)
    for start, end in rng.integers(0, network.n_segments, (80, 2)):
        ends = snap(start, 0.25), snap(end, 0.5)
        assert np.array_equal(with_hierarchy.best(*ends).arcs, without.best(*ends).arcs)


@given(networks(), st.randoms(use_true_random=False), st.data())
@settings(max_examples=200, deadline=None)
def test_after_any_changes_the_weights_are_those_of_a_fresh_customisation_whatever_the_order_of_contraction(
    network, random, data
):
    graph = build_graph(network)
    order = list(range(graph.n_nodes))
    random.shuffle(order)
    shape = build_hierarchy(graph, np.array(order, np.int32))
    draws = draw_numbers(network.segment_ids)
    weights = to_weights(plain_costs(network), draws)[graph.arc_of]
    keys = 2 * len(shape.up_head)
    weight, middle = np.empty(keys, np.int64), np.empty(keys, np.int32)
    customise(shape, weights, weight, middle)
    flags = np.zeros(n_flags(shape), np.bool_)
    if not graph.n_arcs:
        return
    for _ in range(4):
        changed = np.array(data.draw(st.lists(st.integers(0, graph.n_arcs - 1), unique=True, max_size=6)), np.int64)
        factor = data.draw(st.sampled_from([None, 1, 3]))
        base = to_weights(plain_costs(network), draws)[graph.arc_of[changed]]
        weights[changed] = UNREACHABLE if factor is None else base * factor
        recustomise(shape, weights, weight, middle, changed, flags)
        fresh, fresh_middle = np.empty_like(weight), np.empty_like(middle)
        customise(shape, weights, fresh, fresh_middle)
        assert np.array_equal(weight, fresh)
        assert not flags.any()


def test_the_hierarchy_is_kept_in_the_folder_and_made_again_when_damaged_or_of_another_network(tmp_path, monkeypatch):
    network, other = grid_network(5, 4), grid_network(4, 4)
    made = []
    original = preparation.make_order
    monkeypatch.setattr(preparation, "make_order", lambda *args: made.append(1) or original(*args))
    costs = plain_costs(network)
    ends = snap(0, 0.5), snap(network.n_segments - 1, 0.5)
    weight = Router(network, tmp_path).metric(costs).best(*ends).weight
    assert Router(network, tmp_path).metric(costs).best(*ends).weight == weight
    assert len(made) == 1
    file = tmp_path / preparation.FOLDER / "up_head.npy"
    file.write_bytes(file.read_bytes()[:-5])
    assert Router(network, tmp_path).metric(costs).best(*ends).weight == weight
    assert len(made) == 2
    left = tmp_path / ".routing-1-killed"
    left.mkdir()
    os.utime(left, (0, 0))
    Router(other, tmp_path)
    assert len(made) == 3
    assert not list(tmp_path.glob(".routing-*"))
    shutil.rmtree(tmp_path / preparation.FOLDER)
    Router(network, tmp_path / "nowhere")
    assert len(made) == 4


def test_without_the_package_for_the_order_routes_are_found_all_the_same(monkeypatch, caplog):
    network = grid_network(3, 3)
    ends = snap(0, 0.5), snap(network.n_segments - 1, 0.5)
    expected = Router(network).metric(plain_costs(network)).best(*ends)
    monkeypatch.setitem(__import__("sys").modules, "routingkit_cch", None)
    with caplog.at_level(logging.WARNING):
        found = Router(network).metric(plain_costs(network)).best(*ends)
    assert np.array_equal(found.arcs, expected.arcs)
    assert "without a hierarchy" in caplog.text


def test_a_wheel_of_another_author_agrees_on_every_distance():
    rk = pytest.importorskip("routingkit_cch")
    network = grid_network(6, 5)
    graph = build_graph(network)
    rng = np.random.default_rng(4)
    costs = plain_costs(network) * rng.uniform(0.5, 2.0, 2 * network.n_segments)
    order = preparation.make_order(network, graph)
    arcs = (graph.tail.astype(np.uint32), graph.head.astype(np.uint32))
    milliseconds = np.rint(costs[graph.arc_of] * 1000).astype(np.uint32)
    metric = rk.CCHMetric(rk.CCH(order.tolist(), *arcs, False), milliseconds)
    ours = Router(network).metric(costs)

    def distance(x: int, y: int) -> int:
        query = rk.CCHQuery(metric)
        result = query.run(x, y)
        return int(result.distance)

    for _ in range(60):
        start, end = rng.integers(0, network.n_segments, 2)
        path = ours.best(snap(start, 1.0), snap(end, 0.0))
        # from the far end of one segment to the near end of another, whichever way they are left and entered
        (a, b), (c, d) = (graph.arrival[[2 * s, 2 * s + 1]].tolist() for s in (start, end))
        back, forth = int(milliseconds[graph.first[2 * start + 1]]), int(milliseconds[graph.first[2 * end + 1]])
        ways = [lead + distance(x, y) + tail for x, lead in ((a, 0), (b, back)) for y, tail in ((d, 0), (c, forth))]
        if start != end:
            assert round(path.cost_s * 1000) == min(ways)
