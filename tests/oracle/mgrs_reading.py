"""Reads a MGRS text in plain arithmetic: zone, band, 100 km square, digits; the centre of the square it names."""

from __future__ import annotations

import math
import re
from functools import cache

from pyproj import Proj

BANDS = "CDEFGHJKLMNPQRSTUVWX"
COLUMNS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")
ROWS = "ABCDEFGHJKLMNPQRSTUV"
_TEXT = re.compile(r"(\d{1,2})([C-HJ-NP-X])([A-HJ-NP-Z])([A-HJ-NP-V])(\d+)")


def read_mgrs(text: str) -> tuple[float, float, float]:
    """Return longitude and latitude of the centre of the square, and its side in metres.

    The text names the south-west corner; the centre is half a side north-east of it in the grid of the stated zone.
    """
    match = _TEXT.fullmatch(text.replace(" ", "").upper())
    if match is None or len(match[5]) % 2 or len(match[5]) > 10:
        raise ValueError(f"not a MGRS text: {text}")
    zone, band, column, row, digits = int(match[1]), match[2], match[3], match[4], match[5]
    half = len(digits) // 2
    side = 10.0 ** (5 - half)
    easting = (COLUMNS[(zone - 1) % 3].index(column) + 1) * 100_000 + int(digits[:half]) * side
    square = (ROWS.index(row) - (0 if zone % 2 else 5)) % 20 * 100_000
    while square < lowest_northing(band):
        square += 2_000_000
    northing = square + int(digits[half:]) * side
    lon, lat = utm(zone, band < "N")(easting + side / 2, northing + side / 2, inverse=True)
    return lon, lat, side


def write_mgrs(lon: float, lat: float, digits: int) -> str:
    """Return the MGRS text of a place with `digits` digits in total (2, 4 … 10); not for 31V and 31X to 37X."""
    zone = min(int((lon + 180) // 6) + 1, 60)
    band = BANDS[min(int((lat + 80) // 8), 19)]
    easting, northing = utm(zone, band < "N")(lon, lat)
    column = COLUMNS[(zone - 1) % 3][int(easting // 100_000) - 1]
    row = ROWS[(int(northing // 100_000) + (0 if zone % 2 else 5)) % 20]
    half = digits // 2
    e, n = (int(value % 100_000 // 10 ** (5 - half)) for value in (easting, northing))
    return f"{zone}{band}{column}{row}{e:0{half}d}{n:0{half}d}"


@cache
def utm(zone: int, south: bool) -> Proj:
    """Return the projection of a UTM zone."""
    return Proj(proj="utm", zone=zone, south=south, ellps="WGS84")


@cache
def lowest_northing(band: str) -> float:
    """Return the northing of the lowest 100 km line that a latitude band reaches anywhere in a zone, metres."""
    south = -80 + 8 * BANDS.index(band)
    grid = utm(31, band < "N")
    northings: list[float] = [grid(lon, south)[1] for lon in (0.0, 3.0)]
    return math.floor(min(northings) / 100_000) * 100_000
