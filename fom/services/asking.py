"""Asking back: a question of the desk about a report, which its sender sees and answers. Nothing is judged by it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require, visible
from fom.domain.instants import format_instant
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.services.drafts import check_uuid
from fom.services.writing import note, step
from fom.store.reports import find_report
from fom.store.tables import Report, ReportQuestion

TEXT_MAX = 2000
OPEN_MAX = 10
"""Questions that may be open about one report: whoever is asked more answers none."""


def ask_back(session: Session, report_id: str, text: str, *, id: str, actor: Actor, now: int) -> dict[str, Any]:
    """Ask the sender of a report; the same question sent again gives the first result.

    Raises
    ------
    InvalidInput
        No text, or too long a one, or no UUID.
    NotFound
        No such report for this actor.
    Conflict
        The id was used for another question, or too many are open.
    """
    require(actor, "grade")
    errors: list[FieldError] = []
    question_id, words = check_uuid(id, "id", errors), _words(text, "text", errors)
    if errors:
        raise InvalidInput(errors)
    at = step(session, now)
    _visible_report(session, report_id, actor)
    known = session.get(ReportQuestion, question_id, populate_existing=True)
    if known is not None:
        if (known.report_id, known.text) != (report_id, words):
            raise Conflict(f"question {question_id} came before with other words")
        return _plain(known)
    if sum(question.answered_at is None for question in _of_report(session, report_id)) >= OPEN_MAX:
        raise Conflict(f"{OPEN_MAX} questions about this report are open already", why="too_many")
    question = ReportQuestion(id=question_id, report_id=report_id, asked_by=actor.person, asked_at=at, text=words)
    session.add(question)
    subject = ("report", report_id)
    note(session, "ask_back", subject, kind="report", actor=actor, at=at, details={"question": question_id})
    return _plain(question)


def answer_question(session: Session, question_id: str, answer: str, *, actor: Actor, now: int) -> dict[str, Any]:
    """Answer a question: the sender of the report, or the desk with what he said by voice.

    Raises
    ------
    InvalidInput
        No answer, or too long a one.
    NotFound
        No such question for this actor.
    Conflict
        Answered already in other words.
    """
    errors: list[FieldError] = []
    words = _words(answer, "answer", errors)
    if errors:
        raise InvalidInput(errors)
    at = step(session, now)
    question = session.get(ReportQuestion, question_id, populate_existing=True)
    if question is None:
        raise NotFound("question", question_id)
    report = _visible_report(session, question.report_id, actor, name=("question", question_id))
    if report.by != actor.person:
        require(actor, "amend_report")
    if question.answered_at is not None:
        if question.answer == words:
            return _plain(question)
        raise Conflict("this question was answered already", answer=question.answer, answered_by=question.answered_by)
    question.answer, question.answered_at, question.answered_by = words, at, actor.person
    subject = ("report", question.report_id)
    note(session, "answer_question", subject, kind="report", actor=actor, at=at, details={"question": question_id})
    return _plain(question)


def list_questions(session: Session, report_id: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the questions about a report, oldest first: to its sender, and to who may read reports."""
    report = _visible_report(session, report_id, actor)
    if report.by != actor.person:
        require(actor, "read_reports")
    return [_plain(question) for question in _of_report(session, report_id)]


def list_my_questions(
    session: Session, *, actor: Actor, is_open: bool | None = True, is_mine: bool = True
) -> list[dict[str, Any]]:
    """Return the questions about the reports that the actor sent, oldest first; or about all that he may see."""
    query = select(ReportQuestion, Report).join(Report, Report.id == ReportQuestion.report_id)
    if is_mine:
        query = query.where(Report.by == actor.person)
    else:
        require(actor, "read_reports")
    if is_open is not None:
        query = query.where(
            ReportQuestion.answered_at.is_(None) if is_open else ReportQuestion.answered_at.is_not(None)
        )
    rows = session.execute(query.order_by(ReportQuestion.asked_at, ReportQuestion.id))
    return [
        _plain(question) | {"form": report.form, "received": format_instant(report.received)}
        for question, report in rows
        if visible(actor, report)
    ]


def _visible_report(session: Session, report_id: str, actor: Actor, *, name: tuple[str, str] | None = None) -> Report:
    report = find_report(session, report_id)
    sees = report is not None and (report.by == actor.person or (may(actor, "read_reports") and visible(actor, report)))
    if report is None or not sees:
        raise NotFound(*(name or ("report", report_id)))
    return report


def _of_report(session: Session, report_id: str) -> list[ReportQuestion]:
    query = select(ReportQuestion).where(ReportQuestion.report_id == report_id)
    return list(session.scalars(query.order_by(ReportQuestion.asked_at, ReportQuestion.id)))


def _words(text: str, name: str, errors: list[FieldError]) -> str:
    words = text.strip()
    if not words or len(words) > TEXT_MAX or "\x00" in words:
        came = repr(words[:40]) if words else "nothing"
        errors.append(FieldError(name, came, f"words, at most {TEXT_MAX} characters"))
    return words


def _plain(question: ReportQuestion) -> dict[str, Any]:
    answered = question.answered_at
    return {
        "id": question.id,
        "report_id": question.report_id,
        "asked_by": question.asked_by,
        "asked_at": format_instant(question.asked_at),
        "text": question.text,
        "answered_by": question.answered_by,
        "answered_at": None if answered is None else format_instant(answered),
        "answer": question.answer,
    }
