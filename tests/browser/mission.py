"""The mission of the browser tests: towns A to F, roads cut into kilometres, two key routes, one account per role.

A ── B ── C        MSR HERON runs A-B-C and was driven this morning; ASR IBIS runs D-E-F and never was.
│    │    │        A confirmed hazard lies on the road B-E; C is an air head.
D ── E ── F
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from fom.config import Config
from fom.domain.access import OPERATOR
from fom.domain.instants import HOUR_US, format_instant
from fom.network.drawn import load_network_file
from fom.network.network import Network
from fom.services.accounts import create_user
from fom.services.facts_exchange import load_facts
from fom.services.network_switch import NetworkSwitch
from fom.services.picture_host import PictureHost
from fom.services.register_loading import load_registers
from fom.store.database import Database
from fom.store.schema import upgrade
from fom.web.application import build
from fom.web.edge import Edge, now_us
from tests.passwords import hashed_at_once

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "heron at the ford"
PLACES = {
    "A": (30.0, 5.09),
    "B": (30.09, 5.09),
    "C": (30.18, 5.09),
    "D": (30.0, 5.0),
    "E": (30.09, 5.0),
    "F": (30.18, 5.0),
}
ROADS = ("a-b", "b-c", "d-e", "e-f", "a-d", "b-e", "c-f")
PIECES = 10
PEOPLE = {
    "duty": ("duty_officer", "confidential"),
    "chief": ("chief_joc", "strictly_confidential"),
    "patrol": ("reporter", "confidential"),
    "eod": ("eod", "confidential"),
    "eod2": ("eod", "confidential"),
    "lead": ("leadership", "confidential"),
    "partner": ("partner", "unclassified"),
    "auditor": ("auditor", "unclassified"),
}


def email_of(person: str) -> str:
    return f"{person}@demo.example"


def point_on(road: str, share: float) -> list[float]:
    (x0, y0), (x1, y1) = (PLACES[letter.upper()] for letter in road.split("-"))
    return [round(x0 + share * (x1 - x0), 7), round(y0 + share * (y1 - y0), 7)]


def network_document() -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "LineString",
                "coordinates": [point_on(road, piece / PIECES), point_on(road, (piece + 1) / PIECES)],
            },
            "properties": {
                "segment_id": f"{road}.{piece}",
                "highway": "primary" if road in ROADS[:4] else "tertiary",
                "surface": "asphalt",
                "road_type": "X",
                "speed_kmh": 40,
                "limits": {"mlc": 40},
            },
        }
        for road in ROADS
        for piece in range(PIECES)
    ]
    return {"type": "FeatureCollection", "features": features}


def facts(now: int) -> dict[str, Any]:
    """A drive over MSR HERON this morning, an old hazard on B-E, a quiet dry mission."""

    def record(id: str, geometry: Any, **properties: Any) -> dict[str, Any]:
        return {"type": "Feature", "id": id, "geometry": geometry, "properties": properties}

    morning, before = format_instant(now - 5 * HOUR_US), format_instant(now - 100 * HOUR_US)
    square = [[[29.5, 4.5], [30.7, 4.5], [30.7, 5.6], [29.5, 5.6], [29.5, 4.5]]]
    return {
        "type": "FeatureCollection",
        "format": "fom-facts/1",
        "features": [
            record("season", None, kind="season", season="dry", received=before),
            record(
                "threat",
                {"type": "Polygon", "coordinates": square},
                kind="threat_area",
                level="medium",
                received=before,
            ),
            record(
                "drive",
                {"type": "LineString", "coordinates": [list(PLACES["A"]), list(PLACES["B"]), list(PLACES["C"])]},
                kind="verification",
                strength="own_patrol_traverse",
                passed="P6",
                track="gps",
                authenticated=True,
                occurred=morning,
                received=morning,
            ),
            record(
                "cha",
                {"type": "Point", "coordinates": point_on("b-e", 0.5)},
                kind="explosive",
                hazard="cha",
                **{"class": "mine"},
                location={"method": "survey", "uncertainty_m": 5},
                received=before,
                grade="B2",
            ),
        ],
    }


def registers(now: int) -> dict[str, list[dict[str, Any]]]:
    def id_of(name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, name))

    def route(code: str, name: str, *towns: str) -> dict[str, Any]:
        return {
            "id": id_of(code),
            "code": code,
            "name": name,
            "owner": "1st Battalion",
            "via": [list(PLACES[t]) for t in towns],
        }

    return {
        "key_route": [
            route("MSR HERON", "Alpha – Charlie", "A", "B", "C"),
            route("ASR IBIS", "Delta – Foxtrot", "D", "E", "F"),
        ],
        "air_head": [
            {
                "id": id_of("C"),
                "code": "AH01",
                "name": "Charlie field",
                "kind": "airfield",
                "lon": 30.19,
                "lat": 5.1,
                "runways": [{"bearing": 40, "length_m": 1800, "width_m": 30, "surface": "laterite"}],
                "status": "serviceable",
                "inspected_at": format_instant(now - 30 * HOUR_US),
                "aircraft_types": ["turboprop"],
                "is_night": False,
            },
        ],
        "site": [
            {
                "id": id_of(name),
                "name": name,
                "kind": kind,
                "lon": PLACES[letter][0],
                "lat": PLACES[letter][1],
                "population": people,
            }
            for name, kind, letter, people in (
                ("Alpha", "settlement", "A", 42_000),
                ("Charlie", "settlement", "C", 8_000),
                ("Headquarters", "headquarters", "A", 0),
            )
        ],
        "crossing": [
            {
                "id": id_of("F"),
                "name": "Foxtrot border",
                "lon": 30.18,
                "lat": 4.99,
                "is_official": True,
            },
        ],
    }


def build_app(folder: Path) -> Any:
    """Return the whole application on its own SQLite file in `folder`, filled with the mission."""
    now = now_us()
    database = Database(f"sqlite:///{folder / 'fom.sqlite'}")
    upgrade(database)
    network = load_network_file(network_document())
    fill(database, network, now)
    config = Config(data=folder, mission="Test mission")

    def open_hosts() -> NetworkSwitch:
        return NetworkSwitch(config, database, clock=now_us, opened=PictureHost(database, network, clock=now_us))

    edge = Edge(config=config, database=database, clock=now_us, open_hosts=open_hosts)
    return build(edge, secret_key="only for this test", root=ROOT)


def fill(database: Database, network: Network, now: int) -> None:
    with hashed_at_once(), database.writing() as session:
        load_facts(session, facts(now), network=network, actor=OPERATOR, now=now)
        load_registers(session, registers(now), network=network, actor=OPERATOR, now=now)
        for person, (role, clearance) in PEOPLE.items():
            create_user(
                session,
                email=email_of(person),
                password=PASSWORD,
                name=person.capitalize(),
                roles=[role],
                unit=None if role in ("leadership", "partner", "auditor") else f"unit of {person}",
                clearance=clearance,
                actor=OPERATOR,
                now=now,
            )
