"""What a report form says, read into the body of a report: one function per form, every bad field at once.

Nothing is judged here; the domain checks the records again when the report is logged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fom.domain.facts_schema import ACTORS, EXPLOSIVE_CLASSES
from fom.domain.instants import format_instant, parse_typed
from fom.domain.policy import INCIDENT_WEIGHTS
from fom.domain.positions import parse_position, written_doubt_m
from fom.domain.profiles import USER_CLASSES
from fom.errors import FieldError, InvalidInput

Fields = Mapping[str, str]
Record = dict[str, Any]

FORMS = {
    "passage": "Travelled, no incident",
    "explosive": "Explosive item",
    "restriction": "Stopped or denied",
    "physical": "Road or bridge damage",
    "incident": "Attack or robbery",
}
"""Form -> title, in the order of the report page."""
DAMAGES = ("blocked", "damaged", "flooded", "washed_out", "destroyed")
CONTROLS = {"denial": "Turned back or denied", "toll": "Fee or tax asked", "delay": "Stopped, then let through"}
FORM_CODES = {"physical": "bridge"}
"""Form -> code of the report's form where the two differ."""
PLACE_HELP = "MGRS (25N FD 1234 5678), degrees with N/S and E/W (4°20.67'N 32°55.84'W), or longitude, latitude"
MAP_DOUBT_M = 100.0
"""Doubt of a place pointed out on the map when the page does not say how far it was zoomed in. Project decision."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place as given, and as read."""

    lon: float
    lat: float
    reading: str
    location: dict[str, Any]
    has_geometry: bool


def read_place(form: Fields, errors: list[FieldError], *, name: str = "position") -> Place | None:
    """Return the place of a form, None when none was given; a bad one goes to `errors`.

    `<name>_source` says where the text comes from: `gps` (the device, with `accuracy_m`), `map`, else typed.
    """
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        lon, lat, reading = parse_position(text, field=name)
    except InvalidInput as refused:
        errors += refused.errors
        return None
    source, accuracy = form.get(f"{name}_source", ""), _number(form, f"{name}_accuracy_m", errors)
    if any(c.isalpha() for c in text) and not any(c in "NSEWnsew°" for c in text[-2:]) and source not in ("gps", "map"):
        return Place(lon, lat, reading, {"method": "mgrs", "mgrs": text}, has_geometry=False)
    if source == "map":
        return Place(lon, lat, reading, {"method": "sketch", "uncertainty_m": accuracy or MAP_DOUBT_M}, True)
    if source != "gps":
        accuracy = accuracy or written_doubt_m(text)
    return Place(lon, lat, reading, {"method": "gps"} | ({"accuracy_m": accuracy} if accuracy else {}), True)


def read_report(name: str, form: Fields, *, stretches: Callable[[Fields], list[Record]]) -> dict[str, Any]:
    """Return the report's body of a filled form.

    Parameters
    ----------
    stretches
        Reads which stretches of road a passage covered (needs the network, so the view gives it); raises InvalidInput.

    Raises
    ------
    InvalidInput
        With every bad field, named as in the form.
    """
    errors: list[FieldError] = []
    record = _READERS[name](form, errors, stretches)
    occurred = form.get("occurred", "").strip()
    if occurred:
        try:
            moment = parse_typed(occurred)
            record["properties"]["occurred"] = format_instant(moment)
        except ValueError:
            errors.append(FieldError("occurred", occurred, "a date and time in UTC, like 2026-11-23T14:32"))
    if not form.get("position", "").strip() and name != "passage" and not form.get("place_text", "").strip():
        errors.append(FieldError("position", "nothing", "a position, or at least the name of the place"))
    if errors:
        raise InvalidInput(errors)
    return {
        "id": form.get("id", ""),
        "form": FORM_CODES.get(name, name),
        "records": [record],
        "words": form.get("words", "").strip(),
        "place_text": form.get("place_text", "").strip(),
        "time_text": occurred,
    }


