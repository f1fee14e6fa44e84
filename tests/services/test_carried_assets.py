"""Which bridges and fords a phone carries: those of the area, where they are, the nearest to its middle first."""

from __future__ import annotations

import random

import numpy as np
import pytest
import shapely
from pyproj import Geod

from fom.network.drawn import load_network_file
from fom.network.network import ASSET_TYPES, Network
from fom.services import carried_assets
from fom.services.carried_area import CarriedArea
from fom.services.carried_assets import NAMED_TYPES, carry_assets

GEOD = Geod(ellps="WGS84")
MIDDLE = (30.2, 5.1)


def crossed(count: int = 120) -> Network:
    """A network of roads of a kilometre eastwards, each with one asset of any type at its middle."""
    chance, features = random.Random(5), []
    for number in range(count):
        lon, lat = 30 + chance.random() * 0.4, 4.9 + chance.random() * 0.4
        asset = {"asset_id": f"a{number}", "type": ASSET_TYPES[number % len(ASSET_TYPES)], "at_m": 500}
        properties = {
            "segment_id": f"s{number}", "highway": "track", "road_type": "X", "length_m": 1000, "assets": [asset],
        }  # fmt: skip
        geometry = {"type": "LineString", "coordinates": [[lon, lat], [lon + 0.009, lat]]}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return load_network_file({"type": "FeatureCollection", "features": features})


def expected(network: Network) -> list[tuple[float, str, float, float]]:
    """Return (metres away, type, lon, lat) of every asset that can be named, nearest first, one by one."""
    found = []
    for number in range(len(network.asset_ids)):
        segment = int(network.find_segment(f"s{network.asset_id(number)[1:]}") or 0)
        lon, lat = shapely.get_coordinates(network.line(segment)).mean(axis=0).tolist()
        away = GEOD.inv(*MIDDLE, lon, lat)[2]
        kind = ASSET_TYPES[network.asset_type[number]]
        if kind in NAMED_TYPES:
            found.append((away, kind, lon, lat))
    return sorted(found)


@pytest.mark.parametrize("most", [300, 7])
def test_the_assets_of_an_area_come_with_their_places_the_nearest_first(monkeypatch: pytest.MonkeyPatch, most: int):
    monkeypatch.setattr(carried_assets, "CARRIED_MAX", most)
    network = crossed()
    every = expected(network)
    gap = max(range(20, 40), key=lambda place: every[place + 1][0] - every[place][0])  # the rim lies between two
    wanted, radius_m = every[: gap + 1], (every[gap][0] + every[gap + 1][0]) / 2
    told = carry_assets(network, CarriedArea("around", None, None, shapely.Point(MIDDLE), radius_m))
    assert len(told) == min(most, len(wanted))
    assert [row["type"] for row in told] == [kind for _, kind, _, _ in wanted[:most]]
    places = np.array([(row["lon"], row["lat"]) for row in told])
    assert places == pytest.approx(np.array([row[2:] for row in wanted[:most]]), abs=2e-5)


def test_an_area_without_any_has_none():
    area = CarriedArea("around", None, None, shapely.Point(10.0, 10.0), 5_000.0)
    assert carry_assets(crossed(6), area) == []
