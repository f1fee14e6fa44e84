"""The monthly extract: per party what was hindered, of how many movements, and what was done about it.

The same month, moment of knowledge and account give the same figures for ever: what came later is in later extracts.

Source: requirements, A5 (monthly export), R2 (monthly brief), R7, K5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.benchmarks import wilson
from fom.domain.cases import PROMPT_US, SETTLED_US
from fom.domain.compliance import PARTIES, Rate, Violation, count_exposure, group_counts, rate_per_100
from fom.domain.instants import format_instant
from fom.domain.months import month_span
from fom.errors import InvalidInput
from fom.exchange.sheets import as_csv, as_xlsx
from fom.services.parties import Evidence, is_violation, read_evidence
from fom.services.standing import standing_rows
from fom.services.writing import present

ROUTES_SHOWN = 5
Case = Mapping[str, Any]
COLUMNS: tuple[tuple[str, Callable[[dict[str, Any]], object]], ...] = (
    ("party", lambda r: r["party"]),
    ("violations", lambda r: r["rate"].events),
    ("movements_attempted", lambda r: r["rate"].movements),
    ("violations_per_100_movements", lambda r: _two(r["rate"].per_100)),
    ("per_100_low_95", lambda r: _two(r["rate"].interval and r["rate"].interval.lower)),
    ("per_100_high_95", lambda r: _two(r["rate"].interval and r["rate"].interval.upper)),
    ("open_protests_at_end", lambda r: len(r["open_protests"])),
    ("overdue_replies_at_end", lambda r: len(r["overdue_replies"])),
    ("standing_over_30_days_at_end", lambda r: r["standing"]),
    ("accepted_without_protest", lambda r: r["accepted"]["part"]),
    ("accepted_of", lambda r: r["accepted"]["whole"]),
    ("resolved_within_30_days", lambda r: r["resolved"]["part"]),
    ("resolved_of_turned_30_days_old", lambda r: r["resolved"]["whole"]),
    ("acted_on_within_24_hours", lambda r: r["prompt"]["part"]),
    ("acted_on_of", lambda r: r["prompt"]["whole"]),
)
"""Columns of the party sheet: name, value."""
CASE_COLUMNS = (
    "id", "began_at", "actor", "category", "clause", "clause_version", "user_class", "admin_unit", "clearance_held",
    "basis", "position", "demand_made", "outcome", "delay_min", "first_action_at", "protest_no", "protested_at",
    "protest_addressee", "reply_no", "answered_at", "next_due_at", "resolved_at", "state", "is_overdue",
)  # fmt: skip
"""Columns of the case sheet. Source: requirements, A5."""


def month_extract(
    session: Session, month: str, *, actor: Actor, now: int, known_at: int | None = None
) -> dict[str, Any]:
    """Return the extract of a month as known at a moment (None = now), of what the actor may see.

    What holds at a moment (open protests, standing restrictions) is that of the month's end, or of `known_at` where
    that comes earlier.

    Raises
    ------
    InvalidInput
        No month, one that had not begun at `known_at`, or a moment of knowledge ahead of the clock.
    """
    require(actor, "read_restriction_cases")
    start, end = month_span(month)
    now = present(session, now)
    known_at = now if known_at is None else known_at
    if known_at > now:
        raise InvalidInput.single("known_at", format_instant(known_at), "a moment that has passed")
    if start >= known_at:
        raise InvalidInput.single("month", month, "a month that had begun at the moment of knowledge")
    at = min(end - 1, known_at)
    evidence = read_evidence(session, actor=actor, at=at, known_at=known_at)
    standing = standing_rows(session, evidence.cases, actor=actor, at=at, known_at=known_at)
    attempts, violations = evidence.within(start - 1, at)
    exposure = count_exposure(attempts, violations)
    of_month = [case for case in evidence.cases if case["began_us"] >= start and is_violation(case)]
    groups = [*PARTIES, "unknown"]
    rows = [_row((party,), party, evidence, violations, exposure, of_month, standing, at, start) for party in groups]
    return {
        "month": month,
        "start": format_instant(start),
        "end": format_instant(end),
        "at": format_instant(at),
        "known_at": format_instant(known_at),
        "is_complete": known_at >= end,
        "parties": [row for row in rows if row["party"] != "unknown" or row["rate"].events],
        "total": _row(tuple(groups), "all", evidence, violations, exposure, of_month, standing, at, start),
        "registered": len(attempts),
        "exposure": exposure,
        "routes": _worst_routes(evidence, violations, start - 1, at),
        "cases": sorted(of_month, key=lambda case: (case["began_us"], case["id"])),
    }


def extract_sheet(extract: Mapping[str, Any]) -> bytes:
    """Return the extract by party as CSV; each line says the month and the moment of knowledge."""
    return as_csv(*_party_table(extract))


def case_sheet(extract: Mapping[str, Any], units: Mapping[str, str]) -> bytes:
    """Return the cases that began in the month as CSV, one a line, units by name where that is known."""
    return as_csv(*_case_table(extract, units))


def extract_book(extract: Mapping[str, Any], units: Mapping[str, str]) -> bytes:
    """Return both sheets as one XLSX workbook; no cell of it is a formula."""
    return as_xlsx({"By party": _party_table(extract), "Cases": _case_table(extract, units)})


def _party_table(extract: Mapping[str, Any]) -> tuple[Sequence[str], list[list[object]]]:
    head = ["month", "known_at", *(name for name, _ in COLUMNS)]
    lines = [*extract["parties"], extract["total"]]
    return head, [[extract["month"], extract["known_at"], *(of(row) for _, of in COLUMNS)] for row in lines]


def _case_table(extract: Mapping[str, Any], units: Mapping[str, str]) -> tuple[Sequence[str], list[list[object]]]:
    def values(case: Case) -> list[object]:
        progress = case["progress"]
        moments = {
            name: None if (us := getattr(progress, name)) is None else format_instant(us)
            for name in ("protested_at", "answered_at", "resolved_at", "first_action_at")
        }
        counted = [entered for entered in progress.steps if entered.id not in progress.corrected]
        protest = next((entered for entered in counted if entered.kind == "protest_sent"), None)
        replies = [entered for entered in counted if entered.kind == "reply_received"]
        due = progress.next_due if case["state"] != "resolved" else None
        row = {
            **case, **moments, "admin_unit": units.get(case["admin_unit"] or "", case["admin_unit"]),
            "protest_no": protest and protest.reference, "protest_addressee": protest and protest.addressee,
            "reply_no": replies[-1].reference if replies else None,
            "next_due_at": due and format_instant(due.at),
        }  # fmt: skip
        return [row[name] for name in CASE_COLUMNS]

    return CASE_COLUMNS, [values(case) for case in extract["cases"]]


def extract_values(extract: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extract as plain values, cases by their ids, for the API."""

    def row(party: Mapping[str, Any]) -> dict[str, Any]:
        lists = {name: [case["id"] for case in party[name]] for name in ("open_protests", "overdue_replies")}
        return {**party, **lists, "rate": asdict(party["rate"])}

    plain = ("month", "start", "end", "at", "known_at", "is_complete", "registered", "exposure")
    return {
        **{name: extract[name] for name in plain},
        "parties": [row(party) for party in extract["parties"]],
        "total": row(extract["total"]),
        "routes": [{"route": r["route"], "rate": asdict(r["rate"])} for r in extract["routes"]],
        "cases": [case["id"] for case in extract["cases"]],
    }


