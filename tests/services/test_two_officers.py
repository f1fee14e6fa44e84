"""Two officers on one record: whoever is slower is told what the first did, and nothing of the first is overwritten."""

from __future__ import annotations

import threading

import pytest

from fom.errors import Conflict
from fom.services.closing import log_closing_act
from fom.services.judging import file_report, grade_record, link_records, retract_record
from fom.services.pending import withdraw_pending
from fom.services.reporting import amend_report, log_report
from fom.services.seen import mark_now
from fom.store.records import list_about
from tests.services.people import AMINA, BASIL, ELENA, EMIL, PATROL, T0, draft, hazard, incident, new_id, person

DESTROYED = {"kind": "closing_act", "act": "destroyed", "authority": "eod"}


def logged(database, record, **rest):
    with database.writing() as session:
        return log_report(session, draft(record, **rest), actor=PATROL, now=T0)


def mark(database):
    with database.reading() as session:
        return mark_now(session)


def close(session, record_id, *, seen, actor, now):
    feature = {"type": "Feature", "geometry": None, "properties": DESTROYED | {"closes": [record_id]}}
    return log_closing_act(session, feature, id=new_id(), seen=seen, actor=actor, now=now)


def test_of_twenty_who_judge_at_once_one_wins_and_all_others_are_told(database):
    record_id = logged(database, incident()).record_ids[0]
    seen, barrier = mark(database), threading.Barrier(20)
    won, told = [], []

    def judge(number):
        officer = person(f"officer{number}", "duty_officer")
        barrier.wait()
        try:
            with database.writing() as session:
                grade_record(session, record_id, f"{'ABCDEF'[number % 6]}3", seen=seen, actor=officer, now=T0 + 1)
            won.append(officer.person)
        except Conflict as refused:
            told.append([differs["by"] for differs in refused.details["differs"]])

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert told == [won] * 19
    with database.reading() as session:
        assert [row.by for row in list_about(session, record_id) if row.kind == "grade"] == won


@pytest.mark.parametrize("act", ["grade", "link", "retract", "close"])
def test_what_was_only_proposed_is_told_too(database, act):
    record_id, other_id = logged(database, hazard()).record_ids[0], logged(database, hazard()).record_ids[0]
    seen = mark(database)
    with database.writing() as session:
        pending = grade_record(session, record_id, "E5", seen=seen, actor=AMINA, now=T0 + 1)
    assert pending.pending_id is not None
    acts = {
        "grade": lambda s: grade_record(s, record_id, "B2", seen=seen, actor=BASIL, now=T0 + 2),
        "link": lambda s: link_records(s, "duplicate", [record_id, other_id], seen=seen, actor=BASIL, now=T0 + 2),
        "retract": lambda s: retract_record(s, record_id, reason="x", seen=seen, actor=BASIL, now=T0 + 2),
        "close": lambda s: close(s, record_id, seen=seen, actor=ELENA, now=T0 + 2),
    }
    with pytest.raises(Conflict, match="moved on") as refused, database.writing() as session:
        acts[act](session)
    (differs,) = refused.value.details["differs"]
    assert (differs["kind"], differs["said"], differs["by"], differs["waits"]) == ("grade", "E5", AMINA.person, True)
    with database.reading() as session:
        assert list_about(session, record_id) == []


def test_what_was_proposed_and_fell_is_told_once_it_fell(database):
    record_id = logged(database, hazard()).record_ids[0]
    with database.writing() as session:
        first = close(session, record_id, seen=mark(database), actor=ELENA, now=T0 + 1)
    seen = mark(database)
    with database.writing() as session:
        withdraw_pending(session, first.pending_id, reason="wrong item", actor=ELENA, now=T0 + 2)
    with pytest.raises(Conflict) as refused, database.writing() as session:
        close(session, record_id, seen=seen, actor=EMIL, now=T0 + 3)
    assert [d["said"] for d in refused.value.details["differs"]] == ["destroyed withdrawn"]
    with database.writing() as session:  # looked at again, it goes
        assert close(session, record_id, seen=mark(database), actor=EMIL, now=T0 + 4).pending_id is not None


def test_what_happens_to_other_records_is_in_nobodys_way(database):
    record_id, other_id = logged(database, incident()).record_ids[0], logged(database, incident()).record_ids[0]
    seen = mark(database)
    with database.writing() as session:
        grade_record(session, other_id, "B2", seen=seen, actor=AMINA, now=T0 + 1)
    with database.writing() as session:
        assert grade_record(session, record_id, "B2", seen=seen, actor=BASIL, now=T0 + 2).record_id is not None


@pytest.mark.parametrize("moved", ["amended", "filed"])
def test_a_report_that_was_moved_on_is_not_filed_unseen(database, moved):
    report_id = log_words(database)
    seen = mark(database)
    with database.writing() as session:
        if moved == "amended":
            amend_report(session, report_id, draft(words="near the mill"), base_version=1, actor=PATROL, now=T0 + 1)
        else:
            file_report(session, report_id, reason="thunder", seen=seen, actor=AMINA, now=T0 + 1)
    with pytest.raises(Conflict) as refused, database.writing() as session:
        file_report(session, report_id, reason="nothing", seen=seen, actor=BASIL, now=T0 + 2)
    assert [d["kind"] for d in refused.value.details["differs"]] == [
        "amend_report" if moved == "amended" else "file_report"
    ]


def log_words(database):
    with database.writing() as session:
        return log_report(session, draft(words="a loud bang"), actor=PATROL, now=T0).report_id
