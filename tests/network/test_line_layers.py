"""Are line layers of every kind read like map data, and joined only where lines meet?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from fom.errors import BadReferenceData, InvalidInput
from fom.network.build import build_network, compile_network
from fom.network.drawn import load_network_file
from fom.network.network import ASSET_TYPES, Network
from tests.network.osm_writing import Drawing, words

ORIGIN = np.array([30.0, 5.0])
Line = list[tuple[float, float]]


def frame(lines: list[Any], **columns: list[Any]) -> gpd.GeoDataFrame:
    """Return lines on the grid of 0.001 degrees, with columns."""
    geometry = [
        shapely.LineString(ORIGIN + 0.001 * np.array(line)) if isinstance(line, list) else line for line in lines
    ]
    return gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326")


def ends(network: Network) -> list[str]:
    """Return the segments as texts of grid places, sorted: `0,0-5,0` both ways, `0,0>5,0` one way."""
    place = [",".join(f"{c:g}" for c in np.round((p - ORIGIN) * 1000, 3) + 0.0) for p in network.node_lonlat]
    texts = []
    for one, two, oneway in zip(network.from_node, network.to_node, network.is_oneway, strict=True):
        pair = (place[one], place[two])
        texts.append(">".join(pair) if oneway else "-".join(sorted(pair)))
    return sorted(texts)


def write(data: gpd.GeoDataFrame, path: Path) -> Path:
    if data.crs is None:
        with pytest.warns(UserWarning, match="crs"):
            data.to_file(path)
        return path
    driver = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON"}[path.suffix]
    data.to_file(path, driver=driver)
    return path


FORMATS = pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson"])


@FORMATS
def test_columns_are_read_as_tags_in_every_format(tmp_path: Path, suffix: str) -> None:
    data = frame(
        [[(0, 0), (5, 0)], [(5, 0), (5, 5)]],
        highway=["primary", "Track"], name=["Rue Été", None], surface=["asphalt", ""], oneway=["yes", None],
        maxweight=[12, None], bridge=["yes", "no"], osm_id=["17", "18"],
    )  # fmt: skip
    network = compile_network(write(data, tmp_path / f"roads{suffix}"), max_length_m=5000)
    assert ends(network) == ["0,0>5,0", "5,0-5,5"]
    assert words(network, "highway") == ["primary", "track"]
    assert words(network, "surface") == ["asphalt", None]
    assert network.word(int(network.name[0])) == "Rue Été"
    assert network.asset_limits[0, 1] == 12
    assert network.osm_way.tolist() == [17, 18]
    assert network.manifest["source"]["attribution"] == "© OpenStreetMap contributors"


@pytest.mark.parametrize("arrow", ["=>", "="])
def test_tags_in_one_text_column_are_read(tmp_path: Path, arrow: str) -> None:
    text = ",".join(f'"{k}"{arrow}"{v}"' for k, v in (("surface", "sand"), ("bridge", "yes"), ("maxweight", "8 t")))
    data = frame([[(0, 0), (5, 0)], [(5, 0), (9, 0)]], highway=["primary", "track"], other_tags=[text, None])
    network = compile_network(write(data, tmp_path / "roads.gpkg"), max_length_m=5000)
    assert words(network, "surface") == ["sand", None]
    assert network.asset_limits[0, 1] == 8


def test_even_the_road_class_may_stand_in_the_text_column(tmp_path: Path) -> None:
    texts = ['"highway"=>"primary","name"=>"A \\"big\\" road, with comma"', '"building"=>"yes"']
    data = frame([[(0, 0), (5, 0)], [(5, 0), (9, 0)]], tags=texts)
    network = compile_network(write(data, tmp_path / "roads.gpkg"), max_length_m=5000)
    assert ends(network) == ["0,0-5,0"]
    assert network.names == ('A "big" road, with comma',)
    assert network.manifest["dropped"] == {"no road class": 1}


def test_a_tag_text_that_breaks_off_is_counted(tmp_path: Path) -> None:
    texts = ['"surface"=>"sand","bridge"=>"ye', '"surface"=>"mud"']
    data = frame([[(0, 0), (5, 0)], [(5, 0), (9, 0)]], highway=["primary", "track"], tags=texts)
    network = compile_network(write(data, tmp_path / "roads.gpkg"))
    assert network.manifest["dropped"] == {"tag texts that could not be read to their end": 1}
    assert sorted(w or "" for w in network.surface_words) == ["mud", "sand"]


def test_map_data_is_known_by_its_ids_and_then_carries_its_licence(tmp_path: Path) -> None:
    lines: list[Any] = [[(0, 0), (5, 0)]]
    for number, (column, value, is_known) in enumerate([("osm_id", 7, True), ("id", "way/7", True), ("id", 7, False)]):
        path = write(frame(lines, highway=["primary"], **{column: [value]}), tmp_path / f"{number}.gpkg")
        network = compile_network(path)
        assert network.osm_way.tolist() == [7]
        assert (network.manifest["source"]["licence"] == "ODbL 1.0") == is_known


def test_letters_of_regional_extracts_are_understood(tmp_path: Path) -> None:
    data = frame(
        [[(0, 0), (5, 0)], [(5, 0), (9, 0)], [(9, 0), (9, 5)]],
        fclass=["primary", "secondary", "track_grade4"], oneway=["F", "T", "B"], bridge=["T", "F", "F"],
        maxspeed=[60, 0, 0], tunnel=["F", "F", "F"],
    )  # fmt: skip
    network = compile_network(write(data, tmp_path / "roads.shp"), max_length_m=5000)
    assert ends(network) == ["0,0>5,0", "9,0-9,5", "9,0>5,0"]
    assert [ASSET_TYPES[t] for t in network.asset_type] == ["bridge"]
    assert sorted(network.speed_kmh.tolist()) == [15, 55, 60]
    assert b"Z" in network.road_type.tolist()


def test_lines_join_at_shared_vertices_and_ends_but_not_where_they_cross(tmp_path: Path) -> None:
    along: Line = [(0, 0), (5, 0), (10, 0)]
    across: Line = [(5, 5), (5, 0), (5, -5)]
    bare: Line = [(2, 5), (2, -5)]
    data = frame([along, across, bare], highway=["primary"] * 3)
    assert ends(compile_network(write(data, tmp_path / "a.gpkg"), max_length_m=5000)) == sorted(
        ["0,0-5,0", "10,0-5,0", "5,0-5,5", "5,-5-5,0", "2,-5-2,5"]
    )


@pytest.mark.parametrize("level", [{"bridge": ["yes", "no"]}, {"layer": ["1", "0"]}, {"tunnel": ["no", "yes"]}])
def test_a_vertex_shared_by_lines_of_different_levels_is_no_junction(
    tmp_path: Path, level: dict[str, list[str]]
) -> None:
    data = frame([[(0, 0), (5, 0), (10, 0)], [(5, 5), (5, 0), (5, -5)]], highway=["primary", "track"], **level)
    network = compile_network(write(data, tmp_path / "a.gpkg"), max_length_m=5000)
    assert ends(network) == ["0,0-10,0", "5,-5-5,5"]


def test_a_bridge_joins_the_road_at_its_ends(tmp_path: Path) -> None:
    data = frame(
        [[(0, 0), (5, 0)], [(5, 0), (7, 0)], [(7, 0), (9, 0)]], highway=["primary"] * 3, bridge=["no", "yes", "no"]
    )
    network = compile_network(write(data, tmp_path / "a.gpkg"), max_length_m=5000)
    assert network.manifest["counts"]["islands"] == 1
    assert network.manifest["counts"]["links"] == 1
    assert network.n_segments == 3


def test_a_projected_layer_is_brought_to_degrees(tmp_path: Path) -> None:
    data = frame([[(0, 0), (5, 0)], [(5, 0), (5, 5)]], highway=["primary", "track"])
    there = compile_network(write(data, tmp_path / "degrees.gpkg"))
    back = compile_network(write(data.to_crs("EPSG:32636"), tmp_path / "metres.gpkg"))
    assert back.coords == pytest.approx(there.coords, abs=2e-7)
    assert back.n_segments == there.n_segments


def test_metres_without_a_reference_system_are_refused(tmp_path: Path) -> None:
    data = frame([[(0, 0), (5, 0)]], highway=["primary"]).to_crs("EPSG:32636").set_crs(None, allow_override=True)
    path = write(data, tmp_path / "metres.gpkg")
    with pytest.raises(BadReferenceData, match=r"metres\.gpkg: coordinates .* no coordinate reference system"):
        build_network(path, tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_degrees_without_a_reference_system_are_taken_as_they_are(tmp_path: Path) -> None:
    data = frame([[(0, 0), (5, 0)]], highway=["primary"]).set_crs(None, allow_override=True)
    assert compile_network(write(data, tmp_path / "a.shp")).n_segments == 1


def test_rows_that_are_no_lines_are_counted_and_parts_and_heights_are_read(tmp_path: Path) -> None:
    multi = shapely.MultiLineString([[(30, 5, 100), (30.001, 5, 110)], [(30.003, 5, 0), (30.004, 5, 0)]])
    data = frame(
        [multi, shapely.Point(30, 5), None, [(0, 1), (3, 1)]], highway=["primary", "primary", "primary", "footway"]
    )
    network = compile_network(write(data, tmp_path / "a.geojson"))
    assert ends(network) == ["0,0-1,0", "3,0-4,0"]
    assert network.manifest["dropped"] == {
        "not a road for vehicles: footway": 1, "rows that are no line": 1, "rows without geometry": 1,
    }  # fmt: skip


@FORMATS
def test_a_layer_without_road_classes_is_refused_with_its_columns(tmp_path: Path, suffix: str) -> None:
    data = frame([[(0, 0), (5, 0)]], kind=["river"], type=["perennial"])
    path = write(data, tmp_path / f"rivers{suffix}")
    with pytest.raises(BadReferenceData, match=r"no column with road classes; expected .*columns here: kind, type"):
        compile_network(path)


def test_a_layer_of_footpaths_is_refused_with_the_count(tmp_path: Path) -> None:
    data = frame([[(0, 0), (5, 0)], [(0, 0), (0, 5)]], highway=["track", "footway"], access=["no", None])
    path = write(data, tmp_path / "a.gpkg")
    with pytest.raises(BadReferenceData, match=r"a\.gpkg: no road .* left: 1 not a road for vehicles: footway"):
        compile_network(path)


def test_points_only_are_refused(tmp_path: Path) -> None:
    path = write(frame([shapely.Point(30, 5)], highway=["primary"]), tmp_path / "points.gpkg")
    with pytest.raises(BadReferenceData, match="holds no layer of lines"):
        compile_network(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.gpkg", b"not a database at all"), ("a.shp", b"PK\x03\x04zip"), ("a.geojson", b'{"type": "FeatureColl'),
     ("a.geojson", b"[1, 2]"),
     ("a.geojson", b"<OGRVRTDataSource></OGRVRTDataSource>"),
     ("a.geojson", b"\xff\xfe{}"), ("a.gpkg", b"SQLite format 3\x00" + b"\x00" * 200),
     ("a.shp", b"\x00\x00\x27\x0a" + b"\x00" * 30)],
)  # fmt: skip
def test_files_that_are_not_what_their_name_says_are_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadReferenceData, match=name.replace(".", r"\.")):
        build_network(tmp_path / name, tmp_path / "net")
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
def test_a_truncated_layer_is_refused(tmp_path: Path, suffix: str) -> None:
    data = frame([[(i, 0), (i + 1, 0)] for i in range(3000)], highway=["primary"] * 3000)
    whole = write(data, tmp_path / f"whole{suffix}").read_bytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(BadReferenceData, match=r"cut\."):
        compile_network(path)


def test_positions_that_are_no_numbers_are_refused_or_dropped(tmp_path: Path) -> None:
    far = shapely.LineString([(500, 5), (501, 5)])
    with pytest.raises(BadReferenceData, match="coordinates from 500"):
        compile_network(write(frame([far], highway=["primary"]), tmp_path / "far.geojson"))


def test_lines_and_map_data_give_the_same_network(tmp_path: Path) -> None:
    """The same roads as OSM ways and as a layer have the same segments, ids and lengths."""
    places = {"a": (0, 0), "b": (5, 0), "c": (10, 0), "d": (5, 5), "e": (5, -5)}
    roads = [("a b c", "primary"), ("d b e", "track"), ("e c", "secondary")]
    osm = compile_network(Drawing(places, [(w, {"highway": h}) for w, h in roads]).write(tmp_path / "a.osm.pbf"))
    data = frame([[places[p] for p in w.split()] for w, _ in roads], highway=[h for _, h in roads])
    layer = compile_network(write(data, tmp_path / "a.gpkg"))
    assert osm.segment_ids.tolist() == layer.segment_ids.tolist()
    assert osm.length_m.tolist() == layer.length_m.tolist()


def test_a_hand_drawn_network_is_taken_as_drawn(tmp_path: Path) -> None:
    features = [
        {"type": "Feature", "properties": {"segment_id": f"s{i}", "highway": "primary", "length_m": 4000 + i},
         "geometry": {"type": "LineString", "coordinates": [[30 + i, 5], [31 + i, 5]]}}
        for i in range(3)
    ]  # fmt: skip
    document = {"type": "FeatureCollection", "features": features}
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps(document))
    network = build_network(path, tmp_path / "net", max_length_m=1000)
    drawn = load_network_file(document)
    assert network.segment_ids.tolist() == drawn.segment_ids.tolist()
    assert network.length_m.tolist() == drawn.length_m.tolist() == [4000, 4001, 4002]
    assert network.manifest["source"]["format"] == "drawn"


def test_a_hand_drawn_network_with_bad_fields_is_refused_field_by_field(tmp_path: Path) -> None:
    path = tmp_path / "drawn.geojson"
    line = {"type": "LineString", "coordinates": [[30, 5], [31, 5]]}
    feature = {"type": "Feature", "properties": {"segment_id": "s1", "speed_kmh": -3}, "geometry": line}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(InvalidInput) as refused:
        build_network(path, tmp_path / "net")
    assert {e.field for e in refused.value.errors} == {"highway", "speed_kmh"}
