"""Receipts of advice: that a change, or time, made the way of a movement worse was told, once, and who acknowledged it.

The truth is the picture; a receipt says what was told of it when. Every process looks at every change by its number
and by what was known at it, so all of them come to the same receipts, and the first to write one writes it for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import format_instant
from fom.domain.patterns import KEPT_US
from fom.domain.states import State
from fom.errors import NotFound, NotPermitted
from fom.services.alerts.reading import read_advice_alerts
from fom.services.movement_ahead import Run
from fom.services.movement_marks import RouteMarks
from fom.services.movement_outlook import Judged, is_explosive, judge_movements, moved_words
from fom.services.movement_places import last_seen
from fom.services.movements import EVERYTHING, get_movement, list_movements
from fom.services.picture_host import PictureHost
from fom.services.writing import note, step
from fom.store.tables import Change, Movement, MovementAdvice, MovementCheckIn, MovementPlan, RegisterVersion

TELLING = ("report", "record", "pending")
"""Kinds of changes that bring knowledge. What time alone moves is told by `movement_watch` when it comes."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a change did to one movement, in words."""

    movement_id: str
    state: State
    text: str
    is_explosive: bool


def find_worse(session: Session, host: PictureHost, change: Change, before: int, *, now: int) -> list[Told]:
    """Return what one change made worse for open movements.

    `before` is the moment of the change before it: the way is judged at this change's moment with either knowledge,
    so that only what was learnt counts, not what the hour did.
    """
    rows = list_movements(session, actor=EVERYTHING, now=now, since=change.at)
    made = _made_at(session, [row["id"] for row in rows])
    rows = [row for row in rows if row["outcome"] is None and made.get(row["id"], 0) <= change.at]
    seen = last_seen(session, host, rows, known_at=before)
    after = judge_movements(host, rows, at=change.at, known_at=change.at, seen=seen)
    old = judge_movements(host, rows, at=change.at, known_at=before, seen=seen, with_alternates=False) if after else {}
    told, marks = [], dict[str, RouteMarks]()
    for movement_id, judged in after.items():
        found = _worsened(old.get(movement_id), judged)
        if found is None:
            continue
        classification = judged.movement["classification"]
        if classification not in marks:
            marks[classification] = RouteMarks(session, host, classification)
        run, was = found
        text = moved_words(judged, run, marks[classification], change.at, was)
        told.append(Told(movement_id, run.state, text, is_explosive(judged, run)))
    return told


def _made_at(session: Session, ids: Iterable[str]) -> dict[str, int]:
    """Return id -> when a movement was planned: what was known before that is no news to it."""
    query = select(RegisterVersion.row_id, RegisterVersion.changed_at).where(
        RegisterVersion.register == "movement", RegisterVersion.version == 1, RegisterVersion.row_id.in_(list(ids))
    )
    return {row.row_id: row.changed_at for row in session.execute(query)}


def keep_told(session: Session, told: Iterable[Told], change: int, *, now: int) -> list[int]:
    """Write receipts unless another process was first; return the numbers of the new ones."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    numbers = []
    for one in told:
        number = session.execute(
            insert(MovementAdvice)
            .values(
                movement_id=one.movement_id,
                change_number=change,
                state=one.state.name,
                text=one.text,
                is_explosive=one.is_explosive,
                told_at=now,
            )
            .on_conflict_do_nothing(index_elements=["movement_id", "change_number"])
            .returning(MovementAdvice.number)
        ).scalar()
        numbers += [] if number is None else [number]
    return numbers


def _worsened(old: Judged | None, new: Judged) -> tuple[Run, State] | None:
    """Return the worst stretch that is in a worse state than before, and the state that it was in."""
    if old is None:
        return None
    best: tuple[Run, State] | None = None
    for run in new.outlook.runs:
        was = min(_state_on(old, run, number) for number in run.numbers)
        is_worse = any(_state_on(old, run, number) < run.state for number in run.numbers)
        if is_worse and (best is None or run.state > best[0].state):
            best = run, was
    return best


def _state_on(judged: Judged, run: Run, number: int) -> State:
    for other in judged.outlook.runs:
        if number in other.numbers and other.from_m < run.to_m and run.from_m < other.to_m:
            return other.state
    return State.GREEN


def list_advice(session: Session, ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the receipts of movements that the viewer may see, newest first."""
    query = select(MovementAdvice).where(MovementAdvice.movement_id.in_(list(ids)))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in session.scalars(query.order_by(MovementAdvice.change_number.desc())):
        found.setdefault(row.movement_id, []).append(advice_dict(row))
    return found


