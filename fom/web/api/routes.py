"""Key routes: their course, state and kilometres by state; defining and changing them.

Annotations are evaluated here (no `__future__` import): the models come from the register's table of members.
"""

from typing import Any

from flask import jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.errors import NotFound
from fom.services.key_routes import define_key_route, list_key_routes
from fom.services.route_strip import read_strip
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.registers import changes_model, given_members, merged, values_model
from fom.web.api.shapes import Asking, Id, InstantText
from fom.web.edge import edge, reading, writing
from fom.web.heavy import takes_turns

api = family("routes", "Key routes with their states")

NewRoute = values_model("key_route")
RouteChanges = changes_model("key_route", NewRoute)


class KeyRoute(BaseModel):
    """A key route as stored."""

    model_config = ConfigDict(extra="allow")

    id: str
    code: str
    name: str
    version: int


class KeyRouteState(KeyRoute):
    """A key route with its state at the moment asked about."""

    state: str
    risk: float | None
    confidence: float | None
    verified_at: InstantText | None
    length_m: float
    by_state_m: dict[str, float]


class Strip(BaseModel):
    """A key route unrolled: every list by metres from its start."""

    model_config = ConfigDict(extra="allow")

    id: str
    code: str
    length_m: float
    states: list[dict[str, Any]]
    parts: list[dict[str, Any]] = Field(description="From place to place, together the whole route")
    places: list[dict[str, Any]]
    hazards: list[dict[str, Any]]
    controls: list[dict[str, Any]]
    crossings: list[dict[str, Any]]
    assets: list[dict[str, Any]]
    surfaces: list[dict[str, Any]]
    heat: list[dict[str, Any]]


class KeyRoutes(BaseModel):
    """All key routes by code."""

    routes: list[KeyRouteState]


class RoutePath(BaseModel):
    """Which key route."""

    route_id: Id


@api.get("/routes", responses={"200": KeyRoutes})
@allows("read_picture")
def list_routes(query: Asking) -> Any:
    """List the key routes with state, risk, oldest verification and metres by state."""
    rated = _rated(query)
    _note(query)
    return jsonify(routes=rated)


@api.get("/routes/<route_id>", responses={"200": KeyRouteState, **MISSING})
@allows("read_picture")
def get_route(path: RoutePath, query: Asking) -> Any:
    """Return one key route with its state."""
    found = [row for row in _rated(query) if row["id"] == path.route_id]
    if not found:
        raise NotFound("key route", path.route_id)
    _note(query)
    return jsonify(found[0])


@api.get("/routes/<route_id>/strip", responses={"200": Strip, **MISSING})
@allows("read_picture")
@takes_turns
def get_strip(path: RoutePath, query: Asking) -> Any:
    """Return what stands along a key route by metres from its start: states, hazards, controls, assets, thirty days."""
    host = edge().host
    question = host.question(query.at, query.known_at, query.profile, query.user_class)
    with reading() as session:
        strip = read_strip(session, host, path.route_id, question, actor=current_actor())
    _note(query)
    return jsonify({name: value for name, value in strip.items() if name != "course"})


@api.post("/routes", responses={"201": KeyRoute, **CONFLICT, **BODY})
@allows("edit_key_routes")
def post_route(body: NewRoute) -> Any:  # type: ignore[valid-type]
    """Define a key route: with `via`, its stretches are the quickest way along it, whatever the states."""
    host = edge().host
    with writing() as (session, now):
        row = define_key_route(
            session,
            given_members(body),
            version=None,
            actor=current_actor(),
            now=now,
            network=host.network,
            router=host.router,
        )
    return jsonify(row), 201


@api.patch("/routes/<route_id>", responses={"200": KeyRoute, **MISSING, **CONFLICT, **BODY})
@allows("edit_key_routes")
def patch_route(path: RoutePath, body: RouteChanges) -> Any:  # type: ignore[valid-type]
    """Change a key route; 409 with the row as it is now when the version is stale."""
    host = edge().host
    with writing() as (session, now):
        whole, version = merged(session, "key_route", path.route_id, body)
        row = define_key_route(
            session,
            whole,
            version=version,
            actor=current_actor(),
            now=now,
            network=host.network,
            router=host.router,
        )
    return jsonify(row)


def _note(query: Asking) -> None:
    question = edge().host.question(query.at, query.known_at, query.profile, query.user_class)
    note_shown("routes", question, at=query.at, known_at=query.known_at)


def _rated(query: Asking) -> list[dict[str, Any]]:
    host = edge().host
    question = host.question(query.at, query.known_at, query.profile, query.user_class)
    with reading() as session:
        return list_key_routes(session, host, question, actor=current_actor())
