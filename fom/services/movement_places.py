"""Where movements were seen last: by their check-ins, or by the end of a recorded track of their unit.

Where nobody saw it, a movement is where its plan puts it; that is `movement_ahead`, and it is always said which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import CLASSIFICATIONS
from fom.domain.instants import parse_instant
from fom.domain.movements import LastSeen
from fom.services.movement_lines import find_on_way
from fom.services.movement_ways import Way, lay_out, stretches_here
from fom.services.movements import EVERYTHING, list_movements
from fom.services.picture_host import PictureHost
from fom.store.records import retracted_ids
from fom.store.tables import MovementCheckIn, RecordRow, ReportVersion, User

ON_WAY_M = 500.0
"""Farther from its way a movement is off it (J)."""
TRACK_NEAR_M = 100.0
"""A track of the unit that ends farther from the way of a movement is not of that movement (J)."""


def way_here(host: PictureHost, movement: Mapping[str, Any]) -> Way | None:
    """Return the chosen way of a movement on the network at hand; None without one, or by an unknown profile."""
    profile = host.profiles.get(movement["profile"] or "")
    if profile is None or not movement["ways"]:
        return None
    way = lay_out(host.network, stretches_here(host, movement["ways"][0], movement["planned_as"]), profile)
    return way if len(way.numbers) else None


def last_seen(
    session: Session, host: PictureHost, movements: Iterable[Mapping[str, Any]], *, known_at: int
) -> dict[str, LastSeen]:
    """Return movement id -> where it was seen last, as known at a moment; of those on their way only.

    A check-in, or the end of a recorded track that an account of its unit sent since it left and that ends on its way.
    Where that may be of two movements of the unit, it is of neither; a track more secret than the movement is not told.
    """
    moving = {m["id"]: m for m in movements if m["actual_start"] is not None and m["outcome"] is None}
    if not moving:
        return {}
    ways = {movement_id: way_here(host, movement) for movement_id, movement in moving.items()}
    found: dict[str, LastSeen] = {}
    query = select(MovementCheckIn).where(MovementCheckIn.movement_id.in_(moving), MovementCheckIn.received <= known_at)
    for row in session.scalars(query.order_by(MovementCheckIn.at, MovementCheckIn.id)):
        seen = _placed(host, ways[row.movement_id], moving[row.movement_id], row.at, row.lon, row.lat, "check_in")
        found[row.movement_id] = seen
    for movement_id, seen in _tracked(session, host, moving, ways, known_at=known_at):
        if movement_id not in found or seen.at > found[movement_id].at:
            found[movement_id] = seen
    return found


def _placed(
    host: PictureHost, way: Way | None, movement: Mapping[str, Any], at: int, lon: float, lat: float, source: str
) -> LastSeen:
    """Return a sighting with its place on the way, near where the movement should have been by then."""
    on = None
    if way is not None:
        gone_us = max(0, at - parse_instant(movement["actual_start"]))
        due_m = way.metres_after(gone_us)
        on = find_on_way(host.network, way, lon, lat, reach_m=ON_WAY_M, near_m=due_m)
    return LastSeen(at, lon, lat, source, *((0.0, None) if on is None else (on[1], on[0])))


def _tracked(
    session: Session,
    host: PictureHost,
    moving: Mapping[str, Mapping[str, Any]],
    ways: Mapping[str, Way | None],
    *,
    known_at: int,
) -> Iterable[tuple[str, LastSeen]]:
    units = {m["unit"] for m in moving.values() if m["unit"]}
    if not units:
        return
    since = min(parse_instant(m["actual_start"]) for m in moving.values())
    query = (
        select(RecordRow, User.unit_id, ReportVersion.device_time)
        .join(User, User.email == RecordRow.by)
        .join(
            ReportVersion,
            (ReportVersion.report_id == RecordRow.report_id) & (ReportVersion.version == RecordRow.report_version),
        )
        .where(RecordRow.kind == "verification", RecordRow.received.between(since, known_at), User.unit_id.in_(units))
        .order_by(RecordRow.number)
    )
    rows = [found for found in session.execute(query) if _is_own_track(found[0].properties)]
    if not rows:
        return
    absent = retracted_ids(session, known_at=known_at)
    others = [m for m in list_movements(session, actor=EVERYTHING, now=known_at, since=known_at) if m["unit"] in units]
    others = [m for m in others if m["id"] not in moving and m["actual_start"] is not None and m["outcome"] is None]
    ways = {**ways, **{m["id"]: way_here(host, m) for m in others}}
    may_be = {**moving, **{m["id"]: m for m in others}}
    for record, unit, device_time in rows:
        received, occurred = record.received, record.occurred
        if record.id in absent or record.geometry is None or occurred is None or received is None:
            continue
        lon, lat = _end_of(record.geometry)
        at = min(max(device_time or received, occurred), received)
        mine = [
            (movement_id, seen)
            for movement_id, movement in may_be.items()
            if movement["unit"] == unit
            and at >= parse_instant(movement["actual_start"])
            and _is_open_to(record.classification, movement)
            and (seen := _placed(host, ways[movement_id], movement, at, lon, lat, "track")).at_m is not None
            and seen.off_m <= TRACK_NEAR_M
        ]
        if len(mine) == 1 and mine[0][0] in moving:
            yield mine[0]


def _is_own_track(said: Mapping[str, Any]) -> bool:
    """Return whether the receiver of a unit's account recorded it: what a report says of its unit proves nothing."""
    return said.get("track") == "gps" and bool(said.get("authenticated"))


def _is_open_to(classification: str, movement: Mapping[str, Any]) -> bool:
    return CLASSIFICATIONS.index(classification) <= CLASSIFICATIONS.index(movement["classification"])


def _end_of(track: shapely.Geometry) -> tuple[float, float]:
    points: Sequence[Sequence[float]] = shapely.get_coordinates(track).tolist()
    return points[-1][0], points[-1][1]
