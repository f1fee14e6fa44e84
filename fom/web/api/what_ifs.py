"""What if: closures that would come, hazards that would be cleared; nothing is stored."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from pydantic import BaseModel, Field

from fom.services.what_ifs import RECORDS_MAX, WhatIf, what_if
from fom.web.access import allows, current_actor
from fom.web.api import BODY, MISSING, family
from fom.web.api.plans import Plan, Way, find_places
from fom.web.api.record_shapes import ReportedRecord
from fom.web.api.shapes import Body, Id, Instant, InstantText, ProfileName, UserClass
from fom.web.edge import edge, reading
from fom.web.heavy import takes_turns

api = family("what-ifs", "What would differ if records came or went", "what_ifs")


class Hypothesis(Body):
    """Records that would come, ids of records that would go, for whom and when; and a way to compare."""

    add: list[ReportedRecord] = Field(default_factory=list, max_length=RECORDS_MAX)
    remove: list[Id] = Field(default_factory=list, max_length=RECORDS_MAX)
    at: Instant | None = None
    known_at: Instant | None = None
    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"
    plan: Way | None = None


class ChangedRoute(BaseModel):
    """A key route whose worst state would differ."""

    id: str
    code: str
    name: str
    before: str
    after: str


class Settlement(BaseModel):
    """People who would lose or gain the way to a hub."""

    id: str
    name: str
    population: int | None


class People(BaseModel):
    """Who reaches a service hub within four hours over viable roads."""

    hubs: int
    reaching_before: int
    reaching_after: int
    cut_off: list[Settlement]
    regained: list[Settlement]


class Difference(BaseModel):
    """What would differ; `moves` as on the stream."""

    at: InstantText
    known_at: InstantText
    profile: str
    user_class: str
    network: str
    version: int
    moves: list[list[Any]] = Field(description="[segment number, old forward, old backward, new forward, new backward]")
    by_state_m: dict[str, dict[str, float]]
    routes: list[ChangedRoute]
    people: People
    plan: dict[str, Plan] | None = Field(description="`before` and `after`")


@api.post("/what-ifs", responses={"200": Difference, **MISSING, **BODY})
@allows("read_picture")
@takes_turns
def post_what_if(body: Hypothesis) -> Any:
    """Return what would differ: states, key routes, people cut off or regained, and a plan."""
    host = edge().host
    question = host.question(body.at, body.known_at, body.profile, body.user_class)
    change = WhatIf(add=tuple(record.root for record in body.add), remove=tuple(body.remove))
    with reading() as session:
        way = None
        if body.plan is not None:
            rest = {"posture": body.plan.posture, "alternates": body.plan.alternates}
            way = {**find_places(session, body.plan), **rest}
        return jsonify(what_if(session, host, change, question, way=way, actor=current_actor()))
