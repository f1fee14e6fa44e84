"""What a phone carries out of reach of the network: key routes in outline, and its area in full.

A small, drawable extract of the picture for one viewer. It says nothing that the map would not show him, and it says
when it must no longer be believed, and up to where it knows all roads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.geodesy import metres_per_degree
from fom.domain.instants import HOUR_US, format_instant
from fom.maps.layers import LETTERS
from fom.maps.polyline import encode_polyline
from fom.maps.route_lines import route_feature
from fom.maps.strip import Course, unroll
from fom.maps.style import letter_of
from fom.maps.tiles import network_bounds
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.question import Question
from fom.services.carried_area import NO_WISH, AreaWish, CarriedArea, find_area
from fom.services.carried_assets import carry_assets
from fom.services.carried_causes import cause_codes
from fom.services.carried_movements import carry_movements
from fom.services.carried_roads import carry_roads, packed_size, turns_worse
from fom.services.form_subjects import SUBJECT_REGISTERS, offered, subject_name
from fom.services.key_routes import assess_key_routes
from fom.services.map_layers import deciding_row, read_layer, tell_cause
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register

LIFE_US = 12 * HOUR_US
"""After that the carried picture says nothing any more: a working day of a patrol. Project decision."""
PACKED_MAX = 150_000
"""Bytes that a picture with an area costs on the link, packed: half a minute at 40 kbit/s. Project decision."""
SPARE_BYTES = 3_000
"""Of these, kept back for what is estimated."""
DRAWN_WITHIN_DEG = 0.0002
"""How far a carried line may lie from the road: about 20 m, finer than a phone shows. Project decision."""
OUTLINE_WITHIN_DEG = 0.001
"""The same for key routes outside of the area: about 110 m. Project decision."""
HEM_DEG = 0.05
"""How far beyond its roads a mission reaches: about 5 km; positions farther out are asked about. Project decision."""
ON_ROUTE_M = 2_000.0
"""A hazard that may lie within this distance of a key route is told by its kilometre. Project decision."""
PLACE_RADIUS_M = 2_000.0
"""Doubt of a place named by its settlement. Source: doctrine, section 3.2."""
PLACES_MAX = 4_000
"""Names carried for a whole mission, the most populous first: about 100 kB packed, 20 kB more for the first ids."""
PLACES_INSIDE_MAX, PLACES_BEYOND_MAX = 1_000, 300
"""The same for an area, and for what lies outside of it."""

Row = Mapping[str, Any]


def read_field_bundle(
    session: Session, host: PictureHost, question: Question, *, actor: Actor, wish: AreaWish = NO_WISH
) -> dict[str, Any]:
    """Return the picture to carry, as of the moment of a question, for what the actor may see.

    Without an area: key routes, all hazards, no other roads. With one: what is in it, key routes in outline and the
    hazards and restrictions on them.

    Raises
    ------
    NotFound
        The area or key route wished for is not there for this actor.
    """
    network = host.network
    area = find_area(session, network, wish, actor=actor)
    rows, assessment = assess_key_routes(session, host, question, actor=actor)
    turns = turns_worse(assessment)
    drawn = [_Drawn(network, row, assessment, turns) for row in rows]
    registers = {name: list_register(session, name, actor=actor) for name in SUBJECT_REGISTERS}
    named = offered(registers)
    bundle = {
        "as_of": format_instant(question.at),
        "expires": format_instant(question.at + LIFE_US),
        "network": network.network_id,
        "box": _box(network),
        "profile": question.profile.name,
        "user_class": question.user_class,
        "area": None if area is None else area.members(),
        "routes": [route.as_carried(area) | _cause(host, assessment, route.row, actor=actor) for route in drawn],
        "hazards": _hazards(read_layer(session, host, "hazards", question, actor=actor)["features"], drawn, area),
        "restrictions": _restrictions(
            read_layer(session, host, "restrictions", question, actor=actor)["features"], drawn, area
        ),
        "movements": carry_movements(session, host, question, names=_names(registers), actor=actor),
        "places": _places(registers["site"], named["site"], area),
        "areas": _named(list_register(session, "area", actor=actor)),
        "air_heads": _placed_rows(named["air_head"]),
        "crossings": _placed_rows(named["crossing"]),
        "camps": _placed_rows(site for site in named["site"] if site["kind"] != "settlement"),
        "assets": [] if area is None else carry_assets(network, area),
        "roads": None,
    }
    if area is not None:
        room = max(0, PACKED_MAX - SPARE_BYTES - packed_size(bundle))
        bundle |= carry_roads(host, question, area, bytes_max=room, life_us=LIFE_US)
    return bundle


def _box(network: Network) -> list[float]:
    west, south, east, north = network_bounds(network)
    hemmed = (west - HEM_DEG, south - HEM_DEG, east + HEM_DEG, north + HEM_DEG)
    limits = ((-180, 180), (-90, 90), (-180, 180), (-90, 90))
    return [round(min(max(edge, low), high), 5) for edge, (low, high) in zip(hemmed, limits, strict=True)]


class _Drawn:
    """A key route as it is carried: its course, and consecutive parts of one state as lines."""

    def __init__(
        self, network: Network, row: Row, assessment: Assessment, turns: Mapping[tuple[int, int], int]
    ) -> None:
        stretches = row["segments"] or []
        feature = route_feature(network, stretches, {})
        self.row = row
        self.coordinates = feature["geometry"]["coordinates"]
        self._segments: list[list[Any]] = feature["properties"]["segments"]
        self.course: Course = unroll(network, stretches, self.coordinates)
        self._letters = [letter_of(assessment.states[assessment.row_of(s[0]), s[1]]) for s in self._segments]
        self._turns = [turns.get((s[0], s[1])) for s in self._segments]

    def as_carried(self, area: CarriedArea | None) -> dict[str, Any]:
        """Return the route with its lines, those outside of an area in outline."""
        lines = self._lines(area)
        ends = [line["until"] for line in lines if line["until"]]
        return {
            "id": self.row["id"],
            "code": self.row["code"],
            "name": self.row["name"],
            "length_km": round(self.course.length_m / 1000, 1),
            "state": max((line["state"] for line in lines), key=LETTERS.find, default="?"),
            "until": min(ends, default=None),
            "lines": lines,
        }

    def _lines(self, area: CarriedArea | None) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        first = 0
        for index in range(1, len(self._segments) + 1):
            if index < len(self._segments) and self._letters[index] == self._letters[first]:
                continue
            lines.append(self._line(first, index, area))
            first = index
        return lines

    def _line(self, first: int, end: int, area: CarriedArea | None) -> dict[str, Any]:
        """Return the part between two segments of the course as one line of one state."""
        points = self.coordinates[self._segments[first][2] : self._segments[end - 1][3] + 1]
        turns = [moment for moment in self._turns[first:end] if moment is not None]
        starts, lengths = self.course.starts_m, self.course.lengths_m
        return {
            "state": self._letters[first],
            "path": _thinned(points, area),
            "from_km": round(float(starts[first]) / 1000, 2),
            "to_km": round(float(starts[end - 1] + lengths[end - 1]) / 1000, 2),
            "until": format_instant(min(turns)) if turns else None,
        }


def _thinned(points: Sequence[Sequence[float]], area: CarriedArea | None) -> str:
    line = shapely.LineString(points)
    is_inside = area is None or line.intersects(shapely.box(*area.box))
    thin = line.simplify(DRAWN_WITHIN_DEG if is_inside else OUTLINE_WITHIN_DEG)
    return encode_polyline(shapely.get_coordinates(thin))


def _cause(host: PictureHost, assessment: Assessment, row: Row, *, actor: Actor) -> dict[str, Any]:
    """Return where and why the worst state of a route begins: `worst_text` in English, `worst` in codes."""
    found = deciding_row(host.network, assessment, row)
    if found is None:
        return {"worst_text": None, "worst": None}
    at_m, place, direction = found
    reason = assessment.reasons(int(assessment.segments[place]), direction)[0]
    text = tell_cause(host, assessment, found, actor=actor)
    return {"worst_text": text, "worst": cause_codes(host, reason, at_m, actor=actor)}


def _hazards(features: Iterable[Row], routes: Sequence[_Drawn], area: CarriedArea | None) -> list[dict[str, Any]]:
    """Return hazards not released, with how far each may lie or reach, and on which route."""
    return [
        {
            **_placed(point, doubt_m, on),
            "state": "X" if str(point["properties"].get("status") or "").startswith("confirmed") else "R",
        }
        for point, doubt_m, on in _carried(features, routes, area)
    ]


def _restrictions(features: Iterable[Row], routes: Sequence[_Drawn], area: CarriedArea | None) -> list[dict[str, Any]]:
    """Return controls and damage, with the doubt of their places."""
    return [
        {**_placed(point, doubt_m, on), "effect": point["properties"].get("status")}
        for point, doubt_m, on in _carried(features, routes, area)
    ]


def _carried(
    features: Iterable[Row], routes: Sequence[_Drawn], area: CarriedArea | None
) -> list[tuple[Row, float, tuple[Row, float] | None]]:
    """Return (feature, how far it may lie or reach, (key route, metres along it)) of what is in the area or on a route.

    What has been released is gone.
    """
    reach: dict[str, float] = {}
    points: dict[str, Row] = {}
    for feature in features:
        said = feature["properties"]
        if said["part"] == "point" and said["symbol"] != "clr":
            points[said["id"]] = feature
        elif said["part"] == "area":
            reach[said["id"]] = _half_extent_m(shapely.geometry.shape(feature["geometry"]))
    kept = [point for _, point in sorted(points.items())]
    places = shapely.points(np.reshape([point["geometry"]["coordinates"] for point in kept], (-1, 2)))
    doubts_m = np.array(
        [float(p["properties"].get("radius_m") or 0.0) + reach.get(p["properties"]["id"], 0.0) for p in kept]
    )
    on = _on_routes(places, doubts_m, routes)
    is_inside = np.full(len(kept), True) if area is None else area.distances_m(places) - doubts_m <= area.radius_m
    found = zip(kept, doubts_m.tolist(), on, is_inside.tolist(), strict=True)
    return [(point, doubt_m, route) for point, doubt_m, route, inside in found if inside or route is not None]


def _on_routes(
    places: NDArray[np.object_], doubts_m: NDArray[np.float64], routes: Sequence[_Drawn]
) -> list[tuple[Row, float] | None]:
    """Return of each place, with its doubt, the nearest key route within ON_ROUTE_M and the metres along it."""
    nearest_m: NDArray[np.float64] = np.full(len(places), np.inf)
    found: list[_Drawn | None] = [None] * len(places)
    lonlat = shapely.get_coordinates(places)
    for route in routes:
        if route.course.line.is_empty:
            continue
        local = lonlat * route.course.plane
        low, high = np.reshape(route.course.line.bounds, (2, 2))
        reach_m = (doubts_m + ON_ROUTE_M)[:, None]
        near = np.flatnonzero(np.all((local >= low - reach_m) & (local <= high + reach_m), axis=1))
        off_m = shapely.distance(route.course.line, shapely.points(local[near]))
        for index, metres in zip(near.tolist(), off_m.tolist(), strict=True):
            if metres - doubts_m[index] <= ON_ROUTE_M and metres < nearest_m[index]:
                nearest_m[index], found[index] = metres, route
    return [
        None if route is None else (route.row, route.course.place(place)[0])
        for place, route in zip(places, found, strict=True)
    ]


def _placed(point: Row, doubt_m: float, on: tuple[Row, float] | None) -> dict[str, Any]:
    said, (lon, lat) = point["properties"], point["geometry"]["coordinates"]
    return {
        "lon": round(lon, 6),
        "lat": round(lat, 6),
        "u_m": round(doubt_m, 1),
        "text": said["label"],
        "kind": said["kind"],
        "route": None if on is None else on[0]["code"],
        "km": None if on is None else round(on[1] / 1000, 1),
    }


def _half_extent_m(area: shapely.Geometry) -> float:
    """Return the distance from the point that stands for an area to its farthest corner."""
    middle = area.representative_point()
    scale = np.array([float(value) for value in metres_per_degree(middle.y)])
    offsets = (shapely.get_coordinates(area) - [middle.x, middle.y]) * scale
    return float(np.hypot(offsets[:, 0], offsets[:, 1]).max())


def _places(sites: Sequence[Row], offered_sites: Sequence[Row], area: CarriedArea | None) -> list[dict[str, Any]]:
    """Return settlements by name: those of the area, else the largest, with the id by which a form may name them."""
    settlements = [site for site in sites if site["kind"] == "settlement"]
    settlements.sort(key=lambda site: (-(site.get("population") or 0), site["name"], site["id"]))
    inside, beyond = settlements[:PLACES_INSIDE_MAX], settlements[PLACES_INSIDE_MAX:PLACES_MAX]
    if area is not None and settlements:
        away = area.distances_m(shapely.points([(site["lon"], site["lat"]) for site in settlements])) > area.radius_m
        inside = [site for site, is_away in zip(settlements, away, strict=True) if not is_away][:PLACES_INSIDE_MAX]
        beyond = [site for site, is_away in zip(settlements, away, strict=True) if is_away][:PLACES_BEYOND_MAX]
    ids = {site["id"] for site in offered_sites}
    named = [_place(site) | ({"id": site["id"]} if site["id"] in ids else {}) for site in inside]
    return [*named, *(_place(site) for site in beyond)]


def _place(site: Row) -> dict[str, Any]:
    return {
        "name": site["name"],
        "lon": round(site["lon"], 5),
        "lat": round(site["lat"], 5),
        "radius_m": PLACE_RADIUS_M,
        "admin": site.get("admin_unit"),
    }


def _named(rows: Iterable[Row]) -> list[dict[str, str]]:
    return [{"id": row["id"], "name": str(row["name"])} for row in rows]


def _placed_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return rows of a register under the name by which a form offers them, with their place to sort by."""
    return [
        {"id": row["id"], "name": subject_name(row), "lon": round(row["lon"], 5), "lat": round(row["lat"], 5)}
        for row in rows
    ]


def _names(registers: Mapping[str, Iterable[Row]]) -> dict[str, str]:
    """Return id -> the name by which a movement's ends are told."""
    return {
        row["id"]: str(row["code"] if register == "key_route" else row["name"])
        for register, rows in registers.items()
        for row in rows
    }
