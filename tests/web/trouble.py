"""The real server in several processes on a real PostgreSQL, to be killed; and phones that lose answers."""

from __future__ import annotations

import http.client
import json
import os
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

import psutil
from sqlalchemy import text

from bench.live import ROOT, ask, fill, free_port
from fom.network.network import Network
from fom.store.database import Database

WORKERS = 4
RETRY_S = 0.2

Answer = tuple[int, Any]


@dataclass
class Site:
    """A mission on a server that can be killed and started again; every request goes to its one address."""

    folder: Path
    url: str
    tokens: list[str]
    workers: int = WORKERS
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until every worker has its picture."""
        env = {"PATH": os.environ["PATH"], "FOM_DATABASE_URL": self.url, "FOM_WORKERS": str(self.workers)}
        command = [sys.executable, "-m", "fom", "serve", "--port", str(self.port), "--data", str(self.folder)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        ready = 0
        while ready < 6 * self.workers:  # connections are dealt out to the workers by chance
            assert self.process.poll() is None, "the server ended by itself"
            with suppress(OSError):
                ready = ready + 1 if self.ask("GET", "/readyz", None)[0] == 200 else 0
            time.sleep(0.02 if ready else 0.3)

    def kill(self) -> None:
        """End every process of the server at once, without a word."""
        assert self.process is not None
        for process in [*self.processes()[::-1]]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    def processes(self) -> list[psutil.Process]:
        """Return the processes of the server, the first one first."""
        assert self.process is not None
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def memory_mb(self) -> float:
        """Return what all its processes hold together, shared parts counted once for each."""
        return sum(process.memory_info().rss for process in self.processes()) / 1024 / 1024

    def ask(self, method: str, path: str, token: str | None, body: Any = None) -> Answer:
        """Return status and body of one request; OSError where no answer came."""
        try:
            status, raw = ask(self.port, method, path, token, body)
        except http.client.HTTPException as cut:
            raise ConnectionError(str(cut)) from cut
        with suppress(ValueError):
            return status, json.loads(raw)
        return status, raw.decode(errors="replace")

    def send(self, token: str, body: Any, path: str = "/api/v1/reports") -> Answer:
        """Send until an answer comes, as a phone does: a server that is away or busy is asked again."""
        while True:
            with suppress(OSError):
                status, answer = self.ask("POST", path, token, body)
                if status < 500:
                    return status, answer
            time.sleep(RETRY_S)

    def lose_answer(self, token: str, body: Any) -> None:
        """Send a report and hang up before the answer is read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        with suppress(OSError):
            connection.request("POST", "/api/v1/reports", json.dumps(body), headers)
        connection.close()

    def count(self, query: str, **values: Any) -> int:
        """Return what one query of the database counts."""
        database = Database(self.url)
        with database.reading() as session:
            found = session.execute(text(query), values).scalar_one()
        database.dispose()
        return int(found)


@contextmanager
def site(folder: Path, url: str, network: Network, *, accounts: int = 3, workers: int = WORKERS) -> Iterator[Site]:
    """Yield a running site with so many duty officers."""
    made = Site(folder, url, fill(folder, url, network, accounts=accounts), workers)
    made.start()
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.kill()


def at_once(acts: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Return the answers of acts that begin at the same moment."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Answer]) -> Answer:
        gate.wait(timeout=30)
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def item(report_id: str | None = None, words: str = "wire at the roadside", **said: Any) -> dict[str, Any]:
    """Return a report of a suspected device on the road A-B."""
    properties = {"kind": "explosive", "hazard": "item", "class": "ied", "location": {"method": "gps"}, **said}
    point = {"type": "Point", "coordinates": [30.045, 5.0901]}
    records = [{"type": "Feature", "geometry": point, "properties": properties}]
    return {"id": report_id or str(uuid.uuid4()), "form": "explosive", "words": words, "records": records}


def figures(took_s: Sequence[float]) -> str:
    """Return p50, p95 and the longest of times, in words."""
    ordered = sorted(took_s)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 for share in (0.5, 0.95, 1.0)]
    return "p50 {:,.0f} ms, p95 {:,.0f} ms, most {:,.0f} ms".format(*at)
