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
from fom.web.heavy import takes_turns

api = family("plans", "Routes between places, and what stands in the way")


class RowPlace(Body):
    """The position of a register's row; of a key route one of its ends."""

    register_name: Literal[PLACED_REGISTERS] = Field(alias="register")  # type: ignore[valid-type]
    id: Id
    end: Literal["start", "end"] = "start"


Position = Annotated[list[float], Field(min_length=2, max_length=2, description="[longitude, latitude], degrees")]
PositionText = Annotated[str, Field(min_length=1, max_length=80, description="lon/lat, MGRS or degrees-minutes")]
Place = Position | PositionText | RowPlace


class Way(Body):
    """From where to where, and how careful."""

    origin: Place = Field(alias="from")
    destination: Place = Field(alias="to")
    via: list[Place] = Field(default_factory=list, max_length=10)
    posture: Literal[POSTURE_NAMES] = "balanced"  # type: ignore[valid-type]
    alternates: int = Field(ALTERNATES_AT_MOST, ge=0, le=ALTERNATES_AT_MOST)


class PlanBody(Way):
    """A way with what, as whom and when."""

    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"
    depart_at: Instant | None = Field(None, validation_alias=AliasChoices("depart_at", "at"), description="Default now")
    known_at: Instant | None = None


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
@takes_turns
def post_plan(body: PlanBody) -> Any:
    """Plan a way under the states at departure; nothing is stored."""
    actor = current_actor()
    with reading() as session:
        places = find_places(session, body)
    plan = plan_way(
        edge().host,
        **places,
        profile=body.profile,
        user_class=body.user_class,
        at=body.depart_at,
        known_at=body.known_at,
        posture=body.posture,
        alternates=body.alternates,
        actor=actor,
    )
    return jsonify(plan)


def find_places(session: Any, way: Way) -> dict[str, Any]:
    """Return `origin`, `destination` and `via` of a way as positions."""

    def find(place: Any, field: str) -> tuple[float, float]:
        said = place.model_dump(by_alias=True) if isinstance(place, RowPlace) else place
        return find_place(session, said, field=field, actor=current_actor())

    return {
        "origin": find(way.origin, "from"),
        "destination": find(way.destination, "to"),
        "via": [find(place, f"via[{index}]") for index, place in enumerate(way.via)],
    }
