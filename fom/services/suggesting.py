"""Which records may tell of the same event: likely duplicates with their distance in time and place. A person decides.

Source: doctrine, section 9.3.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, visible
from fom.domain.facts_file import parse_record
from fom.domain.geodesy import bounds_with_reach
from fom.domain.grades import may_support
from fom.domain.instants import DAY_US, HOUR_US
from fom.domain.places import shape_of, uncertainty_m
from fom.domain.policy import Policy
from fom.services.judging import get_visible_record, grades_of_many
from fom.services.policies import edition_in_force
from fom.store.records import feature_of, list_about, list_present, retracted_ids
from fom.store.tables import RecordRow

NEAR_M, NEAR_US = 500.0, 2 * HOUR_US
"""How near in place, beyond what both places are unsure of, and in time."""
EARLIER_US, EARLIER_SHOWN = 60 * DAY_US, 3
"""How far back records at the same place are named that are too old to be the same event, and how many."""
SPELLS_AT_ONCE = 50
"""How many stretches of time one query of the database names."""
_EARTH = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A record that may tell of the same event as another, and why."""

    record: dict[str, Any]
    report_id: str | None
    by: str | None
    distance_m: float
    """Between the places stated."""
    doubt_m: float
    """How far both places together may be off."""
    apart_us: int
    """Positive: the other is later."""
    is_likely: bool
    """Near in place and in time; else only in place, and named so that nobody mistakes it."""
    is_independent: bool
    """Of another origin: together they would count for more than each alone."""
    link: dict[str, Any] | None
    """The link between the two that stands."""


def suggest_links(session: Session, record_id: str, *, actor: Actor, now: int) -> list[Suggestion]:
    """Return the likely ones, nearest first, then a few that lie near but are of another time, latest first.

    A record linked with this one is told wherever and whenever it is.

    Raises
    ------
    NotFound
        No such record for this actor.
    """
    row = get_visible_record(session, record_id, actor)
    policy = edition_in_force(session, now).policy
    absent = retracted_ids(session, known_at=now)
    links = _links_of(session, record_id, absent)
    wanted = {other: link for link in links for other in link["properties"]["members"] if other != record_id}
    found = [
        suggestion
        for other in _candidates(session, row, wanted, now)
        if other.id != row.id and other.id not in absent and visible(actor, other)
        if (suggestion := compare(row, other, policy=policy, link=wanted.get(other.id))) is not None
    ]
    likely = [s for s in found if s.is_likely or s.link is not None]
    earlier = sorted((s for s in found if s not in likely), key=lambda s: (abs(s.apart_us), s.record["id"]))
    likely.sort(key=lambda s: (s.link is None, s.distance_m, s.record["id"]))
    return [*likely, *earlier[:EARLIER_SHOWN]]


def compare(
    row: RecordRow, other: RecordRow, *, policy: Policy, link: dict[str, Any] | None = None
) -> Suggestion | None:
    """Return how two records of one kind lie to each other, None when they are neither near nor linked."""
    if row.kind != other.kind:
        return None
    here, there = place_of(row, policy), place_of(other, policy)
    if here is None or there is None:
        distance, doubt = float("inf"), 0.0
    else:
        distance, doubt = distance_between_m(here[0], there[0]), here[1] + there[1]
    is_near = distance - doubt <= NEAR_M
    apart = moment_of(other) - moment_of(row)
    if not is_near and link is None:
        return None
    return Suggestion(
        record=feature_of(other), report_id=other.report_id, by=other.by, distance_m=distance, doubt_m=doubt,
        apart_us=apart, is_likely=is_near and abs(apart) <= NEAR_US, is_independent=is_independent(row, other),
        link=link,
    )  # fmt: skip


def is_independent(row: RecordRow, other: RecordRow) -> bool:
    """Return whether two records come from different origins, of which none stated is one. Source: doctrine, 2."""
    return row.origin != other.origin


