"""Reach: everything within so many minutes of a place; a read, so that its address is link and export."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.errors import InvalidInput
from fom.services.named_places import PLACED_REGISTERS, find_place
from fom.services.reach import DEFAULT_MINUTES, MINUTES_MAX, ReachRequest, find_reach
from fom.web.access import allows, current_actor
from fom.web.alerting import note_reach
from fom.web.api import MISSING, family
from fom.web.api.shapes import Asking, FeatureOut, Id, InstantText
from fom.web.edge import edge, reading
from fom.web.heavy import takes_turns

api = family("reach", "Everything within so many minutes of a place")


class ReachQuery(Asking):
    """From where, within which minutes; one of `from` and `id`."""

    place: Annotated[str, Field(min_length=1, max_length=80)] | None = Field(
        None, alias="from", description="lon,lat, MGRS or degrees-minutes"
    )
    register_name: Literal[PLACED_REGISTERS] = Field("site", alias="register")  # type: ignore[valid-type]
    id: Id | None = Field(None, description="Row of the register")
    end: Literal["start", "end"] = "start"
    minutes: str = Field(
        ",".join(map(str, DEFAULT_MINUTES)),
        pattern=r"^\d{1,4}(,\d{1,4}){0,9}$",
        description=f"Whole minutes with commas, each at most {MINUTES_MAX}",
    )
    allow_unverified: bool = Field(False, description="Also answer, apart, what GREY roads would add")


class ReachAnswer(BaseModel):
    """Bands and places, `fom-reach/1` of docs/analyses.md."""

    model_config = ConfigDict(extra="allow")

    type: Literal["FeatureCollection"]
    format: Literal["fom-reach/1"]
    at: InstantText
    known_at: InstantText
    profile: str
    user_class: str
    network: str
    version: int
    minutes: list[int]
    start: dict[str, Any]
    features: list[FeatureOut]


@api.get("/reach", responses={"200": ReachAnswer, **MISSING})
@allows("read_picture")
@takes_turns
def get_reach(query: ReachQuery) -> Response:
    """Return what is reached over verified road, and apart what unverified road would add."""
    if (query.place is None) == (query.id is None):
        raise InvalidInput.single("from", "both" if query.id else "nothing", "either `from`, or `register` and `id`")
    row = {"register": query.register_name, "id": query.id, "end": query.end}
    with reading() as session:
        place = find_place(session, query.place or row, field="from", actor=current_actor())
        request = ReachRequest(
            place=place,
            minutes=tuple(int(part) for part in query.minutes.split(",")),
            profile=query.profile,
            user_class=query.user_class,
            at=query.at,
            known_at=query.known_at,
            allow_unverified=query.allow_unverified,
        )
        covered: list[Any] = []
        found = find_reach(session, edge().host, request, actor=current_actor(), note=covered.append)
    note_reach(found, covered)
    return jsonify(found)
