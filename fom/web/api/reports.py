"""Reports: log, read, amend, and judge what they say."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from flask import jsonify, request
from pydantic import BaseModel, ConfigDict, Field

from fom.services import reporting
from fom.services.drafts import RECORDS_MAX, REPORT_FORMS, parse_report
from fom.services.form_records import with_records
from fom.services.form_words import LANGUAGES, describe_forms
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.record_shapes import ReportedRecord
from fom.web.api.shapes import Body, Classification, Instant, InstantText, Logged, Uuid
from fom.web.edge import edge, reading, writing

api = family("reports", "What people sent, its versions, and the judgements on its records")


class Report(Body):
    """A report as sent. The server sets receipt and sender."""

    id: Uuid = Field(description="Of this version; sending the same report again is harmless")
    form: Literal[REPORT_FORMS]  # type: ignore[valid-type]
    words: str | None = Field(None, max_length=20_000)
    place_text: str | None = Field(None, max_length=500, description="The place as the person said it")
    time_text: str | None = Field(None, max_length=200, description="The time as the person said it, with its zone")
    device_time: Instant | None = None
    device_offset_s: float | None = Field(None, ge=-(2**53), le=2**53)
    device_sequence: int | None = Field(None, ge=-(2**53), le=2**53)
    classification: Classification = "confidential"
    unit: str | None = Field(None, max_length=80)
    area: str | None = Field(None, max_length=64)
    answers: dict[str, Any] | None = Field(
        None, description="By question of the form (`GET /forms`), in place of records: these follow from the answers"
    )
    records: list[ReportedRecord] = Field(default_factory=list, max_length=RECORDS_MAX)


class Amendment(Report):
    """A new version of a report, with the version it was made from."""

    base_version: int = Field(ge=1, le=2**31 - 1)


class ReportHead(BaseModel):
    """A report without its text."""

    model_config = ConfigDict(extra="allow")

    id: str
    form: str
    version: int
    triage: str
    classification: str
    by: str
    received: InstantText


class ReportOut(ReportHead):
    """A report with its versions, and what its records say and what was said about them."""

    versions: list[dict[str, Any]]
    records: list[dict[str, Any]]
    about: dict[str, list[dict[str, Any]]] = Field(description="Record id -> judgements and acts on it")
    pending: list[dict[str, Any]] = Field(description="Acts that wait for a second person")
    evidence: list[dict[str, Any]] = Field(description="Photos that this account may see, as `GET /evidence/{id}`")
    conflicts: list[dict[str, Any]] = Field(description="Other bodies that came with the id of a version")


class Reports(BaseModel):
    """Heads of reports, newest first."""

    reports: list[ReportHead]


class ReportPath(BaseModel):
    """Which report."""

    report_id: Uuid


class ReportsQuery(Body):
    """Which reports."""

    triage: Literal["new", "no_place", "conflict", "done"] | None = None
    since: Instant | None = None
    limit: int = Field(100, ge=1, le=1000)


class FormsQuery(Body):
    """In which language."""

    language: Literal[LANGUAGES] = "en"  # type: ignore[valid-type]


class QuestionOut(BaseModel):
    """A question of a form."""

    model_config = ConfigDict(extra="allow")

    code: str
    kind: str
    words: str
    is_flash: bool = Field(description="Asked at once; the others may follow as a new version")
    is_required: bool
    longest: int | None = Field(description="Of a text: characters that a client lets somebody type")
    answers: list[dict[str, str]]


class FormOut(BaseModel):
    """A form with its questions."""

    code: str
    title: str
    sign: str
    warning: str | None
    questions: list[QuestionOut]


class Forms(BaseModel):
    """All report forms in one language."""

    language: str
    direction: Literal["ltr", "rtl"]
    words_longest: int = Field(
        description="Characters of the words beside the answers that a client lets somebody type"
    )
    forms: list[FormOut]


@api.get("/forms", responses={"200": Forms})
@allows("send_report")
def get_forms(query: FormsQuery) -> Any:
    """Return every report form with its questions, in words."""
    return jsonify(describe_forms(query.language))


@api.post("/reports", responses={"200": Logged, "201": Logged, **CONFLICT, **BODY})
@allows("send_report")
def post_report(body: Report) -> Any:  # noqa: ARG001 - the model checks the form, the service reads what was sent
    """Log a report with its records; 201 when new, 200 when the same report was stored before."""
    draft = parse_report(request.get_json())
    with writing() as (session, now):
        host, actor = edge().host, current_actor()
        draft = with_records(session, draft, actor=actor, network=host.network, router=host.router)
        logged = reporting.log_report(session, draft, actor=actor, now=now, network=host.network, names=host.names)
    return jsonify(asdict(logged)), 201 if logged.is_new else 200


@api.get("/reports", responses={"200": Reports})
@allows("send_report", "read_reports")
def list_reports(query: ReportsQuery) -> Any:
    """List reports that the account may see, newest first."""
    with reading() as session:
        rows = reporting.list_reports(session, actor=current_actor(), **query.model_dump())
    return jsonify(reports=rows)


@api.get("/reports/<report_id>", responses={"200": ReportOut, **MISSING})
@allows("send_report", "read_reports")
def get_report(path: ReportPath) -> Any:
    """Return a report with its versions, records, judgements and acts that wait for a second person."""
    with reading() as session:
        return jsonify(reporting.get_report(session, path.report_id, actor=current_actor()))


@api.post("/reports/<report_id>/versions", responses={"200": Logged, "201": Logged, **MISSING, **CONFLICT, **BODY})
@allows("send_report")
def post_version(path: ReportPath, body: Amendment) -> Any:
    """Amend a report: `id` is the new version's, `base_version` the version that was edited; 409 when it is stale."""
    draft = parse_report({k: v for k, v in request.get_json().items() if k != "base_version"})
    with writing() as (session, now):
        host, actor = edge().host, current_actor()
        draft = with_records(session, draft, actor=actor, network=host.network, router=host.router)
        logged = reporting.amend_report(
            session,
            path.report_id,
            draft,
            base_version=body.base_version,
            actor=actor,
            now=now,
            network=host.network,
            names=host.names,
        )
    return jsonify(asdict(logged)), 201 if logged.is_new else 200
