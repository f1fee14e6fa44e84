"""Places by name, and positions read back: what a person means by a word, with every place that he may mean.

Several places of one name are all told, with the unit they lie in; nobody picks one for the person who asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import shapely
from shapely.geometry import shape
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.answer_records import KM_DOUBT_M
from fom.domain.column_mapping import plain_word
from fom.domain.mgrs_grid import format_mgrs
from fom.domain.positions import format_dm, parse_position
from fom.errors import FieldError, InvalidInput
from fom.maps.tiles import network_bounds
from fom.network.network import Network
from fom.services.registers import list_register
from fom.services.route_stretches import point_at_km

Place = dict[str, Any]
Box = tuple[float, float, float, float]

RADII = {
    "city": 5_000.0, "town": 3_000.0, "village": 2_000.0, "hamlet": 1_000.0, "settlement": 2_000.0,
    "air_head": 1_500.0, "crossing": 500.0, "camp": 1_500.0, "headquarters": 500.0, "base": 500.0, "tob": 500.0,
}  # fmt: skip
"""How far from its point a place may reach, metres, by what it is; others as a place name. Project decision."""
PLACE_RADIUS_M = 2_000.0
"""Source: doctrine, section 3.2, place name."""
SAME_PLACE_DEG = 0.03
"""A settlement of the map and a site of the same name this near are one, about 3 km."""
AREA_MARGIN_DEG = 0.5
FOUND_MAX = 30
_KM = re.compile(r"(?P<route>.*?\D)\s*(?:km|pk|kilomet\w*)?\s*(?P<km>\d{1,4}(?:[.,]\d{1,3})?)\s*(?:km)?", re.IGNORECASE)
_NO_ZONE = re.compile(r"\s*[A-Za-z]{2}\s*\d[\d\s]*")


def find_places(session: Session, text: str, *, network: Network, context: Path, actor: Actor) -> list[Place]:
    """Return the places that a text may mean, the nearest to its wording first.

    Each has `name, kind, lon, lat, radius_m, admin, register, id`; a kilometre of a key route also `km`. `context`
    is the folder of the map's background, whose settlements are places too.

    Raises
    ------
    InvalidInput
        Nothing to look for.
    """
    meant = plain_word(text)
    if len(meant) < 2 or len(text) > 120:
        raise InvalidInput.single("q", repr(text)[:60], "two letters or more of a name, or a key route and a kilometre")
    known, units = _context_places(context)
    found = [*_kilometres(session, text, network, actor), *_rows(session, actor)]
    found += [place for place in known if not any(_is_same(place, other) for other in found)]
    ranked = [(rank, place) for place in found if (rank := _rank(meant, place)) is not None]
    ranked.sort(key=lambda item: (item[0], item[1]["name"], item[1]["lon"], item[1]["lat"]))
    return [
        {name: value for name, value in place.items() if name != "_names"} | {"admin": _unit_of(place, units)}
        for _, place in ranked[:FOUND_MAX]
    ]


def read_position_back(text: str, *, network: Network) -> dict[str, Any]:
    """Return a position said back in two forms, with what should make a person look twice.

    `readings` holds one reading, or several where a grid reference without its zone may lie in several; `warnings`
    names `outside_area`, `swapped` (with the position the other way round) and `zone_added`.

    Raises
    ------
    InvalidInput
        Not a position, or readable in two ways.
    """
    west, south, east, north = network_bounds(network)
    box = (west - AREA_MARGIN_DEG, south - AREA_MARGIN_DEG, east + AREA_MARGIN_DEG, north + AREA_MARGIN_DEG)
    if _NO_ZONE.fullmatch(text):
        return _with_zones(text, box)
    lon, lat, _ = parse_position(text, field="text")
    warnings: list[dict[str, Any]] = []
    if not _inside(box, lon, lat):
        warnings.append({"code": "outside_area", "text": "This lies outside the area of the map."})
        if _inside(box, lat, lon):
            told = f"The other way round it is {format_dm(lat, lon)}, inside the area."
            warnings.append({"code": "swapped", "text": told, "lon": lat, "lat": lon})
    return {"readings": [_said(lon, lat)], "warnings": warnings}


def _with_zones(text: str, box: Box) -> dict[str, Any]:
    west, south, east, north = box
    corners = [(lon, lat) for lon in (west, (west + east) / 2, east) for lat in (south, (south + north) / 2, north)]
    zones = {format_mgrs(lon, lat)[:3] for lon, lat in corners}
    readings = []
    for zone in sorted(zones):
        try:
            lon, lat, _ = parse_position(f"{zone} {text.strip()}", field="text")
        except InvalidInput:
            continue
        if _inside(box, lon, lat):
            readings.append(_said(lon, lat))
    if not readings:
        came, expected = repr(text)[:60], "a grid reference with its zone, such as 36N VL 345 678"
        raise InvalidInput([FieldError("text", came, expected)])
    told = "The zone was added: confirm that this is the place."
    return {"readings": readings, "warnings": [{"code": "zone_added", "text": told}]}


def _said(lon: float, lat: float) -> dict[str, Any]:
    forms = [format_dm(lon, lat), *([format_mgrs(lon, lat)] if -80 <= lat <= 84 else [])]
    return {"lon": lon, "lat": lat, "forms": forms}


def _inside(box: Box, lon: float, lat: float) -> bool:
    return box[0] <= lon <= box[2] and box[1] <= lat <= box[3]


# places


def _rows(session: Session, actor: Actor) -> list[Place]:
    """Return the places of the registers."""
    places = []
    for register in ("site", "air_head", "crossing"):
        for row in list_register(session, register, actor=actor):
            if row.get("is_active") is False:
                continue
            kind = row["kind"] if register == "site" else register
            names = [row["name"], *([row["code"]] if row.get("code") else [])]
            places.append(_place(row["name"], kind, row["lon"], row["lat"], names, register, row["id"]))
    return places


def _kilometres(session: Session, text: str, network: Network, actor: Actor) -> list[Place]:
    """Return the points at the kilometre that a text names of the key routes that it may mean."""
    match = _KM.fullmatch(text.strip())
    if match is None:
        return []
    wanted, km = plain_word(re.sub(r"\b(?:km|pk)\s*$", "", match["route"].strip(), flags=re.I)), _km(match["km"])
    found = []
    for row in list_register(session, "key_route", actor=actor):
        names = {plain_word(row["code"]), plain_word(row["name"]), *plain_word(row["code"]).split()[1:]}
        point = point_at_km(network, row["segments"] or [], km) if wanted in names else None
        if point is not None:
            name = f"{row['code']} km {km:g}"
            place = _place(name, "key_route", *point, [text], "key_route", row["id"])
            found.append(place | {"radius_m": KM_DOUBT_M, "km": km})
    return found


def _km(text: str) -> float:
    return float(text.replace(",", "."))


def _place(
    name: str, kind: str, lon: float, lat: float, names: Iterable[str], register: str | None, id: str | None
) -> Place:
    return {
        "name": name, "kind": kind, "lon": lon, "lat": lat, "radius_m": RADII.get(kind, PLACE_RADIUS_M),
        "register": register, "id": id, "_names": tuple(plain_word(n) for n in names),
    }  # fmt: skip


def _rank(meant: str, place: Place) -> int | None:
    """Return how near a place is to the wording: 0 the same, 1 its beginning, 2 a word of it, 3 within; None if not."""
    ranks = []
    for name in place["_names"]:
        if name == meant:
            ranks.append(0)
        elif name.startswith(meant):
            ranks.append(1)
        elif any(word.startswith(meant) for word in name.split()):
            ranks.append(2)
        elif meant in name:
            ranks.append(3)
    return min(ranks, default=None)


def _is_same(one: Place, other: Place) -> bool:
    is_near = abs(one["lon"] - other["lon"]) < SAME_PLACE_DEG and abs(one["lat"] - other["lat"]) < SAME_PLACE_DEG
    return is_near and one["_names"][0] in other["_names"]


def _unit_of(place: Place, units: Sequence[tuple[str, shapely.Geometry]]) -> str | None:
    """Return the name of the administrative unit in which a place lies."""
    point = shapely.Point(place["lon"], place["lat"])
    return next((name for name, outline in units if outline.covers(point)), None)


def _context_places(folder: Path) -> tuple[list[Place], list[tuple[str, shapely.Geometry]]]:
    """Return the settlements and the units of the map's background, none where there is none."""
    files = [folder / "places.geojson", folder / "admin.geojson"]
    stamps = tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)
    return _read_context(folder, stamps)


@lru_cache(maxsize=4)
def _read_context(folder: Path, _: tuple[int, ...]) -> tuple[list[Place], list[tuple[str, shapely.Geometry]]]:
    places = [
        _place(p["name"], p["kind"], *_lonlat(f), [p["name"]], None, None)
        for f in _features(folder / "places.geojson")
        if (p := f["properties"]).get("name") and p.get("kind") in RADII and f["geometry"]["type"] == "Point"
    ]
    units = [
        (f["properties"]["name"], shape(f["geometry"]))
        for f in _features(folder / "admin.geojson")
        if f["properties"].get("name")
    ]
    return places, units


def _features(file: Path) -> list[Mapping[str, Any]]:
    return list(orjson.loads(file.read_bytes())["features"]) if file.is_file() else []


def _lonlat(feature: Mapping[str, Any]) -> tuple[float, float]:
    lon, lat = feature["geometry"]["coordinates"][:2]
    return float(lon), float(lat)
