"""Turn-around points: only where the map and the states let a convoy back into a side road and drive home."""

from __future__ import annotations

import numpy as np
import pytest

from fom.domain.profiles import PROFILES
from fom.domain.states import State
from fom.routing.planning import plan_route
from fom.routing.request import make_request
from fom.routing.router import Router
from fom.routing.turning import find_turning
from tests.routing.conditions import HandConditions
from tests.routing.small_networks import make_network

BASE = {"profile": "P5", "profiles": PROFILES, "user_class": "mission_military", "at": 0, "known_at": 0}
NODES = [(0.1 + i * 0.01, 0.1) for i in range(6)] + [(0.1 + i * 0.01, 0.11) for i in (1, 2, 3, 4)]
ROADS = [(i, i + 1, 1000.0, False) for i in range(5)] + [(i, 5 + i, 1000.0, False) for i in (1, 2, 3, 4)]
"""A main road of five segments with a side road at each of its four junctions (segments 5 to 8)."""


def turning(*, prepare=lambda conditions: None, profile: str = "P5", **more):
    network = make_network(NODES, ROADS, **more)
    conditions = HandConditions(network)
    prepare(conditions)
    router = Router(network)
    request = make_request(origin=[0.1, 0.1], destination=[0.15, 0.1], **BASE)
    route = plan_route(network, router, conditions, request).best
    return find_turning(router, conditions, PROFILES[profile], route)


def kms(found) -> list[float]:
    return [round(point.at_m / 1000) for point in found.points]


def test_every_junction_with_an_open_side_road_is_a_turn_around_point():
    found = turning()
    assert kms(found) == [1, 2, 3, 4]
    assert {point.roads for point in found.points} == {3}
    assert found.limiting == ()


@pytest.mark.parametrize("state", [State.GREY, State.RED, State.BLACK])
def test_a_side_road_that_is_not_open_is_no_room(state):
    assert kms(turning(prepare=lambda c: c.set_state(6, state))) == [1, 3, 4]


def test_a_side_road_that_may_only_be_entered_is_no_room():
    assert kms(turning(prepare=lambda c: c.set_state(6, State.RED, 1))) == [1, 3, 4]


def test_the_way_back_has_to_be_open():
    assert kms(turning(prepare=lambda c: c.set_state(1, State.RED, 1))) == [1, 3, 4]


def test_nobody_turns_near_an_explosive_hazard():
    assert kms(turning(prepare=lambda c: c.near.add(7))) == [1, 2, 4]


def test_nobody_turns_beside_a_bridge_and_the_last_place_before_it_is_named():
    found = turning(assets=[("br", 2)])
    assert kms(found) == [1, 4]
    bridge = found.limiting[0]
    assert (bridge.kind, round(bridge.from_m / 1000), round(bridge.last.at_m / 1000)) == ("bridge", 2, 1)
    assert bridge.words == "bridge, km 2.0: last place to turn km 1.0, junction of 3 roads"


def test_a_junction_with_a_forbidden_turn_is_left_out():
    assert kms(turning(forbidden=[(2 * 1, 2 * 6)])) == [1, 3, 4]


def test_cautions_are_stretches_with_the_last_place_to_turn_before_each():
    def amber(conditions):
        for segment in (0, 3, 4):
            conditions.set_state(segment, State.AMBER)

    first, second = turning(prepare=amber).limiting
    assert (first.from_m, first.last) == (0.0, None)
    assert first.words == "caution, km 0.0 to 1.0: no known place to turn before it"
    assert (round(second.from_m), round(second.to_m), round(second.last.at_m)) == (3000, 5000, 3000)


def test_a_side_road_narrower_than_the_vehicle_is_no_room():
    network = make_network(NODES, ROADS)
    widths = np.asarray(network.carriageway_m)
    widths[5] = 2.4
    assert kms(turning()) == [1, 2, 3, 4]
    conditions, router = HandConditions(network), Router(network)
    request = make_request(origin=[0.1, 0.1], destination=[0.15, 0.1], **BASE)
    route = plan_route(network, router, conditions, request).best
    assert kms(find_turning(router, conditions, PROFILES["P5"], route)) == [2, 3, 4]
    assert kms(find_turning(router, conditions, PROFILES["P3"], route)) == [1, 2, 3, 4]
