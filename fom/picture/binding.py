"""Binding: which segments each record lies on, and how. Worked out once per record; time and knowledge play no part.

Source: facts format, sections 1.3, 1.4, 3 to 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.geodesy import Plane, bounds_with_reach, distance_m, unroll_geometry
from fom.domain.grades import SLACK
from fom.domain.intervals import Interval, intersect, merge, uncovered_m
from fom.domain.ledger import Ledger
from fom.domain.phases import IMPRECISE, NEAR, ON
from fom.domain.places import shape_of, uncertainty_m
from fom.domain.policy import Policy
from fom.domain.records import (
    ClosingAct,
    Control,
    Explosive,
    Incident,
    Manual,
    Physical,
    Record,
    Season,
    Stretch,
    ThreatArea,
    Verification,
)
from fom.domain.references import stretches_of
from fom.domain.verification import UNCOVERED_MAX_M
from fom.network.network import Network
from fom.picture.ground import Ground
from fom.picture.pairs import Pairs
from fom.picture.unions import uncovered_by_row

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
RELEASE_MARGIN_M = 0.5
"""Ground released by a closing act is grown by this. Source: facts format, section 4, "Partial cover"."""
QUARTER_SEGMENTS = 64
"""Pieces of a quarter circle where shapes are grown; the error is below 0.01 per cent."""
OUTWARD = 1 / np.cos(np.pi / (4 * QUARTER_SEGMENTS))
"""Factor that puts the polygon round a circle outside it."""
Limiting = Explosive | Physical | Control | Manual
NO_ACTS: frozenset[str] = frozenset()
PAIR_NAMES = ("limits", "risks", "passages", "areas", "seasons", "improvements")


def pairs_for(record: Record) -> str:
    """Return the name of the pairs in which a record is bound."""
    if isinstance(record, Manual) and record.mode == "improve":
        return "improvements"
    return {"incident": "risks", "verification": "passages", "threat_area": "areas", "season": "seasons"}.get(
        record.kind, "limits"
    )


@dataclass
class Bindings:
    """Everything bound so far, by what is needed of it."""

    limits: Pairs
    """Explosive, physical, control, worsening by hand; value `zone`."""
    risks: Pairs
    """Incidents; value `nearness` 0 to 1."""
    passages: Pairs
    """Verifications; one row per interval: `low`, `high` metres, `is_whole` when it alone covers the segment."""
    areas: Pairs
    """Threat areas; rows as for passages."""
    seasons: Pairs
    improvements: Pairs
    place_of: dict[tuple[str, frozenset[str]], int] = field(default_factory=dict)
    """(record id, acts whose land is taken off) -> placement among the pairs of its kind."""
    finds: dict[str, BaseGeometry] = field(default_factory=dict)
    """New emplacement -> its shape."""
    release_areas: dict[str, BaseGeometry] = field(default_factory=dict)
    """Land-release act -> its area."""
    asset_segments: dict[bytes, Ints] = field(default_factory=dict)
    owners: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in PAIR_NAMES})
    """Name of the pairs -> placement -> record id."""
    _name_of: dict[str, str] = field(default_factory=dict)
    dropped: list[tuple[str, int]] = field(default_factory=list)
    """(name of the pairs, placement) of records taken out."""

    def add(
        self, name: str, record_id: str, segments: NDArray[Any], *, acts: frozenset[str] = NO_ACTS, **values: Any
    ) -> int:
        """Add a placement of a record and return its number."""
        placement = self.pairs(name).add(segments, **values)
        self.owners[name].append(record_id)
        self._name_of[record_id] = name
        self.place_of[record_id, acts] = placement
        return placement

    def pairs(self, name: str) -> Pairs:
        """Return the pairs of a name in PAIR_NAMES."""
        found: Pairs = getattr(self, name)
        return found

    def forget(self, record_id: str) -> None:
        """Drop a record and what was worked out with it; its pairs stay and are not read any more."""
        for key in [key for key in self.place_of if key[0] == record_id or record_id in key[1]]:
            self.dropped.append((self._name_of[key[0]], self.place_of.pop(key)))
        self.finds.pop(record_id, None)
        self.release_areas.pop(record_id, None)

    def segments_of(self, record: Record) -> list[NDArray[np.int32]]:
        """Return the segments of a record's whole place."""
        placement = self.place_of.get((record.id, NO_ACTS))
        return [] if placement is None else [self.pairs(pairs_for(record)).segments_of[placement]]

    def limiting_on(self, segments: Ints) -> list[str]:
        """Return the ids of facts, controls and worsenings that lie on some segments."""
        return self._on("limits", segments)

    def records_on(self, segments: Ints) -> list[str]:
        """Return the ids of all records with phases that lie on some segments."""
        return [record_id for name in ("limits", "risks", "passages", "improvements") for record_id in self._on(name, segments)]

    def _on(self, name: str, segments: Ints) -> list[str]:
        placements = np.unique(self.pairs(name).view().gather(segments)["placement"])
        owners = self.owners[name]
        return list(dict.fromkeys(owners[placement] for placement in placements.tolist()))

    @classmethod
    def empty(cls, network: Network) -> Bindings:
        """Return bindings of nothing to a network."""
        n = network.n_segments
        parts = {"low": np.float64, "high": np.float64, "is_whole": np.bool_}
        owner = np.repeat(np.arange(n), np.diff(network.asset_start))
        ids = network.asset_ids[network.asset_of] if len(network.asset_of) else np.empty(0, "S1")
        by_asset: dict[bytes, list[int]] = {}
        for asset_id, segment in zip(ids.tolist(), owner.tolist(), strict=True):
            by_asset.setdefault(asset_id, []).append(segment)
        return cls(
            Pairs(n, {"zone": np.uint8}), Pairs(n, {"nearness": np.float64}), Pairs(n, parts), Pairs(n, parts),
            Pairs(n, {}), Pairs(n, {}),
            asset_segments={asset_id: np.unique(np.array(of)) for asset_id, of in by_asset.items()},
        )  # fmt: skip

    def copy(self) -> Bindings:
        """Return bindings that grow on their own."""
        return Bindings(
            self.limits.copy(), self.risks.copy(), self.passages.copy(), self.areas.copy(), self.seasons.copy(),
            self.improvements.copy(), dict(self.place_of), dict(self.finds), dict(self.release_areas), self.asset_segments,
            {name: list(owners) for name, owners in self.owners.items()}, dict(self._name_of), list(self.dropped),
        )  # fmt: skip


