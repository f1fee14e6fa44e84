"""What if: what would come, go, be closed or cleared, under other rules or for another vehicle; never recorded."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from pydantic import BaseModel, Field

from fom.services.hypotheses import CHANGES_MAX, Hypothesis
from fom.services.what_ifs import (
    WhatIfDraft,
    delete_what_if,
    get_what_if,
    list_what_ifs,
    parse_hypothesis,
    question_of,
    save_what_if,
    what_if,
)
from fom.web.access import allows, current_actor
from fom.web.alerting import note_difference
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.differences import Difference
from fom.web.api.plans import Plan, Way, find_places
from fom.web.api.record_shapes import ReportedRecord
from fom.web.api.shapes import Body, Classification, Id, Instant, InstantText, ProfileName, Text, UserClass, Uuid
from fom.web.edge import edge, reading, writing
from fom.web.heavy import takes_turns

api = family("what-ifs", "What would differ; hypotheses kept under a title", "what_ifs")


class Stretch(Body):
    """A segment or part of one."""

    id: Id
    from_m: float = Field(0, ge=0)
    to_m: float | None = Field(None, ge=0)


class Closure(Body):
    """What would be closed: stretches, or all roads that meet a shape."""

    segments: list[Stretch] = Field(default_factory=list, max_length=CHANGES_MAX)
    geometry: dict[str, Any] | None = None
    reason: str = Field("", max_length=500)


class Supposed(Body):
    """What is supposed; every member may be left out."""

    add: list[ReportedRecord] = Field(default_factory=list, max_length=CHANGES_MAX, description="Records that come")
    remove: list[Id] = Field(
        default_factory=list, max_length=CHANGES_MAX, description="Records that would never have been"
    )
    close: list[Closure] = Field(default_factory=list, max_length=CHANGES_MAX)
    clear: list[Id] = Field(
        default_factory=list, max_length=CHANGES_MAX, description="Facts cleared, repaired or lifted by two persons"
    )
    policy: dict[str, Any] = Field(default_factory=dict, description="Parameters that differ from those in force")
    profiles: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Vehicle classes with other values")

    def plain(self) -> dict[str, Any]:
        """Return the values as the service and the store take them."""
        closures = [
            {"segments": [s.model_dump(exclude_none=True) for s in c.segments] or None, "geometry": c.geometry,
             "reason": c.reason}
            for c in self.close
        ]  # fmt: skip
        return {
            "add": [record.root for record in self.add], "remove": self.remove, "clear": self.clear,
            "close": [{name: value for name, value in c.items() if value} for c in closures],
            "policy": self.policy, "profiles": self.profiles,
        }  # fmt: skip

    def hypothesis(self) -> Hypothesis:
        """Return the value that the service takes."""
        return parse_hypothesis(self.plain())


class Instead(Body):
    """Who would go instead of the one asked about."""

    profile: ProfileName | None = None
    user_class: UserClass | None = None


class HypothesisBody(Supposed):
    """What is supposed, for whom and when; and a way to compare."""

    instead: Instead = Field(default_factory=Instead)
    at: Instant | None = None
    known_at: Instant | None = None
    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"
    plan: Way | None = None

    def hypothesis(self) -> Hypothesis:
        """Return the value that the service takes."""
        instead = {"profile": self.instead.profile, "user_class": self.instead.user_class}
        return parse_hypothesis({**self.plain(), **instead})


class KeptBody(HypothesisBody):
    """A hypothesis to keep, with its title."""

    title: str = Field(min_length=1, max_length=200)
    classification: Classification = "confidential"
    based_on: Id | None = Field(None, description="The what-if that this one was copied from")


class WhatIfAnswer(Difference):
    """What would differ from the record."""

    at: InstantText
    known_at: InstantText
    profile: str
    user_class: str
    hypothetical: Literal[True]
    plan: dict[str, Plan] | None = Field(description="`before` and `after`")


class Kept(BaseModel):
    """A kept what-if; `at`, `known_at` null = the moment at which it is opened."""

    id: str
    title: Text
    by: str
    created_at: InstantText
    at: InstantText | None
    known_at: InstantText | None
    profile: str
    user_class: str
    hypothesis: dict[str, Any]
    classification: str
    area: str | None
    based_on: str | None


class KeptList(BaseModel):
    """Kept what-ifs, newest first."""

    what_ifs: list[Kept]


class WhatIfPath(BaseModel):
    """Which what-if."""

    what_if_id: Uuid


@api.post("/what-ifs", responses={"200": WhatIfAnswer, **MISSING, **BODY})
@allows("read_picture")
@takes_turns
def post_what_if(body: HypothesisBody) -> Any:
    """Return what would differ: segments, key routes, people, air heads, each with its reason, and a plan."""
    host = edge().host
    question = host.question(body.at, body.known_at, body.profile, body.user_class)
    with reading() as session:
        way = None
        if body.plan is not None:
            rest = {"posture": body.plan.posture, "alternates": body.plan.alternates}
            way = {**find_places(session, body.plan), **rest}
        found = what_if(session, host, body.hypothesis(), question, way=way, actor=current_actor())
    note_difference(found)
    return jsonify(found)


@api.get("/what-ifs", responses={"200": KeptList})
@allows("read_picture")
def list_kept() -> Any:
    """List the kept what-ifs that this account may see."""
    with reading() as session:
        return jsonify(what_ifs=[_public(row) for row in list_what_ifs(session, actor=current_actor())])


@api.put("/what-ifs/<what_if_id>", responses={"200": Kept, **MISSING, **CONFLICT, **BODY})
@allows("keep_what_ifs")
def keep(path: WhatIfPath, body: KeptBody) -> Any:
    """Keep a hypothesis under an id made by the sender; kept ones are not changed, but copied."""
    draft = WhatIfDraft(
        id=path.what_if_id.lower(), title=body.title, hypothesis=body.hypothesis(), at=body.at, known_at=body.known_at,
        profile=body.profile, user_class=body.user_class, classification=body.classification, based_on=body.based_on,
    )  # fmt: skip
    with writing() as (session, now):
        return jsonify(_public(save_what_if(session, draft, actor=current_actor(), now=now)))


@api.get("/what-ifs/<what_if_id>", responses={"200": Kept, **MISSING})
@allows("read_picture")
def get_kept(path: WhatIfPath) -> Any:
    """Return a kept what-if."""
    with reading() as session:
        return jsonify(_public(get_what_if(session, path.what_if_id.lower(), actor=current_actor())))


@api.delete("/what-ifs/<what_if_id>", responses={"204": None, **MISSING})
@allows("keep_what_ifs")
def delete_kept(path: WhatIfPath) -> Any:
    """Delete a what-if as its author or as the chief JOC."""
    with writing() as (session, now):
        delete_what_if(session, path.what_if_id.lower(), actor=current_actor(), now=now)
    return Response(status=204)


@api.get("/what-ifs/<what_if_id>/difference", responses={"200": WhatIfAnswer, **MISSING})
@allows("read_picture")
@takes_turns
def get_kept_difference(path: WhatIfPath) -> Any:
    """Return what a kept what-if would make differ, at its moment or now."""
    host, actor = edge().host, current_actor()
    with reading() as session:
        kept = get_what_if(session, path.what_if_id.lower(), actor=actor)
        hypothesis = parse_hypothesis(kept["hypothesis"])
        found = what_if(session, host, hypothesis, question_of(host, kept), actor=actor)
    note_difference(found)
    return jsonify(found)


def _public(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in Kept.model_fields}
