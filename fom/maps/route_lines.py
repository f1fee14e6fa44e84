"""Key routes for the map: one line each, with the segments along it, so that the browser can join live states to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from fom.network.network import Network

SAME_DEG = 1e-5
"""Positions no farther apart are one: coordinates are told to six digits."""

Life = tuple[int | None, int | None]
"""(verified at, ends at) of the verification in force, microseconds; None = none, or no end known."""


def route_feature(
    network: Network, stretches: Sequence[Mapping[str, Any]], lives: Mapping[tuple[int, int], Life], **properties: Any
) -> dict[str, Any]:
    """Return a LineString feature; `segments` lists [number, direction, first vertex, last vertex, verified, ends, m].

    Moments are milliseconds since 1970, as browsers count, or null. Stretches of unknown segments are left out; where
    stretches do not meet, the line jumps.
    """
    coordinates: list[list[float]] = []
    segments: list[list[Any]] = []
    for stretch in stretches:
        number = network.find_segment(stretch["id"])
        if number is None:
            continue
        direction = 1 if stretch.get("direction") == "backward" else 0
        points = _points(network, number, stretch)
        if direction:
            points = points[::-1]
        joins = bool(coordinates) and bool(np.abs(points[0] - coordinates[-1]).max() <= SAME_DEG)
        first = len(coordinates) - joins
        coordinates += np.round(points[joins:], 6).tolist()
        verified, ends = lives.get((number, direction), (None, None))
        metres = round(_length_m(network, number, stretch), 1)
        segments.append([number, direction, first, len(coordinates) - 1, _ms(verified), _ms(ends), metres])
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": coordinates},
        "properties": {**properties, "segments": segments},
    }


def _points(network: Network, number: int, stretch: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    """Return the vertices of a stretch along the segment's own geometry."""
    rows = slice(network.coord_start[number], network.coord_start[number + 1])
    points = np.asarray(network.coords[rows])
    length = float(network.length_m[number])
    low = float(stretch.get("from_m") or 0.0)
    high = length if stretch.get("to_m") is None else float(stretch["to_m"])
    if (low <= 0.5 and high >= length - 0.5) or length <= 0:
        return points
    part = substring(shapely.LineString(points), low / length, high / length, normalized=True)
    return shapely.get_coordinates(part) if part.geom_type == "LineString" else points


def _length_m(network: Network, number: int, stretch: Mapping[str, Any]) -> float:
    whole = float(network.length_m[number])
    return (whole if stretch.get("to_m") is None else float(stretch["to_m"])) - float(stretch.get("from_m") or 0.0)


def _ms(moment: int | None) -> int | None:
    return None if moment is None else moment // 1000