def advice_dict(row: MovementAdvice) -> dict[str, Any]:
    """Return the plain values of a receipt."""
    return {
        "number": row.number, "change": row.change_number, "state": row.state, "text": row.text,
        "due_at": None if row.due_at is None else format_instant(row.due_at),
        "told_at": format_instant(row.told_at), "acknowledged_by": row.acknowledged_by,
        "acknowledged_at": None if row.acknowledged_at is None else format_instant(row.acknowledged_at),
    }  # fmt: skip


def acknowledge_advice(session: Session, number: int, *, actor: Actor, now: int) -> dict[str, Any]:
    """Note that somebody of the movement, or movement control, has read an advice; the first one stands.

    The alert by which the actor himself was told of it is acknowledged with it.
    """
    row = session.get(MovementAdvice, number)
    if row is None:
        raise NotFound("advice", str(number))
    movement = get_movement(session, row.movement_id, actor=actor, now=now)
    if not movement["may_close"]:
        raise NotPermitted("advice is acknowledged by the unit that moves or by movement control")
    if row.acknowledged_at is None:
        at = step(session, now)
        row.acknowledged_by, row.acknowledged_at = actor.person, at
        details = {"advice": number}
        subject = ("movement", row.movement_id)
        note(session, "acknowledge_advice", subject, kind="register", actor=actor, at=at, details=details)
    read_advice_alerts(session, row, actor=actor, now=now)
    return advice_dict(row)


def acknowledge_told(session: Session, movement_id: str, change_number: int, *, actor: Actor, now: int) -> None:
    """Acknowledge the advice that an alert told, where the actor may; where he may not it stays as it is."""
    query = select(MovementAdvice.number).filter_by(movement_id=movement_id, change_number=change_number)
    number = session.scalar(query)
    with suppress(NotFound, NotPermitted):
        if number is not None:
            acknowledge_advice(session, number, actor=actor, now=now)


def purge_ways(session: Session, *, now: int) -> int:
    """Take the ways out of movements that ended more than ninety days ago, with advice and check-ins; return how many.

    Over which roads a unit moved is kept no longer; that it moved, and how it ended, stays for the benchmarks.

    Source: doctrine, section 5 (patrol pattern: kept at most 90 days).
    """
    horizon = now - KEPT_US
    query = (
        select(MovementPlan, Movement)
        .join(Movement, Movement.id == MovementPlan.movement_id)
        .where(MovementPlan.purged_at.is_(None), Movement.planned_start < horizon)
    )
    count = 0
    for plan, movement in session.execute(query):
        ended = max(t for t in (movement.planned_start, movement.planned_end, movement.actual_end) if t is not None)
        if ended >= horizon:
            continue
        plan.ways = plan.planned_as = plan.origin = plan.destination = plan.via = None
        plan.stop_km = plan.stop_place = plan.notes = None
        plan.purged_at = now
        for table in (MovementAdvice, MovementCheckIn):
            session.execute(delete(table).where(table.movement_id == plan.movement_id))
        count += 1
    session.flush()
    return count


def unread(receipts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the receipts that nobody has acknowledged."""
    return [row for row in receipts if row["acknowledged_at"] is None]
