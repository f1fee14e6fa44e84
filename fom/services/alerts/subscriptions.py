"""Subscriptions: what a person wants to be told of, and by which ways. Everybody keeps his own, and sees only those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import shapely
from shapely.errors import GEOSException
from shapely.geometry import shape
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.alerts import CHECKS, MOVES, WATCHED_KINDS, WATCHED_MOVEMENTS, format_clock, parse_clock, webhook_key
from fom.domain.geojson import geometry_to_json
from fom.domain.instants import format_instant
from fom.domain.profiles import USER_CLASSES
from fom.domain.states import State
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.services.alerts.settings import Outside
from fom.services.registers import list_register, visible_ids
from fom.services.writing import step
from fom.store.audit import append_audit
from fom.store.tables import AlertSubscription

SUBSCRIPTIONS_MAX = 50
"""Of one person. Source: project judgement; a watch of a day has some ten."""
VERTICES_MAX = 2_000
_SHAPES = ("Polygon", "MultiPolygon")


class KnowsProfiles(Protocol):
    """What checking a subscription needs of the picture host."""

    @property
    def profiles(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDraft:
    """What is wanted; `version` is that which was read, None for a new one."""

    id: str
    version: int | None = None
    title: str
    routes: tuple[str, ...] = ()
    is_unit_routes: bool = False
    area_id: str | None = None
    geometry: Mapping[str, Any] | None = None
    moves: str = "stretch_worse"
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    movements: str = "none"
    movement_ids: tuple[str, ...] = ()
    profile: str = "P3"
    user_class: str = "mission_military"
    is_email: bool = False
    webhook: str | None = None
    quiet_from: str | None = None
    quiet_to: str | None = None


def save_subscription(
    session: Session, host: KnowsProfiles, outside: Outside, draft: SubscriptionDraft, *, actor: Actor, now: int
) -> dict[str, Any]:
    """Write a subscription of the actor and return it.

    Raises
    ------
    InvalidInput
        Every bad member.
    Conflict
        Stale, or one person has too many.
    NotFound
        The id belongs to somebody else.
    """
    require(actor, "read_picture")
    shape_of = _check(session, host, outside, draft, actor)
    at = step(session, now)
    row = session.get(AlertSubscription, draft.id, populate_existing=True)
    if row is not None and row.user_id != actor.user_id:
        raise NotFound("subscription", draft.id)
    if row is not None and draft.version is None and _is_same(row, draft, shape_of):
        return subscription_dict(row, outside)
    if (draft.version or 0) != (0 if row is None else row.version):
        current = None if row is None else subscription_dict(row, outside)
        raise Conflict(f"subscription {draft.id} was changed meanwhile", current=current)
    if row is None:
        if len(_own(session, actor)) >= SUBSCRIPTIONS_MAX:
            raise Conflict(f"at most {SUBSCRIPTIONS_MAX} subscriptions of one person: delete one first")
        row = AlertSubscription(id=draft.id, user_id=actor.user_id, version=0, created_at=at)
        session.add(row)
    for name, value in _values(draft, shape_of).items():
        setattr(row, name, value)
    row.version, row.changed_at = row.version + 1, at
    session.flush()
    details = {"version": row.version, "email": row.is_email, "webhook": row.webhook is not None}
    append_audit(session, "save_subscription", ("subscription", row.id), actor=actor.person, at=at, details=details)
    return subscription_dict(row, outside)


def list_subscriptions(session: Session, outside: Outside, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the actor's subscriptions, oldest first."""
    require(actor, "read_picture")
    return [subscription_dict(row, outside) for row in _own(session, actor)]


