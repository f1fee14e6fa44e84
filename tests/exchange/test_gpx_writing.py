"""GPX as we write it is read by GDAL with the same positions, and GPX as GDAL writes it is read by us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.instants import parse_instant
from fom.errors import InvalidInput
from fom.exchange.gpx import read_gpx
from fom.exchange.gpx_writing import GpxWay, file_name, write_gpx
from fom.services.route_lines import read_line

AT = parse_instant("2026-03-10T12:00:00Z")
HERON = ((30.0, 5.09), (30.0451234, 5.1), (30.18, -5.0900001))
BREAK = ((179.99, 89.5), (-179.99, -89.5))


def read_layer(data: bytes, layer: str) -> geopandas.GeoDataFrame:
    """Read a layer of a file with GDAL."""
    assert "r" in pyogrio.list_drivers()["GPX"]
    return pyogrio.read_dataframe(data, layer=layer)


def same(found: Any, line: Any) -> bool:
    return bool(np.array_equal(shapely.get_coordinates(found), np.round(np.array(line), 7)))


def test_gdal_reads_a_planned_way_as_a_route_for_each_part_and_no_track():
    way = GpxWay(name="MSR HERON", words="As known at 101200Z MAR 26. No clearance.", lines=(HERON, BREAK))
    data = write_gpx([way], name="MSR HERON", words="as known", at=AT)
    routes = read_layer(data, "routes")
    assert list(routes["name"]) == ["MSR HERON (1 of 2)", "MSR HERON (2 of 2)"]
    assert set(routes["desc"]) == {way.words}
    assert same(routes.geometry[0], HERON)
    assert same(routes.geometry[1], BREAK)
    assert routes.crs.to_epsg() == 4326
    assert len(read_layer(data, "tracks")) == 0
    with pytest.raises(InvalidInput, match="only a drawn route"):
        read_gpx(data)
    with pytest.raises(InvalidInput):
        read_line(data.decode())


def test_gdal_reads_a_driven_line_as_one_track_with_its_breaks_and_so_do_we():
    way = GpxWay(name="Passage 101100Z MAR 26", words="Recorded.", lines=(HERON, BREAK), is_driven=True)
    data = write_gpx([way], name="Passage", words="Recorded.", at=AT)
    (track,) = read_layer(data, "tracks").itertuples()
    assert track.name == way.name
    assert [same(part, line) for part, line in zip(track.geometry.geoms, way.lines, strict=True)] == [True, True]
    (own,) = read_gpx(data)
    assert [[(p.lon, p.lat) for p in piece] for piece in own.pieces] == [list(HERON), list(BREAK)]


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=40), st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=2, max_size=9))
def test_whatever_a_name_holds_gdal_reads_every_position(name: str, line: list[tuple[float, float]]):
    data = write_gpx([GpxWay(name=name, words=name, lines=(line,))], name=name, words="", at=AT)
    (route,) = read_layer(data, "routes").itertuples()
    assert same(route.geometry, line)
    assert not set(data.decode()) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u0000\ufffe")


def test_a_name_that_turns_itself_round_or_holds_half_a_character_is_written_plainly():
    name = "MSR \u202eNOREH\ud800 <b>&\x00\n2"
    data = write_gpx([GpxWay(name=name, words="", lines=(HERON,))], name="x", words="", at=AT)
    assert list(read_layer(data, "routes")["name"]) == ["MSR NOREH <b>& 2"]
    assert file_name("MSR \u202e../HERON", "101200Z MAR 26") == "MSR-HERON-101200Z-MAR-26.gpx"


def test_tracks_that_gdal_writes_are_read_with_their_positions_pieces_and_times(tmp_path: Path):
    pieces = shapely.MultiLineString([HERON, BREAK])
    file = tmp_path / "tracks.gpx"
    table = geopandas.GeoDataFrame({"name": ["Morning run"]}, geometry=[pieces], crs=4326)
    pyogrio.write_dataframe(table, file, driver="GPX", layer="tracks", geometry_type="MultiLineString")
    (track,) = read_gpx(file.read_bytes())
    assert track.name == "Morning run"
    assert [[(p.lon, p.lat) for p in piece] for piece in track.pieces] == [list(HERON), list(BREAK)]

    times = pandas.to_datetime(["2026-03-10T09:00:00Z", "2026-03-10T09:00:10Z", "2026-03-10T09:01:00Z"])
    points = geopandas.GeoDataFrame(
        {"track_fid": [0, 0, 0], "track_seg_id": [0, 0, 1], "time": times},
        geometry=shapely.points(np.array(HERON)), crs=4326,
    )  # fmt: skip
    file = tmp_path / "points.gpx"
    pyogrio.write_dataframe(points, file, driver="GPX", layer="track_points", FORCE_GPX_TRACK="YES")
    (track,) = read_gpx(file.read_bytes())
    read = [(p.lon, p.lat, p.at) for piece in track.pieces for p in piece]
    assert [at for _, _, at in read] == [int(t.value // 1000) for t in times]
    assert [(lon, lat) for lon, lat, _ in read] == list(HERON)
    assert [len(piece) for piece in track.pieces] == [2, 1]


def test_a_route_that_gdal_writes_becomes_the_line_of_a_key_route_and_no_passage(tmp_path: Path):
    file = tmp_path / "route.gpx"
    table = geopandas.GeoDataFrame({"name": ["plan"]}, geometry=[shapely.LineString(HERON)], crs=4326)
    pyogrio.write_dataframe(
        table, file, driver="GPX", layer="routes", geometry_type="LineString", FORCE_GPX_ROUTE="YES"
    )
    assert np.allclose(read_line(file.read_text()), np.array(HERON), atol=1e-9)
    with pytest.raises(InvalidInput, match="only a drawn route"):
        read_gpx(file.read_bytes())
