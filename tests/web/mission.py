"""The invented mission of the web tests: six places, seven roads of ten kilometres, one account per role.

A ── B ── C        A: headquarters   C: air head
│    │    │        every segment 10 km, 40 km/h, paved, dry, low threat
D ── E ── F
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fom.domain.access import OPERATOR, ROLES, Actor
from fom.domain.instants import HOUR_US, parse_instant
from fom.services.accounts import actor_of, create_user
from fom.store.database import Database
from fom.store.schema import upgrade
from tests.passwords import hashed_at_once

START = parse_instant("2026-03-10T12:00:00Z")
PASSWORD = "seven roads and six places"
STEP = 0.09  # degrees; about ten kilometres near the equator
PLACES = {
    "A": (30.0, 5.09),
    "B": (30.09, 5.09),
    "C": (30.18, 5.09),
    "D": (30.0, 5.0),
    "E": (30.09, 5.0),
    "F": (30.18, 5.0),
}
ROADS = ("a-b", "b-c", "d-e", "e-f", "a-d", "b-e", "c-f")
CLEARANCES = dict.fromkeys(("jmac", "duty_officer", "chief_joc"), "strictly_confidential") | {"partner": "unclassified"}


@dataclass
class Clock:
    """A clock that stands still until told."""

    us: int = START

    def __call__(self) -> int:
        return self.us

    def advance(self, hours: float) -> None:
        self.us += round(hours * HOUR_US)


def email_of(role: str) -> str:
    return f"{role.replace(' ', '.')}@demo.example"


def network_document() -> dict[str, Any]:
    """Return the network file of the seven roads."""
    features = []
    for road in ROADS:
        start, end = (PLACES[letter.upper()] for letter in road.split("-"))
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "LineString", "coordinates": [list(start), list(end)]},
                "properties": {
                    "segment_id": road,
                    "highway": "primary",
                    "surface": "asphalt",
                    "road_type": "X",
                    "length_m": 10_000,
                    "speed_kmh": 40,
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def make_store(url: str) -> dict[str, Actor]:
    """Make the database with one account per role; return role -> actor."""
    database = Database(url)
    upgrade(database)
    actors = {}
    with hashed_at_once(), database.writing() as session:
        for who in (*ROLES, "second eod"):
            role = who.removeprefix("second ")
            user = create_user(
                session,
                email=email_of(who),
                password=PASSWORD,
                name=role.replace("_", " "),
                roles=[role],
                unit=f"unit of {role}" if role in ("reporter", "engineer", "eod") else None,
                clearance=CLEARANCES.get(role, "confidential"),
                actor=OPERATOR,
                now=START - 24 * HOUR_US,
            )
            session.flush()
            actors[who] = actor_of(user)
    database.dispose()
    return actors


def hazard(report_id: str, at: tuple[float, float] = (30.045, 5.0901), **properties: Any) -> dict[str, Any]:
    """Return a report of a suspected device beside the road A-B."""
    said = {
        "kind": "explosive",
        "hazard": "item",
        "class": "ied",
        "occurred": "2026-03-10T11:00:00Z",
        "location": {"method": "gps"},
        **properties,
    }
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": list(at)}, "properties": said}
    return {"id": report_id, "form": "explosive", "words": "wire at the roadside", "records": [feature]}
