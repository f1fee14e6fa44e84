"""Alerts: one's subscriptions, what one was told with the receipts, and saying that one knows the state of routes."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from pydantic import BaseModel, Field

from fom.domain.alerts import ALERT_KINDS, CHANNELS, CHECKS, MOVES, STATUSES, WATCHED_KINDS, WATCHED_MOVEMENTS
from fom.services.alerts.inbox import acknowledge_alerts, count_unread, list_alerts, note_delivered, send_again
from fom.services.alerts.subscriptions import (
    SubscriptionDraft,
    delete_subscription,
    get_subscription,
    list_subscriptions,
    save_subscription,
)
from fom.services.looking import acknowledge_routes, list_acknowledgements, list_my_routes
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown, outside
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.shapes import Body, Id, Instant, InstantText, ProfileName, UserClass, Uuid
from fom.web.edge import edge, reading, writing

api = family("alerts", "Subscriptions, alerts with their receipts, acknowledgements of key routes")

StateName = Literal["GREEN", "AMBER", "GREY", "RED", "BLACK"]
Kind = Literal[WATCHED_KINDS]  # type: ignore[valid-type]
Check = Literal[CHECKS]  # type: ignore[valid-type]
ClockText = str


class SubscriptionBody(Body):
    """What is wanted. Without routes, unit routes, area and shape: every key route."""

    version: int | None = Field(None, ge=1, le=2**31 - 1, description="The version that was read; left out: a new one")
    title: str = Field(min_length=1, max_length=200)
    routes: list[Id] = Field(default_factory=list, max_length=200, description="Key routes")
    unit_routes: bool = Field(False, description="Also the key routes that your unit owns")
    area_id: Id | None = Field(None, description="A row of the area register")
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON Polygon or MultiPolygon, degrees")
    moves: Literal[MOVES] = Field(  # type: ignore[valid-type]
        "stretch_worse",
        description="Changes of the worst state along the whole or of any stretch, for the worse or all",
    )
    states: list[StateName] = Field(default_factory=list, max_length=5, description="Only changes to these; none = any")
    kinds: list[Kind] = Field(default_factory=list, max_length=6, description="Records of these kinds")
    checks: list[Check] = Field(
        default_factory=list, max_length=len(CHECKS), description="Told when overdue or about to end"
    )
    movements: Literal[WATCHED_MOVEMENTS] = Field(  # type: ignore[valid-type]
        "none", description="Advice to the movements of your unit, or to all that you may see"
    )
    movement_ids: list[Id] = Field(default_factory=list, max_length=200, description="Advice to these movements too")
    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"
    email: bool = False
    webhook: str | None = Field(None, max_length=500, description="At an origin listed in FOM_WEBHOOK_HOSTS")
    quiet_from: ClockText | None = Field(
        None, max_length=5, description="22:00 in the mission's zone; explosive alerts are never held"
    )
    quiet_to: ClockText | None = Field(None, max_length=5)

    def draft(self, subscription_id: str) -> SubscriptionDraft:
        """Return it as the service takes it."""
        values = self.model_dump()
        for name in ("unit_routes", "email"):
            values[f"is_{name}"] = values.pop(name)
        for name in ("routes", "states", "kinds", "checks", "movement_ids"):
            values[name] = tuple(values[name])
        return SubscriptionDraft(id=subscription_id.lower(), **values)


class Subscription(BaseModel):
    """A subscription of one's own."""

    id: str
    version: int
    title: str
    routes: list[str]
    unit_routes: bool
    area_id: str | None
    geometry: dict[str, Any] | None
    moves: str
    states: list[str]
    kinds: list[str]
    checks: list[str]
    movements: str
    movement_ids: list[str]
    profile: str
    user_class: str
    email: bool
    webhook: str | None
    webhook_key: str | None = Field(description="Signs the messages: docs/alerts.md")
    quiet_from: str | None
    quiet_to: str | None
    created_at: InstantText
    changed_at: InstantText


class Subscriptions(BaseModel):
    """One's own subscriptions, oldest first."""

    subscriptions: list[Subscription]


class SubscriptionPath(BaseModel):
    """Which subscription."""

    subscription_id: Uuid


