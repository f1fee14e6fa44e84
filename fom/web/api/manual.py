"""What the JOC states by its own hand: a worse or, within limits, a better state; threat levels and seasons."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from flask import jsonify
from pydantic import Field

from fom.services import overriding
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, family
from fom.web.api.record_shapes import AreaRecord
from fom.web.api.shapes import Body, Classification, Id, Instant, Outcome, ProfileName, Text, UserClass, Uuid
from fom.web.edge import edge, writing

api = family("manual", "States set by hand, threat levels, seasons")

ACT: dict[Any, Any] = {"200": Outcome, "202": Outcome, **CONFLICT, **BODY}


class ManualState(Body):
    """A state set by hand for whole segments, or (worsening only) for an area."""

    id: Uuid
    mode: Literal["worsen", "improve"]
    state: Literal["GREEN", "AMBER", "GREY", "RED", "BLACK"]
    reason: Text = Field(min_length=1)
    expires: Instant | None = None
    segments: list[Id] = Field(default_factory=list, max_length=20_000)
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON Polygon or MultiPolygon")
    classification: Classification = "confidential"
    area: str | None = Field(None, max_length=64)
    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"


class AreaStatement(Body):
    """A record of kind `threat_area` or `season`."""

    id: Uuid
    record: AreaRecord
    classification: Classification = "confidential"


@api.post("/manual-states", responses=ACT)
@allows("worsen", "improve")
def post_manual_state(body: ManualState) -> Any:
    """Worsen at once, or improve for at most 24 h to AMBER at best; 202 when many segments wait for a second person.

    409 with the facts and the closing acts when an explosive or physical state holds the segment.
    """
    draft = overriding.ManualDraft(**body.model_dump() | {"segments": tuple(body.segments)})
    with writing() as (session, now):
        outcome = overriding.set_manual_state(session, draft, actor=current_actor(), now=now, host=edge().host)
    return jsonify(asdict(outcome)), 202 if outcome.pending_id else 200


@api.post("/area-statements", responses={"200": Outcome, **CONFLICT, **BODY})
@allows("set_areas")
def post_area_statement(body: AreaStatement) -> Any:
    """State the threat level or the season of an area for a time."""
    with writing() as (session, now):
        outcome = overriding.record_area_statement(
            session,
            body.record.root,
            id=body.id,
            actor=current_actor(),
            now=now,
            classification=body.classification,
        )
    return jsonify(asdict(outcome))
