"""Old moments keep their policy: what was answered about what was known then is answered the same for ever."""

from __future__ import annotations

import random
import threading
from typing import Any

import numpy as np
import pytest

from fom.domain.facts_file import parse_facts, parse_record
from fom.domain.policy import Policy
from fom.errors import InvalidInput
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.services.benchmark_evidence import Evidence
from fom.services.facts_exchange import export_facts
from fom.services.judging import grade_record
from fom.services.map_layers import read_layer
from fom.services.picture_events import LETTERS, MovesEvent
from fom.services.policies import list_editions
from fom.services.segments import last_days
from fom.store.records import feature_of, list_known
from tests.services.ground import ON_EAST, ON_WEST, Clock, following, make_host, settle
from tests.services.people import AMINA, CHIEF, DAY, HOUR, PATROL, T0, hazard, incident, passage, person
from tests.services.policies import publish
from tests.services.test_picture_host import P, U, events, letters, moves, report

PAIRS = (("P3", "mission_military"), ("P7", "humanitarian"))
CHOICES: tuple[dict[str, Any], ...] = (
    {"verification_h.medium": 20, "verification_h.high": 12}, {"verification_h.medium": 100},
    {"corridor_m": 60}, {"corridor_m": 10}, {"near_band_m": 400}, {"near_band_m": 100},
    {"risk_amber": 0.02}, {"risk_amber": 0.25}, {"suspected_min": 0.3}, {"suspected_min": 0.2},
    {"incident.detonation.s": 0.2}, {"incident.detonation.s": 0.9}, {"risk_far_m": 900}, {"gps_m": 120},
    {"profiles.P7.mlc": 55}, {"profiles.P7.mlc": 70}, {"limit_amber": 0.7}, {"verification_min": 0.75},
)  # fmt: skip


def answers(host, at: int, known_at: int) -> list[np.ndarray]:
    return [host.assess(host.question(at, known_at, *pair)).states.copy() for pair in PAIRS]


def made_fresh(database, host, at: int, known_at: int) -> list[np.ndarray]:
    """Return the answers of pictures made from nothing, with the newest edition published by `known_at`."""
    with database.reading() as session:
        records = [parse_record(feature_of(row)) for row in list_known(session)]
        edition = max((e for e in list_editions(session) if e.holds_from <= known_at), key=lambda e: e.number)
    picture = Picture(host.network, records, policy=edition.policy, profiles=edition.profiles)
    questions = [Question(at, known_at, edition.profiles[profile], user_class) for profile, user_class in PAIRS]
    return [picture.assess(question).states for question in questions]


def something_happens(database, chance: random.Random, now: int) -> None:
    choice = chance.random()
    if choice < 0.35:
        record = chance.choice([
            hazard(at=(30.005, 5.0003)), hazard(at=ON_EAST), incident(at=ON_WEST, grade="B2", type="detonation"),
        ])  # fmt: skip
        report(database, record, now=now, actor=AMINA)
    elif choice < 0.6:
        report(database, passage(chance.choice(["west", "middle", "east"]), occurred=now - HOUR), now=now)
    else:
        try:
            publish(database, chance.choice(CHOICES), now=now)
        except InvalidInput as refused:  # the same values as in force, or at odds with them
            assert refused.errors  # noqa: PT017


@pytest.mark.parametrize("seed", range(3))
def test_no_publication_changes_an_answer_about_what_was_known_before_it(database, seed):
    settle(database)
    clock, chance = Clock(), random.Random(seed)
    host, late = make_host(database, clock), make_host(database, clock)
    for pair in PAIRS:
        host.states(*pair)
    asked: list[tuple[int, int, list[np.ndarray]]] = []
    for _ in range(14):
        clock.now += chance.randrange(HOUR, 7 * HOUR)
        something_happens(database, chance, clock.now)
        host.follow()
        host.tick()
        for pair in PAIRS:  # live states are those of a picture under the policy in force
            view = host.states(*pair)
            now = made_fresh(database, host, view.at, view.at)[PAIRS.index(pair)]
            assert np.array_equal(view.states, now)
        for known_at in (clock.now, chance.randrange(T0 - HOUR, clock.now)):
            at = known_at + chance.randrange(0, 2 * DAY)
            found = answers(host, at, known_at)
            assert all(map(np.array_equal, found, made_fresh(database, host, at, known_at)))
            asked.append((at, known_at, found))
    late.follow()
    for at, known_at, found in asked:
        for other in (host, late, make_host(database, clock)):
            assert all(map(np.array_equal, answers(other, at, known_at), found)), (at, known_at)


