"""What the field app carries: the last picture, small enough for a weak link."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify, request
from pydantic import BaseModel, Field

from fom.errors import InvalidInput
from fom.services.carried_area import RADIUS_MAX_KM, WHOLE_MISSION, AreaWish
from fom.services.field_bundle import read_field_bundle
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown
from fom.web.api import MISSING, UNCHANGED, family
from fom.web.api.layers import AGES_US
from fom.web.api.shapes import Body, InstantText, ProfileName, UserClass
from fom.web.caching import unchanged, with_etag
from fom.web.edge import edge, reading
from fom.web.heavy import takes_turns

api = family("field", "What the field app carries for use without a network")


RADIUS_KM = 25.0
"""Round a place when nobody says how far: a day's patrol from a base and back. Project decision."""
CORRIDOR_KM = 5.0
"""On both sides of a key route when nobody says how far. Project decision."""


class BundleQuery(Body):
    """For which vehicle and whom, and which area in full: at most one of `area`, `route` and `around`."""

    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"
    area: str | None = Field(
        None, max_length=64,
        description=f"Id of an area, or `{WHOLE_MISSION}`; left out: the area that the account is limited to, if any",
    )  # fmt: skip
    route: str | None = Field(None, max_length=64, description="Id of a key route")
    around: str | None = Field(
        None, pattern=r"^-?\d{1,3}(\.\d{1,12})?,-?\d{1,2}(\.\d{1,12})?$", description="lon,lat in degrees"
    )
    radius_km: float | None = Field(
        None, gt=0, le=RADIUS_MAX_KM,
        description=f"How far beyond; left out: {RADIUS_KM:g} round a place, {CORRIDOR_KM:g} along a route, else 0",
    )  # fmt: skip


class CarriedArea(BaseModel):
    """What is carried in full."""

    kind: Literal["area", "route", "around"]
    id: str | None
    name: str | None = Field(description="Of the area, code of the route")
    radius_km: float
    middle: list[float] = Field(description="[longitude, latitude], degrees")
    box: list[float] = Field(description="West, south, east, north, degrees")
    outline: list[str] = Field(description="Rings as encoded polylines")


class CarriedRoads(BaseModel):
    """All roads of the area in columns: road i is entry i of each."""

    ids: list[str]
    lines: list[str] = Field(description="Encoded polylines (precision 5), thinned for a phone, ends as they are")
    lengths_m: list[int] = Field(description="Of the road itself, not of the thinned line")
    ranks: str = Field(description="One figure each: 0 motorway … 6 path")
    states: str = Field(description="Two letters each, forward and backward")
    turns: dict[str, int] = Field(
        description="2 × place + direction -> minutes after `as_of` at which the state gets worse by itself"
    )


class CarriedLine(BaseModel):
    """Part of a key route of one state."""

    state: Literal["O", "C", "?", "R", "X", "-"]
    path: str = Field(description="Encoded polyline (precision 5), thinned for a phone")
    from_km: float
    to_km: float
    until: InstantText | None = Field(description="When the state gets worse by itself")


class CarriedCause(BaseModel):
    """Where and why the worst state of a route begins, in codes."""

    km: int
    state: Literal["O", "C", "?", "R", "X", "-"]
    component: str
    what: str | None = Field(description="A code that the forms have words for; `restricted` = contact the JOC")


class CarriedRoute(BaseModel):
    """A key route as lines."""

    id: str
    code: str
    name: str
    length_km: float
    state: Literal["O", "C", "?", "R", "X", "-"]
    until: InstantText | None
    worst_text: str | None = Field(description="In English")
    worst: CarriedCause | None
    lines: list[CarriedLine]


class CarriedPoint(BaseModel):
    """What lies or reaches within `u_m` of a position."""

    lon: float
    lat: float
    u_m: float
    text: str
    kind: str = Field(description="Class of the explosive, control or damage: a code that the forms have words for")
    route: str | None = Field(description="Code of the key route beside which it lies")
    km: float | None


class CarriedHazard(CarriedPoint):
    """A hazard, suspected or confirmed."""

    state: Literal["R", "X"]


class CarriedRestriction(CarriedPoint):
    """A control or damage."""

    effect: str | None = Field(description="Of an order: prohibited, permission or escort")


class CarriedPlace(BaseModel):
    """A settlement; a report by its name alone has the radius as its doubt."""

    id: str | None = Field(None, description="By which a form may name it: of those in the area, else of the largest")
    name: str
    lon: float
    lat: float
    radius_m: float
    admin: str | None


