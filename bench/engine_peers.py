"""Whole routing engines on the same map file: Valhalla and OSRM, asked the same pairs under the same closed areas.

Their speeds and turn costs are their own, so times of travel are not compared; that a route is found, how long it is
beside ours, and that it keeps out of the closed areas is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import peers
from bench.networks import Country, kept
from bench.our_routing import ALTERNATES
from bench.questions import NodePairs, Questions, enters, rings
from bench.table import REPEATS, Timing

Answers = list[list[list[dict[str, Any]] | None]]
"""By repetition, pair and route."""


@dataclass(frozen=True)
class Task:
    """What an engine made of one task."""

    timing: Timing
    """Of the pairs it solved."""
    answers: Answers

    @classmethod
    def of(cls, said: dict[str, Any]) -> Task:
        """Return the task of a peer's answer."""
        rounds = [times or [float("nan")] for times in said["rounds"]]
        return cls(Timing.of(rounds), said.get("answers", []))

    @property
    def unsolved(self) -> int:
        """Return how many of the first repetition's pairs it found no route for."""
        return sum(answer is None for answer in self.answers[0])

    @property
    def alternates(self) -> float:
        """Return how many routes it gave beside the best, on average over the pairs solved."""
        return float(np.mean([len(routes) - 1 for answers in self.answers for routes in answers if routes]))

    def check(self, ours_km: Sequence[float], areas: np.ndarray | None) -> str:
        """Return in words how the answers compare with ours and whether they keep out of the areas (repetitions, …)."""
        pairs = len(self.answers[0])
        said = [f"{pairs - self.unsolved} of {pairs} pairs solved"] if self.unsolved else []
        shares = [r[0]["km"] / km for r, km in zip(self.answers[0], ours_km, strict=False) if r]
        said.append(f"length {np.median(shares):.2f} of ours (median)")
        if areas is not None:
            wrong = sum(
                enters(decode(routes[0]["line"]), areas[turn])
                for turn, answers in enumerate(self.answers)
                for routes in answers
                if routes
            )
            said.append(f"**{wrong} answers go through a closed area**" if wrong else "all keep out of the areas")
        return ", ".join(said)


def build_valhalla(data: Path, place: Country) -> dict[str, Any]:
    """Return seconds and peak memory of Valhalla's tiles, built if they are not there. Raises Missing."""
    return _built(data, place, "valhalla")


def build_osrm(data: Path, place: Country) -> dict[str, Any]:
    """Return seconds and peak memory of OSRM's files, built if they are not there. Raises Missing."""
    return _built(data, place, "osrm")


def _built(data: Path, place: Country, name: str) -> dict[str, Any]:
    peers.environment(data)
    question = {"do": "build", "file": str(place.file), "folder": str(place.folder / name)}
    return kept(place.folder / f"built-{name}.json", lambda: peers.ask(data, f"peer_{name}.py", question))


def ask_valhalla(data: Path, place: Country, questions: Questions) -> dict[str, Task]:
    """Return the tasks `plain`, `areas`, `report` and `alternates`. Raises Missing."""
    polygons = [rings(areas) for areas in questions.areas]
    question = {
        "do": "measure",
        "folder": str(place.folder / "valhalla"),
        "pairs": questions.places.tolist(),
        "repeats": REPEATS,
        "tasks": {
            "plain": {"rings": [[]], "alternates": 0},
            "areas": {"rings": polygons, "alternates": 0},
            "report": {"rings": [rings(areas[:1]) for areas in questions.reports], "alternates": 0},
            "alternates": {"rings": polygons, "alternates": ALTERNATES},
        },
    }
    build_valhalla(data, place)
    return {name: Task.of(said) for name, said in peers.ask(data, "peer_valhalla.py", question).items()}


def ask_osrm(data: Path, place: Country, questions: Questions) -> dict[str, Any]:
    """Return the tasks `plain`, `areas` and `report` (apply, load, first route), `later`, `alternates`, `lifted`.

    The files of speeds are written beforehand and not timed. Raises Missing.
    """
    build_osrm(data, place)
    roads = NodePairs.read(place.file)
    folder = place.folder / "closures"
    folder.mkdir(exist_ok=True)
    areas = [roads.write_closed(a, folder / f"areas-{i}.csv") for i, a in enumerate(questions.areas)]
    reports = [roads.write_closed(a[:1], folder / f"report-{i}.csv") for i, a in enumerate(questions.reports)]
    question = {
        "do": "measure",
        "folder": str(place.folder / "osrm"),
        "work": str(place.folder / "osrm-work"),
        "pairs": questions.places.tolist(),
        "repeats": REPEATS,
        "alternates": ALTERNATES,
        "areas": [str(path) for path in areas],
        "reports": [str(path) for path in reports],
    }
    said = peers.ask(data, "peer_osrm.py", question)
    return {
        "plain": Task.of(said["plain"]),
        "areas": Timing(tuple(said["areas"]["first"])),
        "report": Timing(tuple(said["report"]["first"])),
        "later": Task.of(said["areas"]["later"]),
        "alternates": Task.of(said["areas"]["alternates"]),
        "lifted": Task.of(said["lifted"]),
    }


def not_restored(plain: Task, lifted: Task) -> int:
    """Return how many pairs take another time after closures were lifted than before them."""
    pairs = zip(plain.answers[0], lifted.answers[0], strict=True)
    return sum((a is None) != (b is None) or (a and b and a[0]["s"] != b[0]["s"]) for a, b in pairs)


def decode(text: str) -> np.ndarray:
    """Return (k, 2) degrees lon/lat of a line in Google's polyline encoding with six decimals."""
    values, value, shift = [], 0, 0
    for letter in text.encode():
        value |= ((letter - 63) & 31) << shift
        shift += 5
        if letter - 63 < 32:
            values.append(~(value >> 1) if value & 1 else value >> 1)
            value, shift = 0, 0
    return np.cumsum(np.array(values).reshape(-1, 2), axis=0)[:, ::-1] / 1e6
