"""Places by name: all that may be meant, none picked; positions read back with what should make one look twice."""

from __future__ import annotations

import json

import pytest

from fom.errors import InvalidInput
from fom.routing.router import Router
from fom.services.gazetteer import find_places, read_position_back
from fom.services.key_routes import define_key_route
from fom.services.registers import save_register
from tests.services.ground import make_network
from tests.services.people import AMINA, PATROL, T0, new_id

NETWORK = make_network()


def site(name: str, lon: float, kind: str = "settlement", **rest) -> dict:
    return {"id": new_id(), "name": name, "kind": kind, "lon": lon, "lat": 5.0, **rest}


@pytest.fixture
def found(database, tmp_path):
    west = [[[29.9, 4.9], [30.05, 4.9], [30.05, 5.1], [29.9, 5.1], [29.9, 4.9]]]
    admin = {
        "type": "Feature",
        "properties": {"kind": "province", "name": "West"},
        "geometry": {"type": "Polygon", "coordinates": west},
    }
    places = [
        ("Tamba", "village", 30.0001),
        ("Tamba", "village", 30.09),
        ("Old Tamba", "hamlet", 30.02),
        ("Sea", "sea", 30.0),
    ]
    features = [
        {
            "type": "Feature",
            "properties": {"kind": kind, "name": name},
            "geometry": {"type": "Point", "coordinates": [lon, 5.0]},
        }
        for name, kind, lon in places
    ]
    for name, layer in (("places", features), ("admin", [admin])):
        (tmp_path / f"{name}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": layer}))
    route = {"id": new_id(), "code": "ASR IBIS", "name": "Tamba – Bako", "via": [[30.0, 5.0], [30.03, 5.0]]}
    with database.writing() as session:
        for row in (site("Tamba", 30.0), site("Gone", 30.0, is_active=False), site("Tambar", 30.01, "base")):
            save_register(session, "site", row, version=None, actor=AMINA, now=T0)
        define_key_route(session, route, version=None, actor=AMINA, now=T0, network=NETWORK, router=Router(NETWORK))

    def look(text: str) -> list[dict]:
        with database.reading() as session:
            return find_places(session, text, network=NETWORK, context=tmp_path, actor=PATROL)

    return look


def test_all_places_of_one_name_are_told_with_their_unit_and_the_exact_ones_first(found):
    places = found("tamba")
    assert [(p["name"], p["lon"], p["admin"]) for p in places] == [
        ("Tamba", 30.0, "West"), ("Tamba", 30.09, None), ("Tambar", 30.01, "West"), ("Old Tamba", 30.02, "West"),
    ]  # fmt: skip
    assert places[0]["register"] == "site"
    assert [p["radius_m"] for p in places] == [2000, 2000, 500, 1000]


@pytest.mark.parametrize("text", ["IBIS 1.5", "ibis km 1,5", "ASR IBIS km1.5", "IBIS 1.5 km"])
def test_a_kilometre_of_a_key_route_is_a_place(found, text: str):
    (place,) = found(text)
    assert place["name"] == "ASR IBIS km 1.5"
    assert place["lon"] == pytest.approx(30.01353, abs=2e-4)
    assert place["radius_m"] == 250


@pytest.mark.parametrize("text", ["IBIS 77", "HERON 1", "gone", "xy"])
def test_what_is_not_there_is_not_found(found, text: str):
    assert found(text) == []


def test_nothing_to_look_for_is_refused(found):
    with pytest.raises(InvalidInput):
        found(" ?")


def test_a_position_is_said_back_in_two_forms():
    (reading,) = read_position_back("30.0105, 5.0004", network=NETWORK)["readings"]
    assert reading["forms"][0] == "5°00.024'N 30°00.630'E"
    assert reading["forms"][1].replace(" ", "").startswith(("36N", "35N"))
    assert len(reading["forms"]) == 2


def test_a_position_the_other_way_round_or_far_away_is_warned_of():
    swapped = read_position_back("5.0004, 30.0105", network=NETWORK)
    assert [w["code"] for w in swapped["warnings"]] == ["outside_area", "swapped"]
    assert (swapped["warnings"][1]["lon"], swapped["warnings"][1]["lat"]) == (30.0105, 5.0004)
    far = read_position_back("10.5, 50.1", network=NETWORK)
    assert [w["code"] for w in far["warnings"]] == ["outside_area"]


def test_a_grid_reference_without_its_zone_is_read_only_inside_the_area_and_to_be_confirmed():
    whole = read_position_back("30.05, 5.0", network=NETWORK)["readings"][0]["forms"][1]
    square = whole[3:].strip()
    told = read_position_back(square, network=NETWORK)
    assert [w["code"] for w in told["warnings"]] == ["zone_added"]
    assert whole in [reading["forms"][1] for reading in told["readings"]]
    with pytest.raises(InvalidInput):
        read_position_back("AB 123 456", network=NETWORK)
