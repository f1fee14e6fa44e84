"""Who is told that what he was shown was false: exactly those who were shown it, whatever brought it to light."""

from __future__ import annotations

import random
import threading
import time
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from fom.domain.access import Actor
from fom.domain.states import NO_STATE, VIABLE
from fom.network.drawn import load_network_file
from fom.picture.question import Question
from fom.services.judging import grade_record, retract_record
from fom.services.shown import ShownLog, compact, expanded, numbers_of
from fom.store.tables import Shown
from tests.services.alerts.watch import account, open_watchroom
from tests.services.ground import ON_EAST, ON_WEST
from tests.services.people import AMINA, HOUR, PATROL, hazard, incident, passage

P, U = "P3", "mission_military"


@pytest.fixture
def room(database, tmp_path):
    return open_watchroom(database, tmp_path)


def look(room, who, kind: str = "map", **rest) -> int:
    """Let a person be shown a page now."""
    room.host.follow()
    room.shown.note(room.host, kind, room.host.question(profile=P, user_class=U), actor=who, **rest)
    room.shown.flush()
    return room.clock.now


def denial(occurred: int, name: str = "west") -> dict:
    from fom.domain.instants import format_instant

    properties = {
        "kind": "control", "control": "denial", "user_class": U, "occurred": format_instant(occurred),
        "segments": [{"id": name}], "grade": "B2",
    }  # fmt: skip
    return {"type": "Feature", "geometry": None, "properties": properties}


def test_a_late_report_under_a_past_green_tells_exactly_those_who_were_shown_it(room):
    people = {name: account(room.database, name, "duty_officer") for name in ("before", "during", "planner", "apart")}
    look(room, people["before"])
    room.clock.now += 2 * HOUR
    happened = room.clock.now
    room.clock.now += HOUR
    seen_at = look(room, people["during"])
    look(room, people["planner"], "plan", segments=["west", "apart"])
    look(room, people["apart"], "segment", segments=["apart"])
    room.clock.now += HOUR
    (record,) = room.report(denial(happened), actor=AMINA)
    room.settled()
    told = {alert.user_id: alert for alert in room.alerts(kind="false_state")}
    assert set(told) == {people["during"].user_id, people["planner"].user_id}
    alert = told[people["during"].user_id]
    assert alert.title == "What you were shown proved false: MSR HERON km 0–1.1 was restricted"
    assert record in alert.text
    assert "the map" in alert.text
    assert alert.details["lines"][0]["shown_at"].startswith("2026-03-10T15:0")
    assert seen_at // 1_000_000 == 1773154810
    assert (alert.details["lines"][0]["before"], alert.details["lines"][0]["after"]) == ("O", "R")


def test_it_is_told_once_also_after_a_restart_and_by_another_process(room):
    duty = account(room.database, "duty", "duty_officer")
    look(room, duty)
    room.report(denial(room.clock.now - HOUR), actor=AMINA, after_s=3600)
    for each in (room, room.another(), room.another()):
        each.settled()
    assert len(room.alerts(duty, "false_state")) == 1


def test_a_retracted_passage_tells_those_who_saw_the_road_open_by_it(room):
    duty, later = (account(room.database, name, "duty_officer") for name in ("duty", "later"))
    room.clock.now += 100 * HOUR
    (record,) = room.report(passage("west", occurred=room.clock.now - HOUR))
    look(room, duty, "segment", segments=["west"])
    room.clock.now += HOUR
    with room.database.writing() as session:
        retract_record(session, record, reason="it was another road", actor=PATROL, now=room.clock.now)
    room.settled()
    look(room, later, "segment", segments=["west"])
    (alert,) = room.alerts(kind="false_state")
    assert alert.user_id == duty.user_id
    assert "A retraction" in alert.text


def test_who_was_shown_the_truth_is_not_told(room):
    duty = account(room.database, "duty", "duty_officer")
    (item,) = room.report(hazard(at=ON_WEST))
    look(room, duty, "segment", segments=["west"])
    room.report(denial(room.clock.now - HOUR), actor=AMINA, after_s=60)
    with room.database.writing() as session:  # restricted becomes closed: nobody was told that it was open
        grade_record(session, item, "A1", actor=AMINA, now=room.clock.now)
    room.settled()
    assert room.alerts(duty, "false_state") == []


def test_a_reader_without_clearance_is_told_that_it_was_false_and_not_why(room):
    partner = account(room.database, "partner", "partner", clearance="unclassified")
    look(room, partner)
    (record,) = room.report(hazard(at=ON_WEST), after_s=3600, classification="strictly_confidential")
    room.settled()
    (alert,) = room.alerts(partner, "false_state")
    said = alert.text + alert.title + str(alert.details) + alert.outside_text
    assert record not in said
    assert "explosive" not in said.lower()
    assert "restricted reason, contact joc" in alert.text.lower()
    assert alert.fact_ids == []


