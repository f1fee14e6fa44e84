"""What every later step shares: the country, its routes and provinces, the moment of the demo, ids and positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.geometry

from fom.domain.instants import MINUTE_US, format_instant
from geodata.admin_units import AdminUnit, unit_at
from geodata.country import Country
from geodata.frame import to_lonlat
from geodata.identity import make_id
from geodata.key_routes import KeyRoute
from geodata.road_graph import RoadGraph

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mission:
    """What all later steps share: the country, its routes and provinces, and the moment of the demo."""

    country: Country
    graph: RoadGraph
    routes: list[KeyRoute]
    provinces: list[AdminUnit]
    now: int
    """Microseconds; every time of the demo counts from here."""

    @property
    def seed(self) -> int:
        """Return the seed of the country."""
        return self.country.seed

    def days_ago(self, days: float) -> str:
        """Return the ISO 8601 text of a moment before now, in whole minutes."""
        return format_instant(self.now - round(days * 1440) * MINUTE_US)

    def province_at(self, x: float, y: float) -> AdminUnit:
        """Return the province of a position in metres."""
        return unit_at(self.provinces, x, y)

    def id(self, *names: object) -> str:
        """Return the UUID of a named thing."""
        return make_id(self.seed, *names)


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Return the position in degrees of one in metres."""
    lon, lat = to_lonlat([(x, y)])[0].tolist()
    return lon, lat


def geojson(shape: shapely.Geometry) -> Row:
    """Return a geometry in metres as GeoJSON in degrees, rounded to 1e-6."""
    degrees = shapely.transform(shape, lambda xy: np.round(to_lonlat(xy), 6))
    mapping = shapely.geometry.mapping(degrees)
    return {"type": mapping["type"], "coordinates": _lists(mapping["coordinates"])}


def _lists(value: Any) -> Any:
    return [_lists(part) for part in value] if isinstance(value, tuple | list) else value
