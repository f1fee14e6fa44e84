"""Eight months of movements and restrictions, so that trends have something to stand on.

One party hinders a little more every month (the police), so slowly that no list shows it; the others stay as they are.
The last sixty days come from the events themselves (`operations`, `restrictions`); this fills the months before, and
what the police did beside.
"""

from __future__ import annotations

import numpy as np

from geodata.agreements import AMENDED_D, CLAUSE_OF
from geodata.journal import Journal
from geodata.mission import Row

HISTORY_D, EVENTS_D = 240, 60
MOVES_A_WEEK = 23
WEEKS = HISTORY_D // 7
STEADY = {
    "host_armed_forces": 2.1, "local_authority": 1.6, "non_state_group": 3.2, "community": 0.5, "criminal": 0.3,
    "unknown": 0.25,
}  # fmt: skip
"""Actor -> restrictions a week, in every week."""
GROWING = "host_police"
GROWTH = (0.3, 3.6)
"""Restrictions a week of the growing party, eight months ago and now."""
KINDS = {
    "host_armed_forces": ("denial_of_movement", "conditions_imposed", "denial_of_site_access", "denial_of_flight"),
    "host_police": ("checkpoint_stop", "taxation_or_fee", "search_of_vehicle", "denial_of_movement", "delay"),
    "local_authority": ("conditions_imposed", "delay", "denial_of_site_access", "visa_or_customs_hold"),
    "non_state_group": ("denial_of_movement", "taxation_or_fee", "seizure_or_hijack", "assault_or_threat"),
    "community": ("aggressive_demonstration", "denial_of_movement"),
    "criminal": ("seizure_or_hijack", "assault_or_threat"),
    "unknown": ("attack_on_movement", "jamming_or_interference"),
}
OUTCOMES = ("turned_back", "proceeded_late", "held", "rerouted", "aborted", "proceeded")


