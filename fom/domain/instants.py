"""Moments as whole microseconds since 1970 UTC, so that times compare exactly and fit in int64 arrays."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
NEVER_US = -(2**62)
"""Stands for "no such moment in the past" (never verified)."""
ALWAYS_US = 2**62
"""Stands for "no end"."""

_FIRST_US = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
_LAST_US = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")


def parse_instant(text: str) -> int:
    """Return the microseconds of an ISO 8601 text with `Z` or an offset.

    Raises
    ------
    ValueError
        No zone, not a real date, another notation, or a moment outside the years 1 to 9999 UTC.
    """
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise ValueError("an ISO 8601 time with Z or an offset")
    us = to_us(datetime.fromisoformat(text))
    if not _FIRST_US <= us <= _LAST_US:
        raise ValueError("a time within the years 1 to 9999 UTC")
    return us


def to_us(moment: datetime) -> int:
    """Return the microseconds of an aware datetime; a naive one is refused with ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time with a zone")
    return (moment - EPOCH) // MICROSECOND


def from_us(us: int) -> datetime:
    """Return the aware UTC datetime of a number of microseconds."""
    return EPOCH + timedelta(microseconds=int(us))


def format_instant(us: int) -> str:
    """Return ISO 8601 in UTC ending in `Z`, with a fraction only where there is one."""
    return from_us(us).isoformat().replace("+00:00", "Z")


EARLIEST_US, LATEST_US = parse_instant("1900-01-01T00:00:00Z"), parse_instant("2200-01-01T00:00:00Z")
"""What may be asked about: far enough from the ends of the calendar that ages and next changes can be told."""


def parse_bounded(text: str) -> int:
    """Return the microseconds of an ISO 8601 text, within what may be asked about; ValueError for anything else."""
    us = parse_instant(text)
    if not EARLIEST_US <= us < LATEST_US:
        raise ValueError("a time from 1900 to 2199")
    return us
