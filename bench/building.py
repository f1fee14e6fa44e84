"""One build in a process of its own, so that its peak memory is its own: `python -m bench.building SIDE FILE FOLDER`.

The clock starts after the imports. Ours reads attributes, limits, assets, turns and barriers, measures on the
ellipsoid, makes permanent ids and the routing hierarchy, and writes to disk; tiles need no building. OSMnx ends with a
graph in memory.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.machine import peak_mb


def _ours(source: Path, folder: Path) -> dict[str, Any]:
    from fom.network.build import build_network
    from fom.routing.router import Router

    begun = time.perf_counter()
    network = build_network(source, folder)
    read = time.perf_counter()
    router = Router(network, folder)
    done = time.perf_counter()
    counts = {k: network.manifest["counts"][k] for k in ("segments", "links", "km")}
    return {"s": done - begun, "routing_s": done - read, "arcs": router.graph.n_arcs, **counts}


def _osmnx(source: Path, folder: Path) -> dict[str, Any]:
    from bench.osmnx_graphs import path_graph_of, simplified_graph

    folder.mkdir(exist_ok=True, parents=True)
    begun = time.perf_counter()
    graph = simplified_graph(source, folder)
    seconds = time.perf_counter() - begun
    peak = peak_mb()
    theirs = path_graph_of(graph)
    return {"s": seconds, "links": theirs.links, "km": theirs.total_m / 1000, "peak_mb": peak}


def main() -> None:
    """Build and print what it took as the last line."""
    side, source, folder = sys.argv[1:]
    found = {"ours": _ours, "osmnx": _osmnx}[side](Path(source), Path(folder))
    print(json.dumps({"peak_mb": peak_mb()} | found))


if __name__ == "__main__":
    main()