class CarriedRow(BaseModel):
    """A row of a register, to be named in a form."""

    id: str
    name: str


class CarriedSubject(CarriedRow):
    """A row that a report may be about, under the name by which every form offers it."""

    lon: float
    lat: float


class CarriedAsset(BaseModel):
    """A bridge, culvert, ford or ferry that the network records."""

    type: Literal["bridge", "culvert", "ford", "ferry"]
    name: str | None
    lon: float
    lat: float


class CarriedSeen(BaseModel):
    """Where a movement was seen last."""

    at: InstantText
    km: float | None = Field(description="Of its way; null: off it")


class CarriedWay(BaseModel):
    """The chosen way of a movement, as it stands for its vehicles when they reach each road."""

    length_km: float
    path: str = Field(description="Encoded polyline (precision 5), thinned for a phone")
    state: Literal["O", "C", "?", "R", "X", "-"]
    worst_text: str | None = Field(description="In English")
    worst: CarriedCause | None


class CarriedMovement(BaseModel):
    """A movement whose place the account may tell."""

    id: str
    code: str
    purpose: str
    planned_start: InstantText
    planned_end: InstantText | None
    actual_start: InstantText | None = Field(description="Null: nobody said yet that it left")
    from_name: str | None
    to_name: str | None
    seen: CarriedSeen | None
    way: CarriedWay | None


class Bundle(BaseModel):
    """The picture to carry; after `expires` it says nothing about any road."""

    as_of: InstantText
    expires: InstantText
    network: str
    box: list[float] = Field(description="West, south, east, north of the mission, degrees")
    profile: str
    user_class: str
    area: CarriedArea | None = Field(description="None: the whole mission, without roads beside the key routes")
    routes: list[CarriedRoute] = Field(description="All key routes, outside of the area in outline")
    hazards: list[CarriedHazard] = Field(description="Those in the area or on a key route")
    restrictions: list[CarriedRestriction] = Field(description="Those in the area or on a key route")
    roads: CarriedRoads | None
    all_within_km: float | None = Field(
        None,
        description="None: all roads of the area are here. Else so many did not fit: all are here up to this distance "
        "from its middle, along a route from its line, and a radius so small holds all",
    )
    movements: list[CarriedMovement] = Field(
        description="Of the unit, or the partner's own: under way, or leaving within a day"
    )
    places: list[CarriedPlace]
    areas: list[CarriedRow] = Field(description="Areas that may be chosen")
    air_heads: list[CarriedSubject]
    crossings: list[CarriedSubject]
    camps: list[CarriedSubject] = Field(description="The form about access offers these, and the places with an id")
    assets: list[CarriedAsset] = Field(description="The nearest to the middle of the area; none without an area")


@api.get("/field/bundle", responses={"200": Bundle, **UNCHANGED, **MISSING})
@allows("read_picture")
@takes_turns
def get_field_bundle(query: BundleQuery) -> Any:
    """Return the last picture to carry: an area in full, key routes, names; with an area at most 150 kB packed."""
    host, actor = edge().host, current_actor()
    wish = _wish(query)
    question = host.question(None, None, query.profile, query.user_class)
    note_shown("export", question, subject="picture to carry")
    asked = request.query_string.decode("ascii", "replace")
    sees = f"{actor.user_id} {actor.clearance} {','.join(actor.areas)}"
    tag = f"field {host.network.network_id} {host.version} {sees} {asked} {question.at // AGES_US}"
    if unchanged(tag):
        return with_etag(Response(status=304), tag)
    with reading() as session:
        return with_etag(jsonify(read_field_bundle(session, host, question, actor=actor, wish=wish)), tag)


def _wish(query: BundleQuery) -> AreaWish:
    given = [name for name in ("area", "route", "around") if getattr(query, name)]
    if len(given) > 1:
        raise InvalidInput.single(given[1], f"given beside {given[0]}", "at most one of area, route and around")
    radius_km = query.radius_km or {"around": RADIUS_KM, "route": CORRIDOR_KM}.get("".join(given), 0.0)
    return AreaWish(query.area or None, query.route or None, _position(query.around), radius_km)


def _position(text: str | None) -> tuple[float, float] | None:
    if not text:
        return None
    lon, lat = (float(part) for part in text.split(","))
    if abs(lon) > 180 or abs(lat) > 90:
        raise InvalidInput.single("around", text[:60], "lon,lat in degrees, within ± 180 and ± 90")
    return lon, lat
