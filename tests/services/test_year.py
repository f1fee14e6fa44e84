"""A host through weeks of reports by a clock of ours: one `time` change for each moment at which time moves a state."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fom.domain.instants import DAY_US, HOUR_US, parse_instant
from fom.domain.profiles import PROFILES
from fom.picture.question import Question
from fom.services.picture_events import MovesEvent
from fom.services.picture_host import PictureHost
from fom.store.database import Database
from fom.store.tables import Change
from tests.deep import share_of
from tests.picture.year_of_reports import Year
from tests.services.ground import ROADS, Clock, make_host, write
from tests.services.people import T0

P, U = "P3", "mission_military"


def live_through(database: Database, days: int, seed: int) -> int:
    """Let reports come in and the clock go on, looking every few hours; return how many `time` changes were written."""
    places = {name: ((start + end) / 2, 5.0) for name, (start, end) in ROADS.items()}
    coming = Year(seed, T0, days, places).draw()
    rng, clock = random.Random(seed), Clock()
    host = make_host(database, clock)
    listener = host.subscribe(P, U)
    due: list[int] = []
    while clock.now < T0 + days * DAY_US:
        clock.now += rng.randrange(1, 5 * HOUR_US)
        while coming and received(coming[0]) <= clock.now:
            write(database, coming[0], now=received(coming[0]))
            coming.pop(0)
        host.follow()
        version = host.version
        host.tick()
        told = [event.number for event in listener.waiting() if isinstance(event, MovesEvent)]
        with database.reading() as session:
            written = session.query(Change).filter(Change.number > version).all()
        assert {change.number for change in written} <= set(told), "a time change was written and nothing moved"
        assert {change.kind for change in written} <= {"time"}
        for change in written:
            check_exact(host, int(change.due_at or 0))
            due.append(int(change.due_at or 0))
        seen = host.assess(Question(clock.now, clock.now, PROFILES[P], U)).states
        np.testing.assert_array_equal(host.states(P, U).states, seen, err_msg="a wake was missed")
    assert len(set(due)) == len(due)
    return len(due)


def received(feature: dict) -> int:
    return parse_instant(feature["properties"]["received"])


def check_exact(host: PictureHost, due_at: int) -> None:
    """Fail unless states just before a moment differ from those at it, as known then."""
    before, after = (host.assess(Question(at, at, PROFILES[P], U)).states for at in (due_at - 1, due_at))
    assert (before != after).any()


def test_in_three_weeks_every_time_change_moves_a_state_at_its_moment_and_none_is_missing(database: Database):
    assert live_through(database, 21, 1) > 10


@pytest.mark.deep
def test_in_a_year_every_time_change_moves_a_state_at_its_moment_and_none_is_missing(database: Database):
    if database.is_sqlite:  # three weeks show that PostgreSQL does the same
        assert live_through(database, share_of(365), 2)
