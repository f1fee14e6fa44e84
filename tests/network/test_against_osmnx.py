"""Does an independent reader of the same file find the same roads, lengths and shortest ways?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import osmnx
import pytest

from bench.osmnx_graphs import path_graph_of, simplified_graph, write_roads_as_xml
from fom.network.build import compile_network, compile_roads
from fom.network.compare import compare, path_graph
from fom.network.download import graph_roads, our_settings
from fom.network.network import Network
from tests.network.osm_writing import Drawing
from tests.network.shared_data import shared_file

EXTRACTS = ["djibouti_roads", "tanzania-mini", "saopaulo"]


def one_way_changes(network: Network) -> int:
    """Return how many nodes inside links turn two-way into one-way traffic, or let two one-way roads meet head on.

    OSMnx ends an edge there; a link of ours goes on, because no road branches off.
    """
    node = np.concatenate([network.from_node, network.to_node])
    order = np.argsort(node, kind="stable")
    _, first, count = np.unique(node[order], return_index=True, return_counts=True)
    one, two = order[first[count == 2]], order[first[count == 2] + 1]
    n = network.n_segments
    oneway = np.asarray(network.is_oneway)
    changes = oneway[one % n] != oneway[two % n]
    head_on = oneway[one % n] & oneway[two % n] & ((one < n) == (two < n))
    return int(np.count_nonzero(changes | head_on))


@pytest.mark.parametrize("name", EXTRACTS)
def test_links_length_and_200_shortest_paths_agree_with_osmnx(tmp_path: Path, name: str) -> None:
    source = shared_file(f"net_osm_extracts/{name}.osm.pbf")
    network = compile_network(source)
    theirs = path_graph_of(simplified_graph(source, tmp_path))
    comparison = compare(path_graph(network), theirs, pairs=200, seed=1)
    assert theirs.links == path_graph(network).links + one_way_changes(network)
    assert comparison.total_m[0] == pytest.approx(comparison.total_m[1], rel=1e-6)
    assert comparison.pairs == 200
    assert np.isfinite(comparison.lengths_m).all(axis=1).sum() > 100
    assert len(np.unique(comparison.lengths_m[:, 0])) > 100
    assert comparison.differences.max() < 1e-5


def as_downloaded(path: Path) -> Network:
    """Return the network of OSMnx's unsimplified graph of an XML file, as a download gives it."""
    with our_settings():
        graph = osmnx.graph_from_xml(path, simplify=False, retain_all=True)
    return compile_roads(graph_roads(graph), name="downloaded")


def test_a_downloaded_graph_and_a_file_end_in_the_same_network(tmp_path: Path) -> None:
    places = {c: (i % 5, i // 5) for i, c in enumerate("abcdefghijklmnopqrst")}
    ways = [
        ("a b c d e", {"highway": "primary", "name": "One"}), ("c h m r", {"highway": "track", "surface": "dirt"}),
        ("f g h i j", {"highway": "secondary", "oneway": "yes"}),
        ("o n m l k", {"highway": "tertiary", "oneway": "-1"}),
        ("p q r q2 p", {"highway": "residential"}), ("s t", {"highway": "track", "bridge": "yes", "maxweight": "8"}),
        ("r s", {"highway": "track"}),
    ]  # fmt: skip
    drawing = Drawing(
        {**places, "q2": (1.5, 3.5)},
        ways,
        {"b": {"ford": "yes"}, "g": {"barrier": "bollard"}, "n": {"barrier": "gate"}},
    )
    built = compile_network(drawing.write(tmp_path / "a.osm"))
    assert as_downloaded(tmp_path / "a.osm").manifest["content_hash"] == built.manifest["content_hash"]


def test_a_real_downloaded_graph_and_its_file_end_in_the_same_network(tmp_path: Path) -> None:
    source = shared_file("net_osm_extracts/djibouti_roads.osm.pbf")
    built = compile_network(source)
    downloaded = as_downloaded(write_roads_as_xml(source, tmp_path / "roads.osm"))
    assert downloaded.segment_ids.tolist() == built.segment_ids.tolist()
    assert downloaded.length_m.tolist() == built.length_m.tolist()
