"""Full assessment and one report -> states, beside a spatial index and a geopandas join that find the same pairs.

The peers do less: they find which incidents lie near which segments. Ours also knows grades, times, closing acts,
verification and reasons. Pairs are compared before anything is timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

from bench.networks import largest_network
from bench.table import Row, median_ms
from fom.domain.instants import DAY_US, HOUR_US
from fom.domain.profiles import PROFILES
from fom.domain.records import Explosive, Incident, Location, Record, Verification
from fom.network.network import Network
from fom.picture.picture import Picture
from fom.picture.question import Question

T0 = 1_773_144_000_000_000
N_FACTS = 5_000
N_PASSAGES = 1_000
REACH_M = 2_000.0
REPEATS = 5
SEED = 7


def run(scratch: Path) -> list[Row]:
    """Return the rows of the table."""
    network = largest_network(scratch)
    rng = np.random.default_rng(SEED)
    points = _near_roads(network, rng, N_FACTS)
    records = [*_facts(points, rng), *_passages(network, rng)]
    question = Question(T0, T0, PROFILES["P5"], "mission_military")

    begun = time.perf_counter()
    picture = Picture(network, records)
    bound_s = time.perf_counter() - begun
    full = median_ms(lambda: picture.assess(question).states, REPEATS)

    frame, to_plane = _plane(network)
    flat = to_plane(points)
    tree = shapely.STRtree(frame)
    pairs_tree = len(tree.query(shapely.points(flat), predicate="dwithin", distance=REACH_M)[0])
    joined = _geopandas_join(frame, flat)
    pairs_join = len(joined())
    drift = abs(pairs_join - pairs_tree) / pairs_tree
    if drift > 0.01:
        raise AssertionError(f"the peers disagree: {pairs_tree} and {pairs_join} pairs")
    by_tree = median_ms(lambda: tree.query(shapely.points(flat), predicate="dwithin", distance=REACH_M), REPEATS)
    by_join = median_ms(joined, REPEATS)

    scale = f"{network.n_segments:,} segments, {len(records):,} records, {pairs_tree:,} pairs within 2 km"
    rows = [
        Row("bind all records to the network", bound_s * 1e3, None, None, scale),
        Row("full assessment, all components", full, "shapely STRtree, pairs only", by_tree, scale),
        Row("full assessment, all components", full, "geopandas buffer + sjoin, pairs only", by_join, scale),
    ]
    rows += _one_report(picture, network, rng, question, joined)
    return rows


def _one_report(
    picture: Picture, network: Network, rng: np.random.Generator, question: Question, joined: Callable[[], Any]
) -> list[Row]:
    """Time a report of 500 m uncertainty from arrival to the states of all it touches, on a picture that is live."""
    times, touched = [], []
    live = picture.live(question.profile, question.user_class, T0)
    for number, point in enumerate(_near_roads(network, rng, 200)):
        report = Explosive(
            id=f"new {number}", received=T0 + number + 1, geometry=shapely.Point(point), hazard="item",
            explosive_class="ied", location=Location("sketch", uncertainty_m=500.0),
        )  # fmt: skip
        begun = time.perf_counter()
        segments = picture.apply([report])
        live.refresh(segments, T0 + number + 1)
        times.append((time.perf_counter() - begun) * 1e3)
        touched.append(len(segments))
    again = picture.assess(Question(T0 + 200, T0 + 200, question.profile, question.user_class))
    if not np.array_equal(again.states, live.states):
        raise AssertionError("incremental and full assessment differ")
    whole = median_ms(joined, 1)
    scale = f"{int(np.median(touched))} segments touched (median), p95 {np.percentile(times, 95):.2f} ms"
    return [Row("one 500 m report -> states", float(np.median(times)), "geopandas join again", whole, scale)]


def _near_roads(network: Network, rng: np.random.Generator, count: int) -> np.ndarray:
    """Return (count, 2) degrees: random vertices of the network moved by up to some 200 m."""
    at = rng.integers(0, len(network.coords), count)
    return np.asarray(network.coords)[at] + rng.normal(0, 0.001, (count, 2))


def _facts(points: np.ndarray, rng: np.random.Generator) -> list[Record]:
    kinds = rng.random(len(points))
    return [_fact(i, point, kind, rng) for i, (point, kind) in enumerate(zip(points, kinds, strict=True))]


def _fact(number: int, point: np.ndarray, kind: float, rng: np.random.Generator) -> Record:
    when = T0 - int(rng.integers(HOUR_US, 60 * DAY_US))
    grade = f"{rng.choice(list('ABCDF'))}{rng.integers(1, 7)}"
    place = {"geometry": shapely.Point(point), "location": Location("gps"), "grade": grade, "received": when}
    if kind < 0.4:
        return Explosive(id=f"x{number}", hazard="item", explosive_class="mine", **place)
    return Incident(id=f"i{number}", incident_type="armed_robbery", **place)


def _passages(network: Network, rng: np.random.Generator) -> list[Record]:
    chosen = rng.integers(0, network.n_segments, N_PASSAGES)
    return [
        Verification(
            id=f"v{i}", received=T0 - int(rng.integers(0, 10 * DAY_US)), strength="own_patrol_traverse", passed="P6",
            track="gps", authenticated=True, geometry=network.line(number),
        )
        for i, number in enumerate(chosen)
    ]  # fmt: skip


def _plane(network: Network) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return the lines in metres on a plane good enough for one city, and the same for points."""
    lat = float(np.asarray(network.coords)[:, 1].mean())
    scale = np.array([111_320.0 * np.cos(np.radians(lat)), 110_574.0])
    return shapely.transform(network.lines(), lambda xy: xy * scale), lambda xy: xy * scale


def _geopandas_join(lines: np.ndarray, flat: np.ndarray) -> Callable[[], Any]:
    roads = geopandas.GeoDataFrame(geometry=lines)
    areas = geopandas.GeoDataFrame(geometry=shapely.points(flat))

    def join() -> Any:
        grown = areas.set_geometry(areas.buffer(REACH_M))
        return geopandas.sjoin(roads, grown, predicate="intersects")

    return join
