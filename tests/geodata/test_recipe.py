"""The recipe as a whole: same bytes, enough of everything, nothing that claims to be real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fom.domain.registers import REGISTERS, parse_values
from fom.maps.tiles import network_credit
from fom.network.network import ASSET_TYPES, Network
from fom.routing.router import Router
from fom.services.key_routes import stretches_along
from geodata.frame import to_metres
from geodata.recipe import DemoFiles
from tests.geodata.conftest import NOW

pytestmark = pytest.mark.xdist_group("the demo mission")

ROOT = Path(__file__).resolve().parents[2]
AGAIN = """
import sys
from datetime import datetime
from pathlib import Path
from geodata.recipe import make_demo
make_demo(Path(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
"""


@pytest.mark.deep
def test_the_same_seed_and_moment_give_the_same_bytes_in_another_process(demo: DemoFiles, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", AGAIN, str(tmp_path), NOW.isoformat()], check=True, env=environment)
    names = sorted(path.name for path in demo.folder.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    assert [n for n in names if (demo.folder / n).read_bytes() != (tmp_path / n).read_bytes()] == []


def test_the_network_has_the_size_of_a_country(network: Network) -> None:
    assert 20_000 <= network.n_segments <= 40_000
    assert network.length_m.max() <= 1000.5
    assert network.length_m.sum() / 1000 > 9000
    kinds = Counter(ASSET_TYPES[number] for number in network.asset_type)
    assert kinds["bridge"] >= 40
    assert kinds["ford"] >= 20
    assert min(kinds[word] for word in ("ferry", "tunnel", "pass", "culvert")) >= 1
    assert set(network.road_type.tolist()) == {b"X", b"Y", b"Z", b""}
    assert len(network.forbidden_turns) >= 20
    assert len(network.barrier_node) >= 10
    assert network.is_oneway.sum() >= 20


def test_nearly_all_roads_hang_together(network: Network) -> None:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    k = len(network.node_lonlat)
    ones = np.ones(network.n_segments)
    graph = coo_matrix((ones, (network.from_node, network.to_node)), shape=(k, k))
    _, group = connected_components(graph, directed=False)
    share = np.bincount(group[network.from_node], weights=network.length_m)
    assert share.max() / share.sum() > 0.98


def test_the_land_lies_in_open_ocean_west_of_africa(network: Network) -> None:
    west, south = network.node_lonlat.min(axis=0)
    east, north = network.node_lonlat.max(axis=0)
    assert -34 < west < east < -30
    assert 2 < south < north < 6
    assert (east - west) * 111 < 330


@pytest.mark.parametrize("register", sorted(REGISTERS))
def test_every_row_of_a_register_is_valid(registers: dict[str, list[dict[str, Any]]], register: str) -> None:
    assert registers[register]
    for row in registers[register]:
        parse_values(register, row)
    assert len({row["id"] for row in registers[register]}) == len(registers[register])


def test_the_registers_hold_what_a_mission_has(registers: dict[str, list[dict[str, Any]]]) -> None:
    assert len(registers["key_route"]) == 12
    assert {row["code"].split()[0] for row in registers["key_route"]} == {"MSR", "ASR"}
    assert len(registers["air_head"]) == 10
    assert {row["status"] for row in registers["air_head"]} >= {"serviceable", "restricted", "unserviceable", "unknown"}
    assert len(registers["crossing"]) == 4
    kinds = Counter(row["kind"] for row in registers["site"])
    assert kinds["settlement"] >= 120
    assert min(kinds[k] for k in ("hub", "base", "tob", "camp", "strategic_resource", "ammunition_storage")) >= 2
    assert 6 <= len(registers["admin_units"]) <= 8
    recent = [row for row in registers["movement"] if row["planned_start"] > "2026-10-24"]
    assert sum(row["user_class"] == "humanitarian" for row in recent) >= 40
    assert len(registers["movement"]) >= 120
    outcomes = {row["outcome"] for row in registers["movement"]}
    assert outcomes >= {None, "proceeded", "proceeded_late", "turned_back", "cancelled_no_clearance", "cancelled_other"}


def test_the_via_points_of_a_key_route_lead_along_its_own_roads(
    registers: dict[str, list[dict[str, Any]]], network: Network
) -> None:
    router = Router(network)
    for row in registers["key_route"]:
        stretches = stretches_along(network, router, row["via"])
        driven_m = sum(s["to_m"] - s["from_m"] for s in stretches)
        straight_m = np.hypot(*np.diff(to_metres(row["via"]), axis=0).T).sum()
        assert straight_m <= driven_m <= 1.35 * straight_m, row["code"]


def test_names_differ_and_every_place_has_one(demo: DemoFiles) -> None:
    features = json.loads(demo.context["places"].read_text(encoding="utf-8"))["features"]
    names = [f["properties"]["name"] for f in features if f["properties"]["kind"] in ("city", "town", "village")]
    assert len(names) == len(set(names)) >= 120
    assert all(name.isalpha() and name[0].isupper() for name in names)


def test_the_map_data_says_that_it_is_invented(demo: DemoFiles) -> None:
    import osmium

    reader = osmium.io.Reader(str(demo.osm))
    assert "invented" in reader.header().get("generator")
    reader.close()


def test_no_map_maker_is_credited_with_an_invented_country(network: Network) -> None:
    source = network.manifest["source"]
    assert source["licence"] is None
    credit = network_credit(network)
    assert credit is not None
    assert "invented" in credit.lower()
    assert "OpenStreetMap" not in credit


def test_context_layers_are_polygons_and_lines_on_the_land(demo: DemoFiles) -> None:
    import shapely

    land = json.loads(demo.context["land"].read_text(encoding="utf-8"))["features"]
    shapes = {f["properties"]["kind"]: shapely.geometry.shape(f["geometry"]) for f in land}
    assert shapes["land"].is_valid
    assert shapes["country"].is_valid
    admin = json.loads(demo.context["admin"].read_text(encoding="utf-8"))["features"]
    provinces = shapely.union_all([shapely.geometry.shape(f["geometry"]).buffer(0) for f in admin])
    assert provinces.intersection(shapes["country"]).area / shapes["country"].area > 0.98
    for name in ("water", "relief", "urban", "places"):
        assert json.loads(demo.context[name].read_text(encoding="utf-8"))["features"]


@pytest.mark.deep
def test_another_seed_gives_another_country_that_stands_as_well(tmp_path: Path) -> None:
    from geodata.country import build_country

    country = build_country(5)
    assert len(country.settlements) > 600
    assert 15_000 < len(country.ways) < 45_000
    assert {"bridge", "ford", "tunnel"} <= {key for way in country.ways for key in way.tags}
    assert len(country.border_posts) == 4
