"""Positions as people write them; what can be read in two ways is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.domain.geodesy import distance_m
from fom.domain.instants import parse_instant
from fom.domain.mgrs_grid import format_mgrs, read_square
from fom.domain.positions import date_time_group, format_dm, parse_position, written_doubt_m
from fom.errors import InvalidInput

SAME = (
    "18.205, -7.31",
    "18.205 -7.31",
    "18,205 -7,31",
    "7.31°S 18.205°E",
    "S7.31 E18.205",
    "18.205E, 7.31S",
    "7°18.6'S 18°12.3'E",
    "7 18.6 S, 18 12.3 E",
    "S 7° 18' 36\" E 18° 12' 18\"",
    "7°18′36″S 18°12′18″E",
)


@pytest.mark.parametrize("text", SAME)
def test_one_place_in_many_writings(text: str) -> None:
    lon, lat, reading = parse_position(text)
    assert (lon, lat) == pytest.approx((18.205, -7.31), abs=1e-9)
    assert reading.startswith("7°18.600'S 18°12.300'E · 34M ")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("7 18.6 18 12.3", "could be 18°12.300'N 7°18.600'E or 7°18.600'N 18°12.300'E"),
        ("7.31, 108.2", "swapped it is 7°18.600'N 108°12.000'E"),
        ("0, 0", "without a fix"),
        ("200, 7", "outside"),
        ("7.31N 18.2N", "names latitude twice"),
        ("-7.31S 18.2E", "a sign and a letter"),
        ("7°61'S 18°E", "below 60"),
        ("33M WN 123", "even number"),
        ("WN 1234 5678", "grid zone is missing"),
        ("33I WN 12 34", "I and O"),
        ("ZAH 12 34", "polar"),
        ("61M WN 12 34", "zone 61"),
        ("33M ZZ 12 34", "no square ZZ"),
        ("", "expected"),
        ("near the market", "expected"),
    ],
)
def test_a_position_is_refused_with_its_reason(text: str, part: str) -> None:
    with pytest.raises(InvalidInput, match="position") as refused:
        parse_position(text)
    assert part in str(refused.value)


@given(st.floats(-180, 180), st.floats(-79.9, 83.9))
def test_what_is_said_back_reads_as_the_same_place(lon: float, lat: float) -> None:
    if round(lon, 3) == 0 and round(lat, 3) == 0:
        return
    read = parse_position(format_dm(lon, lat))
    assert read[:2] == pytest.approx((lon, lat), abs=1e-5)
    square = read_square(format_mgrs(lon, lat))
    assert square.lat == pytest.approx(lat, abs=2e-5)
    assert abs(square.lon - lon) % 360 == pytest.approx(0, abs=2e-4) or abs(square.lon - lon) > 359.9


@pytest.mark.parametrize("lat", [-1e-9, -4e-8, -6e-8, -1e-6, 0.0, 1e-9])
def test_a_hair_south_of_the_equator_is_still_a_square(lat: float) -> None:
    assert read_square(format_mgrs(0.5, lat)).lat == pytest.approx(lat, abs=2e-5)


@pytest.mark.parametrize(("digits", "half_diagonal"), [(10, 0.7071), (8, 7.071), (6, 70.71), (4, 707.1), (2, 7071.1)])
def test_a_square_is_named_by_its_corner_and_taken_at_its_centre(digits: int, half_diagonal: float) -> None:
    square = read_square(format_mgrs(18.2, -7.3, digits=digits).lower())
    assert square.half_diagonal_m == pytest.approx(half_diagonal, rel=1e-3)
    if digits == 10:
        return
    finer = read_square(f"{square.text[:5]}" + "".join(f"{half}5" for half in halves(square.text[5:])))
    assert (finer.lon, finer.lat) == pytest.approx((square.lon, square.lat), abs=square.side_m / 1e6)


def halves(digits: str) -> tuple[str, str]:
    middle = len(digits) // 2
    return digits[:middle], digits[middle:]


def test_the_centre_lies_in_the_stated_zones_grid_even_beyond_its_edge() -> None:
    """A square of 10 km at 18° E reaches into zone 34; its centre is read in zone 33."""
    square = read_square(format_mgrs(17.9999, 5.0, digits=2))
    assert square.text.startswith("33N")
    assert square.lon > 18
    assert format_mgrs(square.lon, square.lat, digits=2).startswith("34N")


def test_the_date_time_group_is_in_zulu() -> None:
    assert date_time_group(parse_instant("2026-11-23T17:32:00+03:00")) == "231432Z NOV 26"


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("7.31S 18.205E", 802), ("7°18'S 18°12'E", 1327), ("7°18.600'S 18°12.300'E", 16),
        ("7°18'36\"S 18°12'18\"E", 37),
        ("18, -7", 78_730), ("18.20501 -7.31001", 16), ("18,205 -7,31", 94), ("5.1, 30.12345", 16),
    ],
)  # fmt: skip
def test_figures_that_are_not_written_leave_doubt(text: str, metres: float) -> None:
    parse_position(text)
    assert written_doubt_m(text) == pytest.approx(metres, abs=1)


@given(st.floats(-179, 179), st.floats(-79, 79), st.integers(0, 6), st.booleans())
def test_the_place_that_was_meant_lies_within_the_doubt_of_its_writing(
    lon: float, lat: float, decimals: int, is_lettered: bool
) -> None:
    text = f"{lon:.{decimals}f}, {lat:.{decimals}f}"
    if is_lettered:
        text = f"{abs(lat):.{decimals}f}{'S' if lat < 0 else 'N'} {abs(lon):.{decimals}f}{'W' if lon < 0 else 'E'}"
    try:
        read = parse_position(text)
    except InvalidInput:  # 0/0
        return
    assert distance_m(*np.array([[lon], [lat], [read[0]], [read[1]]]))[0] <= written_doubt_m(text)
