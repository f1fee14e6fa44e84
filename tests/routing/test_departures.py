"""When to leave: every window holds at each of its minutes, and outside of them there is no way."""

from __future__ import annotations

import numpy as np
import pytest

from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, parse_instant
from fom.domain.states import State
from fom.routing.departures import clock, find_departures, tell
from tests.deep import in_gate
from tests.domain.sun import sun_times
from tests.routing.small_networks import grid_network, make_network
from tests.routing.test_trips import T0, course, snap, trips_over

ROAD = make_network([(30.0 + i * 0.1, 5.0) for i in range(5)], [(i, i + 1, 10_000.0, False) for i in range(4)])
"""Forty kilometres at 36 km/h: a quarter of an hour and more for each segment (1,000 s)."""


def closing(segment: int, start_h: float, end_h: float):
    """Return changes that close a segment from one hour after T0 to another."""
    return [(2 * segment + d, h * 3600, state) for d in (0, 1)
            for h, state in ((start_h, State.BLACK), (end_h, State.GREEN))]  # fmt: skip


def test_a_curfew_on_the_way_is_met_by_the_time_of_arrival():
    states = np.zeros((4, 2), np.uint8)
    trips, _ = trips_over(ROAD, course(states, closing(2, 6, 14), days=4))
    one = trips.asked(by_day_only=False)
    answer = find_departures(one, [snap(0, 0.0), snap(3, 1.0)], T0)
    # 18:00Z to 02:00Z closed; the third segment is entered 2,000 s after departure
    assert answer.words == "leave before 17:26Z or after 01:27Z"
    assert [clock(w.end) for w in answer.windows] == ["17:26Z", "12:00Z"]
    assert answer.best.start == T0
    assert answer.known_until == T0 + DAY_US


def test_no_window_and_all_day_are_said_plainly():
    closed = np.zeros((4, 2), np.uint8)
    closed[2] = State.BLACK
    trips, _ = trips_over(ROAD, course(closed, [], days=4))
    answer = find_departures(trips.asked(by_day_only=False), [snap(0, 0), snap(3, 1)], T0)
    assert answer.words == "no departure in the next 24 h"
    trips, _ = trips_over(ROAD, course(np.zeros((4, 2), np.uint8), [], days=4))
    answer = find_departures(trips.asked(by_day_only=False), [snap(0, 0), snap(3, 1)], T0)
    assert (answer.words, len(answer.windows), len(answer.windows[0].pieces)) == ("any time in the next 24 h", 1, 1)


@pytest.mark.parametrize("seed", in_gate(3, range(8)))
def test_windows_hold_at_every_minute_tried_and_nothing_is_possible_outside(seed):
    rng = np.random.default_rng(seed)
    network = grid_network(4, 3)
    changes = []
    for segment in rng.choice(network.n_segments, 9, replace=False).tolist():
        hours = np.sort(rng.choice(np.arange(1, 40), 4, replace=False))
        changes += closing(segment, hours[0], hours[1]) + closing(segment, hours[2], hours[3])
    trips, _ = trips_over(network, course(np.zeros((network.n_segments, 2), np.uint8), changes, days=4))
    one = trips.asked(by_day_only=False)
    snaps = [snap(0, 0.2), snap(network.n_segments - 1, 0.9)]
    answer = find_departures(one, snaps, T0)
    assert answer.known_until == T0 + DAY_US
    for minute in range(1, 24 * 60, 7):
        at = T0 + minute * MINUTE_US + 30_000_000
        inside = [piece for w in answer.windows for piece in w.pieces if piece.start <= at < piece.end]
        found = one.find(snaps, at).trip
        assert found is None or inside, minute
        if inside:
            told = inside[0].trip
            assert one.times(told.path, at).is_open
    best = answer.best
    if best is not None:
        assert one.times(best.trip.path, best.start).is_open


def test_who_may_not_drive_by_night_leaves_after_sunrise_and_arrives_before_sunset():
    trips, _ = trips_over(ROAD, course(np.zeros((4, 2), np.uint8), [], days=4))
    start = parse_instant("2026-03-10T12:00:00Z")
    answer = find_departures(trips.asked(by_day_only=True), [snap(0, 0.0), snap(3, 1.0)], start)
    (sets, _), (rises, is_up) = sun_times(30.0, 5.0, start, start + DAY_US)
    assert is_up
    first, second = answer.windows
    trip_us = first.best.trip.times.arrives - first.best.trip.times.departs
    assert abs(first.end - (sets - trip_us)) < 3 * MINUTE_US  # 0.4 degrees farther east 1.6 minutes earlier
    assert abs(second.start - rises) < MINUTE_US
    assert trip_us > HOUR_US


def test_the_work_of_one_question_is_bounded(monkeypatch):
    changes = []
    for quarter in range(2, 90):
        changes += [(d + 4, quarter * 900.0, State.BLACK if quarter % 2 else State.GREEN) for d in (0, 1)]
    trips, _ = trips_over(ROAD, course(np.zeros((4, 2), np.uint8), changes, days=4))
    monkeypatch.setattr("fom.routing.departures.MAX_SEARCHES", 10)
    answer = find_departures(trips.asked(by_day_only=False), [snap(0, 0), snap(3, 1)], T0)
    assert answer.known_until < T0 + DAY_US
    assert answer.words.endswith("later departures not looked at")


def test_what_was_not_looked_at_is_never_told_as_closed():
    hour = 3_600_000_000
    start, end = 100 * hour, 124 * hour
    assert tell((), start, start, end) == "not known: too much changes on the way"
    assert tell((), start, start + hour, end) == "no departure before 05:00Z; later departures not looked at"
    assert tell((), start, end, end) == "no departure in the next 24 h"
