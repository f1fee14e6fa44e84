"""Registers that follow from events: movements, restriction cases, priorities, tasks, signed assessments.

Humanitarian movements went well until a fortnight ago and badly since, so that S2 shows a benchmark that slips back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geodata.cast import Cast
from geodata.journal import Journal
from geodata.mission import Row

SLIP_D = 14.0


def movement_rows(journal: Journal, sites: list[Row]) -> list[Row]:
    """Return sixty days of movements, and those planned for the next two days."""
    mission = journal.mission
    rng = mission.country.rng("movements")
    hubs = [s for s in sites if s["kind"] in ("hub", "base", "headquarters")]
    ends = [s for s in sites if s["kind"] in ("hub", "camp", "base", "tob")]
    rows = []
    humanitarian = sorted(rng.uniform(0.2, SLIP_D, 31).tolist() + rng.uniform(SLIP_D, 59.5, 84).tolist())
    others = sorted(rng.uniform(0.2, 59.5, 88).tolist())
    planned = [(days, "humanitarian") for days in humanitarian] + [(days, "other") for days in others]
    planned += [(-d, "humanitarian") for d in (0.3, 0.8, 1.4, 1.9)] + [(-d, "other") for d in (0.2, 0.6, 1.1)]
    for number, (days, kind) in enumerate(sorted(planned, key=lambda p: -p[0])):
        purpose = (
            "humanitarian"
            if kind == "humanitarian"
            else str(rng.choice(["patrol", "convoy", "flight"], p=[0.5, 0.38, 0.12]))
        )
        user_class = (
            "humanitarian"
            if kind == "humanitarian"
            else str(
                rng.choice(
                    ["mission_military", "mission_police", "mission_civilian", "civil_population"],
                    p=[0.62, 0.16, 0.1, 0.12],
                )
            )
        )
        hours = float(rng.choice([3, 4, 5, 6, 8, 10]))
        outcome, factor = _outcome(rng, days, kind) if days > 0.15 else (None, 1.0)
        has_run = outcome in ("proceeded", "proceeded_late", "rerouted")
        has_left = has_run or outcome in ("turned_back", "aborted", "held")
        start = days * 24
        late = float(rng.uniform(0, 0.7)) if outcome == "proceeded" else float(rng.uniform(1, 4))
        tonnes = float(rng.choice([12, 18, 24, 40, 60])) if purpose in ("humanitarian", "convoy") else None
        from_site, to_site = hubs[int(rng.integers(len(hubs)))], ends[int(rng.integers(len(ends)))]
        rows.append(
            {
                "id": mission.id("movement", number),
                "code": f"MV-{number + 1:04d}",
                "purpose": purpose,
                "user_class": user_class,
                "profile": {"humanitarian": "P5", "convoy": "P6", "patrol": "P4", "flight": None}[purpose],
                "planned_start": journal.moment(start),
                "planned_end": journal.moment(start - hours),
                "actual_start": journal.moment(start - late) if has_left else None,
                "actual_end": journal.moment(max(start - late - hours * factor, 0.05)) if has_run else None,
                "outcome": outcome,
                "planned_t": tonnes,
                "delivered_t": tonnes if has_run and tonnes else 0.0 if tonnes and outcome else None,
                "route": mission.id("route", mission.routes[int(rng.integers(12))].code)
                if purpose != "flight"
                else None,
                "from_site": from_site["id"],
                "to_site": to_site["id"],
                "unit": "REL" if kind == "humanitarian" else f"BN{rng.integers(1, 8)}",
                "admin_unit": mission.id("province", int(rng.integers(7))),
            }
        )
    return rows


def _outcome(rng: np.random.Generator, days: float, kind: str) -> tuple[str, float]:
    """Return how a movement ended and how long it took, in planned times."""
    words: tuple[str, ...]
    shares: tuple[float, ...]
    if kind == "humanitarian" and days >= SLIP_D:
        words, shares = ("proceeded", "proceeded_late", "turned_back", "cancelled_other"), (0.9, 0.06, 0.01, 0.03)
    elif kind == "humanitarian":
        words = (
            "proceeded",
            "proceeded_late",
            "rerouted",
            "turned_back",
            "cancelled_no_clearance",
            "held",
            "cancelled_other",
        )
        shares = (0.4, 0.1, 0.06, 0.14, 0.2, 0.06, 0.04)
    else:
        words = (
            "proceeded",
            "proceeded_late",
            "rerouted",
            "turned_back",
            "aborted",
            "held",
            "cancelled_no_clearance",
            "cancelled_other",
        )
        shares = (0.66, 0.12, 0.05, 0.05, 0.02, 0.02, 0.05, 0.03)
    outcome = str(rng.choice(words, p=shares))
    if outcome == "proceeded_late":
        was_mild = rng.random() < 0.6 or (kind == "humanitarian" and days >= SLIP_D)
        return outcome, float(rng.uniform(1.1, 1.45) if was_mild else rng.uniform(1.6, 2.4))
    return outcome, float(rng.uniform(0.9, 1.25) if outcome == "proceeded" else rng.uniform(1.2, 1.45))


def priority_rows(journal: Journal, cast: Cast, hazards: list[str]) -> list[Row]:
    """Return a current priority for every open hazard of the key routes."""
    rng = journal.mission.country.rng("priorities")
    return [
        {
            "id": journal.mission.id("priority", hazard),
            "hazard_id": hazard,
            "rank": rank + 1,
            "set_at": journal.moment(float(rng.choice([20.0, 68.0, 9 * 24.0, 23 * 24.0])) if rank else 3.0),
            "set_by": cast.names("mine_action")[0],
            "reason": str(
                rng.choice(
                    ["Holds a main supply route", "On the way to a clinic", "Alternate exists", "Holds relief convoys"]
                )
            ),
        }
        for rank, hazard in enumerate(hazards)
    ]


def task_rows(journal: Journal, open_hazards: list[str], closed: list[str], damage: list[str]) -> list[Row]:
    """Return tasks for EOD, engineers and patrols: done, due and overdue."""
    rng = journal.mission.country.rng("tasks")
    rows = []
    plan = (
        [("eod", h, "EOD", False) for h in open_hazards[:18]]
        + [("eod", h, "EOD", True) for h in closed]
        + [("engineer", d, "ENG", i % 3 == 0) for i, d in enumerate(damage[:20])]
    )
    plan += [
        ("verify", journal.mission.id("route", r.code), f"BN{i % 7 + 1}", i % 4 == 0)
        for i, r in enumerate(journal.mission.routes)
    ]
    for kind, target, unit, is_done in plan:
        created = rng.uniform(5, 55) * 24 if is_done else rng.uniform(0.2, 12) * 24
        due = created - rng.uniform(24, 160)
        done = max(created - rng.uniform(6, 150), 0.5) if is_done else None
        rows.append(
            {
                "id": journal.mission.id("task", kind, target),
                "kind": kind,
                "target_id": target,
                "assigned_to": unit,
                "created_at": journal.moment(created),
                "due_at": journal.moment(due),
                "done_at": None if done is None else journal.moment(done),
            }
        )
    return rows


def assessment_rows(journal: Journal, cast: Cast) -> list[Row]:
    """Return signed assessments: one in force beside another computed value, one that has run out."""
    specs: tuple[tuple[Any, ...], ...] = (
        (
            "S1",
            "not_met",
            5,
            -20,
            "Alternates exist on paper only; two of them were not driven since the rains set in over the north.",
        ),
        (
            "S2",
            "partly_met",
            3,
            -11,
            "Deliveries to the camps held up since the ambushes; the pipeline by air has covered part of the gap.",
        ),
        (
            "L2",
            "partly_met",
            52,
            24,
            "Two posts work by the book; the third lacks staff and the fourth is closed by the neighbour.",
        ),
    )
    return [
        {
            "id": journal.mission.id("assessment", code),
            "benchmark": code,
            "status": status,
            "reason": reason,
            "author": cast.names("head_of_mission")[0],
            "role": "mission_leadership",
            "valid_from": journal.moment(start * 24),
            "expires": journal.moment(end * 24),
        }
        for code, status, start, end, reason in specs
    ]
