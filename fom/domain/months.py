"""Calendar months in UTC, as the monthly extract counts them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from fom.domain.instants import EARLIEST_US, LATEST_US, from_us, to_us
from fom.errors import InvalidInput

_MONTH = re.compile(r"(\d{4})-(\d\d)")


def month_span(text: str) -> tuple[int, int]:
    """Return the first moment of a month `2026-10` and of the month after it, microseconds.

    Raises
    ------
    InvalidInput
        Another notation, no real month, or a year outside 1900 to 2199.
    """
    found = _MONTH.fullmatch(text) if text.isascii() else None
    year, month = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (1900 <= year < 2200 and 1 <= month <= 12):
        raise InvalidInput.single("month", text[:20], "a month such as 2026-10")
    start = to_us(datetime(year, month, 1, tzinfo=UTC))
    end = to_us(datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC))
    return max(start, EARLIEST_US), min(end, LATEST_US)


def month_of(us: int) -> str:
    """Return the month of a moment, `2026-10`."""
    return from_us(us).strftime("%Y-%m")


def month_before(text: str) -> str:
    """Return the month before another."""
    return month_of(month_span(text)[0] - 1)
