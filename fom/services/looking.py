"""A unit's own key routes: their state, what changed since somebody last said that he knows it, and saying so.

What changed is the difference between the picture as it was shown at the last acknowledgement and as it is now. An
acknowledgement is of the picture that was on the page, not of what has come since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fom.domain.access import UNIT_ROLES, Actor, require
from fom.domain.instants import DAY_US, format_instant
from fom.domain.states import State
from fom.errors import InvalidInput, NotFound
from fom.picture.assessment import Assessment
from fom.picture.question import Question
from fom.picture.ranges import rows_that_differ
from fom.services.alerts.telling import Move, Reasons, lines_of
from fom.services.alerts.watching import RouteWatch, watch_route
from fom.services.followed import worst_along
from fom.services.key_routes import assess_key_routes
from fom.services.map_layers import deciding_cause
from fom.services.picture_events import letter
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register
from fom.services.writing import step
from fom.store.audit import append_audit
from fom.store.tables import AlertSubscription, KeyRoute, Look, Shown, Unit, User

FRESH_US = DAY_US
"""How old an acknowledgement may be. Source: requirement K2: key-route state acknowledged within 24 h."""
TARGET = 0.95
"""Share of units. Source: requirement K2."""
PAGE_AGE_US = DAY_US
"""How old a page may be whose picture is acknowledged. Source: project judgement."""
LOOK_BACK_US = DAY_US
"""What is told to who has never acknowledged: the last day. Source: project judgement."""


def list_my_routes(session: Session, host: PictureHost, question: Question, *, actor: Actor) -> dict[str, Any]:
    """Return `{at, version, whose, routes}`: the unit's routes, else those subscribed to, else all key routes.

    Each with `state, cause, verified_at, by_state_m, length_m, since` (what changes are counted from), `before` (its
    state then), `changes` (lines) and `receipt` (the last acknowledgement) or null.
    """
    require(actor, "read_picture")
    version = host.version
    rows, assessment = assess_key_routes(session, host, question, actor=actor)
    whose, mine = _mine(session, rows, actor)
    looks = _last_looks(session, actor)
    return {
        "at": format_instant(question.at), "version": version, "whose": whose, "unit": actor.unit,
        "routes": [_route(host, question, row, assessment, looks.get(row["id"]), actor=actor) for row in mine],
    }  # fmt: skip


def acknowledge_routes(
    session: Session, host: PictureHost, route_ids: Sequence[str], *, seen_at: int, version: int, actor: Actor, now: int
) -> list[dict[str, Any]]:
    """Write that the actor knows the states of routes as they were at `seen_at`; return the receipts.

    Raises
    ------
    InvalidInput
        No route, or a page that is older than a day or of the future.
    NotFound
        A route that is not there, or that the actor may not see.
    """
    require(actor, "read_picture")
    if not route_ids:
        raise InvalidInput.single("routes", "nothing", "at least one key route")
    at = max(step(session, now), host.now())
    if not at - PAGE_AGE_US <= seen_at <= at or not 0 <= version <= host.version:
        came = f"{format_instant(seen_at)}, version {version}"
        raise InvalidInput.single("seen_at", came, "the moment and version of a page opened within the last day")
    known = {row["id"]: row for row in list_register(session, "key_route", actor=actor)}
    receipts = []
    question = host.then(host.question(), seen_at, seen_at)
    for route_id in sorted(set(route_ids)):
        if route_id not in known:
            raise NotFound("key route", route_id)
        row = Look(
            user_id=actor.user_id, unit_id=actor.unit, route_id=route_id, seen_at=seen_at, version=version,
            state=State(_state_of(host, _watch(host, known[route_id]), question)).name, acknowledged_at=at,
        )  # fmt: skip
        session.add(row)
        session.flush()
        receipts.append(_receipt(row))
    details = {"routes": sorted(set(route_ids)), "version": version, "receipts": [r["number"] for r in receipts]}
    append_audit(session, "acknowledge_routes", ("user", actor.user_id), actor=actor.person, at=at, details=details)
    return receipts


def list_acknowledgements(session: Session, *, actor: Actor, now: int) -> dict[str, Any]:
    """Return which units have acknowledged all their key routes (one without any: some) within 24 h, and the share.

    A unit is one with an active account that speaks for it.
    """
    require(actor, "read_acknowledgements")
    people = list(session.scalars(select(User).where(User.active, User.unit_id.is_not(None))))
    units: dict[str, list[User]] = {}
    for user in people:
        if {role.name for role in user.roles} & UNIT_ROLES:
            units.setdefault(str(user.unit_id), []).append(user)
    owners = _owned(session)
    names = {unit.id: unit.name for unit in session.scalars(select(Unit))}
    rows = [_unit_row(session, unit, names.get(unit, unit), members, owners, now) for unit, members in units.items()]
    rows.sort(key=lambda row: (row["has_acknowledged"], row["unit"]))
    done = sum(row["has_acknowledged"] for row in rows)
    share = done / len(rows) if rows else None
    return {
        "at": format_instant(now), "units": rows, "acknowledged": done, "of": len(rows), "share": share,
        "target": TARGET, "is_met": share is not None and share >= TARGET,
    }  # fmt: skip


def _unit_row(
    session: Session, unit: str, name: str, members: Sequence[User], owners: Mapping[str, list[str]], now: int
) -> dict[str, Any]:
    looks = session.execute(
        select(Look.route_id, func.max(Look.acknowledged_at))
        .where(Look.unit_id == unit, Look.acknowledged_at.is_not(None))
        .group_by(Look.route_id)
    )
    newest: dict[str, int] = {route_id: int(at or 0) for route_id, at in looks}
    own = owners.get(unit, []) or owners.get(name, [])
    fresh = {route_id for route_id, at in newest.items() if now - at <= FRESH_US}
    last = max(newest.values(), default=None)
    viewed = session.scalar(select(func.max(Shown.last_at)).where(Shown.user_id.in_([user.id for user in members])))
    return {
        "unit": unit, "name": name, "people": len(members), "routes": len(own),
        "acknowledged_routes": len(fresh & set(own)) if own else len(fresh),
        "last_acknowledged_at": None if last is None else format_instant(last),
        "last_viewed_at": None if viewed is None else format_instant(viewed),
        "has_acknowledged": set(own) <= fresh if own else bool(fresh),
    }  # fmt: skip


def _owned(session: Session) -> dict[str, list[str]]:
    owned: dict[str, list[str]] = {}
    for route_id, owner in session.execute(select(KeyRoute.id, KeyRoute.owner)):
        if owner:
            owned.setdefault(owner, []).append(route_id)
    return owned


def _mine(session: Session, rows: Sequence[dict[str, Any]], actor: Actor) -> tuple[str, list[dict[str, Any]]]:
    unit = None if actor.unit is None else session.get(Unit, actor.unit)
    names = {actor.unit, None if unit is None else unit.name} - {None}
    owned = [row for row in rows if row["owner"] in names]
    if owned:
        return "unit", owned
    query = select(AlertSubscription.routes).where(AlertSubscription.user_id == actor.user_id)
    wanted = {route_id for listed in session.scalars(query) for route_id in listed}
    subscribed = [row for row in rows if row["id"] in wanted]
    return ("subscribed", subscribed) if subscribed else ("all", list(rows))


def _last_looks(session: Session, actor: Actor) -> dict[str, Look]:
    newest = select(func.max(Look.number)).where(Look.user_id == actor.user_id, Look.acknowledged_at.is_not(None))
    rows = session.scalars(select(Look).where(Look.number.in_(newest.group_by(Look.route_id))))
    return {row.route_id: row for row in rows}


def _route(
    host: PictureHost, question: Question, row: dict[str, Any], assessment: Assessment, look: Look | None,
    *, actor: Actor,
) -> dict[str, Any]:  # fmt: skip
    since = question.at - LOOK_BACK_US if look is None else look.seen_at
    watch = _watch(host, row)
    then = host.then(question, since, since)
    numbers = np.unique(watch.arcs >> 1)
    told: dict[str, Any] = {"before": None, "changes": []}
    if len(numbers):
        old = np.asarray(host.assess(then, numbers.tolist()).states)
        new = np.asarray(host.assess(question, numbers.tolist()).states)
        moves = {
            int(numbers[i]): Move(int(numbers[i]), (int(old[i][0]), int(old[i][1])), (int(new[i][0]), int(new[i][1])))
            for i in rows_that_differ(old, new).tolist()
        }
        lines = lines_of([watch], moves, Reasons(assessment, host, actor), host.network) if moves else []
        told = {
            "before": letter(worst_along(old, 2 * np.searchsorted(numbers, watch.arcs >> 1) + (watch.arcs & 1))),
            "changes": [line.members() for line in sorted(lines, key=lambda line: -line.new)],
        }
    return {
        "id": row["id"], "code": row["code"], "name": row["name"], "owner": row["owner"],
        "state": letter(State[row["state"]]), "cause": deciding_cause(host, assessment, row, actor=actor),
        "verified_at": row["verified_at"], "length_m": row["length_m"],
        "by_state_m": {letter(State[name]): metres for name, metres in row["by_state_m"].items()},
        "since": format_instant(since), "receipt": None if look is None else _receipt(look), **told,
    }  # fmt: skip


def _watch(host: PictureHost, row: Mapping[str, Any]) -> RouteWatch:
    return watch_route(host.network, host.names.routes(list(row["segments"] or ())), row)


def _state_of(host: PictureHost, watch: RouteWatch, question: Question) -> int:
    numbers = np.unique(watch.arcs >> 1)
    if not len(numbers):
        return int(State.GREY)
    states = np.asarray(host.assess(question, numbers.tolist()).states)
    return worst_along(states, 2 * np.searchsorted(numbers, watch.arcs >> 1) + (watch.arcs & 1))


def _receipt(row: Look) -> dict[str, Any]:
    return {
        "number": row.number, "route": row.route_id, "version": row.version, "state": row.state,
        "seen_at": format_instant(row.seen_at), "acknowledged_at": format_instant(row.acknowledged_at or row.seen_at),
    }  # fmt: skip
