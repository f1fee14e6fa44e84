"""Time against risk: what is offered is best in some mixture, beaten by nothing, and never on a closed road."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fom.domain.profiles import PROFILES
from fom.domain.states import State
from fom.routing.mixtures import Mixer
from fom.routing.planning import plan_route
from fom.routing.request import Wishes, make_request
from fom.routing.router import Router
from fom.routing.snapping import Snap
from fom.routing.trade_offs import KEPT_BESIDE_FASTEST, count_by_level
from fom.routing.weights import TIE_BITS
from fom.routing.wishes import with_trade_offs
from tests.deep import in_gate
from tests.routing.conditions import HandConditions
from tests.routing.small_networks import expanded_graph, grid_network, networks, plain_costs

BASE = {"profile": "P3", "profiles": PROFILES, "user_class": "mission_military", "at": 0, "known_at": 0}
FRACTIONS = st.sampled_from([0.0, 0.25, 0.5, 1.0])


def snap(segment: int, fraction: float) -> Snap:
    return Snap(segment, fraction, 0.0, (0.0, 0.0), (0.0, 0.0))


def beaten(one: tuple[int, int], others) -> bool:
    return any(o != one and o[0] <= one[0] and o[1] <= one[1] for o in others)


def pareto_by_labels(network, time, care, origin, destination) -> set[tuple[int, int]]:
    """Return the (time, care) in ms that no other way beats: every label kept at every arc until it is beaten."""
    graphs = [expanded_graph(network, costs, "wheeled") for costs in (time, care)]
    unit = 1 << TIE_BITS

    def part(arc: int, share: float) -> tuple[int, int]:
        return tuple(round((g.nodes[arc]["weight"] // unit) * share) for g in graphs)

    def plus(a, b):
        return a[0] + b[0], a[1] + b[1]

    at: dict[int, set[tuple[int, int]]] = {}
    ends: set[tuple[int, int]] = set()
    queue = []
    for first in (2 * origin[0], 2 * origin[0] + 1):
        if first not in graphs[0]:
            continue
        along = origin[1] if first % 2 == 0 else 1 - origin[1]
        queue.append((first, part(first, 1 - along)))
        if first >> 1 == destination[0]:
            to = destination[1] if first % 2 == 0 else 1 - destination[1]
            if to >= along:
                ends.add(part(first, to - along))
    while queue:
        arc, label = queue.pop()
        if label in at.setdefault(arc, set()) or beaten(label, at[arc]):
            continue
        at[arc] = {kept for kept in at[arc] if not beaten(kept, {label})} | {label}
        for onward in graphs[0].successors(arc):
            whole = tuple(g.edges[arc, onward]["weight"] // unit for g in graphs)
            queue.append((onward, plus(label, whole)))
            if onward >> 1 == destination[0]:
                turn = tuple(w - g.nodes[onward]["weight"] // unit for w, g in zip(whole, graphs, strict=True))
                to = destination[1] if onward % 2 == 0 else 1 - destination[1]
                ends.add(plus(label, plus(turn, part(onward, to))))
    return {end for end in ends if not beaten(end, ends)}


def hull(points: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return those of some points that are best in a mixture which nothing else equals, by time."""
    out: list[tuple[int, int]] = []
    for p in sorted(points):
        while len(out) > 1:
            (ax, ay), (bx, by) = out[-2], out[-1]
            if (bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax) > 0:
                break
            out.pop()
        out.append(p)
    return out


