"""Judgements on the records of a report: grades, retractions, links."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from flask import jsonify
from pydantic import Field

from fom.errors import NotFound
from fom.services import judging, reporting
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.reports import ReportPath
from fom.web.api.shapes import Body, Id, Outcome, Text
from fom.web.edge import writing

api = family("reports", "What people sent, its versions, and the judgements on its records", "judging")

ACT: dict[Any, Any] = {"200": Outcome, **MISSING, **CONFLICT, **BODY}


Seen = Annotated[
    int | None, Field(ge=0, le=2**53, description="Mark of the record's outlook; 409 when somebody judged it since")
]


class GradeBody(Body):
    """A grader's judgement of one record of the report."""

    record_id: Id
    grade: str = Field(pattern="^[A-F][1-6]$", description="Source A-F, information 1-6")
    eod_confirmed: bool = False
    seen: Seen = None


class RetractBody(Body):
    """Which record of the report is taken back, and why."""

    record_id: Id
    reason: Text = Field(min_length=1)
    seen: Seen = None


class LinkBody(Body):
    """Records of one kind that belong together; one of them is of this report."""

    relation: Literal["duplicate", "same_incident", "conflict"]
    members: list[Id] = Field(min_length=2, max_length=100)


def _check_member(session: Any, report_id: str, *record_ids: str) -> None:
    """Refuse with NotFound unless the report, as this account may see it, holds one of the records."""
    report = reporting.get_report(session, report_id, actor=current_actor())
    if not {feature["id"] for feature in report["records"]} & set(record_ids):
        raise NotFound("record", record_ids[0])


@api.post("/reports/<report_id>/grade", responses=ACT)
@allows("grade")
def grade(path: ReportPath, body: GradeBody) -> Any:
    """Grade a record; lowering the confidence of an explosive or physical fact waits for a second person."""
    with writing() as (session, now):
        _check_member(session, path.report_id, body.record_id)
        outcome = judging.grade_record(
            session, body.record_id, body.grade, eod_confirmed=body.eod_confirmed, seen=body.seen,
            actor=current_actor(), now=now,
        )  # fmt: skip
    return jsonify(asdict(outcome))


@api.post("/reports/<report_id>/retract", responses=ACT)
@allows("retract")
def retract(path: ReportPath, body: RetractBody) -> Any:
    """Take a record back; of explosive and physical facts this needs two persons."""
    with writing() as (session, now):
        _check_member(session, path.report_id, body.record_id)
        outcome = judging.retract_record(
            session, body.record_id, reason=body.reason, seen=body.seen, actor=current_actor(), now=now
        )
    return jsonify(asdict(outcome))


@api.post("/reports/<report_id>/link", responses=ACT)
@allows("link")
def link(path: ReportPath, body: LinkBody) -> Any:
    """Link records as duplicates, as one incident, or as contradicting each other."""
    with writing() as (session, now):
        _check_member(session, path.report_id, *body.members)
        outcome = judging.link_records(session, body.relation, body.members, actor=current_actor(), now=now)
    return jsonify(asdict(outcome))
