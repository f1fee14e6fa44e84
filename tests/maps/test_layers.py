"""Do layers say what the records say: symbol, status, doubt to scale, and nothing that has ended?"""

import numpy as np
import pytest
import shapely
from pyproj import Geod

from fom.domain.geojson import geometry_to_json
from fom.domain.instants import HOUR_US, format_instant, parse_instant
from fom.domain.policy import Policy
from fom.maps import layers
from fom.maps.route_lines import route_feature
from fom.maps.strip import assets_along, features_along, runs, unroll
from tests.maps.builders import drawn_network

NOW = parse_instant("2026-03-10T12:00:00Z")
GEOD = Geod(ellps="WGS84")


def record(id: str = "e1", *, hours_ago: float = 5, geometry: object = None, **properties: object) -> dict:
    point = {"type": "Point", "coordinates": [30.01, 5.0]}
    received = format_instant(NOW - int(hours_ago * HOUR_US))
    return {
        "type": "Feature",
        "id": id,
        "geometry": geometry or point,
        "properties": {"received": received, **properties},
    }


def hazard(id: str = "e1", **properties: object) -> dict:
    return record(
        id, **{"kind": "explosive", "hazard": "item", "class": "ied", "location": {"method": "gps"}, **properties}
    )


def act(closes: str, what: str, *signed: str, **more: object) -> dict:
    feature = record(
        "c1", hours_ago=1, kind="closing_act", act=what, closes=[closes], authority="eod", signed_by=list(signed)
    )
    return {**feature, "geometry": more.get("geometry")}


def shown(
    records: list[dict], acts: list[dict] = (), grades: dict[str, str] | None = None, in_work: list[str] = ()
) -> dict:
    features = layers.hazard_features(records, list(acts), grades or {}, in_work=in_work, at=NOW, policy=Policy())
    return {f["properties"]["part"]: f for f in features}


@pytest.mark.parametrize(
    ("change", "grade", "symbol"),
    [
        ({}, None, "sha"), ({}, "B2", "cha"), ({}, "D4", "sha"), ({"eod_confirmed": True}, None, "cha"),
        ({"hazard": "cha"}, None, "cha"), ({"hazard": "sha"}, "A1", "sha"),
    ],
)  # fmt: skip
def test_a_hazard_is_shown_confirmed_only_by_what_confirms_it(change: dict, grade: str | None, symbol: str) -> None:
    features = shown([hazard(**change)], grades={"e1": grade} if grade else {})
    assert features["point"]["properties"]["symbol"] == symbol


def test_a_hazard_being_worked_on_and_one_released_look_different() -> None:
    assert shown([hazard()], in_work=["e1"])["point"]["properties"]["symbol"] == "wrk"
    assert shown([hazard()], [act("e1", "destroyed", "a", "b")])["point"]["properties"]["symbol"] == "clr"


def test_one_signature_another_hazard_or_half_the_area_releases_nothing() -> None:
    assert shown([hazard()], [act("e1", "destroyed", "a")])["point"]["properties"]["symbol"] == "sha"
    assert shown([hazard()], [act("e1", "destroyed", "a", "a")])["point"]["properties"]["symbol"] == "sha"
    assert shown([hazard()], [act("e2", "destroyed", "a", "b")])["point"]["properties"]["symbol"] == "sha"
    square = shapely.box(30.0, 5.0, 30.01, 5.01)
    half = shapely.box(30.0, 5.0, 30.005, 5.01)
    area = hazard(geometry=geometry_to_json(square), hazard="cha", location={"method": "survey", "uncertainty_m": 1})
    cleared = act("e1", "cleared", "a", "b", geometry=geometry_to_json(half))
    assert shown([area], [cleared])["point"]["properties"]["symbol"] == "cha"
    whole = act("e1", "cleared", "a", "b", geometry=geometry_to_json(square.buffer(0.001)))
    assert shown([area], [whole])["point"]["properties"]["symbol"] == "clr"
    assert shapely.geometry.shape(shown([area])["area"]["geometry"]).equals(square)


def test_what_was_reported_in_error_is_gone() -> None:
    assert shown([hazard()], [act("e1", "erroneous", "a", "b")]) == {}