class Binder:
    """Binds records to one network under one policy."""

    def __init__(self, ground: Ground, policy: Policy) -> None:
        self.ground, self.policy, self.network = ground, policy, ground.network

    def bind_all(self, records: Iterable[Record], ledger: Ledger, bindings: Bindings) -> None:
        """Bind records; those known by a point are measured together."""
        points: list[tuple[Record, shapely.Point]] = []
        for record in records:
            shape = self._point_of(record, bindings)
            if shape is not None:
                points.append((record, shape))
            else:
                self._bind_one(record, bindings)
            if isinstance(record, Explosive) and record.new_emplacement:
                self._bind_find(record, ledger, bindings)
            if isinstance(record, ClosingAct) and record.geometry is not None:
                self._bind_release(record, ledger, bindings)
        if points:
            self._bind_points(points, bindings)

    # by a point

    def _point_of(self, record: Record, bindings: Bindings) -> shapely.Point | None:
        if not isinstance(record, Limiting | Incident) or self._named_segments(record, bindings) is not None:
            return None
        shape = shape_of(record)
        return shape if isinstance(shape, shapely.Point) else None

    def _bind_points(self, points: Sequence[tuple[Record, shapely.Point]], bindings: Bindings) -> None:
        uncertainty = np.array([uncertainty_m(record.location, self.policy) for record, _ in points])
        reach = np.array([self._reach_m(record) for record, _ in points]) + uncertainty
        xy = np.array([(p.x, p.y) for _, p in points])
        item, segment, distance = self._near_points(xy, reach)
        order = np.argsort(item, kind="stable")
        item, segment, distance = item[order], segment[order], distance[order]
        bounds = np.searchsorted(item, np.arange(len(points) + 1))
        for at, (record, _) in enumerate(points):
            rows = slice(bounds[at], bounds[at + 1])
            self._add_measured(record, segment[rows], distance[rows], float(uncertainty[at]), bindings)

    def _near_points(self, xy: Floats, reach: Floats) -> tuple[Ints, Ints, Floats]:
        items, segments, distances = [], [], []
        for shift, item, segment in self.ground.near(np.hstack([xy, xy]), reach):
            distance = self.ground.point_distances(xy[item, 0] + shift, xy[item, 1], segment)
            keep = distance <= reach[item] + SLACK
            items.append(item[keep])
            segments.append(segment[keep])
            distances.append(distance[keep])
        if not items:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        return np.concatenate(items), np.concatenate(segments), np.concatenate(distances)

    def _reach_m(self, record: Record) -> float:
        """Return how far beyond its uncertainty a record can matter."""
        if isinstance(record, Incident):
            return self.policy.risk_far_m
        if isinstance(record, Explosive):
            return max(self.policy.near_band_m, self.ground.widest_corridor_m)
        return self.ground.widest_corridor_m

    # by another shape, by names

    def _bind_one(self, record: Record, bindings: Bindings) -> None:
        if isinstance(record, Verification):
            self._bind_passage(record, bindings)
        elif isinstance(record, ThreatArea):
            self._bind_area(record, bindings)
        elif isinstance(record, Season):
            if record.geometry is not None:
                bindings.add("seasons", record.id, self._touched(record.geometry))
        elif isinstance(record, Manual) and record.mode == "improve":
            bindings.add("improvements", record.id, self._wholly_named(record.segments))
        elif isinstance(record, Limiting | Incident):
            self._bind_limiting(record, bindings)

    def _named_segments(self, record: Record, bindings: Bindings) -> Ints | None:
        """Return the segments of a record that names them or an asset, None when it names neither."""
        if isinstance(record, Physical) and record.asset is not None:
            return bindings.asset_segments[record.asset.encode()]
        stretches = () if isinstance(record, Verification) else stretches_of(record)
        return self._numbers(stretches) if stretches else None

    def _numbers(self, stretches: Iterable[Stretch]) -> Ints:
        found = {self.network.find_segment(stretch.segment_id) for stretch in stretches}
        return np.array(sorted(number for number in found if number is not None), dtype=np.int64)

    def _bind_limiting(self, record: Record, bindings: Bindings) -> None:
        named = self._named_segments(record, bindings)
        if named is not None:
            bindings.add("limits", record.id, named, zone=ON)
            return
        shape = shape_of(record)
        if shape is None:
            return
        uncertainty = uncertainty_m(record.location, self.policy)
        segments, distance = self._near_shape(shape, self._reach_m(record) + uncertainty)
        self._add_measured(record, segments, distance, uncertainty, bindings)

    def _near_shape(self, shape: BaseGeometry, reach_m: float) -> tuple[Ints, Floats]:
        """Return the segments within reach of a shape and their distances."""
        whole = unroll_geometry(shape)
        best: dict[int, float] = {}
        for shift, _, segment in self.ground.near(np.array([whole.bounds]), np.array([reach_m])):
            distance = self.ground.shape_distances(moved(whole, shift), segment)
            for number, metres in zip(segment.tolist(), distance.tolist(), strict=True):
                if metres <= reach_m + SLACK:
                    best[number] = min(metres, best.get(number, metres))
        numbers = sorted(best)
        return np.array(numbers, dtype=np.int64), np.array([best[number] for number in numbers])

    def _add_measured(
        self, record: Record, segments: Ints, distance: Floats, uncertainty: float, bindings: Bindings
    ) -> None:
        if isinstance(record, Incident):
            nearness = self._nearness(np.maximum(0.0, distance - uncertainty))
            keep = nearness > 0
            bindings.add("risks", record.id, segments[keep], nearness=nearness[keep])
            return
        keep, zone = self.zones(record, segments, distance - uncertainty, distance, uncertainty)
        bindings.add("limits", record.id, segments[keep], zone=zone[keep])

    def _nearness(self, distance: Floats) -> Floats:
        """Return the factor of an incident: 1 up to the near distance, falling to 0 at the far one."""
        near, far = self.policy.risk_near_m, self.policy.risk_far_m
        if far <= near:
            return np.where(distance <= near, 1.0, 0.0)
        return np.clip((far - distance) / (far - near), 0.0, 1.0)

    def zones(
        self, record: Record, segments: Ints, e: Floats, d: Floats, u: float
    ) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
        """Return which segments a record touches, and in which zone each lies.

        e = distance from the nearest place it may be, d = from the place stated, u = its uncertainty; all metres.
        """
        w = self.ground.corridor_m[segments]
        is_on = e <= w + SLACK
        is_loose = isinstance(record, Explosive | Physical | Control) and u > self.policy.imprecise_m + SLACK
        is_imprecise = is_on & (d + u > w + SLACK) if is_loose else np.zeros(len(segments), np.bool_)
        zone = np.where(is_imprecise, IMPRECISE, np.where(is_on, ON, NEAR)).astype(np.uint8)
        if isinstance(record, Explosive):
            return is_on | (e <= np.maximum(self.policy.near_band_m, w) + SLACK), zone
        return is_on, zone

    # verifications, areas

    def _bind_passage(self, record: Verification, bindings: Bindings) -> None:
        parts = self.passage_parts(record)
        length = self.network.length_m
        rows: list[tuple[int, float, float, bool]] = []
        for number, pieces in sorted(parts.items()):
            is_whole = uncovered_m(pieces, float(length[number])) <= UNCOVERED_MAX_M + SLACK
            rows += [(number, low, high, is_whole) for low, high in pieces]
        bindings.add("passages", record.id, **_columns(rows))

    def passage_parts(self, record: Verification) -> dict[int, list[Interval]]:
        """Return segment -> parts that a verification covers, metres from its start."""
        named = self._named_parts(record.segments)
        if record.geometry is None:
            return {n: merged for n, parts in named.items() if (merged := _solid(parts))}
        followed = self._followed(record.geometry, list(named) if record.segments else None)
        if record.segments:
            followed = {n: intersect(merge(parts), merge(named[n])) for n, parts in followed.items()}
        return {n: merged for n, parts in followed.items() if (merged := _solid(parts))}

    def _named_parts(self, stretches: Iterable[Stretch]) -> dict[int, list[Interval]]:
        """Return segment -> the intervals named, metres from its start."""
        named: dict[int, list[Interval]] = {}
        lengths = self.network.length_m
        for stretch in stretches:
            number = self.network.find_segment(stretch.segment_id)
            if number is not None:
                length = float(lengths[number])
                end = length if stretch.to_m is None else min(stretch.to_m, length)
                named.setdefault(number, []).append((stretch.from_m, end))
        return named

    def _followed(self, track: BaseGeometry, only: list[int] | None) -> dict[int, list[Interval]]:
        """Return segment -> parts of its centreline within the tolerance of a track."""
        whole = unroll_geometry(track)
        found: dict[int, list[Interval]] = {}
        tolerance = self.policy.track_tolerance_m
        shapely.prepare(whole)
        for shift, _, segments in self.ground.near(np.array([whole.bounds]), np.array([tolerance])):
            line = moved(whole, shift)
            if only is not None:
                segments = segments[np.isin(segments, only)]
            segments = segments[_boxes_meet(line, self.ground.lines[segments], tolerance)]
            if not len(segments):
                continue
            reach = np.minimum(tolerance, self.network.length_m[segments] / 4)
            parts = self.ground.stated(self.ground.parts_within(line, segments, reach), segments)
            for row in np.unique(parts.row).tolist():
                found.setdefault(int(segments[row]), []).extend(parts.of(row))
        return found

    def _bind_area(self, record: ThreatArea, bindings: Bindings) -> None:
        whole = unroll_geometry(record.geometry)
        columns = [_columns(())]
        for shift, _, segments in self.ground.near(np.array([whole.bounds]), np.zeros(1)):
            area = moved(whole, shift)
            shapely.prepare(area)
            lines = self.ground.lines[segments]
            is_inside = shapely.contains_properly(area, lines)
            columns.append(self._whole_columns(segments[is_inside]))
            rest = segments[~is_inside]
            rest = rest[shapely.intersects(area, lines[~is_inside])]
            if len(rest):
                columns += [self._part_columns(area, rest)]
        joined: dict[str, Any] = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
        bindings.add("areas", record.id, **joined)

    def _whole_columns(self, segments: Ints) -> dict[str, NDArray[Any]]:
        return {
            "segments": segments.astype(np.int32),
            "low": np.zeros(len(segments)),
            "high": np.asarray(self.network.length_m[segments]),
            "is_whole": np.ones(len(segments), np.bool_),
        }

    def _part_columns(self, area: BaseGeometry, segments: Ints) -> dict[str, NDArray[Any]]:
        """Return the parts of segments inside an area; one that is only touched has a part of no length."""
        parts = self.ground.stated(self.ground.parts_inside(area, segments), segments)
        length = np.asarray(self.network.length_m[segments])
        is_whole = uncovered_by_row(parts.row, parts.low, parts.high, length) <= UNCOVERED_MAX_M + SLACK
        touched = np.setdiff1d(np.arange(len(segments)), parts.row)
        row = np.concatenate([parts.row, touched])
        none = np.zeros(len(touched))
        return {
            "segments": segments[row].astype(np.int32),
            "low": np.concatenate([parts.low, none]),
            "high": np.concatenate([parts.high, none]),
            "is_whole": is_whole[row],
        }

    def _touched(self, shape: BaseGeometry) -> Ints:
        """Return the segments that meet an area."""
        whole = unroll_geometry(shape)
        found: list[Ints] = []
        for shift, _, segments in self.ground.near(np.array([whole.bounds]), np.zeros(1)):
            area = moved(whole, shift)
            shapely.prepare(area)
            found.append(segments[shapely.intersects(area, self.ground.lines[segments])])
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)

    def _wholly_named(self, stretches: Iterable[Stretch]) -> Ints:
        """Return the segments named from end to end; a part of a segment is not enough."""
        length = self.network.length_m
        named = self._named_parts(stretches)
        whole = [n for n, parts in named.items() if uncovered_m(parts, float(length[n])) <= UNCOVERED_MAX_M + SLACK]
        return np.array(sorted(whole), dtype=np.int64)

    # land release

    def _bind_find(self, find: Explosive, ledger: Ledger, bindings: Bindings) -> None:
        shape = shape_of(find)
        if shape is None:
            return
        bindings.finds[find.id] = unroll_geometry(shape)
        for act_id, area in bindings.release_areas.items():
            self._join_find(find, act_id, area, ledger, bindings)

    def _bind_release(self, act: ClosingAct, ledger: Ledger, bindings: Bindings) -> None:
        bindings.release_areas[act.id] = area = unroll_geometry(act.geometry)
        for find_id in bindings.finds:
            find = ledger.records.get(find_id)
            if isinstance(find, Explosive):
                self._join_find(find, act.id, area, ledger, bindings)

    def _join_find(self, find: Explosive, act_id: str, area: BaseGeometry, ledger: Ledger, bindings: Bindings) -> None:
        u = uncertainty_m(find.location, self.policy)
        if shapes_distance_m(bindings.finds[find.id], area, u) <= u + SLACK:
            near = ledger.finds_near.get(act_id, ())
            if all(other.id != find.id for other in near):
                ledger.finds_near[act_id] = (*near, find)

    def place_without(self, fact: Explosive, acts: frozenset[str], ledger: Ledger, bindings: Bindings) -> int | None:
        """Return the placement of what is left of a fact when the land of these acts is released.

        None when the fact has no place. The place is worked out once for each set of acts.
        """
        key = (fact.id, acts)
        if key in bindings.place_of or not acts:
            return bindings.place_of.get(key)
        shape = shape_of(fact)
        whole = bindings.place_of.get((fact.id, NO_ACTS))
        if shape is None or whole is None:
            return None
        rest, plane, margin = remainder(fact, acts, bindings, self.policy)
        segments = bindings.limits.segments_of[whole].astype(np.int64)
        if rest.is_empty or not len(segments):
            segments = segments[:0]
        rest_deg = shapely.transform(rest, plane.unproject)
        left = self._distances_any_frame(rest_deg, segments) if len(segments) else np.empty(0)
        original = self._distances_any_frame(unroll_geometry(shape), segments) if len(segments) else np.empty(0)
        u = uncertainty_m(fact.location, self.policy)
        keep, zone = self.zones(fact, segments, left - margin, original, u)
        return bindings.add("limits", fact.id, segments[keep], acts=acts, zone=zone[keep])

    def _distances_any_frame(self, shape: BaseGeometry, segments: Ints) -> Floats:
        turns = np.round((self.ground.coords[self.ground.start[segments], 0] - shape.bounds[0]) / 360.0)
        result = np.empty(len(segments))
        for turn in np.unique(turns):
            rows = np.flatnonzero(turns == turn)
            result[rows] = self.ground.shape_distances(moved(shape, 360.0 * turn), segments[rows])
        return result


