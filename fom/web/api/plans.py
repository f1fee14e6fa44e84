"""Plans: the best way, its alternates, or what stands in the way; now, or at any moment as it was known."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import jsonify
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from fom.services.named_places import PLACED_REGISTERS, find_place
from fom.services.planning import ALTERNATES_AT_MOST, POSTURE_NAMES, plan_way
from fom.web.access import allows, current_actor
from fom.web.api import BODY, MISSING, family
from fom.web.api.shapes import Body, Id, Instant, InstantText, ProfileName, UserClass
from fom.web.edge import edge, reading

api = family("plans", "Routes between places, and what stands in the way")


class RowPlace(Body):
    """The position of a register's row; of a key route one of its ends."""

    register_name: Literal[PLACED_REGISTERS] = Field(alias="register")  # type: ignore[valid-type]
    id: Id
    end: Literal["start", "end"] = "start"


Position = Annotated[list[float], Field(min_length=2, max_length=2, description="[longitude, latitude], degrees")]
PositionText = Annotated[str, Field(min_length=1, max_length=80, description="lon/lat, MGRS or degrees-minutes")]
Place = Position | PositionText | RowPlace


class PlanBody(Body):
    """From where to where, with what, as whom, when, and how careful."""

    origin: Place = Field(alias="from")
    destination: Place = Field(alias="to")
    via: list[Place] = Field(default_factory=list, max_length=10)
    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"
    depart_at: Instant | None = Field(None, validation_alias=AliasChoices("depart_at", "at"), description="Default now")
    known_at: Instant | None = None
    posture: Literal[POSTURE_NAMES] = "balanced"  # type: ignore[valid-type]
    alternates: int = Field(ALTERNATES_AT_MOST, ge=0, le=ALTERNATES_AT_MOST)


class Plan(BaseModel):
    """A plan, `fom-plan/1` of docs/plan-format.md. No route is an answer too."""

    model_config = ConfigDict(extra="allow")

    format: Literal["fom-plan/1"]
    network: str
    at: InstantText
    known_at: InstantText
    profile: str
    user_class: str
    posture: str
    outcome: Literal["route", "blocked_end", "closed", "unverified", "not_connected"]
    ends: list[dict[str, Any]]
    best: dict[str, Any] | None
    alternates: list[dict[str, Any]]
    unverified: dict[str, Any] | None
    obstacle: dict[str, Any] | None


@api.post("/plans", responses={"200": Plan, **MISSING, **BODY})
@allows("read_picture")
def post_plan(body: PlanBody) -> Any:
    """Plan a way under the states at departure; nothing is stored."""
    return jsonify(plan_of(body))


def plan_of(body: PlanBody) -> dict[str, Any]:
    """Return the plan that a body asks for, as the account may see it."""
    actor = current_actor()
    with reading() as session:
        places = {name: find_place(session, place, field=name, actor=actor) for name, place in places_of(body)}
    return plan_way(
        edge().host,
        origin=places.pop("from"),
        destination=places.pop("to"),
        via=list(places.values()),
        profile=body.profile,
        user_class=body.user_class,
        at=body.depart_at,
        known_at=body.known_at,
        posture=body.posture,
        alternates=body.alternates,
        actor=actor,
    )


def places_of(body: PlanBody) -> list[tuple[str, Any]]:
    """Return the places with the names of their fields; via points in order."""
    via = [(f"via[{index}]", place) for index, place in enumerate(body.via)]
    return [(name, _plain(place)) for name, place in (("from", body.origin), *via, ("to", body.destination))]


def _plain(place: Any) -> Any:
    return place.model_dump(by_alias=True) if isinstance(place, RowPlace) else place
