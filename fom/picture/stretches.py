"""Which part of a segment an explosive hazard reaches, with the land that closing acts released taken off.

Source: facts format, section 4, "Partial cover".
"""

from __future__ import annotations

import numpy as np
import shapely

from fom.domain.geodesy import shifted, unroll_geometry
from fom.domain.grades import SLACK
from fom.domain.intervals import Interval
from fom.domain.places import shape_of, uncertainty_m
from fom.domain.records import Explosive
from fom.picture.case import Basis
from fom.picture.releasing import remainder


def reached_parts(fact: Explosive, acts: frozenset[str], segment: int, basis: Basis) -> list[Interval]:
    """Return the parts of a segment's centreline where e <= w, metres from its start."""
    ground = basis.binder.ground
    margin = uncertainty_m(fact.location, basis.binder.measures)
    if acts:
        rest, plane, margin = remainder(fact, acts, basis.bindings, basis.binder.measures)
        shape = shapely.transform(rest, plane.unproject)
    else:
        whole = shape_of(fact)
        if whole is None:
            return []
        shape = unroll_geometry(whole)
    turn = 360.0 * round((float(ground.coords[ground.start[segment], 0]) - shape.bounds[0]) / 360.0)
    reach = float(ground.corridor_m[segment]) + margin
    return ground.parts_within(shifted(shape, turn), np.array([segment]), np.array([reach + SLACK])).of(0)
