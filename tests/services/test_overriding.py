"""The JOC's hand: worsens at once, improves within limits, never past a hazard or a broken bridge."""

from __future__ import annotations

import pytest

from fom.errors import Conflict, InvalidInput, NotPermitted
from fom.services.overriding import ManualDraft, record_area_statement, set_manual_state
from fom.services.pending import confirm_pending
from fom.services.picture_events import LETTERS
from fom.services.reporting import log_report
from fom.store.records import find_record
from tests.services.ground import AROUND, ON_WEST, Clock, make_host, make_network, settle
from tests.services.people import (
    AMINA,
    CHIEF,
    ELENA,
    HOUR,
    PATROL,
    T0,
    bridge_down,
    draft,
    hazard,
    incident,
    new_id,
    person,
)


@pytest.fixture
def ground(database):
    """Return (database, host) on the settled area."""
    settle(database)
    return database, make_host(database, Clock())


def manual(mode="worsen", state="RED", segments=("west",), **rest) -> ManualDraft:
    values = {"reason": "seen from the air", **rest}
    if mode == "improve":
        values = {"expires": T0 + 10 * HOUR, **values}
    return ManualDraft(id=new_id(), mode=mode, state=state, segments=tuple(segments), **values)


def put(database, host, sent, *, actor=CHIEF, now=T0 + HOUR):
    with database.writing() as session:
        outcome = set_manual_state(session, sent, actor=actor, now=now, host=host)
    host.follow()
    return outcome


def report(database, host, record, *, actor=AMINA) -> str:
    with database.writing() as session:
        record_id = log_report(session, draft(record), actor=actor, now=T0).record_ids[0]
    host.follow()
    return record_id


def letter(host, name: str) -> str:
    return LETTERS[host.states("P3", "mission_military").states[host.network.find_segment(name), 0]]


def test_the_duty_officer_worsens_at_once(ground):
    database, host = ground
    outcome = put(database, host, manual(), actor=AMINA)
    assert outcome.record_id is not None
    assert letter(host, "west") == "R"


def test_only_the_chief_improves_and_only_a_while(ground):
    database, host = ground
    report(database, host, incident(at=ON_WEST, type="detonation", grade="A1"))
    assert letter(host, "west") == "R"
    with pytest.raises(NotPermitted):
        put(database, host, manual("improve", "AMBER"), actor=AMINA)
    put(database, host, manual("improve", "AMBER"))
    assert letter(host, "west") == "C"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (manual("improve", "GREEN"), "state"),
        (manual("improve", "BLACK"), "state"),
        (manual("improve", "AMBER", expires=None), "expires"),
        (manual("improve", "AMBER", expires=T0 + 26 * HOUR), "expires"),
        (manual("improve", "AMBER", expires=T0), "expires"),
        (manual("improve", "AMBER", segments=()), "segments"),
        (manual("improve", "AMBER", segments=("nowhere",)), "segments"),
        (manual(reason="  "), "reason"),
        (manual("better"), "mode"),
    ],
)
def test_what_an_override_may_not_be_is_refused_by_field(ground, sent, field):
    database, host = ground
    with pytest.raises(InvalidInput) as refused:
        put(database, host, sent)
    assert any(field in error.field for error in refused.value.errors)


def test_an_explosive_red_is_not_lifted_by_hand_and_the_way_out_is_named(ground):
    database, host = ground
    item = report(database, host, hazard(at=ON_WEST))
    with pytest.raises(Conflict) as refused:
        put(database, host, manual("improve", "AMBER", segments=("west", "east")))
    (held,) = refused.value.details["segments"]
    assert (held["segment_id"], held["component"], held["fact_ids"]) == ("west", "explosive", [item])
    assert "destroyed" in held["closing_acts"]
    assert letter(host, "west") == "R"


def test_a_physical_black_is_not_lifted_by_hand_but_a_suspected_one_is(ground):
    database, host = ground
    bridge = report(database, host, bridge_down())
    assert letter(host, "middle") == "R"
    put(database, host, manual("improve", "AMBER", segments=("middle",)))
    assert letter(host, "middle") == "C"
    broken = report(database, host, bridge_down(grade="A1"))
    with pytest.raises(Conflict) as refused:
        put(database, host, manual("improve", "AMBER", segments=("middle",)))
    (held,) = refused.value.details["segments"]
    assert held["closing_acts"] == ["repaired", "erroneous"]
    assert broken in held["fact_ids"]
    assert bridge not in held["fact_ids"]


def test_improving_more_than_fifty_segments_waits_for_a_second_person(ground, monkeypatch):
    database, host = ground
    monkeypatch.setattr("fom.services.overriding.BULK_SEGMENTS", 2)
    report(database, host, incident(at=ON_WEST, type="detonation", grade="A1"))
    outcome = put(database, host, manual("improve", "AMBER", segments=("west", "middle", "east")))
    assert outcome.record_id is None
    assert letter(host, "west") == "R"
    with pytest.raises(NotPermitted), database.writing() as session:
        confirm_pending(session, outcome.pending_id, actor=CHIEF, now=T0 + 2 * HOUR)
    with database.writing() as session:
        deputy = person("deputy", "chief_joc")
        done = confirm_pending(session, outcome.pending_id, actor=deputy, now=T0 + 2 * HOUR)
    with database.reading() as session:
        assert find_record(session, done.record_id).signed_by == [CHIEF.person, deputy.person]
    host.follow()
    assert letter(host, "west") == "C"


def test_the_same_override_sent_again_is_one(ground):
    database, host = ground
    sent = manual()
    assert put(database, host, sent).record_id == put(database, host, sent).record_id == sent.id


@pytest.mark.parametrize("actor", [PATROL, ELENA], ids=lambda a: a.name)
def test_threat_and_season_are_stated_by_those_who_may(ground, actor):
    database, host = ground
    statement = {"type": "Feature", "geometry": AROUND, "properties": {"kind": "threat_area", "level": "high"}}
    with pytest.raises(NotPermitted), database.writing() as session:
        record_area_statement(session, statement, id=new_id(), actor=actor, now=T0)
    with database.writing() as session:
        record_area_statement(session, statement, id=new_id(), actor=AMINA, now=T0 + 20 * HOUR)
    host._clock.now = T0 + 20 * HOUR
    host.follow()
    host.tick()
    assert letter(host, "apart") == "C"


def test_the_network_of_these_tests_is_as_drawn():
    assert make_network().n_segments == 4
