"""Do real files of several kinds become networks of the size that others counted?"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from fom.errors import BadReferenceData
from fom.network.build import compile_network
from fom.network.network import ASSET_TYPES, Network
from tests.network.shared_data import shared_file

COUNTED = {
    "net_osm_extracts/djibouti_roads.osm.pbf": 929,
    "net_osm_extracts/tanzania-mini.osm.pbf": 931,
    "net_osm_extracts/campo-grande.osm.gz": 1464,
    "net_osm_extracts/maribor_clean.osm.gz": 1389,
    "mission_ssd/road_closed_2022-12-15.geojson": 915,
    "mission_cod/kinshasa_roads_major.geojson": 483,
}
"""Kilometres of drivable roads as the shared data's own README counts them, on a sphere."""


@pytest.mark.parametrize("name", COUNTED)
def test_a_real_file_becomes_a_sound_network_of_the_counted_length(name: str) -> None:
    network = compile_network(shared_file(name))
    closed_share = 0.04 if "maribor" in name else 0.006
    km = float(network.length_m.sum()) / 1000
    assert COUNTED[name] * (1 - closed_share) <= km <= COUNTED[name] * 1.006
    assert_sound(network)


def assert_sound(network: Network) -> None:
    """Check what routing, picture and map rely on."""
    n = network.n_segments
    assert network.length_m.max() <= 1000
    assert network.length_m.min() > 0
    assert len(set(network.segment_ids.tolist())) == n
    assert (np.asarray(network.from_node) != network.to_node).all()
    assert np.array_equal(network.coords[network.coord_start[:-1]], network.node_lonlat[network.from_node])
    assert np.array_equal(network.coords[network.coord_start[1:] - 1], network.node_lonlat[network.to_node])
    assert sorted(np.unique(np.concatenate([network.from_node, network.to_node]))) == list(
        range(len(network.node_lonlat))
    )
    assert set(network.road_type.tolist()) <= {b"", b"X", b"Y", b"Z"}
    assert (np.asarray(network.speed_kmh) > 0).all()
    for number in range(n):
        assert network.link[number] >= 0
    k = len(network.node_lonlat)
    graph = coo_matrix((np.ones(n), (network.from_node, network.to_node)), shape=(k, k))
    assert connected_components(graph, directed=False)[0] == network.manifest["counts"]["islands"]


def test_djibouti_keeps_its_fords_and_bridges() -> None:
    network = compile_network(shared_file("net_osm_extracts/djibouti_roads.osm.pbf"))
    kinds = [ASSET_TYPES[t] for t in network.asset_type]
    assert (kinds.count("bridge"), kinds.count("tunnel")) == (35, 3)
    assert kinds.count("ford") >= 18
    on_fords = {int(s) for s in range(network.n_segments) for a in network.assets_on(s) if kinds[a] == "ford"}
    assert max(network.length_m[s] for s in on_fords) < 1000


def test_the_south_sudan_closures_are_six_islands() -> None:
    network = compile_network(shared_file("mission_ssd/road_closed_2022-12-15.geojson"))
    assert network.manifest["counts"]["islands"] == 6


@pytest.mark.parametrize(
    "name",
    [
        "mission_som/som_checkpoints.geojson",
        "mission_ssd/osm_aeroway_line.geojson",
        "mission_ssd/osm_route_line.geojson",
    ],
)
def test_real_files_without_roads_are_refused(name: str) -> None:
    with pytest.raises(BadReferenceData, match=name.rpartition("/")[2].replace(".", r"\.")):
        compile_network(shared_file(name))
