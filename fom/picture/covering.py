"""Which parts of which segments a passage covers or an area holds.

Source: facts format, section 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.geodesy import shifted, unroll_geometry
from fom.domain.grades import SLACK
from fom.domain.intervals import Interval, intersect, merge, uncovered_m
from fom.domain.records import Stretch, Verification
from fom.domain.verification import UNCOVERED_MAX_M
from fom.picture.ground import Ground
from fom.picture.parts import Parts, edges_of
from fom.picture.unions import uncovered_by_row

Ints = NDArray[np.int64]
EDGES_IN_BOX = 8
Columns = dict[str, Any]
"""`segments, low, high, is_whole`: one row per part, metres; whether the parts of the segment together cover it."""


@dataclass(frozen=True, slots=True)
class Covering:
    """What tells beforehand which stretches a passage will count for, and what of a track lies off every road."""

    ground: Ground
    tolerance_m: float

    def columns(self, passage: Verification) -> Columns:
        """Return the parts that the picture counts once the passage is a record."""
        return passage_columns(passage, self.ground, self.tolerance_m)

    def is_on_road(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return (n,) whether points (n, 2), degrees, lie within the tolerance of any road."""
        found, _, _ = self.ground.near_points(points, np.full(len(points), self.tolerance_m))
        is_on = np.zeros(len(points), np.bool_)
        is_on[found] = True
        return is_on


def passage_columns(passage: Verification, ground: Ground, tolerance_m: float) -> Columns:
    """Return the parts that a verification covers."""
    length = ground.network.length_m
    if passage.geometry is None and all(s.from_m == 0 and s.to_m is None for s in passage.segments):
        named = {ground.network.find_segment(stretch.segment_id) for stretch in passage.segments}
        return _whole_columns(np.array(sorted(n for n in named if n is not None), dtype=np.int64), ground)
    if passage.geometry is not None and not passage.segments:
        turns = list(_along(passage.geometry, None, ground, tolerance_m))
        if len(turns) <= 1:
            return _track_columns(turns, ground)
    rows: list[tuple[int, float, float, bool]] = []
    for number, pieces in sorted(_passage_parts(passage, ground, tolerance_m).items()):
        is_whole = uncovered_m(pieces, float(length[number])) <= UNCOVERED_MAX_M + SLACK
        rows += [(number, low, high, is_whole) for low, high in pieces]
    return _columns(rows)


def _track_columns(turns: Sequence[tuple[Ints, Parts]], ground: Ground) -> Columns:
    """Return the parts along a track alone, without a loop over segments: most passages are of this kind."""
    if not turns:
        return _columns(())
    ((segments, parts),) = turns
    solid = parts.high > parts.low
    row, low, high = parts.row[solid], parts.low[solid], parts.high[solid]
    length = np.asarray(ground.network.length_m[segments])
    is_whole = uncovered_by_row(row, low, high, length) <= UNCOVERED_MAX_M + SLACK
    return {"segments": segments[row].astype(np.int32), "low": low, "high": high, "is_whole": is_whole[row]}


def _passage_parts(passage: Verification, ground: Ground, tolerance_m: float) -> dict[int, list[Interval]]:
    """Return segment -> parts: those named, those along the track, or what both say."""
    named = _named_parts(passage.segments, ground)
    parts = named
    if passage.geometry is not None:
        parts = _followed(passage.geometry, list(named) if passage.segments else None, ground, tolerance_m)
        if passage.segments:
            parts = {number: intersect(merge(followed), merge(named[number])) for number, followed in parts.items()}
    return {number: solid for number, pieces in parts.items() if (solid := _solid(pieces))}


def _named_parts(stretches: Iterable[Stretch], ground: Ground) -> dict[int, list[Interval]]:
    """Return segment -> the intervals named, metres from its start."""
    named: dict[int, list[Interval]] = {}
    network = ground.network
    for stretch in stretches:
        number = network.find_segment(stretch.segment_id)
        if number is not None:
            length = float(network.length_m[number])
            end = length if stretch.to_m is None else min(stretch.to_m, length)
            named.setdefault(number, []).append((stretch.from_m, end))
    return named


def _followed(
    track: BaseGeometry, only: list[int] | None, ground: Ground, tolerance_m: float
) -> dict[int, list[Interval]]:
    """Return segment -> parts of its centreline within the tolerance, at most a quarter of its length, of a track."""
    found: dict[int, list[Interval]] = {}
    for segments, parts in _along(track, only, ground, tolerance_m):
        for row in np.unique(parts.row).tolist():
            found.setdefault(int(segments[row]), []).extend(parts.of(row))
    return found


