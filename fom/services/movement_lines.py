"""The ways of a movement as lines and places on the map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.ops import substring

from fom.network.network import Network

DIGITS = 6
JOINED_DEG = 1e-4
"""Ends of two stretches that are one place: some ten metres, for the rounding of metres along them."""


def way_line(network: Network, stretches: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the GeoJSON line of a way, stretches that are not on the network left out; None for none."""
    points: list[list[float]] = []
    for stretch in stretches:
        for point in _points(network, stretch):
            if not points or points[-1] != point:
                points.append(point)
    return {"type": "LineString", "coordinates": points} if len(points) > 1 else None


def way_pieces(network: Network, stretches: Sequence[Mapping[str, Any]]) -> list[list[list[float]]]:
    """Return the positions of a way, cut where a stretch is not here or does not begin where the last one ended."""
    pieces: list[list[list[float]]] = []
    for stretch in stretches:
        points = _points(network, stretch)
        if len(points) < 2:
            continue
        if pieces and math.dist(pieces[-1][-1], points[0]) <= JOINED_DEG:
            pieces[-1] += points[pieces[-1][-1] == points[0] :]
        else:
            pieces.append(points)
    return pieces


def place_on_way(network: Network, stretches: Sequence[Mapping[str, Any]], metres: float) -> tuple[float, float] | None:
    """Return lon, lat of a place so many metres along a way; None beyond its end or for a way without a road."""
    along = 0.0
    for stretch in stretches:
        number = network.find_segment(str(stretch["id"]))
        if number is None:
            return None
        first, last = _ends(network, number, stretch)
        if along + (last - first) >= metres:
            inside = metres - along
            at = last - inside if stretch.get("direction") == "backward" else first + inside
            point = network.line(number).interpolate(at / max(float(network.length_m[number]), 1e-9), normalized=True)
            return round(float(point.x), DIGITS), round(float(point.y), DIGITS)
        along += last - first
    return None


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
