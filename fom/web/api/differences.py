"""What differs between two moments, two hypotheses, two vehicles, or a mixture of them."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from pydantic import BaseModel, Field

from fom.services.differences import Side, find_difference
from fom.services.what_ifs import get_what_if, parse_hypothesis, suppose
from fom.web.access import allows, current_actor
from fom.web.alerting import note_difference
from fom.web.api import BODY, MISSING, family
from fom.web.api.shapes import Asking, Body, Instant, InstantText, ProfileName, UserClass, Uuid
from fom.web.edge import edge, reading
from fom.web.heavy import takes_turns

api = family("differences", "What differs between two pictures, and why")


class ChangedRoute(BaseModel):
    """A key route whose worst state differs; `cause` on the side where it is worse, null for an open route."""

    id: str
    code: str
    name: str
    before: str
    after: str
    cause: str | None
    before_cause: str | None
    after_cause: str | None


class Settlement(BaseModel):
    """People who lose or gain the way to a hub, and what stands or stood on it."""

    id: str
    name: str
    population: int | None
    reason: str | None


class People(BaseModel):
    """Who reaches a service hub within four hours over viable roads."""

    hubs: int
    reaching_before: int
    reaching_after: int
    cut_off: list[Settlement]
    regained: list[Settlement]


class AirHead(BaseModel):
    """An air head that falls out of reach, or comes back into it."""

    id: str
    code: str
    name: str
    status_before: str | None
    status_after: str | None
    reason: str | None


class AirHeads(BaseModel):
    """Air heads that can be used and reached by road from a headquarters, base or hub within four hours."""

    before: int
    after: int
    lost: list[AirHead]
    gained: list[AirHead]


class Group(BaseModel):
    """Segments moved by the same: the reason that decides where it got worse, or that no longer does."""

    before: str
    after: str
    component: str | None
    text: str
    before_text: str | None = Field(description="What decides most of its metres before; null when not read")
    after_text: str | None
    fact_ids: list[str]
    segments: int
    length_m: float
    numbers: list[int]


class Changed(BaseModel):
    """Segments and metres that went from one state to another."""

    before: str
    after: str
    segments: int
    length_m: float


class SideAnswer(BaseModel):
    """The question of one side."""

    at: InstantText
    known_at: InstantText
    profile: str
    user_class: str
    hypothetical: bool


class Difference(BaseModel):
    """What differs; `moves` as on the stream."""

    network: str
    version: int
    before: SideAnswer
    after: SideAnswer
    moves: list[list[Any]] = Field(description="[segment number, old forward, old backward, new forward, new backward]")
    by_state_m: dict[str, dict[str, float]]
    changed_m: list[Changed]
    groups: list[Group]
    routes: list[ChangedRoute]
    people: People
    air_heads: AirHeads


class AskedSide(Asking):
    """One side: a moment, a vehicle and whom, and a kept what-if that is supposed to hold."""

    what_if: Uuid | None = None


class Pair(Body):
    """The two sides."""

    before: AskedSide
    after: AskedSide


class TwoMoments(Body):
    """Two moments, for one vehicle and class; each as known then unless `…_known_at` says otherwise."""

    before_at: Instant
    before_known_at: Instant | None = None
    after_at: Instant | None = None
    after_known_at: Instant | None = None
    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"


@api.get("/differences", responses={"200": Difference})
@allows("read_picture")
@takes_turns
def get_difference(query: TwoMoments) -> Any:
    """Return what differs between two moments as they were shown; without `after_at` now."""
    host = edge().host
    asked = []
    for at, known_at in ((query.before_at, query.before_known_at), (query.after_at, query.after_known_at)):
        known = known_at if known_at is not None or at is None else min(at, host.now())
        asked.append(host.question(at, known, query.profile, query.user_class))
    with reading() as session:
        sides = [Side(host, question) for question in asked]
        found = find_difference(session, host, sides[0], sides[1], actor=current_actor())
    note_difference(found)
    return jsonify(found)


@api.post("/differences", responses={"200": Difference, **MISSING, **BODY})
@allows("read_picture")
@takes_turns
def post_difference(body: Pair) -> Any:
    """Return what differs between two sides: moments, vehicles and kept what-ifs in any mixture."""
    host, actor = edge().host, current_actor()
    with reading() as session:
        sides = []
        for asked in (body.before, body.after):
            question = host.question(asked.at, asked.known_at, asked.profile, asked.user_class)
            kept = None if asked.what_if is None else get_what_if(session, asked.what_if.lower(), actor=actor)
            hypothesis = None if kept is None else parse_hypothesis(kept["hypothesis"])
            sides.append(suppose(session, host, hypothesis, question, actor=actor))
        found = find_difference(session, host, sides[0], sides[1], actor=actor)
    note_difference(found)
    return jsonify(found)
