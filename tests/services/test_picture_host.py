"""The picture host: what is committed shows, what time moves shows once, and nobody misses anything."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from fom.domain.access import visible
from fom.domain.facts_file import parse_facts
from fom.domain.profiles import PROFILES
from fom.errors import InvalidInput
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.services import picture_host
from fom.services.closing import log_closing_act
from fom.services.facts_exchange import export_facts
from fom.services.judging import retract_record
from fom.services.pending import confirm_pending
from fom.services.picture_events import LETTERS, MovesEvent, RecordEvent
from fom.services.record_reads import list_records
from fom.services.registers import save_register
from fom.services.reporting import log_report
from fom.store.database import Database
from fom.store.tables import Change
from tests.services.ground import ON_EAST, ON_WEST, Clock, feature, following, make_host, settle, write
from tests.services.people import (
    AMINA,
    CHIEF,
    DAY,
    ELENA,
    EMIL,
    HOUR,
    PATROL,
    T0,
    draft,
    hazard,
    incident,
    new_id,
    passage,
    person,
)
from tests.services.test_registers import ROWS

P, U = "P3", "mission_military"


def report(database: Database, record, *, now: int = T0, actor=PATROL) -> str:
    with database.writing() as session:
        return log_report(session, draft(record), actor=actor, now=now).record_ids[0]


def letters(host) -> str:
    states = host.states(P, U).states[:, 0]
    return "".join(LETTERS[states[host.network.find_segment(name)]] for name in ("west", "middle", "east", "apart"))


def events(subscription) -> list:
    return list(subscription.waiting())


def moves(subscription) -> list[list]:
    return [row for event in events(subscription) if isinstance(event, MovesEvent) for row in event.moves]


def test_a_report_moves_the_road_it_lies_on_and_only_that(ground):
    database, host, _ = ground
    listener = host.subscribe(P, U)
    assert letters(host) == "OOOO"
    item = report(database, hazard(at=ON_WEST))
    assert host.follow() == host.version
    assert letters(host) == "ROOO"
    seen = events(listener)
    assert [type(event) for event in seen] == [MovesEvent, RecordEvent]
    number = host.network.find_segment("west")
    assert seen[0].moves == [[number, "O", "O", "R", "R"]]
    assert {event.number for event in seen} == {host.version}
    assert (seen[1].kind, seen[1].id, seen[1].layer) == ("explosive", item, "hazards")


def test_two_people_close_the_hazard_and_the_road_waits_for_a_passage(ground):
    database, host, clock = ground
    item = report(database, hazard(at=ON_WEST))
    act = {"kind": "closing_act", "act": "destroyed", "closes": [item], "authority": "eod"}
    clock.now = T0 + 60 * HOUR
    with database.writing() as session:
        feature_sent = {"type": "Feature", "geometry": None, "properties": act}
        pending = log_closing_act(session, feature_sent, id=new_id(), actor=ELENA, now=clock.now).pending_id
    host.follow()
    assert letters(host)[0] == "R"
    with database.writing() as session:
        confirm_pending(session, pending, actor=EMIL, now=clock.now)
    host.follow()
    host.tick()
    assert letters(host)[0] == "O"
    clock.now = T0 + 63 * HOUR
    host.tick()
    assert letters(host)[0] == "C"
    report(database, passage("west", occurred=clock.now - HOUR), now=clock.now)
    host.follow()
    assert letters(host)[0] == "O"


def test_time_moves_states_once_for_all_processes(database):
    settle(database)
    clocks = [Clock(), Clock()]
    hosts = [make_host(database, clock) for clock in clocks]
    listeners = [host.subscribe(P, U) for host in hosts]
    for moment in (T0 + 10 * HOUR, T0 + 62 * HOUR, T0 + 62 * HOUR + 1, T0 + 62 * HOUR + 2, T0 + 200 * HOUR):
        for clock, host in zip(clocks, hosts, strict=True):
            clock.now = moment
            host.tick()
        for host in hosts:
            host.follow()
    with database.reading() as session:
        times = [change for change in session.query(Change) if change.kind == "time"]
        assert len(times) == len({change.due_at for change in times}) == 2
    told = [moves(listener) for listener in listeners]
    assert told[0] == told[1]
    assert [row[3] for row in told[0]] == ["C"] * 4 + ["?"] * 4
    assert [letters(host) for host in hosts] == ["????", "????"]


def test_a_process_that_starts_late_shows_the_same_states_at_the_same_version(database):
    settle(database)
    clock = Clock()
    early = make_host(database, clock)
    early.states(P, U)
    report(database, hazard(at=ON_EAST))
    early.follow()
    clock.now = T0 + 100 * HOUR
    late = make_host(database, clock)
    view = late.states(P, U)
    early.follow()
    assert view.version == early.version
    assert np.array_equal(view.states, early.states(P, U).states)


def test_a_listener_that_comes_back_misses_nothing_wherever_it_comes_back_to(ground):
    database, host, clock = ground
    listener = host.subscribe(P, U)
    held = dict(enumerate(host.states(P, U).states[:, 0].tolist()))
    seen = host.version
    chance = random.Random(3)
    for step in range(30):
        clock.now += chance.randrange(HOUR, 9 * HOUR)
        choice = chance.random()
        if choice < 0.4:
            record = chance.choice([hazard(at=ON_WEST), incident(at=ON_EAST, grade="A1", type="detonation")])
            report(database, record, now=clock.now, actor=AMINA)
        elif choice < 0.7:
            report(database, passage(chance.choice(["west", "east", "apart"]), occurred=clock.now), now=clock.now)
        host.follow()
        host.tick()
        if chance.random() < 0.4:  # the stream breaks; sometimes the next process is a fresh one
            listener.close()
            if chance.random() < 0.5:
                host = make_host(database, clock)
            listener = host.subscribe(P, U, after=seen)
        for event in events(listener):
            if isinstance(event, MovesEvent):
                for number, _, _, forward, _ in event.moves:
                    held[number] = LETTERS.index(forward)
            seen = event.number
        assert list(held.values()) == host.states(P, U).states[:, 0].tolist(), step


def test_a_listener_from_a_restored_database_is_told_everything(ground):
    _, host, _ = ground
    listener = host.subscribe(P, U, after=10_000)
    (event,) = events(listener)
    assert (event.cause, len(event.moves)) == ("resync", host.network.n_segments)


def test_too_many_moves_to_name_are_told_as_such_and_all_states_are_taken(ground, monkeypatch):
    monkeypatch.setattr("fom.services.picture_events.MOVES_MAX", 2)
    database, host, _ = ground
    listener, before = host.subscribe(P, U), host.version
    everywhere = [{"id": name} for name in ("west", "middle", "east")]
    report(database, {"type": "Feature", "geometry": None, "properties": {
        "kind": "control", "control": "order", "effect": "prohibited", "user_classes": ["all"], "segments": everywhere,
    }}, actor=AMINA)  # fmt: skip
    host.follow()
    (event,) = [event for event in events(listener) if isinstance(event, MovesEvent)]
    assert (event.moves, event.is_complete) == ([], False)
    assert host.states(P, U, since=before).numbers is None
    assert "O" not in letters(host)[:3]
    late = [event for event in events(host.subscribe(P, U, after=10_000)) if isinstance(event, MovesEvent)]
    assert [(event.cause, event.is_complete) for event in late] == [("resync", False)]


def test_moved_segments_since_a_version(ground):
    database, host, _ = ground
    before = host.states(P, U).version
    report(database, hazard(at=ON_WEST))
    host.follow()
    assert host.states(P, U, since=before).numbers.tolist() == [host.network.find_segment("west")]
    assert host.states(P, U, since=host.version).numbers.tolist() == []
    assert host.states(P, U, since=0).numbers is None


def test_a_clock_set_back_hides_no_report(ground):
    database, host, clock = ground
    report(database, hazard(at=ON_WEST), now=T0 + DAY)
    host.follow()
    clock.now = T0 - 40 * DAY
    assert letters(host)[0] == "R"
    assert host.question().at == T0 + DAY
    report(database, hazard(at=ON_EAST), now=clock.now)
    host.follow()
    assert letters(host)[2] == "R"


def test_retracted_reports_stay_in_the_past(ground):
    database, host, clock = ground
    record = report(database, incident(at=ON_WEST, type="detonation", grade="A1"), actor=AMINA)
    with database.writing() as session:
        retract_record(session, record, reason="mistaken", actor=AMINA, now=T0 + HOUR)
    clock.now = T0 + 2 * HOUR
    host.follow()
    number = host.network.find_segment("west")

    def state(known_at: int) -> str:
        return LETTERS[int(host.assess(host.question(T0 + 2 * HOUR, known_at), [number]).states[0, 0])]

    assert [state(T0 - 1), state(T0), state(T0 + HOUR - 1), state(T0 + HOUR)] == ["O", "R", "R", "O"]


@pytest.mark.parametrize("known_h", [0, 2, 5])
def test_the_export_gives_the_answers_of_the_service(ground, known_h):
    database, host, clock = ground
    first = report(database, incident(at=ON_WEST, type="detonation", grade="A1"), actor=AMINA)
    report(database, hazard(at=None, location={"method": "mgrs", "mgrs": "35N RF 66000 52700"}), now=T0 + HOUR)
    report(database, passage("east", occurred=T0 + HOUR), now=T0 + 2 * HOUR)
    with database.writing() as session:
        retract_record(session, first, reason="mistaken", actor=AMINA, now=T0 + 3 * HOUR)
    clock.now = T0 + 5 * HOUR
    host.follow()
    known_at = T0 + known_h * HOUR
    with database.reading() as session:
        chief = person("head", "chief_joc", clearance="strictly_confidential")
        facts = parse_facts(export_facts(session, actor=chief, known_at=known_at), network=host.network)
    pure = Picture(host.network, facts.records, policy=facts.policy, profiles=facts.profiles)
    for profile in ("P1", "P3", "P7"):
        for user_class in ("mission_military", "humanitarian"):
            question = Question(T0 + 6 * HOUR, known_at, PROFILES[profile], user_class)
            assert pure.assess(question).answer() == host.assess(question).answer()


def test_key_routes_are_told_when_their_worst_stretch_moves(ground):
    database, host, _ = ground
    listener = host.subscribe(P, U)
    ways = [{"id": name, "direction": "forward"} for name in ("west", "middle", "east")]
    with database.writing() as session:
        values = {"id": new_id(), **ROWS["key_route"], "segments": ways}
        save_register(session, "key_route", values, version=None, actor=CHIEF, now=T0)
    host.follow()
    report(database, hazard(at=ON_EAST))
    host.follow()
    routes = [event.routes for event in events(listener) if isinstance(event, MovesEvent)]
    assert routes == [[["MSR HERON", "O", "R"]]]
    assert host.routes_over(host.network.find_segment("west")) == ["MSR HERON"]


def test_states_are_kept_apart_by_profile_and_user_class(ground):
    database, host, _ = ground
    denial = {"kind": "control", "control": "denial", "user_class": "humanitarian", "segments": [{"id": "west"}]}
    quiet, loud = host.subscribe(P, "mission_military"), host.subscribe(P, "humanitarian")
    report(database, {"type": "Feature", "geometry": None, "properties": denial}, actor=AMINA)
    host.follow()
    assert [row[3] for row in moves(loud)] == ["R"]
    assert [row[3] for row in moves(quiet)] == ["C"]


def test_a_picture_that_could_not_be_applied_is_rebuilt_and_says_so_meanwhile(ground, monkeypatch):
    database, host, _ = ground
    listener = host.subscribe(P, U)
    before = host.states(P, U).states.copy()
    report(database, hazard(at=ON_WEST))

    def fails(*_):
        raise ArithmeticError("half way")

    with monkeypatch.context() as patch:
        patch.setattr(Picture, "apply", fails)
        with pytest.raises(ArithmeticError):
            host.follow()
        assert np.array_equal(host.states(P, U).states, before)
        readiness = host.readiness()
        assert (readiness.is_ready, readiness.is_stale) == (False, True)
    host.follow()
    assert host.readiness().is_ready
    assert not host.readiness().is_stale
    assert letters(host) == "ROOO"
    assert [row[3] for row in moves(listener)] == ["R"]


@pytest.mark.parametrize("large", [-1, 20_000])
def test_a_change_made_beside_tells_what_one_made_in_place_tells(ground, monkeypatch, large):
    database, host, clock = ground
    monkeypatch.setattr(picture_host, "LARGE", large)
    subscription = host.subscribe(P, U)
    assert letters(host) == "OOOO"
    shot = incident(at=ON_EAST, grade="A1", type="detonation")
    for record, actor in ((shot, AMINA), (hazard(at=ON_WEST), AMINA), (passage("east", occurred=T0 + HOUR), PATROL)):
        clock.now += HOUR
        last = report(database, record, now=clock.now, actor=actor)
        host.follow()
    assert host.picture_for(host.question()).kind_of(last) == "verification"
    clock.now += 30 * DAY
    host.tick()
    told = [{row[0] for row in event.moves} for event in events(subscription) if isinstance(event, MovesEvent)]
    west, east = (host.network.find_segment(name) for name in ("west", "east"))
    assert len(told) >= 3
    assert east in told[0]
    assert told[1] == {west}
    assert np.array_equal(host.states(P, U).states, host.assess(host.question(profile=P, user_class=U)).states)
    again = make_host(database, clock)
    assert again.version == host.version
    assert letters(again) == letters(host) != "OOOO"


def test_readers_are_served_the_old_picture_while_a_large_change_is_made(ground, monkeypatch):
    database, host, clock = ground
    pairs = ((P, U), ("P1", "humanitarian"))
    before, seen = host.states(P, U), []
    apply = Picture.apply

    def apply_late(picture, records):
        with ThreadPoolExecutor(1) as reader:
            seen.extend(reader.submit(host.states, *pair).result(timeout=30) for pair in pairs)
        return apply(picture, records)

    monkeypatch.setattr(picture_host, "LARGE", -1)
    monkeypatch.setattr(Picture, "apply", apply_late)
    clock.now = T0 + HOUR
    report(database, hazard(at=ON_WEST), now=clock.now)
    host.follow()
    assert [view.version for view in seen] == [before.version] * 2
    assert np.array_equal(seen[0].states, before.states)
    for pair, old in zip(pairs, seen, strict=True):
        now = host.states(*pair)
        assert now.version > before.version
        assert not np.array_equal(now.states, old.states)
        assert np.array_equal(now.states, host.assess(host.question(None, None, *pair)).states)


@pytest.mark.parametrize("is_released", [False, True])
def test_reports_come_in_while_the_first_states_of_a_pair_are_made(ground, monkeypatch, is_released):
    """Also where making them binds what is left of a hazard: then they are made on the picture itself."""
    database, host, clock = ground
    letters(host)
    live, seen = Picture.live, []

    def live_late(picture, *question):
        if not seen:
            clock.now += HOUR
            seen.append(report(database, hazard(at=ON_WEST), now=clock.now))
            with ThreadPoolExecutor(1) as other:
                other.submit(host.follow).result(timeout=30)
                seen.append(other.submit(letters, host).result(timeout=30))
            if is_released:
                monkeypatch.setattr(Picture, "n_limit_places", -1)
        return live(picture, *question)

    monkeypatch.setattr(Picture, "live", live_late)
    clock.now += HOUR
    pair = ("P1", "humanitarian")
    view = host.states(*pair)
    assert seen[1] == letters(host)
    assert view.version == host.version
    assert np.array_equal(view.states, host.assess(host.question(None, None, *pair)).states)
    version = view.version
    clock.now += HOUR
    report(database, hazard(at=ON_EAST), now=clock.now)
    host.follow()
    assert host.version > version
    assert np.array_equal(host.states(*pair).states, host.assess(host.question(None, None, *pair)).states)


def test_being_behind_the_database_is_said(ground):
    database, host, _ = ground
    report(database, hazard(at=ON_WEST))
    assert (host.readiness().behind, host.readiness().is_stale) == (1, True)
    host.follow()
    assert (host.readiness().behind, host.readiness().is_stale) == (0, False)


def test_an_unknown_profile_or_class_is_refused_by_name(ground):
    _, host, _ = ground
    for wrong in ({"profile": "P99"}, {"user_class": "tourist"}):
        with pytest.raises(InvalidInput) as refused:
            host.question(**wrong)
        assert refused.value.errors[0].field == next(iter(wrong))


def test_threads_follow_other_processes_by_themselves(database, tmp_path):
    settle(database)
    clock = Clock()
    host, other = make_host(database, clock), make_host(database, clock)
    with following(database, host, tmp_path):
        listener = host.subscribe(P, U)
        report(database, hazard(at=ON_WEST))
        other.follow()
        event = listener.next(10)
        assert isinstance(event, MovesEvent)
        assert [row[3] for row in event.moves] == ["R"]
    assert listener.is_closed


def test_who_may_see_a_record_of_an_event_is_known_with_it_and_unknown_ids_are_hidden(ground):
    database, host, _ = ground
    hidden = feature("secret", "incident", received=T0, type="crossfire")
    write(database, hidden, now=T0, classification="strictly_confidential")
    report(database, incident(at=ON_EAST))
    host.follow()
    assert not visible(AMINA, host.access_of("secret"))
    assert not visible(AMINA, host.access_of("nothing of that name"))
    with database.reading() as session:
        seen = [f["id"] for f in list_records(session, actor=AMINA, kinds=["incident"], known_at=T0 + DAY)]
    assert len(seen) == 1
    assert visible(AMINA, host.access_of(seen[0]))


def test_postgres_tells_of_a_change_without_being_asked(database, tmp_path, monkeypatch):
    if database.is_sqlite:
        return  # polled; the test before this one shows it
    monkeypatch.setattr("fom.services.host_threads.NOTIFIED_POLL_S", 600.0)
    settle(database)
    host = make_host(database, Clock())
    with following(database, host, tmp_path):
        listener = host.subscribe(P, U)
        for place in (ON_WEST, ON_EAST):  # the first may still meet the listener while it connects
            report(database, hazard(at=place))
            time.sleep(0.5)
        seen = [listener.next(10), listener.next(10)]
        assert all(event is not None for event in seen)


def test_readers_are_served_while_nothing_can_be_written(ground, monkeypatch):
    database, host, clock = ground
    clock.now = T0 + 100 * HOUR

    def full():
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(database, "writing", full)
    assert letters(host) == "OOOO"
    monkeypatch.undo()
    host.tick()
    assert letters(host) == "CCCC"


def test_who_writes_may_ask_for_states_nobody_followed_though_something_is_due(ground):
    database, host, clock = ground
    clock.now = T0 + 100 * DAY
    with database.writing() as session:
        assert letters(host) == "OOOO", "as of the last change"
        due = select(func.count()).select_from(Change).where(Change.kind == "time")
        assert session.scalar(due) == 0
    host.tick()
    assert letters(host) == "????"
    with database.reading() as session:
        assert session.scalar(due) == 1
