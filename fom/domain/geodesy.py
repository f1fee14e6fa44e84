"""Lengths and distances on the WGS 84 ellipsoid, and the flat planes in which shapes are compared.

Lines between two vertices are straight in longitude/latitude. An equirectangular plane keeps them straight, so a shape
never has to be densified to keep its form; only lengths depend on the latitude, and are measured between the nearest
points afterwards. Source: facts format, section 1.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

SEMI_MAJOR_M = 6378137.0
ECCENTRICITY_2 = 0.0066943799901413165
"""First eccentricity squared of WGS 84."""
DENSIFY_M = 1000.0
"""Edges longer than this are cut before they are measured."""
MID_LATITUDE_MAX_M = 20_000.0
"""Beyond this the mid-latitude formula gives way to the geodesic solver."""

_GEOD = pyproj.Geod(ellps="WGS84")
Floats = NDArray[np.float64]


def metres_per_degree(lat_deg: Floats | float) -> tuple[Floats, Floats]:
    """Return metres per degree of longitude and of latitude at a latitude."""
    lat = np.radians(lat_deg)
    sine = np.sin(lat)
    root = np.sqrt(1.0 - ECCENTRICITY_2 * sine * sine)
    along_parallel = SEMI_MAJOR_M / root * np.cos(lat) * (np.pi / 180.0)
    along_meridian = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_2) / (root * root * root) * (np.pi / 180.0)
    return along_parallel, along_meridian


def distance_m(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats) -> Floats:
    """Return geodesic distances between pairs of points, metres; relative error below 1e-5.

    Arrays of one shape, degrees; longitudes may lie outside ± 180 as long as both of a pair are in one frame.
    """
    kx, ky = metres_per_degree((lat_a + lat_b) / 2.0)
    result = np.hypot((lon_b - lon_a) * kx, (lat_b - lat_a) * ky)
    far = result > MID_LATITUDE_MAX_M
    if np.any(far):
        result = np.array(result, dtype=np.float64)
        result[far] = _GEOD.inv(lon_a[far], lat_a[far], lon_b[far], lat_b[far])[2]
    return np.asarray(result, dtype=np.float64)


def unroll(lon: Floats) -> Floats:
    """Return longitudes of consecutive vertices brought together by ± 360 where they jump by more than 180."""
    steps = np.diff(lon)
    if not np.any(np.abs(steps) > 180.0):
        return lon
    turns = np.where(steps > 180.0, -360.0, np.where(steps < -180.0, 360.0, 0.0))
    return np.concatenate([lon[:1], lon[1:] + np.cumsum(turns)])


def unroll_geometry(geometry: BaseGeometry) -> BaseGeometry:
    """Return the geometry in one frame of longitudes, the shorter way round between neighbours; it may pass ± 180.

    Holes and further parts are brought to the frame of the first ring or part. A polygon given in parts that overlap or
    touch becomes their union.
    """
    bounds = geometry.bounds
    if bounds[2] - bounds[0] <= 180.0:
        return shapely.union_all(geometry.geoms) if geometry.geom_type == "MultiPolygon" else geometry
    anchor = float(shapely.get_coordinates(geometry)[0, 0])
    parts = [_unroll_part(part, anchor) for part in shapely.get_parts(geometry)]
    if len(parts) == 1:
        return parts[0]
    return shapely.union_all(parts) if parts[0].geom_type == "Polygon" else type(geometry)(parts)


def shifted(shape: BaseGeometry, degrees: float) -> BaseGeometry:
    """Return the shape moved by a number of degrees of longitude (a multiple of 360 brings it into another frame)."""
    return shape if degrees == 0.0 else _transform(shape, lambda xy: xy + np.array([degrees, 0.0]))


def _unroll_part(part: BaseGeometry, anchor: float) -> BaseGeometry:
    if part.geom_type == "Polygon":
        shell = _unroll_coords(part.exterior, anchor)
        return shapely.Polygon(shell, [_unroll_coords(ring, float(shell[0, 0])) for ring in part.interiors])
    coords = _unroll_coords(part, anchor)
    return shapely.Point(coords[0]) if part.geom_type == "Point" else shapely.LineString(coords)


def _unroll_coords(line: BaseGeometry, anchor: float) -> Floats:
    coords = shapely.get_coordinates(line)
    lon = unroll(coords[:, 0])
    shift = 360.0 * np.round((anchor - lon[0]) / 360.0)
    return np.column_stack([lon + shift, coords[:, 1]])


def densify(lonlat: Floats, *, longest_m: float = DENSIFY_M) -> Floats:
    """Return the line with points added so that no edge is longer than `longest_m`; (m, 2) degrees in and out.

    Added points lie on the straight line in longitude/latitude.
    """
    edges_m = distance_m(lonlat[:-1, 0], lonlat[:-1, 1], lonlat[1:, 0], lonlat[1:, 1])
    pieces = np.maximum(1, np.ceil(edges_m / longest_m)).astype(np.int64)
    if pieces.sum() == len(pieces):
        return lonlat
    owner = np.repeat(np.arange(len(pieces)), pieces)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (step / pieces[owner])[:, None]
    points = lonlat[owner] + share * (lonlat[owner + 1] - lonlat[owner])
    return np.vstack([points, lonlat[-1:]])


def line_length_m(lonlat: Floats) -> float:
    """Return the length of a line of (m, 2) degrees, metres, edges straight in longitude/latitude."""
    line = densify(np.column_stack([unroll(lonlat[:, 0]), lonlat[:, 1]]))
    return float(distance_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]).sum())


@dataclass(frozen=True, slots=True)
class Plane:
    """A flat equirectangular plane in metres, true at one latitude: x = (lon - lon0) * kx, y = (lat - lat0) * ky."""

    lon0: float
    lat0: float
    kx: float
    ky: float

    @classmethod
    def at(cls, lon: float, lat: float) -> Plane:
        """Return the plane true at a position."""
        kx, ky = metres_per_degree(lat)
        return cls(lon, lat, max(float(kx), 1e-6), float(ky))

    def project(self, lonlat: Floats) -> Floats:
        """Return (m, 2) metres of (m, 2) degrees."""
        return np.column_stack([(lonlat[:, 0] - self.lon0) * self.kx, (lonlat[:, 1] - self.lat0) * self.ky])

    def unproject(self, xy: Floats) -> Floats:
        """Return (m, 2) degrees of (m, 2) metres."""
        return np.column_stack([xy[:, 0] / self.kx + self.lon0, xy[:, 1] / self.ky + self.lat0])

    def project_shape(self, shape: BaseGeometry) -> BaseGeometry:
        """Return the shape in metres."""
        return _transform(shape, self.project)

    def project_shapes(self, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        """Return the shapes in metres."""
        moved: NDArray[np.object_] = shapely.transform(shapes, self.project)
        return moved


def _transform(shape: BaseGeometry, change: Callable[[Floats], Floats]) -> BaseGeometry:
    moved: BaseGeometry = shapely.transform(shape, change)
    return moved


def bounds_with_reach(bounds: Floats, reach_m: Floats | float) -> Floats:
    """Return (m, 4) boxes in degrees that contain every point within `reach_m` of the (m, 4) boxes given.

    The boxes are a little too large (one per cent and a metre), never too small. Near a pole they take all
    longitudes.
    """
    reach = np.asarray(reach_m, dtype=np.float64) * 1.01 + 1.0
    lat_step = reach / 110_500.0
    highest = np.minimum(np.maximum(np.abs(bounds[:, 1]), np.abs(bounds[:, 3])) + lat_step, 90.0)
    kx = metres_per_degree(highest)[0]
    with np.errstate(divide="ignore"):
        lon_step = np.where(kx > reach / 180.0, reach / np.maximum(kx, 1e-9), 360.0)
    return np.column_stack(
        [bounds[:, 0] - lon_step, bounds[:, 1] - lat_step, bounds[:, 2] + lon_step, bounds[:, 3] + lat_step]
    )
