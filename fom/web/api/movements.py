"""Movements with their plans: the board with live advice, planning, clearances, leaving, check-ins, closing out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.domain.instants import format_instant
from fom.domain.movements import ANSWERS, CHECK_IN_SOURCES, CONTROL_LEVELS, ESCORTS, TRAVELLED, VEHICLE_CLASSES
from fom.domain.registers import ACTORS, MOVEMENT_OUTCOMES, MOVEMENT_PURPOSES
from fom.services import movements
from fom.services.movement_advice import acknowledge_advice, purge_ways
from fom.services.movement_board import Filter, read_board, read_index, read_movement
from fom.services.movement_check_ins import check_in
from fom.services.movement_clearances import answer_clearance, ask_clearance
from fom.services.movement_closing import close_movement, depart_movement
from fom.web.access import allows, current_actor
from fom.web.alerting import note_movements
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.registers import RowPath
from fom.web.api.shapes import Body, Classification, Id, InstantText, ProfileName, Text, UserClass, Uuid
from fom.web.edge import edge, reading, writing

api = family("movement_plans", "Movements with ways, clearances, live advice and close-out")

Purpose = Literal[MOVEMENT_PURPOSES]  # type: ignore[valid-type]
Party = Literal[ACTORS]  # type: ignore[valid-type]
Version = Annotated[int, Field(ge=1, le=2**31)]
Tonnes = Annotated[float, Field(ge=0, le=100_000)]


class BoardFilter(Body):
    """Which movements of the board."""

    purpose: Purpose | None = None
    unit: str | None = Field(None, max_length=80)
    user_class: UserClass | None = None


class Vehicles(Body):
    """Vehicles of one class."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    vehicle_class: Literal[VEHICLE_CLASSES] = Field(alias="class")  # type: ignore[valid-type]
    count: int = Field(ge=1, le=500)


class NamedPlace(Body):
    """Where a movement leaves from, passes or goes to."""

    name: str = Field(min_length=1, max_length=200)
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class WayStretch(Body):
    """A segment or part of one, as plans name them."""

    id: Id
    direction: Literal["forward", "backward"] = "forward"
    from_m: float | None = Field(None, ge=0, le=1e6)
    to_m: float | None = Field(None, ge=0, le=1e6)


class MovementWay(BaseModel):
    """A way of a plan; what else the plan says of it is kept with it as given."""

    title: str = Field(min_length=1, max_length=80)
    segments: list[WayStretch] = Field(min_length=1, max_length=5000)
    distance_m: float = Field(ge=0, le=1e8)
    duration_s: float | None = Field(None, ge=0, le=1e8)
    state: Literal["GREEN", "AMBER", "GREY", "RED", "BLACK"] | None = None


class NewMovement(Body):
    """A movement to plan. Without a profile that of the heaviest vehicle decides how its roads are judged."""

    id: Uuid
    code: str = Field(min_length=1, max_length=80)
    purpose: Purpose
    user_class: UserClass
    planned_start: InstantText
    planned_end: InstantText | None = None
    unit: str | None = Field(None, max_length=80)
    profile: ProfileName | None = None
    route: Id | None = None
    from_site: Id | None = None
    to_site: Id | None = None
    admin_unit: str | None = Field(None, max_length=80)
    planned_t: Tonnes | None = None
    classification: Classification | None = None
    vehicles: list[Vehicles] = Field([], max_length=len(VEHICLE_CLASSES))
    escort: Literal[ESCORTS] | None = None  # type: ignore[valid-type]
    escort_by: str | None = Field(None, max_length=200)
    control_level: Literal[CONTROL_LEVELS] | None = None  # type: ignore[valid-type]
    origin: NamedPlace | None = None
    destination: NamedPlace | None = None
    via: list[NamedPlace] = Field([], max_length=10)
    ways: list[MovementWay] = Field([], max_length=3, description="The way chosen, then up to two alternates")
    network: str | None = Field(None, max_length=120, description="On which the ways were found; default: in use")
    from_air_head: Id | None = Field(None, description="Of a flight: where it leaves from; its advice is of both ends")
    to_air_head: Id | None = None
    aircraft_type: str | None = Field(None, max_length=80, description="As aviation approves it for air heads")
    notes: Text | None = None


