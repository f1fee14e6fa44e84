"""Administrative units by name and by position, from the outlines of the mission's map background."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import shapely
from shapely.geometry import shape


def unit_names(features: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return id -> name of the units among the features of the map background, by name."""
    named = ((f["properties"].get("id"), f["properties"].get("name")) for f in units_among(features))
    return dict(sorted(((str(i), str(n)) for i, n in named if i and n), key=lambda item: item[1]))


def units_among(features: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the features that are units."""
    return [feature for feature in features if feature.get("properties", {}).get("kind") == "province"]


def unit_at(units: Sequence[Mapping[str, Any]], lon: float, lat: float) -> str | None:
    """Return the id of the unit that a position lies in; None outside all, or where no outline is known."""
    point = shapely.Point(lon, lat)
    for unit in units:
        if shape(unit["geometry"]).covers(point):
            return str(unit["properties"]["id"])
    return None
