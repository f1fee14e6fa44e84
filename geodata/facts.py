"""Sixty days of invented records, as a facts file (docs/formats.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import shapely.ops

from geodata.frame import to_lonlat
from geodata.registers import Mission, geojson

HISTORY_D = 60
Record = dict[str, Any]


def make_facts(mission: Mission) -> Record:
    """Return the facts file of all records that need no segment ids."""
    features = [*_threat(mission), *_passages(mission), *_explosives(mission)]
    return {"type": "FeatureCollection", "format": "fom-facts/1", "features": features}


def _threat(mission: Mission) -> list[Record]:
    start = mission.days_ago(HISTORY_D)
    whole = geojson(mission.country.land.country.buffer(12_000).simplify(500))
    return [
        {"type": "Feature", "id": mission.id("threat", "base"), "geometry": whole,
         "properties": {"kind": "threat_area", "received": start, "level": "low", "start": start}},
        {"type": "Feature", "id": mission.id("season", "base"), "geometry": whole,
         "properties": {"kind": "season", "received": start, "season": "dry", "start": start}},
    ]  # fmt: skip


def _passages(mission: Mission) -> list[Record]:
    rng = mission.country.rng("passages")
    records = []
    for route in mission.routes:
        for number in range(14):
            days = (number + rng.uniform(0.1, 0.9)) * 4.2
            low, high = sorted(rng.uniform(0, 1, 2))
            line = shapely.ops.substring(route.path.line, max(low - 0.2, 0), min(high + 0.2, 1), normalized=True)
            xy = np.asarray(line.coords)
            track = to_lonlat(xy + rng.uniform(-1.5, 1.5, xy.shape))
            records.append({
                "type": "Feature", "id": mission.id("passage", route.code, number),
                "geometry": {"type": "LineString", "coordinates": np.round(track, 6).tolist()},
                "properties": {
                    "kind": "verification", "occurred": mission.days_ago(days), "received": mission.days_ago(days - 0.02),
                    "strength": "own_patrol_traverse", "passed": "P6", "track": "gps", "authenticated": True,
                    "user_class": "mission_military", "unimpeded": True,
                },
            })  # fmt: skip
    return records


def _explosives(mission: Mission) -> list[Record]:
    rng = mission.country.rng("explosives")
    records = []
    for number in range(24):
        route = mission.routes[number % 12]
        point = route.path.line.interpolate(rng.uniform(0.1, 0.9), normalized=True)
        lon, lat = np.round(to_lonlat([(point.x + rng.uniform(-40, 40), point.y + rng.uniform(-40, 40))])[0], 6).tolist()
        days = rng.uniform(1, 58)
        records.append({
            "type": "Feature", "id": mission.id("explosive", number), "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {
                "kind": "explosive", "occurred": mission.days_ago(days), "received": mission.days_ago(days - 0.03),
                "location": {"method": "gps"}, "hazard": "item", "class": "ied", "grade": ("C3", "B2", "F6", "D4")[number % 4],
                "origin": f"patrol {number + 1}", "meta": {"report_id": mission.id("report", "explosive", number), "words": "Suspicious object beside the road.", "classification": "confidential"},
            },
        })  # fmt: skip
    return records