def remainder(
    fact: Explosive, acts: Iterable[str], bindings: Bindings, policy: Policy
) -> tuple[BaseGeometry, Plane, float]:
    """Return what is left of a fact's place without released ground, its plane, and the u still to be taken off distances.

    A surveyed outline is marked on the ground, so clearing the outline clears it: rest = outline - released, e = d - u.
    Any other place is every place within u: rest = (outline grown by u) - released, e = d.
    """
    shape = unroll_geometry(shape_of(fact))
    centre = shape.centroid
    plane = Plane.at(centre.x, centre.y)
    flat = plane.project_shape(shape)
    u = uncertainty_m(fact.location, policy)
    is_surveyed = fact.location is not None and fact.location.method == "survey"
    if not is_surveyed and u > 0:
        flat = flat.buffer(u * OUTWARD, quad_segs=QUARTER_SEGMENTS)
    released = []
    for act_id in sorted(acts):
        area = bindings.release_areas[act_id]
        turn = 360.0 * round((centre.x - area.bounds[0]) / 360.0)
        released.append(plane.project_shape(moved(area, turn)).buffer(RELEASE_MARGIN_M, quad_segs=QUARTER_SEGMENTS))
    rest = shapely.difference(flat, shapely.union_all(released)) if released else flat
    return rest, plane, u if is_surveyed else 0.0


