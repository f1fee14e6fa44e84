"""What the map loads: layers as the viewer may see them, and tiles that never change."""

from __future__ import annotations

import gzip

import mapbox_vector_tile
import pytest

from fom.services.map_layers import READERS
from tests.web.conftest import Mission
from tests.web.mission import PLACES, ROADS
from tests.web.test_reports import log

LAYERS = "/api/v1/layers"


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_layer_is_a_feature_collection_of_a_version(mission: Mission, name: str):
    layer = mission.program("reporter").get(f"{LAYERS}/{name}").json
    assert layer["type"] == "FeatureCollection"
    assert layer["version"] == mission.host.version


def test_a_hazard_is_on_the_layer_of_who_is_cleared_and_on_no_other(mission: Mission):
    log(mission)
    seen = mission.program("reporter").get(f"{LAYERS}/hazards").json["features"]
    assert "Point" in [f["geometry"]["type"] for f in seen]
    assert mission.program("partner").get(f"{LAYERS}/hazards").json["features"] == []


def test_an_unchanged_layer_costs_a_304_until_something_changes(mission: Mission):
    client = mission.program("reporter")
    first = client.get(f"{LAYERS}/hazards")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"{LAYERS}/hazards", headers=tag).status_code == 304
    assert client.get(f"{LAYERS}/incidents", headers=tag).status_code == 200
    assert mission.program("partner").get(f"{LAYERS}/hazards", headers=tag).status_code == 200
    log(mission)
    assert client.get(f"{LAYERS}/hazards", headers=tag).status_code == 200


def test_an_unknown_layer_is_refused_by_name(mission: Mission):
    answer = mission.program("reporter").get(f"{LAYERS}/rumours")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "name")


def tile_path(mission: Mission, z: int = 8, network: str | None = None) -> str:
    lon, lat = PLACES["B"]
    x = int((lon + 180) / 360 * 2**z)
    y = int((0.5 - lat / 360) * 2**z)  # near the equator Mercator is straight enough
    return f"/tiles/{network or mission.host.network.network_id}/{z}/{x}/{y}.mvt"


def test_a_tile_holds_the_roads_by_number_and_may_be_kept_for_ever(mission: Mission):
    answer = mission.program("reporter").get(tile_path(mission), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    tile = mapbox_vector_tile.decode(gzip.decompress(answer.data))
    assert {f["id"] for f in tile["segments"]["features"]} == set(range(len(ROADS)))


def test_a_client_without_gzip_gets_the_same_bytes_plain(mission: Mission):
    client, path = mission.program("reporter"), tile_path(mission)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"}).data
    assert client.get(path, headers={"Accept-Encoding": "identity"}).data == gzip.decompress(packed)


@pytest.mark.parametrize("path", ["/tiles/{n}/99/0/0.mvt", "/tiles/{n}/8/256/0.mvt", "/tiles/{n}/0/0/0.mvt"])
def test_a_tile_outside_the_grid_is_refused(mission: Mission, path: str):
    path = path.format(n=mission.host.network.network_id)
    assert mission.program("reporter").get(path).status_code == 422


@pytest.mark.parametrize("tail", ["8/-1/0.mvt", "8/a/0.mvt", "8/1.mvt", "99999999999999999999/1/1.mvt"])
def test_an_address_that_is_no_tile_is_not_here(mission: Mission, tail: str):
    path = f"/tiles/{mission.host.network.network_id}/{tail}"
    assert mission.program("reporter").get(path).status_code in (404, 422)


def test_tiles_of_another_network_are_not_here_and_nobody_gets_any(mission: Mission):
    assert mission.program("reporter").get(tile_path(mission, network="other")).status_code == 404
    assert mission.anonymous().get(tile_path(mission)).status_code == 401