def test_rows_are_few_and_end_after_their_time(room):
    duty = account(room.database, "duty", "duty_officer")
    for _ in range(20):
        look(room, duty)
        look(room, duty, "plan", segments=["west", "middle"])
        room.clock.now += 20_000_000
    with room.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Shown)) == 2
    room.clock.now += 31 * 24 * HOUR
    room.settled()
    with room.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Shown)) == 0


def test_many_roads_are_kept_as_runs_and_those_who_were_shown_one_of_them_are_told(room, monkeypatch):
    monkeypatch.setattr("fom.services.shown.IDS_MAX", 1)
    people = {name: account(room.database, name, "duty_officer") for name in ("west", "apart", "few")}
    network = room.host.network
    number = {name: network.find_segment(name) for name in ("west", "middle", "east", "apart")}
    look(room, people["west"], "reach", segments=[number["west"], number["middle"]])
    look(room, people["apart"], "reach", segments=[number["east"], number["apart"]])
    look(room, people["few"], "reach", segments=[number["west"]])
    with room.database.reading() as session:
        kept = [row.segments for row in session.scalars(select(Shown).order_by(Shown.number))]
    assert [type(row[0]) for row in kept] == [int, int, str]
    happened = room.clock.now - HOUR
    room.clock.now += HOUR
    room.report(denial(happened), actor=AMINA)
    room.settled()
    told = {alert.user_id for alert in room.alerts(kind="false_state")}
    assert told == {people["west"].user_id, people["few"].user_id}


def test_many_roads_that_were_shown_on_a_former_network_count_as_all(room):
    duty = account(room.database, "duty", "duty_officer")
    look(room, duty, "reach", segments=["apart"])
    with room.database.writing() as session:
        session.execute(update(Shown).values(network_id="another", segments=[0, 0]))
    happened = room.clock.now - HOUR
    room.clock.now += HOUR
    room.report(denial(happened), actor=AMINA)
    room.settled()
    assert [alert.user_id for alert in room.alerts(kind="false_state")] == [duty.user_id]


def test_what_cannot_be_written_now_is_written_later_and_said_once(room, monkeypatch, caplog):
    duty = account(room.database, "duty", "duty_officer")
    log = ShownLog(room.database)
    question = room.host.question(profile=P, user_class=U)

    def refuse():
        raise OperationalError("full", {}, Exception())

    with monkeypatch.context() as patched:
        patched.setattr(type(room.database), "writing", lambda self: refuse())
        for name in ("west", "east"):
            log.note(room.host, "plan", question, actor=duty, segments=[name])
            assert log.flush() == log.flush() == 0
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    log.note(room.host, "plan", question, actor=duty, segments=["middle"])
    assert log.flush() == 1
    with room.database.reading() as session:
        assert session.scalar(select(Shown.segments)) == ["east", "middle", "west"]


def test_what_is_shown_is_written_every_second_and_to_the_last_when_the_process_ends(room):
    people = [account(room.database, name, "duty_officer") for name in ("first", "second", "third")]
    closing = threading.Event()
    log = ShownLog(room.database, closing=closing)
    question = room.host.question(profile=P, user_class=U)

    def rows() -> int:
        with room.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Shown)) or 0

    def wait_for(count: int) -> None:
        until = time.monotonic() + 20
        while rows() != count:
            assert time.monotonic() < until
            time.sleep(0.02)

    log.start()
    log.note(room.host, "map", question, actor=people[0])
    wait_for(1)
    closing.set()  # asked to end: running requests go on for a while
    log.note(room.host, "map", question, actor=people[1])
    wait_for(2)
    log.note(room.host, "map", question, actor=people[2])
    log.stop()
    assert rows() == 3
    assert "fom-shown" not in {thread.name for thread in threading.enumerate()}


NUMBERS = st.sets(st.integers(0, 59), max_size=40)


@given(NUMBERS, st.integers(0, 5), st.integers(1, 6))
def test_segments_are_kept_in_bounded_room_and_none_is_left_out(numbers, ids_max, runs_max):
    network = long_road()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fom.services.shown.IDS_MAX", ids_max)
        patched.setattr("fom.services.shown.RUNS_MAX", runs_max)
        kept = compact(network, numbers)
    found = numbers_of(network, expanded(kept))
    assert found >= numbers
    runs = sum(number - 1 not in numbers for number in numbers)
    assert len(kept) <= max(ids_max, 2 * runs_max)
    if len(numbers) <= ids_max or runs <= runs_max:
        assert found == numbers


