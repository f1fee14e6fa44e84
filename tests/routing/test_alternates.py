"""Alternates are few, sorted, unlike each other and locally optimal, judged by slow independent code."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from fom.domain.profiles import PROFILES
from fom.domain.states import State
from fom.routing.alternates import Sharing, stretch_label
from fom.routing.comparing import compare
from fom.routing.planning import make_metrics, plan_route
from fom.routing.posture import POSTURES, travel_seconds
from fom.routing.request import make_request
from fom.routing.router import Path, Router
from fom.routing.routes import RouteMaker
from tests.deep import in_gate
from tests.routing.conditions import HandConditions
from tests.routing.small_networks import make_network

BASE = {"profile": "P3", "profiles": PROFILES, "user_class": "mission_military", "at": 0, "known_at": 0}


def town(seed: int, side: int = 9):
    """Return a grid of unequal streets with some missing, some one-way, and some bridges."""
    rng = np.random.default_rng(seed)
    nodes = [(0.01 + x * 0.03, 0.01 + y * 0.03) for y in range(side) for x in range(side)]
    segments = []
    for y, x in itertools.product(range(side), range(side)):
        here = y * side + x
        streets = ([here + 1] if x + 1 < side else []) + ([here + side] if y + 1 < side else [])
        segments += [
            (here, there, float(rng.integers(20, 70) * 100), bool(rng.uniform() < 0.1))
            for there in streets
            if rng.uniform() < 0.88
        ]
    bridges = [(f"b{i}", int(i)) for i in rng.choice(len(segments), 12, replace=False)]
    return make_network(nodes, segments, assets=bridges)


def plan(network, router, conditions, start, end, **more):
    request = make_request(origin=start, destination=end, **BASE, **more)
    return plan_route(network, router, conditions, request)


def share_by_hand(network, base: Path, other: Path) -> float:
    """Return the seconds of `base` that `other` shares, outside of the ends of `base`, over the time of `base`."""
    total_m = sum(float(network.length_m[s]) * f for s, f in zip(base.segments, base.shares, strict=True))
    cut = min(2000.0, total_m / 4)
    at, shared = 0.0, 0.0
    on_other = set(other.segments.tolist())
    for segment, share in zip(base.segments.tolist(), base.shares.tolist(), strict=True):
        length = float(network.length_m[segment]) * share
        inside = max(0.0, min(at + length, total_m - cut) - max(at, cut))
        if segment in on_other:
            shared += inside / 10
        at += length
    return shared / (total_m / 10)


def is_locally_optimal_by_hand(network, path: Path, opt_s: float) -> bool:
    graph = nx.MultiDiGraph()
    for i in range(network.n_segments):
        a, b, s = int(network.from_node[i]), int(network.to_node[i]), float(network.length_m[i]) / 10
        graph.add_edge(a, b, s=s)
        if not network.is_oneway[i]:
            graph.add_edge(b, a, s=s)
    heads = [int((network.from_node if arc & 1 else network.to_node)[arc >> 1]) for arc in path.arcs.tolist()]
    nodes, steps = heads[:-1], [float(network.length_m[s]) / 10 for s in path.segments[1:-1].tolist()]
    for i, j in itertools.combinations(range(len(nodes)), 2):
        length = sum(steps[i:j])
        if length <= 0.25 * opt_s and nx.shortest_path_length(graph, nodes[i], nodes[j], "s") < length - 1e-6:
            return False
    return True


@pytest.mark.parametrize("seed", in_gate(2, range(6)))
@pytest.mark.parametrize("with_hierarchy", [True, False])
def test_alternates_are_admissible_by_slow_independent_code(seed, with_hierarchy):
    network = town(seed)
    router = Router(network, with_hierarchy=with_hierarchy)
    conditions = HandConditions(network)
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(4):
        ends = [tuple(network.node_lonlat[int(n)] + 0.003) for n in rng.integers(0, len(network.node_lonlat), 2)]
        answer = plan(network, router, conditions, *ends, posture="fastest")
        if answer.best is None:
            continue
        best = answer.best
        routes = [a.route for a in answer.alternates]
        assert len(routes) <= 3
        assert [r.cost_s for r in routes] == sorted(r.cost_s for r in routes)
        for alternate in answer.alternates:
            found += 1
            assert alternate.route.duration_s >= best.duration_s
            assert alternate.comparison.share == pytest.approx(share_by_hand(network, best.path, alternate.route.path))
            assert alternate.comparison.share <= 0.80
            assert is_locally_optimal_by_hand(network, alternate.route.path, best.duration_s)
            mine = {a.asset_id for a in best.assets} & {a.asset_id for a in alternate.route.assets}
            assert alternate.comparison.is_robust == (not mine)
            assert alternate.comparison.stretch == pytest.approx(alternate.route.duration_s / best.duration_s)
        for one, two in itertools.permutations(routes, 2):
            assert min(share_by_hand(network, one.path, two.path), share_by_hand(network, two.path, one.path)) <= 0.80
    assert found


def test_labels_follow_the_stretch():
    assert [stretch_label(s) for s in (0.9, 1.25, 1.26, 2.0, 4.0, 4.01)] == [
        "near", "near", "detour", "detour", "long", "extreme",
    ]  # fmt: skip


def chain_of(lengths_km, detours):
    """Return a line of segments with the given lengths, and two-segment detours {segment: km} around some of them."""
    nodes = [(0.001 + i * 0.1, 0.001) for i in range(len(lengths_km) + 1)]
    segments = [(i, i + 1, km * 1000.0, False) for i, km in enumerate(lengths_km)]
    for i, km in detours.items():
        nodes.append((0.05 + i * 0.1, 0.1))
        segments += [(i, len(nodes) - 1, km * 500.0, False), (len(nodes) - 1, i + 1, km * 500.0, False)]
    return make_network(nodes, segments, assets=[("bridge", 1)])


def ends_of(network, last):
    return tuple(network.node_lonlat[0]), tuple(network.node_lonlat[last])


def test_of_100_km_an_alternate_of_122_km_that_shares_60_is_shown():
    network = chain_of([31, 1, 36, 32], {2: 58})
    answer = plan(network, Router(network), HandConditions(network), *ends_of(network, 4))
    (alternate,) = answer.alternates
    assert answer.best.distance_m == pytest.approx(100_000)
    assert alternate.comparison.stretch == pytest.approx(1.22)
    assert alternate.comparison.share == pytest.approx(0.60)  # 64 km less the first and last 2 km
    assert alternate.comparison.label == "near"
    assert not alternate.comparison.is_robust
    assert alternate.comparison.shared_assets == ("bridge",)
    assert alternate.comparison.trade_off == "+37 min, +22.0 km, not robust: also depends on bridge"


def test_of_100_km_one_of_118_km_that_shares_85_is_a_near_copy():
    network = chain_of([44, 1, 10, 45], {2: 28})
    answer = plan(network, Router(network), HandConditions(network), *ends_of(network, 4))
    assert answer.best.distance_m == pytest.approx(100_000)
    assert answer.alternates == ()


def test_150_km_that_share_nothing_but_the_bridge_are_not_robust():
    network = chain_of([49, 2, 49], {0: 74, 2: 74})
    router, conditions = Router(network), HandConditions(network)
    best = plan(network, router, conditions, *ends_of(network, 3)).best
    conditions.set_state(0, State.RED)
    conditions.set_state(2, State.RED)
    seconds = travel_seconds(network, PROFILES["P3"])
    snaps = [end.snap for end in plan(network, router, conditions, *ends_of(network, 3)).ends]
    # the ends lie on closed segments; from the detours themselves the way is open
    detour = [type(snaps[0])(s, f, 0.0, (0.0, 0.0), (0.0, 0.0)) for s, f in ((3, 0.0), (6, 1.0))]
    path = make_metrics(router, conditions, PROFILES["P3"], POSTURES["balanced"]).verified.best(*detour)
    other = RouteMaker(router, conditions, seconds, np.zeros(0)).make(path)
    share = Sharing.of(best.path, seconds, network.length_m).share(path)
    comparison = compare(best, other, share)
    assert other.distance_m == pytest.approx(150_000)
    assert comparison.share == pytest.approx(0.02)
    assert not comparison.is_robust


def test_a_robust_way_is_offered_although_it_needs_two_detours():
    network = chain_of([15, 30, 10, 30, 15], {1: 40, 3: 40})
    bridges = make_network(
        network.node_lonlat.tolist(),
        [
            (int(a), int(b), float(m), False)
            for a, b, m in zip(network.from_node, network.to_node, network.length_m, strict=True)
        ],
        assets=[("west", 1), ("east", 3)],
    )
    answer = plan(bridges, Router(bridges), HandConditions(bridges), *ends_of(bridges, 5))
    robust = [a for a in answer.alternates if a.comparison.is_robust]
    assert [a.route.distance_m for a in robust] == [pytest.approx(120_000)]


def test_the_way_of_the_other_posture_is_offered_and_its_trade_told():
    network = chain_of([20, 30, 20], {1: 60})
    conditions = HandConditions(network)
    conditions.set_state(1, State.AMBER)
    conditions.risk[1] = 0.3
    answer = plan(network, Router(network), conditions, *ends_of(network, 3), posture="fastest")
    assert answer.best.state == State.AMBER
    assert "avoids 1 explosive hazard" in answer.alternates[0].comparison.trade_off
    assert "risk 0.00 instead of 0.30" in answer.alternates[0].comparison.trade_off
    safest = plan(network, Router(network), conditions, *ends_of(network, 3), posture="safest")
    assert safest.best.state == State.GREEN
