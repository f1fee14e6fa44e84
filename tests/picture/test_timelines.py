"""Timelines hold, at every moment, what a judgement of that moment says."""

from __future__ import annotations

import numpy as np
import pytest

from fom.domain.facts_file import parse_record
from fom.domain.instants import DAY_US, HOUR_US, SECOND_US
from fom.domain.profiles import PROFILES
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.picture.timelines import Timelines, best_states
from tests.deep import in_gate
from tests.routing.test_planning_desk import NETWORK, T0, history, record


def state_then(lines: Timelines, arc: int, at: int) -> int:
    """Return the state of an arc at a moment, read change by change."""
    state = int(lines.states.reshape(-1)[arc])
    for row in range(lines.first[arc], lines.first[arc + 1]):
        if lines.tick[row] <= 2 * at:
            state = int(lines.state[row])
    return state


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


@pytest.mark.parametrize("seed", in_gate(3, range(6)))
def test_at_every_moment_a_timeline_has_the_state_of_a_judgement(seed):
    picture = Picture(NETWORK, records(seed))
    known = T0 + HOUR_US
    question = Question(known, known, PROFILES["P5"], "humanitarian")
    lines = picture.timelines(question, known + 3 * DAY_US)
    rng = np.random.default_rng(seed)
    changes = np.unique(lines.tick // 2)
    moments = [known + int(rng.integers(0, 3 * DAY_US)) for _ in range(40)]
    moments += [int(at) + off for at in changes[:40] for off in (-2 * SECOND_US, 2 * SECOND_US)]
    arcs = range(2 * NETWORK.n_segments)
    assert len(changes) > 4
    for at in moments:
        if not lines.start <= at <= lines.end:
            continue
        judged = picture.assess(Question(at, known, PROFILES["P5"], "humanitarian")).states.ravel()
        assert ([state_then(lines, arc, at) for arc in arcs] == judged).all(), at


@pytest.mark.parametrize("seed", in_gate(3, range(6)))
def test_no_state_is_ever_better_than_the_best_foreseen(seed):
    facts = records(seed)
    # a lower threat level and a dry season that begin later let old passages count again
    area = {"type": "Polygon", "coordinates": [[[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]]}
    for name, kind, said in (
        ("t1", "threat_area", {"level": "high", "end": "2026-03-11T00:00:00Z"}),
        ("t2", "threat_area", {"level": "minimal"}),
        ("s1", "season", {"season": "dry", "start": "2026-03-11T06:00:00Z"}),
    ):
        feature = {"type": "Feature", "id": name, "geometry": area, "properties": {
            "kind": kind, "received": "2026-03-01T00:00:00Z", **said}}  # fmt: skip
        facts.append(parse_record(feature))
    picture = Picture(NETWORK, facts)
    known = T0 + 30 * HOUR_US * (seed % 2) + HOUR_US
    for user_class in ("humanitarian", "mission_military"):
        question = Question(known, known, PROFILES["P5"], user_class)
        best = best_states(picture.assess(question), known + 3 * DAY_US)
        lines = picture.timelines(question, known + 3 * DAY_US)
        seen = lines.states.reshape(-1).copy()
        np.minimum.at(seen, np.repeat(np.arange(len(seen)), np.diff(lines.first)), lines.state)
        assert (best.reshape(-1) <= seen).all()
        assert (best.reshape(-1)[seen < 255] == seen[seen < 255]).mean() > 0.5


def test_part_of_the_network_goes_on_as_it_does_in_the_whole():
    picture = Picture(NETWORK, records(1))
    question, end = Question(T0 + HOUR_US, T0 + HOUR_US, PROFILES["P5"], "humanitarian"), T0 + 2 * DAY_US
    whole, some = picture.timelines(question, end), np.arange(0, NETWORK.n_segments, 3)
    part = picture.timelines(question, end, some)
    for i, segment in enumerate(some.tolist()):
        for way in (0, 1):
            mine = slice(part.first[2 * i + way], part.first[2 * i + way + 1])
            its = slice(whole.first[2 * segment + way], whole.first[2 * segment + way + 1])
            assert part.tick[mine].tolist() == whole.tick[its].tolist()
            assert part.state[mine].tolist() == whole.state[its].tolist()


def test_an_order_is_met_a_segments_travel_time_before_it_starts():
    picture = Picture(NETWORK, records(2))
    question = Question(T0 + HOUR_US, T0 + HOUR_US, PROFILES["P5"], "humanitarian")
    lines = picture.timelines(question, T0 + DAY_US)
    start = T0 + 8 * HOUR_US  # order o2, 20:00Z, on segments of 1,000 s
    travel_us = int(NETWORK.length_m[0] / NETWORK.speed_kmh[0] * 3.6 * SECOND_US)
    assert start - travel_us in (lines.tick // 2).tolist()
