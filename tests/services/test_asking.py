"""Asking back, and many grades at once: who is asked sees it, and a batch that opens much waits."""

from __future__ import annotations

import pytest

from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.services.asking import answer_question, ask_back, list_my_questions, list_questions
from fom.services.bulk_grading import grade_many
from fom.services.judging import file_report, grade_record
from fom.services.pending import confirm_pending, list_pending
from fom.services.reporting import log_report
from fom.services.seen import mark_now
from fom.store.audit import verify_chain
from fom.store.records import list_about
from tests.services.ground import Clock, make_host, settle
from tests.services.people import (
    AMINA,
    BASIL,
    ELENA,
    HOUR,
    OTHER_PATROL,
    PARTNER,
    PATROL,
    T0,
    draft,
    hazard,
    incident,
    new_id,
    passage,
)


def logged(database, *records, actor=PATROL, **rest):
    with database.writing() as session:
        return log_report(session, draft(*records, **rest), actor=actor, now=T0)


def ask(database, report_id, text="Which side?", *, id=None, actor=AMINA, now=T0 + 1):
    with database.writing() as session:
        return ask_back(session, report_id, text, id=id or new_id(), actor=actor, now=now)


def test_the_sender_sees_the_question_until_it_is_answered(database):
    report_id = logged(database, hazard()).report_id
    question = ask(database, report_id)
    with database.reading() as session:
        assert [q["id"] for q in list_my_questions(session, actor=PATROL)] == [question["id"]]
        assert list_my_questions(session, actor=OTHER_PATROL) == []
        assert [q["text"] for q in list_questions(session, report_id, actor=BASIL)] == ["Which side?"]
        with pytest.raises(NotFound):
            list_questions(session, report_id, actor=PARTNER)
    with database.writing() as session:
        answer_question(session, question["id"], " North. ", actor=PATROL, now=T0 + 2)
    with database.reading() as session:
        assert list_my_questions(session, actor=PATROL) == []
        (told,) = list_my_questions(session, actor=PATROL, is_open=False)
        assert (told["answer"], told["answered_by"]) == ("North.", PATROL.person)
        assert verify_chain(session).is_intact


def test_a_question_is_asked_once_and_answered_once(database):
    report_id, question_id = logged(database, hazard()).report_id, new_id()
    assert ask(database, report_id, id=question_id) == ask(database, report_id, id=question_id)
    with pytest.raises(Conflict):
        ask(database, report_id, "What colour?", id=question_id)
    with database.writing() as session:
        answer_question(session, question_id, "North", actor=AMINA, now=T0 + 2)
    with pytest.raises(Conflict), database.writing() as session:
        answer_question(session, question_id, "South", actor=PATROL, now=T0 + 3)


def test_who_may_not_judge_does_not_ask_and_who_did_not_send_does_not_answer(database):
    report_id = logged(database, hazard()).report_id
    with pytest.raises(NotPermitted):
        ask(database, report_id, actor=OTHER_PATROL)
    question = ask(database, report_id)
    with pytest.raises(NotFound), database.writing() as session:
        answer_question(session, question["id"], "North", actor=OTHER_PATROL, now=T0 + 2)
    with pytest.raises(NotPermitted), database.writing() as session:
        answer_question(session, question["id"], "North", actor=ELENA, now=T0 + 2)
    with pytest.raises(InvalidInput):
        ask(database, report_id, "  ")


def test_no_more_than_ten_questions_are_open_about_one_report(database):
    report_id = logged(database, hazard()).report_id
    for number in range(10):
        ask(database, report_id, f"Question {number}?")
    with pytest.raises(Conflict, match="open already"):
        ask(database, report_id, "One more?")


def test_the_mark_rises_with_what_is_said_and_another_officer_is_told(database):
    record_id = logged(database, hazard()).record_ids[0]
    with database.reading() as session:
        before = mark_now(session)
    with database.writing() as session:
        grade_record(session, record_id, "B3", seen=before, actor=AMINA, now=T0 + 1)
    with database.reading() as session:
        assert mark_now(session) > before == T0
    with pytest.raises(Conflict, match="moved on") as refused, database.writing() as session:
        grade_record(session, record_id, "B2", seen=before, actor=BASIL, now=T0 + 2)
    assert [d["by"] for d in refused.value.details["differs"]] == [AMINA.person]
    with database.writing() as session:  # one's own last word does not stand in one's way
        grade_record(session, record_id, "B2", seen=before, actor=AMINA, now=T0 + 2)


@pytest.mark.parametrize(("most", "waits"), [(2, True), (3, False)])
def test_a_batch_that_improves_too_many_roads_waits_for_a_second_person(database, monkeypatch, most, waits):
    settle(database)
    clock = Clock(T0 + 400 * HOUR)
    host = make_host(database, clock)
    monkeypatch.setattr("fom.services.judging.BULK_SEGMENTS", most)  # the drawn area has four roads
    ids = []
    for name in ("west", "middle", "east"):
        with database.writing() as session:
            sent = draft(passage(name, occurred=T0 + 399 * HOUR, track="stated"))
            ids += log_report(session, sent, actor=PATROL, now=T0 + 400 * HOUR).record_ids
    robbed = logged(database, incident(), actor=PATROL).record_ids[0]
    host.follow()
    with database.writing() as session:
        grades = dict.fromkeys(ids, "B2") | {robbed: "B2"}
        outcomes = grade_many(session, grades, actor=AMINA, now=clock.now, host=host)
    assert [outcomes[name].pending_id is not None for name in ids] == [waits] * 3
    assert outcomes[robbed].record_id, "what worsens never waits"
    with database.reading() as session:
        assert {act["why"] for act in list_pending(session, actor=BASIL)} == ({"many_segments"} if waits else set())
    if waits:
        with database.writing() as session:
            done = confirm_pending(session, outcomes[ids[0]].pending_id, actor=BASIL, now=clock.now + 1)
        assert done.record_id


def test_a_batch_with_one_bad_grade_sets_none(database):
    settle(database)
    host = make_host(database, Clock())
    one = logged(database, incident()).record_ids[0]
    host.follow()
    with pytest.raises(NotFound), database.writing() as session:
        grade_many(session, {one: "B2", new_id(): "B2"}, actor=AMINA, now=T0 + 1, host=host)
    with database.reading() as session:
        assert [row for row in list_about(session, one) if row.kind == "grade"] == []


def test_a_report_of_words_is_filed_with_a_reason_and_one_with_an_ungraded_record_is_not(database):
    words = logged(database, words="nothing of note").report_id
    item = logged(database, hazard()).report_id
    with database.writing() as session:
        file_report(session, words, reason="nothing to place", actor=AMINA, now=T0 + 1)
        with pytest.raises(Conflict, match="not graded"):
            file_report(session, item, reason="old", actor=AMINA, now=T0 + 1)
        with pytest.raises(InvalidInput):
            file_report(session, words, reason=" ", actor=AMINA, now=T0 + 1)
