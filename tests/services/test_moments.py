"""The marks of a time slider, and states of moments kept: both as slow questions, moment by moment, answer."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fom.domain.states import NO_STATE
from fom.errors import InvalidInput
from fom.services import moments
from fom.services.kept_states import KeptStates
from fom.services.moments import Marker, list_moments, walk
from tests.services.ground import ON_EAST, ON_WEST, Clock, feature, make_host, settle, write
from tests.services.people import AMINA, DAY, HOUR, T0, hazard, incident, passage
from tests.services.test_picture_host import report


def busy_days(database, clock, chance: random.Random) -> None:
    """Let some days pass with reports and passages at odd moments."""
    for _ in range(12):
        clock.now += chance.randrange(HOUR // 2, 14 * HOUR)
        kind = chance.random()
        if kind < 0.5:
            place = chance.choice([ON_WEST, ON_EAST])
            record = chance.choice([hazard(at=place), incident(at=place, grade="A1", type="detonation")])
            report(database, record, now=clock.now, actor=AMINA)
        else:
            report(database, passage(chance.choice(["west", "east", "apart"]), occurred=clock.now), now=clock.now)


def shown(host, at: int, known_at: int) -> np.ndarray:
    return host.assess(host.question(at, known_at)).states


@pytest.mark.parametrize("seed", range(5))
def test_between_two_marks_nothing_differs_and_each_mark_counts_what_does(database, seed):
    chance = random.Random(seed)
    settle(database)
    clock = Clock()
    busy_days(database, clock, chance)
    host = make_host(database, clock)
    now, start, end = host.now(), host.now() - 3 * DAY, host.now() + 3 * DAY
    marks = list(walk(host, host.question(), start, end, shortest=1))
    assert marks

    def at(moment: int) -> np.ndarray:
        return shown(host, moment, min(moment, now))

    before = at(start)
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        assert np.array_equal(at(mark.at - 1), before), "something changed without a mark"
        after = at(mark.at)
        old, new = (np.where(s == NO_STATE, 0, s).max(axis=1).astype(int) for s in (before, after))
        moved = (before != after).any(axis=1)
        assert mark.to == {"OC?RX"[s]: int((new[moved] == s).sum()) for s in range(5) if (new[moved] == s).any()}
        assert (mark.worse, mark.better) == (int((new > old).sum()), int((new < old).sum()))
        last = end if following is None else following.at - 1
        assert np.array_equal(at(chance.randrange(mark.at, last + 1)), after)
        before = after


def test_marks_that_lie_close_are_told_together_and_a_long_stretch_is_refused(database):
    settle(database)
    clock = Clock()
    busy_days(database, clock, random.Random(1))
    host = make_host(database, clock)
    question, now = host.question(), host.now()
    fine = list(walk(host, question, now - 5 * DAY, now, shortest=1))
    coarse = list(walk(host, question, now - 5 * DAY, now, shortest=2 * DAY))
    assert len(coarse) <= 3 < len(fine)
    with pytest.raises(InvalidInput):
        list_moments(host, question, now - 63 * DAY, now)
    with pytest.raises(InvalidInput):
        list_moments(host, question, now, now)


def test_marks_follow_what_is_reported_and_keep_what_was_shown(database):
    settle(database)
    clock = Clock()
    host = make_host(database, clock)
    stretch = (T0 - DAY, T0 + 3 * DAY)
    before = list_moments(host, host.question(), *stretch)
    clock.now = T0 + 2 * HOUR
    report(database, hazard(at=ON_WEST), now=clock.now)
    host.follow()
    after = list_moments(host, host.question(), *stretch)
    reported = [mark for mark in after["marks"] if mark["to"].get("R")]
    assert len(reported) == 1
    assert before["marks"][:1] == after["marks"][:1]
    assert len(after["marks"]) == len(before["marks"]) + 1


@pytest.mark.parametrize("seed", range(3))
def test_marks_made_on_from_an_earlier_version_are_those_made_anew(database, seed):
    chance = random.Random(seed)
    settle(database)
    clock = Clock()
    clock.now = T0 // HOUR * HOUR + HOUR + 1
    host = make_host(database, clock)
    stretch = clock.now - 2 * DAY, clock.now + 4 * DAY
    list_moments(host, host.question(), *stretch)
    for _ in range(6):
        clock.now += HOUR // 8
        place = chance.choice([ON_WEST, ON_EAST])
        record = chance.choice([hazard(at=place), incident(at=place, grade="A1", type="detonation")])
        report(database, record, now=clock.now, actor=AMINA)
        host.follow()
        anew = make_host(database, clock)
        assert list_moments(host, host.question(), *stretch) == list_moments(anew, anew.question(), *stretch)


@pytest.mark.parametrize("seed", range(3))
def test_marks_made_on_from_hour_to_hour_are_those_made_anew(database, seed, monkeypatch):
    """The week that the bar shows moves along; the past is walked once, and each hour after it once."""
    monkeypatch.setattr(moments, "MARKS_MAX", 10**9)  # so that none are told together
    chance = random.Random(seed)
    settle(database)
    clock = Clock()
    busy_days(database, clock, chance)
    host, begun, begin = make_host(database, clock), [], moments.begin
    monkeypatch.setattr(moments, "begin", lambda *asked: begun.append(len(asked)) or begin(*asked))
    n_marks = 0
    for _ in range(7):
        stretch = clock.now - 4 * DAY, clock.now + 2 * DAY
        made_on = list_moments(host, host.question(), *stretch)
        n_whole = begun.count(3)
        anew = make_host(database, clock)
        assert made_on == list_moments(anew, anew.question(), *stretch)
        begun.clear()
        n_marks += len(made_on["marks"])
        clock.now += chance.randrange(HOUR // 2, 5 * HOUR)
        report(database, passage(chance.choice(["west", "east"]), occurred=clock.now), now=clock.now)
        host.follow()
    assert n_marks > 5
    assert n_whole == 0, "the last past was made from nothing"


def test_states_of_a_past_moment_are_kept_and_forgotten_when_the_past_is_known_otherwise(database, monkeypatch):
    settle(database)
    clock = Clock()
    host = make_host(database, clock)
    then = host.question(T0 - 2 * HOUR, T0 - 2 * HOUR)
    asked = []
    assess = host.assess_ahead
    monkeypatch.setattr(host, "assess_ahead", lambda question: asked.append(question) or assess(question))
    first = host.states_at(then)
    clock.now = T0 + HOUR
    report(database, hazard(at=ON_WEST), now=clock.now)
    host.follow()
    assert host.states_at(then) is first
    assert len(asked) == 1
    now = host.question(T0 - 2 * HOUR)
    assert (host.states_at(now) != first).any()
    clock.now += HOUR
    assert host.states_at(host.question(T0 - 2 * HOUR)) is host.states_at(now)
    assert len(asked) == 2
    old = feature("late load", "incident", received=T0 - 3 * HOUR, type="detonation", grade="A1",
                  geometry={"type": "Point", "coordinates": list(ON_EAST)}, location={"method": "gps"})  # fmt: skip
    write(database, old, now=clock.now)
    host.follow()
    assert (host.states_at(then) != first).any()
    assert np.array_equal(host.states_at(then), shown(host, then.at, then.known_at))


def test_kept_states_stay_within_their_budget_and_are_made_once():
    kept = KeptStates(budget_bytes=1000)
    for key in range(5):
        kept.get(key, lambda: np.zeros((200, 2), np.uint8))
    assert kept.size_bytes == 800
    assert kept.get(4, lambda: np.ones((1, 2), np.uint8)).shape == (200, 2)
    assert kept.get(0, lambda: np.ones((1, 2), np.uint8)).shape == (1, 2)
    assert kept.get("huge", lambda: np.zeros((900, 2), np.uint8)).shape == (900, 2)
    assert kept.size_bytes <= 1000
    with pytest.raises(ValueError, match="read-only"):
        kept.get(4, lambda: np.zeros((1, 2), np.uint8))[0, 0] = 1
    kept.clear()
    assert kept.size_bytes == 0


def test_marks_ahead_that_are_dear_to_make_are_shown_a_while_and_say_of_when_they_are(database):
    settle(database)
    clock = Clock()
    host = make_host(database, clock)
    stretch = (T0 - DAY, T0 + 3 * DAY)

    def ahead(marker: Marker) -> tuple[int, int]:
        marks, as_of = marker.marks(host, host.question(), *stretch)
        return sum(mark.to.get("R", 0) for mark in marks), as_of

    dear, cheap = Marker(rest=1e9), Marker(rest=0.0)
    first = clock.now
    assert ahead(dear) == ahead(cheap) == (0, first)
    clock.now += 60_000_000
    assert ahead(dear) == (0, clock.now), "of the same version they are of now"
    report(database, hazard(at=ON_WEST), now=clock.now)
    host.follow()
    assert ahead(cheap) == (1, clock.now)
    assert ahead(dear) == (0, first)
