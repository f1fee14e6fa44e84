"""What improves an explosive or physical state takes two persons with the right; nobody goes round it."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.services.closing import log_closing_act
from fom.services.judging import grade_record, link_records, retract_record, unlink_records
from fom.services.pending import confirm_pending, list_pending, withdraw_pending
from fom.services.registers import list_register
from fom.services.reporting import log_report
from fom.services.suggesting import suggest_links
from fom.store.records import feature_of, find_record, retracted_ids
from fom.store.tables import PendingAct
from tests.services.people import (
    AMINA,
    BASIL,
    CHIEF,
    ELENA,
    EMIL,
    HOUR,
    NGOZI,
    NILS,
    PATROL,
    T0,
    bridge_down,
    draft,
    hazard,
    incident,
    new_id,
    person,
)

SQUARE = {"type": "Polygon", "coordinates": [[[29.9, 4.9], [30.1, 4.9], [30.1, 5.1], [29.9, 5.1], [29.9, 4.9]]]}


def logged(database, record, *, actor=PATROL, now=T0, **rest) -> str:
    with database.writing() as session:
        return log_report(session, draft(record, **rest), actor=actor, now=now).record_ids[0]


def act(kind: str, *closes: str, authority: str = "eod", geometry=None, **rest):
    properties = {"kind": "closing_act", "act": kind, "closes": list(closes), "authority": authority, **rest}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def sign(database, feature, *, actor=ELENA, now=T0 + 100, id=None):
    with database.writing() as session:
        return log_closing_act(session, feature, id=id or new_id(), actor=actor, now=now)


def confirm(database, pending_id, *, actor, now=T0 + 200):
    with database.writing() as session:
        return confirm_pending(session, pending_id, actor=actor, now=now)


def test_a_destroyed_item_is_closed_only_when_a_second_person_signs(database):
    item = logged(database, hazard())
    first = sign(database, act("destroyed", item))
    with database.reading() as session:
        assert find_record(session, first.pending_id) is None
        assert [p["targets"] for p in list_pending(session, actor=EMIL)] == [[item]]
    done = confirm(database, first.pending_id, actor=EMIL)
    with database.reading() as session:
        row = find_record(session, done.record_id)
        assert row.signed_by == [ELENA.person, EMIL.person]
        assert row.received == T0 + 200
        assert list_pending(session, actor=EMIL) == []


@pytest.mark.parametrize("actor", [ELENA, PATROL, AMINA, NGOZI], ids=lambda a: a.name)
def test_the_second_signature_needs_another_person_with_the_right(database, actor):
    item = logged(database, hazard())
    first = sign(database, act("destroyed", item))
    with pytest.raises((NotPermitted, NotFound)):
        confirm(database, first.pending_id, actor=actor)
    with database.reading() as session:
        assert find_record(session, first.pending_id) is None


def test_the_chief_of_the_joc_may_sign_second_but_not_first(database):
    item = logged(database, hazard())
    with pytest.raises(NotPermitted):
        sign(database, act("destroyed", item), actor=CHIEF)
    first = sign(database, act("destroyed", item))
    assert confirm(database, first.pending_id, actor=CHIEF).record_id == first.pending_id


def test_the_database_itself_refuses_one_person_as_both(database):
    item = logged(database, hazard())
    first = sign(database, act("destroyed", item))
    alone = {"settled_by": ELENA.person, "settled_at": T0, "outcome": "confirmed"}
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(update(PendingAct).where(PendingAct.id == first.pending_id).values(alone))


def test_an_act_is_confirmed_once_and_not_after_it_was_withdrawn(database):
    item, other = logged(database, hazard()), logged(database, hazard())
    first, second = sign(database, act("destroyed", item)), sign(database, act("destroyed", other))
    confirm(database, first.pending_id, actor=EMIL)
    with pytest.raises(Conflict):
        confirm(database, first.pending_id, actor=person("third", "eod"))
    with database.writing() as session:
        withdraw_pending(session, second.pending_id, reason="wrong item", actor=ELENA, now=T0 + 150)
    with pytest.raises(Conflict):
        confirm(database, second.pending_id, actor=EMIL)


def test_the_same_act_sent_again_waits_once(database):
    item, act_id = logged(database, hazard()), new_id()
    again = [sign(database, act("destroyed", item), id=act_id) for _ in range(3)]
    assert {outcome.pending_id for outcome in again} == {act_id}
    with pytest.raises(Conflict):
        sign(database, act("erroneous", item), id=act_id)


@pytest.mark.parametrize(
    ("feature", "actor", "why"),
    [
        (lambda item, bridge, _: act("destroyed", bridge), ELENA, "not_applicable"),
        (lambda item, bridge, _: act("repaired", item, authority="engineer"), NGOZI, "not_applicable"),
        (lambda item, bridge, _: act("destroyed", item, authority="joc"), ELENA, "authority"),
        (lambda item, bridge, sha: act("destroyed", sha), ELENA, "not_applicable"),
        (
            lambda item, bridge, _: act(
                "cleared", item, geometry=SQUARE, location={"method": "sketch", "uncertainty_m": 5}, traffic_mlc=60
            ),
            ELENA,
            "not_surveyed",
        ),
        (
            lambda item, bridge, _: act(
                "reduced", item, geometry=SQUARE, location={"method": "survey", "uncertainty_m": 1}
            ),
            ELENA,
            "no_traffic_class",
        ),
        (
            lambda item, bridge, _: act("destroyed", item, occurred="2026-03-01T00:00:00Z"),
            ELENA,
            "not_applicable",
        ),
    ],
)
def test_an_act_that_can_never_work_is_refused_with_the_reason(database, feature, actor, why):
    item, bridge = logged(database, hazard(occurred=T0)), logged(database, bridge_down())
    sha = logged(database, hazard(hazard="sha"))
    with pytest.raises(Conflict) as refused:
        sign(database, feature(item, bridge, sha), actor=actor)
    assert refused.value.details["why"] == why


def test_only_the_trade_that_may_judge_it_signs(database):
    item, bridge = logged(database, hazard()), logged(database, bridge_down())
    for feature, wrong in ((act("destroyed", item), NGOZI), (act("repaired", bridge, authority="engineer"), ELENA)):
        with pytest.raises(NotPermitted):
            sign(database, feature, actor=wrong)
    repaired = sign(database, act("repaired", bridge, authority="engineer", limits={"mlc": 20}), actor=NGOZI)
    assert confirm(database, repaired.pending_id, actor=NILS).record_id == repaired.pending_id


def test_a_control_is_lifted_by_one_signature_of_the_joc(database):
    order = {
        "type": "Feature",
        "geometry": None,
        "properties": {"kind": "control", "control": "denial", "user_class": "humanitarian", "segments": [{"id": "s"}]},
    }
    control = logged(database, order, form="restriction")
    outcome = sign(database, act("lifted", control, authority="joc"), actor=AMINA)
    assert outcome.record_id is not None
    assert outcome.pending_id is None


@pytest.mark.parametrize(("make", "waits"), [(hazard, True), (bridge_down, True), (incident, False)])
def test_retracting_an_explosive_or_physical_fact_waits_for_a_second_person(database, make, waits):
    record = logged(database, make())
    with database.writing() as session:
        outcome = retract_record(session, record, reason="mistaken", actor=PATROL, now=T0 + 100)
    assert (outcome.pending_id is not None) is waits
    if waits:
        with pytest.raises((NotPermitted, NotFound)):
            confirm(database, outcome.pending_id, actor=person("colleague", "reporter"))
        confirm(database, outcome.pending_id, actor=AMINA)
    with database.reading() as session:
        assert retracted_ids(session, known_at=T0 + 1000) == {record}
        assert retracted_ids(session, known_at=T0 + 99) == set()
    with pytest.raises(Conflict), database.writing() as session:
        retract_record(session, record, reason="again", actor=AMINA, now=T0 + 300)


def test_lowering_the_grade_of_a_hazard_waits_and_raising_it_counts_at_once(database):
    item = logged(database, hazard())
    with database.writing() as session:
        raised = grade_record(session, item, "B2", actor=AMINA, now=T0 + 10)
        lowered = grade_record(session, item, "E5", actor=BASIL, now=T0 + 20)
    assert raised.record_id is not None
    assert lowered.pending_id is not None
    done = confirm(database, lowered.pending_id, actor=ELENA)
    with database.reading() as session:
        grade = feature_of(find_record(session, done.record_id))["properties"]
    assert (grade["grade"], grade["by"], grade["meta"]["proposed"]) == (
        "E5",
        BASIL.person,
        "2026-03-10T12:00:00.000020Z",
    )


def test_a_grade_of_an_incident_counts_at_once_either_way(database):
    record = logged(database, incident())
    with database.writing() as session:
        for grade in ("A1", "E5"):
            assert grade_record(session, record, grade, actor=AMINA, now=T0 + 10).record_id is not None


@pytest.mark.parametrize(("make", "waits"), [(hazard, True), (incident, False)])
def test_unlinking_hazards_waits_for_a_second_person(database, make, waits):
    one, two = logged(database, make()), logged(database, make())
    with database.writing() as session:
        link = link_records(session, "same_incident", [one, two], actor=AMINA, now=T0 + 10)
        outcome = unlink_records(session, link.record_id, actor=AMINA, now=T0 + 20)
    assert (outcome.pending_id is not None) is waits


def test_links_join_records_of_one_kind_and_conflicts_too(database):
    one, other = logged(database, hazard()), logged(database, incident())
    with database.writing() as session:
        for members in ([one, other], [one, one]):
            with pytest.raises(InvalidInput):
                link_records(session, "duplicate", members, actor=AMINA, now=T0 + 10)
        with pytest.raises(NotFound):
            link_records(session, "duplicate", [one, "nothing"], actor=AMINA, now=T0 + 10)


def test_a_retraction_of_a_retraction_brings_the_record_back(database):
    record = logged(database, incident())
    with database.writing() as session:
        first = retract_record(session, record, reason="mistaken", actor=PATROL, now=T0 + 100)
        retract_record(session, first.record_id, reason="it was right", actor=PATROL, now=T0 + 200)
    with database.reading() as session:
        assert record in retracted_ids(session, known_at=T0 + 199)
        assert record not in retracted_ids(session, known_at=T0 + 200)


def test_an_act_whose_target_was_retracted_meanwhile_falls(database):
    item = logged(database, hazard())
    first = sign(database, act("destroyed", item))
    with database.writing() as session:
        outcome = retract_record(session, item, reason="not an item", actor=AMINA, now=T0 + 110)
    confirm(database, outcome.pending_id, actor=BASIL, now=T0 + 120)
    with pytest.raises(Conflict):
        confirm(database, first.pending_id, actor=EMIL, now=T0 + 130)


def tasks(database) -> list[str]:
    with database.reading() as session:
        return [task["target_id"] for task in list_register(session, "task", actor=AMINA, kind="verify")]


def test_a_conflict_and_a_doubtful_grade_send_somebody_to_look_once(database):
    one, two, three = (logged(database, incident()) for _ in range(3))
    with database.writing() as session:
        for _ in range(2):
            link_records(session, "conflict", [one, two], actor=AMINA, now=T0 + 10)
            grade_record(session, three, "E5", actor=AMINA, now=T0 + 20)
    assert sorted(tasks(database)) == sorted([min(one, two), three])


def test_likely_duplicates_are_near_in_place_and_time_and_of_one_kind(database):
    record = logged(database, incident(at=(30.0, 5.0)))
    near = logged(database, incident(at=(30.001, 5.0)))
    nearer = logged(database, incident(at=(30.0005, 5.0)))
    logged(database, incident(at=(30.01, 5.0)))
    logged(database, hazard(at=(30.0, 5.0)))
    logged(database, incident(at=(30.0, 5.0), occurred="2026-03-10T09:00:00Z"))
    hidden = logged(database, incident(at=(30.0, 5.0)), actor=AMINA, classification="strictly_confidential")
    with database.reading() as session:
        found = [s.record["id"] for s in suggest_links(session, record, actor=PATROL, now=T0 + HOUR) if s.is_likely]
    assert found == [nearer, near]
    assert hidden not in found