@cache
def long_road():
    """A road of sixty segments, numbered along it or not: their order is the network's."""
    features = [
        {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[n / 100, 5], [(n + 1) / 100, 5]]},
         "properties": {"segment_id": f"s{n:02}", "highway": "primary", "road_type": "X"}}
        for n in range(60)
    ]  # fmt: skip
    return load_network_file({"type": "FeatureCollection", "features": features})


def states_by(room, at: int, known_at: int) -> np.ndarray:
    """Return the states of the three roads of the key route: what the service itself answers about a moment."""
    host = room.host
    numbers = [host.network.find_segment(name) for name in ("west", "middle", "east")]
    question = Question(at, known_at, host.edition_at(known_at).profiles[P], U)
    assessment = host.assess(question, sorted(numbers))
    return np.asarray(assessment.states)


@pytest.mark.parametrize("seed", range(3))
def test_against_asking_every_moment_again(database, tmp_path, seed):
    compare_with_every_moment(database, tmp_path, seed, steps=30)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(100, 107))
def test_long_stories_against_asking_every_moment_again(database, tmp_path, seed):
    compare_with_every_moment(database, tmp_path, seed, steps=80)


def compare_with_every_moment(database, tmp_path, seed: int, *, steps: int) -> None:
    """An oracle that knows nothing of spans: it asks of every look what was shown and what is known now."""
    room = open_watchroom(database, tmp_path)
    people = [account(database, f"p{i}", "duty_officer") for i in range(4)]
    chance = random.Random(seed)
    tellings = [
        lambda occurred: denial(occurred, chance.choice(["west", "east"])),
        lambda occurred: passage(chance.choice(["west", "middle", "east"]), occurred=occurred),
        lambda _: incident(at=chance.choice([ON_WEST, ON_EAST]), type="complex_ambush", grade="A1"),
        lambda occurred: hazard(at=ON_EAST, new_emplacement=True, occurred=occurred),
    ]
    looks: list[tuple[str, int]] = []
    seen: dict[int, np.ndarray] = {}
    expected: set[tuple[str, int]] = set()
    records: list[tuple[str, Actor]] = []
    for _ in range(steps):
        room.clock.now += chance.randrange(600, 15_000) * 1_000_000
        choice = chance.random()
        if choice < 0.55:
            who = chance.choice(people)
            looks.append((who.user_id, look(room, who)))
            continue
        before_at = max(room.host._last_at, 0)
        occurred = room.clock.now - chance.randrange(1, 60) * HOUR
        if choice < 0.65 and records:
            target, by = records.pop(chance.randrange(len(records)))
            with database.writing() as session:
                retract_record(session, target, reason="wrong road", actor=by, now=room.clock.now)
        else:
            [make] = chance.choices(tellings, weights=[4, 8, 2, 1])
            made = make(occurred)
            by = PATROL if made["properties"]["kind"] == "verification" else AMINA
            found = room.report(made, actor=by)
            if made["properties"]["kind"] != "explosive":
                records += [(record, by) for record in found]
        room.host.follow()
        number, after_at = room.host.version, room.host._last_at
        for user_id, at in looks:
            if at not in seen:
                seen[at] = states_by(room, at, at)
            shown, without, now = seen[at], *(states_by(room, at, known) for known in (before_at, after_at))
            is_false = np.isin(shown, VIABLE) & (now > shown) & (now > without) & (now != NO_STATE)
            if is_false.any():
                expected.add((user_id, number))
    room.settled()
    room.settled()
    told = {(alert.user_id, alert.change_number) for alert in room.alerts(kind="false_state")}
    assert told == expected
    assert expected, "nothing of this story proved false: it compares nothing"


def test_a_change_that_makes_the_past_better_tells_nobody_again_though_it_was_still_worse_than_shown(room):
    from fom.domain.instants import format_instant

    duty = account(room.database, "duty", "duty_officer")
    happened = room.clock.now
    room.clock.now += HOUR
    look(room, duty)
    (record,) = room.report(denial(happened), actor=AMINA)
    robbed = {"type": "armed_robbery", "grade": "A1", "occurred": format_instant(happened)}
    room.report(incident(at=ON_WEST, **robbed), actor=AMINA)
    with room.database.writing() as session:  # restricted becomes caution, where open was shown
        retract_record(session, record, reason="it was another road", actor=AMINA, now=room.clock.now)
    room.settled()
    (alert,) = [alert for alert in room.alerts(duty, "false_state") if "west" in str(alert.details)]
    assert record in alert.text
