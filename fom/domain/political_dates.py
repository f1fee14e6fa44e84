"""Dates that may move the parties (elections, anniversaries, talks) as they fall within a span.

The service shows them beside what happened and draws no conclusion: whether a party acts on a date is for people.

Source: requirements, C6 (correlation with the political calendar shown as timeline, no automatic inference).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fom.domain.instants import from_us, parse_instant, to_us


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A date as it falls in one year; `end` is its last moment."""

    row: Mapping[str, Any]
    start: int
    end: int


def occurrences(rows: Iterable[Mapping[str, Any]], first: int, last: int) -> list[Occurrence]:
    """Return the dates that touch [first, last], microseconds, earliest first; yearly ones in each year.

    A yearly date is not shown before the year in which it was first entered for. One of 29 February falls on the 28th
    in other years.
    """
    found = []
    for row in rows:
        start = parse_instant(row["starts_at"])
        length = 0 if row["ends_at"] is None else parse_instant(row["ends_at"]) - start
        moment = from_us(start)
        years = range(moment.year, from_us(last).year + 2) if row["is_yearly"] else (moment.year,)
        for year in years:
            begins = to_us(_in_year(moment, year))
            if begins <= last and begins + length >= first:
                found.append(Occurrence(row, begins, begins + length))
    return sorted(found, key=lambda one: (one.start, one.row["id"]))


def _in_year(moment: datetime, year: int) -> datetime:
    try:
        return moment.replace(year=year)
    except ValueError:
        return moment.replace(year=year, day=28)
