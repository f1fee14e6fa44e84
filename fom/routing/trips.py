"""Trips judged at the times of arrival: which way is open when its roads are reached, and for how long that stands.

Most trips meet nothing that changes in time: then the best way over every road at its best is open as it is, nothing
can be better, and the hierarchy's search was all. Only else the roads are searched by times of arrival.
Risk and delays are those at departure; risk only steers and falls over days.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fom.domain.daylight import sun_table
from fom.domain.instants import DAY_US
from fom.domain.profiles import Profile
from fom.domain.states import State
from fom.routing.arrival_search import ASKED, FAR_US, UNKNOWN, Roads, meet, search_arrivals, walk
from fom.routing.barriers import barrier_seconds
from fom.routing.conditions import Conditions, Course
from fom.routing.engine import Found
from fom.routing.graph import NO_BARRIER
from fom.routing.posture import Posture, arc_costs, travel_seconds
from fom.routing.remaining import Remaining
from fom.routing.router import Joints, Metric, Path, Router, Searches
from fom.routing.routes import join_paths
from fom.routing.snapping import Snap
from fom.routing.weights import UNREACHABLE

LONGEST_US = 3 * DAY_US
"""A trip is followed so far; beyond, nothing is foreseen and every road counts as closed (J)."""
MAX_TOLD = 50_000
"""Segments at most whose courses are asked for in one question (J): one to two seconds where many curfews are known."""


@dataclass(frozen=True, eq=False, slots=True)
class Times:
    """When a path departed at `departs` is where; microseconds."""

    departs: int
    enters: NDArray[np.int64]
    leaves: NDArray[np.int64]
    """(k,) of each arc."""
    states: NDArray[np.uint8]
    """(k,) when each arc is entered."""
    stands_us: int
    """Departing up to so much later (not included) meets the same states."""
    holds_us: int
    """Departing up to so much later (not included) everything is open still, if it is now."""
    is_open: bool
    """Every arc is GREEN or AMBER when entered, and travelled by day where that is asked for."""

    @property
    def worst(self) -> State:
        """Return the worst state met."""
        return State(int(self.states.max()))

    @property
    def arrives(self) -> int:
        """Return the moment of arrival."""
        return int(self.leaves[-1])


@dataclass(frozen=True, eq=False, slots=True)
class Trip:
    """A way found for one departure."""

    path: Path
    times: Times


@dataclass(frozen=True, eq=False, slots=True)
class Search:
    """What a search for one departure gave."""

    trip: Trip | None
    later_us: int
    """Departing earlier than so much later, nothing that was found closed or costly gets better."""
    opens_us: int
    """Departing earlier than so much later, nothing that was found closed opens."""
    settled: int
    """How much was searched; 0 where the hierarchy's search was all."""
    is_complete: bool = True
    """False = not all roads were looked at: a trip found is open, but a better one may exist."""


@dataclass(frozen=True, eq=False, slots=True)
class Foresight:
    """What is known of how states go on, from `start` to `end` (microseconds, both inside)."""

    start: int
    end: int
    best: NDArray[np.uint8]
    """(n, 2) no arc is in a better state at any of the moments."""
    tell: Callable[[NDArray[np.int64]], Course]
    """Segments (ascending) -> their courses."""


