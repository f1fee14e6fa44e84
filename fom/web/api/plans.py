"""Plans: the best way, its alternates, or what stands in the way; now, or at any moment as it was known."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import jsonify
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from fom.domain.profiles import VARIED
from fom.services.named_places import PLACED_REGISTERS, find_place
from fom.services.planning import (
    ALTERNATES_AT_MOST,
    POSTURE_NAMES,
    VIA_AT_MOST,
    PlanWishes,
    halting_places,
    plan_way,
)
from fom.web.access import allows, current_actor
from fom.web.alerting import note_plan
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
    via: list[Place] = Field(default_factory=list, max_length=VIA_AT_MOST)
    posture: Literal[POSTURE_NAMES] = "balanced"  # type: ignore[valid-type]
    alternates: int = Field(ALTERNATES_AT_MOST, ge=0, le=ALTERNATES_AT_MOST)


class Vehicle(Body):
    """Own dimensions in place of the profile's; a heavier vehicle states its load class."""

    mass_t: float | None = Field(None, description="Tonnes")
    mlc: float | None = Field(None, description="Military load class, a class number")
    width_m: float | None = None
    height_m: float | None = None
    ford_depth_m: float | None = None
    axle_t: float | None = Field(
        None, description="Tonnes on the heaviest axle; left out: unknown where the mass is not the profile's"
    )
    night: bool = Field(True, description="False: on the road between sunrise and sunset only")

    def dimensions(self) -> dict[str, float]:
        """Return what is stated."""
        return {name: value for name in VARIED if (value := getattr(self, name)) is not None}


class WishBody(Body):
    """What the answer is to tell beyond the best way and its alternates."""

    vehicle: Vehicle | None = None
    states: Literal["departure", "arrival"] = Field(
        "departure", description="`arrival`: roads are judged when they are reached, and not entered if closed then"
    )
    trade_offs: bool = Field(False, description="The ways that weigh time against risk, each in words")
    departures: bool = Field(False, description="When to leave in the next 24 h")
    turn_arounds: bool = Field(False, description="Where a convoy can turn, and the last place before each hazard")
    rest_every_h: float | None = Field(None, description="Propose rests so that nobody drives longer, 0.5 to 24")
    range_km: float | None = Field(None, description="Propose places for fuel within this range, 10 to 5000")

    def wishes(self) -> PlanWishes:
        """Return them as the service takes them."""
        vehicle = self.vehicle
        return PlanWishes(
            trade_offs=self.trade_offs,
            on_arrival=self.states == "arrival",
            departures=self.departures,
            turn_arounds=self.turn_arounds,
            rest_every_h=self.rest_every_h,
            range_km=self.range_km,
            vehicle={} if vehicle is None else vehicle.dimensions(),
            night=vehicle is None or vehicle.night,
        )


class PlanBody(Way, WishBody):
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
    outcome: Literal["route", "blocked_end", "closed", "unverified", "not_connected", "closed_on_arrival"]
    ends: list[dict[str, Any]]
    best: dict[str, Any] | None
    alternates: list[dict[str, Any]]
    unverified: dict[str, Any] | None
    obstacle: dict[str, Any] | None
    vehicle: dict[str, Any] | None = Field(None, description="The dimensions used, where some were stated")
    trade_offs: list[dict[str, Any]] | None = Field(None, description="Routes by duration, none beaten by another")
    timing: dict[str, Any] | None = Field(None, description="What is in another state when it is reached")
    departures: dict[str, Any] | None = Field(None, description="Windows of departure in the next 24 h, and the best")
    stops: dict[str, Any] | None = Field(None, description="Halts to rest and refuel, and where none is known")
    turn_arounds: dict[str, Any] | None = Field(None, description="Places to turn, by metres along the best way")


@api.post("/plans", responses={"200": Plan, **MISSING, **BODY})
@allows("read_picture")
@takes_turns
def post_plan(body: PlanBody) -> Any:
    """Plan a way under the states at departure; nothing is stored."""
    actor = current_actor()
    with reading() as session:
        places = find_places(session, body)
        sites = halting_places(session, actor=actor) if body.rest_every_h or body.range_km else ()
    plan = plan_way(
        edge().host,
        **places,
        profile=body.profile,
        user_class=body.user_class,
        at=body.depart_at,
        known_at=body.known_at,
        posture=body.posture,
        alternates=body.alternates,
        wishes=body.wishes(),
        sites=sites,
        actor=actor,
    )
    note_plan(plan)
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
