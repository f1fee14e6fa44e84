"""Our side of the routing tasks: positions snapped, turns obeyed, lines returned, every change exact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.questions import N_PAIRS, Questions, arcs_within, ask, enters
from bench.table import Timing, measure, milliseconds
from fom.network.network import Network
from fom.routing.alternates import find_alternates
from fom.routing.graph import RouterGraph
from fom.routing.router import Metric, Path, Router
from fom.routing.routes import route_line
from fom.routing.snapping import snap_to_road
from fom.routing.weights import TIE_BITS, UNREACHABLE

ALTERNATES = 3
UNITS = 1 << TIE_BITS


@dataclass
class OurRouting:
    """One network, one metric over times of travel, and the questions."""

    network: Network
    router: Router
    n_pairs: int = N_PAIRS

    def __post_init__(self) -> None:
        self.seconds = np.asarray(self.network.length_m) / (np.asarray(self.network.speed_kmh) / 3.6)
        self.costs = np.repeat(self.seconds, 2)
        self.metric: Metric = self.router.metric(self.costs)

    @cached_property
    def questions(self) -> Questions:
        """Return what all engines are asked."""
        return ask(self.network, self.router, self.metric, self.n_pairs)

    @property
    def graph(self) -> RouterGraph:
        """Return the graph that is searched."""
        return self.router.graph

    @cached_property
    def closures(self) -> list[np.ndarray]:
        """Return the arcs of each repetition's areas."""
        return [self._arcs(areas) for areas in self.questions.areas]

    @cached_property
    def single_closures(self) -> list[list[np.ndarray]]:
        """Return the arcs of each single area of each repetition."""
        return [[self._arcs(area[None]) for area in areas] for areas in self.questions.reports]

    def _arcs(self, centres: np.ndarray) -> np.ndarray:
        arcs = arcs_within(self.network, centres)
        return arcs[self.graph.arrival[arcs] >= 0]

    def close(self, arcs: np.ndarray) -> None:
        """Close arcs."""
        self.metric.update(arcs, np.full(len(arcs), np.inf))

    def open(self, arcs: np.ndarray) -> None:
        """Open them again."""
        self.metric.update(arcs, self.costs[arcs])

    def path(self, places: np.ndarray) -> Path | None:
        """Return the best path between two places."""
        start, end = (snap_to_road(self.network, lon, lat) for lon, lat in places.tolist())
        return None if start is None or end is None else self.metric.best(start, end)

    def route(self, places: np.ndarray) -> np.ndarray | None:
        """Return the line of the best route between two places."""
        path = self.path(places)
        return None if path is None else route_line(self.network, path)

    def alternates(self, places: np.ndarray) -> list[np.ndarray]:
        """Return the lines of the best route and of its admissible alternates."""
        start, end = (snap_to_road(self.network, lon, lat) for lon, lat in places.tolist())
        with self.metric.reading() as searches:
            best = None if start is None or end is None else searches.best(start, end)
            if best is None or start is None or end is None:
                return []
            others = find_alternates(searches, start, end, best, seconds=self.seconds, wanted=ALTERNATES)
        return [route_line(self.network, path) for path in (best, *others)]

    # timed

    def plain(self) -> Timing:
        """Time every pair with nothing closed."""
        return measure(self.route, self.questions.places)

    def first_after(self, closures: Sequence[Sequence[np.ndarray]]) -> Timing:
        """Time closing each item of arcs and the first route after it; each is opened again, not timed."""
        rounds = []
        for turn, items in enumerate([closures[0][:2], *closures]):
            times = []
            for number, arcs in enumerate(items):
                place = self.questions.places[(turn * len(items) + number) % len(self.questions.places)]
                times.append(milliseconds(lambda arcs=arcs, place=place: (self.close(arcs), self.route(place))))
                self.open(arcs)
            rounds.append(times)
        return Timing.of(rounds[1:])

    def under_areas(self) -> Iterator[int]:
        """Yield the number of each repetition while its areas are closed."""
        for turn, arcs in enumerate(self.closures):
            self.close(arcs)
            yield turn
            self.open(arcs)

    def later(self) -> Timing:
        """Time every pair while areas are closed."""
        return _joined([measure(self.route, self.questions.places, repeats=1) for _ in self.under_areas()])

    def with_alternates(self) -> tuple[Timing, float]:
        """Time best and alternates of every pair while areas are closed, and say how many alternates there are."""
        timings, counts = [], []
        for _ in self.under_areas():
            timings.append(measure(self.alternates, self.questions.places, repeats=1))
            counts += [len(self.alternates(place)) - 1 for place in self.questions.places]
        return _joined(timings), float(np.mean(counts))

    # checked

    def milliseconds(self) -> np.ndarray:
        """Return the whole-millisecond weights of router arcs as they are now, -1 where absent."""
        with self.metric.reading() as searches:
            weights = searches.weights
            return np.where(weights >= UNREACHABLE, -1, weights >> TIE_BITS)

    def check(self) -> None:
        """Raise AssertionError unless every path is as light as plain Dijkstra's and keeps out of closed areas."""
        before = self.milliseconds()
        for turn in self.under_areas():
            with self.metric.reading() as searches:
                plain = self.router.plain_engine(searches.weights)
                for pair in self.questions.nodes.tolist():
                    self._check_pair(plain, searches, pair)
            for place in self.questions.places:
                line = self.route(place)
                if line is None or enters(line, self.questions.areas[turn]):
                    raise AssertionError("a route is missing or goes through a closed area")
        if not np.array_equal(before, self.milliseconds()):
            raise AssertionError("the weights are not what they were after the areas were opened again")

    @staticmethod
    def _check_pair(plain: object, searches: object, pair: Sequence[int]) -> None:
        from bench.questions import point

        ends = [point(node) for node in pair]
        mine, theirs = searches.engine.distance(*ends), plain.distance(*ends)
        if mine != theirs:
            raise AssertionError(f"the hierarchy says {mine} from {pair[0]} to {pair[1]}, plain Dijkstra {theirs}")


def _joined(timings: Sequence[Timing]) -> Timing:
    return Timing(tuple(t.p50 for t in timings), tuple(t.p95 for t in timings if t.p95 is not None))
