"""The few lanes of a hamlet: short, crooked, off the road that passes it."""

from __future__ import annotations

import numpy as np
import shapely

from geodata.settlements import Settlement


def make_lanes(
    rng: np.random.Generator, hamlet: Settlement, roads: list[shapely.LineString]
) -> list[shapely.LineString]:
    """Return lanes that start on a road within reach; none if the hamlet is tiny or lies off all roads."""
    centre = shapely.Point(hamlet.x, hamlet.y)
    near = [road for road in roads if road.distance(centre) < 400]
    if not near or hamlet.population < 110:
        return []
    lanes = []
    for _ in range(int(rng.integers(2, 4 + hamlet.population // 160))):
        road = near[int(rng.integers(len(near)))]
        along = np.clip(road.project(centre) + rng.normal(0, 170), 5, road.length - 5)
        start, ahead = (np.array(road.interpolate(at).coords[0]) for at in (along, along + 10))
        heading = np.arctan2(*(ahead - start)[::-1]) + rng.choice((-1, 1)) * rng.uniform(1.1, 2.0)
        points = [start]
        for _ in range(int(rng.integers(2, 6))):
            heading += rng.normal(0, 0.35)
            points.append(points[-1] + rng.uniform(35, 75) * np.array([np.cos(heading), np.sin(heading)]))
        # It begins a step behind the road, so that noding is sure to find the crossing.
        points[0] = start - 0.5 * (points[1] - start) / np.hypot(*(points[1] - start))
        lanes.append(shapely.LineString(np.round(points, 1)))
    return lanes
