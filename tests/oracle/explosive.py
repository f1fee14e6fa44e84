"""X: explosive hazards near the road, and what closing acts leave of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely
from shapely.geometry.base import BaseGeometry

from tests.oracle.documents import Record
from tests.oracle.ground import INFINITE, grown
from tests.oracle.knowledge import LAND_RELEASE, act_of
from tests.oracle.states import AMBER, BLACK, RED, Reason, lowered

if TYPE_CHECKING:
    from tests.oracle.row import Row


def explosive(row: Row, t: int, erroneous: frozenset[str]) -> list[Reason]:
    """Return the reasons X1, X2 and X3."""
    out = []
    for f in row.explosives:
        if f.id in erroneous or (f.p.get("new_emplacement") and t < f.eff):
            continue
        acts = [a for a in row.knowledge.acts_on.get(f.id, ()) if row.judge.works(a, f, t)]
        if any(act_of(a) == "destroyed" for a in acts):
            continue
        land = tuple(a for a in acts if act_of(a) in LAND_RELEASE)
        e = reach(row, f, land)
        level = row.knowledge.level(f, erroneous)
        if e < INFINITE and row.ground.reaches(e, row.w):
            state = {"confirmed": BLACK, "suspected": RED, "doubtful": AMBER}[level]
            coarse = row.ground.is_coarse(row.segment, f)
            state = lowered(state) if coarse else state
            reason = Reason("explosive", "X2" if coarse else "X1", state, [f.id], None)
        elif e < INFINITE and row.ground.reaches(e, max(row.policy["near_band_m"], row.w)):
            reason = Reason("explosive", "X3", AMBER, [f.id], None)
        else:
            continue
        c = row.knowledge.confidence(f, erroneous)
        sure = f.p["hazard"] == "cha" or row.knowledge.is_eod_confirmed(f)
        reason.confidence = max(c, 0.95) if sure else c
        reason.source, reason.acts = f, land
        out.append(reason)
    return out


def rest(row: Row, f: Record, acts: tuple[Record, ...]) -> tuple[BaseGeometry, float]:
    """Return what these acts leave of a hazard, in the segment's frame, and the uncertainty still to add."""
    shape, u = row.ground.shape(row.segment, f), row.ground.uncertainty(f)
    assert shape is not None
    if not acts:
        return shape, u
    surveyed = f.p["location"]["method"] == "survey"
    key = (f.id, *(a.id for a in acts))
    if key not in row.rests:
        polygons = [row.ground.shape(row.segment, a) for a in acts]
        released = shapely.union_all([grown(p, 0.5) for p in polygons if p is not None])
        row.rests[key] = shapely.difference(shape if surveyed else grown(shape, u), released)
    return row.rests[key], u if surveyed else 0.0


def reach(row: Row, f: Record, acts: tuple[Record, ...]) -> float:
    """Return e, infinite when nothing of the hazard is left."""
    left, u = rest(row, f, acts)
    if not acts:
        return row.ground.distance(row.segment, f) - u
    if left.is_empty:
        return INFINITE
    return float(shapely.distance(row.ground.lines[row.segment.id].shape, left)) - u
