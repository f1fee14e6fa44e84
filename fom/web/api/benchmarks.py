"""Benchmarks: computed status with evidence, and the signed assessments beside it."""

from __future__ import annotations

from typing import Any, Literal

from flask import jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.domain.benchmarks import ASSESSMENT_REASON_MIN, DEFINITIONS, Status
from fom.domain.instants import format_instant
from fom.errors import NotFound
from fom.services.benchmarks import benchmark_board, benchmark_evidence
from fom.services.registers import list_register, save_register
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.shapes import Body, Classification, Instant, InstantText, Known, Moment, Uuid
from fom.web.edge import edge, reading, writing
from fom.web.heavy import takes_turns

api = family("benchmarks", "Benchmarks with their evidence and signed assessments")


class BenchmarkPath(BaseModel):
    """Which benchmark, such as S1."""

    code: str = Field(min_length=1, max_length=20)


class Benchmark(BaseModel):
    """A benchmark: definition, computed status with its indicators and evidence, and the assessment in force."""

    model_config = ConfigDict(extra="allow")

    code: str
    status: Literal[tuple(s.value for s in Status)]  # type: ignore[valid-type]


class Board(BaseModel):
    """All benchmarks at a moment, as known at a moment."""

    at: InstantText
    known_at: InstantText
    version: int
    code_version: str
    benchmarks: list[Benchmark]


class Evidence(Benchmark):
    """One benchmark with the ids of its evidence."""

    at: InstantText
    known_at: InstantText


class NewAssessment(Body):
    """A signed assessment; its author is who sends it."""

    id: Uuid
    status: Literal[tuple(s.value for s in Status)]  # type: ignore[valid-type]
    reason: str = Field(min_length=ASSESSMENT_REASON_MIN, max_length=4000)
    role: str = Field(max_length=40, description="The role in which it is signed, one of the author's")
    valid_from: Instant | None = Field(None, description="Default now")
    expires: Instant = Field(description="At most 30 days after `valid_from`")
    classification: Classification = "confidential"


class Assessment(BaseModel):
    """A signed assessment as stored."""

    model_config = ConfigDict(extra="allow")

    id: str
    benchmark: str
    status: str
    reason: str
    author: str
    role: str
    valid_from: InstantText
    expires: InstantText
    version: int


class Assessments(BaseModel):
    """Signed assessments of one benchmark."""

    assessments: list[Assessment]


@api.get("/benchmarks", responses={"200": Board})
@allows("read_benchmarks")
@takes_turns
def get_board(query: Moment) -> Any:
    """Return every benchmark with computed status, target, trend and the signed assessment beside it."""
    with reading() as session:
        board = benchmark_board(session, edge().host, actor=current_actor(), at=query.at, known_at=query.known_at)
    return jsonify(board)


@api.get("/benchmarks/<code>/evidence", responses={"200": Evidence, **MISSING})
@allows("read_benchmarks")
@takes_turns
def get_evidence(path: BenchmarkPath, query: Moment) -> Any:
    """Return one benchmark with the ids of what it was computed from."""
    with reading() as session:
        evidence = benchmark_evidence(
            session, edge().host, path.code, actor=current_actor(), at=query.at, known_at=query.known_at
        )
    return jsonify(evidence)


@api.get("/benchmarks/<code>/assessments", responses={"200": Assessments, **MISSING})
@allows("read_benchmarks")
def list_assessments(path: BenchmarkPath, query: Known) -> Any:
    """List the signed assessments of a benchmark, expired ones included."""
    _check_code(path.code)
    with reading() as session:
        rows = list_register(session, "assessment", actor=current_actor(), known_at=query.known_at, benchmark=path.code)
    return jsonify(assessments=rows)


@api.post("/benchmarks/<code>/assessments", responses={"201": Assessment, **MISSING, **CONFLICT, **BODY})
@allows("sign_assessment")
def post_assessment(path: BenchmarkPath, body: NewAssessment) -> Any:
    """Sign an assessment; it stands beside the computed status, never in its place, and expires."""
    _check_code(path.code)
    actor = current_actor()
    with writing() as (session, now):
        values = {
            **body.model_dump(),
            "benchmark": path.code,
            "author": actor.person,
            "valid_from": format_instant(now if body.valid_from is None else body.valid_from),
            "expires": format_instant(body.expires),
        }
        row = save_register(session, "assessment", values, version=None, actor=actor, now=now)
    return jsonify(row), 201


def _check_code(code: str) -> None:
    if code not in DEFINITIONS:
        raise NotFound("benchmark", code)