def test_live_states_move_at_the_number_of_the_publication_in_every_process(ground):
    database, host, clock = ground
    other = make_host(database, clock)
    listeners = [h.subscribe(P, U) for h in (host, other)]
    publish(database, {"verification_h.medium": 9, "verification_h.high": 6}, now=T0)
    assert (letters(host), letters(other)) == ("OOOO", "OOOO")
    for each in (host, other):
        each.follow()
    assert (letters(host), letters(other)) == ("CCCC", "CCCC")
    for listener in listeners:
        (event,) = events(listener)
        assert (event.cause, event.number) == ("policy", host.version)
        assert [row[1:] for row in event.moves] == [["O", "O", "C", "C"]] * 4


def test_a_listener_that_comes_back_over_a_publication_hears_of_it_wherever_it_comes_back_to(ground):
    database, host, clock = ground
    seen = host.states(P, U).version
    publish(database, {"verification_h.medium": 9, "verification_h.high": 6}, now=T0 + 1)
    clock.now = T0 + 2
    host.follow()
    for each in (host, make_host(database, clock)):
        assert [row[3] for row in moves(each.subscribe(P, U, after=seen))] == ["C"] * 4


def test_threads_hear_of_a_publication_by_themselves(database, tmp_path):
    settle(database)
    host = make_host(database, Clock())
    with following(database, host, tmp_path):
        listener = host.subscribe(P, U)
        publish(database, {"verification_h.medium": 9, "verification_h.high": 6}, now=T0)
        event = listener.next(10)
        assert isinstance(event, MovesEvent)
        assert event.cause == "policy"


def test_nobody_waits_while_the_picture_under_a_new_policy_is_made(ground, monkeypatch):
    database, host, clock = ground
    host.states(P, U)
    publish(database, {"verification_h.medium": 9, "verification_h.high": 6}, now=T0)
    begun, go_on, under = threading.Event(), threading.Event(), Picture.under

    def slow(picture, *policy):
        begun.set()
        assert go_on.wait(60)
        return under(picture, *policy)

    monkeypatch.setattr(Picture, "under", slow)
    maker = threading.Thread(target=host.follow)
    maker.start()
    assert begun.wait(60)
    clock.now = T0 + HOUR
    report(database, hazard(at=ON_WEST), now=clock.now)
    before = host.follow()  # returns: what came is told by the thread that makes the picture
    assert letters(host) == "OOOO"
    assert host.assess(host.question()).states[0, 0] == LETTERS.index("O")
    go_on.set()
    maker.join(60)
    assert host.version > before
    assert letters(host) == "RCCC"


def test_only_so_many_past_pictures_are_kept_and_never_instead_of_the_one_in_force(ground):
    database, host, clock = ground
    moments = []
    for step in range(8):
        clock.now += HOUR
        publish(database, {"near_band_m": 110 + step}, now=clock.now)
        host.follow()
        moments.append(clock.now)
    for known_at in moments:
        host.assess(host.question(known_at, known_at))
    assert len(host._pictures._past) == 3
    with host.reading() as picture:
        assert picture is host._pictures.in_force
        assert picture.policy.near_band_m == 117


def test_past_pictures_share_what_is_bound_where_measures_are_equal(ground):
    database, host, _ = ground
    publish(database, {"risk_red": 0.7}, now=T0 + HOUR - 10)
    publish(database, {"corridor_m": 12}, now=T0 + 2 * HOUR - 10)
    host.follow()
    before, between, now = (host._pictures.at(T0 + hours * HOUR) for hours in (0, 1, 2))
    assert before._binder is between._binder
    assert now._binder is not between._binder


