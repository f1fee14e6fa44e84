"""Trips by times of arrival: what is entered is open then; where roads only close the way is the cheapest there is."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fom.domain.instants import DAY_US, HOUR_US, SECOND_US, parse_instant
from fom.domain.profiles import PROFILES
from fom.domain.states import NO_STATE, State
from fom.picture.timelines import Timelines
from fom.routing.posture import POSTURES, arc_costs, travel_seconds
from fom.routing.router import Router
from fom.routing.snapping import Snap
from fom.routing.trips import Foresight, Trips
from fom.routing.weights import TIE_BITS
from tests.picture.test_timelines import state_then
from tests.routing.conditions import HandConditions
from tests.routing.small_networks import expanded_graph, grid_network, networks, plain_costs

T0 = parse_instant("2026-03-10T12:00:00Z")
FRACTIONS = st.sampled_from([0.0, 0.25, 0.5, 1.0])
QUICK = settings(max_examples=120, deadline=None, phases=[Phase.explicit, Phase.generate])


def snap(segment: int, fraction: float) -> Snap:
    return Snap(segment, fraction, 0.0, (0.0, 0.0), (0.0, 0.0))


def course(states: np.ndarray, changes: list[tuple[int, float, State]], *, days: float = 2) -> Timelines:
    """Return a course from T0 on; changes are (arc, seconds after T0, state)."""
    flat = states.reshape(-1)
    kept = sorted((a, s, state) for a, s, state in changes if flat[a] != NO_STATE)
    first = np.searchsorted([a for a, _, _ in kept], np.arange(len(flat) + 1)).astype(np.int64)
    ticks = np.array([2 * (T0 + round(s * SECOND_US)) for _, s, _ in kept], np.int64)
    return Timelines(T0, T0 + round(days * DAY_US), states, first, ticks, np.array([x for *_, x in kept], np.uint8))


def best_of(line: Timelines) -> np.ndarray:
    """Return (n, 2) the best state of every arc at any time."""
    best = line.states.reshape(-1).copy()
    np.minimum.at(best, np.repeat(np.arange(len(best)), np.diff(line.first)), line.state)
    return best.reshape(-1, 2)


def part_of(line: Timelines, segments: np.ndarray) -> Timelines:
    """Return the course of some segments."""
    arcs = np.column_stack([2 * segments, 2 * segments + 1]).ravel()
    rows = [np.arange(line.first[a], line.first[a + 1]) for a in arcs]
    first = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    taken = np.concatenate([*rows, np.empty(0, np.int64)]).astype(np.int64)
    return Timelines(line.start, line.end, line.states[segments], first, line.tick[taken], line.state[taken])


def foresight(line: Timelines, best: np.ndarray | None = None) -> Foresight:
    return Foresight(line.start, line.end, best_of(line) if best is None else best, lambda some: part_of(line, some))


def earliest_by_hand(network, line: Timelines, origin, destination) -> int | None:
    """Return the least milliseconds by plain search over arcs, each entered only while it is open."""
    graph = expanded_graph(network, np.where(best_of(line).reshape(-1) <= 1, plain_costs(network), np.inf), "wheeled")
    unit = 1 << TIE_BITS
    heap, done, ends = [], set(), []

    def is_open(arc: int, ms: int) -> bool:
        return state_then(line, arc, T0 + ms * 1000) <= State.AMBER

    for first in (2 * origin[0], 2 * origin[0] + 1):
        if first in graph and is_open(first, 0):
            along = origin[1] if first % 2 == 0 else 1 - origin[1]
            whole = graph.nodes[first]["weight"] // unit
            heapq.heappush(heap, (round(whole * (1 - along)), first))
            to = destination[1] if first % 2 == 0 else 1 - destination[1]
            if first >> 1 == destination[0] and to >= along:
                ends.append(round(whole * (to - along)))
    while heap:
        ms, arc = heapq.heappop(heap)
        if arc in done:
            continue
        done.add(arc)
        for onward in graph.successors(arc):
            whole = graph.nodes[onward]["weight"] // unit
            enters = ms + graph.edges[arc, onward]["weight"] // unit - whole
            if is_open(onward, enters):
                heapq.heappush(heap, (enters + whole, onward))
                if onward >> 1 == destination[0]:
                    to = destination[1] if onward % 2 == 0 else 1 - destination[1]
                    ends.append(enters + round(whole * to))
    return min(ends, default=None)


def trips_over(network, line: Timelines, posture="fastest", **more):
    conditions = HandConditions(network)
    conditions.states = line.states
    router = Router(network, with_hierarchy=more.pop("with_hierarchy", True))
    ahead = foresight(line, more.pop("best", None))
    return Trips(router, conditions, ahead, PROFILES["P3"], POSTURES[posture], **more), router


@st.composite
def questions(draw: st.DrawFn, *, opens: bool):
    network = draw(networks())
    n = network.n_segments
    states = np.array(draw(st.lists(st.sampled_from([0, 0, 0, 1, 3]), min_size=2 * n, max_size=2 * n)), np.uint8)
    states = states.reshape(n, 2)
    states[network.is_oneway, 1] = NO_STATE
    arcs = st.integers(0, 2 * n - 1)
    closing = st.tuples(arcs, st.sampled_from([5.0, 15.0, 25.0, 40.0, 60.0, 90.0]), st.just(State.RED))
    changes = draw(st.lists(closing, max_size=2 * n, unique_by=lambda c: c[0]))
    if opens:
        changes += [(a, s + 30.0, State.GREEN) for a, s, _ in changes[::2]]
    ends = [(draw(st.integers(0, n - 1)), draw(FRACTIONS)) for _ in range(2)]
    return network, course(states, changes), ends


def check_open(network, line: Timelines, trip) -> None:
    """Walk the way by hand: every arc is open when it is entered, and the arrival is the sum of the parts."""
    at = T0
    for arc, share, enters in zip(trip.path.arcs, trip.path.shares, trip.times.enters, strict=True):
        assert enters >= at
        assert state_then(line, int(arc), int(enters)) <= State.AMBER
        at = int(enters) + round(plain_costs(network)[arc] * share * SECOND_US)
    assert abs(trip.times.arrives - at) <= len(trip.path.arcs)


@given(questions(opens=False), st.booleans())
@QUICK
def test_where_roads_only_close_the_way_is_the_cheapest_that_is_open_on_arrival(question, with_hierarchy):
    network, line, ends = question
    trips, _ = trips_over(network, line, with_hierarchy=with_hierarchy)
    found = trips.asked(by_day_only=False).find([snap(*ends[0]), snap(*ends[1])], T0)
    expected = earliest_by_hand(network, line, *ends)
    assert (found.trip is None) == (expected is None)
    if found.trip is not None:
        check_open(network, line, found.trip)
        assert abs((found.trip.times.arrives - T0) / 1000 - expected) <= len(found.trip.path.arcs) + 1


@given(questions(opens=True), st.booleans())
@QUICK
def test_where_roads_open_too_nothing_closed_is_entered_and_no_way_that_stays_open_is_better(question, with_hierarchy):
    network, line, ends = question
    trips, router = trips_over(network, line, with_hierarchy=with_hierarchy)
    found = trips.asked(by_day_only=False).find([snap(*ends[0]), snap(*ends[1])], T0)
    if found.trip is not None:
        check_open(network, line, found.trip)
    worst = line.states.reshape(-1).copy()
    np.maximum.at(worst, np.repeat(np.arange(len(worst)), np.diff(line.first)), line.state)
    metric = router.metric(np.where(worst <= State.AMBER, plain_costs(network), np.inf))
    always = metric.best(snap(*ends[0]), snap(*ends[1]))
    if always is not None:
        assert found.trip is not None
        assert found.trip.times.arrives <= T0 + round(always.cost_s * SECOND_US) + len(always.arcs) * 1000


@given(questions(opens=False), st.sampled_from(sorted(POSTURES)))
@QUICK
def test_where_nothing_changes_the_way_is_that_of_the_plain_search(question, posture):
    network, line, ends = question
    line = course(line.states, [])
    trips, router = trips_over(network, line, posture)
    found = trips.asked(by_day_only=False).find([snap(*ends[0]), snap(*ends[1])], T0)
    costs = arc_costs(
        np.repeat(travel_seconds(network, PROFILES["P3"]), 2), line.states.reshape(-1),
        np.zeros(2 * network.n_segments), np.zeros(2 * network.n_segments), POSTURES[posture],
    )  # fmt: skip
    plain = router.metric(costs).best(snap(*ends[0]), snap(*ends[1]))
    assert (found.trip is None) == (plain is None)
    if plain is not None:
        assert found.trip.path.arcs.tolist() == plain.arcs.tolist()
        assert found.trip.path.weight == plain.weight
        assert found.settled == 0


@given(questions(opens=True))
@QUICK
def test_until_the_stated_later_departure_the_same_way_stands_and_nothing_better_opens(question):
    network, line, ends = question
    trips, _ = trips_over(network, line)
    one = trips.asked(by_day_only=False)
    snaps = [snap(*ends[0]), snap(*ends[1])]
    found = one.find(snaps, T0)
    limit = min(found.later_us, HOUR_US)
    if found.trip is not None:
        limit = min(limit, found.trip.times.stands_us)
    for share in (0.3, 0.7, 0.999):
        later = one.find(snaps, T0 + int(limit * share))
        assert (later.trip is None) == (found.trip is None)
        if found.trip is not None:
            assert later.trip.path.arcs.tolist() == found.trip.path.arcs.tolist()


@pytest.mark.parametrize("by_day_only", [False, True])
def test_the_way_along_one_closed_segment_says_when_it_opens(by_day_only):
    """Nothing leads around it: the origin and the destination lie on it."""
    network = grid_network(2, 1)
    assert network.n_segments == 1
    states = np.array([[State.RED, NO_STATE if network.is_oneway[0] else State.RED]], np.uint8)
    trips, _ = trips_over(network, course(states, [(0, 600.0, State.GREEN)]))
    one = trips.asked(by_day_only=by_day_only)
    found = one.find([snap(0, 0.25), snap(0, 0.75)], T0)
    assert found.trip is None
    assert (found.opens_us, found.later_us) == (600 * SECOND_US, 600 * SECOND_US)
    assert one.find([snap(0, 0.25), snap(0, 0.75)], T0 + found.opens_us).trip is not None


def test_at_the_place_itself_the_open_direction_is_taken_where_the_other_is_closed():
    """What was thought possible of the closed direction does not hide the open one."""
    network = grid_network(2, 1)
    line = course(np.array([[State.RED, State.GREEN]], np.uint8), [(0, 600.0, State.GREEN)])
    trips, _ = trips_over(network, line)
    found = trips.asked().find([snap(0, 0.5), snap(0, 0.5)], T0)
    assert found.trip is not None
    assert found.trip.path.arcs.tolist() == [1]


def test_the_way_along_one_segment_by_day_only_opens_when_the_sun_rises():
    network = grid_network(2, 1)
    trips, _ = trips_over(network, course(np.zeros((1, 2), np.uint8), []))
    one, ends = trips.asked(by_day_only=True), [snap(0, 0.25), snap(0, 0.75)]
    at_night = T0 + 12 * HOUR_US
    found = one.find(ends, at_night)
    assert found.trip is None
    assert 4 * HOUR_US < found.opens_us < 8 * HOUR_US
    assert one.find(ends, at_night + found.opens_us - HOUR_US // 4).trip is None
    assert one.find(ends, at_night + found.opens_us + HOUR_US // 4).trip is not None


def test_the_search_by_arrival_equals_the_plain_one_on_a_grid_of_every_state_and_risk():
    """Force it: a change far from any way makes the usual way's states differ from their best."""
    network = grid_network(8, 7)
    rng = np.random.default_rng(5)
    conditions = HandConditions(network)
    for segment in range(network.n_segments):
        conditions.set_state(segment, State(rng.choice([0, 0, 1, 1, 3])))
        conditions.risk[segment] = rng.choice([0.0, 0.1, 0.2])
        conditions.delay_min[segment] = rng.choice([0.0, 0.0, 12.0])
    # every AMBER arc is GREEN after a week: never reached, but its best state
    amber = np.flatnonzero(conditions.states.reshape(-1) == State.AMBER).tolist()
    changes = [(arc, 86_400.0 * 7, State.GREEN) for arc in amber]
    line = course(conditions.states, changes, days=8)
    router = Router(network)
    trips = Trips(router, conditions, foresight(line), PROFILES["P3"], POSTURES["balanced"])
    costs = arc_costs(
        np.repeat(travel_seconds(network, PROFILES["P3"]), 2), conditions.states.reshape(-1),
        conditions.risk.reshape(-1), conditions.delay_min.reshape(-1), POSTURES["balanced"],
    )  # fmt: skip
    metric, searched = router.metric(costs), 0
    for _ in range(60):
        start, end = (snap(int(rng.integers(0, network.n_segments)), float(rng.uniform(0, 1))) for _ in range(2))
        plain, found = metric.best(start, end), trips.asked(by_day_only=False).find([start, end], T0)
        assert (plain is None) == (found.trip is None)
        if plain is not None:
            assert found.trip.path.arcs.tolist() == plain.arcs.tolist()
            searched += found.settled > 0
    assert searched > 20


