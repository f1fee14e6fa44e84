"""The capital's ring road: two one-way carriageways between roundabouts, and one flyover that meets nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
import shapely.ops

from geodata.chains import Chain
from geodata.streets import Town

AWAY_M = 420.0
"""From the edge of the built-up area."""
HALF_MEDIAN_M = 17.0
"""Half the distance between carriageways: wide enough that a track on one does not speak for the other."""
ROUNDABOUT_M = 46.0
FLYOVER_M = 70.0
"""Half the length of the bridges of a flyover."""


@dataclass(frozen=True, slots=True)
class RingRoad:
    """Lines in metres; one-way lines run the way they are driven (on the right)."""

    carriageways: tuple[shapely.LineString, ...]
    roundabouts: tuple[shapely.LineString, ...]
    flyovers: tuple[shapely.LineString, ...]
    """Bridges over a road; they share no node with it."""
    keep_out: shapely.Geometry
    """Inside the roundabouts: no other road enters."""


def make_ring_road(town: Town, chains: list[Chain], dry_land: shapely.Geometry) -> RingRoad | None:
    """Return the ring road of a town, or None where the roads around it leave no room for one."""
    shell = town.outline.convex_hull.buffer(AWAY_M, quad_segs=16)
    smooth = shell.buffer(-1200).buffer(1200, quad_segs=16)
    lines = shapely.get_parts(smooth.exterior.intersection(dry_land))
    arc = max(shapely.get_parts(shapely.line_merge(shapely.union_all(lines))), key=shapely.length)
    crossings = _crossings(arc, chains)
    if len(crossings) < 3:
        return None
    spots = sorted(crossings)
    arc = shapely.ops.substring(arc, spots[0], spots[-1])
    most_minor = max(spots[1:-1], key=lambda at: (crossings[at], at))
    over = most_minor - spots[0]
    junctions = [at - spots[0] for at in spots if at != most_minor]
    points = [arc.interpolate(at) for at in junctions]
    discs = shapely.union_all([p.buffer(ROUNDABOUT_M, quad_segs=6) for p in points])
    rims = [shapely.LineString(p.buffer(ROUNDABOUT_M, quad_segs=6).exterior.coords).reverse() for p in points]
    gap = arc.interpolate(over).buffer(FLYOVER_M)
    # Right-hand traffic: the carriageway to the right runs with the arc, the other one against it.
    both = (arc.offset_curve(-HALF_MEDIAN_M), arc.offset_curve(HALF_MEDIAN_M).reverse())
    carriageways = [part for line in both for part in _parts(line.difference(discs).difference(gap))]
    flyovers = [part for line in both for part in _parts(line.intersection(gap))]
    return RingRoad(tuple(carriageways), tuple(rims), tuple(flyovers), discs)


def _crossings(arc: shapely.LineString, chains: list[Chain]) -> dict[float, int]:
    """Return distance along the arc -> tier, for roads that cross it well apart from each other."""
    found: dict[float, int] = {}
    for chain in sorted(chains, key=lambda c: (c.tier, c.cells)):
        if chain.line.distance(arc) > 0:
            continue
        for point in shapely.get_parts(chain.line.intersection(arc)):
            at = float(np.round(arc.project(point.centroid), 1))
            if all(abs(at - other) > 500 for other in found):
                found[at] = chain.tier
    return found


def _parts(shape: shapely.Geometry) -> list[shapely.LineString]:
    return [part for part in shapely.get_parts(shape).tolist() if part.geom_type == "LineString" and part.length > 5]
