"""Valhalla on the country, run by `peers.ask` in an environment of its own: a question as JSON in, an answer out.

Only the standard library and `valhalla`. Answers carry every route's shape, so that the other side can check it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import valhalla
from valhalla.config import get_config

UNLIMITED = 10**9


def build(question: dict[str, Any]) -> dict[str, Any]:
    """Make the tiles of a map file."""
    folder = Path(question["folder"])
    (folder / "tiles").mkdir(parents=True, exist_ok=True)
    config = get_config(tile_extract="", tile_dir=str(folder / "tiles"), verbose=False)
    config["mjolnir"]["concurrency"] = 2
    for limit in config["service_limits"]:
        if limit.startswith("max_exclude_polygons"):
            config["service_limits"][limit] = UNLIMITED
    (folder / "valhalla.json").write_text(json.dumps(config))
    program = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
    begun = time.perf_counter()
    subprocess.run(
        [str(program), "-c", str(folder / "valhalla.json"), question["file"]],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    return {"s": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}


def measure(question: dict[str, Any]) -> dict[str, Any]:
    """Time every pair under every list of polygons: {name: {rounds, answers}}."""
    actor = valhalla.Actor(json.loads((Path(question["folder"]) / "valhalla.json").read_text()))
    return {
        name: _task(actor, question["pairs"], question["repeats"], **task) for name, task in question["tasks"].items()
    }


def _task(actor: Any, pairs: list[Any], repeats: int, rings: list[list[Any]], alternates: int) -> dict[str, Any]:
    """Return the milliseconds of the answers found, one list for each list of rings, and the routes of all."""
    texts = [[_text(pair, polygons, alternates) for pair in pairs] for polygons in rings]
    answers: list[list[Any]] = []
    rounds: list[list[float]] = []
    _route(actor, texts[0][0])
    for turn in range(repeats):
        times = []
        for text in texts[turn % len(texts)]:
            begun = time.perf_counter()
            found = _route(actor, text)
            took = (time.perf_counter() - begun) * 1e3
            if found is not None:
                times.append(took)
            if turn < len(texts):
                answers.append(_routes(found))
        rounds.append(times)
    return {"rounds": rounds, "answers": [answers[i : i + len(pairs)] for i in range(0, len(answers), len(pairs))]}


def _text(pair: list[list[float]], polygons: list[Any], alternates: int) -> str:
    asked: dict[str, Any] = {
        "locations": [{"lon": lon, "lat": lat} for lon, lat in pair],
        "costing": "auto",
        "directions_type": "none",
    }
    if polygons:
        asked["exclude_polygons"] = polygons
    if alternates:
        asked["alternates"] = alternates
    return json.dumps(asked)


def _route(actor: Any, text: str) -> str | None:
    try:
        found: str = actor.route(text)
    except RuntimeError:  # "No path could be found", "No suitable edges near location"
        return None
    return found


def _routes(found: str | None) -> list[dict[str, Any]] | None:
    """Return length and shape of every route, the best first; None where no path was found."""
    if found is None:
        return None
    answer = json.loads(found)
    trips = [answer["trip"], *(other["trip"] for other in answer.get("alternates", []))]
    return [{"km": trip["summary"]["length"], "line": trip["legs"][0]["shape"]} for trip in trips]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps({"build": build, "measure": measure}[asked.pop("do")](asked)))