@pytest.mark.parametrize("radius", [86.0, 722.0, 2000.0])
def test_doubt_is_drawn_to_scale(radius: float) -> None:
    features = shown([hazard(location={"method": "place", "radius_m": radius})])
    ring = np.array(features["doubt"]["geometry"]["coordinates"][0])
    lon, lat = features["point"]["geometry"]["coordinates"]
    _, _, metres = GEOD.inv(np.full(len(ring), lon), np.full(len(ring), lat), ring[:, 0], ring[:, 1])
    assert np.allclose(metres, radius, rtol=0.005, atol=0.2)
    assert features["point"]["properties"]["radius_m"] == radius


def test_a_grid_reference_stands_in_the_middle_of_its_square_with_its_doubt() -> None:
    feature = {**hazard(location={"method": "mgrs", "mgrs": "36N VL 345 678"}), "geometry": None}
    assert shown([feature])["point"]["properties"]["radius_m"] == pytest.approx(85.7, abs=0.1)


@pytest.mark.parametrize(
    ("properties", "hours_ago", "is_shown"),
    [
        ({"control": "denial", "user_class": "mission_military"}, 100, True),
        ({"control": "denial", "user_class": "mission_military"}, 400, False),
        ({"control": "toll"}, 71, True),
        ({"control": "delay"}, 73, False),
        ({"control": "denial", "user_class": "medical", "end": format_instant(NOW - HOUR_US)}, 10, False),
        ({"control": "order", "effect": "prohibited", "user_classes": ["all"]}, 5000, True),
    ],
)
def test_controls_are_shown_while_they_may_limit_somebody(properties: dict, hours_ago: float, is_shown: bool) -> None:
    control = record("k", hours_ago=hours_ago, kind="control", location={"method": "gps"}, **properties)
    assert layers.holds(control, NOW, Policy()) is is_shown


def test_damage_of_a_bridge_stands_where_the_bridge_is() -> None:
    damage = {**record("p", kind="physical", damage="destroyed", asset="b1"), "geometry": None}
    line = shapely.LineString([(30.0, 5.0), (30.02, 5.0)])
    (point,) = layers.restriction_features([damage], {}, {"b1": line}, policy=Policy())
    assert point["geometry"]["coordinates"] == pytest.approx((30.01, 5.0))
    assert point["properties"]["symbol"] == "dmg"


def test_a_route_is_one_line_whose_segments_can_be_found_again() -> None:
    network = drawn_network(
        lines=[[(30.0, 5.0), (30.01, 5.0)], [(30.02, 5.0), (30.01, 5.0)], [(30.02, 5.0), (30.03, 5.001)]]
    )
    stretches = [{"id": "s0"}, {"id": "s1", "direction": "backward"}, {"id": "s2", "from_m": 0, "to_m": 500}]
    feature = route_feature(network, stretches, {(1, 1): (NOW, None)}, code="X")
    line, segments = feature["geometry"]["coordinates"], feature["properties"]["segments"]
    assert [s[:2] for s in segments] == [[0, 0], [1, 1], [2, 0]]
    assert [line[s[2]] for s in segments] == [[30.0, 5.0], [30.01, 5.0], [30.02, 5.0]]
    assert [s[4] for s in segments] == [None, NOW // 1000, None]
    assert segments[2][6] == 500
    assert sum(s[6] for s in segments) == pytest.approx(network.length_m[0] + network.length_m[1] + 500, abs=0.2)


def test_a_strip_measures_along_the_route_whichever_way_its_segments_run() -> None:
    network = drawn_network(lines=[[(30.0, 5.0), (30.01, 5.0)], [(30.02, 5.0), (30.01, 5.0)]])
    stretches = [{"id": "s0"}, {"id": "s1", "direction": "backward"}]
    course = unroll(network, stretches, [(30.0, 5.0), (30.01, 5.0), (30.02, 5.0)])
    along, off = course.place(shapely.Point(30.015, 5.001))
    assert along == pytest.approx(0.75 * course.length_m, rel=0.002)
    assert off == pytest.approx(110.6, abs=1)
    assert [run["value"] for run in runs(course, ["a", "a"])] == ["a"]
    assert runs(course, ["a", "b"])[1]["x"] == pytest.approx(500, abs=1)
    near = features_along(
        course, [{"geometry": {"type": "Point", "coordinates": [30.005, 5.02]}, "properties": {"part": "point"}}], 500
    )
    assert near == []
    assert assets_along(network, course) == []