def moved(shape: BaseGeometry, shift: float) -> BaseGeometry:
    """Return the shape moved by a number of degrees of longitude."""
    if shift == 0.0:
        return shape
    result: BaseGeometry = shapely.transform(shape, lambda xy: xy + np.array([shift, 0.0]))
    return result


def shapes_distance_m(one: BaseGeometry, other: BaseGeometry, enough_m: float) -> float:
    """Return the geodesic distance between two shapes near each other; beyond `enough_m` any larger number may come."""
    turn = 360.0 * round((one.bounds[0] - other.bounds[0]) / 360.0)
    there = moved(other, turn)
    box = bounds_with_reach(np.array([one.bounds]), enough_m)[0]
    if not shapely.box(*box).intersects(shapely.box(*there.bounds)):
        return float("inf")
    plane = Plane.at(one.centroid.x, one.centroid.y)
    ends = plane.unproject(
        shapely.get_coordinates(shapely.shortest_line(plane.project_shape(one), plane.project_shape(there)))
    )
    return float(distance_m(ends[:1, 0], ends[:1, 1], ends[1:, 0], ends[1:, 1])[0])


def _boxes_meet(line: BaseGeometry, lines: NDArray[np.object_], reach_m: float) -> NDArray[np.bool_]:
    """Return which lines may lie within reach of a track (never too few)."""
    if not len(lines):
        return np.zeros(0, np.bool_)
    lat = max(abs(line.bounds[1]), abs(line.bounds[3]))
    plane = Plane.at(0.0, min(lat + 0.01, 89.9))
    degrees = reach_m * 1.02 / min(plane.kx, plane.ky)
    result: NDArray[np.bool_] = shapely.dwithin(line, lines, degrees)
    return result


def _solid(parts: Iterable[Interval]) -> list[Interval]:
    """Return the union of intervals without those of no length."""
    return [(low, high) for low, high in merge(parts) if high > low]


def _columns(rows: Sequence[tuple[int, float, float, bool]]) -> dict[str, Any]:
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    names = ("segments", "low", "high", "is_whole")
    dtypes = (np.int32, np.float64, np.float64, np.bool_)
    return {name: np.array(part, dtype) for name, part, dtype in zip(names, columns, dtypes, strict=True)}
