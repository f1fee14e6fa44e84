"""A thousand random records on an area of roads: placed by points, lines and areas, or by the names of roads."""

from __future__ import annotations

import random
from typing import Any

from fom.domain.facts_file import parse_record
from fom.domain.instants import DAY_US, HOUR_US, format_instant
from fom.domain.records import Record
from tests.network.edited_areas import METRE, Area, place_on

T0 = 1_773_144_000_000_000
"""2026-03-10 12:00Z."""
EVERYWHERE = {"type": "Polygon", "coordinates": [[[29, 4], [31, 4], [31, 6], [29, 6], [29, 4]]]}


def make_records(area: Area, rng: random.Random, count: int, prefix: str = "o") -> list[Record]:
    """Return a threat area, a season and `count` random records."""
    long_ago = format_instant(T0 - 40 * DAY_US)
    fixed: list[dict[str, Any]] = [
        _feature("threat", EVERYWHERE, kind="threat_area", level="medium", received=long_ago),
        _feature("dry", None, kind="season", season="dry", received=long_ago),
    ]
    return [parse_record(f) for f in (*fixed, *(_random(area, rng, i, prefix) for i in range(count)))]


def _feature(record_id: str, geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": record_id, "geometry": geometry, "properties": properties}


def _random(area: Area, rng: random.Random, number: int, prefix: str) -> dict[str, Any]:
    make = rng.choice([_explosive, _incident, _damage, _bridge_damage, _control, _passage, _passage, _track, _worsen])
    properties, geometry = make(area, rng, prefix)
    hours = rng.uniform(1, 160)
    at = T0 - int(hours * HOUR_US)
    properties |= {"received": format_instant(at + HOUR_US // 2), "occurred": format_instant(at)}
    if properties["kind"] != "manual":
        properties.setdefault("grade", rng.choice(["A1", "B2", "C3", "F6"]))
    return _feature(f"r{number}", geometry, **properties)


def _road(area: Area, rng: random.Random) -> str:
    return rng.choice(list(area.roads))


def _point(area: Area, rng: random.Random, off_m: float) -> dict[str, Any]:
    x, y = place_on(area.roads[_road(area, rng)]["line"], rng.random())
    return {
        "type": "Point",
        "coordinates": [x + rng.uniform(-off_m, off_m) * METRE, y + rng.uniform(-off_m, off_m) * METRE],
    }


def _stretches(area: Area, rng: random.Random, prefix: str) -> list[dict[str, Any]]:
    stretch: dict[str, Any] = {"id": prefix + _road(area, rng)}
    if rng.random() < 0.4:
        low = rng.uniform(0, 150)
        stretch |= {"from_m": round(low, 1), "to_m": round(low + rng.uniform(20, 120), 1)}
    return [stretch]


def _explosive(area: Area, rng: random.Random, _: str) -> tuple[dict[str, Any], Any]:
    said = {"kind": "explosive", "hazard": "item", "class": "ied", "location": {"method": "gps"}}
    return said | {"eod_confirmed": rng.random() < 0.3}, _point(area, rng, rng.choice([5, 60, 150]))


def _incident(area: Area, rng: random.Random, _: str) -> tuple[dict[str, Any], Any]:
    said = {"kind": "incident", "type": rng.choice(["detonation", "armed_robbery", "complex_ambush"])}
    return said | {"location": {"method": "gps"}}, _point(area, rng, 300)


def _damage(area: Area, rng: random.Random, prefix: str) -> tuple[dict[str, Any], Any]:
    said: dict[str, Any] = {"kind": "physical", "damage": rng.choice(["blocked", "damaged", "washed_out"])}
    if rng.random() < 0.5:
        return said | {"segments": _stretches(area, rng, prefix)}, None
    return said | {"location": {"method": "survey", "uncertainty_m": 5}}, _point(area, rng, 8)


def _bridge_damage(area: Area, rng: random.Random, prefix: str) -> tuple[dict[str, Any], Any]:
    with_bridge = [name for name, road in area.roads.items() if "assets" in road["properties"]]
    if not with_bridge:
        return _damage(area, rng, prefix)
    return {"kind": "physical", "damage": "destroyed", "asset": f"{prefix}a{rng.choice(with_bridge)}"}, None


def _control(area: Area, rng: random.Random, prefix: str) -> tuple[dict[str, Any], Any]:
    name = _road(area, rng)
    said: dict[str, Any] = {"kind": "control", "segments": [{"id": prefix + name}]}
    if not area.roads[name]["properties"]["oneway"] and rng.random() < 0.4:
        said["direction"] = rng.choice(["forward", "backward"])
    if rng.random() < 0.6:
        return said | {
            "control": "order",
            "effect": "prohibited",
            "user_classes": [rng.choice(["all", "humanitarian"])],
        }, None
    return said | {"control": "denial", "user_class": "mission_military"}, None


def _passage(area: Area, rng: random.Random, prefix: str) -> tuple[dict[str, Any], Any]:
    said = {"kind": "verification", "strength": "own_patrol_traverse", "passed": "P7", "grade": "B2"}
    return said | {"segments": [*_stretches(area, rng, prefix)[:1], {"id": prefix + _road(area, rng)}]}, None


def _track(area: Area, rng: random.Random, _: str) -> tuple[dict[str, Any], Any]:
    said = {"kind": "verification", "strength": "own_patrol_traverse", "passed": "P7", "grade": "B2", "track": "gps"}
    line = [list(p) for p in area.roads[_road(area, rng)]["line"]]
    return said, {"type": "LineString", "coordinates": line}


def _worsen(area: Area, rng: random.Random, prefix: str) -> tuple[dict[str, Any], Any]:
    said = {"kind": "manual", "mode": "worsen", "state": "RED", "role": "duty_officer", "reason": "reported", "by": "a"}
    return said | {"signed_by": ["a"], "segments": [{"id": prefix + _road(area, rng)}]}, None
