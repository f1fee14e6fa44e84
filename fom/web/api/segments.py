"""One segment with its reasons."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.services.segments import explain_segment, last_days
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown
from fom.web.api import MISSING, family
from fom.web.api.shapes import Asking, Id
from fom.web.edge import edge

api = family("segments", "One segment: state, reasons, evidence, next change")


class SegmentPath(BaseModel):
    """Which segment."""

    segment_id: Id


class Segment(BaseModel):
    """A segment with the rows of `fom-assessment/1` for its directions."""

    model_config = ConfigDict(extra="allow")

    segment_id: str
    number: int = Field(description="Its number in this network version, as on tiles and in bulk states")
    directions: list[dict[str, Any]] = Field(description="One row of `fom-assessment/1` per direction, forward first")


class DirectionDays(BaseModel):
    """States of one direction, oldest first."""

    direction: str
    states: list[str]


class SegmentDays(BaseModel):
    """What was shown of a segment."""

    model_config = ConfigDict(extra="allow")

    segment_id: str
    directions: list[DirectionDays]


@api.get("/segments/<path:segment_id>", responses={"200": Segment, **MISSING})
@allows("read_picture")
def get_segment(path: SegmentPath, query: Asking) -> Any:
    """Return a segment's states in both directions with every reason, its age and what would change it."""
    host = edge().host
    question = host.question(query.at, query.known_at, query.profile, query.user_class)
    told = explain_segment(host, path.segment_id, question, actor=current_actor())
    note_shown("segment", question, at=query.at, known_at=query.known_at, segments=lambda: [path.segment_id])
    return jsonify(told)


@api.get("/segments/<path:segment_id>/days", responses={"200": SegmentDays, **MISSING})
@allows("read_picture")
def get_last_days(path: SegmentPath, query: Asking) -> Any:
    """Return the states that were shown on each of the last thirty days, as known then, oldest first."""
    host = edge().host
    question = host.question(query.at, query.known_at, query.profile, query.user_class)
    told = last_days(host, path.segment_id, question)
    note_shown("segment", question, at=query.at, known_at=query.known_at, segments=lambda: [path.segment_id])
    return jsonify(told)
