"""Restriction cases beside their register: opened from a record, followed by steps; and the clause list they name."""

from __future__ import annotations

from typing import Any, Literal

from flask import jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.domain.cases import STATES, STEP_KINDS
from fom.domain.clauses import CLAUSES_MAX
from fom.domain.instants import format_instant
from fom.services import clause_lists
from fom.services.admin_units import units_among
from fom.services.cases import StepDraft, add_case_step, get_case, list_due, open_case_from, progress_row
from fom.services.holders import find_holders, holder_values
from fom.services.registers import save_register
from fom.services.standing import list_standing
from fom.services.writing import present
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.shapes import Body, Id, Instant, InstantText, Moment, Text
from fom.web.context_layers import context_features
from fom.web.edge import edge, reading, writing

api = family("cases", "Restriction cases: from a record to a case, its steps, and the clause list")


class CasePath(BaseModel):
    """Which case."""

    row_id: Id


class RecordQuery(Body):
    """Which record."""

    record_id: Id


class NewStep(Body):
    """A dated entry of a case; it is never rewritten, only corrected by a later one."""

    id: Id
    kind: Literal[STEP_KINDS]  # type: ignore[valid-type]
    at: Instant | None = Field(None, description="When it was done; default now")
    due_at: Instant | None = Field(None, description="When a reply or a follow-up is due")
    reference: Text | None = Field(None, description="Number of the note verbale or of the reply")
    addressee: Text | None = None
    words: Text | None = None
    corrects: Text | None = Field(None, description="Id of the step whose place this one takes")


class Due(BaseModel):
    """A date by which something was to happen."""

    at: InstantText
    what: Literal["reply", "follow_up"]
    step: str
    is_met: bool
    is_overdue: bool


class StepOut(BaseModel):
    """A step as entered."""

    id: str
    kind: Literal[STEP_KINDS]  # type: ignore[valid-type]
    at: InstantText
    received: InstantText
    by: str
    due_at: InstantText | None
    reference: str | None
    addressee: str | None
    words: str | None
    corrects: str | None
    is_implied: bool = Field(description="Said by the case itself, not by a step")
    is_corrected: bool


class CaseProgress(BaseModel):
    """How far a case has come, computed from its steps."""

    id: str
    version: int
    state: Literal[STATES]  # type: ignore[valid-type]
    is_overdue: bool
    protested_at: InstantText | None
    answered_at: InstantText | None
    resolved_at: InstantText | None
    first_action_at: InstantText | None
    dues: list[Due]
    steps: list[StepOut]


class Proposal(BaseModel):
    """What a case about a record would say, and the cases that name it already."""

    values: dict[str, Any]
    cases: list[str]
    record: dict[str, Any]


class CaseFromRecord(Body):
    """The record, the id of the new case, and members that differ from what the record proposes."""

    id: Id
    record_id: Id
    members: dict[str, Any] = Field(default_factory=dict, description="Members of a restriction case")


class CaseRow(BaseModel):
    """A row of the register of cases."""

    model_config = ConfigDict(extra="allow")

    id: str
    version: int = Field(ge=1)


class Standing(BaseModel):
    """A standing restriction: an order in force, or a case without an order."""

    key: str
    order_id: str | None
    cases: list[str]
    actor: str
    effect: str | None
    user_classes: list[str]
    since: InstantText
    until: InstantText | None
    days: int
    is_long: bool = Field(description="More than 30 days")


class Standings(BaseModel):
    """Standing restrictions, longest first."""

    standing: list[Standing]


class Waiting(BaseModel):
    """A reply, a follow-up or a commitment that waits."""

    what: Literal["reply", "follow_up", "commitment"]
    id: str = Field(description="Of the step, or of the commitment")
    case_id: str | None
    at: InstantText
    is_overdue: bool
    actor: str
    admin_unit: str | None
    route: str | None
    reference: str | None


class Waitings(BaseModel):
    """What waits, the earliest date first."""

    waiting: list[Waiting]


class Bounds(BaseModel):
    """A 95 % interval."""

    lower: float
    upper: float


class Violent(BaseModel):
    """Violent and criminal restrictions by others than the state, per 100 movements."""

    events: int
    movements: int
    per_100: float | None
    interval: Bounds | None


class HeldOut(BaseModel):
    """Metres of road by who holds it."""

    length_m: float
    metres: dict[str, float] = Field(description="state, others, mission, contested, unknown")
    doubtful_m: dict[str, float] = Field(description="Of these: nothing that says so is graded C3 or better")
    lapsed_m: float = Field(description="Of the unknown: known once, too long ago")


class HeldRoute(HeldOut):
    """A key route by who holds it."""

    id: str
    code: str
    violent: Violent


class UnderState(BaseModel):
    """Key routes that the state holds for the most part."""

    routes: int
    violent: Violent


class Holders(BaseModel):
    """Who holds the key routes, and what says so."""

    routes: list[HeldRoute]
    total: HeldOut
    under_state: UnderState
    evidence: list[dict[str, Any]]


class ClauseListHead(BaseModel):
    """A published version."""

    version: int
    title: str
    note: str
    published_at: InstantText
    by: str
    count: int


class ClauseList(ClauseListHead):
    """A published version with its clauses."""

    clauses: list[dict[str, Any]]


class ClauseLists(BaseModel):
    """The published versions, newest first."""

    clause_lists: list[ClauseListHead]


