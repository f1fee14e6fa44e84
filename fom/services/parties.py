"""The parties: what each promised, how often it hindered movement and of how many, and whether that grows.

Everything is computed from the cases and movements that the viewer may see, at one moment, as known at one moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.compliance import (
    BEFORE_WEEKS,
    CONSENT_WEEKS,
    GROUPS,
    PARTIES,
    RECENT_WEEKS,
    WEEK_US,
    Attempt,
    Share,
    Trend,
    Violation,
    consent_by_area,
    count_exposure,
    find_trend,
    freedom_share,
    group_counts,
    rate_per_100,
)
from fom.domain.growth import GROWTH_WEEKS
from fom.domain.indicators import OUTCOMES_NOT_ATTEMPTED
from fom.domain.instants import format_instant, parse_instant
from fom.domain.profiles import USER_CLASSES
from fom.errors import NotFound
from fom.services.cases import case_views
from fom.services.registers import list_register
from fom.services.standing import standing_rows

NOT_VIOLATIONS = ("mission", "partner", "nature")
"""Actors whose restrictions break no promise of a party."""
RECENT_US = CONSENT_WEEKS * WEEK_US
"""Figures of a page are of the last 13 weeks, unless they say otherwise (J)."""
ROUTES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the figures are made of."""

    cases: list[dict[str, Any]]
    violations: list[Violation]
    attempts: list[Attempt]
    at: int
    known_at: int | None

    def within(self, start: int, end: int) -> tuple[list[Attempt], list[Violation]]:
        """Return the movements and restrictions of (start, end]."""
        return (
            [attempt for attempt in self.attempts if start < attempt.at <= end],
            [violation for violation in self.violations if start < violation.at <= end],
        )

    def moments(self) -> list[int]:
        """Return when something moved: attempts, and cases that name no movement of the register."""
        return self._attempted() + self._own()

    def has_exposure(self) -> bool:
        """Return whether a trend can be judged per 100 movements, over all of its weeks.

        A case without a movement counts as one of its own. Where most movements are such, the rate is near 100 per 100
        whatever happens, and growth would be hidden: the trend is judged by week then.
        """
        own, total = self._own(), BEFORE_WEEKS + RECENT_WEEKS
        for first, last in ((GROWTH_WEEKS, total), (total, RECENT_WEEKS), (RECENT_WEEKS, 0)):
            start, end = self.at - first * WEEK_US, self.at - last * WEEK_US
            attempts, cases = (sum(start < moment <= end for moment in m) for m in (self._attempted(), own))
            if attempts <= cases:
                return False
        return True

    def _attempted(self) -> list[int]:
        return [attempt.at for attempt in self.attempts]

    def _own(self) -> list[int]:
        known = {attempt.id for attempt in self.attempts}
        return [violation.at for violation in self.violations if violation.movement not in known]


def read_evidence(
    session: Session, *, actor: Actor, at: int, known_at: int | None = None, user_class: str | None = None
) -> Evidence:
    """Return the cases and the attempted movements up to a moment, of one class of users or of all."""
    require(actor, "read_restriction_cases")
    cases = case_views(session, actor=actor, at=at, known_at=known_at)
    rows = list_register(session, "movement", actor=actor, known_at=known_at)
    movements = {row["id"]: row for row in rows}
    attempts = [
        Attempt(row["id"], moved_at, row["admin_unit"], row["user_class"], row["route"])
        for row in rows
        if row["outcome"] not in (None, *OUTCOMES_NOT_ATTEMPTED)
        and (moved_at := parse_instant(row["planned_start"])) <= at
        and user_class in (None, row["user_class"])
    ]
    chosen = [case for case in cases if user_class in (None, case["user_class"])]
    violations = [_violation(case, movements) for case in chosen if is_violation(case)]
    return Evidence(chosen, violations, attempts, at, known_at)


def is_violation(case: Mapping[str, Any]) -> bool:
    """Return whether a case is a restriction by somebody, known or not: not the mission's own, and not by nature."""
    return case["actor"] not in NOT_VIOLATIONS and case["category"] != "natural_or_infrastructure"


