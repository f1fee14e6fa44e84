"""Movements on the map, for one viewer: where each was seen or should be, by what that is known, and its way ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from fom.domain.movements import LastSeen
from fom.domain.states import State
from fom.maps.layers import MovementMark, movement_features
from fom.maps.style import letter_of, word_of
from fom.picture.question import Question
from fom.services.movement_flights import judge_flights
from fom.services.movement_lines import place_on_way, way_part_line
from fom.services.movement_marks import RouteMarks
from fom.services.movement_outlook import Judged, hhmm, judge_movements
from fom.services.movement_places import last_seen
from fom.services.movements import list_movements
from fom.services.picture_host import PictureHost

SOON_US = 2 * HOUR_US
"""One that leaves within so long stands at its start already (J)."""
APART_M = 2_000.0
"""So far from where it was seen the place where it should be by now is drawn beside it (J)."""
SOURCE_WORDS = {"check_in": "by check-in", "track": "by the track of its unit", "schedule": "by schedule"}


def read_movement_features(
    session: Session, host: PictureHost, question: Question, actor: Actor
) -> list[dict[str, Any]]:
    """Return the movements of a moment: those on their way and those about to leave, as far as the actor may see them.

    Of a moment ahead they stand where their plans put them. Nothing is shown of the past: over which roads units moved
    is not for looking back on.
    """
    now = host.now()
    at = max(question.at, now)
    if question.at < now - MINUTE_US:
        return []
    rows = [_as_of(row, now, at) for row in list_movements(session, actor=actor, now=now, since=now)]
    rows = [row for row in rows if row["outcome"] is None and _is_shown(row, at)]
    seen = last_seen(session, host, rows, known_at=now)
    judged = judge_movements(host, rows, at=at, known_at=now, seen=seen, with_alternates=False)
    marks: dict[str, RouteMarks] = {}
    found = []
    for row in rows:
        one, level = judged.get(row["id"]), row["classification"]
        if one is None:
            continue
        if level not in marks:
            marks[level] = RouteMarks(session, host, level)
        mark = _mark(host, one, marks[level], at)
        found += [] if mark is None else [mark]
    return movement_features([*found, *_flights(session, host, rows, seen, at, actor=actor)])


def _as_of(row: dict[str, Any], now: int, at: int) -> dict[str, Any]:
    """Return a movement as it will be at a moment ahead if it leaves as planned."""
    leaves = parse_instant(row["planned_start"])
    has_to_leave = row["outcome"] is None and row["actual_start"] is None and now < leaves <= at
    return {**row, "actual_start": row["planned_start"]} if has_to_leave else row


def _is_shown(row: Mapping[str, Any], at: int) -> bool:
    return row["actual_start"] is not None or parse_instant(row["planned_start"]) <= at + SOON_US


def _mark(host: PictureHost, judged: Judged, marks: RouteMarks, at: int) -> MovementMark | None:
    row, outlook, way, seen = judged.movement, judged.outlook, judged.ways[0], judged.outlook.seen
    has_left, is_over = row["actual_start"] is not None, outlook.at_m is None
    here_m = outlook.at_m if outlook.at_m is not None else way.length_m if has_left else 0.0
    here = place_on_way(host.network, way, here_m)
    if here is None:
        return None
    known_m = seen.at_m if seen is not None and seen.at_m is not None else here_m
    known = place_on_way(host.network, way, known_m) or here
    is_apart = seen is not None and not is_over and (seen.at_m is None or abs(here_m - seen.at_m) > APART_M)
    return MovementMark(
        id=row["id"], code=row["code"], purpose=row["purpose"], phase=row["phase"],
        label=f"{row['code']} · {_label(judged, at)}", text=_sentences(judged, marks, here_m, at),
        state=outlook.state, is_seen=seen is not None, at=None if seen is None else format_instant(seen.at),
        place=(here.lon, here.lat) if seen is None else (seen.lon, seen.lat), bearing=known.bearing,
        expected=(here.lon, here.lat) if is_apart else None,
        way=way_part_line(host.network, way, known_m if has_left else 0.0),
    )  # fmt: skip


def _label(judged: Judged, at: int) -> str:
    outlook = judged.outlook
    if judged.actual_start is None:
        verb = "leaves" if judged.planned_start >= at else "should have left"
        return f"{verb} {hhmm(judged.planned_start)}Z"
    if outlook.seen is not None:
        return f"seen {hhmm(outlook.seen.at)}Z"
    return "overdue" if outlook.at_m is None else "by schedule"


def _sentences(judged: Judged, marks: RouteMarks, here_m: float, at: int) -> str:
    """Return where it was seen or should be, by what that is known, and the worst of what is before it."""
    outlook, way, seen = judged.outlook, judged.ways[0], judged.outlook.seen
    parts = []
    if seen is not None:
        where = "off its way" if seen.at_m is None else f"at {marks.position(way, seen.at_m)}"
        parts.append(f"Seen {hhmm(seen.at)}Z {where}, {SOURCE_WORDS[seen.source]}.")
    if judged.movement["actual_start"] is None:
        label = _label(judged, at)
        parts.append(f"{label[0].upper()}{label[1:]} from here.")
    elif outlook.at_m is None:
        parts.append(f"Should have arrived {hhmm(outlook.arrives_at)}Z.")
    else:
        basis = "at its speed" if seen is not None and seen.at_m is not None else SOURCE_WORDS["schedule"]
        parts.append(f"Should be at {marks.position(way, here_m)}, {basis}, as of {hhmm(at)}Z.")
    if seen is None and judged.movement["actual_start"] is not None:
        parts.append("Nobody saw it since it left.")
    worst = outlook.worst
    if worst is None:
        parts.append(
            "Its way ahead is open." if outlook.state == State.GREEN else "A road of its way is not on the map."
        )
    else:
        word = word_of(letter_of(worst.state))
        parts.append(f"Ahead: {word}, {marks.place(worst)}, reached {hhmm(worst.reached_at)}Z.")
    return " ".join(parts)


def _flights(
    session: Session,
    host: PictureHost,
    rows: list[dict[str, Any]],
    seen: Mapping[str, LastSeen],
    at: int,
    *,
    actor: Actor,
) -> list[MovementMark]:
    """Return the flights on their leg: where they said that they are, else on the straight line by schedule."""
    marks = []
    for movement_id, flight in judge_flights(session, host, rows, actor=actor, at=at).items():
        row = next(row for row in rows if row["id"] == movement_id)
        if row["actual_start"] is None or flight.leg is None:
            continue
        last, expected = seen.get(movement_id), flight.leg.at(flight.share(at))
        label = "overdue" if at > flight.arrives_at else "by schedule"
        text = f"Should arrive {hhmm(flight.arrives_at)}Z by its schedule. " + " ".join(flight.lines())
        if last is not None:
            label, text = f"seen {hhmm(last.at)}Z", f"Seen {hhmm(last.at)}Z, {SOURCE_WORDS[last.source]}. " + text
        marks.append(
            MovementMark(
                id=row["id"],
                code=row["code"],
                purpose="flight",
                phase=row["phase"],
                label=f"{row['code']} · {label}",
                text=text,
                state=flight.state,
                is_seen=last is not None,
                at=None if last is None else format_instant(last.at),
                place=expected if last is None else (last.lon, last.lat),
                bearing=flight.leg.bearing,
                expected=None if last is None else expected,
                way=flight.leg.line,
            )
        )
    return marks
