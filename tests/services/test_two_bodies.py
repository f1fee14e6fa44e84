"""Two bodies under one id: the first counts until a person decides; nothing is lost, nothing opens by one person."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from fom.domain.access import OPERATOR
from fom.domain.states import State
from fom.errors import Conflict, InvalidInput, KeptConflict, NotFound, NotPermitted
from fom.routing.router import Router
from fom.services.accounts import create_user
from fom.services.judging import file_report, grade_record
from fom.services.pending import confirm_pending
from fom.services.queue import list_queue
from fom.services.reporting import amend_report, get_report, log_report
from fom.services.two_bodies import Decision, look_at_body, settle_body
from fom.store.tables import Audit
from tests.services.people import AMINA, BASIL, HOUR, PATROL, T0, draft, hazard, incident, new_id, passage

WEST, EAST = (30.005, 5.0), (30.025, 5.0)


def clash(ground, first, second, *, actor=PATROL, **rest):
    """Send two bodies under one id; return the id and the number of the second."""
    database, host, _ = ground
    report_id = new_id()
    with database.writing() as session:
        log_report(session, draft(*first, id=report_id, **rest), actor=actor, now=T0)
    with pytest.raises(KeptConflict), database.writing() as session:
        log_report(session, draft(*second, id=report_id, **rest | {"words": "otherwise"}), actor=actor, now=T0 + 1)
    host.follow()
    with database.reading() as session:
        (conflict,) = get_report(session, report_id, actor=AMINA)["conflicts"]
    assert conflict["decision"] is None
    return report_id, conflict["number"]


def decide(ground, report_id, number, outcome, *, actor=AMINA, reason="the patrol says so by voice", base=1, id=None):
    database, host, _ = ground
    decision = Decision(number=number, outcome=outcome, reason=reason, id=id or new_id(), base_version=base)
    with database.writing() as session:
        made = settle_body(
            session, report_id, decision, actor=actor, now=T0 + 2, network=host.network, router=Router(host.network)
        )
    host.follow()
    return made


def state_of(ground, segment):
    host = ground[1]
    return State(int(host.states("P3", "mission_military").states[host.network.find_segment(segment)].max()))


def report_of(ground, report_id):
    with ground[0].reading() as session:
        return get_report(session, report_id, actor=AMINA)


def badges(ground):
    database, host, clock = ground
    with database.reading() as session:
        return [line.badges for line in list_queue(session, host, actor=AMINA, now=clock.now).lines]


def test_the_first_stands_and_goes_on_as_if_the_other_had_not_come(ground):
    report_id, number = clash(ground, [hazard(at=WEST)], [hazard(at=EAST)])
    assert decide(ground, report_id, number, "keep_first") is None
    report = report_of(ground, report_id)
    assert (report["version"], report["triage"]) == (1, "new")
    assert badges(ground) == [()]
    assert (state_of(ground, "west"), state_of(ground, "east")) == (State.RED, State.GREEN)
    (kept,) = report["conflicts"]
    assert kept["body"]["words"] == "otherwise"
    assert kept["decision"] == {
        "outcome": "keep_first", "reason": "the patrol says so by voice", "version": None, "by": AMINA.person,
        "at": "2026-03-10T12:00:00.000002Z",
    }  # fmt: skip


def test_a_graded_report_is_done_once_the_first_stands(ground):
    report_id, number = clash(ground, [incident(at=WEST)], [incident(at=EAST)])
    database, host, _ = ground
    (record,) = report_of(ground, report_id)["records"]
    with database.writing() as session:
        grade_record(session, record["id"], "B3", actor=AMINA, now=T0 + 1)
    host.follow()
    assert badges(ground) == [("two_bodies",)], "the other body still waits"
    decide(ground, report_id, number, "keep_first")
    assert report_of(ground, report_id)["triage"] == "done"


def test_the_other_becomes_a_version_of_its_sender_and_the_first_hazard_waits_for_a_second_person(ground):
    report_id, number = clash(ground, [hazard(at=WEST)], [hazard(at=EAST)])
    made = decide(ground, report_id, number, "promote")
    report = report_of(ground, report_id)
    assert (made.version, report["version"], report["triage"]) == (2, 2, "new")
    assert (report["versions"][1]["by"], report["versions"][1]["words"]) == (PATROL.person, "otherwise")
    assert [record["properties"]["by"] for record in report["records"]] == [PATROL.person]
    assert (state_of(ground, "west"), state_of(ground, "east")) == (State.RED, State.RED), "both until two have signed"
    (pending_id,) = made.pending_ids
    database, host, _ = ground
    with pytest.raises(NotPermitted), database.writing() as session:
        confirm_pending(session, pending_id, actor=AMINA, now=T0 + 3)
    with database.writing() as session:
        confirm_pending(session, pending_id, actor=BASIL, now=T0 + 4)
    host.follow()
    assert (state_of(ground, "west"), state_of(ground, "east")) == (State.GREEN, State.RED)


def test_what_promoting_would_do_is_told_before_and_done_after(ground):
    report_id, number = clash(ground, [incident(at=WEST)], [hazard(at=EAST)])
    database, host, _ = ground
    with database.reading() as session:
        effect = look_at_body(session, host, report_id, number, actor=AMINA)
    said = {road.segment_id: (road.before, road.after) for road in effect.roads}
    assert said["east"] == (State.GREEN, State.RED)
    assert state_of(ground, "east") == State.GREEN, "looking changes nothing"
    decide(ground, report_id, number, "promote")
    assert state_of(ground, "east") == State.RED


@pytest.mark.parametrize("unit", ["BN1", None])
def test_a_passage_counts_by_itself_only_if_its_sender_speaks_for_a_unit(ground, unit):
    """The officer's own account speaks for a unit; that must not open a road for somebody who does not."""
    with ground[0].writing() as session:
        create_user(
            session, email=PATROL.email, password="a long enough word", roles=["reporter"], unit=unit, actor=OPERATOR,
            now=T0,
        )  # fmt: skip
    report_id, number = clash(ground, [incident(at=EAST)], [passage("apart", occurred=T0 - HOUR)], form="passage")
    decide(ground, report_id, number, "promote")
    (record,) = report_of(ground, report_id)["records"]
    assert bool(record["properties"].get("authenticated")) is (unit is not None)


