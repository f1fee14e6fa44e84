"""Reach from a place: against plain Dijkstra over turns on small random networks; its outline by geometry."""

from __future__ import annotations

import math

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fom.domain.states import NO_STATE, State
from fom.routing.outline import Lines, outlines_of
from fom.routing.roads import NEVER, Roads, RoadTopology
from fom.routing.router import Router
from fom.routing.snapping import Snap, lines_between
from fom.routing.spreading import Reach
from fom.routing.weights import TIE_BITS
from tests.routing.small_networks import expanded_graph, least_weight, networks, plain_costs

LIMIT_MS = 10**9
FRACTIONS = (0.3, 0.5, 0.7)
"""With roads of 100 m and more these places stand at no junction."""


def snap(segment: int, fraction: float) -> Snap:
    return Snap(segment, fraction, 0.0, (0.0, 0.0), (0.0, 0.0))


def roads_of(network, states, delay_min=None, *, vehicle="wheeled", with_grey=False) -> Roads:
    topology = RoadTopology(Router(network, with_hierarchy=False))
    seconds = plain_costs(network)[::2]
    delays = np.zeros(states.shape) if delay_min is None else delay_min
    return Roads.at(topology, states, delays, seconds, vehicle, with_grey=with_grey)


def draw_states(data: st.DataObject, network) -> np.ndarray:
    n = network.n_segments
    likely = st.sampled_from([*[State.GREEN] * 5, State.AMBER, State.AMBER, State.GREY, State.RED, State.BLACK])
    states = np.array([[data.draw(likely), data.draw(likely)] for _ in range(n)], np.uint8).reshape(n, 2)
    states[network.is_oneway, 1] = NO_STATE
    return states


def draw_place(data: st.DataObject, network) -> tuple[int, float]:
    return data.draw(st.integers(0, network.n_segments - 1)), data.draw(st.sampled_from(FRACTIONS))


def oracle(network, states, delay_min, vehicle, *, with_grey=False):
    """Return a function (place, place) -> milliseconds by networkx over turns, None = no way."""
    usable = [State.GREEN, State.AMBER, *([State.GREY] if with_grey else [])]
    costs = np.where(np.isin(states, usable).ravel(), plain_costs(network) + delay_min.ravel() * 60, math.inf)
    graph = expanded_graph(network, costs, vehicle)

    def ms(origin, destination):
        weight = least_weight(graph, origin, destination)
        return NEVER if weight is None else weight >> TIE_BITS

    return ms


@settings(max_examples=150, deadline=None)
@given(network=networks(), data=st.data())
def test_every_place_is_reached_in_the_time_that_a_search_over_turns_finds(network, data):
    states, start = draw_states(data, network), draw_place(data, network)
    delay = np.array([[data.draw(st.sampled_from([0.0, 0.0, 0.0, 1.5])) for _ in (0, 1)] for _ in states])
    vehicle, with_grey = data.draw(st.sampled_from(["wheeled", "motorcycle", "foot"])), data.draw(st.booleans())
    reach = Reach.of(roads_of(network, states, delay, vehicle=vehicle, with_grey=with_grey), snap(*start), LIMIT_MS)
    places = [(s, f) for s in range(network.n_segments) for f in FRACTIONS]
    ms = oracle(network, states, delay, vehicle, with_grey=with_grey)
    assert reach.arrivals([snap(*place) for place in places]).tolist() == [ms(start, place) for place in places]


@settings(max_examples=100, deadline=None)
@given(network=networks(), data=st.data())
def test_a_point_of_a_road_is_covered_exactly_when_it_is_reached_in_time(network, data):
    states, start = draw_states(data, network), draw_place(data, network)
    limit_ms = data.draw(st.integers(1, 120_000))
    covered = Reach.of(roads_of(network, states), snap(*start), LIMIT_MS).covered(limit_ms)
    ms = oracle(network, states, np.zeros(states.shape), "wheeled")
    for s in range(network.n_segments):
        for f in (0.05, *FRACTIONS, 0.95):
            if abs((soonest := ms(start, (s, f))) - limit_ms) <= 2:
                continue  # the answer rounds to a millisecond, the cut does not
            parts = zip(covered.segment.tolist(), covered.start.tolist(), covered.end.tolist(), strict=True)
            assert any(segment == s and a <= f <= b for segment, a, b in parts) == (soonest < limit_ms)


@settings(max_examples=100, deadline=None)
@given(network=networks(), data=st.data())
def test_a_longer_limit_never_reaches_less_and_a_closed_road_never_lets_one_reach_more(network, data):
    states, start = draw_states(data, network), snap(*draw_place(data, network))
    roads, length_m = roads_of(network, states), np.asarray(network.length_m)

    def metres(reach: Reach, limit_ms: int) -> np.ndarray:
        part = reach.covered(limit_ms)
        return np.bincount(part.segment, (part.end - part.start) * length_m[part.segment], network.n_segments)

    reach = Reach.of(roads, start, LIMIT_MS)
    low, high = sorted(data.draw(st.tuples(st.integers(1, 90_000), st.integers(1, 90_000))))
    assert (metres(reach, low) <= metres(reach, high) + 1e-6).all()
    cut_short = Reach.of(roads, start, low)
    assert np.allclose(metres(cut_short, low), metres(reach, low))
    closed = Reach.of(roads.closing(np.array([data.draw(st.integers(0, network.n_segments - 1))])), start, LIMIT_MS)
    assert (closed.entered >= reach.entered).all()
    assert (metres(closed, high) <= metres(reach, high) + 1e-6).all()


POINTS = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.lists(POINTS, min_size=2, max_size=5), min_size=1, max_size=12),
    around=st.sampled_from([(30.0, 5.0), (-1.0, 0.0), (179.95, -40.0)]),
    few=st.integers(0, 12),
)
def test_an_outline_holds_every_line_and_nothing_beyond_its_margin(lines, around, few):
    def packed(chosen) -> Lines:
        coords = np.array([p for line in chosen for p in line]).reshape(-1, 2) + around
        coords[:, 0] = (coords[:, 0] + 540) % 360 - 180
        return Lines(coords, np.cumsum([0, *map(len, chosen)]).astype(np.int64))

    inner, outer = outlines_of([packed(lines[:few]), packed(lines)], around=around)
    assert inner.shape.is_valid
    assert outer.shape.is_valid
    drawn = shapely.MultiLineString([np.array(line) + around for line in lines])
    assert outer.shape.buffer(1e-5).covers(drawn)
    assert inner.shape.is_empty or outer.shape.buffer(1e-5).covers(inner.shape)
    east, north = 111_320 * math.cos(math.radians(abs(around[1]) - 0.2 if around[1] else 0)), 111_700
    to_metres = lambda xy: xy * [east, north]  # noqa: E731
    corners = shapely.points(to_metres(shapely.get_coordinates(outer.shape)))
    far = shapely.distance(shapely.transform(drawn, to_metres), corners)
    assert far.max() <= outer.margin_m


def test_a_part_of_a_bent_road_keeps_its_bend():
    coords, starts = lines_between(
        np.array([[0.0, 0.0], [0.01, 0.0], [0.01, 0.01]]),
        np.array([0, 3]),
        np.array([0, 0]),
        np.array([0.25, 0.0]),
        np.array([0.75, 1.0]),
    )
    assert starts.tolist() == [0, 3, 6]
    assert coords[1].tolist() == [0.01, 0.0]
