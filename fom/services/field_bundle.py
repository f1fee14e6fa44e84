"""What a phone carries out of reach of the network: key routes with their states, hazards with their doubt, names.

A small, drawable extract of the picture for one viewer. It says nothing that the map would not show him, and it says
when it must no longer be believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.geodesy import metres_per_degree
from fom.domain.instants import HOUR_US, NEVER_US, format_instant
from fom.domain.spans import to_us
from fom.maps.layers import LETTERS
from fom.maps.route_lines import route_feature
from fom.maps.strip import Course, unroll
from fom.maps.style import letter_of
from fom.maps.tiles import network_bounds
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.next_change import next_changes
from fom.picture.question import Question
from fom.services.key_routes import assess_key_routes
from fom.services.map_layers import deciding_cause, read_layer
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register

LIFE_US = 12 * HOUR_US
"""After that the carried picture says nothing any more: a working day of a patrol. Project decision."""
DRAWN_WITHIN_DEG = 0.0002
"""How far a carried line may lie from the road: about 20 m, finer than a phone shows. Project decision."""
HEM_DEG = 0.05
"""How far beyond its roads a mission reaches: about 5 km; positions farther out are asked about. Project decision."""
ON_ROUTE_M = 2_000.0
"""A hazard that may lie within this distance of a key route is told by its kilometre. Project decision."""
PLACE_RADIUS_M = 2_000.0
"""Doubt of a place named by its settlement. Source: doctrine, section 3.2."""
PLACES_MAX = 4_000
"""Names carried, the most populous first: about 100 kB packed."""

Row = Mapping[str, Any]


def read_field_bundle(session: Session, host: PictureHost, question: Question, *, actor: Actor) -> dict[str, Any]:
    """Return the picture to carry, as of the moment of a question, for what the actor may see."""
    network = host.network
    rows, assessment = assess_key_routes(session, host, question, actor=actor)
    turns = _turns(assessment)
    drawn = [_Drawn(network, row, assessment, turns) for row in rows]
    sites = list_register(session, "site", actor=actor)
    return {
        "as_of": format_instant(question.at),
        "expires": format_instant(question.at + LIFE_US),
        "network": network.network_id,
        "box": _box(network),
        "profile": question.profile.name,
        "user_class": question.user_class,
        "routes": [route.as_carried(deciding_cause(host, assessment, route.row, actor=actor)) for route in drawn],
        "hazards": _hazards(read_layer(session, host, "hazards", question, actor=actor)["features"], drawn),
        "places": _places(sites),
        "air_heads": _named(list_register(session, "air_head", actor=actor), "code"),
        "crossings": _named(list_register(session, "crossing", actor=actor)),
        "camps": _named(site for site in sites if site["kind"] == "camp"),
    }


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

    def as_carried(self, cause: str | None) -> dict[str, Any]:
        """Return the route with its lines."""
        lines = self._lines()
        ends = [line["until"] for line in lines if line["until"]]
        return {
            "id": self.row["id"],
            "code": self.row["code"],
            "name": self.row["name"],
            "length_km": round(self.course.length_m / 1000, 1),
            "state": max((line["state"] for line in lines), key=LETTERS.find, default="?"),
            "until": min(ends, default=None),
            "worst_text": cause,
            "lines": lines,
        }

    def _lines(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        first = 0
        for index in range(1, len(self._segments) + 1):
            if index < len(self._segments) and self._letters[index] == self._letters[first]:
                continue
            lines.append(self._line(first, index))
            first = index
        return lines

    def _line(self, first: int, end: int) -> dict[str, Any]:
        """Return the part between two segments of the course as one line of one state."""
        points = self.coordinates[self._segments[first][2] : self._segments[end - 1][3] + 1]
        turns = [moment for moment in self._turns[first:end] if moment is not None]
        starts, lengths = self.course.starts_m, self.course.lengths_m
        return {
            "state": self._letters[first],
            "coordinates": _thinned(points),
            "from_km": round(float(starts[first]) / 1000, 2),
            "to_km": round(float(starts[end - 1] + lengths[end - 1]) / 1000, 2),
            "until": format_instant(min(turns)) if turns else None,
        }


def _thinned(points: Sequence[Sequence[float]]) -> list[list[float]]:
    line = shapely.LineString(points).simplify(DRAWN_WITHIN_DEG)
    kept: list[list[float]] = np.round(shapely.get_coordinates(line), 5).tolist()
    return kept


def _turns(assessment: Assessment) -> dict[tuple[int, int], int]:
    """Return (segment number, direction) -> when its state gets worse by itself, microseconds."""
    found: dict[tuple[int, int], int] = {}
    for direction in (0, 1):
        ticks, states = next_changes(assessment.contributions, direction, assessment.tick)
        worse = (ticks != NEVER_US) & (states > assessment.states[:, direction])
        for row in np.flatnonzero(worse):
            found[int(assessment.segments[row]), direction] = to_us(int(ticks[row]))
    return found


def _hazards(features: Iterable[Row], routes: Sequence[_Drawn]) -> list[dict[str, Any]]:
    """Return hazards not released, with how far each may lie or reach, and on which route."""
    reach: dict[str, float] = {}
    points: dict[str, Row] = {}
    for feature in features:
        said = feature["properties"]
        if said["part"] == "point" and said["symbol"] != "clr":
            points[said["id"]] = feature
        elif said["part"] == "area":
            reach[said["id"]] = _half_extent_m(shapely.geometry.shape(feature["geometry"]))
    return [_hazard(point, reach.get(name, 0.0), routes) for name, point in sorted(points.items())]


def _hazard(point: Row, half_extent_m: float, routes: Sequence[_Drawn]) -> dict[str, Any]:
    said = point["properties"]
    place = shapely.geometry.shape(point["geometry"])
    doubt = float(said.get("radius_m") or 0.0) + half_extent_m
    near = [(route.course.place(place), route) for route in routes if not route.course.line.is_empty]
    (along, off), route = min(near, key=lambda found: found[0][1], default=((0.0, np.inf), None))
    is_on = route is not None and off - doubt <= ON_ROUTE_M
    return {
        "lon": round(place.x, 6),
        "lat": round(place.y, 6),
        "u_m": round(doubt, 1),
        "state": "X" if str(said.get("status") or "").startswith("confirmed") else "R",
        "text": said["label"],
        "kind": said["kind"],
        "route": route.row["code"] if is_on and route is not None else None,
        "km": round(along / 1000, 1) if is_on else None,
    }


def _half_extent_m(area: shapely.Geometry) -> float:
    """Return the distance from the point that stands for an area to its farthest corner."""
    middle = area.representative_point()
    scale = np.array([float(value) for value in metres_per_degree(middle.y)])
    offsets = (shapely.get_coordinates(area) - [middle.x, middle.y]) * scale
    return float(np.hypot(offsets[:, 0], offsets[:, 1]).max())


def _places(sites: Iterable[Row]) -> list[dict[str, Any]]:
    settlements = [site for site in sites if site["kind"] == "settlement"]
    settlements.sort(key=lambda site: (-(site.get("population") or 0), site["name"], site["id"]))
    return [
        {
            "name": site["name"],
            "lon": round(site["lon"], 5),
            "lat": round(site["lat"], 5),
            "radius_m": PLACE_RADIUS_M,
            "admin": site.get("admin_unit"),
        }
        for site in settlements[:PLACES_MAX]
    ]


def _named(rows: Iterable[Row], *before: str) -> list[dict[str, str]]:
    return [{"id": row["id"], "name": " ".join(str(row[name]) for name in (*before, "name"))} for row in rows]