def test_what_people_read_of_the_past_is_told_by_its_policy(ground):
    database, host, clock = ground
    record = report(database, hazard(at=ON_WEST), now=T0)
    with database.writing() as session:
        grade_record(session, record, "C3", actor=AMINA, now=T0 + 1)
    host.follow()

    def told(known_at: int) -> tuple[str, int, float]:
        question = host.question(known_at, known_at)
        with database.reading() as session:
            layer = read_layer(session, host, "hazards", question, actor=CHIEF)
            evidence = Evidence(session, host, at=known_at, known_at=known_at)
        doubt = next(f for f in layer["features"] if f["properties"]["part"] == "point")["properties"]
        assert evidence._picture.policy == host.edition_at(known_at).policy
        symbol = (doubt["symbol"], host.assess(question, [host.network.find_segment("west")]).states[0, 0])
        with database.reading() as session:
            exported = export_facts(session, actor=person("h", "chief_joc", clearance="strictly_confidential"),
                                    known_at=known_at)  # fmt: skip
        facts = parse_facts(exported, network=host.network)
        pure = Picture(host.network, facts.records, policy=facts.policy, profiles=facts.profiles)
        assert pure.assess(question).answer() == host.assess(question).answer()
        return (*symbol, facts.policy.confirmed_min)

    clock.now = T0 + HOUR
    before = told(T0 + 2)
    publish(database, {"confirmed_min": 0.4, "verification_min": 0.4}, now=clock.now - 10)
    host.follow()
    assert before[2] == 0.6
    assert told(T0 + 2) == before
    assert told(T0 + HOUR) == ("cha", LETTERS.index("X"), 0.4)


def test_the_days_of_a_segment_are_told_by_the_class_as_it_was(ground):
    database, host, clock = ground
    clock.now = T0 + 2 * DAY
    publish(database, {"profiles.P7.mlc": 55}, now=T0 + DAY - 10)  # the bridge carries 60; P7 was 70
    host.follow()
    question = host.question(profile="P7")
    assert question.profile.mlc == 55
    states = last_days(host, "middle", question)["directions"][0]["states"]
    assert states[-3:] == ["BLACK", "AMBER", "AMBER"]


def test_a_class_is_asked_about_as_known_then(ground):
    database, host, clock = ground
    new = {"vehicle": "wheeled", "mass_t": 11, "mlc": 11, "width_m": 2.5, "height_m": 3, "ford_depth_m": 0.6}
    publish(database, {f"profiles.lorry 1.5.{name}": value for name, value in new.items()}, now=T0 + HOUR)
    clock.now = T0 + 2 * HOUR
    host.follow()
    assert host.question(profile="lorry 1.5").profile.mass_t == 11
    with pytest.raises(InvalidInput, match="lorry"):
        host.question(known_at=T0, profile="lorry 1.5")


def test_a_grade_is_judged_by_the_policy_in_force_when_it_is_given(ground):
    database, _, _ = ground
    record = report(database, hazard(at=ON_WEST), now=T0, actor=PATROL)
    publish(database, {"source.E": 0.4, "source.D": 0.6, "source.F": 0.05}, now=T0 + HOUR)
    with database.writing() as session:  # E3 was less believed than F6, and would have waited for a second person
        outcome = grade_record(session, record, "E3", actor=AMINA, now=T0 + 2 * HOUR)
    assert outcome.record_id is not None


def test_the_defaults_hold_before_the_first_publication(ground):
    database, host, _ = ground
    publish(database, {"risk_red": 0.7}, now=T0)
    host.follow()
    assert host.edition_at(T0 - 1).policy == Policy()


def test_a_past_moment_as_known_today_is_judged_by_a_policy_published_since(database):
    """Its states are kept while only time moves; a new edition changes no record and still makes them anew."""
    settle(database)
    clock = Clock()
    clock.now = T0 + HOUR
    host = make_host(database, clock)
    at = T0 + HOUR
    clock.now = at + 3 * HOUR
    before = host.states_at(host.question(at))
    publish(database, {"verification_h.medium": 9, "verification_h.high": 6}, now=clock.now)
    host.follow()
    clock.now += HOUR
    after = host.states_at(host.question(at))
    assert (after != before).any()
    assert np.array_equal(after, host.assess(host.question(at)).states)
