"""Live advice: how the ways of open movements stand for them, and what to do about it. Computed, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import DAY_US, MINUTE_US, from_us, parse_instant
from fom.domain.movements import DOUBLE_FLOW_M, ONE_AT_A_TIME, LastSeen, Meeting, find_meetings
from fom.domain.states import VIABLE, State
from fom.maps.style import letter_of, word_of
from fom.picture.question import Question
from fom.services.disclosure import disclose_reason
from fom.services.movement_ahead import AHEAD_US, Due, Outlook, RoadsAhead, Run, look_ahead
from fom.services.movement_marks import RouteMarks
from fom.services.movement_places import last_seen
from fom.services.movement_ways import Way, lay_out, occupied, stretches_here
from fom.services.movements import list_movements
from fom.services.picture_host import PictureHost

LOOKED_AHEAD_US = 7 * DAY_US
"""Movements that leave later are not judged yet: by then nearly every verification has run out (J)."""
OUTLOOK_MAX_US = 10 * DAY_US
TOLD_RUNS = 6
ABREAST_M = 500.0
"""Nearer than this a stretch lies where the movement should be, not ahead of it (J)."""


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """An open movement with its ways and how they stand: the chosen one first."""

    movement: Mapping[str, Any]
    ways: tuple[Way, ...]
    outlooks: tuple[Outlook, ...]
    roads: RoadsAhead

    @property
    def planned_start(self) -> int:
        """Return when it is to leave, microseconds."""
        return parse_instant(self.movement["planned_start"])

    @property
    def actual_start(self) -> int | None:
        """Return when it left, microseconds; None before."""
        left = self.movement["actual_start"]
        return None if left is None else parse_instant(left)

    @property
    def outlook(self) -> Outlook:
        """Return how the chosen way stands."""
        return self.outlooks[0]


def judge_movements(
    host: PictureHost,
    movements: Iterable[Mapping[str, Any]],
    *,
    at: int,
    known_at: int,
    seen: Mapping[str, LastSeen],
    with_alternates: bool = True,
) -> dict[str, Judged]:
    """Return the movements that can be judged: open, with a way, by a known profile, leaving within a week.

    `seen`: movement id -> where it was seen last (`movement_places`). One gathering of the picture for each profile and
    user class.
    """
    profiles = host.edition_at(known_at).profiles
    groups: dict[tuple[str, str], list[tuple[Mapping[str, Any], list[Way]]]] = {}
    for movement in movements:
        start = parse_instant(movement["planned_start"])
        is_open = movement["outcome"] is None and start <= at + LOOKED_AHEAD_US
        if not is_open or not movement["ways"] or movement["profile"] not in profiles:
            continue
        profile = profiles[movement["profile"]]
        wanted = movement["ways"] if with_alternates else movement["ways"][:1]
        ways = [lay_out(host.network, stretches_here(host, way, movement["planned_as"]), profile) for way in wanted]
        if len(ways[0].numbers):
            groups.setdefault((movement["profile"], movement["user_class"]), []).append((movement, ways))
    found: dict[str, Judged] = {}
    for (profile_name, user_class), rows in groups.items():
        question = host.question(at, known_at, profile_name, user_class)
        for movement, judged in _judge_group(host, question, rows, seen):
            found[movement["id"]] = judged
    return found


def _judge_group(
    host: PictureHost,
    question: Question,
    rows: Sequence[tuple[Mapping[str, Any], list[Way]]],
    seen: Mapping[str, LastSeen],
) -> Iterable[tuple[Mapping[str, Any], Judged]]:
    ends = [
        max(parse_instant(m["planned_start"]), question.at) + max(way.lasts_us for way in ways) + AHEAD_US
        for m, ways in rows
    ]
    end = min(max(ends), question.at + OUTLOOK_MAX_US)
    numbers: NDArray[np.int64] = np.concatenate([way.numbers for _, ways in rows for way in ways])
    roads = RoadsAhead(host.picture_for(question), question, end, numbers.tolist())
    for movement, ways in rows:
        start, actual = parse_instant(movement["planned_start"]), movement["actual_start"]
        left = None if actual is None else parse_instant(actual)
        first = look_ahead(ways[0], roads, planned_start=start, actual_start=left, seen=seen.get(movement["id"]))
        since = None if left is None else first.departs_at  # on the others it would be as late as on the chosen one
        others = [
            look_ahead(way, roads, planned_start=start, actual_start=since, with_windows=False) for way in ways[1:]
        ]
        outlooks = [first, *others]
        yield movement, Judged(movement, tuple(ways), tuple(outlooks), roads)


def is_explosive(judged: Judged, run: Run) -> bool:
    """Return whether something explosive decides any stretch of a run when it is reached."""
    way = judged.ways[0]
    on_run = (way.at_m[:-1] >= run.from_m) & (way.at_m[:-1] < run.to_m)
    return "explosive" in judged.roads.components(way.numbers[on_run], way.directions[on_run], run.reached_at)


# words


def advise(
    judged: Judged, marks: RouteMarks, host: PictureHost, *, actor: Actor, runs_told: int = TOLD_RUNS
) -> dict[str, Any]:
    """Return how a movement stands, for a viewer: state, stretches worse than open with reasons, advice in words."""
    outlook, roads = judged.outlook, judged.roads
    told = sorted(outlook.runs, key=lambda run: (-run.state, run.from_m))[:runs_told]
    runs = [_run(run, judged, marks, host, actor=actor) for run in sorted(told, key=lambda run: run.from_m)]
    return {
        "state": letter_of(outlook.state),
        "as_of": roads.question.at,
        "departs_at": outlook.departs_at,
        "arrives_at": outlook.arrives_at,
        "length_m": judged.ways[0].length_m,
        "at_m": outlook.at_m,
        "position": None if outlook.at_m is None else marks.position(judged.ways[0], outlook.at_m),
        "position_by": "schedule" if outlook.seen is None else outlook.seen.source,
        "seen": None if outlook.seen is None else seen_members(outlook.seen, judged.ways[0], marks),
        "lost": outlook.lost,
        "is_passable": outlook.is_passable,
        "runs": runs,
        "alternates": [
            {"state": letter_of(other.state), "extra_us": other.arrives_at - outlook.arrives_at, "lost": other.lost}
            for other in judged.outlooks[1:]
        ],
        "advice": [*_told_of_place(outlook), *_told_of_state(judged, runs), *_told_of_times(outlook)],
    }


def seen_members(seen: LastSeen, way: Way, marks: RouteMarks) -> dict[str, Any]:
    """Return where a movement was seen last, as an answer states it."""
    return {
        "at": seen.at, "source": seen.source, "lon": seen.lon, "lat": seen.lat, "at_m": seen.at_m, "off_m": seen.off_m,
        "place": None if seen.at_m is None else marks.position(way, seen.at_m),
    }  # fmt: skip


def _run(run: Run, judged: Judged, marks: RouteMarks, host: PictureHost, *, actor: Actor) -> dict[str, Any]:
    reasons = judged.roads.reasons(run.number, run.direction, run.reached_at)
    shown = [disclose_reason(reason, actor=actor, host=host) for reason in reasons[:2]]
    return {
        "state": letter_of(run.state),
        "place": marks.place(run),
        "from_m": run.from_m,
        "to_m": run.to_m,
        "reached_at": run.reached_at,
        "segment_id": host.network.segment_id(run.number),
        "reasons": shown,
        "age_h": next((reason["age_h"] for reason in shown if reason.get("age_h") is not None), None),
    }


def _told_of_place(outlook: Outlook) -> list[dict[str, Any]]:
    seen = outlook.seen
    if seen is None or seen.at_m is not None:
        return []
    text = f"seen {hhmm(seen.at)}Z off its way: what is told of the road ahead goes by its schedule"
    return [{"kind": "off_way", "text": text, "state": letter_of(State.GREY)}]


def _told_of_state(judged: Judged, runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    outlook = judged.outlook
    advice: list[dict[str, Any]] = []
    if outlook.lost:
        lost = f"{outlook.lost} stretches of its way are not on the map in use: plan it again"
        advice.append({"kind": "lost", "text": lost, "state": letter_of(State.GREY)})
    if outlook.state in VIABLE:
        return advice
    worst = next((run for run in runs if run["state"] == letter_of(outlook.state)), None)
    if worst is not None:
        text = f"{worst['place']} is {word_of(worst['state'])} when reached at {hhmm(worst['reached_at'])}Z"
        text += f": {worst['reasons'][0]['text']}" if worst["reasons"] else ""
        advice.append({"kind": "state", "text": text + alternate_words(judged), "state": worst["state"]})
    return advice


def _told_of_times(outlook: Outlook) -> list[dict[str, Any]]:
    before, after = outlook.leave_before, outlook.leave_after
    if before is None and after is None:
        return []
    parts = [] if before is None else [f"before {_day_time(before, outlook.departs_at)}"]
    parts += [] if after is None else [f"after {_day_time(after, outlook.departs_at)}"]
    text = "leave " + " or ".join(parts)
    if outlook.is_passable:
        text += ": later the way is not open when reached"
    return [{"kind": "leave", "text": text, "state": None, "before": before, "after": after}]


def alternate_words(judged: Judged) -> str:
    """Return what the alternates would give, for the end of a sentence; nothing when none is better."""
    best = [
        (place, other)
        for place, other in enumerate(judged.outlooks[1:], start=1)
        if other.state < judged.outlook.state and not other.lost
    ]
    if not best:
        return "" if len(judged.outlooks) == 1 else "; no alternate is better"
    place, other = min(best, key=lambda pair: (pair[1].state, pair[1].arrives_at))
    extra = round((other.arrives_at - judged.outlook.arrives_at) / MINUTE_US)
    return f"; alternate {place} keeps {word_of(letter_of(other.state))}, {extra:+d} min"


def moved_words(judged: Judged, run: Run, marks: RouteMarks, at: int, was: State) -> str:
    """Return the advice that a stretch has moved to worse, told once for the change that moved it."""
    text = f"{marks.place(run)} turned {word_of(letter_of(run.state))} {hhmm(at)}Z"
    text += f" (was {word_of(letter_of(was))})"
    return text + _where_words(judged, run, marks) + alternate_words(judged)


def _where_words(judged: Judged, run: Run, marks: RouteMarks) -> str:
    """Return how far a run lies from where the movement is, and by what that is known."""
    here = judged.outlook.at_m
    if here is None:
        return f": {run.from_m / 1000:.0f} km from the start"
    where = marks.position(judged.ways[0], here)
    seen = judged.outlook.seen
    if seen is not None and seen.at_m is not None:
        where += f" (seen {hhmm(seen.at)}Z)"
    ahead = run.from_m - here
    return f": {ahead / 1000:.0f} km ahead of {where}" if ahead > ABREAST_M else f": it should be there, at {where}"


def due_words(judged: Judged, due: Due, marks: RouteMarks) -> str:
    """Return the advice that time alone makes a stretch worse than caution; `judged` as of that moment."""
    run, word = due.run, word_of(letter_of(due.run.state))
    if not due.has_left:
        text = f"has not left: from {hhmm(due.at)}Z on it finds {marks.place(run)} {word}"
        return text + f" (was {word_of(letter_of(due.was))})" + alternate_words(judged)
    text = f"{marks.place(run)} turned {word} {hhmm(due.at)}Z by itself (was {word_of(letter_of(due.was))})"
    return text + _where_words(judged, run, marks) + alternate_words(judged)


def hhmm(us: int) -> str:
    """Return hours and minutes UTC."""
    return from_us(us).strftime("%H%M")


def _day_time(us: int, beside: int) -> str:
    same = us // DAY_US == beside // DAY_US
    return f"{hhmm(us)}Z" if same else f"{hhmm(us)}Z on {from_us(us):%d %b}".upper().replace(" ON ", " on ")


# who is affected


def affected_movements(
    session: Session, host: PictureHost, segments: Iterable[int], *, actor: Actor
) -> list[dict[str, Any]]:
    """Return the open movements, of those the actor may see, whose way ahead leads over some of these segments.

    Each with `id, code, purpose, unit, phase, planned_start, state` (letter on arrival) and `is_held`: it cannot pass
    as things stand. For the desk and alerts; `affected_words` says it in a line.
    """
    now, wanted = host.now(), {int(number) for number in segments}
    open_ones = [
        row
        for row in list_movements(session, actor=actor, now=now, since=now)
        if row["outcome"] is None and not wanted.isdisjoint(_numbers_of(host, row))
    ]
    seen = last_seen(session, host, open_ones, known_at=now)
    judged = judge_movements(host, open_ones, at=now, known_at=now, seen=seen, with_alternates=False)
    found = []
    for row in open_ones:
        one = judged.get(row["id"])
        if one is None:
            continue
        here = one.outlook.at_m or 0.0
        ahead = one.ways[0].numbers[one.ways[0].at_m[1:] > here]
        if not wanted.isdisjoint(ahead.tolist()):
            members = {name: row[name] for name in ("id", "code", "purpose", "unit", "phase", "planned_start")}
            found.append({**members, "state": letter_of(one.outlook.state), "is_held": not one.outlook.is_passable})
    return found


def _numbers_of(host: PictureHost, movement: Mapping[str, Any]) -> set[int]:
    """Return the numbers of the segments of the chosen way."""
    stretches = (s for way in movement["ways"][:1] for s in stretches_here(host, way, movement["planned_as"]))
    return {n for s in stretches if (n := host.network.find_segment(str(s["id"]))) is not None}


PLURALS = {"patrol": "patrols", "convoy": "convoys", "flight": "flights", "humanitarian": "humanitarian deliveries"}
SINGULARS = {"humanitarian": "humanitarian delivery"}


def affected_words(affected: Sequence[Mapping[str, Any]]) -> str:
    """Return how many movements are held, by purpose, or else touched: `2 convoys held`, `1 patrol on it`."""
    held = [row for row in affected if row["is_held"]]
    rows, verb = (held, "held") if held else (affected, "on it")
    counts = {purpose: sum(row["purpose"] == purpose for row in rows) for purpose in PLURALS}
    parts = [
        f"{count} {SINGULARS.get(purpose, purpose) if count == 1 else PLURALS[purpose]}"
        for purpose, count in counts.items()
        if count
    ]
    return f"{' and '.join(parts)} {verb}" if parts else ""


# who meets whom


def meetings(host: PictureHost, judged: Mapping[str, Judged]) -> list[Meeting]:
    """Return the pairs of movements that would meet in opposite directions on road of single flow."""
    roads, single = {}, {}
    width = np.asarray(host.network.carriageway_m)
    for movement_id, one in judged.items():
        way = one.ways[0]
        roads[movement_id] = occupied(way, one.outlook.departs_at)
        if one.movement["control_level"] in ONE_AT_A_TIME:
            single[movement_id] = frozenset(way.numbers.tolist())
        else:
            narrow = width[way.numbers] < DOUBLE_FLOW_M
            single[movement_id] = frozenset(way.numbers[narrow].tolist())
    return find_meetings(roads, single)
