"""The registers: one family of endpoints per register, all of one shape, described from the domain's table of members.

Annotations are evaluated here (no `__future__` import): each register's models are made while its endpoints are.
"""

from functools import cache
from typing import Annotated, Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model
from sqlalchemy.orm import Session

from fom.domain.registers import Member, members_of
from fom.errors import NotFound
from fom.services import registers
from fom.services.air_heads import list_air_heads
from fom.services.crossings import list_crossings
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.shapes import INSTANT_SCHEMA, Body, Id, Known
from fom.web.edge import edge, reading, writing

FAMILIES = {
    "air_head": ("air-heads", "Airfields, airstrips and landing sites"),
    "crossing": ("crossings", "Border crossings"),
    "control_point": ("control-points", "Checkpoints, entry points, control of resources"),
    "site": ("sites", "Bases, settlements, camps, hubs"),
    "area": ("areas", "Zones and areas of operation"),
    "movement": ("movements", "Movements planned, executed, denied"),
    "restriction_case": ("restriction-cases", "Follow-up of restrictions"),
    "commitment": ("commitments", "What parties promised, kept or broken"),
    "liaison_contact": ("liaison-contacts", "Who is called when a movement is stopped"),
    "political_date": ("political-dates", "Elections, anniversaries and other dates that may move the parties"),
    "hazard_priority": ("hazard-priorities", "Clearance priorities"),
    "task": ("tasks", "Tasks for EOD, engineers, verifiers"),
}
"""Register -> address, sentence. Key routes and assessments have endpoints of their own."""

_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "maxLength": 4000},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "flag": {"type": "boolean"},
    "moment": INSTANT_SCHEMA,
    "list": {"type": "array", "items": {}, "maxItems": 20_000},
    "codes": {"type": "array", "items": {"type": "string"}, "maxItems": 20_000},
    "geometry": {"type": "object", "description": "GeoJSON Polygon or MultiPolygon"},
}


def member_schema(member: Member) -> dict[str, Any]:
    """Return the JSON Schema of a register's member as the domain's table states it."""
    schema = dict(_SCHEMAS[member.kind])
    if member.codes:
        schema = {"enum": list(member.codes)}
    if member.kind in ("number", "integer"):
        bounds = {"minimum": member.low, "maximum": member.high}
        schema |= {k: int(v) if v == int(v) else v for k, v in bounds.items() if abs(v) != float("inf")}
    return schema if member.required else {"anyOf": [schema, {"type": "null"}]}


class RowPath(BaseModel):
    """Which row."""

    row_id: Id


class History(BaseModel):
    """Who changed what of a row, oldest first."""

    changes: list[dict[str, Any]]


@cache
def build(register: str) -> APIBlueprint:
    """Return the endpoints of one register: list, read, add, change, history."""
    path, about = FAMILIES[register]
    may_read = registers.READ_ACTIONS.get(register, registers.READ_ACTION)
    may_write = registers.EDIT_ACTIONS[register]
    api = family(path.replace("-", "_"), about)
    values = values_model(register)
    changes = changes_model(register, values)
    row = create_model(f"{values.__name__}Row", __base__=values, version=(int, Field(ge=1)))
    row.model_config = ConfigDict(extra="allow")
    rows = create_model(f"{values.__name__}Rows", rows=(list[row], ...))  # type: ignore[valid-type]

    @api.get(f"/{path}", responses={"200": rows}, summary=f"List: {about}")
    @allows(may_read)
    def list_rows(query: Known) -> Any:
        with reading() as session:
            rows = _read(session, register, query.known_at)
        return jsonify(rows=rows)

    @api.get(f"/{path}/<row_id>", responses={"200": row, **MISSING}, summary=f"Read one: {about}")
    @allows(may_read)
    def get_row(path: RowPath, query: Known) -> Any:
        with reading() as session:
            return jsonify(_read_one(session, register, path.row_id, query.known_at))

    @api.get(f"/{path}/<row_id>/history", responses={"200": History, **MISSING}, summary=f"Who changed what: {about}")
    @allows(may_read)
    def get_history(path: RowPath) -> Any:
        with reading() as session:
            return jsonify(changes=registers.register_history(session, register, path.row_id, actor=current_actor()))

    @api.post(f"/{path}", responses={"201": row, **CONFLICT, **BODY}, summary=f"Add: {about}")
    @allows(may_write)
    def add_row(body: values) -> Any:  # type: ignore[valid-type]
        given = given_members(body)
        with writing() as (session, now):
            added = registers.save_register(session, register, given, version=None, actor=current_actor(), now=now)
            told = _as_it_stands(session, register, added)
        return jsonify(told), 201

    @api.patch(f"/{path}/<row_id>", responses={"200": row, **MISSING, **CONFLICT, **BODY}, summary=f"Change: {about}")
    @allows(may_write)
    def change_row(path: RowPath, body: changes) -> Any:  # type: ignore[valid-type]
        actor = current_actor()
        with writing() as (session, now):
            whole, version = merged(session, register, path.row_id, body)
            changed = registers.save_register(session, register, whole, version=version, actor=actor, now=now)
            told = _as_it_stands(session, register, changed)
        return jsonify(told)

    return api


STANDING = {"air_head": list_air_heads, "crossing": list_crossings}
"""Register -> how its rows are read with the status that follows from the evidence."""


def _read(session: Session, register: str, known_at: int | None) -> list[dict[str, Any]]:
    """Return the rows of a register, as they stand."""
    actor = current_actor()
    if register in STANDING:
        return STANDING[register](session, edge().host, actor=actor, at=known_at, known_at=known_at)
    return registers.list_register(session, register, actor=actor, known_at=known_at)


def _read_one(session: Session, register: str, row_id: str, known_at: int | None) -> dict[str, Any]:
    if register in STANDING:
        for row in _read(session, register, known_at):
            if row["id"] == row_id:
                return row
        raise NotFound(register, row_id)
    return registers.get_register(session, register, row_id, actor=current_actor(), known_at=known_at)


def _as_it_stands(session: Session, register: str, saved: dict[str, Any]) -> dict[str, Any]:
    return _read_one(session, register, saved["id"], None) if register in STANDING else saved


def given_members(body: Any) -> dict[str, Any]:
    """Return the members that the body states; those left out are not among them."""
    given: dict[str, Any] = body.model_dump(exclude_unset=True)
    return given


def merged(session: Any, register: str, row_id: str, changes: Any) -> tuple[dict[str, Any], int]:
    """Return all members of a stored row with the changes in their place, and the version that was read."""
    stored = registers.get_register(session, register, row_id, actor=current_actor())
    given = given_members(changes)
    version: int = given.pop("version")
    return {name: stored[name] for name in members_of(register)} | given, version


def values_model(register: str) -> type[Body]:
    """Return the model of a new row."""
    fields: dict[str, Any] = {}
    for name, member in members_of(register).items():
        described = Id if name == "id" else Annotated[Any, WithJsonSchema(member_schema(member))]
        fields[name] = (described, ... if member.required else None)
    return create_model(register.title().replace("_", ""), __base__=Body, **fields)


def changes_model(register: str, values: type[Body]) -> type[Body]:
    """Return the model of a change: any members, and the version that was read."""
    fields: dict[str, Any] = {
        name: (Annotated[Any, WithJsonSchema(member_schema(member))], None)
        for name, member in members_of(register).items()
        if name != "id"
    }
    return create_model(f"{values.__name__}Changes", __base__=Body, version=(int, Field(ge=1, le=2**31)), **fields)
