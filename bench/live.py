"""Many open maps and many reports at once: a server in processes of its own, raw streams, reports at a steady rate."""

from __future__ import annotations

import http.client
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fom.domain.access import OPERATOR
from fom.network.artefact import save_network
from fom.network.network import Network
from fom.services.accounts import actor_of, create_user, issue_token
from fom.services.policies import activate_network
from fom.store.database import Database
from fom.store.schema import upgrade
from fom.web.api.stream import STREAMS_PER_ACCOUNT
from fom.web.edge import now_us

ROOT = Path(__file__).resolve().parent.parent
EVENT_ID = re.compile(rb"id: (\d+)\n")
RESUME_S = 0.5
"""After a broken stream; a browser waits two seconds."""
SENDERS = 16


def fill(folder: Path, url: str, network: Network, accounts: int) -> list[str]:
    """Make a database, duty officers and the active network; return a token of each account."""
    database = Database(url)
    upgrade(database)
    save_network(network, folder / "networks" / network.network_id)
    tokens = []
    with database.writing() as session:
        activate_network(session, network.network_id, network.manifest, actor=OPERATOR, now=now_us())
        for number in range(accounts):
            user = create_user(
                session, email=f"officer{number}@demo.example", password="seven roads and six places",
                roles=["duty_officer"], actor=OPERATOR, now=now_us(),
            )  # fmt: skip
            session.flush()
            actor = actor_of(user)
            tokens.append(issue_token(session, email=actor.email, label="load", actor=actor, now=now_us())[0])
    database.dispose()
    return tokens


@contextmanager
def serving(folder: Path, url: str, *, workers: int, threads: int) -> Iterator[int]:
    """Yield the port of a server that has opened its picture in every worker."""
    port = free_port()
    env = {"PATH": os.environ["PATH"], "FOM_DATABASE_URL": url, "FOM_WORKERS": str(workers)}
    command = [sys.executable, "-m", "fom", "serve", "--port", str(port), "--data", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, env={**env, "FOM_THREADS": str(threads)}, stdout=subprocess.DEVNULL)
    try:
        ready = 0
        while ready < 8 * workers:  # connections are dealt out to the workers by chance
            if process.poll() is not None:
                raise RuntimeError("the server ended by itself")
            try:
                ready = ready + 1 if ask(port, "GET", "/readyz", None)[0] == 200 else 0
            except OSError:
                ready = 0
            time.sleep(0.02 if ready else 0.3)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, method: str, path: str, token: str | None, body: Any = None) -> tuple[int, bytes]:
    """Return status and body of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was read: the answer says why
            connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@dataclass
class Stream:
    """One open map: what it has seen, and when; it comes back where it was cut."""

    port: int
    token: str
    seen: dict[int, int] = field(default_factory=dict)
    """Change number -> microseconds by the machine's clock."""
    last: int | None = None
    rest: bytes = b""
    connection: socket.socket | None = None
    again_at: float = 0.0

    def open(self) -> socket.socket:
        """Connect and ask for the stream, from the last event seen on."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        resume = f"Last-Event-ID: {self.last}\r\n" if self.last is not None else ""
        connection.sendall(
            f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n{resume}\r\n".encode()
        )
        connection.setblocking(False)
        self.connection, self.rest = connection, b""
        return connection

    def take(self, data: bytes) -> None:
        """Note the events in what has arrived."""
        now = now_us()
        text = self.rest + data
        for found in EVENT_ID.finditer(text):
            self.last = int(found[1])
            self.seen.setdefault(self.last, now)
        self.rest = text[text.rfind(b"\n") + 1 :]


class Watchers(threading.Thread):
    """All open maps, read by one thread."""

    def __init__(self, ports: Sequence[int], tokens: Sequence[str], count: int) -> None:
        super().__init__(daemon=True)
        if count > len(tokens) * STREAMS_PER_ACCOUNT:
            raise ValueError(f"{count} streams need {-(-count // STREAMS_PER_ACCOUNT)} accounts")
        self.streams = [Stream(ports[i % len(ports)], tokens[i % len(tokens)]) for i in range(count)]
        self.cuts = 0
        self._selector = selectors.DefaultSelector()
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Read until stopped, opening again what breaks."""
        while not self._stop_asked.is_set():
            now = time.monotonic()
            for stream in self.streams:
                if stream.connection is None and now >= stream.again_at:
                    self._open(stream)
            for key, _ in self._selector.select(timeout=0.05):
                self._read(key.data)

    def _open(self, stream: Stream) -> None:
        try:
            self._selector.register(stream.open(), selectors.EVENT_READ, stream)
        except OSError:
            stream.connection, stream.again_at = None, time.monotonic() + RESUME_S

    def _read(self, stream: Stream) -> None:
        assert stream.connection is not None
        try:
            data = stream.connection.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data and not data.startswith(b"HTTP/1.1 5") and not data.endswith(b"0\r\n\r\n"):
            stream.take(data)
            return
        self.cuts += 1
        self._selector.unregister(stream.connection)
        stream.connection.close()
        stream.connection, stream.again_at = None, time.monotonic() + RESUME_S

    def stop(self) -> None:
        """Close every map."""
        self._stop_asked.set()
        self.join(timeout=10)
        for stream in self.streams:
            if stream.connection is not None:
                stream.connection.close()


