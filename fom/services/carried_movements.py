"""The movements of a person's unit that run or leave soon, as a phone carries them: so that it can say where they are.

How the way stands is as of the picture that it comes with, for the movement's own vehicles, in one state and one cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import DAY_US, format_instant, parse_instant
from fom.domain.movements import LastSeen, is_confined
from fom.domain.states import State
from fom.maps.polyline import encode_polyline
from fom.maps.style import letter_of
from fom.picture.question import Question
from fom.services.carried_causes import cause_codes
from fom.services.map_layers import first_reason
from fom.services.movement_board import ends_of
from fom.services.movement_lines import way_line
from fom.services.movement_outlook import Judged, judge_movements
from fom.services.movement_places import last_seen
from fom.services.movement_ways import stretches_here
from fom.services.movements import list_movements
from fom.services.picture_host import PictureHost

SOON_US = DAY_US
"""A movement that leaves within this time is carried: a phone may be out of reach for a day. Project decision."""
FORGOTTEN_US = 2 * DAY_US
"""One that was to leave so long ago, and of which nobody says anything, is carried no more. Project decision."""
CARRIED_MAX = 8
"""Those under way first; a unit has no more at a time, and a phone shows no more. Project decision."""
DRAWN_WITHIN_DEG = 0.0005
"""How far the carried line of a way may lie from the road: about 55 m, within the doubt of a kilometre that is told."""

Row = Mapping[str, Any]


def carry_movements(
    session: Session, host: PictureHost, question: Question, *, names: Mapping[str, str], actor: Actor
) -> list[dict[str, Any]]:
    """Return the open movements whose place the actor may tell, those under way first, then by their start.

    `names`: id -> name of the places and routes that the actor may see.
    """
    at = question.at
    rows = [row for row in list_movements(session, actor=actor, now=at, since=at) if _is_carried(row, actor, at)]
    rows.sort(key=lambda row: (row["actual_start"] is None, row["planned_start"], row["code"]))
    rows = rows[:CARRIED_MAX]
    seen = last_seen(session, host, rows, known_at=at)
    judged = judge_movements(host, rows, at=at, known_at=at, seen=seen, with_alternates=False)
    return [_as_carried(host, row, judged.get(row["id"]), seen.get(row["id"]), names, actor=actor) for row in rows]


def _is_carried(row: Row, actor: Actor, at: int) -> bool:
    """Return whether a movement is of the actor's unit, or his own, and runs now or soon."""
    is_mine = is_confined(actor) or (actor.unit is not None and row["unit"] == actor.unit)
    if row["outcome"] is not None or not (row["may_close"] and is_mine):
        return False
    starts = parse_instant(row["planned_start"])
    return row["actual_start"] is not None or at - FORGOTTEN_US <= starts <= at + SOON_US


def _as_carried(
    host: PictureHost,
    row: Row,
    judged: Judged | None,
    seen: LastSeen | None,
    names: Mapping[str, str],
    *,
    actor: Actor,
) -> dict[str, Any]:
    ends = ends_of(row, names)
    told = {name: row[name] for name in ("id", "code", "purpose", "planned_start", "planned_end", "actual_start")}
    return {
        **told,
        "from_name": ends["from_name"],
        "to_name": ends["to_name"],
        "seen": None if seen is None else {"at": format_instant(seen.at), "km": _km(seen.at_m)},
        "way": None if judged is None else _way(host, row, judged, actor=actor),
    }


def _way(host: PictureHost, row: Row, judged: Judged, *, actor: Actor) -> dict[str, Any] | None:
    """Return the chosen way as one line with its state on arrival, and where and why the worst of it begins."""
    outlook, length_m = judged.outlook, judged.ways[0].length_m
    line = way_line(host.network, stretches_here(host, row["ways"][0], row["planned_as"]))
    if line is None:
        return None
    state = max(outlook.state, State.GREY) if outlook.lost else outlook.state
    return {
        "length_km": _km(length_m),
        "path": _thinned(line["coordinates"]),
        "state": letter_of(state),
        **_cause(host, judged, actor=actor),
    }


def _cause(host: PictureHost, judged: Judged, *, actor: Actor) -> dict[str, Any]:
    run = judged.outlook.worst
    if run is None:
        return {"worst_text": None, "worst": None}
    assessment = judged.roads.assess(run.number, run.reached_at)
    reason = assessment.reasons(run.number, run.direction)[0]
    text = first_reason(host, assessment, 0, run.direction, actor=actor)
    worst = cause_codes(host, reason, run.from_m, actor=actor)
    return {"worst_text": f"km {worst['km']}: {text}", "worst": worst}


def _thinned(points: Sequence[Sequence[float]]) -> str:
    return encode_polyline(shapely.get_coordinates(shapely.LineString(points).simplify(DRAWN_WITHIN_DEG)))


def _km(metres: float | None) -> float | None:
    return None if metres is None else round(metres / 1000, 1)
