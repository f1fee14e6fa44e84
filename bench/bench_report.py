"""One report from arrival to a route that respects it, on a live picture with all its facts.

Everything that the service does between the commit and the answer: bind the report, judge what it touches, change the
costs of one metric, find the best route and return its line. Incremental states are compared with a full assessment,
routes with plain Dijkstra over costs made from nothing.
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

import numpy as np

from bench.networks import MAIN_SEGMENTS, built, country
from bench.questions import N_AREAS, RADIUS_M
from bench.records import N_FACTS, T0, make_facts, make_passages, near_roads, report_at
from bench.table import REPEATS, Goal, Row, Timing
from fom.domain.profiles import PROFILES
from fom.domain.states import NO_STATE
from fom.network.network import Network
from fom.picture.live import LiveStates
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.posture import POSTURES, arc_costs, travel_seconds
from fom.routing.router import Metric, Router
from fom.routing.routes import route_line
from fom.routing.snapping import Snap, snap_to_road

ROUNDS, REPORTS, PAIRS = REPEATS, 60, 20
PROFILE, USER_CLASS, POSTURE = PROFILES["P3"], "mission_military", POSTURES["balanced"]
GROUP = "From a report to a route, on the live picture"


def run(data: Path) -> list[Row]:
    """Return the rows."""
    place = country(data, MAIN_SEGMENTS)
    built(place)
    network = place.load()
    facts = make_facts(network, N_FACTS).records
    print("binding the records", file=sys.stderr)
    desk = Desk(network, Router(network, place.network_folder), Picture(network, [*facts, *make_passages(network)]))
    rng = np.random.default_rng(3)
    pairs = desk.pairs(rng)
    single = desk.rounds(rng, pairs, reports=REPORTS, at_once=1)
    many = desk.rounds(rng, pairs, reports=4, at_once=N_AREAS)
    desk.check(pairs)
    size = f"{network.n_segments:,} segments, {len(facts):,} facts"
    return [
        Row(
            GROUP, f"one {RADIUS_M:.0f} m report → states of all it touches, routing costs, first route", single.whole,
            None, None, Goal(p50_ms=1, p95_ms=3), f"{size}; {single}",
        ),
        Row(
            GROUP, f"{N_AREAS} such reports at once → states, routing costs, first route", many.whole,
            None, None, Goal(p50_ms=20), f"{size}; {many}",
        ),
    ]  # fmt: skip


class Parts:
    """Milliseconds of each part of each change, by repetition."""

    NAMES = ("bind", "states", "costs", "route")

    def __init__(self) -> None:
        self._rounds: list[list[tuple[float, ...]]] = []
        self._touched: list[int] = []

    def add_round(self) -> None:
        """Begin a repetition."""
        self._rounds.append([])

    def add(self, moments: tuple[float, ...], touched: int) -> None:
        """Add a change by the moments between its parts, seconds."""
        self._rounds[-1].append(tuple(np.diff(moments) * 1e3))
        self._touched.append(touched)

    @property
    def whole(self) -> Timing:
        """Return the timing of all parts together."""
        return Timing.of([[sum(parts) for parts in times] for times in self._rounds])

    def __str__(self) -> str:
        medians = np.median(np.concatenate([np.array(times) for times in self._rounds]), axis=0)
        parts = ", ".join(f"{name} {value:.2f}" for name, value in zip(self.NAMES, medians, strict=True))
        return f"{int(np.median(self._touched)):,} segments touched; {parts} ms"


class Desk:
    """A live picture and one metric that follows it."""

    def __init__(self, network: Network, router: Router, picture: Picture) -> None:
        self.network, self.router, self.picture = network, router, picture
        self.now = T0
        self.live: LiveStates = picture.live(PROFILE, USER_CLASS, T0)
        self.seconds = travel_seconds(network, PROFILE)
        self.metric: Metric = router.metric(self._all_costs(), vehicle=PROFILE.vehicle)
        self._count = 0

    def _all_costs(self) -> np.ndarray:
        found = self.picture.assess(Question(self.now, self.now, PROFILE, USER_CLASS))
        arrays = found.states.ravel(), found.risk.ravel(), found.delay_min.ravel()
        return arc_costs(np.repeat(self.seconds, 2), *arrays, POSTURE)

    def pairs(self, rng: np.random.Generator) -> list[tuple[Snap, Snap]]:
        """Return pairs of positions with a route between them."""
        out: list[tuple[Snap, Snap]] = []
        while len(out) < PAIRS:
            snaps = [snap_to_road(self.network, *place) for place in near_roads(self.network, rng, 2).tolist()]
            if snaps[0] is not None and snaps[1] is not None and self.metric.best(snaps[0], snaps[1]) is not None:
                out.append((snaps[0], snaps[1]))
        return out

    def rounds(self, rng: np.random.Generator, pairs: list[tuple[Snap, Snap]], *, reports: int, at_once: int) -> Parts:
        """Return what changes of so many reports at once take; after each they are taken out again, not timed."""
        parts = Parts()
        for turn in range(ROUNDS + 1):
            if turn == 1:
                parts = Parts()  # the first round warms up
            parts.add_round()
            gc.collect()
            gc.disable()
            try:
                for _ in range(reports if turn else 3):
                    pair = pairs[int(rng.integers(0, len(pairs)))]
                    self._change(near_roads(self.network, rng, at_once), pair, parts)
            finally:
                gc.enable()
        return parts

    def _change(self, places: np.ndarray, pair: tuple[Snap, Snap], parts: Parts) -> None:
        self.now += 1
        self._count += len(places)
        reports = [report_at(self._count + i, place, self.now) for i, place in enumerate(places)]
        moments = [time.perf_counter()]
        segments = self.picture.apply(reports)
        moments.append(time.perf_counter())
        self.live.refresh(segments, self.now)
        moments.append(time.perf_counter())
        self._recost(segments)
        moments.append(time.perf_counter())
        start, end = (snap_to_road(self.network, *snap.asked) for snap in pair)
        path = None if start is None or end is None else self.metric.best(start, end)
        if path is not None:
            route_line(self.network, path)
        moments.append(time.perf_counter())
        parts.add(tuple(moments), len(segments))
        self.picture.remove([report.id for report in reports])
        self.live.refresh(segments, self.now)
        self._recost(segments)

    def _recost(self, segments: np.ndarray) -> None:
        found = self.live.weigh(segments)
        arrays = found.states.ravel(), found.risk.ravel(), found.delay_min.ravel()
        costs = arc_costs(np.repeat(self.seconds[segments], 2), *arrays, POSTURE)
        self.metric.update(np.column_stack([2 * segments, 2 * segments + 1]).ravel(), costs)

    def check(self, pairs: list[tuple[Snap, Snap]]) -> None:
        """Raise AssertionError unless states equal a full assessment, and paths plain Dijkstra's."""
        again = self.picture.assess(Question(self.now, self.now, PROFILE, USER_CLASS))
        if not np.array_equal(again.states, self.live.states):
            raise AssertionError("incremental and full assessment differ")
        if not (again.states != NO_STATE).any():
            raise AssertionError("nothing was judged")
        with self.metric.reading() as searches:
            plain = self.router.plain_engine(searches.weights)
            for origin, destination in pairs:
                sources, targets = searches.sources(origin), searches.targets(destination)
                if searches.engine.distance(sources.ends, targets.ends) != plain.distance(sources.ends, targets.ends):
                    raise AssertionError("the hierarchy and plain Dijkstra differ after all changes")
