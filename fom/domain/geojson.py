"""GeoJSON geometries read strictly and written back.

Refused: unknown types and members, numbers that are none, beyond ± 180 or ± 90, points and lines at exactly 0/0 (what a
device says without a fix), open rings, polygons that cross themselves. Source: facts format, sections 1 and 1.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from fom.domain.complaints import Complaints, Said, is_number
from fom.domain.geodesy import unroll_geometry

DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""How deep the positions lie in `coordinates`."""
_PARTS = {"LineString": 2, "MultiLineString": 2, "Polygon": 4, "MultiPolygon": 4}
"""How many positions the innermost list needs at least."""


class _Bad(Exception):
    def __init__(self, came: object, expected: str) -> None:
        super().__init__(expected)
        self.came, self.expected = came, expected


def read_geometry(
    value: Any, kinds: tuple[str, ...], complaints: Complaints, record_id: str | None, field: str = "geometry"
) -> BaseGeometry | None:
    """Return the geometry, or None after noting what is wrong. `kinds` are the GeoJSON types allowed."""
    try:
        return _read(value, kinds)
    except _Bad as bad:
        complaints.add(record_id, field, bad.came, bad.expected)
        return None


def _read(value: Any, kinds: tuple[str, ...]) -> BaseGeometry:
    expected = " or ".join(kinds)
    if not isinstance(value, dict) or value.get("type") not in kinds:
        raise _Bad(value.get("type") if isinstance(value, dict) else value, expected)
    if set(value) != {"type", "coordinates"}:
        raise _Bad(sorted(map(str, value)), "exactly type and coordinates")
    kind = value["type"]
    if kind == "LineString" and (line := _plain_line(value["coordinates"])) is not None:
        return line
    coordinates = _positions(value["coordinates"], DEPTH[kind], _PARTS.get(kind, 1), is_area="Polygon" in kind)
    return _SHAPES[kind](coordinates)


def _plain_line(value: Any) -> BaseGeometry | None:
    """Return the line of positions in which nothing is wrong, None to look closer; tracks have hundreds of them."""
    if not isinstance(value, list) or len(value) < 2 or not all(type(p) is list and len(p) == 2 for p in value):
        return None
    if not {type(v) for p in value for v in p} <= {int, float}:
        return None
    try:
        lonlat = np.array(value, dtype=np.float64)
    except OverflowError:
        return None
    is_good = np.isfinite(lonlat).all() and (np.abs(lonlat) <= (180.0, 90.0)).all() and lonlat.any(axis=1).all()
    return shapely.LineString(lonlat) if is_good else None


def _positions(value: Any, depth: int, at_least: int, *, is_area: bool) -> Any:
    if depth == 0:
        return _position(value, is_area=is_area)
    if not isinstance(value, list) or not value:
        raise _Bad(value, "a list of positions")
    if depth == 1 and len(value) < at_least:
        raise _Bad(value, f"at least {at_least} positions")
    return [_positions(part, depth - 1, at_least, is_area=is_area) for part in value]


def _position(value: Any, *, is_area: bool) -> tuple[float, float]:
    if not isinstance(value, list) or not 2 <= len(value) <= 3 or not all(is_number(v) for v in value):
        raise _Bad(value, "a position [longitude, latitude] of finite numbers")
    lon, lat = float(value[0]), float(value[1])
    if not -180 <= lon <= 180:
        raise _Bad(Said(f"longitude {lon:g}"), "-180 to 180")
    if not -90 <= lat <= 90:
        hint = "; longitude comes first" if abs(lat) <= 180 and abs(lon) <= 90 else ""
        raise _Bad(Said(f"latitude {lat:g}"), f"-90 to 90{hint}")
    if lon == 0 and lat == 0 and not is_area:
        raise _Bad(Said("a point at exactly 0/0"), "the real place")
    return lon, lat


def _polygon(rings: list[list[tuple[float, float]]]) -> shapely.Polygon:
    for ring in rings:
        if ring[0] != ring[-1]:
            raise _Bad(Said("a ring that is not closed"), "first and last position equal")
    polygon = shapely.Polygon(rings[0], rings[1:])
    try:
        whole = unroll_geometry(polygon)
    except shapely.errors.GEOSException:
        raise _Bad(Said("a ring round a pole"), "a polygon that does not hold a pole") from None
    if not whole.is_valid:
        raise _Bad(Said(f"a polygon that crosses itself ({shapely.is_valid_reason(whole)})"), "a simple polygon")
    return polygon


_SHAPES: dict[str, Any] = {
    "Point": lambda c: shapely.Point(c),
    "MultiPoint": lambda c: shapely.MultiPoint(c),
    "LineString": lambda c: shapely.LineString(c),
    "MultiLineString": lambda c: shapely.MultiLineString(c),
    "Polygon": _polygon,
    "MultiPolygon": lambda c: shapely.MultiPolygon([_polygon(rings) for rings in c]),
}


def geometry_to_json(geometry: BaseGeometry | None) -> dict[str, Any] | None:
    """Return the GeoJSON of a geometry, coordinates as lists."""
    if geometry is None:
        return None
    if geometry.geom_type == "LineString":  # tracks have hundreds of positions: ten times faster than walking them
        return {"type": "LineString", "coordinates": shapely.get_coordinates(geometry).tolist()}
    mapping = shapely.geometry.mapping(geometry)
    return {"type": mapping["type"], "coordinates": _lists(mapping["coordinates"])}


def _lists(value: Any) -> Any:
    return [_lists(v) for v in value] if isinstance(value, tuple | list) else value