def test_both_officers_decide_and_the_second_is_told_what_the_first_did(ground):
    report_id, number = clash(ground, [hazard(at=WEST)], [hazard(at=EAST)])
    decide(ground, report_id, number, "keep_first")
    with pytest.raises(Conflict) as refused:
        decide(ground, report_id, number, "promote", actor=BASIL)
    told = refused.value.details["decision"]
    assert (told["by"], told["outcome"], told["reason"]) == (AMINA.person, "keep_first", "the patrol says so by voice")
    assert report_of(ground, report_id)["version"] == 1


def test_a_report_amended_meanwhile_is_looked_at_again_first(ground):
    report_id, number = clash(ground, [hazard(at=WEST)], [hazard(at=EAST)])
    database, host, _ = ground
    with database.writing() as session:
        amend_report(session, report_id, draft(hazard(at=WEST), words="amended"), base_version=1, actor=PATROL, now=T0)
    host.follow()
    assert badges(ground) == [("two_bodies",)], "amending decides nothing about the other body"
    for outcome in ("promote", "keep_first"):
        with pytest.raises(Conflict) as refused:
            decide(ground, report_id, number, outcome)
        assert refused.value.details["current"] == 2
    decide(ground, report_id, number, "promote", base=2)
    assert report_of(ground, report_id)["version"] == 3


def test_each_of_two_other_bodies_is_decided_by_itself(ground):
    report_id, number = clash(ground, [hazard(at=WEST)], [hazard(at=EAST)])
    database, _, _ = ground
    with pytest.raises(KeptConflict), database.writing() as session:
        log_report(session, draft(hazard(at=WEST), id=report_id, words="third"), actor=PATROL, now=T0 + 1)
    decide(ground, report_id, number, "promote")
    assert report_of(ground, report_id)["triage"] == "conflict"
    decide(ground, report_id, number + 1, "keep_first", base=2)
    assert report_of(ground, report_id)["triage"] == "new"


def test_a_report_with_an_open_body_cannot_be_filed_away(ground):
    report_id, _ = clash(ground, [], [hazard(at=EAST)], words="a loud bang")
    with pytest.raises(Conflict, match="another body"), ground[0].writing() as session:
        file_report(session, report_id, reason="nothing to be done", actor=AMINA, now=T0 + 2)


@pytest.mark.parametrize(
    ("changes", "fails"),
    [
        ({"reason": "  "}, InvalidInput),
        ({"outcome": "merge"}, InvalidInput),
        ({"id": "no uuid"}, InvalidInput),
        ({"number": 99}, NotFound),
        ({"actor": PATROL}, NotPermitted),
    ],
    ids=["no reason", "no outcome", "no id", "no body", "no right"],
)
def test_what_is_no_decision_is_refused_and_nothing_is_written(ground, changes, fails):
    report_id, number = clash(ground, [hazard(at=WEST)], [hazard(at=EAST)])
    wanted = {"number": number, "outcome": "promote", **changes}
    with pytest.raises(fails):
        decide(ground, report_id, wanted.pop("number"), wanted.pop("outcome"), **wanted)
    with ground[0].reading() as session:
        assert session.scalars(select(Audit).where(Audit.action == "settle_body")).all() == []
    assert report_of(ground, report_id)["triage"] == "conflict"