class Receipt(BaseModel):
    """How an alert went one way."""

    channel: Literal[CHANNELS]  # type: ignore[valid-type]
    target: str
    status: Literal[STATUSES]  # type: ignore[valid-type]
    tries: int
    last_error: str | None
    due_at: InstantText | None
    delivered_at: InstantText | None
    read_at: InstantText | None


class Answer(BaseModel):
    """Who acknowledged an advice first, of its movement or of movement control."""

    by: str
    at: InstantText


class AlertOut(BaseModel):
    """Something that one was told."""

    id: str
    kind: Literal[ALERT_KINDS]  # type: ignore[valid-type]
    at: InstantText
    explosive: bool
    change: int | None
    title: str
    text: str
    restricted: bool = Field(description="Something in it may not be read (any more): contact the JOC")
    details: dict[str, Any]
    subscription: str | None
    subscription_title: str | None
    acknowledged_for_movement: Answer | None = Field(description="Of advice to a movement: who acknowledged it first")
    held_until: InstantText | None
    read_at: InstantText | None
    deliveries: list[Receipt]


class Alerts(BaseModel):
    """One's own alerts, newest first."""

    alerts: list[AlertOut]


class AlertsQuery(Body):
    """Which alerts."""

    unread: bool = False
    before: Instant | None = Field(None, description="Only what happened before; the `at` of the last of a page")
    limit: int = Field(100, ge=1, le=500)


class Count(BaseModel):
    """How many wait."""

    unread: int


class DeliveryPath(BaseModel):
    """Which delivery."""

    alert_id: Uuid
    channel: Literal["email", "webhook"]


class AlertIds(Body):
    """Which alerts have been read."""

    alerts: list[Uuid] = Field(min_length=1, max_length=500)


class ReadReceipt(BaseModel):
    """When an alert was acknowledged."""

    alert: str
    read_at: InstantText


class ReadReceipts(BaseModel):
    """Receipts."""

    receipts: list[ReadReceipt]


class LookReceipt(BaseModel):
    """That somebody knows the state of a route as it was at `seen_at`."""

    number: int
    route: str
    version: int
    state: str
    seen_at: InstantText
    acknowledged_at: InstantText


class MyRoute(BaseModel):
    """A key route with what changed since it was acknowledged last."""

    id: str
    code: str
    name: str
    owner: str | None
    state: str
    cause: str | None
    verified_at: InstantText | None
    length_m: float
    by_state_m: dict[str, float]
    since: InstantText
    before: str | None
    changes: list[dict[str, Any]]
    receipt: LookReceipt | None


class MyRoutes(BaseModel):
    """The unit's routes, else those subscribed to, else all."""

    at: InstantText
    version: int
    whose: Literal["unit", "subscribed", "all"]
    unit: str | None
    routes: list[MyRoute]


class MyRoutesQuery(Body):
    """For which vehicle and whom."""

    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"


class Acknowledgement(Body):
    """Which routes are known as they were when: the `at` and `version` of the answer that was read."""

    routes: list[Id] = Field(min_length=1, max_length=200)
    seen_at: Instant
    version: int = Field(ge=0, le=2**53)


class LookReceipts(BaseModel):
    """Receipts."""

    receipts: list[LookReceipt]


class UnitRow(BaseModel):
    """Whether a unit knows the state of its key routes."""

    unit: str
    name: str
    people: int
    routes: int
    acknowledged_routes: int
    last_acknowledged_at: InstantText | None
    last_viewed_at: InstantText | None
    has_acknowledged: bool


class Acknowledgements(BaseModel):
    """Units that acknowledged the state of their key routes within 24 h; those that did not first."""

    at: InstantText
    units: list[UnitRow]
    acknowledged: int
    of: int
    share: float | None
    target: float
    is_met: bool


@api.get("/subscriptions", responses={"200": Subscriptions})
@allows("read_picture")
def get_subscriptions() -> Any:
    """List one's own subscriptions."""
    with reading() as session:
        return jsonify(subscriptions=list_subscriptions(session, outside(), actor=current_actor()))


@api.get("/subscriptions/<subscription_id>", responses={"200": Subscription, **MISSING})
@allows("read_picture")
def get_one_subscription(path: SubscriptionPath) -> Any:
    """Return one of one's own subscriptions."""
    with reading() as session:
        found = get_subscription(session, outside(), path.subscription_id.lower(), actor=current_actor())
    return jsonify(found)


