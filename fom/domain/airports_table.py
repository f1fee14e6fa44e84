"""Air heads out of a table like that of OurAirports: airports.csv, and runways.csv beside it.

Every row is read on its own, so that one broken row says so in words and keeps no other from coming in. What a row
cannot say (approved types, serviceability, security) it does not touch.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fom.errors import InvalidInput

FOOT_M = 0.3048
KINDS = {"heliport": "hls", "small_airport": "airstrip", "medium_airport": "airfield", "large_airport": "airfield"}
"""Kind in the table -> kind of air head; water aerodromes and closed ones are left out."""
LEFT_OUT = ("closed", "closed_airport", "seaplane_base", "balloonport")
COLUMNS = ("ident", "type", "name", "latitude_deg", "longitude_deg")
RUNWAY_COLUMNS = ("airport_ident", "length_ft")
ROWS_MAX = 100_000
SURFACES = {
    "asp": "asphalt", "asph": "asphalt", "asphalt": "asphalt", "con": "concrete", "conc": "concrete",
    "concrete": "concrete", "pem": "paved", "bit": "bitumen", "gvl": "gravel", "grvl": "gravel", "gravel": "gravel",
    "grass": "grass", "grs": "grass", "gre": "graded earth", "dirt": "earth", "earth": "earth", "lat": "laterite",
    "laterite": "laterite", "san": "sand", "sand": "sand", "turf": "turf",
}  # fmt: skip
BOUNDS = {"elevation_m": (-500.0, 6000.0), "length_m": (0.0, 10_000.0), "width_m": (0.0, 300.0)}


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row: its line in the file, its ident, one sentence."""

    line: int
    ident: str
    why: str


@dataclass(slots=True)
class AirportsTable:
    """What a table holds: members of air heads by ident, how many rows were left out, and the faults."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    outside: int = 0
    """Beyond the bounds of the mission."""
    left_out: int = 0
    """Of a kind that is no air head of ours."""
    faults: list[RowFault] = field(default_factory=list)


def read_airports(airports: str, runways: str | None, *, bounds: tuple[float, float, float, float]) -> AirportsTable:
    """Return the air heads of a table within bounds (west, south, east, north; degrees).

    A row with a fault is left out whole; a runway with a fault leaves out that runway only, and says so.

    Raises
    ------
    InvalidInput
        A file that is no such table: a column is missing, or there are too many rows.
    """
    table = AirportsTable()
    west, south, east, north = bounds
    for line, values in _rows(airports, COLUMNS, "airports"):
        ident = values["ident"].strip()
        why = _fault(values, ident, table.rows)
        if why is not None:
            table.faults.append(RowFault(line, ident[:40], why))
            continue
        lon, lat = float(values["longitude_deg"]), float(values["latitude_deg"])
        if values["type"].strip() in LEFT_OUT:
            table.left_out += 1
        elif not (_is_between(lon, west, east) and south <= lat <= north):
            table.outside += 1
        else:
            elevation_m = _metres(values.get("elevation_ft", ""))
            table.rows[ident] = {
                "source": ident, "name": values["name"].strip()[:200], "kind": KINDS[values["type"].strip()],
                "lon": round(lon, 6), "lat": round(lat, 6),
                "elevation_m": None if elevation_m is None else round(elevation_m, 1), "runways": [],
            }  # fmt: skip
    if runways is not None:
        _add_runways(table, runways)
    return table


def _fault(values: Mapping[str, str], ident: str, seen: Mapping[str, Any]) -> str | None:
    """Return in words why a row cannot be read, None when it can."""
    if None in values.values():
        return "the row has fewer columns than the head of the table"
    if not ident or len(ident) > 40:
        return "no ident, or one of more than 40 characters"
    if ident in seen:
        return f"ident {ident} stands in the table twice; the first row counts"
    kind = values["type"].strip()
    if kind not in KINDS and kind not in LEFT_OUT:
        return f"type {kind[:40]!r} is none that we know: {', '.join((*KINDS, *LEFT_OUT))}"
    if not values["name"].strip():
        return "no name"
    for name, most in (("latitude_deg", 90), ("longitude_deg", 180)):
        number = _number(values[name])
        if number is None or not -most <= number <= most:
            return f"{name} {values[name][:40]!r} is no number from -{most} to {most}"
    if _number(values["latitude_deg"]) == 0 and _number(values["longitude_deg"]) == 0:
        return "the position is 0/0, which is what tables say without one"
    elevation = values.get("elevation_ft", "")
    low, high = BOUNDS["elevation_m"]
    metres = _metres(elevation)
    if elevation.strip() and (metres is None or not low <= metres <= high):
        return f"elevation_ft {elevation[:40]!r} is no number of feet on land"
    return None


def _add_runways(table: AirportsTable, text: str) -> None:
    for line, values in _rows(text, RUNWAY_COLUMNS, "runways"):
        ident = (values["airport_ident"] or "").strip()
        if ident not in table.rows or (values.get("closed") or "").strip() == "1":
            continue
        runway: dict[str, Any] = {}
        fault = None
        for name, column in (("length_m", "length_ft"), ("width_m", "width_ft")):
            raw = values.get(column) or ""
            metres = _metres(raw)
            low, high = BOUNDS[name]
            if raw.strip() and (metres is None or not low <= metres <= high):
                fault = f"runway: {column} {raw[:40]!r} is no number of feet from {low:g} to {high / FOOT_M:.0f}"
            elif metres is not None:
                runway[name] = round(metres)
        heading = _number(values.get("le_heading_degT") or "")
        if heading is not None and 0 <= heading <= 360:
            runway["bearing"] = heading
        surface = (values.get("surface") or "").strip()
        if surface:
            runway["surface"] = SURFACES.get(surface.lower(), surface.lower()[:60])
        ends = [(values.get(name) or "").strip() for name in ("le_ident", "he_ident")]
        if any(ends):
            runway["name"] = "/".join(end for end in ends if end)[:20]
        if fault is not None:
            table.faults.append(RowFault(line, ident, fault))
        elif runway:
            table.rows[ident]["runways"].append(runway)


def _rows(text: str, wanted: Sequence[str], file: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    try:
        head = [name.strip() for name in reader.fieldnames or ()]
        missing = [name for name in wanted if name not in head]
        if missing:
            came = ", ".join(head)[:80] or "nothing"
            raise InvalidInput.single(file, f"columns {came}", "a table with the columns " + ", ".join(wanted))
        reader.fieldnames = head
        for count, values in enumerate(reader, 1):
            if count > ROWS_MAX:
                raise InvalidInput.single(file, f"more than {ROWS_MAX} rows", "a smaller table")
            if any("\x00" in part for part in values.values() if isinstance(part, str)):
                values["ident"] = ""
            yield reader.line_num, values
    except csv.Error as refused:
        came = f"line {reader.line_num}: {refused}"
        raise InvalidInput.single(file, came, "a table of comma-separated values") from None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _metres(feet: str) -> float | None:
    number = _number(feet)
    return None if number is None else number * FOOT_M


def _is_between(lon: float, west: float, east: float) -> bool:
    return west <= lon <= east if west <= east else lon >= west or lon <= east
