"""Road networks: what there is, the review of one that follows another, bringing it into use and taking it back."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from pydantic import BaseModel, ConfigDict, Field

from fom.services import activating, network_review
from fom.services.placing_facts import read_place
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.shapes import Body, Id, InstantText
from fom.web.edge import edge, reading, writing
from fom.web.heavy import takes_turns

api = family("networks", "Road networks, their review and activation")


class Network(BaseModel):
    """A network of the data folder."""

    network_id: str
    name: str | None
    problem: str | None = Field(description="Why it cannot be used")
    built_at: str | None
    segments: int | None
    km: float | None
    follows: str | None = Field(description="The network whose ids it carries on")
    is_active: bool
    is_candidate: bool = Field(description="Made ready by every process, under review")


class Networks(BaseModel):
    """All networks, and which was in use when."""

    active: str | None
    candidate: str | None
    networks: list[Network]
    history: list[dict[str, Any]]


class ReviewItem(BaseModel):
    """Something that a person must sign for."""

    model_config = ConfigDict(extra="allow")

    item: str
    kind: str
    subject: str
    says: dict[str, Any]
    choices: list[str]
    can_be_placed: bool = Field(description="A fact that a signature may place on a road of the new map")
    persons: int
    is_settled: bool
    signatures: list[dict[str, Any]]


class Review(BaseModel):
    """The report of a re-import and what is open in it."""

    network_id: str
    base_id: str
    version: int
    at: InstantText
    follows_base: bool
    report: dict[str, Any] | None
    open: dict[str, int]
    settled: dict[str, int]
    items: list[ReviewItem]


class Activated(BaseModel):
    """What came of it; `change` is null when the network was in use already."""

    network_id: str
    change: int | None


class NetworkPath(BaseModel):
    """Which network."""

    network_id: str = Field(max_length=120)


class ItemPath(NetworkPath):
    """Which item of its review."""

    item: str = Field(max_length=32)


class Place(Body):
    """On which road of the new map a fact lies: one of both."""

    segment: Id | None = Field(None, description="Id of a segment of the new map")
    position: str | None = Field(None, max_length=80, description="lon/lat, MGRS or degrees-minutes, near its road")


class Signature(Body):
    """One person's word for an item."""

    choice: str = Field("accept", max_length=16, description="`accept`, or `reroute` for a key route with via points")
    reason: str = Field(max_length=2000)
    place: Place | None = Field(
        None, description="Only of an item with `can_be_placed`: written as a duplicate when the map comes into use"
    )


class Activation(Body):
    """How."""

    emergency: str | None = Field(
        None, max_length=2000, description="Why the network in use before must come back at once; chief JOC only"
    )


@api.get("/networks", responses={"200": Networks})
@allows("see_networks")
def list_networks() -> Any:
    """List the networks of the data folder and when which was in use."""
    with reading() as session:
        return jsonify(activating.list_versions(session, edge().config.networks, actor=current_actor()))


@api.post("/networks/<network_id>/announce", responses={"202": Activated, **MISSING, **CONFLICT})
@allows("manage_networks")
def announce(path: NetworkPath) -> Any:
    """Have every process make a network ready beside the one in use, for review."""
    with writing() as (session, now):
        change = activating.announce_network(
            session, edge().config.networks, path.network_id, actor=current_actor(), now=now
        )
    return jsonify(network_id=path.network_id, change=change), 202


@api.get("/networks/<network_id>/review", responses={"200": Review, **MISSING, **CONFLICT})
@allows("see_networks")
@takes_turns
def review(path: NetworkPath) -> Any:
    """Return the report of a re-import: what was matched, split, merged, lost, new; and what a person must sign for."""
    parts = edge()
    with reading() as session:
        return jsonify(
            activating.show_review(session, parts.hosts, parts.config.networks, path.network_id, actor=current_actor())
        )


@api.post("/networks/<network_id>/review/<item>/accept", responses={"200": ReviewItem, **MISSING, **CONFLICT, **BODY})
@allows("review_networks")
@takes_turns
def accept(path: ItemPath, body: Signature) -> Any:
    """Sign for an item; an improvement takes two persons, one of them the chief JOC."""
    hosts = edge().hosts
    with reading() as session:
        activating.work_out_review(session, hosts, path.network_id)
    with writing() as (session, now):
        found = activating.current_review(session, hosts, path.network_id)
        place = None if body.place is None else read_place(hosts.ready(path.network_id).network, **dict(body.place))
        item = network_review.sign_item(
            session, found, path.item, choice=body.choice, reason=body.reason, place=place, actor=current_actor(),
            now=now,
        )  # fmt: skip
    return jsonify(item)


@api.post("/networks/<network_id>/activate", responses={"200": Activated, **MISSING, **CONFLICT, **BODY})
@allows("manage_networks")
@takes_turns
def activate(path: NetworkPath, body: Activation) -> Any:
    """Bring a reviewed network into use, in every process at this change; 409 with what is unresolved."""
    parts = edge()
    with reading() as session:
        activating.find_network(parts.config.networks, path.network_id)
        activating.work_out_review(session, parts.hosts, path.network_id)
    with writing() as (session, now):
        change = activating.bring_into_use(
            session, parts.hosts, parts.config.networks, path.network_id, actor=current_actor(), now=now,
            emergency=body.emergency,
        )  # fmt: skip
    return jsonify(network_id=path.network_id, change=change)
