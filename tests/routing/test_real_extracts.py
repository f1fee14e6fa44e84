"""On real road networks both engines equal plain Dijkstra over arcs, before and after closures and lifting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fom.network.build import build_network
from fom.routing.router import Router
from fom.routing.snapping import Snap
from tests.routing.small_networks import expanded_graph, least_weight, plain_costs

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "net_osm_extracts"
FILES = ("oslo-east.osm.pbf", "maribor_clean.osm.gz")
N_PAIRS = 6


@pytest.mark.parametrize("name", FILES)
def test_on_a_real_network_every_engine_agrees_with_plain_dijkstra(name, tmp_path):
    if not SHARED.is_dir():
        pytest.skip(f"no {SHARED}: the shared road extracts are missing")
    network = build_network(SHARED / name, tmp_path / "network")
    assert len(network.forbidden_turns) > 50
    assert len(network.barrier_node) > 40
    rng = np.random.default_rng(3)
    costs = plain_costs(network)
    metrics = [Router(network, with_hierarchy=flag).metric(costs) for flag in (True, False)]
    pairs = rng.integers(0, network.n_segments, (N_PAIRS, 2))
    fractions = rng.uniform(0, 1, (N_PAIRS, 2)).round(3)
    closed = rng.choice(2 * network.n_segments, network.n_segments // 6, replace=False)
    for now_closed in (closed[:0], closed, closed[::2]):
        now = costs.copy()
        now[now_closed] = np.inf
        graph = expanded_graph(network, now, "wheeled")
        for metric in metrics:
            metric.update(closed, now[closed])
        found = 0
        for (a, b), (x, y) in zip(pairs.tolist(), fractions.tolist(), strict=True):
            expected = least_weight(graph, (a, x), (b, y))
            paths = [m.best(Snap(a, x, 0, (0, 0), (0, 0)), Snap(b, y, 0, (0, 0), (0, 0))) for m in metrics]
            assert [None if p is None else p.weight for p in paths] == [expected, expected]
            if expected is not None:
                found += 1
                assert np.array_equal(paths[0].arcs, paths[1].arcs)
                assert np.isfinite(now[paths[0].arcs]).all()
        assert found >= N_PAIRS // 3