def _row(
    actors: tuple[str, ...],
    name: str,
    evidence: Evidence,
    violations: Sequence[Violation],
    exposure: int,
    of_month: Sequence[Case],
    standing: Sequence[Mapping[str, Any]],
    at: int,
    start: int,
) -> dict[str, Any]:
    mine = [case for case in evidence.cases if case["actor"] in actors and is_violation(case)]
    new = [case for case in of_month if case["actor"] in actors]
    turned = [case for case in mine if start <= case["began_us"] + SETTLED_US <= at]
    judged = [case for case in new if case["began_us"] + PROMPT_US <= at]
    return {
        "party": name,
        "rate": rate_per_100(sum(violation.actor in actors for violation in violations), exposure),
        "open_protests": [case for case in mine if case["state"] == "protested"],
        "overdue_replies": [
            case for case in mine
            if case["state"] != "resolved" and any(d.what == "reply" and d.is_overdue for d in case["progress"].dues)
        ],
        "standing": sum(row["is_long"] for row in standing if row["actor"] in actors),
        "accepted": _share(new, lambda case: case["position"] == "accepted" and not case["has_protest"]),
        "resolved": _share(turned, _is_settled_in_time),
        "prompt": _share(judged, _is_acted_on),
        "too_young": len(new) - len(judged),
    }  # fmt: skip


def _share(cases: Sequence[Case], holds: Callable[[Case], bool]) -> dict[str, Any]:
    part = sum(holds(case) for case in cases)
    interval = wilson(part, len(cases))
    return {
        "part": part,
        "whole": len(cases),
        "lower": interval and interval.lower,
        "upper": interval and interval.upper,
    }


def _is_settled_in_time(case: Case) -> bool:
    resolved = case["progress"].resolved_at
    return resolved is not None and resolved <= case["began_us"] + SETTLED_US


def _is_acted_on(case: Case) -> bool:
    acted = case["progress"].first_action_at
    return acted is not None and acted <= case["began_us"] + PROMPT_US


def _worst_routes(evidence: Evidence, violations: Sequence[Violation], after: int, at: int) -> list[dict[str, Any]]:
    attempts, _ = evidence.within(after, at)
    rows: list[dict[str, Any]] = []
    for route, events in group_counts(violations, lambda violation: violation.route)[:ROUTES_SHOWN]:
        here = [violation for violation in violations if violation.route == route]
        rate: Rate = rate_per_100(events, count_exposure([a for a in attempts if a.route == route], here))
        rows.append({"route": route, "rate": rate})
    return rows


def _two(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
