"""States that were shown as open or with caution and were worse: who must be told when a record comes to light.

A change proves a past state false where what is known after it judges a past moment worse than what was known before
it, and worse than what was shown then. So a late report, a retraction and a correction need no rules of their own; nor
does a found device, which by the doctrine lay there before. Told is everybody whose rows of what he was shown
(`services/shown`) fall in such a time and on such a segment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, visible
from fom.domain.instants import DAY_US, format_instant
from fom.domain.positions import date_time_group
from fom.domain.spans import at_tick, to_us
from fom.domain.states import NO_STATE, VIABLE
from fom.maps.style import word_of
from fom.picture.question import Question
from fom.picture.timelines import Timelines
from fom.services.accounts import actor_of
from fom.services.alerts.matching import Batch, Ints, States
from fom.services.alerts.raising import NewAlert
from fom.services.alerts.telling import LINES_MAX, Line, Move, Reasons, Told, lines_of, sentence
from fom.services.alerts.watching import RouteWatch, watch_route
from fom.services.picture_events import letter
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register
from fom.services.shown import numbers_of
from fom.store.changes import find_change
from fom.store.tables import Change, RecordRow, Shown, User

MANY = 5_000
"""Segments of one change above which only those are judged that somebody was shown."""
MOMENTS_MAX = 60
"""Moments looked at within one row, a quarter of an hour: a row with more changes is looked at every so many."""
KIND_WORDS = {
    "map": "the map", "routes": "the list of key routes", "route": "the page of a key route",
    "segment": "the reasons of a road", "plan": "a plan", "export": "an export", "changes": "what changed",
    "reach": "what is within reach", "analysis": "an analysis",
    "movement": "the way of a movement", "desk": "the desk",
}  # fmt: skip


@dataclass(frozen=True)
class Worsened:
    """Spans of the past that a change made worse, for one pair: arc -> [from, to) microseconds with the state now."""

    question: Question
    spans: Mapping[int, Sequence[tuple[int, int, int]]]

    @property
    def numbers(self) -> Ints:
        """Return the segments, ascending."""
        return np.unique(np.fromiter(self.spans, np.int64, len(self.spans)) >> 1)

    @property
    def reach(self) -> tuple[int, int]:
        """Return the first and the last moment of all spans."""
        spans = [span for of_arc in self.spans.values() for span in of_arc]
        return min(span[0] for span in spans), max(span[1] for span in spans)

    def state_at(self, arc: int, moment: int) -> int | None:
        """Return the state that a moment is judged by now, None where the change made it no worse."""
        return next((state for a, b, state in self.spans.get(arc, ()) if a <= moment < b), None)


@dataclass
class Finding:
    """What one person was shown that was false: moment -> number -> states shown and judged now, and on which pages."""

    actor: Actor
    pair: tuple[str, str]
    moves: dict[int, dict[int, Move]] = field(default_factory=dict)
    pages: dict[str, int] = field(default_factory=dict)
    """Kind of page -> when it last showed something of it."""


def find_false_states(session: Session, host: PictureHost, batch: Batch, *, days: int) -> list[NewAlert]:
    """Return an alert for each person and change that proves false what he was shown in the last days."""
    first = find_change(session, batch.after)
    before_at = batch.changes[0].at - 1 if first is None else first.at
    alerts: list[NewAlert] = []
    for change in batch.changes:
        rows = batch.rows.get(change.number, ())
        if rows and change.kind in ("report", "record"):
            alerts += _of_change(session, host, change, rows, before_at, days)
        before_at = change.at
    return alerts


def _of_change(
    session: Session, host: PictureHost, change: Change, rows: Sequence[RecordRow], before_at: int, days: int
) -> list[NewAlert]:
    since = change.at - days * DAY_US
    pairs = session.execute(
        select(Shown.profile, Shown.user_class)
        .where(Shown.last_at >= since, Shown.first_at <= change.at)
        .distinct()
        .order_by(Shown.profile, Shown.user_class)
    ).all()
    if not pairs:
        return []
    touched = _touched(session, host, change, rows, since)
    found: dict[tuple[str, tuple[str, str]], Finding] = {}
    for profile, user_class in pairs:
        worsened = _worsened(host, change, before_at, (profile, user_class), touched, since)
        if worsened is not None:
            _search(session, host, change, worsened, (profile, user_class), found)
    return [_alert(session, host, change, rows, finding) for finding in found.values()]


def _touched(session: Session, host: PictureHost, change: Change, rows: Sequence[RecordRow], since: int) -> Ints:
    """Return the segments whose past a change may have altered."""
    records = [host.names.record_of(row) for row in rows]
    with host.reading() as picture:
        touched = picture.influence.segments(records)
    if len(touched) <= MANY:
        return touched
    named = session.execute(
        select(Shown.network_id, Shown.segments).where(
            Shown.segments.is_not(None), Shown.last_at >= since, Shown.first_at <= change.at
        )
    )
    wanted = set(touched.tolist())
    shown: set[int] = set()
    for network_id, kept in named:
        shown |= wanted & _numbers(host, network_id, kept, wanted)
    on_routes = [arcs >> 1 for arcs in host.key_routes().values()]
    return np.intersect1d(touched, np.concatenate([np.fromiter(shown, np.int64, len(shown)), *on_routes]))


def _worsened(
    host: PictureHost, change: Change, before_at: int, pair: tuple[str, str], numbers: Ints, since: int
) -> Worsened | None:
    """Return where the past is judged worse with what a change brought than without it; None for nowhere."""
    if not len(numbers) or pair[0] not in host.edition_at(change.at).profiles:
        return None
    profile = host.edition_at(change.at).profiles[pair[0]]
    after = Question(since, change.at, profile, pair[1])
    picture = host.picture_for(after)
    lines = [
        picture.timelines(replace(after, known_at=known_at), change.at, numbers) for known_at in (before_at, change.at)
    ]
    spans = {
        2 * int(number) + direction: worse
        for row, number in enumerate(numbers.tolist())
        for direction in (0, 1)
        if (worse := _worse_spans(*(_steps(line, row, direction) for line in lines), end=change.at))
    }
    return Worsened(after, spans) if spans else None


def _steps(lines: Timelines, row: int, direction: int) -> list[tuple[int, int]]:
    """Return (from, state) of one arc, from the beginning on; a moment between two ticks belongs to the later."""
    arc = 2 * row + direction
    low, high = int(lines.first[arc]), int(lines.first[arc + 1])
    steps = [(lines.start, int(lines.states[row, direction]))]
    ticks, states = lines.tick[low:high].tolist(), lines.state[low:high].tolist()
    return steps + [(_first_us(tick), int(state)) for tick, state in zip(ticks, states, strict=True)]


def _first_us(tick: int) -> int:
    """Return the first whole microsecond that belongs to a tick."""
    us = int(to_us(tick))
    return us if at_tick(us) >= tick else us + 1


def _worse_spans(
    before: Sequence[tuple[int, int]], after: Sequence[tuple[int, int]], *, end: int
) -> list[tuple[int, int, int]]:
    """Return [from, to) with the state after, where it is worse than before."""
    cuts = sorted({moment for moment, _ in (*before, *after)})
    spans = []
    for begin, until in zip(cuts, (*cuts[1:], end + 1), strict=True):
        old, new = (_state_at(steps, begin) for steps in (before, after))
        if new != NO_STATE and old != NO_STATE and new > old and begin < until:
            spans.append((begin, until, new))
    return spans


def _state_at(steps: Sequence[tuple[int, int]], moment: int) -> int:
    return [state for begin, state in steps if begin <= moment][-1]


def _search(
    session: Session, host: PictureHost, change: Change, worsened: Worsened, pair: tuple[str, str],
    found: dict[tuple[str, tuple[str, str]], Finding],
) -> None:  # fmt: skip
    """Look through the rows of a pair that meet the spans, and note what was false for whom.

    The newest first; what a person was last shown of a segment on one kind of page stands for all before it.
    """
    low, high = worsened.reach
    columns = (
        Shown.user_id, Shown.kind, Shown.asked, Shown.first_at, Shown.last_at, Shown.network_id, Shown.segments,
    )  # fmt: skip
    query = select(*columns).where(
        Shown.profile == pair[0], Shown.user_class == pair[1], Shown.first_at <= change.at,
        ((Shown.asked == "") & (Shown.first_at <= high) & (Shown.last_at >= low)) | (Shown.asked != ""),
    )  # fmt: skip
    shown = _ShownStates(host, pair, worsened.numbers)
    moments = _change_moments(session, low, high)
    on_routes = {int(arc) >> 1 for arcs in host.key_routes().values() for arc in arcs}
    every = worsened.numbers.tolist()
    readers = _readers(session)
    left: dict[tuple[str, str], set[int]] = {}
    rows = session.execute(query.order_by(Shown.last_at.desc(), Shown.number.desc()).execution_options(yield_per=2000))
    for user_id, kind, asked, first_at, last_at, network_id, segments in rows:
        still = left.setdefault((user_id, kind), set(every))
        if not still or user_id not in readers:
            continue
        mine = on_routes if segments is None else _numbers(host, network_id, segments, still)
        for at, known_at in _moments_of(asked, first_at, last_at, moments) if still & mine else ():
            wanted = sorted(still & mine)
            if not wanted:
                break
            moves = _false_at(worsened, shown.at(at, known_at), at, wanted)
            if moves:
                still -= set(moves)
                finding = found.setdefault((user_id, pair), Finding(readers[user_id], pair))
                finding.moves.setdefault(at, {}).update(moves)
                last = last_at if asked else at
                finding.pages[kind] = max(last, finding.pages.get(kind, last))


def _readers(session: Session) -> dict[str, Actor]:
    """Return the persons who may be told, by id."""
    actors = (actor_of(user) for user in session.scalars(select(User).where(User.active)))
    return {actor.user_id: actor for actor in actors if may(actor, "read_picture")}


def _numbers(host: PictureHost, network_id: str, kept: Sequence[Any], still: Set[int]) -> Set[int]:
    """Return the numbers of the segments of a row, at least those of them that are asked about (`still`).

    Of many that were shown on a former network: all that are asked about. Their numbers mean nothing here, and it is
    better to tell somebody of a road too many than of one too few.
    """
    if not kept or not isinstance(kept[0], int):
        return numbers_of(host.network, kept)
    if network_id != host.network.network_id:
        return still
    first, last = kept[::2], kept[1::2]
    return {number for number in still if (run := bisect_right(first, number)) and number <= last[run - 1]}


def _change_moments(session: Session, low: int, high: int) -> list[int]:
    return list(session.scalars(select(Change.at).where(Change.at >= low, Change.at <= high).order_by(Change.at)))


def _moments_of(asked: str, first_at: int, last_at: int, changes: Sequence[int]) -> list[tuple[int, int]]:
    """Return (at, known_at) of what a row was about, the latest first: its ends and every change between.

    Or the moments that were asked about.
    """
    if asked:
        at, _, known_at = asked.partition("/")
        return [(int(at), int(known_at))]
    between = changes[bisect_right(changes, first_at) : bisect_left(changes, last_at)]
    step = max(1, len(between) // MOMENTS_MAX)
    return [(moment, moment) for moment in sorted({first_at, last_at, *between[::step]}, reverse=True)]


class _ShownStates:
    """The states of some segments as they were shown at moments, worked out once for each."""

    def __init__(self, host: PictureHost, pair: tuple[str, str], numbers: Ints) -> None:
        self._host, self._numbers = host, numbers
        self._pair = pair
        self._kept: dict[tuple[int, int], dict[int, NDArray[np.uint8]]] = {}

    def at(self, at: int, known_at: int) -> Mapping[int, States]:
        """Return segment number -> (2,) states shown."""
        key = (at, known_at)
        if key not in self._kept:
            profile = self._host.edition_at(known_at).profiles.get(self._pair[0])
            states: States = np.full((len(self._numbers), 2), NO_STATE, np.uint8)
            if profile is not None:
                question = Question(at, known_at, profile, self._pair[1])
                states = np.asarray(self._host.assess(question, self._numbers.tolist()).states)
            self._kept[key] = dict(zip(self._numbers.tolist(), states, strict=True))
        return self._kept[key]


def _false_at(worsened: Worsened, shown: Mapping[int, States], at: int, numbers: Sequence[int]) -> dict[int, Move]:
    moves = {}
    for number in numbers:
        old, new = [int(s) for s in shown[number]], [int(s) for s in shown[number]]
        for direction in (0, 1):
            now = worsened.state_at(2 * number + direction, at)
            if now is not None and old[direction] in VIABLE and now > old[direction]:
                new[direction] = now
        if old != new:
            moves[number] = Move(number, (old[0], old[1]), (new[0], new[1]))
    return moves


def _alert(
    session: Session, host: PictureHost, change: Change, rows: Sequence[RecordRow], finding: Finding
) -> NewAlert:
    actor, pair = finding.actor, finding.pair
    routes = _routes(session, host, actor)
    told: set[int] = set()
    lines: list[tuple[int, Line]] = []
    fact_ids: set[str] = set()
    is_explosive = False
    for at in sorted(finding.moves, reverse=True):
        moves = {number: move for number, move in finding.moves[at].items() if number not in told}
        if not moves or len(lines) >= LINES_MAX:
            continue
        told |= set(moves)
        profile = host.edition_at(change.at).profiles[pair[0]]
        assessment = host.assess(Question(at, change.at, profile, pair[1]), sorted(moves))
        reasons = Reasons(assessment, host, actor)
        lines += [(at, line) for line in lines_of(routes, moves, reasons, host.network)]
        fact_ids |= reasons.fact_ids
        is_explosive |= reasons.is_explosive
    lines.sort(key=lambda line: (-line[1].new, -line[0], line[1].where))
    worst = lines[0][1]
    title = f"What you were shown proved false: {worst.where} was {word_of(letter(worst.new))}"
    pages = "; ".join(
        f"{KIND_WORDS[kind]}, last at {date_time_group(last)}" for kind, last in sorted(finding.pages.items())
    )
    seen = [row.id for row in rows if visible(actor, row)]
    head = f"{_by_what(rows, actor)} You were shown it on {pages}."
    details = {
        "lines": [{**line.members(), "shown_at": format_instant(at)} for at, line in lines[:LINES_MAX]],
        "pages": [{"page": kind, "last_at": format_instant(last)} for kind, last in sorted(finding.pages.items())],
        "records": seen,
        "profile": pair[0], "user_class": pair[1], "version": change.number,
    }  # fmt: skip
    told_words = Told(
        title=title,
        text="\n".join([head, *(_line(at, line, line.why) for at, line in lines[:LINES_MAX])]),
        outside_text="\n".join([head, *(_line(at, line, line.outside) for at, line in lines[:LINES_MAX])]),
        fact_ids=tuple(sorted(fact_ids | set(seen))),
        details=details,
        is_explosive=is_explosive or any(row.kind == "explosive" for row in rows),
    )
    about = f"change {change.number} {pair[0]} {pair[1]}"
    return NewAlert(
        kind="false_state", about=about, actor=actor, at=change.at, told=told_words, change_number=change.number
    )


def _line(at: int, line: Line, why: str) -> str:
    shown, was, when = word_of(letter(line.old)), word_of(letter(line.new)), date_time_group(at)
    return f"{line.where}: shown as {shown} at {when}, judged {was} by what is known now. {sentence(why)}"


def _by_what(rows: Sequence[RecordRow], actor: Actor) -> str:
    """Return by which record it came to light, as far as the reader may know."""
    seen = [row for row in rows if visible(actor, row)]
    if not seen:
        return "A record that you may not read brought it to light; ask the JOC."
    row = seen[0]
    kind = {"retraction": "A retraction", "grade": "A grade", "link": "A link", "closing_act": "A closing act"}.get(
        row.kind, f"A report ({row.kind.replace('_', ' ')})"
    )
    came = "" if row.received is None else f" of {date_time_group(row.received)}"
    late = (
        f", which tells of {date_time_group(row.occurred)},"
        if row.occurred is not None and row.received is not None and row.occurred < row.received
        else ""
    )
    return f"{kind}{came}{late} brought it to light: record {row.id}."


def _routes(session: Session, host: PictureHost, actor: Actor) -> list[RouteWatch]:
    return [
        watch_route(host.network, host.names.routes(list(values["segments"] or ())), values)
        for values in list_register(session, "key_route", actor=actor)
    ]