@given(networks(), st.data())
@settings(max_examples=100, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_all_ways_best_in_a_mixture_are_found_and_none_that_another_beats(network, data):
    n = network.n_segments
    time = plain_costs(network)
    care = time * np.array(data.draw(st.lists(st.sampled_from([1.0, 2.0, 5.0, 11.0]), min_size=2 * n, max_size=2 * n)))
    closed = data.draw(st.lists(st.integers(0, 2 * n - 1), unique=True, max_size=n))
    time[closed] = care[closed] = np.inf
    ends = [(data.draw(st.integers(0, n - 1)), data.draw(FRACTIONS)) for _ in range(2)]
    router = Router(network, with_hierarchy=data.draw(st.booleans()))
    with router.metric(time).reading() as fast, router.metric(care).reading() as safe:
        found = Mixer(fast, safe, [snap(*ends[0]), snap(*ends[1])]).supported()
    possible = pareto_by_labels(network, time, care, *ends)
    costs = [(way.time_ms, way.care_ms) for way in found]
    assert set(costs) <= possible
    if ends[0][0] != ends[1][0]:
        assert set(hull(possible)) <= set(costs)
    assert bool(costs) == bool(possible)
    for way in found:
        assert np.isfinite(time[way.path.arcs]).all()


@pytest.mark.parametrize("with_hierarchy", [True, False])
def test_on_a_grid_with_many_ways_none_of_those_best_in_a_mixture_is_missing(with_hierarchy, monkeypatch):
    monkeypatch.setattr("fom.routing.mixtures.MAX_SEARCHES", 200)
    network = grid_network(6, 5)
    rng, between = np.random.default_rng(7), 0
    for _ in range(10):
        time = plain_costs(network) * rng.uniform(0.5, 2, 2 * network.n_segments)
        care = plain_costs(network) * rng.uniform(0.5, 9, 2 * network.n_segments)
        ends = (0, 0.0), (network.n_segments - 1, 1.0)
        router = Router(network, with_hierarchy=with_hierarchy)
        with router.metric(time).reading() as fast, router.metric(care).reading() as safe:
            found = Mixer(fast, safe, [snap(*end) for end in ends]).supported()
        best = hull(pareto_by_labels(network, time, care, *ends))
        assert [(way.time_ms, way.care_ms) for way in found] == best
        between += len(best) - 2
    assert between > 8


def test_legs_of_a_trip_with_via_points_are_mixed_as_a_whole():
    network = grid_network(5, 4)
    rng = np.random.default_rng(3)
    time = plain_costs(network)
    care = time * rng.uniform(1, 9, len(time))
    router = Router(network)
    stops = [snap(0, 0.3), snap(14, 0.5), snap(28, 0.1)]
    with router.metric(time).reading() as fast, router.metric(care).reading() as safe:
        whole = Mixer(fast, safe, stops).supported()
    legs = [pareto_by_labels(network, time, care, (a.segment, a.fraction), (b.segment, b.fraction))
            for a, b in pairwise(stops)]  # fmt: skip
    sums = {(a[0] + b[0], a[1] + b[1]) for a in legs[0] for b in legs[1]}
    assert {(w.time_ms, w.care_ms) for w in whole} >= set(hull(sums))


@pytest.mark.parametrize("seed", in_gate(4, range(12)))
def test_no_offered_way_is_beaten_in_time_risk_and_caution_and_the_fastest_comes_first(seed):
    rng = np.random.default_rng(seed)
    network = grid_network(7, 6)
    conditions = HandConditions(network)
    for segment in range(network.n_segments):
        conditions.set_state(segment, State(rng.choice([0, 0, 0, 1, 1, 2, 3, 4])))
        conditions.risk[segment] = rng.choice([0, 0, 0.1, 0.2, 0.24])
    for segment in (0, network.n_segments - 1):
        conditions.set_state(segment, State.GREEN)
    ends = {"origin": [0.001, 0.0], "destination": [0.53, 0.45]}
    request = make_request(**ends, **BASE, wishes=Wishes(trade_offs=True))
    router = Router(network)
    plan = with_trade_offs(plan_route(network, router, conditions, request), router, conditions)
    ways = plan.trade_offs
    measures = [(w.route.duration_s, w.route.risk, w.caution_m) for w in ways]
    assert len(ways) <= 1 + KEPT_BESIDE_FASTEST
    assert bool(ways) == (plan.best is not None)
    for i, mine in enumerate(measures):
        assert not any(i != j and all(o <= m for o, m in zip(its, mine, strict=True)) for j, its in enumerate(measures))
    assert measures == sorted(measures)
    for way in ways:
        assert way.route.state <= State.AMBER
        assert way.route.path.arcs.size
    if ways:
        viable = conditions.states.ravel() <= State.AMBER
        fastest = router.metric(np.where(viable, plain_costs(network), np.inf))
        with fastest.reading() as searches:
            best = searches.best(plan.ends[0].snap, plan.ends[1].snap)
        assert ways[0].route.duration_s <= best.cost_s + 1


def test_the_words_count_hazards_by_level():
    levels = {"a": "suspected", "b": "confirmed", "c": "suspected"}
    assert count_by_level(["a"], levels) == "one suspected hazard"
    assert count_by_level(["a", "c"], levels) == "two suspected hazards"
    assert count_by_level(["a", "b", "c"], levels) == "one confirmed and two suspected hazards"


def test_a_longer_way_around_two_suspected_hazards_says_what_it_saves():
    network = grid_network(3, 2)
    conditions = HandConditions(network)
    bottom = [i for i in range(network.n_segments) if (network.coords[2 * i : 2 * i + 2, 1] == 0).all()]
    for segment in bottom:
        conditions.set_state(segment, State.AMBER)
        conditions.risk[segment] = 0.2
    request = make_request(origin=[0.0, 0.001], destination=[0.18, 0.001], **BASE, wishes=Wishes(trade_offs=True))
    router = Router(network)
    ways = with_trade_offs(plan_route(network, router, conditions, request), router, conditions).trade_offs
    assert [w.words for w in ways] == [
        "fastest, passes two suspected hazards, risk .20, 20.0 km of caution",
        "+33 min, avoids two suspected hazards, risk .20 → .00, caution 20.0 → 0.0 km",
    ]