@given(questions(opens=True), st.data())
@QUICK
def test_asking_only_for_what_is_met_gives_the_same_way_whatever_was_thought_possible(question, data):
    """A looser idea of the best possible states, and courses told bit by bit, change no answer."""
    network, line, ends = question
    snaps = [snap(*ends[0]), snap(*ends[1])]
    tight = best_of(line)
    loose = np.where(np.array(data.draw(st.lists(st.booleans(), min_size=tight.size, max_size=tight.size)))
                     .reshape(tight.shape) & (tight != NO_STATE), 0, tight).astype(np.uint8)  # fmt: skip
    answers = []
    for best in (tight, loose):
        one = trips_over(network, line, best=best)[0].asked()
        answers.append(one.find(snaps, T0))
        assert one.n_told <= network.n_segments
    everything = trips_over(network, line)[0].asked()
    everything._learn(np.arange(network.n_segments))
    answers.append(everything.find(snaps, T0))
    ways = [None if a.trip is None else a.trip.path.arcs.tolist() for a in answers]
    assert ways[0] == ways[1] == ways[2]
    assert all(a.is_complete for a in answers)


def test_a_usual_way_asks_for_its_own_roads_only():
    network = grid_network(8, 7)
    one = trips_over(network, course(np.zeros((network.n_segments, 2), np.uint8), []))[0].asked()
    found = one.find([snap(0, 0.0), snap(network.n_segments - 1, 1.0)], T0)
    assert one.n_told == len(np.unique(found.trip.path.segments))


def test_what_may_not_be_asked_for_is_said_and_a_way_given_is_open(monkeypatch):
    network = grid_network(8, 7)
    rng = np.random.default_rng(1)
    changes = [
        (2 * int(s) + d, 500.0, State.RED) for s in rng.choice(network.n_segments, 40, replace=False) for d in (0, 1)
    ]
    line = course(np.zeros((network.n_segments, 2), np.uint8), changes)
    snaps = [snap(0, 0.0), snap(network.n_segments - 1, 1.0)]
    assert trips_over(network, line)[0].asked().find(snaps, T0).is_complete
    monkeypatch.setattr("fom.routing.trips.MAX_TOLD", 20)
    found = trips_over(network, line)[0].asked().find(snaps, T0)
    assert not found.is_complete
    if found.trip is not None:
        check_open(network, line, found.trip)
