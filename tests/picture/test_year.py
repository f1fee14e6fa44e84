"""A simulated year: the picture wakes exactly when a state changes by itself, and at no other moment."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence

import numpy as np
import pytest

from fom.domain.facts_file import parse_record
from fom.domain.instants import DAY_US, parse_instant
from fom.domain.records import Record
from fom.picture.live import LiveStates
from fom.picture.picture import Picture
from fom.picture.question import Question
from tests.deep import in_gate, share_of
from tests.picture.drawn_cases import drawn_case
from tests.picture.year_of_reports import Year
from tests.routing.small_networks import grid_network

BEGIN = parse_instant("2026-03-01T00:00:00Z")
ROADS = grid_network(3, 3)


def judged(picture: Picture, live: LiveStates, at: int) -> np.ndarray:
    """Return the states of a full assessment at a moment, as known then."""
    return picture.assess(Question(at, at, live.profile, live.user_class)).states


def written(seed: int, days: int) -> tuple[Picture, list[Record]]:
    """Return an empty picture and the records of a year of reports on a small grid of roads."""
    places = {ROADS.segment_id(n): tuple(ROADS.line(n).interpolate(0.5, normalized=True).coords[0]) for n in range(12)}
    features = Year(seed, BEGIN, days, places).draw()
    return Picture(ROADS), [parse_record(feature) for feature in features]


def drawn(seed: int, histories: int) -> tuple[Picture, list[Record]]:
    """Return an empty picture and the records of drawn histories: every kind of record, at the edges of every rule."""
    case = drawn_case(seed, histories)
    return case.picture(()), list(case.facts.records)


def first_receipt(records: Sequence[Record]) -> int:
    """Return when the first record was received, microseconds."""
    return min(record.received for record in records if record.received is not None)


def simulate(picture: Picture, records: Sequence[Record], *, begin: int, days: int, seed: int = 0) -> tuple[int, int]:
    """Live through some days from wake to wake, records coming in as received; return how many wakes and changes."""
    rng, end = random.Random(seed), begin + days * DAY_US
    coming = deque(sorted(records, key=lambda record: record.received or 0))
    live = picture.live(picture.profiles["P3"], "mission_military", begin)
    wakes = changes = 0
    while True:
        receipt = (coming[0].received or 0) if coming else end
        wake = live.next_wake
        until = max(live.at, min(wake, receipt, end))
        held = live.snapshot()
        for probe in {live.at, rng.randint(live.at, until - 1), until - 1} if until > live.at else ():
            np.testing.assert_array_equal(judged(picture, live, probe), held, err_msg="a wake was missed")
        if until == end:
            return wakes, changes
        if receipt <= wake:
            live.refresh(picture.apply([coming.popleft()]), until)
        else:
            moves = live.advance(wake)
            assert len(moves.segments), "nothing moved at a wake"
            wakes, changes = wakes + 1, changes + len(moves.segments)
        np.testing.assert_array_equal(live.states, judged(picture, live, live.at))


@pytest.mark.parametrize("seed", in_gate(1, range(2)))
def test_in_six_weeks_no_wake_is_missed_and_at_every_wake_a_state_changes(seed: int) -> None:
    wakes, changes = simulate(*written(seed, 42), begin=BEGIN, days=42)
    assert changes >= wakes > 80


@pytest.mark.parametrize("seed", in_gate(2, range(4)))
def test_at_the_edges_of_every_rule_no_wake_is_missed_and_at_every_wake_a_state_changes(seed: int) -> None:
    picture, records = drawn(seed, 12)
    begin = first_receipt(records)
    assert simulate(picture, records, begin=begin, days=120)[0]


@pytest.mark.deep
def test_in_a_simulated_year_no_wake_is_missed_and_none_is_spurious(capsys: pytest.CaptureFixture[str]) -> None:
    total = np.zeros(2, np.int64)
    for seed in range(100, 100 + share_of(1)):
        total += simulate(*written(seed, 365), begin=BEGIN, days=365, seed=seed)
        picture, records = drawn(seed, 60)
        total += simulate(picture, records, begin=first_receipt(records), days=365, seed=seed)
    with capsys.disabled():
        print(f"\n{share_of(1)} year, twice: {total[0]:,} wakes, {total[1]:,} changes by time, none missed or spurious")
    assert total[0]
