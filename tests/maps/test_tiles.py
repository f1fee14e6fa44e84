"""Do tiles say what the network says? Read back by an independent decoder and compared with shapely's own clipping."""

from dataclasses import replace

import mapbox_vector_tile
import numpy as np
import pytest
import shapely

from fom.errors import InvalidInput
from fom.maps import mvt
from fom.maps.tiles import FIRST_ZOOM, network_credit, network_tile, tile_source, to_world
from fom.network.drawn import load_network_file
from fom.network.network import Network
from tests.maps.builders import drawn_network, scattered_network


def decode(tile: bytes) -> dict[int, dict]:
    if not tile:
        return {}
    layers = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})
    assert set(layers) == {"segments"}
    assert layers["segments"]["extent"] == mvt.EXTENT
    return {feature["id"]: feature for feature in layers["segments"]["features"]}


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    x, y = to_world(np.array([[lon, lat]]))[0]
    return int(x) >> (32 - z), int(y) >> (32 - z)


def line_in_tile(network: Network, number: int, z: int, x: int, y: int) -> shapely.LineString:
    rows = slice(network.coord_start[number], network.coord_start[number + 1])
    world = to_world(network.coords[rows]).astype(float)
    return shapely.LineString((world - np.array([x, y]) * 2.0 ** (32 - z)) * mvt.EXTENT / 2.0 ** (32 - z))


BUFFERED = shapely.box(-mvt.BUFFER, -mvt.BUFFER, mvt.EXTENT + mvt.BUFFER, mvt.EXTENT + mvt.BUFFER)
VISIBLE = shapely.box(0, 0, mvt.EXTENT, mvt.EXTENT)


def farthest(line: shapely.Geometry, other: shapely.Geometry) -> float:
    """How far the farthest point of `line` lies from `other`, in tile units."""
    points = shapely.points(shapely.get_coordinates(shapely.segmentize(line, 20.0)))
    return float(shapely.distance(points, other).max(initial=0.0))


@pytest.mark.parametrize("z", [4, 7, 9, 11, 12, 14])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_tile_holds_exactly_what_the_network_has_there(seed: int, z: int) -> None:
    network = scattered_network(600, seed=seed)
    x, y = tile_of(30.05, 5.02, z)
    features = decode(network_tile(network, z, x, y))
    for number in range(network.n_segments):
        rank = int(tile_source(network).rank[number])
        line = line_in_tile(network, number, z, x, y)
        visible = line.intersection(VISIBLE)
        if FIRST_ZOOM[rank] > z:
            assert number not in features
            continue
        if number not in features:
            # Only specks may be missing: smaller than what half a pixel of simplification can fold away.
            assert shapely.minimum_bounding_radius(visible) <= mvt.TOLERANCE + 1
            continue
        feature = features[number]
        assert feature["properties"]["h"] == rank
        got = shapely.geometry.shape(feature["geometry"])
        assert BUFFERED.buffer(1).covers(got)
        assert farthest(got, line) <= mvt.TOLERANCE + 2
        assert farthest(visible, got) <= mvt.TOLERANCE + 2


def test_names_and_refs_come_with_zoom_ten_and_not_before() -> None:
    network = drawn_network(names={0: ("Rue de l’Étang", "N1"), 1: ("Rue de l’Étang", None)})
    lon, lat = network.coords[0]
    features = decode(network_tile(network, 12, *tile_of(lon, lat, 12)))
    assert features[0]["properties"] == {"h": 1, "n": "Rue de l’Étang", "r": "N1"}
    assert features[1]["properties"] == {"h": 1, "n": "Rue de l’Étang"}
    assert decode(network_tile(network, 9, *tile_of(lon, lat, 9)))[0]["properties"] == {"h": 1}


def test_neighbouring_tiles_meet_so_that_no_gap_shows_at_the_border() -> None:
    network = scattered_network(300, seed=7)
    z = 13
    x, y = tile_of(30.05, 5.02, z)
    west, east = decode(network_tile(network, z, x, y)), decode(network_tile(network, z, x + 1, y))
    for number in set(west) | set(east):
        line = line_in_tile(network, number, z, x, y)
        if line.intersects(shapely.LineString([(mvt.EXTENT, 0), (mvt.EXTENT, mvt.EXTENT)])):
            assert number in west
            assert number in east


def test_an_area_without_roads_is_an_empty_tile() -> None:
    assert network_tile(scattered_network(50, seed=1), 12, 0, 0) == b""


def test_a_line_across_the_180th_meridian_is_not_drawn_around_the_world() -> None:
    network = drawn_network(lines=[[(179.99, 1.0), (-179.99, 1.0)], [(179.98, 1.0), (179.999, 1.0)]])
    features = decode(network_tile(network, 8, *tile_of(0.0, 1.0, 8)))
    assert features == {}
    assert set(decode(network_tile(network, 8, 255, tile_of(0, 1.0, 8)[1]))) == {1}


@pytest.mark.parametrize(("z", "x", "y", "field"), [(3, 0, 0, "z"), (15, 0, 0, "z"), (5, 32, 0, "x"), (5, 0, -1, "y")])
def test_a_tile_that_cannot_exist_is_refused_by_name(z: int, x: int, y: int, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        network_tile(scattered_network(5, seed=1), z, x, y)
    assert refusal.value.errors[0].field == field


def test_the_same_tile_has_the_same_bytes_every_time() -> None:
    network = scattered_network(300, seed=5)
    x, y = tile_of(30.05, 5.02, 11)
    assert network_tile(network, 11, x, y) == network_tile(scattered_network(300, seed=5), 11, x, y) != b""


def test_a_map_names_the_maker_of_its_data_and_a_drawn_one_names_nobody():
    line = {"type": "LineString", "coordinates": [[30.0, 5.0], [30.01, 5.0]]}
    road = {"type": "Feature", "geometry": line, "properties": {"segment_id": "s1", "highway": "primary"}}
    drawn = load_network_file({"type": "FeatureCollection", "features": [road]})
    assert network_credit(drawn) is None
    credited = replace(drawn, manifest={"source": {"attribution": "© Somebody"}})
    assert network_credit(credited) == "© Somebody"
