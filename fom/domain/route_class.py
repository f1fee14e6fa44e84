"""The classification string of a route, `6.7m/Y/30/5m(OB)(W)`: kept as parts, printed from them and read back.

Width, type of road, load class, overhead clearance, then marks: OB an obstruction, T regular snow, W regular flood. A
part that nobody recorded is `?`, and so is a mark: `(OB?)`, `(T/W?)`. Unknown never means unlimited, or free.
Source: doctrine, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from fom.errors import InvalidInput

Number = TypeVar("Number", int, float)

ROAD_TYPES = ("X", "Y", "Z")
"""All weather, limited all weather, fair weather: in the order from best to worst."""
NO_WEATHER = ""
WEATHER = (NO_WEATHER, "T", "W")
OVERHEAD_M = 4.3
"""A lower overhead clearance is an obstruction, and so is any ford or ferry, and a width under need."""
STEEP_PERCENT, CURVE_RADIUS_M = 7.0, 25.0
"""A gradient of so much or more, a curve of so small a radius or less, is one too."""
DOUBLE_FLOW_M = 7.3
"""Width that wheeled traffic in both directions needs."""
WIDTH_MAX_M, CLEARANCE_MAX_M, MLC_MAX = 99.9, 99.9, 150

_FORM = re.compile(
    r"\s*(?P<width>\?|\d+(?:[.,]\d+)?\s*m)\s*/\s*(?P<type>\?|[XYZ])\s*/\s*(?P<mlc>\?|\d+)\s*/\s*"
    r"(?P<clearance>\?|\d+(?:[.,]\d+)?\s*m)\s*(?P<ob>\(\s*OB\s*\??\s*\))?\s*(?:\(\s*(?P<weather>[TW]|T\s*/\s*W\s*\?)\s*\))?\s*",
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
    is_obstructed: bool | None = None
    weather: str | None = None
    """`T` snow or `W` flood, regularly; empty = neither."""

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
            raise ValueError(f"weather {self.weather}: expected T, W or nothing")

    def __str__(self) -> str:
        """Return the string, the same for the same parts."""
        mlc = "?" if self.mlc is None else str(self.mlc)
        marks = {True: "(OB)", False: "", None: "(OB?)"}[self.is_obstructed]
        marks += "(T/W?)" if self.weather is None else f"({self.weather})" if self.weather else ""
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
            is_obstructed=None if "?" in (part["ob"] or "") else part["ob"] is not None,
            weather=None if "?" in (part["weather"] or "") else (part["weather"] or NO_WEATHER).upper(),
        )
    except ValueError as refused:
        raise InvalidInput.single(field, str(refused)[:120], EXPECTED) from None


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What makes the mark OB, each found, not there, or not recorded (None)."""

    is_low: bool | None = None
    is_steep: bool | None = None
    is_sharp: bool | None = None
    has_ford: bool | None = None
    is_narrow: bool | None = None

    @property
    def is_any(self) -> bool | None:
        """Return whether there is one; not there takes that all were looked at."""
        each = (self.is_low, self.is_steep, self.is_sharp, self.has_ford, self.is_narrow)
        return True if True in each else None if None in each else False


def classify(
    widths_m: Iterable[float | None],
    road_types: Iterable[str | None],
    bridge_classes: Iterable[float | None],
    section_classes: Iterable[float | None],
    clearances_m: Iterable[float | None],
    *,
    has_ford: bool,
    is_steep: bool | None = None,
    is_sharp: bool | None = None,
) -> tuple[RouteClass, Obstacles]:
    """Return the class of a route from what is recorded of its stretches and assets, and its obstacles.

    None among what is recorded = not recorded. Width and clearance are the smallest recorded, the type the worst; of
    load classes the lowest bridge counts, else the worst section. One stretch without a width or type, or one bridge
    without a class, leaves that part unknown; a clearance is recorded only where something hangs over the road. All
    are rounded down: nothing is promised. No map records regular snow or floods: that takes somebody's word.
    """
    widths, kinds = list(widths_m), list(road_types)
    width = _smallest(widths)
    bridges, sections = list(bridge_classes), list(section_classes)
    lowest = _smallest(bridges) if bridges else _smallest(sections)
    over = [value for value in clearances_m if value is not None]
    clearance = min(over, default=None)
    road_type = None if not kinds or None in kinds else max((kind for kind in kinds if kind), default=None)
    is_narrow = any(value is not None and value < DOUBLE_FLOW_M for value in widths)
    obstacles = Obstacles(
        is_low=clearance is not None and clearance < OVERHEAD_M, is_steep=is_steep, is_sharp=is_sharp,
        has_ford=has_ford, is_narrow=is_narrow or (None if width is None else False),
    )  # fmt: skip
    found = RouteClass(
        width_m=_tenths(width, WIDTH_MAX_M),
        road_type=road_type,
        mlc=None if lowest is None else min(int(lowest), MLC_MAX),
        clearance_m=_tenths(clearance, CLEARANCE_MAX_M),
        is_obstructed=obstacles.is_any,
    )
    return found, obstacles


def with_stated(recorded: RouteClass, stated: RouteClass) -> RouteClass:
    """Return the class with what engineers stated on the ground: the worse of both, or what only one of them says.

    That there is no obstruction counts as stated only where the records show none; so does free of snow and flood.
    """
    kinds = [kind for kind in (recorded.road_type, stated.road_type) if kind is not None]
    is_obstructed = stated.is_obstructed if recorded.is_obstructed is None else recorded.is_obstructed
    return RouteClass(
        width_m=_least(recorded.width_m, stated.width_m),
        road_type=max(kinds, default=None),
        mlc=_least(recorded.mlc, stated.mlc),
        clearance_m=_least(recorded.clearance_m, stated.clearance_m),
        is_obstructed=True if stated.is_obstructed else is_obstructed,
        weather=recorded.weather or stated.weather,
    )


def _least(first: Number | None, second: Number | None) -> Number | None:
    return second if first is None else first if second is None else min(first, second)


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
