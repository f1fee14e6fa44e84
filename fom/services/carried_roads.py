"""All roads of a carried area, with their states, as many as fit: the nearest first, and up to where all are there.

Roads go out in columns of short texts, which pack well: a road costs about thirty bytes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fom.domain.geodesy import bounds_with_reach
from fom.domain.instants import MINUTE_US, NEVER_US
from fom.domain.spans import to_us
from fom.maps.polyline import encode_polyline
from fom.maps.style import letter_of
from fom.maps.tiles import tile_source
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.next_change import next_changes
from fom.picture.question import Question
from fom.services.carried_area import CarriedArea
from fom.services.picture_host import PictureHost

Ints = NDArray[np.int64]
DRAWN_WITHIN_DEG = 0.0001
"""How far a carried road may lie from the road: about 11 m, less than a finger on the map. Project decision."""
LOOKED_AT_MAX = 30_000
"""Roads measured for one answer; of a denser area only the nearest are looked at. Several times what fits."""
LEAST_REACH_M = 100.0
CARRIED_MAX = 8_000
"""Roads in one answer however short they are: a cheap phone draws no more at a time."""
BYTES_OF_STATE = 2
"""What the state of a road and its next turn cost packed, about."""


@dataclass(frozen=True)
class RoadsNear:
    """Roads of an area by distance, and whether all of them are here."""

    numbers: Ints
    distances_m: NDArray[np.float64]
    """Of a road outside the core, from the core; else from its middle, so that what is cut away lies at the rim."""
    is_whole: bool


def carry_roads(
    host: PictureHost, question: Question, area: CarriedArea, *, bytes_max: int, life_us: int
) -> dict[str, Any]:
    """Return `roads` in columns and `all_within_km`: None where all are there, else up to how far all are.

    That distance is from the middle of the area, of a key route from its line.

    Parameters
    ----------
    bytes_max
        What the columns may cost, packed.
    life_us
        How long the answer will be believed: later turns are of no use.
    """
    near = find_roads(host.network, area)
    lines = _encoded(host.network, near.numbers[:CARRIED_MAX])
    count = _fitting(host.network, near.numbers, lines, bytes_max)
    within_km = None
    if count < len(near.numbers) or not near.is_whole:
        edge_m = near.distances_m[count] if count < len(near.numbers) else near.distances_m[-1]
        within_km = float(np.floor(edge_m / 100) / 10)
        count = int(np.searchsorted(near.distances_m, within_km * 1000))
    numbers = np.sort(near.numbers[:count])
    by_number = dict(zip(near.numbers.tolist(), lines, strict=False))
    return {
        "all_within_km": within_km,
        "roads": _columns(host, question, numbers, [by_number[n] for n in numbers.tolist()], life_us),
    }


def find_roads(network: Network, area: CarriedArea) -> RoadsNear:
    """Return the roads that meet an area, nearest to its middle (of a key route: to its line) first."""
    heart = area.core if area.kind == "route" else shapely.Point(area.middle)
    box, reach_m, is_whole = area.box, _reach_m(area), True
    while network.boxes.count_near(box) > LOOKED_AT_MAX and reach_m > LEAST_REACH_M:
        reach_m, is_whole = reach_m / 1.5, False
        box = bounds_with_reach(np.array([heart.bounds]), reach_m)[0]
    _, found = network.boxes.query(box)
    found = np.unique(found)
    lines = network.lines(found)
    inside = area.distances_m(lines) <= area.radius_m
    found, lines = found[inside], lines[inside]
    away = CarriedArea("around", None, None, heart, 0.0).distances_m(lines) if len(found) else np.empty(0)
    if not is_whole:
        found, away = found[away <= reach_m], away[away <= reach_m]
    order = np.lexsort((found, away))
    return RoadsNear(found[order], away[order], is_whole)


def _reach_m(area: CarriedArea) -> float:
    """Return about how far an area reaches from its heart, metres."""
    if area.kind != "area":
        return area.radius_m
    corners = shapely.points(shapely.get_coordinates(area.core))
    middle = CarriedArea("around", None, None, shapely.Point(area.middle), 0.0)
    return float(middle.distances_m(corners).max()) + area.radius_m


def _encoded(network: Network, numbers: Ints) -> list[str]:
    lines = shapely.simplify(network.lines(numbers), DRAWN_WITHIN_DEG)
    return [encode_polyline(shapely.get_coordinates(line)) for line in lines]


def _fitting(network: Network, numbers: Ints, lines: Sequence[str], bytes_max: int) -> int:
    """Return how many of the first roads fit, packed with their ids."""
    count = len(lines)
    while count:
        ids = [network.segment_id(number) for number in numbers[:count].tolist()]
        size = packed_size({"ids": ids, "lines": list(lines[:count])}) + BYTES_OF_STATE * count
        if size <= bytes_max:
            return count
        count = min(count - 1, int(count * bytes_max / size * 0.99))
    return 0


def packed_size(value: object) -> int:
    """Return how many bytes a value costs on a link: JSON, packed as answers are."""
    return len(zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 5))


def _columns(
    host: PictureHost, question: Question, numbers: Ints, lines: Sequence[str], life_us: int
) -> dict[str, Any]:
    network = host.network
    assessment = host.assess(question, numbers.tolist())
    turns = {arc: moment for arc, moment in turns_worse(assessment).items() if moment <= question.at + life_us}
    rank = tile_source(network).rank[numbers]
    return {
        "ids": [network.segment_id(number) for number in numbers.tolist()],
        "lines": list(lines),
        "lengths_m": np.rint(network.length_m[numbers]).astype(int).tolist(),
        "ranks": "".join(map(str, rank.tolist())),
        "states": "".join(letter_of(state) for pair in assessment.states for state in pair),
        "turns": _minutes(turns, numbers, question.at),
    }


def turns_worse(assessment: Assessment) -> dict[tuple[int, int], int]:
    """Return (segment number, direction) -> when its state gets worse by itself, microseconds."""
    found: dict[tuple[int, int], int] = {}
    for direction in (0, 1):
        ticks, states = next_changes(assessment.contributions, direction, assessment.tick)
        worse = (ticks != NEVER_US) & (states > assessment.states[:, direction])
        for row in np.flatnonzero(worse):
            found[int(assessment.segments[row]), direction] = to_us(int(ticks[row]))
    return found


def _minutes(turns: Mapping[tuple[int, int], int], numbers: Ints, at: int) -> dict[str, int]:
    """Return place among the arcs -> whole minutes from `at` to the turn, rounded down: never too late."""
    place = {number: row for row, number in enumerate(numbers.tolist())}
    return {
        str(2 * place[number] + direction): (moment - at) // MINUTE_US
        for (number, direction), moment in sorted(turns.items())
    }
