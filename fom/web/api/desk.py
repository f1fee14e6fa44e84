"""What waits at the desk, what each grade would do, what may be the same event; many grades at once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from flask import jsonify
from pydantic import BaseModel, Field

from fom.services import judging
from fom.services.bulk_grading import ITEMS_MAX, grade_many
from fom.services.effects import Bench
from fom.services.queue import list_queue
from fom.services.seen import mark_now
from fom.services.suggesting import suggest_links
from fom.services.two_bodies import Decision, look_at_body, settle_body
from fom.web.access import allows, current_actor
from fom.web.alerting import note_effects
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.reports import ReportPath
from fom.web.api.shapes import Body, Id, InstantText, Outcome, Text, Uuid
from fom.web.edge import edge, reading, writing

api = family("desk", "What waits for a judgement and what a judgement would do")

StateName = Literal["GREEN", "AMBER", "GREY", "RED", "BLACK"]


class RoadEffect(BaseModel):
    """What a record does to one road, told by the stretch where it does most."""

    route: str | None = Field(description="Code of the key route; null off the key routes")
    segment_id: str
    direction: Literal["forward", "backward"]
    name: str | None
    before: StateName = Field(description="Without the record")
    now: StateName
    after: StateName = Field(description="Once accepted")
    from_km: float | None
    to_km: float | None
    length_m: float


class EffectOut(BaseModel):
    """What records do to movement: key routes first; no roads = they touch none."""

    segments: int
    roads: list[RoadEffect]


class Proposed(BaseModel):
    """The grade proposed for a record that has none."""

    record_id: str
    grade: str
    source: Literal["said", "unit", "known", "unknown"]
    information: Literal["said", "seen", "heard", "single"]


class WaitingOut(BaseModel):
    """One line of the queue."""

    id: str
    report_id: str | None
    record_ids: list[str]
    form: str
    kind: str | None
    by: str | None
    received: InstantText
    grade: str | None
    proposed: list[Proposed]
    effect: EffectOut
    badges: list[str]
    alarm: Literal["explosive_key_route", "explosive_no_place", "no_place"] | None


class QueueOut(BaseModel):
    """What waits, what matters most first."""

    waiting: list[WaitingOut]
    left_out: int = Field(
        ge=0, description="Open ones not looked at, for too many wait: listed are the newest and the oldest"
    )


class RecordPath(BaseModel):
    """Which record."""

    record_id: Id


class LinkPath(BaseModel):
    """Which link."""

    link_id: Id


class Outlook(BaseModel):
    """What a record would do under each grade, and the mark to send along with a judgement."""

    record_id: str
    seen: int = Field(description="Send it with a grade: 409 when somebody else judged the record since")
    grades: dict[str, EffectOut]


class SuggestionOut(BaseModel):
    """A record that may tell of the same event."""

    record_id: str
    report_id: str | None
    by: str | None
    distance_m: float | None = Field(description="Null when one of the two has no place")
    doubt_m: float
    apart_s: float = Field(description="Positive: the other is later")
    is_likely: bool
    is_independent: bool
    link_id: str | None
    relation: Literal["duplicate", "same_incident", "conflict"] | None


class Suggestions(BaseModel):
    """Likely ones first, then those near that are of another time."""

    suggestions: list[SuggestionOut]


class ManyGrades(Body):
    """Record id -> grade, and the marks that came with the records."""

    grades: dict[Id, str] = Field(min_length=1, max_length=ITEMS_MAX)
    seen: dict[Id, int] = Field(default_factory=dict, max_length=ITEMS_MAX)


class Outcomes(BaseModel):
    """What came of each, by record id."""

    outcomes: dict[str, Outcome]


class BodyPath(BaseModel):
    """Which body that came with the id of a report."""

    report_id: Uuid
    number: int = Field(ge=1, le=2**53)


class Settled(Body):
    """What to do with a body that came with the id of another, and why."""

    id: Uuid = Field(description="Of the version that it would become")
    outcome: Literal["keep_first", "promote"]
    reason: Text = Field(min_length=1)
    base_version: int = Field(ge=1, le=2**31 - 1, description="The version of the report that was looked at")


class SettledOut(BaseModel):
    """What came of it: the version of the report now, and the acts that wait for a second person."""

    version: int
    pending_ids: list[str]


class Filed(Body):
    """Why nothing more is to be done with a report."""

    reason: Text = Field(min_length=1)


@api.get("/queue", responses={"200": QueueOut})
@allows("read_reports")
def get_queue() -> Any:
    """List what waits for a judgement: explosive items on key routes first, then by effect on movement, then by age."""
    with reading() as session:
        queue = list_queue(session, edge().host, actor=current_actor(), now=edge().host.now())
    note_effects(line.effect for line in queue.lines)
    return jsonify(waiting=[line.members() for line in queue.lines], left_out=queue.left_out)


@api.get("/records/<path:record_id>/outlook", responses={"200": Outlook, **MISSING})
@allows("read_reports")
def get_outlook(path: RecordPath) -> Any:
    """Return what each of the 36 grades would do to the roads, before it is set."""
    actor = current_actor()
    with reading() as session:
        row = judging.get_visible_record(session, path.record_id, actor)
        outlook = Bench(session, edge().host, by=actor.person).outlook(row)
        grades, mark = {grade: effect.members() for grade, effect in outlook.items()}, mark_now(session)
    note_effects(outlook.values())
    return jsonify(record_id=path.record_id, seen=mark, grades=grades)


@api.get("/records/<path:record_id>/suggestions", responses={"200": Suggestions, **MISSING})
@allows("read_reports")
def get_suggestions(path: RecordPath) -> Any:
    """Return what may be the same event, with the distance in place and time; a person links."""
    with reading() as session:
        found = suggest_links(session, path.record_id, actor=current_actor(), now=edge().host.now())
    return jsonify(
        suggestions=[
            {
                "record_id": s.record["id"], "report_id": s.report_id, "by": s.by,
                "distance_m": None if s.distance_m == float("inf") else round(s.distance_m, 1),
                "doubt_m": round(s.doubt_m, 1), "apart_s": s.apart_us / 1e6, "is_likely": s.is_likely,
                "is_independent": s.is_independent, "link_id": None if s.link is None else s.link["id"],
                "relation": None if s.link is None else s.link["properties"]["relation"],
            }
            for s in found
        ]
    )  # fmt: skip


@api.post("/grades", responses={"200": Outcomes, **MISSING, **CONFLICT, **BODY})
@allows("grade")
def post_grades(body: ManyGrades) -> Any:
    """Grade many records, all or none; improving more than 50 segments together waits for a second person."""
    with writing() as (session, now):
        outcomes = grade_many(session, body.grades, seen=body.seen, actor=current_actor(), now=now, host=edge().host)
    return jsonify(outcomes={name: asdict(outcome) for name, outcome in outcomes.items()})


@api.post("/links/<path:link_id>/unlink", responses={"200": Outcome, **MISSING, **CONFLICT})
@allows("link")
def unlink(path: LinkPath) -> Any:
    """Take a link back; between explosive or physical facts it waits for a second person."""
    with writing() as (session, now):
        outcome = judging.unlink_records(session, path.link_id, actor=current_actor(), now=now)
    return jsonify(asdict(outcome))


@api.post("/reports/<report_id>/file", responses={"204": None, **MISSING, **CONFLICT, **BODY})
@allows("grade")
def file_report(path: ReportPath, body: Filed) -> Any:
    """Take a report out of the queue with which nothing more can be done; 409 while a record of it has no grade."""
    with writing() as (session, now):
        judging.file_report(session, path.report_id, reason=body.reason, actor=current_actor(), now=now)
    return "", 204


@api.get("/reports/<report_id>/bodies/<int:number>", responses={"200": EffectOut, **MISSING})
@allows("read_reports")
def get_body_effect(path: BodyPath) -> Any:
    """Return what promoting a body would do to movement at once; `before` and `now` are as it stands."""
    with reading() as session:
        effect = look_at_body(session, edge().host, path.report_id, path.number, actor=current_actor())
    note_effects([effect])
    return jsonify(effect.members())


@api.post(
    "/reports/<report_id>/bodies/<int:number>/settle", responses={"200": SettledOut, **MISSING, **CONFLICT, **BODY}
)
@allows("amend_report")
def settle(path: BodyPath, body: Settled) -> Any:
    """Decide on a body that came with the id of another: the first stands, or it becomes the next version."""
    decision = Decision(number=path.number, **body.model_dump())
    host = edge().host
    with writing() as (session, now):
        made = settle_body(
            session, path.report_id, decision, actor=current_actor(), now=now, network=host.network,
            router=host.router, names=host.names,
        )  # fmt: skip
    version = body.base_version if made is None else made.version
    return jsonify(version=version, pending_ids=[] if made is None else list(made.pending_ids))
