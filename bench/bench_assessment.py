"""Full assessment from nothing, any past moment, and the spatial part alone beside PostGIS, STRtree and geopandas.

The peers find which facts lie within reach of which segments. Ours also knows grades, times, closing acts, verification
and reasons. Pairs are compared before anything is timed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

from bench.machine import peak_mb
from bench.networks import MAIN_SEGMENTS, built, country
from bench.postgis import Postgis, plane_scale
from bench.records import N_FACTS, T0, make_facts, make_passages
from bench.table import Goal, Row, Timing, measure, milliseconds
from fom.domain.instants import DAY_US
from fom.domain.policy import Policy
from fom.domain.profiles import PROFILES
from fom.network.network import Network
from fom.picture.ground import Ground
from fom.picture.picture import Picture
from fom.picture.question import Question

REACHES_M = (100.0, 500.0, 2_000.0)
REACH_SHARES = (0.6, 0.3, 0.1)
SAME_SHARE = 0.01
"""Buffers of 64 corners lose half a percent of the pairs; planes and ellipsoids differ by less."""
SEED = 5
FULL = "full assessment from nothing: states, risk, age, all components"
PAST = "any past moment (random `at` and `known_at` of the last 60 days)"
PAIRS = "spatial part: which facts lie within reach of which segments"
GROUP = "Assessment"


def run(data: Path) -> list[Row]:
    """Return the rows."""
    place = country(data, MAIN_SEGMENTS)
    built(place)
    network = place.load()
    facts = make_facts(network, N_FACTS)
    rng = np.random.default_rng(SEED)
    reach = rng.choice(REACHES_M, len(facts.places), p=REACH_SHARES)
    return [*_pairs(network, facts.places, reach), *_full(network, facts.records)]


def _full(network: Network, facts: list[Any]) -> list[Row]:
    records = [*facts, *make_passages(network)]
    print("binding the records", file=sys.stderr)
    pictures: list[Picture] = []
    bound_ms = milliseconds(lambda: pictures.append(Picture(network, records)))
    (picture,) = pictures
    question = Question(T0, T0, PROFILES["P5"], "mission_military")
    # a copy begins without what an earlier assessment kept; pairs are in order once something was asked
    picture.assess(question)
    full = Timing.of([[_assessed(picture.copy(), question)] for _ in range(6)][1:])
    rng = np.random.default_rng(SEED)
    moments = [tuple(T0 - int(back) for back in rng.integers(0, 60 * DAY_US, 2)) for _ in range(3)]
    questions = [Question(at, known, PROFILES["P5"], "mission_military") for at, known in moments]
    past = measure(lambda asked: picture.copy().assess(asked).states, questions)
    kept = measure(lambda asked: picture.assess(asked).states, questions[:1])
    scale = f"{network.n_segments:,} segments, {len(facts):,} facts, passages over every segment"
    return [
        Row(GROUP, FULL, full, None, None, Goal(p50_ms=1_000), f"{scale}; process peak {peak_mb():,.0f} MB"),
        Row(GROUP, PAST, past, None, None, Goal(p50_ms=2_000), "no peer has it"),
        Row(GROUP, "the same past moment again", kept, None, None, None, "what was worked out is kept"),
        Row(GROUP, "bind all records to the network, at a start", Timing((bound_ms,)), None, None, None, scale),
    ]


def _assessed(picture: Picture, question: Question) -> float:
    return milliseconds(lambda: picture.assess(question).states)


def _pairs(network: Network, places: np.ndarray, reach: np.ndarray) -> list[Row]:
    ground = Ground(network, Policy().corridor_m)
    found: list[int] = []
    timing = measure(lambda _: found.append(len(ground.near_points(places, reach)[0])), [0])
    size = f"{network.n_segments:,} segments, {len(places):,} facts"
    lines, flat = _plane(network, places)
    out = []
    for name, work in (
        ("shapely STRtree", _strtree(lines, flat, reach)),
        ("geopandas", _geopandas(lines, flat, reach)),
    ):
        out.append(_beside(name, work, found[0], timing, size))
    try:
        with Postgis() as server:
            server.load_lines(network)
            server.load_points(flat, reach)
            out.append(_beside(f"PostGIS {server.version}", server.count_pairs, found[0], timing, size))
    except Postgis.Missing as missing:
        print(f"NOT MEASURED: PostGIS: {missing}", file=sys.stderr)
        out.append(Row(GROUP, PAIRS, timing, "PostGIS", None, Goal(ratio=15), f"not measured: {missing}"))
    return out


def _beside(name: str, work: Callable[[], int], ours: int, timing: Timing, size: str) -> Row:
    print(f"timing {name}", file=sys.stderr)
    theirs = work()
    if abs(theirs - ours) > SAME_SHARE * ours:
        raise AssertionError(f"{name} finds {theirs:,} pairs, ours {ours:,}")
    goal = None if name == "shapely STRtree" else Goal(ratio=15)
    return Row(
        GROUP, PAIRS, timing, name, measure(lambda _: work(), [0]), goal, f"{size}; {theirs:,} pairs, ours {ours:,}"
    )


def _plane(network: Network, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return lines and points in metres, stretched so that a degree is as long everywhere as at the middle."""
    scale = plane_scale(network)
    return shapely.transform(network.lines(), lambda xy: xy * scale), places * scale


def _strtree(lines: np.ndarray, flat: np.ndarray, reach: np.ndarray) -> Callable[[], int]:
    tree, points = shapely.STRtree(lines), shapely.points(flat)
    return lambda: len(tree.query(points, predicate="dwithin", distance=reach)[0])


def _geopandas(lines: np.ndarray, flat: np.ndarray, reach: np.ndarray) -> Callable[[], int]:
    roads = geopandas.GeoDataFrame(geometry=lines)
    areas = geopandas.GeoDataFrame({"reach": reach}, geometry=shapely.points(flat))

    def join() -> int:
        grown = areas.set_geometry(areas.buffer(areas["reach"]))
        return len(geopandas.sjoin(roads, grown, predicate="intersects"))

    return join
