"""Live routing is exact: in every state of a random history every pair costs what plain Dijkstra says.

Reports, closing acts, retractions and expiries move the costs of the planning desk, arc by arc; both engines are asked
after each, also after closures were lifted, and compared with a search that knows nothing of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fom.domain.facts_file import parse_record
from fom.domain.instants import HOUR_US, MINUTE_US, format_instant, parse_instant
from fom.domain.profiles import PROFILES
from fom.domain.records import Record
from fom.network.build import build_network
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.posture import POSTURES, arc_costs, travel_seconds
from fom.routing.router import Router
from fom.routing.snapping import Snap
from fom.services.planning_desk import NowStates, Ready
from geodata.recipe import make_demo
from tests.deep import share_of
from tests.network.shared_data import SHARED
from tests.routing.plain_search import PlainSearch
from tests.routing.small_networks import grid_network

T0 = parse_instant("2026-03-10T12:00:00Z")
P, U, POSTURE = PROFILES["P3"], "mission_military", POSTURES["balanced"]
PASSAGE = {"strength": "own_patrol_traverse", "passed": "P7", "grade": "B2"}
KINDS = ("explosive", "area", "order", "incident", "delay", "damage", "passage", "destroyed", "lifted", "retraction")


class History:
    """A random history on a network, each step the records that come next and when."""

    def __init__(self, network: Network, seed: int) -> None:
        self.network, self.rng, self.at = network, np.random.default_rng(seed), T0
        self.open: dict[str, list[str]] = {"explosive": [], "control": [], "physical": []}
        self.count = 0

    def first(self) -> list[Record]:
        """Return what makes every road fresh and green."""
        everywhere = [{"id": self.network.segment_id(n)} for n in range(self.network.n_segments)]
        return [
            self._record("season", T0 - HOUR_US, season="dry"),
            self._record(
                "verification",
                T0 - HOUR_US,
                strength="own_patrol_traverse",
                passed="P7",
                grade="B2",
                segments=everywhere,
            ),
        ]

    def steps(self, count: int) -> Iterator[list[Record]]:
        """Yield so many changes; the last closes and lifts everything that is left."""
        for _ in range(count - 1):
            self.at += int(self.rng.integers(1, 50)) * MINUTE_US
            yield [self._draw() for _ in range(int(self.rng.integers(1, 6)))]
        self.at += MINUTE_US
        yield [self._close(kind) for kind, ids in self.open.items() for _ in range(len(ids))]

    def _record(self, kind: str, at: int, geometry: Any = None, **said: Any) -> Record:
        self.count += 1
        moment = format_instant(at)
        located = {} if geometry is None else {"location": {"method": "gps"}}
        properties = {"kind": kind, "received": moment, "occurred": moment, **located, **said}
        return parse_record(
            {"type": "Feature", "id": f"{kind} {self.count}", "geometry": geometry, "properties": properties}
        )

    def _draw(self) -> Record:
        kind = str(self.rng.choice(KINDS))
        if kind in ("destroyed", "lifted", "retraction"):
            target = {"destroyed": "explosive", "lifted": "control", "retraction": "physical"}[kind]
            if self.open[target]:
                return self._close(target)
            kind = "explosive"
        record = self._report(kind)
        if record.kind in self.open:
            self.open[record.kind].append(record.id)
        return record

    def _report(self, kind: str) -> Record:
        rng, at = self.rng, self.at
        number = int(rng.integers(0, self.network.n_segments))
        lon, lat = self.network.line(number).interpolate(float(rng.uniform()), normalized=True).coords[0]
        place = {"type": "Point", "coordinates": [lon, lat]}
        named = [
            {"id": self.network.segment_id(int(n))} for n in {number, *rng.integers(0, self.network.n_segments, 9)}
        ]
        if kind == "explosive":
            return self._record("explosive", at, place, hazard="item", **{"class": "ied"}, grade="B2")
        if kind == "area":
            x, y = (float(v) for v in rng.uniform(0.0005, 0.006, 2))
            ring = [[lon - x, lat - y], [lon + x, lat - y], [lon + x, lat + y], [lon - x, lat + y], [lon - x, lat - y]]
            area = {"type": "Polygon", "coordinates": [ring]}
            return self._record("explosive", at, area, hazard="sha", **{"class": "mine"}, grade="C3")
        if kind == "incident":
            return self._record("incident", at, place, type="complex_ambush", grade="B2")
        if kind == "order":
            end = format_instant(at + int(rng.integers(10, 200)) * MINUTE_US)
            direction = str(rng.choice(("both", "forward", "backward")))
            return self._record(
                "control", at, control="order", effect="prohibited", user_classes=["all"], grade="B2", end=end,
                segments=named, direction=direction,
            )  # fmt: skip
        if kind == "damage":
            return self._record("physical", at, damage="destroyed", segments=named, grade="A1")
        if kind == "delay":
            return self._record("control", at, control="delay", delay_min=25, segments=named, grade="B2")
        return self._record("verification", at, segments=named, **PASSAGE)

    def _close(self, kind: str) -> Record:
        target = self.open[kind].pop(int(self.rng.integers(0, len(self.open[kind]))))
        both = ["Ana", "Ben"]
        if kind == "physical":
            return self._record("retraction", self.at, target=target, signed_by=both)
        act, authority = ("destroyed", "eod") if kind == "explosive" else ("lifted", "joc")
        return self._record("closing_act", self.at, act=act, closes=[target], authority=authority, signed_by=both)


def check(network: Network, *, seed: int, steps: int, pairs: int) -> tuple[int, int, int]:
    """Go through a history and compare every pair in every state; return states, pairs with a way, segments moved."""
    history, oracle = History(network, seed), PlainSearch(network, P.vehicle)
    picture = Picture(network, history.first())
    live = picture.live(P, U, T0)
    begin = NowStates(T0, live.snapshot(), picture, picture.basis())
    question = Question(T0, T0, P, U)
    routers = [Router(network, with_hierarchy=flag) for flag in (True, False)]
    ready = [Ready(router, begin, question, POSTURE) for router in routers]
    seconds = np.repeat(travel_seconds(network, P), 2)
    connected = moved = 0
    for number, change in enumerate(history.steps(steps)):
        moved += len(live.refresh(picture.apply(change), history.at).segments)
        now = NowStates(live.at, live.snapshot(), picture, picture.basis())
        question = Question(live.at, live.at, P, U)
        for one in ready:
            one.move_on(question, now)
        held = ready[0].conditions
        np.testing.assert_array_equal(held.states, picture.assess(question).states)
        arrays = held.states.ravel(), held.risk.ravel(), held.delay_min.ravel()
        for name, with_grey in (("verified", False), ("with_grey", True)):
            costs = arc_costs(seconds, *arrays, POSTURE, allow_grey=with_grey)
            weights = oracle.weights(costs)
            rng = np.random.default_rng((seed, number, with_grey))
            for _ in range(pairs // 2):
                (a, b), (x, y) = rng.integers(0, network.n_segments, 2).tolist(), rng.uniform(0, 1, 2).round(3).tolist()
                expected = oracle.least(weights, (a, x), (b, y))
                ends = Snap(a, x, 0, (0, 0), (0, 0)), Snap(b, y, 0, (0, 0), (0, 0))
                paths = [getattr(one._metrics, name).best(*ends) for one in ready]
                assert [None if path is None else path.weight for path in paths] == [expected, expected], (a, x, b, y)
                if expected is not None:
                    connected += 1
                    assert np.isfinite(costs[paths[0].arcs]).all()
    return steps, connected, moved


def test_in_every_state_of_a_history_both_engines_are_exact_also_after_closures_are_lifted():
    _, connected, moved = check(grid_network(14, 12), seed=1, steps=12, pairs=160)
    assert connected > 800
    assert moved > 60


def real_network(name: str, folder: Path) -> Network:
    """Return a real road network; without the shared extracts the invented country of the demo."""
    file = SHARED / "net_osm_extracts" / name
    if not file.exists():
        file = make_demo(folder / "demo", now=datetime(2026, 1, 1, tzinfo=UTC)).osm
    return build_network(file, folder / "network")


@pytest.mark.deep
@pytest.mark.parametrize(("name", "steps"), [("oslo-east.osm.pbf", 12), ("heidelberg.osm.pbf", 4)])
def test_on_a_real_network_a_thousand_pairs_are_exact_in_every_state_of_a_history(
    name: str, steps: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    network, steps = real_network(name, tmp_path), share_of(steps)
    states, connected, moved = check(network, seed=3, steps=steps, pairs=1000)
    with capsys.disabled():
        print(
            f"\n{network.n_segments:,} segments, {states} states of the picture, {1000 * states:,} pairs,"
            f" {connected:,} of them connected, {moved:,} segments moved: both engines exact"
        )
    assert connected
