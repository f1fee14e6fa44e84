"""How ours grows with the country: the same work at 60,000, 250,000, a million and, with memory for it, three million.

Each size is measured in a process of its own. The curves become a picture; the numbers stand in the table.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.growth_picture import Curve, draw
from bench.machine import memory_gib, peak_mb
from bench.networks import MAIN_SEGMENTS, built, country
from bench.our_routing import OurRouting
from bench.records import T0, make_facts
from bench.table import Row, Timing, milliseconds, once
from fom.domain.profiles import PROFILES
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.router import Router

SIZES = (60_000, 250_000, 1_000_000, 3_000_000)
LARGE = 1_000_000
LARGE_NEEDS_GIB = 14.0
SEGMENTS_PER_FACT = 50
N_PAIRS = 40
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "growth.svg"
GROUP = "Growth"


@dataclass(frozen=True, slots=True)
class Work:
    """One curve."""

    key: str
    words: str


WORKS = (
    Work("build", "build the network, with hierarchy"),
    Work("assess", "full assessment, a fact per 50 segments"),
    Work("all_costs", "take all costs anew"),
    Work("areas", "50 areas closed, first route"),
    Work("report", "one 500 m area closed, first route"),
    Work("route", "one route"),
)


def run(data: Path) -> list[Row]:
    """Return the rows, and draw the picture."""
    sizes = [size for size in SIZES if size <= max(MAIN_SEGMENTS, SIZES[0])]
    if MAIN_SEGMENTS >= LARGE:
        free = memory_gib("MemAvailable")
        if free >= LARGE_NEEDS_GIB:
            sizes.append(SIZES[-1])
        else:
            print(f"NOT MEASURED: {SIZES[-1]:,} segments: only {free:.0f} GiB of memory free", file=sys.stderr)
    points = [_point(data, size) for size in sizes]
    timings = {(work, i): Timing(*map(tuple, point[work.key])) for work in WORKS for i, point in enumerate(points)}
    curves = [Curve(w.words, [(p["segments"], timings[w, i].p50) for i, p in enumerate(points)]) for w in WORKS]
    PICTURE.write_text(draw(curves))
    return [
        Row(GROUP, work.words, timings[work, i], note=f"{point['segments']:,} segments{_memory(work, point)}")
        for work in WORKS
        for i, point in enumerate(points)
    ]


def _memory(work: Work, point: dict[str, Any]) -> str:
    return f"; peak {point['build_mb']:,.0f} MB" if work.key == "build" else ""


def _point(data: Path, segments: int) -> dict[str, Any]:
    print(f"growth: {segments:,} segments", file=sys.stderr)
    command = [sys.executable, "-m", "bench.bench_growth", str(data), str(segments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure_size(data: Path, segments: int) -> dict[str, Any]:
    """Return milliseconds of each work at a size, as (medians, p95s)."""
    place = country(data, segments)
    made = built(place)
    network = place.load()
    ours = OurRouting(network, Router(network, place.network_folder), n_pairs=N_PAIRS)
    places = ours.questions.places
    out: dict[str, Any] = {
        "segments": network.n_segments,
        "arcs": ours.graph.n_arcs,
        "build": _pair(once(made["s"])),
        "build_mb": made["peak_mb"],
        "all_costs": _pair(Timing.of([[milliseconds(lambda: ours.router.metric(ours.costs))] for _ in range(3)])),
        "report": _pair(ours.first_after(ours.single_closures)),
        "areas": _pair(ours.first_after([[arcs] * 2 for arcs in ours.closures])),
        "route": _pair(ours.plain()),
    }
    if not all(ours.route(place) is not None for place in places):
        raise AssertionError("a route is missing")
    picture = Picture(network, make_facts(network, segments // SEGMENTS_PER_FACT).records)
    question = Question(T0, T0, PROFILES["P5"], "mission_military")
    picture.assess(question)  # brings the pairs in order, once
    rounds = [[milliseconds(lambda: picture.copy().assess(question).states)] for _ in range(4)]
    out["assess"] = _pair(Timing.of(rounds[1:]))
    return out | {"peak_mb": peak_mb()}


def _pair(timing: Timing) -> list[tuple[float, ...]]:
    return [timing.medians, timing.p95s]


if __name__ == "__main__":
    print(json.dumps(measure_size(Path(sys.argv[1]), int(sys.argv[2]))))