def _along(
    track: BaseGeometry, only: list[int] | None, ground: Ground, tolerance_m: float
) -> Iterator[tuple[Ints, Parts]]:
    """Yield (segments, their parts near the track in stated metres), once for each turn of the globe it meets."""
    whole = unroll_geometry(track)
    boxes = _boxes_along(whole)
    for shift, _, near in ground.near(boxes, np.full(len(boxes), tolerance_m)):
        segments = np.unique(near)
        if only is not None:
            segments = segments[np.isin(segments, only)]
        if len(segments):
            reach = np.minimum(tolerance_m, ground.geodesic_m(segments) / 4)
            yield segments, ground.stated(ground.parts_within(shifted(whole, shift), segments, reach), segments)


def _boxes_along(track: BaseGeometry) -> NDArray[np.float64]:
    """Return (m, 4) bounds of a track a few edges at a time: what is not near one of them is not near the track."""
    edges = edges_of(track)
    first = np.arange(0, len(edges), EDGES_IN_BOX)
    west, east = (f.reduceat(f(edges[:, 0], edges[:, 2]), first) for f in (np.minimum, np.maximum))
    south, north = (f.reduceat(f(edges[:, 1], edges[:, 3]), first) for f in (np.minimum, np.maximum))
    return np.column_stack([west, south, east, north])


def _in_frame(shape: BaseGeometry, ground: Ground) -> Iterator[tuple[BaseGeometry, Ints]]:
    """Yield (shape moved into the ground's frame, segments whose boxes it meets)."""
    for shift, _, segments in ground.near(np.array([shape.bounds]), np.zeros(1)):
        there = shifted(shape, shift)
        shapely.prepare(there)
        yield there, segments


def area_columns(area: BaseGeometry, ground: Ground) -> Columns:
    """Return the parts of segments inside an area; a segment that is only touched has a part of no length."""
    columns = [_columns(())]
    for there, segments in _in_frame(unroll_geometry(area), ground):
        lines = ground.lines(segments)
        is_inside = shapely.contains_properly(there, lines)
        columns.append(_whole_columns(segments[is_inside], ground))
        rest = segments[~is_inside]
        rest = rest[shapely.intersects(there, lines[~is_inside])]
        if len(rest):
            columns.append(_part_columns(there, rest, ground))
    return {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}


def touched_segments(area: BaseGeometry, ground: Ground) -> Ints:
    """Return the segments that meet an area, ascending."""
    found = [np.empty(0, np.int64)]
    for there, segments in _in_frame(unroll_geometry(area), ground):
        found.append(segments[shapely.intersects(there, ground.lines(segments))])
    return np.unique(np.concatenate(found))


def _whole_columns(segments: Ints, ground: Ground) -> Columns:
    return {
        "segments": segments.astype(np.int32),
        "low": np.zeros(len(segments)),
        "high": np.asarray(ground.network.length_m[segments]),
        "is_whole": np.ones(len(segments), np.bool_),
    }


def _part_columns(area: BaseGeometry, segments: Ints, ground: Ground) -> Columns:
    parts = ground.stated(ground.parts_inside(area, segments), segments)
    length = np.asarray(ground.network.length_m[segments])
    is_whole = uncovered_by_row(parts.row, parts.low, parts.high, length) <= UNCOVERED_MAX_M + SLACK
    touched = np.setdiff1d(np.arange(len(segments)), parts.row)
    row = np.concatenate([parts.row, touched])
    return {
        "segments": segments[row].astype(np.int32),
        "low": np.concatenate([parts.low, np.zeros(len(touched))]),
        "high": np.concatenate([parts.high, np.zeros(len(touched))]),
        "is_whole": is_whole[row],
    }


def wholly_named(stretches: Iterable[Stretch], ground: Ground) -> Ints:
    """Return the segments named from end to end; a part of a segment is not enough."""
    length = ground.network.length_m
    named = _named_parts(stretches, ground)
    whole = [n for n, parts in named.items() if any(_is_whole(part, float(length[n])) for part in parts)]
    return np.array(sorted(whole), dtype=np.int64)


def _is_whole(part: Interval, length_m: float) -> bool:
    return uncovered_m([part], length_m) <= UNCOVERED_MAX_M + SLACK


def _solid(parts: Iterable[Interval]) -> list[Interval]:
    """Return the union of intervals without those of no length."""
    return [(low, high) for low, high in merge(parts) if high > low]


def _columns(rows: Sequence[tuple[int, float, float, bool]]) -> Columns:
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    dtypes = {"segments": np.int32, "low": np.float64, "high": np.float64, "is_whole": np.bool_}
    return {name: np.array(part, dtype) for (name, dtype), part in zip(dtypes.items(), columns, strict=True)}
