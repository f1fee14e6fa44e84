"""Are segments short enough, and cut where an asset lies?"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.network.assemble import assemble
from fom.network.cutting import GEOD
from fom.network.network import ASSET_TYPES, Network
from fom.network.raw import NO_POSITION, UNITS_PER_DEGREE, RawRoads
from tests.network.osm_writing import STEP_M, Drawing

ROAD = {"highway": "primary"}
LINE = {c: (10 * i, 0) for i, c in enumerate("abcd")}


def assets_of(network: Network, number: int) -> list[str]:
    return [ASSET_TYPES[network.asset_type[a]] for a in network.assets_on(number)]


def geodesic_m(network: Network, number: int) -> float:
    lon, lat = network.coords[network.coord_start[number] : network.coord_start[number + 1]].T
    return float(GEOD.line_length(lon, lat))


def test_a_long_road_is_cut_evenly_into_pieces_of_one_link(tmp_path: Path) -> None:
    network = Drawing(LINE, [("a b c d", ROAD)]).build(tmp_path, max_length_m=1000)
    assert network.n_segments == 4
    assert network.length_m.max() - network.length_m.min() < 1
    assert len(set(network.link.tolist())) == 1
    assert float(network.length_m.sum()) == pytest.approx(30 * STEP_M, rel=0.01)


def test_a_road_of_exactly_the_limit_is_not_cut(tmp_path: Path) -> None:
    drawing = Drawing(LINE, [("a b c d", ROAD)])
    length_m = float(drawing.build(tmp_path).length_m[0])
    assert drawing.build(tmp_path, max_length_m=length_m).n_segments == 1
    assert drawing.build(tmp_path, max_length_m=length_m - 0.01).n_segments == 2


def test_a_straight_edge_of_a_hundred_kilometres_is_cut_too(tmp_path: Path) -> None:
    """At 60 degrees north, where equal steps in degrees are far from equal in metres along it."""
    network = Drawing({"a": (0, 55_000), "b": (700, 55_700)}, [("a b", ROAD)]).build(tmp_path, max_length_m=1000)
    assert network.length_m.max() <= 1000
    assert network.n_segments == pytest.approx(87, abs=2)
    assert network.length_m.max() - network.length_m.min() < 0.1


def test_a_ford_on_a_node_gets_a_short_segment_of_its_own(tmp_path: Path) -> None:
    drawing = Drawing(LINE, [("a b c", ROAD)], {"b": {"ford": "yes", "depth": "0.6", "name": "Lower ford"}})
    network = drawing.build(tmp_path)
    assert [assets_of(network, i) for i in range(3)] == [[], ["ford"], []]
    assert float(network.length_m[1]) == pytest.approx(30, abs=0.1)
    assert float(network.asset_at_m[0]) == pytest.approx(15, abs=0.1)
    assert network.asset_limits[0].tolist()[-1] == 0.6
    assert network.word(int(network.asset_name[0])) == "Lower ford"


def test_a_ford_at_a_junction_lies_on_every_road_that_meets_there(tmp_path: Path) -> None:
    places = {**LINE, "e": (10, 10)}
    network = Drawing(places, [("a b c", ROAD), ("b e", ROAD)], {"b": {"ford": "yes"}}).build(tmp_path)
    assert sorted(map(str, (assets_of(network, i) for i in range(network.n_segments)))) == ["['ford']"] * 3 + ["[]"] * 3
    assert len(network.asset_ids) == 1


def test_two_fords_close_to_each_other_both_lie_on_the_stretch_between(tmp_path: Path) -> None:
    places = {"a": (0, 0), "b": (5, 0), "c": (5.05, 0), "d": (10, 0)}
    ford = {"ford": "yes"}
    network = Drawing(places, [("a b c d", ROAD)], {"b": ford, "c": ford}).build(tmp_path)
    assert len(network.asset_ids) == 2
    assert max(len(network.assets_on(i)) for i in range(network.n_segments)) == 2
    assert network.length_m.min() >= 5


@pytest.mark.parametrize(
    ("tags", "asset"),
    [
        ({"bridge": "yes"}, "bridge"), ({"bridge": "viaduct"}, "bridge"), ({"bridge": "culvert"}, "culvert"),
        ({"tunnel": "culvert"}, "culvert"), ({"tunnel": "yes"}, "tunnel"), ({"tunnel": "building_passage"}, "tunnel"),
        ({"ford": "yes"}, "ford"), ({"ford": "stepping_stones"}, "ford"), ({"bridge": "no"}, None),
        ({"ford": "no"}, None),
    ],
)  # fmt: skip
def test_way_assets(tmp_path: Path, tags: dict[str, str], asset: str | None) -> None:
    network = Drawing(LINE, [("a b", ROAD), ("b c", {**ROAD, **tags}), ("c d", ROAD)]).build(tmp_path)
    assert [ASSET_TYPES[t] for t in network.asset_type] == ([asset] if asset else [])
    if asset:
        assert [assets_of(network, i) for i in range(network.n_segments)] == [[], [asset], []]
        assert np.isnan(network.asset_at_m).all()


@pytest.mark.parametrize(
    ("tags", "asset"),
    [
        ({"ford": "yes"}, "ford"), ({"highway": "ford"}, "ford"), ({"mountain_pass": "yes"}, "pass"),
        ({"man_made": "culvert"}, "culvert"), ({"culvert": "yes"}, "culvert"), ({"bridge": "yes"}, "bridge"),
        ({"tunnel": "yes"}, "tunnel"),
    ],
)  # fmt: skip
def test_point_assets(tmp_path: Path, tags: dict[str, str], asset: str) -> None:
    network = Drawing(LINE, [("a b c", ROAD)], {"b": tags}).build(tmp_path)
    assert [assets_of(network, i) for i in range(network.n_segments)] == [[], [asset], []]


def test_a_ferry_is_a_road_with_an_asset_even_where_it_is_long(tmp_path: Path) -> None:
    ferry = {"route": "ferry", "name": "Old ferry", "maxweight": "12"}
    network = Drawing(LINE, [("a b", ROAD), ("b c d", ferry)]).build(tmp_path, max_length_m=1000)
    kinds = [network.highway_words[h] for h in network.highway]
    assert kinds.count("ferry") == 3
    assert len(network.asset_ids) == 1
    assert [len(network.assets_on(i)) for i in range(network.n_segments)] == [k == "ferry" for k in kinds]
    assert network.asset_limits[0, 1] == 12


def test_limits_of_a_bridge_stand_with_the_bridge_and_limits_of_a_road_with_the_road(tmp_path: Path) -> None:
    limits = {"maxweight": "7.5", "maxheight": "3.8", "maxwidth": "2.5", "maxaxleload": "5", "mlc": "12"}
    drawing = Drawing(LINE, [("a b", {**ROAD, **limits}), ("b c", {**ROAD, **limits, "bridge": "yes"})])
    network = drawing.build(tmp_path)
    road, bridge = (next(i for i in range(2) if drawing.end_names(network, i) == e) for e in ("a-b", "b-c"))
    assert network.limits[road].tolist() == [12, 7.5, 2.5, 3.8]
    assert np.isnan(network.limits[bridge]).all()
    assert network.asset_limits[0].tolist()[:4] == [12, 7.5, 2.5, 3.8]
    assert network.axle_t.tolist() == [5, 5]


def test_of_limits_along_one_bridge_the_smallest_holds(tmp_path: Path) -> None:
    bridge = {**ROAD, "bridge": "yes"}
    tags = [{**bridge, "maxweight": "30"}, bridge, {**bridge, "maxweight": "12", "maxheight": "4"}]
    for along in (tags, tags[::-1]):
        network = Drawing(LINE, list(zip(["a b", "b c", "c d"], along, strict=True))).build(tmp_path)
        assert len(network.asset_ids) == 1
        assert network.asset_limits[0, [1, 3]].tolist() == [12, 4]


def test_an_asset_of_another_type_at_the_same_place_has_another_id(tmp_path: Path) -> None:
    ids = {
        Drawing(LINE, [("a b", ROAD), ("b c", {**ROAD, key: "yes"}), ("c d", ROAD)]).build(tmp_path).asset_id(0)
        for key in ("bridge", "tunnel", "ford")
    }
    assert len(ids) == 3


def test_a_height_restrictor_limits_a_short_stretch(tmp_path: Path) -> None:
    tags = {"barrier": "height_restrictor", "maxheight": "2.1"}
    network = Drawing(LINE, [("a b c", ROAD)], {"b": tags}).build(tmp_path)
    assert network.limits[:, 3].tolist()[1] == 2.1
    assert np.isnan(network.limits[[0, 2], 3]).all()
    assert len(network.barrier_node) == 0
    assert len(network.gate_type) == 1


coordinate = st.integers(-30, 30)
walks = st.lists(st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=8), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(walks, st.integers(-60, 60), st.sampled_from([50.0, 300.0, 1000.0, 5000.0]), st.booleans())
def test_any_roads_keep_their_length_and_stay_under_the_limit(
    walks: list[list[tuple[int, int]]], lat: int, limit: float, oneway: bool
) -> None:
    """Cutting and joining move no ground: total length and bounds hold for any drawing, also at loops and crossings."""
    points = [p for walk in walks for p in walk]
    label = {p: i for i, p in enumerate(dict.fromkeys(points))}
    x = np.array([300_000_000 + p[0] * 10_000 for p in points], dtype=np.int32)
    y = np.array([lat * UNITS_PER_DEGREE + p[1] * 10_000 for p in points], dtype=np.int32)
    assert (x != NO_POSITION).all()
    tags = {"highway": "track", "oneway": "yes" if oneway else "no"}
    size = len(walks)
    raw = RawRoads(
        x=x, y=y, node=np.array([label[p] for p in points]), way_start=np.cumsum([0, *map(len, walks)]),
        way_tags=np.zeros(size, dtype=np.int32), way_name=np.full(size, -1, dtype=np.int32),
        way_ref=np.full(size, -1, dtype=np.int32), way_id=np.arange(1, size + 1), tag_sets=[tags], names=[],
    )  # fmt: skip
    edges = [(a, b) for walk in walks for a, b in pairwise(walk) if a != b]
    unique = set(edges) if oneway else {frozenset(e) for e in edges}
    if not edges:
        return
    network = assemble(raw, max_length_m=limit)
    lonlat = {p: (x[points.index(p)] / UNITS_PER_DEGREE, y[points.index(p)] / UNITS_PER_DEGREE) for p in label}
    expected = 0.0
    for edge in unique:
        a, b = tuple(edge)
        expected += GEOD.inv(*lonlat[a], *lonlat[b])[2]
    assert float(network.length_m.sum()) == pytest.approx(expected, rel=1e-4, abs=0.5)
    assert network.length_m.max() <= limit + 1e-6
    assert (np.asarray(network.from_node) != network.to_node).all()
    first, last = network.coord_start[:-1], network.coord_start[1:] - 1
    assert np.array_equal(network.coords[first], network.node_lonlat[network.from_node])
    assert np.array_equal(network.coords[last], network.node_lonlat[network.to_node])
    for number in range(min(network.n_segments, 20)):
        assert float(network.length_m[number]) == pytest.approx(geodesic_m(network, number), abs=1e-6)


def test_a_road_over_the_date_line_is_cut_the_short_way_round(tmp_path: Path) -> None:
    """Half of the cuts lie on each side, and none in between the long way."""
    x = np.array([1_799_500_000, -1_799_500_000], dtype=np.int32)
    none = np.array([-1], dtype=np.int32)
    raw = RawRoads(
        x=x, y=np.zeros(2, dtype=np.int32), node=np.arange(2), way_start=np.array([0, 2]),
        way_tags=np.zeros(1, dtype=np.int32), way_name=none, way_ref=none, way_id=np.array([1]), tag_sets=[ROAD],
        names=[],
    )  # fmt: skip
    network = assemble(raw, max_length_m=1000)
    assert float(network.length_m.sum()) == pytest.approx(0.1 * 111_319, rel=1e-3)
    assert (np.abs(network.coords[:, 0]) >= 179.95).all()
