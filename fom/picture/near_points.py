"""Which lines lie within reach of many points, and how far: one pass over an index of boxes, shared by two threads.

Distances are those of `geodesy.distance_m` from each point to the place of the line that is nearest in the plane at the
point, so that they do not depend on what else is asked with it.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fom.domain.geodesy import ECCENTRICITY_2, MID_LATITUDE_MAX_M, SEMI_MAJOR_M
from fom.domain.grades import SLACK
from fom.network.box_index import BLOCK, BoxIndex, along_curve, meet
from fom.network.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LONGEST_REACH_M = MID_LATITUDE_MAX_M / 2
"""Beyond this the plane at the point and the mid-latitude formula no longer do."""
POINTS_PER_THREAD = 64
THREADS = min(4, os.cpu_count() or 1)
STEP_DEG = 0.05
_DEGREE = math.pi / 180.0


def lines_near_points(
    points: Floats, reach_m: Floats, index: BoxIndex, coords: Floats, start: Ints
) -> tuple[Ints, Ints, Floats]:
    """Return (point, line, metres) of the pairs within reach; those of a point together, neighbouring points in turn.

    `points` (m, 2) degrees, brought to the frame of the lines by ± 360; `reach_m` (m,) at most LONGEST_REACH_M; line i
    is coords[start[i]:start[i + 1]].
    """
    size = max(POINTS_PER_THREAD, -(-len(points) // (4 * THREADS)))
    # neighbours one after another find their lines still in the processor's cache
    order = along_curve(points) if len(points) > POINTS_PER_THREAD else np.arange(len(points))

    def part(begin: int) -> tuple[Ints, Ints, Floats]:
        which = order[begin : begin + size]
        return _near(which, points, reach_m, index.order, index.boxes, index.blocks, index.groups, coords, start)

    if len(points) <= size:
        return part(0)
    begins = range(0, len(points), size)
    if THREADS < 2:
        found = [part(begin) for begin in begins]
    else:
        with ThreadPoolExecutor(THREADS) as threads:
            found = list(threads.map(part, begins))
    item, line, metres = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return item, line, metres


@compiled
def _metres_per_degree(lat: float) -> tuple[float, float]:
    sine = math.sin(lat * _DEGREE)
    root = math.sqrt(1.0 - ECCENTRICITY_2 * sine * sine)
    east = SEMI_MAJOR_M / root * math.cos(lat * _DEGREE) * _DEGREE
    return east, SEMI_MAJOR_M * (1.0 - ECCENTRICITY_2) / (root * root * root) * _DEGREE


@compiled
def _distance(lon: float, lat: float, scale: Floats, coords: Floats, begin: int, end: int) -> float:
    """Return the metres from a point to a line; of places equally near the first counts.

    `scale` holds the metres of a degree east below, at and above the point's latitude, then the same north.
    """
    kx, ky = scale[1], scale[4]
    least, at_x, at_y = np.inf, 0.0, 0.0
    ax, ay = (coords[begin, 0] - lon) * kx, (coords[begin, 1] - lat) * ky
    for k in range(begin, end - 1):
        bx, by = (coords[k + 1, 0] - lon) * kx, (coords[k + 1, 1] - lat) * ky
        sx, sy = bx - ax, by - ay
        length2 = sx * sx + sy * sy
        share = 0.0
        if length2 > 0.0:
            share = min(1.0, max(0.0, -(ax * sx + ay * sy) / length2))
        px, py = ax + share * sx, ay + share * sy
        if px * px + py * py < least:
            least = px * px + py * py
            at_x, at_y = px, py
        ax, ay = bx, by
    # the plane half way to the place, by a parabola through three latitudes: right to a ten-millionth of a metre
    t = at_y / ky / 2.0 / STEP_DEG
    east = kx + t * ((scale[2] - scale[0]) / 2.0 + t * ((scale[2] + scale[0]) / 2.0 - kx))
    north = ky + t * ((scale[5] - scale[3]) / 2.0 + t * ((scale[5] + scale[3]) / 2.0 - ky))
    east, north = at_x / kx * east, at_y / ky * north
    return math.sqrt(east * east + north * north)


@compiled
def _is_beyond(lon: float, lat: float, reach: float, scale: Floats, boxes: Floats, i: int) -> bool:
    """Return whether a box lies clearly further away than `reach`, so that nothing in it need be measured."""
    east = max(0.0, max(boxes[i, 0] - lon, lon - boxes[i, 2])) * scale[1]
    north = max(0.0, max(boxes[i, 1] - lat, lat - boxes[i, 3])) * scale[4]
    return bool(east * east + north * north > 1.1 * reach * reach + 1.0)


@compiled
def _box_round(lon: float, lat: float, reach: float, box: Floats) -> None:
    """Write a box that holds every point within reach, as `geodesy.bounds_with_reach`."""
    reach = reach * 1.01 + 1.0
    lat_step = reach / 110_500.0
    kx = _metres_per_degree(min(abs(lat) + lat_step, 90.0))[0]
    lon_step = reach / max(kx, 1e-9) if kx > reach / 180.0 else 360.0
    box[0, 0], box[0, 1], box[0, 2], box[0, 3] = lon - lon_step, lat - lat_step, lon + lon_step, lat + lat_step


@compiled
def _near(
    which: Ints,
    points: Floats,
    reach: Floats,
    order: NDArray[np.int32],
    boxes: Floats,
    blocks: Floats,
    groups: Floats,
    coords: Floats,
    start: Ints,
) -> tuple[Ints, Ints, Floats]:
    item, line, metres = np.empty(256, np.int64), np.empty(256, np.int64), np.empty(256)
    scale, wanted = np.empty(6), np.empty((1, 4))
    count = 0
    west, east = groups[:, 0].min(), groups[:, 2].max()
    for turn in range(3 * len(which)):
        p = which[turn // 3]
        lon, lat = points[p, 0] + (0.0, -360.0, 360.0)[turn % 3], points[p, 1]
        _box_round(lon, lat, reach[p], wanted)
        if wanted[0, 2] < west or wanted[0, 0] > east:
            continue
        for at in range(3):
            scale[at], scale[3 + at] = _metres_per_degree(lat + (at - 1) * STEP_DEG)
        for g in range(len(groups)):
            if not meet(wanted, 0, groups, g):
                continue
            for b in range(g * BLOCK, min((g + 1) * BLOCK, len(blocks))):
                if not meet(wanted, 0, blocks, b):
                    continue
                for i in range(b * BLOCK, min((b + 1) * BLOCK, len(boxes))):
                    if not meet(wanted, 0, boxes, i) or _is_beyond(lon, lat, reach[p], scale, boxes, i):
                        continue
                    number = order[i]
                    distance = _distance(lon, lat, scale, coords, start[number], start[number + 1])
                    if distance <= reach[p] + SLACK:
                        if count == len(item):
                            item = np.concatenate((item, np.empty_like(item)))
                            line = np.concatenate((line, np.empty_like(line)))
                            metres = np.concatenate((metres, np.empty_like(metres)))
                        item[count], line[count], metres[count] = p, number, distance
                        count += 1
    return item[:count].copy(), line[:count].copy(), metres[:count].copy()
