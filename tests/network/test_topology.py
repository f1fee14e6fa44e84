"""Do roads join where they meet, and only there?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fom.network.network import ASSET_TYPES, Network
from tests.network.osm_writing import Drawing

ROAD = {"highway": "primary"}
TRACK = {"highway": "track"}
CROSS = {"a": (0, 0), "b": (5, 0), "c": (10, 0), "d": (5, 5), "e": (5, -5)}


def ends_are_distinct(network: Network) -> bool:
    return bool((np.asarray(network.from_node) != network.to_node).all())


def test_roads_join_at_a_shared_node(tmp_path: Path) -> None:
    drawing = Drawing(CROSS, [("a b c", ROAD), ("d b", TRACK)])
    network = drawing.build(tmp_path)
    assert drawing.ends(network) == ["a-b", "b-c", "b-d"]
    assert len(network.node_lonlat) == 4
    assert network.manifest["counts"]["dead_ends"] == 3


def test_roads_that_cross_without_a_shared_node_do_not_join(tmp_path: Path) -> None:
    drawing = Drawing(CROSS, [("a c", {**ROAD, "bridge": "yes", "layer": "1"}), ("d e", TRACK)])
    network = drawing.build(tmp_path)
    assert drawing.ends(network) == ["a-c", "d-e"]
    assert network.manifest["counts"]["islands"] == 2


def test_two_nodes_at_one_place_on_different_roads_stay_apart(tmp_path: Path) -> None:
    drawing = Drawing({**CROSS, "b2": (5, 0)}, [("a b c", ROAD), ("d b2 e", TRACK)])
    assert drawing.ends(drawing.build(tmp_path)) == ["a-c", "d-e"]


def test_ways_of_equal_attributes_become_one_segment(tmp_path: Path) -> None:
    drawing = Drawing(CROSS, [("a b", ROAD), ("b c", ROAD)])
    network = drawing.build(tmp_path)
    assert drawing.ends(network) == ["a-c"]
    assert network.osm_way.tolist() == [1]


def test_a_change_of_attributes_cuts_a_segment_but_not_its_link(tmp_path: Path) -> None:
    drawing = Drawing(CROSS, [("a b", ROAD), ("b c", {**ROAD, "surface": "gravel"}), ("c d", TRACK), ("c e", TRACK)])
    network = drawing.build(tmp_path)
    link = {drawing.end_names(network, i): int(network.link[i]) for i in range(network.n_segments)}
    assert link["a-b"] == link["b-c"]
    assert len(set(link.values())) == 3


def test_a_change_of_name_cuts_a_segment_but_not_its_link(tmp_path: Path) -> None:
    for key in ("name", "ref"):
        network = Drawing(CROSS, [("a b", {**ROAD, key: "One"}), ("b c", {**ROAD, key: "Two"})]).build(tmp_path)
        assert network.n_segments == 2
        assert len(set(network.link.tolist())) == 1


def test_opposite_one_way_roads_that_meet_are_not_joined(tmp_path: Path) -> None:
    oneway = {**ROAD, "oneway": "yes"}
    drawing = Drawing(CROSS, [("a b", oneway), ("c b", oneway)])
    assert drawing.ends(drawing.build(tmp_path)) == ["a>b", "c>b"]


def test_a_one_way_chain_runs_with_its_traffic_however_it_is_drawn(tmp_path: Path) -> None:
    drawing = Drawing(CROSS, [("b a", {**ROAD, "oneway": "-1"}), ("b c", {**ROAD, "oneway": "yes"})])
    assert drawing.ends(drawing.build(tmp_path)) == ["a>c"]


def test_parallel_roads_between_two_junctions_are_both_kept(tmp_path: Path) -> None:
    places = {"a": (0, 0), "b": (4, 0), "m": (2, 1), "n": (2, -1), "x": (-1, 0), "y": (5, 0)}
    drawing = Drawing(places, [("a m b", ROAD), ("a n b", ROAD), ("x a", ROAD), ("b y", ROAD)])
    network = drawing.build(tmp_path)
    assert drawing.ends(network) == ["a-b", "a-b", "a-x", "b-y"]
    assert len(set(network.segment_ids.tolist())) == 4


def test_a_loop_road_is_cut_so_that_its_ends_differ(tmp_path: Path) -> None:
    places = {"a": (0, 0), "b": (2, 0), "c": (3, 1), "d": (3, -1)}
    drawing = Drawing(places, [("a b", ROAD), ("b c d b", TRACK)])
    network = drawing.build(tmp_path)
    assert drawing.ends(network) == ["+-b", "+-b", "a-b"]
    assert ends_are_distinct(network)
    halves = np.asarray(network.length_m)[np.asarray(network.link) == network.link[np.argmax(network.length_m)]]
    assert halves[0] == pytest.approx(halves[1], abs=0.1)


def test_a_ring_without_any_junction_is_cut_and_kept(tmp_path: Path) -> None:
    places = {"a": (0, 0), "b": (2, 0), "c": (2, 2), "d": (0, 2)}
    for ways in ([("a b c d a", ROAD)], [("a b c", ROAD), ("a d c", ROAD)]):
        drawing = Drawing(places, ways)
        network = drawing.build(tmp_path)
        assert network.n_segments == 2
        assert ends_are_distinct(network)
        assert float(network.length_m.sum()) == pytest.approx(8 * 111, abs=5)


def test_a_road_that_goes_out_and_back_over_itself_has_distinct_ends(tmp_path: Path) -> None:
    drawing = Drawing(CROSS, [("a b a", ROAD), ("a d", ROAD)])
    assert ends_are_distinct(drawing.build(tmp_path))


def test_a_roundabout_is_one_way_between_its_exits(tmp_path: Path) -> None:
    places = {"n": (0, 1), "e": (1, 0), "s": (0, -1), "w": (-1, 0), "far": (5, 0), "up": (0, 5)}
    ring = {"highway": "tertiary", "junction": "roundabout"}
    drawing = Drawing(places, [("e n w s e", ring), ("e far", ROAD), ("n up", ROAD)])
    assert drawing.ends(drawing.build(tmp_path)) == ["e-far", "e>n", "n-up", "n>e"]


def test_a_road_drawn_twice_is_kept_once_and_counted(tmp_path: Path) -> None:
    drawing = Drawing(CROSS, [("a b c", ROAD), ("c b a", ROAD), ("d b", TRACK)])
    network = drawing.build(tmp_path)
    assert drawing.ends(network) == ["a-b", "b-c", "b-d"]
    assert network.manifest["dropped"] == {"repeated stretches (same vertices and attributes)": 2}


def test_a_road_drawn_twice_with_other_attributes_is_kept_twice(tmp_path: Path) -> None:
    drawing = Drawing(CROSS, [("a b", ROAD), ("a b", TRACK)])
    network = drawing.build(tmp_path)
    assert drawing.ends(network) == ["a-b", "a-b"]
    assert len(set(network.segment_ids.tolist())) == 2


def test_nodes_missing_at_the_files_edge_cut_the_road_there_and_are_counted(tmp_path: Path) -> None:
    places = {c: (i, 0) for i, c in enumerate("abcdefg")}
    drawing = Drawing(places, [("a b c d e f g", ROAD)], missing=["a", "d", "f"])
    network = drawing.build(tmp_path)
    assert drawing.ends(network) == ["b-c"]
    assert network.manifest["dropped"] == {
        "stretches with a single vertex left": 2,
        "vertices whose node is missing from the file": 3,
    }


def test_repeated_vertices_are_dropped_and_counted(tmp_path: Path) -> None:
    drawing = Drawing({**CROSS, "b2": (5, 0)}, [("a b b b2 c", ROAD)])
    network = drawing.build(tmp_path)
    assert drawing.ends(network) == ["a-c"]
    assert len(network.coords) == 3
    assert network.manifest["dropped"] == {"repeated vertices": 2}


def test_neighbouring_nodes_at_one_place_join_the_roads_of_both(tmp_path: Path) -> None:
    drawing = Drawing({**CROSS, "b2": (5, 0)}, [("a b b2 c", ROAD), ("d b2", TRACK), ("e b", TRACK)])
    assert drawing.ends(drawing.build(tmp_path)) == ["a-b", "b-c", "b-d", "b-e"]


def test_islands_are_kept_and_counted(tmp_path: Path) -> None:
    drawing = Drawing({**CROSS, "f": (20, 20), "g": (21, 20)}, [("a b", ROAD), ("f g", TRACK)])
    network = drawing.build(tmp_path)
    assert network.manifest["counts"]["islands"] == 2


def test_ways_through_a_file_in_any_order_give_the_same_network_to_the_byte(tmp_path: Path) -> None:
    places = {**CROSS, "f": (7, 2), "g": (8, -2), "h": (12, 0), "i": (12, 2), "j": (14, 1)}
    ways = [
        ("a b c", {**ROAD, "name": "One", "ref": "A1"}), ("d b e", TRACK), ("c f d", ROAD),
        ("c g e", {**ROAD, "name": "Two"}),
        ("h i j h", TRACK), ("c h", {**ROAD, "bridge": "yes"}), ("a b", {**TRACK, "surface": "mud"}),
        ("h c", {**ROAD, "bridge": "yes"}), ("e d", TRACK),
    ]  # fmt: skip
    one = Drawing(places, ways).build(tmp_path, max_length_m=300)
    two = Drawing(places, ways, ways_last_first=True).build(tmp_path, max_length_m=300)
    assert one.manifest["content_hash"] == two.manifest["content_hash"]
    assert one.network_id == two.network_id


def test_a_road_drawn_the_other_way_round_keeps_its_ids_and_direction(tmp_path: Path) -> None:
    one = Drawing(CROSS, [("a b c", ROAD), ("d b", TRACK)]).build(tmp_path, max_length_m=300)
    two = Drawing(CROSS, [("c b a", ROAD), ("b d", TRACK)]).build(tmp_path, max_length_m=300)
    assert one.manifest["content_hash"] == two.manifest["content_hash"]


def test_a_road_split_by_a_mapper_without_change_of_attributes_keeps_its_ids(tmp_path: Path) -> None:
    one = Drawing(CROSS, [("a b c", ROAD)]).build(tmp_path, max_length_m=300)
    two = Drawing(CROSS, [("a b", ROAD), ("b c", ROAD)]).build(tmp_path, max_length_m=300)
    assert one.segment_ids.tolist() == two.segment_ids.tolist()


def test_ids_are_short_unique_and_carry_no_map_data_id(tmp_path: Path) -> None:
    network = Drawing(CROSS, [("a b c", ROAD), ("d b e", TRACK)]).build(tmp_path, max_length_m=60)
    ids = [network.segment_id(i) for i in range(network.n_segments)]
    assert len(set(ids)) == len(ids) > 10
    assert all(len(i) <= 16 and i.isalnum() for i in ids)


def test_a_bridge_in_two_ways_is_one_asset_and_two_bridges_are_two(tmp_path: Path) -> None:
    places = {c: (i, 0) for i, c in enumerate("abcdef")}
    bridge = {**ROAD, "bridge": "yes"}
    drawing = Drawing(
        places, [("a b", ROAD), ("b c", bridge), ("c d", {**bridge, "lanes": "2"}), ("d e", ROAD), ("e f", bridge)]
    )
    network = drawing.build(tmp_path)
    on = {drawing.end_names(network, i): network.assets_on(i).tolist() for i in range(network.n_segments)}
    assert on["b-c"] == on["c-d"] != on["e-f"]
    assert on["a-b"] == on["d-e"] == []
    assert [ASSET_TYPES[t] for t in network.asset_type] == ["bridge", "bridge"]
