"""Hypotheses on a copy: what they move, what they refuse, who keeps and sees them; the record stays as it was."""

from __future__ import annotations

import random
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from fom.domain.facts_file import parse_record
from fom.domain.policy import Policy
from fom.domain.profiles import PROFILES
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.services.differences import Side, find_difference
from fom.services.hypotheses import VERTICES_MAX, Hypothesis, assume, count_vertices
from fom.services.what_ifs import (
    WhatIfDraft,
    delete_what_if,
    get_what_if,
    list_what_ifs,
    parse_hypothesis,
    question_of,
    save_what_if,
    suppose,
    what_if,
)
from fom.store.tables import Audit, Change
from tests.services.ground import ON_EAST, ON_WEST, ROADS, Clock, feature, make_host, settle, write
from tests.services.people import (
    AMINA,
    BASIL,
    CHIEF,
    HOUR,
    LEAD,
    PARTNER,
    PATROL,
    T0,
    bridge_down,
    hazard,
    incident,
    new_id,
    passage,
)  # fmt: skip
from tests.services.test_picture_host import report

LETTERS = "OC?RX"


def square(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


AROUND_WEST, COUNTRY = square(29.99, 4.9, 30.009, 5.1), square(29, 4, 31, 6)
VAGUE = {"kind": "explosive", "hazard": "sha", "class": "mine", "location": {"method": "sketch", "uncertainty_m": 400}}
VAGUE_AREA = {"type": "Feature", "geometry": AROUND_WEST, "properties": VAGUE}


def supposed(ground, hypothesis: Hypothesis, **asked: Any) -> str:
    """Return the letters of the roads under a hypothesis."""
    database, host, _ = ground
    host.follow()
    with database.reading() as session:
        side = suppose(session, host, hypothesis, host.question(**asked), actor=AMINA)
    return spelled(host, side.states)


def spelled(host, states) -> str:
    return "".join(LETTERS[states[host.network.find_segment(name), 0]] for name in ROADS)


def refused(ground, hypothesis: Hypothesis) -> list[str]:
    with pytest.raises(InvalidInput) as failed:
        supposed(ground, hypothesis)
    return [error.field for error in failed.value.errors]


def test_a_closed_stretch_or_shape_is_black_whoever_moves(ground):
    assert supposed(ground, Hypothesis(close=({"segments": [{"id": "west"}]},))) == "XOOO"
    assert supposed(ground, Hypothesis(close=({"geometry": AROUND_WEST},)), user_class="medical") == "XOOO"
    assert supposed(ground, Hypothesis(close=({"geometry": COUNTRY},))) == "XXXX"


@pytest.mark.parametrize(
    ("record", "held", "then"),
    [
        (hazard(at=ON_WEST), "ROOO", "OOOO"),
        (hazard(at=None, hazard="sha"), None, None),
        (VAGUE_AREA, "C", "O"),
        (incident(at=ON_WEST, type="detonation", grade="A1"), "R", "O"),
        (bridge_down(grade="A1"), "X", "OOOO"),
        ({"type": "Feature", "geometry": None, "properties": {
            "kind": "control", "control": "denial", "user_class": "mission_military", "segments": [{"id": "east"}]}},
         "R", "OOOO"),
    ],
)  # fmt: skip
def test_what_would_be_cleared_ends_by_the_act_that_ends_its_kind(ground, record, held, then):
    database, host, clock = ground
    item = report(database, record, now=clock.now, actor=AMINA)
    host.follow()
    before = spelled(host, host.states("P3", "mission_military").states)
    if held is not None:
        assert held in before
    cleared = supposed(ground, Hypothesis(clear=(item,)))
    assert cleared == "OOOO" if then == "OOOO" else not set(cleared) & set("RX")
    assert spelled(host, host.states("P3", "mission_military").states) == before


@pytest.mark.parametrize(
    ("hypothesis", "field"),
    [
        (Hypothesis(), "add"),
        (Hypothesis(close=({"segments": [{"id": "west"}], "geometry": AROUND_WEST},)), "close[0]"),
        (Hypothesis(close=({},)), "close[0]"),
        (Hypothesis(close=({"segments": [{"id": "west"}]}, {"segments": [{"id": "west"}]})), "close"),
        (Hypothesis(close=({"segments": [{"id": "nowhere"}]},)), "segments[0].id"),
        (Hypothesis(close=tuple({"segments": [{"id": "west", "from_m": i}]} for i in range(201))), "add"),
        (Hypothesis(policy={"risk_red": 7}), "policy.risk_red"),
        (Hypothesis(policy={"nonsense": 1}), "policy.nonsense"),
        (Hypothesis(profile="P99"), "profile"),
        (Hypothesis(profiles={"P3": {"mass_t": -1}}), "profiles.P3.mass_t"),
        (Hypothesis(close=({"geometry": {"type": "Polygon", "coordinates": [[[30, 5]] * (VERTICES_MAX + 1)]}},)),
         "close[0].geometry"),
    ],
)  # fmt: skip
def test_what_cannot_be_supposed_is_refused_by_name(ground, hypothesis, field):
    assert field in refused(ground, hypothesis)


def test_contradictions_are_refused(ground):
    database, _, clock = ground
    item = report(database, hazard(at=ON_WEST), now=clock.now)
    assert refused(ground, Hypothesis(remove=(item,), clear=(item,))) == ["clear"]
    assert refused(ground, Hypothesis(clear=(item, item))) == ["clear"]
    assert refused(ground, Hypothesis(add=({**hazard(at=ON_EAST), "id": item},), remove=(item,))) == ["remove"]
    with pytest.raises(NotFound):
        supposed(ground, Hypothesis(clear=(new_id(),)))
    with pytest.raises(InvalidInput):  # not known yet at the moment asked about
        supposed(ground, Hypothesis(clear=(item,)), at=T0 - HOUR, known_at=T0 - HOUR)
    passed = report(database, passage("west", occurred=clock.now), now=clock.now)
    assert refused(ground, Hypothesis(clear=(passed,))) == ["clear"]


def test_vertices_are_counted_no_further_than_asked():
    million = {"type": "Polygon", "coordinates": [[[30.0, 5.0]] * 1_000_000]}
    assert count_vertices(million["coordinates"], 10) == 10
    assert count_vertices([[30, 5], [31, 5]], 10) == 2
    assert count_vertices("nonsense", 10) == 0


def test_other_rules_and_another_vehicle_answer_as_if_they_were_in_force(ground):
    database, host, clock = ground
    report(database, bridge_down(damage="limit", limits={"mlc": 30}, grade="A1"), now=clock.now, actor=AMINA)
    report(database, incident(at=ON_EAST, type="armed_robbery", grade="B2"), now=clock.now, actor=AMINA)
    host.follow()
    records = [parse_record(f) for f in _all_records(database)]
    for hypothesis, policy, profile in (
        (Hypothesis(policy={"risk_amber": 0.01}), Policy(risk_amber=0.01), PROFILES["P3"]),
        (Hypothesis(policy={"corridor_m": 1, "near_band_m": 1}), Policy(corridor_m=1, near_band_m=1), PROFILES["P3"]),
        (Hypothesis(profile="P7"), Policy(), PROFILES["P7"]),
    ):
        pure = Picture(host.network, records, policy=policy)
        question = Question(host.now(), host.now(), profile, "mission_military")
        assert supposed(ground, hypothesis) == spelled(host, pure.assess(question).states), hypothesis
    heavy = supposed(ground, Hypothesis(profiles={"P3": {"mlc": 31}}))
    assert heavy[1] == "X"


@pytest.mark.parametrize("name", [member.name for member in fields(Policy)])
def test_a_picture_under_another_rule_is_the_picture_made_under_it(database, name):
    settle(database)
    clock = Clock()
    for record in (hazard(at=(30.005, 5.0008)), incident(at=ON_EAST, type="detonation", grade="A1"),
                   {**hazard(at=ON_WEST), "properties": {"kind": "explosive", "hazard": "sha", "class": "mine",
                    "location": {"method": "place"}}}):  # fmt: skip
        report(database, record, now=clock.now, actor=AMINA)
    host = make_host(database, clock)
    value = getattr(Policy(), name)
    if not isinstance(value, int | float):
        pytest.skip("a table of values: judged, never a place")
    changed = Policy(**{name: value / 2})
    with host.reading() as picture:
        under = picture.under(changed, picture.profiles)
    pure = Picture(host.network, [parse_record(f) for f in _all_records(database)], policy=changed)
    question = host.question(clock.now + HOUR, clock.now + HOUR)
    assert under.assess(question).answer() == pure.assess(question).answer()


def _all_records(database) -> list[dict[str, Any]]:
    from fom.store.records import feature_of, list_known

    with database.reading() as session:
        return [feature_of(row) for row in list_known(session)]


def test_a_difference_between_two_moments_is_the_two_answers_laid_side_by_side(ground):
    database, host, clock = ground
    chance = random.Random(5)
    for _ in range(8):
        clock.now += chance.randrange(HOUR, 20 * HOUR)
        report(database, chance.choice([hazard(at=ON_WEST), incident(at=ON_EAST, type="detonation", grade="A1")]),
               now=clock.now, actor=AMINA)  # fmt: skip
    host.follow()
    for back_h in (5, 30, 60):
        before, after = host.question(clock.now - back_h * HOUR, clock.now - back_h * HOUR), host.question()
        with database.reading() as session:
            found = find_difference(session, host, Side(host, before), Side(host, after), actor=AMINA)
        old, new = host.assess(before), host.assess(after)
        moved = {row[0] for row in found["moves"]}
        assert moved == set(np.flatnonzero((old.states != new.states).any(axis=1)).tolist())
        for group in found["groups"]:
            side = new if LETTERS.index(group["after"]) > LETTERS.index(group["before"]) else old
            for number in group["numbers"]:
                assert group["text"] in {r["text"] for d in (0, 1) for r in side.reason_members(number, d)}
        assert sum(row["segments"] for row in found["changed_m"]) == sum(g["segments"] for g in found["groups"])
        back = find_difference_back(database, host, before, after)
        assert [[n, nf, nb, of, ob] for n, of, ob, nf, nb in found["moves"]] == back["moves"]


def find_difference_back(database, host, before, after):
    with database.reading() as session:
        return find_difference(session, host, Side(host, after), Side(host, before), actor=AMINA)


def test_reasons_that_one_may_not_see_stay_restricted_in_a_difference(ground):
    database, host, clock = ground
    secret = feature("secret", "incident", received=T0, type="detonation", grade="A1",
                     geometry={"type": "Point", "coordinates": list(ON_WEST)}, location={"method": "gps"})  # fmt: skip
    before = host.question(T0 - HOUR, T0 - HOUR)
    clock.now = T0 + HOUR
    write(database, secret, now=clock.now, classification="strictly_confidential")
    host.follow()
    with database.reading() as session:
        found = find_difference(session, host, Side(host, before), Side(host, host.question()), actor=AMINA)
    (group,) = found["groups"]
    assert (group["text"], group["fact_ids"]) == ("restricted reason, contact JOC", [])


def draft(**values: Any) -> WhatIfDraft:
    whole = {"id": new_id(), "title": "West closed", "hypothesis": Hypothesis(close=({"segments": [{"id": "west"}]},))}
    return WhatIfDraft(**(whole | values))


def save(database, kept: WhatIfDraft, actor=AMINA, now: int = T0) -> dict[str, Any]:
    with database.writing() as session:
        return save_what_if(session, kept, actor=actor, now=now)


def test_a_kept_what_if_answers_as_when_it_was_asked_and_touches_nothing(ground):
    database, host, clock = ground
    with database.reading() as session:
        changes = session.scalars(select(Change.number)).all()
    kept = save(database, draft(at=T0, known_at=T0))
    assert save(database, draft(id=kept["id"], at=T0, known_at=T0)) == kept
    with pytest.raises(Conflict):
        save(database, draft(id=kept["id"], title="other"))
    with pytest.raises(Conflict):
        save(database, draft(id=kept["id"], at=T0, known_at=T0), actor=BASIL)
    clock.now = T0 + 100 * HOUR
    host.tick()
    with database.reading() as session:
        again = get_what_if(session, kept["id"], actor=BASIL)
        found = what_if(session, host, parse_hypothesis(again["hypothesis"]), question_of(host, again), actor=BASIL)
        assert found["hypothetical"] is True
        assert [row[3] for row in found["moves"]] == ["X"]
        assert found["moves"][0][1] == "O"  # as of T0, not of now
        assert session.scalars(select(Change.number).where(Change.kind != "time")).all() == changes
        assert [line.action for line in session.scalars(select(Audit))][-1:] == ["save_what_if"]


def test_who_sees_and_deletes_a_kept_what_if(ground):
    database, host, clock = ground
    item = report(database, hazard(at=ON_WEST), now=clock.now)
    write(database, feature("secret", "incident", received=T0, type="detonation"), now=clock.now,
          classification="strictly_confidential")  # fmt: skip
    host.follow()
    kept = save(database, draft(hypothesis=Hypothesis(clear=(item,)), classification="unclassified"))
    assert kept["classification"] == "confidential"
    with pytest.raises(NotFound):
        save(database, draft(hypothesis=Hypothesis(clear=("secret",))))
    with pytest.raises(NotPermitted):
        save(database, draft(), actor=PATROL)
    with database.reading() as session:
        assert [row["id"] for row in list_what_ifs(session, actor=LEAD)] == [kept["id"]]
        assert list_what_ifs(session, actor=PARTNER) == []
        with pytest.raises(NotFound):
            get_what_if(session, kept["id"], actor=PARTNER)
    with database.writing() as session, pytest.raises(NotPermitted):
        delete_what_if(session, kept["id"], actor=BASIL, now=clock.now)
    with database.writing() as session:
        delete_what_if(session, kept["id"], actor=CHIEF, now=clock.now)
    with database.reading() as session:
        assert list_what_ifs(session, actor=LEAD) == []
        last = session.scalars(select(Audit).order_by(Audit.number.desc())).first()
        assert (last.action, last.details["by"]) == ("delete_what_if", AMINA.person)


def test_assuming_leaves_the_picture_of_the_record_alone(ground):
    database, host, _ = ground
    item = report(database, hazard(at=ON_WEST))
    host.follow()
    before = host.assess(host.question()).answer()
    hypothesis = Hypothesis(clear=(item,), close=({"geometry": COUNTRY},), policy={"risk_amber": 0.01}, profile="P7")
    with database.reading() as session:
        assume(session, host, host.picture_for(host.question()), hypothesis, host.question(), actor=AMINA)
    assert host.assess(host.question()).answer() == before
