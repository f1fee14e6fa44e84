"""Places by name and positions read back, for forms that ask where."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from pydantic import BaseModel, Field

from fom.services.gazetteer import find_places, read_position_back
from fom.web.access import allows, current_actor
from fom.web.api import family
from fom.web.api.shapes import Body
from fom.web.edge import edge, reading

api = family("places", "Where: places by name, positions read back")


class PlacesQuery(Body):
    """What to look for."""

    q: str = Field(min_length=1, max_length=200, description="A name, a code, or a key route and a kilometre: IBIS 77")


class PlaceOut(BaseModel):
    """A place that may be meant."""

    name: str
    kind: str
    lon: float
    lat: float
    radius_m: float = Field(description="How far from its point the place may reach")
    admin: str | None = Field(description="The administrative unit in which it lies")
    of_register: str | None = Field(alias="register")
    id: str | None
    km: float | None = None


class Places(BaseModel):
    """All places that may be meant; nobody picks one."""

    places: list[PlaceOut]


class PositionQuery(Body):
    """A position as somebody wrote it."""

    text: str = Field(min_length=1, max_length=200)


class Reading(BaseModel):
    """A position in two forms."""

    lon: float
    lat: float
    forms: list[str]


class PositionWarning(BaseModel):
    """What should make a person look twice."""

    code: str
    text: str
    lon: float | None = None
    lat: float | None = None


class Position(BaseModel):
    """How a position is read."""

    readings: list[Reading]
    warnings: list[PositionWarning]


@api.get("/places", responses={"200": Places})
@allows("read_picture")
def get_places(query: PlacesQuery) -> Any:
    """Return every place that a name or a kilometre of a key route may mean, with the unit it lies in."""
    parts = edge()
    with reading() as session:
        found = find_places(
            session, query.q, network=parts.host.network, context=parts.config.data / "context", actor=current_actor()
        )
    return jsonify(places=found)


@api.get("/position", responses={"200": Position})
@allows("read_picture")
def get_position(query: PositionQuery) -> Any:
    """Read a position back in two forms, and warn of one outside the area or the wrong way round."""
    return jsonify(read_position_back(query.text, network=edge().host.network))