def _feature(form: Fields, errors: list[FieldError], properties: Record) -> Record:
    place = read_place(form, errors)
    geometry = None
    if place is not None:
        properties = {**properties, "location": place.location}
        if place.has_geometry:
            geometry = {"type": "Point", "coordinates": [place.lon, place.lat]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _explosive(form: Fields, errors: list[FieldError], _: object) -> Record:
    hazard = _choice(form, "hazard", ("item", "sha"), errors)
    kind = _choice(form, "class", EXPLOSIVE_CLASSES, errors)
    return _feature(form, errors, {"kind": "explosive", "hazard": hazard, "class": kind})


def _restriction(form: Fields, errors: list[FieldError], _: object) -> Record:
    control = _choice(form, "control", tuple(CONTROLS), errors)
    properties: Record = {"kind": "control", "control": control}
    if control == "denial":
        properties["user_class"] = _choice(form, "user_class", USER_CLASSES, errors)
    minutes = _number(form, "delay_min", errors)
    if minutes is not None and control != "denial":
        properties["delay_min"] = minutes
    if form.get("imposed_by"):
        properties["imposed_by"] = _choice(form, "imposed_by", tuple(a for a in ACTORS if a != "mission"), errors)
    return _feature(form, errors, properties)


def _physical(form: Fields, errors: list[FieldError], _: object) -> Record:
    damage = _choice(form, "damage", DAMAGES, errors)
    properties: Record = {"kind": "physical", "damage": damage}
    depth = _number(form, "depth_m", errors)
    if damage == "flooded" and depth is not None:
        properties["depth_m"] = depth
    return _feature(form, errors, properties)


def _incident(form: Fields, errors: list[FieldError], _: object) -> Record:
    return _feature(form, errors, {"kind": "incident", "type": _choice(form, "type", tuple(INCIDENT_WEIGHTS), errors)})


def _passage(form: Fields, errors: list[FieldError], stretches: Callable[[Fields], list[Record]]) -> Record:
    properties: Record = {
        "kind": "verification",
        "strength": _choice(form, "strength", ("own_patrol_traverse", "partner_convoy_traverse"), errors),
        "passed": form.get("passed") or None,
        "unimpeded": True,
        "user_class": _choice(form, "user_class", USER_CLASSES, errors),
    }
    geometry = None
    if track := form.get("track", "").strip():
        geometry = _read_track(track, errors)
        properties["track"] = "gps"
    else:
        properties["track"] = "stated"
        try:
            properties["segments"] = stretches(form)
        except InvalidInput as refused:
            errors += refused.errors
    if not form.get("occurred", "").strip():
        errors.append(FieldError("occurred", "nothing", "when the last of it was passed, UTC"))
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _read_track(text: str, errors: list[FieldError]) -> Record | None:
    """Return the recorded track, [[lon, lat], …] as JSON text, as a LineString."""
    try:
        points = [[float(lon), float(lat)] for lon, lat in json.loads(text)]
    except (ValueError, TypeError, RecursionError):
        errors.append(FieldError("track", text[:40], "a recorded track of two points or more"))
        return None
    if len(points) < 2:
        errors.append(FieldError("track", f"{len(points)} points", "a recorded track of two points or more"))
        return None
    return {"type": "LineString", "coordinates": points}


def _choice(form: Fields, name: str, codes: tuple[str, ...], errors: list[FieldError]) -> str:
    value = form.get(name, "")
    if value not in codes:
        errors.append(FieldError(name, repr(value) if value else "nothing", "one of the choices"))
    return value


def _number(form: Fields, name: str, errors: list[FieldError]) -> float | None:
    text = form.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        errors.append(FieldError(name, repr(text), "a number, 0 or more"))
        return None
    return value


_READERS: dict[str, Callable[[Fields, list[FieldError], Any], Record]] = {
    "explosive": _explosive,
    "restriction": _restriction,
    "physical": _physical,
    "incident": _incident,
    "passage": _passage,
}
