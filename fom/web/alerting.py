"""The alerts of this process: the keeper that works behind them, and what pages and endpoints ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from fom.domain.access import Actor
from fom.domain.instants import MINUTE_US, parse_instant
from fom.services.alerts.inbox import count_unread
from fom.services.alerts.keeper import AlertKeeper
from fom.services.alerts.settings import Outside
from fom.services.effects import Effect
from fom.services.movement_ways import stretches_here
from fom.services.shown import ShownLog
from fom.web.access import current_actor, find_actor
from fom.web.edge import Edge, edge, reading

_SHOWN, _OUTSIDE = "fom.shown", "fom.outside"


def outside() -> Outside:
    """Return the ways out of the service."""
    found: Outside = current_app.extensions[_OUTSIDE]
    return found


def shown_log(app: Flask) -> ShownLog:
    """Return the log of what this process shows."""
    found: ShownLog = app.extensions[_SHOWN]
    return found


def start_keeper(app: Flask) -> AlertKeeper:
    """Begin to match and deliver in the background; needs the picture to be there."""
    parts: Edge = app.extensions["fom"]
    keeper = AlertKeeper(parts.config, parts.database, lambda: parts.hosts.current, shown_log(app), clock=parts.clock)
    parts.closers.insert(0, keeper.stop)  # before what was shown last is written down
    shown_log(app).start()
    keeper.start()
    return keeper


def note_shown(
    kind: str,
    question: Any,
    *,
    subject: str = "",
    at: int | None = None,
    known_at: int | None = None,
    segments: Callable[[], Iterable[str | int]] | None = None,
) -> None:
    """Remember what the person asking is shown; a state is shown also where that cannot be remembered.

    `at` and `known_at` are those that were asked about, None = now.
    """
    asked = None if at is None and known_at is None else (question.at, question.known_at)
    shown_log(current_app).note(
        edge().host, kind, question, actor=current_actor(), subject=subject, asked=asked,
        segments=None if segments is None else segments(),
    )  # fmt: skip


def note_answer(
    kind: str,
    asked: Mapping[str, Any],
    *,
    subject: str = "",
    segments: Callable[[], Iterable[str | int]] | None = None,
) -> None:
    """Remember what an answer shows that repeats its question: `at, known_at, profile, user_class`."""
    at, known_at = parse_instant(asked["at"]), parse_instant(asked["known_at"])
    host = edge().host
    is_now = abs(host.now() - at) < MINUTE_US and abs(host.now() - known_at) < MINUTE_US
    question = host.question(at, known_at, asked["profile"], asked["user_class"])
    moments = (None, None) if is_now else (at, known_at)
    note_shown(kind, question, subject=subject, segments=segments, at=moments[0], known_at=moments[1])


def note_plan(plan: Mapping[str, Any]) -> None:
    """Remember the roads of a plan: of every way in it."""
    ways = [plan["best"], plan["unverified"], *plan["alternates"], *(plan.get("trade_offs") or ())]
    ids = {stretch["id"] for way in ways if way for stretch in way["segments"]}
    if ids:
        note_answer("plan", plan, segments=lambda: ids)


def note_difference(difference: Mapping[str, Any]) -> None:
    """Remember both sides of a difference that are no supposition: the key routes, and what differs."""
    moved = {int(move[0]) for move in difference["moves"]}
    for side in (difference["before"], difference["after"]):
        if not side["hypothetical"]:
            note_answer("changes", side, segments=lambda: moved | _on_key_routes())


def note_reach(answer: Mapping[str, Any], covered: Iterable[Any]) -> None:
    """Remember the roads within reach: `covered` are arrays of segment numbers."""
    note_answer("reach", answer, segments=lambda: (number for some in covered for number in some.tolist()))


def note_analysis(answer: Mapping[str, Any]) -> None:
    """Remember an analysis: the key routes, and the roads that it names."""
    note_answer("analysis", answer, subject=answer["analysis"], segments=lambda: _on_key_routes() | _named(answer))


def _on_key_routes() -> set[str | int]:
    return {int(arc) >> 1 for arcs in edge().host.key_routes().values() for arc in arcs}


def _named(part: Any) -> set[str | int]:
    """Return the ids in every list `segments` of an answer."""
    if isinstance(part, list):
        return {name for one in part for name in _named(one)}
    if not isinstance(part, Mapping):
        return set()
    found = {name for key, inner in part.items() if key != "segments" for name in _named(inner)}
    return found | {name for name in part.get("segments") or () if isinstance(name, str)}


def note_movements(rows: Iterable[Mapping[str, Any]]) -> None:
    """Remember the roads of those movements that are shown with how their ways stand."""
    note_ways(row for row in rows if row["outlook"] is not None)


def note_ways(movements: Iterable[Mapping[str, Any]]) -> None:
    """Remember the roads of movements: as they are now, for who moves."""
    host, roads = edge().host, dict[tuple[str, str], set[str | int]]()
    for row in movements:
        stretches = [s for way in row["ways"] for s in stretches_here(host, way, row["planned_as"])]
        roads.setdefault((row["profile"], row["user_class"]), set()).update(str(s["id"]) for s in stretches)
    for (profile, user_class), ids in roads.items():
        question = host.question(profile=profile, user_class=user_class)
        note_shown("movement", question, segments=partial(set, ids))


def note_effects(effects: Iterable[Effect]) -> None:
    """Remember the roads of which the desk tells what records do to them."""
    ids = {road.segment_id for effect in effects for road in effect.roads}
    if ids:
        note_shown("desk", edge().host.question(), segments=lambda: ids)


def note_stream(app: Flask, host: Any, profile: str, user_class: str, actor: Actor) -> None:
    """Remember, outside of a request, that a map is still open."""
    shown_log(app).note(host, "map", host.question(profile=profile, user_class=user_class), actor=actor)


def unread_alerts() -> int | None:
    """Return how many alerts wait for who is signed in; None when nobody is, or it cannot be told.

    Asked for by the top bar of a page that is rendered, so tiles and endpoints cost nothing more.
    """
    actor = find_actor()
    if actor is None:
        return None
    try:
        with reading() as session:
            return count_unread(session, actor=actor, now=edge().clock())
    except SQLAlchemyError:
        return None


def register(app: Flask) -> None:
    """Keep the log of what is shown with the application, and give templates the count."""
    parts: Edge = app.extensions["fom"]
    app.extensions[_SHOWN] = ShownLog(parts.database, closing=parts.closing)
    app.extensions[_OUTSIDE] = Outside.of(parts.config)
    app.add_template_global(unread_alerts, "unread_alerts")
    parts.closers.append(shown_log(app).stop)
