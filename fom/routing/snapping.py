"""Where a position joins the road: the nearest segment within a radius, and how far along it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.box_index import EVERY_LINE, lines_meeting
from fom.network.compiled import compiled
from fom.network.network import Network

SNAP_RADIUS_M = 2_000.0
"""A place joins the network when a road is no farther (a point exactly this far still snaps).

Source: doctrine, section 5 (settlements join the network up to 2 km), used for every end of a route.
"""

JUNCTION_M = 2.0
"""At a junction all its roads are equally near; no position is known better than this. Project decision."""

_RINGS_M = (60.0, 400.0)
"""Tried first, because a small box over the index is cheap; what is found inside a ring is nearest of all."""

_EQUATOR_M = 6_378_137.0
_ECCENTRICITY_2 = 0.00669437999014


@dataclass(frozen=True, slots=True)
class Snap:
    """A position on a segment. `fraction` runs from 0 to 1 along the segment's own geometry."""

    segment: int
    fraction: float
    distance_m: float
    """From the position asked to the road."""
    lonlat: tuple[float, float]
    """The point on the road."""
    asked: tuple[float, float]


@compiled
def _nearest(
    coords: NDArray[np.float64],
    coord_start: NDArray[np.int64],
    segments: NDArray[np.int64],
    speed: NDArray[np.float64],
    lon: float,
    lat: float,
    east_m: float,
    north_m: float,
    radius_m: float,
) -> tuple[int, float, float]:
    """Return the segment to join, its distance in metres and the fraction along it."""
    squares, fractions = np.empty(len(segments)), np.zeros(len(segments))
    for place in range(len(segments)):
        segment = segments[place]
        along, at, square = 0.0, 0.0, np.inf
        begin, end = coord_start[segment], coord_start[segment + 1]
        x0 = ((coords[begin, 0] - lon + 540.0) % 360.0 - 180.0) * east_m
        y0 = (coords[begin, 1] - lat) * north_m
        for k in range(begin + 1, end):
            x1 = ((coords[k, 0] - lon + 540.0) % 360.0 - 180.0) * east_m
            y1 = (coords[k, 1] - lat) * north_m
            dx, dy = x1 - x0, y1 - y0
            length = math.sqrt(dx * dx + dy * dy)
            share = 0.0
            if length > 0.0:
                share = min(1.0, max(0.0, -(x0 * dx + y0 * dy) / (length * length)))
            px, py = x0 + share * dx, y0 + share * dy
            if px * px + py * py < square:
                square = px * px + py * py
                at = along + share * length
            along += length
            x0, y0 = x1, y1
        squares[place] = square
        if along > 0.0:
            fractions[place] = at / along
    nearest = math.sqrt(squares.min())
    reach = max(squares.min(), min(nearest + JUNCTION_M, radius_m) ** 2)
    best = -1
    for place in range(len(segments)):
        if squares[place] <= reach and (best < 0 or _is_better(place, best, segments, speed, squares)):
            best = place
    return int(segments[best]), math.sqrt(squares[best]), fractions[best]


@compiled
def _is_better(
    one: int, other: int, segments: NDArray[np.int64], speed: NDArray[np.float64], squares: NDArray[np.float64]
) -> bool:
    mine, its = speed[segments[one]], speed[segments[other]]
    return bool(mine > its or (mine == its and squares[one] < squares[other]))


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return (east, north) metres of one degree at a latitude on the WGS 84 ellipsoid."""
    sine = math.sin(math.radians(lat))
    curve = 1.0 - _ECCENTRICITY_2 * sine * sine
    east = _EQUATOR_M / math.sqrt(curve) * math.cos(math.radians(lat))
    north = _EQUATOR_M * (1.0 - _ECCENTRICITY_2) / curve**1.5
    return east * math.pi / 180, north * math.pi / 180


def snap_to_road(network: Network, lon: float, lat: float, *, radius_m: float = SNAP_RADIUS_M) -> Snap | None:
    """Return the nearest segment to a position, None beyond `radius_m`.

    Of roads within `JUNCTION_M` of the nearest the fastest is joined, which at a junction is the main road; of those
    the nearest, of equals the lowest number. The state plays no part: a position on a closed road must not jump to the
    next open one.
    """
    index = network.boxes
    segment, distance_m, fraction, x, y = _join(
        np.asarray(network.coords), np.asarray(network.coord_start), np.asarray(network.speed_kmh),
        index.order, index.boxes, index.blocks, index.groups, lon, lat, *metres_per_degree(lat), radius_m,
    )  # fmt: skip
    return None if segment < 0 else Snap(segment, fraction, distance_m, (x, y), (lon, lat))


@compiled
def _join(
    coords: NDArray[np.float64],
    coord_start: NDArray[np.int64],
    speed: NDArray[np.float64],
    order: NDArray[np.int32],
    boxes: NDArray[np.float64],
    blocks: NDArray[np.float64],
    groups: NDArray[np.float64],
    lon: float,
    lat: float,
    east_m: float,
    north_m: float,
    radius_m: float,
) -> tuple[int, float, float, float, float]:
    """Return the segment to join (-1 = none), its distance in metres, the fraction along it and the place there."""
    for step in range(len(_RINGS_M) + 1):
        ring = radius_m if step == len(_RINGS_M) else _RINGS_M[step]
        if step < len(_RINGS_M) and ring >= radius_m:
            continue
        wanted = _boxes_round(lon, lat, (ring + JUNCTION_M) / max(east_m, 1e-9), (ring + JUNCTION_M) / north_m)
        candidates = np.sort(lines_meeting(wanted, order, boxes, blocks, groups, EVERY_LINE, 0)[1])
        if not len(candidates):
            continue
        segment, distance_m, fraction = _nearest(
            coords, coord_start, candidates, speed, lon, lat, east_m, north_m, radius_m
        )
        if distance_m <= ring:
            place = _cut(coords[coord_start[segment] : coord_start[segment + 1]], fraction, fraction)
            return segment, distance_m, fraction, place[0, 0], place[0, 1]
    return -1, np.inf, 0.0, 0.0, 0.0


@compiled
def _boxes_round(lon: float, lat: float, reach_lon: float, reach_lat: float) -> NDArray[np.float64]:
    """Return (k, 4) the box round a position, with its like on the other side of the date line where it crosses it."""
    reach_lon = min(reach_lon, 180.0)
    found = np.empty((3, 4))
    count = 0
    for turn in (0.0, 360.0, -360.0):
        west, east = lon - reach_lon, lon + reach_lon
        if turn == 0.0 or (turn > 0.0 and west < -180.0) or (turn < 0.0 and east > 180.0):
            found[count, 0], found[count, 2] = west + turn, east + turn
            found[count, 1], found[count, 3] = lat - reach_lat, lat + reach_lat
            count += 1
    return found[:count]


def point_on(network: Network, segment: int, fraction: float) -> tuple[float, float]:
    """Return lon/lat at a fraction of a segment's length."""
    line = line_between(network, segment, fraction, fraction)
    return float(line[0, 0]), float(line[0, 1])


