"""Routes over HTTP: a real server process on the country, asked by one client for plans under closed areas.

A plan is what people get: the best verified way with its reasons, alternates, and the way over unverified roads.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bench.networks import MAIN_SEGMENTS, Country, built, country
from bench.our_routing import OurRouting
from bench.questions import enters
from bench.records import N_FACTS, make_facts, make_passages, report_at
from bench.table import Goal, Row, measure, once
from fom.config import Config
from fom.domain.access import OPERATOR
from fom.domain.facts_file import format_facts
from fom.domain.records import Incident, Record
from fom.network.network import Network
from fom.routing.router import Router
from fom.services.accounts import create_user, issue_token
from fom.services.deployment import open_database
from fom.services.facts_exchange import load_facts
from fom.services.policies import activate_network
from tests.postgres import free_port

ROOT = Path(__file__).resolve().parent.parent
N_PAIRS = 30
PATIENCE_S = 600
EMAIL = "bench@demo.example"
GROUP = "Over HTTP, against a real server process"


def run(data: Path) -> list[Row]:
    """Return the rows."""
    place = country(data, MAIN_SEGMENTS)
    built(place)
    network = place.load()
    ours = OurRouting(network, Router(network, place.network_folder))
    with tempfile.TemporaryDirectory() as scratch:
        config = Config(data=Path(scratch))
        token = _fill(config, place, network, ours.questions.areas[0])
        with _serving(config) as port:
            return _rows(Client(port, token), ours.questions.places, ours.questions.areas[0])


def _rows(client: Client, places: np.ndarray, areas: np.ndarray) -> list[Row]:
    print("the server is ready: asking for plans", file=sys.stderr)
    begun = time.perf_counter()
    answers = [client.plan(place, alternates=0) for place in places[:N_PAIRS]]
    first_s = time.perf_counter() - begun
    solved = [i for i, answer in enumerate(answers) if answer["best"] is not None]
    if len(solved) < N_PAIRS // 2:
        raise AssertionError(f"only {len(solved)} of {N_PAIRS} plans have a route: {answers[0]['outcome']}")
    if any(enters(np.array(answers[i]["best"]["geometry"]["coordinates"]), areas) for i in solved):
        raise AssertionError("a route goes through a closed area")
    chosen = places[solved]
    note = f"{len(solved)} pairs; {len(json.dumps(answers[solved[0]])) / 1024:,.0f} KB answer"
    best = measure(lambda place: client.plan(place, alternates=0), chosen)
    whole = measure(lambda place: client.plan(place, alternates=3), chosen)
    tile = measure(lambda _: client.get("/api/v1/states?since_version=0"), [0] * 3)
    return [
        Row(GROUP, "a later route under the 50 areas, with reasons", best, None, None, Goal(p95_ms=25), note),
        Row(GROUP, "the same with three alternates", whole, None, None, None, "each with reasons and comparison"),
        Row(GROUP, f"the first {N_PAIRS} plans after the start together", once(first_s), None, None, None,
            "live states and three metrics are made for the first"),
        Row(GROUP, "states of the whole country, for a map that opens", tile, None, None, None, ""),
    ]  # fmt: skip


def _fill(config: Config, place: Country, network: Network, areas: np.ndarray) -> str:
    """Make a database with the facts, passages over every road and the closed areas; return a token."""
    config.networks.mkdir(parents=True)
    (config.networks / network.network_id).symlink_to(place.network_folder.resolve())
    now = time.time_ns() // 1000
    facts = make_facts(network, N_FACTS, before=now).records
    records: list[Record] = [
        *(record for record in facts if isinstance(record, Incident)),
        *make_passages(network, before=now),
        *(report_at(number, centre, now - 1) for number, centre in enumerate(areas)),
    ]
    print(f"loading {len(records):,} records into a database", file=sys.stderr)
    database = open_database(config)
    try:
        with database.writing() as session:
            activate_network(session, network.network_id, network.manifest, actor=OPERATOR, now=now)
            load_facts(session, format_facts(records), network=network, actor=OPERATOR, now=now)
            create_user(
                session, email=EMAIL, password=os.urandom(16).hex(), roles=("duty_officer",), actor=OPERATOR, now=now
            )
            token, _ = issue_token(session, email=EMAIL, label="bench", actor=OPERATOR, now=now)
    finally:
        database.dispose()
    return token


@contextmanager
def _serving(config: Config) -> Iterator[int]:
    """Yield the port of a server process; ended at the end."""
    port = free_port()
    command = [sys.executable, "-m", "fom", "serve", "--port", str(port), "--data", str(config.data)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _await_ready(process, port)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"the server was not ready within {PATIENCE_S} s")


class Client:
    """One connection kept open, as a browser keeps it."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def plan(self, place: np.ndarray, *, alternates: int) -> dict[str, Any]:
        """Return the plan between two places, a light vehicle of the mission."""
        body = {"from": place[0].tolist(), "to": place[1].tolist(), "alternates": alternates, "profile": "P3"}
        found: dict[str, Any] = json.loads(self._ask("POST", "/api/v1/plans", json.dumps(body)))
        return found

    def get(self, path: str) -> bytes:
        """Return the body of an answer."""
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, body: str | None) -> bytes:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return data