class ChangedMovement(NewMovement):
    """The whole plan of a movement that is there, and the version that was read."""

    version: Version


class MovementClosure(Body):
    """How a movement ended."""

    version: Version
    outcome: Literal[MOVEMENT_OUTCOMES]  # type: ignore[valid-type]
    actual_start: InstantText | None = None
    actual_end: InstantText | None = None
    travelled: Literal[TRAVELLED] | None = None  # type: ignore[valid-type]
    stop_km: float | None = Field(None, ge=0, le=5000, description="Kilometres along its way")
    stop_place: str | None = Field(None, max_length=200)
    party: Party | None = Field(None, description="Who stopped, held or refused it")
    delay_min: float | None = Field(None, ge=0, le=20160)
    delivered_t: Tonnes | None = None
    verify: bool = Field(True, description="Record what was driven as a passage, without track: F6 until graded")


class Departure(Body):
    """The version that was read."""

    version: Version


class CheckIn(Body):
    """Where a movement is: a position, or the kilometre of its way."""

    id: Uuid
    at: InstantText | None = Field(None, description="When it was there; default: now")
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-90, le=90)
    accuracy_m: float | None = Field(None, ge=0, le=1e6)
    source: Literal["device", "typed"] | None = None
    km: float | None = Field(None, ge=0, le=5000, description="Kilometres along its way, instead of a position")
    left: bool | None = Field(
        None, description="It is on its way: where nobody said yet that it left, it left when this was made"
    )
    device_time: InstantText | None = Field(
        None, description="What the clock of a device said that kept it until now: it counts when it was made, or at "
        "its receipt if that is earlier, also when the movement was closed since",
    )  # fmt: skip
    device_offset_s: float | None = Field(
        None, ge=-(2**53), le=2**53, description="Server minus device, when the two last met"
    )


class ClearanceAsked(Body):
    """A clearance that was asked for."""

    id: Uuid
    asked_of: str = Field(min_length=1, max_length=200)
    party: Party | None = None
    asked_at: InstantText | None = None
    reference: str | None = Field(None, max_length=200)


class ClearanceAnswer(Body):
    """What became of a clearance."""

    version: Version
    answer: Literal[ANSWERS]  # type: ignore[valid-type]
    answered_at: InstantText | None = None
    reference: str | None = Field(None, max_length=200)
    conditions: Text | None = None


class NoMembers(Body):
    """An empty body."""


class AdvicePath(BaseModel):
    """Which advice."""

    number: int = Field(ge=1, le=2**53)


