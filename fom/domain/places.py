"""Where a record is and how surely: the point of a grid reference, the uncertainty of each way to know a place.

Source: facts format, section 1.3.
"""

from __future__ import annotations

from typing import Protocol

import shapely
from shapely.geometry.base import BaseGeometry

from fom.domain.mgrs_grid import read_square
from fom.domain.records import Location, Record


class Doubts(Protocol):
    """What a policy, or the part of it that binding reads, says of how surely a place is known; metres."""

    @property
    def gps_m(self) -> float: ...
    @property
    def place_radius_m(self) -> float: ...
    @property
    def unknown_datum_m(self) -> float: ...


def uncertainty_m(location: Location | None, policy: Doubts) -> float:
    """Return the radius in metres within which the true place may lie; 0 where no location is stated."""
    if location is None:
        return 0.0
    if location.method == "gps":
        radius = max(policy.gps_m, location.accuracy_m or 0.0)
    elif location.method == "mgrs":
        radius = read_square(location.mgrs or "").half_diagonal_m + policy.gps_m
    elif location.method == "place":
        radius = policy.place_radius_m if location.radius_m is None else location.radius_m
    else:
        radius = location.uncertainty_m or 0.0
    return radius + (policy.unknown_datum_m if location.datum == "unknown" else 0.0)


def shape_of(record: Record) -> BaseGeometry | None:
    """Return the geometry of a record, degrees lon/lat; of a grid reference the centre of its square."""
    if record.geometry is not None:
        return record.geometry
    if record.location is not None and record.location.mgrs is not None:
        square = read_square(record.location.mgrs)
        return shapely.Point(square.lon, square.lat)
    return None
