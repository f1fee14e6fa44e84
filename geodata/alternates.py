"""Patrols on other ways between the ends of key routes, round everything that is shut today."""

from __future__ import annotations

import shapely
import shapely.geometry

from geodata.frame import to_metres
from geodata.journal import Journal, Record
from geodata.key_routes import KeyRoute
from geodata.patrols import neglected_ways, write_passage
from geodata.spots import Track
from geodata.ways import Way

OTHER_WAY_MAX = 2.9
"""Longest other way that is patrolled, in lengths of its key route."""
SINGLE_POINTS = ("bridge", "ford", "tunnel", "culvert", "route")
"""Tags of what an alternate must not share with its route, and what must carry a patrol's trucks."""
TRUCK_T, TRUCK_FORD_M, TRUCK_HEIGHT_M = {"MSR": 22.0, "ASR": 12.0}, 0.6, 3.6
SHUTTING_DAMAGE = ("destroyed", "washed_out", "blocked", "flooded")


def write_alternate_passages(journal: Journal) -> None:
    """Write patrols on each route's other way, as far as that is on no key route itself."""
    mission = journal.mission
    rng = mission.country.rng("alternates")
    ways = mission.country.ways
    held = _held_ways(journal) | neglected_ways(mission)
    on_routes = {step.way for route in mission.routes for step in route.path.steps}
    driven: set[int] = set()
    for number, route in enumerate(mission.routes):
        other = mission.graph.find_other_path(route.path, shut=held | _weak_ways(route, ways))
        if other is None or other.length_m > OTHER_WAY_MAX * route.path.length_m:
            continue
        for part, path in enumerate(mission.graph.parts_without(other, on_routes | driven)):
            driven |= {step.way for step in path.steps}
            track = Track(mission.graph, path)
            hours = rng.uniform(10, 150)
            for step in range(5):
                key = ("alternate", route.code, part, step)
                ends = (0.0, track.length_m)
                write_passage(
                    journal, rng, key, "", track, ends, hours, "P6", f"BN{number % 7 + 1}", [], is_tasked=True
                )
                hours += rng.uniform(190, 300)


def _held_ways(journal: Journal) -> set[int]:
    """Return the ways on which something written so far, and not ended, may lie."""
    ended = {target for record in journal.records for target in record["properties"].get("closes", ())}
    shapes = [
        shapely.transform(shapely.geometry.shape(record["geometry"]), to_metres)
        for record in journal.records
        if record["geometry"] and record["id"] not in ended and _shuts(record["properties"])
    ]
    tree = shapely.STRtree([way.line for way in journal.mission.country.ways])
    return set(tree.query(shapes, predicate="dwithin", distance=30)[1].tolist())


def _shuts(body: Record) -> bool:
    """Return whether a record may keep a patrol's truck off the road at all hours."""
    if body["kind"] == "control":
        return "mission_military" in body.get("user_classes", ()) or (
            body.get("user_classes") == ["all"] and "recurring" not in body
        )
    return body["kind"] in ("explosive", "manual") or body.get("damage") in SHUTTING_DAMAGE


def _weak_ways(route: KeyRoute, ways: list[Way]) -> set[int]:
    """Return the ways that share a single point with a route, or are not known to carry its trucks."""
    limit_t = TRUCK_T[route.code[:3]]
    shared = {step.way for step in route.path.steps}
    return {
        number
        for number, way in enumerate(ways)
        if not way.tags.keys().isdisjoint(SINGLE_POINTS) and (number in shared or not _carries(way, limit_t))
    }


def _carries(way: Way, limit_t: float) -> bool:
    """Return whether posted limits are known and enough for a truck."""
    tags = way.tags
    if "ford" in tags:
        return float(tags.get("depth", 9)) <= TRUCK_FORD_M
    if "tunnel" in tags:
        return float(tags.get("maxheight", 0)) >= TRUCK_HEIGHT_M
    return float(tags.get("maxweight", 0)) >= limit_t
