"""Questions asked back about reports: the desk asks, the sender sees them and answers."""

from __future__ import annotations

from typing import Any, Literal

from flask import jsonify
from pydantic import BaseModel, Field

from fom.services import asking
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.reports import ReportPath
from fom.web.api.shapes import Body, InstantText, Uuid
from fom.web.edge import reading, writing

api = family("questions", "Questions of the desk to whoever sent a report, and their answers")


class Question(BaseModel):
    """A question about a report; `answer` is null while it is open."""

    id: str
    report_id: str
    asked_by: str
    asked_at: InstantText
    text: str
    answered_by: str | None
    answered_at: InstantText | None
    answer: str | None
    form: str | None = Field(None, description="Of the report; in the list of all questions")
    received: InstantText | None = Field(None, description="Of the report; in the list of all questions")


class Questions(BaseModel):
    """Questions, oldest first."""

    questions: list[Question]


class Asked(Body):
    """A question."""

    id: Uuid = Field(description="UUID made by who asks: sending it again is harmless")
    text: str = Field(min_length=1, max_length=asking.TEXT_MAX)


class Answer(Body):
    """The answer to a question."""

    answer: str = Field(min_length=1, max_length=asking.TEXT_MAX)


class QuestionPath(BaseModel):
    """Which question."""

    question_id: Uuid


class QuestionsQuery(Body):
    """Which questions."""

    mine: Literal["0", "1"] = Field("1", description="1: about reports of this account; 0: about all it may read")
    state: Literal["open", "answered", "all"] = "open"


@api.get("/reports/<report_id>/questions", responses={"200": Questions, **MISSING})
@allows("send_report", "read_reports")
def list_questions(path: ReportPath) -> Any:
    """List the questions about a report: for its sender and for who may read reports."""
    with reading() as session:
        return jsonify(questions=asking.list_questions(session, path.report_id, actor=current_actor()))


@api.post("/reports/<report_id>/questions", responses={"200": Question, **MISSING, **CONFLICT, **BODY})
@allows("grade")
def ask(path: ReportPath, body: Asked) -> Any:
    """Ask the sender of a report; he sees the question until it is answered."""
    with writing() as (session, now):
        question = asking.ask_back(session, path.report_id, body.text, id=body.id, actor=current_actor(), now=now)
    return jsonify(question)


@api.get("/questions", responses={"200": Questions})
@allows("send_report", "read_reports")
def list_mine(query: QuestionsQuery) -> Any:
    """List the questions that need this account, or all about the reports that it may read."""
    is_open = {"open": True, "answered": False, "all": None}[query.state]
    with reading() as session:
        found = asking.list_my_questions(session, actor=current_actor(), is_open=is_open, is_mine=query.mine == "1")
    return jsonify(questions=found)


@api.post("/questions/<question_id>/answer", responses={"200": Question, **MISSING, **CONFLICT, **BODY})
@allows("send_report", "amend_report")
def answer(path: QuestionPath, body: Answer) -> Any:
    """Answer a question: as the sender, or at the desk with what he said by voice."""
    with writing() as (session, now):
        question = asking.answer_question(session, path.question_id, body.answer, actor=current_actor(), now=now)
    return jsonify(question)
