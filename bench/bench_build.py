"""Building the largest network from its map file, beside OSMnx on the same roads: time and peak memory.

Each side runs in a process of its own, so that its peak memory is its own, and starts its clock after its imports.
Ours also measures lengths on the ellipsoid, reads limits, assets, turns and barriers, makes ids and writes to disk;
OSMnx does not. Both must find the same kilometres of road before a time is shown.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.networks import map_file
from bench.table import Row, median_ms
from fom.network.artefact import load_network

REPEATS = 5
SAME_SHARE = 1e-4
"""Largest difference of the total lengths, as a share."""


def run(scratch: Path) -> list[Row]:
    """Return the rows of the table."""
    source = map_file(scratch)
    folder = scratch / "built"
    ours = _in_own_process("ours", source, folder)
    theirs = _in_own_process("osmnx", source, scratch / "osmnx")
    if abs(ours["km"] - theirs["km"]) > SAME_SHARE * ours["km"]:
        raise AssertionError(f"the two builds hold different roads: {ours['km']} and {theirs['km']} km")
    load = median_ms(lambda: load_network(folder), REPEATS)
    index = median_ms(lambda: load_network(folder).boxes, 1)
    less = theirs["peak_mb"] / ours["peak_mb"]
    memory = f"peak {ours['peak_mb']:,.0f} MB against {theirs['peak_mb']:,.0f} MB ({less:.1f} ×)"
    scale = f"{ours['segments']:,} segments, {ours['links']:,} links (OSMnx {theirs['links']:,} edges)"
    return [
        Row("network build, file to saved arrays", ours["s"] * 1e3, "OSMnx to a graph in memory", theirs["s"] * 1e3,
            f"{scale}; {memory}"),
        Row("load a built network (memory-mapped)", load, None, None, scale),
        Row("load it and make the spatial index", index, None, None, scale),
    ]  # fmt: skip


def _in_own_process(side: str, source: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.bench_build", side, str(source), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _measure(side: str, source: Path, folder: Path) -> dict[str, Any]:
    if side == "ours":
        from fom.network.build import build_network

        begun = time.perf_counter()
        network = build_network(source, folder)
        seconds = time.perf_counter() - begun
        found = {k: network.manifest["counts"][k] for k in ("segments", "links", "km")}
    else:
        from bench.osmnx_graphs import path_graph_of, simplified_graph

        folder.mkdir(exist_ok=True, parents=True)
        begun = time.perf_counter()
        graph = simplified_graph(source, folder)
        seconds = time.perf_counter() - begun
        theirs = path_graph_of(graph)
        found = {"segments": theirs.segments, "links": theirs.links, "km": theirs.total_m / 1000}
    return {"s": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, **found}


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