class Trips:
    """Searches by times of arrival for one profile, user class and posture, under conditions that stand still.

    How the states of a road go on is asked for only where a search meets it.
    """

    def __init__(
        self,
        router: Router,
        conditions: Conditions,
        foresight: Foresight,
        profile: Profile,
        posture: Posture,
        *,
        at_best: Metric | None = None,
    ) -> None:
        """Prepare. `at_best` is the metric of `best_costs`, kept by the caller; made here when not given."""
        self._router, self._foresight = router, foresight
        self._roads = _roads(router, conditions, foresight, profile, posture)
        self.at_best = best_metric(router, conditions, foresight, profile, posture) if at_best is None else at_best
        self._left: dict[Snap, Remaining] = {}

    def asked(self, *, by_day_only: bool = False) -> Trips:
        """Return the same for one question, which then keeps what it was told and what remains to each of its ends."""
        one = copy(self)
        one._left, one._roads = {}, self._roads._replace(by_day_only=by_day_only, row=self._roads.row.copy())
        return one

    @property
    def n_told(self) -> int:
        """Return of how many segments the courses were asked for."""
        return len(self._roads.states) // 2

    def _learn(self, segments: NDArray[np.int64]) -> None:
        """Ask how some segments go on, unless that is known."""
        roads = self._roads
        segments = np.unique(segments)
        segments = segments[roads.row[segments] < 0]
        if not len(segments):
            return
        part = self._foresight.tell(segments)
        roads.row[segments] = self.n_told + np.arange(len(segments))
        self._roads = roads._replace(
            states=np.concatenate([roads.states, part.states.reshape(-1)]),
            first=np.concatenate([roads.first[:-1], roads.first[-1] + part.first]),
            tick=np.concatenate([roads.tick, part.tick]),
            state=np.concatenate([roads.state, part.state]),
        )

    def times(self, path: Path, departs: int, pauses: NDArray[np.int64] | None = None) -> Times:
        """Return when a path is where; `pauses` (k,) are halts before each of its arcs, microseconds."""
        self._learn(path.segments)
        halts = np.zeros(len(path.arcs), np.int64) if pauses is None else pauses
        barriers = self._router.barriers_before(path)
        enters, leaves, states, lit, stands, holds = walk(self._roads, path.arcs, path.shares, barriers, halts, departs)
        return Times(departs, enters, leaves, states, stands, holds, lit and bool((states <= State.AMBER).all()))

    def find(self, snaps: Sequence[Snap], departs: int) -> Search:
        """Return the way through all snaps in order that is open when it is reached."""
        paths: list[Path] = []
        at, later, opens, settled, stands, is_complete = departs, FAR_US, FAR_US, 0, FAR_US, True
        with self.at_best.reading() as searches:
            for start, end in pairwise(snaps):
                leg = self._leg(searches, start, end, at)
                later, opens = min(later, leg.later_us, stands), min(opens, leg.opens_us, stands)
                settled += leg.settled
                is_complete &= leg.is_complete
                if leg.trip is None:
                    return Search(None, later, opens, settled, is_complete)
                stands = min(stands, leg.trip.times.stands_us)
                at = leg.trip.times.arrives
                paths.append(leg.trip.path)
        path = join_paths(paths) if len(paths) > 1 else paths[0]
        return Search(Trip(path, self.times(path, departs)), later, opens, settled, is_complete)

    def _leg(self, searches: Searches, start: Snap, end: Snap, departs: int) -> Search:
        usual = searches.best(start, end)
        if usual is None:
            return Search(None, FAR_US, FAR_US, 0)
        trip = Trip(usual, self.times(usual, departs))
        if trip.times.is_open and (trip.times.states == self._roads.best[usual.arcs]).all():
            return Search(trip, FAR_US, FAR_US, 0)
        found = self._by_arrival(searches, start, end, departs)
        return replace(found, trip=trip) if found.trip is None and trip.times.is_open else found

    def _by_arrival(self, searches: Searches, start: Snap, end: Snap, departs: int) -> Search:
        sources, targets = searches.sources(start), searches.targets(end)
        found = Search(None, FAR_US, FAR_US, 0)
        if sources and targets:
            found = self._search(searches, sources, targets, end, departs)
        for direct in searches.directs(start, end):
            times = self.times(direct, departs)
            if times.is_open and (found.trip is None or direct.weight <= found.trip.path.weight):
                return replace(found, trip=Trip(direct, times))
            *_, better, opens = meet(self._roads, int(direct.arcs[0]), float(direct.shares[0]), -1, departs)
            found = replace(found, later_us=min(found.later_us, better), opens_us=min(found.opens_us, opens))
        return found

    def _search(self, searches: Searches, sources: Joints, targets: Joints, end: Snap, departs: int) -> Search:
        if end not in self._left:
            self._left[end] = searches.engine.remaining(targets.ends)
        joined = *_joined(sources, is_start=True), *_joined(targets, is_start=False), _passed(self._router, targets)
        settled, is_complete = 0, True
        while True:
            with self._router.labels.one() as labels:
                arcs, first, last, later, opens, labelled = search_arrivals(
                    self._router.outgoing, self._roads, *joined, departs, self._left[end], labels,
                    np.empty(len(labels.cost), np.int64),
                )  # fmt: skip
            settled += labelled
            met = np.flatnonzero(self._roads.row == ASKED)
            if not len(met):
                break
            if self.n_told + len(met) > MAX_TOLD:
                self._roads.row[met] = UNKNOWN
                is_complete = False
                break
            self._learn(met)
        if first < 0:
            return Search(None, later, opens, settled, is_complete)
        path = searches.priced(searches.path(sources, Found(0, arcs, first, last), targets))
        times = self.times(path, departs)
        return Search(Trip(path, times) if times.is_open else None, later, opens, settled, is_complete)


