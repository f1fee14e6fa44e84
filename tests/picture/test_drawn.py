"""Hand-drawn networks: taken as drawn, written back the same, refused with every bad field at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fom.domain.geodesy import line_length_m
from fom.errors import InvalidInput
from fom.network.drawn import load_network_file, network_document

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "golden").glob("G*.json"))


def line(segment_id: str | None = "a", *coordinates: list[float], **properties: Any) -> dict[str, Any]:
    named = {} if segment_id is None else {"segment_id": segment_id}
    points = list(coordinates) or [[18.2, -7.3], [18.21, -7.3]]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": points},
        "properties": {**named, "highway": "track", **properties},
    }


def drawing(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def fields(document: Any) -> set[tuple[str | None, str]]:
    with pytest.raises(InvalidInput) as refused:
        load_network_file(document)
    return {(error.record_id, error.field) for error in refused.value.errors}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_network_written_as_a_drawn_file_reads_back_the_same(path: Path) -> None:
    one = load_network_file(json.loads(path.read_text(encoding="utf-8"))["network"])
    other = load_network_file(json.loads(json.dumps(network_document(one))))
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray) and name != "speed_source":
            np.testing.assert_array_equal(value, vars(other)[name], err_msg=name)


def test_what_is_not_said_is_unknown_or_the_default() -> None:
    network = load_network_file(drawing(line()))
    assert network.length_m[0] == pytest.approx(line_length_m(np.array([[18.2, -7.3], [18.21, -7.3]])))
    assert (network.speed_kmh[0], network.road_type[0], bool(network.is_oneway[0])) == (30, b"", False)
    assert np.isnan(network.limits).all()
    assert np.isnan(network.carriageway_m[0])


def test_lines_that_end_at_one_place_meet_there_and_crossing_lines_do_not() -> None:
    network = load_network_file(
        drawing(
            line("a", [18.2, -7.3], [18.21, -7.3]),
            line("b", [18.21, -7.300000001], [18.22, -7.3]),
            line("c", [18.205, -7.31], [18.205, -7.29]),
        )
    )
    assert network.to_node[0] == network.from_node[1]
    assert len(network.node_lonlat) == 5


def test_one_asset_may_stand_on_several_segments_and_be_described_differently() -> None:
    bridge = {"asset_id": "b1", "type": "bridge", "limits": {"mlc": 12}}
    vague = {**bridge, "limits": {}}
    network = load_network_file(drawing(line("a", assets=[bridge]), line("b", assets=[bridge, vague])))
    assert [network.asset_id(i) for i in range(len(network.asset_ids))] == ["b1", "b1"]
    assert [network.assets_on(0).tolist(), network.assets_on(1).tolist()] == [[0], [0, 1]]


def test_every_bad_field_is_told_at_once() -> None:
    bad = drawing(
        line("a", road_type="Q", oneway="yes", length_m=0, carriageway_m=-1),
        line("b", [0, 0], [1, 1], limits={"axle_t": 1}),
        line("c", [18, 95], [18, 96]),
        line("d", [18, 5], [18, 5]),
        line("e", assets=[{"type": "viaduct", "at_m": -1, "colour": 1}]),
        line("e"),
        line(None),
    )
    expected = {("a", name) for name in ("road_type", "oneway", "length_m", "carriageway_m")}
    expected |= {("b", "geometry"), ("b", "limits.axle_t"), ("c", "geometry"), ("d", "geometry")}
    expected |= {("e", f"assets[0].{name}") for name in ("asset_id", "type", "at_m", "colour")}
    assert fields(bad) >= {*expected, (None, "network.features[6].segment_id")}
    assert fields(drawing(line("a"), line("a"))) == {("a", "segment_id")}


@pytest.mark.parametrize("nothing", [None, [], {}, drawing(), {"type": "FeatureCollection", "features": [1]}])
def test_what_is_no_network_is_refused(nothing: Any) -> None:
    assert fields(nothing)
