"""Places of the mission's world: settlements, hubs, bases, camps, resources and stores."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from geodata.mission import Mission, Row, lonlat
from geodata.settlements import Settlement
from geodata.spots import spot_on

IN_TOWN_M = 500.0


def _site(mission: Mission, kind: str, name: str, x: float, y: float, **members: Any) -> Row:
    lon, lat = lonlat(x, y)
    return {
        "id": mission.id("site", kind, name),
        "name": name,
        "kind": kind,
        "lon": lon,
        "lat": lat,
        "population": None,
        "plan_reviewed_at": None,
        "is_active": True,
        "until": None,
        "parent": None,
    } | members


def _in_town(mission: Mission, town: Settlement) -> tuple[float, float]:
    """Return where people say a town is: on the key route through it, where there is one, else in its middle."""
    middle = shapely.Point(town.x, town.y)
    near = [route.path.line for route in mission.routes if route.path.line.dwithin(middle, IN_TOWN_M)]
    if not near:
        return town.x, town.y
    line = min(near, key=middle.distance)
    point = line.interpolate(line.project(middle))
    return point.x, point.y


def site_rows(mission: Mission) -> list[Row]:
    """Return settlements, hubs, bases, camps, stores and what the country cannot do without."""
    rng = mission.country.rng("sites")
    towns = mission.country.settlements

    def beside(rank: int, away_m: float) -> tuple[float, float]:
        return _roadside(mission, rng, towns[rank], away_m)

    rows = [
        _site(mission, "settlement", t.name, *_in_town(mission, t), population=t.population)
        for t in towns
        if t.population >= 1200
    ]
    rows += [
        _site(mission, "hub", f"{towns[r].name} market and clinic", towns[r].x, towns[r].y)
        for r in (0, 1, 2, 3, 4, 5, 8, 11, 14, 18)
    ]
    rows.append(_site(mission, "headquarters", "Mission headquarters", *beside(0, 2100)))
    bases = [p.seat.rank for p in mission.provinces]
    rows += [_site(mission, "base", f"Base {towns[r].name}", *beside(r, 1300), parent=rows[-1]["id"]) for r in bases]
    rows += [
        _site(
            mission,
            "tob",
            f"TOB {towns[r].name}",
            *beside(r, 900),
            parent=mission.id("site", "base", f"Base {mission.province_at(towns[r].x, towns[r].y).seat.name}"),
            until=mission.days_ago(-days),
            is_active=days > 0,
        )
        for r, days in ((44, 24), (61, 11), (73, 38), (95, -6))
    ]
    rows += [
        _site(mission, "camp", f"{towns[r].name} displaced persons camp", *beside(r, 2200), population=p)
        for r, p in ((6, 21_400), (16, 9_800), (23, 14_200), (39, 6_100))
    ]
    plans = (40, 95, 150, 210, 61, 170)
    kinds = ("power station", "fuel depot", "water works", "grain store", "radio relay", "dam")
    rows += [
        _site(
            mission,
            "strategic_resource",
            f"{towns[r].name} {kind}",
            *beside(r, 1800),
            plan_reviewed_at=mission.days_ago(days),
        )
        for r, kind, days in zip((0, 1, 3, 7, 12, 20), kinds, plans, strict=True)
    ]
    depot: dict[str, Any] = {
        "custodian": "Host army",
        "assessed_by": "Mine Action Centre",
        "safety_distance_m": 900.0,
        "stage": "assessed",
    }
    rows.append(_site(mission, "ammunition_storage", f"{towns[10].name} old depot", *beside(10, 2600), **depot))
    store: dict[str, Any] = {
        "custodian": None,
        "stage": "recorded",
        "notes": "Found by a patrol; nobody has stated a distance yet.",
    }
    rows.append(_site(mission, "ammunition_storage", f"{towns[25].name} abandoned store", *beside(25, 1900), **store))
    return rows


def _roadside(mission: Mission, rng: np.random.Generator, town: Settlement, away_m: float) -> tuple[float, float]:
    """Return a position so far from a town's middle, beside the key route that passes it if there is one."""
    centre = shapely.Point(town.x, town.y)
    line = min((route.path.line for route in mission.routes), key=centre.distance)
    if line.distance(centre) > 2500:
        angle = rng.uniform(0, 2 * np.pi)
        return town.x + away_m * np.cos(angle), town.y + away_m * np.sin(angle)
    at = line.project(centre) + float(rng.choice((-1, 1))) * away_m
    spot = spot_on(line, at if 0 < at < line.length else 2 * line.project(centre) - at).beside(
        float(rng.choice((-22, 22)))
    )
    return spot.x, spot.y
