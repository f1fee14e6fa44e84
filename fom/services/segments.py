"""One segment in full: what it is, its states with every reason as the viewer may see it, the key routes over it."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fom.domain.access import Actor
from fom.domain.geojson import geometry_to_json
from fom.domain.instants import DAY_US
from fom.domain.states import DIRECTION_CODES, NO_STATE, State
from fom.errors import NotFound
from fom.network.network import ASSET_LIMIT_NAMES, ASSET_TYPES, Network
from fom.picture.question import Question
from fom.services.disclosure import disclose_row
from fom.services.naming import name_segment
from fom.services.picture_host import PictureHost

DAYS_SHOWN = 30


def explain_segment(host: PictureHost, segment_id: str, question: Question, *, actor: Actor) -> dict[str, Any]:
    """Return a segment with `directions`: one row of `fom-assessment/1` per direction, forward first.

    Raises
    ------
    NotFound
        No such segment in the network.
    """
    number = host.network.find_segment(segment_id)
    if number is None:
        raise NotFound("segment", segment_id)
    version = host.version  # before the answer: what it shows is then no older than it says
    answer = host.assess(question, [number]).answer()
    rows = [disclose_row(row, actor=actor, host=host) for row in answer["segments"]]
    return {
        **question.members(),
        "version": version,
        **describe_segment(host.network, number),
        "routes": host.routes_over(number),
        "directions": rows,
    }


def last_days(host: PictureHost, segment_id: str, question: Question) -> dict[str, Any]:
    """Return the states shown on the last `DAYS_SHOWN` days, at the time of day asked for and as known on each day.

    `directions` holds `states`, oldest first, the moment asked for last. NotFound for no such segment.
    """
    number = host.network.find_segment(segment_id)
    if number is None:
        raise NotFound("segment", segment_id)
    backs = [back * DAY_US for back in reversed(range(DAYS_SHOWN))]
    asked = [host.then(question, question.at - back, question.known_at - back) for back in backs]
    states = np.array([host.assess(then, [number]).states[0] for then in asked])
    ways = [way for way in range(len(DIRECTION_CODES)) if states[-1, way] != NO_STATE]
    return {
        **question.members(),
        "segment_id": segment_id,
        "directions": [
            {"direction": DIRECTION_CODES[way], "states": [State(int(state)).name for state in states[:, way]]}
            for way in ways
        ],
    }


def numbers_in(network: Network, bbox: tuple[float, float, float, float]) -> NDArray[np.int64]:
    """Return the sorted numbers of the segments that meet a box: west, south, east, north; west > east crosses 180°."""
    west, south, east, north = bbox
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    found = [np.empty(0, np.int64)]
    for left, right in spans:
        _, near = network.boxes.query(np.array([left, south, right, north]))
        found.append(near[shapely.intersects(network.lines(near), shapely.box(left, south, right, north))])
    return np.unique(np.concatenate(found))


def describe_segment(network: Network, number: int) -> dict[str, Any]:
    """Return what the network says of a segment; null = not recorded."""
    surface, road_type = int(network.surface[number]), bytes(network.road_type[number]).decode()
    return {
        **name_segment(network, number),
        "speed_kmh": round(float(network.speed_kmh[number]), 1),
        "surface": None if surface < 0 else network.surface_words[surface],
        "road_type": road_type or None,
        "oneway": bool(network.is_oneway[number]),
        "link": int(network.link[number]),
        "limits": network.limits_of(number),
        "assets": [_describe_asset(network, number, place) for place in range(len(network.assets_on(number)))],
        "geometry": geometry_to_json(network.line(number)),
    }


def _describe_asset(network: Network, number: int, place: int) -> dict[str, Any]:
    at = int(network.asset_start[number]) + place
    asset, at_m = int(network.asset_of[at]), float(network.asset_at_m[at])
    return {
        "asset_id": network.asset_id(asset),
        "type": ASSET_TYPES[int(network.asset_type[asset])],
        "name": network.word(int(network.asset_name[asset])),
        "at_m": None if np.isnan(at_m) else round(at_m, 1),
        "limits": _named(ASSET_LIMIT_NAMES, network.asset_limits[asset]),
    }


def _named(names: tuple[str, ...], values: Any) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True) if not np.isnan(value)}
