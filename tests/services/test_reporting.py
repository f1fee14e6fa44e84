"""Reports: logged once however often sent, amended without losing anything, kept when they contradict."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from fom.domain.instants import format_instant
from fom.errors import Conflict, InvalidInput, KeptConflict, NotFound, NotPermitted
from fom.services.drafts import parse_report
from fom.services.reporting import amend_report, get_report, list_reports, log_report
from fom.store.database import Database
from fom.store.records import find_record, list_of_changes, retracted_ids
from fom.store.tables import Audit, Change, RecordRow, Report, ReportConflict, ReportVersion
from tests.services.people import (
    AMINA,
    AUDITOR,
    OTHER_PATROL,
    PARTNER,
    PATROL,
    T0,
    bridge_down,
    draft,
    hazard,
    incident,
    new_id,
    passage,
    person,
)


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def log(database: Database, sent, *, actor=PATROL, now=T0):
    with database.writing() as session:
        return log_report(session, sent, actor=actor, now=now)


def test_a_report_becomes_a_version_records_an_audit_line_and_a_change(database):
    logged = log(database, draft(hazard(), words="wires in the road"))
    assert logged.is_new
    assert (logged.version, logged.triage) == (1, "new")
    with database.reading() as session:
        row = find_record(session, logged.record_ids[0])
        assert (row.kind, row.received, row.by, row.grade) == ("explosive", T0, PATROL.person, None)
        assert row.change_number == logged.change
        assert [r.id for r in list_of_changes(session, after=0, up_to=logged.change)] == list(logged.record_ids)
        line = session.scalars(select(Audit)).one()
        assert (line.action, line.subject_id, line.actor) == ("log_report", logged.report_id, PATROL.person)
        assert "wires" not in str(line.details)


def test_the_same_report_sent_again_gives_the_first_result_and_writes_nothing(database):
    sent = draft(hazard())
    first = log(database, sent)
    again = log(database, sent, now=T0 + 5)
    assert not again.is_new
    assert (again.report_id, again.version, again.record_ids) == (first.report_id, 1, first.record_ids)
    assert [count(database, table) for table in (Report, ReportVersion, RecordRow, Audit, Change)] == [1] * 5


def test_twenty_at_once_make_one_report(database):
    sent = draft(hazard(), incident())
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda n: log(database, sent, now=T0 + n), range(20)))
    assert sum(r.is_new for r in results) == 1
    assert {r.record_ids for r in results} == {results[0].record_ids}
    assert [count(database, table) for table in (Report, ReportVersion, RecordRow, Change)] == [1, 1, 2, 1]


def test_another_body_with_the_same_uuid_is_refused_and_both_are_kept_for_triage(database):
    sent = draft(hazard())
    log(database, sent)
    other = replace(sent, words="something else")
    for _ in range(2):
        with pytest.raises(KeptConflict):
            log(database, other, actor=OTHER_PATROL)
    assert count(database, ReportConflict) == 1
    assert count(database, RecordRow) == 1
    with database.reading() as session:
        report = get_report(session, sent.id, actor=AMINA)
    assert report["triage"] == "conflict"
    assert [c["body"]["words"] for c in report["conflicts"]] == ["something else"]


def test_every_bad_field_is_named_at_once():
    with pytest.raises(InvalidInput) as refused:
        parse_report({"id": "7", "form": "poem", "wrds": "x", "records": ["what"], "device_time": "yesterday"})
    fields = {error.field for error in refused.value.errors}
    assert fields == {"id", "form", "wrds", "records[0]", "device_time"}


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (hazard(at=(0.0, 0.0)), "geometry"),
        (hazard(at=(191.2, 5.0)), "geometry"),
        (hazard(grade="A1"), "grade"),
        (hazard(eod_confirmed=True), "eod_confirmed"),
        (hazard(received="2026-03-10T12:00:00Z"), "received"),
        (passage("s", occurred=T0, authenticated=True), "authenticated"),
        ({"type": "Feature", "geometry": None, "properties": {"kind": "closing_act"}}, "kind"),
    ],
)
def test_what_a_reporter_may_not_say_is_refused_and_nothing_is_written(database, record, field):
    with pytest.raises(InvalidInput) as refused:
        log(database, draft(record))
    assert any(field in error.field for error in refused.value.errors)
    assert count(database, Report) == count(database, Audit) == 0


def test_a_report_without_a_place_is_accepted_into_its_own_triage(database):
    assert log(database, draft(hazard(at=None))).triage == "no_place"
    assert log(database, draft(bridge_down())).triage == "new"


def test_a_gps_passage_counts_as_authenticated_only_from_a_unit_account(database):
    of_unit = log(database, draft(passage("s", occurred=T0)))
    of_partner = log(database, draft(passage("s", occurred=T0)), actor=PARTNER)
    with database.reading() as session:
        assert find_record(session, of_unit.record_ids[0]).properties["authenticated"] is True
        assert not find_record(session, of_partner.record_ids[0]).properties.get("authenticated")
    assert (of_unit.triage, of_partner.triage) == ("done", "new")


def test_those_without_the_right_cannot_report(database):
    with pytest.raises(NotPermitted):
        log(database, draft(hazard()), actor=AUDITOR)


def test_a_late_report_keeps_its_own_time_and_counts_from_its_receipt(database):
    logged = log(database, draft(incident(occurred=format_instant(T0 - 10**10))), now=T0)
    with database.reading() as session:
        row = find_record(session, logged.record_ids[0])
    assert (row.occurred, row.received) == (T0 - 10**10, T0)


def test_an_amendment_keeps_what_is_unchanged_and_replaces_the_rest(database):
    first = draft(incident(), passage("s", occurred=T0))
    logged = log(database, first)
    changed = draft(incident(type="fire_on_movement"), passage("s", occurred=T0), form="incident")
    with database.writing() as session:
        amended = amend_report(session, first.id, changed, base_version=1, actor=PATROL, now=T0 + 10)
    assert (amended.version, amended.pending_ids) == (2, ())
    assert logged.record_ids[1] in amended.record_ids
    with database.reading() as session:
        assert retracted_ids(session, known_at=T0 + 10) == {logged.record_ids[0]}
        assert retracted_ids(session, known_at=T0 + 9) == set()


def test_an_amended_hazard_stays_until_a_second_person_takes_the_old_one_back(database):
    first = draft(hazard())
    logged = log(database, first)
    moved = draft(hazard(at=(30.1, 5.0)))
    with database.writing() as session:
        amended = amend_report(session, first.id, moved, base_version=1, actor=PATROL, now=T0 + 10)
    assert len(amended.pending_ids) == 1
    with database.reading() as session:
        assert retracted_ids(session, known_at=T0 + 10) == set()
        report = get_report(session, first.id, actor=AMINA)
    assert logged.record_ids[0] not in [r["id"] for r in report["records"]]


def test_a_stale_amendment_is_refused_and_an_amendment_sent_again_is_not_doubled(database):
    first, second, third = draft(incident()), draft(incident(type="crossfire")), draft(incident(type="detonation"))
    log(database, first)
    for _ in range(2):
        with database.writing() as session:
            amended = amend_report(session, first.id, second, base_version=1, actor=PATROL, now=T0 + 10)
    assert (amended.version, amended.is_new) == (2, False)
    with pytest.raises(Conflict) as stale, database.writing() as session:
        amend_report(session, first.id, third, base_version=1, actor=PATROL, now=T0 + 20)
    assert stale.value.details["current"] == 2
    assert count(database, ReportVersion) == 2


def test_reports_are_seen_by_those_cleared_for_them_and_by_their_sender(database):
    logged = log(database, draft(hazard(), classification="strictly_confidential"))
    with database.reading() as session:
        assert get_report(session, logged.report_id, actor=PATROL)["id"] == logged.report_id
        for stranger in (AMINA, OTHER_PATROL, PARTNER):
            with pytest.raises(NotFound) as hidden:
                get_report(session, logged.report_id, actor=stranger)
            with pytest.raises(NotFound) as absent:
                get_report(session, new_id(), actor=stranger)
            assert type(hidden.value) is type(absent.value)
        assert list_reports(session, actor=AMINA) == []
        cleared = person("head", "duty_officer", clearance="strictly_confidential")
        assert [r["id"] for r in list_reports(session, actor=cleared)] == [logged.report_id]


def test_a_reporter_of_another_area_does_not_see_the_report(database):
    logged = log(database, draft(hazard(), area="north"))
    southerner = person("s", "duty_officer", areas=("south",))
    northerner = person("n", "duty_officer", areas=("north",))
    with database.reading() as session:
        assert list_reports(session, actor=southerner) == []
        assert [r["id"] for r in list_reports(session, actor=northerner)] == [logged.report_id]


def test_receipts_follow_the_order_of_changes_when_the_clock_is_set_back(database):
    log(database, draft(hazard()), now=T0)
    late = log(database, draft(hazard()), now=T0 - 10**9)
    with database.reading() as session:
        assert find_record(session, late.record_ids[0]).received == T0 + 1
