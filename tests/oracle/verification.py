"""V: who passed or searched the road, how old that is, and how long it lasts there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.documents import Record, hours
from tests.oracle.ground import SLACK, merged, total
from tests.oracle.physical import has_required_limit
from tests.oracle.states import AMBER, GREEN, GREY, Reason

if TYPE_CHECKING:
    from tests.oracle.row import Row


LEVELS = ("minimal", "low", "medium", "high")


def find_counting(row: Row) -> list[tuple[Record, list[tuple[float, float]]]]:
    """Return the verifications that count here, newest first, with what they cover."""
    out = []
    for v in row.judge.proofs:
        if row.is_this_way(v) and _is_class_proven(row, v):
            cover = row.ground.cover(row.segment, v)
            if cover:
                out.append((v, cover))
    return sorted(out, key=lambda pair: (-pair[0].eff, pair[0].id))


def _is_class_proven(row: Row, v: Record) -> bool:
    passed = v.p.get("passed")
    if row.judge.fits(passed):
        return True
    if not _are_limits_known(row):
        return False
    is_search = v.p["strength"] in ("route_search", "engineer_recce")
    return is_search or (
        passed is not None and row.judge.documents.profiles[passed]["vehicle"] in ("wheeled", "tracked")
    )


def _are_limits_known(row: Row) -> bool:
    limits = row.segment.limits
    has_class = limits.get("mlc") is not None or limits.get("mass_t") is not None
    has_size = limits.get("width_m") is not None and limits.get("height_m") is not None
    return has_class and has_size and all(has_required_limit(a) for a in row.segment.assets)


def verified(row: Row, t: int) -> tuple[int | None, list[Record]]:
    """Return verified_at and the verifications it rests on."""
    intervals: list[tuple[float, float]] = []
    for v, cover in row.counting:
        if v.eff <= t:
            intervals.extend(cover)
            if row.ground.is_covered(row.segment, intervals):
                return v.eff, [o for o, _ in row.counting if v.eff <= o.eff <= t]
    return None, []


def limit_us(row: Row, t: int) -> int:
    """Return T at t."""
    active = [a for a in row.areas if is_within(a, t)]
    level = "high"
    if active and not _is_partly_outside(row, active):
        level = max((a.p["level"] or "high" for a in active), key=LEVELS.index)
    seasons = [s.p["season"] for s in row.seasons if is_within(s, t)]
    limit = hours(row.policy["verification_h"][level])
    if row.segment.road_type != "X" and ("wet" in seasons or not seasons):
        limit = min(limit, hours(row.policy["wet_h"][row.segment.road_type]))
    return limit


def _is_partly_outside(row: Row, areas: list[Record]) -> bool:
    key = tuple(a.id for a in areas)
    if key not in row.partly_outside:
        inside = merged([i for a in areas for i in row.ground.inside(row.segment, a)])
        left = row.ground.lines[row.segment.id].stated - total(inside)
        if 0.5 < left < 1.5:
            row.ground.close_calls.append(f"{row.segment.id}: {left:.3f} m in no threat area")
        row.partly_outside[key] = left > 1 - SLACK
    return row.partly_outside[key]


def verification(row: Row, t: int) -> tuple[Reason, int | None]:
    """Return the reason V1, V2 or V3, and verified_at."""
    verified_at, proofs = verified(row, t)
    ids = [v.id for v in proofs]
    confidence = min((row.knowledge.own_confidence(v) for v in proofs), default=None)
    limit = limit_us(row, t)
    if verified_at is not None and t - verified_at <= limit:
        return Reason("verification", "V1", GREEN, ids, confidence), verified_at
    if verified_at is not None and t - verified_at <= 2 * limit:
        return Reason("verification", "V2", AMBER, ids, confidence), verified_at
    return Reason("verification", "V3", GREY, ids, confidence), verified_at


def is_within(record: Record, t: int) -> bool:
    """Return whether t lies in [start, end], a missing bound being open."""
    return (record.start is None or record.start <= t) and (record.end is None or t <= record.end)