def list_parties(
    session: Session, *, actor: Actor, at: int, known_at: int | None = None, user_class: str | None = None
) -> dict[str, Any]:
    """Return every party with its figures of the last 13 weeks, and how many restrictions are attributed to anybody."""
    evidence = read_evidence(session, actor=actor, at=at, known_at=known_at, user_class=user_class)
    standing = standing_rows(session, evidence.cases, actor=actor, at=at, known_at=known_at)
    promises = list_register(session, "commitment", actor=actor, known_at=known_at)
    attempts, violations = evidence.within(at - RECENT_US, at)
    return {
        "parties": [_figures(party, evidence, standing, promises) for party in GROUPS],
        "violations": len(violations),
        "attributed": sum(violation.actor != "unknown" for violation in violations),
        "movements": count_exposure(attempts, violations),
        "registered": len(attempts),
        "weeks": CONSENT_WEEKS,
    }


def show_party(
    session: Session, party: str, *, actor: Actor, at: int, known_at: int | None = None, user_class: str | None = None
) -> dict[str, Any]:
    """Return everything about one party, or about the host state's actors together (`host_state`).

    Raises
    ------
    NotFound
        No such party.
    """
    if party not in GROUPS:
        raise NotFound("party", party)
    actors = GROUPS[party]
    evidence = read_evidence(session, actor=actor, at=at, known_at=known_at, user_class=user_class)
    standing = standing_rows(session, evidence.cases, actor=actor, at=at, known_at=known_at)
    promises = list_register(session, "commitment", actor=actor, known_at=known_at)
    attempts, violations = evidence.within(at - RECENT_US, at)
    mine = [violation for violation in violations if violation.actor in actors]
    cases = [case for case in evidence.cases if case["actor"] in actors]
    return {
        **_figures(party, evidence, standing, promises),
        "consent": consent_by_area(evidence.attempts, evidence.violations, actors, at),
        "classes": [
            {"user_class": name, "share": freedom_share(*_of_class(attempts, violations, name), actors)}
            for name in USER_CLASSES
            if user_class in (None, name) and any(_of_class(attempts, mine, name))
        ],
        "routes": _routes(attempts, mine),
        "categories": group_counts(mine, lambda v: next(c["category"] for c in cases if c["id"] == v.id)),
        "clauses": group_counts(mine, lambda v: next(c["clause"] for c in cases if c["id"] == v.id)),
        "demands": sum(bool(case["demand_made"]) for case in cases if case["began_us"] > at - RECENT_US),
        "protests": [case for case in cases if case["state"] == "protested"],
        "recent": cases[:10],
        "cases": len(cases),
        "standing": [row for row in standing if row["actor"] in actors],
        "commitments": _promises(promises, actors, at),
        "weeks": CONSENT_WEEKS,
    }