def best_costs(
    conditions: Conditions, best: NDArray[np.uint8], seconds: NDArray[np.float64], posture: Posture
) -> NDArray[np.float64]:
    """Return (2n,) costs of every arc in the `best` (n, 2) state it may have; nothing costs less than that.

    `seconds` (n,) is the time each segment takes.
    """
    arrays = best.reshape(-1), conditions.risk.reshape(-1), conditions.delay_min.reshape(-1)
    return arc_costs(np.repeat(seconds, 2), *arrays, posture)


def best_metric(
    router: Router, conditions: Conditions, foresight: Foresight, profile: Profile, posture: Posture
) -> Metric:
    """Return the metric of these costs."""
    costs = best_costs(conditions, foresight.best, travel_seconds(router.network, profile), posture)
    return router.metric(costs, vehicle=profile.vehicle)


def _roads(router: Router, conditions: Conditions, foresight: Foresight, profile: Profile, posture: Posture) -> Roads:
    network, graph = router.network, router.graph
    seconds = travel_seconds(network, profile)
    passing = np.append(barrier_seconds(network, profile.vehicle), 0.0)
    delay_s = conditions.delay_min.reshape(-1) * 60.0
    exposure = -np.log1p(-np.clip(conditions.risk.reshape(-1), 0.0, 0.999_999))
    sun = sun_table(foresight.start, foresight.end + DAY_US)
    corners = np.asarray(network.coords)[np.asarray(network.coord_start)[:-1]]
    return Roads(
        arc_of=graph.arc_of,
        barrier=graph.barrier,
        barrier_ms=np.where(
            np.isfinite(passing), np.rint(np.nan_to_num(passing, posinf=0) * 1000).astype(np.int64), UNREACHABLE
        ),
        travel_us=np.rint(seconds * 1e6).astype(np.int64),
        delay_us=np.rint(delay_s * 1e6).astype(np.int64),
        seconds=seconds,
        delay_s=delay_s,
        steer=1.0 + posture.risk * exposure,
        amber=posture.amber,
        draws=router.draws,
        best=foresight.best.reshape(-1),
        row=np.full(network.n_segments, UNKNOWN, np.int32),
        states=np.empty(0, np.uint8),
        first=np.zeros(1, np.int64),
        tick=np.empty(0, np.int64),
        state=np.empty(0, np.uint8),
        end=foresight.end,
        by_day_only=False,
        lon=np.ascontiguousarray(corners[:, 0]),
        lat=np.ascontiguousarray(corners[:, 1]),
        sun_start=sun.start,
        declination=sun.declination,
        hour_angle=sun.hour_angle,
    )


def _joined(joints: Joints, *, is_start: bool) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    """Return nodes, arcs and the share of each arc that is travelled."""
    along = [1.0 - joints.snap.fraction if arc & 1 else joints.snap.fraction for arc in joints.arcs]
    shares = [1.0 - share for share in along] if is_start else along
    return joints.ends.nodes, np.asarray(joints.arcs, np.int64), np.asarray(shares, np.float64)


def _passed(router: Router, targets: Joints) -> NDArray[np.int64]:
    """Return the barrier passed before the arc of each target, NO_BARRIER where there is none."""
    graph = router.graph
    out = []
    for arc, node in zip(targets.arcs, targets.ends.nodes.tolist(), strict=True):
        entries = [e for e in range(graph.first[arc], graph.first[arc + 1]) if graph.tail[e] == node]
        out.append(int(graph.barrier[entries[0]]) if entries else NO_BARRIER)
    return np.asarray(out, np.int64)
