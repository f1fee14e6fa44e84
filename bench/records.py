"""Invented records for measurements: facts near roads with grades, passages over every road."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from bench.networks import MAIN_SEGMENTS
from fom.domain.instants import DAY_US, HOUR_US
from fom.domain.records import Explosive, Incident, Location, Record, Stretch, Verification
from fom.network.network import Network

N_FACTS = MAIN_SEGMENTS // 50
"""20,000 on a million segments."""
T0 = 1_773_144_000_000_000
"""2026-03-10T12:00:00Z."""
STRETCHES_IN_PASSAGE = 1_000
SEED = 7


@dataclass(frozen=True)
class Facts:
    """Points with what lies there."""

    places: np.ndarray
    """(facts, 2) degrees."""
    records: list[Record]


def make_facts(network: Network, count: int, *, before: int = T0) -> Facts:
    """Return explosive items (two of five) and incidents of the 60 days before a moment, near random vertices."""
    rng = np.random.default_rng(SEED)
    places = near_roads(network, rng, count)
    kinds = rng.random(count)
    records = [_fact(i, place, kind, rng, before) for i, (place, kind) in enumerate(zip(places, kinds, strict=True))]
    return Facts(places, records)


def near_roads(network: Network, rng: np.random.Generator, count: int) -> np.ndarray:
    """Return (count, 2) degrees: random vertices of the network moved by up to some 200 m."""
    at = rng.integers(0, len(network.coords), count)
    return np.asarray(network.coords)[at] + rng.normal(0, 0.001, (count, 2))


def _fact(number: int, place: np.ndarray, kind: float, rng: np.random.Generator, before: int) -> Record:
    when = before - int(rng.integers(HOUR_US, 60 * DAY_US))
    grade = f"{rng.choice(list('ABCDF'))}{rng.integers(1, 7)}"
    known = {"geometry": shapely.Point(place), "location": Location("gps"), "grade": grade, "received": when}
    if kind < 0.4:
        return Explosive(id=f"x{number}", hazard="item", explosive_class="mine", **known)
    return Incident(id=f"i{number}", incident_type="armed_robbery", **known)


def make_passages(network: Network, *, before: int = T0) -> list[Record]:
    """Return passages of the six hours before a moment that together went over every road, so that routes exist."""
    rng = np.random.default_rng(SEED)
    ids = [network.segment_id(number) for number in range(network.n_segments)]
    out: list[Record] = []
    for first in range(0, len(ids), STRETCHES_IN_PASSAGE):
        when = before - int(rng.integers(HOUR_US, 6 * HOUR_US))
        stretches = tuple(Stretch(text) for text in ids[first : first + STRETCHES_IN_PASSAGE])
        passage = Verification(
            id=f"v{first}", received=when, occurred=when, strength="own_patrol_traverse", passed="P6", track="gps",
            authenticated=True, segments=stretches,
        )  # fmt: skip
        out.append(passage)
    return out


def report_at(number: int, place: np.ndarray, received: int) -> Explosive:
    """Return a report of a device somewhere within 500 m of a place."""
    return Explosive(
        id=f"new {number}", received=received, geometry=shapely.Point(place), hazard="item",
        explosive_class="ied", location=Location("sketch", uncertainty_m=500.0),
    )  # fmt: skip
