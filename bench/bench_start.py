"""Starting workers on a country with five years of records: from opening the host to ready, memory of one and of four.

`python -m bench.bench_start NETWORK_FOLDER SCRATCH` measures workers on a built network. Every worker is a process of
its own, as under gunicorn, and starts its clock after its imports.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.make_history import UNTIL, History, write_history
from bench.networks import MAIN_SEGMENTS, built, country
from bench.table import Goal, Row, Timing
from fom.config import Config
from fom.domain.access import OPERATOR
from fom.domain.facts_file import FactsFile
from fom.domain.instants import HOUR_US
from fom.network.artefact import load_network
from fom.network.network import Network
from fom.services.deployment import open_database
from fom.services.facts_exchange import load_history
from fom.services.network_switch import NetworkSwitch
from fom.services.picture_host import PictureHost
from fom.services.policies import activate_network

NOW = UNTIL + HOUR_US
PAIRS = (("P3", "mission_military"), ("P6", "humanitarian"), ("P5", "mission_military"))
"""Profiles and user classes that are asked one after another."""
WORKERS = 4


def run(data: Path) -> list[Row]:
    """Return the rows of the table."""
    place = country(data, MAIN_SEGMENTS)
    built(place)
    return measure(place.network_folder, data / "start")


def history_of(network: Network, scratch: Path) -> FactsFile:
    """Return five years of records: 20,000 facts and 200,000 passages on a million segments."""
    history = History(network, network.n_segments // 50, network.n_segments // 5, 5.0, 1)
    return write_history(history, scratch / "history.json")


def measure(folder: Path, scratch: Path) -> list[Row]:
    """Return the rows for a built network."""
    config = Config(data=scratch)
    network = load_network(folder)
    config.networks.mkdir(parents=True, exist_ok=True)
    here = config.networks / "measured"
    if not here.exists():
        here.symlink_to(folder.resolve(), target_is_directory=True)
    rows = [] if (scratch / "fom.sqlite").exists() else _fill(config, network)
    scale = f"{network.n_segments:,} segments"
    (first,) = _workers(scratch, 1, keeps=True)
    rows.append(_row("worker start that reads and binds all: nothing is kept yet", first["start_ms"], scale))
    rows.append(_row("keep the bindings for the next start", first["keep_ms"], _kept_size(here)))
    scale = f"{scale}, {first['records']:,} records"
    for count in (1, WORKERS):
        found = _workers(scratch, count)
        if any(other["states"] != first["states"] for other in found):
            raise AssertionError("a worker that starts from what is kept shows other states")
        rows += _rows_of(found, scale)
    return rows


def _rows_of(found: Sequence[dict[str, Any]], scale: str) -> list[Row]:
    many = f"{len(found)} worker{'s' if len(found) > 1 else ''}"
    mean = {name: sum(one[name] for one in found) / len(found) for name in found[0] if name.endswith(("_ms", "_mb"))}
    memory = (
        f"memory of each: {mean['pss_mb']:,.0f} MB with its share of shared pages, {mean['own_mb']:,.0f} MB its own"
    )
    profiles = f"{mean['profile_mb']:,.0f} MB for each further (profile, user class)"
    opened = f"{scale}; processor {mean['start_cpu_ms']:,.0f} ms"
    return [
        _row(f"{many}: from opening the host to ready", mean["start_ms"], opened, Goal(p50_ms=2000)),
        _row(f"{many}: first states of a (profile, class)", mean["first_ms"],
             f"processor {mean['first_cpu_ms']:,.0f} ms"),
        _row(f"{many}: states of the next one", mean["next_ms"], f"{memory}; {profiles}"),
    ]  # fmt: skip


def _row(what: str, ms: float, note: str, goal: Goal | None = None) -> Row:
    return Row("Worker start", what, Timing((ms,)), goal=goal, note=note)


def _fill(config: Config, network: Network) -> list[Row]:
    facts = history_of(network, config.data)
    database = open_database(config)
    begun = time.perf_counter()
    with database.writing() as session:
        activate_network(session, network.network_id, network.manifest, actor=OPERATOR, now=UNTIL)
        load_history(session, facts, actor=OPERATOR, now=UNTIL)
    loaded_ms = (time.perf_counter() - begun) * 1e3
    database.dispose()
    return [_row("load a history into the database", loaded_ms, f"{len(facts.records):,} records")]


def _kept_size(folder: Path) -> str:
    size = sum(file.stat().st_size for file in (folder / "kept").rglob("*") if file.is_file())
    return f"{size / 2**20:,.0f} MB of files, shared by all workers"


def _workers(data: Path, count: int, *, keeps: bool = False) -> list[dict[str, Any]]:
    """Start workers together, and ask each for its memory when all have what they need."""
    command = [sys.executable, "-m", "bench.bench_start", "worker", str(data), *(["keep"] if keeps else [])]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    found = [json.loads(worker.stdout.readline()) for worker in started if worker.stdout]
    for worker, one in zip(started, found, strict=True):
        one |= _memory_mb(worker.pid)
    for worker in started:
        worker.communicate("end\n")
    return found


def _memory_mb(pid: int | str) -> dict[str, float]:
    """Return the PSS of a process and what it wrote itself (private dirty pages), MB."""
    kb: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        kb[name] = int(value.split()[0])
    return {"pss_mb": kb["Pss"] / 1024, "own_mb": kb["Private_Dirty"] / 1024}


def _work(data: Path, *, keeps: bool) -> None:
    """Be a worker: open, show states, say how long it took, and stay until told."""
    config = Config(data=data)
    database = open_database(config, is_upgraded=False)
    host: PictureHost
    host, start = _timed(lambda: NetworkSwitch(config, database, clock=lambda: NOW).current)
    result: dict[str, Any] = {"start_ms": start[0], "start_cpu_ms": start[1]}
    states, first = _timed(lambda: host.states(*PAIRS[0]).states)
    before = _memory_mb("self")["own_mb"]
    _, later = _timed(lambda: [host.states(*pair) for pair in PAIRS[1:]])
    grown = (_memory_mb("self")["own_mb"] - before) / (len(PAIRS) - 1)
    result |= {
        "first_ms": first[0], "first_cpu_ms": first[1], "next_ms": later[0] / (len(PAIRS) - 1), "profile_mb": grown,
        "records": host.n_records, "states": int(states.astype("int64").cumsum().sum()),
    }  # fmt: skip
    result["keep_ms"] = _timed(host.keep)[1][0] if keeps else 0.0
    print(json.dumps(result), flush=True)
    sys.stdin.readline()


def _timed(work: Any) -> tuple[Any, tuple[float, float]]:
    """Return a result, and the milliseconds and the processor's milliseconds that it took."""
    begun = time.perf_counter(), time.process_time()
    result = work()
    return result, ((time.perf_counter() - begun[0]) * 1e3, (time.process_time() - begun[1]) * 1e3)


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        _work(Path(sys.argv[2]), keeps="keep" in sys.argv[3:])
    else:
        for row in measure(Path(sys.argv[1]), Path(sys.argv[2])):
            print(f"{row.what}: {row.ours} ms ({row.note})")
