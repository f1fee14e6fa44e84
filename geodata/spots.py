"""Positions along roads: where on a key route something happens, and the line a vehicle would record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.key_routes import KEPT_OPEN
from geodata.mission import Mission
from geodata.road_graph import Path, RoadGraph

CLEAR_OF_KEPT_M = 3000.0
"""How far what hinders travel stays from them; beyond the reach of an incident's risk."""
NOISE_M = 2.4
"""Standard deviation of a recorded track, metres; less beside short ways, which a track must follow closely."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A position beside a road, metres of the frame."""

    x: float
    y: float
    heading: float
    """Direction of the road, radians."""

    @property
    def point(self) -> shapely.Point:
        """Return the position as a point."""
        return shapely.Point(self.x, self.y)

    def beside(self, off_m: float) -> Spot:
        """Return the position so far to the left of the road (negative: right)."""
        return Spot(self.x - off_m * np.sin(self.heading), self.y + off_m * np.cos(self.heading), self.heading)

    def square(self, along_m: float, across_m: float, *, off_m: float = 0.0) -> shapely.Polygon:
        """Return a rectangle laid along the road, its middle `off_m` to the left of the position."""
        middle = self.beside(off_m)
        u = np.array([np.cos(self.heading), np.sin(self.heading)]) * along_m / 2
        v = np.array([-np.sin(self.heading), np.cos(self.heading)]) * across_m / 2
        centre = np.array([middle.x, middle.y])
        return shapely.Polygon([centre - u - v, centre + u - v, centre + u + v, centre - u + v])


def spot_on(line: shapely.LineString, at_m: float) -> Spot:
    """Return the position on a line at a distance from its start."""
    here, ahead, behind = (line.interpolate(np.clip(at_m + d, 0, line.length)) for d in (0.0, 15.0, -15.0))
    return Spot(here.x, here.y, float(np.arctan2(ahead.y - behind.y, ahead.x - behind.x)))


def spot_off_kept_routes(mission: Mission, rng: np.random.Generator) -> Spot:
    """Return a position on any key route that lies well away from those kept open throughout."""
    while True:
        line = mission.routes[int(rng.integers(len(mission.routes)))].path.line
        spot = spot_on(line, line.length * rng.uniform(0.05, 0.95))
        if all(mission.routes[kept].path.line.distance(spot.point) > CLEAR_OF_KEPT_M for kept in KEPT_OPEN):
            return spot


def rural_spots(mission: Mission, rng: np.random.Generator, count: int, *, tiers: tuple[int, ...]) -> list[Spot]:
    """Return positions on roads of these tiers that lie on no key route and in no town."""
    used = {step.way for route in mission.routes for step in route.path.steps}
    ways = mission.country.ways
    able = [
        i
        for i, w in enumerate(ways)
        if w.rank in tiers and i not in used and w.line.length > 900 and "highway" in w.tags
    ]
    inside = mission.country.land.country
    spots: list[Spot] = []
    for index in rng.permutation(able).tolist():
        line = ways[index].line
        spot = spot_on(line, line.length * rng.uniform(0.3, 0.7))
        if inside.contains(spot.point):
            spots.append(spot)
        if len(spots) == count:
            break
    return spots


class Track:
    """A path as a vehicle records it: near its centreline, closer where ways are short."""

    def __init__(self, graph: RoadGraph, path: Path) -> None:
        points: list[tuple[float, float]] = []
        room: list[float] = []
        for step in path.steps:
            line = graph.way(step).line
            coords = list(line.coords)[:: -1 if step.is_reversed else 1]
            share = min(NOISE_M, line.length / 14)
            if points:
                room[-1] = min(room[-1], share)
            points += coords[1 if points else 0 :]
            room += [share] * (len(points) - len(room))
        self._xy, self._room = np.array(points), np.array(room)
        self._along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(self._xy, axis=0).T))]

    @property
    def length_m(self) -> float:
        """Return the length of the path."""
        return float(self._along[-1])

    def drive(self, rng: np.random.Generator, start_m: float, end_m: float) -> shapely.LineString:
        """Return the recorded line between two distances; backwards when the end comes first."""
        low, high = sorted(
            (max(start_m, 0.0), min(end_m, self.length_m))
            if start_m < end_m
            else (max(end_m, 0.0), min(start_m, self.length_m))
        )
        inside = (self._along > low) & (self._along < high)
        along = np.r_[low, self._along[inside], high]
        xy = np.stack([np.interp(along, self._along, part) for part in self._xy.T], 1)
        room = (
            np.r_[self._room[inside][:1], self._room[inside], self._room[inside][-1:]] if inside.any() else np.ones(2)
        )
        room[[0, -1]] = 0.0  # where it starts and halts, a vehicle stands on the road
        xy = xy + rng.normal(size=xy.shape).clip(-2, 2) * room[:, None]
        return shapely.LineString(self._thinned(xy, room)[:: 1 if start_m < end_m else -1])

    @staticmethod
    def _thinned(xy: NDArray[np.float64], room: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the line without points that are hardly apart."""
        gap = np.hypot(*np.diff(xy, axis=0).T)
        keep = np.r_[True, (gap[:-1] > 4) | (room[1:-1] < 1.5), True] if len(xy) > 2 else np.ones(len(xy), bool)
        return xy[keep]
