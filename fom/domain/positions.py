"""Positions as people write them: longitude/latitude, degrees and minutes, degrees-minutes-seconds, MGRS.

What was read is said back in two forms, so that a wrong digit is seen before it is saved. What can be read in two ways
is refused with both readings. Source: doctrine, section 9.5.
"""

from __future__ import annotations

import math
import re

from fom.domain.instants import from_us
from fom.domain.mgrs_grid import format_mgrs, read_square
from fom.errors import InvalidInput

EXPECTED = (
    "longitude, latitude in degrees (30.0105, 5.0004), degrees with N/S and E/W (5°00.024'N 30°00.63'E), "
    "or MGRS with its zone (36N VL 345 678)"
)
_LOOKS_LIKE_GRID = re.compile(r"(\d{1,2}\s*)?[A-Za-z]{1,3}[\sA-Za-z]*[\d\s]*")
_HALF = re.compile(
    r"""\s*(?P<before>[NSEWnsew])?\s*
    (?P<sign>[-+−]?)(?P<deg>\d+(?:\.\d+)?)\s*(?:°|º|d|deg|\s|:)?\s*
    (?:(?P<min>\d+(?:\.\d+)?)\s*(?:['′’m:]|\s|$)?\s*)?
    (?:(?P<sec>\d+(?:\.\d+)?)\s*(?:["″”s]|'')?\s*)?
    (?P<after>[NSEWnsew])?\s*""",
    re.VERBOSE,
)
_STEP_M = {"deg": 111_320.0, "min": 111_320.0 / 60, "sec": 111_320.0 / 3600}
"""Length of one unit of latitude, metres; one of longitude is not longer."""
WRITTEN_LEAST_M = 15.0
"""Doubt of the finest writing, as of a grid reference of ten figures. Source: doctrine, section 3.2."""
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def parse_position(text: str, *, field: str = "position") -> tuple[float, float, str]:
    """Return (lon, lat, reading): degrees, and the place said back in degrees-minutes and MGRS.

    Plain numbers are longitude first. An MGRS reference gives the centre of its square.

    Raises
    ------
    InvalidInput
        Not a position, outside the globe, at 0/0, or readable in two ways (the message gives both).
    """
    stripped = text.strip() if isinstance(text, str) else ""
    if not stripped:
        raise InvalidInput.single(field, repr(text), EXPECTED)
    if re.search(r"\d", stripped) is None or is_grid_reference(stripped):
        lon, lat = _read_grid(stripped, field)
    elif re.search(r"[NSEWnsew]", stripped):
        lon, lat = _read_lettered(stripped, field)
    else:
        lon, lat = _read_plain(stripped, field)
    _check(lon, lat, stripped, field)
    return lon, lat, reading(lon, lat)


def written_doubt_m(text: str) -> float:
    """Return the doubt of a position in degrees as its figures leave it open, metres: half the diagonal of a cell of
    the coarser of the two, and 15. Whole minutes leave more than a kilometre, where three decimals leave two metres.
    Of plain decimals the finer counts: machines drop the zeros at the end of one, and both come from one reading.

    `text` as `parse_position` reads it, no grid reference: that has its own doubt. Source: project decision, after the
    doctrine's rule for grid references (section 3.2).
    """
    is_lettered = re.search(r"[NSEWnsew]", text) is not None
    if is_lettered:
        matches = [match for half in _split_lettered(text) if (match := _HALF.fullmatch(half)) is not None]
        finest = [next((unit, match[unit]) for unit in ("sec", "min", "deg") if match[unit]) for match in matches]
    else:
        finest = [("deg", number) for number in re.findall(r"\d+(?:[.,]\d+)?", text)[:2]]
    units = [_STEP_M[unit] / 10 ** len(re.split(r"[.,]", number + ".")[1]) for unit, number in finest]
    cells: list[float] = units or [0.0]
    cell = max(cells) if is_lettered else min(cells)
    return cell * math.sqrt(0.5) + WRITTEN_LEAST_M


def reading(lon: float, lat: float) -> str:
    """Return a position in two forms, as it is said back to whoever gave it."""
    if not -80.0 <= lat <= 84.0:
        return format_dm(lon, lat)
    return f"{format_dm(lon, lat)} · {format_mgrs(lon, lat)}"


def is_grid_reference(text: str) -> bool:
    """Return whether a text is meant as an MGRS reference, good or bad."""
    return re.fullmatch(r"\s*\d{1,2}\s*[A-Za-z]\s*[A-Za-z]{2}[\d\s]*", text) is not None or (
        _LOOKS_LIKE_GRID.fullmatch(text) is not None and re.search(r"[A-Za-z]{2}", text) is not None
    )


def _read_grid(text: str, field: str) -> tuple[float, float]:
    try:
        square = read_square(text)
    except ValueError as problem:
        raise InvalidInput.single(field, f"{text!r}: {problem}", EXPECTED) from None
    return square.lon, square.lat


