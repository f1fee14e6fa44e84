"""H: orders, denials, tolls and delays."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from tests.oracle.documents import Record, hours
from tests.oracle.orders import is_order_in_force
from tests.oracle.states import AMBER, BLACK, RED, Reason, capped, lowered

if TYPE_CHECKING:
    from tests.oracle.row import Row


MEASURED = 100_000
"""Microseconds by which a travel time over a measured length may be off."""
MISSION = ("mission_military", "mission_police", "mission_civilian")


def find_passages(row: Row, denial: Record) -> list[int]:
    """Return from when each unimpeded passage of the denied class over the whole segment ends the denial here."""
    return [
        v.eff
        for v in row.judge.proofs
        if v.p.get("unimpeded")
        and v.p.get("user_class") == denial.p["user_class"]
        and v.eff > denial.eff
        and row.is_this_way(v)
        and row.ground.is_covered(row.segment, row.ground.cover(row.segment, v))
    ]


def control(row: Row, t: int, erroneous: frozenset[str]) -> tuple[list[Reason], float]:
    """Return the reasons H1 to H4, and the delay in minutes."""
    out, delays = [], []
    for c in row.controls:
        if c.id in erroneous or row.judge.is_lifted(c, t):
            continue
        found = _control_state(row, c, t)
        if found is None:
            continue
        rule, state = found
        state = capped(state, row.knowledge.level(c, erroneous))
        state = lowered(state) if row.is_coarse(c) else state
        out.append(Reason("control", rule, state, [c.id], row.knowledge.confidence(c, erroneous)))
        if rule == "H4" and c.p.get("delay_min") is not None:
            delays.append(c)
    return out, _delay(row, delays, erroneous)


def _control_state(row: Row, c: Record, t: int) -> tuple[str, int] | None:
    kind, age = c.p["control"], t - c.eff
    if kind == "order":
        classes = c.p["user_classes"]
        applies = "all" in classes or row.judge.user_class in classes
        if not applies or not _is_order_met(row, c, t):
            return None
        return "H1", BLACK if c.p["effect"] == "prohibited" else RED
    if age < 0:
        return None
    if kind in ("toll", "delay"):
        return ("H4", AMBER) if age <= hours(row.policy["toll_h"]) else None
    if any(eff <= t for eff in row.passages[c.id]) or (c.end is not None and t > c.end):
        return None
    denied, asked = c.p["user_class"], row.judge.user_class
    if denied != asked and not (denied in MISSION and asked in MISSION):
        return ("H3", AMBER) if age <= hours(row.policy["denial_other_h"]) else None
    if c.end is not None or age <= hours(row.policy["denial_red_h"]):
        return "H2", RED
    return ("H2", AMBER) if age <= hours(row.policy["denial_amber_h"]) else None


def _is_order_met(row: Row, order: Record, t: int) -> bool:
    travel = row.ground.travel_us(row.segment)
    met = is_order_in_force(order, t, travel)
    is_measured = row.segment.p.get("length_m") is None
    if t == row.judge.at and is_measured and met != is_order_in_force(order, t, travel + (-1 if met else 1) * MEASURED):
        row.ground.close_calls.append(f"{order.id} is only just met at the end of {row.segment.id}")
    return met


def _delay(row: Row, delays: list[Record], erroneous: frozenset[str]) -> float:
    same = row.knowledge.duplicates(erroneous)
    largest: dict[str, Record] = {}
    for c in delays:
        key = same.get(c.id, c.id)
        best = largest.get(key)
        if best is None or (c.p["delay_min"], c.eff, c.id) > (best.p["delay_min"], best.eff, best.id):
            largest[key] = c
    latest = sorted(largest.values(), key=lambda c: (c.eff, c.id))[-5:]
    return float(statistics.median(c.p["delay_min"] for c in latest)) if latest else 0.0
