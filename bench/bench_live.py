"""Two hundred open maps and six hundred reports a minute against the real server, on PostgreSQL with two processes.

Without PostgreSQL on the machine: SQLite with one process. Every report must reach every map.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bench.live import fill, p95, run_load, serving
from bench.networks import largest_network
from bench.table import Row
from fom.web.api.stream import STREAMS_PER_ACCOUNT
from tests.postgres import find_server_programs, server

MAPS = 200
PER_MINUTE = 600
SECONDS = 60


def run(scratch: Path) -> list[Row]:
    """Return the rows of the table."""
    network = largest_network(scratch)
    folder = scratch / "live"
    folder.mkdir()
    with _database(folder) as (url, workers):
        tokens = fill(folder, url, network, accounts=-(-MAPS // STREAMS_PER_ACCOUNT) + 1)
        with serving(folder, url, workers=workers, threads=MAPS + 60) as port:
            load = run_load([port], url, tokens, network, maps=MAPS, per_minute=PER_MINUTE, seconds=SECONDS)
    if load.missing:
        raise AssertionError(f"{load.missing} of {MAPS * len(load.changes)} arrivals are missing")
    scale = f"{MAPS} open maps, {PER_MINUTE} reports a minute, {workers} processes, {network.n_segments:,} segments"
    arrivals = f"{scale}; {len(load.lags_ms):,} arrivals, none missing"
    return [
        Row("report over HTTP, median", float(np.median(load.reports_ms)), None, None, scale),
        Row("report over HTTP, 95 of 100", p95(load.reports_ms), None, None, scale),
        Row("moved states over HTTP beside them, 95 of 100", p95(load.reads_ms), None, None, scale),
        Row("receipt of a report to arrival on a map, median", float(np.median(load.lags_ms)), None, None, arrivals),
        Row("receipt of a report to arrival on a map, 95 of 100", p95(load.lags_ms), None, None, arrivals),
        Row("receipt of a report to arrival on a map, latest", max(load.lags_ms), None, None, arrivals),
    ]


@contextmanager
def _database(folder: Path) -> Iterator[tuple[str, int]]:
    programs = find_server_programs()
    if programs is None:
        print("no PostgreSQL: measuring on SQLite with one process", file=sys.stderr)
        yield f"sqlite:///{folder / 'fom.sqlite'}", 1
        return
    with server(programs) as (url, _):
        yield url, 2