class NewClauseList(Body):
    """The next version of the list."""

    title: Text
    note: Text = Field(description="Why there is a new version")
    base: int = Field(ge=0, le=2**31 - 1, description="The version that was newest when this was written; 0 = none")
    clauses: list[dict[str, Any]] = Field(max_length=CLAUSES_MAX)


class VersionPath(BaseModel):
    """Which version."""

    version: int = Field(ge=1, le=2**31 - 1)


@api.get("/restriction-case-proposals", responses={"200": Proposal, **MISSING})
@allows("edit_restriction_cases")
def get_proposal(query: RecordQuery) -> Any:
    """Say what a case about a record would hold; nothing is stored."""
    with reading() as session:
        proposal = open_case_from(session, query.record_id, actor=current_actor(), units=_units())
    return jsonify(proposal)


@api.post("/restriction-cases/from-record", responses={"201": CaseRow, **MISSING, **CONFLICT, **BODY})
@allows("edit_restriction_cases")
def post_case_from_record(body: CaseFromRecord) -> Any:
    """Open a case from a record: what it proposes, with the members given in their place."""
    actor = current_actor()
    with writing() as (session, now):
        proposed = open_case_from(session, body.record_id, actor=actor, units=_units())["values"]
        values = {"opened_at": format_instant(now), **proposed, **body.members, "id": body.id}
        row = save_register(session, "restriction_case", values, version=None, actor=actor, now=now)
    return jsonify(row), 201


@api.get("/restriction-cases/<row_id>/progress", responses={"200": CaseProgress, **MISSING})
@allows("read_restriction_cases")
def get_progress(path: CasePath, query: Moment) -> Any:
    """Return how far a case has come, with every step entered."""
    with reading() as session:
        at = present(session, edge().clock()) if query.at is None else query.at
        case = get_case(session, path.row_id, actor=current_actor(), at=at, known_at=query.known_at)
    return jsonify(_progress(case))


@api.post("/restriction-cases/<row_id>/steps", responses={"201": CaseProgress, **MISSING, **CONFLICT, **BODY})
@allows("edit_restriction_cases")
def post_step(path: CasePath, body: NewStep) -> Any:
    """Enter a step of a case."""
    with writing() as (session, now):
        draft = StepDraft(**body.model_dump())
        case = add_case_step(session, path.row_id, draft, actor=current_actor(), now=now)
    return jsonify(_progress(case)), 201


@api.get("/standing-restrictions", responses={"200": Standings})
@allows("read_restriction_cases")
def get_standing(query: Moment) -> Any:
    """List orders in force and standing cases, longest first."""
    with reading() as session:
        at = present(session, edge().clock()) if query.at is None else query.at
        rows = list_standing(session, actor=current_actor(), at=at, known_at=query.known_at)
    return jsonify(
        standing=[
            {
                **{name: row[name] for name in Standing.model_fields if name not in ("order_id", "cases")},
                "order_id": row["order"] and row["order"]["id"],
                "cases": [case["id"] for case in row["cases"]],
            }
            for row in rows
        ]
    )


@api.get("/restriction-follow-ups", responses={"200": Waitings})
@allows("read_restriction_cases")
def get_waiting(query: Moment) -> Any:
    """List replies, follow-ups and commitments that wait, the earliest date first."""
    with reading() as session:
        at = present(session, edge().clock()) if query.at is None else query.at
        rows = list_due(session, actor=current_actor(), at=at, known_at=query.known_at)
    plain = [name for name in Waiting.model_fields if name not in ("at", "case_id")]
    return jsonify(
        waiting=[
            {**{name: row[name] for name in plain}, "case_id": row.get("case_id"), "at": format_instant(row["at"])}
            for row in rows
        ]
    )


@api.get("/road-holders", responses={"200": Holders})
@allows("read_restriction_cases")
def get_holders(query: Moment) -> Any:
    """Return who holds the key routes: state, others, contested, not known; with evidence, age and doubt."""
    host = edge().host
    with reading() as session:
        at = present(session, edge().clock()) if query.at is None else query.at
        policy = host.edition_at(at if query.known_at is None else query.known_at).policy
        found = find_holders(session, host.network, policy, actor=current_actor(), at=at, known_at=query.known_at)
    return jsonify(holder_values(found))


@api.get("/clause-lists", responses={"200": ClauseLists})
@allows("read_restriction_cases")
def list_clause_lists() -> Any:
    """List the published versions of the clause list."""
    with reading() as session:
        return jsonify(clause_lists=clause_lists.list_clause_lists(session, actor=current_actor()))


@api.get("/clause-lists/<int:version>", responses={"200": ClauseList, **MISSING})
@allows("read_restriction_cases")
def get_clause_list(path: VersionPath) -> Any:
    """Return one version with its clauses."""
    with reading() as session:
        return jsonify(clause_lists.get_clause_list(session, path.version, actor=current_actor()))


@api.post("/clause-lists", responses={"201": ClauseList, **CONFLICT, **BODY})
@allows("publish_clause_list")
def post_clause_list(body: NewClauseList) -> Any:
    """Publish the next version; cases written under older ones keep them."""
    with writing() as (session, now):
        published = clause_lists.publish_clause_list(
            session, body.clauses, title=body.title, note_text=body.note, base=body.base, actor=current_actor(), now=now
        )
    return jsonify(published), 201


def _progress(case: dict[str, Any]) -> dict[str, Any]:
    return {"id": case["id"], "version": case["version"], **progress_row(case["progress"])}


def _units() -> list[Any]:
    return units_among(context_features())
