"""A route as a strip: everything along one kilometre axis, as figures that a drawing only has to place.

Values in, values out. Positions are metres along the route; `x` is a share of its length in thousandths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fom.domain.states import NO_STATE, State
from fom.maps.style import letter_of
from fom.network.network import ASSET_TYPES, Network

NEAR_M = 3000.0
"""Places within this distance of the route stand on its strip. Project decision."""
HAZARD_REACH_M = 2500.0
"""Hazards that may reach within this distance are listed. Project decision."""
WIDTH = 1000.0
PART_MIN_M = 1000.0
"""A part of a route is no shorter. Project decision."""
PLACES_APART = 70.0
"""Least distance between two place names, in thousandths of the strip; the larger place wins."""


@dataclass(frozen=True, slots=True)
class Course:
    """A route unrolled: its stretches in order, each with where it begins along the route, and its line."""

    numbers: NDArray[np.int64]
    directions: NDArray[np.int64]
    starts_m: NDArray[np.float64]
    lengths_m: NDArray[np.float64]
    first_m: NDArray[np.float64]
    """Metres from the segment's own start where the stretch begins (the lower end, also when driven backward)."""
    line: shapely.LineString
    """In metres of a plane around the middle of the route, good to a few thousandths over 400 km."""
    plane: tuple[float, float]
    """Metres per degree of longitude and latitude."""

    @property
    def length_m(self) -> float:
        """Return the length of the route."""
        return float(self.starts_m[-1] + self.lengths_m[-1]) if len(self.numbers) else 0.0

    def x(self, along_m: float) -> float:
        """Return a position along the route in thousandths of its length."""
        return round(WIDTH * min(max(along_m / self.length_m, 0.0), 1.0), 2) if self.length_m else 0.0

    def place(self, geometry: shapely.Geometry) -> tuple[float, float]:
        """Return (metres along, metres off) of the nearest point of the route."""
        local = shapely.transform(geometry, lambda points: points * self.plane)
        along = self.line.project(local.centroid) / self.line.length * self.length_m
        return float(along), float(self.line.distance(local))


def unroll(network: Network, stretches: Iterable[Mapping[str, Any]], line: Sequence[Sequence[float]]) -> Course:
    """Return the course of a key route's stretches; `line` is its geometry, degrees."""
    numbers, directions, lengths, firsts = [], [], [], []
    for stretch in stretches:
        number = network.find_segment(stretch["id"])
        if number is None:
            continue
        low = float(stretch.get("from_m") or 0.0)
        high = float(network.length_m[number]) if stretch.get("to_m") is None else float(stretch["to_m"])
        numbers.append(number)
        directions.append(1 if stretch.get("direction") == "backward" else 0)
        lengths.append(high - low)
        firsts.append(low)
    points = np.asarray(line, float).reshape(-1, 2)
    latitude = float(points[:, 1].mean()) if len(points) else 0.0
    plane = (111_320.0 * float(np.cos(np.radians(latitude))), 110_574.0)
    return Course(
        numbers=np.array(numbers, np.int64),
        directions=np.array(directions, np.int64),
        starts_m=np.concatenate(([0.0], np.cumsum(lengths)[:-1])) if lengths else np.array([]),
        lengths_m=np.array(lengths),
        first_m=np.array(firsts),
        line=shapely.LineString(points * plane) if len(points) > 1 else shapely.LineString(),
        plane=plane,
    )


