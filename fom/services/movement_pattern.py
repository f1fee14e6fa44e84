"""The pattern of a unit's departures, for its own planners and the chief JOC: strictly confidential.

Worked out at each reading from the movements, written nowhere. Each reading is in the audit: who looked at whose.

Source: doctrine, section 5 (own unit only, strictly confidential, kept at most 90 days).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, may
from fom.domain.instants import parse_instant
from fom.domain.movements import is_confined, may_see_pattern
from fom.domain.patterns import WINDOW_US, Departure, Pattern, find_pattern
from fom.errors import NotPermitted
from fom.services.movements import EVERYTHING, list_movements
from fom.services.registers import list_register
from fom.services.writing import step
from fom.store.audit import append_audit


def may_see_patterns(actor: Actor) -> bool:
    """Return whether there is a unit whose pattern the actor may see."""
    is_planner = actor.unit is not None and may(actor, "edit_movements") and not is_confined(actor)
    return actor.clearance == "strictly_confidential" and (is_planner or "chief_joc" in actor.roles)


def read_pattern(session: Session, unit: str, *, actor: Actor, now: int, proposed: Departure | None = None) -> Pattern:
    """Return what the departures of a unit in the last 14 days show, with one being planned; and note who asked.

    In a writing transaction, for the audit.

    Raises
    ------
    NotPermitted
        Neither a planner of that unit nor the chief JOC, or not cleared for what is strictly confidential.
    """
    if not may_see_pattern(actor, unit):
        raise NotPermitted("the pattern of a unit is for its own planners and the chief JOC")
    at = step(session, now)
    details = {"with_plan": proposed is not None}
    append_audit(session, "read_pattern", ("unit", unit), actor=actor.person, at=at, details=details)
    found = [] if proposed is None else [proposed]
    for row in list_movements(session, actor=EVERYTHING, now=now, since=now - WINDOW_US):
        if row["unit"] != unit or row["actual_start"] is None or (proposed is not None and row["id"] == proposed.id):
            continue
        found.append(Departure(row["id"], parse_instant(row["actual_start"]), way_of(row)))
    return find_pattern(found, now)


def pattern_units(session: Session, *, actor: Actor) -> list[str]:
    """Return the units whose pattern the actor may see, those with movements only."""
    if not may_see_patterns(actor):
        return []
    rows = list_register(session, "movement", actor=EVERYTHING)
    return sorted({row["unit"] for row in rows if row["unit"] and may_see_pattern(actor, row["unit"])})


def way_of(row: Mapping[str, Any]) -> dict[str, float]:
    """Return segment id -> metres of the way that a movement took; a key route counts as one road."""
    taken = {"alternate_1": 1, "alternate_2": 2}.get(row.get("travelled") or "", 0)
    ways = row["ways"] or []
    if taken < len(ways):
        return way_lengths(ways[taken])
    return {f"key route {row['route']}": 1.0} if row["route"] else {}


def way_lengths(way: Mapping[str, Any]) -> dict[str, float]:
    """Return segment id -> metres of a stored way; whole segments by what is left of its length."""
    stretches = way["segments"]
    known = {s["id"]: max(0.0, float(s["to_m"]) - float(s.get("from_m") or 0)) for s in stretches if s.get("to_m")}
    whole = [s["id"] for s in stretches if not s.get("to_m")]
    rest = max(float(way.get("distance_m") or 0.0) - sum(known.values()), float(len(whole)))
    return known | {segment: rest / len(whole) for segment in whole}
