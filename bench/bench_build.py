"""Building the network from its map file, each side in a process of its own, and loading what was built."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.engine_peers import build_osrm, build_valhalla
from bench.networks import MAIN_SEGMENTS, Country, built, country, in_own_process
from bench.peers import Missing
from bench.table import REPEATS, Goal, Row, Timing, number, once

OSMNX_SEGMENTS = 250_000
"""OSMnx needs some 6 GB for half a million segments."""
SAME_SHARE = 1e-4
"""Largest difference of the total lengths, as a share."""
WARM_SEGMENTS = 5_000
GROUP = "Network build and start"
BUILD = "network build: segments, ids, limits, assets, turns, routing hierarchy, saved"
START = """
import sys, time
from pathlib import Path
from fom.network.artefact import load_network
from fom.routing.router import Router
begun = time.perf_counter()
network = load_network(Path(sys.argv[1]))
network.boxes
Router(network, Path(sys.argv[1]))
print(time.perf_counter() - begun)
"""


def run(data: Path) -> list[Row]:
    """Return the rows."""
    built(country(data, WARM_SEGMENTS, "sparse"))  # compiles what is compiled at first use
    place = country(data, MAIN_SEGMENTS)
    ours = built(place)
    goal = Goal(p50_ms=60_000)
    size = f"{ours['segments']:,} segments, {ours['arcs']:,} arcs; ours {_said(ours)}"
    rows = []
    for name, build in (("Valhalla tiles", build_valhalla), ("OSRM extract, partition, customise", build_osrm)):
        rows.append(_beside(name, build, data, place, ours, goal, size))
    rows.append(_osmnx(country(data, min(OSMNX_SEGMENTS, MAIN_SEGMENTS))))
    rows.append(_start(place))
    return rows


def _said(found: dict[str, Any]) -> str:
    return f"peak {found['peak_mb']:,.0f} MB"


def _beside(
    name: str,
    build: Callable[[Path, Country], dict[str, Any]],
    data: Path,
    place: Country,
    ours: dict[str, Any],
    goal: Goal,
    size: str,
) -> Row:
    try:
        theirs = build(data, place)
    except Missing as missing:
        print(f"NOT MEASURED: {name}: {missing}", file=sys.stderr)
        return Row(GROUP, BUILD, once(ours["s"]), name, None, goal, f"{size}; not measured: {missing}")
    return Row(GROUP, BUILD, once(ours["s"]), name, once(theirs["s"]), goal, f"{size}, theirs {_said(theirs)}")


def _osmnx(place: Country) -> Row:
    ours = built(place)
    theirs = in_own_process(place, "osmnx", place.folder / "osmnx")
    if abs(ours["km"] - theirs["km"]) > SAME_SHARE * ours["km"]:
        raise AssertionError(f"the two builds hold different roads: {ours['km']} and {theirs['km']} km")
    note = (
        f"{ours['segments']:,} segments, the same {ours['km']:,.0f} km; ours {_said(ours)}, theirs {_said(theirs)} "
        f"({number(theirs['peak_mb'] / ours['peak_mb'])} ×)"
    )
    return Row(GROUP, BUILD, once(ours["s"]), "OSMnx, to a graph in memory", once(theirs["s"]), None, note)


def _start(place: Country) -> Row:
    seconds = []
    for _ in range(REPEATS):
        command = [sys.executable, "-c", START, str(place.network_folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        seconds.append(float(done.stdout.split()[-1]) * 1e3)
    what = "a fresh process loads network, spatial index and routing (memory-mapped)"
    return Row(GROUP, what, Timing(tuple(seconds)), None, None, Goal(p50_ms=2_000), "without facts and imports")
