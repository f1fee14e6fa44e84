"""Isolated communities: no verified way of four hours to a service hub for two days, with why and what is left.

Source: doctrine, section 5 (isolated community with its sub-classes); sampled every six hours (J).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from fom.domain.facts_file import parse_record
from fom.domain.geodesy import distance_m
from fom.domain.instants import HOUR_US, format_instant
from fom.domain.records import Season
from fom.routing.roads import NEVER
from fom.routing.spreading import REACH_MS, places_to_hub
from fom.services.analyses.scene import Row, Scene
from fom.services.judged_roads import JudgedRoads, judge

CUT_OFF_H = 48
"""For how long before it counts as isolated, hours (J)."""
SAMPLE_H = 6
AIR_HEAD_M = 10_000.0
"""How near a serviceable air head serves a community."""
GREY, DRY = "with_grey", "dry_season"
Part = int | str
PARTS: Sequence[Part] = (*range(0, CUT_OFF_H + 1, SAMPLE_H), GREY, DRY)
"""Hours back at which states are sampled, then the two other ways of asking about now."""
COMMUNITIES = ("settlement", "camp")


def run(scene: Scene, part: Part) -> dict[str, int]:
    """Return id -> milliseconds to the nearest hub, for the communities that reach one in time."""
    if isinstance(part, int):
        judged = scene.judged() if part == 0 else scene.judged_at(scene.question.at - part * HOUR_US)
    else:
        judged = scene.judged() if part == GREY else _in_dry_season(scene)
    joined = scene.joined(scene.sites(*COMMUNITIES))
    roads = judged.roads(scene.router, with_grey=part == GREY)
    to_hub = places_to_hub(roads, list(joined.values()), list(scene.hubs.values()), REACH_MS).tolist()
    return {row_id: ms for row_id, ms in zip(joined, to_hub, strict=True) if ms < NEVER}


def _in_dry_season(scene: Scene) -> JudgedRoads:
    picture, question = scene.picture.copy(), scene.question
    seasons = [r.id for r in picture.survey(question.known_at).known(Season.kind)]
    received = format_instant(min(question.at, question.known_at))
    dry = {"kind": "season", "season": "dry", "received": received}
    picture.remove(seasons)
    picture.apply([parse_record({"type": "Feature", "id": str(uuid.UUID(int=1)), "geometry": None, "properties": dry})])
    return judge(picture, question)


def merge(scene: Scene, results: Sequence[dict[str, int]]) -> dict[str, Any]:
    """Return the communities cut off, most people first."""
    sampled = [found for part, found in zip(PARTS, results, strict=True) if isinstance(part, int)]
    with_grey, dry = results[PARTS.index(GREY)], results[PARTS.index(DRY)]
    rows = scene.sites(*COMMUNITIES)
    joined = scene.joined(rows)
    air_heads = [row for row in scene.rows["air_head"] if row["status"] == "serviceable"]
    found: list[dict[str, Any]] = []
    for row in rows:
        hours = _hours_cut_off(str(row["id"]), sampled)
        if hours is None:
            continue
        near = _nearest_air_head(row, air_heads)
        classes = {
            "air_only": near is not None,
            "possibly_isolated": row["id"] in with_grey,
            "seasonal": row["id"] in dry,
            "off_road": row["id"] not in joined,
        }
        found.append({
            "place": place_of(row),
            "is_isolated": hours >= CUT_OFF_H,
            "cut_off_h": hours,
            "classes": [name for name, holds in classes.items() if holds],
            "air_head": near,
        })  # fmt: skip
    found.sort(key=lambda c: (not c["is_isolated"], -(c["place"]["population"] or 0), c["place"]["id"]))
    isolated = [c for c in found if c["is_isolated"]]
    return {
        "hubs": len(scene.hubs),
        "communities": len(rows),
        "people": sum(row["population"] or 0 for row in rows),
        "isolated_communities": len(isolated),
        "isolated_people": sum(c["place"]["population"] or 0 for c in isolated),
        "cut_off": found,
    }


def _hours_cut_off(row_id: str, sampled: Sequence[dict[str, int]]) -> int | None:
    """Return for how many hours at least a community has had no way, None when it has one now."""
    if row_id in sampled[0]:
        return None
    reached = next((k for k, found in enumerate(sampled) if row_id in found), len(sampled))
    return (reached - 1) * SAMPLE_H


def _nearest_air_head(row: Row, air_heads: Sequence[Row]) -> dict[str, Any] | None:
    if not air_heads:
        return None
    lon, lat = (np.array([a[member] for a in air_heads], float) for member in ("lon", "lat"))
    far_m = distance_m(np.full(len(lon), row["lon"]), np.full(len(lat), row["lat"]), lon, lat)
    nearest = int(np.argmin(far_m))
    if far_m[nearest] > AIR_HEAD_M:
        return None
    return {"place": place_of(air_heads[nearest]), "distance_m": round(float(far_m[nearest]))}


def place_of(row: Row) -> dict[str, Any]:
    """Return a row of a register as answers name it; what a viewer may see of it is decided when it is shown."""
    return {
        "id": row["id"],
        "name": row["name"],
        "kind": row["kind"],
        "population": row.get("population"),
        "lon": row["lon"],
        "lat": row["lat"],
    }
