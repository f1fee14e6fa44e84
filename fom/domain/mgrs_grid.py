"""The military grid: squares read from text and written back.

Traps (doctrine, section 9.5): the reference names the south-west corner, so a place is the centre of its square; the
centre is taken in the stated zone's UTM grid, also where the square is cut by a zone edge; zone and band are required;
an odd number of digits, none, more than ten, the letters I and O, and polar squares are refused.
"""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

import mgrs
import pyproj

_SQUARE = re.compile(r"(\d{1,2})([A-Z])([A-Z]{2})(\d*)")
_CONVERTER = mgrs.MGRS()
EQUATOR_DEG = 5e-8
"""Half a centimetre: nearer to the equator from the south the converter names a square that only the north has."""
EXPECTED = "an MGRS reference with zone, band, square and 2, 4, 6, 8 or 10 digits, such as 36N VL 345 678"


@dataclass(frozen=True, slots=True)
class GridSquare:
    """A square of the grid: its centre in degrees and its side in metres."""

    text: str
    """Normal form without spaces, capitals."""
    lon: float
    lat: float
    side_m: float

    @property
    def half_diagonal_m(self) -> float:
        """Return the distance from the centre to a corner."""
        return float(self.side_m * 0.5**0.5)


@lru_cache(maxsize=256)
def _utm(zone: int, is_south: bool) -> pyproj.Proj:
    return pyproj.Proj(proj="utm", zone=zone, south=is_south, ellps="WGS84")


@lru_cache(maxsize=65536)
def read_square(text: str) -> GridSquare:
    """Return the square of a reference; spaces and lower case are accepted.

    Raises
    ------
    ValueError
        Not such a reference; the message says what is wrong with it.
    """
    plain = re.sub(r"\s+", "", text).upper()
    match = _SQUARE.fullmatch(plain)
    if match is None:
        if re.fullmatch(r"[A-Z]{2}\d*", plain):
            raise ValueError("the grid zone is missing")
        if re.fullmatch(r"[ABYZ][A-Z]{2}\d*", plain):
            raise ValueError("polar squares are not accepted")
        raise ValueError("not an MGRS reference")
    zone, band, square, digits = match.groups()
    if not 1 <= int(zone) <= 60:
        raise ValueError(f"zone {zone} is outside 1 to 60")
    if band in "ABYZ":
        raise ValueError("polar squares are not accepted")
    if set(band + square) & {"I", "O"}:
        raise ValueError("the letters I and O are not used in MGRS")
    if len(digits) % 2 or not 2 <= len(digits) <= 10:
        raise ValueError(f"{len(digits)} digits where an even number from 2 to 10 belongs")
    half = len(digits) // 2
    corner = f"{int(zone):02d}{band}{square}{digits[:half]:0<5}{digits[half:]:0<5}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a square cut by a band's edge starts just outside it
            _, hemisphere, easting, northing = _CONVERTER.MGRSToUTM(corner)
    except mgrs.core.MGRSError:
        raise ValueError(f"there is no square {square} in zone {zone}{band}") from None
    side_m = 10.0 ** (5 - half)
    # some releases of the converter give the corner of the square, others its centre: ask for the metre of the corner
    easting, northing = math.floor(easting + 0.25), math.floor(northing + 0.25)
    lon, lat = _utm(int(zone), hemisphere == "S")(easting + side_m / 2, northing + side_m / 2, inverse=True)
    return GridSquare(f"{int(zone):02d}{band}{square}{digits}", float(lon), float(lat), side_m)


def format_mgrs(lon: float, lat: float, *, digits: int = 10) -> str:
    """Return the reference of the square that holds a position, spaced for reading: `36N VL 34512 67834`.

    `digits` in all: 2, 4, 6, 8 or 10. Raises ValueError beyond 84° N and 80° S, where the polar grid begins.
    """
    if not -80.0 <= lat <= 84.0:
        raise ValueError(f"latitude {lat} is in the polar grid")
    if abs(lat) < EQUATOR_DEG:
        lat = 0.0
    half = digits // 2
    plain = _CONVERTER.toMGRS(lat, lon, MGRSPrecision=half)
    head, square, numbers = plain[: -2 - 2 * half], plain[-2 - 2 * half : len(plain) - 2 * half], plain[-2 * half :]
    return f"{head} {square} {numbers[:half]} {numbers[half:]}"
