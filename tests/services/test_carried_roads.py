"""Which roads a phone carries: all within the distance it is told, no others, and no more than fit."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod

from fom.domain.instants import HOUR_US
from fom.network.drawn import load_network_file
from fom.network.network import Network
from fom.services import carried_roads
from fom.services.carried_area import CarriedArea
from fom.services.carried_roads import carry_roads, find_roads, packed_size
from fom.services.picture_host import PictureHost
from fom.store.database import Database
from tests.polylines import decode
from tests.services.ground import Clock, settle

GEOD = Geod(ellps="WGS84")
MIDDLE = (30.2, 5.1)
PLENTY = 10**9
LIFE_US = 12 * HOUR_US


def scattered(count: int = 400) -> Network:
    """Return a network of short roads that do not meet, thrown over some forty kilometres."""
    chance = random.Random(7)
    features = []
    for number in range(count):
        lon, lat = 30 + chance.random() * 0.4, 4.9 + chance.random() * 0.4
        line = [[lon, lat], [lon + 0.004, lat + 0.0007], [lon + 0.006, lat + 0.003]]
        properties = {"segment_id": f"road {number:03d}", "highway": "track"}
        features.append(
            {"type": "Feature", "geometry": {"type": "LineString", "coordinates": line}, "properties": properties}
        )
    return load_network_file({"type": "FeatureCollection", "features": features})


@pytest.fixture(scope="module")
def network() -> Network:
    return scattered()


@pytest.fixture
def host(database: Database, network: Network) -> PictureHost:
    settle(database)
    return PictureHost(database, network, clock=Clock())


def around(radius_m: float) -> CarriedArea:
    return CarriedArea("around", None, None, shapely.Point(MIDDLE), radius_m)


def geodesic_m(network: Network, number: int) -> float:
    """Return how far a road comes to the middle, by the geodesic along ten thousand points of it."""
    line = network.line(number)
    points = shapely.get_coordinates(shapely.line_interpolate_point(line, np.linspace(0, 1, 2_000), normalized=True))
    _, _, metres = GEOD.inv(*np.tile(MIDDLE, (len(points), 1)).T, points[:, 0], points[:, 1])
    return float(np.min(metres))


def carry(host: PictureHost, area: CarriedArea, bytes_max: int = PLENTY) -> dict[str, Any]:
    return carry_roads(host, host.question(), area, bytes_max=bytes_max, life_us=LIFE_US)


def test_all_roads_within_the_radius_come_and_no_others(host: PictureHost, network: Network) -> None:
    carried = carry(host, around(12_000))
    assert carried["all_within_km"] is None
    ids = set(carried["roads"]["ids"])
    for number in range(network.n_segments):
        distance_m = geodesic_m(network, number)
        if abs(distance_m - 12_000) > 60:
            assert (network.segment_id(number) in ids) == (distance_m < 12_000), distance_m


def test_the_columns_say_of_each_road_what_the_network_and_the_picture_say(host: PictureHost, network: Network) -> None:
    roads = carry(host, around(15_000))["roads"]
    count = len(roads["ids"])
    assert (
        len(roads["lines"]) == len(roads["lengths_m"]) == len(roads["ranks"]) == len(roads["states"]) / 2 == count > 9
    )
    for index in random.Random(3).sample(range(count), 10):
        number = network.find_segment(roads["ids"][index])
        assert number is not None
        line, read = network.line(number), decode(roads["lines"][index])
        assert read[0] == pytest.approx(line.coords[0], abs=1e-5)
        assert read[-1] == pytest.approx(line.coords[-1], abs=1e-5)
        assert shapely.hausdorff_distance(line, shapely.LineString(read)) < 1.2e-4
        assert roads["lengths_m"][index] == pytest.approx(float(network.length_m[number]), abs=0.51)
        assert roads["states"][2 * index : 2 * index + 2] == "??", "nobody drove any of them"


@pytest.mark.parametrize("bytes_max", [400, 1_000, 2_000])
def test_what_does_not_fit_is_cut_at_a_distance_that_holds_all_when_asked_for(
    host: PictureHost, bytes_max: int
) -> None:
    cut = carry(host, around(20_000), bytes_max)
    assert packed_size(cut["roads"]) < bytes_max + 200
    within_km = cut["all_within_km"]
    assert within_km is not None
    again = carry(host, around(within_km * 1000), bytes_max)
    assert again["all_within_km"] is None, "the smaller radius that was told holds all"
    assert again["roads"]["ids"] == cut["roads"]["ids"]


def test_nothing_fits_into_nothing_and_says_so(host: PictureHost) -> None:
    cut = carry(host, around(20_000), 0)
    assert cut["roads"]["ids"] == []
    assert cut["all_within_km"] is not None


def test_of_too_many_roads_only_the_nearest_are_measured(
    host: PictureHost, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = find_roads(network, around(20_000))
    monkeypatch.setattr(carried_roads, "LOOKED_AT_MAX", 300)
    near = find_roads(network, around(20_000))
    assert not near.is_whole
    assert 0 < len(near.numbers) < len(whole.numbers)
    assert near.numbers.tolist() == whole.numbers[: len(near.numbers)].tolist()


def test_a_corridor_is_cut_from_its_line_and_an_area_from_its_middle(host: PictureHost, network: Network) -> None:
    course = shapely.LineString([(30.05, 4.95), (30.35, 5.25)])
    corridor = carry(host, CarriedArea("route", "r", "R", course, 8_000), 1_000)
    square = carry(host, CarriedArea("area", "s", "S", shapely.box(30.1, 5.0, 30.3, 5.2), 0.0), 1_000)
    for carried, heart in ((corridor, course), (square, shapely.Point(30.2, 5.1))):
        limit_m = carried["all_within_km"] * 1000
        assert carried["roads"]["ids"]
        for name in carried["roads"]["ids"]:
            number = network.find_segment(name)
            assert number is not None
            assert heart.distance(network.line(number)) * 111_000 < limit_m * 1.01 + 10