def get_subscription(session: Session, outside: Outside, subscription_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return one of the actor's subscriptions; NotFound for anybody else's."""
    return subscription_dict(_get(session, subscription_id, actor), outside)


def delete_subscription(session: Session, subscription_id: str, *, actor: Actor, now: int) -> None:
    """End a subscription; what was told by it stays in the inbox."""
    row, at = _get(session, subscription_id, actor), step(session, now)
    session.delete(row)
    append_audit(session, "delete_subscription", ("subscription", row.id), actor=actor.person, at=at)


def subscription_dict(row: AlertSubscription, outside: Outside) -> dict[str, Any]:
    """Return the plain values of a subscription for its owner, with the key that signs its webhook."""
    clock = {name: getattr(row, name) for name in ("quiet_from", "quiet_to")}
    return {
        "id": row.id, "version": row.version, "title": row.title, "routes": row.routes,
        "unit_routes": row.is_unit_routes, "area_id": row.area_id, "geometry": geometry_to_json(row.geometry),
        "moves": row.moves, "states": row.states, "kinds": row.kinds, "checks": row.checks,
        "movements": row.movements, "movement_ids": row.movement_ids,
        "profile": row.profile, "user_class": row.user_class, "email": row.is_email, "webhook": row.webhook,
        "webhook_key": webhook_key(outside.secret, row.id) if row.webhook and outside.secret else None,
        **{name: None if minutes is None else format_clock(minutes) for name, minutes in clock.items()},
        "created_at": format_instant(row.created_at), "changed_at": format_instant(row.changed_at),
    }  # fmt: skip


def _own(session: Session, actor: Actor) -> list[AlertSubscription]:
    query = select(AlertSubscription).where(AlertSubscription.user_id == actor.user_id)
    return list(session.scalars(query.order_by(AlertSubscription.created_at, AlertSubscription.id)))


def _get(session: Session, subscription_id: str, actor: Actor) -> AlertSubscription:
    require(actor, "read_picture")
    row = session.get(AlertSubscription, subscription_id)
    if row is None or row.user_id != actor.user_id:
        raise NotFound("subscription", subscription_id)
    return row


def _values(draft: SubscriptionDraft, geometry: shapely.Geometry | None) -> dict[str, Any]:
    return {
        "title": draft.title.strip(), "routes": sorted(set(draft.routes)), "is_unit_routes": draft.is_unit_routes,
        "area_id": draft.area_id, "geometry": geometry, "moves": draft.moves,
        "states": [state.name for state in State if state.name in draft.states],
        "kinds": [kind for kind in WATCHED_KINDS if kind in draft.kinds],
        "checks": [check for check in CHECKS if check in draft.checks],
        "movements": draft.movements, "movement_ids": sorted(set(draft.movement_ids)),
        "profile": draft.profile, "user_class": draft.user_class, "is_email": draft.is_email,
        "webhook": draft.webhook,
        "quiet_from": None if draft.quiet_from is None else parse_clock(draft.quiet_from),
        "quiet_to": None if draft.quiet_to is None else parse_clock(draft.quiet_to),
    }  # fmt: skip


def _is_same(row: AlertSubscription, draft: SubscriptionDraft, geometry: shapely.Geometry | None) -> bool:
    return row.version == 1 and all(getattr(row, name) == value for name, value in _values(draft, geometry).items())


def _check(
    session: Session, host: KnowsProfiles, outside: Outside, draft: SubscriptionDraft, actor: Actor
) -> shapely.Geometry | None:
    """Return the shape of a draft; InvalidInput with every member that cannot be used."""
    errors: list[FieldError] = []

    def expect(is_good: bool, name: str, came: object, expected: str) -> None:
        if not is_good:
            errors.append(FieldError(name, str(came)[:80], expected))

    expect(bool(draft.title.strip()), "title", "nothing", "a few words")
    if draft.routes:
        known = {row["id"] for row in list_register(session, "key_route", actor=actor)}
        for route_id in draft.routes:
            expect(route_id in known, "routes", route_id, "the id of a key route that you may see")
    if draft.area_id is not None:
        areas = {row["id"] for row in list_register(session, "area", actor=actor, id=draft.area_id)}
        expect(draft.area_id in areas, "area_id", draft.area_id, "the id of an area that you may see")
    expect(draft.moves in MOVES, "moves", draft.moves, "one of " + ", ".join(MOVES))
    for state in draft.states:
        expect(state in State.__members__, "states", state, "one of " + ", ".join(State.__members__))
    for kind in draft.kinds:
        expect(kind in WATCHED_KINDS, "kinds", kind, "one of " + ", ".join(WATCHED_KINDS))
    for check in draft.checks:
        expect(check in CHECKS, "checks", check, "one of " + ", ".join(CHECKS))
    expect(draft.movements in WATCHED_MOVEMENTS, "movements", draft.movements, "one of " + ", ".join(WATCHED_MOVEMENTS))
    is_of_unit = draft.movements == "unit"
    expect(not is_of_unit or actor.unit is not None, "movements", "unit", "another: your account has no unit")
    seen = visible_ids(session, "movement", draft.movement_ids, actor=actor)
    for movement_id in draft.movement_ids:
        expect(movement_id in seen, "movement_ids", movement_id, "the id of a movement that you may see")
    wants_any = draft.moves != "none" or draft.kinds or draft.checks or draft.movements != "none" or draft.movement_ids
    expected = "a change of state, a kind of record, movements or overdue checks to be told of"
    expect(bool(wants_any), "moves", "none", expected)
    expect(draft.profile in host.profiles, "profile", draft.profile, "one of " + ", ".join(sorted(host.profiles)))
    expect(draft.user_class in USER_CLASSES, "user_class", draft.user_class, "one of " + ", ".join(USER_CLASSES))
    expect(not draft.is_unit_routes or actor.unit is not None, "unit_routes", "yes", "no: your account has no unit")
    expect(not draft.is_email or bool(outside.smtp_url), "email", "yes", "no: no mail server is set (FOM_SMTP_URL)")
    both = (draft.quiet_from is None) == (draft.quiet_to is None)
    expect(both, "quiet_to", draft.quiet_to, "both ends of the quiet hours, or neither")
    for name in ("quiet_from", "quiet_to"):
        _check_clock(name, getattr(draft, name), errors)
    if draft.webhook is not None:
        try:
            outside.check_webhook(draft.webhook)
        except InvalidInput as refused:
            errors += refused.errors
    geometry = _shape(draft.geometry, errors)
    if errors:
        raise InvalidInput(errors)
    return geometry


def _check_clock(name: str, text: str | None, errors: list[FieldError]) -> None:
    try:
        if text is not None:
            parse_clock(text)
    except ValueError as refused:
        errors.append(FieldError(name, text or "", str(refused)))


def _shape(feature: Mapping[str, Any] | None, errors: list[FieldError]) -> shapely.Geometry | None:
    if feature is None:
        return None
    expected = f"a valid GeoJSON Polygon or MultiPolygon of at most {VERTICES_MAX} positions, in degrees"
    try:
        found = shape(feature)
        west, south, east, north = found.bounds
        is_good = found.geom_type in _SHAPES and found.is_valid and shapely.get_num_coordinates(found) <= VERTICES_MAX
        if is_good and -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
            return shapely.force_2d(found)
    except (GEOSException, ValueError, TypeError, KeyError, IndexError, AttributeError):
        pass
    errors.append(FieldError("geometry", str(feature.get("type"))[:40], expected))
    return None
