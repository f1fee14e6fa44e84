"""A plan of now, from costs moved along with the picture, is the plan judged from nothing."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from fom.domain.facts_file import parse_record
from fom.domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from fom.domain.profiles import PROFILES
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.answer import plan_answer
from fom.routing.request import Wishes, make_request
from fom.routing.router import Router
from fom.services.conditions import Assessed
from fom.services.planning_desk import NowStates, PlanningDesk, Ready, plan_then
from tests.routing.small_networks import grid_network

T0 = parse_instant("2026-03-10T12:00:00Z")
NETWORK = grid_network(6, 5)


def passage(at: int):
    segments = [{"id": NETWORK.segment_id(i)} for i in range(NETWORK.n_segments)]
    return record("verification", "v0", at, strength="own_patrol_traverse", passed="P7", grade="B2", segments=segments)


def record(kind: str, record_id: str, at: int, place=None, **properties):
    geometry = None if place is None else {"type": "Point", "coordinates": list(place)}
    times = {"received": format_instant(at), "occurred": format_instant(at)}
    location = {} if place is None else {"location": {"method": "gps"}}
    feature = {
        "type": "Feature",
        "id": record_id,
        "geometry": geometry,
        "properties": {"kind": kind, **times, **location, **properties},
    }
    return parse_record(feature)


def history(seed: int):
    """Return records in order of receipt: passages, hazards, incidents, delays, and retractions of some of them."""
    rng = np.random.default_rng(seed)
    out = [passage(T0 - 10 * HOUR_US)]
    for i in range(14):
        at = T0 + i * MINUTE_US // 2
        segment = int(rng.integers(0, NETWORK.n_segments))
        a, b = NETWORK.coords[2 * segment], NETWORK.coords[2 * segment + 1]
        place = np.round(a + (b - a) * rng.uniform(0.1, 0.9) + 1e-5, 6)
        kind = i % 4
        if kind == 0:
            out.append(record("explosive", f"e{i}", at, place, hazard="item", **{"class": "ied"}, grade="C3"))
        elif kind == 1:
            out.append(
                record("incident", f"i{i}", at, place, type=("armed_robbery", "complex_ambush")[i // 4 % 2], grade="C3")
            )
        elif kind == 2:
            out.append(record("control", f"c{i}", at, place, control="delay", delay_min=40, grade="B2"))
        else:
            out.append(record("retraction", f"r{i}", at, target=out[-2].id, signed_by=["a", "b"]))
    return out


@pytest.mark.parametrize("seed", range(4))
def test_after_every_change_the_ready_costs_give_the_plan_of_a_fresh_judgement(seed, monkeypatch):
    made = []
    original = Ready.__init__
    monkeypatch.setattr(Ready, "__init__", lambda *args: made.append(1) or original(*args))
    picture, router, desk = Picture(NETWORK), Router(NETWORK), PlanningDesk()
    live = picture.live(PROFILES["P5"], "mission_military", T0)
    rng = np.random.default_rng(seed)
    for fact in history(seed):
        touched = picture.apply([fact])
        at = max(live.at, fact.received)
        live.refresh(touched, at)
        ends = [tuple(NETWORK.node_lonlat[int(n)] + 0.004) for n in rng.integers(0, 29, 2)]
        request = make_request(
            origin=(ends[0][0], ends[0][1] - 0.004), destination=(ends[1][0], ends[1][1] - 0.004),
            profile="P5", profiles=PROFILES, user_class="mission_military", at=at, known_at=at,
            posture=("balanced", "safest")[seed % 2],
        )  # fmt: skip
        now = NowStates(at, live.snapshot(), picture, picture.basis())
        kept = desk.plan_now(router, replace(request, at=0, known_at=0), lambda now=now: now)
        fresh = plan_then(router, picture, request)
        (place,) = desk._places.values()
        ready = place.ready
        judged = Assessed(picture, Question(at, at, PROFILES["P5"], "mission_military"))
        assert np.array_equal(ready.conditions.states, judged.states)
        assert np.array_equal(ready.conditions.delay_min, judged.delay_min)
        assert np.allclose(ready.conditions.risk, judged.risk, atol=0.001)
        assert plan_answer(kept)["outcome"] == plan_answer(fresh)["outcome"]
        assert [list(r.path.arcs) for r in kept.routes] == [list(r.path.arcs) for r in fresh.routes]
        assert [r.duration_s for r in kept.routes] == [r.duration_s for r in fresh.routes]
        assert plan_answer(kept)["obstacle"] == plan_answer(fresh)["obstacle"]
    assert len(made) == 1


P, U = PROFILES["P5"], "mission_military"
FAR = T0 + 20 * MINUTE_US
"""A moment after every receipt: nothing but the version tells what is known."""
CORNERS = tuple(tuple(NETWORK.node_lonlat[node]) for node in (5, 24))


def ask(at: int = FAR):
    return make_request(
        origin=CORNERS[0], destination=CORNERS[1], profile="P5", profiles=PROFILES, user_class=U, at=at, known_at=at
    )


def versions(seed: int, count: int):
    """Return changes of several records each, such that the plan of a mix of two versions is seen to be one."""
    facts = [fact for fact in history(seed) if fact.kind != "retraction"][1:]
    return [[passage(T0 - 10 * HOUR_US)], *(facts[i : i + 2] for i in range(0, 2 * count, 2))]


def answer_text(plan) -> str:
    return json.dumps(plan_answer(plan), sort_keys=True, default=str)


def now_of(picture: Picture, at: int = FAR) -> NowStates:
    """Return what the host gives: states and records of one version."""
    with picture.lock:
        basis = picture.basis()
        return NowStates(at, picture.assess(Question(at, at, P, U), basis=basis).states, picture, basis)


def test_a_plan_tells_the_reasons_of_the_version_whose_costs_it_searched_whatever_came_since():
    first, *later = versions(2, 4)
    picture, router = Picture(NETWORK, first), Router(NETWORK)
    question = Question(FAR, FAR, P, U)
    ready = Ready(router, now_of(picture), question, ask().posture)
    told = []
    for change in later:
        view = now_of(picture)
        expected = answer_text(plan_then(router, picture.copy(), ask()))
        ready.move_on(question, view)
        picture.apply(change)  # received before the moment of the plan: only its version does not know it
        told.append(answer_text(ready.plan(ask())))
        assert told[-1] == expected
    assert len(set(told)) > 2


def test_what_comes_between_the_look_at_the_states_and_the_plan_is_taken_over_by_the_next_plan():
    everywhere = [{"id": NETWORK.segment_id(n)} for n in range(NETWORK.n_segments)]
    toll = record("control", "t", T0 - HOUR_US, control="toll", delay_min=1, grade="B2", segments=everywhere)
    picture, router, desk = Picture(NETWORK, [passage(T0 - 10 * HOUR_US), toll]), Router(NETWORK), PlanningDesk()
    first = desk.plan_now(router, ask(), lambda: now_of(picture, T0))
    on_the_way = [{"id": NETWORK.segment_id(int(s))} for s in first.best.path.segments]
    # every road is AMBER already: of the delay nothing but the minutes tells
    delay = record("control", "c", T0 + MINUTE_US, control="delay", delay_min=600, grade="B2", segments=on_the_way)

    def look_and_be_overtaken() -> NowStates:
        view = now_of(picture, T0 + 1)
        picture.apply([delay])
        return view

    desk.plan_now(router, ask(), look_and_be_overtaken)
    kept = desk.plan_now(router, ask(), lambda: now_of(picture, T0 + 2 * MINUTE_US))
    fresh = plan_then(router, picture, ask(T0 + 2 * MINUTE_US))
    assert answer_text(kept) == answer_text(fresh)
    assert list(kept.best.path.arcs) != list(first.best.path.arcs)


def test_plans_beside_changes_are_each_of_one_version():
    """States, reasons, geometry and what stands in the way: every answer is that of some version, whole."""
    changes, router = versions(0, 4), Router(NETWORK)
    expected = []
    for number in range(1, len(changes) + 1):
        known = Picture(NETWORK, [fact for change in changes[:number] for fact in change])
        expected.append(answer_text(plan_then(router, known, ask())))
    assert len(set(expected)) > 2
    picture, desk, is_over = Picture(NETWORK, changes[0]), PlanningDesk(), threading.Event()
    seen: list[str] = []

    def keep_asking() -> None:
        while not is_over.is_set():
            seen.append(answer_text(desk.plan_now(router, ask(), lambda: now_of(picture))))

    threads = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    for change in changes[1:]:
        before = len(seen)
        while len(seen) < before + 8 and any(thread.is_alive() for thread in threads):
            time.sleep(0.001)
        picture.apply(change)
    is_over.set()
    for thread in threads:
        thread.join(timeout=30)
    assert set(seen) <= set(expected)
    assert len(set(seen)) > 2


@pytest.mark.parametrize("seed", range(3))
def test_plans_by_times_of_arrival_moved_along_with_the_picture_are_those_judged_from_nothing(seed):
    wishes = Wishes(on_arrival=True, departures=True, trade_offs=True, turn_arounds=True, rest_every_h=1.0)
    order = {"control": "order", "effect": "prohibited", "user_classes": ["all"], "grade": "B2"}
    rng = np.random.default_rng(seed)
    facts = history(seed)
    for i in range(4):
        names = [{"id": NETWORK.segment_id(int(n))} for n in rng.choice(NETWORK.n_segments, 3, replace=False)]
        start = T0 + int(rng.integers(0, 12)) * HOUR_US
        window = {"start": format_instant(start), "end": format_instant(start + 5 * HOUR_US)}
        facts.insert(3 * i + 2, record("control", f"o{i}", T0 + i * MINUTE_US, segments=names, **window, **order))
    picture, router, desk = Picture(NETWORK), Router(NETWORK), PlanningDesk()
    live = picture.live(PROFILES["P5"], "mission_military", T0)
    told = set()
    for fact in facts:
        at = max(fact.received, live.at)
        live.refresh(picture.apply([fact]), at)
        ends = rng.uniform(0, 0.4, 4).round(3)
        request = make_request(
            origin=ends[:2], destination=ends[2:], profile="P5", profiles=PROFILES, user_class="mission_military",
            at=at, known_at=at, posture=("fastest", "balanced", "safest")[seed], wishes=wishes,
        )  # fmt: skip
        now = NowStates(at, live.snapshot(), picture, picture.basis())
        quick = plan_answer(desk.plan_now(router, request, lambda now=now: now))
        slow = plan_answer(plan_then(router, picture, request))
        for answer in (quick, slow):
            for way in answer["trade_offs"]:
                way["risk"] = round(way["risk"], 3)
                del way["trade_off"]["words"]
        assert {**quick, "best": None, "unverified": None, "alternates": None} == {
            **slow, "best": None, "unverified": None, "alternates": None,
        }  # fmt: skip
        if slow["best"] is not None:
            assert quick["best"]["segments"] == slow["best"]["segments"]
            assert quick["best"]["state"] == slow["best"]["state"]
        told.add(slow["departures"] and slow["departures"]["words"])
    assert len(told) > 2
