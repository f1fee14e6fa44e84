"""Does a comparison see what differs, and measure shortest ways rightly?"""

from __future__ import annotations

from pathlib import Path

import networkx
import numpy as np
import pytest

from fom.network.compare import compare, path_graph
from tests.network.osm_writing import Drawing

ROAD = {"highway": "primary"}
GRID = {f"{x}{y}": (x, y) for x in range(5) for y in range(5)}
ROWS = [(" ".join(f"{x}{y}" for x in range(5)), ROAD) for y in range(5)]
COLUMNS = [(" ".join(f"{x}{y}" for y in range(5)), {**ROAD, "oneway": "yes"}) for x in range(4)]


def test_lengths_are_those_of_an_independent_search(tmp_path: Path) -> None:
    graph = path_graph(Drawing(GRID, [*ROWS, *COLUMNS]).build(tmp_path))
    plain = networkx.MultiDiGraph()
    for tail, head, length in zip(graph.tail, graph.head, graph.length_m, strict=True):
        plain.add_edge(int(tail), int(head), length=float(length))
    comparison = compare(graph, graph, pairs=100, seed=4)
    drawn = np.random.default_rng(4).integers(comparison.common_nodes, size=(100, 2))
    assert comparison.common_nodes == len(graph.lonlat)
    for (origin, destination), (one, two) in zip(drawn.tolist(), comparison.lengths_m.tolist(), strict=True):
        try:
            expected = networkx.dijkstra_path_length(plain, origin, destination, weight="length")
        except networkx.NetworkXNoPath:
            expected = np.inf
        assert one == two == pytest.approx(expected)


def test_a_missing_road_shows_as_longer_or_missing_ways(tmp_path: Path) -> None:
    whole = path_graph(Drawing(GRID, [*ROWS, *COLUMNS]).build(tmp_path))
    less = path_graph(Drawing(GRID, [*ROWS[:4], *COLUMNS]).build(tmp_path))
    comparison = compare(whole, less, pairs=200)
    assert comparison.total_m[0] - comparison.total_m[1] == pytest.approx(4 * 111, abs=4)
    assert np.isinf(comparison.differences).any()
    assert (comparison.differences == 0).any()


def test_networks_of_other_places_have_nothing_to_compare(tmp_path: Path) -> None:
    here = path_graph(Drawing(GRID, ROWS).build(tmp_path))
    away = path_graph(Drawing({n: (x + 50, y) for n, (x, y) in GRID.items()}, ROWS).build(tmp_path))
    comparison = compare(here, away)
    assert (comparison.common_nodes, comparison.pairs, len(comparison.differences)) == (0, 0, 0)
