"""The ways of a movement as lines and places on the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from fom.domain.geodesy import Plane, bounds_with_reach
from fom.network.network import Network
from fom.services.movement_ways import Way

DIGITS = 6
LOOK_M = 30.0
"""How far to either side of a place its direction is taken."""
SAME_PLACE_M = 30.0
"""Two parts of a way so much alike far from a position may both be meant (J)."""


def way_line(network: Network, stretches: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the GeoJSON line of a way, stretches that are not on the network left out; None for none."""
    points: list[list[float]] = []
    for stretch in stretches:
        for point in _points(network, stretch):
            if not points or points[-1] != point:
                points.append(point)
    return {"type": "LineString", "coordinates": points} if len(points) > 1 else None


def way_part_line(network: Network, way: Way, from_m: float) -> list[list[float]]:
    """Return the points of a way from so many metres on to its end; none for less than a line."""
    points: list[list[float]] = []
    for k in np.flatnonzero(way.at_m[1:] > from_m).tolist():
        number, is_backward = int(way.numbers[k]), bool(way.directions[k])
        length, whole = float(way.at_m[k + 1] - way.at_m[k]), max(float(network.length_m[number]), 1e-9)
        inside = max(0.0, from_m - float(way.at_m[k]))
        first, last = float(way.first_m[k]), float(way.first_m[k]) + length
        first, last = (first, last - inside) if is_backward else (first + inside, last)
        part = substring(network.line(number), first / whole, min(1.0, last / whole), normalized=True)
        drawn: list[list[float]] = np.round(shapely.get_coordinates(part), DIGITS).tolist()
        for point in drawn[::-1] if is_backward else drawn:
            if not points or points[-1] != point:
                points.append(point)
    return points if len(points) > 1 else []


@dataclass(frozen=True, slots=True)
class OnWay:
    """A place on a way: degrees, and where it leads there, degrees from north."""

    lon: float
    lat: float
    bearing: float


def place_on_way(network: Network, way: Way, metres: float) -> OnWay | None:
    """Return the place so many metres along a way; None beyond its ends or for a way without a road."""
    if not 0 <= metres <= way.length_m or not len(way.numbers):
        return None
    k = min(int(np.searchsorted(way.at_m, metres, side="right")) - 1, len(way.numbers) - 1)
    number, is_backward = int(way.numbers[k]), bool(way.directions[k])
    length, inside = float(way.at_m[k + 1] - way.at_m[k]), metres - float(way.at_m[k])
    at = float(way.first_m[k]) + (length - inside if is_backward else inside)
    line, whole = network.line(number), max(float(network.length_m[number]), 1e-9)
    point = line.interpolate(at / whole, normalized=True)
    ends = [line.interpolate(min(max((at + step) / whole, 0.0), 1.0), normalized=True) for step in (-LOOK_M, LOOK_M)]
    plane = Plane.at(point.x, point.y)
    (west, south), (east, north) = plane.project(np.array([[end.x, end.y] for end in ends]))
    bearing = float(np.degrees(np.arctan2(east - west, north - south)))
    return OnWay(
        round(float(point.x), DIGITS), round(float(point.y), DIGITS), round((bearing + 180 * is_backward) % 360, 1)
    )


def find_on_way(
    network: Network, way: Way, lon: float, lat: float, *, reach_m: float, near_m: float = 0.0
) -> tuple[float, float] | None:
    """Return (metres along a way, metres off it) of a position, None beyond the reach.

    Where a way passes a place twice, the passage that lies nearer to `near_m` along it.
    """
    box = bounds_with_reach(np.array([[lon, lat, lon, lat]], np.float64), reach_m)
    close = np.flatnonzero(np.isin(way.numbers, network.boxes.query(box)[1]))
    plane, here = Plane.at(lon, lat), shapely.Point(0, 0)
    found: list[tuple[float, float]] = []
    for k in close.tolist():
        number, first = int(way.numbers[k]), float(way.first_m[k])
        length, whole = float(way.at_m[k + 1] - way.at_m[k]), max(float(network.length_m[number]), 1e-9)
        part = substring(network.line(number), first / whole, min(1.0, (first + length) / whole), normalized=True)
        drawn = plane.project_shape(part)
        off_m = float(drawn.distance(here))
        if off_m > reach_m:
            continue
        share = float(drawn.project(here, normalized=True)) if drawn.length > 0 else 0.0
        found.append((off_m, float(way.at_m[k]) + length * (1 - share if way.directions[k] else share)))
    if not found:
        return None
    nearest = min(off_m for off_m, _ in found)
    alike = [(at_m, off_m) for off_m, at_m in found if off_m <= nearest + SAME_PLACE_M]
    return min(alike, key=lambda pair: (abs(pair[0] - near_m), pair[1]))


def _ends(network: Network, number: int, stretch: Mapping[str, Any]) -> tuple[float, float]:
    whole = float(network.length_m[number])
    last = whole if stretch.get("to_m") is None else min(float(stretch["to_m"]), whole)
    return float(stretch.get("from_m") or 0.0), last


def _points(network: Network, stretch: Mapping[str, Any]) -> list[list[float]]:
    number = network.find_segment(str(stretch["id"]))
    if number is None:
        return []
    first, last = _ends(network, number, stretch)
    whole = max(float(network.length_m[number]), 1e-9)
    part = substring(network.line(number), first / whole, last / whole, normalized=True)
    points: list[list[float]] = np.round(shapely.get_coordinates(part), DIGITS).tolist()
    return points[::-1] if stretch.get("direction") == "backward" else points