class PlannedMovement(BaseModel):
    """A movement: members of the register, plan, clearances, phase, `told` receipts.

    `outlook` is live: how its way stands, advice, `seen` and by what its position is known; `flight` the same of a leg.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    code: str
    version: int
    phase: str


class BoardColumn(BaseModel):
    """One phase of the board."""

    phase: str
    rows: list[PlannedMovement]


class MovementBoard(BaseModel):
    """The movements that the account may see, by phase."""

    at: InstantText
    columns: list[BoardColumn]
    later: int = Field(description="Planned ones that leave later than in two days")


class MovementClearance(BaseModel):
    """A clearance as it stands."""

    model_config = ConfigDict(extra="allow")

    id: str
    version: int
    answer: str


class AdviceReceipt(BaseModel):
    """The receipt of an advice."""

    number: int
    change: int
    due_at: InstantText | None = Field(description="When time alone made its way worse; null where a change did")
    state: str
    text: str
    told_at: InstantText
    acknowledged_by: str | None
    acknowledged_at: InstantText | None


class MovementCheckIn(BaseModel):
    """A check-in as it is kept, until 90 days after the movement ended."""

    model_config = ConfigDict(extra="allow")

    id: str
    movement_id: str
    at: InstantText
    lon: float
    lat: float
    accuracy_m: float | None
    source: Literal[CHECK_IN_SOURCES]  # type: ignore[valid-type]
    received: InstantText
    device_time: InstantText | None
    device_offset_s: float | None
    is_late: bool = Field(description="Received more than ten minutes after it was made")
    is_skewed: bool = Field(description="The clock of its device was more than ten minutes wrong")


class MovementIndex(BaseModel):
    """The index of the last 30 days, in all and by party, area and class, with counts and interval."""

    model_config = ConfigDict(extra="allow")

    since: InstantText


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a movement with the moments of its outlook and flight as text."""
    if row.get("flight") is not None:
        flight = row["flight"]
        ends = [{**end, "at": format_instant(end["at"])} for end in flight["ends"]]
        moments = {name: format_instant(flight[name]) for name in ("departs_at", "arrives_at")}
        row = {**row, "flight": {**flight, "ends": ends, **moments}}
    if row.get("outlook") is None:
        return row
    outlook = dict(row["outlook"])
    for name in ("as_of", "departs_at", "arrives_at"):
        outlook[name] = format_instant(outlook[name])
    if outlook["seen"] is not None:
        outlook["seen"] = {**outlook["seen"], "at": format_instant(outlook["seen"]["at"])}
    outlook["runs"] = [{**run, "reached_at": format_instant(run["reached_at"])} for run in outlook["runs"]]
    outlook["alternates"] = [
        {"state": a["state"], "extra_s": round(a["extra_us"] / 1e6), "lost": a["lost"]} for a in outlook["alternates"]
    ]
    outlook["advice"] = [
        {
            name: format_instant(value) if name in ("before", "after") and value is not None else value
            for name, value in advice.items()
        }
        for advice in outlook["advice"]
    ]
    return {**row, "outlook": outlook}


@api.get("/movement-board", responses={"200": MovementBoard})
@allows("read_picture")
def get_board(query: BoardFilter) -> Any:
    """Return the movements by phase, each with how its way stands when it is reached and what to do."""
    with reading() as session:
        board = read_board(session, edge().host, wanted=Filter(**query.model_dump()), actor=current_actor())
    note_movements(row for column in board["columns"] for row in column["rows"])
    columns = [{**column, "rows": [_shown(row) for row in column["rows"]]} for column in board["columns"]]
    return jsonify(at=format_instant(board["at"]), columns=columns, later=board["later"])


@api.get("/movement-index", responses={"200": MovementIndex})
@allows("read_benchmarks")
def get_index() -> Any:
    """Return the freedom-of-movement index of the last 30 days; cancelled for lack of clearance counts as denied."""
    with reading() as session:
        index = read_index(session, actor=current_actor(), now=edge().host.now())
    return jsonify({**index, "since": format_instant(index["since"])})


@api.get("/movement-plans/<row_id>", responses={"200": PlannedMovement, **MISSING})
@allows("read_picture")
def get_plan(path: RowPath) -> Any:
    """Return one movement with its plan, live outlook and the advice that was told."""
    host, actor = edge().host, current_actor()
    with reading() as session:
        movement = movements.get_movement(session, path.row_id, actor=actor, now=host.now())
        shown = read_movement(session, host, movement, actor=actor)
    note_movements([shown])
    return jsonify(_shown(shown))


def _values(body: NewMovement) -> dict[str, Any]:
    given = body.model_dump(by_alias=True, exclude={"version", "network"})
    if given["ways"]:
        given["ways"] = [way.model_dump(exclude_none=True) for way in body.ways]
        given["planned_as"] = {"network": body.network or edge().host.network.network_id}
    return given