def _read_lettered(text: str, field: str) -> tuple[float, float]:
    halves = _split_lettered(text)
    values: dict[str, float] = {}
    for half in halves:
        axis, degrees = _read_half(half, text, field)
        if axis in values:
            raise InvalidInput.single(field, f"{text!r} names {axis} twice", EXPECTED)
        values[axis] = degrees
    if set(values) != {"longitude", "latitude"}:
        raise InvalidInput.single(field, f"{text!r} has no N/S and E/W pair", EXPECTED)
    return values["longitude"], values["latitude"]


def _split_lettered(text: str) -> list[str]:
    """Return the two halves; the hemisphere letter stands before both or after both."""
    comma = [part for part in re.split(r"[,;/]", text) if part.strip()]
    if len(comma) == 2:
        return comma
    if re.match(r"\s*[NSEWnsew]", text):
        return [part for part in re.split(r"(?=[NSEWnsew])", text) if part.strip()]
    return [part for part in re.split(r"(?<=[NSEWnsew])", text) if part.strip()]


def _read_half(half: str, text: str, field: str) -> tuple[str, float]:
    match = _HALF.fullmatch(half)
    letters = "" if match is None else (match["before"] or "") + (match["after"] or "")
    if match is None or len(letters) != 1:
        raise InvalidInput.single(field, f"{text!r}: cannot read {half.strip()!r}", EXPECTED)
    if match["sign"]:
        raise InvalidInput.single(field, f"{text!r}: a sign and a letter in {half.strip()!r}", "one of the two")
    minutes, seconds = float(match["min"] or 0), float(match["sec"] or 0)
    is_whole = float(match["deg"]).is_integer() and (not match["sec"] or minutes.is_integer())
    if minutes >= 60 or seconds >= 60 or not (is_whole or not match["min"]):
        raise InvalidInput.single(
            field, f"{text!r}: minutes or seconds of {half.strip()!r}", "below 60, whole above a part"
        )
    degrees = float(match["deg"]) + minutes / 60 + seconds / 3600
    letter = letters.upper()
    return ("latitude" if letter in "NS" else "longitude"), -degrees if letter in "SW" else degrees


def _read_plain(text: str, field: str) -> tuple[float, float]:
    number = r"[-+−]?\d+(?:\.\d+)?"
    pair = re.fullmatch(rf"\s*({number})\s*[,;/\s]\s*({number})\s*", text.replace("°", ""))
    if pair:
        return _signed(pair[1]), _signed(pair[2])
    comma_pair = re.fullmatch(r"\s*([-+−]?\d+,\d+)\s*[;/\s]\s*([-+−]?\d+,\d+)\s*", text)
    if comma_pair:
        return _signed(comma_pair[1].replace(",", ".")), _signed(comma_pair[2].replace(",", "."))
    numbers = [_signed(n) for n in re.findall(number, text)]
    if len(numbers) in (4, 6):
        half = len(numbers) // 2
        one, two = (_sexagesimal(numbers[:half]), _sexagesimal(numbers[half:]))
        raise InvalidInput.single(
            field,
            f"{text!r} could be {format_dm(one, two)} or {format_dm(two, one)}"
            if max(abs(one), abs(two)) <= 90
            else repr(text),
            "N/S and E/W beside degrees and minutes",
        )
    raise InvalidInput.single(field, repr(text), EXPECTED)


def _sexagesimal(parts: list[float]) -> float:
    size = sum(abs(part) / 60**power for power, part in enumerate(parts))
    return math.copysign(size, parts[0])


def _signed(text: str) -> float:
    return float(text.replace("−", "-"))


def _check(lon: float, lat: float, text: str, field: str) -> None:
    if abs(lat) > 90 and abs(lon) <= 90 and abs(lat) <= 180:
        swapped = format_dm(lat, lon)
        raise InvalidInput.single(
            field, f"{text!r}: latitude {lat:g} is outside ± 90", f"longitude first; swapped it is {swapped}"
        )
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise InvalidInput.single(field, f"{text!r} is outside ± 180, ± 90", EXPECTED)
    if lon == 0 and lat == 0:
        raise InvalidInput.single(field, f"{text!r} is 0/0, what a device says without a fix", "the real place")


def format_dm(lon: float, lat: float) -> str:
    """Return degrees and decimal minutes with hemisphere letters, latitude first: `5°00.024'N 30°00.630'E`."""
    return f"{_dm(lat, 'N', 'S')} {_dm(lon, 'E', 'W')}"


def _dm(value: float, positive: str, negative: str) -> str:
    thousandths = round(abs(value) * 60_000)
    degrees, rest = divmod(thousandths, 60_000)
    return f"{degrees}°{rest / 1000:06.3f}'{negative if value < 0 and thousandths else positive}"


def date_time_group(us: int) -> str:
    """Return the date-time group of a moment in UTC, as on the mission's maps: `231432Z NOV 26`."""
    moment = from_us(us)
    return f"{moment:%d%H%M}Z {_MONTHS[moment.month - 1]} {moment:%y}"
