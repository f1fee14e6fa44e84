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
from bench.networks import city_network
from bench.table import Goal, Row, Timing
from fom.web.api.stream import STREAMS_PER_ACCOUNT
from tests.postgres import find_server_programs, server

MAPS = 200
PER_MINUTE = 600
SECONDS = 60


def run(data: Path) -> list[Row]:
    """Return the rows of the table."""
    network = city_network(data)
    folder = data / "live"
    folder.mkdir()
    with _database(folder) as (url, workers):
        tokens = fill(folder, url, network, accounts=-(-MAPS // STREAMS_PER_ACCOUNT) + 1)
        with serving(folder, url, workers=workers, threads=MAPS + 60) as port:
            load = run_load([port], url, tokens, network, maps=MAPS, per_minute=PER_MINUTE, seconds=SECONDS)
    if load.missing:
        raise AssertionError(f"{load.missing} of {MAPS * len(load.changes)} arrivals are missing")
    scale = f"{MAPS} open maps, {PER_MINUTE} reports a minute, {workers} processes, {network.n_segments:,} segments"
    arrivals = f"{len(load.lags_ms):,} arrivals, none missing; latest {max(load.lags_ms):,.0f} ms"
    return [
        _row("report over HTTP", load.reports_ms, scale, Goal(p95_ms=500)),
        _row("moved states over HTTP beside them", load.reads_ms, ""),
        _row("receipt of a report to arrival on a map", load.lags_ms, arrivals, Goal(p95_ms=2000)),
    ]


def _row(what: str, ms: list[float], note: str, goal: Goal | None = None) -> Row:
    return Row("Live maps under load", what, Timing((float(np.median(ms)),), (p95(ms),)), goal=goal, note=note)


@contextmanager
def _database(folder: Path) -> Iterator[tuple[str, int]]:
    programs = find_server_programs()
    if programs is None:
        print("no PostgreSQL: measuring on SQLite with one process", file=sys.stderr)
        yield f"sqlite:///{folder / 'fom.sqlite'}", 1
        return
    with server(programs) as (url, _):
        yield url, 2
