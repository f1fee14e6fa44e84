"""Binding: which segments each record lies on, and how. Worked out once per record; time and knowledge play no part.

Source: facts format, sections 1.3, 1.4, 3 to 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.geodesy import shifted, unroll_geometry
from fom.domain.grades import SLACK
from fom.domain.ledger import Ledger
from fom.domain.phases import IMPRECISE, NEAR, ON
from fom.domain.places import shape_of, uncertainty_m
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
from fom.network.network import Network
from fom.picture.bindings import NO_ACTS, Bindings
from fom.picture.covering import area_columns, passage_columns, touched_segments, wholly_named
from fom.picture.ground import Ground
from fom.picture.measures import Measures
from fom.picture.releasing import remainder, shapes_distance_m

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Limiting = Explosive | Physical | Control | Manual


class Binder:
    """Binds records to one network by the measures of one policy."""

    def __init__(self, network: Network, measures: Measures) -> None:
        self.network, self.measures = network, measures
        self.ground = Ground(network, measures.corridor_m)

    def stale_under(self, measures: Measures) -> frozenset[str]:
        """Return the names of the pairs that must be bound anew for other measures.

        Passages, which are most records, are told the tolerance of tracks alone; areas, seasons, improvements nothing.
        """
        same_tolerance = replace(measures, track_tolerance_m=self.measures.track_tolerance_m)
        stale = {"limits", "risks"} if same_tolerance != self.measures else set()
        if measures.track_tolerance_m != self.measures.track_tolerance_m:
            stale.add("passages")
        return frozenset(stale)

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

    def expect(self, record: Record) -> int:
        """Return on about how many segments a record lies, from the boxes of its place; not too few for an area."""
        named = getattr(record, "segments", ())
        shape = shape_of(record) if isinstance(record, Limiting | Incident) else getattr(record, "geometry", None)
        if named or shape is None:
            return len(named)
        reach = self.measures.track_tolerance_m
        if isinstance(record, Limiting | Incident):
            reach = self._reach_m(record) + uncertainty_m(record.location, self.measures)
        return self.ground.count_near(np.array([unroll_geometry(shape).bounds]), np.array([reach]))

    # by a point

    def _point_of(self, record: Record, bindings: Bindings) -> shapely.Point | None:
        if not isinstance(record, Limiting | Incident) or self._named_segments(record, bindings) is not None:
            return None
        shape = shape_of(record)
        return shape if isinstance(shape, shapely.Point) else None

    def _bind_points(self, points: Sequence[tuple[Record, shapely.Point]], bindings: Bindings) -> None:
        uncertainty = np.array([uncertainty_m(record.location, self.measures) for record, _ in points])
        reach = np.array([self._reach_m(record) for record, _ in points]) + uncertainty
        xy = np.array([(p.x, p.y) for _, p in points])
        item, segment, distance = self.ground.near_points(xy, reach)
        if len(points) == 1:
            self._add_measured(points[0][0], segment, distance, float(uncertainty[0]), bindings)
            return
        order = np.argsort(item, kind="stable")
        item, segment, distance = item[order], segment[order], distance[order]
        bounds = np.searchsorted(item, np.arange(len(points) + 1))
        for at, (record, _) in enumerate(points):
            rows = slice(bounds[at], bounds[at + 1])
            self._add_measured(record, segment[rows], distance[rows], float(uncertainty[at]), bindings)

    def _reach_m(self, record: Record) -> float:
        """Return how far beyond its uncertainty a record can matter."""
        if isinstance(record, Incident):
            return self.measures.risk_far_m
        if isinstance(record, Explosive):
            return max(self.measures.near_band_m, self.ground.widest_corridor_m)
        return self.ground.widest_corridor_m

    # by another shape, by names

    def _bind_one(self, record: Record, bindings: Bindings) -> None:
        if isinstance(record, Verification):
            parts = passage_columns(record, self.ground, self.measures.track_tolerance_m)
            bindings.add("passages", record.id, **parts)
        elif isinstance(record, ThreatArea):
            bindings.add("areas", record.id, **area_columns(record.geometry, self.ground))
        elif isinstance(record, Season):
            if record.geometry is not None:
                bindings.add("seasons", record.id, touched_segments(record.geometry, self.ground))
        elif isinstance(record, Manual) and record.mode == "improve":
            bindings.add("improvements", record.id, wholly_named(record.segments, self.ground))
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
        uncertainty = uncertainty_m(record.location, self.measures)
        segments, distance = self._near_shape(shape, self._reach_m(record) + uncertainty)
        self._add_measured(record, segments, distance, uncertainty, bindings)

    def _near_shape(self, shape: BaseGeometry, reach_m: float) -> tuple[Ints, Floats]:
        """Return the segments within reach of a shape and their distances."""
        whole = unroll_geometry(shape)
        numbers, distances = [np.empty(0, np.int64)], [np.empty(0)]
        for shift, _, segment in self.ground.near(np.array([whole.bounds]), np.array([reach_m])):
            distance = self.ground.shape_distances(shifted(whole, shift), segment, reach_m=reach_m)
            is_near = distance <= reach_m + SLACK
            numbers.append(segment[is_near])
            distances.append(distance[is_near])
        found, row = np.unique(np.concatenate(numbers), return_inverse=True)
        best = np.full(len(found), np.inf)
        np.minimum.at(best, row, np.concatenate(distances))
        return found, best

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
        near, far = self.measures.risk_near_m, self.measures.risk_far_m
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
        is_loose = isinstance(record, Explosive | Physical | Control) and u > self.measures.imprecise_m + SLACK
        is_imprecise = is_on & (d + u > w + SLACK) if is_loose else np.zeros(len(segments), np.bool_)
        zone = np.where(is_imprecise, IMPRECISE, np.where(is_on, ON, NEAR)).astype(np.uint8)
        if isinstance(record, Explosive):
            return is_on | (e <= np.maximum(self.measures.near_band_m, w) + SLACK), zone
        return is_on, zone

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
        u = uncertainty_m(find.location, self.measures)
        if shapes_distance_m(bindings.finds[find.id], area, u) <= u + SLACK:
            near = ledger.finds_near.get(act_id, ())
            if all(other.id != find.id for other in near):
                ledger.finds_near[act_id] = (*near, find)

    def place_without(self, fact: Explosive, acts: frozenset[str], bindings: Bindings) -> int | None:
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
        rest, plane, margin = remainder(fact, acts, bindings, self.measures)
        segments = bindings.limits.segments_of[whole].astype(np.int64)
        if rest.is_empty or not len(segments):
            segments = segments[:0]
        rest_deg = shapely.transform(rest, plane.unproject)
        left = self._distances_any_frame(rest_deg, segments) if len(segments) else np.empty(0)
        original = self._distances_any_frame(unroll_geometry(shape), segments) if len(segments) else np.empty(0)
        u = uncertainty_m(fact.location, self.measures)
        keep, zone = self.zones(fact, segments, left - margin, original, u)
        return bindings.add("limits", fact.id, segments[keep], acts=acts, zone=zone[keep])

    def _distances_any_frame(self, shape: BaseGeometry, segments: Ints) -> Floats:
        turns = np.round((self.ground.coords[self.ground.start[segments], 0] - shape.bounds[0]) / 360.0)
        result = np.empty(len(segments))
        for turn in np.unique(turns):
            rows = np.flatnonzero(turns == turn)
            result[rows] = self.ground.shape_distances(shifted(shape, 360.0 * turn), segments[rows])
        return result
