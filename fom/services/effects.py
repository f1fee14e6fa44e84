"""What a record does to movement: the states of the roads it touches without it, with it, and under every grade.

Judged on a copy of the picture and only on the segments that the record lies on; nothing is stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, ref

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fom.domain.facts_file import parse_record
from fom.domain.grades import SLACK, confidence_of, level_of
from fom.domain.records import Grade, Link, Record
from fom.domain.states import DIRECTION_CODES, NO_STATE, State
from fom.network.network import Network
from fom.picture.local import LocalStates
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.services.kept_now import KEPT_US
from fom.services.naming import name_segment
from fom.services.picture_host import PictureHost
from fom.store.tables import KeyRoute, RecordReference, RecordRow

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Ints = NDArray[np.int64]
States = NDArray[np.uint8]
GRADES = tuple(source + information for source in "ABCDEF" for information in "123456")
OTHER_SEGMENTS_MAX = 4_000
"""Segments off the key routes judged for one record: an area over more of them says nothing new with the rest."""
SUPPOSED = "supposed"
"""Begins the ids of grades and links that are only supposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadEffect:
    """What a record does to one road, told by the stretch where it does most. `before` is without the record."""

    route: str | None
    """Code of the key route; None off the key routes."""
    segment_id: str
    direction: str
    name: str | None
    before: State
    now: State
    after: State
    """Once accepted."""
    from_km: float | None = None
    to_km: float | None = None
    length_m: float = 0.0

    @property
    def is_change(self) -> bool:
        """Return whether the record makes a difference here once accepted."""
        return self.before != self.after

    @property
    def weight(self) -> tuple[bool, int, int]:
        """Return by what roads are ordered: whether anything changes, how bad the worse of both is, how far it goes."""
        return self.is_change, max(self.before, self.after), abs(self.after - self.before)

    def members(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "route": self.route, "segment_id": self.segment_id, "direction": self.direction, "name": self.name,
            "before": self.before.name, "now": self.now.name, "after": self.after.name,
            "from_km": self.from_km, "to_km": self.to_km, "length_m": round(self.length_m, 1),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What records do to movement: key routes first, then what changes most; empty = they touch no road."""

    roads: tuple[RoadEffect, ...] = ()
    n_segments: int = 0

    @property
    def first(self) -> RoadEffect | None:
        """Return the road that matters most."""
        return self.roads[0] if self.roads else None

    @property
    def is_on_key_route(self) -> bool:
        """Return whether a key route is touched."""
        return any(road.route is not None for road in self.roads)

    def members(self) -> dict[str, Any]:
        """Return plain values."""
        return {"segments": self.n_segments, "roads": [road.members() for road in self.roads]}


@dataclass(frozen=True, slots=True)
class KeyWay:
    """A key route as arcs in order, with the kilometre at which each begins and ends along the route."""

    code: str
    numbers: Ints
    ways: Ints
    start_m: NDArray[np.float64]
    end_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was worked out, from which segments, and of which moment."""

    value: Any
    touched: Ints
    at: int


@dataclass(eq=False)
class _Kept:
    """Answers of one picture, as far as no change since met the segments that they come from."""

    picture: Callable[[], Picture | None] = lambda: None
    version: int = -1
    routes: tuple[object, ...] = ()
    ways: tuple[KeyWay, ...] = ()
    answers: dict[Hashable, _Answer] = field(default_factory=dict)


_lock = threading.Lock()
_kept: WeakKeyDictionary[PictureHost, _Kept] = WeakKeyDictionary()


class Bench:
    """Where records are taken away, graded and linked for the sake of the question, one after the other.

    Answers are kept for all officers until a change meets their segments, and for a few minutes at most.
    """

    def __init__(
        self,
        session: Session,
        host: PictureHost,
        *,
        by: str,
        question: Question | None = None,
        kept_us: int = KEPT_US,
    ) -> None:
        """Judge for one question (now, planning profile, mission military by default) as the grader `by`.

        `kept_us`: effects older than this are worked out again, though others may still be told of them.
        """
        self.question = host.question() if question is None else question
        self.by, self.network, self.policy, self._kept_us = by, host.network, host.policy, kept_us
        self._host, self._session = host, session
        self._answers, self.ways = _renewed(session, host, self.question)
        self._local: LocalStates | None = None

    def effects(self, items: Sequence[tuple[Sequence[RecordRow], Mapping[str, str]]]) -> list[Effect]:
        """Return for each (records, grades) what the records do: without, as they stand, and with the grades given.

        Items whose segments do not meet are judged together: each as if it were judged alone.
        """
        keys = [
            ("effect", self.by, tuple(sorted(row.id for row in rows)), tuple(sorted(grades.items())))
            for rows, grades in items
        ]
        waiting = {key: item for key, item in zip(keys, items, strict=True) if not self._is_kept(key)}
        records = {key: [self._read(row) for row in rows] for key, (rows, _) in waiting.items()}
        touched = {key: self._worth(self._twin.influence.segments(of)) for key, of in records.items()}
        if touched:
            self._gather(np.concatenate(list(touched.values())))
        for together in _apart(touched):
            grades = {target: grade for key in together for target, grade in waiting[key][1].items()}
            of = [record for key in together for record in records[key]]
            segments = np.unique(np.concatenate([np.empty(0, np.int64), *(touched[key] for key in together)]))
            judged = self._judge(segments, of, grades)
            for key in together:
                rows = np.searchsorted(segments, touched[key])
                roads = self._roads(touched[key], *(states[rows] for states in judged))
                effect = Effect(roads=tuple(roads), n_segments=len(touched[key]))
                self._answers[key] = _Answer(effect, touched[key], self.question.at)
        return [self._answers[key].value for key in keys]

    def _is_kept(self, key: Hashable) -> bool:
        answer = self._answers.get(key)
        return answer is not None and self.question.at - answer.at <= self._kept_us

    def effect(self, rows: Sequence[RecordRow], grades: Mapping[str, str]) -> Effect:
        """Return what records do: without them, with them as they stand, and with all of `grades` given to them."""
        return self.effects([(rows, grades)])[0]

    def outlook(self, row: RecordRow) -> dict[str, Effect]:
        """Return for each of the 36 grades what the record would do if it were given; `now` stays as it stands."""
        return self._once(("outlook", self.by, row.id), lambda: self._outlook(row))

    def linked(self, row: RecordRow, other_id: str, relation: str) -> Effect:
        """Return what the record would do once linked with another; `before` is without the link."""
        key = ("linked", row.id, other_id, relation)
        return self._once(key, lambda: self._linked(row, other_id, relation))

    def instead(self, gone: Sequence[RecordRow], come: Sequence[Record]) -> Effect:
        """Return what it would do if some records were taken back and others came; `before` is as it stands."""
        old = [self._read(row) for row in gone]
        with self._with(come):
            touched = self._worth(self._twin.influence.segments([*old, *come]))
            with self._without(old):
                after = self._states(touched)
        before = self._states(touched)
        return Effect(roads=tuple(self._roads(touched, before, before, after)), n_segments=len(touched))

    def improved_by(self, grades: Mapping[str, str]) -> int:
        """Return how many segments would be better in any direction if all these grades were given at once."""
        supposed = [self._grade(target, grade) for target, grade in grades.items()]
        touched = self._twin.influence.segments(supposed)
        before = self._states(touched)
        with self._with(supposed):
            after = self._states(touched)
        return int((after < before).any(axis=1).sum())

    def touched(self, rows: Sequence[RecordRow]) -> Ints:
        """Return the numbers of the segments that records may move: on key routes all, of the rest up to a limit."""
        return self._worth(self._twin.influence.segments([self._read(row) for row in rows]))

    # on the copy

    def _judge(
        self, touched: Ints, records: Sequence[Record], grades: Mapping[str, str]
    ) -> tuple[States, States, States]:
        """Return the states without the records, as they stand, and with the grades given."""
        now = self._states(touched)
        with self._without(records):
            before = self._states(touched)
        with self._with([self._grade(target, grade) for target, grade in grades.items()]):
            after = self._states(touched)
        return before, now, after

    def _outlook(self, row: RecordRow) -> tuple[dict[str, Effect], Ints]:
        records = [self._read(row)]
        touched = self._worth(self._twin.influence.segments(records))
        now = self._states(touched)
        with self._without(records):
            before = self._states(touched)
        found: dict[str, Effect] = {}
        alike: dict[object, Effect] = {}
        depends_on = self._step_of(row)
        for grade in GRADES:
            step = depends_on(confidence_of(grade, self.policy))
            if step not in alike:
                with self._with([self._grade(row.id, grade)]):
                    roads = self._roads(touched, before, now, self._states(touched))
                alike[step] = Effect(roads=tuple(roads), n_segments=len(touched))
            found[grade] = alike[step]
        return found, touched

    def _step_of(self, row: RecordRow) -> Callable[[float], object]:
        """Return what of its confidence a record's states depend on, so that few grades need to be judged.

        Facts that stand alone: the level. Passages: whether they count. Incidents and groups: the confidence itself.
        """
        if row.kind == "verification":
            return lambda confidence: confidence >= self.policy.verification_min - SLACK
        query = select(RecordReference.record_id).where(
            RecordReference.target_id == row.id, RecordReference.role == "member"
        )
        if row.kind == "incident" or self._session.scalar(query.limit(1)) is not None:
            return lambda confidence: round(confidence, 9)
        return lambda confidence: level_of(confidence, self.policy)

    def _linked(self, row: RecordRow, other_id: str, relation: str) -> tuple[Effect, Ints]:
        members = tuple(sorted((row.id, other_id)))
        link = Link(
            id=f"{SUPPOSED} link", received=self.question.known_at, by=self.by, relation=relation, members=members
        )
        twin = self._twin
        touched = self._worth(twin.influence.segments([link]))
        before = self._states(touched)
        with self._with([link]):
            after = self._states(touched)
        return Effect(roads=tuple(self._roads(touched, before, before, after)), n_segments=len(touched)), touched

    @cached_property
    def _twin(self) -> Picture:
        """Return the copy, made when something is asked that was not answered before."""
        return self._host.picture_for(self.question).copy()

    @contextmanager
    def _without(self, records: Sequence[Record]) -> Iterator[None]:
        self._twin.remove([record.id for record in records])
        try:
            yield
        finally:
            self._twin.apply(records)

    @contextmanager
    def _with(self, records: Sequence[Record]) -> Iterator[None]:
        self._twin.apply(records)
        try:
            yield
        finally:
            self._twin.remove([record.id for record in records])

    def _read(self, row: RecordRow) -> Record:
        return parse_record(self._host.names.feature_of(row))

    def _grade(self, target: str, grade: str) -> Grade:
        name = f"{SUPPOSED} {grade} of {target}"
        return Grade(id=name, received=self.question.known_at, by=self.by, target=target, grade=grade)

    def _states(self, segments: Ints) -> States:
        if not len(segments):
            return np.zeros((0, 2), np.uint8)
        return self._gather(segments).assess(segments).states

    def _gather(self, segments: Ints) -> LocalStates:
        """Return what lies on some segments at least, gathered once for the suppositions about them."""
        if self._local is None or not np.isin(segments, self._local.segments).all():
            self._local = LocalStates(self._twin, self.question, segments)
        return self._local

    def _worth(self, segments: Ints) -> Ints:
        """Return key-route segments, and of the others no more than a limit."""
        if len(segments) <= OTHER_SEGMENTS_MAX:
            return segments
        on_routes = np.unique(np.concatenate([np.empty(0, np.int64), *(way.numbers for way in self.ways)]))
        on, off = np.intersect1d(segments, on_routes), np.setdiff1d(segments, on_routes)
        return np.union1d(on, off[:OTHER_SEGMENTS_MAX])

    def _once(self, key: Hashable, compute: Callable[[], tuple[T, Ints]]) -> T:
        if key not in self._answers:
            value, touched = compute()
            self._answers[key] = _Answer(value, touched, self.question.at)
        found: T = self._answers[key].value
        return found

    # what it means for roads

    def _roads(self, touched: Ints, before: States, now: States, after: States) -> list[RoadEffect]:
        triples = np.stack([before, now, after], axis=2)
        on_routes: set[int] = set()
        roads: list[RoadEffect] = []
        for way in self.ways:
            rows = np.searchsorted(touched, way.numbers)
            rows[rows == len(touched)] = 0
            if not len(touched):
                continue
            is_on = (touched[rows] == way.numbers) & (before[rows, way.ways] != NO_STATE)
            if is_on.any():
                on_routes.update(way.numbers[is_on].tolist())
                roads.append(self._on_route(way, np.flatnonzero(is_on), triples[rows, way.ways]))
        roads.sort(key=lambda road: (*(-int(w) for w in road.weight), road.route))
        off = np.array([number not in on_routes for number in touched.tolist()], bool)
        if off.any():
            roads.append(self._off_routes(touched[off], triples[off]))
        return roads

    def _on_route(self, way: KeyWay, places: Ints, triples: States) -> RoadEffect:
        """Return what happens to a route, at the places along it that are touched."""
        first = max(places.tolist(), key=lambda place: (*_weight(triples[place]), -place))
        same = {place for place in places.tolist() if (triples[place] == triples[first]).all()}
        run = next(run for run in _runs(sorted(same)) if first in run)
        number = int(way.numbers[first])
        return RoadEffect(
            route=way.code, segment_id=self.network.segment_id(number), direction=DIRECTION_CODES[way.ways[first]],
            name=name_segment(self.network, number)["name"],
            from_km=round(float(way.start_m[run[0]]) / 1000, 1), to_km=round(float(way.end_m[run[-1]]) / 1000, 1),
            length_m=float(way.end_m[run[-1]] - way.start_m[run[0]]), **_stated(triples[first]),
        )  # fmt: skip

    def _off_routes(self, numbers: Ints, triples: States) -> RoadEffect:
        """Return what happens off the key routes: the segment and direction where it does most."""
        ways = [(row, way) for row in range(len(numbers)) for way in (0, 1) if triples[row, way, 0] != NO_STATE]
        row, way = max(ways, key=lambda at: (*_weight(triples[at]), -at[0], -at[1]))
        same = (triples[:, way] == triples[row, way]).all(axis=1)
        number = int(numbers[row])
        said = name_segment(self.network, number)
        return RoadEffect(
            route=None, segment_id=said["segment_id"], direction=DIRECTION_CODES[way],
            name=said["name"] or said["ref"], length_m=float(self.network.length_m[numbers[same]].sum()),
            **_stated(triples[row, way]),
        )  # fmt: skip


def _renewed(
    session: Session, host: PictureHost, question: Question
) -> tuple[dict[Hashable, _Answer], tuple[KeyWay, ...]]:
    """Return the answers that still hold, and the key routes as they stand."""
    picture = host.picture_for(question)
    with picture.lock:
        version, changes = picture.version, list(picture.changes)
    routes = tuple(session.execute(select(func.count(), func.sum(KeyRoute.version))).one())
    with _lock:
        kept = _kept.setdefault(host, _Kept())
        missed = version - kept.version
        is_same = kept.picture() is picture and 0 <= missed <= len(changes) and kept.routes == routes
        moved = [segments for _, segments in changes[len(changes) - missed :]] if is_same else []
        gone = np.unique(np.concatenate([np.empty(0, np.int64), *moved]))
        kept.answers = {
            key: answer
            for key, answer in kept.answers.items()
            if is_same
            and 0 <= question.at - answer.at <= KEPT_US
            and not np.isin(answer.touched, gone, assume_unique=True).any()
        }
        if not kept.ways or kept.routes != routes or not is_same:
            kept.ways = tuple(_read_ways(session, host))
        kept.picture, kept.version, kept.routes = ref(picture), version, routes
        return kept.answers, kept.ways


def _apart(touched: Mapping[K, Ints]) -> Iterator[list[K]]:
    """Yield groups of keys whose segments do not meet, few groups."""
    groups: list[tuple[list[K], set[int]]] = []
    for key, segments in touched.items():
        numbers = set(segments.tolist())
        group = next((group for group in groups if group[1].isdisjoint(numbers)), None)
        if group is None:
            group = ([], set())
            groups.append(group)
        group[0].append(key)
        group[1].update(numbers)
    return iter([keys for keys, _ in groups])


def _weight(triple: States) -> tuple[bool, int, int]:
    before, _, after = (int(state) for state in triple)
    return before != after, max(before, after), abs(after - before)


def _stated(triple: States) -> dict[str, State]:
    return dict(zip(("before", "now", "after"), (State(int(state)) for state in triple), strict=True))


def _runs(places: Iterable[int]) -> Iterator[list[int]]:
    for _, run in groupby(enumerate(places), key=lambda item: item[1] - item[0]):
        yield [place for _, place in run]


def _read_ways(session: Session, host: PictureHost) -> Iterator[KeyWay]:
    query = select(KeyRoute.code, KeyRoute.segments).order_by(KeyRoute.code)
    for code, stretches in session.execute(query):
        way = _way(code, host.names.routes(stretches or []), host.network)
        if len(way.numbers):
            yield way


def _way(code: str, stretches: Sequence[Mapping[str, Any]], network: Network) -> KeyWay:
    numbers, ways, start, end, along = [], [], [], [], 0.0
    for stretch in stretches:
        number = network.find_segment(str(stretch["id"]))
        if number is None:
            continue
        to_m = stretch.get("to_m")
        last = float(network.length_m[number]) if to_m is None else float(to_m)
        numbers.append(number)
        ways.append(DIRECTION_CODES.index(stretch.get("direction") or "forward"))
        start.append(along)
        along += max(0.0, last - float(stretch.get("from_m") or 0.0))
        end.append(along)
    return KeyWay(code, np.array(numbers, np.int64), np.array(ways, np.int64), np.array(start), np.array(end))