def older_movement_rows(journal: Journal) -> list[Row]:
    """Return the movements between eight months and sixty days ago."""
    mission, rng = journal.mission, journal.mission.country.rng("older movements")
    rows = []
    days = sorted(rng.uniform(EVENTS_D, HISTORY_D, (HISTORY_D - EVENTS_D) * MOVES_A_WEEK // 7).tolist(), reverse=True)
    for number, day in enumerate(days):
        is_relief = rng.random() < 0.45
        purpose = "humanitarian" if is_relief else str(rng.choice(["patrol", "convoy", "flight"], p=[0.55, 0.35, 0.1]))
        own = ["mission_military", "mission_police", "mission_civilian", "civil_population"]
        user = "humanitarian" if is_relief else str(rng.choice(own, p=[0.62, 0.16, 0.1, 0.12]))
        outcome = str(rng.choice(["proceeded", *OUTCOMES[:5], "cancelled_no_clearance"], p=_shares(is_relief)))
        has_run = outcome in ("proceeded", "proceeded_late", "rerouted")
        start, hours, late = day * 24, float(rng.choice([3, 4, 5, 6, 8])), 0.4 if outcome == "proceeded" else 2.5
        has_left = outcome != "cancelled_no_clearance"
        tonnes = float(rng.choice([12, 18, 24, 40])) if purpose in ("humanitarian", "convoy") else None
        rows.append(
            {
                "id": mission.id("older movement", number),
                "code": f"MV-P{number + 1:04d}",
                "purpose": purpose,
                "user_class": user,
                "profile": {"humanitarian": "P5", "convoy": "P6", "patrol": "P4", "flight": None}[purpose],
                "planned_start": journal.moment(start),
                "planned_end": journal.moment(start - hours),
                "actual_start": journal.moment(start - late) if has_left else None,
                "actual_end": journal.moment(start - late - hours * 1.1) if has_run else None,
                "outcome": outcome,
                "planned_t": tonnes,
                "delivered_t": tonnes if has_run and tonnes else 0.0 if tonnes else None,
                "route": None if purpose == "flight" else mission.id("route", mission.routes[rng.integers(12)].code),
                "from_site": None,
                "to_site": None,
                "unit": "REL" if is_relief else f"BN{rng.integers(1, 8)}",
                "admin_unit": mission.id("province", int(rng.integers(len(mission.provinces)))),
            }
        )
    return rows


def _shares(is_relief: bool) -> tuple[float, ...]:
    return (0.9, 0.02, 0.05, 0.01, 0.01, 0.005, 0.005) if is_relief else (0.7, 0.06, 0.12, 0.03, 0.04, 0.02, 0.03)


def older_case_rows(journal: Journal, movements: list[Row], cases: list[Row]) -> list[Row]:
    """Return the cases that bring every week of every actor to what it should be; those of the events count first."""
    rng = journal.mission.country.rng("older cases")
    stopped = _stopped(journal, movements)
    there: dict[tuple[str, int], int] = {}
    for case in cases:
        key = (case["actor"], _weeks_ago(journal, case["opened_at"]))
        there[key] = there.get(key, 0) + 1
    rows: list[Row] = []
    for actor in (*STEADY, GROWING):
        owed = 0.0
        for week in reversed(range(WEEKS)):
            owed += _wanted(actor, week) - there.get((actor, week), 0)
            while owed >= 1:
                owed -= 1
                days = 7 * week + float(rng.uniform(0.3, 6.7))
                pool = stopped.get(week, [])
                movement = pool.pop() if pool and rng.random() < 0.75 else None
                rows.append(_case(journal, rng, len(rows), actor, days, movement))
    return rows


def _wanted(actor: str, week: int) -> float:
    """Return how many restrictions of an actor a week so long ago holds."""
    if actor != GROWING:
        return STEADY[actor]
    then, now = GROWTH
    return then + (now - then) * (1 - week / WEEKS) ** 3


def _stopped(journal: Journal, movements: list[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in movements:
        if row["outcome"] not in (None, "proceeded", "cancelled_other"):
            found.setdefault(_weeks_ago(journal, row["planned_start"]), []).append(row)
    return found


def _weeks_ago(journal: Journal, text: str) -> int:
    now = journal.moment(0)
    return int((np.datetime64(now[:-1], "s") - np.datetime64(text[:-1], "s")) // np.timedelta64(7, "D"))


def _case(
    journal: Journal, rng: np.random.Generator, number: int, actor: str, days: float, movement: Row | None
) -> Row:
    mission = journal.mission
    category = str(rng.choice(KINDS[actor]))
    if movement is not None:
        began, outcome = movement["planned_start"], movement["outcome"]
        user, route, unit = movement["user_class"], movement["route"], movement["admin_unit"]
    else:
        began = journal.moment(days * 24)
        outcome = str(rng.choice(OUTCOMES, p=[0.35, 0.25, 0.1, 0.1, 0.05, 0.15]))
        user = str(rng.choice(["mission_military", "humanitarian", "mission_police"], p=[0.5, 0.35, 0.15]))
        route = mission.id("route", mission.routes[int(rng.integers(12))].code) if rng.random() < 0.6 else None
        unit = mission.id("province", int(rng.integers(len(mission.provinces))))
    hours = _hours_ago(journal, began)
    return {
        "id": mission.id("older case", number),
        "record_id": None,
        "category": category,
        "actor": actor,
        "user_class": user,
        "admin_unit": unit,
        "clearance_held": bool(rng.random() < 0.75),
        "outcome": outcome,
        "opened_at": journal.moment(max(hours - float(rng.uniform(0.5, 12)), 0.1)),
        "occurred_at": began,
        "movement_id": None if movement is None else movement["id"],
        "route": route,
        "standing": False,
    }


def _hours_ago(journal: Journal, text: str) -> float:
    now = journal.moment(0)
    return float((np.datetime64(now[:-1], "s") - np.datetime64(text[:-1], "s")) / np.timedelta64(1, "h"))


def follow_up(journal: Journal, cases: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the cases with clause, position and what their steps say, and the steps, oldest case first.

    Protests went to whoever holds an office; groups and criminals are met or called instead.
    """
    rng = journal.mission.country.rng("case steps")
    rows: list[Row] = []
    steps: list[Row] = []
    note = 40
    for case in sorted(cases, key=lambda row: (row["opened_at"], row["id"])):
        began = _hours_ago(journal, case.get("occurred_at") or case["opened_at"])
        opened = _hours_ago(journal, case["opened_at"])
        clause = CLAUSE_OF[case["category"]]
        is_host = case["actor"].startswith(("host", "local"))
        story = _story(rng, opened, is_host, bool(case.get("resolved_at")), case["standing"])
        row = {
            **case,
            "occurred_at": case.get("occurred_at") or case["opened_at"],
            "clause": clause,
            "clause_version": 2 if opened < AMENDED_D * 24 else 1,
            "delay_min": float(rng.choice([20, 35, 50, 90, 150])) if case["outcome"] == "proceeded_late" else None,
            "basis": str(rng.choice(["notification", "permission"], p=[0.6, 0.4])) if rng.random() < 0.7 else None,
            "position": case.get("position") or _position(rng, story),
            "demand_made": bool(rng.random() < (0.3 if case["category"] == "taxation_or_fee" else 0.08)),
            "summary": None,
            "protest_no": None,
            "protest_at": None,
            "resolved_at": None,
        }
        for kind, hours in story.items():
            step = _step(journal, case, len(steps), kind, min(hours, began), note)
            if kind == "protest_sent":
                note += 1
                row |= {"protest_no": step["reference"], "protest_at": step["at"]}
            if kind == "resolved":
                row["resolved_at"] = step["at"]
            steps.append(step)
        rows.append(row)
    return rows, steps


def _position(rng: np.random.Generator, story: dict[str, float]) -> str:
    return "contested" if "protest_sent" in story else str(rng.choice(["accepted", "contested"]))


def _story(
    rng: np.random.Generator, opened: float, is_host: bool, was_resolved: bool, stands: bool
) -> dict[str, float]:
    """Return kind of step -> hours ago, in the order of the steps; nothing lies ahead."""
    plan: list[tuple[str, float]] = []
    if rng.random() < 0.8:
        plan.append(("action_taken", float(rng.choice([1, 4, 9, 20, 40, 70], p=[0.25, 0.25, 0.2, 0.15, 0.1, 0.05]))))
    if is_host and rng.random() < 0.6:
        plan.append(("protest_sent", float(rng.uniform(60, 140))))
        if rng.random() < 0.65:
            plan.append(("reply_received", float(rng.uniform(170, 700))))
    elif rng.random() < 0.45:
        plan.append(("meeting", float(rng.uniform(48, 160))))
    if rng.random() < 0.25:
        plan.append(("follow_up_due", float(rng.uniform(150, 170))))
    if not stands and (was_resolved or rng.random() < 0.62):
        plan.append(("resolved", float(rng.uniform(200, 1100))))
    return {kind: opened - after for kind, after in sorted(plan, key=lambda p: p[1]) if opened - after > 0.1}


def _step(journal: Journal, case: Row, number: int, kind: str, hours: float, note: int) -> Row:
    offices = {
        "host_armed_forces": "General staff, liaison office", "host_police": "Ministry of the interior",
        "local_authority": "Governor's office",
    }  # fmt: skip
    words = {
        "action_taken": "Duty officer called the liaison officer; the movement was told to wait.",
        "protest_sent": "Asks for the reason, the officer's name and that it does not happen again.",
        "reply_received": "Regrets the delay; instructions are said to have been sent.",
        "meeting": "Met on the road; passage by day agreed in words.",
        "follow_up_due": "Ask whether the instruction reached the post.",
        "resolved": "Passed without stop since; the case is closed.",
    }
    return {
        "id": journal.mission.id("case step", number),
        "case_id": case["id"],
        "kind": kind,
        "at": journal.moment(hours),
        "due_at": journal.moment(hours - 14 * 24) if kind in ("protest_sent", "follow_up_due") else None,
        "reference": f"NV {note}/26" if kind == "protest_sent" else None,
        "addressee": offices.get(case["actor"]) if kind == "protest_sent" else None,
        "words": words[kind],
    }