@api.put("/subscriptions/<subscription_id>", responses={"200": Subscription, **MISSING, **CONFLICT, **BODY})
@allows("read_picture")
def put_subscription(path: SubscriptionPath, body: SubscriptionBody) -> Any:
    """Write a subscription under an id made by the sender, or change it with the version that was read."""
    draft = body.draft(path.subscription_id)
    with writing() as (session, now):
        saved = save_subscription(session, edge().host, outside(), draft, actor=current_actor(), now=now)
    return jsonify(saved)


@api.delete("/subscriptions/<subscription_id>", responses={"204": None, **MISSING})
@allows("read_picture")
def remove_subscription(path: SubscriptionPath) -> Any:
    """End a subscription."""
    with writing() as (session, now):
        delete_subscription(session, path.subscription_id.lower(), actor=current_actor(), now=now)
    return Response(status=204)


@api.get("/alerts", responses={"200": Alerts})
@allows("read_picture")
def get_alerts(query: AlertsQuery) -> Any:
    """List one's own alerts with the receipts of their deliveries."""
    actor = current_actor()
    with reading() as session:
        rows = list_alerts(
            session, edge().host, actor=actor, now=edge().clock(), is_unread=query.unread, before=query.before,
            limit=query.limit,
        )  # fmt: skip
    if any(row["deliveries"][0]["status"] == "waiting" and row["held_until"] is None for row in rows):
        with writing() as (session, now):
            note_delivered(session, actor=actor, now=now)
    return jsonify(alerts=rows)


@api.get("/alerts/count", responses={"200": Count})
@allows("read_picture")
def get_alert_count() -> Any:
    """Return how many alerts wait to be acknowledged."""
    with reading() as session:
        return jsonify(unread=count_unread(session, actor=current_actor(), now=edge().clock()))


@api.post("/alerts/acknowledge", responses={"200": ReadReceipts, **MISSING, **BODY})
@allows("read_picture")
def post_acknowledge_alerts(body: AlertIds) -> Any:
    """Say that alerts have been read; again changes nothing. Of advice to one's movement it acknowledges that too."""
    with writing() as (session, now):
        ids = [alert_id.lower() for alert_id in body.alerts]
        return jsonify(receipts=acknowledge_alerts(session, ids, actor=current_actor(), now=now))


@api.post("/alerts/<alert_id>/deliveries/<channel>/send-again", responses={"204": None, **MISSING})
@allows("read_picture")
def post_send_again(path: DeliveryPath) -> Any:
    """Try once more what was given up; what waits or has arrived stays as it is."""
    with writing() as (session, now):
        send_again(session, path.alert_id.lower(), path.channel, actor=current_actor(), now=now)
    return Response(status=204)


@api.get("/my-routes", responses={"200": MyRoutes})
@allows("read_picture")
def get_my_routes(query: MyRoutesQuery) -> Any:
    """Return the key routes of one's unit with what changed since one acknowledged them last."""
    host = edge().host
    question = host.question(profile=query.profile, user_class=query.user_class)
    with reading() as session:
        found = list_my_routes(session, host, question, actor=current_actor())
    note_shown("routes", question)
    return jsonify(found)


@api.post("/my-routes/acknowledge", responses={"200": LookReceipts, **MISSING, **BODY})
@allows("read_picture")
def post_acknowledge_routes(body: Acknowledgement) -> Any:
    """Say that one knows the state of key routes as it was shown; the numbers of the receipts are kept."""
    with writing() as (session, now):
        receipts = acknowledge_routes(
            session, edge().host, body.routes, seen_at=body.seen_at, version=body.version, actor=current_actor(),
            now=now,
        )  # fmt: skip
    return jsonify(receipts=receipts)


@api.get("/acknowledgements", responses={"200": Acknowledgements})
@allows("read_acknowledgements")
def get_acknowledgements() -> Any:
    """Return which units have acknowledged the state of their key routes within 24 h."""
    with reading() as session:
        return jsonify(list_acknowledgements(session, actor=current_actor(), now=edge().host.now()))
