"""The political calendar: dates of a span, seasons among them, and beside them what happened, without a conclusion."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require
from fom.domain.compliance import GROUPS, count_exposure, rate_per_100
from fom.domain.instants import parse_instant, to_us
from fom.domain.political_dates import Occurrence, occurrences
from fom.services.area_statements import list_statements
from fom.services.parties import read_evidence
from fom.services.registers import list_register

REGISTER = "political_date"


def list_dates(
    session: Session, first: int, last: int, *, actor: Actor, known_at: int | None = None
) -> list[Occurrence]:
    """Return the dates that touch [first, last], microseconds, earliest first; none to those who read no cases."""
    if not may(actor, "read_restriction_cases"):
        return []
    return occurrences(list_register(session, REGISTER, actor=actor, known_at=known_at), first, last)


def calendar_year(session: Session, year: int, *, actor: Actor, at: int) -> dict[str, Any]:
    """Return the twelve months of a year: dates and seasons that begin in each, restrictions with their exposure.

    Returns
    -------
    `months`: `month` (1 to 12), `start`, `dates` (occurrences that begin in it, those that go on at the year's
    beginning in January), `seasons` (statements that begin in it), `rate` (`Rate`, None for months that have not
    begun), `by` (party -> restrictions).
    """
    require(actor, "read_restriction_cases")
    starts = [to_us(datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)) for month in range(13)]
    found = list_dates(session, starts[0], starts[-1] - 1, actor=actor)
    seasons = [
        (max(starts[0], parse_instant(one["start"])), one)
        for one in list_statements(session, "season", actor=actor, at=at)
        if one["start"] is not None
        and parse_instant(one["start"]) < starts[-1]
        and (one["end"] is None or parse_instant(one["end"]) >= starts[0])
    ]
    evidence = read_evidence(session, actor=actor, at=at)
    months: list[dict[str, Any]] = []
    for index, (start, end) in enumerate(itertools.pairwise(starts)):
        attempts, violations = evidence.within(start - 1, min(end - 1, at))
        by = {party: sum(v.actor in actors for v in violations) for party, actors in GROUPS.items() if len(actors) == 1}
        months.append({
            "month": index + 1,
            "start": start,
            "dates": [one for one in found if start <= max(one.start, starts[0]) < end],
            "seasons": sorted(
                ({**one, "from": moment} for moment, one in seasons if start <= moment < end),
                key=lambda one: (one["from"], one["id"]),
            ),
            "rate": rate_per_100(len(violations), count_exposure(attempts, violations)) if start <= at else None,
            "by": {party: count for party, count in by.items() if count},
            "is_now": start <= at < end,
        })  # fmt: skip
    return {"months": months, "most": max((m["rate"].events for m in months if m["rate"]), default=0), "at": at}
