"""Several processes on one PostgreSQL: every listener sees every change soon, also after connections broke."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from bench.live import Load, fill, p95, run_load, serving
from fom.store.database import Database
from tests.deep import share_of
from tests.postgres import find_server_programs, server

WORKERS = 4
MAPS = 40


def told(load: Load) -> str:
    lags = load.lags_ms
    times = f"p50 {np.median(lags):.0f} ms, p95 {p95(lags):.0f} ms, most {max(lags):.0f} ms"
    asked = f"report p95 {p95(load.reports_ms):.0f} ms, read p95 {p95(load.reads_ms):.0f} ms"
    broken = f"{load.refused} refused and sent again, {load.cuts} streams cut and resumed, {load.missing} missing"
    head = f"\n{len(load.changes)} reports, {MAPS} maps, {WORKERS} processes"
    return f"{head}: receipt to arrival {times}; {asked}; {broken}"


def campaign(folder: Path, url: str, network: Any, halfway: Callable[[], None] = lambda: None) -> Load:
    tokens = fill(folder, url, network, accounts=MAPS // 8 + 1)
    with serving(folder, url, workers=WORKERS, threads=40) as port:
        return run_load([port], url, tokens, network, maps=MAPS, per_minute=600, seconds=share_of(20), halfway=halfway)


def break_connections(url: str) -> None:
    """End every connection but the one that ends them."""
    database = Database(url)
    with database.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    database.dispose()


@pytest.mark.deep
@pytest.mark.alone
@pytest.mark.parametrize("breaks", [False, True], ids=["quiet", "connections cut half way"])
def test_four_processes_tell_every_listener_of_every_change(
    breaks: bool, database_url: str, network: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    if database_url.startswith("sqlite"):
        pytest.skip("several processes share PostgreSQL")
    load = campaign(
        tmp_path, database_url, network, (lambda: break_connections(database_url)) if breaks else lambda: None
    )
    with capsys.disabled():
        print(told(load))
    assert load.missing == 0
    if not breaks:
        assert p95(load.lags_ms) < 1000.0


@pytest.mark.deep
@pytest.mark.alone
def test_after_a_restart_of_the_database_every_listener_has_every_change(
    network: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    programs = find_server_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    with server(programs) as (url, restart):
        load = campaign(tmp_path, url, network, restart)
    with capsys.disabled():
        print(told(load))
    assert load.missing == 0
