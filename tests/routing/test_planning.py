"""Plans say the truth about the way, never enter what is closed, and say so when an end lies in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.profiles import PROFILES
from fom.domain.states import NO_STATE, State
from fom.errors import InvalidInput
from fom.routing.planning import plan_route
from fom.routing.request import PlanRequest, make_request
from fom.routing.router import Router
from tests.routing.conditions import HandConditions
from tests.routing.small_networks import grid_network, make_network, networks

GRID = grid_network(3, 2)
A, C, F = (0.0, 0.001), (0.18, 0.001), (0.18, 0.089)


def ask(origin=A, destination=C, **more) -> PlanRequest:
    values = {"profile": "P3", "profiles": PROFILES, "user_class": "mission_military", "at": 0, "known_at": 0, **more}
    return make_request(origin=origin, destination=destination, **values)


def plan(network, conditions, request):
    return plan_route(network, Router(network), conditions, request)


def test_distance_is_the_sum_of_its_segments_and_time_is_time_whatever_the_caution():
    conditions = HandConditions(GRID)
    free = plan(GRID, conditions, ask()).routes[0]
    conditions.states[conditions.states == State.GREEN] = State.AMBER
    careful = plan(GRID, conditions, ask(posture="safest")).routes[0]
    assert free.distance_m == pytest.approx(careful.distance_m) == pytest.approx(20_000, rel=0.02)
    assert careful.duration_s == pytest.approx(free.duration_s) == pytest.approx(free.distance_m / 10)
    assert careful.cost_s == pytest.approx(4 * free.cost_s, rel=1e-5)
    assert (free.state, careful.state) == (State.GREEN, State.AMBER)


def test_a_closed_road_is_driven_round_and_a_closed_end_is_named():
    conditions = HandConditions(GRID)
    straight = plan(GRID, conditions, ask()).routes[0]
    conditions.set_state(straight.path.segments[1], State.RED)
    round_about = plan(GRID, conditions, ask()).routes[0]
    assert round_about.distance_m > straight.distance_m
    assert State.RED not in round_about.by_state_m
    start = plan(GRID, conditions, ask()).ends[0].snap.segment
    conditions.set_state(start, State.BLACK)
    answer = plan(GRID, conditions, ask())
    assert answer.routes == ()
    assert answer.unverified is None
    (end,) = answer.blocked_ends
    assert (end.field, end.state, end.segment_id) == ("from", State.BLACK, GRID.segment_id(start))
    assert end.reasons[0]["state"] == "BLACK"


def test_grey_roads_stand_in_the_unverified_answer_only():
    conditions = HandConditions(GRID)
    straight = plan(GRID, conditions, ask()).routes[0]
    for segment in range(GRID.n_segments):
        if segment not in straight.path.segments[[0, -1]]:
            conditions.set_state(segment, State.GREY)
    answer = plan(GRID, conditions, ask())
    assert answer.routes == ()
    assert answer.unverified.state == State.GREY
    assert {part.state for part in answer.unverified.worst} == {State.GREY}


def test_via_points_are_passed_in_order():
    conditions = HandConditions(GRID)
    straight = plan(GRID, conditions, ask()).routes[0]
    detour = plan(GRID, conditions, ask(via=[F])).routes[0]
    assert detour.distance_m > straight.distance_m
    there_and_back = plan(GRID, conditions, ask(destination=A, via=[C])).routes[0]
    assert there_and_back.distance_m == pytest.approx(2 * straight.distance_m, rel=1e-6)


def test_a_place_far_from_any_road_is_said_to_be_off_the_road():
    answer = plan(GRID, HandConditions(GRID), ask(origin=(0.045, 0.045)))
    assert [(end.field, end.snap) for end in answer.blocked_ends] == [("from", None)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"origin": (float("nan"), 0.0)}, "from"),
        ({"origin": (191.2, 1.0)}, "from"),
        ({"destination": (1.0, 95.0)}, "to"),
        ({"destination": (0.0, 0.0)}, "to"),
        ({"origin": (1.0,)}, "from"),
        ({"origin": ("x", 1.0)}, "from"),
        ({"via": [(1.0, 1.0), (0.0, float("inf"))]}, "via[1]"),
        ({"profile": "P9"}, "profile"),
        ({"user_class": "tourists"}, "user_class"),
        ({"posture": "reckless"}, "posture"),
        ({"alternates": 4}, "alternates"),
        ({"alternates": True}, "alternates"),
    ],
)
def test_a_bad_request_names_its_field(change, field):
    with pytest.raises(InvalidInput) as caught:
        ask(**change)
    assert [e.field for e in caught.value.errors] == [field]


@given(networks(), st.data())
@settings(max_examples=150, deadline=None)
def test_no_plan_enters_red_or_black_and_closing_never_makes_the_best_cheaper(network, data):
    conditions = HandConditions(network)
    n = network.n_segments
    drawn = data.draw(st.lists(st.sampled_from(list(State)), min_size=n, max_size=n))
    for segment, state in enumerate(drawn):
        conditions.set_state(segment, state)
    ends = [tuple(network.node_lonlat[data.draw(st.integers(0, len(network.node_lonlat) - 1))] + 1e-5) for _ in "ab"]
    request = ask(*ends)
    before = plan(network, conditions, request)
    flat = conditions.states.reshape(-1)
    for route in before.routes:
        assert flat[route.path.arcs].max() <= State.AMBER
        lengths = network.length_m[route.path.segments] * route.path.shares
        assert route.distance_m == pytest.approx(lengths.sum())
        assert sum(route.by_state_m.values()) == pytest.approx(route.distance_m)
        assert sum(road.length_m for road in route.roads) == pytest.approx(route.distance_m)
    if before.unverified is not None:
        assert flat[before.unverified.path.arcs].max() == State.GREY
    for end in before.ends:
        if end.snap is not None:
            states = conditions.states[end.snap.segment]
            assert end.state == states[states != NO_STATE].min()
    conditions.set_state(data.draw(st.integers(0, n - 1)), State.RED)
    after = plan(network, conditions, request)
    if after.routes:
        assert after.routes[0].path.weight >= before.routes[0].path.weight


def test_the_same_question_gives_the_same_plan():
    conditions = HandConditions(GRID)
    first, second = (plan(GRID, conditions, replace(ask())) for _ in range(2))
    assert np.array_equal(first.routes[0].path.arcs, second.routes[0].path.arcs)


def test_without_a_route_the_roads_that_cut_the_places_apart_are_named():
    conditions = HandConditions(GRID)
    ladder = {tuple(sorted((int(GRID.from_node[i]), int(GRID.to_node[i])))): i for i in range(GRID.n_segments)}
    for pair in ((1, 2), (4, 5)):
        conditions.set_state(ladder[pair], State.BLACK)
    answer = plan(GRID, conditions, ask(origin=(0.02, 0.001), destination=(0.18, 0.05)))
    assert answer.best is None
    assert answer.obstacle.kind == "closed"
    pieces = {piece.segment_id for road in answer.obstacle.cut for piece in road.pieces}
    assert pieces == {GRID.segment_id(ladder[pair]) for pair in ((1, 2), (4, 5))}
    assert {road.state for road in answer.obstacle.cut} == {State.BLACK}
    assert len(answer.obstacle.opening) == 1
    assert answer.obstacle.opening[0].reasons[0]["state"] == "BLACK"


def test_grey_roads_that_cut_the_places_apart_are_told_from_closed_ones():
    conditions = HandConditions(GRID, State.GREY)
    answer = plan(GRID, conditions, ask())
    assert answer.obstacle.kind == "unverified"
    assert answer.unverified is not None
    to_verify = [piece.segment_id for road in answer.obstacle.opening for piece in road.pieces]
    assert to_verify == [stretch.segment_id for stretch in answer.unverified.stretches]


def test_a_place_that_the_map_does_not_connect_has_no_cut():
    islands = make_network(
        [(0.0, 0.001), (0.01, 0.001), (0.03, 0.001), (0.04, 0.001)], [(0, 1, 1000, False), (2, 3, 1000, False)]
    )
    answer = plan(islands, HandConditions(islands), ask(origin=(0.005, 0.001), destination=(0.035, 0.001)))
    assert (answer.obstacle.kind, answer.obstacle.cut) == ("not_connected", ())
