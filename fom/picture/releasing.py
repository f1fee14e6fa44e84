"""Ground released by closing acts: what is left of a hazard's place, and where a new find re-opens the ground.

Source: facts format, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from fom.domain.geodesy import Plane, bounds_with_reach, distance_m, shifted, unroll_geometry
from fom.domain.places import Doubts, shape_of, uncertainty_m
from fom.domain.records import Explosive
from fom.picture.bindings import Bindings

RELEASE_MARGIN_M = 0.5
"""Ground released by a closing act is grown by this. Source: facts format, section 4, "Partial cover"."""
QUARTER_SEGMENTS = 64
"""Pieces of a quarter circle where shapes are grown; the error is below 0.01 per cent."""
OUTWARD = 1 / np.cos(np.pi / (4 * QUARTER_SEGMENTS))
"""Factor that puts the polygon round a circle outside it."""


def remainder(
    fact: Explosive, acts: Iterable[str], bindings: Bindings, policy: Doubts
) -> tuple[BaseGeometry, Plane, float]:
    """Return what is left of a place without released ground, its plane, and the u still to be taken off distances.

    A surveyed outline is marked on the ground, so clearing the outline clears it: rest = outline - released, e = d - u.
    Any other place is every place within u: rest = (outline grown by u) - released, e = d.
    """
    shape = unroll_geometry(shape_of(fact))
    centre = shape.centroid
    plane = Plane.at(centre.x, centre.y)
    flat = plane.project_shape(shape)
    u = uncertainty_m(fact.location, policy)
    is_surveyed = fact.location is not None and fact.location.method == "survey"
    if not is_surveyed and u > 0:
        flat = flat.buffer(u * OUTWARD, quad_segs=QUARTER_SEGMENTS)
    released = []
    for act_id in sorted(acts):
        area = bindings.release_areas[act_id]
        turn = 360.0 * round((centre.x - area.bounds[0]) / 360.0)
        released.append(plane.project_shape(shifted(area, turn)).buffer(RELEASE_MARGIN_M, quad_segs=QUARTER_SEGMENTS))
    rest = shapely.difference(flat, shapely.union_all(released)) if released else flat
    return rest, plane, u if is_surveyed else 0.0


def shapes_distance_m(one: BaseGeometry, other: BaseGeometry, enough_m: float) -> float:
    """Return the geodesic distance between two shapes near each other; beyond `enough_m` any larger number may come."""
    turn = 360.0 * round((one.bounds[0] - other.bounds[0]) / 360.0)
    there = shifted(other, turn)
    box = bounds_with_reach(np.array([one.bounds]), enough_m)[0]
    if not shapely.box(*box).intersects(shapely.box(*there.bounds)):
        return float("inf")
    plane = Plane.at(one.centroid.x, one.centroid.y)
    ends = plane.unproject(
        shapely.get_coordinates(shapely.shortest_line(plane.project_shape(one), plane.project_shape(there)))
    )
    return float(distance_m(ends[:1, 0], ends[:1, 1], ends[1:, 0], ends[1:, 1])[0])