def _figures(
    party: str, evidence: Evidence, standing: Sequence[Mapping[str, Any]], promises: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the figures that the overview and the page of a party share."""
    actors, at = GROUPS[party], evidence.at
    attempts, violations = evidence.within(at - RECENT_US, at)
    mine = [violation for violation in violations if violation.actor in actors]
    cases = [case for case in evidence.cases if case["actor"] in actors]
    told = _promises(promises, actors, at)
    return {
        "party": party,
        "actors": actors,
        "is_group": party not in PARTIES,
        "rate": rate_per_100(len(mine), count_exposure(attempts, violations)),
        "share": freedom_share(attempts, violations, actors),
        "trend": find_trend(
            [violation.at for violation in evidence.violations if violation.actor in actors],
            evidence.moments(),
            at,
            has_exposure=evidence.has_exposure(),
        ),
        "open": sum(case["state"] != "resolved" for case in cases),
        "open_protests": sum(case["state"] == "protested" for case in cases),
        "overdue": sum(case["is_overdue"] for case in cases),
        "standing_long": sum(row["is_long"] for row in standing if row["actor"] in actors),
        "promised": {state: sum(row["state"] == state for row in told) for state in PROMISE_STATES},
    }


def share_values(share: Share) -> dict[str, Any]:
    """Return a share as plain values, for the API."""
    interval = share.interval and {"lower": share.interval.lower, "upper": share.interval.upper}
    counts = {"unimpeded": share.unimpeded, "late": share.late, "attempted": share.attempted}
    return {**counts, "share": share.value, "index": share.index, "interval": interval}


def figure_values(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures that overview and page share as plain values, for the API."""
    trend: Trend = figures["trend"]
    plain = ("party", "actors", "open", "open_protests", "overdue", "standing_long", "promised")
    return {
        **{name: figures[name] for name in plain},
        "rate": asdict(figures["rate"]),
        "share": share_values(figures["share"]),
        "trend": {
            "is_alarm": trend.is_alarm,
            "is_by_rate": trend.is_by_rate,
            "has_enough": trend.has_enough,
            "recent": asdict(trend.recent),
            "before": asdict(trend.before),
            "recent_mean": trend.recent_mean,
            "before_mean": trend.before_mean,
            "ratio": trend.ratio,
            "chance": trend.chance,
            "growth": {
                "is_alarm": trend.growth.is_alarm,
                "has_enough": trend.growth.has_enough,
                "events": trend.growth.events,
                "per_week": trend.growth.per_week,
                "interval": trend.growth.interval and asdict(trend.growth.interval),
                "chance": trend.growth.chance,
                "scatter": trend.growth.scatter,
            },
            "weeks": [
                {"end": format_instant(week.end), "events": week.events, "movements": week.movements}
                for week in trend.weeks
            ],
        },
    }


def party_values(page: Mapping[str, Any]) -> dict[str, Any]:
    """Return the page of a party as plain values, cases by their ids, for the API."""
    return {
        **figure_values(page),
        "consent": [
            {
                "admin_unit": row.admin_unit,
                "now": share_values(row.now),
                "before": share_values(row.before),
                "direction": row.direction,
            }
            for row in page["consent"]
        ],
        "classes": [{"user_class": r["user_class"], "share": share_values(r["share"])} for r in page["classes"]],
        "routes": [{"route": r["route"], "rate": asdict(r["rate"])} for r in page["routes"]],
        "protests": [case["id"] for case in page["protests"]],
        "commitments": [{"id": row["id"], "state": row["state"]} for row in page["commitments"]],
    }


PROMISE_STATES = ("open", "overdue", "kept", "partly_kept", "broken", "withdrawn")


def _promises(rows: Sequence[Mapping[str, Any]], actors: Sequence[str], at: int) -> list[dict[str, Any]]:
    """Return what actors promised by a moment, newest first, with `state`: overdue when its date passed untold."""
    found = []
    for row in rows:
        if row["actor"] not in actors or parse_instant(row["promised_at"]) > at:
            continue
        is_settled = row["settled_at"] is not None and parse_instant(row["settled_at"]) <= at
        is_late = row["due_at"] is not None and parse_instant(row["due_at"]) < at
        found.append({**row, "state": row["outcome"] if is_settled else "overdue" if is_late else "open"})
    return sorted(found, key=lambda row: (row["promised_at"], row["id"]), reverse=True)


def _violation(case: Mapping[str, Any], movements: Mapping[str, Mapping[str, Any]]) -> Violation:
    movement: Mapping[str, Any] = movements.get(case["movement_id"] or "", {})
    return Violation(
        id=case["id"],
        at=case["began_us"],
        actor=case["actor"],
        admin_unit=case["admin_unit"] or movement.get("admin_unit"),
        user_class=case["user_class"],
        outcome=case["outcome"],
        movement=case["movement_id"],
        route=case["route"] or movement.get("route"),
    )


def _of_class(
    attempts: Sequence[Attempt], violations: Sequence[Violation], name: str
) -> tuple[list[Attempt], list[Violation]]:
    return [a for a in attempts if a.user_class == name], [v for v in violations if v.user_class == name]


def _routes(attempts: Sequence[Attempt], mine: Sequence[Violation]) -> list[dict[str, Any]]:
    """Return the key routes with most restrictions, each with the movements attempted on it."""
    rows = []
    for route, events in group_counts(mine, lambda violation: violation.route)[:ROUTES_SHOWN]:
        on_route = [attempt for attempt in attempts if attempt.route == route]
        here = [violation for violation in mine if violation.route == route]
        rows.append({"route": route, "rate": rate_per_100(events, count_exposure(on_route, here))})
    return rows