def distance_between_m(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return the geodesic distance between the nearest points of two shapes, metres."""
    a, b = shapely.shortest_line(one, other).coords
    return float(_EARTH.inv(a[0], a[1], b[0], b[1])[2])


def find_supported(
    session: Session, rows: Sequence[RecordRow], *, actor: Actor, policy: Policy, now: int, absent: set[str]
) -> set[str]:
    """Return the ids of those records of which another one, judged or not, of another origin likely tells as well.

    Only what the actor may see counts, and of what was judged only what may support another (`domain.grades`).
    """
    known = {row.id: row for row in rows}
    others = [row for row in _of_the_time(session, rows, now) if row.id not in absent and visible(actor, row)]
    everything = [*rows, *(row for row in others if row.id not in known)]
    grades = grades_of_many(session, everything, absent=absent, policy=policy)
    silent = {record_id for record_id, grade in grades.items() if not may_support(grade, policy)}
    return supported_among(everything, policy, silent=silent) & set(known)


def supported_among(rows: Sequence[RecordRow], policy: Policy, *, silent: Collection[str] = ()) -> set[str]:
    """Return the ids of those records of which another one among them, of another origin, likely tells as well.

    Those in `silent` support nothing, but may be supported.

    As `compare` finds them, each place read once, and of a storm of reports about one place only as many pairs as it
    takes to find one for each.
    """
    found: set[str] = set()
    for kind in sorted({row.kind for row in rows}):
        placed = [(row, place) for row in rows if row.kind == kind and (place := place_of(row, policy)) is not None]
        if placed:
            found |= _supported_of_kind(placed, silent)
    return found


def _supported_of_kind(
    placed: Sequence[tuple[RecordRow, tuple[BaseGeometry, float]]], silent: Collection[str]
) -> set[str]:
    moments = np.array([moment_of(row) for row, _ in placed])
    codes = {origin: code for code, origin in enumerate({row.origin for row, _ in placed})}
    origins = np.array([codes[row.origin] for row, _ in placed])
    bounds = np.array([shape.bounds for _, (shape, _) in placed])
    doubts = np.array([doubt for _, (_, doubt) in placed])
    speaks = np.array([row.id not in silent for row, _ in placed])
    boxes = shapely.box(*bounds_with_reach(bounds, NEAR_M / 2 + doubts).T)
    tree = shapely.STRtree(boxes)
    found: set[str] = set()
    for at, (row, (shape, doubt)) in enumerate(placed):
        if row.id in found:
            continue
        near = tree.query(boxes[at])
        near = near[(np.abs(moments[near] - moments[at]) <= NEAR_US) & (origins[near] != origins[at]) & speaks[near]]
        for other, (other_shape, other_doubt) in (placed[one] for one in near):
            if distance_between_m(shape, other_shape) - doubt - other_doubt <= NEAR_M:
                found |= {row.id, other.id} if speaks[at] else {row.id}
                break
    return found


def _links_of(session: Session, record_id: str, absent: set[str]) -> list[dict[str, Any]]:
    return [feature_of(r) for r in list_about(session, record_id) if r.kind == "link" and r.id not in absent]


def _of_the_time(session: Session, rows: Sequence[RecordRow], now: int) -> list[RecordRow]:
    """Return records of the same kinds that were about the time of one of them."""
    found: list[RecordRow] = []
    for kind in sorted({row.kind for row in rows}):
        moments = sorted({moment_of(row) for row in rows if row.kind == kind})
        breaks = [0, *(n + 1 for n, (a, b) in enumerate(pairwise(moments)) if b - a > 2 * NEAR_US), len(moments)]
        spells = [(moments[a] - NEAR_US, moments[b - 1] + NEAR_US) for a, b in pairwise(breaks)]
        for start in range(0, len(spells), SPELLS_AT_ONCE):
            found += session.scalars(_between(kind, spells[start : start + SPELLS_AT_ONCE], now))
    return found


def _between(kind: str, spells: Sequence[tuple[int, int]], now: int) -> Select[RecordRow]:
    """Return the query for records of a kind that were within one of some spells.

    Nothing arrives before it happens: the time of receipt lets the index do the work.
    """
    when = func.coalesce(RecordRow.occurred, RecordRow.received)
    spell = [when.between(since, until) & RecordRow.received.between(since, now) for since, until in spells]
    return select(RecordRow).where(RecordRow.kind == kind, or_(*spell))


def _candidates(session: Session, row: RecordRow, linked: dict[str, Any], now: int) -> Sequence[RecordRow]:
    """Return records of the kind that were about the same time, lie about there, or are linked."""
    at = moment_of(row)
    found = {other.id: other for other in _of_the_time(session, [row], now)}
    if row.geometry is not None:
        around = list_present(session, [row.kind], known_at=now, since=at - EARLIER_US, bbox=_around(row.geometry))
        found |= {other.id: other for other in around}
    if linked:
        found |= {other.id: other for other in session.scalars(select(RecordRow).where(RecordRow.id.in_(linked)))}
    return list(found.values())


def _around(geometry: BaseGeometry) -> tuple[float, float, float, float]:
    west, south, east, north = geometry.bounds
    high = NEAR_M / 111_000
    wide = high / max(0.05, float(np.cos(np.radians((south + north) / 2))))
    return max(-180.0, west - wide), max(-90.0, south - high), min(180.0, east + wide), min(90.0, north + high)


def place_of(row: RecordRow, policy: Policy) -> tuple[BaseGeometry, float] | None:
    """Return the place of a record and its doubt, metres; None without a place."""
    record = parse_record(feature_of(row))
    shape = shape_of(record)
    return None if shape is None else (shape, uncertainty_m(record.location, policy))


def moment_of(row: RecordRow) -> int:
    """Return when it happened, or was received where nobody says."""
    return row.occurred or row.received or 0
