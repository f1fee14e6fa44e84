"""The classification string of a route, `6.7m/Y/30/5m(OB)(W)`: kept as parts, printed from them and read back.

Width, type of road, load class, overhead clearance, then marks: OB an obstruction, T snow, W flood. A part that nobody
recorded is `?`: unknown never means unlimited. Source: doctrine, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fom.errors import InvalidInput

ROAD_TYPES = ("X", "Y", "Z")
"""All weather, limited all weather, fair weather: in the order from best to worst."""
WEATHER = ("T", "W")
OVERHEAD_M = 4.3
"""A lower overhead clearance is an obstruction, and so is any ford or ferry, and a width under need."""
DOUBLE_FLOW_M = 7.3
"""Width that wheeled traffic in both directions needs."""
WIDTH_MAX_M, CLEARANCE_MAX_M, MLC_MAX = 99.9, 99.9, 150

_FORM = re.compile(
    r"\s*(?P<width>\?|\d+(?:[.,]\d+)?\s*m)\s*/\s*(?P<type>\?|[XYZ])\s*/\s*(?P<mlc>\?|\d+)\s*/\s*"
    r"(?P<clearance>\?|\d+(?:[.,]\d+)?\s*m)\s*(?P<ob>\(\s*OB\s*\))?\s*(?:\(\s*(?P<weather>[TW])\s*\))?\s*",
    re.IGNORECASE,
)
EXPECTED = "width/type/MLC/clearance(OB)(T or W), for example 6.7m/Y/30/5m(OB)(W); ? for what is not recorded"


@dataclass(frozen=True, slots=True)
class RouteClass:
    """The parts; lengths in metres to the tenth, None = not recorded."""

    width_m: float | None = None
    road_type: str | None = None
    mlc: int | None = None
    clearance_m: float | None = None
    is_obstructed: bool = False
    weather: str | None = None

    def __post_init__(self) -> None:
        """Refuse what the string cannot say."""
        for name, value, most in (
            ("width_m", self.width_m, WIDTH_MAX_M), ("clearance_m", self.clearance_m, CLEARANCE_MAX_M),
        ):  # fmt: skip
            if value is not None and not (0 <= value <= most and round(value, 1) == value):
                raise ValueError(f"{name} {value}: expected 0 to {most} in tenths")
        if self.road_type is not None and self.road_type not in ROAD_TYPES:
            raise ValueError(f"road_type {self.road_type}: expected X, Y or Z")
        if self.mlc is not None and not 0 <= self.mlc <= MLC_MAX:
            raise ValueError(f"mlc {self.mlc}: expected 0 to {MLC_MAX}")
        if self.weather is not None and self.weather not in WEATHER:
            raise ValueError(f"weather {self.weather}: expected T or W")

    def __str__(self) -> str:
        """Return the string, the same for the same parts."""
        mlc = "?" if self.mlc is None else str(self.mlc)
        marks = "(OB)" * self.is_obstructed + (f"({self.weather})" if self.weather else "")
        return f"{_metres(self.width_m)}/{self.road_type or '?'}/{mlc}/{_metres(self.clearance_m)}{marks}"


def parse_route_class(text: str, *, field: str = "classification") -> RouteClass:
    """Return the parts of a classification string; small letters, spaces and a decimal comma are understood.

    Raises
    ------
    InvalidInput
        Not such a string, or a part out of range.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidInput.single(field, repr(text)[:80], EXPECTED)
    part = {name: None if value == "?" else value for name, value in found.groupdict().items()}
    try:
        return RouteClass(
            width_m=_read_metres(part["width"]),
            road_type=None if part["type"] is None else part["type"].upper(),
            mlc=None if part["mlc"] is None else int(part["mlc"]),
            clearance_m=_read_metres(part["clearance"]),
            is_obstructed=part["ob"] is not None,
            weather=None if part["weather"] is None else part["weather"].upper(),
        )
    except ValueError as refused:
        raise InvalidInput.single(field, str(refused)[:120], EXPECTED) from None


def classify(
    widths_m: Iterable[float | None],
    road_types: Iterable[str | None],
    bridge_classes: Iterable[float | None],
    section_classes: Iterable[float | None],
    clearances_m: Iterable[float | None],
    *,
    has_ford: bool,
    weather: str | None,
) -> RouteClass:
    """Return the class of a route from what is recorded of its stretches and assets; None among them = not recorded.

    Width and clearance are the smallest recorded, the type the worst; of load classes the lowest bridge counts, else
    the worst section. One stretch without a width or type, or one bridge without a class, leaves that part unknown; a
    clearance is recorded only where something hangs over the road. All are rounded down: nothing is promised.
    """
    widths, kinds = list(widths_m), list(road_types)
    width = _smallest(widths)
    bridges, sections = list(bridge_classes), list(section_classes)
    lowest = _smallest(bridges) if bridges else _smallest(sections)
    over = [value for value in clearances_m if value is not None]
    clearance = min(over, default=None)
    road_type = None if not kinds or None in kinds else max((kind for kind in kinds if kind), default=None)
    is_narrow = any(value is not None and value < DOUBLE_FLOW_M for value in widths)
    is_low = clearance is not None and clearance < OVERHEAD_M
    return RouteClass(
        width_m=_tenths(width, WIDTH_MAX_M),
        road_type=road_type,
        mlc=None if lowest is None else min(int(lowest), MLC_MAX),
        clearance_m=_tenths(clearance, CLEARANCE_MAX_M),
        is_obstructed=has_ford or is_narrow or is_low,
        weather=weather,
    )


def _smallest(values: Iterable[float | None]) -> float | None:
    listed = list(values)
    known = [value for value in listed if value is not None]
    return min(known) if known and len(known) == len(listed) else None


def _tenths(value: float | None, most: float) -> float | None:
    return None if value is None else min(int(value * 10 + 1e-9) / 10, most)


def _metres(value: float | None) -> str:
    return "?" if value is None else f"{value:g}m"


def _read_metres(text: str | None) -> float | None:
    return None if text is None else float(text.lower().removesuffix("m").strip().replace(",", "."))
