"""The part of a mission that a phone carries in full: an area of the register, round a key route, or round a place.

Beyond it the phone carries key routes in outline and the hazards on them. What roads of it fit is `carried_roads`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.geodesy import Plane, bounds_with_reach
from fom.errors import NotFound
from fom.maps.polyline import encode_polyline
from fom.maps.route_lines import route_feature
from fom.network.network import Network
from fom.services.registers import get_register

RADIUS_MAX_KM = 100.0
OUTLINE_WITHIN_M = 100.0
"""How far the outline that is drawn may lie from the true one. Project decision."""
COURSE_WITHIN_DEG = 0.0005
"""The same for the course round which a corridor lies: about 50 m. Project decision."""
WHOLE_MISSION = "mission"


@dataclass(frozen=True, slots=True)
class AreaWish:
    """What a person chose; at most one of the first three. None of them = the person's own area, if there is one."""

    area: str | None = None
    """Id of a row of the register of areas, or WHOLE_MISSION."""
    route: str | None = None
    """Id of a key route."""
    around: tuple[float, float] | None = None
    """(lon, lat), degrees."""
    radius_km: float = 0.0
    """Beyond the area, on both sides of the route, or round the place."""


NO_WISH = AreaWish()


@dataclass(frozen=True, slots=True)
class CarriedArea:
    """Everything within `radius_m` of `core`."""

    kind: Literal["area", "route", "around"]
    id: str | None
    name: str | None
    core: shapely.Geometry
    """Degrees: an area, a line or a point."""
    radius_m: float

    @property
    def middle(self) -> tuple[float, float]:
        """Return (lon, lat) of a position well inside the core."""
        inside = self.core.representative_point() if self.core.area > 0 else self.core.centroid
        return round(float(inside.x), 5), round(float(inside.y), 5)

    @property
    def box(self) -> NDArray[np.float64]:
        """Return (4,) degrees: west, south, east, north of everything inside."""
        box: NDArray[np.float64] = bounds_with_reach(np.array([self.core.bounds]), self.radius_m)[0]
        return box

    def distances_m(self, shapes: NDArray[np.object_]) -> NDArray[np.float64]:
        """Return how far shapes, degrees, lie from the core: 0 = inside; good to a per cent over 400 km."""
        plane = Plane.at(*self.middle)
        core = plane.project_shape(self.core)
        shapely.prepare(core)
        found: NDArray[np.float64] = shapely.distance(core, plane.project_shapes(np.asarray(shapes, dtype=object)))
        return found

    def members(self) -> dict[str, Any]:
        """Return the area as a phone is told of it; `outline` holds its rings as encoded polylines."""
        plane = Plane.at(*self.middle)
        grown = plane.project_shape(self.core).buffer(self.radius_m, quad_segs=6).simplify(OUTLINE_WITHIN_M)
        rings = shapely.get_rings(shapely.get_parts(grown))
        return {
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "radius_km": round(self.radius_m / 1000, 3),
            "middle": list(self.middle),
            "box": np.round(self.box, 5).tolist(),
            "outline": [encode_polyline(plane.unproject(shapely.get_coordinates(ring))) for ring in rings],
        }


def find_area(session: Session, network: Network, wish: AreaWish, *, actor: Actor) -> CarriedArea | None:
    """Return the area that was chosen, None for the whole mission.

    Raises
    ------
    NotFound
        An area or key route that is not there for this actor, or a key route without any road of the network in use.
    """
    radius_m = wish.radius_km * 1000
    if wish.around is not None:
        return CarriedArea("around", None, None, shapely.Point(wish.around), radius_m)
    if wish.route is not None:
        row = get_register(session, "key_route", wish.route, actor=actor)
        return CarriedArea("route", row["id"], row["code"], _course(network, row["id"], row["segments"]), radius_m)
    if wish.area == WHOLE_MISSION:
        return None
    if wish.area is not None:
        return _of_register(session, wish.area, radius_m, actor)
    for own in actor.areas:
        try:
            return _of_register(session, own, radius_m, actor)
        except NotFound:
            continue
    return None


def _of_register(session: Session, area_id: str, radius_m: float, actor: Actor) -> CarriedArea:
    row = get_register(session, "area", area_id, actor=actor)
    return CarriedArea("area", row["id"], row["name"], shapely.geometry.shape(row["geometry"]), radius_m)


def _course(network: Network, route_id: str, stretches: Sequence[Mapping[str, Any]] | None) -> shapely.Geometry:
    coordinates = route_feature(network, stretches or [], {})["geometry"]["coordinates"]
    if len(coordinates) < 2:
        raise NotFound("key route on this network", route_id)
    return shapely.LineString(coordinates).simplify(COURSE_WITHIN_DEG)
