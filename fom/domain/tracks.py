"""Recorded tracks: where a recording has gaps, and where one drive ends and another begins.

Nothing is claimed for a gap: a straight line between two points far apart was driven by nobody.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from fom.domain.geodesy import distance_m
from fom.domain.instants import HOUR_US, SECOND_US
from fom.domain.track_points import TrackPoint

GAP_M = 300.0
"""Two points farther apart than this have a gap between them."""
GAP_S = 120.0
"""Points longer apart than this have a gap between them if the vehicle moved meanwhile."""
STAYED_M = 50.0
"""Within this a vehicle stood still: twice what GPS and corridor allow."""
JUMP_KMH = 200.0
"""Faster than this nobody drives: the receiver lost its place, or was in the air."""
PAUSE_US = 4 * HOUR_US
"""After so long a pause another drive begins, with a time of its own."""
DRIVE_US = 12 * HOUR_US
"""Longest drive that one time of passage stands for. Source of all: project decision."""
OFF_ROAD_MIN_M = 50.0
"""Shorter parts away from every road are the noise of a receiver."""
POINTS_KEPT = 20_000
"""Points of one drive that are kept; more are thinned by a metre or a few."""
_THIN_DEG = (0.00001, 0.00003, 0.00006)
"""1, 3 and 7 metres: well inside the tolerance of 25 m."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that the recording leaves out."""

    start: tuple[float, float]
    end: tuple[float, float]
    length_m: float
    """Straight across."""
    seconds: float | None
    why: str
    """break (the recording was interrupted), far, long or jump."""


@dataclass(frozen=True, slots=True)
class Drive:
    """One passage: parts recorded without a gap, in order, and the gaps between them."""

    parts: tuple[tuple[TrackPoint, ...], ...]
    gaps: tuple[Gap, ...]

    @property
    def is_timed(self) -> bool:
        """Return whether every point has a time and none is before the one that precedes it."""
        moments = [point.at for part in self.parts for point in part]
        return (
            bool(moments) and all(m is not None for m in moments) and moments == sorted(moments, key=lambda m: m or 0)
        )

    @property
    def first_at(self) -> int | None:
        """Return when it began."""
        return min((p.at for part in self.parts for p in part if p.at is not None), default=None)

    @property
    def last_at(self) -> int | None:
        """Return when the last of it was passed."""
        return max((p.at for part in self.parts for p in part if p.at is not None), default=None)


def find_drives(pieces: Iterable[Sequence[TrackPoint]]) -> list[Drive]:
    """Return the drives of a track whose pieces were recorded without interruption."""
    points = [(point, place == 0) for piece in pieces for place, point in enumerate(piece)]
    lonlat = np.array([(point.lon, point.lat) for point, _ in points], dtype=np.float64).reshape(-1, 2)
    steps = distance_m(lonlat[:-1, 0], lonlat[:-1, 1], lonlat[1:, 0], lonlat[1:, 1]).tolist() if len(points) > 1 else []
    drives: list[tuple[list[list[TrackPoint]], list[Gap]]] = []
    began: int | None = None
    for place, (point, is_first) in enumerate(points):
        before = points[place - 1][0] if place else None
        if before is None or _is_another_drive(before, point, began):
            drives.append(([[]], []))
            began = None
        elif (gap := find_gap(before, point, steps[place - 1], is_break=is_first)) is not None:
            drives[-1][1].append(gap)
            drives[-1][0].append([])
        drives[-1][0][-1].append(point)
        began = point.at if began is None else began
    return [Drive(tuple(tuple(part) for part in parts if len(part) > 1), tuple(gaps)) for parts, gaps in drives]


def find_gap(one: TrackPoint, other: TrackPoint, length_m: float, *, is_break: bool = False) -> Gap | None:
    """Return the gap between two points that follow each other, None where the recording holds."""
    seconds = None if one.at is None or other.at is None else (other.at - one.at) / SECOND_US
    why = ""
    if length_m > GAP_M:
        why = "far"
    elif seconds is not None and seconds > GAP_S and length_m > STAYED_M:
        why = "long"
    elif is_break and length_m > STAYED_M:
        why = "break"
    if seconds is not None and length_m > STAYED_M and length_m * 3.6 > JUMP_KMH * max(seconds, 0.0):
        why = "jump"
    return Gap((one.lon, one.lat), (other.lon, other.lat), length_m, seconds, why) if why else None


def thinned(parts: Sequence[Sequence[TrackPoint]]) -> list[list[TrackPoint]]:
    """Return parts with at most POINTS_KEPT points together if a few metres suffice; each keeps its ends."""
    kept = [list(part) for part in parts]
    for tolerance in _THIN_DEG:
        if sum(map(len, kept)) <= POINTS_KEPT:
            break
        kept = [_thin(part, tolerance) for part in parts]
    return kept


def _thin(part: Sequence[TrackPoint], tolerance_deg: float) -> list[TrackPoint]:
    line = shapely.LineString([(point.lon, point.lat, place) for place, point in enumerate(part)])
    kept = shapely.get_coordinates(shapely.simplify(line, tolerance_deg), include_z=True)[:, 2]
    return [part[int(place)] for place in kept]


def runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Return (first, last) of every run of true flags."""
    found = []
    for is_set, group in itertools.groupby(enumerate(flags), key=lambda item: bool(item[1])):
        if is_set:
            places = [place for place, _ in group]
            found.append((places[0], places[-1]))
    return found


def _is_another_drive(before: TrackPoint, point: TrackPoint, began: int | None) -> bool:
    if before.at is None or point.at is None:
        return False
    return point.at - before.at > PAUSE_US or (began is not None and point.at - began > DRIVE_US)
