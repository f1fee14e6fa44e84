"""The country of the bench to look at: a whole mission on any network, loaded through the ordinary doors."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from bench.country_mission import APART_DEG, CountryMission
from bench.serve_country import fill
from fom.config import Config
from fom.domain.instants import parse_instant
from fom.domain.states import State
from fom.network.artefact import load_network, save_network
from fom.network.drawn import load_network_file
from fom.network.network import Network
from fom.routing.router import Router
from fom.services.deployment import open_database
from fom.services.network_switch import NetworkSwitch

NOW = parse_instant("2026-03-10T12:00:00Z")
STEP, PIECES = 0.5, 10


pytestmark = pytest.mark.deep  # what the bench is made of; the gate builds the demo


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine towns in a square, half a degree apart, joined by roads in ten pieces."""
    features = []
    for (i, j), (di, dj) in itertools.product(itertools.product(range(3), repeat=2), ((1, 0), (0, 1))):
        if i + di < 3 and j + dj < 3:
            ends = [(30 + STEP * i, 5 + STEP * j), (30 + STEP * (i + di), 5 + STEP * (j + dj))]
            for piece in range(PIECES):
                line = [
                    [round(a + (b - a) * (piece + more) / PIECES, 6) for a, b in zip(*ends, strict=True)]
                    for more in (0, 1)
                ]
                features.append(
                    {
                        "type": "Feature",
                        "geometry": {"type": "LineString", "coordinates": line},
                        "properties": {"segment_id": f"{i}{j}{di}.{piece}", "highway": "primary", "road_type": "X"},
                    }
                )
    network = load_network_file({"type": "FeatureCollection", "features": features})
    return save_network(network, tmp_path_factory.mktemp("country") / "network")


@pytest.fixture(scope="module")
def network(folder: Path) -> Network:
    return load_network(folder)


def test_towns_lie_apart_and_key_routes_join_all_of_them(network: Network) -> None:
    mission = CountryMission.on(network, Router(network), now=NOW)
    places = {town.name: (town.lon, town.lat) for town in mission.towns}
    assert len(places) >= 4
    for (x, y), (u, v) in itertools.combinations(places.values(), 2):
        assert abs(x - u) + abs(y - v) > APART_DEG / 2
    joined = {mission.towns[0].name}
    pairs = [route.row["name"].split(" – ") for route in mission.routes]
    for _ in pairs:
        joined |= {name for pair in pairs if set(pair) & joined for name in pair}
    assert joined == places.keys()
    assert len({route.row["code"] for route in mission.routes}) == len(mission.routes)


def test_the_background_is_geojson(network: Network) -> None:
    layers = json.loads(json.dumps(CountryMission.on(network, Router(network), now=NOW).context()))
    types = {feature["geometry"]["type"] for features in layers.values() for feature in features}
    assert types <= {"Point", "LineString", "Polygon"}


def test_a_filled_folder_opens_with_routes_and_states(folder: Path, tmp_path: Path) -> None:
    config = Config(data=tmp_path)
    counts = fill(config, folder, now=NOW)
    (here,) = config.networks.iterdir()
    assert not here.is_symlink(), "what one database keeps is not another's"
    assert counts["segments"] == 12 * PIECES
    assert counts["routes"] >= 3
    database = open_database(config)
    try:
        host = NetworkSwitch(config, database, clock=lambda: NOW).current
        states = set(host.states("P3", "mission_military").states.ravel().tolist())
    finally:
        database.dispose()
    assert int(State.GREEN) in states
