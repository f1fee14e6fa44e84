"""Times as people write them in tables: ISO 8601, day-month-year, date-time groups. The zone is asked, never guessed.

What can be read in two ways is refused with both readings.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from fom.domain.instants import to_us

ORDERS = ("dmy", "mdy")
"""Which of two numbers is the day where both may be."""
EXPECTED = "a date and time: 2026-11-23 14:32, 23.11.2026 14:32, 23 Nov 2026 14:32 or 231432Z NOV 26"
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janvier يناير", "feb february fev fevrier فبراير", "mar march mars مارس",
            "apr april avr avril أبريل ابريل", "may mai مايو", "jun june juin يونيو", "jul july juil juillet يوليو",
            "aug august aou aout أغسطس اغسطس", "sep sept september septembre سبتمبر",
            "oct october octobre أكتوبر اكتوبر", "nov november novembre نوفمبر", "dec december decembre ديسمبر",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = r"(?:[T ,]+(?P<h>\d{1,2})[:hH.](?P<m>\d{2})(?::(?P<s>\d{2})(?:\.\d+)?)?)?"
_ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
_ISO = re.compile(r"(?P<y>\d{4})[-/.](?P<mo>\d{1,2})[-/.](?P<d>\d{1,2})" + _TIME + _ZONE)
_NUMBERS = re.compile(r"(?P<a>\d{1,2})(?P<sign>[/.\-])(?P<b>\d{1,2})(?P=sign)(?P<y>\d{4})" + _TIME + _ZONE)
_NAMED = re.compile(r"(?P<d>\d{1,2})[ \-.]+(?P<name>[^\W\d]+)\.?[ \-.]+(?P<y>\d{4})" + _TIME + _ZONE)
_GROUP = re.compile(
    r"(?P<d>\d{2})(?P<h>\d{2})(?P<m>\d{2})\s*(?P<letter>[A-Za-z])?\s*(?P<name>[A-Za-z]{3})\s*(?P<y>\d{2}|\d{4})"
)
_LETTERS = "ABCDEFGHIKLM"


class UnreadableTime(ValueError):
    """A text that is no time, or that can be more than one; the message says what was expected."""


def read_zone(text: str) -> timezone:
    """Return the zone of `Z` or an offset such as +02:00; another text is a ValueError."""
    match = re.fullmatch(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<h>\d{1,2}):?(?P<m>\d{2})?", text.strip())
    if text.strip().upper() in ("Z", "UTC", "GMT"):
        return timezone.utc  # noqa: UP017 - the type is `timezone`
    if match is None or int(match["h"]) > 14 or int(match["m"] or 0) > 59:
        raise ValueError(text)
    minutes = int(match["h"]) * 60 + int(match["m"] or 0)
    return timezone(timedelta(minutes=-minutes if match["sign"] == "-" else minutes))


def read_time(text: str, *, zone: timezone | None, order: str = "", end_of_day: bool = False) -> int:
    """Return the microseconds of a stated time.

    Parameters
    ----------
    zone
        Of times that state none; None = refuse them.
    order
        `dmy` or `mdy` for 03/04/2026; empty = refuse what can be both.
    end_of_day
        Whether a day without a time means its last minute and not its first.

    Raises
    ------
    UnreadableTime
        With what was expected.
    """
    text = " ".join(text.split())
    if match := _GROUP.fullmatch(text):
        return _of_group(match, zone)
    for pattern in (_ISO, _NAMED, _NUMBERS):
        if match := pattern.fullmatch(text):
            day, month = _day_and_month(match, order)
            return _moment(match, day, month, zone, end_of_day)
    raise UnreadableTime(EXPECTED)


def _day_and_month(match: re.Match[str], order: str) -> tuple[int, int]:
    parts = match.groupdict()
    if "name" in parts:
        return int(parts["d"]), _month(parts["name"])
    if "mo" in parts:
        return int(parts["d"]), int(parts["mo"])
    first, second = int(parts["a"]), int(parts["b"])
    if parts["sign"] == ".":
        return first, second  # nobody writes the month first with points
    if first != second and first <= 12 and second <= 12 and order not in ORDERS:
        raise UnreadableTime(
            f"the order of day and month chosen: {first}/{second} can be day {first} of month {second} or the reverse"
        )
    is_month_first = order == "mdy" if first <= 12 and second <= 12 else second > 12
    return (second, first) if is_month_first else (first, second)


def _month(name: str) -> int:
    plain = name.casefold().replace("é", "e").replace("û", "u")
    if plain not in _MONTHS:
        raise UnreadableTime(EXPECTED)
    return _MONTHS[plain]


def _moment(match: re.Match[str], day: int, month: int, zone: timezone | None, end_of_day: bool) -> int:
    if match["h"] is None:
        hour, minute, second = (23, 59, 0) if end_of_day else (0, 0, 0)
    else:
        hour, minute, second = int(match["h"]), int(match["m"]), int(match["s"] or 0)
    own = match["zone"]
    return _made(int(match["y"]), month, day, hour, minute, second, read_zone(own) if own else zone)


def _of_group(match: re.Match[str], zone: timezone | None) -> int:
    letter = (match["letter"] or "").upper()
    if letter == "Z":
        zone = timezone.utc  # noqa: UP017
    elif letter in _LETTERS and letter:
        zone = timezone(timedelta(hours=_LETTERS.index(letter) + 1))
    elif letter and letter != "J":
        zone = timezone(timedelta(hours=-(ord(letter) - ord("N") + 1)))
    year = int(match["y"]) + (2000 if len(match["y"]) == 2 else 0)
    return _made(year, _month(match["name"]), int(match["d"]), int(match["h"]), int(match["m"]), 0, zone)


def _made(year: int, month: int, day: int, hour: int, minute: int, second: int, zone: timezone | None) -> int:
    if zone is None:
        raise UnreadableTime("a time with its zone, or the zone of the column chosen")
    try:
        us = to_us(datetime(year, month, day, hour, minute, second, tzinfo=zone))
        datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableTime(EXPECTED) from None
    return us