def line_between(network: Network, segment: int, start: float, end: float) -> NDArray[np.float64]:
    """Return (k, 2) degrees of a segment from fraction `start` to `end`; against its geometry when `end` < `start`."""
    line = np.asarray(network.coords)[network.coord_start[segment] : network.coord_start[segment + 1]]
    if start > end:
        return _cut(line, end, start)[::-1]
    return _cut(line, start, end)


@compiled
def _cut(line: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """Return the part of a line between two fractions of its length, start <= end; at least one point."""
    n = len(line)
    if start <= 0.0 and end >= 1.0:
        return line.copy()
    scale = math.cos(math.radians(line[0, 1]))
    along = np.zeros(n)
    for k in range(1, n):
        dx = ((line[k, 0] - line[k - 1, 0] + 540.0) % 360.0 - 180.0) * scale
        dy = line[k, 1] - line[k - 1, 1]
        along[k] = along[k - 1] + math.sqrt(dx * dx + dy * dy)
    total = along[n - 1]
    out = np.empty((n + 2, 2))
    size = 0
    for target in (start * total, end * total):
        is_end = size > 0
        k = 1
        while k < n - 1 and along[k] < target:
            k += 1
        if is_end:
            for j in range(1, n):
                if start * total < along[j] < target:
                    out[size] = line[j]
                    size += 1
        length = along[k] - along[k - 1]
        share = (target - along[k - 1]) / length if length > 0.0 else 0.0
        if share <= 0.0 or share >= 1.0:
            out[size] = line[k - 1] if share <= 0.0 else line[k]
        else:
            step = (line[k, 0] - line[k - 1, 0] + 540.0) % 360.0 - 180.0
            out[size, 0] = (line[k - 1, 0] + step * share + 540.0) % 360.0 - 180.0
            out[size, 1] = line[k - 1, 1] + (line[k, 1] - line[k - 1, 1]) * share
        size += 1
        if start == end:
            break
    return out[:size].copy()


@compiled
def line_along(
    coords: NDArray[np.float64],
    coord_start: NDArray[np.int64],
    arcs: NDArray[np.int64],
    enter: NDArray[np.float64],
    leave: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return (k, 2) degrees, k >= 2, of arcs one after another, each from `enter` to `leave` in its direction."""
    out = np.empty((1024, 2))
    size = 0
    for k in range(len(arcs)):
        segment = arcs[k] >> 1
        first, last = coord_start[segment], coord_start[segment + 1] - 1
        line = coords
        if enter[k] > 0.0 or leave[k] < 1.0:
            low, high = (1.0 - leave[k], 1.0 - enter[k]) if arcs[k] & 1 else (enter[k], leave[k])
            line = _cut(coords[first : last + 1], low, high)
            first, last = 0, len(line) - 1
        while size + last - first + 2 > len(out):
            out = np.concatenate((out, np.empty_like(out)))
        step = -1 if arcs[k] & 1 else 1
        at = last if arcs[k] & 1 else first
        for _ in range(last - first + 1):
            lon, lat = line[at, 0], line[at, 1]
            if size == 0 or lon != out[size - 1, 0] or lat != out[size - 1, 1]:
                out[size, 0], out[size, 1] = lon, lat
                size += 1
            at += step
    if size == 1:
        out[1] = out[0]
        size = 2
    return out[:size].copy()


@compiled
def lines_between(
    coords: NDArray[np.float64],
    coord_start: NDArray[np.int64],
    segments: NDArray[np.int64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return parts of segments between two fractions as lines: (k, 2) degrees, and where each begins and ends."""
    room = np.int64(0)
    for s in segments:
        room += coord_start[s + 1] - coord_start[s] + 2
    out, firsts = np.empty((room, 2)), np.zeros(len(segments) + 1, np.int64)
    size = 0
    for k in range(len(segments)):
        line = coords[coord_start[segments[k]] : coord_start[segments[k] + 1]]
        if start[k] > 0.0 or end[k] < 1.0:
            line = _cut(line, start[k], end[k])
        for j in range(len(line)):
            out[size] = line[j]
            size += 1
        firsts[k + 1] = size
    return out[:size].copy(), firsts
