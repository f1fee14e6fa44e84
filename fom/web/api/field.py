"""What the field app carries: the last picture, small enough for a weak link."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify, request
from pydantic import BaseModel, Field

from fom.services.field_bundle import read_field_bundle
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown
from fom.web.api import UNCHANGED, family
from fom.web.api.layers import AGES_US
from fom.web.api.shapes import Body, InstantText, ProfileName, UserClass
from fom.web.caching import unchanged, with_etag
from fom.web.edge import edge, reading
from fom.web.heavy import takes_turns

api = family("field", "What the field app carries for use without a network")


class BundleQuery(Body):
    """For which vehicle and whom."""

    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"


class CarriedLine(BaseModel):
    """Part of a key route of one state."""

    state: Literal["O", "C", "?", "R", "X", "-"]
    coordinates: list[list[float]] = Field(description="[longitude, latitude], degrees, thinned for a phone")
    from_km: float
    to_km: float
    until: InstantText | None = Field(description="When the state gets worse by itself")


class CarriedRoute(BaseModel):
    """A key route as lines."""

    id: str
    code: str
    name: str
    length_km: float
    state: Literal["O", "C", "?", "R", "X", "-"]
    until: InstantText | None
    worst_text: str | None
    lines: list[CarriedLine]


class CarriedHazard(BaseModel):
    """A hazard: it lies or reaches within `u_m` of the position."""

    lon: float
    lat: float
    u_m: float
    state: Literal["R", "X"]
    text: str
    kind: str = Field(description="Class of the explosive, a code that the forms have words for")
    route: str | None = Field(description="Code of the key route beside which it lies")
    km: float | None


class CarriedPlace(BaseModel):
    """A settlement; a report by its name alone has the radius as its doubt."""

    name: str
    lon: float
    lat: float
    radius_m: float
    admin: str | None


class CarriedRow(BaseModel):
    """A row of a register, to be named in a form."""

    id: str
    name: str


class Bundle(BaseModel):
    """The picture to carry; after `expires` it says nothing about any road."""

    as_of: InstantText
    expires: InstantText
    network: str
    box: list[float] = Field(description="West, south, east, north of the mission, degrees")
    profile: str
    user_class: str
    routes: list[CarriedRoute]
    hazards: list[CarriedHazard]
    places: list[CarriedPlace]
    air_heads: list[CarriedRow]
    crossings: list[CarriedRow]
    camps: list[CarriedRow]


@api.get("/field/bundle", responses={"200": Bundle, **UNCHANGED})
@allows("read_picture")
@takes_turns
def get_field_bundle(query: BundleQuery) -> Any:
    """Return the last picture to carry: key routes, hazards, names, and when it expires."""
    host, actor = edge().host, current_actor()
    question = host.question(None, None, query.profile, query.user_class)
    note_shown("export", question, subject="picture to carry")
    asked = request.query_string.decode("ascii", "replace")
    tag = f"field {host.network.network_id} {host.version} {actor.user_id} {asked} {question.at // AGES_US}"
    if unchanged(tag):
        return with_etag(Response(status=304), tag)
    with reading() as session:
        return with_etag(jsonify(read_field_bundle(session, host, question, actor=actor)), tag)
