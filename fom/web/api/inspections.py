"""Inspections by form and studies of key routes, for programs: read those of one thing, send one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from flask import jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.services.inspecting import INSPECT_ACTIONS, InspectionDraft, list_inspections, record_inspection
from fom.services.report_inspections import accept_inspection, take_back_report
from fom.services.route_studies import StudyDraft, list_studies, sign_study
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.reports import ReportPath
from fom.web.api.shapes import Body, Classification, Id, Instant, Logged, Text, Uuid
from fom.web.edge import edge, reading, writing

api = family("inspections", "Inspections and route studies")
SubjectKind = Literal["air_head", "crossing", "site", "asset", "control_point"]


class SubjectQuery(BaseModel):
    """What was inspected."""

    model_config = ConfigDict(extra="forbid")

    subject_kind: SubjectKind
    subject_id: Id


class NewInspection(Body):
    """An inspection or a completed landing; `findings` by the form's own names."""

    id: Uuid
    subject_kind: SubjectKind
    subject_id: Id
    form: Literal["air_head", "landing", "closure", "lifting", "crossing", "control_point", "access", "asset"]
    inspected_at: Instant
    inspected_by: Text = Field(min_length=1)
    status: str | None = Field(None, max_length=24)
    findings: dict[str, Any] = Field(default_factory=dict)
    notes: str = Field("", max_length=4000)
    next_review: Instant | None = None


class Kept(BaseModel):
    """What is kept."""

    model_config = ConfigDict(extra="allow")

    id: str


class Inspections(BaseModel):
    """Inspections of one thing, newest first."""

    inspections: list[Kept]


class Accepted(Body):
    """A report accepted as an inspection."""

    subject_id: Id | None = Field(
        None, description="Which of the assets near its place it means, where there are several"
    )


class TakenBack(Body):
    """Why a report is taken back."""

    reason: Text = Field(min_length=1, max_length=2000)


class StudyQuery(BaseModel):
    """Of which route; left out = of all."""

    model_config = ConfigDict(extra="forbid")

    route_id: Id | None = None


class NewStudy(Body):
    """A study of a key route, signed by who sends it."""

    id: Uuid
    route_id: Id
    author: Text = Field(min_length=1)
    studied_at: Instant
    review_by: Instant
    summary: Text = Field(min_length=1)
    points: list[dict[str, Any]] = Field(default_factory=list, max_length=200)
    stated_class: str = Field("", max_length=60, description="Such as 6.7m/Y/30/5m(OB)(W); ? where not known")
    classification: Classification = "confidential"


class Studies(BaseModel):
    """Studies, newest first."""

    studies: list[Kept]


@api.get("/inspections", responses={"200": Inspections, **MISSING})
@allows("read_picture")
def get_inspections(query: SubjectQuery) -> Any:
    """List the inspections of an air head, crossing, site or asset, newest first."""
    with reading() as session:
        found = list_inspections(
            session, query.subject_kind, query.subject_id, actor=current_actor(), network=edge().host.network
        )
    return jsonify(inspections=found)


@api.post("/inspections", responses={"200": Kept, **MISSING, **CONFLICT, **BODY})
@allows(*INSPECT_ACTIONS.values())
def post_inspection(body: NewInspection) -> Any:
    """Keep an inspection; sent again it gives the first result. A limit or damage of an asset becomes a report."""
    host = edge().host
    draft, actor = InspectionDraft(**body.model_dump()), current_actor()
    with writing() as (session, now):
        kept = record_inspection(session, draft, actor=actor, now=now, network=host.network, names=host.names)
    return jsonify(kept)


@api.post("/reports/<report_id>/inspection", responses={"200": Kept, **MISSING, **CONFLICT, **BODY})
@allows(*INSPECT_ACTIONS.values())
def accept(path: ReportPath, body: Accepted) -> Any:
    """Enter a report as an inspection of the air head, crossing, camp or asset that it tells of; once."""
    with writing() as (session, now):
        kept = accept_inspection(
            session, path.report_id, subject_id=body.subject_id, actor=current_actor(), now=now,
            network=edge().host.network,
        )  # fmt: skip
    return jsonify(kept)


@api.post("/reports/<report_id>/take-back", responses={"200": Logged, **MISSING, **CONFLICT, **BODY})
@allows("send_report")
def take_back(path: ReportPath, body: TakenBack) -> Any:
    """Take a whole report back with its records and its inspection; two persons for explosive and physical records."""
    with writing() as (session, now):
        logged = take_back_report(session, path.report_id, reason=body.reason, actor=current_actor(), now=now)
    return jsonify(asdict(logged))


@api.get("/route-studies", responses={"200": Studies})
@allows("read_picture")
def get_studies(query: StudyQuery) -> Any:
    """List the studies of key routes that this account may read."""
    with reading() as session:
        return jsonify(studies=list_studies(session, actor=current_actor(), route_id=query.route_id))


@api.post("/route-studies", responses={"200": Kept, **MISSING, **CONFLICT, **BODY})
@allows("study_routes")
def post_study(body: NewStudy) -> Any:
    """Sign a study of where a key route is vulnerable; sent again it gives the first result."""
    with writing() as (session, now):
        kept = sign_study(
            session, StudyDraft(**body.model_dump()), actor=current_actor(), now=now, network=edge().host.network
        )
    return jsonify(kept)
