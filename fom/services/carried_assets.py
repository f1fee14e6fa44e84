"""Bridges, culverts, fords and ferries of a carried area, so that a report can name the one that it is about."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from fom.network.network import ASSET_TYPES, Network
from fom.services.carried_area import CarriedArea

NAMED_TYPES = ("bridge", "culvert", "ford", "ferry")
"""What the report about a bridge or obstacle is asked of; nobody reports a pass or a tunnel by it."""
CARRIED_MAX = 300
"""The nearest to the middle of the area: some 6 kB packed. Project decision."""


def carry_assets(network: Network, area: CarriedArea) -> list[dict[str, Any]]:
    """Return `{type, name, lon, lat}` of what crosses water and roads in an area, the nearest to its middle first."""
    _, segments = network.boxes.query(area.box)
    segments = np.unique(segments)
    starts, ends = network.asset_start[segments], network.asset_start[segments + 1]
    places: dict[int, tuple[int, float]] = {}
    for segment, start, end in zip(segments.tolist(), starts.tolist(), ends.tolist(), strict=True):
        for place in range(start, end):
            number = int(network.asset_of[place])
            if ASSET_TYPES[network.asset_type[number]] in NAMED_TYPES:
                places.setdefault(number, (segment, float(network.asset_at_m[place])))
    if not places:
        return []
    numbers = np.array(sorted(places))
    points = np.array([_point(network, *places[number]) for number in numbers.tolist()])
    away_m = CarriedArea("around", None, None, shapely.Point(area.middle), 0.0).distances_m(points)
    is_inside = area.distances_m(points) <= area.radius_m
    numbers, points, away_m = numbers[is_inside], points[is_inside], away_m[is_inside]
    nearest = np.lexsort((numbers, away_m))[:CARRIED_MAX]
    return [_as_carried(network, int(numbers[place]), points[place]) for place in nearest.tolist()]


def _point(network: Network, segment: int, at_m: float) -> shapely.Point:
    """Return where on a segment an asset lies; its middle where that is not stated."""
    share = 0.5 if np.isnan(at_m) else min(at_m / max(float(network.length_m[segment]), 1e-9), 1.0)
    point: shapely.Point = network.line(segment).interpolate(share, normalized=True)
    return point


def _as_carried(network: Network, number: int, point: shapely.Point) -> dict[str, Any]:
    return {
        "type": ASSET_TYPES[network.asset_type[number]],
        "name": network.word(int(network.asset_name[number])),
        "lon": round(point.x, 5),
        "lat": round(point.y, 5),
    }
