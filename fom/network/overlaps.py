"""Along which stretches two lines run together: the measure by which an old and a new road are told to be one.

Pairs of lines from two networks, measured in a plane at each pair; compiled, for millions of pairs. Positions are
metres along a line in that plane.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fom.network.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
METRES_PER_DEGREE = 111_195.0
SAMPLE_M = 12.0
SAMPLES = (6, 48)
"""Fewest and most places at which two lines are compared."""
SHORTEST_M = 8.0
"""Lines that run together for less only meet."""
LENGTH_SHARE, LENGTH_SLACK_M = 0.10, 5.0
"""By how much the lengths of a stretch may differ. Source: doctrine, section 9.11 (J)."""
NARROWEST_M = 10.0
"""Tolerance of the shortest streets: never more than half their length, but at least this (J)."""


class Overlaps(NamedTuple):
    """One row per pair that runs together: `low` and `high` on each line; all (r,)."""

    pair: Ints
    old_low: Floats
    old_high: Floats
    new_low: Floats
    new_high: Floats
    is_reversed: NDArray[np.bool_]
    mean_m: Floats
    most_m: Floats


def overlaps(
    old_coords: Floats, old_start: Ints, new_coords: Floats, new_start: Ints, old: Ints, new: Ints, tolerance_m: float
) -> Overlaps:
    """Return where the pairs (old[i], new[i]) run together within the tolerance."""
    rows = _overlaps(old_coords, old_start, new_coords, new_start, old, new, tolerance_m)
    found = np.flatnonzero(rows[:, 0] >= 0)
    kept = rows[found]
    return Overlaps(
        found, kept[:, 0], kept[:, 1], kept[:, 2], kept[:, 3], kept[:, 4] > 0, kept[:, 5].copy(), kept[:, 6].copy()
    )


@compiled
def planar_lengths(coords: Floats, start: Ints) -> Floats:
    """Return the length of every line on the scale of this module, metres."""
    out = np.empty(len(start) - 1)
    for i in range(len(out)):
        ky = METRES_PER_DEGREE
        kx = ky * math.cos(math.radians((coords[start[i], 1] + coords[start[i + 1] - 1, 1]) / 2))
        out[i] = _length(coords, start[i], start[i + 1], kx, ky)
    return out


@compiled
def _wrap(degrees: float) -> float:
    return degrees - 360.0 if degrees > 180.0 else degrees + 360.0 if degrees < -180.0 else degrees


@compiled
def _length(coords: Floats, first: int, end: int, kx: float, ky: float) -> float:
    total = 0.0
    for i in range(first, end - 1):
        total += math.hypot(_wrap(coords[i + 1, 0] - coords[i, 0]) * kx, (coords[i + 1, 1] - coords[i, 1]) * ky)
    return total


@compiled
def _foot(coords: Floats, first: int, end: int, x: float, y: float, kx: float, ky: float) -> tuple[float, float]:
    """Return (distance, metres along) of the place on a line that is nearest to (x, y)."""
    best, at, along = np.inf, 0.0, 0.0
    for i in range(first, end - 1):
        ax, ay = _wrap(coords[i, 0] - x) * kx, (coords[i, 1] - y) * ky
        sx, sy = _wrap(coords[i + 1, 0] - coords[i, 0]) * kx, (coords[i + 1, 1] - coords[i, 1]) * ky
        length2 = sx * sx + sy * sy
        share = 0.0 if length2 == 0.0 else min(1.0, max(0.0, -(ax * sx + ay * sy) / length2))
        distance = math.hypot(ax + share * sx, ay + share * sy)
        step = math.sqrt(length2)
        if distance < best:
            best, at = distance, along + share * step
        along += step
    return best, at


@compiled
def _place(coords: Floats, first: int, end: int, metres: float, kx: float, ky: float) -> tuple[float, float]:
    """Return the position of a line after some metres, degrees."""
    left = metres
    for i in range(first, end - 1):
        dx, dy = _wrap(coords[i + 1, 0] - coords[i, 0]), coords[i + 1, 1] - coords[i, 1]
        step = math.hypot(dx * kx, dy * ky)
        if left <= step or i == end - 2:
            share = 0.0 if step == 0.0 else min(1.0, left / step)
            return coords[i, 0] + share * dx, coords[i, 1] + share * dy
        left -= step
    return coords[first, 0], coords[first, 1]


@compiled
def _apart(x: float, y: float, u: float, v: float, kx: float, ky: float) -> float:
    return math.hypot(_wrap(u - x) * kx, (v - y) * ky)


@compiled
def _overlaps(
    old_coords: Floats, old_start: Ints, new_coords: Floats, new_start: Ints, old: Ints, new: Ints, tolerance_m: float
) -> Floats:
    out = np.full((len(old), 7), -1.0)
    for pair in range(len(old)):
        o, o_end = old_start[old[pair]], old_start[old[pair] + 1]
        n, n_end = new_start[new[pair]], new_start[new[pair] + 1]
        ky = METRES_PER_DEGREE
        kx = ky * math.cos(math.radians((old_coords[o, 1] + old_coords[o_end - 1, 1]) / 2))
        lengths = _length(old_coords, o, o_end, kx, ky), _length(new_coords, n, n_end, kx, ky)
        for way in range(2):
            found = _overlap(
                old_coords, o, o_end, new_coords, n, n_end, lengths[0], lengths[1], way == 1, tolerance_m, kx, ky
            )
            if found[4] < np.inf and (out[pair, 0] < 0.0 or found[4] < out[pair, 5]):
                for column in range(4):
                    out[pair, column] = found[column]
                out[pair, 4], out[pair, 5], out[pair, 6] = way, found[4], found[5]
    return out


@compiled
def _overlap(
    old: Floats, o: int, o_end: int, new: Floats, n: int, n_end: int, old_length: float, new_length: float,
    is_reversed: bool, tolerance_m: float, kx: float, ky: float,
) -> tuple[float, float, float, float, float, float]:  # fmt: skip
    """Return low and high on the old line, low and high on the new, mean and greatest distance; inf = not together."""
    none = 0.0, 0.0, 0.0, 0.0, np.inf, np.inf
    ox, oy, px, py = old[o, 0], old[o, 1], old[o_end - 1, 0], old[o_end - 1, 1]
    nx, ny, mx, my = new[n, 0], new[n, 1], new[n_end - 1, 0], new[n_end - 1, 1]
    if is_reversed:
        nx, ny, mx, my = mx, my, nx, ny
    # At each end one of the two lines ends beside the other; where neither does, they part and are not one road.
    new_first, a = _foot(old, o, o_end, nx, ny, kx, ky)
    old_first, c = _foot(new, n, n_end, ox, oy, kx, ky)
    new_last, b = _foot(old, o, o_end, mx, my, kx, ky)
    old_last, d = _foot(new, n, n_end, px, py, kx, ky)
    if min(new_first, old_first) > tolerance_m or min(new_last, old_last) > tolerance_m:
        return none
    # Ends that lie near each other are one end, also when the road moved along itself.
    near = min(tolerance_m, max(NARROWEST_M, min(old_length, new_length) / 2))
    start, end = (new_length, 0.0) if is_reversed else (0.0, new_length)
    if _apart(ox, oy, nx, ny, kx, ky) <= near:
        a, c = 0.0, start
    elif new_first > tolerance_m:
        a = 0.0
    elif old_first > tolerance_m:
        c = start
    if _apart(px, py, mx, my, kx, ky) <= near:
        b, d = old_length, end
    elif new_last > tolerance_m:
        b = old_length
    elif old_last > tolerance_m:
        d = end
    if is_reversed:
        c, d = d, c
    on_old, on_new = b - a, d - c
    shorter, longer = min(on_old, on_new), max(on_old, on_new)
    if shorter < min(SHORTEST_M, min(old_length, new_length) / 2):
        return none
    if longer - shorter > max(LENGTH_SHARE * longer, LENGTH_SLACK_M):
        return none
    tolerance = min(tolerance_m, max(NARROWEST_M, shorter / 2))
    count = int(min(SAMPLES[1], max(SAMPLES[0], longer / SAMPLE_M)))
    total, most = 0.0, 0.0
    for k in range(count + 1):
        share = k / count
        x, y = _place(old, o, o_end, a + share * on_old, kx, ky)
        u, v = _place(new, n, n_end, (d - share * on_new) if is_reversed else (c + share * on_new), kx, ky)
        there, _ = _foot(new, n, n_end, x, y, kx, ky)
        back, _ = _foot(old, o, o_end, u, v, kx, ky)
        total += (there + back) / 2
        most = max(most, there, back)
        if most > tolerance or _apart(x, y, u, v, kx, ky) > tolerance + LENGTH_SHARE * longer:
            return none
    return a, b, c, d, total / (count + 1), most