def runs(course: Course, values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return consecutive stretches of one value as `{value, from_m, to_m, x, width}`."""
    found: list[dict[str, Any]] = []
    for value, start, length in zip(values, course.starts_m, course.lengths_m, strict=True):
        if found and found[-1]["value"] == value:
            found[-1]["to_m"] = float(start + length)
        else:
            found.append({"value": value, "from_m": float(start), "to_m": float(start + length)})
    for run in found:
        run["x"] = course.x(run["from_m"])
        run["width"] = round(course.x(run["to_m"]) - run["x"], 2)
    return found


def state_runs(course: Course, states: NDArray[np.uint8], hollow: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return runs of (letter, age class): `states` (m,) by stretch, `hollow` (m,) 0 fresh, 1 past half, 2 ends soon."""
    letters = [letter_of(state) if state != NO_STATE else "-" for state in states]
    ages = [int(age) if state == State.GREEN else 0 for state, age in zip(states, hollow, strict=True)]
    return runs(course, list(zip(letters, ages, strict=True)))


def assets_along(network: Network, course: Course) -> list[dict[str, Any]]:
    """Return bridges, fords and other assets in order; the lowest known class and unknown ones are marked."""
    found: list[dict[str, Any]] = []
    seen: set[int] = set()
    for row, number in enumerate(course.numbers):
        first, last = network.asset_start[number], network.asset_start[number + 1]
        for place in range(first, last):
            asset = int(network.asset_of[place])
            if asset in seen:
                continue
            seen.add(asset)
            at = float(network.asset_at_m[place])
            inside = (float(network.length_m[number]) / 2 if np.isnan(at) else at) - course.first_m[row]
            inside = course.lengths_m[row] - inside if course.directions[row] else inside
            along = float(course.starts_m[row] + min(max(inside, 0.0), course.lengths_m[row]))
            mlc, mass = network.asset_limits[asset, 0], network.asset_limits[asset, 1]
            found.append({
                "id": network.asset_id(asset), "type": ASSET_TYPES[network.asset_type[asset]], "at_m": along,
                "name": network.word(int(network.asset_name[asset])), "x": course.x(along),
                "mlc": None if np.isnan(mlc) else float(mlc), "mass_t": None if np.isnan(mass) else float(mass),
            })  # fmt: skip
    classes = [place_on["mlc"] for place_on in found if place_on["mlc"] is not None]
    for place_on in found:
        place_on["is_lowest"] = bool(classes) and place_on["mlc"] == min(classes)
        place_on["is_unknown"] = place_on["mlc"] is None and place_on["mass_t"] is None
    return sorted(found, key=lambda place_on: float(place_on["at_m"]))


def places_along(course: Course, places: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return named places near the route, the most populous first where two would touch, in order along it."""
    near = []
    for place in places:
        along, off = course.place(shapely.Point(place["lon"], place["lat"]))
        if off <= NEAR_M:
            near.append({**place, "at_m": along, "x": course.x(along)})
    near.sort(key=lambda place: -(place.get("population") or 0))
    kept: list[dict[str, Any]] = []
    for place in near:
        if all(abs(place["x"] - other["x"]) >= PLACES_APART for other in kept):
            kept.append(place)
    return sorted(kept, key=lambda place: float(place["x"]))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a route from place to place, in metres along it; no name at its beginning or end is the route's own."""

    begin: str | None
    end: str | None
    from_m: float
    to_m: float

    def shares(self, course: Course) -> NDArray[np.float64]:
        """Return (m,) how many metres of each stretch lie in the part."""
        ends = np.minimum(course.starts_m + course.lengths_m, self.to_m)
        metres: NDArray[np.float64] = np.maximum(ends - np.maximum(course.starts_m, self.from_m), 0.0)
        return metres


def parts_along(course: Course, places: Iterable[Mapping[str, Any]]) -> list[Part]:
    """Return the parts between the places on a strip, as people name them; together they are the whole route."""
    cuts: list[tuple[float, str | None]] = [(0.0, None)]
    for place in places:
        at_m, name = float(place["at_m"]), str(place["name"])
        if at_m - cuts[-1][0] >= PART_MIN_M:
            cuts.append((at_m, name))
        elif len(cuts) == 1:
            cuts[0] = (0.0, cuts[0][1] or name)
    if len(cuts) > 1 and course.length_m - cuts[-1][0] < PART_MIN_M:
        cuts[-1] = (course.length_m, cuts[-1][1])
    else:
        cuts.append((course.length_m, None))
    return [Part(a[1], b[1], a[0], b[0]) for a, b in pairwise(cuts)]


def features_along(course: Course, features: Iterable[Mapping[str, Any]], reach_m: float) -> list[dict[str, Any]]:
    """Return map features (`part` point) near the route with their extent of doubt along it, in order."""
    found = []
    for feature in features:
        properties = feature["properties"]
        if properties.get("part") != "point":
            continue
        along, off = course.place(shapely.geometry.shape(feature["geometry"]))
        radius = float(properties.get("radius_m") or 0.0)
        if off - radius > reach_m:
            continue
        low, high = max(along - radius, 0.0), min(along + radius, course.length_m)
        found.append({
            **properties, "at_m": along, "off_m": off, "x": course.x(along), "from_x": course.x(low),
            "extent": round(course.x(high) - course.x(low), 2),
        })  # fmt: skip
    return sorted(found, key=lambda item: float(item["at_m"]))
