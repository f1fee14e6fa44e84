"""The best route equals plain Dijkstra on the arc-expanded graph, whatever is closed, and enters nothing closed."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.routing.router import Path, Router
from fom.routing.snapping import Snap
from tests.routing.small_networks import make_network, networks, oracle_weight, plain_costs

FRACTIONS = st.sampled_from([0.0, 0.25, 0.5, 1.0])


def snap(segment: int, fraction: float) -> Snap:
    return Snap(segment, fraction, 0.0, (0.0, 0.0), (0.0, 0.0))


def weight_of(path: Path | None) -> int | None:
    return None if path is None else path.weight


@given(networks(), st.data())
@settings(max_examples=300, deadline=None)
def test_best_route_equals_plain_dijkstra_over_arcs_before_and_after_closing_and_lifting(network, data):
    n = network.n_segments
    costs = plain_costs(network)
    vehicle = data.draw(st.sampled_from(["foot", "motorcycle", "wheeled"]))
    ends = [(data.draw(st.integers(0, n - 1)), data.draw(FRACTIONS)) for _ in range(2)]
    metric = Router(network, with_hierarchy=data.draw(st.booleans())).metric(costs, vehicle=vehicle)

    def check(now: np.ndarray) -> None:
        path = metric.best(snap(*ends[0]), snap(*ends[1]))
        assert weight_of(path) == oracle_weight(network, now, vehicle, *ends)
        if path is not None:
            assert np.isfinite(now[path.arcs]).all()

    check(costs)
    closed = np.array(data.draw(st.lists(st.integers(0, 2 * n - 1), unique=True, max_size=2 * n)), np.int64)
    now = costs.copy()
    now[closed] = np.inf
    metric.update(closed, now[closed])
    check(now)
    lifted = closed[: len(closed) // 2]
    now[lifted] = costs[lifted] * 1.5
    metric.update(lifted, now[lifted])
    check(now)


def test_turning_round_on_a_one_way_segment_needs_a_way_round():
    ring = make_network([(0, 0), (0.01, 0), (0.01, 0.01)], [(0, 1, 100, True), (1, 2, 100, True), (2, 0, 100, True)])
    metric = Router(ring).metric(plain_costs(ring))
    assert metric.best(snap(0, 0.2), snap(0, 0.7)).cost_s == 5.0
    assert metric.best(snap(0, 0.7), snap(0, 0.2)).cost_s == 25.0


def test_of_equal_parallel_segments_always_the_same_is_taken():
    pair = make_network(
        [(0, 0), (0.01, 0), (0.02, 0), (0.03, 0)],
        [(0, 1, 100, False), (1, 2, 100, False), (1, 2, 100, False), (2, 3, 100, False)],
    )
    swapped = make_network(
        [(0, 0), (0.01, 0), (0.02, 0), (0.03, 0)],
        [(0, 1, 100, False), (2, 1, 100, False), (2, 1, 100, False), (2, 3, 100, False)],
    )
    taken = [Router(n).metric(plain_costs(n)).best(snap(0, 0.5), snap(3, 0.5)).segments[1] for n in (pair, swapped)]
    assert taken[0] == taken[1]