def _save(body: NewMovement, version: int | None) -> dict[str, Any]:
    with writing() as (session, now):
        saved = movements.plan_movement(session, _values(body), version=version, actor=current_actor(), now=now)
        purge_ways(session, now=now)
    return saved


@api.post("/movement-plans", responses={"201": PlannedMovement, **CONFLICT, **BODY})
@allows("edit_movements")
def add_plan(body: NewMovement) -> Any:
    """Plan a movement; partners notify humanitarian ones only."""
    return jsonify(_save(body, None)), 201


@api.put("/movement-plans/<row_id>", responses={"200": PlannedMovement, **MISSING, **CONFLICT, **BODY})
@allows("edit_movements")
def change_plan(path: RowPath, body: ChangedMovement) -> Any:
    """Replace the plan of a movement that is open."""
    with reading() as session:
        movements.get_movement(session, path.row_id, actor=current_actor(), now=edge().host.now())
    return jsonify(_save(body.model_copy(update={"id": path.row_id}), body.version))


@api.post("/movement-plans/<row_id>/departure", responses={"200": PlannedMovement, **MISSING, **CONFLICT, **BODY})
@allows("edit_movements", "send_report")
def leave(path: RowPath, body: Departure) -> Any:
    """Say that it left just now."""
    with writing() as (session, now):
        left = depart_movement(session, path.row_id, version=body.version, actor=current_actor(), now=now)
    return jsonify(left)


@api.post("/movement-plans/<row_id>/check-ins", responses={"201": MovementCheckIn, **MISSING, **CONFLICT, **BODY})
@allows("edit_movements", "send_report")
def add_check_in(path: RowPath, body: CheckIn) -> Any:
    """Say where a movement is; the same id again gives the first result, with another body 409."""
    with writing() as (session, now):
        said = body.model_dump(exclude_none=True)
        kept = check_in(session, edge().host, path.row_id, said, actor=current_actor(), now=now)
    return jsonify(kept), 201


@api.post("/movement-plans/<row_id>/closure", responses={"200": PlannedMovement, **MISSING, **CONFLICT, **BODY})
@allows("edit_movements", "send_report")
def close(path: RowPath, body: MovementClosure) -> Any:
    """Enter how it ended; of two who do so the second gets 409 with `details.differs`."""
    said = body.model_dump(exclude={"version"})
    with writing() as (session, now):
        closed = close_movement(
            session, edge().host, path.row_id, said, version=body.version, actor=current_actor(), now=now
        )
        purge_ways(session, now=now)
    return jsonify(closed)


@api.post("/movement-plans/<row_id>/clearances", responses={"201": MovementClearance, **MISSING, **CONFLICT, **BODY})
@allows("edit_movements")
def ask(path: RowPath, body: ClearanceAsked) -> Any:
    """Note a clearance that was asked for."""
    with writing() as (session, now):
        asked = ask_clearance(session, path.row_id, body.model_dump(), actor=current_actor(), now=now)
    return jsonify(asked), 201


@api.patch("/movement-clearances/<row_id>", responses={"200": MovementClearance, **MISSING, **CONFLICT, **BODY})
@allows("edit_movements")
def answer(path: RowPath, body: ClearanceAnswer) -> Any:
    """Enter the answer to a clearance."""
    said = body.model_dump(exclude={"version"})
    with writing() as (session, now):
        answered = answer_clearance(session, path.row_id, said, version=body.version, actor=current_actor(), now=now)
    return jsonify(answered)


@api.post("/movement-advice/<int:number>/acknowledgement", responses={"200": AdviceReceipt, **MISSING, **BODY})
@allows("edit_movements", "send_report")
def acknowledge(path: AdvicePath, body: NoMembers) -> Any:  # noqa: ARG001
    """Acknowledge an advice; the first who does stands."""
    with writing() as (session, now):
        return jsonify(acknowledge_advice(session, path.number, actor=current_actor(), now=now))
