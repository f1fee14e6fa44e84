"""Which changes of the sequence move what somebody watches.

A function of the change sequence: what is told is the same whether it is looked at after every change or, after a
restart, of many changes at once. While the picture of this process remembers what its listeners were told that is
read; else the watched segments are judged again as known at each change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import visible
from fom.domain.alerts import is_wanted_move
from fom.picture.ranges import rows_that_differ
from fom.services.alerts.raising import NewAlert
from fom.services.alerts.telling import Move, Reasons, Told, lines_of, outside_reader, tell_moves
from fom.services.alerts.telling import worst as worst_of
from fom.services.alerts.watching import Watch
from fom.services.disclosure import RESTRICTED_TEXT
from fom.services.followed import worst_along
from fom.services.picture_events import LETTERS, MovesEvent, letter
from fom.services.picture_host import PictureHost
from fom.store.changes import find_change, list_changes
from fom.store.records import list_of_changes
from fom.store.tables import Change, RecordRow

BATCH = 200
"""Changes taken in at once."""
MOVING = ("report", "record", "time", "network", "policy")
"""Kinds of changes that may move a state."""
KIND_WORDS = {
    "explosive": "Explosive hazard", "physical": "Damage or obstruction", "control": "Control or restriction",
    "incident": "Incident", "verification": "Passage", "manual": "State set by hand",
}  # fmt: skip

Ints = NDArray[np.int64]
States = NDArray[np.uint8]


@dataclass(frozen=True)
class Moved:
    """What one change moved for one pair of profile and user class: segments (by number) with their states."""

    change: Change
    before_at: int
    """Moment of the change before."""
    moves: Mapping[int, Move]


@dataclass(frozen=True)
class Batch:
    """Some changes in a row, with the records that they wrote and the segments on which each of these lies."""

    after: int
    changes: Sequence[Change]
    rows: Mapping[int, Sequence[RecordRow]]
    touched: Mapping[str, Ints]

    @property
    def up_to(self) -> int:
        """Return the number of the last change."""
        return self.changes[-1].number


def read_batch(session: Session, host: PictureHost, after: int) -> Batch | None:
    """Return the next changes that are in the picture, None when there are none."""
    changes = [c for c in list_changes(session, after=after, limit=BATCH) if c.number <= host.version]
    if not changes:
        return None
    rows: dict[int, list[RecordRow]] = {}
    touched: dict[str, Ints] = {}
    for row in list_of_changes(session, after=after, up_to=changes[-1].number):
        rows.setdefault(row.change_number, []).append(row)
        record = host.names.record_of(row)
        with host.reading() as picture:
            touched[row.id] = picture.influence.segments_of([record])
    return Batch(after, changes, rows, touched)


def match(session: Session, host: PictureHost, watches: Sequence[Watch], batch: Batch) -> list[NewAlert]:
    """Return the alerts of a batch, in the order of changes. Each watch begins after its subscription was made."""
    alerts: list[tuple[int, NewAlert]] = []
    pairs = sorted({watch.pair for watch in watches})
    for pair in pairs:
        mine = [watch for watch in watches if watch.pair == pair and len(watch.numbers)]
        if not mine:
            continue
        wanted = np.unique(np.concatenate([watch.numbers for watch in mine]))
        for moved in moves_of(session, host, batch, pair, wanted):
            for watch in mine:
                alert = _state_alert(host, watch, moved)
                if alert is not None:
                    alerts.append((moved.change.number, alert))
    for watch in watches:
        alerts += _record_alerts(watch, batch)
    return [alert for _, alert in sorted(alerts, key=lambda pair: (pair[0], pair[1].kind, pair[1].id))]


def moves_of(session: Session, host: PictureHost, batch: Batch, pair: tuple[str, str], wanted: Ints) -> Iterable[Moved]:
    """Yield what each change of a batch moved among the segments wanted."""
    first = find_change(session, batch.after)
    start = batch.changes[0].at - 1 if first is None else first.at
    before = dict(zip((c.number for c in batch.changes), (start, *(c.at for c in batch.changes)), strict=False))
    told = host.moves_told(*pair, batch.after)
    if told is not None:
        yield from _as_told(batch, told, before, wanted)
    else:
        yield from _judged(host, batch, pair, before, wanted)


def _as_told(batch: Batch, told: Sequence[MovesEvent], before: Mapping[int, int], wanted: Ints) -> Iterable[Moved]:
    by_number = {change.number: change for change in batch.changes}
    watched = set(wanted.tolist())
    for event in told:
        if event.number not in by_number or event.cause in ("resume", "resync", "rebuilt"):
            continue
        moves = {}
        for number, *letters in event.moves:
            if number in watched:
                codes = [255 if value == "-" else LETTERS.index(str(value)) for value in letters]
                moves[int(str(number))] = Move(int(str(number)), (codes[0], codes[1]), (codes[2], codes[3]))
        if moves:
            yield Moved(by_number[event.number], before[event.number], moves)


def _judged(
    host: PictureHost, batch: Batch, pair: tuple[str, str], before: Mapping[int, int], wanted: Ints
) -> Iterable[Moved]:
    now: States | None = None
    for change in batch.changes:
        if change.kind not in MOVING or (change.kind in ("report", "record") and not batch.rows.get(change.number)):
            continue
        old = states_at(host, pair, before[change.number], wanted) if now is None else now
        now = states_at(host, pair, change.at, wanted)
        rows = rows_that_differ(old, now)
        moves = {int(wanted[row]): Move(int(wanted[row]), _both(old[row]), _both(now[row])) for row in rows.tolist()}
        if moves:
            yield Moved(change, before[change.number], moves)


def _both(states: States) -> tuple[int, int]:
    return int(states[0]), int(states[1])


def states_at(host: PictureHost, pair: tuple[str, str], at: int, numbers: Ints) -> States:
    """Return the (j, 2) states shown of some segments at a moment, as known then."""
    question = host.then(host.question(profile=pair[0], user_class=pair[1]), at, at)
    states: States = np.asarray(host.assess(question, numbers.tolist()).states)
    return states


def _state_alert(host: PictureHost, watch: Watch, moved: Moved) -> NewAlert | None:
    row, change = watch.row, moved.change
    if row.moves == "none" or change.at <= row.created_at:
        return None
    mine = np.intersect1d(watch.numbers, np.fromiter(moved.moves, np.int64, len(moved.moves)))
    if not len(mine):
        return None
    moves = {number: moved.moves[number] for number in mine.tolist()}
    question = host.then(host.question(profile=row.profile, user_class=row.user_class), change.at, change.at)
    reasons = Reasons(host.assess(question, mine.tolist()), host, watch.actor)
    routes = _routes(host, watch, moved, moves)
    if row.moves.startswith("stretch"):
        lines = lines_of(watch.routes, moves, reasons, host.network)
        lines = [line for line in lines if is_wanted_move(row.moves, row.states, line.old, line.new)]
    else:
        routes = [r for r in routes if is_wanted_move(row.moves, row.states, r["old"], r["new"])]
        lines = lines_of(watch.routes, moves, reasons, host.network) if routes else []
    if not lines:
        return None
    told = tell_moves(lines, [_route_members(route) for route in routes], reasons)
    details = {
        **told.details, "cause": change.kind, "profile": row.profile, "user_class": row.user_class,
        "version": change.number,
    }  # fmt: skip
    return NewAlert(
        kind="state", about=f"change {change.number}", actor=watch.actor, at=change.at, subscription=row,
        told=replace(told, details=details), change_number=change.number,
    )  # fmt: skip


def _routes(host: PictureHost, watch: Watch, moved: Moved, moves: Mapping[int, Move]) -> list[dict[str, Any]]:
    """Return the routes, or the area as a whole, on which something moved, with the worst state before and after."""
    found = []
    for route in watch.routes:
        numbers = np.unique(route.arcs >> 1)
        if not any(int(number) in moves for number in numbers):
            continue
        old, new = (_worst(host, watch, at, numbers, route.arcs) for at in (moved.before_at, moved.change.at))
        found.append({"id": route.id, "code": route.code, "name": route.name, "old": old, "new": new})
    if watch.shape is not None and not watch.row.moves.startswith("stretch"):
        old, new = (_worst(host, watch, at, watch.numbers, None) for at in (moved.before_at, moved.change.at))
        found.append({"id": watch.row.id, "code": watch.row.title, "name": watch.row.title, "old": old, "new": new})
    return found


def _worst(host: PictureHost, watch: Watch, at: int, numbers: Ints, arcs: Ints | None) -> int:
    states = states_at(host, watch.pair, at, numbers)
    if arcs is None:
        return worst_of(states.ravel().tolist())
    places = 2 * np.searchsorted(numbers, arcs >> 1) + (arcs & 1)
    return worst_along(states, places)


def _route_members(route: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: route[name] for name in ("id", "code", "name")}
    return named | {"before": letter(route["old"]), "after": letter(route["new"])}


def _record_alerts(watch: Watch, batch: Batch) -> list[tuple[int, NewAlert]]:
    """Return alerts of records of the kinds watched that lie within what is watched and that the reader may see."""
    found = []
    for change in batch.changes if watch.row.kinds else ():
        if change.at <= watch.row.created_at:
            continue
        rows = [
            row
            for row in batch.rows.get(change.number, ())
            if row.kind in watch.row.kinds
            and visible(watch.actor, row)
            and watch.meets(batch.touched[row.id], row.geometry)
        ]
        if rows:
            found.append((change.number, _record_alert(watch, change, rows, batch)))
    return found


def _record_alert(watch: Watch, change: Change, rows: Sequence[RecordRow], batch: Batch) -> NewAlert:
    outside = outside_reader(watch.actor)
    texts = [(_record_words(watch, row, batch), visible(outside, row)) for row in rows]
    kinds = sorted({KIND_WORDS[row.kind] for row in rows})
    told = Told(
        title=f"{', '.join(kinds)} reported: {watch.where(batch.touched[rows[0].id])}",
        text="\n".join(text for text, _ in texts),
        outside_text="\n".join(text if may_leave else RESTRICTED_TEXT for text, may_leave in texts),
        fact_ids=tuple(sorted(row.id for row in rows)),
        details={"records": [{"id": row.id, "kind": row.kind} for row in rows], "version": change.number},
        is_explosive=any(row.kind == "explosive" for row in rows),
        outside_title=None if all(may_leave for _, may_leave in texts) else f"Restricted record on {watch.row.title}",
    )
    return NewAlert(
        kind="record", about=f"change {change.number}", actor=watch.actor, at=change.at, subscription=watch.row,
        told=told, change_number=change.number,
    )  # fmt: skip


def _record_words(watch: Watch, row: RecordRow, batch: Batch) -> str:
    grade = f", graded {row.grade}" if row.grade else ", not graded yet"
    return f"{KIND_WORDS[row.kind]} on {watch.where(batch.touched[row.id])}{grade}. Record {row.id}."


def first_mark(session: Session, host: PictureHost) -> int:
    """Return from which change on to look when nothing was looked at yet: the newest one in the picture."""
    newest = session.scalar(select(Change.number).where(Change.number <= host.version).order_by(Change.number.desc()))
    return newest or 0
