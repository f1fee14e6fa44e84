"""Are tag values with units read exactly, and never guessed?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fom.network.measures import read_length_m, read_load_class, read_mass_t, read_speed_kmh


@pytest.mark.parametrize(
    ("text", "tonnes"),
    [
        ("7.5", 7.5), ("7.5 t", 7.5), ("7,5t", 7.5), (" 12 T ", 12), ("3500 kg", 3.5), ("16000 lbs", 7.2575),
        ("8 st", 7.2575),
        ("10 tons", 10), ("12;7.5", 7.5), ("12 t; none", 12), ("none", None), ("default", None), ("unsigned", None),
        ("", None), ("٧", 7),
    ],
)  # fmt: skip
def test_masses(text: str, tonnes: float | None) -> None:
    assert read_mass_t(text) == (pytest.approx(tonnes, abs=1e-3) if tonnes is not None else None)


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("3.5", 3.5), ("3.5 m", 3.5), ("3,5m", 3.5), ("350 cm", 3.5), ("11'6\"", 3.5052), ("12'", 3.6576),
        ("12 ft", 3.6576),
        ("12 ft 6 in", 3.81), ("12ft6in", 3.81), ("below_default", None), ("4;3.8", 3.8),
    ],
)  # fmt: skip
def test_lengths(text: str, metres: float | None) -> None:
    assert read_length_m(text) == (pytest.approx(metres, abs=1e-4) if metres is not None else None)


@pytest.mark.parametrize(
    ("text", "kmh"),
    [("50", 50), ("50 km/h", 50), ("30 mph", 48.28032), ("DE:urban", 50), ("RO:rural", None), ("walk", 5),
     ("none", None),
     ("signals", None), ("80;60", 60)],
)  # fmt: skip
def test_speeds(text: str, kmh: float | None) -> None:
    assert read_speed_kmh(text) == (pytest.approx(kmh) if kmh is not None else None)


@pytest.mark.parametrize(
    ("text", "load_class"), [("30", 30), ("MLC 30", 30), ("30W/20T", 20), ("60;50", 50), ("none", None)]
)
def test_load_classes(text: str, load_class: float | None) -> None:
    assert read_load_class(text) == load_class


@pytest.mark.parametrize(
    "text", ["about 7", "7.5 x", "-3", "7.5.5", "1e3", "3 t when wet", "0", "5000 t", "nan", "1 000"]
)
def test_masses_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_mass_t(text)


@pytest.mark.parametrize("text", ["high", "0", "3 t", "12'6'6", "400"])
def test_lengths_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_length_m(text)


@pytest.mark.parametrize("text", ["0", "151", "X", "30 t-something"])
def test_load_classes_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_load_class(text)


@given(st.text(max_size=12))
def test_any_text_is_a_number_in_range_nothing_or_refused(text: str) -> None:
    for read, high in ((read_mass_t, 1000), (read_length_m, 100), (read_speed_kmh, 200), (read_load_class, 150)):
        try:
            value = read(text)
        except ValueError:
            continue
        assert value is None or 0 < value <= high
