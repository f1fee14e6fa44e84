"""The course of a key route before it is saved: along via points, or along an imported line with its gaps shown.

And the class of a course from what the network records of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fom.domain.geodesy import Plane, densify, line_length_m
from fom.domain.instants import parse_instant
from fom.domain.route_class import Obstacles, RouteClass, classify, parse_route_class, with_stated
from fom.domain.route_studies import STUDY_LIFE_US
from fom.errors import InvalidInput
from fom.exchange.apart import read_apart
from fom.exchange.gpx import LINE_FORMS, read_line_positions
from fom.maps.route_lines import route_feature
from fom.network.network import ASSET_TYPES, Network
from fom.routing.router import Router
from fom.routing.snapping import snap_to_road
from fom.services.key_routes import stretches_along
from fom.services.route_studies import length_of

Floats = NDArray[np.float64]
NEAR_LINE_M = 60.0
"""An imported line lies on a road within this distance of it; farther is a gap. Project decision."""
SAMPLE_M = 50.0
VIA_APART_M = 2_000.0
"""One via point is taken from an imported line about so often."""
VIA_MAX = 400
POINTS_MAX = 50_000
LINE_MAX_M = 3_000_000.0
"""Longest line that is read: no key route is longer, and sampling it stays quick."""


def read_line(text: str) -> Floats:
    """Return (n, 2) degrees of the one line that a GPX or GeoJSON file holds; parts of a track are joined in order.

    Raises
    ------
    InvalidInput
        Neither of the two, no line, several lines, or a position that is none.
    """
    is_xml = text.lstrip("\ufeff \n\r\t").startswith("<")
    positions: Sequence[Any] = read_apart(read_line_positions, text.encode()) if is_xml else _of_geojson(text)
    if len(positions) > POINTS_MAX:
        raise InvalidInput.single("file", f"{len(positions)} positions", f"a line of at most {POINTS_MAX} positions")
    try:
        line = np.array([[float(lon), float(lat)] for lon, lat, *_ in positions], dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput.single("file", "a position that is no pair of numbers", LINE_FORMS) from None
    if len(line) < 2:
        raise InvalidInput.single("file", f"{len(line)} positions", "a line of at least two positions")
    is_bad = ~np.isfinite(line).all(axis=1) | (np.abs(line) > (180, 90)).any(axis=1)
    if is_bad.any():
        lon, lat = line[int(np.argmax(is_bad))]
        raise InvalidInput.single("file", f"longitude {lon:g}, latitude {lat:g}", "degrees, longitude before latitude")
    if (length_m := line_length_m(line)) > LINE_MAX_M:
        raise InvalidInput.single("file", f"{length_m / 1000:.0f} km", f"a line of at most {LINE_MAX_M / 1000:.0f} km")
    return line


def match_line(network: Network, router: Router, line: Floats) -> dict[str, Any]:
    """Return the way along an imported line: `via, segments, line_m, gaps`.

    Via points are taken where the line lies on a road. A gap is a part of the line that the way does not follow within
    60 m: `{from_km, to_km, length_m, off_m}` by kilometre of the line.

    Raises
    ------
    InvalidInput
        Fewer than two places of the line lie on roads, or no way leads through them.
    """
    points = densify(line, longest_m=SAMPLE_M)
    plane = Plane.at(float(line[:, 0].mean()), float(line[:, 1].mean()))
    projected = plane.project(points)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(projected, axis=0).T))])
    vias = _vias(network, points, along)
    segments = stretches_along(network, router, vias)
    way = _way_line(network, segments)
    way_proj = plane.project_shape(way)
    shapely.prepare(way_proj)
    places = shapely.points(projected)
    off = np.where(shapely.dwithin(way_proj, places, NEAR_LINE_M), 0.0, NEAR_LINE_M)
    is_off = off > 0
    off[is_off] = np.maximum(shapely.distance(way_proj, places[is_off]), NEAR_LINE_M)
    return {"via": vias, "segments": segments, "line_m": line_length_m(line), "gaps": _gaps(along, off)}


def preview_course(
    network: Network, segments: Sequence[Mapping[str, Any]], studies: Sequence[Mapping[str, Any]] = (), *, at: int = 0
) -> dict[str, Any]:
    """Return what a course would be: `length_m, classification, obstacles, stated, feature`, the feature for a map.

    Of the studies (newest first) those still fresh at a moment add what they state: gradients, curves, and the newest
    class that one of them states.
    """
    fresh = [study for study in studies if 0 <= at - parse_instant(study["studied_at"]) <= STUDY_LIFE_US]
    stated = next((study for study in fresh if study["stated_class"]), None)
    found, obstacles = course_class(network, segments, {p["kind"] for study in fresh for p in study["points"]})
    whole = found if stated is None else with_stated(found, parse_route_class(stated["stated_class"]))
    return {
        "length_m": length_of(network, segments),
        "classification": str(whole),
        "obstacles": asdict(obstacles),
        "stated": stated,
        "feature": route_feature(network, segments, {}),
    }


def course_class(
    network: Network, segments: Sequence[Mapping[str, Any]], studied: Collection[str] = ()
) -> tuple[RouteClass, Obstacles]:
    """Return the class of a course, and its obstacles, from what the network records of its segments and assets.

    The network records neither gradients nor curves: a point of such a kind in a study (`studied`) shows that there is
    one; that there is none, only a stated class can say.
    """
    found = (network.find_segment(stretch["id"]) for stretch in segments)
    numbers = np.array(sorted({number for number in found if number is not None}), np.int64)
    if not len(numbers):
        return RouteClass(), Obstacles()
    assets = sorted({int(a) for number in numbers for a in network.assets_on(int(number))})
    kinds = [ASSET_TYPES[network.asset_type[a]] for a in assets]
    widths = np.fmin(np.asarray(network.carriageway_m)[numbers], np.asarray(network.limits)[numbers, 2])
    return classify(
        _known(widths),
        [network.road_type[n].decode() or None for n in numbers],
        _known(network.asset_limits[[a for a, kind in zip(assets, kinds, strict=True) if kind == "bridge"], 0]),
        _known(np.asarray(network.limits)[numbers, 0]),
        [*_known(np.asarray(network.limits)[numbers, 3]), *_known(network.asset_limits[assets, 3])],
        has_ford=any(kind in ("ford", "ferry") for kind in kinds) or bool({"ford", "ferry"} & set(studied)),
        is_steep="gradient" in studied or None,
        is_sharp="curve" in studied or None,
    )


def _known(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in np.atleast_1d(values)]


def _of_geojson(text: str) -> list[tuple[Any, ...]]:
    try:
        value = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise InvalidInput.single("file", "a text that is neither XML nor JSON", LINE_FORMS) from None
    features = value.get("features", [value]) if isinstance(value, Mapping) else []
    lines: list[list[tuple[Any, ...]]] = []
    for feature in features if isinstance(features, list) else []:
        geometry = feature.get("geometry", feature) if isinstance(feature, Mapping) else None
        kind = geometry.get("type") if isinstance(geometry, Mapping) else None
        coordinates = geometry.get("coordinates") if isinstance(geometry, Mapping) else None
        if kind == "LineString" and isinstance(coordinates, list):
            lines.append([tuple(p) for p in coordinates if isinstance(p, list) and len(p) >= 2])
        elif kind == "MultiLineString" and isinstance(coordinates, list):
            parts = [part for part in coordinates if isinstance(part, list)]
            lines.append([tuple(p) for part in parts for p in part if isinstance(p, list) and len(p) >= 2])
    if len(lines) != 1:
        raise InvalidInput.single("file", f"{len(lines)} lines", LINE_FORMS)
    return lines[0]


def _vias(network: Network, points: Floats, along: Floats) -> list[list[float]]:
    apart = max(VIA_APART_M, float(along[-1]) / VIA_MAX)
    vias: list[list[float]] = []
    last = -np.inf
    final: list[float] | None = None
    for (lon, lat), at in zip(points.tolist(), along.tolist(), strict=True):
        is_due = at - last >= apart
        if not is_due and at < along[-1] - apart:
            continue
        if snap_to_road(network, lon, lat, radius_m=NEAR_LINE_M) is None:
            continue
        final = [round(lon, 6), round(lat, 6)]
        if is_due:
            vias.append(final)
            last = at
    if final is not None and vias and vias[-1] != final:
        vias.append(final)
    if len(vias) < 2:
        raise InvalidInput.single(
            "file", f"{len(vias)} places of the line on a road", f"a line that follows roads within {NEAR_LINE_M:g} m"
        )
    return vias


def _way_line(network: Network, segments: Sequence[Mapping[str, Any]]) -> shapely.Geometry:
    coordinates = route_feature(network, segments, {})["geometry"]["coordinates"]
    return shapely.LineString(densify(np.asarray(coordinates, np.float64), longest_m=500.0))


def _gaps(along: Floats, off: Floats) -> list[dict[str, float]]:
    is_off = np.concatenate([[False], off > 0, [False]])
    edges = np.flatnonzero(is_off[1:] != is_off[:-1])
    gaps = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        last = min(int(end), len(along) - 1)
        gaps.append({
            "from_km": round(float(along[start]) / 1000, 2), "to_km": round(float(along[last]) / 1000, 2),
            "length_m": round(float(along[last] - along[start]), 1), "off_m": round(float(off[start:end].max()), 1),
        })  # fmt: skip
    return gaps
