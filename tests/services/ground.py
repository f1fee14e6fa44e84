"""A small invented mission area, drawn by hand: three roads in a row, one with a bridge, and one apart.

::

    west ── middle (bridge) ── east          apart

Every road is about 1.1 km long near 30° E 5° N, in a medium threat area and a dry season.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fom.config import Config
from fom.domain.facts_file import format_record, parse_record
from fom.domain.instants import format_instant
from fom.network.drawn import load_network_file
from fom.network.network import Network
from fom.services.network_switch import NetworkSwitch
from fom.services.picture_host import PictureHost
from fom.store.changes import add_change, receipt_moment
from fom.store.database import Database
from fom.store.records import Provenance, insert_records
from tests.services.people import DAY, T0

ROADS = {"west": (30.00, 30.01), "middle": (30.01, 30.02), "east": (30.02, 30.03), "apart": (30.10, 30.11)}
ON_WEST, ON_EAST = (30.005, 5.0), (30.025, 5.0)
AROUND = {"type": "Polygon", "coordinates": [[[29, 4], [31, 4], [31, 6], [29, 6], [29, 4]]]}


def make_network() -> Network:
    """Return the network of the drawing."""
    features = []
    for name, (start, end) in ROADS.items():
        properties: dict[str, Any] = {"segment_id": name, "highway": "primary", "road_type": "X"}
        if name == "middle":
            properties["assets"] = [{"asset_id": "bridge", "type": "bridge", "at_m": 500, "limits": {"mlc": 60}}]
        line = {"type": "LineString", "coordinates": [[start, 5.0], [end, 5.0]]}
        features.append({"type": "Feature", "geometry": line, "properties": properties})
    return load_network_file({"type": "FeatureCollection", "features": features})


def feature(record_id: str, kind: str, *, received: int, geometry: Any = None, **properties: Any) -> dict[str, Any]:
    """Return a checked feature of the facts format."""
    properties = {"kind": kind, "received": format_instant(received), **properties}
    return format_record(
        parse_record({"type": "Feature", "id": record_id, "geometry": geometry, "properties": properties})
    )


def write(database: Database, *features: dict[str, Any], now: int, classification: str = "confidential") -> int:
    """Store features as they are, as one change; return its number."""
    with database.writing() as session:
        change = add_change(session, "record", at=receipt_moment(session, now), record_ids=[f["id"] for f in features])
        insert_records(session, features, Provenance(change_number=change, classification=classification))
    return change


def settle(database: Database) -> None:
    """Store what makes the area ordinary: medium threat, dry season, every road passed ten hours before T0."""
    long_ago = T0 - 30 * DAY
    passages = [
        feature(
            f"passed {name}",
            "verification",
            received=T0 - 9 * 3_600_000_000,
            occurred=format_instant(T0 - 10 * 3_600_000_000),
            strength="own_patrol_traverse",
            passed="P7",
            grade="B2",
            segments=[{"id": name}],
        )
        for name in ROADS
    ]
    ground = [
        feature("threat", "threat_area", received=long_ago, geometry=AROUND, level="medium"),
        feature("dry", "season", received=long_ago, season="dry"),
    ]
    write(database, *ground, *passages, now=T0 - 3_600_000_000)


class Clock:
    """A clock that stands still until told."""

    def __init__(self, now: int = T0) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def make_host(database: Database, clock: Clock) -> PictureHost:
    """Return a host without threads: follow and tick are called by the test."""
    return PictureHost(database, make_network(), clock=clock)


@contextmanager
def following(database: Database, host: PictureHost, folder: Path) -> Iterator[None]:
    """Let a host follow changes and its clock by threads of a process."""
    hosts = NetworkSwitch(Config(data=folder), database, clock=host.now, opened=host)
    hosts.start()
    try:
        yield
    finally:
        hosts.stop()
