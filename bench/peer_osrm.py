"""OSRM on the country, run by `peers.ask` in an environment of its own: a question as JSON in, an answer out.

Closing roads means writing their node pairs with speed 0, customising the files again and loading them; a route then
takes a millisecond. `osrm-customize` writes into its files in place and does not restore what an earlier closure
changed, so every closure here begins from an untouched copy, and that is not timed.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import osrm

PACKAGE = Path(osrm.__file__).parent
BASE = "country.osrm"


def _program(name: str, *arguments: str) -> float:
    """Run one of OSRM's programs; return seconds."""
    begun = time.perf_counter()
    command = [str(PACKAGE / "bin" / f"osrm-{name}"), *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def build(question: dict[str, Any]) -> dict[str, Any]:
    """Extract, partition and customise a map file with the stock car profile."""
    folder = Path(question["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    base = str(folder / BASE)
    profile = str(PACKAGE / "share" / "profiles" / "car.lua")
    seconds = _program("extract", "-p", profile, "-t", "2", "-o", base, question["file"])
    seconds += _program("partition", "-t", "2", base)
    seconds += _program("customize", "-t", "2", base)
    return {"s": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}


class Work:
    """A copy of the built files that closures may change."""

    def __init__(self, built: Path, folder: Path) -> None:
        self.built, self.folder = built, folder
        self.base = str(folder / BASE)

    def restore(self) -> None:
        """Take an untouched copy."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.built, self.folder)

    def load(self) -> Any:
        """Return an engine on the files as they are."""
        return osrm.OSRM(storage_config=self.base, algorithm="MLD", use_shared_memory=False)

    def close(self, speeds: str | None) -> Any:
        """Customise again with a file of speeds (None = without) and load."""
        given = [] if speeds is None else ["--segment-speed-file", speeds]
        _program("customize", "-t", "2", *given, self.base)
        return self.load()


def measure(question: dict[str, Any]) -> dict[str, Any]:
    """Time plain routes, then closures: many areas at once with routes and alternates under them, and one report."""
    work = Work(Path(question["folder"]), Path(question["work"]))
    pairs, repeats, wanted = question["pairs"], question["repeats"], question["alternates"]
    work.restore()
    engine = work.load()
    out: dict[str, Any] = {"plain": _task(engine, pairs, repeats)}
    for name, files in (("areas", question["areas"]), ("report", question["reports"])):
        firsts, later, alternates = [], [], []
        for number, speeds in enumerate(files):
            engine = None
            work.restore()
            begun = time.perf_counter()
            engine = work.close(speeds)
            _routes(engine, pairs[number % len(pairs)])
            firsts.append((time.perf_counter() - begun) * 1e3)
            if name == "areas":
                later.append(_task(engine, pairs, 1))
                alternates.append(_task(engine, pairs, 1, wanted))
        out[name] = {"first": firsts}
        if later:
            out[name] |= {"later": _joined(later), "alternates": _joined(alternates)}
    engine = None
    work.restore()
    work.close(question["areas"][0])
    out["lifted"] = _task(work.close(None), pairs, 1)
    shutil.rmtree(work.folder, ignore_errors=True)
    return out


def _joined(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: [part for task in tasks for part in task[key]] for key in ("rounds", "answers")}


def _task(engine: Any, pairs: list[Any], repeats: int, alternates: int = 0) -> dict[str, Any]:
    """Return the milliseconds of the answers found, one list for each repetition, and the routes of the first."""
    _routes(engine, pairs[0], alternates)
    rounds, answers = [], []
    for turn in range(repeats):
        times = []
        for pair in pairs:
            begun = time.perf_counter()
            found = _routes(engine, pair, alternates)
            took = (time.perf_counter() - begun) * 1e3
            if found is not None:
                times.append(took)
            if not turn:
                answers.append(found and [_said(route) for route in found])
        rounds.append(times)
    return {"rounds": rounds, "answers": [answers]}


def _routes(engine: Any, pair: list[list[float]], alternates: int = 0) -> Any:
    asked = osrm.RouteParameters(
        coordinates=[tuple(place) for place in pair], overview="full", geometries="polyline6", steps=False
    )
    if alternates:
        asked.alternatives, asked.number_of_alternatives = True, alternates
    try:
        return engine.Route(asked)["routes"]
    except RuntimeError:  # "Impossible route between points"
        return None


def _said(route: Any) -> dict[str, Any]:
    return {"km": route["distance"] / 1000, "s": route["duration"], "line": route["geometry"]}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps({"build": build, "measure": measure}[asked.pop("do")](asked)))
