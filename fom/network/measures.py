"""Reading of tag values that carry a unit: masses, lengths, speeds, load classes.

Each function returns the number in our unit, None where the text says that there is no value ("none", "default"), and
raises ValueError where it cannot be read; callers count what they could not read and never guess.
"""

from __future__ import annotations

import re

NO_VALUE = frozenset(
    (
        "",
        "none",
        "no",
        "default",
        "below_default",
        "no_sign",
        "no_indications",
        "unsigned",
        "unlimited",
        "unknown",
        "signals",
        "variable",
        "physical",
        "yes",
    )
)
TONNES = {
    "": 1.0,
    "t": 1.0,
    "to": 1.0,
    "ton": 1.0,
    "tons": 1.0,
    "tonne": 1.0,
    "tonnes": 1.0,
    "mt": 1.0,
    "kg": 0.001,
    "st": 0.90718474,
    "lt": 1.0160469088,
    "lb": 0.00045359237,
    "lbs": 0.00045359237,
    "cwt": 0.05080234544,
}
METRES = {
    "": 1.0,
    "m": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "cm": 0.01,
    "mm": 0.001,
    "km": 1000.0,
    "ft": 0.3048,
    "feet": 0.3048,
    "in": 0.0254,
}
KMH = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
ZONE_SPEEDS = {"urban": 50.0, "living_street": 10.0, "walk": 5.0}

_NUMBER_AND_UNIT = re.compile(r"(\d+(?:[.,]\d{1,3})?)\s*([a-z/]*)\.?")
_FEET_INCHES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:'|ft|feet)\s*(?:(\d+(?:\.\d+)?)\s*(?:\"|''|in|inch|inches)?)?")


def _smallest(text: str, read: dict[str, float]) -> float | None:
    """Return the smallest of values separated by `;`, each a number with a unit of `read`."""
    parts = [p.strip() for p in text.strip().lower().split(";")]
    values = []
    for part in parts:
        if part in NO_VALUE:
            continue
        match = _NUMBER_AND_UNIT.fullmatch(part)
        if match is None or match[2] not in read:
            raise ValueError(text)
        values.append(float(match[1].replace(",", ".")) * read[match[2]])
    return min(values) if values else None


def _within(value: float | None, low: float, high: float, text: str) -> float | None:
    if value is not None and not low <= value <= high:
        raise ValueError(text)
    return value


def read_mass_t(text: str) -> float | None:
    """Return tonnes of `7.5`, `7.5 t`, `3500 kg`, `16000 lbs`, `8 st` (short tons); of a list the smallest."""
    return _within(_smallest(text, TONNES), 0.05, 1000, text)


def read_length_m(text: str, *, low: float = 0.1, high: float = 100) -> float | None:
    """Return metres of `3.5`, `3.5 m`, `350 cm`, `11'6"`, `12 ft 6 in`; of a list the smallest."""
    words = text.strip().lower()
    feet = _FEET_INCHES.fullmatch(words)
    if feet is not None:
        return _within(float(feet[1]) * 0.3048 + float(feet[2] or 0) * 0.0254, low, high, text)
    return _within(_smallest(words, METRES), low, high, text)


def read_speed_kmh(text: str) -> float | None:
    """Return km/h of `50`, `30 mph`, `DE:urban`, `walk`; None where the text names no number (`none`, `RO:rural`)."""
    words = text.strip().lower()
    zone = words.rpartition(":")[2]
    if zone in ZONE_SPEEDS:
        return ZONE_SPEEDS[zone]
    if re.fullmatch(r"[a-z]{2}:[a-z_:]+", words):
        return None
    return _within(_smallest(words, KMH), 1, 200, text)


def read_load_class(text: str) -> float | None:
    """Return a military load class number, 1 to 150; of a list (wheeled; tracked) the smallest."""
    words = re.sub(r"\b(mlc|class|[wt])\b", " ", text.strip().lower().replace("/", ";")).replace(":", " ")
    return _within(_smallest(words, {"": 1.0, "w": 1.0, "t": 1.0}), 1, 150, text)
