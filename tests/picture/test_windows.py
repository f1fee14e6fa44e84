"""Do orders that come back by the day wake the picture exactly when they move a state, and never for nothing?"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fom.domain.facts_file import parse_record
from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant, parse_instant
from fom.domain.records import Record
from fom.domain.spans import LAST_TICK, to_us
from fom.picture.picture import Picture
from tests.picture.test_year import BEGIN, ROADS, simulate

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CURFEW = {"from": "19:00", "to": "05:00", "zone": "+03:00"}


@contextmanager
def soon(seconds: int) -> Iterator[None]:
    """Fail instead of going on for ever."""

    def give_up(*_: object) -> None:
        raise AssertionError(f"no end after {seconds} s")

    former = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)


def fact(number: int, kind: str, segment: int, **said: Any) -> Record:
    """Return a record on a whole segment of the grid, received at the beginning."""
    properties = {"kind": kind, "received": format_instant(BEGIN), "grade": "B2", **said}
    properties["segments"] = [{"id": ROADS.segment_id(segment)}]
    return parse_record({"type": "Feature", "id": f"f{number}", "geometry": None, "properties": properties})


def order(number: int, segment: int, **said: Any) -> Record:
    """Return an order for all on a segment."""
    return fact(number, "control", segment, control="order", user_classes=["all"], **({"effect": "prohibited"} | said))


def test_an_endless_curfew_on_a_road_closed_for_good_wakes_nobody_and_is_answered() -> None:
    records = [order(0, 3), order(1, 3, recurring=CURFEW), order(2, 3, effect="escort", recurring=CURFEW)]
    picture = Picture(ROADS, records)
    live = picture.live(picture.profiles["P3"], "mission_military", BEGIN)
    with soon(20):
        assert live.next_wake == to_us(LAST_TICK)


def test_behind_a_curfew_that_moves_nothing_the_end_of_the_closure_is_found() -> None:
    opens = BEGIN + 400 * DAY_US + 5 * HOUR_US
    picture = Picture(ROADS, [order(0, 3, end=format_instant(opens)), order(1, 3, recurring=CURFEW)])
    live = picture.live(picture.profiles["P3"], "mission_military", BEGIN)
    with soon(20):
        assert opens <= live.next_wake <= opens + DAY_US


def test_behind_windows_that_move_nothing_the_one_of_saturday_is_found() -> None:
    saturday = {"from": "10:00", "to": "12:00", "days": ["sat"], "zone": "+00:00"}
    records = [order(0, 3, effect="escort"), order(1, 3, effect="escort", recurring=CURFEW)]
    picture = Picture(ROADS, [*records, order(2, 3, recurring=saturday)])
    live = picture.live(picture.profiles["P3"], "mission_military", BEGIN)
    opens = parse_instant("2026-03-07T10:00:00Z")
    assert opens - HOUR_US < live.next_wake <= opens


MINUTES = st.integers(0, 1439)
CLOCKS = MINUTES.map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")
WINDOWS = st.fixed_dictionaries(
    {"from": CLOCKS, "to": CLOCKS, "zone": st.sampled_from(["+00:00", "+03:00", "-04:30"])},
    optional={"days": st.lists(st.sampled_from(DAYS), min_size=1, unique=True)},
).filter(lambda window: window["from"] != window["to"])
MOMENTS = st.integers(0, 40 * 24 * 60).map(lambda minute: format_instant(BEGIN + minute * MINUTE_US))


@st.composite
def curfews(draw: st.DrawFn) -> list[Record]:
    """Draw up to five orders on two segments, some with windows, some with a start or an end."""
    out = []
    for number in range(draw(st.integers(1, 5))):
        said: dict[str, Any] = {"effect": draw(st.sampled_from(["prohibited", "escort"]))}
        span = sorted(draw(st.lists(MOMENTS, min_size=2, max_size=2, unique=True)))
        said |= {name: moment for name, moment in zip(("start", "end"), span, strict=True) if draw(st.booleans())}
        if draw(st.integers(0, 3)):
            said["recurring"] = draw(WINDOWS)
        out.append(order(number, draw(st.sampled_from([3, 4])), **said))
    return out


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(curfews())
def test_under_any_curfews_every_wake_moves_a_state_and_none_is_missed(records: list[Record]) -> None:
    with soon(120):
        simulate(Picture(ROADS), records, begin=BEGIN, days=45)
