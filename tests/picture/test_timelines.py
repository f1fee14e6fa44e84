"""Timelines hold, at every moment, what a judgement of that moment says."""

from __future__ import annotations

import numpy as np
import pytest

from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from fom.domain.profiles import PROFILES
from fom.picture.picture import Picture
from fom.picture.question import Question
from tests.routing.test_planning_desk import NETWORK, T0, history, record


def records(seed: int):
    """Return a history with a curfew, a dated order, and orders made by hand."""
    rng = np.random.default_rng(seed)
    out = list(history(seed))
    names = [NETWORK.segment_id(i) for i in range(NETWORK.n_segments)]
    picked = [{"id": n} for n in rng.choice(names, 8, replace=False)]
    order = {"control": "order", "effect": "prohibited", "user_classes": ["all"], "grade": "B2"}
    early = T0 - HOUR_US
    curfew = {"from": "18:30", "to": "05:15", "days": ["mon", "tue", "wed", "thu", "fri"], "zone": "+03:00"}
    out.append(record("control", "o1", early, segments=picked[:3], recurring=curfew, **order))
    out.append(record("control", "o2", early, segments=picked[3:5], start="2026-03-10T20:00:00Z",
                      end="2026-03-11T03:30:00Z", **order))  # fmt: skip
    way = [{"control": "order", "effect": "escort", "user_classes": ["all"], "grade": "B2", "direction": "forward"}]
    out.append(record("control", "o3", early, segments=picked[5:6], end="2026-03-11T01:00:00Z", **way[0]))
    out.append(record("manual", "m1", T0, mode="worsen", state="RED", role="duty_officer", reason="demonstration",
                      expires="2026-03-11T07:00:00Z", signed_by=["a"], segments=picked[6:]))  # fmt: skip
    out.append(record("control", "d1", T0 - 71 * HOUR_US, segments=picked[:1], control="denial",
                      user_class="humanitarian", grade="B2"))  # fmt: skip
    return out


@pytest.mark.parametrize("seed", range(6))
def test_at_every_moment_a_timeline_has_the_state_of_a_judgement(seed):
    picture = Picture(NETWORK, records(seed))
    known = T0 + HOUR_US
    question = Question(known, known, PROFILES["P5"], "humanitarian")
    lines = picture.timelines(question, known + 3 * DAY_US)
    rng = np.random.default_rng(seed)
    changes = np.unique(lines.tick // 2)
    moments = [known + int(rng.integers(0, 3 * DAY_US)) for _ in range(40)]
    moments += [int(at) + off for at in changes[:40] for off in (-2 * SECOND_US, 2 * SECOND_US)]
    arcs = np.arange(2 * NETWORK.n_segments)
    assert len(changes) > 4
    for at in moments:
        if not lines.start <= at <= lines.end:
            continue
        judged = picture.assess(Question(at, known, PROFILES["P5"], "humanitarian")).states.ravel()
        assert (lines.at(arcs, np.full(len(arcs), at)) == judged).all(), at
    assert (lines.best().ravel() <= lines.states.ravel()).all()


def test_part_of_a_timeline_may_be_worked_out_again():
    before, after = Picture(NETWORK, records(1)[:-3]), Picture(NETWORK, records(1))
    question = Question(T0 + HOUR_US, T0 + HOUR_US, PROFILES["P5"], "humanitarian")
    end = T0 + 2 * DAY_US
    old, new = before.timelines(question, end), after.timelines(question, end)
    moved = np.flatnonzero((old.states != new.states).any(axis=1))
    every = np.arange(NETWORK.n_segments)
    half = every[::2]
    assert len(moved)
    mixed = old.replaced(half, after.timelines(question, end, half)).replaced(
        every[1::2], after.timelines(question, end, every[1::2])
    )
    assert (mixed.first == new.first).all()
    assert (mixed.tick == new.tick).all()
    assert (mixed.state == new.state).all()


def test_changes_are_found_at_their_own_microsecond():
    picture = Picture(NETWORK, records(2))
    question = Question(T0 + HOUR_US, T0 + HOUR_US, PROFILES["P5"], "humanitarian")
    lines = picture.timelines(question, T0 + DAY_US)
    boundary = T0 + 8 * HOUR_US - 10_000 * MINUTE_US // 10_000  # an order takes effect a segment's travel time early
    found = lines.next_change(np.arange(2 * NETWORK.n_segments), np.full(2 * NETWORK.n_segments, T0 + HOUR_US))
    assert (found > T0 + HOUR_US).all()
    assert (np.abs(found - boundary) < 30 * MINUTE_US).any()