@dataclass
class Load:
    """What a run came to."""

    reports_ms: list[float]
    reads_ms: list[float]
    refused: int
    """Reports that were answered 503 and sent again."""
    changes: list[int]
    lags_ms: list[float]
    """For each report and each map: from its receipt, inside the transaction, to its arrival."""
    missing: int
    cuts: int


def run_load(
    ports: Sequence[int],
    url: str,
    tokens: Sequence[str],
    network: Network,
    *,
    maps: int,
    per_minute: int,
    seconds: float,
    halfway: Callable[[], None] = lambda: None,
) -> Load:
    """Hold maps open, send reports at a rate and read beside them; `halfway` may break something."""
    watchers = Watchers(ports, tokens, maps)
    watchers.start()
    time.sleep(2.0 + maps / 100)
    load = Load([], [], 0, [], [], 0, 0)
    is_over = threading.Event()
    readers = [threading.Thread(target=_read, args=(ports, tokens[0], load, is_over), daemon=True) for _ in range(2)]
    for reader in readers:
        reader.start()
    count = round(per_minute * seconds / 60)
    rng = np.random.default_rng(5)
    begun = time.monotonic()
    with ThreadPoolExecutor(SENDERS) as senders:
        sent = []
        for number in range(count):
            time.sleep(max(0.0, begun + number * 60 / per_minute - time.monotonic()))
            if number == count // 2:
                halfway()
            port, token = ports[number % len(ports)], tokens[number % len(tokens)]
            sent.append(senders.submit(_report, port, token, _hazard(network, rng), load))
        load.changes = _changes_of([one.result() for one in sent], url)
    _wait_for_all(watchers, load.changes)
    is_over.set()
    watchers.stop()
    for reader in readers:
        reader.join(timeout=10)
    _judge(watchers, url, load)
    return load


def _hazard(network: Network, rng: np.random.Generator) -> dict[str, Any]:
    number = int(rng.integers(0, network.n_segments))
    lon, lat = network.line(number).interpolate(float(rng.uniform()), normalized=True).coords[0]
    said = {"kind": "explosive", "hazard": "item", "class": "ied", "location": {"method": "gps"}}
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": said}
    return {"id": str(uuid.uuid4()), "form": "explosive", "words": "seen", "records": [feature]}


def _changes_of(reports: Sequence[str], url: str) -> list[int]:
    """Return the change of each report: asked of the database, as an answer that was lost told it to nobody."""
    database = Database(url)
    with database.reading() as session:
        query = "SELECT subject_id, number FROM change WHERE kind = 'report'"
        found = session.connection().exec_driver_sql(query).all()
    database.dispose()
    sent = set(reports)
    numbers = [number for report, number in found if report in sent]
    if len(numbers) != len(reports):
        raise AssertionError(f"{len(reports)} reports were received and {len(numbers)} are kept")
    return numbers


def _report(port: int, token: str, body: dict[str, Any], load: Load) -> str:
    """Send a report until it is received; return its id."""
    begun = time.monotonic()
    for _ in range(120):
        try:
            status, raw = ask(port, "POST", "/api/v1/reports", token, body)
        except OSError:
            status, raw = 503, b""
        if status in (200, 201):
            load.reports_ms.append((time.monotonic() - begun) * 1e3)
            return str(body["id"])
        if status < 500:
            raise RuntimeError(f"{status}: {raw[:300]!r}")
        load.refused += 1
        time.sleep(0.25)
    raise RuntimeError(f"a report was refused for good: {status} {raw[:300]!r}")


def _read(ports: Sequence[int], token: str, load: Load, is_over: threading.Event) -> None:
    number = version = 0
    while not is_over.is_set():
        number += 1
        begun = time.monotonic()
        path = f"/api/v1/states?since_version={version}" if version else "/api/v1/me"
        try:
            status, raw = ask(ports[number % len(ports)], "GET", path, token)
        except OSError:
            continue
        if status == 200:
            load.reads_ms.append((time.monotonic() - begun) * 1e3)
            version = json.loads(raw).get("version", version) or max(load.changes, default=0)
        is_over.wait(0.2)


def _wait_for_all(watchers: Watchers, changes: Sequence[int]) -> None:
    """Give the last events half a minute to arrive everywhere."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and any(set(changes) - stream.seen.keys() for stream in watchers.streams):
        time.sleep(0.1)


def _judge(watchers: Watchers, url: str, load: Load) -> None:
    database = Database(url)
    with database.reading() as session:
        received = dict(session.connection().exec_driver_sql("SELECT number, at FROM change").all())
    database.dispose()
    for stream in watchers.streams:
        for change in load.changes:
            if change in stream.seen:
                load.lags_ms.append((stream.seen[change] - received[change]) / 1e3)
            else:
                load.missing += 1
    load.cuts = watchers.cuts


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 stay below."""
    return float(np.percentile(values, 95))
